using Atalaya.Analysis.Detect;
using Atalaya.Analysis.Evaluation;
using Atalaya.Analysis.Tracks;
using Atalaya.Incidents;
using Atalaya.Media;
using Atalaya.Testing;

namespace Atalaya.Analysis.Tests.Detect;

/// <summary>Faces are found to be covered: places alone, by models that serve nothing else.</summary>
public sealed class FaceTests
{
    const string Blaze = """
        name: Test
        licence: Apache-2.0
        model: test.onnx
        input: {width: 256, height: 256, layout: nhwc, colour: rgb, mean: 127.5, std: 127.5}
        output: {decoding: blazeface}
        """;

    static readonly TensorInfo Image = new("input", TensorType.Float, [1, 256, 256, 3]);

    [Fact]
    public void Blazeface_counts_in_pixels_from_the_middle_of_a_cell_and_leaves_eyes_and_mouth_unread()
    {
        float[] scores16 = [.. Enumerable.Repeat(-100f, 512)], scores32 = [.. Enumerable.Repeat(-100f, 384)];
        float[] boxes16 = new float[512 * 16], boxes32 = [.. Enumerable.Repeat(float.NaN, 384 * 16)];
        // Row 3, column 5, second of two anchors: the middle is (88, 56).
        int anchor = (((3 * 16) + 5) * 2) + 1;
        scores16[anchor] = 3;
        var code = boxes16.AsSpan(anchor * 16, 16);
        code.Fill(float.NaN);
        (code[0], code[1], code[2], code[3]) = (4, -6, 32, 40);

        using var detector = Detector.Load(Parse(Blaze, ModelUse.Faces), new(), new ScriptedInference(
            Image, (Models.Floats("s16", 1, 512, 1), scores16), (Models.Floats("s32", 1, 384, 1), scores32),
            (Models.Floats("b16", 1, 512, 16), boxes16), (Models.Floats("b32", 1, 384, 16), boxes32)));
        var found = detector.Detect(Models.Picture(Models.Samples(256, 256), 256, 256)).ShouldHaveSingleItem();

        found.Score.ShouldBe(1 / (1 + MathF.Exp(-3)), 1e-5f);
        (found.Box.X * 256, found.Box.Y * 256, found.Box.Width * 256, found.Box.Height * 256).ShouldBe((76, 30, 32, 40));
    }

    [Fact]
    public void Yunet_multiplies_its_two_scores_and_counts_in_cells()
    {
        var outputs = new List<(TensorInfo, float[])>();
        foreach (int stride in new[] { 8, 16, 32 })
        {
            int cells = 64 / stride * (64 / stride);
            outputs.Add((Models.Floats($"cls_{stride}", 1, cells, 1), new float[cells]));
            outputs.Add((Models.Floats($"obj_{stride}", 1, cells, 1), new float[cells]));
            outputs.Add((Models.Floats($"bbox_{stride}", 1, cells, 4), new float[cells * 4]));
            outputs.Add((Models.Floats($"kps_{stride}", 1, cells, 10), new float[cells * 10]));
        }

        // Cells of 16 pixels, row 1, column 2.
        int cell = (1 * 4) + 2;
        outputs[4].Item2[cell] = 0.9f;
        outputs[5].Item2[cell] = 0.9f;
        (outputs[6].Item2[cell * 4], outputs[6].Item2[(cell * 4) + 1], outputs[6].Item2[(cell * 4) + 2]) = (0.5f, 0.5f, MathF.Log(2));

        var model = Parse(Blaze.Replace("blazeface", "yunet", StringComparison.Ordinal).Replace("256", "64", StringComparison.Ordinal).Replace("nhwc", "nchw", StringComparison.Ordinal), ModelUse.Faces);
        using var detector = Detector.Load(model, new(), new ScriptedInference(Models.Image(), [.. outputs]));
        var found = detector.Detect(Models.Picture(Models.Samples(64, 64), 64, 64)).ShouldHaveSingleItem();

        found.Score.ShouldBe(0.9f, 1e-5f);
        (found.Box.X * 64, found.Box.Y * 64, found.Box.Width * 64, found.Box.Height * 64).ShouldBe((24, 16, 32, 16));
    }

    [Theory]
    [InlineData("blazeface")]
    [InlineData("yunet")]
    public void A_model_for_faces_is_no_detector_of_scenes(string decoding)
    {
        var faults = new List<string>();
        ModelFile.TryParse(Blaze.Replace("blazeface", decoding, StringComparison.Ordinal) + "\nnames: coco80", "/models/test.yaml", faults).ShouldBeNull();
        faults.ShouldContain(f => f.Contains("output.decoding", StringComparison.Ordinal));
    }

