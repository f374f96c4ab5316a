using System.Data.Common;

using Atalaya.Evidence;
using Atalaya.Federation.Grants;
using Atalaya.Node.Evidence;

using Dapper;

namespace Atalaya.Node.Federation.Grants;

/// <summary>What the log is to say of disclosures and receipts: each that is signed, ours or theirs, is a leaf here.</summary>
static class ShareRecords
{
    public static string ReferenceOf(ShareNote note) => $"share/{(note.Ours ? "ours" : "theirs")}/{note.Id}";

    /// <summary>What no record is about yet. Rows are read as they are used.</summary>
    public static IEnumerable<LogRecord> Of(DbConnection connection) => connection.Query<Row>(
        """
        select d.id as Id, d.ours as Ours, d.grant_id as GrantId, d.act as Act, d.at_us as AtUs, d.digest as Digest from share_documents d
        where d.note is not null and not exists (select 1 from log_records l where l.kind = case when d.act in ('Received', 'Used', 'Deleted', 'Refused') then 'Receipt' else 'Disclosure' end
            and l.reference = 'share/' || case when d.ours = 1 then 'ours' else 'theirs' end || '/' || d.id)
        order by d.at_us, d.id, d.ours
        """, buffered: false).Select(d => LogRecord.Of(
            Enum.Parse<ShareAct>(d.Act) <= ShareAct.Ended ? LeafKind.Disclosure : LeafKind.Receipt,
            $"share/{(d.Ours != 0 ? "ours" : "theirs")}/{d.Id}",
            new { id = d.Id, ours = d.Ours != 0, grant = d.GrantId, act = char.ToLowerInvariant(d.Act[0]) + d.Act[1..], at = LogRecord.Time(d.AtUs), document = d.Digest }));

    sealed record Row(string Id, long Ours, string GrantId, string Act, long AtUs, string Digest);
}
