using Microsoft.Win32.SafeHandles;

namespace Atalaya.Evidence.Packages;

/// <summary>The bytes of a package, read from anywhere, by several threads at once.</summary>
public abstract class PackageBytes : IDisposable
{
    public abstract long Length { get; }

    /// <summary>How many were read: fewer than asked for only at the end.</summary>
    /// <exception cref="IOException">They can't be read.</exception>
    public abstract int Read(long offset, Span<byte> buffer);

    /// <exception cref="IOException">There is no such file, or it can't be opened.</exception>
    public static PackageBytes Open(string path) => new OfFile(File.OpenHandle(path, options: FileOptions.RandomAccess));

    public static PackageBytes Of(ReadOnlyMemory<byte> bytes) => new OfMemory(bytes);

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
    }

    sealed class OfFile(SafeFileHandle file) : PackageBytes
    {
        public override long Length { get; } = RandomAccess.GetLength(file);

        public override int Read(long offset, Span<byte> buffer)
        {
            int all = 0;
            while (buffer.Length > 0 && RandomAccess.Read(file, buffer, offset) is > 0 and var read)
            {
                all += read;
                offset += read;
                buffer = buffer[read..];
            }

            return all;
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                file.Dispose();
            base.Dispose(disposing);
        }
    }

    sealed class OfMemory(ReadOnlyMemory<byte> bytes) : PackageBytes
    {
        public override long Length => bytes.Length;

        public override int Read(long offset, Span<byte> buffer)
        {
            if (offset >= bytes.Length)
                return 0;
            var part = bytes.Span[(int)offset..];
            part = part[..Math.Min(part.Length, buffer.Length)];
            part.CopyTo(buffer);
            return part.Length;
        }
    }
}
