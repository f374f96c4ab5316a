using System.Text.Json;

namespace Atalaya.Federation.Stories;

/// <summary>One of the two organisations that write a story together.</summary>
public enum Side
{
    /// <summary>Who began it.</summary>
    First,
    Second,
}

public static class Sides
{
    public static Side Other(this Side side) => side == Side.First ? Side.Second : Side.First;
}

/// <summary>One thing that one side did.</summary>
/// <param name="Number">From 1, without holes, of this side's steps.</param>
/// <param name="Seen">How many steps of the other side its author knew.</param>
/// <param name="At">On the author's clock; never before the side's step before.</param>
/// <param name="By">Who, as their organisation names them.</param>
public sealed record Step<TDeed>(Side Side, int Number, int Seen, DateTimeOffset At, string By, TDeed Deed);

/// <summary>Why a step isn't part of a story.</summary>
public enum StepFault
{
    None,

    /// <summary>It is already: it came twice.</summary>
    Known,

    /// <summary>Another step has its number.</summary>
    Contradicts,

    /// <summary>The step before it is missing.</summary>
    Gap,

    /// <summary>It claims to know steps that were never taken, or fewer than the step before it knew.</summary>
    Unseen,

    /// <summary>It is dated before the step before it.</summary>
    Time,

    /// <summary>Its author could see that it can't be.</summary>
    Impossible,

    /// <summary>The story has as many steps as one may have.</summary>
    Full,
}

/// <summary>What a story has come to.</summary>
/// <param name="State">After all steps.</param>
/// <param name="Overtaken">Steps that were right where they were taken, and that the other side's had overtaken by then: they change nothing.</param>
public sealed record Telling<TState, TDeed>(TState State, IReadOnlyList<Step<TDeed>> Steps, IReadOnlySet<Step<TDeed>> Overtaken);

/// <summary>
/// What two sides do to one case, each with its own pen: steps of one side are in its order, and each says how much of the other's it knew. Whoever has the same steps reads the same story,
/// in whatever order they arrived and however often: <see cref="Ordered"/> is a function of the steps alone. Immutable.
/// </summary>
/// <remarks>Steps that were taken without knowledge of each other are read the second side's first: what an answer gave away can't be taken back by a withdrawal that crossed it.</remarks>
public sealed class Story<TDeed>
{
    public const int MaxSteps = 4000;

    readonly Step<TDeed>[] _first, _second;

    /// <summary>One that nobody has begun.</summary>
    public Story()
        : this([], [])
    {
    }

    /// <summary>One that was kept: its steps were looked at when they were added.</summary>
    public Story(IReadOnlyCollection<Step<TDeed>> kept)
        : this([.. kept.Where(s => s.Side == Side.First).OrderBy(s => s.Number)], [.. kept.Where(s => s.Side == Side.Second).OrderBy(s => s.Number)])
    {
    }

    Story(Step<TDeed>[] first, Step<TDeed>[] second) => (_first, _second) = (first, second);

    public int Count => _first.Length + _second.Length;

    public IReadOnlyList<Step<TDeed>> Of(Side side) => side == Side.First ? _first : _second;

    /// <summary>In the order in which both sides read them: none before one that its author knew.</summary>
    public IReadOnlyList<Step<TDeed>> Ordered => Merge(_first, _second);

    /// <summary>The step that a side would take next, knowing all that is here.</summary>
    public Step<TDeed> Next(Side side, DateTimeOffset at, string by, TDeed deed)
    {
        var own = Of(side);
        return new(side, own.Count + 1, Of(side.Other()).Count, own.Count > 0 && own[^1].At > at ? own[^1].At : at, by, deed);
    }

    /// <summary>Adds a step if it can be one of this story.</summary>
    /// <param name="rule">What a step makes of a state, and whether it can be.</param>
    /// <returns>The story as it was when the step isn't part of it.</returns>
    public (Story<TDeed> Story, StepFault Fault) Add<TState>(Step<TDeed> step, TState begin, Func<TState, Step<TDeed>, (TState State, bool Possible)> rule)
    {
        Step<TDeed>[] own = step.Side == Side.First ? _first : _second, other = step.Side == Side.First ? _second : _first;
        if (step.Number >= 1 && step.Number <= own.Length)
            return (this, Same(own[step.Number - 1], step) ? StepFault.Known : StepFault.Contradicts);
        if (step.Number != own.Length + 1)
            return (this, StepFault.Gap);
        if (step.Seen < 0 || step.Seen > other.Length || (own.Length > 0 && step.Seen < own[^1].Seen))
            return (this, StepFault.Unseen);
        if (own.Length > 0 && step.At < own[^1].At)
            return (this, StepFault.Time);
        if (Count >= MaxSteps)
            return (this, StepFault.Full);
        // As its author saw it: all of its own side and what it knew of the other.
        var seen = other[..step.Seen];
        var known = step.Side == Side.First ? new Story<TDeed>(own, seen) : new(seen, own);
        if (!rule(known.Tell(begin, rule).State, step).Possible)
            return (this, StepFault.Impossible);
        Step<TDeed>[] longer = [.. own, step];
        return (step.Side == Side.First ? new(longer, other) : new(other, longer), StepFault.None);
    }

    /// <summary>Reads it from the beginning.</summary>
    public Telling<TState, TDeed> Tell<TState>(TState begin, Func<TState, Step<TDeed>, (TState State, bool Possible)> rule)
    {
        var ordered = Ordered;
        var overtaken = new HashSet<Step<TDeed>>(ReferenceEqualityComparer.Instance);
        var state = begin;
        foreach (var step in ordered)
        {
            var (next, possible) = rule(state, step);
            if (possible)
                state = next;
            else
                overtaken.Add(step);
        }

        return new(state, ordered, overtaken);
    }

    static List<Step<TDeed>> Merge(Step<TDeed>[] first, Step<TDeed>[] second)
    {
        var ordered = new List<Step<TDeed>>(first.Length + second.Length);
        int f = 0, s = 0;
        while (f < first.Length || s < second.Length)
        {
            // Both can't wait for each other: a step knows only what had been taken before it.
            if (s < second.Length && (second[s].Seen <= f || f == first.Length))
                ordered.Add(second[s++]);
            else
                ordered.Add(first[f++]);
        }

        return ordered;
    }

    // Deeds hold lists, which compare by reference: their written form is compared.
    static bool Same(Step<TDeed> a, Step<TDeed> b) => JsonSerializer.SerializeToUtf8Bytes(a).AsSpan().SequenceEqual(JsonSerializer.SerializeToUtf8Bytes(b));
}
