namespace Atalaya.Federation.Agreements;

/// <summary>
/// Decides what an agreement allows. What no clause allows is refused; a denial stands against every allowance; the order of clauses says nothing. The same agreement and ask always give
/// the same decision: there is no clock and no state here.
/// </summary>
/// <remarks>
/// Of several clauses that allow an ask, or that deny it, the one of the lowest number is told. Of several that would allow it under other conditions, the one that lacks least.
/// </remarks>
public static class AgreementEvaluator
{
    /// <summary>Built-in grounds of refusal: what no clause of the agreement words.</summary>
    public const string NotParties = "not-parties", NotInForce = "not-in-force", UnknownPurpose = "unknown-purpose", UnknownCategory = "unknown-category", BadGrade = "grade", NotForeseen = "not-foreseen",
        NoClause = "no-clause", ConditionsNotMet = "conditions", ApprovalsMissing = "approvals", CategoryMissing = "category", IncidentTypeMissing = "incident-type", SiteMissing = "site", CameraMissing = "camera";

    /// <summary>How many clauses that don't speak of an ask are told with what they lack.</summary>
    const int Explained = 3;

    public static IReadOnlyList<string> BuiltInGrounds { get; } =
        [NotParties, NotInForce, UnknownPurpose, UnknownCategory, BadGrade, NotForeseen, NoClause, ConditionsNotMet, ApprovalsMissing, CategoryMissing, IncidentTypeMissing, SiteMissing, CameraMissing];

    /// <param name="agreement">A sound one (<see cref="AgreementCheck"/>); whether it is signed isn't looked at.</param>
    public static Decision Decide(Agreement agreement, Ask ask)
    {
        if (Outside(agreement, ask) is { } outside)
            return outside;

        var denials = agreement.Clauses.Where(c => c.Effect == ClauseEffect.Deny && !(c.ExceptRescue && ask.Rescue) && Misses(c, ask).Count == 0)
            .OrderBy(c => c.Id, ClauseOrder.Instance).ToArray();
        if (denials is [var denial, .. var more])
        {
            var ground = agreement.Grounds.First(g => g.Id == denial.Ground);
            return Refuse(denial.Id, ground.Id, ground.Kind, Conditions.Strictest,
                [new("denied", denial.Id, ground.Text), new(KindKey(ground.Kind)), .. more.Select(c => new Reason("deniedToo", c.Id))]);
        }

        var allowances = agreement.Clauses.Where(c => c.Effect == ClauseEffect.Allow)
            .Select(c => (Clause: c, Misses: Misses(c, ask), Lacks: Lacks(c.Terms!, ask)))
            .OrderBy(c => c.Clause.Id, ClauseOrder.Instance).ToArray();
        var fitting = allowances.Where(c => c.Misses.Count == 0).ToArray();
        if (fitting.Length == 0)
        {
            return Refuse(Decision.Default, NoClause, RefusalKind.Total, Conditions.Strictest,
            [
                new("noClause", ask.What, ask.From),
                .. allowances.OrderBy(c => c.Misses.Count).Take(Explained).Select(c => new Reason("misses", c.Clause.Id, c.Misses)),
            ]);
        }

        // What might be what a denial names has to say that it isn't: leaving it out would be the way around. The category first, which nobody can look up but who asks.
        var unnamed = Unnamed(ask);
        if (unnamed.Count > 0 && agreement.Clauses.Where(c => c.Effect == ClauseEffect.Deny && !(c.ExceptRescue && ask.Rescue)).Select(c => (c.Id, Misses: Misses(c, ask)))
            .Where(c => c.Misses.All(unnamed.Contains)).OrderByDescending(c => c.Misses.Contains(Aspect.Category)).ThenBy(c => c.Id, ClauseOrder.Instance).FirstOrDefault() is { Misses: { } missing } silent)
        {
            var (ground, key) = missing switch
            {
                _ when missing.Contains(Aspect.Category) => (CategoryMissing, "needsCategory"),
                [Aspect.IncidentType, ..] => (IncidentTypeMissing, "needsIncidentType"),
                [Aspect.Site, ..] => (SiteMissing, "needsSite"),
                _ => (CameraMissing, "needsCamera"),
            };
            return Refuse(silent.Id, ground, RefusalKind.Conditional, Conditions.Strictest, [new(key, silent.Id)]);
        }

        if (fitting.FirstOrDefault(c => c.Lacks.Count == 0).Clause is { } allowed)
        {
            var terms = allowed.Terms!;
            bool first = IsReleasedFirst(terms, ask);
            Reason[] because =
            [
                new("allowed", allowed.Id),
                .. first ? [new Reason("releasedFirst", terms.Approvals, Math.Max(ask.Approvals, 0), terms.ReviewHours!.Value)] : Array.Empty<Reason>(),
                .. AgreementWords.TermsOf(terms, ask.What),
            ];
            return new(true, allowed.Id, Sentences(because), ConditionsOf(terms, ask, first), "") { Because = because };
        }

        var nearest = fitting.MinBy(c => c.Lacks.Count);
        return Refuse(nearest.Clause.Id, nearest.Lacks is [{ Key: "lacksApprovals" }] ? ApprovalsMissing : ConditionsNotMet, RefusalKind.Conditional,
            ConditionsOf(nearest.Clause.Terms!, ask, releasedFirst: false), [new("wouldAllow", nearest.Clause.Id), .. nearest.Lacks]);
    }

