using Atalaya.Media;
using Atalaya.Node.Api;
using Atalaya.Node.Approvals;
using Atalaya.Node.Cameras;
using Atalaya.Recording;

using Microsoft.AspNetCore.Http.HttpResults;

namespace Atalaya.Node.Identity;

/// <summary>Users, roles and what is granted to whom. Nobody gives, or takes over, what they don't have themselves.</summary>
static class UserEndpoints
{
    public const int MaxName = 63, MaxFullName = 100, MaxGrants = 200;

    /// <summary>Long enough for a letter on another way.</summary>
    public static readonly TimeSpan LinkValid = TimeSpan.FromDays(3);

    public static void MapUsers(this IEndpointRouteBuilder routes)
    {
        var users = routes.MapGroup("/api/users").WithTags("identity").Needs(Permission.ManageUsers);
        users.MapGet("", ListAsync).WithName("listUsers").WithSummary("All users and their roles.");
        users.MapPost("", CreateAsync).WithName("createUser").WithSummary("Adds a user, with a one-time link by which they choose their password.")
            .Produces<UserLinkJson>(StatusCodes.Status201Created).Fails(400, 403, 409, 413, 415, 429);
        users.MapGet("{id}", GetAsync).WithName("getUser").WithSummary("One user.").Produces<UserJson>().Fails(404);
        users.MapPut("{id}", ReplaceAsync).WithName("changeUser").WithSummary("Changes a user's full name and roles, disables or enables them.")
            .WithDescription("403 for what the one who asks doesn't have themselves; 409 when nobody would be left who manages users.")
            .Produces<UserJson>().Fails(400, 403, 404, 409, 413, 415, 429);
        users.MapPost("{id}/link", LinkAsync).WithName("makeUserLink").WithSummary("A new one-time link for a user who has none, or forgot their password; earlier ones end.")
            .Produces<UserLinkJson>().Fails(403, 404, 409, 429);
        users.MapDelete("{id}/factors", DropFactorsAsync).WithName("dropUserFactors").WithSummary("Takes authenticator, recovery codes and passkeys from a user who lost them.")
            .Produces(StatusCodes.Status204NoContent).Fails(403, 404, 409, 429);
        users.MapGet("{id}/powers", PowersAsync).WithName("getUserPowers").WithSummary("What a user may do, and on which cameras.").Produces<UserPowersJson>().Fails(404);
        users.MapGet("{id}/sessions", SessionsAsync).WithName("listUserSessions").WithSummary("Where a user is signed in.").Produces<IReadOnlyList<UserSessionJson>>().Fails(404);
        users.MapDelete("{id}/sessions", EndSessionsAsync).WithName("endUserSessions").WithSummary("Signs a user out everywhere.").Produces(StatusCodes.Status204NoContent).Fails(404);
        users.MapGet("{id}/tokens", TokensAsync).WithName("listUserTokens").WithSummary("A user's API tokens, without their secrets.").Produces<IReadOnlyList<TokenJson>>().Fails(404);
        users.MapDelete("{id}/tokens/{token}", RevokeAsync).WithName("revokeUserToken").WithSummary("Ends a user's API token.").Produces(StatusCodes.Status204NoContent).Fails(404);

        var roles = routes.MapGroup("/api/roles").WithTags("identity");
        roles.MapGet("", async (Callers callers, CancellationToken stop) => (IReadOnlyList<RoleJson>)[.. (await callers.People.RolesAsync(stop)).Select(RoleJson.Of)])
            .Needs(Permission.ManageUsers).WithName("listRoles").WithSummary("Roles: those that come with the program, then one's own.");
        roles.MapPut("{id}", PutRoleAsync).Needs(Permission.ManageUsers).WithName("putRole").WithSummary("Makes or changes a role of one's own.")
            .WithDescription("The id is 1 to 63 lower-case letters, digits and hyphens. Whoever has the role has what it says from now on.")
            .Produces<RoleJson>().Fails(400, 403, 409, 413, 415, 429);
        roles.MapDelete("{id}", DeleteRoleAsync).Needs(Permission.ManageUsers).WithName("deleteRole").WithSummary("Removes a role of one's own, and takes it from whoever has it.")
            .Produces(StatusCodes.Status204NoContent).Fails(404, 409);
    }

