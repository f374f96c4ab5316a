using Atalaya.Media;
using Atalaya.Node.Analysis;
using Atalaya.Recording;

namespace Atalaya.Node.Tests.Analysis;

public sealed class SpansTests
{
    [Theory]
    [InlineData("0-10", "2-4 6-20", "2-4 6-10", "0-2 4-6")]
    [InlineData("0-10 20-30", "10-20", "", "0-10 20-30")]
    [InlineData("0-10 20-30", "5-25", "5-10 20-25", "0-5 25-30")]
    [InlineData("5-6", "0-10", "5-6", "")]
    [InlineData("", "0-10", "", "")]
    [InlineData("0-10", "", "", "0-10")]
    public void What_is_common_and_what_is_left_together_are_the_first(string a, string b, string common, string left)
    {
        Text(Spans.Common(Of(a), Of(b))).ShouldBe(common);
        Text(Spans.Common(Of(b), Of(a))).ShouldBe(common);
        Text(Spans.Without(Of(a), Of(b))).ShouldBe(left);
        (Spans.Length(Of(common)) + Spans.Length(Of(left))).ShouldBe(Spans.Length(Of(a)));
    }

    static List<WallSpan> Of(string text) =>
        [.. text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(s => s.Split('-')).Select(s => new WallSpan(At(s[0]), At(s[1])))];

    static WallTime At(string second) => new(int.Parse(second) * 1_000_000L);

    static string Text(IEnumerable<WallSpan> spans) => string.Join(' ', spans.Select(s => $"{s.From.Microseconds / 1_000_000}-{s.To.Microseconds / 1_000_000}"));
}
