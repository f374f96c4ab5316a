using System.Text;

using Atalaya.Analysis.Detect;

namespace Atalaya.Fuzz;

public static partial class FuzzTargets
{
    /// <summary>A model file from anywhere is read, or refused with at least one sentence.</summary>
    public static void ModelYaml(ReadOnlySpan<byte> input)
    {
        var faults = new List<string>();
        var model = ModelFile.TryParse(Encoding.UTF8.GetString(input), "/models/model.yaml", faults);
        if (model is null == (faults.Count == 0))
            throw new InvalidOperationException($"A model file is {(model is null ? "refused" : "accepted")} with {faults.Count} faults.");
        if (model is not null && model.Classes.Count != model.Names.Count)
            throw new InvalidOperationException($"{model.Names.Count} names have {model.Classes.Count} classes.");
    }

    static IEnumerable<byte[]> ModelYamlSeeds() =>
    [
        """
        name: Own
        licence: MIT
        source: a place
        model: own.onnx
        input: {width: 640, height: 384, layout: nhwc, colour: bgr, mean: [1, 2, 3], std: 255, pad: 114, fit: stretch}
        output: {decoding: picodet, strides: [8, 16, 32]}
        thresholds: {score: 0.4, overlap: 0.6}
        names: [pedestrian, van, scooter]
        classes: {pedestrian: person, scooter: two-wheeler}
        """u8.ToArray(),
        """
        name: YOLOX
        licence: Apache-2.0
        model: yolox.onnx
        input:
          width: 416
          height: 416
          layout: nchw
          colour: bgr
          pad: 114
        output:
          decoding: yolox
        names: coco80
        """u8.ToArray(),
    ];
}
