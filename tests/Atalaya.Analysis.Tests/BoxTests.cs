using Atalaya.Incidents;

namespace Atalaya.Analysis.Tests;

/// <summary>Association and scoring rest on this one number.</summary>
public sealed class BoxTests
{
    [Fact]
    public void Overlap_is_the_shared_area_over_the_whole()
    {
        Box.Overlap(new(0, 0, 0.2f, 0.2f), new(0.1f, 0, 0.2f, 0.2f)).ShouldBe(1 / 3f, 1e-5f);
        Box.Overlap(new(0, 0, 0.2f, 0.2f), new(0, 0, 0.2f, 0.2f)).ShouldBe(1, 1e-6f);
    }

    [Fact]
    public void Boxes_that_only_touch_and_boxes_without_area_share_nothing()
    {
        Box.Overlap(new(0, 0, 0.2f, 0.2f), new(0.2f, 0, 0.2f, 0.2f)).ShouldBe(0);
        Box.Overlap(default, default).ShouldBe(0);
    }
}
