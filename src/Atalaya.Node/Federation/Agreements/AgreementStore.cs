using System.Data.Common;
using System.Globalization;
using System.Text;

using Atalaya.Evidence;
using Atalaya.Federation.Agreements;
using Atalaya.Media;

using Dapper;

namespace Atalaya.Node.Federation.Agreements;

/// <summary>Agreements in the database. What is read is checked again: document, digest and signatures.</summary>
static class AgreementStore
{
    const string Columns = """
        link as Link, id as Id, version as Version, digest as Digest, document as Document, note as Note, state as State, own as Own, other as Other, written_at as WrittenAt, written_by as WrittenBy,
        signed_at as SignedAt, signed_by as SignedBy, bound_at as BoundAt, denunciation as Denunciation, denounced_by as DenouncedBy, last_day as LastDay
        """;

    const string DayForm = "yyyy-MM-dd";

    /// <summary>Those that can't be believed any more are told and left out.</summary>
    public static IReadOnlyList<StoredAgreement> All(DbConnection connection, Action<string> told)
    {
        var all = new List<StoredAgreement>();
        foreach (var row in connection.Query<Row>($"select {Columns} from agreements order by link, id, version"))
        {
            if (Read(row, out string fault) is { } stored)
                all.Add(stored);
            else
                told($"{row.Id}, version {row.Version}: {fault}");
        }

        return all;
    }

    /// <summary>Of one link, in a transaction that is going to write.</summary>
    public static async Task<IReadOnlyList<StoredAgreement>> OfAsync(DbConnection connection, DbTransaction transaction, string link) =>
        [.. (await connection.QueryAsync<Row>($"select {Columns} from agreements where link = @link order by id, version", new { link }, transaction)).Select(r => Read(r, out _)).OfType<StoredAgreement>()];

    public static Task PutAsync(DbConnection connection, DbTransaction transaction, StoredAgreement a) => connection.ExecuteAsync(
        """
        insert into agreements (link, id, version, digest, document, note, state, own, other, written_at, written_by, signed_at, signed_by, bound_at, denunciation, denounced_by, last_day)
        values (@Link, @Id, @version, @Digest, @document, @note, @state, @Own, @Other, @writtenAt, @WrittenBy, @signedAt, @SignedBy, @boundAt, @Denunciation, @DenouncedBy, @lastDay)
        on conflict (link, id, version) do update set digest = excluded.digest, document = excluded.document, note = excluded.note, state = excluded.state, own = excluded.own, other = excluded.other,
            written_at = excluded.written_at, written_by = excluded.written_by, signed_at = excluded.signed_at, signed_by = excluded.signed_by, bound_at = excluded.bound_at,
            denunciation = excluded.denunciation, denounced_by = excluded.denounced_by, last_day = excluded.last_day
        """,
        new
        {
            a.Link,
            a.Id,
            version = (long)a.Version,
            a.Digest,
            document = Encoding.UTF8.GetString(AgreementReader.Write(a.Document)),
            note = a.Signed.Note.ToString(),
            state = a.State.ToString(),
            a.Own,
            a.Other,
            writtenAt = a.WrittenAt.Microseconds,
            a.WrittenBy,
            signedAt = a.SignedAt?.Microseconds,
            a.SignedBy,
            boundAt = a.BoundAt?.Microseconds,
            a.Denunciation,
            a.DenouncedBy,
            lastDay = a.LastDay?.ToString(DayForm, CultureInfo.InvariantCulture) ?? "",
        },
        transaction);

    public static Task<int> RemoveAsync(DbConnection connection, DbTransaction transaction, StoredAgreement draft) => connection.ExecuteAsync(
        "delete from agreements where link = @Link and id = @Id and version = @version and state = 'Draft'", new { draft.Link, draft.Id, version = (long)draft.Version }, transaction);

    static StoredAgreement? Read(Row row, out string fault)
    {
        if (AgreementReader.Read(Encoding.UTF8.GetBytes(row.Document), out var faults) is not { } document)
        {
            fault = $"the document isn't sound: {faults[0]}";
            return null;
        }

        var signed = SignedAgreement.Unsigned(document);
        fault = Hex(document) == row.Digest ? "" : "the document isn't the one that its digest is of.";
        if (fault.Length == 0 && Enum.Parse<AgreementState>(row.State) != AgreementState.Draft)
        {
            if (!SignedNote.TryParse(Encoding.UTF8.GetBytes(row.Note), out var note))
                fault = "its signatures can't be read.";
            else if (SignedAgreement.TryRead(document, note, out var read, out fault))
                signed = read;
        }

        var state = Enum.Parse<AgreementState>(row.State);
        if (fault.Length == 0 && state == AgreementState.Binding && !signed.IsBinding)
            fault = "it is said to bind, and a signature is missing.";
        return fault.Length > 0 ? null : new(
            row.Link, row.Digest, signed, state, row.Own, row.Other, new(row.WrittenAt), row.WrittenBy, row.SignedAt is { } at ? new WallTime(at) : null, row.SignedBy,
            row.BoundAt is { } bound ? new WallTime(bound) : null, row.Denunciation, row.DenouncedBy,
            row.LastDay.Length > 0 ? DateOnly.ParseExact(row.LastDay, DayForm, CultureInfo.InvariantCulture) : null);
    }

    public static string Hex(Agreement document) => Convert.ToHexStringLower(AgreementReader.DigestOf(document).ToArray());

    sealed class Row
    {
        public string Link { get; init; } = "";
        public string Id { get; init; } = "";
        public long Version { get; init; }
        public string Digest { get; init; } = "";
        public string Document { get; init; } = "";
        public string Note { get; init; } = "";
        public string State { get; init; } = "";
        public string Own { get; init; } = "";
        public string Other { get; init; } = "";
        public long WrittenAt { get; init; }
        public string WrittenBy { get; init; } = "";
        public long? SignedAt { get; init; }
        public string SignedBy { get; init; } = "";
        public long? BoundAt { get; init; }
        public string Denunciation { get; init; } = "";
        public string DenouncedBy { get; init; } = "";
        public string LastDay { get; init; } = "";
    }
}
