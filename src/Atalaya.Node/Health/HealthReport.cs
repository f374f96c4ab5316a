using System.ComponentModel;
using System.Data.Common;
using System.Diagnostics;

using Atalaya.Media;
using Atalaya.Node.Footage;
using Atalaya.Node.Options;
using Atalaya.Node.Store;
using Atalaya.Recording;

using Dapper;

namespace Atalaya.Node.Health;

[Description("What a technician looks at that no other answer has: the database, the clock, the machine, what recording lacks, what waits to be told.")]
public sealed record HealthReportJson(
    DateTimeOffset At,
    DatabaseHealthJson Database,
    ClockHealthJson Clock,
    MachineHealthJson Machine,
    [property: Description("Each stream that is to be recorded.")] IReadOnlyList<RecordingHealthJson> Recording,
    [property: Description("Null: it can't be asked just now.")] OutboxHealthJson? Outbox);

public sealed record DatabaseHealthJson(
    [property: Description("sqlite or postgresql.")] string Engine,
    bool Answers,
    [property: Description("From the question to its answer; null without one.")] double? Milliseconds,
    [property: Description("Why it doesn't; empty while it does.")] string Detail);

public sealed record ClockHealthJson(
    [property: Description("As the kernel says: some service keeps it right. Null: the kernel doesn't tell.")] bool? Synchronised,
    [property: Description("How wrong it may be, as the kernel reckons; null: unknown.")] double? MostErrorSeconds);

public sealed record MachineHealthJson(
    int Processors,
    [property: Description("Share of all processors that was used by anything since the answer before, 0 to 1; null of the first, and where the system doesn't tell.")] double? Busy,
    [property: Description("Of that, the node itself, without its analysis process.")] double? Node,
    [property: Description("Memory that the node holds, bytes.")] long ResidentBytes,
    [property: Description("Memory of the machine, bytes; null where the system doesn't tell.")] long? MemoryBytes,
    [property: Description("Of it, what programs may still take.")] long? AvailableBytes);

public sealed record RecordingHealthJson(
    string Camera,
    StreamKind Stream,
    RecorderState State,
    DateTimeOffset Since,
    string Reason,
    [property: Description("The newest picture on the disk.")] DateTimeOffset? Newest,
    [property: Description("Pictures and sound that came and are not on the disk, since the node started.")] long UnitsLost,
    [property: Description("The last one within a day, or one that goes on; null: none.")] LastGapJson? LastGap,
    [property: Description("Seconds that gaps lack of the last day.")] double MissingSeconds);

public sealed record LastGapJson(DateTimeOffset From, [property: Description("Null: it goes on.")] DateTimeOffset? To, GapCause Cause, string Detail);

public sealed record OutboxHealthJson(
    long Waiting,
    [property: Description("Nobody took them for a day; they can be sent again.")] long Dead,
    [property: Description("When the oldest that waits was written.")] DateTimeOffset? OldestWaiting);

static class HealthReport
{
    static readonly TimeSpan Day = TimeSpan.FromDays(1);

    public static async Task<HealthReportJson> ReadAsync(Recordings recordings, NodeDatabase database, NodeOptions options, Machine machine, TimeProvider clock, CancellationToken stop)
    {
        var now = WallTime.Now(clock);
        var (answer, outbox) = await AskAsync(database, options, stop);
        return new(now.ToDateTimeOffset(), answer, machine.Clock(), machine.Read(), await RecordingAsync(recordings, now, stop), outbox);
    }

    static async Task<(DatabaseHealthJson Answer, OutboxHealthJson? Outbox)> AskAsync(NodeDatabase database, NodeOptions options, CancellationToken stop)
    {
        string engine = options.Database.Length == 0 ? "sqlite" : "postgresql";
        long asked = Stopwatch.GetTimestamp();
        try
        {
            await using var connection = await database.Source.OpenConnectionAsync(stop);
            var (waiting, dead, oldest) = await connection.QuerySingleAsync<(long, long, long?)>(new CommandDefinition(
                """
                select coalesce(sum(case when state = 'waiting' then 1 else 0 end), 0), coalesce(sum(case when state = 'dead' then 1 else 0 end), 0),
                    min(case when state = 'waiting' then created_at else null end)
                from notification_outbox
                """,
                cancellationToken: stop));
            return (new(engine, true, Stopwatch.GetElapsedTime(asked).TotalMilliseconds, ""), new(waiting, dead, oldest is { } at ? new WallTime(at).ToDateTimeOffset() : null));
        }
        catch (DbException fault)
        {
            return (new(engine, false, null, fault.Message), null);
        }
    }

    static async Task<IReadOnlyList<RecordingHealthJson>> RecordingAsync(Recordings recordings, WallTime now, CancellationToken stop)
    {
        var recorders = recordings.Archive.Status().Recorders;
        var told = new Dictionary<(string, StreamKind), Timeline>();
        try
        {
            foreach (var stream in recorders.Select(r => r.Stream).Distinct())
            {
                foreach (var (camera, timeline) in await recordings.Archive.TimelinesAsync(stream, now - Day, now, stop: stop))
                    told[(camera, stream)] = timeline;
            }
        }
        catch (DbException)
        {
            // The states are known all the same; that the database is away stands beside them.
        }

        return [.. recorders.Select(r => Of(r, told.GetValueOrDefault((r.Camera, r.Stream)), now))];
    }

    static RecordingHealthJson Of(RecorderStatus recorder, Timeline? day, WallTime now)
    {
        var gap = day?.Gaps.MaxBy(g => g.From);
        return new(
            recorder.Camera, recorder.Stream, recorder.State, recorder.Since.ToDateTimeOffset(), recorder.Reason, recorder.Newest?.ToDateTimeOffset(), recorder.UnitsLost,
            // What goes on was cut where the question ended.
            gap is null ? null : new(gap.From.ToDateTimeOffset(), gap.To >= now ? null : gap.To?.ToDateTimeOffset(), gap.Cause, gap.Detail),
            day?.Gaps.Sum(g => ((g.To ?? now) - g.From).TotalSeconds) ?? 0);
    }
}
