namespace Atalaya.Analysis.Detect;

/// <summary>
/// BlazeFace: for each anchor a logit, and centre and size in pixels of the input, the centre from the middle of the anchor's cell. Of the sixteen numbers of an anchor the twelve
/// about eyes, nose, mouth and ears are never read.
/// </summary>
sealed class BlazeFaceDecoder : OutputDecoder
{
    const int Codes = 16;

    // As published: a map of cells of 16 pixels with two anchors each, and what smaller maps there would be, as six anchors in cells of 32.
    static readonly (int Stride, int Anchors)[] Maps = [(16, 2), (32, 6)];

    readonly List<Map> _maps;

    BlazeFaceDecoder(ModelFile model, List<Map> maps)
        : base(model) => _maps = maps;

    public static BlazeFaceDecoder? Create(ModelFile model, List<ModelOutput> outputs, out string expected)
    {
        var maps = new List<Map>();
        var wanted = new List<string>();
        // The front camera's model has an input of half the size and cells of half the size.
        int scale = model.Width <= 128 ? 2 : 1;
        foreach (var (stride, anchors) in Maps)
        {
            var (across, down) = Grid(model, stride / scale);
            int count = across * down * anchors;
            wanted.Add($"Float [1, {count}, 1] and Float [1, {count}, {Codes}]");
            if (outputs.Find(o => o.Is(TensorType.Float, 1, count, 1)) is { } scores && outputs.Find(o => o.Is(TensorType.Float, 1, count, Codes)) is { } boxes)
                maps.Add(new(stride / scale, across, down, anchors, scores.Index, boxes.Index));
        }

        expected = string.Join(", ", wanted);
        return maps.Count == Maps.Length && outputs.Count == 2 * Maps.Length ? new(model, maps) : null;
    }

    public override void Decode(Inference inference, int picture, float least, Candidates into)
    {
        float leastLogit = MathF.Log(least / (1 - least));
        foreach (var map in _maps)
        {
            var scores = inference.Output(map.Scores, picture);
            var boxes = inference.Output(map.Boxes, picture);
            int cells = map.Across * map.Down * map.Anchors;
            for (int i = 0; i < cells; i++)
            {
                if (!(scores[i] >= leastLogit))
                    continue;
                int cell = i / map.Anchors;
                var code = boxes.Slice(i * Codes, 4);
                float centreX = (((cell % map.Across) + 0.5f) * map.Stride) + code[0], centreY = (((cell / map.Across) + 0.5f) * map.Stride) + code[1];
                into.Add(new(centreX - (code[2] / 2), centreY - (code[3] / 2), centreX + (code[2] / 2), centreY + (code[3] / 2), Sigmoid(scores[i]), 0));
            }
        }
    }

    sealed record Map(int Stride, int Across, int Down, int Anchors, int Scores, int Boxes);
}

/// <summary>
/// YuNet: for each cell of each level a score, an object score, and centre and log size in cells. What it says about eyes, nose and mouth is never read.
/// </summary>
sealed class YuNetDecoder : OutputDecoder
{
    static readonly string[] Kinds = ["cls", "obj", "bbox"];

    readonly List<Level> _levels;

    YuNetDecoder(ModelFile model, List<Level> levels)
        : base(model) => _levels = levels;

    public static YuNetDecoder? Create(ModelFile model, List<ModelOutput> outputs, out string expected)
    {
        expected = string.Join(", ", model.Strides.Select(s => $"cls_{s} and obj_{s} Float [1, {Cells(model, s)}, 1], bbox_{s} Float [1, {Cells(model, s)}, 4]"));
        var levels = new List<Level>();
        foreach (int stride in model.Strides)
        {
            int cells = Cells(model, stride);
            var found = Kinds.Select(kind => outputs.Find(o => o.Info.Name == $"{kind}_{stride}" && o.Is(TensorType.Float, 1, cells, kind == "bbox" ? 4 : 1))).ToArray();
            if (Array.Exists(found, o => o is null))
                return null;
            levels.Add(new(stride, Grid(model, stride).Across, cells, found[0]!.Index, found[1]!.Index, found[2]!.Index));
        }

        return new(model, levels);
    }

    public override void Decode(Inference inference, int picture, float least, Candidates into)
    {
        foreach (var level in _levels)
        {
            var scores = inference.Output(level.Scores, picture);
            var objects = inference.Output(level.Objects, picture);
            var boxes = inference.Output(level.Boxes, picture);
            for (int i = 0; i < level.Cells; i++)
            {
                float score = MathF.Sqrt(Math.Clamp(scores[i], 0, 1) * Math.Clamp(objects[i], 0, 1));
                if (!(score >= least))
                    continue;
                var code = boxes.Slice(4 * i, 4);
                float centreX = ((i % level.Across) + code[0]) * level.Stride, centreY = ((i / level.Across) + code[1]) * level.Stride;
                float halfWidth = MathF.Exp(code[2]) * level.Stride / 2, halfHeight = MathF.Exp(code[3]) * level.Stride / 2;
                into.Add(new(centreX - halfWidth, centreY - halfHeight, centreX + halfWidth, centreY + halfHeight, score, 0));
            }
        }
    }

    static int Cells(ModelFile model, int stride) => Grid(model, stride).Across * Grid(model, stride).Down;

    sealed record Level(int Stride, int Across, int Cells, int Scores, int Objects, int Boxes);
}
