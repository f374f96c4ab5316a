using System.Text.Json;

using Atalaya.Federation.Agreements;
using Atalaya.Federation.Requests;
using Atalaya.Federation.Stories;

namespace Atalaya.Federation.Tests.Requests;

/// <summary>One request is one story on both sides: one answer at most, nothing after its end, and a clock that doesn't run against who waits for the other.</summary>
public sealed class RequestCaseTests
{
    static readonly DateTimeOffset Start = new(2026, 11, 1, 8, 0, 0, TimeSpan.Zero);

    public static TheoryData<int> Seeds => [.. Enumerable.Range(0, 400)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Both_sides_come_to_the_same_whatever_crosses_and_however_often_it_arrives(int seed)
    {
        var random = new Random(seed);
        var pair = new Pair(random);
        pair.Do(Side.First, Asking());
        for (int i = 0; i < 60; i++)
        {
            switch (random.Next(3))
            {
                case 0:
                    pair.Do((Side)random.Next(2), Any(random));
                    break;
                case 1:
                    pair.Deliver((Side)random.Next(2));
                    break;
                default:
                    pair.Repeat((Side)random.Next(2));
                    break;
            }

            foreach (var side in new[] { Side.First, Side.Second })
                HoldsTogether(pair.At(side));
        }

        pair.DeliverAll();

        pair.Faults.ShouldBeEmpty("what was right on one side is taken by the other");
        Written(pair.At(Side.First)).ShouldBe(Written(pair.At(Side.Second)));
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void What_a_liar_sends_changes_nothing_that_the_rules_forbid(int seed)
    {
        var random = new Random(seed);
        var story = new Story<RequestDeed>();
        story = story.Add(story.Next(Side.First, Start, "Asker", Asking()), RequestCase.None, RequestCase.Rule).Story;
        for (int i = 0; i < 80; i++)
        {
            var side = (Side)random.Next(2);
            var honest = story.Next(side, Start.AddMinutes(i), "x", Any(random));
            var step = random.Next(3) == 0
                ? honest with { Number = honest.Number + random.Next(-2, 3), Seen = honest.Seen + random.Next(-2, 3), At = honest.At.AddMinutes(random.Next(-90, 3)) }
                : honest;
            int before = story.Count;
            (story, var fault) = story.Add(step, RequestCase.None, RequestCase.Rule);
            (story.Count == before).ShouldBe(fault != StepFault.None);
            HoldsTogether(story);
        }
    }

    [Fact]
    public void An_answer_that_crosses_a_withdrawal_stands()
    {
        var pair = new Pair(new Random(1));
        pair.Do(Side.First, Asking());
        pair.DeliverAll();
        pair.Do(Side.First, new Withdrawn("Solved."));
        pair.Do(Side.Second, Whole());
        RequestCase.Of(pair.At(Side.First)).State.State.ShouldBe(RequestState.Withdrawn, "the answer isn't known yet");
        pair.DeliverAll();

        foreach (var side in new[] { Side.First, Side.Second })
        {
            var told = RequestCase.Of(pair.At(side));
            told.State.State.ShouldBe(RequestState.Answered);
            told.Overtaken.Single().Deed.ShouldBeOfType<Withdrawn>();
        }

        pair.Do(Side.First, new Closed(RequestOutcome.Met, ""));
        pair.DeliverAll();
        RequestCase.Of(pair.At(Side.Second)).State.State.ShouldBe(RequestState.Closed);
    }

    [Fact]
    public void The_clock_stands_while_a_clarification_is_awaited()
    {
        var story = Tell((Side.First, 0, Asking(hours: 8)), (Side.Second, 2, new Questioned("Which gate?")));
        var waiting = RequestCase.Of(story).State;
        waiting.Due.ShouldBeNull();
        waiting.IsOverdue(Start.AddDays(9)).ShouldBeFalse();
        waiting.Left(Start.AddDays(9)).ShouldBe(TimeSpan.FromHours(6));

        var going = RequestCase.Of(Tell((Side.First, 0, Asking(hours: 8)), (Side.Second, 2, new Questioned("Which gate?")), (Side.First, 50, new Clarified("North.", [])))).State;
        going.Due.ShouldBe(Start.AddHours(56));
        going.IsOverdue(Start.AddHours(56)).ShouldBeFalse();
        going.IsOverdue(Start.AddHours(56).AddSeconds(1)).ShouldBeTrue();

        var late = RequestCase.Of(Tell((Side.First, 0, Asking(hours: 8)), (Side.Second, 2, new Questioned("Which gate?")), (Side.First, 50, new Clarified("North.", [])), (Side.Second, 57, Whole()))).State;
        late.Took(Start.AddDays(100)).ShouldBe(TimeSpan.FromHours(9));
        late.Left(Start.AddDays(100)).ShouldBe(TimeSpan.FromHours(-1));
    }

    [Fact]
    public void What_was_answered_or_closed_is_so_once()
    {
        var now = RequestCase.Of(Tell((Side.First, 0, Asking()), (Side.Second, 1, Whole()))).State;
        RefusalOf(now, Side.Second, Whole()).ShouldBe(RequestRefusal.AlreadyAnswered);
        RefusalOf(now, Side.Second, new Refused("g", "", "No.")).ShouldBe(RequestRefusal.AlreadyAnswered);
        RefusalOf(now, Side.First, new Withdrawn("Late.")).ShouldBe(RequestRefusal.AlreadyAnswered);
        RefusalOf(now, Side.Second, new Closed(RequestOutcome.Met, "")).ShouldBe(RequestRefusal.NotYours);
        now = RequestCase.Of(Tell((Side.First, 0, Asking()), (Side.Second, 1, Whole()), (Side.First, 2, new Closed(RequestOutcome.Met, "")))).State;
        RefusalOf(now, Side.First, new Closed(RequestOutcome.NotMet, "")).ShouldBe(RequestRefusal.Over);
        RefusalOf(now, Side.Second, new Questioned("?")).ShouldBe(RequestRefusal.Over);
    }

    [Fact]
    public void A_part_has_a_ground_a_conditional_answer_its_conditions_and_footage_its_stretch()
    {
        var now = RequestCase.Of(Tell((Side.First, 0, Asking()))).State;
        RefusalOf(now, Side.Second, Whole() with { Extent = AnswerExtent.Part }).ShouldBe(RequestRefusal.Words);
        RefusalOf(now, Side.Second, Whole() with { Extent = AnswerExtent.Part, Ground = "third-parties" }).ShouldBe(RequestRefusal.None);
        RefusalOf(now, Side.Second, Whole() with { Ground = "third-parties" }).ShouldBe(RequestRefusal.Words);
        RefusalOf(now, Side.Second, Whole() with { Extent = AnswerExtent.Conditional }).ShouldBe(RequestRefusal.Words);
        RefusalOf(now, Side.Second, Whole() with { Extent = AnswerExtent.Conditional, Conditions = "Not before a court." }).ShouldBe(RequestRefusal.None);
        RefusalOf(RequestCase.None, Side.First, Asking() with { Kind = RequestKind.HoldFootage }).ShouldBe(RequestRefusal.Footage);
        RefusalOf(RequestCase.None, Side.First, Asking() with { Footage = new("", ["gate"], Start, Start.AddDays(400)) }).ShouldBe(RequestRefusal.Footage);
        RefusalOf(RequestCase.None, Side.Second, Asking()).ShouldBe(RequestRefusal.NotYours);
        foreach (string name in new[] { "../../etc/passwd", "..", "a\\b", "a\nb", "" })
            RefusalOf(RequestCase.None, Side.First, Asking() with { Files = [new(new('a', 32), name, 5, new('b', 64))] }).ShouldBe(RequestRefusal.Files, name);
    }

    [Fact]
    public void Figures_count_kinds_answers_and_grounds_against_their_deadlines()
    {
        RequestCase Case(params (Side, double, RequestDeed)[] steps) => RequestCase.Of(Tell(steps)).State;
        var cases = new[]
        {
            (Side.First, Case((Side.First, 0, Asking(hours: 8)), (Side.Second, 2, Whole()))),
            (Side.First, Case((Side.First, 0, Asking(hours: 8)), (Side.Second, 10, Whole() with { Extent = AnswerExtent.Part, Ground = "third-parties" }))),
            (Side.First, Case((Side.First, 0, Asking(hours: 8)), (Side.Second, 4, new Refused("third-parties", "", "No.")))),
            (Side.First, Case((Side.First, 0, Asking(hours: 8)))),
            (Side.Second, Case((Side.First, 0, Asking(hours: 8)), (Side.First, 1, new Withdrawn("Solved.")))),
        };

        var counts = RequestCount.Of(cases, Start.AddDays(2));

        counts.Count.ShouldBe(2);
        var ours = counts[0];
        (ours.Asked, ours.Open, ours.Overdue, ours.Whole, ours.Part, ours.Refused, ours.InTime, ours.Late).ShouldBe((4, 1, 1, 1, 1, 1, 2, 1));
        ours.Median.ShouldBe(TimeSpan.FromHours(4));
        ours.Slowest.ShouldBe(TimeSpan.FromHours(10));
        ours.Refusals.ShouldBe([("third-parties", 2)]);
        (counts[1].By, counts[1].Asked, counts[1].Withdrawn, counts[1].Median).ShouldBe((Side.Second, 1, 1, null));
    }

    /// <summary>What holds at every moment on every side.</summary>
    static void HoldsTogether(Story<RequestDeed> story)
    {
        var told = RequestCase.Of(story);
        var counted = told.Steps.Where(s => !told.Overtaken.Contains(s)).ToArray();
        counted.Count(s => s.Deed is Answered or Refused).ShouldBeLessThanOrEqualTo(1);
        int end = Array.FindIndex(counted, s => s.Deed is Closed or Withdrawn);
        (end < 0 || end == counted.Length - 1).ShouldBeTrue("nothing counts after the end");
        for (int i = 0; i < told.Steps.Count; i++)
        {
            var step = told.Steps[i];
            told.Steps.Take(i).Count(s => s.Side != step.Side).ShouldBeGreaterThanOrEqualTo(step.Seen, "nothing stands before what its author knew");
        }
    }

    static Asked Asking(int hours = 72) =>
        new(RequestKind.Information, Urgency.Prompt, hours, "A boat", "Whose boat is it?", "Art. 5", "border-safety", null, null, "", "DP 1/2026", false, null, []);

    static Answered Whole() => new(AnswerExtent.Whole, "Here.", null, "", [], [], null);

    static RequestDeed Any(Random random) => random.Next(7) switch
    {
        0 => new Questioned("Which?"),
        1 => new Clarified("This.", []),
        2 => Whole(),
        3 => new Refused("sovereignty", "7", "No."),
        4 => new Withdrawn("Solved."),
        5 => new Closed(RequestOutcome.Met, ""),
        _ => Asking(),
    };

    static RequestRefusal RefusalOf(RequestCase now, Side side, RequestDeed deed) => RequestCase.Apply(now, new(side, 1, 0, Start, "x", deed)).Refusal;

    static Story<RequestDeed> Tell(params (Side Side, double Hours, RequestDeed Deed)[] steps)
    {
        var story = new Story<RequestDeed>();
        foreach (var (side, hours, deed) in steps)
        {
            (story, var fault) = story.Add(story.Next(side, Start.AddHours(hours), side.ToString(), deed), RequestCase.None, RequestCase.Rule);
            fault.ShouldBe(StepFault.None);
        }

        return story;
    }

    static string Written(Story<RequestDeed> story)
    {
        var told = RequestCase.Of(story);
        return JsonSerializer.Serialize(new { told.State, told.Steps, Overtaken = told.Steps.Where(told.Overtaken.Contains) });
    }

    /// <summary>Two sides with a line each way that keeps the order, may wait, and may repeat.</summary>
    sealed class Pair(Random random)
    {
        readonly Story<RequestDeed>[] _stories = [new Story<RequestDeed>(), new Story<RequestDeed>()];
        readonly Queue<Step<RequestDeed>>[] _lines = [new(), new()];     // to First, to Second
        readonly List<Step<RequestDeed>>[] _sent = [[], []];
        readonly int[] _minutes = [0, 0];

        public List<StepFault> Faults { get; } = [];

        public Story<RequestDeed> At(Side side) => _stories[(int)side];

        /// <summary>As a person would: what the rules forbid isn't done.</summary>
        public void Do(Side side, RequestDeed deed)
        {
            _minutes[(int)side] += random.Next(1, 200);
            var step = At(side).Next(side, Start.AddMinutes(_minutes[(int)side]), side.ToString(), deed);
            var (story, fault) = At(side).Add(step, RequestCase.None, RequestCase.Rule);
            if (fault != StepFault.None)
                return;
            _stories[(int)side] = story;
            int other = (int)side.Other();
            _lines[other].Enqueue(step);
            _sent[other].Add(step);
        }

        public void Deliver(Side to)
        {
            if (_lines[(int)to].TryDequeue(out var step))
                Take(to, step);
        }

        /// <summary>Something that arrived before arrives again.</summary>
        public void Repeat(Side to)
        {
            var arrived = _sent[(int)to].SkipLast(_lines[(int)to].Count).ToArray();
            if (arrived.Length > 0)
                Take(to, arrived[random.Next(arrived.Length)]);
        }

        public void DeliverAll()
        {
            foreach (var side in new[] { Side.First, Side.Second })
            {
                while (_lines[(int)side].Count > 0)
                    Deliver(side);
            }
        }

        void Take(Side to, Step<RequestDeed> step)
        {
            (_stories[(int)to], var fault) = At(to).Add(step, RequestCase.None, RequestCase.Rule);
            if (fault is not (StepFault.None or StepFault.Known))
                Faults.Add(fault);
        }
    }
}
