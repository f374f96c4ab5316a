using System.Text.Json;

using Atalaya.Analysis.Detect;
using Atalaya.Analysis.Evaluation;
using Atalaya.Incidents;
using Atalaya.ModelConverter;
using Atalaya.Testing;

namespace Atalaya.Analysis.Tests.Detect;

/// <summary>The real library with the real model, as set-up installs them: what it computes, and what it says when it can't.</summary>
public sealed class OnnxRuntimeTests
{
    [Fact]
    public void The_converted_model_gives_what_tensorflow_js_gives()
    {
        using var folder = new TempFolder();
        string source = Models.Installed("source", "nanodet.json");
        File.WriteAllBytes(folder.File("converted.onnx"), Converter.Convert(TfjsGraph.Read(source), []));
        using var golden = JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Detect", "nanodet-g.golden.json")));
        using var inference = new OnnxInference(OnnxRuntime.Load(Models.Options.Library), folder.File("converted.onnx"), Models.Options);
        inference.Prepare(inference.Inputs.Single(), [1, 3, 416, 416], new Dictionary<string, long[]>());
        Fill(inference.Input(0));

        inference.Run(1);

        foreach (var expected in golden.RootElement.GetProperty("outputs").EnumerateArray())
        {
            string name = expected.GetProperty("name").GetString()!;
            int output = inference.Outputs.Select((o, i) => (o.Name, i)).Single(o => o.Name == name).i;
            inference.Outputs[output].Shape.ShouldBe(expected.GetProperty("shape").EnumerateArray().Select(s => s.GetInt64()));
            float[] actual = inference.Output(output, 0).ToArray();
            actual.Sum(v => Math.Abs((double)v)).ShouldBe(expected.GetProperty("sumOfMagnitudes").GetDouble(), 1e-4 * expected.GetProperty("sumOfMagnitudes").GetDouble(), name);
            int every = expected.GetProperty("every").GetInt32(), i = 0;
            foreach (var value in expected.GetProperty("values").EnumerateArray())
                actual[every * i++].ShouldBe(value.GetSingle(), 1e-4f, $"{name}, {every * (i - 1)}");
        }
    }

