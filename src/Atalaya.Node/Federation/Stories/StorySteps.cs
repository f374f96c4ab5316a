using System.Data.Common;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

using Atalaya.Federation.Links;
using Atalaya.Federation.Stories;
using Atalaya.Media;
using Atalaya.Node.Evidence;
using Atalaya.Node.Federation.Links;

using Dapper;

namespace Atalaya.Node.Federation.Stories;

/// <summary>Steps of stories in the store.</summary>
static class StorySteps
{
    public static async Task<Story<TDeed>> ReadAsync<TDeed>(DbConnection connection, DbTransaction? transaction, string story, CancellationToken stop) =>
        (await ReadAsync<TDeed>(connection, transaction, [story], stop)).GetValueOrDefault(story) ?? new();

    public static async Task<IReadOnlyDictionary<string, Story<TDeed>>> ReadAsync<TDeed>(
        DbConnection connection, DbTransaction? transaction, IReadOnlyCollection<string> stories, CancellationToken stop)
    {
        var found = new Dictionary<string, Story<TDeed>>(StringComparer.Ordinal);
        // SQLite takes a limited number of parameters.
        foreach (string[] some in stories.Chunk(500))
        {
            var rows = await connection.QueryAsync<Row>(new CommandDefinition(
                "select story as Story, side as Side, number as Number, seen as Seen, at_us as At, by_name as ByName, deed as Deed from story_steps where story in @some order by story, side, number",
                new { some }, transaction, cancellationToken: stop));
            foreach (var group in rows.GroupBy(r => r.Story, StringComparer.Ordinal))
            {
                found[group.Key] = new([.. group.Select(r => new Step<TDeed>(
                    (Side)r.Side, (int)r.Number, (int)r.Seen, new WallTime(r.At).ToDateTimeOffset(), r.ByName, JsonSerializer.Deserialize<TDeed>(r.Deed, StoryJson.Options)!))]);
            }
        }

        return found;
    }

    /// <param name="kind">Of the message that carries it.</param>
    /// <param name="message">Its number in the lane it goes out by; 0: it came in.</param>
    public static Task AddAsync<TDeed>(DbConnection connection, DbTransaction transaction, string story, Step<TDeed> step, string kind, long message, WallTime now)
    {
        string deed = JsonSerializer.Serialize(step.Deed, StoryJson.Options);
        return connection.ExecuteAsync(
            "insert into story_steps (story, side, number, seen, at_us, by_name, kind, deed, sha256, here_us, message) values (@story, @side, @Number, @Seen, @at, @By, @kind, @deed, @sha256, @now, @message)",
            new
            {
                story,
                side = (long)step.Side,
                Number = (long)step.Number,
                Seen = (long)step.Seen,
                at = WallTime.From(step.At).Microseconds,
                step.By,
                kind,
                deed,
                sha256 = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(deed))),
                now = now.Microseconds,
                message,
            },
            transaction);
    }

    /// <summary>SQL: why the other node refused a step of this node's in a case, if it did.</summary>
    /// <param name="row">Alias of a row with <c>id</c> and <c>link</c>.</param>
    public static string FaultOf(string row) =>
        $"(select f.reason from story_steps s join link_refusals f on f.link = {row}.link and f.direction = 'out' and f.lane = {(long)Lane.Urgent} and f.number = s.message where s.story = {row}.id and s.message > 0 order by s.message limit 1)";

    /// <summary>What the other side is told of a step that isn't taken. One that is known was taken before.</summary>
    public static MessageVerdict VerdictOf(StepFault fault) => fault == StepFault.Known ? MessageVerdict.Applied : MessageVerdict.Refused(fault switch
    {
        StepFault.Contradicts => "Another step has this number.",
        StepFault.Gap => "The step before it is missing.",
        StepFault.Unseen => "It claims to know steps that weren't taken.",
        StepFault.Time => "It is dated before the step before it.",
        StepFault.Full => "The case has as many steps as one may have.",
        _ => "The case's rules forbid it.",
    });

    /// <summary>What the log says of each step: who, when, and a digest of the words; not the words.</summary>
    public static WatchedTable Watched { get; } =
        new("story_steps", Atalaya.Evidence.LeafKind.Request, ["story", "side", "number"], ["seen", "at_us", "by_name", "kind", "sha256"]);

    sealed record Row(string Story, long Side, long Number, long Seen, long At, string ByName, string Deed);
}
