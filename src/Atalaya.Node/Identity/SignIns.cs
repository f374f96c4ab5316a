using Atalaya.Media;
using Atalaya.Node.Api;
using Atalaya.Node.Options;

using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Identity;

namespace Atalaya.Node.Identity;

/// <summary>Begins and ends sessions.</summary>
sealed class SignIns(Callers callers, SignInThrottle throttle, OpenIdProvider provider, OpenIdPeople openId, NodeOptions options, TimeProvider clock, ILogger<SignIns> log)
{
    /// <summary>How a session began that the OpenID provider made.</summary>
    public const string ByOpenId = "openId";

    const int MaxAgent = 300;

    /// <summary>Of nobody: so that a name that isn't known takes as long as one that is.</summary>
    static readonly string NobodysHash = new PasswordHasher<User>().HashPassword(new(), Secret.New());

    public Pending<PendingSignIn> Pending { get; } = new(clock);

    public static string AddressOf(HttpContext http) => http.Connection.RemoteIpAddress?.ToString() ?? "";

    /// <summary>Counts the attempt, or refuses it for now.</summary>
    public ProblemHttpResult? Throttle(HttpContext http, string account)
    {
        if (throttle.TryBegin(People.KeyOf(account), AddressOf(http)) is not { } wait)
            return null;
        int seconds = (int)Math.Ceiling(wait.TotalSeconds);
        http.Response.Headers.RetryAfter = seconds.ToString();
        return Problems.Of(StatusCodes.Status429TooManyRequests, "Too many attempts", $"Wait {seconds} s before the next attempt.");
    }

    public void Succeeded(HttpContext http, string account) => throttle.Succeeded(People.KeyOf(account), AddressOf(http));

    /// <summary>The user whose name and password these are; null for anything else, which must not be told apart.</summary>
    public static async Task<User?> JudgeAsync(UserManager<User> users, string name, string password)
    {
        var user = await users.FindByNameAsync(name);
        if (user?.PasswordHash is null)
        {
            users.PasswordHasher.VerifyHashedPassword(new(), NobodysHash, password);
            return null;
        }

        return await users.CheckPasswordAsync(user, password) && !user.Disabled ? user : null;
    }

    /// <summary>Makes a session, sends its cookie and tells who has signed in.</summary>
    public async Task<SessionJson> BeginAsync(HttpContext http, User user, string method)
    {
        string secret = Secret.New();
        long now = WallTime.Now(clock).Microseconds;
        string agent = http.Request.Headers.UserAgent.ToString();
        await callers.People.AddSessionAsync(
            new(Secret.Digest(secret), user.Id, now, now, method, AddressOf(http), agent.Length <= MaxAgent ? agent : agent[..MaxAgent]), http.RequestAborted);
        await callers.People.SignedInAsync(user.Id, http.RequestAborted);
        http.Response.Cookies.Append(Callers.Cookie, secret, Cookie());
        log.LogInformation("{User} signed in from {Address} by {Method}", user.Name, AddressOf(http), method);
        var caller = await callers.FindAsync(Credential.Session, Secret.Digest(secret), http.RequestAborted);
        return await TellAsync(caller, http.RequestAborted);
    }

    /// <returns>Where the browser goes to sign out at the OpenID provider too, if it signed in there: else the next person at this screen would be the last one.</returns>
    public async Task<string?> EndAsync(HttpContext http, Caller caller)
    {
        bool there = false;
        if (caller.Credential == Credential.Session)
        {
            there = provider.IsUsed && (await callers.People.FindSessionAsync(caller.CredentialId, http.RequestAborted))?.Method == ByOpenId;
            await callers.People.RemoveSessionAsync(caller.UserId, caller.CredentialId, http.RequestAborted);
            callers.Forget();
        }

        http.Response.Cookies.Delete(Callers.Cookie, Cookie());
        http.Response.Headers["Clear-Site-Data"] = "\"cache\"";    // Segments and small pictures that the browser kept.
        // Last: here it has ended, however long the provider takes.
        return there ? await provider.EndSessionAsync($"{http.Request.Scheme}://{http.Request.Host}/", http.RequestAborted) : null;
    }

    public async Task<SessionJson> TellAsync(Caller caller, CancellationToken stop)
    {
        int idle = (int)options.SignIn.Idle.TotalSeconds;
        var there = provider.IsUsed ? new OpenIdJson(provider.Name, openId.GivesRoles) : null;
        if (!caller.IsSignedIn)
            return new(false, !await callers.People.HasAdministratorAsync(stop), null, idle, there);
        var user = await callers.People.FindAsync(caller.UserId, stop);
        var organisation = caller.Powers.Where(p => p.Scope.Kind == ScopeKind.Organisation).Aggregate(default(PermissionSet), (all, p) => all | p.Permissions);
        return new(true, false, new(caller.UserId, caller.Name, user?.FullName ?? "", caller.Anywhere.ToList(), organisation.ToList(), user?.TwoFactor == true), idle, there);
    }

    // __Host-: for this host alone, over a trustworthy connection alone (browsers count loopback as one). It ends with the browser or with the session.
    static CookieOptions Cookie() => new() { Path = "/", Secure = true, HttpOnly = true, SameSite = SameSiteMode.Strict, IsEssential = true };
}

/// <summary>Somebody whose password was right and whose second factor is awaited.</summary>
sealed record PendingSignIn(string UserId, string Name);