    [Fact]
    public void An_operator_that_the_converter_does_not_know_is_named()
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder.File("model.json"), """
            {"modelTopology": {"node": [
              {"name": "in", "op": "Placeholder"},
              {"name": "odd", "op": "FancyOp", "input": ["in"]},
              {"name": "out", "op": "Identity", "input": ["odd"]}]},
             "weightsManifest": [],
             "signature": {"inputs": {"in": {"name": "in:0", "tensorShape": {"dim": [{"size": "1"}]}}}, "outputs": {"out": {"name": "out:0", "tensorShape": {"dim": [{"size": "1"}]}}}}}
            """);
        Should.Throw<ConversionException>(() => Converter.Convert(TfjsGraph.Read(folder.File("model.json")), [])).Message.ShouldContain("FancyOp");
        File.WriteAllText(folder.File("model.json"), "{}");
        Should.Throw<ConversionException>(() => TfjsGraph.Read(folder.File("model.json"))).Message.ShouldContain("model.json");
    }

    [Fact]
    public async Task People_who_walk_are_found_as_well_as_a_published_detector_finds_them()
    {
        string clip = TestData.Path("video/vtest.avi"), boxes = TestData.Path("mot/PETS09-S2L1/det.txt");
        using var folder = new TempFolder();
        const int Step = 53, Width = 768, Height = 576, Length = Width * Height * 3 / 2;
        await Ffmpeg.RunAsync(["-i", clip, "-vf", $"select=not(mod(n\\,{Step}))", "-fps_mode", "passthrough", "-pix_fmt", "yuv420p", "-f", "rawvideo", folder.File("raw")]);
        byte[] raw = await File.ReadAllBytesAsync(folder.File("raw"), TestContext.Current.CancellationToken);
        var truth = File.ReadLines(boxes).Select(l => l.Split(',')).ToLookup(f => int.Parse(f[0]),
            f => new TrueBox(new(float.Parse(f[2]) / Width, float.Parse(f[3]) / Height, float.Parse(f[4]) / Width, float.Parse(f[5]) / Height), ObjectClass.Person));
        using var detector = Models.Default(Models.Options with { MinScore = 0.05f });
        var precision = new AveragePrecision();

        for (int i = 0; i < raw.Length / Length; i++)
            precision.Add(detector.Detect(Models.Picture(raw[(i * Length)..((i + 1) * Length)], Width, Height)), truth[(i * Step) + 1]);

        precision.PictureCount.ShouldBe(15);
        // 0.886 over all of it; of 15 pictures one may go badly.
        precision.Of(ObjectClass.Person).ShouldBeGreaterThan(0.83);
    }

    [Fact]
    public async Task Of_pictures_with_only_animals_and_fences_one_at_most_seems_to_hold_a_person()
    {
        using var detector = Models.Default();
        using var folder = new TempFolder();
        var mistaken = new List<string>();
        foreach (string file in TestData.Files("negative", "*.jpg"))
        {
            await Ffmpeg.RunAsync(["-i", file, "-vf", "scale=640:-4", "-pix_fmt", "yuv420p", "-f", "rawvideo", "-y", folder.File("raw")]);
            byte[] raw = await File.ReadAllBytesAsync(folder.File("raw"), TestContext.Current.CancellationToken);
            if (detector.Detect(Models.Picture(raw, 640, raw.Length * 2 / 3 / 640)).Any(d => d.Class == ObjectClass.Person && d.Score >= 0.5f))
                mistaken.Add(file);
        }

        // A bear that comes towards the camera, black in infrared, passes for a person here.
        mistaken.Count.ShouldBeLessThanOrEqualTo(1, string.Join(", ", mistaken));
    }

    [Fact]
    public void The_same_picture_gives_the_same_detections_and_costs_no_memory()
    {
        using var detector = Models.Default(Models.Options with { MinScore = 0.05f });
        byte[] samples = Models.Samples(640, 480);
        new Random(5).NextBytes(samples);
        Detection[] first = [.. detector.Detect(Models.Picture(samples, 640, 480))];
        detector.Detect(Models.Picture(samples, 640, 480)).ShouldBe(first);
        Models.LeastAllocation(() => detector.Detect(Models.Picture(samples, 640, 480))).ShouldBe(0);
    }

    /// <summary>On a machine without such a device. With one, it simply works, and there is nothing to say.</summary>
    [Theory]
    [InlineData(ExecutionProvider.Cuda, "CUDA")]
    [InlineData(ExecutionProvider.OpenVino, "OpenVINO")]
    public void A_provider_that_cannot_start_says_why(ExecutionProvider provider, string name)
    {
        try
        {
            using var detector = Models.Default(Models.Options with { Provider = provider });
            Assert.Skip($"{name} works here.");
        }
        catch (DetectorException fault)
        {
            // Not built in, or built in without its own library or without a device.
            (fault.Message.Contains($"without {provider}", StringComparison.Ordinal) || fault.Message.Contains($"starting {name}", StringComparison.Ordinal) || fault.Message.Contains($"the {name} device", StringComparison.Ordinal))
                .ShouldBeTrue(fault.Message);
            TestContext.Current.TestOutputHelper?.WriteLine(fault.Message);
        }
    }

    [Fact]
    public void What_is_no_model_is_refused_in_the_runtimes_words_with_its_path()
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder.File("test.onnx"), "not a model");
        File.WriteAllText(folder.File("model.yaml"), Models.Text("yolox"));
        var model = ModelFile.Read(folder.File("model.yaml"));
        string message = Should.Throw<DetectorException>(() => Detector.Load(model, Models.Options)).Message;
        message.ShouldContain("loading");
        message.ShouldContain(folder.File("test.onnx"));
    }

    [Fact]
    public void A_model_file_of_another_size_is_refused_before_a_picture_comes()
    {
        using var folder = new TempFolder();
        string text = File.ReadAllText(Models.Installed("nanodet-g.yaml")).Replace("416\n", "320\n").Replace("nanodet-g.onnx", Models.Installed("nanodet-g.onnx"));
        File.WriteAllText(folder.File("model.yaml"), text);
        Should.Throw<DetectorException>(() => Detector.Load(ModelFile.Read(folder.File("model.yaml")), Models.Options)).Message.ShouldContain("make [1, 3, 320, 320]");
    }

    [Fact]
    public void A_missing_library_and_a_second_one_are_told_with_their_paths()
    {
        var first = OnnxRuntime.Load(Models.Options.Library);
        first.Version.ShouldNotBeEmpty();
        OnnxRuntime.Load().ShouldBeSameAs(first);
        Should.Throw<DetectorException>(() => OnnxRuntime.Load("/nowhere/libonnxruntime.so.1")).Message.ShouldContain("/nowhere/libonnxruntime.so.1");
    }

    [Fact]
    public void Two_threads_find_what_one_finds()
    {
        byte[] samples = Models.Samples(640, 480);
        new Random(6).NextBytes(samples);
        using var one = Models.Default(Models.Options with { MinScore = 0.05f });
        using var two = Models.Default(Models.Options with { MinScore = 0.05f, Threads = 2 });
        two.Detect(Models.Picture(samples, 640, 480)).Count.ShouldBe(one.Detect(Models.Picture(samples, 640, 480)).Count);
    }

    /// <summary>A model made for this: in each cell of 8 pixels a person as sure as the cell is bright.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void Crops_that_go_through_the_model_together_keep_their_own_results(int batch)
    {
        using var folder = new TempFolder();
        var graph = new OnnxGraph();
        graph.Input("images", [-1, 3, 64, 64]);
        float[] weights = new float[6 * 3 * 8 * 8], bias = [0.5f, 0.5f, 0, 0, 0, 1];
        weights.AsSpan(4 * 3 * 64, 3 * 64).Fill(1f / (3 * 64 * 255));
        string cells = graph.Node("Conv", ["images", graph.Constant(weights, 6, 3, 8, 8), graph.Constant(bias, 6)], [new("strides", (long[])[8, 8])]);
        string rows = graph.Node("Reshape", [cells, graph.Constant(0, 6, 64)]);
        graph.Node("Transpose", [rows], [new("perm", (long[])[0, 2, 1])], name: "output");
        graph.Output("output", [-1, 64, 6]);
        File.WriteAllBytes(folder.File("test.onnx"), graph.Model("test", []));
        File.WriteAllText(folder.File("model.yaml"), Models.Text("yolox, strides: [8]", "[person]", more: "thresholds: {score: 0.6, overlap: 0.9}"));
        using var detector = Detector.Load(ModelFile.Read(folder.File("model.yaml")), Models.Options with { Batch = batch, MaxZoom = 1 });
        byte[] samples = Models.Samples(640, 640, 16);
        // Two of three regions hold something bright, at other places within their crops.
        Bright(100, 104, 16);
        Bright(500, 300, 24);
        Box[] regions = [At(96, 96, 32), At(300, 500, 32), At(488, 288, 32)];

        var found = detector.Detect(Models.Picture(samples, 640, 640), regions);

        found.ShouldNotBeEmpty();
        string shown = string.Join('\n', found);
        found.All(f => Inside(f.Box, 92, 96, 32) || Inside(f.Box, 492, 292, 40)).ShouldBeTrue(shown);
        found.Any(f => Inside(f.Box, 92, 96, 32)).ShouldBeTrue(shown);
        found.Any(f => Inside(f.Box, 492, 292, 40)).ShouldBeTrue(shown);
        detector.PassCount.ShouldBe(3);
        detector.Dispose();
        Should.Throw<ObjectDisposedException>(() => detector.Detect(Models.Picture(samples, 640, 640)));

        void Bright(int left, int top, int side)
        {
            for (int y = top; y < top + side; y++)
                samples.AsSpan((y * 640) + left, side).Fill(235);
        }

        static Box At(float left, float top, float side) => new(left / 640, top / 640, side / 640, side / 640);

        static bool Inside(Box box, float left, float top, float side) =>
            box.X * 640 >= left && box.Y * 640 >= top && box.Right * 640 <= left + side && box.Bottom * 640 <= top + side;
    }

    static void Fill(Span<float> input)
    {
        uint state = 1;
        foreach (ref float value in input)
        {
            state = unchecked((state * 1664525) + 1013904223);
            value = (((state >> 8) / 16777216f) - 0.5f) * 4;
        }
    }
}
