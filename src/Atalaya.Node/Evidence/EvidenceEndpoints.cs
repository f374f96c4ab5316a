using Atalaya.Evidence;
using Atalaya.Node.Api;
using Atalaya.Node.Identity;
using Atalaya.Node.Store;
using Atalaya.Recording;

using Microsoft.AspNetCore.Http.HttpResults;

namespace Atalaya.Node.Evidence;

static class EvidenceEndpoints
{
    /// <summary>As in playback: a segment over the rim of what may be looked at holds what may.</summary>
    static readonly TimeSpan LongestSegment = TimeSpan.FromMinutes(10);

    public static IServiceCollection AddEvidence(this IServiceCollection services) => services.AddSingleton<KeyStore>().AddStarted<NodeLog>().AddStarted<WitnessRounds>().AddStarted<OwnWitness>();

    public static void MapEvidence(this IEndpointRouteBuilder routes)
    {
        var api = routes.MapGroup("/api").WithTags("evidence");
        api.MapGet("log", StateAsync).Needs(Permission.Audit).WithName("getLog").WithSummary("The evidence log: its name, key and last checkpoint.").Produces<LogJson>().Fails(503);
        api.MapGet("cameras/{id}/segments/{name}/proof", ProofAsync).NeedsOnCamera(Permission.ViewPast).WithName("getSegmentProof")
            .WithSummary("That a segment was sealed, as a proof that needs nobody's word but the log's key.")
            .WithDescription("404 also while its seal isn't in the log yet, some seconds after it was closed. How to check it: ref/log.md.")
            .Produces<SegmentProofJson>().Fails(404, 503);
        routes.MapWitness();
        // C2SP tlog-tiles: static files, immutable but for the checkpoint. Hashes only, but their kinds and rhythm tell when cameras failed and when somebody looked.
        var files = routes.MapGroup("/log").Needs(Permission.Audit).ExcludeFromDescription();
        files.MapGet("checkpoint", CheckpointAsync);
        files.MapGet("keys", (NodeLog log) => TypedResults.Text(log.KeyHistory.ToBytes(), "text/plain; charset=utf-8"));
        files.MapGet("tile/{**path}", TileAsync);
    }

    static async Task<Results<Ok<LogJson>, ProblemHttpResult>> StateAsync(NodeLog log, KeyStore keys, OwnWitness witness, WitnessRounds rounds, CancellationToken stop) =>
        await log.HeadAsync(stop) is var (head, key)
            ? TypedResults.Ok(new LogJson(
                head.Checkpoint.Origin, key.ToString(), head.Checkpoint.Size, head.Checkpoint.Root.ToString(), head.Note.ToString(), log.Fault, witness.Key?.ToString(),
                [.. rounds.States.Select(WitnessJson.Of)], [.. witness.States.Select(WitnessedLogJson.Of)], [.. (await keys.ListAsync(stop)).Select(KeyJson.Of)]))
            : NotOpen(log);

    static async Task<Results<Ok<SegmentProofJson>, ProblemHttpResult>> ProofAsync(string id, string name, NodeLog log, Caller caller, CancellationToken stop)
    {
        var missing = Problems.NotFound("No such seal", "There is no such segment, or it was closed just now and its seal follows within seconds.");
        if (!SegmentName.IsCamera(id) || !SegmentName.TryParse(name, out var named))
            return missing;
        if (caller.RefusalOfPast(id, named.Start + LongestSegment) is { } refusal)
            return refusal;
        if (await log.HeadAsync(stop) is not var (head, key))
            return NotOpen(log);
        if (await log.FindAsync(LeafKind.Segment, SegmentRow.ReferenceOf(id, named), stop) is not { } row || row.Leaf >= head.Checkpoint.Size)
            return missing;
        try
        {
            return TypedResults.Ok(SegmentProofJson.Of(row, new LogFolder(log.Folder).Tree(head.Checkpoint.Size).Inclusion(row.Leaf), head, key));
        }
        catch (Exception fault) when (fault is IOException or InvalidDataException)
        {
            return Problems.Of(StatusCodes.Status503ServiceUnavailable, "The log can't be read just now", fault.Message);
        }
    }

    static async Task<Results<Utf8ContentHttpResult, ProblemHttpResult>> CheckpointAsync(NodeLog log, HttpContext http, CancellationToken stop)
    {
        if (await log.HeadAsync(stop) is not var (head, _))
            return NotOpen(log);
        http.Response.Headers.CacheControl = "no-store";
        return TypedResults.Text(head.Note.ToBytes(), "text/plain; charset=utf-8");
    }

    static async Task<Results<FileContentHttpResult, ProblemHttpResult>> TileAsync(string path, NodeLog log, HttpContext http, CancellationToken stop)
    {
        if (await log.HeadAsync(stop) is not var (head, _))
            return NotOpen(log);
        var missing = Problems.NotFound("No such tile", "The log's checkpoint says which there are (C2SP tlog-tiles).");
        // What no checkpoint covers may still be written otherwise.
        if (!Tile.TryParse("tile/" + path, out var tile) || !tile.IsCoveredBy(head.Checkpoint.Size))
            return missing;
        try
        {
            byte[] bytes = new LogFolder(log.Folder).Read(tile).ToArray();
            http.Response.Headers.CacheControl = "private, max-age=31536000, immutable";
            return TypedResults.File(bytes, "application/octet-stream");
        }
        catch (InvalidDataException) when (!tile.IsFull)
        {
            return missing;     // No checkpoint was of that size.
        }
        catch (Exception fault) when (fault is IOException or InvalidDataException)
        {
            return Problems.Of(StatusCodes.Status503ServiceUnavailable, "The log can't be read just now", fault.Message);
        }
    }

    static ProblemHttpResult NotOpen(NodeLog log) =>
        Problems.Of(StatusCodes.Status503ServiceUnavailable, "The log isn't open", log.Fault ?? "The node has just started; ask again in a moment.");
}
