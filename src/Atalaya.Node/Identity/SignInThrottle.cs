namespace Atalaya.Node.Identity;

/// <summary>
/// Slows guessing down: every attempt is counted before it is judged, by account, by address and by both, and beyond a few each must wait longer. An account as
/// a whole waits seconds at most, so that nobody locks others out by guessing.
/// </summary>
sealed class SignInThrottle(TimeProvider clock)
{
    const int MostKept = 20_000;

    static readonly TimeSpan Forget = TimeSpan.FromHours(1);

    readonly Dictionary<string, Count> _counts = new(StringComparer.Ordinal);   // under itself

    /// <summary>Takes the attempt on, or says how long to wait.</summary>
    public TimeSpan? TryBegin(string account, string address)
    {
        lock (_counts)
        {
            var now = clock.GetUtcNow();
            var keys = Keys(account, address);
            var wait = keys.Max(k => _counts.TryGetValue(k.Key, out var count) ? count.Until - now : TimeSpan.Zero);
            if (wait > TimeSpan.Zero)
                return wait;
            if (_counts.Count > MostKept)
                Shrink(now);
            foreach (var (key, free, most) in keys)
            {
                int tries = _counts.TryGetValue(key, out var before) && now - before.At < Forget ? before.Tries + 1 : 1;
                double seconds = tries <= free ? 0 : Math.Min(most.TotalSeconds, Math.Pow(2, Math.Min(20, tries - free)));
                _counts[key] = new(tries, now, now + TimeSpan.FromSeconds(seconds));
            }

            return null;
        }
    }

    /// <summary>It was the right one: what it cost is given back.</summary>
    public void Succeeded(string account, string address)
    {
        lock (_counts)
        {
            foreach (var (key, _, _) in Keys(account, address))
                _counts.Remove(key);
        }
    }

    // Five: who mistypes isn't slowed. Thirty from one address: a control room behind one. Fifty for an account from anywhere, then half a minute each.
    static (string Key, int Free, TimeSpan Most)[] Keys(string account, string address) =>
    [
        ($"both {account}\n{address}", 5, TimeSpan.FromMinutes(15)),
        ($"address {address}", 30, TimeSpan.FromMinutes(15)),
        ($"account {account}", 50, TimeSpan.FromSeconds(30)),
    ];

    void Shrink(DateTimeOffset now)
    {
        foreach (string key in _counts.Where(c => now - c.Value.At > Forget).Select(c => c.Key).ToArray())
            _counts.Remove(key);
        // A flood of names: the oldest half goes, those under way stay.
        if (_counts.Count > MostKept)
        {
            foreach (string key in _counts.OrderBy(c => c.Value.At).Take(MostKept / 2).Select(c => c.Key).ToArray())
                _counts.Remove(key);
        }
    }

    readonly record struct Count(int Tries, DateTimeOffset At, DateTimeOffset Until);
}

/// <summary>What waits for a second step, kept here under a key that only the one who began has: five minutes and a handful of tries.</summary>
sealed class Pending<T>(TimeProvider clock)
    where T : class
{
    const int Most = 1000, Tries = 5;

    static readonly TimeSpan Valid = TimeSpan.FromMinutes(5);

    readonly Dictionary<string, (T Value, DateTimeOffset End, int Left)> _waiting = new(StringComparer.Ordinal);    // under itself

    public string Add(T value)
    {
        string key = Secret.New();
        lock (_waiting)
        {
            var now = clock.GetUtcNow();
            foreach (string old in _waiting.Where(w => w.Value.End <= now).Select(w => w.Key).ToArray())
                _waiting.Remove(old);
            if (_waiting.Count >= Most)
                _waiting.Remove(_waiting.MinBy(w => w.Value.End).Key);
            _waiting[key] = (value, now + Valid, Tries);
        }

        return key;
    }

    /// <summary>One try; null when there are none left, or its time is over.</summary>
    public T? Try(string? key)
    {
        lock (_waiting)
        {
            if (key is null || !_waiting.TryGetValue(key, out var waiting) || waiting.End <= clock.GetUtcNow())
                return null;
            if (waiting.Left == 1)
                _waiting.Remove(key);
            else
                _waiting[key] = waiting with { Left = waiting.Left - 1 };
            return waiting.Value;
        }
    }

    public void Remove(string key)
    {
        lock (_waiting)
            _waiting.Remove(key);
    }
}
