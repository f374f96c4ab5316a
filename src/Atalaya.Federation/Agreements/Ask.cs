namespace Atalaya.Federation.Agreements;

/// <summary>What one organisation lets another have, from the least to the most.</summary>
public enum ShareKind
{
    /// <summary>That something happened, where and when; no picture.</summary>
    Alarm,

    /// <summary>An incident's story, without footage.</summary>
    IncidentCard,

    /// <summary>One picture.</summary>
    Still,

    /// <summary>A camera as it sees now.</summary>
    Live,

    /// <summary>A stretch of footage to look at.</summary>
    Clip,

    /// <summary>Footage as evidence, with its proofs.</summary>
    Package,
}

/// <summary>What a request asks for.</summary>
public enum RequestKind
{
    Information,
    Footage,

    /// <summary>Look with us, now.</summary>
    LiveAssistance,

    /// <summary>Keep this footage, give nothing yet.</summary>
    HoldFootage,
    JointOperation,

    /// <summary>What belongs to an extradition or an arrest.</summary>
    SupportFile,
}

/// <summary>How soon an answer is due; the agreement says how many hours each is.</summary>
public enum Urgency
{
    Urgent,
    Prompt,
    Routine,
}

/// <summary>What a receiver may do with what it was given; each code binds more than the one before. Modelled on the handling codes that police forces use among themselves.</summary>
public enum HandlingCode
{
    /// <summary>For the purpose it was given for.</summary>
    H0,

    /// <summary>Not before a court without consent.</summary>
    H1,

    /// <summary>Not to anybody else without consent.</summary>
    H2,

    /// <summary>Other limits, written beside it.</summary>
    H3,
}

/// <summary>Whether a receiver may pass on what it was given.</summary>
public enum OnwardTransfer
{
    Never,

    /// <summary>After the giver has consented in writing.</summary>
    WithConsent,
    Allowed,
}

/// <summary>How much a source is trusted, its letter; X: can't be judged.</summary>
public enum SourceGrade
{
    A,
    B,
    C,
    X,
}

/// <summary>What a refusal leaves.</summary>
public enum RefusalKind
{
    /// <summary>Nothing is given.</summary>
    Total,

    /// <summary>A part is given.</summary>
    Partial,

    /// <summary>It is given if something is met.</summary>
    Conditional,
}

/// <summary>How a piece of information is graded.</summary>
/// <param name="Information">1 (known to be true without doubt) to 4 (can't be judged).</param>
public readonly record struct Grade(SourceGrade Source, int Information);

/// <summary>One thing that one party wants to let the other have. What is null isn't laid down yet: the decision's conditions then say what must hold.</summary>
/// <param name="From">The organisation that gives.</param>
/// <param name="To">The organisation that receives.</param>
/// <param name="Purpose">Id of one of the agreement's purposes.</param>
/// <param name="IncidentType">As the API spells it (<c>intrusion</c>); null: it belongs to no incident.</param>
/// <param name="Category">Id of one of the agreement's crime categories; null: none is named.</param>
/// <param name="Site">Name of the site; empty: of several, or not said.</param>
/// <param name="Camera">Its id; empty: of several, or not said; what shows no picture may be of none.</param>
/// <param name="Masked">It is given with masks painted. What shows no picture is masked.</param>
/// <param name="Height">Of the picture, lines; null: as the conditions say.</param>
/// <param name="Keep">How long the receiver keeps it; null: as the conditions say.</param>
/// <param name="Handling">Null: as the conditions say.</param>
/// <param name="Request">The kind of the request that it answers; null: nobody asked.</param>
/// <param name="Rescue">People are in danger.</param>
/// <param name="Approvals">How many persons of the giver have agreed, whoever gives it included.</param>
/// <param name="Lasts">How long a live view goes on; null: as the conditions say.</param>
/// <param name="Grade">Of the information; null: not graded.</param>
public sealed record Ask(
    string From, string To, ShareKind What, string Purpose, string? IncidentType, string? Category, string Site, string Camera, bool Masked, int? Height, TimeSpan? Keep, HandlingCode? Handling,
    RequestKind? Request, bool Rescue, DateTimeOffset At, int Approvals, TimeSpan? Lasts = null, Grade? Grade = null);

