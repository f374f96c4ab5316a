using Atalaya.Federation.Agreements;
using Atalaya.Federation.Stories;

namespace Atalaya.Federation.Requests;

/// <summary>What became of the requests of one kind in one direction.</summary>
/// <param name="Open">Neither answered nor withdrawn.</param>
/// <param name="Overdue">Of those that are open.</param>
/// <param name="Refusals">By ground, the most frequent first; those of parts that were left out included.</param>
/// <param name="Median">Of the time that answers and refusals took; null: there were none.</param>
/// <param name="InTime">Of those that were answered or refused.</param>
public sealed record RequestCount(
    RequestKind Kind, Side By, int Asked, int Open, int Overdue, int Whole, int Part, int Conditional, int Refused, int Withdrawn, int InTime, int Late, TimeSpan? Median, TimeSpan? Slowest,
    IReadOnlyList<(string Ground, int Count)> Refusals)
{
    /// <summary>Counts requests by kind and by who asked; kinds of which there were none are left out.</summary>
    /// <param name="requests">With the side that asked: <see cref="Side.First"/> for this one's own.</param>
    public static IReadOnlyList<RequestCount> Of(IEnumerable<(Side By, RequestCase Case)> requests, DateTimeOffset now) =>
        [.. requests.GroupBy(r => (r.Case.Asked.Kind, r.By)).OrderBy(g => g.Key.By).ThenBy(g => g.Key.Kind).Select(g => Of(g.Key.Kind, g.Key.By, [.. g.Select(r => r.Case)], now))];

    static RequestCount Of(RequestKind kind, Side by, RequestCase[] cases, DateTimeOffset now)
    {
        var answered = cases.Where(c => c.AnsweredAt is not null).ToArray();
        var took = answered.Select(c => c.Took(now)).Order().ToArray();
        int late = answered.Count(c => c.Left(now) < TimeSpan.Zero);
        return new(
            kind, by, cases.Length, cases.Count(c => c.IsOpen), cases.Count(c => c.IsOverdue(now)),
            cases.Count(c => c.Answer?.Extent == AnswerExtent.Whole), cases.Count(c => c.Answer?.Extent == AnswerExtent.Part), cases.Count(c => c.Answer?.Extent == AnswerExtent.Conditional),
            cases.Count(c => c.Refusal is not null), cases.Count(c => c.State == RequestState.Withdrawn), answered.Length - late, late,
            took.Length > 0 ? took[(took.Length - 1) / 2] : null, took.Length > 0 ? took[^1] : null,
            [.. cases.Select(c => c.Refusal?.Ground ?? c.Answer?.Ground).OfType<string>().GroupBy(g => g, StringComparer.Ordinal).Select(g => (g.Key, g.Count()))
                .OrderByDescending(g => g.Item2).ThenBy(g => g.Key, StringComparer.Ordinal)]);
    }
}
