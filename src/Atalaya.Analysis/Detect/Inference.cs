namespace Atalaya.Analysis.Detect;

/// <summary>Element types that models of this field take and give.</summary>
enum TensorType
{
    Other,
    Float,
    Int64,
}

/// <summary>A model's input or output.</summary>
/// <param name="Shape">Sizes, outermost first; −1 where the model leaves one free.</param>
sealed record TensorInfo(string Name, TensorType Type, IReadOnlyList<long> Shape)
{
    public override string ToString() => $"{Name} {Type} [{string.Join(", ", Shape.Select(s => s < 0 ? "?" : $"{s}"))}]";
}

/// <summary>
/// A model that computes: the boundary behind which ONNX Runtime stands. Input memory is filled by the caller, then <see cref="Run"/>, then output memory is
/// read; both belong to this object and stay where they are. One thread at a time.
/// </summary>
abstract class Inference : IDisposable
{
    public abstract IReadOnlyList<TensorInfo> Inputs { get; }
    public abstract IReadOnlyList<TensorInfo> Outputs { get; }

    /// <summary>Pictures that one run can take.</summary>
    public abstract int Batch { get; }

    /// <summary>Makes the tensors. Called once, before all that follows.</summary>
    /// <param name="image">The input that takes the picture.</param>
    /// <param name="shape">Its shape for one picture; the first size is 1.</param>
    /// <param name="constants">Values of every other input, for one picture.</param>
    /// <returns>The shape of every output for one picture, free sizes found by a first run.</returns>
    /// <exception cref="DetectorException">The model doesn't run so.</exception>
    public abstract IReadOnlyList<long[]> Prepare(TensorInfo image, IReadOnlyList<long> shape, IReadOnlyDictionary<string, long[]> constants);

    /// <summary>Where the next run's picture goes.</summary>
    /// <param name="picture">From 0 to <see cref="Batch"/> − 1.</param>
    public abstract Span<float> Input(int picture);

    /// <exception cref="DetectorException">The runtime failed; it may work the next time.</exception>
    public abstract void Run(int pictures);

    /// <summary>What an output held for one picture after the last run; valid until the next. Only of outputs of type <see cref="TensorType.Float"/>.</summary>
    public abstract ReadOnlySpan<float> Output(int output, int picture);

    /// <inheritdoc cref="Output"/>
    public abstract ReadOnlySpan<long> OutputInt64(int output, int picture);

    public abstract void Dispose();
}
