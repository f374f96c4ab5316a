using Atalaya.Analysis.Detect;
using Atalaya.Incidents;

namespace Atalaya.Analysis.Tests.Detect;

/// <summary>What a detector refuses at load, and how it looks at parts of pictures. The runtime is a scripted one.</summary>
public sealed class DetectorTests
{
    const int Cells = (8 * 8) + (4 * 4) + (2 * 2);

    [Fact]
    public void A_model_whose_outputs_are_not_as_its_file_says_is_refused_with_what_is_wanted_and_what_there_is()
    {
        var runtime = new ScriptedInference(Models.Image(), (Models.Floats("out", 1, Cells, 85), []));
        string message = Should.Throw<DetectorException>(() => Detector.Load(Models.File("yolox"), new(), runtime)).Message;
        message.ShouldContain("/models/test.yaml: output:");
        message.ShouldContain($"Float [1, {Cells}, 8]");
        message.ShouldContain($"'out' Float [1, {Cells}, 85]");
        runtime.IsDisposed.ShouldBeTrue();
    }

    [Theory]
    [InlineData("yolox")]
    [InlineData("nanodet")]
    [InlineData("nanodet-plus")]
    [InlineData("picodet")]
    [InlineData("d-fine")]
    [InlineData("ssd")]
    public void No_decoding_takes_outputs_of_another_kind(string decoding)
    {
        foreach (long[] shape in (long[][])[[], [1], [1, 4], [1, 300, 3], [2, Cells, 8], [1, Cells, 3, 4], [1, 0, 0]])
        {
            var runtime = new ScriptedInference(Models.Image(), (Models.Floats("a", shape), []), (Models.Floats("b", 1, 7, 7), []));
            Should.Throw<DetectorException>(() => Detector.Load(Models.File(decoding), new(), runtime));
        }
    }

    [Fact]
    public void A_model_of_another_input_size_is_refused()
    {
        var runtime = new ScriptedInference(Models.Image(96), (Models.Floats("out", 1, Cells, 8), []));
        string message = Should.Throw<DetectorException>(() => Detector.Load(Models.File("yolox"), new(), runtime)).Message;
        message.ShouldContain("make [1, 3, 64, 64]");
        message.ShouldContain("images Float [1, 3, 96, 96]");
    }

    [Theory]
    [InlineData("embeddings")]
    [InlineData("face_scores")]
    [InlineData("reid")]
    public void A_model_with_a_head_that_tells_people_apart_is_refused(string output)
    {
        var runtime = new ScriptedInference(Models.Image(), (Models.Floats("out", 1, Cells, 8), new float[Cells * 8]), (Models.Floats(output, 1, Cells, 128), []));
        Should.Throw<DetectorException>(() => Detector.Load(Models.File("yolox"), new(), runtime)).Message.ShouldContain("never who somebody is");
    }

    [Fact]
    public void Options_out_of_range_are_all_told()
    {
        var options = new DetectorOptions { Threads = 0, Batch = 100, MinScore = 2, MaxCrops = 0, MaxZoom = float.NaN, Device = -1 };
        Should.Throw<DetectorException>(() => Detector.Load(Models.File("yolox"), options)).Reasons.Count.ShouldBe(6);
    }

    [Fact]
    public void Without_regions_the_whole_picture_goes_through_the_model_once()
    {
        var (detector, runtime) = OneBoxInTheMiddle();
        using (detector)
        {
            byte[] samples = Models.Samples(640, 640);
            var found = detector.Detect(Models.Picture(samples, 640, 640)).ShouldHaveSingleItem();
            runtime.Runs.ShouldBe(1);
            ShouldBe(found.Box, new(0.375f, 0.375f, 0.25f, 0.25f));
        }
    }

    [Fact]
    public void A_small_region_is_looked_at_enlarged_and_its_boxes_lie_where_they_are_in_the_picture()
    {
        var (detector, runtime) = OneBoxInTheMiddle();
        using (detector)
        {
            byte[] samples = Models.Samples(640, 640);
            // 16 pixels with 16 of margin on each side: 48; enlarged it fills the input of 64.
            var found = detector.Detect(Models.Picture(samples, 640, 640), [Pixels(320, 160, 16, 16, 640)]).ShouldHaveSingleItem();
            runtime.Runs.ShouldBe(1);
            // The box is a quarter of a crop of 48 pixels around the region.
            ShouldBe(found.Box, Pixels(322, 162, 12, 12, 640));
        }
    }

    [Fact]
    public void A_thing_that_reaches_out_of_its_crop_makes_the_whole_picture_be_looked_at()
    {
        float[] values = new float[Cells * 8];
        var runtime = new ScriptedInference(Models.Image(), (Models.Floats("out", 1, Cells, 8), values))
        {
            OnRun = run =>
            {
                // In the crop a box as large as the input; in the whole picture one in its middle.
                Array.Clear(values);
                Box(values, run == 0 ? 64 : 32);
            },
        };
        using var detector = Detector.Load(Models.File("yolox"), new(), runtime);
        byte[] samples = Models.Samples(128, 128);

        var found = detector.Detect(Models.Picture(samples, 128, 128), [Pixels(44, 44, 40, 40, 128)]).ShouldHaveSingleItem();

        runtime.Runs.ShouldBe(2);
        ShouldBe(found.Box, new(0.25f, 0.25f, 0.5f, 0.5f));
    }

    [Fact]
    public void Once_warm_a_picture_allocates_nothing()
    {
        var (detector, _) = OneBoxInTheMiddle();
        using (detector)
        {
            byte[] samples = Models.Samples(640, 480);
            Incidents.Box[] regions = [Pixels(100, 100, 20, 20, 640), Pixels(400, 300, 40, 40, 640)];
            Models.LeastAllocation(() =>
            {
                detector.Detect(Models.Picture(samples, 640, 480), regions);
                detector.Detect(Models.Picture(samples, 640, 480));
            }).ShouldBe(0);
        }
    }

    /// <summary>A model that always finds a person of a quarter of the input in its middle.</summary>
    static (Detector, ScriptedInference) OneBoxInTheMiddle()
    {
        float[] values = new float[Cells * 8];
        Box(values, 16);
        var runtime = new ScriptedInference(Models.Image(), (Models.Floats("out", 1, Cells, 8), values));
        return (Detector.Load(Models.File("yolox"), new(), runtime), runtime);
    }

    static void Box(float[] values, float pixels)
    {
        // The finest level's cell at row and column 4: from its upper left corner.
        var cell = values.AsSpan(((4 * 8) + 4) * 8, 8);
        (cell[2], cell[3], cell[4], cell[5]) = (MathF.Log(pixels / 8), MathF.Log(pixels / 8), 1, 0.9f);
    }

    static Box Pixels(float left, float top, float width, float height, float side) => new(left / side, top / side, width / side, height / side);

    static void ShouldBe(Box box, Box expected)
    {
        box.X.ShouldBe(expected.X, 0.002f);
        box.Y.ShouldBe(expected.Y, 0.002f);
        box.Width.ShouldBe(expected.Width, 0.002f);
        box.Height.ShouldBe(expected.Height, 0.002f);
    }
}
