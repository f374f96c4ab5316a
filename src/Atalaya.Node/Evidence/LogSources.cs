using System.Data.Common;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

using Atalaya.Evidence;
using Atalaya.Node.Options;
using Atalaya.Recording;

using Dapper;

namespace Atalaya.Node.Evidence;

/// <summary>
/// What happened that no record of the log is about yet, read from the tables that keep it. Nobody has to report anything, so nothing waits for the log,
/// and what a crash came before is found at the next look.
/// </summary>
/// <remarks>Rows are read as they are used. Stretches that a question leaves out are asked for by a wider one now and then.</remarks>
static class LogSources
{
    /// <summary>Closed segments that start at a moment or later, in the order of their ends.</summary>
    public static IEnumerable<LogRecord> Segments(DbConnection connection, long from) => connection.Query<SegmentRow>(
        $"""
        select {SegmentRow.Columns} from (select distinct camera, stream from coverage) k join segments s on s.camera = k.camera and s.stream = k.stream
        where s.start_us >= @from and not exists (select 1 from log_records r where r.kind = 'Segment' and r.reference = {SegmentRow.Reference})
        order by s.end_us, s.camera, s.stream
        """, new { from }, buffered: false).Select(s => s.ToRecord());

    /// <summary>Every segment of the index, and the record that the log has about it, with its leaf's number; null: none.</summary>
    public static IEnumerable<(LogRecord Now, long EndUs, string? Record, long? Leaf)> Sealed(DbConnection connection) => connection.Query<SealedRow>(
        $"select {SegmentRow.Columns}, r.record as Record, r.leaf as Leaf from segments s left join log_records r on r.kind = 'Segment' and r.reference = {SegmentRow.Reference}",
        buffered: false, commandTimeout: 0).Select(s => (new SegmentRow(s.Camera, s.Stream, s.StartUs, s.EndUs, s.Bytes, s.Sha256).ToRecord(), s.EndUs, s.Record, s.Leaf));

    /// <summary>Gaps that have an end; those that retention made are deletions.</summary>
    public static IEnumerable<LogRecord> Gaps(DbConnection connection) => connection.Query<GapRow>(
        """
        select g.camera as Camera, g.stream as Stream, g.from_us as FromUs, g.to_us as ToUs, g.cause as Cause, g.detail as Detail from gaps g
        where g.to_us is not null and not exists (select 1 from log_records r where r.kind = case when g.cause = 'Policy' then 'Deletion' else 'Gap' end
            and r.reference = g.camera || '/' || g.stream || '/' || cast(g.from_us as text) || '/' || cast(g.to_us as text) || '/' || g.cause)
        order by g.to_us, g.camera, g.stream
        """, buffered: false).Select(g => LogRecord.Of(
            g.Cause == nameof(GapCause.Policy) ? LeafKind.Deletion : LeafKind.Gap,
            $"{g.Camera}/{g.Stream}/{g.FromUs}/{g.ToUs}/{g.Cause}",
            new { camera = g.Camera, stream = g.Stream, from = LogRecord.Time(g.FromUs), to = LogRecord.Time(g.ToUs), cause = g.Cause, detail = g.Detail }));

    /// <summary>Accesses as they begin: who, and to what.</summary>
    /// <param name="after">Those with greater numbers.</param>
    public static IEnumerable<LogRecord> Accesses(DbConnection connection, long after) => connection.Query<AccessBegun>(
        """
        select a.id as Id, a.user_id as UserId, a.user_name as UserName, a.token as Token, a.address as Address, a.camera as Camera, a.kind as Kind, a.begun_at as BegunAt,
            a.purpose as Purpose, a.reference as Reference, a.detail as Detail
        from accesses a where a.id > @after and not exists (select 1 from log_records r where r.kind = 'Access' and r.reference = cast(a.id as text))
        order by a.id
        """, new { after }, buffered: false).Select(a => LogRecord.Of(
            LeafKind.Access, $"{a.Id}",
            new
            {
                id = a.Id,
                userId = a.UserId,
                user = a.UserName,
                token = a.Token,
                address = a.Address,
                camera = a.Camera,
                kind = a.Kind,
                begun = LogRecord.Time(a.BegunAt),
                purpose = a.Purpose,
                reference = a.Reference,
                detail = a.Detail,
            }));

