using Atalaya.Node.Api;
using Atalaya.Node.Options;

using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Identity;

namespace Atalaya.Node.Identity;

/// <summary>Signing in and out, and the one-time links.</summary>
static class SessionEndpoints
{
    public static void MapSessions(this IEndpointRouteBuilder routes)
    {
        var session = routes.MapGroup("/api/session").WithTags("identity");
        session.MapGet("", (Caller caller, SignIns signIns, CancellationToken stop) => signIns.TellAsync(caller, stop)).Open()
            .WithName("getSession").WithSummary("Who asks, and what they may.");
        session.MapPost("", SignInAsync).Open().WithName("signIn").WithSummary("Signs in with name and password.")
            .WithDescription("A wrong name and a wrong password get the same answer. 429 says how long to wait. With a second factor a ticket comes back instead of the cookie.")
            .Produces<SignInJson>().Fails(400, 401, 413, 415, 429);
        session.MapPost("second", SecondAsync).Open().WithName("signInSecond").WithSummary("The second factor: a code of the authenticator, or a recovery code.")
            .Produces<SignInJson>().Fails(400, 401, 413, 415, 429);
        session.MapPost("seen", SeenAsync).SignedIn().WithName("touchSession").WithSummary("There is somebody at the page: the session isn't idle.")
            .Produces(StatusCodes.Status204NoContent);
        session.MapDelete("", SignOutAsync).Open().WithName("signOut").WithSummary("Ends the session.")
            .WithDescription("200 with an address where the browser signs out at the OpenID provider too, when the session began there; 204 otherwise.")
            .Produces<SignedOutJson>().Produces(StatusCodes.Status204NoContent);

        var start = routes.MapGroup("/api/start").WithTags("identity");
        start.MapPost("look", LookAsync).Open().WithName("lookAtStart").WithSummary("Whom a one-time link is for.").Produces<StartJson>().Fails(400, 404, 413, 415, 429);
        start.MapPost("", StartAsync).Open().WithName("start").WithSummary("Uses a one-time link: makes the first administrator, or sets a user's password; signs in.")
            .Produces<SignInJson>().Fails(400, 404, 409, 413, 415, 429);
    }

    static async Task<Results<Ok<SignInJson>, ProblemHttpResult>> SignInAsync(SignInRequestJson request, SignIns signIns, UserManager<User> users, HttpContext http)
    {
        var errors = new FieldErrors();
        if (string.IsNullOrWhiteSpace(request.Name) || request.Name.Length > UserEndpoints.MaxName)
            errors.Add("name", "is missing, or too long.");
        if (string.IsNullOrEmpty(request.Password) || request.Password.Length > PasswordRules.Longest)
            errors.Add("password", "is missing, or too long.");
        if (errors.Any)
            return errors.ToProblem();
        string name = request.Name!.Trim();
        if (signIns.Throttle(http, name) is { } wait)
            return wait;
        if (await SignIns.JudgeAsync(users, name, request.Password!) is not { } user)
            return Problems.Of(StatusCodes.Status401Unauthorized, "That isn't right", "Name or password is wrong.");
        if (user.TwoFactor)
            return TypedResults.Ok(new SignInJson(SignInStateJson.SecondFactor, signIns.Pending.Add(new(user.Id, user.Name)), null));
        signIns.Succeeded(http, name);
        return TypedResults.Ok(new SignInJson(SignInStateJson.Done, null, await signIns.BeginAsync(http, user, "password")));
    }

    static async Task<Results<Ok<SignInJson>, ProblemHttpResult>> SecondAsync(
        SecondFactorRequestJson request, SignIns signIns, SecondFactors factors, UserManager<User> users, HttpContext http)
    {
        if (string.IsNullOrWhiteSpace(request.Code) || request.Code.Length > 40)
            return Problems.Invalid("code", "is missing, or too long.");
        // Five tries with a ticket, and a ticket costs a right password.
        if (signIns.Pending.Try(request.Ticket) is not { } pending)
            return Problems.Of(StatusCodes.Status401Unauthorized, "Begin anew", "The sign-in took too long or too many tries. Enter name and password again.");
        if (signIns.Throttle(http, pending.Name) is { } wait)
            return wait;
        var user = await users.FindByIdAsync(pending.UserId);
        if (user is null || user.Disabled || !await factors.AcceptsAsync(users, user, request.Code))
            return Problems.Of(StatusCodes.Status401Unauthorized, "That isn't right", "The code is wrong, or was used before.");
        signIns.Pending.Remove(request.Ticket!);
        signIns.Succeeded(http, pending.Name);
        return TypedResults.Ok(new SignInJson(SignInStateJson.Done, null, await signIns.BeginAsync(http, user, "secondFactor")));
    }

