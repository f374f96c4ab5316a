using System.Data.Common;
using System.Text.Json;

using Atalaya.Cameras;
using Atalaya.Cameras.Onvif;
using Atalaya.Media;
using Atalaya.Media.Rtsp;

using Dapper;

using Microsoft.AspNetCore.DataProtection;

namespace Atalaya.Node.Cameras;

/// <summary>
/// Cameras that were added through the API. Addresses, user names and passwords are encrypted: a copy of the database without the keys
/// opens no camera.
/// </summary>
sealed class CameraStore(DbDataSource store, IDataProtector protector, TimeProvider clock)
{
    /// <param name="onBroken">Called with id and reason for a row that can't be read; the others are returned all the same.</param>
    public async Task<IReadOnlyList<CameraConfig>> AllAsync(Action<string, string> onBroken, CancellationToken stop)
    {
        await using var connection = await store.OpenConnectionAsync(stop);
        var rows = await connection.QueryAsync<Row>(new CommandDefinition(
            "select id, name, enabled, transport, record, connection from node_camera order by id", cancellationToken: stop));
        var cameras = new List<CameraConfig>();
        foreach (var row in rows)
        {
            if (Read(row) is { } camera)
                cameras.Add(camera);
            else
                onBroken(row.Id, "Its address and credentials can't be decrypted: the keys in the data folder aren't those it was stored with. Enter them again.");
        }

        return cameras;
    }

    /// <summary>Keys lie beside the database, in a folder for this user alone: they protect copies of the database, not the machine.</summary>
    public static IDataProtector Protector(string keys) =>
        DataProtectionProvider.Create(new DirectoryInfo(keys), b => b.SetApplicationName("atalaya")).CreateProtector("Atalaya.Cameras.Connection.v1");

    public async Task PutAsync(CameraConfig camera, CancellationToken stop)
    {
        await using var connection = await store.OpenConnectionAsync(stop);
        await PutAsync(connection, null, camera, stop);
    }

    public Task PutAsync(DbConnection connection, DbTransaction? transaction, CameraConfig camera, CancellationToken stop) =>
        connection.ExecuteAsync(new CommandDefinition(
            """
            insert into node_camera (id, name, enabled, transport, record, connection, changed_at)
            values (@Id, @Name, @Enabled, @Transport, @Record, @Connection, @ChangedAt)
            on conflict (id) do update set name = excluded.name, enabled = excluded.enabled, transport = excluded.transport,
                record = excluded.record, connection = excluded.connection, changed_at = excluded.changed_at
            """,
            new
            {
                camera.Id,
                camera.Name,
                Enabled = camera.Enabled ? 1L : 0L,
                Transport = camera.Transport.ToString(),
                Record = camera.Record.ToString(),
                Connection = protector.Protect(JsonSerializer.Serialize(new Connection(
                    CameraAddress.WithoutCredentials(camera.Main), camera.Sub is null ? null : CameraAddress.WithoutCredentials(camera.Sub),
                    camera.UserName, camera.Password, camera.Audio, camera.Fingerprint, camera.Onvif?.Device.AbsoluteUri, camera.Onvif?.Profile, camera.KeepFor?.TotalDays, camera.KeepBytes))),
                ChangedAt = WallTime.Now(clock).Microseconds,
            },
            transaction,
            cancellationToken: stop));

    public async Task DeleteAsync(string id, CancellationToken stop)
    {
        await using var connection = await store.OpenConnectionAsync(stop);
        await DeleteAsync(connection, null, id, stop);
    }

    public static Task DeleteAsync(DbConnection connection, DbTransaction? transaction, string id, CancellationToken stop) =>
        connection.ExecuteAsync(new CommandDefinition("delete from node_camera where id = @id", new { id }, transaction, cancellationToken: stop));

    CameraConfig? Read(Row row)
    {
        Connection? stored;
        try
        {
            stored = JsonSerializer.Deserialize<Connection>(protector.Unprotect(row.Connection));
        }
        catch (Exception fault) when (fault is System.Security.Cryptography.CryptographicException or JsonException or FormatException)
        {
            return null;
        }

        if (stored is null || !RtspUrl.TryParse(stored.Main, out var main, out _))
            return null;
        var sub = RtspUrl.TryParse(stored.Sub, out var address, out _) ? address : null;
        return new()
        {
            Id = row.Id,
            Name = row.Name,
            Enabled = row.Enabled != 0,
            Transport = Enum.Parse<RtspTransport>(row.Transport),
            Record = Enum.Parse<RecordedStreams>(row.Record),
            Main = main,
            Sub = sub,
            UserName = stored.UserName,
            Password = stored.Password,
            Audio = stored.Audio,
            Fingerprint = stored.Fingerprint,
            KeepFor = stored.KeepDays is { } days ? TimeSpan.FromDays(days) : null,
            KeepBytes = stored.KeepBytes,
            Onvif = OnvifAddress.TryParse(stored.Onvif, out var device, out _) ? new(device, stored.OnvifProfile) : null,
        };
    }

    sealed class Row
    {
        public string Id { get; init; } = "";
        public string Name { get; init; } = "";
        public long Enabled { get; init; }
        public string Transport { get; init; } = "";
        public string Record { get; init; } = "";
        public string Connection { get; init; } = "";
    }

    sealed record Connection(string Main, string? Sub, string? UserName, string? Password, bool Audio, string? Fingerprint, string? Onvif, string? OnvifProfile,
        double? KeepDays, long? KeepBytes);
}
