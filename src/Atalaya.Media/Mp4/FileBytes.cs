using Microsoft.Win32.SafeHandles;

namespace Atalaya.Media.Mp4;

/// <summary>Bytes at offsets: of a file or a part of one, or of memory where a test or a fuzzer has them. Length as it was at the start.</summary>
sealed class FileBytes
{
    readonly SafeFileHandle? _file;
    readonly ReadOnlyMemory<byte> _memory;
    readonly long _begin;

    public FileBytes(SafeFileHandle file)
    {
        _file = file;
        Length = RandomAccess.GetLength(file);
    }

    /// <summary>What lies at <paramref name="begin"/> of a file; less, if that ends before.</summary>
    public FileBytes(SafeFileHandle file, long begin, long length)
    {
        _file = file;
        _begin = begin;
        Length = Math.Clamp(RandomAccess.GetLength(file) - begin, 0, length);
    }

    public FileBytes(ReadOnlyMemory<byte> memory)
    {
        _memory = memory;
        Length = memory.Length;
    }

    public long Length { get; }

    /// <summary>Fills <paramref name="to"/> as far as there are bytes.</summary>
    public int Read(long offset, Span<byte> to)
    {
        if (offset < 0 || offset >= Length)
            return 0;
        to = to[..(int)Math.Min(to.Length, Length - offset)];
        if (_file is null)
        {
            _memory.Span.Slice((int)offset, to.Length).CopyTo(to);
            return to.Length;
        }

        int total = 0;
        while (total < to.Length)
        {
            int got = RandomAccess.Read(_file, to[total..], _begin + offset + total);
            if (got == 0)
                break;
            total += got;
        }

        return total;
    }
}
