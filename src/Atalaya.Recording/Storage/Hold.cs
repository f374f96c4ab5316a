using Atalaya.Media;

namespace Atalaya.Recording.Storage;

/// <summary>Footage that is kept beyond retention. Segments that hold a part of it are not removed.</summary>
/// <param name="Stream">Null: both.</param>
/// <param name="From">Exact to the second.</param>
/// <param name="To">Not part of it; may lie in the future. Null: it runs until it is released.</param>
/// <param name="Reason">Why, in a sentence.</param>
/// <param name="Owner">Who answers for it.</param>
/// <param name="Expires">When it ends by itself; null: never.</param>
/// <param name="Ended">When it was released or expired; null: it is in force.</param>
/// <param name="EndedBy">Who released it; <see cref="Expiry"/> if nobody had to.</param>
/// <param name="EndedWhy">Why it was released, in a sentence.</param>
public sealed record Hold(
    string Id,
    IReadOnlyList<string> Cameras,
    StreamKind? Stream,
    WallTime From,
    WallTime? To,
    string Reason,
    string Owner,
    WallTime Created,
    WallTime? Expires,
    WallTime? Ended,
    string? EndedBy,
    string? EndedWhy = null)
{
    public const string Expiry = "expiry";

    public bool IsInForce(WallTime now) => Ended is null && (Expires is not { } at || at > now);

    public bool Covers(string camera, StreamKind stream) => (Stream is null || Stream == stream) && Cameras.Contains(camera, StringComparer.Ordinal);

    /// <summary>The stretch as a span that ends: a running hold ends never.</summary>
    public WallSpan Span => new(From, To ?? new(long.MaxValue));
}

/// <summary>All holds in force, by stream. Immutable, pure.</summary>
sealed class HoldMap
{
    readonly Dictionary<(string Camera, StreamKind Stream), List<WallSpan>> _spans = [];

    public HoldMap(IEnumerable<Hold> holds, WallTime now)
    {
        foreach (var hold in holds.Where(h => h.IsInForce(now)))
        {
            foreach (string camera in hold.Cameras)
            {
                foreach (var stream in (StreamKind[])[StreamKind.Main, StreamKind.Sub])
                {
                    if (!hold.Covers(camera, stream))
                        continue;
                    if (!_spans.TryGetValue((camera, stream), out var spans))
                        _spans[(camera, stream)] = spans = [];
                    spans.Add(hold.Span);
                }
            }
        }

        foreach (var key in _spans.Keys.ToList())
            _spans[key] = GapLedger.Merge(_spans[key].OrderBy(s => s.From.Microseconds), default, new(long.MaxValue));
    }

    public IEnumerable<(string Camera, StreamKind Stream)> Streams => _spans.Keys;

    /// <summary>Merged, in order.</summary>
    public IReadOnlyList<WallSpan> Of(string camera, StreamKind stream) => _spans.GetValueOrDefault((camera, stream)) ?? [];

    /// <summary>The span that a segment lies in with at least a part; null: it isn't held.</summary>
    public WallSpan? Holding(string camera, StreamKind stream, WallTime from, WallTime to)
    {
        foreach (var span in Of(camera, stream))
        {
            if (span.From >= to)
                return null;
            if (span.To > from)
                return span;
        }

        return null;
    }
}

public enum HoldConsequenceKind
{
    /// <summary>Holds would need more than they may use: recording would depend on the reserve.</summary>
    Overrun,

    /// <summary>Holds would use much of what they may.</summary>
    High,

    /// <summary>Other footage would go before its time.</summary>
    Early,

    /// <summary>It has no end and grows every day.</summary>
    Endless,
}

/// <summary>One effect of a hold on the volumes that share their footage.</summary>
/// <param name="Place">Their names.</param>
/// <param name="Bytes">That all holds would use; of <see cref="HoldConsequenceKind.Endless"/> those of one day of this hold.</param>
/// <param name="Limit">Bytes that holds may use.</param>
/// <param name="Reach">How far back unheld footage would reach; of <see cref="HoldConsequenceKind.Endless"/> how long the limit lasts. Null: not of this kind, or without end.</param>
/// <param name="Instead">How far back unheld footage reaches without it; null: not of this kind.</param>
/// <param name="Text">The same as a sentence.</param>
public sealed record HoldConsequence(HoldConsequenceKind Kind, string Place, long Bytes, long Limit, TimeSpan? Reach, TimeSpan? Instead, string Text);

/// <summary>What a hold would cost, told before it is made.</summary>
/// <param name="Bytes">Footage that it keeps which nothing kept before; the future at the rate of the last day.</param>
/// <param name="BytesPerDay">Of a hold that runs without an end.</param>
/// <param name="HeldAfter">Of all holds together, on the volume that is worst off.</param>
/// <param name="Limit">What holds may use there.</param>
/// <param name="Warnings">With any of them the hold is made only if it is accepted as it is.</param>
/// <param name="Notes">Effects that need no acceptance.</param>
public sealed record HoldAssessment(long Bytes, long BytesPerDay, long HeldAfter, long Limit, IReadOnlyList<HoldConsequence> Warnings, IReadOnlyList<HoldConsequence> Notes)
{
    public bool NeedsAcceptance => Warnings.Count > 0;
}
