using System.Collections.Concurrent;
using System.Data.Common;

using Atalaya.Evidence;
using Atalaya.Federation.Agreements;
using Atalaya.Federation.Grants;
using Atalaya.Federation.Links;
using Atalaya.Media;
using Atalaya.Node.Evidence;
using Atalaya.Node.Federation.Agreements;
using Atalaya.Node.Federation.Links;
using Atalaya.Node.Options;
using Atalaya.Node.Store;

using Dapper;

namespace Atalaya.Node.Federation.Grants;

/// <summary>What somebody wants to let another organisation have, once the agreement and the second person have said yes.</summary>
/// <param name="Id">A GUID.</param>
/// <param name="Source">What a file is made from: id of a package, or the stream; empty: none.</param>
/// <param name="Card">JSON of an incident card.</param>
/// <param name="Persons">Ids of those who agreed, who gives it first.</param>
/// <param name="Review">By when it is reviewed, if it goes before all have agreed.</param>
sealed record NewGrant(string Id, Link Link, ShareTerms Terms, string UserId, string UserName, string AgreedName, IReadOnlyList<string> Persons, int Needed, DateTimeOffset? Review, string Source = "", string? Card = null);

/// <summary>
/// The grants of this node, given and received: keeps them, tells the other side, ends them. The owner's node enforces: what a grant lets go is opened here (<see cref="OpenAsync"/>) and cut here, at its
/// end or when it is revoked. Every step is a signed document to the other side and a leaf in both logs.
/// </summary>
sealed class ShareGrants(NodeDatabase database, LinkBook links, CardNews cards, AgreementBook agreements, Outbox outbox, NodeLog log, LinkFiles files, NodeOptions options, TimeProvider clock, ILogger<ShareGrants> logger) : IHostedService, IDisposable
{
    /// <summary>What one person asks of one grant within this is one look. A player asks for a file in ranges, now and then, in whatever order; a line that breaks is opened anew.</summary>
    public static readonly TimeSpan OneLook = TimeSpan.FromMinutes(10);

    /// <summary>How often the agreement is asked again while something goes out.</summary>
    public static readonly TimeSpan AskEvery = TimeSpan.FromMilliseconds(500);

    static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    /// <summary>A timer goes no further: it is looked at again then.</summary>
    static readonly TimeSpan LongestTimer = TimeSpan.FromDays(30);

    readonly ConcurrentDictionary<string, ConcurrentDictionary<CancellationTokenSource, byte>> _open = new(StringComparer.Ordinal);      // grant → what runs under it
    readonly ConcurrentDictionary<string, byte> _aside = new(StringComparer.Ordinal);   // what can't be read, once told of
    readonly SemaphoreSlim _signing = new(1, 1);
    readonly CancellationTokenSource _stop = new();
    ITimer? _timer;
    int _looking;

    /// <summary>Raised after each change of a grant, with its id; must be quick.</summary>
    public event Action<string>? Changed;

    /// <summary>Raised when one has ended in whatever way, with its id; must be quick.</summary>
    public event Action<string>? Ended;

    /// <summary>Name of this organisation, as agreements and documents have it.</summary>
    public string Organisation => options.Federation.Organisation.Length > 0 ? options.Federation.Organisation : options.Name;

    /// <summary>Files of grants: made here for others, or fetched from them.</summary>
    public string Folder => Path.Combine(database.Folder.Path, "shared");

    public DbDataSource Source => database.Source;

    public DateTimeOffset Now => clock.GetUtcNow();