/// <summary>What holds for something that is given; of a refusal, what the nearest clause would ask for.</summary>
/// <param name="Masked">Masks must be painted.</param>
/// <param name="MaxHeight">Lines of a picture at most; null: as it is.</param>
/// <param name="Keep">How long the receiver may keep it; null: it isn't limited.</param>
/// <param name="Handling">The code it is given under.</param>
/// <param name="ApprovalsNeeded">Persons of the giver, whoever gives it included.</param>
/// <param name="ReviewAfter">It was released before all had agreed, and is reviewed within this time; null: no review is due.</param>
/// <param name="Watermark">Pictures carry who received them.</param>
/// <param name="MaxDuration">Of a live view; null: it isn't limited.</param>
/// <param name="Graded">It must carry a grade of source and information.</param>
/// <param name="Approvers">Who must be among those who agree, as the agreement names them.</param>
public sealed record Conditions(
    bool Masked, int? MaxHeight, TimeSpan? Keep, HandlingCode Handling, OnwardTransfer Onward, int ApprovalsNeeded, TimeSpan? ReviewAfter, bool Watermark, TimeSpan? MaxDuration = null,
    bool Graded = false, IReadOnlyList<string>? Approvers = null)
{
    /// <summary>The strictest there are: of what no clause speaks of.</summary>
    public static Conditions Strictest { get; } = new(true, 0, TimeSpan.Zero, HandlingCode.H3, OnwardTransfer.Never, int.MaxValue, null, true, TimeSpan.Zero, true);

    /// <summary>Within one organisation.</summary>
    public static Conditions None { get; } = new(false, null, null, HandlingCode.H0, OnwardTransfer.Allowed, 0, null, false);

    /// <summary>What these limit and an ask leaves open. To ask so is to ask what must hold; nothing is given, and nothing taken, before it is laid down.</summary>
    /// <remarks>A rescue waits for no grade.</remarks>
    public LeftOpen? LeftOpenBy(Ask ask) =>
        Graded && ask.Grade is null && !ask.Rescue ? LeftOpen.Grade
        : Keep is not null && ask.Keep is null && ask.What != ShareKind.Live ? LeftOpen.Keep
        : MaxHeight is not null && ask.Height is null && ask.What is not (ShareKind.Alarm or ShareKind.IncidentCard) ? LeftOpen.Height
        : null;
}

/// <summary>What an <see cref="Ask"/> may leave open.</summary>
public enum LeftOpen
{
    Grade,
    Keep,
    Height,
}

/// <summary>What an agreement says to an <see cref="Ask"/>, and why.</summary>
/// <param name="Clause">Id of the clause that decided; <see cref="Default"/>: none speaks of it.</param>
/// <param name="Reasons">Sentences, English; <see cref="Because"/> has them for other languages.</param>
/// <param name="Ground">Of a refusal: id of one of the agreement's grounds, or a built-in one (<see cref="AgreementEvaluator"/>); empty when allowed.</param>
public sealed record Decision(bool Allowed, string Clause, IReadOnlyList<string> Reasons, Conditions Conditions, string Ground)
{
    /// <summary>No clause: what isn't allowed is refused.</summary>
    public const string Default = "default";

    /// <summary>No agreement is needed between nodes of one organisation.</summary>
    public const string OwnOrganisation = "own-organisation";

    /// <summary>What the refusal leaves; null when allowed.</summary>
    public RefusalKind? Refusal { get; init; }

    /// <summary>The reasons as keys and values, for <see cref="AgreementWords"/>.</summary>
    public IReadOnlyList<Reason> Because { get; init; } = [];
}

/// <summary>A sentence to come: its key in <see cref="AgreementWords"/>, and what stands in it: texts, numbers, days, and values of the enumerations here.</summary>
public sealed record Reason(string Key, params IReadOnlyList<object> Values);
