using System.Buffers;

using Atalaya.Media;
using Atalaya.Media.Mp4;
using Atalaya.Node.Footage;
using Atalaya.Node.Options;

namespace Atalaya.Node.Masks;

/// <summary>A stretch of a segment's bytes, as a playlist lists it.</summary>
/// <param name="Version">Of the camera's masks.</param>
readonly record struct PieceName(string Camera, string Segment, long Version, long Offset, long End);

/// <summary>A painted stretch: an init segment and one fragment behind it.</summary>
sealed record MaskedPiece(byte[] Init, byte[] Media)
{
    public long Bytes => Init.Length + (long)Media.Length;
}

/// <summary>
/// Pieces of recorded footage with masks, painted when they are asked for and kept in memory under a budget. Who asks for the same piece at once waits for the same one.
/// </summary>
sealed class MaskedPieces(Recordings recordings, FootagePainter painter, NodeOptions options)
{
    /// <summary>Pieces that are painted or waited for at once; further ones are refused.</summary>
    public const int MaxWaiting = 32;

    readonly Lock _gate = new();
    readonly Dictionary<PieceName, LinkedListNode<(PieceName Name, MaskedPiece Piece)>> _kept = [];     // these four under _gate
    readonly LinkedList<(PieceName Name, MaskedPiece Piece)> _byUse = [];                                // the least used first
    readonly Dictionary<PieceName, Task<MaskedPiece?>> _making = [];
    long _bytes;
    readonly BlockPool _pool = new(8 << 20);

    /// <summary>Null: the segment isn't there, or holds no pictures there.</summary>
    /// <exception cref="PaintException">It can't be painted, or too many wait.</exception>
    public async Task<MaskedPiece?> GetAsync(PieceName name, CameraMasks masks, CancellationToken stop)
    {
        // Asked every time: what retention has deleted isn't shown, whatever is kept here.
        using (var file = await recordings.Archive.OpenSegmentAsync(name.Camera, name.Segment, stop))
        {
            if (file is null)
                return null;
        }

        Task<MaskedPiece?> making;
        lock (_gate)
        {
            if (_kept.TryGetValue(name, out var kept))
            {
                _byUse.Remove(kept);
                _byUse.AddLast(kept);
                return kept.Value.Piece;
            }

            if (!_making.TryGetValue(name, out making!))
            {
                if (_making.Count >= MaxWaiting)
                    throw new PaintException($"{MaxWaiting} pieces are being painted already.");
                // For all who ask, so that one who leaves doesn't end it for the others.
                _making[name] = making = Task.Run(() => MakeAsync(name, masks), CancellationToken.None);
            }
        }

        return await making.WaitAsync(stop);
    }

    async Task<MaskedPiece?> MakeAsync(PieceName name, CameraMasks masks)
    {
        try
        {
            var piece = await PaintAsync(name, masks);
            if (piece is not null)
                Keep(name, piece);
            return piece;
        }
        finally
        {
            lock (_gate)
                _making.Remove(name);
        }
    }

    async Task<MaskedPiece?> PaintAsync(PieceName name, CameraMasks masks)
    {
        using var file = await recordings.Archive.OpenSegmentAsync(name.Camera, name.Segment);
        if (file is null)
            return null;
        try
        {
            var mp4 = Mp4File.Open(file.Handle);
            if (mp4.Video is not { } video)
                return null;
            int first = 0;
            while (first < video.Samples.Count && video.Samples[first].Offset < name.Offset)
                first++;
            int end = first;
            while (end < video.Samples.Count && video.Samples[end].Offset < name.End)
                end++;
            if (first == end)
                return null;
            int from = first;
            while (from > 0 && !video.Samples[from].IsKey)
                from--;

            var shown = new HashSet<long>();
            long opening = long.MaxValue;
            for (int i = first; i < end; i++)
            {
                shown.Add(video.Samples[i].Presentation.Ticks);
                opening = Math.Min(opening, video.Samples[i].Presentation.Ticks);
            }

            IEnumerable<AccessUnit> units = Read(video, from, end);
            if (!video.Samples[from].IsKey)
                units = (await KeyLead.ReadAsync(recordings, name.Camera, name.Segment, video, _pool)).Concat(units);
            var pictures = new List<AccessUnit>();
            await painter.PaintAsync(
                name.Camera, masks.Plan, quick: true, units, unit => unit.IsKey || unit.Presentation.Ticks == opening,
                unit =>
                {
                    if (shown.Contains(unit.Presentation.Ticks))
                        pictures.Add(unit);
                },
                CancellationToken.None);
            return pictures.Count == 0
                ? throw new PaintException("None of its pictures could be decoded.")
                : Mux(pictures, mp4.Audio, name, end < video.Samples.Count && video.Samples[end].IsKey ? video.Samples[end].Presentation : null);
        }
        catch (Mp4Exception fault)
        {
            throw new PaintException(fault.Message);
        }
    }

    IEnumerable<AccessUnit> Read(Mp4Track video, int from, int end)
    {
        for (int i = from; i < end; i++)
            yield return video.ReadUnit(i, _pool);
    }

    static MaskedPiece Mux(List<AccessUnit> pictures, Mp4Track? audio, PieceName name, MediaTime? next)
    {
        var format = pictures[0].Format;
        var muxer = new FragmentMuxer(audio is null ? [format] : [format, audio.Format]);
        var init = new ArrayBufferWriter<byte>(1024);
        muxer.WriteInit(init);
        foreach (var picture in pictures)
        {
            if (!muxer.Accepts(picture.Format))
                throw new PaintException("The size of its pictures changes in the middle of it.");
            muxer.Add(picture);
        }

        for (int i = 0; audio is not null && i < audio.Samples.Count; i++)
        {
            var sample = audio.Samples[i];
            if (sample.Offset >= name.Offset && sample.Offset < name.End)
                muxer.Add(new(audio.Formats[sample.Description], audio.ReadSample(i)) { Presentation = sample.Presentation, Decode = sample.Decode, Duration = sample.Duration, IsKey = true });
        }

        var fragment = muxer.End(next);
        try
        {
            var media = new ArrayBufferWriter<byte>((int)fragment.Bytes);
            fragment.CopyTo(media);
            return new(init.WrittenSpan.ToArray(), media.WrittenSpan.ToArray());
        }
        finally
        {
            fragment.Release();
        }
    }

    void Keep(PieceName name, MaskedPiece piece)
    {
        lock (_gate)
        {
            if (_kept.ContainsKey(name))
                return;
            _kept[name] = _byUse.AddLast((name, piece));
            _bytes += piece.Bytes;
            while (_bytes > options.Masks.Cache.Bytes && _byUse.First is { } oldest)
            {
                _byUse.RemoveFirst();
                _kept.Remove(oldest.Value.Name);
                _bytes -= oldest.Value.Piece.Bytes;
            }
        }
    }
}