    /// <summary>Null for a name that a user may have.</summary>
    public static string? NameFault(string name) =>
        name.Length is < 1 or > MaxName || name != name.Trim() || name.Any(c => char.IsControl(c) || c is '/' or '\\' or ':' || char.GetUnicodeCategory(c) == System.Globalization.UnicodeCategory.Format)
            ? $"must be 1 to {MaxName} characters, without line breaks, colons and slashes."
            : null;

    public static ProblemHttpResult NameTaken(string name) => Problems.Conflict("The name is taken", $"There is a user '{Problems.Shown(name)}' already. Choose another name.");

    public static User Make(string name, string fullName, TimeProvider clock) => new()
    {
        Id = People.NewId(),
        Name = name,
        NameKey = People.KeyOf(name),
        FullName = fullName,
        Stamp = Secret.New(),
        CreatedAt = WallTime.Now(clock).Microseconds,
    };

    static async Task<IReadOnlyList<UserJson>> ListAsync(Callers callers, CancellationToken stop)
    {
        var people = callers.People;
        var grants = await people.GrantsAsync(stop);
        var users = new List<UserJson>();
        foreach (var user in await people.AllAsync(stop))
            users.Add(UserJson.Of(user, grants[user.Id], (await people.PasskeysAsync(user.Id, stop)).Count));
        return users;
    }

    static async Task<Results<Ok<UserJson>, ProblemHttpResult>> GetAsync(string id, Callers callers, CancellationToken stop) =>
        await callers.People.FindAsync(id, stop) is { } user ? TypedResults.Ok(await TellAsync(callers.People, user, stop)) : NoUser(id);

    static async Task<Results<Created<UserLinkJson>, ProblemHttpResult>> CreateAsync(UserInputJson input, Caller caller, Callers callers, Rights rights, TimeProvider clock, CancellationToken stop)
    {
        var people = callers.People;
        var errors = new FieldErrors();
        string name = input.Name?.Trim() ?? "";
        if (NameFault(name) is { } odd)
            errors.Add("name", odd);
        CheckFullName(input, errors);
        if (input.Disabled == true)
            errors.Add("disabled", "a new user can sign in; disable them afterwards.");
        var roles = await people.RolesAsync(stop);
        var grants = Read(input.Grants ?? [], roles, errors);
        if (errors.Any)
            return errors.ToProblem();
        if (Beyond(caller, grants, roles) is { } refusal)
            return refusal;
        if (await rights.RefusalAsync($"+ {name}: {Told(grants)}", stop) is { } waits)
            return waits;
        var user = Make(name, input.FullName?.Trim() ?? "", clock);
        user.OpenId = input.OpenId ?? false;
        if (!await people.AddAsync(user, stop))
            return NameTaken(name);
        await people.SetGrantsAsync(user.Id, grants, stop);
        callers.Forget();
        return TypedResults.Created($"/api/users/{user.Id}", await NewLinkAsync(people, user, clock, stop));
    }

    static async Task<Results<Ok<UserJson>, ProblemHttpResult>> ReplaceAsync(string id, UserInputJson input, Caller caller, Callers callers, Rights rights, CancellationToken stop)
    {
        var people = callers.People;
        if (await people.FindAsync(id, stop) is not { } user)
            return NoUser(id);
        var errors = new FieldErrors();
        if (input.Name is not null && input.Name.Trim() != user.Name)
            errors.Add("name", "can't be changed: the log of accesses speaks of it. Add another user instead.");
        CheckFullName(input, errors);
        var roles = await people.RolesAsync(stop);
        var before = await people.GrantsAsync(id, stop);
        var grants = input.Grants is null ? before : Read(input.Grants, roles, errors);
        if (errors.Any)
            return errors.ToProblem();
        if (Beyond(caller, [.. before, .. grants], roles) is { } refusal)
            return refusal;
        bool disabled = input.Disabled ?? user.Disabled;
        bool remains = !disabled && grants.Any(g => g.Scope.Kind == ScopeKind.Organisation && roles.Any(r => r.Id == g.Role && r.Permissions.Has(Permission.ManageUsers)));
        if (!remains && !await IsAnotherAdministratorAsync(people, id, stop))
            return Problems.Conflict("Nobody would be left", "Nobody else could manage users. Give somebody else that permission on the organisation first.");
        // Less is never held up: somebody who must go is out at once.
        bool enabled = user.Disabled && !disabled, elsewhere = input.OpenId == true && !user.OpenId;
        if ((enabled || elsewhere || grants.Except(before).Any())
            && await rights.RefusalAsync($"{user.Name}: {Told(before)} → {Told(grants)}{(enabled ? ", enabled" : "")}{(elsewhere ? ", OpenID" : "")}", stop) is { } waits)
            return waits;
        user.FullName = input.FullName?.Trim() ?? user.FullName;
        user.Disabled = disabled;
        user.OpenId = input.OpenId ?? user.OpenId;
        await people.UpdateAsync(user, stop);
        if (!user.OpenId)
            await people.UnbindAsync(id, stop);
        await people.SetGrantsAsync(id, grants, stop);
        if (disabled)
        {
            await people.RemoveSessionsAsync(id, "", stop);
            await people.RemoveTokensAsync(id, stop);
        }

        callers.Forget();
        return TypedResults.Ok(await TellAsync(people, user, stop));
    }

