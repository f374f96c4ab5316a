namespace Atalaya.Analysis.Codec;

/// <summary>Which pictures are left out, from none to all that another needs not.</summary>
public enum DecoderSkip
{
    None,

    /// <summary>Pictures that no other is made from: B-frames mostly. Those that remain are whole.</summary>
    NonReference,

    /// <summary>All but key frames.</summary>
    NonKey,
}

/// <summary>Who decodes.</summary>
public enum DecoderHardware
{
    /// <summary>The processor.</summary>
    None,

    /// <summary>Intel and AMD graphics on Linux.</summary>
    Vaapi,

    /// <summary>NVIDIA (NVDEC).</summary>
    Cuda,
}

/// <summary>How one stream is decoded.</summary>
public sealed record DecoderOptions
{
    public DecoderSkip Skip { get; init; }

    /// <summary>Slices of one picture at once, 1 to 16. 1: streams share the processor better than slices do; more never delays a picture.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>Larger pictures are refused: 8192 × 8192 is more than any camera's, and 100 MB.</summary>
    public int MaxPixels { get; init; } = 8192 * 8192;

    public DecoderHardware Hardware { get; init; }

    /// <summary>Which device: <c>/dev/dri/renderD128</c> for VAAPI, a number for CUDA. Null: the first.</summary>
    public string? Device { get; init; }
}
