namespace Atalaya.Media.Mp4;

/// <summary>The boxes below <c>moov</c> that an init segment and an ordinary file share.</summary>
static class MoovBoxes
{
    /// <summary>Of the movie and of every video track: ticks per second.</summary>
    public const int MovieTimescale = (int)MediaTime.TicksPerSecond;

    public static int Timescale(TrackFormat format) => format is AudioFormat audio ? audio.SampleRate : MovieTimescale;

    public static void Mvhd(BoxWriter to, ulong duration, int tracks)
    {
        int box = BeginTimed(to, BoxType.Mvhd, 0, duration);
        to.UInt32(MovieTimescale);
        Duration(to, duration);
        to.UInt32(0x0001_0000);     // rate 1.0
        to.UInt16(0x0100);          // volume 1.0
        to.Zeros(10);
        Matrix(to);
        to.Zeros(24);
        to.UInt32((uint)tracks + 1);
        to.End(box);
    }

    /// <param name="duration">In the movie's timescale.</param>
    public static void Tkhd(BoxWriter to, TrackFormat format, int trackId, ulong duration)
    {
        int box = BeginTimed(to, BoxType.Tkhd, 3, duration);    // enabled, in the movie
        to.UInt32((uint)trackId);
        to.UInt32(0);
        Duration(to, duration);
        to.Zeros(8);
        to.UInt16(0);                                           // layer
        to.UInt16(0);                                           // alternate group
        to.UInt16(format is AudioFormat ? (ushort)0x0100 : (ushort)0);
        to.UInt16(0);
        Matrix(to);
        var video = format as VideoFormat;
        to.UInt32((uint)(video?.Width ?? 0) << 16);
        to.UInt32((uint)(video?.Height ?? 0) << 16);
        to.End(box);
    }

    /// <param name="duration">In the track's timescale.</param>
    public static void Mdhd(BoxWriter to, TrackFormat format, ulong duration)
    {
        int box = BeginTimed(to, BoxType.Mdhd, 0, duration);
        to.UInt32((uint)Timescale(format));
        Duration(to, duration);
        to.UInt16(0x55C4);          // language: und
        to.UInt16(0);
        to.End(box);
    }

    public static void Hdlr(BoxWriter to, TrackFormat format)
    {
        int box = to.Begin(BoxType.Hdlr, 0, 0);
        to.UInt32(0);
        to.UInt32(format is VideoFormat ? BoxType.Vide : BoxType.Soun);
        to.Zeros(12);
        to.Bytes(format is VideoFormat ? "video\0"u8 : "audio\0"u8);
        to.End(box);
    }

    /// <summary><c>vmhd</c> or <c>smhd</c>, and the <c>dinf</c> that says the data is in this file.</summary>
    public static void MediaHeaders(BoxWriter to, TrackFormat format)
    {
        int box = format is VideoFormat ? to.Begin(BoxType.Vmhd, 0, 1) : to.Begin(BoxType.Smhd, 0, 0);
        to.Zeros(format is VideoFormat ? 8 : 4);
        to.End(box);
        int dinf = to.Begin(BoxType.Dinf);
        int dref = to.Begin(BoxType.Dref, 0, 0);
        to.UInt32(1);
        to.End(to.Begin(BoxType.Url, 0, 1));
        to.End(dref);
        to.End(dinf);
    }

    public static void SampleEntry(BoxWriter to, TrackFormat format)
    {
        switch (format)
        {
            case VideoFormat video:
                VisualEntry(to, video);
                break;
            case AudioFormat audio:
                AudioEntry(to, audio);
                break;
            default:
                throw new ArgumentException($"An MP4 file has no sample entry for {format.GetType().Name}.", nameof(format));
        }
    }

