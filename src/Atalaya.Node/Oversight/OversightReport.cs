using System.Globalization;
using System.Net;
using System.Text;

using Atalaya.Media;
using Atalaya.Node.Evidence;
using Atalaya.Node.Options;

namespace Atalaya.Node.Oversight;

/// <summary>A period's report as a page that is made for paper: one file, without scripts, pictures or addresses.</summary>
sealed class OversightReport(OversightFigures figures, NodeLog log, NodeOptions options, TimeProvider clock)
{
    // Fonts that have Arabic come first where the system has them; the rest is the printer's.
    internal const string Style = """
        @page { size: A4; margin: 18mm 16mm; @bottom-right { content: counter(page) " / " counter(pages); font: 9pt sans-serif; } }
        body { font: 10pt "Noto Sans", "Noto Sans Arabic", "Noto Naskh Arabic", sans-serif; color: #111; margin: 0 auto; max-width: 180mm; }
        h1 { font-size: 18pt; margin: 0 0 2mm; } h2 { font-size: 12pt; margin: 6mm 0 2mm; border-bottom: .3mm solid #888; break-after: avoid; }
        p { margin: 1mm 0; } .dim { color: #555; } table { border-collapse: collapse; width: 100%; } tr { break-inside: avoid; }
        th, td { text-align: start; padding: .8mm 2mm .8mm 0; border-bottom: .1mm solid #ccc; vertical-align: top; } th { font-weight: 600; } td.n, th.n { text-align: end; font-variant-numeric: tabular-nums; }
        .bar { background: #47709c; height: 2.6mm; print-color-adjust: exact; } .late td { font-weight: 700; }
        pre { font: 7.5pt monospace; white-space: pre-wrap; overflow-wrap: anywhere; direction: ltr; text-align: left; border: .2mm solid #888; padding: 2mm; } bdi { unicode-bidi: isolate; }
        """;

    public async Task<string> HtmlAsync(WallTime from, WallTime to, string language, string by, CancellationToken stop)
    {
        var told = await figures.ReadAsync(from, to, stop);
        var head = await log.HeadAsync(stop);
        var w = new ReportWords(language);
        var page = new StringBuilder($"""
            <!doctype html>
            <html lang="{language}" dir="{w.Direction}"><head><meta charset="utf-8"><title>{w["title"]} · {Text(options.Name)}</title><style>{Style}</style></head><body>
            <h1>{w["title"]}</h1>
            <p><b><bdi>{Text(options.Name)}</bdi></b></p>
            <p>{w["period"]}: <bdi>{Time(told.From)}</bdi> – <bdi>{Time(told.To)}</bdi></p>
            <p class="dim">{w["made"]} <bdi>{Time(clock.GetUtcNow())}</bdi> {w["by"]} <bdi>{Text(by)}</bdi>. {w["utc"]}</p>
            <h2>{w["notable"]}</h2>
            """);
        if (told.Notable.Count == 0)
            page.Append($"<p>{w["nothing"]}</p>");
        else
            Table([], told.Notable.Select(n => new[] { w.Of("notable", n.What) + (n.About.Length > 0 ? $" · <bdi>{Text(n.About)}</bdi>" : ""), Number(n.Count) }));
        Counts("accesses", told.Accesses, n => w.Of("kind", n));
        Counts("users", told.Users, n => n);
        Counts("purposes", told.Purposes, n => n.Length == 0 ? w["noPurposeGiven"] : w.Of("purpose", n));
        page.Append($"<h2>{w["days"]}</h2>");
        long most = Math.Max(1, told.Days.Max(d => d.Accesses));
        Table(["", w["accesses"], w["exports"], w["changes"], ""], told.Days.Select(d => new[]
        {
            $"<bdi>{d.Day}</bdi>", Number(d.Accesses), Number(d.Exports), Number(d.Changes), string.Create(CultureInfo.InvariantCulture, $"<div class=\"bar\" style=\"width:{60.0 * d.Accesses / most:0.#}mm\"></div>"),
        }));
        page.Append($"<h2>{w["retention"]}</h2>");
        Table([w["camera"], w["keep"], w["oldest"], w["held"], w["overdue"], w["removed"]], told.Retention.Select(r => new[]
        {
            $"<bdi>{Text(r.Camera)}</bdi>", r.KeepDays?.ToString("0.##", CultureInfo.InvariantCulture) ?? "–", r.Oldest is { } at ? $"<bdi>{Time(at)}</bdi>" : "–", Number(r.Held), Number(r.Overdue), Number(r.Removed),
        }));
        page.Append($"<p>{w["holds"]}: {Number(told.Holds)}</p>");
        Counts("gaps", told.GapHours, n => w.Of("kind", n));
        Counts("records", told.Records, n => w.Of("kind", n));
        page.Append($"<h2>{w["log"]}</h2>");
        if (head is var (signed, key))
        {
            page.Append($"<p>{w["leaves"]}: {Number(signed.Checkpoint.Size)}</p><p>{w["key"]}: <bdi dir=\"ltr\">{Text(key.ToString())}</bdi></p><p>{w["checkpoint"]}:</p><pre>{Text(signed.Note.ToString())}</pre><p class=\"dim\">{w["check"]}</p>");
        }
        else
        {
            page.Append($"<p><b>{w["logAway"]}</b></p>");
        }

        return page.Append("</body></html>\n").ToString();

        void Counts(string title, IReadOnlyList<CountJson> counts, Func<string, string> name)
        {
            page.Append($"<h2>{w[title]}</h2>");
            if (counts.Count == 0)
                page.Append($"<p>{w["none"]}</p>");
            else
                Table([], counts.Select(c => new[] { $"<bdi>{Text(name(c.Name))}</bdi>", Number(c.Count) }));
        }

        void Table(string[] heads, IEnumerable<string[]> rows)
        {
            page.Append("<table>");
            if (heads.Length > 0)
                page.Append("<thead><tr>").AppendJoin("", heads.Select((h, i) => $"<th{(i == 0 ? "" : " class=\"n\"")}>{h}</th>")).Append("</tr></thead>");
            foreach (string[] row in rows)
                page.Append("<tr>").AppendJoin("", row.Select((c, i) => $"<td{(i == 0 ? "" : " class=\"n\"")}>{c}</td>")).Append("</tr>");
            page.Append("</table>");
        }

        static string Text(string text) => WebUtility.HtmlEncode(text);
        static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture).Replace(",", "\u202f", StringComparison.Ordinal);
        static string Time(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);
    }
}
