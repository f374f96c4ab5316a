using System.Numerics;
using System.Runtime.InteropServices;

namespace Atalaya.Analysis.Detect;

/// <summary>From a model's outputs to boxes in pixels of its input. One for each <see cref="OutputDecoding"/>; made when the outputs' shapes are known, and only if they fit.</summary>
abstract class OutputDecoder
{
    protected ModelFile Model { get; }

    /// <summary>Indices of the classes that are looked for. The others don't compete: a person who might also be a chair is still a person.</summary>
    readonly int[] _wanted;

    protected OutputDecoder(ModelFile model)
    {
        Model = model;
        Strides = [.. model.Strides];
        _wanted = [.. Enumerable.Range(0, model.Classes.Count).Where(i => model.Classes[i] is not null)];
    }

    protected int[] Strides { get; }
    protected int ClassCount => Model.Names.Count;

    /// <summary>Adds every box whose score is at least <paramref name="least"/>.</summary>
    public abstract void Decode(Inference inference, int picture, float least, Candidates into);

    /// <summary>The decoder of a model file, or faults: what the outputs are and what they should be.</summary>
    /// <param name="shapes">Of the outputs, for one picture, without free sizes.</param>
    public static OutputDecoder? Create(ModelFile model, IReadOnlyList<TensorInfo> outputs, IReadOnlyList<long[]> shapes, ICollection<string> faults)
    {
        var given = outputs.Select((info, i) => new ModelOutput(i, info, shapes[i])).ToList();
        string expected = "";
        OutputDecoder? decoder = model.Decoding switch
        {
            OutputDecoding.Yolox => YoloxDecoder.Create(model, given, out expected),
            OutputDecoding.NanoDet or OutputDecoding.NanoDetPlus or OutputDecoding.PicoDet => DistanceDecoder.Create(model, given, out expected),
            OutputDecoding.Detr => DetrDecoder.Create(model, given, out expected),
            OutputDecoding.BlazeFace => BlazeFaceDecoder.Create(model, given, out expected),
            OutputDecoding.YuNet => YuNetDecoder.Create(model, given, out expected),
            _ => SsdDecoder.Create(model, given, out expected),
        };
        if (decoder is null)
        {
            faults.Add($"{model.Source}: output: for this decoding, {model.Width} × {model.Height} pixels and {model.Names.Count} names the model must give {expected}. "
                + $"{model.Model} gives {string.Join(", ", given)}. Correct decoding, strides, names or size, or export the model without what follows its heads.");
        }

        return decoder;
    }

    /// <summary>Index and score of the best class that is looked for; −1 if none reaches <paramref name="least"/>.</summary>
    protected int Best(ReadOnlySpan<float> scores, float least, out float score)
    {
        score = least;
        if (!AnyAtLeast(scores[_wanted[0]..(_wanted[^1] + 1)], least))
            return -1;
        int best = -1;
        foreach (int index in _wanted)
        {
            if (scores[index] >= score)
            {
                score = scores[index];
                best = index;
            }
        }

        return best;
    }

    /// <summary>Nearly all cells of a grid hold nothing: this is what a picture's decoding consists of.</summary>
    static bool AnyAtLeast(ReadOnlySpan<float> scores, float least)
    {
        var vectors = MemoryMarshal.Cast<float, Vector<float>>(scores);
        var bound = new Vector<float>(least);
        foreach (var vector in vectors)
        {
            if (Vector.GreaterThanOrEqualAny(vector, bound))
                return true;
        }

        foreach (float value in scores[(vectors.Length * Vector<float>.Count)..])
        {
            if (value >= least)
                return true;
        }

        return false;
    }

    /// <summary>Cells of a level, across and down.</summary>
    protected static (int Across, int Down) Grid(ModelFile model, int stride) =>
        ((model.Width + stride - 1) / stride, (model.Height + stride - 1) / stride);

    protected static int Cells(ModelFile model) => model.Strides.Sum(s => Grid(model, s).Across * Grid(model, s).Down);

