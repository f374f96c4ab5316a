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
    string? EndedBy)
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

/// <summary>What a hold would cost, told before it is made.</summary>
/// <param name="Bytes">Footage that it keeps which nothing kept before; the future at the rate of the last day.</param>
/// <param name="BytesPerDay">Of a hold that runs without an end.</param>
/// <param name="HeldAfter">Of all holds together, on the volume that is worst off.</param>
/// <param name="Limit">What holds may use there.</param>
/// <param name="Warnings">Sentences. With any of them the hold is made only if it is accepted as it is.</param>
/// <param name="Notes">Sentences that need no acceptance.</param>
public sealed record HoldAssessment(long Bytes, long BytesPerDay, long HeldAfter, long Limit, IReadOnlyList<string> Warnings, IReadOnlyList<string> Notes)
{
    public bool NeedsAcceptance => Warnings.Count > 0;
}
