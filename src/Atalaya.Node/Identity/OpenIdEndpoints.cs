using System.Security.Cryptography;
using System.Text;

using Atalaya.Node.Api;

using Microsoft.AspNetCore.Http.HttpResults;

namespace Atalaya.Node.Identity;

/// <summary>
/// Signing in at an OpenID provider. The provider sends the browser to the page, at <c>/openid</c>, and the page brings the code here by a request of its own: so
/// both cookies are SameSite=Strict, and no other site's page or link signs anybody in.
/// </summary>
static class OpenIdEndpoints
{
    /// <summary>Holds the key of the attempt, so that an answer counts in the browser that asked alone.</summary>
    const string Cookie = "__Host-atalaya-openid";

    const int MaxCode = 4096;

    public static void MapOpenId(this IEndpointRouteBuilder routes)
    {
        var session = routes.MapGroup("/api/session/openid").WithTags("identity").Open();
        session.MapPost("", BeginAsync).WithName("beginOpenIdSignIn").WithSummary("Where the browser goes to sign in at the OpenID provider.").Produces<OpenIdBeginJson>().Fails(404, 429, 503);
        session.MapPost("finish", FinishAsync).WithName("finishOpenIdSignIn").WithSummary("Signs in with what the provider sent back.")
            .WithDescription("A refusal says why in `reason`.").Produces<SignInJson>().Fails(400, 401, 403, 404, 413, 415, 429, 503);
    }

    static async Task<Results<Ok<OpenIdBeginJson>, ProblemHttpResult>> BeginAsync(SignIns signIns, OpenIdProvider provider, OpenIdAttempts attempts, HttpContext http)
    {
        if (!provider.IsUsed)
            return NotUsed();
        if (signIns.Throttle(http, "") is { } wait)
            return wait;
        var attempt = new OpenIdAttempt(Secret.New(), Secret.New(), Secret.New(), $"{http.Request.Scheme}://{http.Request.Host}/openid");
        if (await provider.AuthorizationAsync(attempt, http.RequestAborted) is not { } address)
            return Refused(OpenIdRefusal.Unreachable);
        http.Response.Cookies.Append(Cookie, attempts.Waiting.Add(attempt), CookieOptions());
        return TypedResults.Ok(new OpenIdBeginJson(address));
    }

    static async Task<Results<Ok<SignInJson>, ProblemHttpResult>> FinishAsync(
        OpenIdFinishJson request, SignIns signIns, OpenIdProvider provider, OpenIdPeople people, OpenIdAttempts attempts, HttpContext http, ILogger<OpenIdProvider> log)
    {
        if (!provider.IsUsed)
            return NotUsed();
        if (string.IsNullOrEmpty(request.Code) || request.Code.Length > MaxCode)
            return Problems.Invalid("code", "is missing, or too long.");
        string? key = http.Request.Cookies[Cookie];
        var attempt = attempts.Waiting.Try(key);
        if (attempt is null || !CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(attempt.State), Encoding.UTF8.GetBytes(request.State ?? "")))
            return Refused(OpenIdRefusal.Stale);
        attempts.Waiting.Remove(key!);
        http.Response.Cookies.Delete(Cookie, CookieOptions());
        var answer = await provider.RedeemAsync(request.Code, request.Issuer, attempt, http.RequestAborted);
        if (answer.Person is not { } person)
        {
            log.LogWarning("A sign-in at the OpenID provider from {Address} was refused: {Refusal}. {Detail}", SignIns.AddressOf(http), answer.Refusal, answer.Detail);
            return Refused(answer.Refusal);
        }

        var (user, refusal) = await people.FindAsync(person, http.RequestAborted);
        if (user is null)
        {
            log.LogWarning("{Subject} of {Issuer} isn't signed in from {Address}: {Refusal}", Problems.Shown(person.Subject), person.Issuer, SignIns.AddressOf(http), refusal);
            return Refused(refusal);
        }

        signIns.Succeeded(http, "");
        return TypedResults.Ok(new SignInJson(SignInStateJson.Done, null, await signIns.BeginAsync(http, user, SignIns.ByOpenId)));
    }

    static ProblemHttpResult NotUsed() => Problems.NotFound("No OpenID provider", "Nobody signs in that way here: option signIn.oidc is empty.");

    static ProblemHttpResult Refused(OpenIdRefusal refusal)
    {
        var (status, title, detail) = refusal switch
        {
            OpenIdRefusal.Unreachable => (503, "The provider doesn't answer", "The OpenID provider can't be asked just now. Try again in a moment; the node's log says more."),
            OpenIdRefusal.Stale => (401, "Begin anew", "The sign-in took too long, or was begun in another browser."),
            OpenIdRefusal.Refused => (401, "The provider refused", "The OpenID provider didn't take the code back. Begin anew."),
            OpenIdRefusal.Unbelievable => (401, "The provider's answer can't be believed", "Its token isn't for this node or this sign-in, or isn't signed as it should be. The node's log says what was wrong."),
            OpenIdRefusal.NotAllowed => (403, "You may not sign in here", "Your account at the provider lacks what this node requires (option signIn.oidc.require)."),
            OpenIdRefusal.NoRole => (403, "No role here", "Nothing that your account has at the provider gives a role on this node (option signIn.oidc.roles)."),
            OpenIdRefusal.Unknown => (403, "Nobody of this name here", "The provider knows you, this node doesn't. Ask whoever manages users to add you."),
            OpenIdRefusal.NotByProvider => (403, "This user signs in here", "The user of your name may not sign in at the provider. Whoever manages users can allow it."),
            OpenIdRefusal.SomebodyElse => (403, "This name is somebody else's", "The user of your name is another person at the provider. Whoever manages users can end that."),
            _ => (403, "Disabled", "This user is disabled. Ask whoever manages users."),
        };
        return TypedResults.Problem(statusCode: status, title: title, detail: detail, extensions: new Dictionary<string, object?> { ["reason"] = ReasonOf(refusal) });
    }

    static string ReasonOf(OpenIdRefusal refusal) => System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(refusal.ToString());

    static CookieOptions CookieOptions() => new() { Path = "/", Secure = true, HttpOnly = true, SameSite = SameSiteMode.Strict, IsEssential = true, MaxAge = TimeSpan.FromMinutes(5) };
}

/// <summary>Sign-ins under way at the provider.</summary>
sealed class OpenIdAttempts(TimeProvider clock)
{
    public Pending<OpenIdAttempt> Waiting { get; } = new(clock);
}
