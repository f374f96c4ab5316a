using System.Text;

using Atalaya.Federation.Grants;

namespace Atalaya.Federation.Tests.Grants;

public sealed class ShareDocumentTests
{
    static readonly string One = "0196a0b4-7c00-7000-8000-000000000001", Two = "0196a0b4-7c00-7000-8000-000000000002";

    static ShareDocument Given => new(One, Two, ShareAct.Given, GrantExamples.Owner, GrantExamples.Noon, Terms: GrantExamples.Terms());

    [Fact]
    public void A_disclosure_has_these_bytes()
    {
        // Signed and in logs of two organisations: another spelling needs another format.
        const string text =
            """{"format":"atalaya-disclosure-1","id":"0196a0b4-7c00-7000-8000-000000000001","grant":"0196a0b4-7c00-7000-8000-000000000002","act":"given","by":"Guardia Norte","at":"2031-05-04T12:00:00.000000Z","about":"","sha256":"","bytes":null,"why":"","terms":{"what":"clip","from":"Guardia Norte","to":"شرطة الجنوب","agreement":"convenio/2","clause":"clips-of-crossings","purpose":"prevention","reference":"N-77","incidentType":"smuggling","category":"drugs","request":"footage","grade":"B2","site":"Puerto","camera":"cam-1","title":"Muelle 3","stretchFrom":"2031-05-04T10:00:00.000000Z","stretchTo":"2031-05-04T11:00:00.000000Z","incident":"","begins":"2031-05-04T12:00:00.000000Z","expires":"2031-05-04T14:00:00.000000Z","keepUntil":"2031-06-03T12:00:00.000000Z","masked":true,"watermark":"SHURTA 12345678","handling":"h2","onward":"never","persons":2,"released":false,"bytes":1000,"sha256":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","file":"clip.mp4"}}""";
        Given.Text().ShouldBe(text + "\n");
        ShareDocument.TryParse(text + "\n", out var read).ShouldBeTrue();
        read.ShouldBe(Given);
    }

    [Fact]
    public void A_receipt_has_these_bytes()
    {
        var receipt = new ShareDocument(One, Two, ShareAct.Deleted, GrantExamples.Receiver, GrantExamples.Noon, Sha256: GrantExamples.Sha256, Bytes: 1000, Why: "its time was over");
        receipt.Text().ShouldBe(
            """{"format":"atalaya-receipt-1","id":"0196a0b4-7c00-7000-8000-000000000001","grant":"0196a0b4-7c00-7000-8000-000000000002","act":"deleted","by":"شرطة الجنوب","at":"2031-05-04T12:00:00.000000Z","about":"","sha256":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","bytes":1000,"why":"its time was over"}"""
            + "\n");
        ShareDocument.TryParse(receipt.Text(), out var read).ShouldBeTrue();
        read.ShouldBe(receipt);
    }

    [Theory]
    [InlineData("\"persons\":2", "\"persons\":0")]
    [InlineData("\"persons\":2", "\"persons\":2.0")]
    [InlineData("\"what\":\"clip\"", "\"what\":\"Clip\"")]
    [InlineData("\"what\":\"clip\"", "\"what\":\"4\"")]
    [InlineData("\"masked\":true", "\"masked\":true,\"masked\":true")]
    [InlineData("\"masked\":true", "\"masked\":true,\"more\":1")]
    [InlineData("\"masked\":true,", "")]
    [InlineData("disclosure", "receipt")]
    [InlineData("2031-05-04T14:00", "2031-05-04T11:00")]
    [InlineData("\"format\"", " \"format\"")]
    [InlineData("Muelle 3", "Muelle\\u00203")]
    [InlineData("Muelle 3", "Muelle\\u0000")]
    [InlineData("Muelle 3", "\\ud800")]
    [InlineData("\"sha256\":\"aaaa", "\"sha256\":\"AAAA")]
    public void What_is_written_otherwise_is_none(string was, string becomes) => ShareDocument.TryParse(Given.Text().Replace(was, becomes, StringComparison.Ordinal), out _).ShouldBeFalse();

    [Fact]
    public void No_bytes_at_all_make_it_throw()
    {
        var random = new Random(7);
        byte[] good = Encoding.UTF8.GetBytes(Given.Text());
        for (int i = 0; i < 20_000; i++)
        {
            byte[] bad = [.. good];
            for (int n = random.Next(1, 4); n > 0; n--)
                bad[random.Next(bad.Length)] = (byte)random.Next(256);
            string text = Encoding.UTF8.GetString(bad);
            // One that is read says the same when it is written.
            if (ShareDocument.TryParse(text, out var read))
                read.Text().ShouldBe(text);
        }
    }

    [Fact]
    public void Only_its_writers_key_makes_it_believed()
    {
        using var right = GrantExamples.Signer("norte.example", 1);
        using var wrong = GrantExamples.Signer("norte.example", 2);
        var note = new Evidence.SignedNote(Given.Text(), []);
        string signed = (note with { Signatures = [right.Sign(note.TextBytes, GrantExamples.Noon)] }).ToString();
        ShareDocument.TryRead(signed, [right.Key], out var read).ShouldBeTrue();
        read.ShouldBe(Given);
        ShareDocument.TryRead(signed, [wrong.Key], out _).ShouldBeFalse();
        ShareDocument.TryRead(signed.Replace("\"persons\":2", "\"persons\":3", StringComparison.Ordinal), [right.Key], out _).ShouldBeFalse();
    }
}
