// Makes nanodet-g.golden.json: what TensorFlow.js itself computes from a model on a made input, for the test of the converted model.
// In an empty folder: npm i --ignore-scripts @tensorflow/tfjs-core@4.22.0 @tensorflow/tfjs-converter@4.22.0 @tensorflow/tfjs-backend-wasm@4.22.0
// then, with this file copied there: node tfjs-golden.mjs …/.cache/detector/source/nanodet.json > nanodet-g.golden.json
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { loadGraphModel } from '@tensorflow/tfjs-converter';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';

const path = process.argv[2];
const { modelTopology, weightsManifest, signature, format } = JSON.parse(readFileSync(path));
const weights = Buffer.concat(weightsManifest.flatMap((g) => g.paths).map((p) => readFileSync(join(dirname(path), p))));
setWasmPaths(join(process.cwd(), 'node_modules/@tensorflow/tfjs-backend-wasm/dist/'));
await tf.setBackend('wasm');
const model = await loadGraphModel({
  load: async () => ({
    modelTopology,
    signature,
    format,
    weightSpecs: weightsManifest.flatMap((g) => g.weights),
    weightData: weights.buffer.slice(weights.byteOffset, weights.byteOffset + weights.length),
  }),
});

// A linear congruential generator (Numerical Recipes), its upper 24 bits from -2 to 2: the test makes the same.
const input = new Float32Array(3 * 416 * 416);
let state = 1;
for (let i = 0; i < input.length; i++) {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  input[i] = ((state >>> 8) / 16777216 - 0.5) * 4;
}

const names = Object.values(signature.outputs).map((o) => o.name).sort();
const results = model.execute({ 'input_1:0': tf.tensor(input, [1, 3, 416, 416]) }, names);
const outputs = results.map((result, i) => {
  const values = result.dataSync();
  const every = Math.floor(values.length / 200);
  return {
    name: names[i].replace(/:0$/, ''),
    shape: result.shape,
    sumOfMagnitudes: values.reduce((sum, v) => sum + Math.abs(v), 0),
    every,
    values: Array.from(values).filter((_, k) => k % every === 0),
  };
});
console.log(JSON.stringify({ madeBy: 'tfjs-golden.mjs, @tensorflow/tfjs-core 4.22.0, wasm', outputs }, null, 1).replace(/\n {4,}(?=[-\d\]])/g, ' '));
