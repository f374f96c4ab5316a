using System.Buffers;
using System.Security.Cryptography;

using Atalaya.Media;
using Atalaya.Media.Mp4;
using Atalaya.Node.Footage;
using Atalaya.Recording;

namespace Atalaya.Node.Masks;

/// <summary>A stretch of a derived file that can be checked by itself.</summary>
/// <param name="At">Milliseconds of its first picture from the clip's start.</param>
/// <param name="Sha256">Lower-case hex.</param>
sealed record DerivedFragment(long At, long Offset, long Length, string Sha256);

/// <summary>A clip made from one recorded segment: fragmented MP4, no picture before or behind the stretch asked for.</summary>
/// <param name="From">First picture.</param>
/// <param name="To">End of the last.</param>
/// <param name="Codecs">RFC 6381, comma-separated.</param>
/// <param name="Sha256">Of the file, lower-case hex.</param>
sealed record DerivedClip(
    string Path, WallTime From, WallTime To, string Codecs, int Width, int Height, long Bytes, string Sha256, IReadOnlyList<DerivedFragment> Fragments, DerivedSource Source);

/// <summary>Recorded footage with its camera's masks painted in, as files for whoever takes footage out.</summary>
sealed class MaskedFootage(Recordings recordings, FootagePainter painter)
{
    static readonly MediaTime FragmentLength = MediaTime.FromSeconds(1);

    readonly BlockPool _pool = new(8 << 20);

    /// <summary>What the derived leaf says of footage with these masks.</summary>
    public static string Describe(CameraMasks masks) =>
        $"{masks.Masks.Count(m => m.Kind == Atalaya.Analysis.Painting.AreaKind.Fill)} areas filled, {masks.Masks.Count(m => m.Kind == Atalaya.Analysis.Painting.AreaKind.Blur)} blurred: masks of {masks.Camera}, version {masks.Version}";

    /// <summary>Paints the part of one segment that lies in a stretch.</summary>
    /// <param name="path">Of the file to be made; it must not exist.</param>
    /// <returns>Null: the segment has no picture in it, or is gone.</returns>
    /// <exception cref="PaintException">It can't be painted.</exception>
    /// <exception cref="IOException">It can't be read or written.</exception>
    public async Task<DerivedClip?> MakeAsync(Segment segment, CameraMasks masks, WallTime from, WallTime to, string path, CancellationToken stop)
    {
        using var file = await recordings.Archive.OpenSegmentAsync(segment.Camera, segment.Name, stop);
        if (file is null)
            return null;
        try
        {
            var mp4 = Mp4File.Open(file.Handle);
            if (mp4.Video is not { Samples.Count: > 0 } video)
                return null;
            // Wall time is told of decode times.
            var delay = video.Samples[0].Presentation - video.Samples[0].Decode;
            MediaTime begin = segment.ToMedia(from > segment.Start ? from : segment.Start) + delay, end = to < segment.End ? segment.ToMedia(to) + delay : new(long.MaxValue);
            int last = video.Samples.Count - 1;
            while (last >= 0 && video.Samples[last].Presentation >= end)
                last--;
            int first = Math.Max(0, video.FindKey(begin));
            if (last < first)
                return null;
            IEnumerable<AccessUnit> units = Read(video, first, last + 1);
            if (!video.Samples[first].IsKey)
                units = (await KeyLead.ReadAsync(recordings, segment.Camera, segment.Name, video, _pool)).Concat(units);
            // What is before it is decoded, and in no file.
            var opening = video.Samples.Skip(first).Take(last + 1 - first).Where(s => s.Presentation >= begin).Select(s => s.Presentation).DefaultIfEmpty(begin).Min();
            var writer = new Writer(path, mp4.Audio, begin, end);
            try
            {
                await painter.PaintAsync(segment.Camera, masks.Plan, quick: false, units, u => u.IsKey || u.Presentation == opening, writer.Add, stop);
                return writer.Finish(segment, delay, new(segment.Camera, segment.Stream, segment.Start, segment.End, segment.Sha256.Length > 0 ? segment.Sha256 : await DigestAsync(file, stop)));
            }
            finally
            {
                writer.Dispose();
            }
        }
        catch (Mp4Exception fault)
        {
            throw new PaintException($"{segment.Camera} {segment.Name}: {fault.Message}");
        }
    }

