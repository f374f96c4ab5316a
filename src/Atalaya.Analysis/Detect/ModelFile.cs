using System.Globalization;

using Atalaya.Incidents;

namespace Atalaya.Analysis.Detect;

/// <summary>Order of a picture's samples in the model's input.</summary>
public enum TensorLayout
{
    /// <summary>A plane for each colour: what PyTorch exports.</summary>
    Nchw,

    /// <summary>Colours of a pixel side by side: what TensorFlow exports.</summary>
    Nhwc,
}

public enum ColourOrder
{
    Rgb,
    Bgr,
}

/// <summary>How a picture of another shape gets into the model's input.</summary>
public enum PictureFit
{
    /// <summary>Its proportions kept, at the upper left, the rest filled.</summary>
    Letterbox,

    /// <summary>Each side to the input's own size.</summary>
    Stretch,
}

/// <summary>Published families of outputs, each with its own way from numbers to boxes.</summary>
public enum OutputDecoding
{
    /// <summary>YOLOX (arXiv 2107.08430): one output, offsets in grid cells, object score × class scores.</summary>
    Yolox,

    /// <summary>NanoDet and NanoDet-g: an output pair a level, class scores and distributions of four distances (generalized focal loss, arXiv 2006.04388), from cell centres.</summary>
    NanoDet,

    /// <summary>NanoDet-Plus: the same in one output, from cell corners.</summary>
    NanoDetPlus,

    /// <summary>PicoDet (arXiv 2111.00902): as NanoDet, four levels, or boxes and scores already decoded.</summary>
    PicoDet,

    /// <summary>D-FINE (arXiv 2410.13842) and RT-DETR (arXiv 2304.08069): queries with logits and boxes, or labels, boxes and scores.</summary>
    Detr,

    /// <summary>SSD (arXiv 1512.02325) as TensorFlow's object detection API trains it: box codes against anchors on six maps, and class scores, background first.</summary>
    Ssd,

    /// <summary>BlazeFace (arXiv 1907.05047): faces, as codes against cells of strides 16 and 32 with two and six anchors each. What it says of eyes and mouth isn't read.</summary>
    BlazeFace,

    /// <summary>YuNet (Machine Intelligence Research 2023): faces, three levels of score, object score and box. What it says of eyes and mouth isn't read.</summary>
    YuNet,
}

/// <summary>What a model is taken for. One for faces serves nothing but covering them.</summary>
public enum ModelUse
{
    /// <summary>Things that rules speak of. A class that is about faces is refused.</summary>
    Scene,

    /// <summary>Places of faces, to be painted over: boxes without any feature, of nobody.</summary>
    Faces,
}

/// <summary>
/// What stands in a <c>model.yaml</c> (ref/model.md): how a picture becomes the model's input and its output detections. Immutable, and checked by itself; whether the
/// model agrees shows when a <see cref="Detector"/> is made from it.
/// </summary>
public sealed record ModelFile
{
    /// <summary>Where this was read from; for messages.</summary>
    public required string Source { get; init; }

    /// <summary>For people.</summary>
    public required string Name { get; init; }

    /// <summary>SPDX name of the licence that the model's weights are under.</summary>
    public required string Licence { get; init; }

    /// <summary>Absolute path of the .onnx file.</summary>
    public required string Model { get; init; }

    /// <summary>Pixels, even, from 32 to 2048.</summary>
    public required int Width { get; init; }

    /// <inheritdoc cref="Width"/>
    public required int Height { get; init; }
    public required TensorLayout Layout { get; init; }
    public required ColourOrder Colour { get; init; }

    /// <summary>A sample is (value − mean) / deviation; three each, in the order of <see cref="Colour"/>, for values from 0 to 255.</summary>
    public required IReadOnlyList<float> Mean { get; init; }

    /// <inheritdoc cref="Mean"/>
    public required IReadOnlyList<float> Deviation { get; init; }

    /// <summary>Value from 0 to 255 of what a letterboxed picture doesn't cover.</summary>
    public required float Pad { get; init; }
    public required PictureFit Fit { get; init; }
    public required OutputDecoding Decoding { get; init; }

    /// <summary>Pixels of a cell on each level, for decodings with a grid.</summary>
    public required IReadOnlyList<int> Strides { get; init; }

    /// <summary>Least score of a detection, from 0 to 1.</summary>
    public required float Score { get; init; }

    /// <summary>Two boxes of a class that overlap more (intersection over union) are one thing; 1 for models that need no suppression.</summary>
    public required float Overlap { get; init; }

