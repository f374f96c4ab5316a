using Atalaya.Analysis.Detect;
using Atalaya.Testing;

namespace Atalaya.Analysis.Tests.Detect;

/// <summary>Model files and pictures for tests, and the detector that the set-up script installs.</summary>
static class Models
{
    /// <summary>A model file's text; what is said replaces the line of that key, or is added at the end.</summary>
    public static string Text(string decoding, string names = "[person, car, truck]", int side = 64, string more = "") => $"""
        name: Test
        licence: Apache-2.0
        model: test.onnx
        input: {"{"}width: {side}, height: {side}, layout: nchw, colour: rgb{"}"}
        output: {"{"}decoding: {decoding}{"}"}
        names: {names}
        {more}
        """;

    public static ModelFile Parse(string text)
    {
        var faults = new List<string>();
        return ModelFile.TryParse(text, "/models/test.yaml", faults) ?? throw new ArgumentException(string.Join('\n', faults));
    }

    public static ModelFile File(string decoding, string names = "[person, car, truck]", int side = 64, string more = "") => Parse(Text(decoding, names, side, more));

    public static TensorInfo Image(int side = 64) => new("images", TensorType.Float, [1, 3, side, side]);

    public static TensorInfo Floats(string name, params long[] shape) => new(name, TensorType.Float, shape);

    /// <summary>A grey picture.</summary>
    public static byte[] Samples(int width, int height, byte luma = 128)
    {
        byte[] samples = new byte[(width * height) + (2 * ((width + 1) / 2) * ((height + 1) / 2))];
        Array.Fill(samples, (byte)128);
        samples.AsSpan(0, width * height).Fill(luma);
        return samples;
    }

    public static Picture Picture(byte[] samples, int width, int height)
    {
        int luma = width * height, chromaWidth = (width + 1) / 2, chroma = chromaWidth * ((height + 1) / 2);
        return new()
        {
            Width = width,
            Height = height,
            Luma = samples.AsSpan(0, luma),
            LumaStride = width,
            Cb = samples.AsSpan(luma, chroma),
            Cr = samples.AsSpan(luma + chroma, chroma),
            ChromaStride = chromaWidth,
        };
    }

    /// <summary>A file that scripts/detector.sh makes; skips the running test where it didn't run.</summary>
    public static string Installed(params string[] path)
    {
        string file = RepositoryRoot.File([".cache", "detector", .. path]);
        Assert.SkipUnless(System.IO.File.Exists(file), $"{file} isn't there: run scripts/detector.sh.");
        return file;
    }

    /// <summary>The library that the set-up installs.</summary>
    public static DetectorOptions Options => new() { Library = Installed("libonnxruntime.so.1") };

    public static Detector Default(DetectorOptions? options = null) => Detector.Load(ModelFile.Read(Installed("nanodet-g.yaml")), options ?? Options);

    /// <summary>The least that an action allocates in some runs: a collection that other tests cause in between is counted as allocation too.</summary>
    public static long LeastAllocation(Action action)
    {
        long least = long.MaxValue;
        for (int i = 0; i < 20 && least > 0; i++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            action();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }
}
