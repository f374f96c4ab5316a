using Atalaya.Incidents;
using Atalaya.Media;
using Atalaya.Node.Api;
using Atalaya.Node.Playback;

using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Atalaya.Node.Alarms;

/// <summary>What requests about alarms and incidents have in common.</summary>
static class CaseRequests
{
    public const int MaxPage = 500, UsualPage = 100;

    /// <summary>A word of the API, as <c>high</c>; false with an error beside its field.</summary>
    public static T? Word<T>(string field, string? text, FieldErrors errors)
        where T : struct, Enum
    {
        if (text is null)
            return null;
        if (text.Length > 0 && char.IsAsciiLetter(text[0]) && Enum.TryParse<T>(text, ignoreCase: true, out var word) && Enum.IsDefined(word))
            return word;
        errors.Add(field, $"must be one of {string.Join(", ", Enum.GetNames<T>().Select(System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName))}.");
        return null;
    }

    public static WallTime? Moment(string field, string? text, FieldErrors errors) =>
        text is not null && Stretch.TryTime(field, text, errors, out var at) ? at : null;

    public static AlarmCursor? Cursor(string? text, FieldErrors errors)
    {
        if (text is null)
            return null;
        if (AlarmCursor.TryParse(text, out var cursor))
            return cursor;
        errors.Add("cursor", "isn't one that this node gave.");
        return null;
    }

    public static int Limit(int? limit, FieldErrors errors)
    {
        if (limit is < 1 or > MaxPage)
            errors.Add("limit", $"must lie between 1 and {MaxPage}.");
        return limit ?? UsualPage;
    }

    /// <summary>Text that somebody must give, trimmed; empty with an error.</summary>
    public static string Words(string field, string? text, int most, FieldErrors errors, bool mayBeEmpty = false)
    {
        string words = text?.Trim() ?? "";
        if ((words.Length == 0 && !mayBeEmpty) || words.Length > most || words.Any(c => char.IsControl(c) && c is not '\n' and not '\t'))
            errors.Add(field, mayBeEmpty ? $"must be at most {most} characters." : $"must be 1 to {most} characters.");
        return words;
    }

    /// <summary>The version that the sender has seen, from If-Match: <c>"7"</c>; null: any.</summary>
    public static long? Version(string? ifMatch, FieldErrors errors)
    {
        if (ifMatch is null or "*")
            return null;
        if (ifMatch is ['"', .. var digits, '"'] && long.TryParse(digits, System.Globalization.NumberStyles.None, null, out long version))
            return version;
        errors.Add("If-Match", "must be a version in quotes, such as \"7\".");
        return null;
    }

    public static void Tag(this HttpContext http, long version) => http.Response.Headers.ETag = $"\"{version}\"";

    public static ProblemHttpResult NoAlarm(Guid id) => Problems.NotFound("No such alarm", $"There is no alarm {id}. GET /api/alarms lists those there are.");

    public static ProblemHttpResult NoIncident(Guid id) => Problems.NotFound("No such incident", $"There is no incident {id}. GET /api/incidents lists those there are.");

    /// <summary>412: somebody was faster. Says what they did and how it is now.</summary>
    public static ProblemHttpResult Changed(string what, object current, object since) => TypedResults.Problem(new ProblemDetails
    {
        Status = StatusCodes.Status412PreconditionFailed,
        Title = "Somebody else changed it",
        Detail = $"The {what} has changed since you read it: 'since' says what was done, 'current' how it is. Look, and send it again if it is still right.",
        Extensions = { ["current"] = current, ["since"] = since },
    });

    public static ProblemHttpResult Refused(AlarmRefusal refusal, Alarm alarm) => refusal switch
    {
        AlarmRefusal.Closed => Problems.Conflict("The alarm is closed", $"{alarm.ClosedBy} closed it as {alarm.Outcome.ToString()!.ToLowerInvariant()} at {alarm.ClosedAt:u}."),
        AlarmRefusal.AlreadyAcknowledged => Problems.Conflict("The alarm is acknowledged", $"{alarm.AcknowledgedBy} acknowledged it at {alarm.AcknowledgedAt:u}."),
        AlarmRefusal.NobodyNamed => Problems.Invalid("to", "must name who gets it."),
        _ => Problems.Invalid("outcome", "must say what it was."),
    };

    public static ProblemHttpResult Refused(IncidentRefusal refusal) => refusal switch
    {
        IncidentRefusal.Closed => Problems.Conflict("The incident is closed", "Reopen it first."),
        IncidentRefusal.NotClosed => Problems.Conflict("The incident isn't closed", "Only what is closed can be reopened."),
        IncidentRefusal.NotResolved => Problems.Conflict("The incident isn't resolved", "A real incident is resolved before it is closed."),
        IncidentRefusal.ChecklistOpen => Problems.Conflict("The checklist isn't done", "Required items must be ticked, or marked as not applying with a reason."),
        IncidentRefusal.NoSuchItem => Problems.NotFound("No such item", "The incident's checklist has no item of this id."),
        IncidentRefusal.NoSuchAlarm => Problems.NotFound("No such alarm there", "The incident has no alarm of this id."),
        IncidentRefusal.NoSuchPin => Problems.NotFound("No such pin there", "The incident has pinned no hold of this id."),
        IncidentRefusal.AlreadyLinked => Problems.Conflict("The alarm is linked", "It belongs to this incident already."),
        IncidentRefusal.AlreadyPinned => Problems.Conflict("The hold is pinned", "It belongs to this incident already."),
        IncidentRefusal.Severity => Problems.Invalid("severity", "'rescue' goes with type 'rescue', and with that alone."),
        IncidentRefusal.Full => Problems.Conflict("The incident is full", "Open another one and say so in a note."),
        IncidentRefusal.Words => Problems.Invalid("note", "says too little or too much: who, what or why is missing, or longer than 4000 characters."),
        _ => Problems.Conflict("That can't be", refusal.ToString()),
    };
}
