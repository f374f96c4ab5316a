using System.Text;
using System.Text.Json.Nodes;

using Atalaya.Evidence;
using Atalaya.Federation.Agreements;
using Atalaya.Testing;

namespace Atalaya.Federation.Tests.Agreements;

public sealed class DocumentTests
{
    static byte[] Text => File.ReadAllBytes(Path.Combine(RepositoryRoot.Path, "ref/agreement.example.json"));

    [Fact]
    public void The_shipped_example_is_in_canonical_form() =>
        // Whoever signed an agreement signed this spelling: another one needs another format.
        Encoding.UTF8.GetString(AgreementReader.Write(Example.Agreement)).ShouldBe(Encoding.UTF8.GetString(Text));

    [Fact]
    public void What_is_written_is_read_as_the_same()
    {
        for (int seed = 0; seed < 500; seed++)
        {
            var agreement = RandomAgreement.Of(new Random(seed));
            byte[] bytes = AgreementReader.Write(agreement);
            var again = AgreementReader.Read(bytes, out var faults);
            faults.ShouldBeEmpty();
            AgreementReader.Write(again!).ShouldBe(bytes);
        }
    }

    [Fact]
    public void Another_spelling_of_the_same_document_has_the_same_digest()
    {
        string spread = JsonNode.Parse(Text)!.ToJsonString();
        AgreementReader.DigestOf(AgreementReader.Read(Encoding.UTF8.GetBytes(spread), out _)!).ShouldBe(AgreementReader.DigestOf(Example.Agreement));
    }

    [Theory]
    [InlineData("\"clauses\"", "\"clauzes\"", "clauzes", "holds a member")]
    [InlineData("\"noticeMonths\": 6", "\"noticeMonths\": 6, \"noticeMonths\": 7", "noticeMonths", "twice")]
    [InlineData("\"noticeMonths\": 6,", "", "", "lacks members")]
    [InlineData("\"noticeMonths\": 6", "\"noticeMonths\": \"six\"", "noticeMonths", "isn't what is expected")]
    [InlineData("\"version\": 1", "\"version\": 2", "previous", "must be the SHA-256")]
    [InlineData("\"ground\": \"not-needed\"", "\"ground\": \"because\"", "clauses[9].ground", "must be the id of a ground")]
    [InlineData("\"id\": \"2.1\"", "\"id\": \"1.2\"", "clauses[2].id", "twice")]
    [InlineData("log.south.example+", "log.east.example+", "parties[1].key", "must be the key")]
    [InlineData("Saving people in danger", "Saving people\\u202e in danger", "purposes[0].text.en", "invisible")]
    [InlineData("\"effect\": \"deny\"", "\"effect\": \"forbid\"", "clauses[8].effect", "isn't what is expected")]
    [InlineData("\"start\": \"2026-01-01\"", "\"start\": \"1.1.2026\"", "start", "isn't what is expected")]
    [InlineData("\"end\": null", "\"end\": \"2025-01-01\"", "end", "must not be before start")]
    [InlineData("\"urgentHours\": 8", "\"urgentHours\": 0", "requests[0].urgentHours", "must lie between")]
    [InlineData("\"instruments\": [", "\"instruments\": [null,", "instruments", "must not hold null")]
    public void What_is_wrong_is_told_with_its_place(string part, string wrong, string path, string message)
    {
        string text = Encoding.UTF8.GetString(Text);
        int at = text.IndexOf(part, StringComparison.Ordinal);
        at.ShouldBeGreaterThan(0);
        AgreementReader.Read(Encoding.UTF8.GetBytes($"{text[..at]}{wrong}{text[(at + part.Length)..]}"), out var faults).ShouldBeNull();
        faults.ShouldContain(f => f.Path == path && f.Message.Contains(message), string.Join('\n', faults));
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{\"format\":\"atalaya-agreement-1\"")]
    [InlineData("{\"format\":\"\\ud800\"}")]
    public void What_is_no_document_is_refused_with_a_reason(string text)
    {
        AgreementReader.Read(Encoding.UTF8.GetBytes(text), out var faults).ShouldBeNull();
        faults.Count.ShouldBeGreaterThan(0);
    }

    [Fact]
    public void Both_parties_sign_and_nobody_else_does()
    {
        var at = Example.At;
        var offer = SignedAgreement.Unsigned(Example.Agreement);
        offer.SignedBy.ShouldBeEmpty();
        var one = offer.With(Example.North.Sign(offer.Note.TextBytes, at))!;
        one.IsBinding.ShouldBeFalse();
        one.SignedBy.Single().Organisation.ShouldBe("North");
        var both = one.With(Example.South.Sign(offer.Note.TextBytes, at))!;
        both.IsBinding.ShouldBeTrue();
        both.With(Example.South.Sign(offer.Note.TextBytes, at)).ShouldBe(both);

        SignedNote.TryParse(both.Note.ToBytes(), out var note).ShouldBeTrue();
        SignedAgreement.TryRead(Example.Agreement, note, out var read, out string fault).ShouldBeTrue(fault);
        read.IsBinding.ShouldBeTrue();

        // Another document under the same signatures, a false signature, a stranger's.
        var changed = Example.Agreement with { NoticeMonths = 5 };
        SignedAgreement.TryRead(changed, note, out _, out fault).ShouldBeFalse();
        fault.ShouldContain("digest");
        byte[] broken = [.. note.Signatures[0].Bytes];
        broken[5] ^= 1;
        SignedAgreement.TryRead(Example.Agreement, note with { Signatures = [note.Signatures[0] with { Bytes = broken }] }, out _, out fault).ShouldBeFalse();
        fault.ShouldContain("false");
        using var stranger = new NoteSigner("log.east.example", NoteSignatureKind.Ed25519, new byte[32]);
        SignedAgreement.TryRead(Example.Agreement, note with { Signatures = [stranger.Sign(note.TextBytes, at)] }, out _, out fault).ShouldBeFalse();
        fault.ShouldContain("no party");
        offer.With(stranger.Sign(note.TextBytes, at)).ShouldBeNull();
    }

