using System.Buffers.Text;
using System.Text.Json;

using Atalaya.Media;
using Atalaya.Node.Api;

using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Identity;

namespace Atalaya.Node.Identity;

/// <summary>Second factors and passkeys: an authenticator's codes (RFC 6238), recovery codes, and WebAuthn.</summary>
static class FactorEndpoints
{
    const int RecoveryCodes = 10, MaxPasskeys = 20;

    public static void MapFactors(this IEndpointRouteBuilder routes)
    {
        var me = routes.MapGroup("/api/me").WithTags("account").SignedIn();
        me.MapGet("", TellAsync).WithName("getAccount").WithSummary("One's own account: what one signs in with.").Produces<AccountJson>();
        me.MapPost("authenticator", BeginAsync).WithName("beginAuthenticator").WithSummary("A new secret for an authenticator; it counts when a code of it was confirmed.")
            .Produces<AuthenticatorJson>().Fails(400, 403, 409, 413, 415, 429);
        me.MapPut("authenticator", ConfirmAsync).WithName("confirmAuthenticator").WithSummary("Confirms the authenticator by a code: from now on one is asked for. Recovery codes are shown once.")
            .Produces<RecoveryCodesJson>().Fails(400, 403, 409, 413, 415, 429);
        me.MapPost("authenticator/remove", RemoveAsync).WithName("removeAuthenticator").WithSummary("Signs in by password alone again.")
            .Produces(StatusCodes.Status204NoContent).Fails(400, 403, 413, 415, 429);
        me.MapPost("recovery", RecoverAsync).WithName("renewRecoveryCodes").WithSummary("New recovery codes; the old ones end.")
            .Produces<RecoveryCodesJson>().Fails(400, 403, 409, 413, 415, 429);
        me.MapPost("passkeys/options", CreationAsync).WithName("beginPasskey").WithSummary("What the browser needs to make a passkey.")
            .Produces<PasskeyOptionsJson>().Fails(400, 403, 409, 413, 415, 429);
        me.MapPost("passkeys", AddAsync).WithName("addPasskey").WithSummary("Keeps the passkey that the browser made.")
            .Produces<PasskeyJson>(StatusCodes.Status201Created).Fails(400, 403, 413, 415);
        me.MapDelete("passkeys/{key}", DropAsync).WithName("removePasskey").WithSummary("Forgets a passkey.").Produces(StatusCodes.Status204NoContent).Fails(403, 404);

        var session = routes.MapGroup("/api/session/passkey").WithTags("identity").Open();
        session.MapPost("options", RequestAsync).WithName("beginPasskeySignIn").WithSummary("What the browser needs to sign in with a passkey.").Produces<PasskeyOptionsJson>().Fails(429);
        session.MapPost("", SignInAsync).WithName("signInWithPasskey").WithSummary("Signs in with a passkey; it is two factors by itself.")
            .Produces<SignInJson>().Fails(400, 401, 413, 415, 429);
    }

    static async Task<Ok<AccountJson>> TellAsync(Caller caller, Callers callers, UserManager<User> users, CancellationToken stop)
    {
        var user = (await callers.People.FindAsync(caller.UserId, stop))!;
        var passkeys = await callers.People.PasskeysAsync(user.Id, stop);
        return TypedResults.Ok(new AccountJson(user.Name, user.FullName, user.PasswordHash is not null, user.TwoFactor, await users.CountRecoveryCodesAsync(user), [.. passkeys.Select(Of)]));
    }

    static async Task<Results<Ok<AuthenticatorJson>, ProblemHttpResult>> BeginAsync(
        PasswordProofJson request, Caller caller, SignIns signIns, UserManager<User> users, Options.NodeOptions options, HttpContext http)
    {
        var (user, problem) = await ProveAsync(request.Password, caller, signIns, users, http);
        if (user is null)
            return problem!;
        if (user.TwoFactor)
            return Problems.Conflict("There is an authenticator", "Remove it before you set up another one.");
        await users.ResetAuthenticatorKeyAsync(user);
        string key = (await users.GetAuthenticatorKeyAsync(user))!;
        // Key URI format of the usual authenticators.
        string issuer = Uri.EscapeDataString($"Atalaya {options.Name}");
        return TypedResults.Ok(new AuthenticatorJson(key, $"otpauth://totp/{issuer}:{Uri.EscapeDataString(user.Name)}?secret={key}&issuer={issuer}&digits=6"));
    }