    public Task StartAsync(CancellationToken stop)
    {
        Directory.CreateDirectory(Folder);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(Folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        files.Guards["grant"] = BeginFileAsync;
        _timer = clock.CreateTimer(_ => _ = LookAsync(), null, LookEvery, LookEvery);
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken stop)
    {
        if (_timer is not null)
            await _timer.DisposeAsync();
        await _stop.CancelAsync();
    }

    public void Dispose()
    {
        _stop.Dispose();
        _signing.Dispose();
    }

    public async Task<ShareRow?> FindAsync(string id, CancellationToken stop)
    {
        await using var connection = await Source.OpenConnectionAsync(stop);
        return await ShareStore.FindAsync(connection, id, stop) is { } row ? row.With(row.Grant.At(Now)) : null;
    }

    /// <summary>Newest first.</summary>
    public async Task<IReadOnlyList<ShareRow>> ListAsync(bool ours, int most, CancellationToken stop)
    {
        await using var connection = await Source.OpenConnectionAsync(stop);
        var now = Now;
        return [.. (await ShareStore.ReadAsync(connection, "direction = @direction order by asked_us desc, id limit @most", new { direction = ours ? "given" : "received", most }, stop, unreadable: Aside))
            .Select(r => r.With(r.Grant.At(now)))];
    }

    /// <summary>Those that a loop looks after, as they are stored.</summary>
    public async Task<IReadOnlyList<ShareRow>> ReadAsync(string where, object? values, CancellationToken stop)
    {
        await using var connection = await Source.OpenConnectionAsync(stop);
        return await ShareStore.ReadAsync(connection, where, values, stop, unreadable: Aside);
    }

    public async Task<IReadOnlyList<ShareNote>> NotesAsync(string grant, CancellationToken stop)
    {
        await using var connection = await Source.OpenConnectionAsync(stop);
        return await ShareStore.NotesAsync(connection, "grant_id = @grant order by at_us, id", new { grant }, stop);
    }

    /// <summary>Gives it: at once, or as soon as its file is made.</summary>
    /// <returns>As it is now.</returns>
    public async Task<ShareRow> GiveAsync(NewGrant wanted, CancellationToken stop)
    {
        await using var connection = await Source.OpenConnectionAsync(stop);
        await using var transaction = await connection.BeginTransactionAsync(stop);
        var row = await GiveAsync(connection, transaction, wanted);
        await transaction.CommitAsync(stop);
        Tell(row.Id);
        return row;
    }

    /// <summary>In the caller's transaction; <see cref="Tell"/> after its commit.</summary>
    public async Task<ShareRow> GiveAsync(DbConnection connection, DbTransaction transaction, NewGrant wanted)
    {
        var now = Now;
        var grant = ShareGrant.Ask(wanted.Id, wanted.Terms, wanted.Persons[0], wanted.Needed, now, wanted.Review);
        foreach (string person in wanted.Persons.Skip(1))
            grant = grant.Approve(person, now).Next;
        if (grant.State != GrantState.Approved)
            throw new InvalidOperationException($"A grant that {wanted.Needed} must agree to has {wanted.Persons.Count}.");
        bool isMade = wanted.Terms.What is ShareKind.Clip or ShareKind.Still or ShareKind.Package;
        var document = new ShareDocument(NewId(now), grant.Id, ShareAct.Given, Organisation, now, Terms: wanted.Terms);
        var row = new ShareRow(grant, true, wanted.Link.Id, document, wanted.UserId, wanted.UserName, wanted.AgreedName, isMade ? ShareFile.Making : wanted.Card is null ? ShareFile.None : ShareFile.Here, wanted.Source, wanted.Card);
        if (!isMade)
        {
            row = row.With(grant.Give(now).Next);
            await ShareStore.StateAsync(connection, transaction, document, null);
        }

        await ShareStore.InsertAsync(connection, transaction, row);
        return row;
    }

    /// <summary>The file of a grant that waits for it is there: it is given now.</summary>
    public async Task GiveFileAsync(string id, string path, string name, long bytes, string sha256, CancellationToken stop)
    {
        await ChangeAsync(id, async (connection, transaction, row) =>
        {
            if (links.Find(row.Link) is not { } link)
                return null;
            var now = Now;
            var terms = row.Terms with { Bytes = bytes, Sha256 = sha256, File = name };
            var (given, fault) = (row.Grant with { Terms = terms }).Give(now);
            if (fault != GrantFault.None)
                return null;
            var document = row.Document with { At = now, Terms = terms };
            var file = await LinkFiles.OfferAsync(connection, transaction, link, path, name, bytes, sha256, row.Subject, terms.Expires);
            await ShareStore.StateAsync(connection, transaction, document, null);
            return row with { Grant = given, Document = document, File = ShareFile.Here, FileId = file.Id };
        }, stop);
    }

    /// <summary>It can't be made: it ends, and nobody was told of it.</summary>
    public Task FailAsync(string id, string why, CancellationToken stop) => ChangeAsync(id, (_, _, row) =>
    {
        var (ended, fault) = row.Grant.End(why, Now);
        return Task.FromResult(fault == GrantFault.None ? row with { Grant = ended, File = ShareFile.Failed, FileFault = why } : null);
    }, stop);

    /// <summary>Takes it back: what runs under it is cut before this returns, and the other side is told.</summary>
    /// <returns>Null: there is none of ours, or it has ended.</returns>
    public Task<ShareRow?> RevokeAsync(string id, string why, CancellationToken stop = default) => StopAsync(id, ShareAct.Revoked, why, grant => grant.Revoke(why, Now), stop);

    /// <summary>Nobody needs it any more.</summary>
    public Task<ShareRow?> EndAsync(string id, string why, CancellationToken stop) => StopAsync(id, ShareAct.Ended, why, grant => grant.End(why, Now), stop);

    async Task<ShareRow?> StopAsync(string id, ShareAct act, string reason, Func<ShareGrant, (ShareGrant Next, GrantFault Fault)> step, CancellationToken stop)
    {
        // It may be built of what somebody called something, of ours or of theirs: an end never fails for its words.
        string why = ShareDocument.Clean(reason);
        var ended = await ChangeAsync(id, async (connection, transaction, row) =>
        {
            if (!row.Ours)
                return null;
            var (next, fault) = step(row.Grant);
            if (fault != GrantFault.None)
                return null;
            // One that never was given needs no word to the other side.
            if (row.Grant.GivenAt is not null)
                await ShareStore.StateAsync(connection, transaction, new(NewId(Now), id, act, Organisation, Now, Why: why), null);
            return row.With(next);
        }, stop);
        if (ended is not null)
            await files.WithdrawAsync(ended.Subject, CancellationToken.None);
        return ended;
    }

    /// <summary>Opens a grant for something that runs under it: pictures that go out, or that come in. Nothing is written.</summary>
    /// <returns>Null: it isn't open. Otherwise dispose of it at the end; its token is cancelled when the grant ends.</returns>
    public async Task<OpenShare?> OpenAsync(ShareRow row, CancellationToken stop)
    {
        var now = Now;
        if (!row.Grant.IsOpen(now))
            return null;
        var cut = new CancellationTokenSource();
        var those = _open.GetOrAdd(row.Id, _ => new());
        those[cut] = 0;
        var left = row.Terms.Expires - now;
        var share = new OpenShare(cut, clock.CreateTimer(_ => Cancel(cut), null, left < LongestTimer ? left : LongestTimer, Timeout.InfiniteTimeSpan), () => those.TryRemove(cut, out _));
        try
        {
            // Behind the registration: who revokes it in between cuts it.
            if (await FindAsync(row.Id, stop) is { } current && current.Grant.IsOpen(Now))
                return share;
        }
        catch
        {
            await share.DisposeAsync();
            throw;
        }

        await share.DisposeAsync();
        return null;
    }

    /// <summary>States that live pictures go out, before they do. A number that was stated of this grant within <see cref="OneLook"/> is the same look, and stated once.</summary>
    /// <param name="view">The look's number, as the other side has it; null: this side gives it one.</param>
    /// <returns>False: the grant isn't open.</returns>
    public async Task<bool> SentAsync(string id, string? view, CancellationToken stop)
    {
        bool isOpen = false;
        await ChangeAsync(id, async (connection, transaction, row) =>
        {
            var now = Now;
            var (next, fault) = row.Grant.Use(now);
            isOpen = fault == GrantFault.None;
            var known = view is null ? null : (await ShareStore.NotesAsync(connection, "id = @view and ours = 1", new { view }, stop, transaction)).SingleOrDefault();
            if (!isOpen || (known is { Act: ShareAct.Sent } && known.Grant == id && now - known.At < OneLook))
                return null;
            await ShareStore.StateAsync(connection, transaction, new(view is null || known is not null ? NewId(now) : view, id, ShareAct.Sent, Organisation, now), null);
            return row.With(next);
        }, stop);
        return isOpen;
    }

    /// <summary>Somebody else than who gave it says whether that was right.</summary>
    public async Task<(ShareRow? Row, GrantFault Fault)> ReviewAsync(string id, string by, string name, bool right, string note, CancellationToken stop)
    {
        var fault = GrantFault.OutOfTurn;
        var row = await ChangeAsync(id, (_, _, row) =>
        {
            if (!row.Ours)
                return Task.FromResult<ShareRow?>(null);
            (var next, fault) = row.Grant.CloseReview(by, right, note, Now);
            return Task.FromResult(fault == GrantFault.None ? row.With(next with { Review = next.Review! with { By = name } }) : null);
        }, stop);
        return (row, fault);
    }

    /// <summary>Changes one in one transaction: all of it, or none.</summary>
    /// <param name="change">Null: it stays as it is.</param>
    public async Task<ShareRow?> ChangeAsync(string id, Func<DbConnection, DbTransaction, ShareRow, Task<ShareRow?>> change, CancellationToken stop)
    {
        ShareRow? after;
        await using (var connection = await Source.OpenConnectionAsync(stop))
        {
            await using var transaction = await connection.BeginTransactionAsync(stop);
            if (await ShareStore.FindAsync(connection, id, stop, transaction) is not { } row || (after = await change(connection, transaction, row)) is null)
                return null;
            await ShareStore.UpdateAsync(connection, transaction, after);
            await transaction.CommitAsync(stop);
        }

        if (after.Grant.HasEnded)
            Cut(id);
        Tell(id);
        return after;
    }

    /// <summary>
    /// The other side refused a document of ours that the key in force hasn't signed: the earlier one was revoked while it was on its way. It is signed anew and goes again.
    /// </summary>
    /// <returns>False: that isn't why.</returns>
    public async Task<bool> SignAnewAsync(DbConnection connection, DbTransaction transaction, ShareDocument document, SignedNote refused, CancellationToken stop) =>
        await log.HeadAsync(stop) is var (_, key) && refused.Signatures.All(s => s.KeyId != key.Id)
        && await connection.ExecuteAsync("update share_documents set note = null where id = @Id and ours = 1", new { document.Id }, transaction) > 0;

    /// <summary>Behind the commit of a change that was made elsewhere.</summary>
    public void Tell(string id)
    {
        Changed?.Invoke(id);
        _ = SendAsync();
    }

    /// <summary>What runs under it ends now.</summary>
    public void Cut(string id)
    {
        if (_open.TryRemove(id, out var running))
        {
            foreach (var cut in running.Keys)
                Cancel(cut);
        }

        files.Cut($"grant/{id}");
        Ended?.Invoke(id);
    }

    /// <summary>An open grant is asked of its agreement again whenever it is used: one that was denounced or replaced gives nothing any more.</summary>
    public bool MayStill(Link link, ShareRow row) => agreements.Decide(link, row.Terms.ToAsk(Now, row.Terms.Persons)).Allowed;

    public static string NewId(DateTimeOffset now) => Guid.CreateVersion7(now).ToString();

    async Task<bool> BeginFileAsync(LinkFile file, string subject, HttpContext http, CancellationToken stop)
    {
        string id = subject["grant/".Length..];
        if (await FindAsync(id, stop) is not { Ours: true } seen || !seen.Grant.IsOpen(Now) || !MayStill(http.Peer(), seen))
            return false;
        if (HttpMethods.IsHead(http.Request.Method))
            return true;
        // Denounced, replaced: what goes out ends with it, as pictures do.
        var link = http.Peer();
        var asking = clock.CreateTimer(
            _ =>
            {
                if (!MayStill(link, seen))
                    http.Abort();
            },
            null, AskEvery, AskEvery);
        http.Response.OnCompleted(async () => await asking.DisposeAsync());
        return await ChangeAsync(id, async (connection, transaction, row) =>
        {
            var (next, fault) = row.Grant.Use(Now);
            if (fault != GrantFault.None)
                return null;
            // Once, however often a bad line begins anew.
            if ((await ShareStore.NotesAsync(connection, "grant_id = @id and ours = 1 and act = 'Sent'", new { id }, stop, transaction)).Count == 0)
                await ShareStore.StateAsync(connection, transaction, new(NewId(Now), id, ShareAct.Sent, Organisation, Now, Sha256: file.Sha256, Bytes: file.Bytes), null);
            return row.With(next);
        }, stop) is not null;
    }

    async Task LookAsync()
    {
        if (Interlocked.Exchange(ref _looking, 1) != 0)
            return;
        try
        {
            foreach (var row in await ReadAsync("state in ('Asked', 'Approved', 'Given', 'Active') and expires_us <= @now", new { now = WallTime.Now(clock).Microseconds }, _stop.Token))
                await ExpireAsync(row);
        }
        catch (Exception fault)
        {
            Missed(fault, "Grants couldn't be looked at");
        }

        try
        {
            await SendAsync();
        }
        finally
        {
            Volatile.Write(ref _looking, 0);
        }
    }

    async Task ExpireAsync(ShareRow row)
    {
        try
        {
            await ChangeAsync(row.Id, async (connection, transaction, current) =>
            {
                var expired = current.Grant.At(Now);
                if (expired.State != GrantState.Expired || current.Grant.State == GrantState.Expired)
                    return null;
                if (current.Ours && current.Grant.GivenAt is not null)
                    await ShareStore.StateAsync(connection, transaction, new(NewId(Now), current.Id, ShareAct.Ended, Organisation, Now, Why: "its time was over"), null);
                return current.With(expired);
            }, _stop.Token);
            await files.WithdrawAsync(row.Subject, _stop.Token);
        }
        catch (Exception fault)
        {
            Missed(fault, $"Grant {row.Id} couldn't be ended");
        }
    }

    // Whatever it is: the others go on, and this one is tried again.
    void Missed(Exception fault, string what)
    {
        if (!_stop.IsCancellationRequested)
            logger.LogWarning("{What}; it is tried again: {Fault}", what, fault.Message);
    }

    // Once: it stays as it is until somebody looks into it.
    void Aside(string id)
    {
        if (_aside.TryAdd(id, 0))
            logger.LogError("Grant or document {Id} can't be read as it is stored, and is left aside: nothing is given, signed or sent for it. All others go on.", id);
    }

    /// <summary>Signs what waits to be signed, and sends it. What fails is tried again at the next look.</summary>
    async Task SendAsync()
    {
        try
        {
            await _signing.WaitAsync(_stop.Token);
            try
            {
                // Of this look: those that can't go now don't hold up what stands behind them.
                var left = new HashSet<string>(StringComparer.Ordinal);
                while (await SendNextAsync(left))
                {
                }
            }
            finally
            {
                _signing.Release();
            }
        }
        catch (Exception fault)
        {
            Missed(fault, "A disclosure or receipt couldn't be signed or sent");
        }
    }

    /// <param name="left">Those that were tried and can't go.</param>
    async Task<bool> SendNextAsync(HashSet<string> left)
    {
        await using var connection = await Source.OpenConnectionAsync(_stop.Token);
        var waiting = await ShareStore.NotesAsync(connection, "ours = 1 and note is null order by at_us, id limit @most", new { most = left.Count + 1 }, _stop.Token);
        if (waiting.FirstOrDefault(n => !left.Contains(n.Id)) is not { } next)
            return false;
        if (!ShareDocument.TryParse(next.Text, out _) || await ShareStore.FindAsync(connection, next.Grant, _stop.Token) is not { } row)
        {
            Aside(next.Id);
            return left.Add(next.Id);
        }

        // Without a log there is no key to sign with: later.
        if (await log.SignAsync(next.Text, _stop.Token) is not { } signed)
            return false;
        try
        {
            await SendAsync(connection, next, row, signed);
        }
        catch (ArgumentException fault)
        {
            // Too large for a message, or a statement that this link doesn't carry.
            Missed(fault, $"The statement {next.Id} of grant {next.Grant} can't be sent");
            return left.Add(next.Id);
        }

        return true;
    }

    async Task SendAsync(DbConnection connection, ShareNote next, ShareRow row, SignedNote signed)
    {
        string note = signed.ToString();
        object body = next.Act switch
        {
            ShareAct.Given => new { note, card = row.Card, file = row.FileId.Length > 0 ? row.FileId : null },
            _ => new { note },
        };
        var (lane, kind) = next.Act switch
        {
            ShareAct.Given => (Lane.Urgent, "grant.given"),
            ShareAct.Revoked => (Lane.Urgent, "grant.revoked"),
            ShareAct.Ended => (Lane.Urgent, "grant.ended"),
            ShareAct.Sent => (Lane.Records, "disclosure.made"),
            _ => (Lane.Records, "receipt.signed"),
        };
        await using var transaction = await connection.BeginTransactionAsync(_stop.Token);
        if (await connection.ExecuteAsync("update share_documents set note = @note where id = @Id and ours = 1 and note is null", new { note, next.Id }, transaction) == 0)
            return;
        if (links.Find(row.Link) is { } link)
        {
            // The log's key was followed by another meanwhile: it is signed anew.
            if (!await cards.GoAheadAsync(connection, transaction, link, signed, _stop.Token))
                return;
            await outbox.SendAsync(connection, transaction, link, lane, kind, body);
        }

        await transaction.CommitAsync(_stop.Token);
        outbox.Wake();
    }

    public static void CancelUnless(CancellationTokenSource cut, bool may)
    {
        if (!may)
            Cancel(cut);
    }

    static void Cancel(CancellationTokenSource cut)
    {
        try
        {
            cut.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It has ended just now.
        }
    }
}

/// <summary>Something that goes on under a grant, no longer than that.</summary>
sealed class OpenShare(CancellationTokenSource cut, ITimer timer, Action left) : IAsyncDisposable
{
    /// <summary>Cancelled when the grant ends.</summary>
    public CancellationToken Ended { get; } = cut.Token;

    public async ValueTask DisposeAsync()
    {
        left();
        await timer.DisposeAsync();
        cut.Dispose();
    }
}
