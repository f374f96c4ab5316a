using Atalaya.Evidence;
using Atalaya.Federation.Agreements;
using Atalaya.Federation.Grants;

namespace Atalaya.Federation.Tests.Grants;

public sealed class ReceiptCheckTests : IDisposable
{
    static readonly string Grant = Guid.Parse("0196a0b4-7c00-7000-8000-0000000000ff").ToString();

    readonly NoteSigner _owner = GrantExamples.Signer("norte.example", 1), _receiver = GrantExamples.Signer("sur.example", 2);
    readonly List<ShareDocument> _documents = [];
    int _last;

    static DateTimeOffset Noon => GrantExamples.Noon;

    public void Dispose()
    {
        _owner.Dispose();
        _receiver.Dispose();
    }

    ShareDocument State(ShareAct act, DateTimeOffset at, string about = "", bool file = false, ShareTerms? terms = null)
    {
        var document = new ShareDocument(
            new Guid(++_last, 0, 0, new byte[8]).ToString(), Grant, act, act <= ShareAct.Ended ? GrantExamples.Owner : GrantExamples.Receiver, at, about, file ? GrantExamples.Sha256 : "", file ? 1000 : null,
            Terms: terms);
        _documents.Add(document);
        return document;
    }

    string DigestOf(ShareDocument document) => ShareDocument.DigestOf(document.Text());

    /// <summary>A clip that was given, fetched, looked at and deleted in time.</summary>
    void Clip()
    {
        var given = State(ShareAct.Given, Noon, terms: GrantExamples.Terms());
        var sent = State(ShareAct.Sent, Noon.AddMinutes(1), file: true);
        State(ShareAct.Received, Noon.AddMinutes(2), DigestOf(given), file: true);
        State(ShareAct.Used, Noon.AddMinutes(3));
        State(ShareAct.Ended, Noon.AddHours(2));
        State(ShareAct.Deleted, Noon.AddDays(30), file: true);
    }

    string Sign(ShareDocument document)
    {
        var note = new SignedNote(document.Text(), []);
        var signer = document.IsDisclosure ? _owner : _receiver;
        return (note with { Signatures = [signer.Sign(note.TextBytes, document.At)] }).ToString();
    }

    ShareBundle Bundle(bool owner, IEnumerable<ShareDocument>? documents = null, DateTimeOffset? at = null, bool proofs = true)
    {
        var signer = owner ? _owner : _receiver;
        ShareDocument[] those = [.. documents ?? _documents];
        var proven = GrantExamples.Prove(signer, [.. those.Select(d => $$"""{"document":"{{DigestOf(d)}}"}""")]);
        var bundle = new ShareBundle(
            owner ? GrantExamples.Owner : GrantExamples.Receiver, owner ? GrantExamples.Receiver : GrantExamples.Owner, signer.Key, KeyHistory.Empty, at ?? Noon.AddDays(31),
            [.. those.Select((d, i) => new BundledNote(Sign(d), proofs ? proven[i] : null))]);
        // As a file, as everybody has it.
        ShareBundle.TryParse(bundle.ToBytes(), out var read).ShouldBeTrue();
        return read;
    }

    ReceiptReport Run(ShareBundle a, ShareBundle b) => ReceiptCheck.Run(a, b, [_owner.Key, _receiver.Key]);

    [Fact]
    public void Two_honest_sides_agree_from_either()
    {
        Clip();
        var report = Run(Bundle(owner: true), Bundle(owner: false));
        report.Findings.ShouldBeEmpty();
        report.Verdict.ShouldBe(ReceiptVerdict.Agrees);
        (report.Grants, report.Given, report.Sent, report.Received, report.Used, report.Deleted).ShouldBe((1, 1, 1, 1, 1, 1));
        Run(Bundle(owner: false), Bundle(owner: true)).ShouldBeEquivalentTo(report);
    }

