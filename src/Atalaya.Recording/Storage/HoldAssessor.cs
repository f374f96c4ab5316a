using Atalaya.Media;

namespace Atalaya.Recording.Storage;

/// <summary>What somebody wants to hold; see <see cref="Hold"/>.</summary>
public sealed record HoldRequest(IReadOnlyList<string> Cameras, StreamKind? Stream, WallTime From, WallTime? To, string Reason, string Owner, WallTime? Expires);

/// <summary>What a hold does to one pool of volumes, in bytes.</summary>
/// <param name="Added">Held by it and by nothing else: what is there, and what comes until its end.</param>
/// <param name="AddedPerDay">While it runs without an end.</param>
/// <param name="PerDay">Recorded there.</param>
/// <param name="Wanted">How far back unheld footage is to reach: the longest limit of its cameras, or as far as it reaches now.</param>
readonly record struct HoldEffect(string Place, long Limit, long Held, long Added, long AddedPerDay, long PerDay, TimeSpan Wanted);

/// <summary>Judges a hold before it is made. Pure.</summary>
static class HoldAssessor
{
    /// <summary>A running hold that fills what holds may use within this is told. 30 days: the time in which somebody looks.</summary>
    static readonly TimeSpan Soon = TimeSpan.FromDays(30);

    public static HoldAssessment Assess(IReadOnlyList<HoldEffect> effects, double alarm)
    {
        var warnings = new List<HoldConsequence>();
        var notes = new List<HoldConsequence>();
        foreach (var e in effects)
        {
            long after = e.Held + e.Added;
            if (after > e.Limit)
            {
                warnings.Add(new(HoldConsequenceKind.Overrun, e.Place, after, e.Limit, null, null,
                    $"Holds on {e.Place} would need {InWords.Of(after)} and may use {InWords.Of(e.Limit)}: recording would depend on the reserve, and held footage beyond that would not stay."));
                continue;
            }

            if (after > alarm * e.Limit)
            {
                warnings.Add(new(HoldConsequenceKind.High, e.Place, after, e.Limit, null, null,
                    $"Holds on {e.Place} would use {after * 100 / Math.Max(1, e.Limit)} % of the {InWords.Of(e.Limit)} they may."));
            }

            double before = (e.Limit - e.Held) / (double)Math.Max(1, e.PerDay), left = (e.Limit - after) / (double)Math.Max(1, e.PerDay);
            double wanted = Math.Min(e.Wanted.TotalDays, before);
            if (e.PerDay > 0 && left < wanted)
            {
                TimeSpan reach = TimeSpan.FromDays(left), instead = TimeSpan.FromDays(wanted);
                warnings.Add(new(HoldConsequenceKind.Early, e.Place, after, e.Limit, reach, instead,
                    $"Unheld footage on {e.Place} would go early: it would reach back {InWords.Of(reach)} instead of {InWords.Of(instead)}."));
            }

            if (e.AddedPerDay > 0)
            {
                double days = (e.Limit - after) / (double)e.AddedPerDay;
                TimeSpan? lasts = days < 36500 ? TimeSpan.FromDays(days) : null;
                string text = lasts is { } span
                    ? $"It runs without an end, at {InWords.Of(e.AddedPerDay)} a day: what holds may use on {e.Place} lasts {InWords.Of(span)}."
                    : $"It runs without an end, at {InWords.Of(e.AddedPerDay)} a day.";
                (days < Soon.TotalDays ? warnings : notes).Add(new(HoldConsequenceKind.Endless, e.Place, e.AddedPerDay, e.Limit, lasts, null, text));
            }
        }

        var worst = effects.Count == 0 ? default : effects.MaxBy(e => (e.Held + e.Added) / (double)Math.Max(1, e.Limit));
        return new(effects.Sum(e => e.Added), effects.Sum(e => e.AddedPerDay), worst.Held + worst.Added, worst.Limit, warnings, notes);
    }
}
