using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

using Atalaya.Media;
using Atalaya.Media.H264;

namespace Atalaya.Analysis.Codec;

/// <summary>
/// Makes H.264 access units from pictures, by the encoder that libavcodec has: libx264, otherwise libopenh264. No B-frames: units come in the order shown.
/// What the encoder writes about itself (SEI) is left out: a unit holds the picture alone.
/// </summary>
/// <remarks>Used by one thread at a time.</remarks>
public sealed unsafe class PictureEncoder : IDisposable
{
    /// <summary>Pixels. Level 6.2's largest picture.</summary>
    public const int MaxPixels = 139_264 * 256;

    const int IdrSlice = 5, Slice = 1;

    // By preference. Both are in Debian's releases of libavcodec; which of them are built in is the distribution's choice.
    static readonly string[] Names = ["libx264", "libopenh264"];

    static readonly string NoEncoder = $"This libavcodec has none of the H.264 encoders {string.Join(", ", Names)}: install one that does (Debian: libavcodec59 or libavcodec61).";

    readonly CodecHandle _codec;
    readonly PacketHandle _packet = LibAv.AllocatePacket();
    readonly FrameHandle _frame = LibAv.AllocateFrame();
    readonly Queue<MediaTime> _times = new();   // of the pictures inside
    long _count;

    PictureEncoder(CodecHandle codec, string name, VideoFormat format, bool fullRange)
    {
        _codec = codec;
        Name = name;
        Format = format;
        FullRange = fullRange;
    }

    /// <summary>libavcodec's name of the encoder.</summary>
    public string Name { get; }

    /// <summary>Of all units.</summary>
    public VideoFormat Format { get; }

    /// <summary>Of all pictures.</summary>
    public bool FullRange { get; }

    /// <summary>Null if pictures can be encoded here, otherwise what is missing and what to do. Needs libavcodec.</summary>
    public static string? Missing() => !NativeLibraries.TryLoadLibAv(out string fault) ? fault : Names.Any(n => LibAv.FindEncoder(n) != 0) ? null : NoEncoder;

    /// <param name="width">Pixels, even, at least 16.</param>
    /// <param name="height">Pixels, even, at least 16.</param>
    /// <param name="fullRange">As <see cref="Picture.FullRange"/>.</param>
    /// <param name="fault">Why not, and what to do.</param>
    public static bool TryOpen(int width, int height, bool fullRange, EncoderOptions options, [NotNullWhen(true)] out PictureEncoder? encoder, out string fault)
    {
        encoder = null;
        if (!NativeLibraries.TryLoadLibAv(out fault))
            return false;
        if (width < 16 || height < 16 || width % 2 != 0 || height % 2 != 0 || (long)width * height > MaxPixels)
        {
            fault = $"Pictures of {width}×{height} can't be encoded: both sides must be even, at least 16, and {MaxPixels} pixels are the most.";
            return false;
        }

        fault = NoEncoder;
        foreach (string name in Names)
        {
            nint implementation = LibAv.FindEncoder(name);
            if (implementation == 0)
                continue;
            var codec = LibAv.AllocateContext(implementation);
            int error = Configure(codec, name, width, height, fullRange, options);
            if (error >= 0)
                error = LibAv.Open(codec, implementation, 0);
            if (error >= 0 && TryDescribe(codec, out var format, out fault))
            {
                encoder = new(codec, name, format, fullRange);
                return true;
            }

            if (error < 0)
                fault = $"The encoder {name} refuses {width}×{height}: {LibAv.Describe(error)}.";
            codec.Dispose();
        }

        return false;
    }

    /// <summary>Encodes one picture and hands over the units that are ready: live exactly one, otherwise none, one or several.</summary>
    /// <param name="picture">Of the size and range that it was opened for, with chroma.</param>
    /// <param name="at">Later than the picture before.</param>
    /// <param name="key">Shall be a key frame.</param>
    /// <exception cref="InvalidOperationException">The encoder failed: it isn't to be used any more.</exception>
    public void Encode(scoped in Picture picture, MediaTime at, bool key, Action<AccessUnit> onUnit)
    {
        if (picture.Width != Format.Width || picture.Height != Format.Height || picture.FullRange != FullRange)
            throw new ArgumentException($"The encoder takes {Format.Width}×{Format.Height}, not {picture.Width}×{picture.Height}.", nameof(picture));
        fixed (byte* luma = picture.Luma, cb = picture.Cb, cr = picture.Cr)
        {
            var frame = _frame.Frame;
            frame->Data[0] = (ulong)luma;
            frame->Data[1] = (ulong)cb;
            frame->Data[2] = (ulong)cr;
            frame->LineSize[0] = picture.LumaStride;
            frame->LineSize[1] = frame->LineSize[2] = picture.ChromaStride;
            frame->Width = picture.Width;
            frame->Height = picture.Height;
            frame->Format = FullRange ? LibAv.Yuvj420P : LibAv.Yuv420P;
            frame->PictureType = key ? LibAv.PictureIntra : LibAv.PictureAny;
            frame->Pts = _count++;
            _times.Enqueue(at);
            int error;
            try
            {
                // Not its own memory: the library copies what it keeps.
                error = LibAv.SendFrame(_codec, frame);
            }
            finally
            {
                LibAv.EmptyFrame(frame);
            }

            if (error < 0)
                throw new InvalidOperationException($"{Name} takes no picture: {LibAv.Describe(error)}.");
        }

        Drain(onUnit);
    }

