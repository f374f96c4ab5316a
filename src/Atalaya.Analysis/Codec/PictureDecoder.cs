using System.Diagnostics.CodeAnalysis;

using Atalaya.Media;

namespace Atalaya.Analysis.Codec;

/// <summary>Takes a decoded picture, which is valid until it returns.</summary>
/// <param name="presentation">Of the access unit that the picture came in.</param>
public delegate void PictureHandler(in Picture picture, MediaTime presentation);

/// <summary>
/// Makes pictures from the access units of one stream (H.264, H.265), by libavcodec. Damaged units cost their pictures, never an exception;
/// a fault in the library may cost the process, which is why only the analysis process decodes.
/// </summary>
/// <remarks>Used by one thread at a time.</remarks>
public sealed unsafe class PictureDecoder : IDisposable
{
    /// <summary>Bytes. A larger unit is no camera's picture.</summary>
    public const int MaxUnit = 16 << 20;

    readonly CodecHandle _codec;
    readonly DeviceHandle? _device;
    readonly PacketHandle _packet = LibAv.AllocatePacket();
    readonly FrameHandle _frame = LibAv.AllocateFrame();
    readonly FrameHandle? _download;        // a device's picture, in memory
    readonly int _deviceFormat;             // what frames have that lie on the device
    readonly PictureScaler _converter = new();
    DecoderSkip _skip;

    PictureDecoder(CodecHandle codec, DeviceHandle? device, DecoderOptions options)
    {
        _codec = codec;
        _device = device;
        _download = device is null ? null : LibAv.AllocateFrame();
        _deviceFormat = device is null ? -1 : LibAv.FindPictureFormat(DeviceName(options.Hardware));
        _skip = options.Skip;
    }

    /// <summary>Units that couldn't be decoded, since it was opened.</summary>
    public long Broken { get; private set; }

    /// <summary>What is left out from the next unit on. Loosen it only at a key frame: pictures made from left-out ones are damaged.</summary>
    public DecoderSkip Skip
    {
        get => _skip;
        set
        {
            if (_skip == value)
                return;
            _skip = value;
            LibAv.SetOption(_codec, "skip_frame", SkipName(value), 0);
        }
    }

    /// <param name="format">H.264 or H.265 with its configuration record; units must be of the same.</param>
    /// <param name="fault">Why not, and what to do.</param>
    public static bool TryOpen(VideoFormat format, DecoderOptions options, [NotNullWhen(true)] out PictureDecoder? decoder, out string fault)
    {
        decoder = null;
        if (!NativeLibraries.TryLoadLibAv(out fault))
            return false;
        int id = format.Codec switch { Media.Codec.H264 => LibAv.CodecIdH264, Media.Codec.H265 => LibAv.CodecIdHevc, _ => 0 };
        nint implementation = id == 0 ? 0 : LibAv.FindDecoder(id);
        if (implementation == 0)
        {
            fault = $"This libavcodec has no decoder for {format.Codec}.";
            return false;
        }

        DeviceHandle? device = null;
        if (options.Hardware != DecoderHardware.None && !TryOpenDevice(options, out device, out fault))
            return false;
        var codec = LibAv.AllocateContext(implementation);
        int error = Configure(codec, id, format.Configuration.Span);
        if (error >= 0)
        {
            LibAv.SetOption(codec, "threads", Math.Clamp(options.Threads, 1, 16), 0);
            LibAv.SetOption(codec, "thread_type", "slice", 0);      // Frame threads would delay each picture by as many.
            LibAv.SetOption(codec, "max_pixels", options.MaxPixels, 0);
            LibAv.SetOption(codec, "skip_frame", SkipName(options.Skip), 0);
            if (device is not null)
                GiveDevice(codec, device);
            error = LibAv.Open(codec, implementation, 0);
        }

        if (error < 0)
        {
            fault = $"The decoder refuses {format.CodecString} {format.Width}×{format.Height}: {LibAv.Describe(error)}.";
            codec.Dispose();
            device?.Dispose();
            return false;
        }

        decoder = new(codec, device, options);
        return true;
    }

    /// <summary>Decodes one unit and hands over the pictures that are ready: none, one, or several, in the order shown.</summary>
    /// <returns>How many pictures.</returns>
    public int Decode(AccessUnit unit, PictureHandler onPicture) => Decode(unit.Data.Span, unit.Presentation, onPicture);

    /// <param name="unit">NAL units behind their lengths, as in <see cref="AccessUnit.Data"/>.</param>
    public int Decode(ReadOnlySpan<byte> unit, MediaTime presentation, PictureHandler onPicture)
    {
        if (unit.IsEmpty || unit.Length > MaxUnit)
        {
            Broken++;
            return 0;
        }

        var packet = _packet.Packet;
        int error = LibAv.NewPacket(packet, unit.Length);
        if (error < 0)
        {
            Broken++;
            return 0;
        }

        unit.CopyTo(new(packet->Data, unit.Length));
        packet->Pts = presentation.Ticks;
        packet->Dts = LibAv.NoTime;
        int pictures = 0;
        try
        {
            error = LibAv.SendPacket(_codec, packet);
            if (error == LibAv.TryAgain)
            {
                // It holds a picture that nobody took. Can't be while each call drains; the library may think otherwise.
                pictures = Drain(onPicture);
                error = LibAv.SendPacket(_codec, packet);
            }
        }
        finally
        {
            LibAv.EmptyPacket(packet);
        }

        if (error < 0)
            Broken++;
        return pictures + Drain(onPicture);
    }

