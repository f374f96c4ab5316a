using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;

using Atalaya.Node.Api;
using Atalaya.Node.Oversight;

namespace Atalaya.Node.Federation.Reports;

/// <summary>A page made for paper: one file, without scripts, pictures or addresses, in one of the page's four languages (ReportWords.json).</summary>
sealed class ReportPage
{
    static readonly Dictionary<string, Dictionary<string, string>> All = Read();

    readonly Dictionary<string, string> _words;
    readonly StringBuilder _page;

    /// <param name="about">Under the title: of whom it is.</param>
    public ReportPage(string language, string title, string about)
    {
        _words = All[language];
        _page = new($"""
            <!doctype html>
            <html lang="{language}" dir="{(language == "ar" ? "rtl" : "ltr")}"><head><meta charset="utf-8"><title>{Text(this[title])} · {Text(about)}</title><style>{OversightReport.Style}</style></head><body>
            <h1>{Text(this[title])}</h1>
            <p><b><bdi>{Text(about)}</bdi></b></p>
            """);
    }

    public string this[string key] => _words[key];

    /// <summary>Of a kind or state; one that isn't known, such as an agreement's own ground, is its own word.</summary>
    public string Of(string group, string name) => _words.GetValueOrDefault($"{group}.{name}", name);

    /// <summary>Keys of each language, for the test that none lacks one.</summary>
    internal static IReadOnlyDictionary<string, IReadOnlyCollection<string>> Keys => All.ToDictionary(l => l.Key, l => (IReadOnlyCollection<string>)l.Value.Keys, StringComparer.Ordinal);

    public void Section(string title) => _page.Append($"<h2>{Text(this[title])}</h2>");

    /// <param name="key">Of what stands before the colon.</param>
    public void Line(string key, string value)
    {
        if (value.Length > 0)
            _page.Append($"<p>{Text(this[key])}: <bdi>{Text(value)}</bdi></p>");
    }

    /// <param name="said">Words of somebody, as they wrote them.</param>
    public void Paragraph(string said) => _page.Append($"<p dir=\"auto\">{Text(said).Replace("\n", "<br>", StringComparison.Ordinal)}</p>");

    public void Note(string key) => _page.Append($"<p class=\"dim\">{Text(this[key])}</p>");

    public void Made(DateTimeOffset at, string by) => _page.Append($"<p class=\"dim\">{Text(this["made"])} <bdi>{Time(at)}</bdi> {Text(this["by"])} <bdi>{Text(by)}</bdi>. {Text(this["utc"])}</p>");

    /// <summary>Numbers stand at the end of their column; without rows it says so.</summary>
    public void Table(string[] heads, IEnumerable<string[]> rows, bool numbers = true)
    {
        string[][] all = [.. rows];
        if (all.Length == 0)
        {
            _page.Append($"<p>{Text(this["none"])}</p>");
            return;
        }

        string last = numbers ? " class=\"n\"" : "";
        _page.Append("<table><thead><tr>").AppendJoin("", heads.Select((h, i) => $"<th{(i == 0 ? "" : last)}>{Text(this[h])}</th>")).Append("</tr></thead>");
        foreach (string[] row in all)
            _page.Append("<tr>").AppendJoin("", row.Select((c, i) => $"<td{(i == 0 ? "" : last)}><bdi>{Text(c)}</bdi></td>")).Append("</tr>");
        _page.Append("</table>");
    }

    public string Html() => _page.ToString() + "</body></html>\n";

    public static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture).Replace(",", "\u202f", StringComparison.Ordinal);

    public static string Time(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);

    /// <summary>In hours and days, whose signs the languages share.</summary>
    public static string Span(TimeSpan span) => span.TotalHours < 48
        ? span.TotalHours.ToString("0.#", CultureInfo.InvariantCulture) + "\u202fh"
        : span.TotalDays.ToString("0.#", CultureInfo.InvariantCulture) + "\u202fd";

    /// <summary>Reads what was asked for, with the errors of its fields.</summary>
    public static bool TryAsk(string? language, string? format, FieldErrors errors, out string reader)
    {
        reader = language ?? "en";
        if (!All.ContainsKey(reader))
            errors.Add("language", $"must be one of {string.Join(", ", All.Keys)}.");
        if (format is not (null or "html" or "pdf"))
            errors.Add("format", "must be html or pdf.");
        return !errors.Any;
    }

    /// <summary>As a file to be kept.</summary>
    public static async Task<IResult> AnswerAsync(string html, string? format, string name, CancellationToken stop)
    {
        if (format != "pdf")
            return TypedResults.File(Encoding.UTF8.GetBytes(html), "text/html; charset=utf-8", name + ".html");
        return await PdfPrinter.PrintAsync(html, stop) switch
        {
            { Pdf: { } pdf } => TypedResults.File(pdf, "application/pdf", name + ".pdf"),
            var failed => Problems.Of(StatusCodes.Status503ServiceUnavailable, "No PDF can be made here", failed.Fault),
        };
    }

    static string Text(string text) => WebUtility.HtmlEncode(text);

    static Dictionary<string, Dictionary<string, string>> Read()
    {
        using var stream = typeof(ReportPage).Assembly.GetManifestResourceStream("Atalaya.Node.Federation.Reports.ReportWords.json")!;
        return JsonSerializer.Deserialize<Dictionary<string, Dictionary<string, string>>>(stream)!;
    }
}
