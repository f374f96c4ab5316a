using System.Text;

using Atalaya.Evidence;
using Atalaya.Federation.Links;
using Atalaya.Media;

namespace Atalaya.Node.Federation.Links;

/// <summary>What joins this node with another one, as it is known here.</summary>
/// <param name="Id">16 hexadecimal digits, the same at both ends.</param>
/// <param name="Kind">What the other node is to this one.</param>
/// <param name="LogKey">Of the other node's log: signs its agreements and receipts.</param>
/// <param name="LinkKey">Of the other node on links: its connections and messages; SubjectPublicKeyInfo.</param>
/// <param name="Card">The other node's, as its log's key signed it.</param>
/// <param name="Address">HOST:PORT where this node dials the other; empty: the other dials.</param>
/// <param name="Digits">To be compared by two people: <see cref="Pairing.Digits"/>.</param>
/// <param name="Why">It ended, or was suspended.</param>
sealed record Link(
    string Id, LinkKind Kind, LinkState State, string Organisation, string Site, NoteKey LogKey, byte[] LinkKey, string Card, string Address, string Digits,
    WallTime CreatedAt, string CreatedBy, WallTime? ConfirmedAt, string ConfirmedBy, WallTime? EndedAt, string Why)
{
    /// <summary>Of the other node's link key.</summary>
    public Digest Pin { get; } = Digest.Of(LinkKey);

    /// <summary>How <see cref="LogKey"/> came to be: what a <see cref="KeyHistory"/> is read from; empty: it is the one that was known from the first.</summary>
    public string Keys { get; init; } = "";

    /// <summary>By which the other node's signatures are known: <see cref="LogKey"/>, and earlier ones of it that weren't revoked.</summary>
    public IReadOnlyList<NoteKey> LogKeys => field ??= KeysOf(LogKey, Keys);

    /// <summary>For people.</summary>
    public string Name => $"{Organisation} · {Site}";

    /// <summary>The other node belongs to this organisation.</summary>
    public bool IsOwn => Kind != LinkKind.Partner;

    /// <summary>People at this end have confirmed it, and nobody has ended it: it isn't made anew.</summary>
    public bool IsMade => State is LinkState.Active or LinkState.Suspended;

    static IReadOnlyList<NoteKey> KeysOf(NoteKey now, string keys) => KeyHistory.TryParse(Encoding.UTF8.GetBytes(keys), out var history)
        ? [now, .. history.Changes.Where(c => !c.Statement.Revoked).Select(c => c.Statement.Earlier).Where(k => history.Follow(k)[^1].ToString() == now.ToString()).DistinctBy(k => k.ToString())]
        : [now];
}

/// <summary>How a link does just now.</summary>
/// <param name="IsUp">The other node answered lately.</param>
/// <param name="Since">Since when that is so; null: not since this node's start.</param>
/// <param name="Waiting">Messages that the other side hasn't confirmed.</param>
/// <param name="ClockOffset">The other node's clock less this one's, as far as the round trip lets tell; null: not known.</param>
/// <param name="Fault">Why nothing goes over, a sentence; null: all is well, or not tried yet.</param>
sealed record LinkHealth(bool IsUp, DateTimeOffset? Since, long Waiting, TimeSpan? ClockOffset, TimeSpan? RoundTrip, string? Fault)
{
    public static LinkHealth Unknown { get; } = new(false, null, 0, null, null, null);
}
