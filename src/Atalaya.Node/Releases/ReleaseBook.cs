using System.Collections.Concurrent;

using Atalaya.Media;
using Atalaya.Node.Identity;
using Atalaya.Node.Packages;
using Atalaya.Node.Store;

namespace Atalaya.Node.Releases;

/// <summary>
/// Hands finished packages to people outside: a link that says nothing by itself, works until its time is over or somebody revokes it, and each use of which is written
/// down before the first byte goes out.
/// </summary>
sealed class ReleaseBook(NodeDatabase database, PackageJobs packages, TimeProvider clock, ILogger<ReleaseBook> log) : IHostedService
{
    const int MaxAgent = 200;

    /// <summary>Of one release in a minute: a download that goes on again and again on a bad line stays below, a flood doesn't fill the database.</summary>
    const int MaxFetches = 60;

    readonly ConcurrentDictionary<HttpContext, string> _running = new();    // → release
    readonly ConcurrentDictionary<string, (long Minute, int Count)> _counts = new(StringComparer.Ordinal);
    volatile IReadOnlyDictionary<string, WallTime> _needed = new Dictionary<string, WallTime>();    // packages of open releases → when the last of them ends
    ReleaseStore? _store;

    ReleaseStore Store => _store ?? throw new InvalidOperationException("The node hasn't been started.");

    public async Task StartAsync(CancellationToken stop)
    {
        _store = new(database.Source);
        await LookAsync(stop);
        // A package that somebody may still fetch stays beyond its own time.
        packages.IsNeeded = id => _needed.TryGetValue(id, out var end) && WallTime.Now(clock) < end;
    }

    public Task StopAsync(CancellationToken stop) => Task.CompletedTask;

    /// <returns>The release, and the secret of its link.</returns>
    public async Task<(Release Release, string Token)> AddAsync(Func<string, string, WallTime, Release> make, CancellationToken stop)
    {
        var now = WallTime.Now(clock);
        string token = Secret.New();
        var release = make(Guid.CreateVersion7(now.ToDateTimeOffset()).ToString(), Secret.Digest(token), now);
        await Store.AddAsync(release, stop);
        await LookAsync(stop);
        return (release, token);
    }

    /// <summary>Newest first, with what was fetched.</summary>
    public async Task<IReadOnlyList<ReleaseJson>> ListAsync(int most, Func<Release, bool> wanted, CancellationToken stop)
    {
        var all = (await Store.ListAsync(most, stop)).Where(wanted).ToArray();
        var fetches = await Store.FetchesAsync([.. all.Select(r => r.Id)], stop);
        return [.. all.Select(r => ReleaseJson.Of(r, StateOf(r), fetches[r.Id]))];
    }

    public Task<Release?> FindAsync(string id, CancellationToken stop) => Store.FindAsync(id, stop);

    public async Task<ReleaseJson> ShowAsync(Release release, CancellationToken stop) => ReleaseJson.Of(release, StateOf(release), (await Store.FetchesAsync([release.Id], stop))[release.Id]);

    /// <summary>From now on the link is dead, and downloads that run are cut. Null: it was revoked before.</summary>
    public async Task<Release?> RevokeAsync(Release release, string by, string why)
    {
        if (release.Revoke(by, why, WallTime.Now(clock)) is not { } revoked || !await Store.RevokeAsync(revoked))
            return null;
        foreach (var (http, id) in _running)
        {
            if (id == release.Id)
                http.Abort();
        }

        await LookAsync(CancellationToken.None);
        return revoked;
    }

    /// <summary>The release behind a link, if it works; null for anything else, which isn't told apart.</summary>
    public async Task<Release?> OpenAsync(string? token, CancellationToken stop) =>
        token is { Length: > 20 and < 100 } && await Store.FindByTokenAsync(Secret.Digest(token), stop) is { } release && StateOf(release) == ReleaseStateJson.Open ? release : null;

    /// <summary>The file is about to be sent: written down, and what became of it when the answer has ended. False: too often.</summary>
    /// <exception cref="System.Data.Common.DbException">It can't be written down: then nothing is sent.</exception>
    public async Task<bool> BeginFetchAsync(Release release, HttpContext http, long firstByte, CancellationToken stop)
    {
        long minute = clock.GetTimestamp() / (clock.TimestampFrequency * 60);
        if (_counts.AddOrUpdate(release.Id, _ => (minute, 1), (_, c) => c.Minute == minute ? (minute, c.Count + 1) : (minute, 1)).Count > MaxFetches)
            return false;
        var now = WallTime.Now(clock);
        string agent = http.Request.Headers.UserAgent.ToString();
        var fetch = new ReleaseFetch(
            Guid.CreateVersion7(now.ToDateTimeOffset()).ToString(), release.Id, now, SignIns.AddressOf(http), agent.Length <= MaxAgent ? agent : agent[..MaxAgent], firstByte, null, false);
        await Store.AddFetchAsync(fetch, stop);
        _running[http] = release.Id;
        // Revoked between the look and this line: nobody else cuts it.
        if (await Store.FindAsync(release.Id, stop) is not { RevokedAt: null })
            http.Abort();
        http.Response.OnCompleted(async () =>
        {
            _running.TryRemove(http, out _);
            try
            {
                await Store.EndFetchAsync(fetch.Id, WallTime.Now(clock), whole: !http.RequestAborted.IsCancellationRequested);
            }
            catch (System.Data.Common.DbException fault)
            {
                log.LogWarning("The end of a download of release {Release} couldn't be noted: {Reason}", release.Id, fault.Message);
            }
        });
        return true;
    }

    public string? FileOf(Release release) => packages.Find(release.Package) is { } package && package.Sha256 == release.Sha256 ? packages.FileOf(release.Package) : null;

    ReleaseStateJson StateOf(Release release) => release.At(WallTime.Now(clock)) is var state and not ReleaseStateJson.Open ? state : FileOf(release) is null ? ReleaseStateJson.Gone : ReleaseStateJson.Open;

    async Task LookAsync(CancellationToken stop) =>
        _needed = (await Store.OpenAsync(WallTime.Now(clock), stop)).GroupBy(r => r.Package, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.Max(r => r.ExpiresAt), StringComparer.Ordinal);
}
