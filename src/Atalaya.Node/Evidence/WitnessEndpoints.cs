using Atalaya.Evidence;
using Atalaya.Node.Api;
using Atalaya.Node.Federation.Links;
using Atalaya.Node.Identity;

using Microsoft.AspNetCore.Http.HttpResults;

namespace Atalaya.Node.Evidence;

/// <summary>C2SP tlog-witness: <c>/witness/add-checkpoint</c>. Needs no account: it answers for logs that it was told to witness, and what is asked is signed by them.</summary>
static class WitnessEndpoints
{
    public static void MapWitness(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/witness/add-checkpoint", AddAsync).OpenToPrograms().ExcludeFromDescription();
        routes.MapPost("/link/1/witness/add-checkpoint", AddAsync).ByPeers();
        routes.MapGet("/link/1/witness/key", KeyAsync).ByPeers();
    }

    static async Task<Results<ContentHttpResult, ProblemHttpResult>> KeyAsync(OwnWitness witness, CancellationToken stop)
    {
        try
        {
            return await witness.OpenAsync(stop) is not null && witness.Key is { } key
                ? TypedResults.Text($"{key}\n", "text/plain; charset=utf-8")
                : Problems.Of(StatusCodes.Status503ServiceUnavailable, "Nothing is signed just now", "The node's own log isn't open.");
        }
        catch (Exception fault) when (fault is IOException or InvalidDataException)
        {
            return Problems.Of(StatusCodes.Status503ServiceUnavailable, "Nothing is signed just now", fault.Message);
        }
    }

    static async Task<Results<ContentHttpResult, ProblemHttpResult>> AddAsync(OwnWitness witness, HttpContext http, CancellationToken stop)
    {
        if (!witness.IsUsed)
            return Problems.NotFound("No witness", "This node witnesses no logs (option evidence.witnessedLogs).");
        byte[] body = new byte[AddCheckpoint.MaxLength + 1];
        int length = await http.Request.Body.ReadAtLeastAsync(body, body.Length, throwOnEndOfStream: false, stop);
        WitnessAnswer? answer;
        try
        {
            answer = await witness.AddAsync(body.AsMemory(0, length), stop);
        }
        catch (Exception fault) when (fault is IOException or InvalidDataException)
        {
            return Problems.Of(StatusCodes.Status503ServiceUnavailable, "Nothing is signed just now", fault.Message);
        }

        return answer switch
        {
            null => Problems.Of(StatusCodes.Status503ServiceUnavailable, "Nothing is signed just now", "The node's own log isn't open."),
            { Verdict: WitnessVerdict.Signed } => TypedResults.Text($"{answer.Signature}\n", "text/plain; charset=utf-8"),
            { Verdict: WitnessVerdict.Conflict } => TypedResults.Text(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{answer.Size}\n"), "text/x.tlog.size", statusCode: StatusCodes.Status409Conflict),
            { Verdict: WitnessVerdict.UnknownLog } => Problems.NotFound("Unknown log", "This witness wasn't told of a log with that name."),
            { Verdict: WitnessVerdict.NotSigned } => Problems.Of(StatusCodes.Status403Forbidden, "Not signed by the log", "No key of that log that this witness knows signed the checkpoint."),
            { Verdict: WitnessVerdict.NotConsistent } => Problems.Of(StatusCodes.Status422UnprocessableEntity, "Not shown to have grown", "The proof doesn't lead from what was signed before to this checkpoint."),
            _ => Problems.Of(StatusCodes.Status400BadRequest, "Not a request of add-checkpoint", "See C2SP tlog-witness; the old size can't be beyond the checkpoint's."),
        };
    }
}
