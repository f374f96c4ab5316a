using System.Collections.Immutable;

using Atalaya.Federation.Stories;

namespace Atalaya.Federation.Operations;

/// <summary>Where a joint operation stands, without the clock.</summary>
public enum OperationState
{
    Proposed,
    Joined,
    Declined,
    Closed,
}

/// <summary>Why something can't happen in a joint operation.</summary>
public enum OperationRefusal
{
    None,
    NotProposed,
    AlreadyProposed,
    NotYours,

    /// <summary>The other side hasn't joined, or has already.</summary>
    NotJoined,
    AlreadyJoined,

    /// <summary>It was declined or closed, or its end has passed.</summary>
    Over,
    Words,
    Times,
    Place,
    NoSuchMark,
    NoSuchTask,
    AlreadyCarried,
    Full,
}

public sealed record OperationMessage(Side Side, string By, DateTimeOffset At, string Language, string Text);

public sealed record OperationMark(Marked Mark, Side Side, string By, DateTimeOffset At);

/// <param name="DoneBy">Null: it waits.</param>
public sealed record OperationTask(TaskSet Task, Side Side, string By, DateTimeOffset At, string? DoneBy, DateTimeOffset? DoneAt, string Note);

/// <param name="Side">Who gives it, and takes it back.</param>
public sealed record CarriedGrant(string Grant, string What, Side Side, string By, DateTimeOffset At);

/// <summary>A joint operation as both sides see it: what their steps made of it. Who proposed it is <see cref="Side.First"/>. Immutable.</summary>
public sealed record Operation
{
    public const int MaxName = 200, MaxText = 4000, MaxId = 100, MaxMembers = 100, MaxMarks = 200, MaxTasks = 200, MaxGrants = 50;

    public static readonly TimeSpan MaxDuration = TimeSpan.FromDays(92);

    public OperationState State { get; init; }

    /// <summary>Of <see cref="None"/> alone it isn't there.</summary>
    public Proposed Proposed { get; init; } = null!;
    public DateTimeOffset ProposedAt { get; init; }
    public string ProposedBy { get; init; } = "";
    public DateTimeOffset? JoinedAt { get; init; }
    public IReadOnlyList<string> FirstMembers { get; init; } = [];
    public IReadOnlyList<string> SecondMembers { get; init; } = [];

    /// <summary>Shares what it has with the operation before: a story of thousands of messages is read from its beginning at each step.</summary>
    public ImmutableList<OperationMessage> Messages { get; init; } = [];
    public IReadOnlyList<OperationMark> Marks { get; init; } = [];
    public IReadOnlyList<OperationTask> Tasks { get; init; } = [];
    public IReadOnlyList<CarriedGrant> Grants { get; init; } = [];
    public string Note { get; init; } = "";
    public DateTimeOffset? ClosedAt { get; init; }
    public string ClosedBy { get; init; } = "";

    public static Operation None { get; } = new();

    /// <summary>Nothing happens in it any more, and what it opened is to be closed.</summary>
    public bool IsOver(DateTimeOffset now) => State is OperationState.Declined or OperationState.Closed || now >= Proposed.End;

    /// <summary>What a story makes of an operation.</summary>
    public static Telling<Operation, OperationDeed> Of(Story<OperationDeed> story) => story.Tell(None, Rule);

    /// <summary>For <see cref="Story{TDeed}"/>.</summary>
    public static (Operation State, bool Possible) Rule(Operation now, Step<OperationDeed> step) => Apply(now, step) is var (next, refusal) ? (next, refusal == OperationRefusal.None) : default;

    /// <summary>What one step makes of it.</summary>
    /// <returns>The operation as it was when the step is refused.</returns>
    public static (Operation Operation, OperationRefusal Refusal) Apply(Operation now, Step<OperationDeed> step)
    {
        if (Refuse(now, step) is var refusal and not OperationRefusal.None)
            return (now, refusal);
        var (side, by, at) = (step.Side, step.By, step.At);
        return (step.Deed switch
        {
            Proposed d => new Operation { Proposed = d, ProposedAt = at, ProposedBy = by, FirstMembers = d.Members },
            Joined d => now with { State = OperationState.Joined, JoinedAt = at, SecondMembers = d.Members },
            Declined d => now with { State = OperationState.Declined, Note = d.Why, ClosedAt = at, ClosedBy = by },
            MembersNamed d => side == Side.First ? now with { FirstMembers = d.Members } : now with { SecondMembers = d.Members },
            Said d => now with { Messages = now.Messages.Add(new(side, by, at, d.Language, d.Text)) },
            Marked d => now with { Marks = [.. now.Marks.Where(m => m.Mark.Id != d.Id), new(d, side, by, at)] },
            Unmarked d => now with { Marks = [.. now.Marks.Where(m => m.Mark.Id != d.Id)] },
            TaskSet d => now with
            {
                Tasks = now.Tasks.Any(t => t.Task.Id == d.Id)
                    ? [.. now.Tasks.Select(t => t.Task.Id == d.Id ? t with { Task = d } : t)]
                    : [.. now.Tasks, new(d, side, by, at, null, null, "")],
            },
            TaskDone d => now with { Tasks = [.. now.Tasks.Select(t => t.Task.Id == d.Id ? t with { DoneBy = by, DoneAt = at, Note = d.Note } : t)] },
            GrantCarried d => now with { Grants = [.. now.Grants, new(d.Grant, d.What, side, by, at)] },
            OperationClosed d => now with { State = OperationState.Closed, Note = d.Note, ClosedAt = at, ClosedBy = by },
            _ => throw new ArgumentOutOfRangeException(nameof(step), step.Deed.GetType().Name, "A deed that isn't known."),
        }, OperationRefusal.None);
    }

