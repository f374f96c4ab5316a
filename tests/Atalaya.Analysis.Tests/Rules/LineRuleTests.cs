using Atalaya.Analysis.Rules;
using Atalaya.Incidents;

namespace Atalaya.Analysis.Tests.Rules;

/// <summary>A passage is one event: not two for one who dithers, none for one who turns back.</summary>
public sealed class LineRuleTests
{
    // Down the middle of the picture; walking along it from top to bottom, left is the right half of the screen.
    static readonly LineRule Line = new() { Id = "fence", Name = "Fence", Points = [new(0.5, 0.1), new(0.5, 0.9)] };

    [Theory]
    [InlineData(0.2, 0.8, LineDirection.LeftToRight, false)]
    [InlineData(0.8, 0.2, LineDirection.LeftToRight, true)]
    [InlineData(0.2, 0.8, LineDirection.RightToLeft, true)]
    [InlineData(0.8, 0.2, LineDirection.RightToLeft, false)]
    [InlineData(0.2, 0.8, LineDirection.Both, true)]
    [InlineData(0.8, 0.2, LineDirection.Both, true)]
    public void A_passage_is_one_event_in_the_direction_that_is_watched(double from, double to, LineDirection direction, bool raised)
    {
        var scene = new Scene(Line with { Direction = direction }).Walk(7, (from, 0.5), (to, 0.5), 6);
        scene.Events.Count.ShouldBe(raised ? 1 : 0);
        if (!raised)
            return;
        var passage = scene.Events[0];
        passage.Kind.ShouldBe(SceneEventKind.LineCrossed);
        passage.Rule.ShouldBe("fence");
        passage.Track.ShouldBe(7);
        passage.Class.ShouldBe(ObjectClass.Person);
        passage.Direction.ShouldBe(from < to ? LineDirection.RightToLeft : LineDirection.LeftToRight);
        passage.At.Seconds.ShouldBe(3, 0.01);
        passage.Wall.ShouldBe(scene.Start + passage.At.ToTimeSpan());
        passage.Noticed.ShouldBeGreaterThanOrEqualTo(passage.At);
        (passage.Noticed - passage.At).Seconds.ShouldBeLessThan(1);
    }

    [Fact]
    public void What_a_rule_says_of_its_events_is_on_them_and_silence_is_left_to_the_policy()
    {
        var raised = new Scene(Line with { Severity = AlarmSeverity.Critical, Incident = IncidentType.Crossing }).Walk(7, (0.3, 0.5), (0.7, 0.5), 6).Events.ShouldHaveSingleItem();
        var told = raised.ToSceneEvent(Guid.NewGuid(), "gate");
        (told.Severity, told.Type).ShouldBe((AlarmSeverity.Critical, IncidentType.Crossing));
        var plain = new Scene(Line).Walk(7, (0.3, 0.5), (0.7, 0.5), 6).Events.ShouldHaveSingleItem().ToSceneEvent(Guid.NewGuid(), "gate");
        (plain.Severity, plain.Type).ShouldBe((null, null));
    }

    /// <summary>Any walk whatever: as many events as net passages, and they alternate for one thing.</summary>
    [Fact]
    public void However_somebody_moves_each_passage_is_exactly_one_event()
    {
        for (int seed = 0; seed < 100; seed++)
        {
            var random = new Random(seed);
            var scene = new Scene(Line);
            double x = random.Next(2) == 0 ? 0.3 : 0.7;
            bool right = x > 0.5;
            int passages = 0;
            scene.Picture((1, x, 0.5));
            for (int i = 0; i < 400; i++)
            {
                x = Math.Clamp(x + ((random.NextDouble() - 0.5) * 0.06), 0.2, 0.8);
                // What counts is firm ground: 0.02 of the height, by an aspect of 16:9.
                if (Math.Abs(x - 0.5) * 16 / 9 > 0.0201 && (x > 0.5) != right)
                {
                    right = !right;
                    passages++;
                }
                else if (Math.Abs(Math.Abs(x - 0.5) - (0.02 * 9 / 16)) < 1e-3)
                {
                    x = x > 0.5 ? 0.52 : 0.48;
                    i--;
                    continue;
                }

                scene.Picture((1, x, 0.5));
            }

            scene.Events.Count.ShouldBe(passages, $"seed {seed}");
            scene.Events.Zip(scene.Events.Skip(1)).ShouldAllBe(pair => pair.First.Direction != pair.Second.Direction);
        }
    }

    [Fact]
    public void One_who_stands_on_the_line_and_shakes_raises_nothing()
    {
        var random = new Random(1);
        var scene = new Scene(Line);
        for (int i = 0; i < 1000; i++)
            scene.Picture((1, 0.5 + ((random.NextDouble() - 0.5) * 0.018), 0.5));
        scene.Events.ShouldBeEmpty();
    }

    [Fact]
    public void One_who_turns_back_on_the_line_raises_nothing()
    {
        new Scene(Line).Walk(1, (0.3, 0.5), (0.505, 0.5), 3).Walk(1, (0.505, 0.5), (0.3, 0.5), 3).Events.ShouldBeEmpty();
    }

