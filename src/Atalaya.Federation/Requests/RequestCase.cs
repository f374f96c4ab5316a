using Atalaya.Federation.Agreements;
using Atalaya.Federation.Stories;

namespace Atalaya.Federation.Requests;

/// <summary>Where a request stands; design/requests.md draws the ways between.</summary>
public enum RequestState
{
    /// <summary>The deadline's clock runs.</summary>
    Asked,

    /// <summary>A clarification is awaited, and the clock stands.</summary>
    Questioned,
    Answered,
    Refused,
    Withdrawn,
    Closed,
}

/// <summary>Why something can't happen to a request.</summary>
public enum RequestRefusal
{
    None,
    NotAsked,
    AlreadyAsked,

    /// <summary>The other side does that.</summary>
    NotYours,

    /// <summary>It was answered or refused: once.</summary>
    AlreadyAnswered,
    NotAnswered,

    /// <summary>A clarification is awaited already.</summary>
    AlreadyQuestioned,
    NotQuestioned,

    /// <summary>It was withdrawn or closed.</summary>
    Over,

    /// <summary>Text, ground or conditions are missing, too long, or don't fit together.</summary>
    Words,
    Footage,
    Files,
}

/// <summary>A request as both sides see it: what their steps made of it. The asker is <see cref="Side.First"/>, the asked one <see cref="Side.Second"/>. Immutable.</summary>
public sealed record RequestCase
{
    public const int MaxSubject = 200, MaxText = 4000, MaxName = 300, MaxId = 100, MaxFiles = 10, MaxFileName = 120, MaxCameras = 50, MaxGrants = 50, MaxHours = 24 * 366;

    /// <summary>Of one document, and of all that one side adds to a request, bytes.</summary>
    public const long MaxFile = 32 << 20, MaxFilesTogether = 128 << 20;

    /// <summary>Of footage that one request names.</summary>
    public static readonly TimeSpan MaxFootage = TimeSpan.FromDays(31);

    public RequestState State { get; init; }

    /// <summary>What was asked. Of <see cref="None"/> alone it isn't there.</summary>
    public Asked Asked { get; init; } = null!;
    public DateTimeOffset AskedAt { get; init; }
    public string AskedBy { get; init; } = "";

    /// <summary>Since when a clarification is awaited.</summary>
    public DateTimeOffset? QuestionedAt { get; init; }

    /// <summary>How long clarifications were awaited.</summary>
    public TimeSpan Waited { get; init; }

    /// <summary>Null: it wasn't answered, or refused.</summary>
    public Answered? Answer { get; init; }
    public Refused? Refusal { get; init; }

    /// <summary>When it was answered or refused.</summary>
    public DateTimeOffset? AnsweredAt { get; init; }
    public Closed? Closing { get; init; }
    public DateTimeOffset ChangedAt { get; init; }

    /// <summary>Before anything was asked.</summary>
    public static RequestCase None { get; } = new();

    /// <summary>The other side is to do something.</summary>
    public bool IsOpen => Asked is not null && State is RequestState.Asked or RequestState.Questioned;

    /// <summary>By when an answer is due; null while a clarification is awaited: then nobody can say.</summary>
    public DateTimeOffset? Due => State == RequestState.Questioned ? null : AskedAt + TimeSpan.FromHours(Asked.Hours) + Waited;

    /// <summary>What is left for an answer, below zero when it is late; of one that was answered, what was left then.</summary>
    public TimeSpan Left(DateTimeOffset now) => TimeSpan.FromHours(Asked.Hours) - Took(now);

    /// <summary>How long the asked side has had, or took; without the time in which a clarification was awaited.</summary>
    public TimeSpan Took(DateTimeOffset now)
    {
        var took = (AnsweredAt ?? QuestionedAt ?? (IsOpen ? now : ChangedAt)) - AskedAt - Waited;
        return took > TimeSpan.Zero ? took : TimeSpan.Zero;
    }

    public bool IsOverdue(DateTimeOffset now) => State == RequestState.Asked && now > Due;

    /// <summary>What a story makes of a request.</summary>
    public static Telling<RequestCase, RequestDeed> Of(Story<RequestDeed> story) => story.Tell(None, Rule);

    /// <summary>What one step makes of it. The same rules hold for what somebody here wants to do and for what the other side says it did.</summary>
    /// <returns>The case as it was when the step is refused.</returns>
    public static (RequestCase Case, RequestRefusal Refusal) Apply(RequestCase now, Step<RequestDeed> step)
    {
        if (Refuse(now, step) is var refusal and not RequestRefusal.None)
            return (now, refusal);
        var next = step.Deed switch
        {
            Asked d => new RequestCase { Asked = d, AskedAt = step.At, AskedBy = step.By },
            Questioned => now with { State = RequestState.Questioned, QuestionedAt = step.At },
            Clarified => now with { State = RequestState.Asked, QuestionedAt = null, Waited = now.WaitedUntil(step.At) },
            Answered d => now with { State = RequestState.Answered, Answer = d, AnsweredAt = step.At, QuestionedAt = null, Waited = now.WaitedUntil(step.At) },
            Refused d => now with { State = RequestState.Refused, Refusal = d, AnsweredAt = step.At, QuestionedAt = null, Waited = now.WaitedUntil(step.At) },
            Withdrawn => now with { State = RequestState.Withdrawn, QuestionedAt = null, Waited = now.WaitedUntil(step.At) },
            Closed d => now with { State = RequestState.Closed, Closing = d },
            _ => throw new ArgumentOutOfRangeException(nameof(step), step.Deed.GetType().Name, "A deed that isn't known."),
        };
        return (next with { ChangedAt = step.At > now.ChangedAt ? step.At : now.ChangedAt }, RequestRefusal.None);
    }

