using Atalaya.Federation.Grants;
using Atalaya.Node.Federation.Links;

namespace Atalaya.Node.Federation.Grants;

/// <summary>Fetches the files of what was given to us, keeps them no longer than we may, and confirms both. Files that we made for others go with their grants.</summary>
sealed class ShareReceiver(ShareGrants grants, LinkBook links, LinkRoom room, FileFetcher fetcher, TimeProvider clock, ILogger<ShareReceiver> log) : IHostedService, IAsyncDisposable
{
    static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(5);

    const int MostLooks = 1000;

    readonly SemaphoreSlim _woken = new(0);
    readonly CancellationTokenSource _stop = new();
    readonly Dictionary<(string Grant, string User), DateTimeOffset> _looks = [];   // the last request of each; under its own lock
    readonly Dictionary<string, Task> _links = new(StringComparer.Ordinal);     // what is fetched from each; touched only by _fetching, and behind its end
    Task _fetching = Task.CompletedTask, _keeping = Task.CompletedTask;

    public Task StartAsync(CancellationToken stop)
    {
        grants.Changed += OnChanged;
        _fetching = Task.Run(() => RunAsync(FetchAsync), CancellationToken.None);
        _keeping = Task.Run(() => RunAsync(KeepAsync), CancellationToken.None);
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken stop)
    {
        grants.Changed -= OnChanged;
        await _stop.CancelAsync();
        await Task.WhenAll(_fetching, _keeping);
        await Task.WhenAll(_links.Values);
    }

