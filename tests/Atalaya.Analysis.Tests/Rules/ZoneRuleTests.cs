using Atalaya.Analysis.Rules;
using Atalaya.Incidents;

namespace Atalaya.Analysis.Tests.Rules;

public sealed class ZoneRuleTests
{
    static readonly Point[] Yard = [new(0.4, 0.3), new(0.8, 0.3), new(0.8, 0.8), new(0.4, 0.8)];
    static readonly ZoneRule Enter = new() { Id = "yard", Name = "Yard", Points = Yard };
    static readonly ZoneRule Leave = Enter with { Event = ZoneEventKind.Leave };
    static readonly ZoneRule Inside = Enter with { Event = ZoneEventKind.Inside, Seconds = 5 };

    [Fact]
    public void Going_in_and_out_is_one_event_each()
    {
        var scene = new Scene(Enter, Leave with { Id = "out" }).Walk(1, (0.2, 0.5), (0.6, 0.5), 4).Stand(1, 0.6, 0.5, 3).Walk(1, (0.6, 0.5), (0.2, 0.5), 4);
        scene.Events.Select(e => e.Kind).ShouldBe([SceneEventKind.ZoneEntered, SceneEventKind.ZoneLeft]);
        scene.Events[0].At.Seconds.ShouldBe(2, 0.3);
    }

    [Fact]
    public void One_who_dithers_on_the_border_enters_at_most_once()
    {
        for (int seed = 0; seed < 100; seed++)
        {
            var random = new Random(seed);
            var scene = new Scene(Enter).Walk(1, (0.2, 0.5), (0.39, 0.5), 3);
            for (int i = 0; i < 200; i++)
                scene.Picture((1, 0.4 + ((random.NextDouble() - 0.5) * 0.02), 0.5));
            scene.Events.Count.ShouldBeLessThanOrEqualTo(1);
        }
    }

    [Fact]
    public void Who_is_there_when_the_watch_begins_has_not_entered_but_is_inside()
    {
        new Scene(Enter).Stand(1, 0.6, 0.5, 20).Events.ShouldBeEmpty();
        new Scene(Inside).Stand(1, 0.6, 0.5, 20).Events.ShouldHaveSingleItem().At.Seconds.ShouldBe(5, 0.01);
    }

    [Fact]
    public void Who_appears_inside_later_has_entered_once_he_has_stayed()
    {
        var entered = new Scene(Enter).Wait(5).Walk(1, (0.55, 0.5), (0.7, 0.5), 3).Events.ShouldHaveSingleItem();
        entered.At.Seconds.ShouldBe(5, 0.21);
        (entered.Noticed - entered.At).Seconds.ShouldBe(1, 0.21);
        new Scene(Enter).Wait(5).Stand(1, 0.6, 0.5, 0.6).Wait(3).Events.ShouldBeEmpty();
    }

    /// <summary>A bush that the detector takes for somebody from time to time.</summary>
    [Fact]
    public void What_appears_inside_and_never_moves_has_not_entered() => new Scene(Enter).Wait(5).Stand(1, 0.6, 0.5, 60).Events.ShouldBeEmpty();

    [Fact]
    public void A_new_number_for_the_same_person_is_no_second_entry()
    {
        var scene = new Scene(Enter).Walk(1, (0.2, 0.5), (0.6, 0.5), 4).Wait(2).Stand(2, 0.61, 0.5, 10);
        scene.Events.ShouldHaveSingleItem();
        // And his stay goes on.
        new Scene(Inside).Stand(1, 0.6, 0.5, 3).Wait(1).Stand(2, 0.61, 0.5, 3).Events.ShouldHaveSingleItem().At.Seconds.ShouldBe(5, 0.01);
    }

    [Fact]
    public void Somebody_else_who_appears_far_off_is_an_entry()
    {
        new Scene(Enter).Walk(1, (0.2, 0.4), (0.5, 0.4), 4).Wait(1).Walk(2, (0.75, 0.75), (0.6, 0.7), 3).Events.Count.ShouldBe(2);
    }

    [Fact]
    public void Inside_is_raised_once_a_stay()
    {
        var scene = new Scene(Inside).Walk(1, (0.2, 0.5), (0.6, 0.5), 4).Stand(1, 0.6, 0.5, 60);
        scene.Events.ShouldHaveSingleItem().Kind.ShouldBe(SceneEventKind.ZoneOccupied);
        scene.Walk(1, (0.6, 0.5), (0.2, 0.5), 4).Walk(1, (0.2, 0.5), (0.6, 0.5), 4).Stand(1, 0.6, 0.5, 6).Events.Count.ShouldBe(2);
    }

