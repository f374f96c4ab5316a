using System.Runtime.InteropServices;

namespace Atalaya.Analysis.Codec;

/// <summary>What we use of FFmpeg's libavcodec, libavutil and libswscale. Names and constants are those of their headers.</summary>
static unsafe partial class LibAv
{
    public const string Codec = "avcodec", Util = "avutil", Scale = "swscale";

    public const int LogQuiet = -8;

    /// <summary>Bytes that a decoder may read behind its input (AV_INPUT_BUFFER_PADDING_SIZE).</summary>
    public const int InputPadding = 64;

    public const int MediaTypeVideo = 0, CodecIdH264 = 27, CodecIdHevc = 173;

    /// <summary>AVERROR(EAGAIN) and AVERROR_EOF: no picture now, and no picture any more.</summary>
    public const int TryAgain = -11, EndOfFile = -541478725;

    /// <summary>AVERROR(ENOMEM) and AVERROR(ENOSYS).</summary>
    public const int NoMemory = -12, NotBuiltIn = -38;

    public const long NoTime = long.MinValue;
    public const int PacketKey = 1;

    // enum AVPixelFormat, the part that never changed.
    public const int Yuv420P = 0, Rgb24 = 2, Bgr24 = 3, Yuvj420P = 12;

    /// <summary>AV_OPT_SEARCH_CHILDREN: the options of the codec itself as well.</summary>
    public const int CodecsOwn = 1;

    /// <summary>AV_PICTURE_TYPE_NONE and AV_PICTURE_TYPE_I.</summary>
    public const int PictureAny = 0, PictureIntra = 1;

    public const int ScaleBilinear = 2, ScaleArea = 0x20;

    [LibraryImport(Codec, EntryPoint = "avcodec_find_decoder")]
    public static partial nint FindDecoder(int id);