    static async Task<Results<Ok<UserLinkJson>, ProblemHttpResult>> LinkAsync(string id, Caller caller, Callers callers, Rights rights, TimeProvider clock, CancellationToken stop)
    {
        var (user, problem) = await OwnedAsync(id, caller, callers.People, stop);
        if (user is null)
            return problem!;
        return await rights.RefusalAsync($"{user.Name}: link", stop) is { } waits ? waits : TypedResults.Ok(await NewLinkAsync(callers.People, user, clock, stop));
    }

    static async Task<Results<NoContent, ProblemHttpResult>> DropFactorsAsync(string id, Caller caller, Callers callers, Rights rights, CancellationToken stop)
    {
        var people = callers.People;
        var (user, problem) = await OwnedAsync(id, caller, people, stop);
        if (user is null)
            return problem!;
        if (await rights.RefusalAsync($"{user.Name}: − factors", stop) is { } waits)
            return waits;
        user.TwoFactor = false;
        user.Authenticator = null;
        user.Recovery = "";
        await people.UpdateAsync(user, stop);
        foreach (var passkey in await people.PasskeysAsync(id, stop))
            await people.RemovePasskeyAsync(id, passkey.Credential, stop);
        await people.RemoveSessionsAsync(id, "", stop);
        callers.Forget();
        return TypedResults.NoContent();
    }

    static async Task<Results<Ok<UserPowersJson>, ProblemHttpResult>> PowersAsync(
        string id, Caller caller, Callers callers, CameraScopes places, CameraRoster roster, TimeProvider clock, CancellationToken stop)
    {
        if (await callers.People.FindAsync(id, stop) is not { } user)
            return NoUser(id);
        var powers = await callers.People.PowersAsync(id, stop);
        var they = new Caller(id, user.Name, Credential.None, "", powers, places, clock);
        var cameras = new List<CameraPowerJson>();
        foreach (var camera in roster.All.Select(e => e.Config).Where(c => caller.Sees(c.Id) && they.Sees(c.Id)))
        {
            var there = powers.Where(p => p.Scope.Covers(camera.Id, places.Of(camera.Id))).ToList();
            var past = there.Where(p => p.Permissions.Has(Permission.ViewPast)).ToList();
            cameras.Add(new(
                camera.Id, camera.Name, there.Aggregate(default(PermissionSet), (all, p) => all | p.Permissions).ToList(),
                past.Any(p => p.PastDays is null) ? null : past.Max(p => p.PastDays)));
        }

        return TypedResults.Ok(new UserPowersJson(
            [.. powers.Select(p => new PowerJson(p.Scope.Kind, p.Scope.Id, p.Permissions.ToList(), p.PastDays))],
            [.. Enum.GetValues<Permission>().Where(they.Has)], cameras));
    }

    static async Task<Results<Ok<IReadOnlyList<UserSessionJson>>, ProblemHttpResult>> SessionsAsync(string id, Caller caller, Callers callers, CancellationToken stop) =>
        await callers.People.FindAsync(id, stop) is null
            ? NoUser(id)
            : TypedResults.Ok<IReadOnlyList<UserSessionJson>>([.. (await callers.People.SessionsAsync(id, stop)).Select(s => UserSessionJson.Of(s, caller))]);

