using System.Data.Common;

using Atalaya.Federation.Agreements;
using Atalaya.Federation.Grants;
using Atalaya.Media;

using Dapper;

namespace Atalaya.Node.Federation.Grants;

/// <summary>Where the file of a grant is, at whose node this is.</summary>
enum ShareFile
{
    /// <summary>It has none: live pictures.</summary>
    None,

    /// <summary>At the owner's: about to be made.</summary>
    Making,

    /// <summary>At the receiver's: it is fetched.</summary>
    Fetching,
    Here,
    Deleted,

    /// <summary>It can't be made, or isn't what was named.</summary>
    Failed,
}

/// <summary>A grant as one side keeps it.</summary>
/// <param name="Ours">We give it; otherwise it was given to us.</param>
/// <param name="Document">The disclosure that its owner signs; what its file is stands in it once that is there.</param>
/// <param name="UserName">Who gave it, of ours.</param>
/// <param name="AgreedName">The second person; empty: nobody had to agree.</param>
/// <param name="Source">What a file is made from: id of a package, or the stream.</param>
/// <param name="Card">JSON of an incident card, while it is kept.</param>
/// <param name="FileId">By which the receiver fetches it.</param>
sealed record ShareRow(
    ShareGrant Grant, bool Ours, string Link, ShareDocument Document, string UserId, string UserName, string AgreedName, ShareFile File, string Source = "", string? Card = null, string FileFault = "",
    string FileId = "")
{
    public string Id => Grant.Id;
    public ShareTerms Terms => Grant.Terms;

    /// <summary>Of its files, among those of a link.</summary>
    public string Subject => $"grant/{Id}";

    public ShareRow With(ShareGrant grant) => this with { Grant = grant };

    /// <summary>Whether it is ours to this partner, goes on, and was given in answer to such a request for this purpose: then a request's answer or a joint operation may carry it.</summary>
    /// <param name="request">Its kind.</param>
    public bool IsUnder(string link, RequestKind request, string purpose, DateTimeOffset now) =>
        Ours && Link == link && !Grant.At(now).HasEnded && Terms.Purpose == purpose && Terms.Request.Equals(request.ToString(), StringComparison.OrdinalIgnoreCase);
}

/// <summary>A signed document as it is kept.</summary>
/// <param name="Note">Null: it is about to be signed.</param>
sealed record ShareNote(string Id, bool Ours, string Grant, ShareAct Act, DateTimeOffset At, string Text, string Digest, string? Note);

/// <summary>Grants and documents in the database.</summary>
static class ShareStore
{
    const string Columns = """
        id as Id, direction as Direction, link as Link, state as State, document as Document, needed as Needed, persons as Persons, user_id as UserId, user_name as UserName, agreed_name as AgreedName,
        review_due as ReviewDue, review_closed as ReviewClosed, review_by as ReviewBy, review_right as ReviewRight, review_note as ReviewNote, asked_us as AskedUs, given_us as GivenUs,
        ended_us as EndedUs, why as Why, source as Source, card as Card, file_state as FileState, file_fault as FileFault, file_id as FileId
        """;

    /// <summary>One that can't be read is left out: it is in nobody's hands, and the others go on.</summary>
    /// <param name="where">With @name of <paramref name="values"/>.</param>
    /// <param name="unreadable">Told of each that is left out, with its id.</param>
    public static async Task<IReadOnlyList<ShareRow>> ReadAsync(
        DbConnection connection, string where, object? values, CancellationToken stop, DbTransaction? transaction = null, Action<string>? unreadable = null)
    {
        var read = new List<ShareRow>();
        foreach (var row in await connection.QueryAsync<Row>(new CommandDefinition($"select {Columns} from share_grants where {where}", values, transaction, cancellationToken: stop)))
        {
            if (row.TryShare() is { } share)
                read.Add(share);
            else
                unreadable?.Invoke(row.Id);
        }

        return read;
    }

    public static async Task<ShareRow?> FindAsync(DbConnection connection, string id, CancellationToken stop, DbTransaction? transaction = null) =>
        (await ReadAsync(connection, "id = @id", new { id }, stop, transaction)).SingleOrDefault();

    /// <exception cref="ShareException">It couldn't be read again.</exception>
    public static Task InsertAsync(DbConnection connection, DbTransaction transaction, ShareRow share) => connection.ExecuteAsync(
        """
        insert into share_grants (id, direction, link, state, document, needed, persons, user_id, user_name, agreed_name, review_due, review_closed, review_by, review_right, review_note, asked_us, given_us,
            expires_us, ended_us, why, source, card, file_state, file_fault, file_id)
        values (@Id, @Direction, @Link, @State, @Document, @Needed, @Persons, @UserId, @UserName, @AgreedName, @ReviewDue, @ReviewClosed, @ReviewBy, @ReviewRight, @ReviewNote, @AskedUs, @GivenUs,
            @ExpiresUs, @EndedUs, @Why, @Source, @Card, @FileState, @FileFault, @FileId)
        """, Row.Of(Readable(share)), transaction);

    /// <exception cref="ShareException">It couldn't be read again.</exception>
    public static Task UpdateAsync(DbConnection connection, DbTransaction transaction, ShareRow share) => connection.ExecuteAsync(
        """
        update share_grants set state = @State, document = @Document, persons = @Persons, agreed_name = @AgreedName, review_due = @ReviewDue, review_closed = @ReviewClosed, review_by = @ReviewBy,
            review_right = @ReviewRight, review_note = @ReviewNote, given_us = @GivenUs, ended_us = @EndedUs, why = @Why, card = @Card, file_state = @FileState, file_fault = @FileFault, file_id = @FileId
        where id = @Id
        """, Row.Of(Readable(share)), transaction);

