namespace Atalaya.Cameras;

/// <summary>
/// How long to wait before the next attempt: doubling from the first wait to the longest, each with a random fifth more or less,
/// so that forty cameras behind one switch don't all return in the same instant.
/// </summary>
readonly record struct Backoff(TimeSpan First, TimeSpan Longest)
{
    /// <summary>A link that blinks: back within a second; a dead one is asked twice a minute.</summary>
    public static readonly Backoff Network = new(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30));

    /// <summary>Cameras lock accounts after a few wrong passwords: ask rarely.</summary>
    public static readonly Backoff Refused = new(TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(5));

    /// <param name="attempt">1 for the wait after the first failure.</param>
    public TimeSpan After(int attempt, Random random)
    {
        double seconds = Math.Min(Longest.TotalSeconds, First.TotalSeconds * Math.Pow(2, Math.Min(attempt - 1, 30)));
        return TimeSpan.FromSeconds(seconds * (0.8 + (0.4 * random.NextDouble())));
    }
}