    /// <summary>Hands over what the decoder still holds and forgets everything: the next unit must be a key frame, of this or of a new run.</summary>
    public int Flush(PictureHandler onPicture)
    {
        LibAv.SendPacket(_codec, null);
        int pictures = Drain(onPicture);
        LibAv.FlushBuffers(_codec);
        return pictures;
    }

    public void Dispose()
    {
        _codec.Dispose();
        _device?.Dispose();
        _packet.Dispose();
        _frame.Dispose();
        _download?.Dispose();
        _converter.Dispose();
    }

    static string SkipName(DecoderSkip skip) => skip switch { DecoderSkip.NonReference => "noref", DecoderSkip.NonKey => "nokey", _ => "default" };

    static int Configure(CodecHandle codec, int id, ReadOnlySpan<byte> configuration)
    {
        var parameters = LibAv.AllocateParameters();
        try
        {
            parameters->MediaType = LibAv.MediaTypeVideo;
            parameters->CodecId = id;
            parameters->ExtraData = LibAv.AllocateZeroed((nuint)(configuration.Length + LibAv.InputPadding));
            if (parameters->ExtraData is null)
                return LibAv.NoMemory;
            configuration.CopyTo(new(parameters->ExtraData, configuration.Length));
            parameters->ExtraDataSize = configuration.Length;
            return LibAv.ParametersToContext(codec, parameters);
        }
        finally
        {
            LibAv.FreeParameters(&parameters);
        }
    }

    static bool TryOpenDevice(DecoderOptions options, out DeviceHandle? device, out string fault)
    {
        string name = DeviceName(options.Hardware);
        nint made = 0;
        int type = LibAv.FindDeviceType(name);
        int error = type == 0 ? LibAv.NotBuiltIn : LibAv.CreateDevice(out made, type, options.Device, 0, 0);
        device = error < 0 ? null : new(made);
        fault = error < 0 ? $"Decoding by {name} isn't possible on {options.Device ?? "any device"}: {LibAv.Describe(error)}. Check the driver, or decode without hardware." : "";
        return error >= 0;
    }

    static string DeviceName(DecoderHardware hardware) => hardware == DecoderHardware.Vaapi ? "vaapi" : "cuda";

    // AVCodecContext.hw_device_ctx is no option, and moves with releases; in each it lies just before hwaccel_flags, which is one. With a device
    // set, the library's own choice of a picture format takes it.
    static void GiveDevice(CodecHandle codec, DeviceHandle device)
    {
        var flags = LibAv.FindOption(codec, "hwaccel_flags", 0, 0, 0);
        if (flags is null)
            throw new InvalidOperationException("This libavcodec has no option hwaccel_flags.");
        int offset = (flags->Offset - sizeof(nint)) & ~(sizeof(nint) - 1);
        *(nint*)(codec.DangerousGetHandle() + offset) = LibAv.AddReference(device);
    }

    int Drain(PictureHandler onPicture)
    {
        int pictures = 0;
        var frame = _frame.Frame;
        while (true)
        {
            int error = LibAv.ReceiveFrame(_codec, frame);
            if (error is LibAv.TryAgain or LibAv.EndOfFile)
                return pictures;
            if (error < 0)
            {
                Broken++;
                return pictures;
            }

            try
            {
                if (Hand(frame, onPicture))
                    pictures++;
                else
                    Broken++;
            }
            finally
            {
                LibAv.EmptyFrame(frame);
            }
        }
    }

    bool Hand(AvFrame* frame, PictureHandler onPicture)
    {
        var presentation = new MediaTime(frame->Pts);
        if (_download is not null && frame->Format == _deviceFormat)
        {
            LibAv.EmptyFrame(_download.Frame);
            if (LibAv.TransferFrame(_download.Frame, frame, 0) < 0)
                return false;
            frame = _download.Frame;
        }

        if (frame->Width < 2 || frame->Height < 2 || frame->Data[0] == 0)
            return false;
        bool planar = frame->Format is LibAv.Yuv420P or LibAv.Yuvj420P && frame->LineSize[0] > 0 && frame->LineSize[1] > 0 && frame->LineSize[1] == frame->LineSize[2];
        if (!planar)
        {
            // NV12 of hardware, 4:2:2, 4:4:4, more than 8 bits.
            if (!_converter.TryConvert(frame, out var converted))
                return false;
            onPicture(converted, presentation);
            return true;
        }

        int chromaWidth = (frame->Width + 1) / 2, chromaHeight = (frame->Height + 1) / 2;
        var picture = new Picture
        {
            Width = frame->Width,
            Height = frame->Height,
            Luma = new((byte*)frame->Data[0], (frame->LineSize[0] * (frame->Height - 1)) + frame->Width),
            LumaStride = frame->LineSize[0],
            Cb = new((byte*)frame->Data[1], (frame->LineSize[1] * (chromaHeight - 1)) + chromaWidth),
            Cr = new((byte*)frame->Data[2], (frame->LineSize[1] * (chromaHeight - 1)) + chromaWidth),
            ChromaStride = frame->LineSize[1],
            FullRange = frame->Format == LibAv.Yuvj420P,
        };
        onPicture(picture, presentation);
        return true;
    }
}
