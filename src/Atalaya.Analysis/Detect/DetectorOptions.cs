namespace Atalaya.Analysis.Detect;

/// <summary>What computes a model.</summary>
public enum ExecutionProvider
{
    Cpu,

    /// <summary>NVIDIA; needs a library that was built with it, and CUDA and cuDNN of its version.</summary>
    Cuda,

    /// <summary>Intel processors and graphics; needs a library that was built with it.</summary>
    OpenVino,
}

/// <summary>How a detector runs; what it detects stands in its <see cref="ModelFile"/>.</summary>
public sealed record DetectorOptions
{
    /// <summary>Path of ONNX Runtime's library; null: where <see cref="OnnxRuntime.SearchedPlaces"/> says.</summary>
    public string? Library { get; init; }

    /// <summary>Threads for one picture, from 1 to 64. 1: cameras share the machine, and two pictures on a thread each are done sooner than two after another on both.</summary>
    public int Threads { get; init; } = 1;
    public ExecutionProvider Provider { get; init; } = ExecutionProvider.Cpu;

    /// <summary>Number of the device for a provider that has several, from 0.</summary>
    public int Device { get; init; }

    /// <summary>Crops of one picture that go through the model at once, from 1 to 64, where the model allows more than one. 1: more gains nothing on a processor.</summary>
    public int Batch { get; init; } = 1;

    /// <summary>Least score of a detection, from 0 to 1; null: the model file's.</summary>
    public float? MinScore { get; init; }

    /// <summary>Crops of one picture at most, from 1 to 64; each costs what a whole picture costs. 4: with more regions than that, neighbours share one at less resolution.</summary>
    public int MaxCrops { get; init; } = 4;

    /// <summary>How far a crop may be enlarged, from 1 to 4. 2: models are trained on few things below 20 pixels.</summary>
    public float MaxZoom { get; init; } = 2;

    /// <summary>Every value out of its range, as a sentence; empty when all is well.</summary>
    internal IEnumerable<string> Faults()
    {
        if (Threads is < 1 or > 64)
            yield return $"Threads of a detector are from 1 to 64, not {Threads}.";
        if (Device is < 0 or > 255)
            yield return $"A device has a number from 0 to 255, not {Device}.";
        if (Batch is < 1 or > 64)
            yield return $"A batch holds from 1 to 64 pictures, not {Batch}.";
        if (MinScore is { } score && score is not (>= 0 and <= 1))
            yield return $"The least score is from 0 to 1, not {score}.";
        if (MaxCrops is < 1 or > 64)
            yield return $"A picture is cut into 1 to 64 crops, not {MaxCrops}.";
        if (MaxZoom is not (>= 1 and <= 4))
            yield return $"Crops are enlarged 1 to 4 times, not {MaxZoom}.";
    }
}
