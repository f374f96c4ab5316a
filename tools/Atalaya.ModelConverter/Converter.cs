namespace Atalaya.ModelConverter;

/// <summary>
/// A TensorFlow.js graph becomes an ONNX graph, operator by operator, from the outputs back. Covers the operators of convolutional detectors that were exported
/// through TensorFlow; one that isn't known ends the conversion, as a model that is nearly right is worse than none.
/// </summary>
/// <remarks>
/// TensorFlow convolves with colours last, ONNX with colours first; graphs that came from PyTorch therefore turn around every convolution and back. The turns are kept
/// as they are: ONNX Runtime takes out those that cancel. What it doesn't see through them is done here: a bias added after a convolution, and a border put around its input
/// before, become the convolution's own (a fifth of NanoDet's time: with them apart, it changes its memory layout and back for each).
/// </remarks>
sealed class Converter
{
    readonly TfjsGraph _from;
    readonly OnnxGraph _to = new();
    readonly Dictionary<string, string> _converted = [];       // node → name of its first output
    readonly Dictionary<string, TfTensor?> _constants = [];
    readonly Dictionary<string, int> _consumers;
    readonly SortedSet<string> _unknown = new(StringComparer.Ordinal);

    Converter(TfjsGraph from)
    {
        _from = from;
        _consumers = from.Nodes.Values.SelectMany(n => n.Inputs).GroupBy(i => i.Node).ToDictionary(g => g.Key, g => g.Count());
    }

    /// <param name="about">Kept in the file as metadata.</param>
    /// <returns>The bytes of an .onnx file; inputs and outputs keep their names, and each output its place by name.</returns>
    /// <exception cref="ConversionException">Something in the graph isn't known here.</exception>
    public static byte[] Convert(TfjsGraph graph, IEnumerable<(string Key, string Value)> about)
    {
        var converter = new Converter(graph);
        foreach (var (node, shape) in graph.Inputs)
        {
            converter._to.Input(node, shape);
            converter._converted[node] = node;
        }

        foreach (var (node, shape) in graph.Outputs)
        {
            converter.Visit(node);
            converter._to.Output(node, shape);
        }

        if (converter._unknown.Count > 0)
            throw new ConversionException($"These operators aren't converted: {string.Join(", ", converter._unknown)}.");
        return converter._to.Model("atalaya", about);
    }

    string Value((string Node, int Output) input) => OnnxGraph.OutputName(Visit(input.Node), input.Output);

    /// <summary>Name of a node's first output, the node and all before it converted.</summary>
    string Visit(string name)
    {
        if (_converted.TryGetValue(name, out string? done))
            return done;
        string made = Constant(name) is { Floats: { } floats } constant ? _to.Constant(floats, constant.Shape) : Convert(Find(name));
        return _converted[name] = made;
    }

    TfNode Find(string name) => _from.Nodes.TryGetValue(name, out var node) ? node : throw new ConversionException($"There is no node '{name}'.");

