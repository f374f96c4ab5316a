using Atalaya.Analysis.Tracks;

namespace Atalaya.Analysis.Evaluation;

/// <summary>An alarm that a rule raised in a clip.</summary>
/// <param name="Seconds">When it was raised, from the first picture: what an operator would have seen, not what the rule dates it back to.</param>
public readonly record struct ClipAlarm(string Rule, double Seconds);

public enum AlarmVerdict
{
    True,

    /// <summary>For an event whose alarm stands already: neither right nor wrong.</summary>
    Repeated,
    False,
}

/// <summary>
/// Alarms against events as the Home Office's i-LIDS tests count them for the sterile zone: an alarm within 10 s of an event's onset is a
/// true positive, another while that one stands is neither, every other is a false positive, an event without an alarm is a miss.
/// </summary>
/// <remarks>Each rule is its own alarm: what one raises can't answer for another's event. Counts add up over clips.</remarks>
public readonly record struct AlarmScore(int TruePositives, int FalsePositives, int Misses, double Hours)
{
    /// <summary>Seconds after the onset within which an alarm is in time.</summary>
    public const double Window = 10;

    /// <summary>Seconds before it: an onset is read off pictures by eye, and whether a foot is on a line is a matter of a stride.</summary>
    public const double Early = 1;

    /// <summary>Of the role "operational alert" for the sterile zone: below 1 weighs false alarms more than misses.</summary>
    public const double RecallBias = 0.65;

    // Dearer than any pair, so that no pair is left out for the sake of another.
    const float Alone = 1e6f;

    /// <summary>1 if no alarm was raised: none was false.</summary>
    public double Precision => TruePositives + FalsePositives == 0 ? 1 : TruePositives / (double)(TruePositives + FalsePositives);

    /// <summary>1 if nothing happened: nothing was missed.</summary>
    public double Recall => TruePositives + Misses == 0 ? 1 : TruePositives / (double)(TruePositives + Misses);

    /// <summary>(α + 1) · recall · precision / (recall + α · precision) with α = <see cref="RecallBias"/>.</summary>
    public double F1 =>
        Recall + (RecallBias * Precision) is > 0 and var sum ? (RecallBias + 1) * Recall * Precision / sum : 0;

    public double FalseAlarmsPerHour => Hours > 0 ? FalsePositives / Hours : 0;

    /// <summary>Between which rates the true one lies with 95 %, if false alarms come by chance (Poisson; exact interval of Garwood 1936).</summary>
    public (double Low, double High) FalseAlarmsPerHourInterval =>
        Hours > 0 ? (Bound(FalsePositives, upper: false) / Hours, Bound(FalsePositives, upper: true) / Hours) : (0, double.PositiveInfinity);

    public static AlarmScore operator +(AlarmScore a, AlarmScore b) =>
        new(a.TruePositives + b.TruePositives, a.FalsePositives + b.FalsePositives, a.Misses + b.Misses, a.Hours + b.Hours);

    /// <param name="verdicts">One for each alarm, in their order.</param>
    /// <param name="missed">The events without an alarm.</param>
    public static AlarmScore Of(
        IReadOnlyList<ClipEvent> events, IReadOnlyList<ClipAlarm> alarms, double hours, out IReadOnlyList<AlarmVerdict> verdicts, out IReadOnlyList<ClipEvent> missed)
    {
        // As many pairs as there can be, and of those the ones nearest in time, so that what is told as missed is what was missed.
        float[] cost = new float[alarms.Count * events.Count];
        for (int a = 0; a < alarms.Count; a++)
        {
            for (int e = 0; e < events.Count; e++)
                cost[(a * events.Count) + e] = InTime(alarms[a], events[e]) ? (float)Math.Abs(alarms[a].Seconds - events[e].Seconds) : float.NaN;
        }

        int[] eventOf = new int[alarms.Count];
        new Assignment().Solve(cost, alarms.Count, events.Count, Alone, eventOf);
        var judged = new AlarmVerdict[alarms.Count];
        for (int a = 0; a < alarms.Count; a++)
            judged[a] = eventOf[a] >= 0 ? AlarmVerdict.True : events.Any(e => InTime(alarms[a], e)) ? AlarmVerdict.Repeated : AlarmVerdict.False;
        bool[] found = new bool[events.Count];
        foreach (int e in eventOf.Where(e => e >= 0))
            found[e] = true;
        verdicts = judged;
        missed = [.. events.Where((_, e) => !found[e]).OrderBy(e => e.Seconds)];
        return new(judged.Count(v => v == AlarmVerdict.True), judged.Count(v => v == AlarmVerdict.False), missed.Count, hours);
    }

    static bool InTime(ClipAlarm alarm, ClipEvent happened) =>
        alarm.Rule == happened.Rule && alarm.Seconds >= happened.Seconds - Early && alarm.Seconds <= happened.Seconds + Window;

    // The mean for which so many events, or fewer (upper) or more (lower), come with 2.5 %, by bisection.
    static double Bound(int count, bool upper)
    {
        if (count == 0 && !upper)
            return 0;
        double low = 0, high = (count * 2) + 20;
        for (int i = 0; i < 100; i++)
        {
            double mean = (low + high) / 2;
            bool tooSmall = upper ? AtMost(count, mean) > 0.025 : 1 - AtMost(count - 1, mean) < 0.025;
            (low, high) = tooSmall ? (mean, high) : (low, mean);
        }

        return low;
    }

    static double AtMost(int count, double mean)
    {
        double term = -mean, sum = 0;
        for (int i = 0; i <= count; i++)
        {
            sum += Math.Exp(term);
            term += Math.Log(mean) - Math.Log(i + 1);
        }

        return sum;
    }
}
