using System.Text.Json.Serialization;

using Atalaya.Evidence;

namespace Atalaya.Federation.Agreements;

/// <summary>
/// What two organisations agreed to let each other have, as a document that both sign; <c>ref/agreement.md</c> says what each member means. Immutable; <see cref="AgreementCheck"/> says
/// whether it is sound, and only a sound one may decide (<see cref="AgreementEvaluator"/>).
/// </summary>
/// <param name="Id">The same in all versions.</param>
/// <param name="Version">From 1.</param>
/// <param name="Previous">Digest of the version before; null: there is none.</param>
/// <param name="Languages">Those in which it is equally authentic: every text of it is in each.</param>
/// <param name="Parties">Two.</param>
/// <param name="Grounds">Why something may be refused.</param>
/// <param name="Start">The first day, from midnight UTC.</param>
/// <param name="End">The last day, until midnight UTC; null: until it is denounced.</param>
/// <param name="NoticeMonths">How long it goes on after a denunciation.</param>
/// <param name="ReviewMonths">The parties look it over every so many months from its start.</param>
public sealed record Agreement(
    string Format,
    string Id,
    int Version,
    Digest? Previous,
    Words Title,
    IReadOnlyList<Language> Languages,
    IReadOnlyList<Party> Parties,
    IReadOnlyList<Instrument> Instruments,
    IReadOnlyList<Term> Purposes,
    IReadOnlyList<Term> Categories,
    IReadOnlyList<Ground> Grounds,
    GradingTerms Grading,
    IReadOnlyList<RequestTerms> Requests,
    IReadOnlyList<Clause> Clauses,
    DateOnly Start,
    DateOnly? End,
    int NoticeMonths,
    int ReviewMonths)
{
    public const string FormatName = "atalaya-agreement-1";

    /// <summary>Of its canonical form, bytes.</summary>
    public const int MaxLength = 192 << 10;

    /// <summary>From when on it may decide.</summary>
    [JsonIgnore]
    public DateTimeOffset Begins => new(Start.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero);

    /// <summary>From when on it decides nothing any more; null: not foreseen.</summary>
    [JsonIgnore]
    public DateTimeOffset? Ends => End is { } last && last < DateOnly.MaxValue ? new(last.AddDays(1).ToDateTime(TimeOnly.MinValue), TimeSpan.Zero) : null;

    public bool IsInForce(DateTimeOffset at) => at >= Begins && !(Ends is { } ends && at >= ends);

    public Party? PartyOf(string organisation) => Parties.FirstOrDefault(p => p.Organisation == organisation);

    /// <summary>How long an answer may take; null: such requests aren't foreseen.</summary>
    public TimeSpan? AnswerWithin(RequestKind kind, Urgency urgency) => Requests.FirstOrDefault(r => r.Kind == kind) is { } terms
        ? TimeSpan.FromHours(urgency switch { Urgency.Urgent => terms.UrgentHours, Urgency.Prompt => terms.PromptHours, _ => terms.RoutineHours })
        : null;

    /// <summary>The next day on which the parties look it over, after this one; null: it has ended by then, or they don't.</summary>
    public DateOnly? ReviewAfter(DateOnly day)
    {
        if (ReviewMonths == 0)
            return null;
        for (int months = ReviewMonths; months <= 1200; months += ReviewMonths)
        {
            var review = Start.AddMonths(months);
            if (review > day)
                return End is { } last && review > last ? null : review;
        }

        return null;
    }

    /// <summary>The last day after a denunciation on this one.</summary>
    public DateOnly EndsAfterNotice(DateOnly given) => given.AddMonths(NoticeMonths) is var ends && End is { } last && last < ends ? last : ends;
}

public enum Language
{
    En,
    Es,
    Fr,
    Ar,
}

/// <summary>A text of the parties' own in the languages of the page; those that it lacks are null.</summary>
public sealed record Words(string? En, string? Es, string? Fr, string? Ar)
{
    public string? In(Language language) => language switch { Language.En => En, Language.Es => Es, Language.Fr => Fr, _ => Ar };

    /// <summary>In the reader's language, or in the first that there is.</summary>
    public string For(Language language) => In(language) ?? En ?? Es ?? Fr ?? Ar ?? "";
}

