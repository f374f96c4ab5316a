using System.Collections.Concurrent;
using System.Data.Common;

using Atalaya.Media;
using Atalaya.Node.Options;
using Atalaya.Node.Store;

namespace Atalaya.Node.Identity;

/// <summary>
/// Who a request comes from, by its cookie or token. What was found is believed for two seconds: so long may a change made beside the node, on the command line,
/// take to be felt; one made through the node counts at once.
/// </summary>
sealed class Callers(NodeDatabase database, CameraScopes places, NodeOptions options, TimeProvider clock, ILogger<Callers> log) : IHostedService, IDisposable
{
    public const string Cookie = "__Host-atalaya";

    const int MostKnown = 10_000;
    const string Bearer = "Bearer ";

    static readonly TimeSpan Fresh = TimeSpan.FromSeconds(2), StaleAtMost = TimeSpan.FromMinutes(5), TouchEvery = TimeSpan.FromSeconds(30), ForgetEvery = TimeSpan.FromMinutes(10);

    readonly ConcurrentDictionary<string, Known> _known = new(StringComparer.Ordinal);
    readonly ConcurrentDictionary<string, long> _touched = new(StringComparer.Ordinal);
    ITimer? _forgetting;

    /// <summary>Raised when rights, sessions or tokens were changed through this node.</summary>
    public event Action? Changed;

    public People People => new(database.Source, clock);

    public Task StartAsync(CancellationToken stop)
    {
        _forgetting = clock.CreateTimer(_ => _ = ForgetOldAsync(), null, TimeSpan.FromMinutes(1), ForgetEvery);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken stop)
    {
        Dispose();
        return Task.CompletedTask;
    }

    public void Dispose() => _forgetting?.Dispose();

    public ValueTask<Caller> OfAsync(HttpContext http)
    {
        if (http.Request.Headers.Authorization is { Count: > 0 } sent)
        {
            // A wrong token isn't replaced by the cookie beside it: who sends one means it.
            return sent.ToString() is { Length: < 200 } text && text.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase)
                ? FindAsync(Credential.Token, Secret.Digest(text[Bearer.Length..].Trim()), http.RequestAborted)
                : new(Caller.Nobody);
        }

        return http.Request.Cookies[Cookie] is { Length: > 0 and < 200 } value
            ? FindAsync(Credential.Session, Secret.Digest(value), http.RequestAborted)
            : new(Caller.Nobody);
    }

    /// <param name="id">Digest of the cookie's value or of the token.</param>
    public async ValueTask<Caller> FindAsync(Credential credential, string id, CancellationToken stop)
    {
        string key = (credential == Credential.Session ? "s" : "t") + id;
        if (_known.TryGetValue(key, out var known) && clock.GetElapsedTime(known.At) < Fresh)
            return known.Caller;
        long at = clock.GetTimestamp();
        Caller caller;
        try
        {
            caller = credential == Credential.Session ? await BySessionAsync(id, stop) : await ByTokenAsync(id, stop);
        }
        catch (DbException fault) when (known.Caller is not null && clock.GetElapsedTime(known.At) < StaleAtMost)
        {
            // A database that is locked or gone for a moment doesn't darken the wall.
            log.LogWarning(fault, "Rights can't be read just now; those known go on for five minutes at most.");
            return known.Caller;
        }

        if (!caller.IsSignedIn)
        {
            _known.TryRemove(key, out _);
            return caller;
        }

        if (_known.Count >= MostKnown)
            _known.Clear();
        _known[key] = new(caller, at);
        return caller;
    }

    /// <summary>Rights, sessions or tokens were changed: nothing that was known holds any more.</summary>
    public void Forget()
    {
        _known.Clear();
        Changed?.Invoke();
    }

    /// <summary>There is somebody at the other end: the session isn't idle.</summary>
    public async Task TouchAsync(Caller caller, CancellationToken stop)
    {
        if (caller.Credential != Credential.Session)
            return;
        long now = clock.GetTimestamp();
        if (_touched.TryGetValue(caller.CredentialId, out long last) && clock.GetElapsedTime(last) < TouchEvery)
            return;
        _touched[caller.CredentialId] = now;
        await People.SeenAsync(caller.CredentialId, stop);
    }

    async Task<Caller> BySessionAsync(string id, CancellationToken stop)
    {
        var people = People;
        long now = WallTime.Now(clock).Microseconds;
        return await people.FindSessionAsync(id, stop) is { } session
            && session.CreatedAt + (long)options.SignIn.Lifetime.TotalMicroseconds > now
            && session.SeenAt + (long)options.SignIn.Idle.TotalMicroseconds > now
            && await people.FindAsync(session.UserId, stop) is { Disabled: false } user
            ? new(user.Id, user.Name, Credential.Session, id, await people.PowersAsync(user.Id, stop), places, clock)
            : Caller.Nobody;
    }

    async Task<Caller> ByTokenAsync(string id, CancellationToken stop)
    {
        var people = People;
        if (await people.FindTokenAsync(id, stop) is not { } token
            || token.ExpiresAt <= WallTime.Now(clock).Microseconds
            || await people.FindAsync(token.UserId, stop) is not { Disabled: false } user)
        {
            return Caller.Nobody;
        }

        var powers = await people.PowersAsync(user.Id, stop);
        if (token.Permissions is { } only)
            powers = [.. powers.Select(p => p with { Permissions = p.Permissions & only })];
        long now = clock.GetTimestamp();
        if (!_touched.TryGetValue(id, out long last) || clock.GetElapsedTime(last) >= TimeSpan.FromMinutes(1))
        {
            _touched[id] = now;
            await people.TokenUsedAsync(id, stop);
        }

        return new(user.Id, user.Name, Credential.Token, id, powers, places, clock);
    }

    async Task ForgetOldAsync()
    {
        try
        {
            foreach (var (id, at) in _touched)
            {
                if (clock.GetElapsedTime(at) > TimeSpan.FromHours(1))
                    _touched.TryRemove(id, out _);
            }

            await People.ForgetAsync(options.SignIn.Lifetime, options.SignIn.Idle, CancellationToken.None);
        }
        catch (Exception fault) when (fault is DbException or InvalidOperationException or ObjectDisposedException)
        {
            log.LogWarning(fault, "Sessions whose time is over couldn't be removed; it is tried again.");
        }
    }

    readonly record struct Known(Caller Caller, long At);
}
