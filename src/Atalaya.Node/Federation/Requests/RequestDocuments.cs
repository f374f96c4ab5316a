using System.Data.Common;
using System.Security.Cryptography;
using System.Text.Json;

using Atalaya.Federation.Links;
using Atalaya.Federation.Requests;
using Atalaya.Media;
using Atalaya.Node.Federation.Grants;
using Atalaya.Node.Federation.Links;
using Atalaya.Node.Store;

using Dapper;

using Microsoft.AspNetCore.DataProtection;

namespace Atalaya.Node.Federation.Requests;

/// <summary>
/// Documents of requests: brought here by people, or fetched from the other node. Their bytes lie here sealed (<see cref="SealedFile"/>), each under a key of its own that the node's keys seal; the other side
/// may fetch one from the step that names it until it says that it has it whole.
/// </summary>
sealed class RequestDocuments(NodeDatabase database, LinkBook links, Outbox outbox, LinkFiles files, FileFetcher fetcher, LinkRoom room, RequestBook book, TimeProvider clock, ILogger<RequestDocuments> log)
    : MessageHandler, IHostedService, IAsyncDisposable
{
    /// <summary>That were brought here for one partner and went out with nothing.</summary>
    public const int MaxWaiting = 50;

    const string Received = "document.received";

    static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(5), KeepWaiting = TimeSpan.FromDays(1);

    readonly SemaphoreSlim _woken = new(0);
    readonly CancellationTokenSource _stop = new();
    readonly Dictionary<string, Task> _fetching = new(StringComparer.Ordinal);      // one a link; touched only by LookAsync, and behind its end
    Task _looking = Task.CompletedTask;
    IDataProtector? _protector;
    volatile bool _isSwept;

    public override IReadOnlyList<string> Kinds { get; } = [Received];

    public Task StartAsync(CancellationToken stop)
    {
        _protector = DataProtectionProvider.Create(new DirectoryInfo(database.Folder.Keys), b => b.SetApplicationName("atalaya")).CreateProtector("Atalaya.Requests.Document.v1");
        files.Guards[RequestFiles.Subject] = BeginAsync;
        files.Openers[RequestFiles.Subject] = async (file, gone) => await FindAsync(file.Id, gone) is { IsHere: true } row ? Open(row) : null;
        book.Changed += Wake;
        links.Changed += SweepSoon;
        _looking = Task.Run(LookAsync, CancellationToken.None);
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken stop)
    {
        book.Changed -= Wake;
        links.Changed -= SweepSoon;
        await _stop.CancelAsync();
        await _looking;
        await Task.WhenAll(_fetching.Values);
    }

    public ValueTask DisposeAsync()
    {
        _stop.Dispose();
        _woken.Dispose();
        return ValueTask.CompletedTask;
    }

    public async Task<RequestFileRow?> FindAsync(string id, CancellationToken stop)
    {
        await using var connection = await database.Source.OpenConnectionAsync(stop);
        return (await RequestFiles.ReadAsync(connection, "id = @id", new { id }, stop)).SingleOrDefault();
    }

    /// <summary>How many were brought here for a partner and went out with nothing yet.</summary>
    public async Task<long> WaitingAsync(Link link, CancellationToken stop)
    {
        await using var connection = await database.Source.OpenConnectionAsync(stop);
        return await connection.ExecuteScalarAsync<long>(new CommandDefinition("select count(*) from request_files where link = @Id and ours = 1 and request is null", new { link.Id }, cancellationToken: stop));
    }

    /// <summary>Takes a document that is to go to a partner.</summary>
    /// <param name="name">As <see cref="DocumentType.NameOf"/> made it.</param>
    /// <returns>Null: it is empty, too large, or not what its name says.</returns>
    /// <exception cref="IOException">It can't be written.</exception>
    public async Task<RequestFileRow?> BringAsync(Link link, string name, Stream content, string by, CancellationToken stop)
    {
        string id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        byte[] key = RandomNumberGenerator.GetBytes(SealedFile.KeyLength);
        if (await SealedFile.WriteAsync(content, PathOf(id), key, RequestCase.MaxFile, head => Fits(name, head), stop) is not var (bytes, sha256))
            return null;
        var row = new RequestFileRow(id, null, link.Id, true, name, bytes, sha256, true, Seal(key), null, null);
        await using var connection = await database.Source.OpenConnectionAsync(stop);
        await connection.ExecuteAsync(
            """
            insert into request_files (id, link, ours, name, bytes, sha256, user_name, created_us, here, sealed_key) values (@Id, @Link, 1, @Name, @Bytes, @Sha256, @by, @now, 1, @SealedKey)
            """,
            new { row.Id, row.Link, row.Name, row.Bytes, row.Sha256, by, now = WallTime.Now(clock).Microseconds, row.SealedKey });
        return row;
    }

    /// <summary>Forgets one that went out with nothing yet. False: there is none.</summary>
    public async Task<bool> DropAsync(string id, CancellationToken stop)
    {
        await using var connection = await database.Source.OpenConnectionAsync(stop);
        if (await connection.ExecuteAsync(new CommandDefinition("delete from request_files where id = @id and ours = 1 and request is null", new { id }, cancellationToken: stop)) == 0)
            return false;
        File.Delete(PathOf(id));
        return true;
    }

    /// <summary>What is within, from wherever one wants to read; null: its bytes aren't here, or can't be opened.</summary>
    public Stream? Open(RequestFileRow row)
    {
        try
        {
            return row.SealedKey is { } key ? SealedFile.OpenRead(PathOf(row.Id), _protector!.Unprotect(Convert.FromBase64String(key)), row.Bytes) : null;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or CryptographicException)
        {
            log.LogError("Document {Id} of request {Request} can't be opened: {Fault}", row.Id, row.Request, fault.Message);
            return null;
        }
    }

    /// <summary>The other side has a document of ours whole: nobody fetches it any more.</summary>
    public override async Task<MessageVerdict> ApplyAsync(Incoming message, DbConnection connection, DbTransaction transaction, CancellationToken stop)
    {
        string id = Text(message.Body, "document"), sha256 = Text(message.Body, "sha256");
        if (message.Body.ValueKind != JsonValueKind.Object || message.Body.EnumerateObject().Count() != 2
            || await connection.ExecuteScalarAsync<long>(
                "select count(*) from request_files where id = @id and link = @link and ours = 1 and request is not null and sha256 = @sha256", new { id, link = message.From.Id, sha256 }, transaction) == 0)
            return MessageVerdict.Refused("There is no such document.");
        await connection.ExecuteAsync("update request_files set arrived_us = @now where id = @id and arrived_us is null", new { id, now = WallTime.Now(clock).Microseconds }, transaction);
        await LinkFiles.TakeBackAsync(connection, transaction, message.From, id);
        return MessageVerdict.Applied;

        static string Text(JsonElement body, string name) =>
            body.ValueKind == JsonValueKind.Object && body.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";
    }

    public override Task AppliedAsync(Incoming message, CancellationToken stop) => Task.CompletedTask;

    /// <summary>Where a document's sealed bytes are.</summary>
    public static string PathOf(DataFolder folder, string id) => Path.Combine(folder.Documents, id);

    string PathOf(string id) => PathOf(database.Folder, id);

    string Seal(byte[] key) => Convert.ToBase64String(_protector!.Protect(key));

    static bool Fits(string name, ReadOnlyMemory<byte> head) => DocumentType.Of(name)?.Fits(head.Span[..Math.Min(DocumentType.Head, head.Length)]) == true;

    void Wake()
    {
        if (_woken.CurrentCount < 2)
            _woken.Release();
    }

    // The first byte of it is about to go to the other side.
    async Task<bool> BeginAsync(LinkFile file, string subject, HttpContext http, CancellationToken stop)
    {
        if (!HttpMethods.IsHead(http.Request.Method))
        {
            await using var connection = await database.Source.OpenConnectionAsync(stop);
            await connection.ExecuteAsync(new CommandDefinition(
                "update request_files set sent_us = @now where id = @Id and ours = 1 and sent_us is null", new { file.Id, now = WallTime.Now(clock).Microseconds }, cancellationToken: stop));
        }

        return true;
    }

    // A link that ended: what isn't whole of its documents stays in the clear no longer.
    void SweepSoon()
    {
        _isSwept = false;
        Wake();
    }

    async Task LookAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                if (!_isSwept)
                {
                    _isSwept = true;
                    await SweepAsync();
                }

                await FetchAsync();
                await ForgetAsync();
                await _woken.WaitAsync(LookEvery, _stop.Token);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception fault)
            {
                // Whatever it is, the others go on when it has passed; what it was at may lie about.
                _isSwept = false;
                log.LogWarning(fault, "Documents of requests can't be looked after just now: {Fault}", fault.Message);
                await Task.Delay(LookEvery, clock, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    async Task FetchAsync()
    {
        IReadOnlyList<RequestFileRow> wanted;
        await using (var connection = await database.Source.OpenConnectionAsync(_stop.Token))
            wanted = await RequestFiles.ReadAsync(connection, "ours = 0 and here = 0 and fault is null order by created_us, id", null, _stop.Token);
        // All links at a time: a slow one holds up its own alone.
        foreach (var group in wanted.GroupBy(r => r.Link, StringComparer.Ordinal))
        {
            if (links.Find(group.Key) is { State: LinkState.Active } link && links.HealthOf(link.Id).IsUp && _fetching.GetValueOrDefault(link.Id) is null or { IsCompleted: true })
                _fetching[link.Id] = Task.Run(() => FetchAsync(link, [.. group]), CancellationToken.None);
        }
    }

    async Task FetchAsync(Link link, IReadOnlyList<RequestFileRow> wanted)
    {
        bool any = false;
        try
        {
            foreach (var row in wanted)
            {
                // The look that named it may be older than the fetch before this one.
                if (await FindAsync(row.Id, _stop.Token) is not { IsHere: false, Fault: null })
                    continue;
                // In the clear for as long as it is fetched, in a folder that this node alone may read.
                string open = PathOf(row.Id) + ".open";
                // It lies here twice while it is sealed.
                var (place, _) = await room.TakeAsync(link, "documents", row.Bytes, 0, 0, _stop.Token);
                if (place is null)
                    break;
                using var taken = place;
                switch (await fetcher.FetchAsync(link, new(row.Id, row.Name, row.Bytes, row.Sha256), open, _stop.Token))
                {
                    case FetchEnd.Done:
                        await TakeAsync(link, row, open);
                        any = true;
                        break;
                    case FetchEnd.Refused:
                        await FailAsync(row, "The other node doesn't give it.");
                        break;
                    case FetchEnd.Altered:
                        await FailAsync(row, "What came isn't the document that was named: its digest is another.");
                        break;
                    default:
                        // It goes on there the next time.
                        break;
                }
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            return;
        }
        catch (Exception fault)
        {
            // Whatever it is, they are fetched when it has passed.
            log.LogWarning(fault, "Documents of {Link} can't be fetched just now: {Fault}", link.Name, fault.Message);
        }

        // What was named meanwhile.
        if (any)
            Wake();
    }

    async Task TakeAsync(Link link, RequestFileRow row, string open)
    {
        byte[] key = RandomNumberGenerator.GetBytes(SealedFile.KeyLength);
        (long Bytes, string Sha256)? done;
        await using (var content = File.OpenRead(open))
            done = await SealedFile.WriteAsync(content, PathOf(row.Id), key, row.Bytes, head => Fits(row.Name, head), _stop.Token);
        if (done is not var (bytes, sha256) || bytes != row.Bytes || sha256 != row.Sha256)
        {
            File.Delete(PathOf(row.Id));
            await FailAsync(row, "It isn't what its name says.");
            return;
        }

        await using (var connection = await database.Source.OpenConnectionAsync(_stop.Token))
        {
            await using var transaction = await connection.BeginTransactionAsync(_stop.Token);
            await connection.ExecuteAsync(
                "update request_files set here = 1, sealed_key = @sealedKey, arrived_us = @now where id = @Id", new { row.Id, sealedKey = Seal(key), now = WallTime.Now(clock).Microseconds }, transaction);
            await outbox.SendAsync(connection, transaction, link, Lane.Records, Received, new { document = row.Id, sha256 });
            await transaction.CommitAsync(_stop.Token);
        }

        // Last: cut before, it is sealed again and nothing is fetched twice; cut behind the commit, the sweep takes it away.
        File.Delete(open);
        outbox.Wake();
    }

    async Task FailAsync(RequestFileRow row, string why)
    {
        Uncover(row.Id);
        log.LogWarning("Document {Id} of request {Request} didn't come: {Why}", row.Id, row.Request, why);
        await using var connection = await database.Source.OpenConnectionAsync(_stop.Token);
        await connection.ExecuteAsync("update request_files set fault = @why where id = @Id", new { row.Id, why });
    }

    // What of it is in the clear.
    void Uncover(string id)
    {
        string open = PathOf(id) + ".open";
        File.Delete(open);
        File.Delete(open + ".part");
    }

    // Files whose node was killed before their row was written, or behind its end; what was being sealed; and what is in the clear and won't be fetched any more.
    async Task SweepAsync()
    {
        var before = clock.GetUtcNow() - KeepWaiting;
        foreach (string path in Directory.GetFiles(database.Folder.Documents))
        {
            string[] name = Path.GetFileName(path).Split('.');
            if (await FindAsync(name[0], _stop.Token) is not { } row)
            {
                if (new DateTimeOffset(File.GetLastWriteTimeUtc(path)) < before)
                    File.Delete(path);
                continue;
            }

            bool isOver = row.IsHere || row.Fault is not null || links.Find(row.Link) is not { State: not LinkState.Ended };
            if (name is [_, "open", ..] && isOver)
                Uncover(row.Id);
            else if (name is [_, "part"] || (name is [_] && !row.IsHere))
                File.Delete(path);      // No key opens it.
        }
    }

    // What somebody brought here and never sent.
    async Task ForgetAsync()
    {
        IReadOnlyList<RequestFileRow> old;
        await using (var connection = await database.Source.OpenConnectionAsync(_stop.Token))
        {
            old = await RequestFiles.ReadAsync(
                connection, "ours = 1 and request is null and created_us < @before", new { before = WallTime.From(clock.GetUtcNow() - KeepWaiting).Microseconds }, _stop.Token);
        }

        foreach (var row in old)
            await DropAsync(row.Id, _stop.Token);
    }
}
