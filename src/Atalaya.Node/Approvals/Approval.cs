using Atalaya.Media;
using Atalaya.Node.Oversight;

namespace Atalaya.Node.Approvals;

/// <summary>What a second person may have to agree to.</summary>
public enum ApprovalAction
{
    /// <summary>Footage leaves the node as a file.</summary>
    Export,

    /// <summary>Footage goes earlier than it would have.</summary>
    Retention,

    /// <summary>A hold ends.</summary>
    Release,

    /// <summary>Users, their roles and what roles may.</summary>
    Rights,

    /// <summary>A package is handed to somebody outside.</summary>
    Disclosure,

    /// <summary>A camera is seen without its masks for a while.</summary>
    Unmask,

    /// <summary>Another organisation is let have something.</summary>
    Share,
}

/// <summary>Where a request is.</summary>
public enum ApprovalState
{
    Waiting,

    /// <summary>Agreed to: it may be done, once, until its time is over.</summary>
    Approved,
    Refused,

    /// <summary>By the one who asked.</summary>
    Withdrawn,

    /// <summary>Nobody decided, or what was agreed to wasn't done in time.</summary>
    Expired,

    /// <summary>Done.</summary>
    Used,
}

/// <summary>Why a step isn't possible.</summary>
enum ApprovalFault
{
    None,

    /// <summary>It isn't waiting, or not agreed to, any more.</summary>
    TooLate,

    /// <summary>Nobody agrees to what they asked for themselves, nor withdraws what others asked for.</summary>
    NotTheirs,
}

/// <summary>
/// A request for a second person's agreement, from being asked to its end. Each step is a pure function of it, of who takes the step and of the time; it gives the
/// next one or says why not. <c>Waiting → Approved → Used</c>; beside that <c>Refused</c>, <c>Withdrawn</c> and <c>Expired</c>, which nothing leaves.
/// </summary>
/// <param name="Digest">Of exactly what was asked; whatever is asked differently needs a request of its own.</param>
/// <param name="Cameras">Those it concerns; may be none.</param>
/// <param name="Detail">What else a person has to know to decide.</param>
/// <param name="ExpiresAt">Of one that waits, when it expires; of one agreed to, until when it may be done; of a refusal, how long it stands.</param>
sealed record Approval(
    string Id,
    ApprovalAction Action,
    string Digest,
    string UserId,
    string UserName,
    IReadOnlyList<string> Cameras,
    WallTime? From,
    WallTime? To,
    string Detail,
    Purpose Purpose,
    ApprovalState State,
    WallTime AskedAt,
    WallTime ExpiresAt,
    string DecidedBy = "",
    string DecidedName = "",
    WallTime? DecidedAt = null,
    string Reason = "",
    WallTime? UsedAt = null)
{
    public const int MaxReason = 500;

    /// <summary>Roles, by name or id, that whoever agrees must have besides the permission.</summary>
    public IReadOnlyList<string> Offices { get; init; } = [];

    /// <summary>Nothing more happens to it, but that a refusal's time passes.</summary>
    public bool HasEnded => State is not (ApprovalState.Waiting or ApprovalState.Approved);

    /// <summary>As time alone makes it.</summary>
    public Approval At(WallTime now) => !HasEnded && now >= ExpiresAt ? this with { State = ApprovalState.Expired } : this;

    public (Approval Next, ApprovalFault Fault) Approve(string user, string name, string reason, WallTime now, TimeSpan use) =>
        Decide(user, this with { State = ApprovalState.Approved, DecidedBy = user, DecidedName = name, DecidedAt = now, Reason = reason, ExpiresAt = now + use }, now);

    public (Approval Next, ApprovalFault Fault) Refuse(string user, string name, string reason, WallTime now) =>
        Decide(user, this with { State = ApprovalState.Refused, DecidedBy = user, DecidedName = name, DecidedAt = now, Reason = reason }, now);

    /// <summary>The one who asked no longer wants it, decided or not.</summary>
    public (Approval Next, ApprovalFault Fault) Withdraw(string user, WallTime now) =>
        user != UserId ? (this, ApprovalFault.NotTheirs) : At(now).HasEnded ? (this, ApprovalFault.TooLate) : (this with { State = ApprovalState.Withdrawn }, ApprovalFault.None);

    /// <summary>What was agreed to is about to be done, by the one who asked: the only time.</summary>
    public (Approval Next, ApprovalFault Fault) Use(string user, WallTime now) =>
        user != UserId ? (this, ApprovalFault.NotTheirs)
        : At(now).State != ApprovalState.Approved ? (this, ApprovalFault.TooLate)
        : (this with { State = ApprovalState.Used, UsedAt = now }, ApprovalFault.None);

    /// <summary>It couldn't be done after all, so that it may be tried again: within the time that was agreed to.</summary>
    public (Approval Next, ApprovalFault Fault) GiveBack() =>
        State == ApprovalState.Used ? (this with { State = ApprovalState.Approved, UsedAt = null }, ApprovalFault.None) : (this, ApprovalFault.TooLate);

    (Approval Next, ApprovalFault Fault) Decide(string user, Approval next, WallTime now) =>
        user == UserId ? (this, ApprovalFault.NotTheirs) : At(now).State != ApprovalState.Waiting ? (this, ApprovalFault.TooLate) : (next, ApprovalFault.None);
}