    /// <summary>Accesses that ended, and what footage they had come to.</summary>
    /// <param name="begun">Those that began then or later.</param>
    /// <param name="settled">That ended before: they can't be gone on with any more.</param>
    public static IEnumerable<LogRecord> EndedAccesses(DbConnection connection, long begun, long settled) => connection.Query<AccessEnded>(
        """
        select a.id as Id, a.stretch_from as StretchFrom, a.stretch_to as StretchTo, a.ended_at as EndedAt
        from accesses a where a.begun_at >= @begun and a.ended_at < @settled
            and not exists (select 1 from log_records r where r.kind = 'Access' and r.reference = cast(a.id as text) || '/end')
        order by a.ended_at, a.id
        """, new { begun, settled }, buffered: false).Select(a => LogRecord.Of(
            LeafKind.Access, $"{a.Id}/end",
            new { id = a.Id, from = LogRecord.Time(a.StretchFrom), to = LogRecord.Time(a.StretchTo), ended = LogRecord.Time(a.EndedAt) }));

    /// <summary>Exports that became a file.</summary>
    public static IEnumerable<LogRecord> Exports(DbConnection connection) => connection.Query<ExportRow>(
        """
        select e.id as Id, e.camera as Camera, e.stream as Stream, e.time_from as TimeFrom, e.time_to as TimeTo, e.created_at as CreatedAt, e.bytes as Bytes, e.sha256 as Sha256,
            e.user_id as UserId, e.user_name as UserName, e.purpose as Purpose, e.reference as Reference
        from node_export e where e.sha256 is not null and not exists (select 1 from log_records r where r.kind = 'Export' and r.reference = e.id)
        order by e.created_at, e.id
        """, buffered: false).Select(e => LogRecord.Of(
            LeafKind.Export, e.Id,
            new
            {
                id = e.Id,
                camera = e.Camera,
                stream = e.Stream.ToLowerInvariant(),
                from = LogRecord.Time(e.TimeFrom),
                to = LogRecord.Time(e.TimeTo),
                asked = LogRecord.Time(e.CreatedAt),
                userId = e.UserId,
                user = e.UserName,
                purpose = e.Purpose,
                reference = e.Reference,
                bytes = e.Bytes,
                sha256 = e.Sha256,
            }));

    /// <summary>Packages that became a file. Whoever has one has its manifest, and can show that it was announced.</summary>
    public static IEnumerable<LogRecord> Packages(DbConnection connection) => connection.Query<PackageRow>(
        """
        select p.id as Id, p.stretches as Stretches, p.created_at as CreatedAt, p.bytes as Bytes, p.sha256 as Sha256, p.manifest_sha256 as Manifest, p.user_id as UserId, p.user_name as UserName,
            p.agreed_name as Agreed, p.purpose as Purpose, p.reference as Reference
        from packages p where p.manifest_sha256 is not null and not exists (select 1 from log_records r where r.kind = 'Export' and r.reference = 'package/' || p.id)
        order by p.created_at, p.id
        """, buffered: false).Select(p => LogRecord.Of(
            LeafKind.Export, $"package/{p.Id}",
            new
            {
                package = p.Id,
                stretches = System.Text.Json.Nodes.JsonNode.Parse(p.Stretches),
                asked = LogRecord.Time(p.CreatedAt),
                userId = p.UserId,
                user = p.UserName,
                agreed = p.Agreed,
                purpose = p.Purpose,
                reference = p.Reference,
                bytes = p.Bytes,
                sha256 = p.Sha256,
                manifest = p.Manifest,
            }));

    /// <summary>Holds as they are made, and as they end.</summary>
    public static IEnumerable<LogRecord> Holds(DbConnection connection)
    {
        const string columns = """
            h.id as Id, h.cameras as Cameras, h.stream as Stream, h.from_us as FromUs, h.to_us as ToUs, h.reason as Reason, h.owner as Owner, h.created_us as CreatedUs,
            h.expires_us as ExpiresUs, h.ended_us as EndedUs, h.ended_by as EndedBy, h.ended_why as EndedWhy
            """;
        var made = connection.Query<HoldRow>($"select {columns} from holds h where not exists (select 1 from log_records r where r.kind = 'Hold' and r.reference = h.id) order by h.created_us, h.id")
            .Select(h => LogRecord.Of(
                LeafKind.Hold, h.Id,
                new
                {
                    id = h.Id,
                    cameras = h.Cameras,
                    stream = h.Stream,
                    from = LogRecord.Time(h.FromUs),
                    to = LogRecord.Time(h.ToUs),
                    reason = h.Reason,
                    owner = h.Owner,
                    created = LogRecord.Time(h.CreatedUs),
                    expires = LogRecord.Time(h.ExpiresUs),
                }));
        var ended = connection.Query<HoldRow>(
            $"select {columns} from holds h where h.ended_us is not null and not exists (select 1 from log_records r where r.kind = 'Hold' and r.reference = h.id || '/end') order by h.ended_us, h.id")
            .Select(h => LogRecord.Of(LeafKind.Hold, $"{h.Id}/end", new { id = h.Id, ended = LogRecord.Time(h.EndedUs), by = h.EndedBy, why = h.EndedWhy }));
        return made.Concat(ended);
    }

