using Atalaya.Node.Identity;

namespace Atalaya.Node.Options;

/// <summary>Signing in at an OpenID Connect provider.</summary>
public sealed record OidcOptions
{
    [Option("Issuer of an OpenID Connect provider, such as `https://login.example.org/realms/border`; what it publishes below `/.well-known/openid-configuration` says the rest. "
        + "Empty: people sign in here alone.", Max = "500")]
    public string Authority { get; init; } = "";

    [Option("What the provider knows this node by. There, the node's address with `/openid` behind it is to be allowed as redirect, and the address itself after signing out.", Max = "200")]
    public string ClientId { get; init; } = "";

    [Option("The secret that the provider gave for it. Empty: none, PKCE alone. Better in the environment: `ATALAYA_SIGNIN__OIDC__CLIENTSECRET`.", Max = "1000", Secret = true)]
    public string ClientSecret { get; init; } = "";

    [Option("What people call the provider: the page's button says it. Empty: its host's name.", Max = "60")]
    public string DisplayName { get; init; } = "";

    [Option("What the provider is asked for; `openid` is among it always.", Min = "1", Max = "20")]
    public IReadOnlyList<string> Scopes { get; init; } = ["openid", "profile"];

    [Option("Claim with the name that somebody has here, looked at when they sign in for the first time. One that people there can't choose themselves: with it they become that user.",
        Min = "1", Max = "200")]
    public string NameClaim { get; init; } = "preferred_username";

    [Option("Claim that somebody must have to sign in, written `name=value`, such as `groups=atalaya`. Empty: none.", Max = "400")]
    public string Require { get; init; } = "";

    [Option("Claim whose values give roles, as `signIn.oidc.roles` says.", Min = "1", Max = "200")]
    public string RolesClaim { get; init; } = "groups";

    [Option("Which values give which roles, in the file only. Empty: users must be here already, allowed to sign in so, and have the roles that they were given here. "
        + "With any, whoever gets a role by one is added when they first sign in, and has at each sign-in the roles that their values give, and no others.", Max = "200")]
    public IReadOnlyList<OidcRoleEntry> Roles { get; init; } = [];

    public bool IsUsed => Authority.Length > 0;

    /// <summary>What can't be used, as sentences.</summary>
    public IEnumerable<string> Faults()
    {
        if (!IsUsed)
        {
            if (ClientId.Length > 0)
                yield return "signIn.oidc.clientId is given, but no signIn.oidc.authority.";
            yield break;
        }

        if (!Uri.TryCreate(Authority, UriKind.Absolute, out var address) || address.Query.Length > 0 || address.Fragment.Length > 0
            || (address.Scheme != Uri.UriSchemeHttps && !(address.Scheme == Uri.UriSchemeHttp && address.IsLoopback)))
            yield return "signIn.oidc.authority must be the provider's https address; http is taken from this machine alone.";
        if (ClientId.Length == 0)
            yield return "signIn.oidc.clientId is missing: what the provider knows this node by.";
        if (Require.Length > 0 && Require.IndexOf('=', StringComparison.Ordinal) is < 1)
            yield return "signIn.oidc.require must be written name=value.";
        for (int i = 0; i < Roles.Count; i++)
        {
            var entry = Roles[i];
            if (entry.Value.Length == 0 || entry.Role.Length == 0)
                yield return $"signIn.oidc.roles[{i}] must say value and role.";
            if (entry.Scope == ScopeKind.Organisation != (entry.Of.Length == 0))
                yield return $"signIn.oidc.roles[{i}].of must name the site, group or camera, and be absent for the organisation.";
        }
    }
}

/// <summary>A role that a value of the provider's claim gives.</summary>
public sealed record OidcRoleEntry
{
    [Option("A value of the claim.", Min = "1", Max = "400")]
    public string Value { get; init; } = "";

    [Option("Id of the role that it gives.", Min = "1", Max = "63")]
    public string Role { get; init; } = "";

    [Option("On what: organisation, site, group or camera.")]
    public ScopeKind Scope { get; init; }

    [Option("Name of the site or group, id of the camera; empty for the organisation.", Max = "63")]
    public string Of { get; init; } = "";
}
