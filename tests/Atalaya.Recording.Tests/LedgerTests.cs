using Atalaya.Media;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.Data.Sqlite;

namespace Atalaya.Recording.Tests;

public sealed class LedgerTests
{
    static readonly Config Runs = Config.QuickThrowOnFailure.WithMaxTest(300);

    static readonly Gen<int> Moment = Gen.Choose(0, 40);

    static readonly Gen<List<WallSpan>> Spans =
        from cuts in Gen.Choose(0, 40).ListOf()
        let sorted = cuts.Distinct().Order().ToList()
        from parity in Gen.Choose(0, 1)
        select sorted.Zip(sorted.Skip(1)).Where((_, i) => i % 3 != parity).Select(p => new WallSpan(At(p.First), At(p.Second))).ToList();

    static readonly Gen<List<Gap>> Gaps =
        from gaps in (from a in Moment from b in Moment from lasts in Gen.Choose(0, 9) from cause in Gen.Choose(0, 5) select (a, b, lasts, cause)).ListOf()
        select gaps.Where(g => g.a != g.b)
            .Select(g => new Gap("c", StreamKind.Main, At(Math.Min(g.a, g.b)), g.lasts == 0 ? null : At(Math.Max(g.a, g.b)), (GapCause)g.cause, "told"))
            .OrderBy(g => g.From.Microseconds).ToList();

    [Fact]
    public void Segments_and_gaps_fill_a_stream_s_life_without_overlap_whatever_was_known()
    {
        Prop.ForAll((from s in Spans from g in Gaps select (s, g)).ToArbitrary(), input =>
        {
            var (recorded, known) = input;
            var gaps = GapLedger.Explain("c", StreamKind.Main, recorded, known, _ => (GapCause.Crash, "derived"));
            if (recorded.Count == 0)
            {
                gaps.ShouldBeEmpty();
                return;
            }

            var all = recorded.Select(s => (s.From, To: (WallTime?)s.To)).Concat(gaps.Select(g => (g.From, g.To))).OrderBy(s => s.From.Microseconds).ToList();
            all[0].From.ShouldBe(recorded[0].From);
            foreach (var (before, after) in all.Zip(all.Skip(1)))
                before.To.ShouldBe(after.From);
            all[^1].To.ShouldBeNull();
            // Where something was known it still holds.
            foreach (var gap in gaps.Where(g => g.Detail == "derived"))
                known.ShouldNotContain(k => k.From <= gap.From && (k.To == null || k.To > gap.From) && !known.Any(o => o.From > k.From && o.From <= gap.From));
            // Explaining what is explained changes nothing.
            GapLedger.Explain("c", StreamKind.Main, recorded, gaps, _ => (GapCause.Policy, "again")).ShouldBe(gaps);
        }).Check(Runs);
    }

    [Fact]
    public void The_index_answers_as_plain_lists_would()
    {
        string path = Path.Combine(Directory.CreateTempSubdirectory("atalaya-index-").FullName, "index.db");
        var store = SqliteFactory.Instance.CreateDataSource($"Data Source={path}");
        var index = new SegmentIndex(store);
        index.Migrate();
        index.Migrate();
        int camera = 0;
        Prop.ForAll((from s in Spans from g in Gaps from a in Moment from b in Moment select (s, g, a, b)).ToArbitrary(), input =>
        {
            var (spans, gaps, a, b) = input;
            string id = $"camera{camera++}";
            var segments = spans.Select(s => Segment(id, s)).ToList();
            index.Write(segments, []);
            index.Write(segments, [.. gaps.Select(g => g with { Camera = id })]);
            var (from, to) = (At(Math.Min(a, b)), At(Math.Max(a, b)));

            index.Segments(id, StreamKind.Main, from, to).Select(s => s.Start).ShouldBe(segments.Where(s => s.Start < to && s.End > from).Select(s => s.Start));
            index.Spans(id, StreamKind.Main, from, to).ShouldBe(spans.Where(s => s.From < to && s.To > from));
            index.Extent(id, StreamKind.Main).ShouldBe(spans.Count == 0 ? null : (spans[0].From, spans[^1].To));
            index.Segments(id, StreamKind.Sub, from, to).ShouldBeEmpty();
            var model = GapLedger.Apply([], gaps.Select(g => g with { Camera = id }));
            index.Gaps(id, StreamKind.Main, from, to).ShouldBe(model.Where(g => g.From < to && (g.To is null || g.To > from)));
            index.Before(id, StreamKind.Main, to)?.Start.ShouldBe(segments.Last(s => s.Start < to).Start);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(60));
        SqliteConnection.ClearAllPools();
        Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
    }

    [Fact]
    public void Access_points_survive_their_encoding()
    {
        Prop.ForAll((from steps in (from o in Gen.Choose(1, int.MaxValue) from m in Gen.Choose(1, 10_000_000) select (o, m)).NonEmptyListOf() from start in Gen.Choose(-5, int.MaxValue) select (steps, start)).ToArbitrary(), input =>
        {
            long offset = 800, media = input.start;
            var entries = new List<AccessPoint>();
            foreach (var (o, m) in input.steps)
            {
                entries.Add(new(offset, new(media)));
                offset += o;
                media += m;
            }

            var points = new AccessPoints(entries, offset, new(media), startsWithKey: input.start % 2 == 0);
            byte[] bytes = points.Encode(new(input.start));
            var back = AccessPoints.Decode(bytes, new(input.start));
            back.Entries.ShouldBe(points.Entries);
            (back.EndOffset, back.MediaEnd, back.StartsWithKey).ShouldBe((points.EndOffset, points.MediaEnd, points.StartsWithKey));
            for (int cut = 0; cut < bytes.Length; cut++)
                Should.Throw<FormatException>(() => AccessPoints.Decode(bytes.AsSpan(0, cut), new(input.start)));
        }).Check(Runs);
    }

    static WallTime At(int second) => WallTime.From(Scene.Noon.AddSeconds(second));

    static Segment Segment(string camera, WallSpan span) => new(
        camera, StreamKind.Main, span.From, span.To, span.From.Milliseconds, 0, new SegmentName(span.From.Milliseconds, StreamKind.Main).ToString(), 5000,
        new(900), MediaTime.From(span.To - span.From), 800, "avc1.640028", 320, 240, 25, new string('0', 64), SegmentEnd.Rotated,
        new([new(800, new(900))], 4700, new MediaTime(900) + MediaTime.From(span.To - span.From)));
}
