using System.ComponentModel;

using Atalaya.Federation.Agreements;
using Atalaya.Federation.Requests;
using Atalaya.Federation.Stories;
using Atalaya.Node.Federation.Grants;
using Atalaya.Node.Federation.Links;

namespace Atalaya.Node.Federation.Requests;

public sealed record FootageAskedInputJson
{
    [Description("Name of the site, if it is known; at most 300 characters.")]
    public string? Site { get; init; }

    [Description("Ids of cameras as far as they are known, or places in words; at most 50.")]
    public IReadOnlyList<string>? Cameras { get; init; }

    [Description("Required.")]
    public DateTimeOffset? From { get; init; }

    [Description("Required; at most 31 days after from.")]
    public DateTimeOffset? To { get; init; }
}

public sealed record NewRequestInputJson
{
    [Description("Id of the link to the organisation that is asked. Required.")]
    public string? Link { get; init; }

    [Description("Required.")]
    public RequestKind? Kind { get; init; }

    [Description("How soon the answer is due; the agreement says how many hours each is. Required.")]
    public Urgency? Urgency { get; init; }

    [Description("One line; at most 200 characters. Required.")]
    public string? Subject { get; init; }

    [Description("What is asked, and what for; at most 4000 characters. Required.")]
    public string? Text { get; init; }

    [Description("Article, order, number; at most 300 characters. Required.")]
    public string? LegalBasis { get; init; }

    [Description("Id of one of the agreement's purposes. Required.")]
    public string? Purpose { get; init; }

    [Description("Id of one of the agreement's crime categories.")]
    public string? Category { get; init; }

    [Description("The incident's type, as 'intrusion'.")]
    public string? IncidentType { get; init; }

    [Description("Who it is about, in words for officers to read; nothing searches for it. At most 300 characters.")]
    public string? Person { get; init; }

    [Description("Your own number of the case; at most 300 characters.")]
    public string? Reference { get; init; }

    [Description("People are in danger.")]
    public bool? Rescue { get; init; }

    [Description("Which footage; required for kinds footage and holdFootage.")]
    public FootageAskedInputJson? Footage { get; init; }

    [Description("Ids of documents brought here before; at most 10.")]
    public IReadOnlyList<string>? Files { get; init; }
}

public sealed record RequestTextInputJson
{
    [Description("At most 4000 characters. Required.")]
    public string? Text { get; init; }
}

public sealed record ClarifyInputJson
{
    [Description("At most 4000 characters. Required.")]
    public string? Text { get; init; }

    [Description("Ids of documents brought here before; at most 10.")]
    public IReadOnlyList<string>? Files { get; init; }
}

public sealed record AnswerHoldInputJson
{
    [Description("Ids of cameras of this node; required.")]
    public IReadOnlyList<string>? Cameras { get; init; }

    [Description("Required.")]
    public DateTimeOffset? From { get; init; }

    [Description("Required.")]
    public DateTimeOffset? To { get; init; }

    [Description("Until when it is kept; absent: until somebody releases it.")]
    public DateTimeOffset? Until { get; init; }

    [Description("Make it although other footage goes early.")]
    public bool? Accept { get; init; }
}

public sealed record AnswerInputJson
{
    [Description("Required.")]
    public AnswerExtent? Extent { get; init; }

    [Description("At most 4000 characters. Required.")]
    public string? Text { get; init; }

    [Description("Of what a part leaves out: id of one of the agreement's grounds. Required for a part, and only there.")]
    public string? Ground { get; init; }

    [Description("Under which conditions. Required for a conditional answer, and only there.")]
    public string? Conditions { get; init; }

    [Description("Ids of grants that carry what is given; at most 50.")]
    public IReadOnlyList<string>? Grants { get; init; }

    [Description("Ids of documents brought here before; at most 10.")]
    public IReadOnlyList<string>? Files { get; init; }

    [Description("Footage to be kept: the hold is made with the answer. Required for an answer to holdFootage.")]
    public AnswerHoldInputJson? Hold { get; init; }
}

public sealed record RefuseInputJson
{
    [Description("Id of one of the agreement's grounds. Required.")]
    public string? Ground { get; init; }

    [Description("Of the agreement, if a clause decided.")]
    public string? Clause { get; init; }