    /// <summary>The model's classes in the order of its scores.</summary>
    public required IReadOnlyList<string> Names { get; init; }

    /// <summary>What each class of <see cref="Names"/> is to the rules; null: not looked for.</summary>
    public required IReadOnlyList<ObjectClass?> Classes { get; init; }

    /// <summary>Reads and checks a file.</summary>
    /// <exception cref="DetectorException">Everything that is wrong with it, at once.</exception>
    public static ModelFile Read(string path, ModelUse use = ModelUse.Scene)
    {
        string text;
        try
        {
            using var stream = File.OpenRead(path);
            if (stream.Length > 1 << 20)
                throw new DetectorException($"{path} is no model file: it is larger than 1 MiB. Name the .yaml, not the model itself.");
            using var reader = new StreamReader(stream);
            text = reader.ReadToEnd();
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new DetectorException($"The model file {path} can't be read: {fault.Message}");
        }

        var faults = new List<string>();
        if (TryParse(text, path, faults, use) is not { } model)
            throw new DetectorException(faults);
        if (!File.Exists(model.Model))
            throw new DetectorException($"{path}: model: there is no file {model.Model}. Put the model there, or correct the path; it counts from the folder of this file.");
        return model;
    }

    /// <summary>Reads from text. Never throws, whatever the text.</summary>
    /// <param name="source">Path of the file; the model's path counts from its folder.</param>
    /// <param name="faults">Gets every fault, each with file, line and key.</param>
    public static ModelFile? TryParse(string text, string source, ICollection<string> faults, ModelUse use = ModelUse.Scene)
    {
        if (ModelYaml.Read(text, out string fault) is not { } top)
        {
            faults.Add($"{source}: {fault}");
            return null;
        }

        var reading = new ModelReading(source, faults);
        var root = reading.Section(top, "", "name", "licence", "source", "model", "input", "output", "thresholds", "names", "classes");
        var input = reading.Section(root.Map("input"), "input.", "width", "height", "layout", "colour", "mean", "std", "pad", "fit");
        var output = reading.Section(root.Map("output"), "output.", "decoding", "strides");
        var thresholds = reading.Section(root.OptionalMap("thresholds"), "thresholds.", "score", "overlap");

        bool faces = use == ModelUse.Faces;
        var decoding = output.Choice("decoding", faces ? OutputDecoding.BlazeFace : OutputDecoding.Yolox, faces ? FaceDecodings : Decodings);
        IReadOnlyList<string> names = faces ? ["face"] : root.Names();
        if (faces && (root.Has("names") || root.Has("classes")))
            root.Fault(root.Has("names") ? "names" : "classes", "has no place in the file of a model for faces: it knows nothing else.");
        var model = new ModelFile
        {
            Source = source,
            Name = root.Text("name"),
            Licence = root.Text("licence"),
            Model = reading.Beside(root.Text("model"), root, "model"),
            Width = input.Side("width"),
            Height = input.Side("height"),
            Layout = input.Choice("layout", TensorLayout.Nchw, Layouts),
            Colour = input.Choice("colour", ColourOrder.Rgb, Colours),
            Mean = input.Three("mean", 0, -1000, 1000),
            Deviation = input.Three("std", 1, 1e-3f, 1000),
            Pad = input.Number("pad", 0, 0, 255),
            Fit = input.Choice("fit", PictureFit.Letterbox, Fits),
            Decoding = decoding,
            Strides = output.Strides(decoding),
            Score = thresholds.Number("score", 0.3f, 0.01f, 0.99f),
            Overlap = thresholds.Number("overlap", decoding == OutputDecoding.Detr ? 1 : 0.5f, 0.05f, 1),
            Names = names,
            Classes = faces ? [ObjectClass.Other] : root.Classes(names),
        };
        return reading.Failed ? null : model;
    }

    /// <summary>Text from a file as a message may show it: short and on one line.</summary>
    internal static string Shown(string text)
    {
        string shown = new([.. text.Take(60).Select(c => char.IsControl(c) ? ' ' : c)]);
        return text.Length > 60 ? shown + "…" : shown;
    }

    internal static readonly Dictionary<string, OutputDecoding> Decodings = new()
    {
        ["yolox"] = OutputDecoding.Yolox,
        ["nanodet"] = OutputDecoding.NanoDet,
        ["nanodet-plus"] = OutputDecoding.NanoDetPlus,
        ["picodet"] = OutputDecoding.PicoDet,
        ["d-fine"] = OutputDecoding.Detr,
        ["rt-detr"] = OutputDecoding.Detr,
        ["ssd"] = OutputDecoding.Ssd,
    };

