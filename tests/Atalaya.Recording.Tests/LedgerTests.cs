using Atalaya.Media;
using Atalaya.Testing;
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
        using var folder = new TempFolder("index");
        using var store = new FaultyStore(folder.File("index.db"));
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
            foreach (var (before, after) in model.Zip(model.Skip(1)))
                (before.To <= after.From).ShouldBeTrue("one moment has one cause");
            index.Before(id, StreamKind.Main, to)?.Start.ShouldBe(segments.Last(s => s.Start < to).Start);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(60));
        SqliteConnection.ClearAllPools();
    }

    [Fact]
    public void Coverage_is_what_the_segments_cover_after_every_write_and_when_it_is_made_again()
    {
        using var folder = new TempFolder("coverage");
        using var store = new FaultyStore(folder.File("index.db"));
        var index = new SegmentIndex(store);
        index.Migrate();
        int camera = 0;
        // In any order, some twice with another end, as a repetition or a repair writes them.
        var writes = from spans in Spans
                     from places in Gen.Choose(0, 100).ListOf(spans.Count)
                     from shorter in Gen.Choose(0, 2).ListOf(spans.Count)
                     select (spans, spans.Zip(places).OrderBy(p => p.Second).Select(p => p.First).ToList(), shorter);
        Prop.ForAll(writes.ToArbitrary(), input =>
        {
            var (spans, order, shorter) = input;
            string id = $"camera{camera++}";
            foreach (var (span, cut) in order.Zip(shorter))
            {
                if (cut > 0)
                    index.Write([Segment(id, span with { To = cut == 1 ? span.To + TimeSpan.FromMilliseconds(1) : span.From + TimeSpan.FromMilliseconds(1) })], []);
                index.Write([Segment(id, span)], []);
            }

            var exact = GapLedger.Merge(spans, default, new(long.MaxValue));
            Covered(id).ShouldBe(exact);
            index.IsCovered(id, StreamKind.Main).ShouldBeTrue();
            index.Streams().Contains((id, StreamKind.Main)).ShouldBe(spans.Count > 0);
            index.RebuildCoverage();
            Covered(id).ShouldBe(exact);

            List<WallSpan> Covered(string of) => index.Timelines([(of, StreamKind.Main)], default, new(long.MaxValue), default)[0].Recorded;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(60));
        SqliteConnection.ClearAllPools();
    }

    [Fact]
    public void A_coarse_timeline_is_short_and_counts_what_it_leaves_out()
    {
        using var folder = new TempFolder("coarse");
        using var store = new FaultyStore(folder.File("index.db"));
        var index = new SegmentIndex(store);
        index.Migrate();
        var resolution = TimeSpan.FromSeconds(7);
        int camera = 0;
        Prop.ForAll((from s in Spans from a in Moment from b in Moment where a != b select (s, a, b)).ToArbitrary(), input =>
        {
            var (spans, a, b) = input;
            var (from, to) = (At(Math.Min(a, b)), At(Math.Max(a, b)));
            string id = $"camera{camera++}";
            var gaps = GapLedger.Explain(id, StreamKind.Main, spans, [], span => ((GapCause)(span.From.Milliseconds / 1000 % 3), "told")).Where(g => g.To is not null).ToList();
            index.Write([.. spans.Select(s => Segment(id, s))], gaps);
            var inside = gaps.Where(g => g.From < to && g.To > from).ToList();

            var coarse = index.Timelines([(id, StreamKind.Main)], from, to, resolution)[0];
            coarse.Recorded.Count.ShouldBeLessThanOrEqualTo((int)((to - from) / resolution) + 1);
            coarse.Recorded.ShouldBe(GapLedger.Merge(spans, from, to, resolution));
            coarse.Gaps.ShouldBe(inside.Where(g => g.To - g.From >= resolution));
            coarse.ShortGaps.Count.ShouldBeLessThanOrEqualTo(((int)((to - from) / resolution) + 2) * 3);
            coarse.ShortGaps.Sum(g => g.Count).ShouldBe(inside.Count(g => g.To - g.From < resolution));
            coarse.ShortGaps.Sum(g => g.Missing.Ticks).ShouldBe(inside.Where(g => g.To - g.From < resolution).Sum(g => (g.To!.Value - g.From).Ticks));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(60));
        SqliteConnection.ClearAllPools();
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

    internal static Segment Segment(string camera, WallSpan span) => new(
        camera, StreamKind.Main, span.From, span.To, span.From.Milliseconds, 0, new SegmentName(span.From.Milliseconds, StreamKind.Main).ToString(), 5000,
        new(900), MediaTime.From(span.To - span.From), 800, "avc1.640028", 320, 240, 25, new string('0', 64), SegmentEnd.Rotated,
        new([new(800, new(900))], 4700, new MediaTime(900) + MediaTime.From(span.To - span.From)));
}
