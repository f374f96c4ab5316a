using Atalaya.Media;
using Atalaya.Node.Api;

using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Identity;

namespace Atalaya.Node.Identity;

/// <summary>What everybody does about their own account: password, sessions, tokens.</summary>
static class AccountEndpoints
{
    const int MaxTokens = 50, MaxTokenDays = 3650;

    public static void MapAccount(this IEndpointRouteBuilder routes)
    {
        var me = routes.MapGroup("/api/me").WithTags("account").SignedIn();
        me.MapPut("password", ChangePasswordAsync).WithName("changePassword").WithSummary("Changes one's password; other sessions end.")
            .Produces(StatusCodes.Status204NoContent).Fails(400, 403, 413, 415, 429);
        me.MapGet("sessions", async (Caller caller, Callers callers, CancellationToken stop) =>
                (IReadOnlyList<UserSessionJson>)[.. (await callers.People.SessionsAsync(caller.UserId, stop)).Select(s => UserSessionJson.Of(s, caller))])
            .WithName("listSessions").WithSummary("Where one is signed in.");
        me.MapDelete("sessions", EndOthersAsync).WithName("endOtherSessions").WithSummary("Signs out everywhere else.").Produces(StatusCodes.Status204NoContent);
        me.MapDelete("sessions/{id}", EndSessionAsync).WithName("endSession").WithSummary("Signs out elsewhere.").Produces(StatusCodes.Status204NoContent).Fails(404);
        me.MapGet("tokens", async (Caller caller, Callers callers, CancellationToken stop) =>
                (IReadOnlyList<TokenJson>)[.. (await callers.People.TokensAsync(caller.UserId, stop)).Select(TokenJson.Of)])
            .WithName("listTokens").WithSummary("One's API tokens, without their secrets.");
        me.MapPost("tokens", CreateTokenAsync).WithName("createToken").WithSummary("Makes an API token for a program. The token is shown once.")
            .Produces<NewTokenJson>(StatusCodes.Status201Created).Fails(400, 403, 409, 413, 415);
        me.MapDelete("tokens/{id}", RevokeAsync).WithName("revokeToken").WithSummary("Ends an API token.").Produces(StatusCodes.Status204NoContent).Fails(404);
    }

    /// <summary>What makes or changes credentials is for a person at the page: a token that leaked must not make others, or a password.</summary>
    public static ProblemHttpResult? RefusalOfToken(Caller caller) => caller.Credential == Credential.Session
        ? null
        : Problems.Of(StatusCodes.Status403Forbidden, "For people only", "Sign in on the page to change what you sign in with. A token can't.");

    static async Task<Results<NoContent, ProblemHttpResult>> ChangePasswordAsync(
        PasswordRequestJson request, Caller caller, Callers callers, SignIns signIns, UserManager<User> users, PasswordRules rules, HttpContext http, CancellationToken stop)
    {
        if (RefusalOfToken(caller) is { } refusal)
            return refusal;
        if (string.IsNullOrEmpty(request.Old) || request.Old.Length > PasswordRules.Longest)
            return Problems.Invalid("old", "is missing, or too long.");
        if (signIns.Throttle(http, caller.Name) is { } wait)
            return wait;
        if (await SignIns.JudgeAsync(users, caller.Name, request.Old) is not { } user)
            return Problems.Invalid("old", "isn't the password.");
        signIns.Succeeded(http, caller.Name);
        if (rules.Fault(request.New ?? "", user.Name, user.FullName) is { } weak)
            return Problems.Invalid("new", weak);
        user.PasswordHash = users.PasswordHasher.HashPassword(user, request.New!);
        user.Stamp = Secret.New();
        await callers.People.UpdateAsync(user, stop);
        await callers.People.RemoveSessionsAsync(user.Id, caller.CredentialId, stop);
        callers.Forget();
        return TypedResults.NoContent();
    }

    static async Task<Results<NoContent, ProblemHttpResult>> EndSessionAsync(string id, Caller caller, Callers callers, CancellationToken stop)
    {
        if (!await callers.People.RemoveSessionAsync(caller.UserId, id, stop))
            return Problems.NotFound("No such session", "It has ended already.");
        callers.Forget();
        return TypedResults.NoContent();
    }

    static async Task<NoContent> EndOthersAsync(Caller caller, Callers callers, CancellationToken stop)
    {
        await callers.People.RemoveSessionsAsync(caller.UserId, caller.CredentialId, stop);
        callers.Forget();
        return TypedResults.NoContent();
    }

    static async Task<Results<Created<NewTokenJson>, ProblemHttpResult>> CreateTokenAsync(TokenInputJson input, Caller caller, Callers callers, TimeProvider clock, CancellationToken stop)
    {
        if (RefusalOfToken(caller) is { } refusal)
            return refusal;
        var errors = new FieldErrors();
        if (!CameraScope.IsName(input.Name))
            errors.Add("name", $"must be 1 to {CameraScope.MaxName} characters, without commas or line breaks.");
        if (input.Days is not (>= 1 and <= MaxTokenDays))
            errors.Add("days", $"must lie between 1 and {MaxTokenDays}.");
        if (input.Permissions is { Count: 0 })
            errors.Add("permissions", "must name at least one; leave it out for all.");
        var only = input.Permissions is null ? (PermissionSet?)null : new PermissionSet([.. input.Permissions]);
        if (only is { } set && !set.IsWithin(caller.Anywhere))
            errors.Add("permissions", "names what you don't have yourself.");
        if (errors.Any)
            return errors.ToProblem();
        var people = callers.People;
        if ((await people.TokensAsync(caller.UserId, stop)).Count >= MaxTokens)
            return Problems.Conflict("Too many tokens", $"You have {MaxTokens} tokens. Revoke some that are no longer used.");
        string secret = Secret.New(Secret.TokenPrefix);
        long now = WallTime.Now(clock).Microseconds;
        var token = new ApiToken(Secret.Digest(secret), caller.UserId, input.Name!.Trim(), only, now, now + (long)TimeSpan.FromDays(input.Days!.Value).TotalMicroseconds, null);
        await people.AddTokenAsync(token, stop);
        return TypedResults.Created((string?)null, new NewTokenJson(secret, TokenJson.Of(token)));
    }

    static async Task<Results<NoContent, ProblemHttpResult>> RevokeAsync(string id, Caller caller, Callers callers, CancellationToken stop)
    {
        if (!await callers.People.RemoveTokenAsync(caller.UserId, id, stop))
            return Problems.NotFound("No such token", "It was revoked already, or never was.");
        callers.Forget();
        return TypedResults.NoContent();
    }
}