    public ValueTask DisposeAsync()
    {
        _stop.Dispose();
        _woken.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>The file of a grant, while it is here.</summary>
    public string? FileOf(ShareRow row)
    {
        string path = PathOf(row);
        return row.File == ShareFile.Here && row.Card is null && File.Exists(path) ? path : null;
    }

    /// <summary>Whether a request for a grant's file begins a look: each is one statement, however many ranges a player asks for.</summary>
    public bool IsNewLook(string grant, string user)
    {
        var now = clock.GetUtcNow();
        lock (_looks)
        {
            bool begins = !_looks.TryGetValue((grant, user), out var last) || now - last >= ShareGrants.OneLook;
            if (_looks.Count >= MostLooks)
            {
                foreach (var (key, at) in _looks.ToArray())
                {
                    if (now - at >= ShareGrants.OneLook)
                        _looks.Remove(key);
                }
            }

            _looks[(grant, user)] = now;
            return begins;
        }
    }

    /// <summary>A look that couldn't be written down: the next request begins it.</summary>
    public void ForgetLook(string grant, string user)
    {
        lock (_looks)
            _looks.Remove((grant, user));
    }

    /// <summary>Nothing of it is kept any more, and its owner is told.</summary>
    public Task<ShareRow?> DeleteAsync(string id, string why, CancellationToken stop) => grants.ChangeAsync(id, async (connection, transaction, row) =>
    {
        if (row.Ours || row.File is ShareFile.None or ShareFile.Deleted)
            return null;
        // First: a receipt is never signed for what is still there.
        if (Directory.Exists(FolderOf(row)))
            Directory.Delete(FolderOf(row), recursive: true);
        if (row.File == ShareFile.Here)
        {
            var now = clock.GetUtcNow();
            await ShareStore.StateAsync(connection, transaction, new(ShareGrants.NewId(now), id, ShareAct.Deleted, grants.Organisation, now, Sha256: row.Terms.Sha256, Bytes: row.Terms.Bytes, Why: why), null);
        }

        return row with { File = ShareFile.Deleted, Card = null };
    }, stop);

    // The name is the other side's: only its ending is used.
    string PathOf(ShareRow row) => Path.Combine(FolderOf(row), "file");

    string FolderOf(ShareRow row) => Path.Combine(grants.Folder, row.Id);

    void OnChanged(string id)
    {
        if (_woken.CurrentCount < 2)
            _woken.Release();
    }

    async Task RunAsync(Func<Task> look)
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await look();
                await _woken.WaitAsync(LookEvery, _stop.Token);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception fault)
            {
                log.LogWarning("What was given can't be looked after just now: {Fault}", fault.Message);
                await Task.Delay(LookEvery, clock, CancellationToken.None);
            }
        }
    }

    // A link with its own loop: who is away or slow holds up nobody but themselves.
    async Task FetchAsync()
    {
        var wanted = await ReadAsync("direction = 'received' and file_state = 'Fetching' and state in ('Given', 'Active') order by asked_us, id", null);
        room.Only("files", wanted.Select(r => r.Link).ToHashSet(StringComparer.Ordinal));
        foreach (var group in wanted.GroupBy(r => r.Link, StringComparer.Ordinal))
        {
            if (_links.TryGetValue(group.Key, out var running) && !running.IsCompleted)
                continue;
            if (IsUp(group.Key))
                _links[group.Key] = FetchAsync(group.Key, [.. group]);
        }
    }

    bool IsUp(string link) => links.IsActive(link) && links.HealthOf(link).IsUp;

    async Task FetchAsync(string link, IReadOnlyList<ShareRow> wanted)
    {
        await Task.Yield();
        try
        {
            foreach (var row in wanted)
            {
                if (!IsUp(link) || _stop.IsCancellationRequested)
                    return;
                await FetchAsync(links.Find(link)!, row, wanted.Where(r => r != row).Sum(PartOf));
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The node is stopping.
        }
        catch (Exception fault)
        {
            // Whatever it is, the next look begins anew.
            log.LogWarning("What {Link} gives can't be fetched just now: {Fault}", link, fault.Message);
        }
    }

    long PartOf(ShareRow row) => new FileInfo(PathOf(row) + ".part") is { Exists: true } part ? part.Length : 0;

    async Task FetchAsync(Link link, ShareRow row, long others)
    {
        if (await grants.OpenAsync(row, _stop.Token) is not { } open)
            return;
        await using (open)
        {
            long bytes = row.Terms.Bytes!.Value;
            var (place, why) = await room.TakeAsync(link, "files", bytes, Math.Min(bytes, PartOf(row)), others, _stop.Token);
            if (why != row.FileFault)
                await grants.ChangeAsync(row.Id, (_, _, current) => Task.FromResult<ShareRow?>(current.File == ShareFile.Fetching ? current with { FileFault = why } : null), _stop.Token);
            if (place is null)
                return;
            using var taken = place;
            using var both = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token, open.Ended);
            Directory.CreateDirectory(FolderOf(row));
            FetchEnd end;
            try
            {
                end = await fetcher.FetchAsync(link, new(row.FileId, row.Terms.File, bytes, row.Terms.Sha256), PathOf(row), both.Token);
            }
            catch (OperationCanceledException) when (!_stop.IsCancellationRequested)
            {
                return;     // It ended meanwhile.
            }

            if (end == FetchEnd.Done)
                await ArrivedAsync(row.Id);
            else if (end == FetchEnd.Altered)
                await FailAsync(row.Id, "What came isn't the file that was named: its digest is another.");
        }
    }

    Task ArrivedAsync(string id) => grants.ChangeAsync(id, async (connection, transaction, row) =>
    {
        if (row.File != ShareFile.Fetching)
            return null;
        await ShareStore.StateAsync(connection, transaction, ShareMessages.ReceiptOf(row, grants.Organisation, clock.GetUtcNow()), null);
        return row.Grant.Use(clock.GetUtcNow()) is { Fault: GrantFault.None, Next: var used } ? row.With(used) with { File = ShareFile.Here } : row with { File = ShareFile.Here };
    }, _stop.Token);

    Task FailAsync(string id, string why) => grants.ChangeAsync(id, (_, _, row) => Task.FromResult<ShareRow?>(row with { File = ShareFile.Failed, FileFault = why }), _stop.Token);

    async Task KeepAsync()
    {
        var now = clock.GetUtcNow();
        await EachAsync(await ReadAsync("direction = 'received' and file_state in ('Fetching', 'Here')", null), async row =>
        {
            if (row.Grant.State == GrantState.Revoked)
                await DeleteAsync(row.Id, "it was revoked", _stop.Token);
            else if (row.Terms.KeepUntil is { } until && now >= until)
                await DeleteAsync(row.Id, "its time was over", _stop.Token);
            else if (row.File == ShareFile.Fetching && row.Grant.At(now).HasEnded)
                await DeleteAsync(row.Id, "it ended before it was here", _stop.Token);
        });

        // What was made for others goes when nobody may fetch it any more.
        await EachAsync(await ReadAsync("direction = 'given' and state in ('Revoked', 'Expired', 'Ended', 'Refused') and file_state in ('Making', 'Here') and card is null", null), async row =>
        {
            if (Directory.Exists(FolderOf(row)))
                Directory.Delete(FolderOf(row), recursive: true);
            await grants.ChangeAsync(row.Id, (_, _, current) => Task.FromResult<ShareRow?>(current with { File = ShareFile.Deleted }), _stop.Token);
        });
    }

    Task<IReadOnlyList<ShareRow>> ReadAsync(string where, object? values) => grants.ReadAsync(where, values, _stop.Token);

    // Whatever one row is about, the others are looked after.
    async Task EachAsync(IReadOnlyList<ShareRow> rows, Func<ShareRow, Task> work)
    {
        foreach (var row in rows)
        {
            try
            {
                await work(row);
            }
            catch (Exception fault) when (!_stop.IsCancellationRequested)
            {
                log.LogWarning("Grant {Grant} can't be looked after just now: {Fault}", row.Id, fault.Message);
            }
        }
    }
}