    // ISO/IEC 14496-12 12.1.3, 14496-15 5.4.2 and 8.4.1. Parameter sets are in the entry (avc1, hvc1), not in the samples.
    static void VisualEntry(BoxWriter to, VideoFormat video)
    {
        bool h264 = video.Codec == Codec.H264;
        int entry = to.Begin(h264 ? BoxType.Avc1 : BoxType.Hvc1);
        to.Zeros(6);
        to.UInt16(1);               // data reference
        to.Zeros(16);
        to.UInt16(checked((ushort)video.Width));
        to.UInt16(checked((ushort)video.Height));
        to.UInt32(0x0048_0000);     // 72 dpi
        to.UInt32(0x0048_0000);
        to.UInt32(0);
        to.UInt16(1);               // frames per sample
        to.Zeros(32);               // compressor name
        to.UInt16(0x0018);
        to.UInt16(0xFFFF);
        int configuration = to.Begin(h264 ? BoxType.AvcC : BoxType.HvcC);
        to.Bytes(video.Configuration.Span);
        to.End(configuration);
        to.End(entry);
    }

    // ISO/IEC 14496-12 12.2.3. G.711 and linear samples under their QuickTime names, which ffmpeg, VLC and GStreamer read.
    static void AudioEntry(BoxWriter to, AudioFormat audio)
    {
        int entry = to.Begin(audio.Codec switch
        {
            Codec.Aac => BoxType.Mp4a,
            Codec.PcmMuLaw => BoxType.Ulaw,
            Codec.PcmALaw => BoxType.Alaw,
            Codec.L16 => BoxType.Twos,
            _ => throw new ArgumentException($"An MP4 file has no audio sample entry for {audio.Codec}.", nameof(audio)),
        });
        to.Zeros(6);
        to.UInt16(1);
        to.Zeros(8);
        to.UInt16((ushort)audio.Channels);
        to.UInt16(16);
        to.UInt32(0);
        to.UInt32(audio.SampleRate <= ushort.MaxValue ? (uint)audio.SampleRate << 16 : 0);
        if (audio.Codec == Codec.Aac)
            Esds(to, audio.Configuration.Span);
        to.End(entry);
    }

    // ISO/IEC 14496-14 6.7.2; descriptors of 14496-1 7.2.6.
    static void Esds(BoxWriter to, ReadOnlySpan<byte> audioSpecificConfig)
    {
        int box = to.Begin(BoxType.Esds, 0, 0);
        int specific = DescriptorSize(audioSpecificConfig.Length);
        int decoder = DescriptorSize(13 + specific);
        Descriptor(to, 3, 3 + decoder + DescriptorSize(1));
        to.UInt16(0);               // ES_ID
        to.UInt8(0);
        Descriptor(to, 4, 13 + specific);
        to.UInt8(0x40);             // MPEG-4 audio
        to.UInt8(0x15);             // audio stream
        to.Zeros(11);               // buffer size and bit rates: unknown
        Descriptor(to, 5, audioSpecificConfig.Length);
        to.Bytes(audioSpecificConfig);
        Descriptor(to, 6, 1);
        to.UInt8(2);                // SL packets as MP4 predefines them
        to.End(box);

        static int DescriptorSize(int body) => 1 + LengthBytes(body) + body;
        static int LengthBytes(int body) => body < 0x80 ? 1 : body < 0x4000 ? 2 : 3;

        static void Descriptor(BoxWriter to, byte tag, int body)
        {
            to.UInt8(tag);
            for (int left = LengthBytes(body) - 1; left >= 0; left--)
                to.UInt8((byte)(((body >> (7 * left)) & 0x7F) | (left > 0 ? 0x80 : 0)));
        }
    }

    // Creation and modification time stay zero: the log says when, and equal footage makes equal bytes.
    static int BeginTimed(BoxWriter to, uint type, uint flags, ulong duration)
    {
        bool wide = duration > uint.MaxValue;
        int box = to.Begin(type, wide ? (byte)1 : (byte)0, flags);
        to.Zeros(wide ? 16 : 8);
        return box;
    }

    static void Duration(BoxWriter to, ulong duration)
    {
        if (duration > uint.MaxValue)
            to.UInt64(duration);
        else
            to.UInt32((uint)duration);
    }

    static void Matrix(BoxWriter to)
    {
        ReadOnlySpan<uint> unity = [0x0001_0000, 0, 0, 0, 0x0001_0000, 0, 0, 0, 0x4000_0000];
        foreach (uint value in unity)
            to.UInt32(value);
    }
}
