using System.Data;
using System.Data.Common;
using Atalaya.Media;
using Atalaya.Testing;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Atalaya.Recording.Tests;

/// <summary>What a question to a large archive costs, in steps of the database's own machine: never in time.</summary>
public sealed class TimelineWorkTests
{
    static readonly DateTimeOffset Begin = new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task Questions_about_a_stretch_cost_the_same_in_an_archive_ten_times_as_long()
    {
        using var folder = new TempFolder("work");
        var questions = new Dictionary<string, Action<SegmentIndex>>
        {
            ["the streams there are"] = i => i.Streams().Count.ShouldBe(3),
            ["a stream's extent"] = i => i.Extent("cam1", StreamKind.Main).ShouldNotBeNull(),
            ["an hour of all"] = i => i.Timelines(i.Streams(), At(4, 0), At(5, 0), default).ShouldAllBe(t => t.Recorded.Count > 0),
            ["the gaps of an hour"] = i => i.Gaps("cam1", StreamKind.Main, At(4, 0), At(5, 0)).ShouldNotBeEmpty(),
            ["half an hour to play"] = i => i.Segments("cam1", StreamKind.Main, At(4, 0), At(4, 30)).Count.ShouldBe(30),
            ["one file"] = i => i.Find("cam1", new(At(4, 0).Milliseconds, StreamKind.Main)).ShouldNotBeNull(),
        };
        await using var small = await CountedIndex.MakeAsync(folder.File("small.db"), hours: 6);
        await using var large = await CountedIndex.MakeAsync(folder.File("large.db"), hours: 60);
        foreach (var (question, ask) in questions)
        {
            long few = small.Steps(ask), many = large.Steps(ask);
            few.ShouldBeGreaterThan(0, question);
            // A deeper tree costs a step or two a row.
            many.ShouldBeLessThan(few + (few / 4) + 100, question);
        }
    }

    [Fact]
    public async Task An_overview_reads_gaps_and_not_segments()
    {
        using var folder = new TempFolder("work");
        await using var index = await CountedIndex.MakeAsync(folder.File("index.db"), hours: 60);
        long steps = index.Steps(i => i.Timelines(i.Streams(), At(0, 0), At(60, 0), TimeSpan.FromMinutes(1)).SelectMany(t => t.ShortGaps).Sum(g => g.Count).ShouldBe(180));
        // 60 gaps a stream, some thirty steps each for coverage, gaps and their groups; 10,800 segments would take ten times as many.
        steps.ShouldBeLessThan(3 * 61 * 120);
        steps.ShouldBeLessThan(index.Steps(i => i.Spans("cam1", StreamKind.Main, At(0, 0), At(60, 0)).Count.ShouldBe(3600)));
    }

    static WallTime At(int hours, int minutes) => WallTime.From(Begin.AddHours(hours).AddMinutes(minutes));

    /// <summary>Two cameras, one with a sub-stream: a segment a minute, and a gap of five seconds at the end of each hour.</summary>
    sealed class CountedIndex : IAsyncDisposable
    {
        readonly Source _source;

        CountedIndex(Source source) => _source = source;

        public static Task<CountedIndex> MakeAsync(string path, int hours) => Task.Run(() =>
        {
            var source = new Source($"Data Source={path}");
            var index = new SegmentIndex(source);
            index.Migrate();
            foreach (var (camera, stream) in new[] { ("cam1", StreamKind.Main), ("cam1", StreamKind.Sub), ("cam2", StreamKind.Main) })
            {
                var segments = new List<Segment>();
                var gaps = new List<Gap>();
                for (int minute = 0; minute < hours * 60; minute++)
                {
                    var (from, to) = (At(0, minute), At(0, minute + 1));
                    if (minute % 60 == 59)
                    {
                        gaps.Add(new(camera, stream, to - TimeSpan.FromSeconds(5), to, GapCause.Network, "No packet for 5 s."));
                        to -= TimeSpan.FromSeconds(5);
                    }

                    segments.Add(new(camera, stream, from, to, from.Milliseconds, 0, new SegmentName(from.Milliseconds, stream).ToString(), 5000, default,
                        MediaTime.From(to - from), 800, "avc1.640028", 320, 240, 25, new('0', 64), SegmentEnd.Rotated, new([new(800, default)], 4700, MediaTime.From(to - from))));
                }

                index.Write(segments, gaps);
            }

            return new CountedIndex(source);
        });

        public long Steps(Action<SegmentIndex> ask)
        {
            ask(new(_source));      // Statements are prepared, schemas read.
            long before = _source.Steps;
            ask(new(_source));
            return _source.Steps - before;
        }

        public async ValueTask DisposeAsync()
        {
            await _source.DisposeAsync();
            SqliteConnection.ClearAllPools();
        }

        sealed class Source(string connectionString) : DbDataSource
        {
            public long Steps { get; private set; }
            public override string ConnectionString => connectionString;

            protected override DbConnection CreateDbConnection()
            {
                var connection = new SqliteConnection(connectionString);
                connection.StateChange += (_, change) =>
                {
                    if (change.CurrentState == ConnectionState.Open)
                        raw.sqlite3_progress_handler(connection.Handle, 1, _ => Count(), null);
                };
                return connection;
            }

            int Count()
            {
                Steps++;
                return 0;
            }
        }
    }
}
