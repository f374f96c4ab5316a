using System.Buffers.Binary;
using System.Security.Cryptography;

using Atalaya.Evidence;

using Microsoft.Win32.SafeHandles;

namespace Atalaya.Node.Store;

/// <summary>
/// A file that can't be read without its key: pieces of 64 KiB, each AES-256-GCM (NIST SP 800-38D) under the file's own key, tag behind it. A piece's number, and whether it is the last, are its nonce,
/// so that none can be changed, swapped, left out or cut. What is within can be read from anywhere.
/// </summary>
static class SealedFile
{
    public const int KeyLength = 32;

    const int Piece = 64 << 10, Tag = 16, NonceLength = 12;

    /// <summary>Writes what comes, up to a limit, into a new file that is synced at the end.</summary>
    /// <param name="key">For this file alone: a nonce under it is used once.</param>
    /// <param name="head">Asked with the first piece: false ends it.</param>
    /// <returns>Bytes and SHA-256 of what came, in lower-case hexadecimal; null: it was more than the limit, nothing, or its head was refused. Then there is no file.</returns>
    /// <exception cref="IOException">It can't be written.</exception>
    public static async Task<(long Bytes, string Sha256)?> WriteAsync(Stream from, string path, byte[] key, long most, Func<ReadOnlyMemory<byte>, bool> head, CancellationToken stop)
    {
        string part = path + ".part";
        try
        {
            long bytes = 0;
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            await using (var to = new FileStream(part, FileMode.Create, FileAccess.Write, FileShare.None))
            {
                using var cipher = new AesGcm(key, Tag);
                byte[] now = new byte[Piece], next = new byte[Piece], written = new byte[Piece + Tag], nonce = new byte[NonceLength];
                int length = await from.ReadAtLeastAsync(now, Piece, throwOnEndOfStream: false, stop);
                if (length == 0 || !head(now.AsMemory(0, length)))
                    return null;
                for (long number = 0; length > 0; number++)
                {
                    if ((bytes += length) > most)
                        return null;
                    int follows = length < Piece ? 0 : await from.ReadAtLeastAsync(next, Piece, throwOnEndOfStream: false, stop);
                    hash.AppendData(now, 0, length);
                    Nonce(nonce, number, isLast: follows == 0);
                    cipher.Encrypt(nonce, now.AsSpan(0, length), written.AsSpan(0, length), written.AsSpan(length, Tag));
                    await to.WriteAsync(written.AsMemory(0, length + Tag), stop);
                    (now, next, length) = (next, now, follows);
                }

                to.Flush(flushToDisk: true);
            }

            File.Move(part, path, overwrite: true);
            new LocalLogDisk().SyncFolder(Path.GetDirectoryName(path)!);
            return (bytes, Convert.ToHexStringLower(hash.GetCurrentHash()));
        }
        finally
        {
            File.Delete(part);
        }
    }

    /// <param name="bytes">Of what is within, as <see cref="WriteAsync"/> told.</param>
    /// <exception cref="IOException">It isn't there. While reading, <see cref="CryptographicException"/>: it isn't what was written, or the key is another.</exception>
    public static Stream OpenRead(string path, byte[] key, long bytes) => new Reader(File.OpenHandle(path, options: FileOptions.Asynchronous), new(key, Tag), bytes);

    static void Nonce(Span<byte> nonce, long number, bool isLast)
    {
        BinaryPrimitives.WriteInt64BigEndian(nonce, number);
        nonce[^1] = isLast ? (byte)1 : (byte)0;
    }

    sealed class Reader(SafeFileHandle file, AesGcm cipher, long bytes) : Stream
    {
        readonly byte[] _sealed = new byte[Piece + Tag], _open = new byte[Piece], _nonce = new byte[NonceLength];
        long _at, _number = -1;     // of the piece in _open

        public override bool CanRead => true;
        public override bool CanSeek => true;
        public override bool CanWrite => false;
        public override long Length => bytes;
        public override long Position { get => _at; set => _at = Math.Clamp(value, 0, bytes); }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            int length = Wanted(buffer.Length, out long number, out int size);
            if (length == 0)
                return 0;
            if (number != _number)
            {
                int got = 0;
                for (int n; got < size + Tag && (n = await RandomAccess.ReadAsync(file, _sealed.AsMemory(got, size + Tag - got), (number * (Piece + Tag)) + got, cancellationToken)) > 0;)
                    got += n;
                Open(number, size, got);
            }

            return Take(buffer.Span[..length]);
        }

        public override int Read(Span<byte> buffer)
        {
            int length = Wanted(buffer.Length, out long number, out int size);
            if (length == 0)
                return 0;
            if (number != _number)
            {
                int got = 0;
                for (int n; got < size + Tag && (n = RandomAccess.Read(file, _sealed.AsSpan(got, size + Tag - got), (number * (Piece + Tag)) + got)) > 0;)
                    got += n;
                Open(number, size, got);
            }

            return Take(buffer[..length]);
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override long Seek(long offset, SeekOrigin origin) => Position = origin switch { SeekOrigin.Begin => offset, SeekOrigin.Current => _at + offset, _ => bytes + offset };

        public override void Flush()
        {
            // Nothing is written.
        }

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                file.Dispose();
                cipher.Dispose();
                CryptographicOperations.ZeroMemory(_open);
            }

            base.Dispose(disposing);
        }

        // As far as the piece goes in which the position is.
        int Wanted(int most, out long number, out int size)
        {
            number = _at / Piece;
            size = (int)Math.Min(Piece, bytes - (number * Piece));
            return _at >= bytes ? 0 : Math.Min(most, size - (int)(_at % Piece));
        }

        void Open(long number, int size, int got)
        {
            if (got != size + Tag)
                throw new AuthenticationTagMismatchException($"Piece {number} of a sealed file is cut: {got} of {size + Tag} bytes.");
            Nonce(_nonce, number, isLast: (number * Piece) + size == bytes);
            _number = -1;
            cipher.Decrypt(_nonce, _sealed.AsSpan(0, size), _sealed.AsSpan(size, Tag), _open.AsSpan(0, size));
            _number = number;
        }

        int Take(Span<byte> to)
        {
            _open.AsSpan((int)(_at % Piece), to.Length).CopyTo(to);
            _at += to.Length;
            return to.Length;
        }
    }
}
