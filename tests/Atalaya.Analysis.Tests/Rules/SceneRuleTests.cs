using Atalaya.Analysis.Rules;
using Atalaya.Incidents;
using Atalaya.Media;

namespace Atalaya.Analysis.Tests.Rules;

/// <summary>Rules beside line and zone.</summary>
public sealed class SceneRuleTests
{
    static readonly Point[] Yard = [new(0.4, 0.3), new(0.8, 0.3), new(0.8, 0.9), new(0.4, 0.9)];

    [Fact]
    public void Pacing_to_and_fro_is_loitering_and_passing_through_is_not()
    {
        var rule = new LoiteringRule { Id = "l", Name = "l", Points = Yard, Seconds = 20 };
        new Scene(rule).Walk(1, (0.2, 0.5), (0.9, 0.5), 15).Events.ShouldBeEmpty();
        var scene = new Scene(rule);
        for (int i = 0; i < 6; i++)
            scene.Walk(1, (0.38, 0.5), (0.6, 0.5), 4).Walk(1, (0.6, 0.5), (0.38, 0.5), 4);
        scene.Events.ShouldHaveSingleItem().Kind.ShouldBe(SceneEventKind.Loitering);
    }

    [Fact]
    public void Loitering_goes_on_under_a_new_number()
    {
        var rule = new LoiteringRule { Id = "l", Name = "l", Seconds = 20 };
        new Scene(rule).Stand(1, 0.5, 0.5, 12).Wait(2).Stand(2, 0.52, 0.5, 12).Events.ShouldHaveSingleItem();
        new Scene(rule).Stand(1, 0.5, 0.5, 12).Wait(2).Stand(2, 0.9, 0.5, 12).Events.ShouldBeEmpty();
    }

    [Fact]
    public void A_number_is_raised_when_it_is_reached_for_a_while_and_once_until_it_is_over()
    {
        var rule = new CountRule { Id = "c", Name = "c", Points = Yard, AtLeast = 2 };
        var scene = new Scene(rule).Stand(1, 0.5, 0.5, 5);
        scene.Events.ShouldBeEmpty();
        for (int i = 0; i < 20; i++)
            scene.Picture((1, 0.5, 0.5), (2, 0.6, 0.5));
        scene.Events.ShouldHaveSingleItem().Count.ShouldBe(2);
        scene.Stand(1, 0.5, 0.5, 1);
        for (int i = 0; i < 20; i++)
            scene.Picture((1, 0.5, 0.5), (2, 0.6, 0.5));
        scene.Events.Count.ShouldBe(1);
        scene.Stand(1, 0.5, 0.5, 4);
        for (int i = 0; i < 20; i++)
            scene.Picture((1, 0.5, 0.5), (2, 0.6, 0.5));
        scene.Events.Count.ShouldBe(2);
    }

    [Fact]
    public void A_post_that_nobody_holds_is_a_count_too()
    {
        var rule = new CountRule { Id = "c", Name = "c", Points = Yard, AtMost = 0, Dwell = 10 };
        new Scene(rule).Stand(1, 0.5, 0.5, 20).Wait(8).Stand(1, 0.5, 0.5, 5).Events.ShouldBeEmpty();
        new Scene(rule).Stand(1, 0.5, 0.5, 20).Wait(12).Events.ShouldHaveSingleItem().Count.ShouldBe(0);
    }

    [Fact]
    public void A_crowd_that_one_leaves_and_joins_is_the_same_crowd()
    {
        var rule = new CrowdRule { Id = "c", Name = "c", AtLeast = 5, Dwell = 2, Rearm = 2 };
        var scene = new Scene(rule);
        for (int i = 0; i < 200; i++)
            scene.Picture([.. Enumerable.Range(0, i / 25 % 2 == 0 ? 5 : 4).Select(n => scene.Track(n + 1, 0.3 + (n * 0.1), 0.5))]);
        scene.Events.ShouldHaveSingleItem().Kind.ShouldBe(SceneEventKind.Crowd);
    }

    [Fact]
    public void Against_the_arrow_is_raised_and_along_or_across_it_is_not()
    {
        var rule = new WrongWayRule { Id = "w", Name = "w", Way = [new(0.2, 0.5), new(0.8, 0.5)] };
        WrongWay(rule, 0.2, 0.8, 0).ShouldBe(0);
        WrongWay(rule, 0.8, 0.2, 0).ShouldBe(1);
        WrongWay(rule, 0.5, 0.48, 0.4).ShouldBe(0);
        // A step back of half a body.
        WrongWay(rule, 0.5, 0.45, 0).ShouldBe(0);
    }