    /// <summary>Versions of the alarm policy.</summary>
    public static IEnumerable<LogRecord> Policies(DbConnection connection) => connection.Query<PolicyRow>(
        """
        select p.version as Version, p.at as At, p.by_whom as ByWhom, p.body as Body from alarm_policies p
        where not exists (select 1 from log_records r where r.kind = 'Policy' and r.reference = cast(p.version as text)) order by p.version
        """).Select(p => LogRecord.Of(
            LeafKind.Policy, $"{p.Version}",
            new { version = p.Version, at = LogRecord.Time(p.At), by = p.ByWhom, sha256 = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(p.Body))) }));

    /// <summary>Keys of the organisation as they begin, and as they end.</summary>
    public static IEnumerable<LogRecord> Keys(DbConnection connection) => connection.Query<KeyRow>(
        $"""
        select {KeyStore.Columns} from keys k where not exists (select 1 from log_records r where r.kind = 'Key' and r.reference = k.id)
            or (k.ended_us is not null and not exists (select 1 from log_records r where r.kind = 'Key' and r.reference = k.id || '/end'))
        order by k.begun_us, k.id
        """).SelectMany(k => new[]
        {
            LogRecord.Of(LeafKind.Key, k.Id, new { id = k.Id, purpose = k.Purpose, @public = k.Public, fingerprint = k.Fingerprint, begun = LogRecord.Time(k.BegunUs), why = k.Why }),
            LogRecord.Of(LeafKind.Key, $"{k.Id}/end", new { id = k.Id, ended = LogRecord.Time(k.EndedUs), why = k.EndedWhy }),
        }.Where(r => r.Reference == k.Id || k.EndedUs is not null))
        .Where(r => connection.ExecuteScalar<long>("select count(*) from log_records where kind = 'Key' and reference = @Reference", new { r.Reference }) == 0);

    /// <summary>What triggers wrote of changes in tables that keep the present alone.</summary>
    public static IEnumerable<LogRecord> Changes(DbConnection connection) => connection.Query<ChangeRow>(
        "select c.id as Id, c.at_us as AtUs, c.source as Source, c.subject as Subject, c.act as Act, c.body as Body from changes c order by c.id", buffered: false)
        .Select(c => LogRecord.Of(
            WatchedTable.All.FirstOrDefault(t => t.Name == c.Source)?.Kind ?? LeafKind.Setting,
            $"{c.Source}/{c.Subject}/{c.Id}",
            new { table = c.Source, subject = c.Subject, act = c.Act, at = LogRecord.Time(c.AtUs), row = JsonNode.Parse(c.Body) },
            c.Id));

    /// <summary>What of the options binds those who use the node, as it is in force since this start; once as long as it stays the same.</summary>
    public static IEnumerable<LogRecord> Settings(DbConnection connection, NodeOptions options, long at)
    {
        var (retention, oversight, approvals, evidence) = (options.Storage.Retention, options.Oversight, options.Approvals, options.Evidence);
        var record = LogRecord.Of(
            LeafKind.Setting, "",
            new
            {
                options = new
                {
                    keepDays = retention.Days,
                    keepBytes = retention.Bytes?.Bytes,
                    purpose = oversight.Purpose.Select(p => OptionText.Format(p)),
                    purposeRoles = oversight.PurposeRoles,
                    purposes = oversight.Purposes,
                    purposeReference = oversight.PurposeReference,
                    purposeLasts = OptionText.Format(oversight.PurposeLasts),
                    purposeAfter = OptionText.Format(oversight.PurposeAfter),
                    secondPerson = approvals.For.Select(a => OptionText.Format(a)),
                    approvalsWait = OptionText.Format(approvals.Wait),
                    approvalsUse = OptionText.Format(approvals.Use),
                    witnesses = evidence.Witnesses,
                    witnessedLogs = evidence.WitnessedLogs,
                },
            });
        string? last = connection.ExecuteScalar<string?>("select record from log_records where kind = 'Setting' and reference like 'options/%' order by leaf desc limit 1");
        return last == record.Text ? [] : [record with { Reference = $"options/{at}" }];
    }

    sealed record ChangeRow(long Id, long AtUs, string Source, string Subject, string Act, string Body);

    /// <summary>Versions of cameras' masks.</summary>
    public static IEnumerable<LogRecord> Masks(DbConnection connection) => connection.Query<MaskRow>(
        """
        select m.camera as Camera, m.version as Version, m.at as At, m.by_id as ById, m.by_name as ByName, m.masks as Masks from camera_masks m
        where not exists (select 1 from log_records r where r.kind = 'Mask' and r.reference = m.camera || '/' || cast(m.version as text)) order by m.at, m.camera, m.version
        """).Select(m => LogRecord.Of(
            LeafKind.Mask, $"{m.Camera}/{m.Version}",
            new { camera = m.Camera, version = m.Version, at = LogRecord.Time(m.At), userId = m.ById, user = m.ByName, masks = JsonDocument.Parse(m.Masks).RootElement }));

    /// <summary>Files that were made from recorded footage.</summary>
    public static IEnumerable<LogRecord> Derived(DbConnection connection) => connection.Query<DerivedRow>(
        """
        select d.sha256 as Sha256, d.at as At, d.why as Why, d.what as What, d.sources as Sources from derived_footage d
        where not exists (select 1 from log_records r where r.kind = 'Derived' and r.reference = d.sha256) order by d.at, d.sha256
        """).Select(d => LogRecord.Of(
            LeafKind.Derived, d.Sha256,
            new { sha256 = d.Sha256, at = LogRecord.Time(d.At), why = d.Why, what = d.What, from = JsonDocument.Parse(d.Sources).RootElement }));

    sealed record MaskRow(string Camera, long Version, long At, string ById, string ByName, string Masks);

    sealed record DerivedRow(string Sha256, long At, string Why, string What, string Sources);

    sealed record SealedRow(string Camera, string Stream, long StartUs, long EndUs, long Bytes, string Sha256, string? Record, long? Leaf);

    sealed record GapRow(string Camera, string Stream, long FromUs, long ToUs, string Cause, string Detail);

    sealed record AccessBegun(long Id, string UserId, string UserName, string Token, string Address, string Camera, string Kind, long BegunAt, string Purpose, string Reference, string Detail);

    sealed record AccessEnded(long Id, long? StretchFrom, long? StretchTo, long EndedAt);

    sealed record ExportRow(
        string Id, string Camera, string Stream, long TimeFrom, long TimeTo, long CreatedAt, long? Bytes, string Sha256, string UserId, string UserName, string Purpose, string Reference);

    sealed record PackageRow(
        string Id, string Stretches, long CreatedAt, long? Bytes, string Sha256, string Manifest, string UserId, string UserName, string Agreed, string Purpose, string Reference);

    sealed class HoldRow
    {
        public required string Id { get; init; }
        public required string Cameras { get; init; }
        public string? Stream { get; init; }
        public long FromUs { get; init; }
        public long? ToUs { get; init; }
        public required string Reason { get; init; }
        public required string Owner { get; init; }
        public long CreatedUs { get; init; }
        public long? ExpiresUs { get; init; }
        public long? EndedUs { get; init; }
        public string? EndedBy { get; init; }
        public string? EndedWhy { get; init; }
    }

    sealed record PolicyRow(long Version, long At, string ByWhom, string Body);
}

/// <summary>Of a segment, what its seal says. All of it can be told from the file alone, too.</summary>
sealed record SegmentRow(string Camera, string Stream, long StartUs, long EndUs, long Bytes, string Sha256)
{
    public const string Columns = "s.camera as Camera, s.stream as Stream, s.start_us as StartUs, s.end_us as EndUs, s.bytes as Bytes, s.sha256 as Sha256";

    /// <summary>The reference of its record, in SQL.</summary>
    public const string Reference = "s.camera || '/' || s.stream || '/' || cast(s.start_us as text)";

    public static string ReferenceOf(string camera, SegmentName name) => $"{camera}/{(name.Stream == Media.StreamKind.Sub ? "sub" : "main")}/{name.Start.Microseconds}";

    public LogRecord ToRecord() => LogRecord.Of(
        LeafKind.Segment, $"{Camera}/{Stream}/{StartUs}",
        new { camera = Camera, stream = Stream, start = LogRecord.Time(StartUs), end = LogRecord.Time(EndUs), bytes = Bytes, sha256 = Sha256 });
}