    [LibraryImport(Codec, EntryPoint = "avcodec_find_encoder_by_name", StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint FindEncoder(string name);

    [LibraryImport(Codec, EntryPoint = "avcodec_alloc_context3")]
    public static partial CodecHandle AllocateContext(nint codec);

    [LibraryImport(Codec, EntryPoint = "avcodec_free_context")]
    public static partial void FreeContext(ref nint context);

    [LibraryImport(Codec, EntryPoint = "avcodec_parameters_alloc")]
    public static partial AvParameters* AllocateParameters();

    [LibraryImport(Codec, EntryPoint = "avcodec_parameters_free")]
    public static partial void FreeParameters(AvParameters** parameters);

    [LibraryImport(Codec, EntryPoint = "avcodec_parameters_to_context")]
    public static partial int ParametersToContext(CodecHandle context, AvParameters* parameters);

    [LibraryImport(Codec, EntryPoint = "avcodec_parameters_from_context")]
    public static partial int ContextToParameters(AvParameters* parameters, CodecHandle context);

    [LibraryImport(Codec, EntryPoint = "avcodec_open2")]
    public static partial int Open(CodecHandle context, nint codec, nint options);

    [LibraryImport(Codec, EntryPoint = "avcodec_flush_buffers")]
    public static partial void FlushBuffers(CodecHandle context);

    [LibraryImport(Codec, EntryPoint = "avcodec_send_packet")]
    public static partial int SendPacket(CodecHandle context, AvPacket* packet);

    [LibraryImport(Codec, EntryPoint = "avcodec_receive_frame")]
    public static partial int ReceiveFrame(CodecHandle context, AvFrame* frame);

    [LibraryImport(Codec, EntryPoint = "avcodec_send_frame")]
    public static partial int SendFrame(CodecHandle context, AvFrame* frame);

    [LibraryImport(Codec, EntryPoint = "avcodec_receive_packet")]
    public static partial int ReceivePacket(CodecHandle context, AvPacket* packet);

    [LibraryImport(Codec, EntryPoint = "av_packet_alloc")]
    public static partial PacketHandle AllocatePacket();

    [LibraryImport(Codec, EntryPoint = "av_packet_free")]
    public static partial void FreePacket(ref nint packet);

    [LibraryImport(Codec, EntryPoint = "av_new_packet")]
    public static partial int NewPacket(AvPacket* packet, int size);

    [LibraryImport(Codec, EntryPoint = "av_packet_unref")]
    public static partial void EmptyPacket(AvPacket* packet);

    [LibraryImport(Util, EntryPoint = "av_frame_alloc")]
    public static partial FrameHandle AllocateFrame();

    [LibraryImport(Util, EntryPoint = "av_frame_free")]
    public static partial void FreeFrame(ref nint frame);

    [LibraryImport(Util, EntryPoint = "av_frame_unref")]
    public static partial void EmptyFrame(AvFrame* frame);

    [LibraryImport(Util, EntryPoint = "av_mallocz")]
    public static partial byte* AllocateZeroed(nuint bytes);

    [LibraryImport(Util, EntryPoint = "av_opt_set", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int SetOption(CodecHandle target, string name, string value, int flags);

    [LibraryImport(Util, EntryPoint = "av_opt_set_int", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int SetOption(CodecHandle target, string name, long value, int flags);

    [LibraryImport(Util, EntryPoint = "av_opt_find", StringMarshalling = StringMarshalling.Utf8)]
    public static partial AvOption* FindOption(CodecHandle target, string name, nint unit, int flags, int search);

    [LibraryImport(Util, EntryPoint = "av_log_set_level")]
    public static partial void LogLevel(int level);

    [LibraryImport(Util, EntryPoint = "av_hwdevice_find_type_by_name", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int FindDeviceType(string name);

    [LibraryImport(Util, EntryPoint = "av_get_pix_fmt", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int FindPictureFormat(string name);

    [LibraryImport(Util, EntryPoint = "av_hwdevice_ctx_create", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int CreateDevice(out nint device, int type, string? name, nint options, int flags);

    [LibraryImport(Util, EntryPoint = "av_hwframe_transfer_data")]
    public static partial int TransferFrame(AvFrame* to, AvFrame* from, int flags);

    [LibraryImport(Util, EntryPoint = "av_buffer_ref")]
    public static partial nint AddReference(DeviceHandle buffer);

    [LibraryImport(Util, EntryPoint = "av_buffer_unref")]
    public static partial void RemoveReference(ref nint buffer);

    [LibraryImport(Util, EntryPoint = "av_strerror")]
    private static partial int DescribeError(int error, byte* text, nuint size);

    [LibraryImport(Scale, EntryPoint = "sws_getContext")]
    public static partial ScaleHandle CreateScaler(int width, int height, int format, int toWidth, int toHeight, int toFormat, int flags, nint from, nint to, nint more);

    [LibraryImport(Scale, EntryPoint = "sws_scale")]
    public static partial int RunScaler(ScaleHandle scaler, byte** planes, int* strides, int firstRow, int rows, byte** toPlanes, int* toStrides);

    [LibraryImport(Scale, EntryPoint = "sws_freeContext")]
    public static partial void FreeScaler(nint scaler);

    public static string Describe(int error)
    {
        byte* text = stackalloc byte[128];
        return DescribeError(error, text, 128) >= 0 ? Marshal.PtrToStringUTF8((nint)text)! : $"error {error}";
    }

    /// <summary>
    /// Fresh objects hold known defaults; that they lie where our structures say proves the layout of this release. Null if they do, otherwise which doesn't.
    /// </summary>
    public static string? LayoutFault()
    {
        using var frameHandle = AllocateFrame();
        using var packetHandle = AllocatePacket();
        var frame = frameHandle.Frame;
        var packet = packetHandle.Packet;
        if (frame->Pts != NoTime || frame->Format != -1 || frame->AspectDenominator != 1)
            return "AVFrame";
        if (packet->Pts != NoTime || packet->Dts != NoTime || NewPacket(packet, 1234) < 0 || packet->Size != 1234 || packet->Data is null)
            return "AVPacket";
        var parameters = AllocateParameters();
        bool typeIsFirst = parameters->MediaType == -1 && parameters->ExtraData is null && parameters->ExtraDataSize == 0 && AvParameters.Video(parameters) is not null;
        FreeParameters(&parameters);
        return typeIsFirst ? null : "AVCodecParameters";
    }
}

/// <summary>The leading fields of AVPacket, the same in libavcodec 59 to 61.</summary>
[StructLayout(LayoutKind.Sequential)]
unsafe struct AvPacket
{
    public nint Buffer;
    public long Pts, Dts;
    public byte* Data;
    public int Size, StreamIndex, Flags;
}

/// <summary>The leading fields of AVFrame, the same in libavutil 57 to 59.</summary>
[StructLayout(LayoutKind.Sequential)]
unsafe struct AvFrame
{
    public fixed ulong Data[8];
    public fixed int LineSize[8];
    public nint ExtendedData;
    public int Width, Height, Samples, Format, KeyFrame, PictureType, AspectNumerator, AspectDenominator;
    public long Pts;
}

/// <summary>The leading fields of AVCodecParameters, the same in libavcodec 59 to 61.</summary>
[StructLayout(LayoutKind.Sequential)]
unsafe struct AvParameters
{
    public int MediaType, CodecId;
    public uint CodecTag;
    public byte* ExtraData;
    public int ExtraDataSize;

    /// <summary>Where the fields of video are in fresh parameters: release 61 put two others before them. Null where they aren't known.</summary>
    public static AvVideoParameters* Video(AvParameters* fresh)
    {
        foreach (int at in (ReadOnlySpan<int>)[28, 44])
        {
            var video = (AvVideoParameters*)((byte*)fresh + at);
            if (video->Format == -1 && video->Profile == UnknownProfile && video->Level == UnknownProfile)
                return video;
        }

        return null;
    }

    const int UnknownProfile = -99;
}

/// <summary>The fields of AVCodecParameters from its format to its height, which lie together in libavcodec 59 to 61.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
struct AvVideoParameters
{
    public int Format;
    public long BitRate;
    public int BitsCoded, BitsRaw, Profile, Level, Width, Height;
}

/// <summary>The leading fields of AVOption.</summary>
[StructLayout(LayoutKind.Sequential)]
struct AvOption
{
    public nint Name, Help;
    public int Offset;
}