    internal static readonly Dictionary<string, OutputDecoding> FaceDecodings = new()
    {
        ["blazeface"] = OutputDecoding.BlazeFace,
        ["yunet"] = OutputDecoding.YuNet,
    };

    static readonly Dictionary<string, TensorLayout> Layouts = new() { ["nchw"] = TensorLayout.Nchw, ["nhwc"] = TensorLayout.Nhwc };
    static readonly Dictionary<string, ColourOrder> Colours = new() { ["rgb"] = ColourOrder.Rgb, ["bgr"] = ColourOrder.Bgr };
    static readonly Dictionary<string, PictureFit> Fits = new() { ["letterbox"] = PictureFit.Letterbox, ["stretch"] = PictureFit.Stretch };
}

/// <summary>One reading of a model file: gathers its faults.</summary>
sealed class ModelReading(string source, ICollection<string> faults)
{
    public bool Failed { get; private set; }

    public ModelSection Section(ModelMap? map, string prefix, params string[] known)
    {
        foreach (var (key, value) in map?.Entries ?? new Dictionary<string, ModelNode>())
        {
            if (!known.Contains(key))
                Fault(value.Line, prefix + ModelFile.Shown(key), $"there is no such entry; there are {string.Join(", ", known)}.");
        }

        return new(this, map, prefix);
    }

    public void Fault(int line, string key, string message)
    {
        Failed = true;
        faults.Add($"{source}:{line}: {key}: {message}");
    }

    /// <summary>A path that counts from the file's own folder.</summary>
    public string Beside(string path, ModelSection section, string key)
    {
        if (path.Length == 0)
            return "";
        if (path.Contains('\0', StringComparison.Ordinal))
        {
            section.Fault(key, "isn't a path.");
            return "";
        }

        return Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Path.GetFullPath(source))!, path));
    }
}

/// <summary>A mapping of a model file, with what may stand in it.</summary>
sealed class ModelSection(ModelReading reading, ModelMap? map, string prefix)
{
    const int MaxClasses = 1000, MaxNameLength = 60;

    public void Fault(string key, string message) => reading.Fault(Find(key)?.Line ?? map?.Line ?? 1, prefix + key, message);

    public bool Has(string key) => Find(key) is not null;

    public ModelMap? Map(string key)
    {
        if (Find(key) is ModelMap found)
            return found;
        Fault(key, "is missing, or isn't a group of entries.");
        return null;
    }

    public ModelMap? OptionalMap(string key) => Find(key) is null ? null : Map(key);

    public string Text(string key)
    {
        if (Find(key) is ModelScalar { Text: { Length: > 0 and <= 1000 } text })
            return text;
        Fault(key, "must be a text of at most 1000 characters.");
        return "";
    }

    public int Side(string key)
    {
        float side = Number(key, float.NaN, 32, 2048);
        if (side % 2 != 0)
            Fault(key, "must be even.");
        return float.IsNaN(side) ? 0 : (int)side;
    }

    /// <param name="otherwise">What holds when nothing stands there; NaN if something must.</param>
    public float Number(string key, float otherwise, float least, float most)
    {
        var node = Find(key);
        // A group that isn't there has been told of already, or needn't be there.
        if (map is null || (node is null && !float.IsNaN(otherwise)))
            return otherwise;
        if (node is ModelScalar scalar && TryNumber(scalar.Text, out float value) && value >= least && value <= most)
            return value;
        Fault(key, $"must be a number from {least} to {most}{Given(node)}.");
        return otherwise;
    }

    public IReadOnlyList<float> Three(string key, float otherwise, float least, float most)
    {
        var node = Find(key);
        if (node is null)
            return [otherwise, otherwise, otherwise];
        var texts = node switch
        {
            ModelScalar one => [one, one, one],
            ModelList { Items: [ModelScalar a, ModelScalar b, ModelScalar c] } => new[] { a, b, c },
            _ => [],
        };
        var numbers = texts.Select(t => TryNumber(t.Text, out float value) ? value : float.NaN).Where(v => v >= least && v <= most).ToArray();
        if (numbers.Length == 3)
            return numbers;
        Fault(key, $"must be one number, or three in brackets in the order of 'colour', from {least} to {most}.");
        return [otherwise, otherwise, otherwise];
    }

