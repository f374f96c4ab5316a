using System.Runtime.InteropServices;

namespace Atalaya.Analysis.Codec;

/// <summary>What we use of TurboJPEG, by the names of its header; the same in releases 1.4 to 3.</summary>
static unsafe partial class TurboJpeg
{
    public const string Library = "turbojpeg";

    /// <summary>TJSAMP_420.</summary>
    public const int Samples420 = 2;

    /// <summary>TJFLAG_NOREALLOC: the buffer is ours and stays.</summary>
    public const int NoReallocation = 1024;

    [LibraryImport(Library, EntryPoint = "tjInitCompress")]
    public static partial JpegHandle CreateCompressor();

    [LibraryImport(Library, EntryPoint = "tjDestroy")]
    public static partial int Destroy(nint handle);

    [LibraryImport(Library, EntryPoint = "tjBufSize")]
    public static partial CULong LargestJpeg(int width, int height, int samples);

    [LibraryImport(Library, EntryPoint = "tjCompressFromYUVPlanes")]
    public static partial int Compress(
        JpegHandle handle, byte** planes, int width, int* strides, int height, int samples, byte** jpeg, CULong* size, int quality, int flags);

    [LibraryImport(Library, EntryPoint = "tjGetErrorStr2")]
    private static partial nint ErrorText(JpegHandle handle);

    public static string Describe(JpegHandle handle) => Marshal.PtrToStringUTF8(ErrorText(handle)) ?? "unknown error";
}
