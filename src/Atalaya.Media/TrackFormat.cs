namespace Atalaya.Media;

public enum Codec
{
    H264,
    H265,
    Aac,
    /// <summary>G.711 µ-law, RTP payload type 0.</summary>
    PcmMuLaw,
    /// <summary>G.711 A-law, RTP payload type 8.</summary>
    PcmALaw,
    /// <summary>Linear 16 bit, big endian (RFC 3551 4.5.11).</summary>
    L16,
}

/// <summary>What a decoder must know before the first access unit. Immutable; a change in mid-stream makes a new one.</summary>
public abstract class TrackFormat(Codec codec, ReadOnlyMemory<byte> configuration) : IEquatable<TrackFormat>
{
    public Codec Codec { get; } = codec;

    /// <summary>
    /// The decoder configuration as MP4 carries it: payload of <c>avcC</c> (ISO/IEC 14496-15 5.3.3.1), of <c>hvcC</c> (8.3.3.1), or the
    /// AudioSpecificConfig (ISO/IEC 14496-3 1.6.2.1). Empty for G.711 and L16.
    /// </summary>
    public ReadOnlyMemory<byte> Configuration { get; } = configuration;

    /// <summary>The <c>codecs</c> parameter, RFC 6381: <c>avc1.640028</c>, <c>hvc1.1.6.L93.B0</c>, <c>mp4a.40.2</c>, <c>ulaw</c> …</summary>
    public abstract string CodecString { get; }

    public virtual bool Equals(TrackFormat? other) =>
        other is not null && other.GetType() == GetType() && Codec == other.Codec && Configuration.Span.SequenceEqual(other.Configuration.Span);

    public sealed override bool Equals(object? obj) => Equals(obj as TrackFormat);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.Add(Codec);
        hash.AddBytes(Configuration.Span);
        return hash.ToHashCode();
    }
}

/// <param name="codecString">RFC 6381.</param>
/// <param name="width">Pixels, cropping applied.</param>
/// <param name="height">Pixels, cropping applied.</param>
/// <param name="reorderDelay">
/// How far ahead of presentation decoding starts: as many frame durations as pictures may be reordered, zero without B-frames. (A picture that
/// many B-frames precede may still be decoded earlier than that.) An MP4 track of this format starts its edit at this media time, so that
/// presentation times in the file are those of the access units.
/// </param>
/// <param name="frameDuration">What the parameter sets or the first pictures promise; a prediction, never exact. Zero if unknown.</param>
public sealed class VideoFormat(
    Codec codec, ReadOnlyMemory<byte> configuration, string codecString, int width, int height, MediaTime reorderDelay = default, MediaTime frameDuration = default)
    : TrackFormat(codec, configuration)
{
    public override string CodecString { get; } = codecString;
    public int Width { get; } = width;
    public int Height { get; } = height;
    public MediaTime ReorderDelay { get; } = reorderDelay;
    public MediaTime FrameDuration { get; } = frameDuration;

    public override bool Equals(TrackFormat? other) =>
        base.Equals(other) && other is VideoFormat v && v.Width == Width && v.Height == Height && v.ReorderDelay == ReorderDelay;

    public override int GetHashCode() => HashCode.Combine(base.GetHashCode(), Width, Height, ReorderDelay);
}

/// <param name="sampleRate">Hz; also the timescale of the track in a file.</param>
public sealed class AudioFormat(Codec codec, ReadOnlyMemory<byte> configuration, string codecString, int sampleRate, int channels)
    : TrackFormat(codec, configuration)
{
    public override string CodecString { get; } = codecString;
    public int SampleRate { get; } = sampleRate;
    public int Channels { get; } = channels;

    public override bool Equals(TrackFormat? other) =>
        base.Equals(other) && other is AudioFormat a && a.SampleRate == SampleRate && a.Channels == Channels;

    public override int GetHashCode() => HashCode.Combine(base.GetHashCode(), SampleRate, Channels);
}
