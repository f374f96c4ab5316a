using System.Data.Common;
using System.Text.Json;

using Atalaya.Media;
using Atalaya.Node.Api;
using Atalaya.Node.Evidence;
using Atalaya.Node.Oversight;
using Atalaya.Node.Playback;

using Dapper;

namespace Atalaya.Node.Redactions;

/// <summary>Who asked for it, and for what.</summary>
sealed record RedactionOrder(string UserId, string UserName, Purpose Purpose);

/// <summary>A draft, or a copy, as it is kept. A snapshot: a change makes a new one.</summary>
sealed record Redaction(string Id, string Camera, StreamKind Stream, WallTime From, WallTime To, RedactionSearchJson Search, RedactionOrder Order, WallTime CreatedAt)
{
    public RedactionStateJson State { get; init; }
    public string? Message { get; init; }
    public long Revision { get; init; } = 1;
    public RedactionPlanJson Plan { get; init; } = RedactionPlan.Empty;
    public WallTime ChangedAt { get; init; } = CreatedAt;
    public WallTime? FinishedAt { get; init; }
    public string? FileName { get; init; }
    public long? Bytes { get; init; }
    public string? Sha256 { get; init; }
    public long? Pictures { get; init; }
    public IReadOnlyList<RedactionSourceJson> Sources { get; init; } = [];
    public IReadOnlyList<GapJson> Gaps { get; init; } = [];
    public string MadeBy { get; init; } = "";
    public string MadeName { get; init; } = "";

    /// <summary>Id of the second person's agreement; empty: none was needed.</summary>
    public string Agreed { get; init; } = "";

    /// <summary>Microseconds.</summary>
    public long Length => To.Microseconds - From.Microseconds;
    public bool IsBusy => State is RedactionStateJson.Queued or RedactionStateJson.Searching or RedactionStateJson.Waiting or RedactionStateJson.Making;
}

/// <summary>Drafts, copies and what copies were made from, in the database.</summary>
sealed class RedactionStore(DbDataSource store)
{
    static readonly JsonSerializerOptions Json = Options();

    /// <summary>Writes text as the API has it.</summary>
    public static string Write<T>(T value) => JsonSerializer.Serialize(value, Json);

    /// <summary>Null for text that is no plan; nothing throws.</summary>
    public static RedactionPlanJson? ReadPlan(string text)
    {
        try
        {
            return JsonSerializer.Deserialize<RedactionPlanJson>(text, Json);
        }
        catch (Exception fault) when (fault is JsonException or NotSupportedException)
        {
            return null;
        }
    }

    public async Task<IReadOnlyList<Redaction>> AllAsync(CancellationToken stop)
    {
        await using var connection = await store.OpenConnectionAsync(stop);
        var rows = await connection.QueryAsync<Row>(new CommandDefinition(
            """
            select id, camera, stream, time_from as TimeFrom, time_to as TimeTo, search, state, message, revision, plan, created_at as CreatedAt, changed_at as ChangedAt,
                finished_at as FinishedAt, file_name as FileName, bytes, sha256, pictures, sources, gaps, user_id as UserId, user_name as UserName, purpose, reference,
                made_by as MadeBy, made_name as MadeName, agreed
            from redactions order by created_at, id
            """,
            cancellationToken: stop));
        return [.. rows.Select(r => new Redaction(
            r.Id, r.Camera, Enum.Parse<StreamKind>(r.Stream), new(r.TimeFrom), new(r.TimeTo), Read<RedactionSearchJson>(r.Search) ?? new(),
            new(r.UserId, r.UserName, new(r.Purpose, r.Reference)), new(r.CreatedAt))
        {
            State = Enum.Parse<RedactionStateJson>(r.State),
            Message = r.Message,
            Revision = r.Revision,
            Plan = ReadPlan(r.Plan) ?? RedactionPlan.Empty,
            ChangedAt = new(r.ChangedAt),
            FinishedAt = r.FinishedAt is { } at ? new WallTime(at) : null,
            FileName = r.FileName,
            Bytes = r.Bytes,
            Sha256 = r.Sha256,
            Pictures = r.Pictures,
            Sources = Read<RedactionSourceJson[]>(r.Sources) ?? [],
            Gaps = Read<GapJson[]>(r.Gaps) ?? [],
            MadeBy = r.MadeBy,
            MadeName = r.MadeName,
            Agreed = r.Agreed,
        })];
    }

    public async Task PutAsync(Redaction redaction, CancellationToken stop = default)
    {
        await using var connection = await store.OpenConnectionAsync(stop);
        await PutAsync(connection, null, redaction);
    }

    /// <summary>A finished copy, and what the log will say of it, at once.</summary>
    public async Task FinishAsync(Redaction copy)
    {
        await using var connection = await store.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await PutAsync(connection, transaction, copy);
        // The same plan on the same footage may give the same bytes again: it is the same copy then.
        await connection.ExecuteAsync(
            "insert into derived_footage (sha256, at, why, what, sources) values (@Sha256, @At, 'redaction', @What, @Sources) on conflict (sha256) do nothing",
            new { copy.Sha256, What = What(copy), Sources = Sources(copy), At = copy.FinishedAt!.Value.Microseconds },
            transaction);
        await transaction.CommitAsync();
    }

