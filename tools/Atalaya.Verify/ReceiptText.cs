using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;

using Atalaya.Federation.Grants;

namespace Atalaya.Verify;

/// <summary>What came of comparing two sides' papers, for people and for programs.</summary>
static class ReceiptText
{
    public static string Write(ReceiptReport report, ShareBundle a, ShareBundle b)
    {
        var text = new StringBuilder();
        text.Append(report.Verdict switch
        {
            ReceiptVerdict.Agrees => "AGREES",
            ReceiptVerdict.Incomplete => "INCOMPLETE",
            ReceiptVerdict.UnknownSigner => "UNKNOWN SIGNER",
            _ => "DISAGREES",
        }).Append('\n');
        text.Append(CultureInfo.InvariantCulture, $"{a.Organisation} ({a.At:u}) and {b.Organisation} ({b.At:u})\n");
        text.Append(CultureInfo.InvariantCulture, $"{report.Grants} grants: {report.Given} given, {report.Sent} sent, {report.Received} received, {report.Used} used, {report.Deleted} deleted, {report.Refused} refused\n");
        foreach (var finding in report.Findings)
            text.Append(CultureInfo.InvariantCulture, $"{(finding.Verdict == ReceiptVerdict.Incomplete ? "missing" : "wrong")}  {finding.Grant,-36}  {finding.What}\n");
        return text.ToString();
    }

    public static string Json(ReceiptReport report)
    {
        var bytes = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(bytes, new() { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteString("verdict", Name(report.Verdict));
            json.WriteNumber("grants", report.Grants);
            json.WriteNumber("given", report.Given);
            json.WriteNumber("sent", report.Sent);
            json.WriteNumber("received", report.Received);
            json.WriteNumber("used", report.Used);
            json.WriteNumber("deleted", report.Deleted);
            json.WriteNumber("refused", report.Refused);
            json.WriteStartArray("findings");
            foreach (var (verdict, grant, what) in report.Findings)
            {
                json.WriteStartObject();
                json.WriteString("verdict", Name(verdict));
                json.WriteString("grant", grant);
                json.WriteString("what", what);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(bytes.WrittenSpan) + "\n";
    }

    static string Name(ReceiptVerdict verdict) => verdict.ToString() is var name ? char.ToLowerInvariant(name[0]) + name[1..] : "";
}