    /// <summary>What no clause has to be asked for; null: it is a matter of clauses.</summary>
    static Decision? Outside(Agreement agreement, Ask ask)
    {
        if (ask.From == ask.To || agreement.PartyOf(ask.From) is null || agreement.PartyOf(ask.To) is null)
            return Never(NotParties, new("notParties", ask.From, ask.To));
        if (ask.At < agreement.Begins)
            return Never(NotInForce, new("notYet", agreement.Start));
        if (!agreement.IsInForce(ask.At))
            return Never(NotInForce, new("ended", agreement.End!.Value));
        if (agreement.Purposes.All(p => p.Id != ask.Purpose))
            return Never(UnknownPurpose, new("unknownPurpose", ask.Purpose));
        if (ask.Category is { } category && agreement.Categories.All(c => c.Id != category))
            return Never(UnknownCategory, new("unknownCategory", category));
        if (ask.Request is { } kind && agreement.Requests.All(r => r.Kind != kind))
            return Never(NotForeseen, new("notForeseen", kind));
        if (ask.Grade is { } grade && ((agreement.Grading.Sources.Count > 0 && !agreement.Grading.Sources.Contains(grade.Source)) || grade.Information > agreement.Grading.WorstInformation
            || grade.Information < 1))
        {
            return Never(BadGrade, new("badGrade", grade));
        }

        return null;

        static Decision Never(string ground, Reason reason) => Refuse(Decision.Default, ground, RefusalKind.Total, Conditions.Strictest, [reason]);
    }

    /// <summary>What an ask doesn't say of itself though it has it: of any it may be, of none it can't.</summary>
    static List<Aspect> Unnamed(Ask ask)
    {
        var unnamed = new List<Aspect>();
        if (ask.IncidentType is null)
            unnamed.Add(Aspect.IncidentType);
        if (ask.Category is null)
            unnamed.Add(Aspect.Category);
        // An incident may be of several sites and of no camera, an alarm of no camera; what shows pictures never is.
        if (ask.Site.Length == 0 && ask.What != ShareKind.IncidentCard)
            unnamed.Add(Aspect.Site);
        if (ask.Camera.Length == 0 && ShowsPictures(ask.What))
            unnamed.Add(Aspect.Camera);
        return unnamed;
    }

    static bool ShowsPictures(ShareKind what) => what is not (ShareKind.Alarm or ShareKind.IncidentCard);