    static async Task<Results<Ok<RecoveryCodesJson>, ProblemHttpResult>> ConfirmAsync(
        CodeProofJson request, Caller caller, Callers callers, SignIns signIns, SecondFactors factors, UserManager<User> users, HttpContext http, CancellationToken stop)
    {
        if (AccountEndpoints.RefusalOfToken(caller) is { } refusal)
            return refusal;
        if (signIns.Throttle(http, caller.Name) is { } wait)
            return wait;
        if (await users.FindByIdAsync(caller.UserId) is not { TwoFactor: false, Authenticator: not null } user)
            return Problems.Conflict("Nothing to confirm", "Begin with a new secret: POST /api/me/authenticator.");
        string digits = string.Concat((request.Code ?? "").Where(char.IsAsciiDigit));
        if (digits.Length != 6 || !await factors.AcceptsCodeAsync(users, user, digits))
            return Problems.Invalid("code", "isn't what the authenticator shows now. Is the clock of the phone right?");
        signIns.Succeeded(http, caller.Name);
        await users.SetTwoFactorEnabledAsync(user, true);
        await callers.People.RemoveSessionsAsync(user.Id, caller.CredentialId, stop);
        callers.Forget();
        return TypedResults.Ok(await NewCodesAsync(users, user));
    }

    static async Task<Results<NoContent, ProblemHttpResult>> RemoveAsync(PasswordProofJson request, Caller caller, SignIns signIns, UserManager<User> users, HttpContext http)
    {
        var (user, problem) = await ProveAsync(request.Password, caller, signIns, users, http);
        if (user is null)
            return problem!;
        user.Recovery = "";
        user.Authenticator = null;
        await users.SetTwoFactorEnabledAsync(user, false);
        return TypedResults.NoContent();
    }

    static async Task<Results<Ok<RecoveryCodesJson>, ProblemHttpResult>> RecoverAsync(PasswordProofJson request, Caller caller, SignIns signIns, UserManager<User> users, HttpContext http)
    {
        var (user, problem) = await ProveAsync(request.Password, caller, signIns, users, http);
        if (user is null)
            return problem!;
        return user.TwoFactor ? TypedResults.Ok(await NewCodesAsync(users, user)) : Problems.Conflict("There is no authenticator", "Recovery codes stand in for one: set it up first.");
    }

    static async Task<Results<Ok<PasskeyOptionsJson>, ProblemHttpResult>> CreationAsync(
        PasswordProofJson request, Caller caller, Callers callers, SignIns signIns, Passkeys passkeys, UserManager<User> users, IPasskeyHandler<User> handler, HttpContext http, CancellationToken stop)
    {
        var (user, problem) = await ProveAsync(request.Password, caller, signIns, users, http);
        if (user is null)
            return problem!;
        if ((await callers.People.PasskeysAsync(caller.UserId, stop)).Count >= MaxPasskeys)
            return Problems.Conflict("Too many passkeys", $"You have {MaxPasskeys} passkeys. Remove one first.");
        var made = await handler.MakeCreationOptionsAsync(new() { Id = user.Id, Name = user.Name, DisplayName = user.FullName.Length > 0 ? user.FullName : user.Name }, http);
        return TypedResults.Ok(new PasskeyOptionsJson(passkeys.Waiting.Add(new(made.AttestationState ?? "", user.Id)), Parsed(made.CreationOptionsJson)));
    }

    static async Task<Results<Created<PasskeyJson>, ProblemHttpResult>> AddAsync(
        PasskeyInputJson input, Caller caller, Callers callers, Passkeys passkeys, UserManager<User> users, IPasskeyHandler<User> handler, HttpContext http, CancellationToken stop)
    {
        if (AccountEndpoints.RefusalOfToken(caller) is { } refusal)
            return refusal;
        if (!CameraScope.IsName(input.Name))
            return Problems.Invalid("name", $"must be 1 to {CameraScope.MaxName} characters, without commas or line breaks.");
        if (passkeys.Waiting.Try(input.Ticket) is not { } begun || begun.User != caller.UserId)
            return Problems.Invalid("ticket", "its time is over. Begin anew.");
        passkeys.Waiting.Remove(input.Ticket!);
        var result = await handler.PerformAttestationAsync(new() { HttpContext = http, CredentialJson = input.Credential?.GetRawText() ?? "", AttestationState = begun.State });
        if (!result.Succeeded)
            return Problems.Invalid("credential", $"can't be taken: {result.Failure.Message}");
        var user = (await callers.People.FindAsync(caller.UserId, stop))!;
        result.Passkey.Name = input.Name!.Trim();
        await users.AddOrUpdatePasskeyAsync(user, result.Passkey);
        return TypedResults.Created((string?)null, Of((await callers.People.FindPasskeyAsync(Base64Url.EncodeToString(result.Passkey.CredentialId), stop))!));
    }