    [Fact]
    public void Rearm_makes_a_short_absence_no_new_entry()
    {
        var rule = Enter with { Rearm = 10 };
        new Scene(rule).Walk(1, (0.2, 0.5), (0.6, 0.5), 4).Walk(1, (0.6, 0.5), (0.2, 0.5), 2).Walk(1, (0.2, 0.5), (0.6, 0.5), 2).Events.Count.ShouldBe(1);
        new Scene(rule).Walk(1, (0.2, 0.5), (0.6, 0.5), 4).Walk(1, (0.6, 0.5), (0.2, 0.5), 2).Stand(1, 0.2, 0.5, 12).Walk(1, (0.2, 0.5), (0.6, 0.5), 2)
            .Events.Count.ShouldBe(2);
    }

    [Fact]
    public void Who_vanishes_inside_has_not_left()
    {
        new Scene(Leave).Walk(1, (0.2, 0.5), (0.6, 0.5), 4).Wait(30).Events.ShouldBeEmpty();
    }

    [Fact]
    public void A_zone_smaller_than_a_body_can_still_be_entered()
    {
        var small = Enter with { Points = [new(0.5, 0.5), new(0.52, 0.5), new(0.52, 0.53), new(0.5, 0.53)] };
        new Scene(small).Walk(1, (0.4, 0.515), (0.6, 0.515), 20).Events.ShouldHaveSingleItem();
    }

    [Fact]
    public void A_class_that_settles_late_still_counts()
    {
        var scene = new Scene(Enter with { Classes = [ObjectClass.Person] }).Walk(1, (0.2, 0.5), (0.6, 0.5), 4, ObjectClass.Animal);
        scene.Events.ShouldBeEmpty();
        scene.Stand(1, 0.6, 0.5, 1).Events.ShouldHaveSingleItem();
    }

    /// <summary>Seconds that nobody watched are nobody's stay.</summary>
    [Fact]
    public void A_jump_in_time_fills_no_stay()
    {
        var scene = new Scene(Inside).Stand(1, 0.6, 0.5, 2);
        scene.Now += 3600;
        scene.Stand(1, 0.6, 0.5, 2).Events.ShouldBeEmpty();
        scene.Now -= 7000;
        scene.Stand(2, 0.6, 0.5, 2).Events.ShouldBeEmpty();
        scene.Stand(2, 0.6, 0.5, 5).Events.ShouldHaveSingleItem();
    }

    [Fact]
    public void While_the_camera_moves_and_just_after_nothing_is_raised()
    {
        var scene = new Scene(Enter);
        scene.Walk(1, (0.2, 0.5), (0.35, 0.5), 2);
        for (double x = 0.35; x < 0.6; x += 0.02)
            scene.Picture([scene.Track(1, x, 0.5)], cameraMoves: true).ShouldBeEmpty();
        scene.Stand(1, 0.6, 0.5, 10).Events.ShouldBeEmpty();
        scene.Walk(1, (0.6, 0.5), (0.2, 0.5), 3).Walk(1, (0.2, 0.5), (0.6, 0.5), 3).Events.ShouldHaveSingleItem();
    }

    [Fact]
    public void A_rule_that_wakes_by_its_schedule_raises_nothing_for_what_was_there()
    {
        var night = Enter with { Schedule = new() { Windows = [new() { From = new(12, 1), To = new(13, 0) }] } };
        var scene = new Scene(night).Walk(1, (0.2, 0.5), (0.6, 0.5), 4).Stand(1, 0.6, 0.5, 60);
        scene.Events.ShouldBeEmpty();
        scene.Walk(2, (0.2, 0.5), (0.6, 0.5), 4).Events.ShouldHaveSingleItem();
    }

    /// <summary>"What would this rule have raised yesterday?" must be what it will raise tomorrow.</summary>
    [Fact]
    public void The_same_tracks_raise_the_same_events_again()
    {
        List<RuleEvent> Run()
        {
            var random = new Random(7);
            var scene = new Scene(Enter, Leave with { Id = "out" }, Inside with { Id = "in" });
            double[] x = [0.2, 0.5, 0.9], y = [0.5, 0.5, 0.5];
            for (int i = 0; i < 2000; i++)
            {
                var tracks = new List<Analysis.Tracks.Track>();
                for (int n = 0; n < 3; n++)
                {
                    x[n] = Math.Clamp(x[n] + ((random.NextDouble() - 0.5) * 0.05), 0, 1);
                    if (random.Next(5) > 0)
                        tracks.Add(scene.Track(n + 1, x[n], y[n], hidden: random.Next(4) == 0));
                }

                scene.Picture(tracks);
            }

            return scene.Events;
        }

        var first = Run();
        first.ShouldNotBeEmpty();
        Run().ShouldBe(first);
    }
}
