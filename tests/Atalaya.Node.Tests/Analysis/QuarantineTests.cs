using Atalaya.Media;
using Atalaya.Node.Analysis;
using Atalaya.Testing;

namespace Atalaya.Node.Tests.Analysis;

public sealed class QuarantineTests
{
    [Fact]
    public void The_third_death_within_ten_minutes_leaves_a_camera_out_and_no_other()
    {
        var clock = new ManualClock();
        var quarantine = new Quarantine(clock);
        for (int i = 0; i < 3; i++)
        {
            quarantine.Stay("gate").ShouldBeNull();
            quarantine.Note("gate");
            clock.Advance(TimeSpan.FromSeconds(20));
        }

        var stay = quarantine.Stay("gate").ShouldNotBeNull();
        stay.Deaths.ShouldBe(3);
        (stay.Until - WallTime.Now(clock)).ShouldBe(TimeSpan.FromSeconds(40));
        quarantine.Stay("yard").ShouldBeNull();
        clock.Advance(TimeSpan.FromSeconds(40));
        quarantine.Stay("gate").ShouldBeNull();
    }

    [Fact]
    public void Each_death_after_its_return_leaves_it_out_for_four_times_as_long_up_to_an_hour()
    {
        var clock = new ManualClock();
        var quarantine = new Quarantine(clock);
        quarantine.Note("gate");
        quarantine.Note("gate");
        var stays = new List<double>();
        for (int i = 0; i < 5; i++)
        {
            quarantine.Note("gate");
            var stay = quarantine.Stay("gate").ShouldNotBeNull();
            stays.Add((stay.Until - WallTime.Now(clock)).TotalMinutes);
            clock.Advance(stay.Until - WallTime.Now(clock) + TimeSpan.FromMinutes(1));
        }

        stays.ShouldBe([1, 4, 16, 60, 60]);
        // What was long ago is forgotten.
        clock.Advance(TimeSpan.FromHours(4));
        quarantine.Note("gate");
        quarantine.Stay("gate").ShouldBeNull();
    }

    [Fact]
    public void Deaths_far_apart_are_chance()
    {
        var clock = new ManualClock();
        var quarantine = new Quarantine(clock);
        for (int i = 0; i < 10; i++)
        {
            quarantine.Note("gate");
            clock.Advance(TimeSpan.FromMinutes(11));
            quarantine.Stay("gate").ShouldBeNull();
        }
    }
}