    protected static float Sigmoid(float x) => 1 / (1 + MathF.Exp(-x));
}

/// <summary>YOLOX: for each cell of each level x, y, log width, log height, object score, class scores.</summary>
sealed class YoloxDecoder : OutputDecoder
{
    const int BoxAndObject = 5;

    YoloxDecoder(ModelFile model)
        : base(model)
    {
    }

    public static YoloxDecoder? Create(ModelFile model, List<ModelOutput> outputs, out string expected)
    {
        int cells = Cells(model), values = BoxAndObject + model.Names.Count;
        expected = $"one output, Float [1, {cells}, {values}] (levels {string.Join(", ", model.Strides)})";
        return outputs is [var only] && only.Is(TensorType.Float, 1, cells, values) ? new(model) : null;
    }

    public override void Decode(Inference inference, int picture, float least, Candidates into)
    {
        var values = inference.Output(0, picture);
        int length = BoxAndObject + ClassCount, at = 0;
        foreach (int stride in Strides)
        {
            var (across, down) = Grid(Model, stride);
            for (int y = 0; y < down; y++)
            {
                for (int x = 0; x < across; x++, at += length)
                {
                    float thing = values[at + 4];
                    if (thing < least)
                        continue;
                    int best = Best(values.Slice(at + BoxAndObject, ClassCount), least / thing, out float score);
                    if (best < 0)
                        continue;
                    float centreX = (values[at] + x) * stride, centreY = (values[at + 1] + y) * stride;
                    float halfWidth = MathF.Exp(values[at + 2]) * stride / 2, halfHeight = MathF.Exp(values[at + 3]) * stride / 2;
                    into.Add(new(centreX - halfWidth, centreY - halfHeight, centreX + halfWidth, centreY + halfHeight, score * thing, best));
                }
            }
        }
    }
}

/// <summary>
/// NanoDet, NanoDet-Plus, PicoDet: for each cell class scores and, for each of four sides, a distribution over distances in cells, whose mean is the distance.
/// Each level has an output pair, or all levels are in one output; PicoDet may also come with boxes and scores decoded.
/// </summary>
sealed class DistanceDecoder : OutputDecoder
{
    // Of the published ones the finest has 17 bins (generalized focal loss).
    const int MaxBins = 64;

    readonly List<Level> _levels;
    readonly int _bins;
    readonly float _centre;
    readonly bool _decoded;

    DistanceDecoder(ModelFile model, List<Level> levels, int bins, bool decoded = false)
        : base(model)
    {
        (_levels, _bins, _decoded) = (levels, bins, decoded);
        // Where in its cell a distance starts: NanoDet-Plus was trained from the corner, the others from the middle.
        _centre = model.Decoding == OutputDecoding.NanoDetPlus ? 0 : 0.5f;
    }

    public static DistanceDecoder? Create(ModelFile model, List<ModelOutput> outputs, out string expected)
    {
        int cells = Cells(model), classes = model.Names.Count;
        expected = $"one output, Float [1, {cells}, {classes} + 4 × bins], or for each of the levels {string.Join(", ", model.Strides)} Float [1, cells, {classes}] and Float [1, cells, 4 × bins]"
            + $" ({string.Join(", ", model.Strides.Select(s => Grid(model, s).Across * Grid(model, s).Down))} cells)"
            + (model.Decoding == OutputDecoding.PicoDet ? $", or Float [1, {cells}, 4] and Float [1, {classes}, {cells}]" : "");
        if (outputs.Exists(o => o.Info.Type != TensorType.Float || o.Shape.Length != 3 || o.Shape[0] != 1))
            return null;
        if (outputs is [var only])
        {
            int bins = Bins(only.Shape[2] - classes);
            if (only.Shape[1] != cells || bins == 0)
                return null;
            int length = classes + (4 * bins), start = 0;
            var levels = new List<Level>();
            foreach (int stride in model.Strides)
            {
                levels.Add(new(stride, 0, start * length, length, 0, (start * length) + classes, length));
                start += Grid(model, stride).Across * Grid(model, stride).Down;
            }

            return new(model, levels, bins);
        }

        if (model.Decoding == OutputDecoding.PicoDet && outputs.Count == 2
            && outputs.Find(o => o.Is(TensorType.Float, 1, cells, 4)) is { } boxes && outputs.Find(o => o.Is(TensorType.Float, 1, classes, cells)) is { } scores)
        {
            return new(model, [new(0, scores.Index, 0, 0, boxes.Index, 0, 0)], 0, decoded: true);
        }

        return outputs.Count == 2 * model.Strides.Count ? Paired(model, outputs) : null;
    }

