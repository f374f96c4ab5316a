using System.Text.Json;

using Atalaya.Evidence;
using Atalaya.Federation.Agreements;

namespace Atalaya.Federation.Grants;

/// <summary>How two sides' papers compare, from the best to the worst.</summary>
public enum ReceiptVerdict
{
    /// <summary>What was sent, received, used and deleted agrees.</summary>
    Agrees,

    /// <summary>Nothing contradicts, but something is missing yet: a receipt, a leaf, a deletion that is due.</summary>
    Incomplete,

    /// <summary>Signed with a key that isn't known.</summary>
    UnknownSigner,

    /// <summary>The two say different things, or something was changed, used beyond its end or kept beyond its time.</summary>
    Disagrees,
}

/// <summary>Something about one grant that a person should read.</summary>
/// <param name="Grant">Its id; empty: of a bundle as a whole.</param>
/// <param name="What">A sentence.</param>
public sealed record ReceiptFinding(ReceiptVerdict Verdict, string Grant, string What);

/// <summary>What came of it.</summary>
/// <param name="Grants">That either side speaks of.</param>
/// <param name="Given">How often something was given.</param>
/// <param name="Sent">How often the owner let it be had.</param>
/// <param name="Used">How often the receiver says somebody looked.</param>
/// <param name="Deleted">How many the receiver says it deleted.</param>
/// <param name="Refused">How many the receiver has seen and didn't take.</param>
/// <param name="Findings">Worst first.</param>
public sealed record ReceiptReport(ReceiptVerdict Verdict, int Grants, int Given, int Sent, int Received, int Used, int Deleted, int Refused, IReadOnlyList<ReceiptFinding> Findings);

/// <summary>
/// Whether two organisations' papers about what they let each other have agree. Believes nothing but the two keys: each document must be signed by the key of who states it, be in both bundles to the
/// byte, have a leaf in the bundle owner's log, and fit what the others say.
/// </summary>
public static class ReceiptCheck
{
    /// <summary>How late a deletion may be stated: a node looks every few seconds, and may be off for a while.</summary>
    static readonly TimeSpan Lateness = TimeSpan.FromHours(1);

    /// <summary>How far two sides' clocks may differ.</summary>
    static readonly TimeSpan Skew = TimeSpan.FromSeconds(10);

    /// <param name="known">Keys that are believed; those of the bundles themselves aren't by being there.</param>
    public static ReceiptReport Run(ShareBundle a, ShareBundle b, IReadOnlyList<NoteKey> known)
    {
        var findings = new List<ReceiptFinding>();
        if (a.Organisation == b.Organisation || a.Partner != b.Organisation || b.Partner != a.Organisation)
            findings.Add(new(ReceiptVerdict.Disagrees, "", $"One is {a.Organisation}'s of {a.Partner}, the other {b.Organisation}'s of {b.Partner}: they aren't the two sides of one link."));
        var keys = new Dictionary<string, IReadOnlyList<NoteKey>>(StringComparer.Ordinal);
        foreach (var side in (ShareBundle[])[a, b])
        {
            // From the known key on, as its own statements lead: what was signed before a change stays believed.
            if (known.Select(side.Keys.Follow).FirstOrDefault(f => f[^1].ToString() == side.Key.ToString()) is { } followed)
                keys[side.Organisation] = followed;
            else
                findings.Add(new(ReceiptVerdict.UnknownSigner, "", $"The key of {side.Organisation}, {side.Key}, isn't known here. Compare it with one that you have from them, and keep it."));
        }

        var (ofA, ofB) = (Read(a, keys, findings), Read(b, keys, findings));
        Compare(a, ofA, ofB, b, findings);
        var all = ofA.Concat(ofB.Where(d => !ofA.ContainsKey(d.Key))).Select(d => d.Value).ToArray();
        var asOf = a.At < b.At ? a.At : b.At;
        var grants = all.GroupBy(d => d.Document.Grant, StringComparer.Ordinal).ToArray();
        foreach (var grant in grants)
            Check([.. grant.Select(d => d.Document).OrderBy(d => d.At).ThenBy(d => d.Act)], asOf, findings);
        int Count(ShareAct act) => all.Count(d => d.Document.Act == act);
        return new(
            findings.Count == 0 ? ReceiptVerdict.Agrees : findings.Max(f => f.Verdict), grants.Length, Count(ShareAct.Given), Count(ShareAct.Sent), Count(ShareAct.Received), Count(ShareAct.Used),
            Count(ShareAct.Deleted), Count(ShareAct.Refused), [.. findings.OrderByDescending(f => f.Verdict).ThenBy(f => f.Grant, StringComparer.Ordinal)]);
    }

