using Atalaya.ModelConverter;

// model-converter MODEL.json OUT.onnx [KEY=VALUE …]: a TensorFlow.js graph model to ONNX; key and value are kept in the file.
if (args.Length < 2 || !Array.TrueForAll(args[2..], a => a.Contains('=', StringComparison.Ordinal)))
{
    Console.Error.WriteLine("Usage: model-converter MODEL.json OUT.onnx [KEY=VALUE …]");
    return 2;
}

try
{
    byte[] model = Converter.Convert(TfjsGraph.Read(args[0]), args[2..].Select(a => (a[..a.IndexOf('=', StringComparison.Ordinal)], a[(a.IndexOf('=', StringComparison.Ordinal) + 1)..])));
    // Whole or not at all: a killed conversion must not leave half a model.
    string part = args[1] + ".part";
    File.WriteAllBytes(part, model);
    File.Move(part, args[1], overwrite: true);
    return 0;
}
catch (ConversionException fault)
{
    Console.Error.WriteLine($"model-converter: {fault.Message}");
    return 1;
}
