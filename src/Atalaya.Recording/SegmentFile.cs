using Microsoft.Win32.SafeHandles;

namespace Atalaya.Recording;

/// <summary>A segment opened for reading.</summary>
/// <param name="Length">Bytes that may be read: of an open segment what is written in whole fragments.</param>
/// <param name="Sha256">Lower-case hex; null of an open segment, or when the index can't be asked.</param>
/// <param name="IsClosed">It will never change again and may be cached for good.</param>
public sealed record SegmentFile(SafeFileHandle Handle, long Length, bool IsClosed, string? Sha256) : IDisposable
{
    public void Dispose() => Handle.Dispose();
}