    /// <summary>For <see cref="Story{TDeed}"/>.</summary>
    public static (RequestCase State, bool Possible) Rule(RequestCase now, Step<RequestDeed> step) => Apply(now, step) is var (next, refusal) ? (next, refusal == RequestRefusal.None) : default;

    // Two clocks: a clarification that is dated before its question stopped nothing.
    TimeSpan WaitedUntil(DateTimeOffset at) => QuestionedAt is { } since && at > since ? Waited + (at - since) : Waited;

    static RequestRefusal Refuse(RequestCase now, Step<RequestDeed> step)
    {
        if (step.Deed is Asked asked)
            return now.Asked is not null ? RequestRefusal.AlreadyAsked : step.Side != Side.First ? RequestRefusal.NotYours : Asking(asked);
        if (now.Asked is null)
            return RequestRefusal.NotAsked;
        if (step.Side != (step.Deed is Questioned or Answered or Refused ? Side.Second : Side.First))
            return RequestRefusal.NotYours;
        if (now.State is RequestState.Withdrawn or RequestState.Closed)
            return RequestRefusal.Over;
        bool open = now.IsOpen;
        return step.Deed switch
        {
            Closed d => open ? RequestRefusal.NotAnswered : Words(d.Note, MaxText, mayBeEmpty: true),
            _ when !open => RequestRefusal.AlreadyAnswered,
            Questioned d => now.State == RequestState.Questioned ? RequestRefusal.AlreadyQuestioned : Words(d.Text, MaxText),
            Clarified d => now.State != RequestState.Questioned ? RequestRefusal.NotQuestioned : Words(d.Text, MaxText) is var bad and not RequestRefusal.None ? bad : Files(d.Files),
            Answered d => Answering(d),
            Refused d => First(Words(d.Ground, MaxId), Words(d.Clause, MaxId, mayBeEmpty: true), Words(d.Text, MaxText)),
            Withdrawn d => Words(d.Why, MaxText),
            _ => RequestRefusal.None,
        };
    }

    static RequestRefusal Asking(Asked d) => First(
        !Enum.IsDefined(d.Kind) || !Enum.IsDefined(d.Urgency) || d.Hours is < 1 or > MaxHours ? RequestRefusal.Words : RequestRefusal.None,
        Words(d.Subject, MaxSubject), Words(d.Text, MaxText), Words(d.LegalBasis, MaxName), Words(d.Purpose, MaxId), Words(d.Category ?? "", MaxId, mayBeEmpty: true), Words(d.IncidentType ?? "", MaxId, mayBeEmpty: true),
        Words(d.Person, MaxName, mayBeEmpty: true), Words(d.Reference, MaxName, mayBeEmpty: true),
        d.Footage is null ? d.Kind is RequestKind.Footage or RequestKind.HoldFootage ? RequestRefusal.Footage : RequestRefusal.None : Footage(d.Footage),
        Files(d.Files));

    static RequestRefusal Answering(Answered d) => First(
        !Enum.IsDefined(d.Extent) || (d.Extent == AnswerExtent.Part) != (d.Ground is { Length: > 0 }) || (d.Extent == AnswerExtent.Conditional) != (d.Conditions is { Length: > 0 })
            ? RequestRefusal.Words : RequestRefusal.None,
        Words(d.Text, MaxText), Words(d.Ground ?? "", MaxId, mayBeEmpty: true), Words(d.Conditions, MaxText, mayBeEmpty: true),
        d.Grants is null || d.Grants.Count > MaxGrants || d.Grants.Any(g => Words(g, MaxId) != RequestRefusal.None) ? RequestRefusal.Words : RequestRefusal.None,
        d.Held is { } h && (Cameras(h.Cameras) || h.Cameras.Count == 0 || h.To <= h.From || h.Until <= h.From) ? RequestRefusal.Footage : RequestRefusal.None,
        Files(d.Files));

    static RequestRefusal Footage(FootageAsked f) =>
        Words(f.Site, MaxName, mayBeEmpty: true) is var bad and not RequestRefusal.None ? bad
        : Cameras(f.Cameras) || f.To <= f.From || f.To - f.From > MaxFootage ? RequestRefusal.Footage
        : RequestRefusal.None;

    /// <summary>Whether names of cameras can't be used.</summary>
    static bool Cameras(IReadOnlyList<string> cameras) => cameras is null || cameras.Count > MaxCameras || cameras.Any(c => Words(c, MaxId) != RequestRefusal.None);

    static RequestRefusal Files(IReadOnlyList<RequestFile> files) =>
        files is null || files.Count > MaxFiles || files.Any(f => !IsSound(f)) || files.Select(f => f.Id).Distinct(StringComparer.Ordinal).Count() < files.Count ? RequestRefusal.Files : RequestRefusal.None;

    /// <summary>Whether a document's reference can be one: its name is one that may be shown and saved, of a type that may be sent.</summary>
    public static bool IsSound(RequestFile? file) =>
        file is { Id.Length: 32, Sha256.Length: 64, Bytes: > 0 and <= MaxFile, Name.Length: > 0 and <= MaxFileName }
        && file.Id.All(char.IsAsciiHexDigitLower) && file.Sha256.All(char.IsAsciiHexDigitLower)
        && DocumentType.NameOf(file.Name) == file.Name;

    static RequestRefusal Words(string text, int most, bool mayBeEmpty = false) =>
        text is null || text.Length > most || (!mayBeEmpty && string.IsNullOrWhiteSpace(text)) ? RequestRefusal.Words : RequestRefusal.None;

    static RequestRefusal First(params ReadOnlySpan<RequestRefusal> refusals)
    {
        foreach (var refusal in refusals)
        {
            if (refusal != RequestRefusal.None)
                return refusal;
        }

        return RequestRefusal.None;
    }
}