    [Fact]
    public void A_card_that_was_refused_has_been_seen_and_both_say_so()
    {
        var given = State(ShareAct.Given, Noon, terms: GrantExamples.Terms() with { What = ShareKind.IncidentCard });
        var refused = State(ShareAct.Refused, Noon.AddSeconds(2), DigestOf(given), file: true);
        var report = Run(Bundle(owner: true), Bundle(owner: false));
        report.Findings.ShouldBeEmpty();
        (report.Verdict, report.Given, report.Received, report.Refused).ShouldBe((ReceiptVerdict.Agrees, 1, 0, 1));
        // Papers without the refusal lack something; one of something else, or of what was had, contradicts.
        Run(Bundle(owner: true), Bundle(owner: false, [given])).Verdict.ShouldBe(ReceiptVerdict.Disagrees);
        Run(Bundle(owner: true, [given]), Bundle(owner: false)).Verdict.ShouldBe(ReceiptVerdict.Incomplete);
        _documents[1] = refused with { About = new('a', 64) };
        Run(Bundle(owner: true), Bundle(owner: false)).Findings.ShouldContain(f => f.What.Contains("refused something else"));
        _documents[1] = refused;
        State(ShareAct.Received, Noon.AddSeconds(3), DigestOf(given), file: true);
        Run(Bundle(owner: true), Bundle(owner: false)).Findings.ShouldContain(f => f.What.Contains("that it had it"));
    }

    [Fact]
    public void A_card_goes_with_the_message_that_gives_it_and_a_clip_must_have_been_sent()
    {
        foreach (var (what, verdict) in new[] { (ShareKind.IncidentCard, ReceiptVerdict.Agrees), (ShareKind.Clip, ReceiptVerdict.Disagrees) })
        {
            _documents.Clear();
            var given = State(ShareAct.Given, Noon, terms: GrantExamples.Terms(what));
            State(ShareAct.Received, Noon.AddMinutes(2), DigestOf(given), file: true);
            State(ShareAct.Deleted, Noon.AddDays(30), file: true);
            Run(Bundle(owner: true), Bundle(owner: false)).Verdict.ShouldBe(verdict, $"{what}");
        }
    }

    [Fact]
    public void A_side_that_hides_what_it_signed_is_found_out_and_one_that_has_not_got_it_is_not_accused()
    {
        Clip();
        Run(Bundle(owner: true), Bundle(owner: false, _documents.Where(d => d.Act != ShareAct.Deleted))).Verdict.ShouldBe(ReceiptVerdict.Disagrees);
        var late = Run(Bundle(owner: true, _documents.Where(d => d.Act != ShareAct.Used)), Bundle(owner: false));
        late.Verdict.ShouldBe(ReceiptVerdict.Incomplete);
        late.Findings.ShouldHaveSingleItem().What.ShouldStartWith($"{GrantExamples.Owner} doesn't have 'used");
    }

    [Fact]
    public void Two_truths_under_one_number_are_a_contradiction()
    {
        Clip();
        ShareDocument[] other = [.. _documents.Select(d => d.Act == ShareAct.Sent ? d with { At = d.At.AddMinutes(5) } : d)];
        var report = Run(Bundle(owner: true), Bundle(owner: false, other));
        report.Verdict.ShouldBe(ReceiptVerdict.Disagrees);
        report.Findings[0].What.ShouldContain("signed two different documents");
    }

    [Fact]
    public void Every_single_document_that_is_missing_on_both_sides_or_changed_is_told()
    {
        Clip();
        foreach (var missing in _documents.Where(d => d.Act is not (ShareAct.Used or ShareAct.Ended)))
        {
            var rest = _documents.Where(d => d != missing);
            Run(Bundle(owner: true, rest), Bundle(owner: false, rest)).Verdict.ShouldNotBe(ReceiptVerdict.Agrees, $"{missing.Act}");
        }
    }