    static OperationRefusal Refuse(Operation now, Step<OperationDeed> step)
    {
        if (step.Deed is Proposed proposed)
            return now.Proposed is not null ? OperationRefusal.AlreadyProposed : step.Side != Side.First ? OperationRefusal.NotYours : Proposing(proposed);
        if (now.Proposed is null)
            return OperationRefusal.NotProposed;
        // The moment stands in the step, so both sides judge alike.
        if (now.State is OperationState.Declined or OperationState.Closed || step.At >= now.Proposed.End)
            return OperationRefusal.Over;
        if (step.Deed is Joined or Declined)
        {
            return step.Side != Side.Second ? OperationRefusal.NotYours
                : now.State == OperationState.Joined ? OperationRefusal.AlreadyJoined
                : step.Deed is Joined joined ? Members(joined.Members) : Words(((Declined)step.Deed).Why, MaxText);
        }

        if (now.State == OperationState.Proposed && step.Deed is not (OperationClosed or MembersNamed))
            return OperationRefusal.NotJoined;
        if (now.State == OperationState.Proposed && step.Side == Side.Second)
            return OperationRefusal.NotJoined;
        return step.Deed switch
        {
            MembersNamed d => Members(d.Members),
            Said d => d.Language is { Length: > 0 and <= 20 } && d.Language.All(c => char.IsAsciiLetterOrDigit(c) || c == '-') ? Words(d.Text, MaxText) : OperationRefusal.Words,
            Marked d => Marking(now, d),
            Unmarked d => now.Marks.Any(m => m.Mark.Id == d.Id) ? OperationRefusal.None : OperationRefusal.NoSuchMark,
            TaskSet d => First(Words(d.Id, MaxId), Words(d.Text, MaxText), Words(d.For, MaxName, mayBeEmpty: true),
                now.Tasks.Count >= MaxTasks && now.Tasks.All(t => t.Task.Id != d.Id) ? OperationRefusal.Full : OperationRefusal.None),
            TaskDone d => now.Tasks.Any(t => t.Task.Id == d.Id && t.DoneBy is null) ? Words(d.Note, MaxText, mayBeEmpty: true) : OperationRefusal.NoSuchTask,
            GrantCarried d => First(Words(d.Grant, MaxId), Words(d.What, MaxName, mayBeEmpty: true),
                // Each side names its own: what the other one names keeps nothing of this side's from ending with it.
                now.Grants.Any(g => g.Grant == d.Grant && g.Side == step.Side) ? OperationRefusal.AlreadyCarried
                : now.Grants.Count(g => g.Side == step.Side) >= MaxGrants ? OperationRefusal.Full : OperationRefusal.None),
            OperationClosed d => Words(d.Note, MaxText, mayBeEmpty: true),
            _ => OperationRefusal.None,
        };
    }

    static OperationRefusal Proposing(Proposed d) => First(
        Words(d.Title, MaxName), Words(d.Aim, MaxText), Words(d.Place, MaxName, mayBeEmpty: true), Words(d.LegalBasis, MaxName), Words(d.Purpose, MaxId), Members(d.Members),
        d.End <= d.Start || d.End - d.Start > MaxDuration ? OperationRefusal.Times : OperationRefusal.None);

    static OperationRefusal Marking(Operation now, Marked d) => First(
        Words(d.Id, MaxId), Words(d.Label, MaxName, mayBeEmpty: true),
        Enum.IsDefined(d.Kind) && d.Latitude is >= -90 and <= 90 && d.Longitude is >= -180 and <= 180 ? OperationRefusal.None : OperationRefusal.Place,
        now.Marks.Count >= MaxMarks && now.Marks.All(m => m.Mark.Id != d.Id) ? OperationRefusal.Full : OperationRefusal.None);

    static OperationRefusal Members(IReadOnlyList<string> members) =>
        members is { Count: > 0 and <= MaxMembers } && members.All(m => Words(m, MaxName) == OperationRefusal.None) ? OperationRefusal.None : OperationRefusal.Words;

    static OperationRefusal Words(string text, int most, bool mayBeEmpty = false) =>
        text is null || text.Length > most || (!mayBeEmpty && string.IsNullOrWhiteSpace(text)) ? OperationRefusal.Words : OperationRefusal.None;

    static OperationRefusal First(params ReadOnlySpan<OperationRefusal> refusals)
    {
        foreach (var refusal in refusals)
        {
            if (refusal != OperationRefusal.None)
                return refusal;
        }

        return OperationRefusal.None;
    }
}
