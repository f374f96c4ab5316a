using Atalaya.Analysis.Detect;

namespace Atalaya.Analysis.Tests.Detect;

/// <summary>A runtime whose outputs a test writes by hand.</summary>
sealed class ScriptedInference : Inference
{
    readonly float[] _input;
    readonly (TensorInfo Info, float[] Floats, long[] Integers)[] _outputs;

    public ScriptedInference(TensorInfo image, params (TensorInfo Info, float[] Floats)[] outputs)
    {
        Inputs = [image];
        _input = new float[3 * 4096 * 4096 / 16];
        _outputs = [.. outputs.Select(o => (o.Info, o.Floats, Array.Empty<long>()))];
        Outputs = [.. outputs.Select(o => o.Info)];
    }

    public override IReadOnlyList<TensorInfo> Inputs { get; }
    public override IReadOnlyList<TensorInfo> Outputs { get; }
    public override int Batch => 1;
    public int Runs { get; private set; }
    public bool IsDisposed { get; private set; }

    /// <summary>Told before each run, with what the input then holds; may change outputs.</summary>
    public Action<int>? OnRun { get; set; }

    public float[] Floats(int output) => _outputs[output].Floats;

    public void Integers(int output, params long[] values) => _outputs[output].Integers = values;

    public override IReadOnlyList<long[]> Prepare(TensorInfo image, IReadOnlyList<long> shape, IReadOnlyDictionary<string, long[]> constants) =>
        [.. Outputs.Select(o => o.Shape.Select(s => s < 0 ? 1 : s).ToArray())];

    public override Span<float> Input(int picture) => _input;

    public override void Run(int pictures)
    {
        OnRun?.Invoke(Runs);
        Runs++;
    }

    public override ReadOnlySpan<float> Output(int output, int picture) => _outputs[output].Floats;

    public override ReadOnlySpan<long> OutputInt64(int output, int picture) => _outputs[output].Integers;

    public override void Dispose() => IsDisposed = true;
}
