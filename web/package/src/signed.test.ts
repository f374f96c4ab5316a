import { expect, it } from 'vitest';
import { cameraWords } from './signed';

const deed = (what: string, detail: string, by = '') => ({ what, at: 0, by, detail, seal: null });

it('what the node says of cameras’ signatures is told camera by camera', () => {
  const custody = [
    deed('recorded', 'Gate: 3 files'),
    deed('signed', 'Gate: authentic (75 slices verified, 0 missing, 0 wrong; certificate ab, x)', 'CN=Camera 7'),
    deed('signed', 'Pier: 2: notAuthentic (7 slices verified) a slice isn’t among those that were signed'),
    deed('signed', 'Mast: couldn’t be judged: no such file'),
    deed('signed', 'nothing that we write'),
  ];
  expect(cameraWords({ custody })).toEqual([
    {
      camera: 'Gate',
      verdict: 'authentic',
      detail: '(75 slices verified, 0 missing, 0 wrong; certificate ab, x)',
      certificate: 'CN=Camera 7',
    },
    {
      camera: 'Pier: 2',
      verdict: 'notAuthentic',
      detail: expect.stringContaining('7 slices') as string,
      certificate: '',
    },
    { camera: 'Mast', verdict: null, detail: 'couldn’t be judged: no such file', certificate: '' },
    { camera: '', verdict: null, detail: 'nothing that we write', certificate: '' },
  ]);
});