    static DistanceDecoder? Paired(ModelFile model, List<ModelOutput> outputs)
    {
        int bins = 0;
        var levels = new List<Level>();
        foreach (int stride in model.Strides)
        {
            var (across, down) = Grid(model, stride);
            var pair = outputs.FindAll(o => o.Shape[1] == across * down);
            // Scores come first where both have the same length.
            if (pair.Count != 2 || pair.Find(o => o.Shape[2] == model.Names.Count) is not { } scores || pair.Find(o => o != scores) is not { } distances)
                return null;
            int here = Bins(distances.Shape[2]);
            if (here == 0 || (bins != 0 && here != bins))
                return null;
            bins = here;
            levels.Add(new(stride, scores.Index, 0, model.Names.Count, distances.Index, 0, 4 * bins));
        }

        return new(model, levels, bins);
    }

    public override void Decode(Inference inference, int picture, float least, Candidates into)
    {
        if (_decoded)
        {
            DecodeReady(inference, picture, least, into);
            return;
        }

        foreach (var level in _levels)
        {
            var scores = inference.Output(level.Scores, picture);
            var distances = inference.Output(level.Distances, picture);
            var (across, down) = Grid(Model, level.Stride);
            int score = level.ScoresStart, distance = level.DistancesStart;
            for (int y = 0; y < down; y++)
            {
                for (int x = 0; x < across; x++, score += level.ScoresStep, distance += level.DistancesStep)
                {
                    int best = Best(scores.Slice(score, ClassCount), least, out float value);
                    if (best < 0)
                        continue;
                    float centreX = (x + _centre) * level.Stride, centreY = (y + _centre) * level.Stride;
                    into.Add(new(
                        centreX - (Mean(distances.Slice(distance, _bins)) * level.Stride),
                        centreY - (Mean(distances.Slice(distance + _bins, _bins)) * level.Stride),
                        centreX + (Mean(distances.Slice(distance + (2 * _bins), _bins)) * level.Stride),
                        centreY + (Mean(distances.Slice(distance + (3 * _bins), _bins)) * level.Stride),
                        value, best));
                }
            }
        }
    }

    void DecodeReady(Inference inference, int picture, float least, Candidates into)
    {
        var scores = inference.Output(_levels[0].Scores, picture);
        var boxes = inference.Output(_levels[0].Distances, picture);
        int cells = boxes.Length / 4;
        Span<float> column = stackalloc float[ClassCount];
        for (int i = 0; i < cells; i++)
        {
            for (int c = 0; c < column.Length; c++)
                column[c] = scores[(c * cells) + i];
            if (Best(column, least, out float value) is >= 0 and var best)
                into.Add(new(boxes[4 * i], boxes[(4 * i) + 1], boxes[(4 * i) + 2], boxes[(4 * i) + 3], value, best));
        }
    }

    /// <summary>The mean of a distribution given as logits over 0, 1, 2 … cells.</summary>
    static float Mean(ReadOnlySpan<float> logits)
    {
        float largest = float.NegativeInfinity;
        foreach (float logit in logits)
            largest = Math.Max(largest, logit);
        float sum = 0, weighted = 0;
        for (int i = 0; i < logits.Length; i++)
        {
            float weight = MathF.Exp(logits[i] - largest);
            sum += weight;
            weighted += weight * i;
        }

        return weighted / sum;
    }