    static async Task<Results<NoContent, ProblemHttpResult>> EndSessionsAsync(string id, Callers callers, CancellationToken stop)
    {
        if (await callers.People.FindAsync(id, stop) is null)
            return NoUser(id);
        await callers.People.RemoveSessionsAsync(id, "", stop);
        callers.Forget();
        return TypedResults.NoContent();
    }

    static async Task<Results<Ok<IReadOnlyList<TokenJson>>, ProblemHttpResult>> TokensAsync(string id, Callers callers, CancellationToken stop) =>
        await callers.People.FindAsync(id, stop) is null
            ? NoUser(id)
            : TypedResults.Ok<IReadOnlyList<TokenJson>>([.. (await callers.People.TokensAsync(id, stop)).Select(TokenJson.Of)]);

    static async Task<Results<NoContent, ProblemHttpResult>> RevokeAsync(string id, string token, Callers callers, CancellationToken stop)
    {
        if (!await callers.People.RemoveTokenAsync(id, token, stop))
            return Problems.NotFound("No such token", "It was revoked already, or never was.");
        callers.Forget();
        return TypedResults.NoContent();
    }

    static async Task<Results<Ok<RoleJson>, ProblemHttpResult>> PutRoleAsync(string id, RoleInputJson input, Caller caller, Callers callers, Rights rights, CancellationToken stop)
    {
        var errors = new FieldErrors();
        if (!Atalaya.Cameras.CameraConfig.IsId(id))
            errors.Add("id", "must be 1 to 63 lower-case letters, digits and hyphens, not starting with a hyphen.");
        if (!CameraScope.IsName(input.Name))
            errors.Add("name", $"must be 1 to {CameraScope.MaxName} characters, without commas or line breaks.");
        if (input.Permissions is not { Count: > 0 })
            errors.Add("permissions", "must name at least one.");
        if (input.PastDays is < 1 or > 36500)
            errors.Add("pastDays", "must lie between 1 and 36500.");
        if (errors.Any)
            return errors.ToProblem();
        if (Roles.FindShipped(id) is not null)
            return OfProgram(id);
        var people = callers.People;
        var role = new Role(id, input.Name!.Trim(), new([.. input.Permissions!]), input.PastDays, false);
        var before = (await people.RolesAsync(stop)).FirstOrDefault(r => r.Id == id);
        // Whoever has the role gets what it says: on the organisation at most.
        if (Beyond(caller, role, Scope.Organisation) is { } beyond || (before is not null && (beyond = Beyond(caller, before, Scope.Organisation)) is not null))
            return beyond;
        if (await rights.RefusalAsync($"{role.Id} ({role.Name}): {before?.Permissions} {before?.PastDays} → {role.Permissions} {role.PastDays}", stop) is { } waits)
            return waits;
        await people.PutRoleAsync(role, stop);
        callers.Forget();
        return TypedResults.Ok(RoleJson.Of(role));
    }

    static async Task<Results<NoContent, ProblemHttpResult>> DeleteRoleAsync(string id, Caller caller, Callers callers, CancellationToken stop)
    {
        if (Roles.FindShipped(id) is not null)
            return OfProgram(id);
        var people = callers.People;
        if ((await people.RolesAsync(stop)).FirstOrDefault(r => r.Id == id) is not { } role)
            return Problems.NotFound("No such role", $"There is no role '{Problems.Shown(id)}'.");
        if (role.Permissions.Has(Permission.ManageUsers))
            return Problems.Conflict("The role manages users", "Take that permission from the role first, so that somebody stays who manages users.");
        if (Beyond(caller, role, Scope.Organisation) is { } beyond)
            return beyond;
        await people.RemoveRoleAsync(id, stop);
        callers.Forget();
        return TypedResults.NoContent();
    }