    public async Task DeleteAsync(string id)
    {
        await using var connection = await store.OpenConnectionAsync();
        await connection.ExecuteAsync("delete from redactions where id = @id", new { id });
    }

    /// <summary>How a copy differs from what was recorded: numbers, and nothing of what was covered.</summary>
    static string What(Redaction copy)
    {
        var things = copy.Plan.Things;
        string covered = copy.Plan.EverythingElse
            ? $"everything but {things.Count(t => t.Deed == RedactionDeed.Keep)} things covered, and {things.Count(t => t.Deed == RedactionDeed.Cover)} of what is left"
            : $"{things.Count(t => t.Deed == RedactionDeed.Cover)} things covered";
        return $"{covered}; {copy.Pictures} pictures, no sound; {copy.From} to {copy.To}";
    }

    static string Sources(Redaction copy) => JsonSerializer.Serialize(copy.Sources.Select(s => new
    {
        camera = s.Camera,
        stream = s.Stream == StreamKind.Sub ? "sub" : "main",
        start = LogRecord.Time(WallTime.From(s.Start).Microseconds),
        end = LogRecord.Time(WallTime.From(s.End).Microseconds),
        sha256 = s.Sha256,
    }));

    static Task PutAsync(DbConnection connection, DbTransaction? transaction, Redaction redaction) => connection.ExecuteAsync(
        """
        insert into redactions (id, camera, stream, time_from, time_to, search, state, message, revision, plan, created_at, changed_at, finished_at, file_name, bytes, sha256, pictures,
            sources, gaps, user_id, user_name, purpose, reference, made_by, made_name, agreed)
        values (@Id, @Camera, @Stream, @TimeFrom, @TimeTo, @Search, @State, @Message, @Revision, @Plan, @CreatedAt, @ChangedAt, @FinishedAt, @FileName, @Bytes, @Sha256, @Pictures,
            @Sources, @Gaps, @UserId, @UserName, @Purpose, @Reference, @MadeBy, @MadeName, @Agreed)
        on conflict (id) do update set state = excluded.state, message = excluded.message, revision = excluded.revision, plan = excluded.plan, changed_at = excluded.changed_at,
            finished_at = excluded.finished_at, file_name = excluded.file_name, bytes = excluded.bytes, sha256 = excluded.sha256, pictures = excluded.pictures,
            sources = excluded.sources, gaps = excluded.gaps, purpose = excluded.purpose, reference = excluded.reference, made_by = excluded.made_by,
            made_name = excluded.made_name, agreed = excluded.agreed
        """,
        new Row
        {
            Id = redaction.Id,
            Camera = redaction.Camera,
            Stream = redaction.Stream.ToString(),
            TimeFrom = redaction.From.Microseconds,
            TimeTo = redaction.To.Microseconds,
            Search = Write(redaction.Search),
            State = redaction.State.ToString(),
            Message = redaction.Message,
            Revision = redaction.Revision,
            Plan = Write(redaction.Plan),
            CreatedAt = redaction.CreatedAt.Microseconds,
            ChangedAt = redaction.ChangedAt.Microseconds,
            FinishedAt = redaction.FinishedAt?.Microseconds,
            FileName = redaction.FileName,
            Bytes = redaction.Bytes,
            Sha256 = redaction.Sha256,
            Pictures = redaction.Pictures,
            Sources = Write(redaction.Sources),
            Gaps = Write(redaction.Gaps),
            UserId = redaction.Order.UserId,
            UserName = redaction.Order.UserName,
            Purpose = redaction.Order.Purpose.Id,
            Reference = redaction.Order.Purpose.Reference,
            MadeBy = redaction.MadeBy,
            MadeName = redaction.MadeName,
            Agreed = redaction.Agreed,
        },
        transaction);

    static T? Read<T>(string text) => JsonSerializer.Deserialize<T>(text, Json);

    static JsonSerializerOptions Options()
    {
        var options = new JsonSerializerOptions(JsonSerializerDefaults.Web);
        ApiDocument.Json(options);
        return options;
    }

    sealed class Row
    {
        public string Id { get; init; } = "";
        public string Camera { get; init; } = "";
        public string Stream { get; init; } = "";
        public long TimeFrom { get; init; }
        public long TimeTo { get; init; }
        public string Search { get; init; } = "";
        public string State { get; init; } = "";
        public string? Message { get; init; }
        public long Revision { get; init; }
        public string Plan { get; init; } = "";
        public long CreatedAt { get; init; }
        public long ChangedAt { get; init; }
        public long? FinishedAt { get; init; }
        public string? FileName { get; init; }
        public long? Bytes { get; init; }
        public string? Sha256 { get; init; }
        public long? Pictures { get; init; }
        public string Sources { get; init; } = "[]";
        public string Gaps { get; init; } = "[]";
        public string UserId { get; init; } = "";
        public string UserName { get; init; } = "";
        public string Purpose { get; init; } = "";
        public string Reference { get; init; } = "";
        public string MadeBy { get; init; } = "";
        public string MadeName { get; init; } = "";
        public string Agreed { get; init; } = "";
    }
}