    static int WrongWay(WrongWayRule rule, double from, double to, double down)
    {
        var scene = new Scene(rule);
        for (int i = 0; i <= 25; i++)
        {
            scene.Picture([scene.Track(1, from + ((to - from) * i / 25), 0.4 + (down * i / 25)) with
            {
                VelocityX = (float)((to - from) / 5),
                VelocityY = (float)(down / 5),
            }]);
        }

        return scene.Events.Count;
    }

    [Fact]
    public void A_bag_is_left_behind_when_its_bearer_has_gone_for_long()
    {
        var rule = new LeftBehindRule { Id = "b", Name = "b", Seconds = 10 };
        var scene = new Scene(rule).Wait(3);
        for (int i = 0; i < 50; i++)
            scene.Picture([scene.Track(1, 0.5, 0.6), scene.Track(2, 0.52, 0.6, ObjectClass.Bag, 0.05)]);
        scene.Events.ShouldBeEmpty("he stands beside it");
        for (int i = 0; i < 40; i++)
            scene.Picture([scene.Track(1, 0.5 - (i * 0.01), 0.6), scene.Track(2, 0.52, 0.6, ObjectClass.Bag, 0.05)]);
        scene.Events.ShouldBeEmpty("he has just gone");
        for (int i = 0; i < 200; i++)
            scene.Picture([scene.Track(2, 0.52, 0.6, ObjectClass.Bag, 0.05)]);
        var left = scene.Events.ShouldHaveSingleItem();
        left.Kind.ShouldBe(SceneEventKind.LeftBehind);
        left.Track.ShouldBe(2);
    }

    [Fact]
    public void What_stood_there_before_and_what_is_carried_is_not_left_behind()
    {
        var rule = new LeftBehindRule { Id = "b", Name = "b", Seconds = 5 };
        new Scene(rule).Stand(1, 0.5, 0.5, 30, ObjectClass.Bag).Events.ShouldBeEmpty();
        new Scene(rule).Wait(3).Walk(1, (0.1, 0.5), (0.9, 0.5), 30, ObjectClass.Bag).Events.ShouldBeEmpty();
        new Scene(rule).Wait(3).Stand(1, 0.5, 0.5, 30).Events.ShouldBeEmpty("a person isn't a thing");
    }

    [Fact]
    public void Silence_is_raised_once_and_again_after_pictures_came_back()
    {
        var set = new RuleSet([new StreamRule { Id = "s", Name = "s", Seconds = 5 }], null, TimeZoneInfo.Utc);
        var start = WallTime.From(new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
        set.Update([], MediaTime.Zero, start);
        set.Silence(start + TimeSpan.FromSeconds(4)).ShouldBeEmpty();
        var lost = set.Silence(start + TimeSpan.FromSeconds(5)).ShouldHaveSingleItem();
        lost.Kind.ShouldBe(SceneEventKind.StreamLost);
        lost.Wall.ShouldBe(start);
        set.Silence(start + TimeSpan.FromSeconds(60)).ShouldBeEmpty();
        set.Update([], MediaTime.FromSeconds(61), start + TimeSpan.FromSeconds(61)).ShouldBeEmpty();
        set.Silence(start + TimeSpan.FromSeconds(70)).ShouldHaveSingleItem();
    }

    [Fact]
    public void A_disabled_rule_sleeps() =>
        new Scene(new ZoneRule { Id = "z", Name = "z", Points = Yard, Enabled = false }).Walk(1, (0.2, 0.5), (0.6, 0.5), 5).Events.ShouldBeEmpty();

    [Fact]
    public void An_event_becomes_a_scene_event_with_all_it_knows()
    {
        var raised = new Scene(new ZoneRule { Id = "yard", Name = "Yard", Points = Yard }).Walk(3, (0.2, 0.5), (0.6, 0.5), 4).Events[0];
        var id = Guid.CreateVersion7();
        var scene = raised.ToSceneEvent(id, "gate");
        scene.Id.ShouldBe(id);
        scene.Camera.ShouldBe("gate");
        scene.Rule.ShouldBe("yard");
        scene.Kind.ShouldBe(SceneEventKind.ZoneEntered);
        scene.Source.ShouldBe(SceneEventSource.Rule);
        scene.Track.ShouldBe(3);
        scene.Box.ShouldBe(raised.Box);
        scene.At.ShouldBe(raised.Wall.ToDateTimeOffset());
    }
}
