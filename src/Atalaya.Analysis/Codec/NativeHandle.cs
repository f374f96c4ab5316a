using Microsoft.Win32.SafeHandles;

namespace Atalaya.Analysis.Codec;

/// <summary>Something of a codec library's that must be given back, however its owner ends.</summary>
abstract class NativeHandle : SafeHandleZeroOrMinusOneIsInvalid
{
    static long _alive;

    protected NativeHandle()
        : base(ownsHandle: true) => Interlocked.Increment(ref _alive);

    /// <summary>How many there are in this process: what tests of leaks count.</summary>
    public static long Alive => Interlocked.Read(ref _alive);

    protected override void Dispose(bool disposing)
    {
        // Also for one that never held anything: a failed allocation isn't released, but it was counted.
        if (!IsClosed)
            Interlocked.Decrement(ref _alive);
        base.Dispose(disposing);
    }
}

sealed class CodecHandle : NativeHandle
{
    protected override bool ReleaseHandle()
    {
        LibAv.FreeContext(ref handle);
        return true;
    }
}

sealed unsafe class PacketHandle : NativeHandle
{
    public AvPacket* Packet => (AvPacket*)handle;

    protected override bool ReleaseHandle()
    {
        LibAv.FreePacket(ref handle);
        return true;
    }
}

sealed unsafe class FrameHandle : NativeHandle
{
    public AvFrame* Frame => (AvFrame*)handle;

    protected override bool ReleaseHandle()
    {
        LibAv.FreeFrame(ref handle);
        return true;
    }
}

/// <summary>A device that decodes in hardware (an AVBufferRef to an AVHWDeviceContext).</summary>
sealed class DeviceHandle : NativeHandle
{
    public DeviceHandle(nint device) => SetHandle(device);

    protected override bool ReleaseHandle()
    {
        LibAv.RemoveReference(ref handle);
        return true;
    }
}

sealed class ScaleHandle : NativeHandle
{
    protected override bool ReleaseHandle()
    {
        LibAv.FreeScaler(handle);
        return true;
    }
}

sealed class JpegHandle : NativeHandle
{
    protected override bool ReleaseHandle() => TurboJpeg.Destroy(handle) == 0;
}
