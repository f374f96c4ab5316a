using System.Net;
using System.Text;

using Atalaya.Incidents;

namespace Atalaya.Federation.Agreements;

/// <summary>A paragraph of an agreement as people read it.</summary>
/// <param name="Key">What it is of, as <c>clauses/2.1</c>: the same in every version.</param>
/// <param name="Number">Of the clause; empty: it has none.</param>
/// <param name="Text">In the parties' own words, or a heading; empty: the sentences say it.</param>
public sealed record PageEntry(string Key, string Number, string Text, IReadOnlyList<string> Sentences);

public sealed record PageSection(string Heading, IReadOnlyList<PageEntry> Entries);

/// <summary>A paragraph that differs between two versions; null: it wasn't there, or isn't any more.</summary>
public sealed record PageChange(PageEntry? Before, PageEntry? After);

/// <summary>An agreement as a page in one language: all that decides, as sentences.</summary>
/// <param name="IsRightToLeft">Of its language.</param>
public sealed record AgreementPage(string Title, string Version, Language Language, bool IsRightToLeft, IReadOnlyList<PageSection> Sections)
{
    public static AgreementPage Of(Agreement agreement, Language language)
    {
        var page = new Pass(agreement, language);
        return new(agreement.Title.For(language), page.Say("version", agreement.Version), language, language == Language.Ar, page.All());
    }

    /// <summary>What a version says otherwise than the one before, in the order of the page; what is gone stands last.</summary>
    public static IReadOnlyList<PageChange> Changes(Agreement before, Agreement after, Language language)
    {
        var old = Of(before, language).Sections.SelectMany(s => s.Entries).ToDictionary(e => e.Key, StringComparer.Ordinal);
        var changes = new List<PageChange>();
        foreach (var entry in Of(after, language).Sections.SelectMany(s => s.Entries))
        {
            if (!old.Remove(entry.Key, out var was))
                changes.Add(new(null, entry));
            else if (was.Number != entry.Number || was.Text != entry.Text || !was.Sentences.SequenceEqual(entry.Sentences, StringComparer.Ordinal))
                changes.Add(new(was, entry));
        }

        return [.. changes, .. old.Values.Select(e => new PageChange(e, null))];
    }

    /// <summary>As a file by itself, to be read and printed anywhere; no script, nothing from elsewhere.</summary>
    public string ToHtml()
    {
        var html = new StringBuilder();
        html.Append($"""
            <!doctype html>
            <html lang="{Language.ToString().ToLowerInvariant()}" dir="{(IsRightToLeft ? "rtl" : "ltr")}">
            <head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{Encode(Title)}</title>
            <style>body{"{font:16px/1.5 'Noto Sans Arabic',system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem}h2{margin-top:2rem}p{margin:.25rem 0}section div{margin:.75rem 0}code{overflow-wrap:anywhere}"}</style></head>
            <body><h1>{Encode(Title)}</h1><p>{Encode(Version)}</p>

            """);
        foreach (var section in Sections)
        {
            html.Append($"<section><h2>{Encode(section.Heading)}</h2>\n");
            foreach (var entry in section.Entries)
            {
                html.Append("<div>");
                if (entry.Number.Length + entry.Text.Length > 0)
                    html.Append($"<p><strong>{(entry.Number.Length > 0 ? $"<bdi>{Encode(entry.Number)}</bdi> " : "")}{Encode(entry.Text)}</strong></p>");
                foreach (string sentence in entry.Sentences)
                    html.Append($"<p dir=\"auto\">{Encode(sentence)}</p>");
                html.Append("</div>\n");
            }

            html.Append("</section>\n");
        }

        return html.Append("</body></html>\n").ToString();

        static string Encode(string text) => WebUtility.HtmlEncode(text);
    }

    /// <summary>What a clause says, without its own words.</summary>
    public static IReadOnlyList<string> Sentences(Agreement agreement, Clause clause, Language language) => [.. new Pass(agreement, language).Clause(clause)];

    sealed class Pass(Agreement agreement, Language language)
    {
        public string Say(string key, params IReadOnlyList<object> values) => AgreementWords.Sentence(new(key, values), language);

