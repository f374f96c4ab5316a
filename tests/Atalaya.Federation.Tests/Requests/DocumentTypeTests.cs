using System.Text;

using Atalaya.Federation.Requests;

namespace Atalaya.Federation.Tests.Requests;

/// <summary>A document's name can do nothing to who saves it, and its content is what the name says.</summary>
public sealed class DocumentTypeTests
{
    [Theory]
    [InlineData("order.pdf", "order.pdf")]
    [InlineData("Order 7/2026.PDF", "2026.pdf")]
    [InlineData("..\\..\\x\\order.txt", "order.txt")]
    [InlineData("\u202eexe.order\u0007.txt", "exe.order.txt")]
    [InlineData("  .hidden . .odt", "hidden.odt")]
    [InlineData("a:b*c?.csv", "abc.csv")]
    [InlineData("أمر المحكمة.pdf", "أمر المحكمة.pdf")]
    [InlineData("gate.mp4", null)]
    [InlineData("order.pdf.exe", null)]
    [InlineData(".pdf", null)]
    [InlineData("order", null)]
    [InlineData("", null)]
    public void Names_are_made_safe_or_refused(string given, string? name) => DocumentType.NameOf(given).ShouldBe(name);

    [Fact]
    public void A_safe_name_is_its_own_and_never_too_long()
    {
        string name = DocumentType.NameOf(string.Concat(Enumerable.Repeat("😀", 200)) + ".docx")!;
        name.Length.ShouldBeLessThanOrEqualTo(RequestCase.MaxFileName);
        DocumentType.NameOf(name).ShouldBe(name);
        var random = new Random(7);
        for (int i = 0; i < 2000; i++)
        {
            string given = new([.. Enumerable.Range(0, random.Next(1, 200)).Select(_ => (char)random.Next(random.Next(2) == 0 ? 128 : 0x10000))]);
            if (DocumentType.NameOf(given + ".txt") is not { } safe)
                continue;
            DocumentType.NameOf(safe).ShouldBe(safe, given);
            RequestCase.IsSound(new(new('a', 32), safe, 1, new('b', 64))).ShouldBeTrue(given);
        }

        RequestCase.IsSound(new(new('a', 32), "../x.pdf", 1, new('b', 64))).ShouldBeFalse();
        RequestCase.IsSound(new(new('a', 32), "x.exe", 1, new('b', 64))).ShouldBeFalse();
        RequestCase.IsSound(new(new('a', 32), "x.pdf", 0, new('b', 64))).ShouldBeFalse();
    }

    [Fact]
    public void Content_is_what_the_name_says()
    {
        var text = DocumentType.Of("a.txt")!;
        text.Fits("Orden n.º 7\r\n"u8).ShouldBeTrue();
        text.Fits(Encoding.UTF8.GetBytes("أمر").AsSpan()[..^1]).ShouldBeTrue("the head may cut a letter");
        text.Fits([0x4D, 0x5A, 0x90, 0]).ShouldBeFalse();
        text.Fits([0xFF, 0xFE, 0x41]).ShouldBeFalse();
        DocumentType.Of("a.pdf")!.Fits("%PDF-1.7"u8).ShouldBeTrue();
        foreach (var type in DocumentType.All)
            type.Fits([0, 0, 0, 0x18, (byte)'f', (byte)'t', (byte)'y', (byte)'p']).ShouldBeFalse(type.Ending);
    }
}