    static async Task<Results<NoContent, ProblemHttpResult>> DropAsync(string key, Caller caller, Callers callers, CancellationToken stop)
    {
        if (AccountEndpoints.RefusalOfToken(caller) is { } refusal)
            return refusal;
        return await callers.People.RemovePasskeyAsync(caller.UserId, key, stop) ? TypedResults.NoContent() : Problems.NotFound("No such passkey", "It was removed already, or never was.");
    }

    static async Task<Results<Ok<PasskeyOptionsJson>, ProblemHttpResult>> RequestAsync(SignIns signIns, Passkeys passkeys, IPasskeyHandler<User> handler, HttpContext http)
    {
        if (signIns.Throttle(http, "") is { } wait)
            return wait;
        var made = await handler.MakeRequestOptionsAsync(null!, http);
        return TypedResults.Ok(new PasskeyOptionsJson(passkeys.Waiting.Add(new(made.AssertionState ?? "", "")), Parsed(made.RequestOptionsJson)));
    }

    static async Task<Results<Ok<SignInJson>, ProblemHttpResult>> SignInAsync(
        PasskeyRequestJson request, SignIns signIns, Passkeys passkeys, UserManager<User> users, IPasskeyHandler<User> handler, HttpContext http)
    {
        if (passkeys.Waiting.Try(request.Ticket) is not { User: "" } begun)
            return Refused();
        passkeys.Waiting.Remove(request.Ticket!);
        var result = await handler.PerformAssertionAsync(new() { HttpContext = http, CredentialJson = request.Credential?.GetRawText() ?? "", AssertionState = begun.State });
        if (!result.Succeeded || result.User.Disabled)
            return Refused();
        await users.AddOrUpdatePasskeyAsync(result.User, result.Passkey);   // Its counter moved on.
        signIns.Succeeded(http, "");
        return TypedResults.Ok(new SignInJson(SignInStateJson.Done, null, await signIns.BeginAsync(http, result.User, "passkey")));

        static ProblemHttpResult Refused() => Problems.Of(StatusCodes.Status401Unauthorized, "That isn't right", "The passkey isn't known here, or the sign-in took too long.");
    }

    /// <summary>The user themselves, who has just entered the password: a page left open must not be enough.</summary>
    static async Task<(User? User, ProblemHttpResult? Problem)> ProveAsync(string? password, Caller caller, SignIns signIns, UserManager<User> users, HttpContext http)
    {
        if (AccountEndpoints.RefusalOfToken(caller) is { } refusal)
            return (null, refusal);
        if (string.IsNullOrEmpty(password) || password.Length > PasswordRules.Longest)
            return (null, Problems.Invalid("password", "is missing, or too long."));
        if (signIns.Throttle(http, caller.Name) is { } wait)
            return (null, wait);
        if (await SignIns.JudgeAsync(users, caller.Name, password) is not { } user)
            return (null, Problems.Invalid("password", "isn't the password."));
        signIns.Succeeded(http, caller.Name);
        return (user, null);
    }

    static async Task<RecoveryCodesJson> NewCodesAsync(UserManager<User> users, User user) =>
        new([.. await users.GenerateNewTwoFactorRecoveryCodesAsync(user, RecoveryCodes) ?? []]);

    static PasskeyJson Of(PasskeyRow row) => new(row.Credential, row.Name, new WallTime(row.CreatedAt).ToDateTimeOffset());

    static JsonElement Parsed(string json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }
}

/// <summary>Passkeys that are being made or used: what was asked of the browser, until it answers.</summary>
sealed class Passkeys(TimeProvider clock)
{
    public Pending<PasskeyCeremony> Waiting { get; } = new(clock);
}

/// <param name="State">As the framework gave it, with the challenge.</param>
/// <param name="User">Who makes one; empty for a sign-in.</param>
sealed record PasskeyCeremony(string State, string User);
