namespace Atalaya.Analysis.Child;

/// <summary>What a stream has paid for its turns.</summary>
/// <param name="isPast">Recorded footage: it has its turn when no live stream waits.</param>
sealed class Account(bool isPast)
{
    public bool IsPast => isPast;

    /// <summary>Seconds over weight.</summary>
    public double Paid { get; set; }
}

/// <summary>
/// Whose turn it is: each stream pays for the time that its pictures took, one of twice the weight half as much, and who has paid least is next: stride scheduling
/// (Waldspurger, 1995). No clock, no thread: it decides, others do.
/// </summary>
sealed class Turns
{
    /// <summary>A moving scene is worth so many still ones.</summary>
    public const double MovingWeight = 4;

    // Seconds over weight that a live stream which had nothing to do may still be ahead: as of a sleeper in a processor's scheduler. Without it a quiet camera's picture,
    // which takes 4 ms, waits for one of everybody's; with much more of it a crowd that wakes at once would have the threads for itself.
    const double Credit = 0.05;

    double _least;      // what the last live one had paid when its turn came

    /// <summary>One that comes has no credit for the time when it wasn't there.</summary>
    public Account Open(bool isPast) => new(isPast) { Paid = isPast ? 0 : _least };

    /// <summary>It has something to do again: who was away has hardly any credit for it.</summary>
    public void Wake(Account account)
    {
        if (!account.IsPast)
            account.Paid = Math.Max(account.Paid, _least - Credit);
    }

    public bool IsBefore(Account one, Account other) => one.IsPast == other.IsPast ? one.Paid < other.Paid : other.IsPast;

    /// <summary>Its turn has come.</summary>
    public void Begin(Account account)
    {
        if (!account.IsPast)
            _least = Math.Max(_least, account.Paid);
    }

    /// <param name="weight">Its priority.</param>
    public void Pay(Account account, double seconds, double weight, bool moves) => account.Paid += seconds / (weight * (moves ? MovingWeight : 1));
}