    /// <summary>Puts a statement of ours in the row of those that are to be signed and sent, or keeps one of theirs.</summary>
    /// <param name="note">Theirs, as it came; null: ours.</param>
    /// <returns>False: there is one of this number.</returns>
    /// <exception cref="ShareException">It couldn't be read again, here or by the other side.</exception>
    public static async Task<bool> StateAsync(DbConnection connection, DbTransaction transaction, ShareDocument document, string? note)
    {
        string text = Readable(document).Text();
        return await connection.ExecuteAsync(
            """
            insert into share_documents (id, ours, grant_id, act, at_us, body, digest, note) values (@Id, @ours, @Grant, @act, @at, @text, @digest, @note)
            on conflict (id, ours) do nothing
            """,
            new { document.Id, ours = note is null ? 1L : 0, document.Grant, act = document.Act.ToString(), at = WallTime.From(document.At).Microseconds, text, digest = ShareDocument.DigestOf(text), note }, transaction) > 0;
    }

    public static async Task<IReadOnlyList<ShareNote>> NotesAsync(DbConnection connection, string where, object? values, CancellationToken stop, DbTransaction? transaction = null) =>
        [.. (await connection.QueryAsync<NoteRow>(new CommandDefinition(
            $"select id as Id, ours as Ours, grant_id as GrantId, act as Act, at_us as AtUs, body as Body, digest as Digest, note as Note from share_documents where {where}", values, transaction, cancellationToken: stop)))
            .Select(n => new ShareNote(n.Id, n.Ours != 0, n.GrantId, Enum.Parse<ShareAct>(n.Act), new WallTime(n.AtUs).ToDateTimeOffset(), n.Body, n.Digest, n.Note))];

    static ShareRow Readable(ShareRow share)
    {
        Readable(share.Document);
        return share;
    }

    static ShareDocument Readable(ShareDocument document) => document.IsReadable
        ? document
        : throw new ShareException($"What is stated of grant {document.Grant} ({document.Act}) has text that can't be shown or is too long; it isn't written down.");

    sealed record NoteRow(string Id, long Ours, string GrantId, string Act, long AtUs, string Body, string Digest, string? Note);

    sealed class Row
    {
        public string Id { get; init; } = "";
        public string Direction { get; init; } = "";
        public string Link { get; init; } = "";
        public string State { get; init; } = "";
        public string Document { get; init; } = "";
        public long Needed { get; init; }
        public string Persons { get; init; } = "";
        public string UserId { get; init; } = "";
        public string UserName { get; init; } = "";
        public string AgreedName { get; init; } = "";
        public long? ReviewDue { get; init; }
        public long? ReviewClosed { get; init; }
        public string ReviewBy { get; init; } = "";
        public long ReviewRight { get; init; }
        public string ReviewNote { get; init; } = "";
        public long AskedUs { get; init; }
        public long? GivenUs { get; init; }
        public long ExpiresUs { get; init; }
        public long? EndedUs { get; init; }
        public string Why { get; init; } = "";
        public string Source { get; init; } = "";
        public string? Card { get; init; }
        public string FileState { get; init; } = "";
        public string FileFault { get; init; } = "";
        public string FileId { get; init; } = "";

        public static Row Of(ShareRow s) => new()
        {
            Id = s.Id,
            Direction = s.Ours ? "given" : "received",
            Link = s.Link,
            State = s.Grant.State.ToString(),
            Document = s.Document.Text(),
            Needed = s.Grant.Needed,
            Persons = string.Join(',', s.Grant.Persons),
            UserId = s.UserId,
            UserName = s.UserName,
            AgreedName = s.AgreedName,
            ReviewDue = Of(s.Grant.Review?.Due),
            ReviewClosed = Of(s.Grant.Review?.ClosedAt),
            ReviewBy = s.Grant.Review?.By ?? "",
            ReviewRight = s.Grant.Review?.Right == true ? 1 : 0,
            ReviewNote = s.Grant.Review?.Note ?? "",
            AskedUs = WallTime.From(s.Grant.AskedAt).Microseconds,
            GivenUs = Of(s.Grant.GivenAt),
            ExpiresUs = WallTime.From(s.Terms.Expires).Microseconds,
            EndedUs = Of(s.Grant.EndedAt),
            Why = s.Grant.Why,
            Source = s.Source,
            Card = s.Card,
            FileState = s.File.ToString(),
            FileFault = s.FileFault,
            FileId = s.FileId,
        };

        public ShareRow? TryShare()
        {
            if (!ShareDocument.TryParse(Document, out var document) || document.Terms is not { } terms || !Enum.TryParse(State, out GrantState state) || !Enum.TryParse(FileState, out ShareFile file))
                return null;
            return new(
                new(Id, terms, state, Of(AskedUs)!.Value, (int)Needed, Persons.Split(',', StringSplitOptions.RemoveEmptyEntries),
                    ReviewDue is null ? null : new(Of(ReviewDue)!.Value, Of(ReviewClosed), ReviewBy, ReviewRight != 0, ReviewNote), Of(GivenUs), Of(EndedUs), Why),
                Direction == "given", Link, document, UserId, UserName, AgreedName, file, Source, Card, FileFault, FileId);
        }

        static long? Of(DateTimeOffset? at) => at is { } time ? WallTime.From(time).Microseconds : null;

        static DateTimeOffset? Of(long? us) => us is { } at ? new WallTime(at).ToDateTimeOffset() : null;
    }
}
