using System.Security.Cryptography;

using Atalaya.Evidence;
using Atalaya.Media;
using Atalaya.Node.Store;

using Dapper;

namespace Atalaya.Node.Evidence;

/// <summary>What a key of the organisation is for.</summary>
static class KeyPurpose
{
    /// <summary>Signs checkpoints and the seals of packages: an Ed25519 key of notes.</summary>
    public const string Log = "log";

    /// <summary>Signs manifests of packages: a certificate.</summary>
    public const string Package = "package";
}

/// <summary>A key that others check signatures with.</summary>
/// <param name="Id">Purpose and first digits of the fingerprint.</param>
/// <param name="Public">As notes write keys, or a certificate in PEM.</param>
/// <param name="Fingerprint">SHA-256, hexadecimal: of the 32 bytes of an Ed25519 key, of a certificate's DER.</param>
/// <param name="BegunUs">Microseconds since 1970, as <paramref name="EndedUs"/>; null: it is in force.</param>
/// <param name="Why">One line: why it began.</param>
/// <param name="EndedWhy">One line: why it ended.</param>
sealed record KeyRow(string Id, string Purpose, string Public, string Fingerprint, long BegunUs, long? EndedUs, string Why, string? EndedWhy)
{
    public static KeyRow Of(NoteKey key, WallTime begun, string why)
    {
        string fingerprint = Convert.ToHexStringLower(SHA256.HashData(key.PublicKey));
        return new(IdOf(KeyPurpose.Log, fingerprint), KeyPurpose.Log, key.ToString(), fingerprint, begun.Microseconds, null, why, null);
    }

    public static string IdOf(string purpose, string fingerprint) => $"{purpose}/{fingerprint[..16]}";
}

/// <summary>The organisation's public keys, which began when and why, and ended. Each beginning and end gets a leaf of the log.</summary>
sealed class KeyStore(NodeDatabase database, TimeProvider clock)
{
    public const string Columns = "id as Id, purpose as Purpose, public as Public, fingerprint as Fingerprint, begun_us as BegunUs, ended_us as EndedUs, why as Why, ended_why as EndedWhy";

    /// <summary>Notes a key; nothing happens if it is known.</summary>
    public async Task AddAsync(KeyRow key, CancellationToken stop)
    {
        await using var connection = await database.Source.OpenConnectionAsync(stop);
        await connection.ExecuteAsync(new CommandDefinition(
            """
            insert into keys (id, purpose, public, fingerprint, begun_us, ended_us, why, ended_why) values (@Id, @Purpose, @Public, @Fingerprint, @BegunUs, @EndedUs, @Why, @EndedWhy)
            on conflict (id) do nothing
            """, key, cancellationToken: stop));
    }

    /// <summary>Notes that a key ended; nothing happens if it had.</summary>
    public async Task EndAsync(string id, string why, CancellationToken stop)
    {
        await using var connection = await database.Source.OpenConnectionAsync(stop);
        await connection.ExecuteAsync(new CommandDefinition(
            "update keys set ended_us = @at, ended_why = @why where id = @id and ended_us is null", new { id, why, at = WallTime.Now(clock).Microseconds }, cancellationToken: stop));
    }

    /// <summary>In the order in which they began.</summary>
    public async Task<IReadOnlyList<KeyRow>> ListAsync(CancellationToken stop)
    {
        await using var connection = await database.Source.OpenConnectionAsync(stop);
        return [.. await connection.QueryAsync<KeyRow>(new CommandDefinition($"select {Columns} from keys order by begun_us, id", cancellationToken: stop))];
    }

    /// <summary>The one in force; null: there is none yet.</summary>
    public async Task<KeyRow?> CurrentAsync(string purpose, CancellationToken stop) =>
        (await ListAsync(stop)).LastOrDefault(k => k.Purpose == purpose && k.EndedUs is null);
}
