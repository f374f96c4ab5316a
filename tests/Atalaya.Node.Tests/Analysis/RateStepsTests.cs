using Atalaya.Node.Analysis;

namespace Atalaya.Node.Tests.Analysis;

public sealed class RateStepsTests
{
    [Fact]
    public void Too_little_time_halves_the_rate_step_by_step_and_not_below_an_eighth()
    {
        var steps = new RateSteps();
        Tick(steps, 4, given: 2, busy: 1);
        steps.Of(5).ShouldBe(5, "a moment is no overload");
        Tick(steps, 1, given: 2, busy: 1);
        steps.Of(5).ShouldBe(2.5);
        Tick(steps, 100, given: 0.1, busy: 1);
        steps.Of(5).ShouldBe(0.625);
    }

    [Fact]
    public void It_rises_when_it_has_been_well_for_long_and_there_is_time()
    {
        var steps = new RateSteps();
        Tick(steps, 10, given: 0.2, busy: 1);
        steps.Step.ShouldBe(2);
        Tick(steps, 100, given: 1.25, busy: 0.8);
        steps.Step.ShouldBe(2, "twice the pictures of everybody wouldn't fit");
        Tick(steps, 30, given: 1.25, busy: 0.5);
        steps.Step.ShouldBe(1);
        Tick(steps, 30, given: 2.5, busy: 0.5);
        steps.Step.ShouldBe(0);
    }

    [Theory]
    [InlineData(2, 2, 0.5)]     // The camera sends no more.
    [InlineData(0, 25, 0.3)]    // It hangs, or nothing comes: not for want of time.
    [InlineData(4.9, 25, 1)]    // All is used, and it is enough.
    public void What_is_no_overload_lowers_nothing(double given, double come, double busy)
    {
        var steps = new RateSteps();
        Tick(steps, 60, given, busy, come);
        steps.Step.ShouldBe(0);
    }

    static void Tick(RateSteps steps, int seconds, double given, double busy, double come = 25)
    {
        for (int i = 0; i < seconds; i++)
            steps.Tick(5, given, come, busy);
    }
}