    [Fact]
    public void Round_the_end_of_the_line_is_no_passage()
    {
        new Scene(Line).Walk(1, (0.3, 0.95), (0.7, 0.95), 4).Events.ShouldBeEmpty();
        // Across and back round the end: once there, and never back.
        new Scene(Line).Walk(1, (0.3, 0.5), (0.7, 0.5), 4).Walk(1, (0.7, 0.5), (0.7, 0.97), 2).Walk(1, (0.7, 0.97), (0.3, 0.97), 3).Events.Count.ShouldBe(1);
    }

    [Fact]
    public void A_bent_line_is_crossed_once_wherever()
    {
        var bent = Line with { Points = [new(0.1, 0.3), new(0.5, 0.6), new(0.9, 0.3)] };
        for (double x = 0.15; x < 0.9; x += 0.05)
            new Scene(bent).Walk(1, (x, 0.2), (x, 0.95), 5).Events.Count.ShouldBe(1, $"at {x}");
    }

    [Fact]
    public void Through_the_line_behind_an_obstacle_counts_when_seen_again()
    {
        var scene = new Scene(Line).Walk(1, (0.3, 0.5), (0.45, 0.5), 2);
        for (int i = 0; i < 8; i++)
            scene.Picture([scene.Track(1, 0.47 + (i * 0.02), 0.5, hidden: true)]).ShouldBeEmpty();
        scene.Walk(1, (0.6, 0.5), (0.7, 0.5), 2).Events.ShouldHaveSingleItem();
    }

    [Fact]
    public void The_way_before_a_track_was_confirmed_counts()
    {
        // Born left of the line, first told of when it is right of it.
        var scene = new Scene(Line).Wait(3);
        scene.Track(1, 0.45, 0.5);
        scene.Now += 0.4;
        scene.Picture((1, 0.55, 0.5)).ShouldHaveSingleItem();
    }

    [Fact]
    public void Rearm_keeps_the_same_thing_quiet_and_no_other()
    {
        var scene = new Scene(Line with { Rearm = 30 });
        scene.Walk(1, (0.3, 0.5), (0.7, 0.5), 4).Walk(1, (0.7, 0.5), (0.3, 0.5), 4);
        scene.Events.Count.ShouldBe(1);
        scene.Walk(2, (0.3, 0.5), (0.7, 0.5), 4).Events.Count.ShouldBe(2);
        scene.Wait(30).Walk(1, (0.3, 0.5), (0.7, 0.5), 4).Events.Count.ShouldBe(3);
    }

    [Fact]
    public void Dwell_waits_on_the_far_side()
    {
        new Scene(Line with { Dwell = 2 }).Walk(1, (0.4, 0.5), (0.6, 0.5), 2).Walk(1, (0.6, 0.5), (0.4, 0.5), 1).Events.ShouldBeEmpty();
        var stayed = new Scene(Line with { Dwell = 2 }).Walk(1, (0.4, 0.5), (0.6, 0.5), 2).Stand(1, 0.6, 0.5, 3).Events.ShouldHaveSingleItem();
        (stayed.Noticed - stayed.At).Seconds.ShouldBe(2, 0.21);
    }

    [Fact]
    public void Two_boxes_on_one_person_are_one_passage_and_two_persons_are_two()
    {
        var scene = new Scene(Line);
        for (double x = 0.3; x < 0.7; x += 0.01)
            scene.Picture((1, x, 0.5), (2, x + 0.005, 0.505));
        scene.Events.Count.ShouldBe(1);
        scene = new Scene(Line);
        for (double x = 0.3; x < 0.7; x += 0.01)
            scene.Picture((1, x, 0.5), (2, x - 0.05, 0.6));
        scene.Events.Count.ShouldBe(2);
    }

    [Fact]
    public void One_who_follows_close_behind_is_a_passage_of_his_own()
    {
        // Half a second behind, in the same place: cars in a lane.
        var scene = new Scene(Line);
        for (double x = 0.3; x < 0.75; x += 0.03)
            scene.Picture((1, x, 0.5), (2, x - 0.06, 0.5));
        scene.Events.Count.ShouldBe(2);
    }

    [Fact]
    public void Classes_and_sizes_are_filtered()
    {
        new Scene(Line with { Classes = [ObjectClass.Vehicle] }).Walk(1, (0.3, 0.5), (0.7, 0.5), 4).Events.ShouldBeEmpty();
        new Scene(Line with { Classes = [ObjectClass.Vehicle] }).Walk(1, (0.3, 0.5), (0.7, 0.5), 4, ObjectClass.Vehicle).Events.ShouldHaveSingleItem();
        new Scene(Line with { MinHeight = 0.3 }).Walk(1, (0.3, 0.5), (0.7, 0.5), 4).Events.ShouldBeEmpty();
        new Scene(Line with { MaxHeight = 0.1 }).Walk(1, (0.3, 0.5), (0.7, 0.5), 4).Events.ShouldBeEmpty();
    }

    [Fact]
    public void The_anchor_decides_what_crosses()
    {
        var across = Line with { Points = [new(0.1, 0.6), new(0.9, 0.6)] };
        // Feet from 0.55 to 0.65, the middle of the body from 0.45 to 0.55.
        new Scene(across).Walk(1, (0.5, 0.55), (0.5, 0.65), 4).Events.ShouldHaveSingleItem();
        new Scene(across with { Anchor = Anchor.Centre }).Walk(1, (0.5, 0.55), (0.5, 0.65), 4).Events.ShouldBeEmpty();
    }
}
