using Atalaya.Media;

namespace Atalaya.Analysis.Codec;

/// <summary>How pictures are encoded.</summary>
public sealed record EncoderOptions
{
    /// <summary>Each picture comes out at once, with little effort. Otherwise some are kept back to be coded better; the last come with <see cref="PictureEncoder.Flush"/>.</summary>
    public bool Live { get; init; }

    /// <summary>H.264's quantizer at which quality is held, 1 (best) to 51; 23: hardly told from a camera's own stream.</summary>
    public int Quantizer { get; init; } = 23;

    /// <summary>What a picture usually lasts: the encoder shares out bits by it. Times of pictures are those they come with.</summary>
    public MediaTime FrameDuration { get; init; } = new(3600);

    /// <summary>Pictures from one key frame to the next at most, where the caller asks for none.</summary>
    public int LongestGroup { get; init; } = 250;

    /// <summary>Parts of a picture at once, 1 to 16.</summary>
    public int Threads { get; init; } = 1;
}
