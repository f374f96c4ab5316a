namespace Atalaya.Federation.Grants;

/// <summary>Where a grant is. Nothing leaves the last four, but that one which was ended meanwhile turns out to have been refused.</summary>
public enum GrantState
{
    /// <summary>Somebody of the owner wants to give it.</summary>
    Asked,

    /// <summary>As many persons as the agreement wants have agreed; what is to be given may still be made.</summary>
    Approved,

    /// <summary>The other side was told.</summary>
    Given,

    /// <summary>The other side has it, or has looked.</summary>
    Active,

    /// <summary>Taken back by the owner.</summary>
    Revoked,

    /// <summary>Its time is over.</summary>
    Expired,

    /// <summary>Nobody needs it any more: the receiver deleted what it got, the operation it belonged to has ended, or it couldn't be made.</summary>
    Ended,

    /// <summary>The other side's node didn't take it: nothing is served for it.</summary>
    Refused,
}

/// <summary>Why a step isn't possible.</summary>
public enum GrantFault
{
    None,

    /// <summary>It is over, or it isn't so far yet.</summary>
    OutOfTurn,

    /// <summary>Nobody agrees twice.</summary>
    SamePerson,

    /// <summary>Its time hasn't come, or is over.</summary>
    OutOfTime,
}

/// <summary>What was released before all had agreed is looked at afterwards.</summary>
/// <param name="Due">By when.</param>
/// <param name="ClosedAt">Null: nobody has yet.</param>
/// <param name="By">Who closed it: never who gave.</param>
/// <param name="Right">Whether it was right to give it.</param>
public sealed record GrantReview(DateTimeOffset Due, DateTimeOffset? ClosedAt = null, string By = "", bool Right = false, string Note = "");

/// <summary>
/// A permission under an agreement: one thing that one organisation lets the other have, from the wish to give it to its end. Immutable; each step is a pure function of it, of who takes
/// the step and of the time, and gives the next one or says why not.
/// </summary>
/// <param name="Id">A GUID.</param>
/// <param name="Terms">What, to whom, until when and on what conditions: what the owner signs.</param>
/// <param name="Needed">Persons of the owner who must agree, who asked included; at least 1.</param>
/// <param name="Persons">Ids of those who have, each once; who asked is the first.</param>
/// <param name="Review">Null: none is due.</param>
/// <param name="Why">Of one that was revoked, ended or refused.</param>
public sealed record ShareGrant(
    string Id, ShareTerms Terms, GrantState State, DateTimeOffset AskedAt, int Needed, IReadOnlyList<string> Persons, GrantReview? Review = null, DateTimeOffset? GivenAt = null,
    DateTimeOffset? EndedAt = null, string Why = "")
{
    /// <summary>Somebody wants to give it: with one person needed it is agreed to at once.</summary>
    /// <param name="review">By when it is reviewed if it goes before all have agreed; null: it waits for them.</param>
    public static ShareGrant Ask(string id, ShareTerms terms, string by, int needed, DateTimeOffset at, DateTimeOffset? review = null) =>
        new(id, terms, needed <= 1 || review is not null ? GrantState.Approved : GrantState.Asked, at, Math.Max(1, needed), [by], review is { } due ? new(due) : null);

    public bool HasEnded => State is GrantState.Revoked or GrantState.Expired or GrantState.Ended or GrantState.Refused;

    /// <summary>As time alone makes it.</summary>
    public ShareGrant At(DateTimeOffset now) => !HasEnded && now >= Terms.Expires ? this with { State = GrantState.Expired, EndedAt = Terms.Expires } : this;

    /// <summary>Whether it lets anybody have anything at that moment.</summary>
    public bool IsOpen(DateTimeOffset now) => At(now).State is GrantState.Given or GrantState.Active && now >= Terms.Begins;

    public (ShareGrant Next, GrantFault Fault) Approve(string by, DateTimeOffset now)
    {
        var here = At(now);
        if (here.State != GrantState.Asked)
            return (here, GrantFault.OutOfTurn);
        if (here.Persons.Contains(by, StringComparer.Ordinal))
            return (here, GrantFault.SamePerson);
        IReadOnlyList<string> persons = [.. here.Persons, by];
        return (here with { Persons = persons, State = persons.Count >= here.Needed ? GrantState.Approved : GrantState.Asked }, GrantFault.None);
    }

    /// <summary>The other side is told.</summary>
    public (ShareGrant Next, GrantFault Fault) Give(DateTimeOffset now) =>
        Step(now, here => here.State == GrantState.Approved ? here with { State = GrantState.Given, GivenAt = now } : null);

    /// <summary>The other side has it or looks: again and again, while it is open.</summary>
    public (ShareGrant Next, GrantFault Fault) Use(DateTimeOffset now)
    {
        var here = At(now);
        if (here.State == GrantState.Expired || (!here.HasEnded && now < Terms.Begins))
            return (here, GrantFault.OutOfTime);
        return here.State is GrantState.Given or GrantState.Active ? (here with { State = GrantState.Active }, GrantFault.None) : (here, GrantFault.OutOfTurn);
    }

    /// <summary>The owner takes it back, whatever state it is in.</summary>
    public (ShareGrant Next, GrantFault Fault) Revoke(string why, DateTimeOffset now) =>
        Step(now, here => here.HasEnded ? null : here with { State = GrantState.Revoked, EndedAt = now, Why = why });

    /// <summary>Nobody needs it any more.</summary>
    public (ShareGrant Next, GrantFault Fault) End(string why, DateTimeOffset now) =>
        Step(now, here => here.HasEnded ? null : here with { State = GrantState.Ended, EndedAt = now, Why = why });

    /// <summary>The other side's node didn't take it: it never was open there, whatever has become of it here since.</summary>
    public (ShareGrant Next, GrantFault Fault) Refuse(string why, DateTimeOffset now) => GivenAt is null || State == GrantState.Refused
        ? (this, GrantFault.OutOfTurn) : (this with { State = GrantState.Refused, EndedAt = EndedAt ?? now, Why = why }, GrantFault.None);

    /// <summary>Somebody else than who gave it says whether that was right. Its end doesn't matter.</summary>
    public (ShareGrant Next, GrantFault Fault) CloseReview(string by, bool right, string note, DateTimeOffset now)
    {
        if (Review is not { ClosedAt: null } review)
            return (this, GrantFault.OutOfTurn);
        return by == Persons[0] ? (this, GrantFault.SamePerson) : (this with { Review = review with { ClosedAt = now, By = by, Right = right, Note = note } }, GrantFault.None);
    }

    (ShareGrant Next, GrantFault Fault) Step(DateTimeOffset now, Func<ShareGrant, ShareGrant?> step)
    {
        var here = At(now);
        return step(here) is { } next ? (next, GrantFault.None) : (here, here.State == GrantState.Expired ? GrantFault.OutOfTime : GrantFault.OutOfTurn);
    }
}