    public T Choice<T>(string key, T otherwise, Dictionary<string, T> choices)
    {
        if (map is null)
            return otherwise;
        var node = Find(key);
        if (node is ModelScalar scalar && choices.TryGetValue(scalar.Text, out var chosen))
            return chosen;
        if (node is not null || key is "decoding" or "colour" or "layout")
            Fault(key, $"must be one of {string.Join(", ", choices.Keys)}{Given(node)}.");
        return otherwise;
    }

    public IReadOnlyList<int> Strides(OutputDecoding decoding)
    {
        int[] usual = decoding is OutputDecoding.NanoDetPlus or OutputDecoding.PicoDet ? [8, 16, 32, 64] : [8, 16, 32];
        if (Find("strides") is not { } node)
            return usual;
        var strides = node is ModelList list
            ? list.Items.Select(i => i is ModelScalar s && int.TryParse(s.Text, NumberStyles.None, CultureInfo.InvariantCulture, out int n) ? n : 0).ToArray()
            : [];
        if (strides.Length is > 0 and <= 6 && strides.All(s => s is 4 or 8 or 16 or 32 or 64 or 128))
            return strides;
        Fault("strides", "must be a list of powers of two from 4 to 128, such as [8, 16, 32].");
        return usual;
    }

    public IReadOnlyList<string> Names()
    {
        switch (Find("names"))
        {
            case ModelScalar { Text: "coco80" }:
                return CocoClasses.Names80;
            case ModelScalar { Text: "coco91" }:
                return CocoClasses.Names91;
            case ModelList list:
                var names = list.Items.Select(i => i is ModelScalar s ? s.Text : "").ToArray();
                if (names.Length is < 1 or > MaxClasses)
                    Fault("names", $"must hold from 1 to {MaxClasses} classes.");
                else if (names.FirstOrDefault(n => n.Length is < 1 or > MaxNameLength) is not null)
                    Fault("names", $"must hold texts of 1 to {MaxNameLength} characters.");
                foreach (string name in names.Where(IdentityClasses.Names))
                {
                    Fault("names", $"the class '{ModelFile.Shown(name)}' is about faces or identities. Atalaya detects things and never who somebody is; "
                        + "no option changes that. Use a model without that class.");
                }

                return names;
            default:
                Fault("names", "must be coco80, coco91, or the list of the model's classes in the order of its scores.");
                return [];
        }
    }

    public IReadOnlyList<ObjectClass?> Classes(IReadOnlyList<string> names)
    {
        var classes = new ObjectClass?[names.Count];
        if (Find("classes") is not { } node)
        {
            for (int i = 0; i < names.Count; i++)
                classes[i] = CocoClasses.ClassOf(names[i]);
            if (names.Count > 0 && classes.All(c => c is null))
                Fault("classes", "is missing, and no name is one that COCO has: say what each is, such as 'pedestrian: person'.");
            return classes;
        }

        if (node is not ModelMap wanted)
        {
            Fault("classes", "must be entries such as 'truck: vehicle'.");
            return classes;
        }

        foreach (var (name, value) in wanted.Entries)
        {
            bool known = names.Contains(name);
            if (!known)
                reading.Fault(value.Line, $"classes.{ModelFile.Shown(name)}", "'names' has no such class.");
            if (value is not ModelScalar scalar || !ObjectClasses.TryGetValue(scalar.Text, out var to))
                reading.Fault(value.Line, $"classes.{ModelFile.Shown(name)}", $"must be one of {string.Join(", ", ObjectClasses.Keys)}.");
            else if (known)
            {
                for (int i = 0; i < names.Count; i++)
                {
                    if (names[i] == name)
                        classes[i] = to;
                }
            }
        }

        if (wanted.Entries.Count == 0)
            Fault("classes", "names nothing: the detector would find nothing.");
        return classes;
    }

    static readonly Dictionary<string, ObjectClass> ObjectClasses = new()
    {
        ["person"] = ObjectClass.Person,
        ["vehicle"] = ObjectClass.Vehicle,
        ["two-wheeler"] = ObjectClass.TwoWheeler,
        ["boat"] = ObjectClass.Boat,
        ["animal"] = ObjectClass.Animal,
        ["bag"] = ObjectClass.Bag,
        ["other"] = ObjectClass.Other,
    };

    ModelNode? Find(string key) => map is not null && map.Entries.TryGetValue(key, out var node) ? node : null;

    static bool TryNumber(string text, out float value) =>
        float.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value) && float.IsFinite(value);

    static string Given(ModelNode? node) => node is ModelScalar scalar ? $", not '{ModelFile.Shown(scalar.Text)}'" : "";
}
