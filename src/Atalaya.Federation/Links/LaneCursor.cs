using Atalaya.Evidence;

namespace Atalaya.Federation.Links;

/// <summary>What a message is to what came before it.</summary>
public enum Arrival
{
    /// <summary>To be applied.</summary>
    Next,

    /// <summary>Applied before: confirmed again, not applied again.</summary>
    Known,

    /// <summary>Something before it hasn't come yet.</summary>
    Ahead,

    /// <summary>It has the place of another one, or doesn't follow what was applied: the sender has two histories, such as after its database was restored from an old copy.</summary>
    Forked,
}

/// <summary>How far a lane has come.</summary>
/// <param name="Number">Of the last message; 0: none yet.</param>
/// <param name="Hash"><see cref="SealedMessage.Hash"/> of it; of none: zeros.</param>
public readonly record struct LaneCursor(long Number, Digest Hash)
{
    public Arrival Judge(Envelope envelope, Digest hash) =>
        envelope.Number > Number + 1 ? Arrival.Ahead
        : envelope.Number == Number + 1 ? envelope.Previous == Hash ? Arrival.Next : Arrival.Forked
        : envelope.Number == Number && hash != Hash ? Arrival.Forked
        : Arrival.Known;

    public LaneCursor After(Envelope envelope, Digest hash) => new(envelope.Number, hash);
}