    string Convert(TfNode node)
    {
        switch (node.Type)
        {
            case "Conv2D":
                return Convolution(node, bias: null);
            case "Add" or "AddV2" or "BiasAdd":
                return BiasedConvolution(node) ?? _to.Node("Add", [Value(node.Inputs[0]), Value(node.Inputs[1])]);
            case "MaxPool":
                // A border of the least number there is changes no maximum.
                var (x, padding) = ChannelsFirst(node, border => border <= float.MinValue);
                return ChannelsLast(_to.Node("MaxPool", [x], [new("kernel_shape", Spatial(node, "ksize")), new("strides", Spatial(node, "strides")), padding]));
            case "ResizeBilinear":
                return ChannelsLast(Resize(node, ChannelsFirst(node.Inputs[0])));
            case "Pad" or "PadV2":
                return Pad(node);
            case "LeakyRelu":
                return _to.Node("LeakyRelu", [Value(node.Inputs[0])], [new("alpha", node.Number("alpha", 0.2f))]);
            case "Relu" or "Sigmoid":
                return _to.Node(node.Type, [Value(node.Inputs[0])]);
            case "Identity":
                // An output of the graph must keep its name.
                return _to.Node("Identity", [Value(node.Inputs[0])], name: node.Name);
            case "Transpose":
                return _to.Node("Transpose", [Value(node.Inputs[0])], [new("perm", Integers(node, 1))]);
            case "Reshape":
                return _to.Node("Reshape", [Value(node.Inputs[0]), _to.Constant(Integers(node, 1))]);
            case "ConcatV2":
                return _to.Node("Concat", node.Inputs.SkipLast(1).Select(Value), [new("axis", Integers(node, node.Inputs.Count - 1)[0])]);
            case "SplitV":
                long[] sizes = Integers(node, 1);
                return _to.Node("Split", [Value(node.Inputs[0]), _to.Constant(sizes)], [new("axis", Integers(node, 2)[0])], outputs: sizes.Length);
            default:
                _unknown.Add(node.Type);
                foreach (var input in node.Inputs)
                    Visit(input.Node);
                return node.Name;
        }
    }

    /// <summary>An addition of one number a channel to what a convolution gives to nobody else.</summary>
    string? BiasedConvolution(TfNode sum)
    {
        var (first, second) = (sum.Inputs[0], sum.Inputs[1]);
        return _from.Nodes.TryGetValue(first.Node, out var convolution) && convolution.Type == "Conv2D" && _consumers[first.Node] == 1
            && Constant(second.Node) is { Floats: { } bias, Shape.Length: 1 }
            ? Convolution(convolution, bias)
            : null;
    }

    string Convolution(TfNode node, float[]? bias)
    {
        if (node.Text("data_format", "NHWC") != "NHWC" || Constant(node.Inputs[1].Node) is not { Floats: { } weights, Shape: [var height, var width, var inputs, var outputs] })
            throw new ConversionException($"The convolution '{node.Name}' must have its channels last and constant weights.");
        // From height, width, in, out to out, in, height, width.
        float[] turned = new float[weights.Length];
        for (long y = 0, from = 0; y < height; y++)
        {
            for (long x = 0; x < width; x++)
            {
                for (long i = 0; i < inputs; i++)
                {
                    for (long o = 0; o < outputs; o++, from++)
                        turned[(((((o * inputs) + i) * height) + y) * width) + x] = weights[from];
                }
            }
        }

        var more = new List<string> { _to.Constant(turned, outputs, inputs, height, width) };
        if (bias is not null)
            more.Add(_to.Constant(bias, bias.Length));
        var (picture, padding) = ChannelsFirst(node, border => border == 0);
        return ChannelsLast(_to.Node("Conv", [picture, .. more], [new("strides", Spatial(node, "strides")), new("dilations", Spatial(node, "dilations")), padding]));
    }

    string Resize(TfNode node, string x)
    {
        long[] size = Integers(node, 1);
        string mode = node.Flag("align_corners") ? "align_corners" : node.Flag("half_pixel_centers") ? "half_pixel" : "asymmetric";
        // Sizes of all four dimensions are wanted; batch and channels are those of the input.
        string shape = _to.Node("Shape", [x]);
        string kept = _to.Node("Slice", [shape, _to.Constant(0), _to.Constant(2)]);
        string sizes = _to.Node("Concat", [kept, _to.Constant(size)], [new("axis", 0L)]);
        return _to.Node("Resize", [x, "", "", sizes], [new("mode", "linear"), new("coordinate_transformation_mode", mode)]);
    }

    string Pad(TfNode node) => _to.Node("Pad", [Value(node.Inputs[0]), _to.Constant(Pads(node)), _to.Constant([Border(node)], shape: [])]);

    /// <summary>From begin and end of each dimension to all begins, then all ends.</summary>
    long[] Pads(TfNode pad)
    {
        long[] pairs = Integers(pad, 1);
        return [.. pairs.Where((_, i) => i % 2 == 0), .. pairs.Where((_, i) => i % 2 == 1)];
    }