        public PageSection[] All() =>
        [
            Section("headParties", agreement.Parties.Select(p => new PageEntry(
                $"parties/{p.Organisation}", "", p.Name.For(language), [p.Organisation, Say("partySigns", p.SignedFor), Say("partyKey", p.Key)]))),
            Section("headInstruments", agreement.Instruments.Select(i => new PageEntry($"instruments/{i.Id}", "", i.Title.For(language), i.Reference.Length > 0 ? [i.Reference] : []))),
            Section("headPurposes", agreement.Purposes.Select(p => new PageEntry($"purposes/{p.Id}", "", p.Text.For(language), []))),
            Section("headCategories", agreement.Categories.Select((c, i) => new PageEntry($"categories/{c.Id}", $"{i + 1}", c.Text.For(language), []))),
            Section("headClauses", agreement.Clauses.OrderBy(c => c.Id, ClauseOrder.Instance)
                .Select(c => new PageEntry($"clauses/{c.Id}", c.Id, c.Text?.For(language) ?? "", [.. Clause(c)]))
                .Append(new("clauses", "", "", [Say("defaultDeny")]))),
            Section("headGrounds", agreement.Grounds.Select(g => new PageEntry($"grounds/{g.Id}", "", "", [Say("clauseGround", g.Kind, g.Text)]))),
            Section("headRequests", agreement.Requests.Select(r => new PageEntry(
                $"requests/{r.Kind}", "", AgreementWords.Word(r.Kind, language), [Say("requestTimes", r.UrgentHours, r.PromptHours, r.RoutineHours)]))),
            Section("headGrading",
            [
                new("grading", "", "",
                [
                    Say("gradingSources", agreement.Grading.Sources.Count > 0 ? agreement.Grading.Sources : Enum.GetValues<SourceGrade>()),
                    Say("gradingInformation", agreement.Grading.WorstInformation),
                ]),
            ]),
            Section("headTerm",
            [
                new("term", "", "",
                [
                    Say("termFrom", agreement.Start),
                    agreement.End is { } end ? Say("termTo", end) : Say("termOpen"),
                    Say("termNotice", agreement.NoticeMonths),
                    .. agreement.ReviewMonths > 0 ? [Say("termReviewed", agreement.ReviewMonths)] : Array.Empty<string>(),
                ]),
            ]),
        ];

        public IEnumerable<string> Clause(Clause clause)
        {
            object what = clause.What.Count > 0 ? clause.What : new Reason("everything");
            bool allows = clause.Effect == ClauseEffect.Allow;
            yield return clause.From.Count == 1 ? Say(allows ? "clauseAllow" : "clauseDeny", clause.From, what) : Say(allows ? "clauseAllowEither" : "clauseDenyEither", what);
            if (clause.Purposes.Count > 0)
                yield return Say("clausePurposes", TextsOf(clause.Purposes, agreement.Purposes));
            if (clause.IncidentTypes.Count > 0)
                yield return Say("clauseIncidents", clause.IncidentTypes.Select(t => Enum.Parse<IncidentType>(t, ignoreCase: true)));
            if (clause.Categories.Count > 0)
                yield return Say("clauseCategories", TextsOf(clause.Categories, agreement.Categories));
            if (clause.Sites.Count > 0)
                yield return Say("clauseSites", clause.Sites);
            if (clause.Cameras.Count > 0)
                yield return Say("clauseCameras", clause.Cameras);
            if (clause.Requests.Count > 0)
                yield return Say("clauseRequests", clause.Requests);
            if (clause.RescueOnly)
                yield return Say("clauseRescue");
            if (clause.ExceptRescue)
                yield return Say("clauseExceptRescue");
            if (agreement.Grounds.FirstOrDefault(g => g.Id == clause.Ground) is { } ground)
                yield return Say("clauseGround", ground.Kind, ground.Text);
            if (clause.Terms is not { } terms)
                yield break;
            // Terms that concern none of what the clause is about aren't told.
            var kinds = clause.What.Count > 0 ? clause.What : Enum.GetValues<ShareKind>();
            foreach (var reason in kinds.SelectMany(k => AgreementWords.TermsOf(terms, k)).DistinctBy(r => r.Key))
                yield return AgreementWords.Sentence(reason, language);
        }

        PageSection Section(string heading, IEnumerable<PageEntry> entries) => new(AgreementWords.In(heading, language), [.. entries]);

        static IEnumerable<Words> TextsOf(IReadOnlyList<string> ids, IReadOnlyList<Term> terms) => ids.Select(id => terms.First(t => t.Id == id).Text);
    }
}
