using System.ComponentModel;

using Atalaya.Federation.Links;

namespace Atalaya.Node.Federation.Links;

[Description("Who this node is to others.")]
public sealed record OwnCardJson(
    string Organisation, string Site,
    [property: Description("Of its log: signs agreements and receipts.")] string LogKey,
    [property: Description("SHA-256 of its key on links, hexadecimal.")] string Pin,
    [property: Description("HOST:PORT where others dial it; empty: it can only dial.")] string Address);

public sealed record LinkJson(
    string Id,
    [property: Description("What the other node is to this one.")] LinkKind Kind,
    LinkState State,
    string Organisation, string Site,
    [property: Description("Of the other node's log.")] string LogKey,
    [property: Description("Earlier keys of the other node's log, which were followed by this one as they said themselves; those that were revoked aren't among them.")] IReadOnlyList<string> EarlierLogKeys,
    [property: Description("SHA-256 of the other node's key on links, hexadecimal.")] string Pin,
    [property: Description("Where this node dials the other; empty: the other dials.")] string Address,
    [property: Description("To be compared with what the other node shows, by voice or face to face.")] string Digits,
    DateTimeOffset CreatedAt, string CreatedBy, DateTimeOffset? ConfirmedAt, string ConfirmedBy, DateTimeOffset? EndedAt,
    [property: Description("Of its end or suspension.")] string Why,
    [property: Description("The other node answered lately.")] bool IsUp,
    DateTimeOffset? Since,
    [property: Description("Messages that the other side hasn't confirmed.")] long Waiting,
    [property: Description("The other node's clock less this one's, seconds; null: not known.")] double? ClockOffset,
    [property: Description("Seconds; null: not known.")] double? RoundTrip,
    [property: Description("Why nothing goes over, a sentence; null: all is well, or not tried yet.")] string? Fault)
{
    internal static LinkJson Of(Link l, LinkHealth h) => new(
        l.Id, l.Kind, l.State, l.Organisation, l.Site, l.LogKey.ToString(), [.. l.LogKeys.Skip(1).Select(k => k.ToString())], Convert.ToHexStringLower(l.Pin.ToArray()), l.Address, l.Digits, l.CreatedAt.ToDateTimeOffset(), l.CreatedBy,
        l.ConfirmedAt?.ToDateTimeOffset(), l.ConfirmedBy, l.EndedAt?.ToDateTimeOffset(), l.Why, h.IsUp, h.Since, h.Waiting, h.ClockOffset?.TotalSeconds, h.RoundTrip?.TotalSeconds, h.Fault);
}

public sealed record InvitationJson(
    string Id,
    [property: Description("What the node that joins will be to this one.")] LinkKind Kind,
    string Note, DateTimeOffset CreatedAt, string CreatedBy, DateTimeOffset ExpiresAt,
    [property: Description("To be typed at the other node, once: it isn't shown again. Null in lists.")] string? Code,
    [property: Description("The link that came of it; empty: nobody joined yet.")] string Link);

public sealed record InviteRequestJson
{
    [Description("What the node that joins will be to this one. Required.")]
    public LinkKind? Kind { get; init; }

    [Description("For whom it is, at most 200 characters.")]
    public string? Note { get; init; }

    [Description("How long it may be used, 1 to 168 hours; absent: 24.")]
    public int? Hours { get; init; }
}

public sealed record JoinRequestJson
{
    [Description("The invitation's code. Required.")]
    public string? Code { get; init; }

    [Description("What the node that invites is to this one; a code that says otherwise is refused. Required.")]
    public LinkKind? Kind { get; init; }
}

public sealed record ConfirmRequestJson
{
    [Description("The digits that were compared. Required.")]
    public string? Digits { get; init; }
}

public sealed record LinkWhyRequestJson
{
    [Description("1 to 500 characters. Required.")]
    public string? Why { get; init; }
}

[Description("A message that one side refused.")]
public sealed record LinkRefusalJson(
    string Link,
    [property: Description("Refused here; else by the other side.")] bool Here,
    [property: Description("urgent or records.")] string Lane,
    long Number, string Kind, DateTimeOffset At, string Reason,
    [property: Description("Of the agreement; empty: none.")] string Clause);

[Description("What came over a link, or tried to, and isn't what an honest node sends.")]
public sealed record LinkFaultJson(
    [property: Description("Empty: nobody that is known.")] string Link,
    string Address, string What, string Detail, DateTimeOffset At, DateTimeOffset LastAt, long Times);

// Between nodes.

public sealed record RefusedJson(string Lane, long Number, string Reason, string Clause);

/// <summary>How far each lane has come at the receiver, what it refused, and what its clock says.</summary>
/// <param name="UrgentHash">Of the last message of the lane that it has: by it the sender knows that what it confirms is what was sent. Empty: it has none.</param>
public sealed record LinkAnswerJson(long Urgent, string UrgentHash, long Records, string RecordsHash, IReadOnlyList<RefusedJson> Refused, DateTimeOffset At)
{
    public (long Number, string Hash) Of(Lane lane) => lane == Lane.Urgent ? (Urgent, UrgentHash) : (Records, RecordsHash);
}

public sealed record JoinJson(string Card, string Invitation, string Proof, string Commitment);

public sealed record JoinedJson(string Card, string Nonce);

public sealed record OpenedJson(string Invitation, string Nonce);