    static Dictionary<(string By, string Id), (ShareDocument Document, string Text)> Read(ShareBundle bundle, Dictionary<string, IReadOnlyList<NoteKey>> keys, List<ReceiptFinding> findings)
    {
        var read = new Dictionary<(string, string), (ShareDocument, string)>();
        foreach (var (text, proof) in bundle.Notes)
        {
            if (!SignedNote.TryParse(System.Text.Encoding.UTF8.GetBytes(text), out var note) || !ShareDocument.TryParse(note.Text, out var document))
            {
                findings.Add(new(ReceiptVerdict.Disagrees, "", $"{bundle.Organisation} has something that is no disclosure and no receipt."));
                continue;
            }

            if (document.By != bundle.Organisation && document.By != bundle.Partner)
                findings.Add(new(ReceiptVerdict.Disagrees, document.Grant, $"{bundle.Organisation} has a document of {document.By}, who is neither side."));
            // An unknown key was told already, once.
            else if (keys.TryGetValue(document.By, out var theirs) && !note.TryVerify(theirs, out _))
                findings.Add(new(ReceiptVerdict.Disagrees, document.Grant, $"{bundle.Organisation} has '{Say(document)}', which {document.By} didn't sign with its key."));
            if (read.TryGetValue((document.By, document.Id), out var other))
            {
                findings.Add(new(ReceiptVerdict.Disagrees, document.Grant, other.Item2 == note.Text
                    ? $"{bundle.Organisation} has '{Say(document)}' twice." : $"{document.By} signed two different documents with the number {document.Id}."));
                continue;
            }

            read[(document.By, document.Id)] = (document, note.Text);
            if (proof is null)
                findings.Add(new(ReceiptVerdict.Incomplete, document.Grant, $"{bundle.Organisation} shows no leaf of its log for '{Say(document)}'."));
            else if (keys.TryGetValue(bundle.Organisation, out var own) && proof.Check(own, out string why) != RecordVerdict.Proven)
                findings.Add(new(ReceiptVerdict.Disagrees, document.Grant, $"{bundle.Organisation}'s leaf for '{Say(document)}' isn't proven: {why}."));
            else if (!Names(proof.Record, ShareDocument.DigestOf(note.Text)))
                findings.Add(new(ReceiptVerdict.Disagrees, document.Grant, $"{bundle.Organisation}'s leaf for '{Say(document)}' is of something else."));
        }

        return read;
    }

