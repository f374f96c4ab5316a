using Atalaya.Federation.Operations;
using Atalaya.Federation.Stories;
using Atalaya.Node.Federation.Links;
using Atalaya.Node.Federation.Reports;
using Atalaya.Node.Options;

namespace Atalaya.Node.Federation.Operations;

/// <summary>What was done in a joint operation, as a page made for paper. Messages stand in the languages they were written in.</summary>
sealed class OperationReport(LinkBook links, NodeOptions options, TimeProvider clock)
{
    public string Html(OperationTold told, string language, string by)
    {
        var o = told.Operation;
        string partner = links.Find(told.Row.Link)?.Organisation ?? told.Row.Link, own = options.Name;
        var page = new ReportPage(language, "operation", o.Proposed.Title);
        page.Line("partners", $"{own} · {partner}");
        page.Line("state", page.Of("operation", o.State == OperationState.Joined && o.IsOver(clock.GetUtcNow()) ? "over" : Name(o.State)));
        page.Line("period", $"{ReportPage.Time(o.Proposed.Start)} – {ReportPage.Time(o.Proposed.End)}");
        page.Line("place", o.Proposed.Place);
        page.Line("legalBasis", o.Proposed.LegalBasis);
        page.Line("purpose", o.Proposed.Purpose);
        page.Made(clock.GetUtcNow(), by);
        page.Section("aim");
        page.Paragraph(o.Proposed.Aim);
        page.Section("members");
        page.Table(["organisation", "names"], new[] { (Side.First, o.FirstMembers), (Side.Second, o.SecondMembers) }.Where(m => m.Item2.Count > 0).Select(m => new[] { Who(m.Item1), string.Join(", ", m.Item2) }), numbers: false);
        page.Section("tasks");
        page.Table(["task", "who", "done"], o.Tasks.Select(t => new[] { t.Task.Text, t.Task.For, t.DoneAt is { } at ? $"{ReportPage.Time(at)} {t.DoneBy} {t.Note}".TrimEnd() : page["open"] }), numbers: false);
        page.Section("grants");
        page.Table(["grant", "organisation", "when"], o.Grants.Select(g => new[] { g.What.Length > 0 ? g.What : g.Grant, Who(g.Side), ReportPage.Time(g.At) }), numbers: false);
        page.Line("settled", told.Row.SettledAt is { } settled ? ReportPage.Time(settled.ToDateTimeOffset()) : "");
        page.Section("marks");
        page.Table(["mark", "where", "organisation"], o.Marks.Select(m => new[]
        {
            $"{page.Of("mark", Name(m.Mark.Kind))} {m.Mark.Label}".TrimEnd(), string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{m.Mark.Latitude:0.00000}, {m.Mark.Longitude:0.00000}"), Who(m.Side),
        }), numbers: false);
        page.Section("messages");
        page.Table(["when", "who", "text"], o.Messages.OrderBy(m => m.At).Select(m => new[] { ReportPage.Time(m.At), $"{m.By}, {Who(m.Side)}", m.Text }), numbers: false);
        page.Section("end");
        page.Table(["when", "who", "note"], o.ClosedAt is { } closed ? [[ReportPage.Time(closed), o.ClosedBy, o.Note]] : [], numbers: false);
        return page.Html();

        string Who(Side side) => side == told.Own ? own : partner;
        static string Name<T>(T value)
            where T : struct, Enum => System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(value.ToString());
    }
}
