using Atalaya.Analysis.Evaluation;
using Atalaya.Analysis.Tracks;
using Atalaya.Incidents;
using Atalaya.Testing;

namespace Atalaya.Analysis.Tests.Evaluation;

/// <summary>A score that nobody checked proves nothing: against numbers others published, and against cases counted by hand.</summary>
public sealed class MotScoreTests
{
    /// <summary>As py-motmetrics prints them for its own example results.</summary>
    [Theory]
    [InlineData("TUD-Campus", 52.6, 55.8, 39.1, 41.8, 36.9, 13, 150, 7)]
    [InlineData("TUD-Stadtmitte", 56.4, 64.5, 39.8, 39.2, 40.9, 45, 452, 7)]
    public void Agrees_with_published_scores(string sequence, double mota, double idf1, double hota, double detection, double association, long wrong, long missed, long switches)
    {
        var score = MotScore.Of(
            MotFile.Read(TestData.Path($"mot/{sequence}/gt.txt")), MotFile.Read(TestData.Path($"mot/{sequence}/motmetrics_test.txt")));
        (score.Mota * 100).ShouldBe(mota, 0.06);
        (score.Idf1 * 100).ShouldBe(idf1, 0.06);
        (score.Hota * 100).ShouldBe(hota, 0.06);
        (score.DetectionAccuracy * 100).ShouldBe(detection, 0.06);
        (score.AssociationAccuracy * 100).ShouldBe(association, 0.06);
        (score.FalsePositives, score.Misses, score.Switches).ShouldBe((wrong, missed, switches));
    }

    [Fact]
    public void The_truth_itself_is_perfect()
    {
        var truth = Row(1, 1, 10).Concat(Row(2, 1, 10, y: 200)).ToList();
        var score = MotScore.Of(truth, truth);
        (score.Mota, score.Idf1, score.Hota).ShouldBe((1, 1, 1));
    }

    [Fact]
    public void A_number_that_changes_half_way_is_one_switch_and_half_of_the_identity()
    {
        var score = MotScore.Of(Row(1, 1, 10), Row(5, 1, 5).Concat(Row(6, 6, 10)));
        score.Switches.ShouldBe(1);
        score.Mota.ShouldBe(0.9, 1e-9);
        score.Idf1.ShouldBe(0.5, 1e-9);
        // Each half shares 5 of 10 boxes with the truth, every box is found: √(1 × 0.5).
        score.Hota.ShouldBe(Math.Sqrt(0.5), 1e-9);
    }

    [Fact]
    public void A_thing_found_in_half_of_its_pictures_is_half_missed()
    {
        var score = MotScore.Of(Row(1, 1, 10), Row(5, 1, 5));
        (score.Misses, score.FalsePositives, score.Switches).ShouldBe((5, 0, 0));
        score.Mota.ShouldBe(0.5, 1e-9);
        score.Idf1.ShouldBe(2 * 5 / 15.0, 1e-9);
        score.Hota.ShouldBe(0.5, 1e-9);
    }

    [Fact]
    public void Boxes_where_nothing_is_count_against_it()
    {
        var score = MotScore.Of(Row(1, 1, 10), Row(5, 1, 10).Concat(Row(6, 1, 10, y: 500)));
        (score.Misses, score.FalsePositives).ShouldBe((0, 10));
        score.Mota.ShouldBe(0, 1e-9);
        score.Hota.ShouldBe(Math.Sqrt(0.5), 1e-9);
    }

    [Fact]
    public void Nothing_found_and_nothing_there_is_no_fault()
    {
        MotScore.Of([], []).Mota.ShouldBe(0);
        MotScore.Of(Row(1, 1, 3), []).Hota.ShouldBe(0);
        MotScore.Of([], Row(1, 1, 3)).Idf1.ShouldBe(0);
    }

    [Fact]
    public void The_sum_of_sequences_adds_counts()
    {
        var half = MotScore.Of(Row(1, 1, 10), Row(5, 1, 5));
        var whole = MotScore.Of(Row(1, 1, 30), Row(5, 1, 30));
        MotScore.Sum([half, whole]).Mota.ShouldBe(35 / 40.0, 1e-9);
    }

    [Theory]
    [InlineData("1,2,3")]
    [InlineData("0,1,1,1,1,1,1")]
    [InlineData("1,1,one,1,1,1")]
    [InlineData("1,1,1,1,1,1,1\n1,1,NaN,1,1,1")]
    [InlineData("99999999999999,1,1,1,1,1")]
    public void A_line_that_is_none_is_named(string text)
    {
        MotFile.TryRead(text, out _, out string fault).ShouldBeFalse();
        fault.ShouldStartWith("line ");
    }

    /// <summary>The aim: better than SORT's published score on the same detections, in real time many times over.</summary>
    [Theory]
    [InlineData("TUD-Campus", 62.7)]
    [InlineData("Venice-2", 18.6)]
    public void The_tracker_beats_SORT_on_its_own_detections(string sequence, double sort)
    {
        var trial = TrackerTrial.Run(TestData.Path("mot"), TrackerTrial.PublicDetections, TimeProvider.System).Single(t => t.Sequence.Name == sequence);
        (trial.Score!.Mota * 100).ShouldBeGreaterThan(sort);
    }

    [Fact]
    public void A_folder_without_sequences_is_said_to_be_one()
    {
        using var folder = new TempFolder();
        Should.Throw<IOException>(() => TrackerTrial.Run(folder.Path, TrackerOptions.Default, TimeProvider.System)).Message.ShouldContain("holds no sequence");
    }

    static IEnumerable<MotBox> Row(long id, int from, int to, float y = 0) =>
        Enumerable.Range(from, to - from + 1).Select(f => new MotBox(f, id, new Box(f * 2, y, 40, 100), 1));
}
