using Atalaya.Analysis.Detect;
using Atalaya.Incidents;

namespace Atalaya.Analysis.Tests.Detect;

/// <summary>Outputs written by hand, in the form that each family of models has, become the boxes that they mean.</summary>
public sealed class DecodingTests
{
    const int Cells = (8 * 8) + (4 * 4) + (2 * 2);      // 64 × 64 pixels at strides 8, 16, 32

    [Fact]
    public void Yolox_counts_from_its_cell_in_strides()
    {
        float[] values = new float[Cells * 8];
        // Second level, row 1, column 2: centre (2.5, 1.5) cells of 16 pixels, twice as high as wide.
        var cell = values.AsSpan((64 + (1 * 4) + 2) * 8, 8);
        (cell[0], cell[1], cell[2], cell[3], cell[4], cell[6]) = (0.5f, 0.5f, 0, MathF.Log(2), 0.9f, 0.5f);

        var found = Detect(Models.File("yolox"), (Models.Floats("output", 1, Cells, 8), values)).ShouldHaveSingleItem();

        (found.Class, found.Label).ShouldBe((ObjectClass.Vehicle, "car"));
        found.Score.ShouldBe(0.45f, 1e-5f);
        ShouldBe(found.Box, 32, 8, 16, 32);
    }

    [Fact]
    public void Nanodet_reads_distances_as_means_of_distributions_from_the_middle_of_a_cell()
    {
        // One pair of outputs a level; 8 bins; the coarsest level's last cell.
        float[] scores8 = new float[64 * 3], scores16 = new float[16 * 3], scores32 = new float[4 * 3];
        float[] distances8 = new float[64 * 32], distances16 = new float[16 * 32], distances32 = new float[4 * 32];
        scores32[(3 * 3) + 0] = 0.8f;
        var sides = distances32.AsSpan(3 * 32, 32);
        Peak(sides, 0, 1);
        sides[8 + 0] = sides[8 + 1] = 50;       // upper: half of 0, half of 1
        Peak(sides, 2, 0);
        Peak(sides, 3, 0);

        var found = Detect(Models.File("nanodet"),
            (Models.Floats("c8", 1, 64, 3), scores8), (Models.Floats("c16", 1, 16, 3), scores16), (Models.Floats("c32", 1, 4, 3), scores32),
            (Models.Floats("d8", 1, 64, 32), distances8), (Models.Floats("d16", 1, 16, 32), distances16), (Models.Floats("d32", 1, 4, 32), distances32)).ShouldHaveSingleItem();

        found.Class.ShouldBe(ObjectClass.Person);
        ShouldBe(found.Box, 48 - 32, 48 - 16, 32, 16);
    }

    [Fact]
    public void Nanodet_plus_has_all_in_one_output_and_counts_from_the_corner()
    {
        int cells = Cells + 1;
        float[] values = new float[cells * (3 + 32)];
        var cell = values.AsSpan((64 + 5) * 35, 35);        // second level, row 1, column 1: corner (16, 16)
        cell[0] = 0.7f;
        Peak(cell[3..], 0, 1);
        Peak(cell[3..], 1, 0);
        Peak(cell[3..], 2, 2);
        Peak(cell[3..], 3, 1);

        var found = Detect(Models.File("nanodet-plus"), (Models.Floats("output", 1, cells, 35), values)).ShouldHaveSingleItem();

        ShouldBe(found.Box, 0, 16, 48, 16);
    }

    [Fact]
    public void Picodet_may_come_with_boxes_already_decoded()
    {
        int cells = Cells + 1;
        float[] boxes = new float[cells * 4], scores = new float[3 * cells];
        new float[] { 8, 4, 24, 60 }.CopyTo(boxes, 70 * 4);
        scores[(2 * cells) + 70] = 0.6f;

        var found = Detect(Models.File("picodet"), (Models.Floats("boxes", 1, cells, 4), boxes), (Models.Floats("scores", 1, 3, cells), scores)).ShouldHaveSingleItem();

        found.Label.ShouldBe("truck");
        ShouldBe(found.Box, 8, 4, 16, 56);
    }

    [Theory]
    [InlineData("rt-detr")]
    [InlineData("d-fine")]
    public void Queries_of_a_transformer_have_logits_and_boxes_by_centre_and_size(string decoding)
    {
        float[] logits = [-9, -9, -9, 2, -1, -9], boxes = [0, 0, 0, 0, 0.5f, 0.5f, 0.25f, 0.5f];

        var found = Detect(Models.File(decoding), (Models.Floats("logits", 1, 2, 3), logits), (Models.Floats("boxes", 1, 2, 4), boxes)).ShouldHaveSingleItem();

        found.Score.ShouldBe(1 / (1 + MathF.Exp(-2)), 1e-5f);
        ShouldBe(found.Box, 24, 16, 16, 32);
    }

    [Fact]
    public void Queries_may_come_with_labels_instead_of_logits()
    {
        var runtime = new ScriptedInference(Models.Image(), (new("labels", TensorType.Int64, [1, 3]), []), (Models.Floats("boxes", 1, 3, 4), new float[12]), (Models.Floats("scores", 1, 3), [0.9f, 0.8f, 0.7f]));
        // A class that the names don't have, and a negative one, are no reason to fall.
        runtime.Integers(0, 99, 0, -1);
        new float[] { 16, 0, 32, 64 }.CopyTo(runtime.Floats(1), 4);

        using var detector = Detector.Load(Models.File("d-fine"), new(), runtime);
        byte[] samples = Models.Samples(64, 64);
        var found = detector.Detect(Models.Picture(samples, 64, 64)).ShouldHaveSingleItem();

        ShouldBe(found.Box, 16, 0, 16, 64);
    }

