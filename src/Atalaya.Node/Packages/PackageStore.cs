using System.Data.Common;
using System.Text.Json;

using Atalaya.Media;
using Atalaya.Node.Api;
using Atalaya.Node.Oversight;

using Dapper;

namespace Atalaya.Node.Packages;

/// <summary>A stretch of one stream that a package is to hold.</summary>
/// <param name="Redaction">Id of the release copy that stands for it; null: the recorded files.</param>
/// <param name="Masks">Version of the camera's masks that are painted in, or are to be; 0: none.</param>
sealed record PackageStretch(string Camera, StreamKind Stream, WallTime From, WallTime To, string? Redaction = null, long Masks = 0);

/// <summary>Who agreed to a package.</summary>
sealed record Agreement(string Id, string Name, WallTime At);

/// <summary>Who asked for a package, for what, and who agreed to it.</summary>
/// <param name="Agreed">Null: nobody had to.</param>
sealed record PackageOrder(string UserId, string UserName, Purpose Purpose, Agreement? Agreed);

/// <summary>A package as it is kept. A snapshot: a change makes a new one.</summary>
/// <param name="Recipients">Whom it is encrypted to; none: it isn't.</param>
/// <param name="Holds">Ids of the holds that keep its footage while it is prepared.</param>
sealed record EvidencePackage(
    string Id,
    string Title,
    string? Incident,
    IReadOnlyList<PackageStretch> Stretches,
    IReadOnlyList<string> Recipients,
    PackageLanguageJson Language,
    PackageOrder Order,
    WallTime CreatedAt,
    PackageStateJson State = PackageStateJson.Waiting,
    string? Message = null,
    WallTime? FinishedAt = null,
    string? FileName = null,
    long? Bytes = null,
    string? Sha256 = null,
    string? ManifestSha256 = null,
    string? LogKey = null,
    long Gaps = 0,
    IReadOnlyList<string>? Holds = null)
{
    public bool HasEnded => State is not (PackageStateJson.Waiting or PackageStateJson.Preparing);

    public string Extension => Recipients.Count > 0 ? ".zip.age" : ".zip";
}

/// <summary>The list of packages in the database.</summary>
sealed class PackageStore(DbDataSource store)
{
    static readonly JsonSerializerOptions Json = Options();

    public async Task<IReadOnlyList<EvidencePackage>> AllAsync(CancellationToken stop)
    {
        await using var connection = await store.OpenConnectionAsync(stop);
        var rows = await connection.QueryAsync<Row>(new CommandDefinition(
            """
            select id, title, incident, stretches, recipients, language, state, message, created_at as CreatedAt, finished_at as FinishedAt, file_name as FileName, bytes, sha256,
                manifest_sha256 as ManifestSha256, log_key as LogKey, gaps, holds, user_id as UserId, user_name as UserName, purpose, reference,
                agreed_id as AgreedId, agreed_name as AgreedName, agreed_at as AgreedAt
            from packages order by created_at, id
            """,
            cancellationToken: stop));
        return [.. rows.Select(r => new EvidencePackage(
            r.Id,
            r.Title,
            r.Incident,
            [.. JsonSerializer.Deserialize<PackageStretchJson[]>(r.Stretches, Json)!.Select(s => new PackageStretch(s.Camera, s.Stream, WallTime.From(s.From), WallTime.From(s.To), s.Redaction, s.Masks))],
            r.Recipients.Split(' ', StringSplitOptions.RemoveEmptyEntries),
            Enum.Parse<PackageLanguageJson>(r.Language),
            new(r.UserId, r.UserName, new(r.Purpose, r.Reference), r.AgreedAt is { } at ? new(r.AgreedId, r.AgreedName, new(at)) : null),
            new(r.CreatedAt),
            Enum.Parse<PackageStateJson>(r.State),
            r.Message,
            r.FinishedAt is { } finished ? new WallTime(finished) : null,
            r.FileName,
            r.Bytes,
            r.Sha256,
            r.ManifestSha256,
            r.LogKey,
            r.Gaps,
            r.Holds.Split(',', StringSplitOptions.RemoveEmptyEntries)))];
    }