    [Description("At most 4000 characters. Required.")]
    public string? Text { get; init; }
}

public sealed record RequestWhyInputJson
{
    [Description("At most 4000 characters. Required.")]
    public string? Why { get; init; }
}

public sealed record CloseRequestInputJson
{
    [Description("Whether it got what it asked for. Required.")]
    public RequestOutcome? Outcome { get; init; }

    public string? Note { get; init; }
}

public sealed record RequestLineJson(
    string Id,
    string Link,
    [property: Description("The other organisation.")] string Partner,
    [property: Description("This organisation asks.")] bool Ours,
    RequestKind Kind,
    Urgency Urgency,
    bool Rescue,
    string Subject,
    RequestState State,
    DateTimeOffset AskedAt,
    [property: Description("By when an answer is due, or was; null while a clarification is awaited.")] DateTimeOffset? Due,
    [property: Description("What was left for the answer when the clock last stopped, below zero when it was late; of one that is asked, at its last step.")] long LeftSeconds,
    bool Overdue,
    DateTimeOffset ChangedAt,
    [property: Description("How many steps it has.")] int Version,
    [property: Description("Why the other node wouldn't take it.")] string? Fault)
{
    internal static RequestLineJson Of(RequestRow r, LinkBook links, DateTimeOffset now) => new(
        r.Id, r.Link, links.Find(r.Link)?.Organisation ?? r.Link, r.Ours, r.Kind, r.Urgency, r.Rescue, r.Subject, r.State, r.AskedAt.ToDateTimeOffset(), r.Due?.ToDateTimeOffset(),
        (long)r.Left.TotalSeconds, r.State == RequestState.Asked && r.Due?.ToDateTimeOffset() < now, r.ChangedAt.ToDateTimeOffset(), r.Steps, r.Fault);
}

public sealed record RequestFileJson(
    string Id,
    string Name,
    long Bytes,
    string Sha256,
    [property: Description("The bytes are here, and have this digest.")] bool Here,
    [property: Description("Both sides have it whole.")] bool Arrived,
    [property: Description("Why they aren't.")] string? Fault)
{
    internal static RequestFileJson Of(RequestFileRow row) => new(row.Id, row.Name, row.Bytes, row.Sha256, row.IsHere, row.ArrivedAt is not null, row.Fault);
}

/// <summary>A grant that an answer or a joint operation may carry.</summary>
public sealed record GrantChoiceJson(string Id, ShareKind What, string Title, DateTimeOffset Expires)
{
    internal static IReadOnlyList<GrantChoiceJson> Of(IReadOnlyList<ShareRow> given, string link, RequestKind request, string purpose, DateTimeOffset now) =>
        [.. given.Where(g => g.IsUnder(link, request, purpose, now)).Select(g => new GrantChoiceJson(g.Id, g.Terms.What, g.Terms.Title, g.Terms.Expires))];
}

public sealed record FootageAskedJson(string Site, IReadOnlyList<string> Cameras, DateTimeOffset From, DateTimeOffset To);

public sealed record FootageHeldJson(IReadOnlyList<string> Cameras, DateTimeOffset From, DateTimeOffset To, DateTimeOffset? Until);

public enum RequestDeedJson
{
    Asked,
    Questioned,
    Clarified,
    Answered,
    Refused,
    Withdrawn,
    Closed,
}

public sealed record RequestStepJson(
    RequestDeedJson Deed,
    [property: Description("This organisation did it.")] bool Ours,
    DateTimeOffset At,
    string By,
    [property: Description("It crossed something that the other side did before it arrived, and changes nothing.")] bool Overtaken,
    string Text,
    [property: Description("Of a refusal, whole or of a part.")] string? Ground,
    string? Clause,
    AnswerExtent? Extent,
    string? Conditions,
    RequestOutcome? Outcome,
    IReadOnlyList<string> Grants,
    IReadOnlyList<RequestFileJson> Files,
    FootageHeldJson? Held);