    // The record of a document holds the digest of its text.
    static bool Names(string record, string digest)
    {
        try
        {
            using var json = JsonDocument.Parse(record, new() { MaxDepth = 8 });
            return json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("document", out var of) && of.ValueKind == JsonValueKind.String && of.GetString() == digest;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    static void Compare(
        ShareBundle a, Dictionary<(string By, string Id), (ShareDocument Document, string Text)> ofA, Dictionary<(string By, string Id), (ShareDocument Document, string Text)> ofB, ShareBundle b,
        List<ReceiptFinding> findings)
    {
        foreach (var (key, here) in ofA)
        {
            if (!ofB.TryGetValue(key, out var there))
                findings.Add(Lacks(b, here.Document));
            else if (here.Text != there.Text)
                findings.Add(new(ReceiptVerdict.Disagrees, here.Document.Grant, $"{key.By} signed two different documents with the number {key.Id}: '{Say(here.Document)}' and '{Say(there.Document)}'."));
        }

        findings.AddRange(ofB.Where(d => !ofA.ContainsKey(d.Key)).Select(d => Lacks(a, d.Value.Document)));

        // What was stated a moment before the other's papers were made may be on its way.
        static ReceiptFinding Lacks(ShareBundle who, ShareDocument document) => who.Organisation == document.By
            ? new(ReceiptVerdict.Disagrees, document.Grant, $"{document.By} has signed '{Say(document)}', and doesn't show it.")
            : new(ReceiptVerdict.Incomplete, document.Grant, $"{who.Organisation} doesn't have '{Say(document)}' of {document.By}.");
    }

    static void Check(ShareDocument[] documents, DateTimeOffset asOf, List<ReceiptFinding> findings)
    {
        void Add(ReceiptVerdict verdict, string what) => findings.Add(new(verdict, documents[0].Grant, what));
        ShareDocument[] Of(ShareAct act) => [.. documents.Where(d => d.Act == act)];
        if (Of(ShareAct.Given) is not [{ Terms: { } terms } given])
        {
            Add(ReceiptVerdict.Disagrees, Of(ShareAct.Given).Length == 0 ? "Nobody shows that it was given." : "It was given more than once.");
            return;
        }

        foreach (var document in documents.Where(d => d.By != (d.IsDisclosure ? terms.From : terms.To)))
            Add(ReceiptVerdict.Disagrees, $"'{Say(document)}' isn't {document.By}'s to state.");
        var end = documents.Where(d => d.Act is ShareAct.Revoked or ShareAct.Ended).Select(d => (DateTimeOffset?)d.At).Min() is { } stopped && stopped < terms.Expires ? stopped : terms.Expires;
        ShareDocument[] received = Of(ShareAct.Received), refused = Of(ShareAct.Refused);
        if (received.Length == 0 && refused.Length == 0)
            Add(ReceiptVerdict.Incomplete, $"{terms.To} hasn't confirmed that it knows of what was given.");
        string digest = ShareDocument.DigestOf(given.Text());
        if (received.Any(r => r.About != digest))
            Add(ReceiptVerdict.Disagrees, $"{terms.To} confirmed something else than what {terms.From} gave.");
        if (refused.Any(r => r.About != digest))
            Add(ReceiptVerdict.Disagrees, $"{terms.To} refused something else than what {terms.From} gave.");
        if (refused.Length > 0 && documents.Any(d => d.Act is ShareAct.Received or ShareAct.Used or ShareAct.Deleted))
            Add(ReceiptVerdict.Disagrees, $"{terms.To} says that it refused it, and that it had it.");
        if (terms.Sha256.Length > 0)
        {
            if (documents.Any(d => d.Act is ShareAct.Sent or ShareAct.Received or ShareAct.Deleted && d.Sha256.Length > 0 && (d.Sha256 != terms.Sha256 || (d.Bytes ?? terms.Bytes) != terms.Bytes)))
                Add(ReceiptVerdict.Disagrees, "What was sent, received or deleted isn't the file that was given.");
            // A card goes with the message that gives it; what is fetched is stated when it is.
            if (terms.What != ShareKind.IncidentCard && received.Any(r => r.Sha256.Length > 0) && Of(ShareAct.Sent).Length == 0)
                Add(ReceiptVerdict.Disagrees, $"{terms.To} has the file, and {terms.From} never sent it.");
        }

        foreach (var sent in Of(ShareAct.Sent).Where(s => s.At < terms.Begins || s.At >= end))
            Add(ReceiptVerdict.Disagrees, $"{terms.From} let it be had at {sent.At:u}, when the grant wasn't open.");
        // A file is looked at as long as it may be kept; pictures through the link only while they come.
        var last = terms.Sha256.Length == 0 ? end : Of(ShareAct.Revoked).Select(d => d.At).Append(terms.KeepUntil ?? DateTimeOffset.MaxValue - Skew).Min();
        foreach (var used in Of(ShareAct.Used).Where(u => u.At > last + Skew))
            Add(ReceiptVerdict.Disagrees, $"{terms.To} looked at {used.At:u}, after it might.");
        var sentences = Of(ShareAct.Sent).Select(s => ShareDocument.DigestOf(s.Text())).ToHashSet(StringComparer.Ordinal);
        foreach (var used in Of(ShareAct.Used).Where(u => u.About.Length > 0))
        {
            if (!sentences.Remove(used.About))
                Add(ReceiptVerdict.Disagrees, $"{terms.To} looked at {used.At:u} at what {terms.From} doesn't say it sent.");
        }

        if (terms.Sha256.Length == 0 && sentences.Count > 0)
            Add(ReceiptVerdict.Incomplete, $"{terms.From} let pictures be had {sentences.Count} times that {terms.To} says nothing of.");
        Deletion(terms, documents, asOf, Add);
    }

    static void Deletion(ShareTerms terms, ShareDocument[] documents, DateTimeOffset asOf, Action<ReceiptVerdict, string> add)
    {
        if (!documents.Any(d => d.Act == ShareAct.Received && d.Sha256.Length > 0))
            return;     // It never had anything.
        DateTimeOffset? due = documents.Where(d => d.Act == ShareAct.Revoked).Select(d => (DateTimeOffset?)d.At).Append(terms.KeepUntil).Min();
        var deleted = documents.Where(d => d.Act == ShareAct.Deleted).ToArray();
        if (due is not { } by)
            return;
        if (deleted.Length == 0)
        {
            if (asOf > by + Lateness)
                add(ReceiptVerdict.Disagrees, $"{terms.To} should have deleted it by {by:u}, and doesn't say it did.");
            return;
        }

        if (documents.Any(d => d.Act == ShareAct.Used && d.At > deleted.Min(e => e.At) + Skew))
            add(ReceiptVerdict.Disagrees, $"{terms.To} looked at it after it says it deleted it.");
        // A revocation travels: a site may have been cut off. What is kept beyond its own time has no such reason.
        if (terms.KeepUntil is { } until && deleted.Min(e => e.At) > until + Lateness)
            add(ReceiptVerdict.Disagrees, $"{terms.To} kept it {deleted.Min(e => e.At) - until:d\\.hh\\:mm} beyond its time.");
    }

    static string Say(ShareDocument document) => $"{document.Act.ToString().ToLowerInvariant()} at {document.At:u}";
}