    /// <summary>Hands over what the encoder still holds. Nothing can be encoded any more.</summary>
    public void Flush(Action<AccessUnit> onUnit)
    {
        LibAv.SendFrame(_codec, null);
        Drain(onUnit);
    }

    public void Dispose()
    {
        _codec.Dispose();
        _packet.Dispose();
        _frame.Dispose();
    }

    static int Configure(CodecHandle codec, string name, int width, int height, bool fullRange, EncoderOptions options)
    {
        var parameters = LibAv.AllocateParameters();
        int error;
        try
        {
            var video = AvParameters.Video(parameters);
            parameters->MediaType = LibAv.MediaTypeVideo;
            parameters->CodecId = LibAv.CodecIdH264;
            video->Format = fullRange ? LibAv.Yuvj420P : LibAv.Yuv420P;
            video->Width = width;
            video->Height = height;
            error = LibAv.ParametersToContext(codec, parameters);
        }
        finally
        {
            LibAv.FreeParameters(&parameters);
        }

        long frame = Math.Clamp(options.FrameDuration.Ticks, MediaTime.TicksPerSecond / 240, MediaTime.TicksPerSecond * 10);
        int quantizer = Math.Clamp(options.Quantizer, 1, 51), group = Math.Clamp(options.LongestGroup, 1, 10_000);
        List<(string Name, string Value)> settings =
        [
            ("time_base", $"{frame}/{MediaTime.TicksPerSecond}"),
            ("g", $"{group}"),
            ("bf", "0"),
            ("threads", $"{Math.Clamp(options.Threads, 1, 16)}"),
            ("flags", "+global_header"),
        ];
        if (name == "libx264")
        {
            settings.AddRange([("preset", options.Live ? "superfast" : "veryfast"), ("profile", "high"), ("crf", $"{quantizer}"), ("forced-idr", "1")]);
            if (options.Live)
                settings.Add(("tune", "zerolatency"));
            else
                settings.Add(("rc-lookahead", "10"));
        }
        else
        {
            // It holds no quality: bits for each pixel that look alike.
            double bits = width * (double)height * MediaTime.TicksPerSecond / frame * 0.1 * Math.Pow(2, (23 - quantizer) / 6.0);
            settings.AddRange([("b", $"{(long)Math.Clamp(bits, 100_000, 50_000_000)}"), ("allow_skip_frames", "0")]);
        }

        foreach (var (option, value) in settings)
        {
            if (error >= 0)
                error = LibAv.SetOption(codec, option, value, LibAv.CodecsOwn);
        }

        return error;
    }

    // The encoder says SPS and PPS before its first picture, with start codes.
    static bool TryDescribe(CodecHandle codec, [NotNullWhen(true)] out VideoFormat? format, out string fault)
    {
        format = null;
        var sets = new H264ParameterSets();
        var parameters = LibAv.AllocateParameters();
        try
        {
            int error = LibAv.ContextToParameters(parameters, codec);
            if (error < 0)
            {
                fault = $"The encoder doesn't say what it writes: {LibAv.Describe(error)}.";
                return false;
            }

            var rest = new ReadOnlySpan<byte>(parameters->ExtraData, parameters->ExtraDataSize);
            while (AnnexB.TryNextNal(ref rest, out var nal))
            {
                if ((nal[0] & 31) is 7 or 8 && !sets.TryAdd(nal, out fault))
                    return false;
            }
        }
        finally
        {
            LibAv.FreeParameters(&parameters);
        }

        return sets.TryCreateFormat(out format, out fault);
    }

    void Drain(Action<AccessUnit> onUnit)
    {
        var packet = _packet.Packet;
        while (true)
        {
            int error = LibAv.ReceivePacket(_codec, packet);
            if (error is LibAv.TryAgain or LibAv.EndOfFile)
                return;
            if (error < 0)
                throw new InvalidOperationException($"{Name} failed: {LibAv.Describe(error)}.");
            AccessUnit? unit;
            try
            {
                unit = Read(new(packet->Data, packet->Size));
            }
            finally
            {
                LibAv.EmptyPacket(packet);
            }

            if (unit is not null)
                onUnit(unit);
        }
    }

    AccessUnit? Read(ReadOnlySpan<byte> packet)
    {
        var at = _times.Dequeue();
        int length = 0;
        bool key = false;
        for (var rest = packet; AnnexB.TryNextNal(ref rest, out var nal);)
        {
            if ((nal[0] & 31) is IdrSlice or Slice)
                length += 4 + nal.Length;
            key |= (nal[0] & 31) == IdrSlice;
        }

        if (length == 0)
            return null;
        byte[] data = GC.AllocateUninitializedArray<byte>(length);
        int to = 0;
        for (var rest = packet; AnnexB.TryNextNal(ref rest, out var nal);)
        {
            if ((nal[0] & 31) is not (IdrSlice or Slice))
                continue;
            BinaryPrimitives.WriteInt32BigEndian(data.AsSpan(to), nal.Length);
            nal.CopyTo(data.AsSpan(to + 4));
            to += 4 + nal.Length;
        }

        return new(Format, data) { Presentation = at, Decode = at, Duration = Format.FrameDuration, IsKey = key };
    }
}