    [Fact]
    public void Ssd_codes_boxes_against_anchors()
    {
        // 300 pixels have maps of 19, 10, 5, 3, 2 and 1 cells: the 1917 anchors that every such model has.
        const int Anchors = 1917;
        float[] codes = new float[Anchors * 4], scores = new float[Anchors * 91];
        scores[((Anchors - 6) * 91) + 1] = 0.9f;        // the last map's first anchor: 0.95 of the picture, in its middle
        codes[((Anchors - 6) * 4) + 3] = 5 * MathF.Log(0.5f);

        var found = Detect(Models.File("ssd", "coco91", 300), 300, (Models.Floats("boxes", 1, Anchors, 1, 4), codes), (Models.Floats("scores", 1, Anchors, 91), scores)).ShouldHaveSingleItem();

        found.Label.ShouldBe("person");
        (found.Box.Centre.X, found.Box.Centre.Y).ShouldBe((0.5f, 0.5f));
        found.Box.Width.ShouldBe(0.475f, 1e-4f);
        found.Box.Height.ShouldBe(0.95f, 1e-4f);
    }

    [Fact]
    public void A_class_that_nobody_asks_for_does_not_compete()
    {
        float[] values = new float[Cells * 8];
        var cell = values.AsSpan(0, 8);
        (cell[4], cell[5], cell[7]) = (1, 0.5f, 0.9f);

        Detect(Models.File("yolox", more: "classes: {person: person}"), (Models.Floats("output", 1, Cells, 8), values)).ShouldHaveSingleItem().Class.ShouldBe(ObjectClass.Person);
    }

    [Fact]
    public void Boxes_of_one_kind_that_overlap_are_one_thing_and_boxes_of_two_kinds_are_two()
    {
        float[] values = new float[Cells * 8];
        // Three boxes of 16 pixels in the same place: a car, a truck a little to the right, a person.
        for (int i = 0; i < 3; i++)
        {
            var cell = values.AsSpan((64 + i) * 8, 8);
            (cell[0], cell[1], cell[4]) = (1 - i + (i * 0.1f), 1, 0.9f - (i * 0.1f));
            cell[5 + ((i + 1) % 3)] = 1;
        }

        var found = Detect(Models.File("yolox"), (Models.Floats("output", 1, Cells, 8), values));

        found.Select(f => f.Label).ShouldBe(["car", "person"]);
    }

    [Fact]
    public void Numbers_that_are_none_give_no_boxes_and_no_exception()
    {
        float[] values = new float[Cells * 8];
        Array.Fill(values, float.NaN);
        Detect(Models.File("yolox"), (Models.Floats("output", 1, Cells, 8), values)).ShouldBeEmpty();
        Array.Fill(values, float.PositiveInfinity);
        Detect(Models.File("yolox"), (Models.Floats("output", 1, Cells, 8), values)).ShouldBeEmpty();
        var random = new Random(1);
        for (int i = 0; i < values.Length; i++)
            values[i] = BitConverter.Int32BitsToSingle(random.Next(int.MinValue, int.MaxValue));
        foreach (var found in Detect(Models.File("yolox"), (Models.Floats("output", 1, Cells, 8), values)))
            (found.Box.X >= 0 && found.Box.Right <= 1.0001f && found.Score <= 1).ShouldBeTrue();
    }

    [Fact]
    public void A_thousand_boxes_are_kept_at_most()
    {
        int cells = (64 * 64) + (32 * 32) + (16 * 16);
        float[] values = new float[cells * 6];
        for (int i = 0; i < cells; i++)
            (values[(i * 6) + 4], values[(i * 6) + 5], values[(i * 6) + 2], values[(i * 6) + 3]) = (1, 1, -9, -9);
        Detect(Models.File("yolox", "[person]", 512), 512, (Models.Floats("output", 1, cells, 6), values)).Count.ShouldBe(1000);
    }

    static void Peak(Span<float> sides, int side, int at) => sides[(side * 8) + at] = 100;

    static IReadOnlyList<Detection> Detect(ModelFile model, params (TensorInfo Info, float[] Floats)[] outputs) => Detect(model, 64, outputs);

    static IReadOnlyList<Detection> Detect(ModelFile model, int side, params (TensorInfo Info, float[] Floats)[] outputs)
    {
        using var detector = Detector.Load(model, new(), new ScriptedInference(Models.Image(side), outputs));
        byte[] samples = Models.Samples(side, side);
        return [.. detector.Detect(Models.Picture(samples, side, side))];
    }

    static void ShouldBe(Box box, float left, float top, float width, float height)
    {
        (box.X * 64).ShouldBe(left, 0.01f);
        (box.Y * 64).ShouldBe(top, 0.01f);
        (box.Width * 64).ShouldBe(width, 0.01f);
        (box.Height * 64).ShouldBe(height, 0.01f);
    }
}