    [Fact]
    public void What_is_kept_or_looked_at_beyond_its_time_is_told()
    {
        Clip();
        ShareDocument Late(ShareDocument d, ShareAct act, DateTimeOffset at) => d.Act == act ? d with { At = at } : d;
        foreach (var changed in (ShareDocument[][])[
            [.. _documents.Select(d => Late(d, ShareAct.Deleted, Noon.AddDays(30).AddHours(2)))],
            [.. _documents.Select(d => Late(d, ShareAct.Used, Noon.AddDays(30).AddMinutes(1)))],
            [.. _documents.Select(d => Late(d, ShareAct.Sent, Noon.AddHours(2)))],
            [.. _documents.Select(d => d.Act == ShareAct.Received ? d with { Sha256 = new('b', 64) } : d)],
        ])
            Run(Bundle(owner: true, changed), Bundle(owner: false, changed)).Verdict.ShouldBe(ReceiptVerdict.Disagrees);
    }

    [Fact]
    public void Live_pictures_answer_each_other_one_by_one()
    {
        var given = State(ShareAct.Given, Noon, terms: GrantExamples.Terms(ShareKind.Live));
        State(ShareAct.Received, Noon.AddSeconds(1), DigestOf(given));
        var sent = State(ShareAct.Sent, Noon.AddMinutes(5));
        var used = State(ShareAct.Used, Noon.AddMinutes(5), DigestOf(sent));
        State(ShareAct.Revoked, Noon.AddMinutes(20));
        Run(Bundle(owner: true), Bundle(owner: false)).Verdict.ShouldBe(ReceiptVerdict.Agrees);
        ShareDocument[] silent = [.. _documents.Where(d => d != used)];
        Run(Bundle(owner: true, silent), Bundle(owner: false, silent)).Verdict.ShouldBe(ReceiptVerdict.Incomplete);
        ShareDocument[] alone = [.. _documents.Where(d => d != sent)];
        Run(Bundle(owner: true, alone), Bundle(owner: false, alone)).Verdict.ShouldBe(ReceiptVerdict.Disagrees);
        ShareDocument[] after = [.. _documents.Select(d => d == sent ? d with { At = Noon.AddMinutes(21) } : d)];
        Run(Bundle(owner: true, after), Bundle(owner: false, after)).Verdict.ShouldBe(ReceiptVerdict.Disagrees);
    }

    [Fact]
    public void Without_leaves_it_is_incomplete_and_with_a_leaf_of_something_else_it_is_false()
    {
        Clip();
        Run(Bundle(owner: true, proofs: false), Bundle(owner: false)).Verdict.ShouldBe(ReceiptVerdict.Incomplete);
        var good = Bundle(owner: true);
        var swapped = good with { Notes = [good.Notes[0] with { Proof = good.Notes[1].Proof }, .. good.Notes.Skip(1)] };
        Run(swapped, Bundle(owner: false)).Verdict.ShouldBe(ReceiptVerdict.Disagrees);
    }

    [Fact]
    public void A_key_is_not_believed_for_being_in_the_file()
    {
        Clip();
        ReceiptCheck.Run(Bundle(owner: true), Bundle(owner: false), [_owner.Key]).Verdict.ShouldBe(ReceiptVerdict.UnknownSigner);
    }

    [Fact]
    public void A_document_that_the_other_side_did_not_sign_is_told()
    {
        Clip();
        var good = Bundle(owner: true);
        using var forger = GrantExamples.Signer("sur.example", 9);
        var receipt = new SignedNote(_documents[2].Text(), []);
        string forged = (receipt with { Signatures = [forger.Sign(receipt.TextBytes, Noon), _owner.Sign(receipt.TextBytes, Noon)] }).ToString();
        Run(good with { Notes = [.. good.Notes.Select((n, i) => i == 2 ? n with { Note = forged } : n)] }, Bundle(owner: false)).Verdict.ShouldBe(ReceiptVerdict.Disagrees);
    }
}