    static int Bins(long values) => values >= 8 && values % 4 == 0 && values / 4 <= MaxBins ? (int)(values / 4) : 0;

    /// <summary>Where a level's numbers lie: in which output, from which on, and how far apart.</summary>
    sealed record Level(int Stride, int Scores, int ScoresStart, int ScoresStep, int Distances, int DistancesStart, int DistancesStep);
}

/// <summary>D-FINE, RT-DETR: queries that each hold one thing or none; no grid and no suppression.</summary>
sealed class DetrDecoder : OutputDecoder
{
    readonly int _queries, _boxes, _scores, _labels;

    DetrDecoder(ModelFile model, long queries, ModelOutput boxes, ModelOutput scores, ModelOutput? labels = null)
        : base(model) => (_queries, _boxes, _scores, _labels) = ((int)queries, boxes.Index, scores.Index, labels?.Index ?? -1);

    public static DetrDecoder? Create(ModelFile model, List<ModelOutput> outputs, out string expected)
    {
        int classes = model.Names.Count;
        expected = $"Float [1, queries, {classes}] with logits and Float [1, queries, 4] with boxes (centre and size as fractions), or Int64 [1, queries] with labels, Float [1, queries, 4] with boxes and Float [1, queries] with scores";
        if (outputs.Find(o => o.Info.Type == TensorType.Float && o.Shape is [1, _, 4]) is not { } boxes)
            return null;
        long queries = boxes.Shape[1];
        if (outputs.Count == 2 && outputs.Find(o => o != boxes && o.Is(TensorType.Float, 1, queries, classes)) is { } logits)
            return new(model, queries, boxes, logits);
        return outputs.Count == 3 && outputs.Find(o => o.Is(TensorType.Float, 1, queries)) is { } scores && outputs.Find(o => o.Is(TensorType.Int64, 1, queries)) is { } labels
            ? new(model, queries, boxes, scores, labels)
            : null;
    }

    public override void Decode(Inference inference, int picture, float least, Candidates into)
    {
        var boxes = inference.Output(_boxes, picture);
        var scores = inference.Output(_scores, picture);
        if (_labels >= 0)
        {
            var labels = inference.OutputInt64(_labels, picture);
            for (int i = 0; i < _queries; i++)
            {
                if (scores[i] >= least && labels[i] >= 0 && labels[i] < ClassCount && Model.Classes[(int)labels[i]] is not null)
                    into.Add(new(boxes[4 * i], boxes[(4 * i) + 1], boxes[(4 * i) + 2], boxes[(4 * i) + 3], scores[i], (int)labels[i]));
            }

            return;
        }

        float leastLogit = MathF.Log(least / (1 - least));
        for (int i = 0; i < _queries; i++)
        {
            int best = Best(scores.Slice(i * ClassCount, ClassCount), leastLogit, out float logit);
            if (best < 0)
                continue;
            float centreX = boxes[4 * i] * Model.Width, centreY = boxes[(4 * i) + 1] * Model.Height;
            float halfWidth = boxes[(4 * i) + 2] * Model.Width / 2, halfHeight = boxes[(4 * i) + 3] * Model.Height / 2;
            into.Add(new(centreX - halfWidth, centreY - halfHeight, centreX + halfWidth, centreY + halfHeight, Sigmoid(logit), best));
        }
    }
}

/// <summary>SSD of TensorFlow's object detection API: codes of boxes against anchors on six maps, class scores with the background first.</summary>
sealed class SsdDecoder : OutputDecoder
{
    const int Maps = 6, FirstStride = 16;

    // The API's own for SSD: scales from 0.2 to 0.95 of the picture, codes divided by 10 for places and by 5 for sizes.
    const float LeastScale = 0.2f, MostScale = 0.95f, PlaceCode = 10, SizeCode = 5;

    readonly (float X, float Y, float Width, float Height)[] _anchors;
    readonly int _boxes, _scores;

    SsdDecoder(ModelFile model, (float X, float Y, float Width, float Height)[] anchors, ModelOutput boxes, ModelOutput scores)
        : base(model) => (_anchors, _boxes, _scores) = (anchors, boxes.Index, scores.Index);

