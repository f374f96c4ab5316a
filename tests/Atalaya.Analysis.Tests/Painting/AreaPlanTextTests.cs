using System.Text;

using Atalaya.Analysis.Painting;

namespace Atalaya.Analysis.Tests.Painting;

public sealed class AreaPlanTextTests
{
    [Fact]
    public void What_is_written_is_read_the_same()
    {
        var plan = new AreaPlan(
        [
            Area.Always(AreaKind.Fill, Area.Corners(0.1, 0.2, 0.3, 0.4)),
            new(AreaKind.Keep, [new(new(10), Area.Corners(0, 0, 1, 1)), new(new(20), [new(0, 0), new(1, 0), new(1, 1)])]) { From = new(5), To = new(25) },
        ])
        { Outside = AreaKind.Blur };
        AreaPlanText.TryRead(AreaPlanText.Write(plan), out var read, out string fault).ShouldBeTrue(fault);
        AreaPlanText.Write(read!).ShouldBe(AreaPlanText.Write(plan));
        (read!.Outside, read.Areas[1].From, read.Areas[1].To, read.Areas[1].Keys[1].Outline.Count).ShouldBe((AreaKind.Blur, new(5), new(25), 3));
    }

    [Theory]
    [InlineData("""{"areas":[{"kind":"fill","keys":[]}]}""", "Area 1 lies nowhere")]
    [InlineData("""{"areas":[{"kind":"fill","keys":[{"at":0,"outline":[[0,0],[1,1]]}]}]}""", "2 corners")]
    [InlineData("""{"areas":[{"kind":"fill","keys":[{"at":0,"outline":[[0,0],[1,1],[900,1]]}]}]}""", "too far")]
    [InlineData("""{"areas":[{"kind":"fill","keys":[{"at":5,"outline":[[0,0],[1,1],[0,1]]},{"at":5,"outline":[[0,0],[1,1],[0,1]]}]}]}""", "key 2 isn't later")]
    [InlineData("""{"areas":[{"kind":"fill","from":9,"to":9,"keys":[{"at":5,"outline":[[0,0],[1,1],[0,1]]}]}]}""", "ends before it begins")]
    [InlineData("""{"outside":"keep","areas":[]}""", "What is outside")]
    [InlineData("""{"areas":[{"kind":"erase","keys":[]}]}""", "isn't JSON as expected")]
    [InlineData("""{"areas":[null]}""", "")]
    [InlineData("""{"areas":null}""", "")]
    [InlineData("null", "null")]
    [InlineData("{", "isn't JSON")]
    public void What_can_not_be_painted_is_refused_with_the_place(string json, string says)
    {
        AreaPlanText.TryRead(Encoding.UTF8.GetBytes(json), out var plan, out string fault).ShouldBeFalse();
        plan.ShouldBeNull();
        fault.ShouldNotBeEmpty();
        fault.ShouldContain(says);
    }
}