public sealed record RequestJson(
    RequestLineJson Line,
    [property: Description("Within how many hours the agreement wants an answer.")] int Hours,
    string Text,
    string LegalBasis,
    string Purpose,
    string? Category,
    string? IncidentType,
    string Person,
    string Reference,
    FootageAskedJson? Footage,
    [property: Description("Oldest first.")] IReadOnlyList<RequestStepJson> Story)
{
    internal static RequestJson Of(RequestTold told, LinkBook links, ILookup<string, RequestFileRow> files, DateTimeOffset now)
    {
        var asked = told.Case.Asked;
        return new(
            RequestLineJson.Of(told.Row, links, now), asked.Hours, asked.Text, asked.LegalBasis, asked.Purpose, asked.Category, asked.IncidentType, asked.Person, asked.Reference,
            asked.Footage is { } f ? new(f.Site, f.Cameras, f.From, f.To) : null,
            [.. told.Telling.Steps.Select(s => Step(s, (s.Side == Side.First) == told.Row.Ours, told.Telling.Overtaken.Contains(s), files))]);
    }

    static RequestStepJson Step(Step<RequestDeed> step, bool ours, bool overtaken, ILookup<string, RequestFileRow> files)
    {
        var (kind, text) = step.Deed switch
        {
            Asked d => (RequestDeedJson.Asked, d.Text),
            Questioned d => (RequestDeedJson.Questioned, d.Text),
            Clarified d => (RequestDeedJson.Clarified, d.Text),
            Answered d => (RequestDeedJson.Answered, d.Text),
            Refused d => (RequestDeedJson.Refused, d.Text),
            Withdrawn d => (RequestDeedJson.Withdrawn, d.Why),
            Closed d => (RequestDeedJson.Closed, d.Note),
            _ => throw new ArgumentOutOfRangeException(nameof(step), step.Deed.GetType().Name, "A deed that isn't known."),
        };
        var answer = step.Deed as Answered;
        var refusal = step.Deed as Refused;
        return new(
            kind, ours, step.At, step.By, overtaken, text, refusal?.Ground ?? answer?.Ground, refusal is { Clause.Length: > 0 } ? refusal.Clause : null, answer?.Extent,
            answer is { Conditions.Length: > 0 } ? answer.Conditions : null, (step.Deed as Closed)?.Outcome, answer?.Grants ?? [],
            [.. RequestFiles.Of(step.Deed).Select(f => files[f.Id].FirstOrDefault() is { } row ? RequestFileJson.Of(row) : new(f.Id, f.Name, f.Bytes, f.Sha256, false, false, null))],
            answer?.Held is { } h ? new(h.Cameras, h.From, h.To, h.Until) : null);
    }
}

public sealed record AgreedTermJson(string Id, [property: Description("In the language that was asked for.")] string Text);

public sealed record AgreedGroundJson(string Id, RefusalKind Kind, string Text);

public sealed record AgreedHoursJson(RequestKind Kind, int Urgent, int Prompt, int Routine);

/// <summary>What requests to a partner can say.</summary>
public sealed record RequestTermsJson(
    string Link,
    string Partner,
    string Site,
    [property: Description("Kinds of requests that are foreseen, with the hours for an answer; empty: no agreement is in force.")] IReadOnlyList<AgreedHoursJson> Kinds,
    IReadOnlyList<AgreedTermJson> Purposes,
    IReadOnlyList<AgreedTermJson> Categories,
    IReadOnlyList<AgreedGroundJson> Grounds);

public sealed record GroundCountJson(string Ground, int Count);

public sealed record RequestCountJson(
    RequestKind Kind,
    [property: Description("This organisation asked.")] bool Ours,
    int Asked,
    int Open,
    int Overdue,
    int Whole,
    int Part,
    int Conditional,
    int Refused,
    int Withdrawn,
    [property: Description("Answered or refused by its deadline.")] int InTime,
    int Late,
    [property: Description("Of the time that answers took, without waiting for clarifications.")] long? MedianSeconds,
    long? SlowestSeconds,
    IReadOnlyList<GroundCountJson> Refusals)
{
    internal static RequestCountJson Of(RequestCount c) => new(
        c.Kind, c.By == Side.First, c.Asked, c.Open, c.Overdue, c.Whole, c.Part, c.Conditional, c.Refused, c.Withdrawn, c.InTime, c.Late, (long?)c.Median?.TotalSeconds,
        (long?)c.Slowest?.TotalSeconds, [.. c.Refusals.Select(r => new GroundCountJson(r.Ground, r.Count))]);
}