    [Fact]
    public void A_model_for_faces_knows_nothing_else()
    {
        var faults = new List<string>();
        ModelFile.TryParse(Blaze + "\nnames: [face, smile]", "/models/test.yaml", faults, ModelUse.Faces).ShouldBeNull();
        faults.ShouldContain(f => f.Contains("names", StringComparison.Ordinal));
    }

    /// <summary>
    /// Where another, larger model sees a face, the search must see one, or a head: what neither of them sees a person draws. The reference is no truth: it is told in bench/README.md what both miss.
    /// </summary>
    [Fact]
    public async Task Faces_of_people_who_walk_through_a_room_are_found_where_a_larger_model_sees_them()
    {
        var score = await ScoreAsync("video/intel_one-by-one-person-detection.mp4", 2);
        TestContext.Current.TestOutputHelper!.WriteLine($"{score}");
        score.Reference.ShouldBeGreaterThan(10);
        ((double)score.FaceOrHead / score.Reference).ShouldBeGreaterThan(0.9);
    }

    [Fact]
    public async Task Where_nobody_is_no_face_is_proposed()
    {
        var score = await ScoreAsync("video/tree.avi", 1);
        TestContext.Current.TestOutputHelper!.WriteLine($"{score}");
        score.Proposed.ShouldBeLessThanOrEqualTo(score.Pictures / 4);
    }

    /// <param name="Reference">Faces that YuNet sees at its own size.</param>
    /// <param name="Face">Of those, covered by what the search found.</param>
    /// <param name="FaceOrHead">Or by the upper part of a person.</param>
    internal sealed record Score(int Pictures, int Reference, int Face, int FaceOrHead, int Proposed, double Milliseconds);

    internal static async Task<Score> ScoreAsync(string clip, double rate)
    {
        string path = TestData.Path(clip), larger = TestData.Path("models/yunet_n_640_640.onnx");
        var yunet = Parse(File.ReadAllText(RepositoryRoot.File("models", "yunet-640.yaml")), ModelUse.Faces) with { Model = larger };
        using var faces = Detector.Load(ModelFile.Read(Models.Installed("blazeface-back.yaml"), ModelUse.Faces), Models.Options);
        using var reference = Detector.Load(yunet, Models.Options);
        using var people = Models.Default(Models.Options with { MinScore = 0.1f });
        var search = new FaceSearch();
        using var reader = await ClipReader.OpenAsync(path, rate, 1, TestContext.Current.CancellationToken);
        var tracker = new Tracker(TrackerOptions.Default);
        int pictures = 0, seen = 0, byFace = 0, byHead = 0, proposed = 0;
        long spent = 0;
        while (await reader.NextAsync(TestContext.Current.CancellationToken))
        {
            pictures++;
            var persons = people.Detect(reader.Picture).Where(d => d.Class == ObjectClass.Person && d.Score > 0.3f).ToList();
            var tracks = persons.Select(p => new Track
            {
                Id = 1,
                Class = p.Class,
                Box = p.Box,
                Score = p.Score,
                Born = MediaTime.Zero,
                BornBox = p.Box,
                Seen = MediaTime.Zero,
                At = MediaTime.Zero,
                IsConfirmed = true,
                VelocityX = 0,
                VelocityY = 0,
            }).ToList();
            long began = System.Diagnostics.Stopwatch.GetTimestamp();
            var found = search.Find(reader.Picture, faces, tracks).Select(f => f.Box).ToList();
            spent += System.Diagnostics.Stopwatch.GetTimestamp() - began;
            proposed += found.Count;
            var heads = persons.Select(p => new Box(p.Box.X, p.Box.Y - (p.Box.Height * 0.05f), p.Box.Width, p.Box.Height * 0.3f)).ToList();
            foreach (var face in reference.Detect(reader.Picture))
            {
                seen++;
                bool covered = found.Exists(f => Covers(Grown(f), face.Box));
                byFace += covered ? 1 : 0;
                byHead += covered || heads.Exists(h => Covers(h, face.Box)) ? 1 : 0;
            }
        }

        return new(pictures, seen, byFace, byHead, proposed, spent * 1000.0 / System.Diagnostics.Stopwatch.Frequency / pictures);
    }

    // Nine tenths of the face are hidden.
    static bool Covers(Box cover, Box face)
    {
        float width = Math.Min(cover.Right, face.Right) - Math.Max(cover.X, face.X), height = Math.Min(cover.Bottom, face.Bottom) - Math.Max(cover.Y, face.Y);
        return width > 0 && height > 0 && width * height >= 0.9f * face.Area;
    }

    // As proposals are.
    static Box Grown(Box box) => new(box.X - (box.Width * 0.4f), box.Y - (box.Height * 0.4f), box.Width * 1.8f, box.Height * 1.8f);

    static ModelFile Parse(string text, ModelUse use)
    {
        var faults = new List<string>();
        return ModelFile.TryParse(text, "/models/test.yaml", faults, use) ?? throw new ArgumentException(string.Join('\n', faults));
    }
}
