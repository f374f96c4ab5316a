namespace Atalaya.Node.Federation.Links;

/// <summary>How often each of several may do something: so often at once, and so often a second after that.</summary>
sealed class Allowance(int burst, double perSecond, TimeProvider clock)
{
    /// <summary>Beyond, those who have all of theirs again are forgotten.</summary>
    const int MostKept = 1000;

    readonly Lock _counting = new();
    readonly Dictionary<string, (double Left, long At)> _of = new(StringComparer.Ordinal);     // under _counting

    /// <returns>False: not just now.</returns>
    public bool Take(string whose)
    {
        lock (_counting)
        {
            double left = LeftOf(whose);
            _of[whose] = (left >= 1 ? left - 1 : left, clock.GetTimestamp());
            return left >= 1;
        }
    }

    /// <summary>Takes one in any case.</summary>
    /// <returns>How long to wait before the next.</returns>
    public TimeSpan Owe(string whose)
    {
        lock (_counting)
        {
            double left = LeftOf(whose) - 1;
            _of[whose] = (left, clock.GetTimestamp());
            return left >= 0 ? TimeSpan.Zero : TimeSpan.FromSeconds(-left / perSecond);
        }
    }

    double LeftOf(string whose)
    {
        if (_of.Count > MostKept)
        {
            foreach (var (key, at) in _of.ToArray())
            {
                if (Now(at) >= burst)
                    _of.Remove(key);
            }
        }

        return _of.TryGetValue(whose, out var kept) ? Now(kept) : burst;

        double Now((double Left, long At) then) => Math.Min(burst, then.Left + (clock.GetElapsedTime(then.At).TotalSeconds * perSecond));
    }
}
