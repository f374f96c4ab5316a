using Atalaya.Analysis.Evaluation;

namespace Atalaya.Analysis.Tests.Evaluation;

/// <summary>Cases counted by hand.</summary>
public sealed class AlarmScoreTests
{
    [Fact]
    public void An_alarm_within_ten_seconds_is_true_another_while_it_stands_neither_everything_else_false()
    {
        var (score, verdicts, missed) = Score([20, 100], [19.5, 21, 29.9, 30.1, 60]);
        verdicts.ShouldBe([AlarmVerdict.True, AlarmVerdict.Repeated, AlarmVerdict.Repeated, AlarmVerdict.False, AlarmVerdict.False]);
        (score.TruePositives, score.FalsePositives, score.Misses).ShouldBe((1, 2, 1));
        missed.ShouldBe([100]);
        score.Precision.ShouldBe(1 / 3.0, 1e-9);
        score.Recall.ShouldBe(0.5, 1e-9);
    }

    [Theory]
    [InlineData(-1.01, false)]
    [InlineData(-1, true)]
    [InlineData(10, true)]
    [InlineData(10.01, false)]
    public void The_window_has_sharp_ends(double after, bool counts) => Score([50], [50 + after]).Score.TruePositives.ShouldBe(counts ? 1 : 0);

    [Fact]
    public void Two_events_close_together_want_two_alarms()
    {
        Score([10, 12], [10.5, 12.5]).Score.ShouldBe(new(2, 0, 0, 1));
        Score([10, 12], [12.5]).Missed.ShouldBe([10]);
        // Both at the end of both windows: one for each, though the nearest event is the same.
        Score([10, 12], [19, 19.5]).Score.ShouldBe(new(2, 0, 0, 1));
        Score([10, 10], [10.1, 10.2, 10.3]).Verdicts.ShouldBe([AlarmVerdict.True, AlarmVerdict.True, AlarmVerdict.Repeated]);
    }

    [Fact]
    public void What_is_missed_is_told_as_missed_and_not_its_neighbour()
    {
        Score([10, 15, 20], [15.2, 20.2]).Missed.ShouldBe([10]);
        Score([10, 15, 20], [10.2, 20.2]).Missed.ShouldBe([15]);
    }

    [Fact]
    public void One_rule_cannot_answer_for_another()
    {
        var score = AlarmScore.Of([new("a", 10)], [new("b", 10)], 1, out var verdicts, out var missed);
        (score.TruePositives, score.FalsePositives, score.Misses).ShouldBe((0, 1, 1));
        verdicts.ShouldBe([AlarmVerdict.False]);
        missed.ShouldHaveSingleItem();
    }

    [Fact]
    public void F1_weighs_false_alarms_more_than_misses()
    {
        // 1.65 × 0.8 × 1 / (0.8 + 0.65 × 1), and with the two exchanged.
        new AlarmScore(8, 0, 2, 1).F1.ShouldBe(1.65 * 0.8 / 1.45, 1e-9);
        new AlarmScore(8, 2, 0, 1).F1.ShouldBe(1.65 * 0.8 / (1 + (0.65 * 0.8)), 1e-9);
        new AlarmScore(8, 2, 0, 1).F1.ShouldBeLessThan(new AlarmScore(8, 0, 2, 1).F1);
        new AlarmScore(0, 3, 2, 1).F1.ShouldBe(0);
    }

    [Fact]
    public void A_quiet_clip_that_stays_quiet_is_perfect_and_one_that_does_not_is_not()
    {
        new AlarmScore(0, 0, 0, 1).F1.ShouldBe(1);
        new AlarmScore(0, 1, 0, 1).F1.ShouldBe(0);
    }

    /// <summary>Garwood's table: 0 events 0–3.689, 1 event 0.0253–5.572, 10 events 4.795–18.390.</summary>
    [Theory]
    [InlineData(0, 0, 3.689)]
    [InlineData(1, 0.0253, 5.572)]
    [InlineData(10, 4.795, 18.390)]
    public void The_interval_of_the_rate_is_the_published_one(int count, double low, double high)
    {
        var interval = new AlarmScore(0, count, 0, 2).FalseAlarmsPerHourInterval;
        interval.Low.ShouldBe(low / 2, 0.001);
        interval.High.ShouldBe(high / 2, 0.001);
    }

    [Fact]
    public void Clips_add_up() => (new AlarmScore(1, 2, 3, 0.5) + new AlarmScore(10, 20, 30, 0.25)).ShouldBe(new(11, 22, 33, 0.75));

    static (AlarmScore Score, IReadOnlyList<AlarmVerdict> Verdicts, IReadOnlyList<double> Missed) Score(double[] events, double[] alarms)
    {
        var score = AlarmScore.Of([.. events.Select(t => new ClipEvent("r", t))], [.. alarms.Select(t => new ClipAlarm("r", t))], 1, out var verdicts, out var missed);
        return (score, verdicts, [.. missed.Select(m => m.Seconds)]);
    }
}
