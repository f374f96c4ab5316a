using Atalaya.Node.Options;

namespace Atalaya.Node.Identity;

/// <summary>
/// Who a person at the OpenID provider is here. Found by issuer and subject, which never change hands; by name only the first time, and only where whoever manages users said so
/// or the provider's roles add them.
/// </summary>
sealed class OpenIdPeople(Callers callers, NodeOptions all, TimeProvider clock, ILogger<OpenIdPeople> log)
{
    readonly OidcOptions _options = all.SignIn.Oidc;

    /// <summary>Whether the provider's claims say what people may, instead of grants made here.</summary>
    public bool GivesRoles => _options.IsUsed && _options.Roles.Count > 0;

    /// <returns>The user, or why there is none.</returns>
    public async Task<(User? User, OpenIdRefusal Refusal)> FindAsync(OpenIdPerson person, CancellationToken stop)
    {
        var people = callers.People;
        if (_options.Require.Split('=', 2) is [{ Length: > 0 } required, var wanted] && !person.Claims[required].Contains(wanted, StringComparer.Ordinal))
            return (null, OpenIdRefusal.NotAllowed);
        var grants = Grants(person);
        if (GivesRoles && grants.Count == 0)
            return (null, OpenIdRefusal.NoRole);
        var user = await people.FindByLoginAsync(person.Issuer, person.Subject, stop);
        if (user is null)
        {
            (user, var refusal) = await FirstTimeAsync(people, person, stop);
            if (user is null)
                return (null, refusal);
        }

        if (user.Disabled)
            return (null, OpenIdRefusal.Disabled);
        if (!user.OpenId)
            return (null, OpenIdRefusal.NotByProvider);
        if (GivesRoles && !(await people.GrantsAsync(user.Id, stop)).ToHashSet().SetEquals(grants))
        {
            await people.SetGrantsAsync(user.Id, grants, stop);
            callers.Forget();
            log.LogInformation("{User} has the roles {Roles} by the OpenID provider's word", user.Name, string.Join(", ", grants.Select(g => g.Role)));
        }

        return (user, default);
    }

    async Task<(User? User, OpenIdRefusal Refusal)> FirstTimeAsync(People people, OpenIdPerson person, CancellationToken stop)
    {
        string name = person.Claims[_options.NameClaim].FirstOrDefault()?.Trim() ?? "";
        if (UserEndpoints.NameFault(name) is not null)
        {
            log.LogWarning("The OpenID provider gives no name that a user can have: claim {Claim} (option signIn.oidc.nameClaim).", _options.NameClaim);
            return (null, OpenIdRefusal.Unknown);
        }

        var user = await people.FindByNameAsync(name, stop);
        if (user is null && GivesRoles)
        {
            string full = person.Claims["name"].FirstOrDefault()?.Trim() ?? "";
            var made = UserEndpoints.Make(name, full.Length <= UserEndpoints.MaxFullName && !full.Any(char.IsControl) ? full : "", clock);
            made.OpenId = true;
            user = await people.AddAsync(made, stop) ? made : await people.FindByNameAsync(name, stop);
        }

        if (user is null)
            return (null, OpenIdRefusal.Unknown);
        if (!user.OpenId)
            return (null, OpenIdRefusal.NotByProvider);
        return await people.BindAsync(person.Issuer, person.Subject, user.Id, stop) ? (user, default) : (null, OpenIdRefusal.SomebodyElse);
    }

    HashSet<Grant> Grants(OpenIdPerson person) =>
        [.. _options.Roles.Where(r => person.Claims[_options.RolesClaim].Contains(r.Value, StringComparer.Ordinal)).Select(r => new Grant(r.Role, new(r.Scope, r.Of)))];
}