    public async Task PutAsync(EvidencePackage package)
    {
        await using var connection = await store.OpenConnectionAsync();
        await connection.ExecuteAsync(
            """
            insert into packages (id, title, incident, stretches, recipients, language, state, message, created_at, finished_at, file_name, bytes, sha256, manifest_sha256, log_key, gaps, holds,
                user_id, user_name, purpose, reference, agreed_id, agreed_name, agreed_at)
            values (@Id, @Title, @Incident, @Stretches, @Recipients, @Language, @State, @Message, @CreatedAt, @FinishedAt, @FileName, @Bytes, @Sha256, @ManifestSha256, @LogKey, @Gaps, @Holds,
                @UserId, @UserName, @Purpose, @Reference, @AgreedId, @AgreedName, @AgreedAt)
            on conflict (id) do update set state = excluded.state, stretches = excluded.stretches, message = excluded.message, finished_at = excluded.finished_at, file_name = excluded.file_name, bytes = excluded.bytes,
                sha256 = excluded.sha256, manifest_sha256 = excluded.manifest_sha256, log_key = excluded.log_key, gaps = excluded.gaps, holds = excluded.holds
            """,
            new Row
            {
                Id = package.Id,
                Title = package.Title,
                Incident = package.Incident,
                Stretches = JsonSerializer.Serialize(package.Stretches.Select(PackageJobs.Show), Json),
                Recipients = string.Join(' ', package.Recipients),
                Language = package.Language.ToString(),
                State = package.State.ToString(),
                Message = package.Message,
                CreatedAt = package.CreatedAt.Microseconds,
                FinishedAt = package.FinishedAt?.Microseconds,
                FileName = package.FileName,
                Bytes = package.Bytes,
                Sha256 = package.Sha256,
                ManifestSha256 = package.ManifestSha256,
                LogKey = package.LogKey,
                Gaps = package.Gaps,
                Holds = string.Join(',', package.Holds ?? []),
                UserId = package.Order.UserId,
                UserName = package.Order.UserName,
                Purpose = package.Order.Purpose.Id,
                Reference = package.Order.Purpose.Reference,
                AgreedId = package.Order.Agreed?.Id ?? "",
                AgreedName = package.Order.Agreed?.Name ?? "",
                AgreedAt = package.Order.Agreed?.At.Microseconds,
            });
    }

    public async Task DeleteAsync(string id)
    {
        await using var connection = await store.OpenConnectionAsync();
        await connection.ExecuteAsync("delete from packages where id = @id", new { id });
    }

    static JsonSerializerOptions Options()
    {
        var options = new JsonSerializerOptions(JsonSerializerDefaults.Web);
        ApiDocument.Json(options);
        return options;
    }

    sealed class Row
    {
        public string Id { get; init; } = "";
        public string Title { get; init; } = "";
        public string? Incident { get; init; }
        public string Stretches { get; init; } = "[]";
        public string Recipients { get; init; } = "";
        public string Language { get; init; } = "";
        public string State { get; init; } = "";
        public string? Message { get; init; }
        public long CreatedAt { get; init; }
        public long? FinishedAt { get; init; }
        public string? FileName { get; init; }
        public long? Bytes { get; init; }
        public string? Sha256 { get; init; }
        public string? ManifestSha256 { get; init; }
        public string? LogKey { get; init; }
        public long Gaps { get; init; }
        public string Holds { get; init; } = "";
        public string UserId { get; init; } = "";
        public string UserName { get; init; } = "";
        public string Purpose { get; init; } = "";
        public string Reference { get; init; } = "";
        public string AgreedId { get; init; } = "";
        public string AgreedName { get; init; } = "";
        public long? AgreedAt { get; init; }
    }
}
