using Atalaya.Analysis.Painting;
using Atalaya.Media;
using Atalaya.Media.Mp4;
using Atalaya.Node.Footage;
using Atalaya.Node.Masks;
using Atalaya.Node.Playback;
using Atalaya.Recording;

namespace Atalaya.Node.Redactions;

/// <summary>A finished copy.</summary>
sealed record MadeCopy(long Bytes, string Sha256, int Pictures, IReadOnlyList<RedactionSourceJson> Sources, IReadOnlyList<GapJson> Gaps);

/// <summary>
/// Makes the copy of a draft: every picture of the stretch decoded, painted and encoded in the process that paints, and put into a new file. Nothing else of the recorded files gets
/// there: no sound, no text, no picture before or behind the stretch.
/// </summary>
sealed class CopyMaker(Recordings recordings, FootagePainter painter)
{
    readonly BlockPool _pool = new(8 << 20);

    /// <summary>Writes it to <paramref name="path"/>.</summary>
    /// <exception cref="StretchException">It can't be made; why, to an operator.</exception>
    /// <exception cref="IOException">It can't be written.</exception>
    public async Task<MadeCopy> MakeAsync(Redaction redaction, string path, IProgress<double> progress, CancellationToken stop)
    {
        var stretch = await StretchPictures.ReadAsync(recordings, redaction.Camera, redaction.Stream, redaction.From, redaction.To, stop);
        var plan = RedactionPlan.ToAreas(redaction.Plan);
        using var file = new CopyFile(path, stretch.Pictures.Select(p => RedactionPlan.TimeOf(p.At)));
        try
        {
            for (int first = 0; first < stretch.Segments.Count;)
            {
                int end = first + 1;
                while (end < stretch.Segments.Count && Continues(stretch.Segments[end - 1], stretch.Segments[end]))
                    end++;
                await PaintAsync(redaction.Camera, stretch, first, end, plan, file, progress, stop);
                first = end;
            }
        }
        catch (PaintException fault)
        {
            throw new StretchException($"Its pictures can't be painted just now: {fault.Message}");
        }
        catch (Mp4Exception fault)
        {
            throw new StretchException($"Its footage can't be read: {fault.Message}");
        }

        // What couldn't be painted mustn't leave, and a copy that lacks pictures without a word is no evidence.
        if (file.Missing > 0)
        {
            throw new StretchException(
                $"{file.Missing} of {stretch.Pictures.Count} pictures couldn't be decoded, the first at {redaction.From + TimeSpan.FromMicroseconds(file.FirstMissing * 100 / 9)}. Make copies of the footage before and behind.");
        }

        var (bytes, digest) = file.Finish();
        var timeline = await recordings.Archive.TimelineAsync(redaction.Camera, redaction.Stream, redaction.From, redaction.To, stop: stop);
        return new(
            bytes, digest, stretch.Pictures.Count,
            [.. stretch.Segments.Select(s => new RedactionSourceJson(s.Camera, s.Stream, s.Start.ToDateTimeOffset(), s.End.ToDateTimeOffset(), s.Sha256))],
            [.. timeline.Gaps.Select(GapJson.Of)]);
    }

    static bool Continues(Segment before, Segment next) => before.Run == next.Run && before.MediaEnd == next.MediaStart;

    /// <summary>Segments of one run: pictures of one may be made from those of the one before.</summary>
    async Task PaintAsync(string camera, StretchPictures stretch, int first, int end, AreaPlan plan, CopyFile file, IProgress<double> progress, CancellationToken stop)
    {
        var wanted = new Dictionary<(int Segment, int Sample), long>();
        foreach (var picture in stretch.Pictures)
        {
            if (picture.Segment >= first && picture.Segment < end)
                wanted[(picture.Segment, picture.Sample)] = picture.At;
        }

        if (wanted.Count == 0)
            return;
        var opened = new List<OpenedSegment>();
        try
        {
            for (int s = first; s < end; s++)
                opened.Add(await StretchPictures.OpenAsync(recordings, camera, stretch.Segments[s], stop));
            int from = wanted.Keys.Where(k => k.Segment == first).Select(k => k.Sample).DefaultIfEmpty(0).Min(), last = wanted.Keys.Where(k => k.Segment == end - 1).Select(k => k.Sample).DefaultIfEmpty(-1).Max();
            var video = opened[0].Video;
            int key = Math.Min(from, Math.Max(0, video.FindKey(video.Samples[from].Presentation)));
            IReadOnlyList<AccessUnit> lead = video.Samples[key].IsKey ? [] : [.. await KeyLead.ReadAsync(recordings, camera, stretch.Segments[first].Name, video, _pool)];
            var opening = RedactionPlan.TimeOf(wanted.Values.Min());
            await painter.PaintAsync(camera, plan, quick: false, Units(), unit => unit.Presentation == opening || (unit.IsKey && unit.Presentation >= MediaTime.Zero), unit =>
            {
                // What only helps to decode has a time before the stretch.
                if (unit.Presentation < MediaTime.Zero)
                    return;
                file.Add(unit);
                progress.Report(file.Pictures / (double)stretch.Pictures.Count);
            }, stop);

            IEnumerable<AccessUnit> Units()
            {
                long helper = -1L << 40;
                foreach (var unit in lead)
                    yield return At(unit, new(++helper));
                for (int s = 0; s < opened.Count; s++)
                {
                    var samples = opened[s].Video;
                    int until = s == opened.Count - 1 ? last : samples.Samples.Count - 1;
                    for (int i = s == 0 ? key : 0; i <= until; i++)
                        yield return At(samples.ReadUnit(i, _pool), wanted.TryGetValue((first + s, i), out long at) ? RedactionPlan.TimeOf(at) : new(++helper));
                }
            }
        }
        finally
        {
            foreach (var segment in opened)
                segment.Dispose();
        }
    }

    // The same bytes at another time; the memory goes over to it.
    static AccessUnit At(AccessUnit unit, MediaTime at)
    {
        var data = unit.Data.ToArray();
        var moved = new AccessUnit(unit.Format, data) { Presentation = at, Decode = at, Duration = unit.Duration, IsKey = unit.IsKey };
        unit.Release();
        return moved;
    }
}