    static IReadOnlyList<Grant> Read(IReadOnlyList<GrantInputJson> inputs, IReadOnlyList<Role> roles, FieldErrors errors)
    {
        var grants = new List<Grant>();
        if (inputs.Count > MaxGrants)
            errors.Add("grants", $"may be at most {MaxGrants}.");
        for (int i = 0; i < Math.Min(inputs.Count, MaxGrants); i++)
        {
            var input = inputs[i];
            var kind = input.Scope ?? ScopeKind.Organisation;
            string of = input.Of?.Trim() ?? "";
            if (roles.All(r => r.Id != input.Role))
                errors.Add($"grants[{i}].role", $"there is no such role; there are {string.Join(", ", roles.Select(r => r.Id))}.");
            bool good = kind switch
            {
                ScopeKind.Organisation => of.Length == 0,
                ScopeKind.Camera => SegmentName.IsCamera(of),
                _ => CameraScope.IsName(of),
            };
            if (!good)
                errors.Add($"grants[{i}].of", kind == ScopeKind.Organisation ? "must be absent for the organisation." : $"must name the {kind.ToString().ToLowerInvariant()}.");
            grants.Add(new(input.Role ?? "", new(kind, of)));
        }

        return grants;
    }

    static string Told(IEnumerable<Grant> grants) => string.Join(", ", grants.Select(g => g.Scope.Kind == ScopeKind.Organisation ? g.Role : $"{g.Role} @ {g.Scope.Id}"));

    /// <summary>The refusal, when a grant gives more than the one who asks has.</summary>
    static ProblemHttpResult? Beyond(Caller caller, IEnumerable<Grant> grants, IReadOnlyList<Role> roles)
    {
        foreach (var grant in grants)
        {
            if (roles.FirstOrDefault(r => r.Id == grant.Role) is { } role && Beyond(caller, role, grant.Scope) is { } refusal)
                return refusal;
        }

        return null;
    }

    static ProblemHttpResult? Beyond(Caller caller, Role role, Scope scope)
    {
        foreach (var permission in role.Permissions.ToList())
        {
            if (!caller.Powers.Any(p => p.Permissions.Has(permission) && p.Scope.Contains(scope) && (p.PastDays is null || p.PastDays >= role.PastDays)))
            {
                return Problems.Of(
                    StatusCodes.Status403Forbidden, "More than you have yourself",
                    $"The role '{role.Name}' holds {PermissionSet.NameOf(permission)}, which you don't have there as far. Only who has it can give or take it.");
            }
        }

        return null;
    }

    /// <summary>A user who has nothing that the one who asks lacks: else a new password for them would be a way to more.</summary>
    static async Task<(User? User, ProblemHttpResult? Problem)> OwnedAsync(string id, Caller caller, People people, CancellationToken stop)
    {
        if (await people.FindAsync(id, stop) is not { } user)
            return (null, NoUser(id));
        return Beyond(caller, await people.GrantsAsync(id, stop), await people.RolesAsync(stop)) is { } refusal ? (null, refusal) : (user, null);
    }

    static async Task<bool> IsAnotherAdministratorAsync(People people, string but, CancellationToken stop)
    {
        foreach (var user in (await people.AllAsync(stop)).Where(u => !u.Disabled && u.Id != but))
        {
            if ((await people.PowersAsync(user.Id, stop)).Any(p => p.Scope.Kind == ScopeKind.Organisation && p.Permissions.Has(Permission.ManageUsers)))
                return true;
        }

        return false;
    }

    static async Task<UserLinkJson> NewLinkAsync(People people, User user, TimeProvider clock, CancellationToken stop)
    {
        string code = await people.NewCodeAsync(user.Id, LinkValid, stop);
        return new(await TellAsync(people, user, stop), FirstStart.PathOf(code), clock.GetUtcNow() + LinkValid);
    }

    static async Task<UserJson> TellAsync(People people, User user, CancellationToken stop) =>
        UserJson.Of(user, await people.GrantsAsync(user.Id, stop), (await people.PasskeysAsync(user.Id, stop)).Count);

    static void CheckFullName(UserInputJson input, FieldErrors errors)
    {
        if (input.FullName is { } full && (full.Length > MaxFullName || full.Any(char.IsControl)))
            errors.Add("fullName", $"must be at most {MaxFullName} characters, without line breaks.");
    }

    static ProblemHttpResult NoUser(string id) => Problems.NotFound("No such user", $"There is no user '{Problems.Shown(id)}'. GET /api/users lists those there are.");

    static ProblemHttpResult OfProgram(string id) => Problems.Conflict("The role comes with the program", $"'{Problems.Shown(id)}' can't be changed. Make a role of your own.");
}