    static async Task<NoContent> SeenAsync(Caller caller, Callers callers, CancellationToken stop)
    {
        await callers.TouchAsync(caller, stop);
        return TypedResults.NoContent();
    }

    static async Task<Results<Ok<SignedOutJson>, NoContent>> SignOutAsync(Caller caller, SignIns signIns, HttpContext http) =>
        await signIns.EndAsync(http, caller) is { } address ? TypedResults.Ok(new SignedOutJson(address)) : TypedResults.NoContent();

    static async Task<Results<Ok<StartJson>, ProblemHttpResult>> LookAsync(
        StartCodeRequestJson request, SignIns signIns, Callers callers, NodeOptions options, HttpContext http, CancellationToken stop)
    {
        if (signIns.Throttle(http, "") is { } wait)
            return wait;
        var (id, good) = await callers.People.FindCodeAsync(request.Code ?? "", stop);
        if (!good)
            return Stale();
        signIns.Succeeded(http, "");
        var user = id is null ? null : await callers.People.FindAsync(id, stop);
        return TypedResults.Ok(new StartJson(user?.Name, options.SignIn.PasswordLength));
    }

    static async Task<Results<Ok<SignInJson>, ProblemHttpResult>> StartAsync(
        StartRequestJson request, SignIns signIns, Callers callers, UserManager<User> users, PasswordRules rules, TimeProvider clock, HttpContext http, CancellationToken stop)
    {
        if (signIns.Throttle(http, "") is { } wait)
            return wait;
        var people = callers.People;
        var (id, good) = await people.FindCodeAsync(request.Code ?? "", stop);
        var user = id is null ? null : await people.FindAsync(id, stop);
        if (!good || user?.Disabled == true || (id is null && await people.HasAdministratorAsync(stop)))
            return Stale();
        signIns.Succeeded(http, "");
        var errors = new FieldErrors();
        string name = user?.Name ?? request.Name?.Trim() ?? "";
        if (user is null && UserEndpoints.NameFault(name) is { } odd)
            errors.Add("name", odd);
        if (rules.Fault(request.Password ?? "", name, user?.FullName ?? "") is { } weak)
            errors.Add("password", weak);
        if (errors.Any)
            return errors.ToProblem();
        if (user is null && await people.FindByNameAsync(name, stop) is not null)
            return UserEndpoints.NameTaken(name);
        if (!await people.UseCodeAsync(request.Code!, stop))
            return Stale();
        if (user is null)
        {
            user = UserEndpoints.Make(name, "", clock);
            user.PasswordHash = users.PasswordHasher.HashPassword(user, request.Password!);
            if (!await people.AddAsync(user, stop))
                return UserEndpoints.NameTaken(name);
            await people.SetGrantsAsync(user.Id, [new(Roles.Administrator, Scope.Organisation)], stop);
        }
        else
        {
            // Whoever lost the password may have lost the rest: everything begins anew.
            user.PasswordHash = users.PasswordHasher.HashPassword(user, request.Password!);
            user.Stamp = Secret.New();
            await people.UpdateAsync(user, stop);
            await people.RemoveSessionsAsync(user.Id, "", stop);
        }

        callers.Forget();
        return user.TwoFactor
            ? TypedResults.Ok(new SignInJson(SignInStateJson.SecondFactor, signIns.Pending.Add(new(user.Id, user.Name)), null))
            : TypedResults.Ok(new SignInJson(SignInStateJson.Done, null, await signIns.BeginAsync(http, user, "link")));
    }

    static ProblemHttpResult Stale() =>
        Problems.NotFound("This link doesn't count any more", "It was used, or its time is over. The node prints a new one for the first administrator when it starts; whoever manages users makes one for everyone else.");
}