    /// <summary>In what an ask lies outside of what a clause speaks of.</summary>
    static List<Aspect> Misses(Clause clause, Ask ask)
    {
        var misses = new List<Aspect>();
        Look(Aspect.From, clause.From.Count == 0 || clause.From.Contains(ask.From));
        Look(Aspect.What, clause.What.Count == 0 || clause.What.Contains(ask.What));
        Look(Aspect.Purpose, clause.Purposes.Count == 0 || clause.Purposes.Contains(ask.Purpose));
        Look(Aspect.IncidentType, clause.IncidentTypes.Count == 0 || (ask.IncidentType is { } type && clause.IncidentTypes.Contains(type)));
        Look(Aspect.Category, clause.Categories.Count == 0 || (ask.Category is { } category && clause.Categories.Contains(category)));
        Look(Aspect.Site, clause.Sites.Count == 0 || clause.Sites.Contains(ask.Site));
        Look(Aspect.Camera, clause.Cameras.Count == 0 || clause.Cameras.Contains(ask.Camera));
        Look(Aspect.Request, clause.Requests.Count == 0 || (ask.Request is { } kind && clause.Requests.Contains(kind)));
        Look(Aspect.Rescue, !clause.RescueOnly || ask.Rescue);
        return misses;

        void Look(Aspect aspect, bool fits)
        {
            if (!fits)
                misses.Add(aspect);
        }
    }

    /// <summary>Which conditions an ask doesn't meet.</summary>
    static List<Reason> Lacks(ClauseTerms terms, Ask ask)
    {
        var lacks = new List<Reason>();
        bool pictures = ShowsPictures(ask.What);
        if (pictures && terms.Masked && !ask.Masked)
            lacks.Add(new("lacksMask"));
        if (pictures && terms.MaxHeight is { } most && ask.Height > most)
            lacks.Add(new("lacksHeight", most, ask.Height.Value));
        if (terms.KeepDays is { } days && ask.Keep > TimeSpan.FromDays(days))
            lacks.Add(new("lacksKeep", days));
        if (ask.Handling < terms.Handling)
            lacks.Add(new("lacksHandling", terms.Handling, ask.Handling.Value));
        if (ask.What == ShareKind.Live && terms.LiveMinutes is { } minutes && ask.Lasts > TimeSpan.FromMinutes(minutes))
            lacks.Add(new("lacksLive", minutes));
        if (ask.Approvals < terms.Approvals && !IsReleasedFirst(terms, ask))
            lacks.Add(new("lacksApprovals", terms.Approvals, Math.Max(ask.Approvals, 0)));
        return lacks;
    }

    static bool IsReleasedFirst(ClauseTerms terms, Ask ask) => ask.Rescue && terms.ReviewHours is not null && ask.Approvals < terms.Approvals;

    static Conditions ConditionsOf(ClauseTerms terms, Ask ask, bool releasedFirst) => new(
        terms.Masked, terms.MaxHeight, terms.KeepDays is { } days ? TimeSpan.FromDays(days) : null, ask.Handling > terms.Handling ? ask.Handling.Value : terms.Handling, terms.Onward, terms.Approvals,
        releasedFirst ? TimeSpan.FromHours(terms.ReviewHours!.Value) : null, terms.Watermark, terms.LiveMinutes is { } minutes ? TimeSpan.FromMinutes(minutes) : null, terms.Graded, terms.Approvers);

    static Decision Refuse(string clause, string ground, RefusalKind kind, Conditions conditions, IReadOnlyList<Reason> because) =>
        new(false, clause, Sentences(because), conditions, ground) { Refusal = kind, Because = because };

    static string[] Sentences(IReadOnlyList<Reason> because) => [.. because.Select(r => AgreementWords.Sentence(r, Language.En))];

    static string KindKey(RefusalKind kind) => kind switch { RefusalKind.Total => "refusedWholly", RefusalKind.Partial => "refusedPartly", _ => "refusedConditionally" };
}

/// <summary>What of an ask a clause can speak of.</summary>
public enum Aspect
{
    From,
    What,
    Purpose,
    IncidentType,
    Category,
    Site,
    Camera,
    Request,
    Rescue,
}