/// <param name="Organisation">Its name, by which links, asks and clauses call it.</param>
/// <param name="Key">The log's key that signs for it, as C2SP's signed notes write keys.</param>
/// <param name="SignedFor">Office and authority that it is signed for.</param>
public sealed record Party(string Organisation, Words Name, string Key, Words SignedFor);

/// <summary>What the agreement rests on.</summary>
/// <param name="Reference">Number, article, date; may be empty.</param>
public sealed record Instrument(string Id, Words Title, string Reference);

/// <summary>A purpose or a category that clauses name by its id.</summary>
public sealed record Term(string Id, Words Text);

public sealed record Ground(string Id, RefusalKind Kind, Words Text);

/// <param name="Sources">Grades of sources that may be exchanged; empty: all.</param>
/// <param name="WorstInformation">1 to 4: nothing that is graded worse is exchanged.</param>
public sealed record GradingTerms(IReadOnlyList<SourceGrade> Sources, int WorstInformation);

/// <summary>That requests of this kind are answered, and by when.</summary>
public sealed record RequestTerms(RequestKind Kind, int UrgentHours, int PromptHours, int RoutineHours)
{
    /// <summary>8 hours, 3 days, 7 days for every kind.</summary>
    public static IReadOnlyList<RequestTerms> Template { get; } = [.. Enum.GetValues<RequestKind>().Select(k => new RequestTerms(k, 8, 72, 168))];
}

public enum ClauseEffect
{
    Allow,

    /// <summary>Whatever other clauses allow.</summary>
    Deny,
}

/// <summary>What may be given, or not. Of lists an empty one says: any.</summary>
/// <param name="Id">As the parties number it.</param>
/// <param name="Text">In the parties' own words; null: the page's sentences say it.</param>
/// <param name="From">Organisations that give.</param>
/// <param name="IncidentTypes">What belongs to no incident fits only an empty list.</param>
/// <param name="Categories">What names none fits only an empty list.</param>
/// <param name="Requests">Only in answer to a request of these kinds; empty: whether asked for or not.</param>
/// <param name="RescueOnly">Only where people are in danger.</param>
/// <param name="Ground">Of a denial: the ground that it refuses on.</param>
/// <param name="ExceptRescue">Of a denial: it doesn't stand against a rescue.</param>
/// <param name="Terms">Of an allowance: under which conditions.</param>
public sealed record Clause(
    string Id,
    ClauseEffect Effect,
    Words? Text,
    IReadOnlyList<string> From,
    IReadOnlyList<ShareKind> What,
    IReadOnlyList<string> Purposes,
    IReadOnlyList<string> IncidentTypes,
    IReadOnlyList<string> Categories,
    IReadOnlyList<string> Sites,
    IReadOnlyList<string> Cameras,
    IReadOnlyList<RequestKind> Requests,
    bool RescueOnly,
    string? Ground,
    bool ExceptRescue,
    ClauseTerms? Terms);

/// <summary>Under which conditions a clause allows something.</summary>
/// <param name="Masked">Only with masks painted.</param>
/// <param name="MaxHeight">Lines of a picture at most; null: as it is.</param>
/// <param name="KeepDays">How long the receiver may keep it; null: it isn't limited.</param>
/// <param name="Handling">At least this code.</param>
/// <param name="Approvals">Persons of the giver who must agree, whoever gives it included; 0: a rule may give it by itself.</param>
/// <param name="Approvers">Offices that must be among them.</param>
/// <param name="ReviewHours">In a rescue it is released first, and reviewed within so many hours; null: it waits for its approvals as everything else.</param>
/// <param name="LiveMinutes">A live view at most; null: it isn't limited.</param>
/// <param name="Graded">It carries a grade of source and information.</param>
public sealed record ClauseTerms(
    bool Masked,
    int? MaxHeight,
    int? KeepDays,
    HandlingCode Handling,
    OnwardTransfer Onward,
    int Approvals,
    IReadOnlyList<string> Approvers,
    int? ReviewHours,
    int? LiveMinutes,
    bool Watermark,
    bool Graded);
