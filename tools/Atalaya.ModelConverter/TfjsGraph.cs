using System.Buffers.Binary;
using System.Text;
using System.Text.Json;

namespace Atalaya.ModelConverter;

/// <summary>The file can't be converted; the message says what stands in the way.</summary>
public sealed class ConversionException(string message) : Exception(message);

/// <summary>A constant of the graph: floats or whole numbers.</summary>
sealed record TfTensor(long[] Shape, float[]? Floats, long[]? Integers);

/// <summary>An operator of the graph.</summary>
/// <param name="Inputs">Names with output index, control dependencies left out.</param>
sealed record TfNode(string Name, string Type, IReadOnlyList<(string Node, int Output)> Inputs, JsonElement Attributes)
{
    /// <summary>Text attributes are base64 in this form.</summary>
    public string Text(string name, string otherwise) =>
        Find(name, "s") is { } value ? Encoding.UTF8.GetString(Convert.FromBase64String(value.GetString()!)) : otherwise;

    public bool Flag(string name) => Find(name, "b") is { ValueKind: JsonValueKind.True };

    public float Number(string name, float otherwise) => Find(name, "f") is { } value ? value.GetSingle() : otherwise;

    public long[] Numbers(string name) =>
        Find(name, "list") is { } list && list.TryGetProperty("i", out var items) ? [.. items.EnumerateArray().Select(Integer)] : [];

    JsonElement? Find(string name, string kind) =>
        Attributes.ValueKind == JsonValueKind.Object && Attributes.TryGetProperty(name, out var attribute) && attribute.TryGetProperty(kind, out var value) ? value : null;

    /// <summary>64-bit numbers are texts in this form.</summary>
    public static long Integer(JsonElement value) => value.ValueKind == JsonValueKind.String ? long.Parse(value.GetString()!) : value.GetInt64();
}

/// <summary>A TensorFlow.js graph model: <c>model.json</c> with the weight files beside it.</summary>
sealed class TfjsGraph
{
    TfjsGraph()
    {
    }

    public required IReadOnlyDictionary<string, TfNode> Nodes { get; init; }
    public required IReadOnlyDictionary<string, TfTensor> Weights { get; init; }

    /// <summary>Name and shape of each input and output, as the signature names them, in its order by name.</summary>
    public required IReadOnlyList<(string Node, long[] Shape)> Inputs { get; init; }

    /// <inheritdoc cref="Inputs"/>
    public required IReadOnlyList<(string Node, long[] Shape)> Outputs { get; init; }

    /// <exception cref="ConversionException">The files aren't such a model, or aren't whole.</exception>
    public static TfjsGraph Read(string path)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path));
            var root = document.RootElement.Clone();
            return new()
            {
                Nodes = root.GetProperty("modelTopology").GetProperty("node").EnumerateArray().Select(Node).ToDictionary(n => n.Name),
                Weights = ReadWeights(root.GetProperty("weightsManifest"), Path.GetDirectoryName(Path.GetFullPath(path))!),
                Inputs = Signature(root.GetProperty("signature").GetProperty("inputs")),
                Outputs = Signature(root.GetProperty("signature").GetProperty("outputs")),
            };
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new ConversionException(fault.Message);
        }
        catch (Exception fault) when (fault is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or ArgumentException)
        {
            throw new ConversionException($"{path} isn't a TensorFlow.js graph model: {fault.Message}");
        }
    }

    static TfNode Node(JsonElement node)
    {
        var inputs = node.TryGetProperty("input", out var list)
            ? list.EnumerateArray().Select(i => i.GetString()!).Where(i => !i.StartsWith('^')).Select(Reference).ToList()
            : [];
        return new(node.GetProperty("name").GetString()!, node.GetProperty("op").GetString()!, inputs, node.TryGetProperty("attr", out var attributes) ? attributes : default);
    }

    /// <summary><c>name</c> or <c>name:output</c>.</summary>
    static (string Node, int Output) Reference(string text)
    {
        int colon = text.LastIndexOf(':');
        return colon > 0 && int.TryParse(text.AsSpan(colon + 1), out int output) ? (text[..colon], output) : (text, 0);
    }

    static List<(string, long[])> Signature(JsonElement entries) =>
        [.. entries.EnumerateObject().OrderBy(e => e.Name, StringComparer.Ordinal).Select(e => (
            Reference(e.Value.GetProperty("name").GetString()!).Node,
            e.Value.GetProperty("tensorShape").GetProperty("dim").EnumerateArray().Select(d => TfNode.Integer(d.GetProperty("size"))).ToArray()))];

    static Dictionary<string, TfTensor> ReadWeights(JsonElement manifest, string folder)
    {
        var weights = new Dictionary<string, TfTensor>();
        foreach (var group in manifest.EnumerateArray())
        {
            byte[] bytes = [.. group.GetProperty("paths").EnumerateArray().SelectMany(p => File.ReadAllBytes(Path.Combine(folder, p.GetString()!)))];
            int at = 0;
            foreach (var weight in group.GetProperty("weights").EnumerateArray())
                weights.Add(weight.GetProperty("name").GetString()!, Weight(weight, bytes, ref at));
            if (at != bytes.Length)
                throw new ConversionException($"The weight files hold {bytes.Length} bytes, the model describes {at}.");
        }

        return weights;
    }

    static TfTensor Weight(JsonElement weight, byte[] bytes, ref int at)
    {
        string name = weight.GetProperty("name").GetString()!, type = weight.GetProperty("dtype").GetString()!;
        long[] shape = [.. weight.GetProperty("shape").EnumerateArray().Select(s => s.GetInt64())];
        int count = checked((int)shape.Aggregate(1L, (product, size) => checked(product * size)));
        string stored = weight.TryGetProperty("quantization", out var quantization) ? quantization.GetProperty("dtype").GetString()! : type;
        int size = (type, stored) switch
        {
            ("float32", "float32") or ("int32", "int32") => 4,
            ("float32", "float16") => 2,
            _ => throw new ConversionException($"The weight '{name}' is {type} stored as {stored}; float32, float16 and int32 are read."),
        };
        if (count > (bytes.Length - at) / size)
            throw new ConversionException($"The weight files end before '{name}'.");
        var from = bytes.AsSpan(at, count * size);
        at += from.Length;
        if (type == "int32")
        {
            long[] integers = new long[count];
            for (int i = 0; i < count; i++)
                integers[i] = BinaryPrimitives.ReadInt32LittleEndian(from[(4 * i)..]);
            return new(shape, null, integers);
        }

        float[] floats = new float[count];
        for (int i = 0; i < count; i++)
            floats[i] = size == 2 ? (float)BinaryPrimitives.ReadHalfLittleEndian(from[(2 * i)..]) : BinaryPrimitives.ReadSingleLittleEndian(from[(4 * i)..]);
        return new(shape, floats, null);
    }
}