    /// <summary>As <see cref="Archive"/> exports it, of painted footage: one ordinary MP4.</summary>
    /// <param name="folder">For files in between, which are removed again.</param>
    /// <returns>The clip, and the segments that it was made from.</returns>
    /// <exception cref="ExportException">Nothing is recorded there, or it can't be painted.</exception>
    public async Task<(ExportResult Clip, IReadOnlyList<DerivedSource> Sources)> ExportAsync(
        ExportRequest request, CameraMasks masks, string path, string folder, IProgress<double>? progress, CancellationToken stop)
    {
        var sources = new List<DerivedSource>();
        string between = Directory.CreateDirectory(Path.Combine(folder, Path.GetFileName(path) + ".masked")).FullName;
        try
        {
            var clip = await recordings.Archive.ExportAsync(request, path, async (segments, token) =>
            {
                var paths = new Dictionary<Segment, string>();
                sources.Clear();
                for (int i = 0; i < segments.Count; i++)
                {
                    string to = Path.Combine(between, $"{segments[i].Name}.mp4");
                    File.Delete(to);
                    if (await MakeAsync(segments[i], masks, request.From, request.To, to, token) is { } made)
                    {
                        paths[segments[i]] = to;
                        sources.Add(made.Source);
                    }

                    progress?.Report((i + 1.0) / segments.Count);
                }

                return paths;
            }, null, stop);
            return (clip, sources);
        }
        catch (PaintException fault)
        {
            throw new ExportException($"The camera has masks, and they can't be painted: {fault.Message}");
        }
        finally
        {
            Directory.Delete(between, recursive: true);
        }
    }

    IEnumerable<AccessUnit> Read(Mp4Track video, int from, int end)
    {
        for (int i = from; i < end; i++)
            yield return video.ReadUnit(i, _pool);
    }

    // Of one that is being written, as far as it goes now.
    static async Task<string> DigestAsync(SegmentFile file, CancellationToken stop)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[1 << 20];
        for (long at = 0; at < file.Length;)
        {
            int got = await RandomAccess.ReadAsync(file.Handle, buffer.AsMemory(0, (int)Math.Min(buffer.Length, file.Length - at)), at, stop);
            if (got == 0)
                break;
            hash.AppendData(buffer, 0, got);
            at += got;
        }

        return Convert.ToHexStringLower(hash.GetCurrentHash());
    }

    /// <summary>Writes painted pictures and the sound beside them, a second a fragment, and digests what it writes.</summary>
    sealed class Writer(string path, Mp4Track? audio, MediaTime begin, MediaTime end) : IDisposable
    {
        readonly ArrayBufferWriter<byte> _bytes = new(1 << 20);
        readonly List<DerivedFragment> _fragments = [];
        readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        FileStream? _file;
        FragmentMuxer? _muxer;
        MediaTime? _from, _first;
        MediaTime _until;
        int _sound;

        public void Add(AccessUnit unit)
        {
            if (unit.Presentation < begin || unit.Presentation >= end)
                return;
            if (_muxer is null)
            {
                // It was asked for as a key frame; of a damaged stream another may be the first that could be decoded.
                if (!unit.IsKey)
                    return;
                Begin(unit);
            }

            if (!_muxer!.Accepts(unit.Format))
                throw new PaintException("The size of its pictures changes in the middle of a segment.");
            if (_first is { } first && unit.Presentation - first >= FragmentLength)
                End(unit.Presentation);
            _first ??= unit.Presentation;
            _muxer.Add(unit);
            _until = unit.Presentation + unit.Duration;
        }

        public DerivedClip? Finish(Segment segment, MediaTime delay, DerivedSource source)
        {
            if (_muxer is null || _from is not { } from)
                return null;
            End(null);
            _file!.Flush(flushToDisk: true);
            return new(
                path, segment.ToWall(from - delay), segment.ToWall(_until - delay), string.Join(',', _muxer.Tracks.Select(t => t.CodecString)),
                ((VideoFormat)_muxer.Tracks[0]).Width, ((VideoFormat)_muxer.Tracks[0]).Height, _file.Length, Convert.ToHexStringLower(_hash.GetCurrentHash()), _fragments, source);
        }

        public void Dispose()
        {
            _file?.Dispose();
            _hash.Dispose();
        }

        void Begin(AccessUnit unit)
        {
            _from = unit.Presentation;
            _file = new(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read, 1 << 18);
            _muxer = new(audio is null ? [unit.Format] : [unit.Format, audio.Format]);
            _bytes.ResetWrittenCount();
            _muxer.WriteInit(_bytes);
            _file.Write(_bytes.WrittenSpan);
            _hash.AppendData(_bytes.WrittenSpan);
            while (audio is not null && _sound < audio.Samples.Count && audio.Samples[_sound].Presentation < unit.Presentation)
                _sound++;
        }

        void End(MediaTime? next)
        {
            if (_first is not { } first)
                return;
            for (; audio is not null && _sound < audio.Samples.Count && audio.Samples[_sound].Presentation is var at && at < (next ?? end); _sound++)
            {
                var sample = audio.Samples[_sound];
                _muxer!.Add(new(audio.Formats[sample.Description], audio.ReadSample(_sound)) { Presentation = sample.Presentation, Decode = sample.Decode, Duration = sample.Duration, IsKey = true });
            }

            var fragment = _muxer!.End(next);
            try
            {
                _bytes.ResetWrittenCount();
                fragment.CopyTo(_bytes);
            }
            finally
            {
                fragment.Release();
            }

            _fragments.Add(new(
                (long)(first - _from!.Value).ToTimeSpan().TotalMilliseconds, _file!.Position, _bytes.WrittenCount, Convert.ToHexStringLower(SHA256.HashData(_bytes.WrittenSpan))));
            _file.Write(_bytes.WrittenSpan);
            _hash.AppendData(_bytes.WrittenSpan);
            _first = null;
        }
    }
}
