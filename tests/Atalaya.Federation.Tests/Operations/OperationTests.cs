using System.Text.Json;

using Atalaya.Federation.Operations;
using Atalaya.Federation.Stories;

namespace Atalaya.Federation.Tests.Operations;

/// <summary>A joint operation is one room on both sides, and nothing happens in it before both are in or after its end.</summary>
public sealed class OperationTests
{
    static readonly DateTimeOffset Start = new(2026, 11, 1, 8, 0, 0, TimeSpan.Zero);

    public static TheoryData<int> Seeds => [.. Enumerable.Range(0, 300)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Both_sides_come_to_the_same_room_whatever_crosses(int seed)
    {
        var random = new Random(seed);
        var stories = new[] { new Story<OperationDeed>(), new Story<OperationDeed>() };
        var lines = new[] { new Queue<Step<OperationDeed>>(), new Queue<Step<OperationDeed>>() };
        void Do(int side, OperationDeed deed, int minute)
        {
            var step = stories[side].Next((Side)side, Start.AddMinutes(minute), $"{(Side)side}", deed);
            var (story, fault) = stories[side].Add(step, Operation.None, Operation.Rule);
            if (fault != StepFault.None)
                return;
            stories[side] = story;
            lines[1 - side].Enqueue(step);
        }

        void Deliver(int to)
        {
            if (!lines[to].TryDequeue(out var step))
                return;
            for (int times = random.Next(1, 3); times > 0; times--)
            {
                (stories[to], var fault) = stories[to].Add(step, Operation.None, Operation.Rule);
                fault.ShouldBeOneOf(StepFault.None, StepFault.Known);
            }
        }

        Do(0, Proposal(), 0);
        Deliver(1);
        Do(1, new Joined(["Ahmed"]), 1);
        for (int i = 2; i < 80; i++)
        {
            if (random.Next(2) == 0)
                Do(random.Next(2), Any(random), i * 3);     // the last ones are past its end
            else
                Deliver(random.Next(2));
        }

        while (lines[0].Count + lines[1].Count > 0)
        {
            Deliver(0);
            Deliver(1);
        }

        Operation first = Operation.Of(stories[0]).State, second = Operation.Of(stories[1]).State;
        JsonSerializer.Serialize(first).ShouldBe(JsonSerializer.Serialize(second));
        first.Messages.ShouldAllBe(m => m.At < first.Proposed.End);
        first.Grants.Select(g => (g.Grant, g.Side)).ShouldBeUnique();
    }

    [Fact]
    public void Nothing_is_said_marked_or_granted_before_both_are_in_or_after_the_end()
    {
        var now = Apply(Operation.None, Side.First, 0, Proposal()).Operation;
        Apply(now, Side.First, 1, new Said("es", "Hola")).Refusal.ShouldBe(OperationRefusal.NotJoined);
        Apply(now, Side.First, 1, new Joined(["Ana"])).Refusal.ShouldBe(OperationRefusal.NotYours);
        now = Apply(now, Side.Second, 2, new Joined(["Ahmed"])).Operation;
        Apply(now, Side.Second, 3, new Said("ar", "مرحبا")).Refusal.ShouldBe(OperationRefusal.None);
        Apply(now, Side.Second, 121, new GrantCarried("g1", "Live")).Refusal.ShouldBe(OperationRefusal.Over);
        // What one side names says nothing of what the other one gave.
        var named = Apply(now, Side.Second, 3, new GrantCarried("g2", "Live")).Operation;
        Apply(named, Side.First, 4, new GrantCarried("g2", "Live")).Refusal.ShouldBe(OperationRefusal.None);
        Apply(named, Side.Second, 4, new GrantCarried("g2", "Live")).Refusal.ShouldBe(OperationRefusal.AlreadyCarried);
        now.IsOver(Start.AddMinutes(119)).ShouldBeFalse();
        now.IsOver(Start.AddMinutes(120)).ShouldBeTrue("its end counts without anybody saying so");
        now = Apply(now, Side.Second, 5, new OperationClosed("Done.")).Operation;
        Apply(now, Side.First, 6, new Marked("m", MarkKind.Boat, "", 35.9, -5.3)).Refusal.ShouldBe(OperationRefusal.Over);
    }

    [Fact]
    public void Places_off_the_earth_and_rooms_without_end_are_refused()
    {
        var now = Apply(Apply(Operation.None, Side.First, 0, Proposal()).Operation, Side.Second, 1, new Joined(["Ahmed"])).Operation;
        Apply(now, Side.First, 2, new Marked("m", MarkKind.Boat, "", 91, 0)).Refusal.ShouldBe(OperationRefusal.Place);
        Apply(now, Side.First, 2, new Marked("m", MarkKind.Boat, "", double.NaN, 0)).Refusal.ShouldBe(OperationRefusal.Place);
        Apply(now, Side.First, 2, new TaskDone("none", "")).Refusal.ShouldBe(OperationRefusal.NoSuchTask);
        Apply(Operation.None, Side.First, 0, Proposal() with { End = Start.AddYears(1) }).Refusal.ShouldBe(OperationRefusal.Times);
        Apply(Operation.None, Side.First, 0, Proposal() with { Members = [] }).Refusal.ShouldBe(OperationRefusal.Words);
    }

    static Proposed Proposal() => new("Night patrol", "Watch the strait", "Tarajal", "Art. 9", "border-safety", null, Start, Start.AddHours(2), ["Ana"]);

    static OperationDeed Any(Random random) => random.Next(9) switch
    {
        0 => new MembersNamed([$"m{random.Next(5)}"]),
        1 or 2 => new Said("fr", $"Bonjour {random.Next(100)}"),
        3 => new Marked($"k{random.Next(3)}", MarkKind.Patrol, "", random.Next(-90, 91), 0),
        4 => new Unmarked($"k{random.Next(3)}"),
        5 => new TaskSet($"t{random.Next(3)}", $"Do {random.Next(9)}", "", null),
        6 => new TaskDone($"t{random.Next(3)}", ""),
        7 => new GrantCarried($"g{random.Next(4)}", "Live"),
        _ => random.Next(6) == 0 ? new OperationClosed("Done.") : new Said("ar", "حسنا"),
    };

    static (Operation Operation, OperationRefusal Refusal) Apply(Operation now, Side side, int minute, OperationDeed deed) =>
        Operation.Apply(now, new(side, 1, 0, Start.AddMinutes(minute), side.ToString(), deed));
}
