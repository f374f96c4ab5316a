using System.Runtime.InteropServices;

namespace Atalaya.ModelConverter;

/// <summary>Builds an ONNX model (onnx.proto, IR version 7, operator set 13). Field numbers are those of that file.</summary>
sealed class OnnxGraph
{
    const int IrVersion = 7, OperatorSet = 13;
    const int FloatTensor = 1, Int64Tensor = 7;
    const int AttributeFloat = 1, AttributeInt = 2, AttributeString = 3, AttributeInts = 7;

    readonly ProtoWriter _nodes = new(), _constants = new(), _inputs = new(), _outputs = new();
    int _made;

    public int NodeCount { get; private set; }

    /// <summary>A name that nothing else has.</summary>
    public string NewName(string kind) => $"{kind}.{_made++}";

    /// <param name="shape">−1 for a size that is left free.</param>
    public void Input(string name, IReadOnlyList<long> shape) => _inputs.Message(11, ValueInfo(name, shape));

    public void Output(string name, IReadOnlyList<long> shape) => _outputs.Message(12, ValueInfo(name, shape));

    public string Constant(ReadOnlySpan<float> values, params ReadOnlySpan<long> shape) => Constant(FloatTensor, MemoryMarshal.AsBytes(values), shape);

    /// <summary>A list of whole numbers, as shapes and axes are given.</summary>
    public string Constant(params ReadOnlySpan<long> values) => Constant(Int64Tensor, MemoryMarshal.AsBytes(values), [values.Length]);

    /// <summary>Adds an operator and gives the name of its first output.</summary>
    public string Node(string type, IEnumerable<string> inputs, IEnumerable<OnnxAttribute>? attributes = null, int outputs = 1, string? name = null)
    {
        name ??= NewName(type);
        var node = new ProtoWriter();
        foreach (string input in inputs)
            node.Text(1, input);
        for (int i = 0; i < outputs; i++)
            node.Text(2, OutputName(name, i));
        node.Text(3, name).Text(4, type);
        foreach (var attribute in attributes ?? [])
            node.Message(5, Attribute(attribute));
        _nodes.Message(1, node);
        NodeCount++;
        return name;
    }

    /// <summary>Name of a further output of a node.</summary>
    public static string OutputName(string node, int index) => index == 0 ? node : $"{node}:{index}";

    public byte[] Model(string producer, IEnumerable<(string Key, string Value)> about)
    {
        // Fields that are written one after another are one message.
        byte[] graph = [.. _nodes.Written, .. new ProtoWriter().Text(2, "model").Written, .. _constants.Written, .. _inputs.Written, .. _outputs.Written];
        var writer = new ProtoWriter().Int(1, IrVersion).Text(2, producer).Bytes(7, graph).Message(8, new ProtoWriter().Text(1, "").Int(2, OperatorSet));
        foreach (var (key, value) in about)
            writer.Message(14, new ProtoWriter().Text(1, key).Text(2, value));
        return writer.Written.ToArray();
    }

    string Constant(int type, ReadOnlySpan<byte> bytes, ReadOnlySpan<long> shape)
    {
        string name = NewName("constant");
        var tensor = new ProtoWriter();
        foreach (long size in shape)
            tensor.Int(1, size);
        _constants.Message(5, tensor.Int(2, type).Text(8, name).Bytes(9, bytes));
        return name;
    }

    static ProtoWriter ValueInfo(string name, IReadOnlyList<long> shape)
    {
        var sizes = new ProtoWriter();
        foreach (long size in shape)
            sizes.Message(1, size < 0 ? new ProtoWriter().Text(2, "batch") : new ProtoWriter().Int(1, size));
        var tensor = new ProtoWriter().Int(1, FloatTensor).Message(2, sizes);
        return new ProtoWriter().Text(1, name).Message(2, new ProtoWriter().Message(1, tensor));
    }

    static ProtoWriter Attribute(OnnxAttribute attribute)
    {
        var writer = new ProtoWriter().Text(1, attribute.Name);
        switch (attribute.Value)
        {
            case float number:
                return writer.Float(2, number).Int(20, AttributeFloat);
            case long number:
                return writer.Int(3, number).Int(20, AttributeInt);
            case string text:
                return writer.Text(4, text).Int(20, AttributeString);
            case long[] numbers:
                foreach (long number in numbers)
                    writer.Int(8, number);
                return writer.Int(20, AttributeInts);
            default:
                throw new ArgumentException($"An attribute can't be a {attribute.Value.GetType()}.", nameof(attribute));
        }
    }
}

/// <param name="Value">A float, long, string or long[].</param>
readonly record struct OnnxAttribute(string Name, object Value);
