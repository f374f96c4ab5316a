using System.Text.Json;

using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Options;

namespace Atalaya.Node.Api;

/// <summary>What was wrong with a request, field by field, gathered before anything is answered.</summary>
sealed class FieldErrors
{
    readonly SortedDictionary<string, List<string>> _byField = new(StringComparer.Ordinal);

    public bool Any => _byField.Count > 0;

    /// <summary>Each as <c>field: error</c>.</summary>
    public IEnumerable<string> All => _byField.SelectMany(f => f.Value.Select(e => $"{f.Key}: {e}"));

    public void Add(string field, string error)
    {
        if (!_byField.TryGetValue(field, out var errors))
            _byField[field] = errors = [];
        errors.Add(error);
    }

    public ProblemHttpResult ToProblem() => Problems.Invalid(_byField.ToDictionary(f => f.Key, f => f.Value.ToArray()));
}

/// <summary>Answers other than success, RFC 9457: <c>title</c> for people in a hurry, <c>detail</c> says what to do.</summary>
static class Problems
{
    public static ProblemHttpResult Invalid(IDictionary<string, string[]> errors) => TypedResults.Problem(new HttpValidationProblemDetails(errors)
    {
        Status = StatusCodes.Status400BadRequest,
        Title = "The request can't be used as it is",
        Detail = string.Join(" ", errors.SelectMany(f => f.Value.Select(e => $"{f.Key}: {e}"))),
    });

    public static ProblemHttpResult Invalid(string field, string error) => Invalid(new Dictionary<string, string[]> { [field] = [error] });

    public static ProblemHttpResult NotFound(string title, string detail) => Of(StatusCodes.Status404NotFound, title, detail);

    public static ProblemHttpResult NoCamera(string id) =>
        NotFound("No such camera", $"There is no camera '{Shown(id)}'. GET /api/cameras lists those there are.");

    public static ProblemHttpResult Conflict(string title, string detail) => Of(StatusCodes.Status409Conflict, title, detail);

    public static ProblemHttpResult Of(int status, string title, string detail) =>
        TypedResults.Problem(statusCode: status, title: title, detail: detail);

    /// <summary>The text of a stranger, short enough to be shown.</summary>
    public static string Shown(string text) => text.Length <= 80 ? text : text[..80] + "…";

    /// <summary>Declares the answers other than success that an endpoint gives.</summary>
    public static RouteHandlerBuilder Fails(this RouteHandlerBuilder endpoint, params ReadOnlySpan<int> statuses)
    {
        foreach (int status in statuses)
        {
            if (status == StatusCodes.Status400BadRequest)
                endpoint.ProducesValidationProblem();
            else
                endpoint.ProducesProblem(status);
        }

        return endpoint;
    }

    public static IServiceCollection AddProblems(this IServiceCollection services) => services
        .AddSingleton<IProblemDetailsWriter, Writer>()  // Asked before the framework's own.
        .AddProblemDetails(o => o.CustomizeProblemDetails = context =>
        {
            context.ProblemDetails.Extensions.Remove("traceId");    // It names no log line that an operator could find.
            context.ProblemDetails.Title ??= ReasonPhrases.GetReasonPhrase(context.ProblemDetails.Status ?? 0);
            context.ProblemDetails.Detail ??= context.ProblemDetails.Status switch
            {
                StatusCodes.Status404NotFound => "Nothing is served under this path. /openapi/v1.json describes what is.",
                StatusCodes.Status405MethodNotAllowed => "This path exists, but not for this method.",
                StatusCodes.Status413PayloadTooLarge => "The body is larger than the node reads (option requests.maxBody).",
                StatusCodes.Status415UnsupportedMediaType => "Send the body as Content-Type: application/json.",
                _ => null,
            };
        })
        .AddExceptionHandler<Handler>()
        .Configure<RouteHandlerOptions>(o => o.ThrowOnBadRequest = true);   // So that a malformed body gets a problem that says where.

    /// <summary>A problem is JSON whatever the caller would rather have: the framework answers those who don't accept it without a word.</summary>
    sealed class Writer(IOptions<ProblemDetailsOptions> options) : IProblemDetailsWriter
    {
        public bool CanWrite(ProblemDetailsContext context) => true;

        public async ValueTask WriteAsync(ProblemDetailsContext context)
        {
            var problem = context.ProblemDetails;
            problem.Status ??= context.HttpContext.Response.StatusCode;
            options.Value.CustomizeProblemDetails?.Invoke(context);
            await context.HttpContext.Response.WriteAsJsonAsync(problem, problem.GetType(), options: null, contentType: "application/problem+json");
        }
    }

    sealed class Handler(ILogger<Handler> log, IProblemDetailsService problems) : IExceptionHandler
    {
        public async ValueTask<bool> TryHandleAsync(HttpContext http, Exception exception, CancellationToken stop)
        {
            if (http.RequestAborted.IsCancellationRequested)
                return true;
            var problem = exception switch
            {
                BadHttpRequestException bad => Bad(bad),
                InvalidOperationException when http.Request.GetTypedHeaders().ContentType is { Charset.HasValue: true, Encoding: null } => new()
                {
                    Status = StatusCodes.Status415UnsupportedMediaType,
                    Title = "The body's character set isn't known",
                    Detail = "Send the body as UTF-8, Content-Type: application/json.",
                },
                System.Data.Common.DbException away when Atalaya.Recording.Database.StoreSource.IsAway(away) => new()
                {
                    Status = StatusCodes.Status503ServiceUnavailable,
                    Title = "The database doesn't answer",
                    Detail = "Recording goes on; what is asked of the database has to wait until it is back. Try again in a moment.",
                },
                _ => new ProblemDetails
                {
                    Status = StatusCodes.Status500InternalServerError,
                    Title = "A fault in the node",
                    Detail = "This is not your doing. The node's log has the details.",
                },
            };
            if (problem.Status >= 500)
                log.LogError(exception, "{Method} {Path} failed", http.Request.Method, http.Request.Path);
            http.Response.StatusCode = problem.Status!.Value;
            return await problems.TryWriteAsync(new() { HttpContext = http, ProblemDetails = problem });
        }

        static ProblemDetails Bad(BadHttpRequestException bad)
        {
            if (bad.InnerException is not JsonException json)
            {
                return new()
                {
                    Status = bad.StatusCode,
                    Title = bad.StatusCode == StatusCodes.Status413PayloadTooLarge ? "The request is too large" : "The request can't be understood",
                    // The framework's sentence names its own parameters.
                    Detail = bad.Message.Contains("no body was provided", StringComparison.Ordinal)
                        ? "A body is needed, a JSON object as /openapi/v1.json describes it."
                        : bad.Message,
                };
            }

            string field = json.Path is { Length: > 2 } path ? path[2..] : "body";
            string place = json.LineNumber is { } line ? $" (line {line + 1}, byte {json.BytePositionInLine + 1})" : "";
            string error = json.Message.StartsWith("A time must", StringComparison.Ordinal) ? json.Message
                : json.Message.Contains("could not be mapped", StringComparison.Ordinal) ? $"There is no such field{place}."
                : $"This is not the JSON that is expected here{place}.";
            return new HttpValidationProblemDetails(new Dictionary<string, string[]> { [field] = [error] })
            {
                Status = StatusCodes.Status400BadRequest,
                Title = "The body can't be understood",
                Detail = error,
            };
        }
    }
}
