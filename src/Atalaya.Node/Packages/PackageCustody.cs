using System.Globalization;

using Atalaya.Evidence;
using Atalaya.Evidence.Packages;
using Atalaya.Media;
using Atalaya.Media.Mp4;
using Atalaya.Media.Signing;
using Atalaya.Node.Cameras;
using Atalaya.Node.Evidence;
using Atalaya.Node.Footage;
using Atalaya.Node.Options;
using Atalaya.Node.Store;

using Dapper;

namespace Atalaya.Node.Packages;

/// <summary>
/// What was done with footage before it came into a package: recorded, held, looked at, taken out. Who looked is told as counts: a package goes to people to whom the names of
/// all who watched are nobody's business; oversight has them.
/// </summary>
sealed class PackageCustody(NodeDatabase database, Recordings recordings, NodeLog nodeLog, CameraSignatures signatures, CameraRoster roster)
{
    /// <summary>Of holds and of files that were taken out, the latest.</summary>
    const int Most = 100;

    /// <summary>In the order of time.</summary>
    public async Task<IReadOnlyList<ManifestDeed>> OfAsync(
        EvidencePackage package, IReadOnlyList<SealedSegment> footage, SignedCheckpoint head, Func<LogRow, ManifestSeal> prove, CancellationToken stop)
    {
        var deeds = new List<ManifestDeed>();
        foreach (var files in footage.GroupBy(f => (f.Segment.Camera, f.Segment.Stream)))
        {
            var segments = files.Select(f => f.Segment).ToList();
            deeds.Add(new(
                "recorded", At(segments.Min(s => s.Start.Microseconds)), "", Words($"{NameOf(files.Key.Camera)}: {segments.Count} files, {segments.Sum(s => (s.End - s.Start).TotalSeconds):0} s"), null));
        }

        await AddHoldsAsync(deeds, package, head, prove, stop);
        await using var connection = await database.Source.OpenConnectionAsync(stop);
        foreach (var stretch in package.Stretches)
        {
            var span = new { camera = stretch.Camera, stream = stretch.Stream.ToString(), from = stretch.From.Microseconds, to = stretch.To.Microseconds, id = package.Id, most = Most };
            var looks = (await connection.QueryAsync<Looks>(new CommandDefinition(
                """
                select kind as Kind, count(*) as Times, count(distinct user_id) as People, max(begun_at) as Last from accesses
                where camera = @camera and stretch_from < @to and stretch_to > @from and kind in ('Playback', 'Thumbnails', 'Snapshot', 'Download') group by kind order by kind
                """, span, cancellationToken: stop))).ToList();
            if (looks.Count > 0)
                deeds.Add(new("accessed", At(looks.Max(l => l.Last)), "", $"{NameOf(stretch.Camera)}: {string.Join(", ", looks.Select(l => Words($"{l.Kind.ToLowerInvariant()} {l.Times} times by {l.People}")))}", null));
            deeds.AddRange((await connection.QueryAsync<Taken>(new CommandDefinition(
                """
                select created_at as CreatedAt, user_name as UserName, time_from as TimeFrom, time_to as TimeTo, sha256 as Sha256 from node_export
                where camera = @camera and stream = @stream and time_from < @to and time_to > @from and sha256 is not null order by created_at desc limit @most
                """, span, cancellationToken: stop))).Select(t => new ManifestDeed(
                    "exported", At(t.CreatedAt), t.UserName, $"{NameOf(stretch.Camera)}: {new WallTime(t.TimeFrom)} to {new WallTime(t.TimeTo)}, SHA-256 {t.Sha256}", null)));
        }

        await AddSignedAsync(deeds, footage, stop);
        deeds.Add(new("asked", package.CreatedAt.ToDateTimeOffset(), package.Order.UserName, package.Title, null));
        if (package.Order.Agreed is { } agreed)
            deeds.Add(new("agreed", agreed.At.ToDateTimeOffset(), agreed.Name, package.Title, null));
        return [.. deeds.OrderBy(d => d.At)];
    }

    async Task AddHoldsAsync(List<ManifestDeed> deeds, EvidencePackage package, SignedCheckpoint head, Func<LogRow, ManifestSeal> prove, CancellationToken stop)
    {
        var holds = await recordings.Caretaker.HoldsAsync(ended: true, stop);
        foreach (var hold in holds.Where(h => package.Holds?.Contains(h.Id, StringComparer.Ordinal) != true).OrderByDescending(h => h.Created.Microseconds))
        {
            if (deeds.Count > Most || !package.Stretches.Any(s => hold.Covers(s.Camera, s.Stream) && hold.From < s.To && hold.Span.To > s.From))
                continue;
            var row = await nodeLog.FindAsync(LeafKind.Hold, hold.Id, stop);
            deeds.Add(new("held", hold.Created.ToDateTimeOffset(), hold.Owner, hold.Reason, row is not null && row.Leaf < head.Checkpoint.Size ? prove(row) : null));
        }
    }

    /// <summary>What the cameras' own signatures say of it, of those that sign.</summary>
    async Task AddSignedAsync(List<ManifestDeed> deeds, IReadOnlyList<SealedSegment> footage, CancellationToken stop)
    {
        foreach (var files in footage.GroupBy(f => (f.Segment.Camera, f.Segment.Stream)))
        {
            var segments = files.Select(f => f.Segment).ToList();
            try
            {
                // All of it is read for that: what isn't signed at its begin is taken for not signed.
                if (await signatures.OfAsync(files.Key.Camera, files.Key.Stream, segments[0].Start, segments[0].End, stop) is null or { Verdict: SignedVideoVerdict.NotSigned })
                    continue;
                var said = (await signatures.OfAsync(files.Key.Camera, files.Key.Stream, segments.Min(s => s.Start), segments.Max(s => s.End), stop))!;
                string who = said.Trust switch
                {
                    CameraTrust.Trusted => "leads to a known maker",
                    CameraTrust.Untrusted => "leads to no known maker",
                    _ => "no maker's root was given to judge it by",
                };
                deeds.Add(new(
                    "signed", segments.Max(s => s.End).ToDateTimeOffset(), said.Subject ?? "",
                    Words($"{NameOf(files.Key.Camera)}: {OptionText.Format(said.Verdict)} ({said.Verified} slices verified, {said.Missing} missing, {said.Failed} wrong, {said.Unsigned} without their signature, {said.Pending} at the ends; certificate {said.Fingerprint}, {who}) {said.Fault}").TrimEnd(),
                    null));
            }
            catch (Exception fault) when (fault is IOException or Mp4Exception)
            {
                deeds.Add(new("signed", segments.Max(s => s.End).ToDateTimeOffset(), "", $"{NameOf(files.Key.Camera)}: couldn't be judged: {fault.Message}", null));
            }
        }
    }

    string NameOf(string camera) => roster.Find(camera)?.Config.Name ?? camera;

    static DateTimeOffset At(long microseconds) => new WallTime(microseconds).ToDateTimeOffset();

    static string Words(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    sealed class Looks
    {
        public string Kind { get; init; } = "";
        public long Times { get; init; }
        public long People { get; init; }
        public long Last { get; init; }
    }

    sealed class Taken
    {
        public long CreatedAt { get; init; }
        public string UserName { get; init; } = "";
        public long TimeFrom { get; init; }
        public long TimeTo { get; init; }
        public string Sha256 { get; init; } = "";
    }
}