    [Fact]
    public void A_version_names_the_one_before_by_its_digest()
    {
        var next = SignedAgreement.Unsigned(Example.Agreement with { Version = 2, Previous = AgreementReader.DigestOf(Example.Agreement), ReviewMonths = 24 });
        next.Follows(Example.Agreement, out string fault).ShouldBeTrue(fault);
        next.Follows(Example.Agreement with { NoticeMonths = 7 }, out fault).ShouldBeFalse();
        fault.ShouldContain("digests differ");
        next.Follows(next.Agreement, out _).ShouldBeFalse();
        AgreementPage.Changes(Example.Agreement, next.Agreement, Language.En).ShouldHaveSingleItem().After!.Sentences.ShouldContain(s => s.Contains("24"));
    }

    [Fact]
    public void A_denunciation_ends_the_agreement_after_its_notice_and_is_signed_by_who_denounces()
    {
        var denunciation = Denunciation.Of(Example.Agreement, "South", new(2026, 8, 31), "Another one\nreplaces it");
        denunciation.Ends.ShouldBe(new(2027, 2, 28));
        var note = new SignedNote(denunciation.Text, []);
        var signed = note with { Signatures = [Example.South.Sign(note.TextBytes, Example.At)] };
        Denunciation.TryRead(signed, Example.Agreement, out var read, out string fault).ShouldBeTrue(fault);
        read.ShouldBe(denunciation);

        Denunciation.TryRead(note with { Signatures = [Example.North.Sign(note.TextBytes, Example.At)] }, Example.Agreement, out _, out fault).ShouldBeFalse();
        fault.ShouldContain("false");
        var early = new SignedNote((denunciation with { Ends = new(2026, 9, 1) }).Text, []);
        Denunciation.TryRead(early with { Signatures = [Example.South.Sign(early.TextBytes, Example.At)] }, Example.Agreement, out _, out fault).ShouldBeFalse();
        fault.ShouldContain("notice");
        Denunciation.TryRead(signed, Example.Agreement with { ReviewMonths = 6 }, out _, out fault).ShouldBeFalse();
    }

    [Fact]
    public void The_example_has_what_a_convention_has()
    {
        var example = Example.Agreement;
        example.Categories.Count.ShouldBe(18);
        example.Grounds.Select(g => g.Kind).Distinct().Count().ShouldBe(3);
        example.NoticeMonths.ShouldBe(6);
        example.ReviewAfter(new(2026, 6, 1)).ShouldBe(new DateOnly(2027, 1, 1));
        example.AnswerWithin(RequestKind.Footage, Urgency.Urgent).ShouldBe(TimeSpan.FromHours(8));
        example.AnswerWithin(RequestKind.Footage, Urgency.Prompt).ShouldBe(TimeSpan.FromDays(3));
        example.AnswerWithin(RequestKind.Footage, Urgency.Routine).ShouldBe(TimeSpan.FromDays(7));
    }

    [Fact]
    public void It_reads_as_a_page_in_each_language()
    {
        foreach (var language in Enum.GetValues<Language>())
        {
            var page = AgreementPage.Of(Example.Agreement, language);
            page.Sections.Count.ShouldBe(9);
            page.Sections.ShouldAllBe(s => s.Entries.Count > 0 && s.Entries.All(e => e.Number.Length + e.Text.Length + e.Sentences.Count > 0));
            page.Sections[4].Entries.Count.ShouldBe(Example.Agreement.Clauses.Count + 1);
            string html = page.ToHtml();
            html.ShouldContain(language == Language.Ar ? "dir=\"rtl\"" : "dir=\"ltr\"");
            html.ShouldNotContain("<script");
        }

        AgreementPage.Of(Example.Agreement, Language.En).Sections[4].Entries.Single(e => e.Number == "5.2").Sentences
            .ShouldBe(["Neither party gives, whatever other clauses allow: clips, evidence packages.", "Purposes: Safe and orderly crossing of the border.", "Total refusal: It is more than the purpose needs."]);
    }

    [Fact]
    public void Its_own_words_cant_become_markup()
    {
        var evil = Example.Agreement with { Title = new("<script>alert(1)</script>", "a", "b", "c") };
        AgreementPage.Of(evil, Language.En).ToHtml().ShouldNotContain("<script");
    }

    [Fact]
    public void Every_word_of_the_page_is_there_in_four_languages()
    {
        foreach (string key in AgreementWords.Keys)
        {
            foreach (var language in Enum.GetValues<Language>())
                AgreementWords.In(key, language).ShouldNotBeNullOrWhiteSpace(key);
            // The same values in each.
            foreach (var language in Enum.GetValues<Language>())
                Places(AgreementWords.In(key, language)).ShouldBe(Places(AgreementWords.In(key, Language.En)), $"{key} {language}");
        }

        foreach (var value in (Enum[])[.. Values<ShareKind>(), .. Values<RequestKind>(), .. Values<HandlingCode>(), .. Values<SourceGrade>(), .. Values<RefusalKind>(), .. Values<Aspect>(), .. Values<Atalaya.Incidents.IncidentType>()])
            AgreementWords.Word(value, Language.En).ShouldNotBeEmpty();

        static IEnumerable<Enum> Values<T>()
            where T : struct, Enum => Enum.GetValues<T>().Select(v => (Enum)v);

        static string Places(string text) => string.Concat(text.Where((c, i) => i > 0 && text[i - 1] == '{').Order());
    }
}