    float Border(TfNode pad) => pad.Type == "PadV2" && Constant(pad.Inputs[2].Node) is { Floats: [var given] } ? given : 0;

    string ChannelsFirst((string Node, int Output) input) => _to.Node("Transpose", [Value(input)], [new("perm", (long[])[0, 3, 1, 2])]);

    string ChannelsLast(string value) => _to.Node("Transpose", [value], [new("perm", (long[])[0, 2, 3, 1])]);

    /// <summary>A window operator's input as ONNX wants it, and its padding: a border that was put around the picture before goes into the operator.</summary>
    /// <param name="implied">Whether the operator treats what lies outside as this.</param>
    (string Value, OnnxAttribute Padding) ChannelsFirst(TfNode node, Func<float, bool> implied)
    {
        string padding = node.Text("padding", "VALID");
        if (padding == "VALID" && _from.Nodes.TryGetValue(node.Inputs[0].Node, out var turn) && turn.Type == "Transpose" && Integers(turn, 1) is [0, 2, 3, 1]
            && _from.Nodes.TryGetValue(turn.Inputs[0].Node, out var pad) && pad.Type is "Pad" or "PadV2"
            && implied(Border(pad)) && Pads(pad) is [0, 0, var top, var left, 0, 0, var bottom, var right])
        {
            return (Value(pad.Inputs[0]), new("pads", (long[])[top, left, bottom, right]));
        }

        return (ChannelsFirst(node.Inputs[0]), new("auto_pad", padding switch
        {
            "VALID" => "VALID",
            "SAME" => "SAME_UPPER",
            _ => throw new ConversionException($"'{node.Name}' pads by {padding}; SAME and VALID are known."),
        }));
    }

    /// <summary>The two inner of four numbers; ones if there are none.</summary>
    static long[] Spatial(TfNode node, string attribute) => node.Numbers(attribute) is [_, var down, var across, _] ? [down, across] : [1, 1];

    long[] Integers(TfNode node, int input) =>
        Constant(node.Inputs[input].Node) is { Integers: { } values }
            ? values
            : throw new ConversionException($"'{node.Name}' ({node.Type}) has an input {input} that isn't constant.");

    /// <summary>The value of a node that depends on no input: a weight, or the arithmetic of shapes that exporters leave behind.</summary>
    TfTensor? Constant(string name)
    {
        if (_from.Weights.TryGetValue(name, out var weight))
            return weight;
        if (!_constants.TryGetValue(name, out var known))
            _constants[name] = known = Compute(Find(name));
        return known;
    }

    TfTensor? Compute(TfNode node)
    {
        if (node.Type is not ("Add" or "AddV2" or "SparseToDense"))
            return null;
        var inputs = node.Inputs.Select(i => Constant(i.Node)).ToArray();
        if (!Array.TrueForAll(inputs, i => i?.Integers is not null))
            return null;
        long[][] values = [.. inputs.Select(i => i!.Integers!)];
        if (node.Type == "SparseToDense")
        {
            // Places, length, values and what stands everywhere else; of one dimension only.
            if (values[1].Length != 1)
                return null;
            long[] dense = new long[checked((int)values[1][0])];
            Array.Fill(dense, values[3][0]);
            for (int i = 0; i < values[0].Length; i++)
                dense[values[0][i]] = values[2][Math.Min(i, values[2].Length - 1)];
            return new([dense.Length], null, dense);
        }

        var (a, b) = (values[0], values[1]);
        if (a.Length != b.Length && a.Length != 1 && b.Length != 1)
            return null;
        long[] sum = new long[Math.Max(a.Length, b.Length)];
        for (int i = 0; i < sum.Length; i++)
            sum[i] = a[a.Length == 1 ? 0 : i] + b[b.Length == 1 ? 0 : i];
        return new([sum.Length], null, sum);
    }
}
