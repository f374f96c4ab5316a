using System.Buffers;
using System.Security.Cryptography;

using Atalaya.Media;
using Atalaya.Media.Mp4;

namespace Atalaya.Node.Redactions;

/// <summary>
/// A copy's file as it is written: fragmented MP4 with one track of pictures, a second a fragment. It has no edit list that hides anything, no sound, no text and nothing behind its last
/// fragment. Digested as it is written.
/// </summary>
sealed class CopyFile : IDisposable
{
    static readonly MediaTime FragmentLength = MediaTime.FromSeconds(1);

    readonly FileStream _file;
    readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    readonly ArrayBufferWriter<byte> _bytes = new(1 << 20);
    readonly SortedSet<long> _awaited;
    readonly MediaTime _first;
    FragmentMuxer? _muxer;
    MediaTime _begun;

    /// <param name="path">Of the file to be made.</param>
    /// <param name="times">Of all pictures that it must hold.</param>
    public CopyFile(string path, IEnumerable<MediaTime> times)
    {
        _awaited = [.. times.Select(t => t.Ticks)];
        _first = new(_awaited.Min);
        _file = new(path, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 16);
    }

    /// <summary>Written so far.</summary>
    public int Pictures { get; private set; }

    /// <summary>Pictures that it must hold, and hasn't been given.</summary>
    public int Missing => _awaited.Count;

    /// <summary>Ticks of the first of them.</summary>
    public long FirstMissing => _awaited.Min;

    /// <exception cref="StretchException">The picture has another size than those before.</exception>
    public void Add(AccessUnit unit)
    {
        // Twice, or not asked for: what came once is in the file, what nobody awaits never is.
        if (!_awaited.Remove(unit.Presentation.Ticks))
            return;
        var format = (VideoFormat)unit.Format;
        if (_muxer is null)
        {
            _muxer = new([format]);
            _muxer.WriteInit(_bytes);
            Flush();
        }

        if (!_muxer.Accepts(format))
            throw new StretchException($"The camera's picture has another size from {unit.Presentation.Seconds:0.0} s on ({format.Width}×{format.Height}). Make a copy of the footage before, and one of what follows.");
        var at = unit.Presentation - _first;
        if (_muxer.Units > 0 && (at - _begun >= FragmentLength || unit.IsKey))
            EndFragment(at);
        if (_muxer.Units == 0)
            _begun = at;
        _muxer.Add(new(format, unit.Data) { Presentation = at, Decode = at, Duration = unit.Duration, IsKey = unit.IsKey });
        Pictures++;
    }

    /// <summary>Ends it and brings it to the disk.</summary>
    /// <returns>Its length, and its SHA-256 in lower-case hex.</returns>
    public (long Bytes, string Sha256) Finish()
    {
        if (_muxer is { Units: > 0 })
            EndFragment(null);
        _file.Flush(flushToDisk: true);
        return (_file.Length, Convert.ToHexStringLower(_hash.GetCurrentHash()));
    }

    public void Dispose()
    {
        _file.Dispose();
        _hash.Dispose();
    }

    void EndFragment(MediaTime? next)
    {
        var fragment = _muxer!.End(next);
        fragment.CopyTo(_bytes);
        fragment.Release();
        Flush();
    }

    void Flush()
    {
        _file.Write(_bytes.WrittenSpan);
        _hash.AppendData(_bytes.WrittenSpan);
        _bytes.ResetWrittenCount();
    }
}