    public static SsdDecoder? Create(ModelFile model, List<ModelOutput> outputs, out string expected)
    {
        var anchors = Anchors(model);
        int classes = model.Names.Count;
        expected = $"Float [1, {anchors.Length}, 4] with box codes and Float [1, {anchors.Length}, {classes}] with scores, the background's first";
        return outputs.Count == 2
            && outputs.Find(o => o.Is(TensorType.Float, 1, anchors.Length, 4) || o.Is(TensorType.Float, 1, anchors.Length, 1, 4)) is { } boxes
            && outputs.Find(o => o != boxes && o.Is(TensorType.Float, 1, anchors.Length, classes)) is { } scores
            ? new(model, anchors, boxes, scores)
            : null;
    }

    public override void Decode(Inference inference, int picture, float least, Candidates into)
    {
        var codes = inference.Output(_boxes, picture);
        var scores = inference.Output(_scores, picture);
        for (int i = 0; i < _anchors.Length; i++)
        {
            int best = Best(scores.Slice(i * ClassCount, ClassCount), least, out float score);
            if (best < 0)
                continue;
            var anchor = _anchors[i];
            var code = codes.Slice(4 * i, 4);
            float centreY = (code[0] / PlaceCode * anchor.Height) + anchor.Y, centreX = (code[1] / PlaceCode * anchor.Width) + anchor.X;
            float halfHeight = MathF.Exp(code[2] / SizeCode) * anchor.Height / 2, halfWidth = MathF.Exp(code[3] / SizeCode) * anchor.Width / 2;
            into.Add(new((centreX - halfWidth) * Model.Width, (centreY - halfHeight) * Model.Height,
                (centreX + halfWidth) * Model.Width, (centreY + halfHeight) * Model.Height, score, best));
        }
    }

    /// <summary>Anchors as fractions of the picture, map by map, row by row. The first map has three, of them one of half the least scale; the others six.</summary>
    static (float X, float Y, float Width, float Height)[] Anchors(ModelFile model)
    {
        var anchors = new List<(float, float, float, float)>();
        float shorter = Math.Min(model.Width, model.Height);
        int across = (model.Width + FirstStride - 1) / FirstStride, down = (model.Height + FirstStride - 1) / FirstStride;
        for (int map = 0; map < Maps; map++)
        {
            float scale = ScaleOf(map), next = map == Maps - 1 ? 1 : ScaleOf(map + 1);
            (float Scale, float Aspect)[] shapes = map == 0
                ? [(0.1f, 1), (scale, 2), (scale, 0.5f)]
                : [(scale, 1), (scale, 2), (scale, 0.5f), (scale, 3), (scale, 1 / 3f), (MathF.Sqrt(scale * next), 1)];
            for (int y = 0; y < down; y++)
            {
                for (int x = 0; x < across; x++)
                {
                    foreach (var shape in shapes)
                    {
                        float root = MathF.Sqrt(shape.Aspect);
                        anchors.Add(((x + 0.5f) / across, (y + 0.5f) / down, shape.Scale * root * shorter / model.Width, shape.Scale / root * shorter / model.Height));
                    }
                }
            }

            (across, down) = ((across + 1) / 2, (down + 1) / 2);
        }

        return [.. anchors];

        static float ScaleOf(int map) => LeastScale + ((MostScale - LeastScale) * map / (Maps - 1));
    }
}

/// <summary>An output of a model that has run once.</summary>
/// <param name="Index">Among the model's outputs.</param>
/// <param name="Shape">For one picture, without free sizes.</param>
sealed record ModelOutput(int Index, TensorInfo Info, long[] Shape)
{
    public bool Is(TensorType type, params ReadOnlySpan<long> shape) => Info.Type == type && Shape.AsSpan().SequenceEqual(shape);

    public override string ToString() => $"'{ModelFile.Shown(Info.Name)}' {Info.Type} [{string.Join(", ", Shape)}]";
}
