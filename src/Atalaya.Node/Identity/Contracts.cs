using System.ComponentModel;
using System.Text.Json;

using Atalaya.Media;

namespace Atalaya.Node.Identity;

[Description("Who asks, and what they may.")]
public sealed record SessionJson(
    bool SignedIn,
    [property: Description("Nobody can sign in yet: the node printed a one-time link when it started.")] bool NeedsFirst,
    SignedInJson? User,
    [property: Description("Seconds without a sign of life until the session ends.")] int IdleSeconds,
    [property: Description("The OpenID provider at which people may sign in; null: there is none.")] OpenIdJson? OpenId);

public sealed record OpenIdJson(
    [property: Description("What people call it.")] string Name,
    [property: Description("Its claims say what the people who sign in there may.")] bool GivesRoles);

public sealed record OpenIdBeginJson([property: Description("Where the browser goes.")] string Address);

public sealed record OpenIdFinishJson
{
    [Description("`code` of the address that the provider sent the browser to. Required.")]
    public string? Code { get; init; }

    [Description("`state` of it. Required.")]
    public string? State { get; init; }

    [Description("`iss` of it, if there is one (RFC 9207).")]
    public string? Issuer { get; init; }
}

public sealed record SignedOutJson([property: Description("Where the browser goes to sign out at the OpenID provider too.")] string Address);

public sealed record SignedInJson(
    string Id,
    string Name,
    string FullName,
    [property: Description("What they may do somewhere: on the organisation, or on some cameras.")] IReadOnlyList<Permission> Permissions,
    [property: Description("What they may do on the whole organisation.")] IReadOnlyList<Permission> Organisation,
    [property: Description("A second factor is asked for when they sign in with a password.")] bool TwoFactor);

public sealed record SignInRequestJson
{
    [Description("Required.")]
    public string? Name { get; init; }

    [Description("Required.")]
    public string? Password { get; init; }
}

public enum SignInStateJson
{
    /// <summary>The cookie came along.</summary>
    Done,

    /// <summary>A code is asked for, with the ticket.</summary>
    SecondFactor,
}

public sealed record SignInJson(
    SignInStateJson State,
    [property: Description("For the second factor: five minutes, five tries.")] string? Ticket,
    SessionJson? Session);

public sealed record SecondFactorRequestJson
{
    [Description("As the sign-in gave it. Required.")]
    public string? Ticket { get; init; }

    [Description("Six digits of the authenticator, or a recovery code. Required.")]
    public string? Code { get; init; }
}

public sealed record StartRequestJson
{
    [Description("What stands behind # in the one-time link. Required.")]
    public string? Code { get; init; }

    [Description("What the first administrator will sign in with. Not for a user's own link.")]
    public string? Name { get; init; }

    [Description("At least as long as option signIn.passwordLength, and not a well-known one. Required.")]
    public string? Password { get; init; }
}

public sealed record StartCodeRequestJson
{
    [Description("What stands behind # in the one-time link. Required.")]
    public string? Code { get; init; }
}

[Description("Whom a one-time link is for.")]
public sealed record StartJson(
    [property: Description("Null: the first administrator, who chooses a name.")] string? Name,
    [property: Description("Characters that the password must have at least.")] int PasswordLength);

public sealed record GrantJson(
    [property: Description("Id of a role.")] string Role,
    ScopeKind Scope,
    [property: Description("Name of the site or group, id of the camera; empty for the organisation.")] string Of);

public sealed record GrantInputJson
{
    [Description("Id of a role. Required.")]
    public string? Role { get; init; }

    [Description("Default organisation.")]
    public ScopeKind? Scope { get; init; }

    [Description("Name of the site or group, id of the camera. Absent for the organisation.")]
    public string? Of { get; init; }
}

public sealed record UserJson(
    string Id,
    string Name,
    string FullName,
    bool Disabled,
    DateTimeOffset CreatedAt,
    [property: Description("Can sign in with a password.")] bool HasPassword,
    bool TwoFactor,
    int Passkeys,
    [property: Description("The OpenID provider may say that somebody is this user.")] bool OpenId,
    [property: Description("Null: never.")] DateTimeOffset? SignedInAt,
    IReadOnlyList<GrantJson> Grants)
{
    internal static UserJson Of(User user, IEnumerable<Grant> grants, int passkeys) => new(
        user.Id, user.Name, user.FullName, user.Disabled, new WallTime(user.CreatedAt).ToDateTimeOffset(), user.PasswordHash is not null, user.TwoFactor, passkeys,
        user.OpenId, user.SignedInAt is { } at ? new WallTime(at).ToDateTimeOffset() : null, [.. grants.Select(g => new GrantJson(g.Role, g.Scope.Kind, g.Scope.Id))]);
}

public sealed record UserInputJson
{
    [Description("What they sign in with: 1 to 63 characters, without spaces around. Chosen once. Required for a new user.")]
    public string? Name { get; init; }

    [Description("What others call them, at most 100 characters. Absent: unchanged.")]
    public string? FullName { get; init; }

    [Description("Can't sign in; sessions and tokens end. Absent: unchanged.")]
    public bool? Disabled { get; init; }

    [Description("The OpenID provider may say that somebody is this user. False ends what binds them to one there. Absent: unchanged, false for a new user.")]
    public bool? OpenId { get; init; }

    [Description("All of their roles. Absent: unchanged.")]
    public IReadOnlyList<GrantInputJson>? Grants { get; init; }
}

[Description("What a user may do: as their roles give it, and what it comes to.")]
public sealed record UserPowersJson(
    [property: Description("One for each of their roles.")] IReadOnlyList<PowerJson> Powers,
    [property: Description("What they may do on the whole organisation.")] IReadOnlyList<Permission> Organisation,
    [property: Description("Cameras of which they see anything, among those that the one who asks may know of.")] IReadOnlyList<CameraPowerJson> Cameras);

public sealed record PowerJson(
    ScopeKind Scope,
    [property: Description("Name of the site or group, id of the camera; empty for the organisation.")] string Of,
    IReadOnlyList<Permission> Permissions,
    [property: Description("How many days back it lets look and export; null: as far as there is footage.")] int? PastDays);

public sealed record CameraPowerJson(
    string Id,
    string Name,
    IReadOnlyList<Permission> Permissions,
    [property: Description("How many days back they may look; null: as far as there is footage, if at all.")] int? PastDays);

[Description("A user, and the one-time link by which they choose a password: hand it over on another way.")]
public sealed record UserLinkJson(
    UserJson User,
    [property: Description("Path and fragment, behind the node's address.")] string Link,
    DateTimeOffset ExpiresAt);

public sealed record RoleJson(
    string Id,
    string Name,
    IReadOnlyList<Permission> Permissions,
    [property: Description("How many days back it lets look and export; null: as far as there is footage.")] int? PastDays,
    [property: Description("Comes with the program and can't be changed.")] bool Shipped)
{
    internal static RoleJson Of(Role role) => new(role.Id, role.Name, role.Permissions.ToList(), role.PastDays, role.IsShipped);
}

public sealed record RoleInputJson
{
    [Description("1 to 63 characters. Required.")]
    public string? Name { get; init; }

    [Description("Required.")]
    public IReadOnlyList<Permission>? Permissions { get; init; }

    [Description("1 to 36500; absent or null: as far as there is footage.")]
    public int? PastDays { get; init; }
}

public sealed record UserSessionJson(
    string Id,
    DateTimeOffset CreatedAt,
    DateTimeOffset SeenAt,
    [property: Description("password, secondFactor, passkey, link or openId.")] string Method,
    string Address,
    [property: Description("What the browser says it is.")] string Agent,
    [property: Description("The one that asks.")] bool Current)
{
    internal static UserSessionJson Of(Session s, Caller caller) => new(
        s.Id, new WallTime(s.CreatedAt).ToDateTimeOffset(), new WallTime(s.SeenAt).ToDateTimeOffset(), s.Method, s.Address, s.Agent, s.Id == caller.CredentialId);
}

public sealed record TokenJson(
    string Id,
    string Name,
    [property: Description("Null: all that its owner has.")] IReadOnlyList<Permission>? Permissions,
    DateTimeOffset CreatedAt,
    [property: Description("Null: never.")] DateTimeOffset? ExpiresAt,
    [property: Description("To a minute.")] DateTimeOffset? UsedAt)
{
    internal static TokenJson Of(ApiToken t) => new(
        t.Id, t.Name, t.Permissions?.ToList(), new WallTime(t.CreatedAt).ToDateTimeOffset(),
        t.ExpiresAt is { } end ? new WallTime(end).ToDateTimeOffset() : null, t.UsedAt is { } used ? new WallTime(used).ToDateTimeOffset() : null);
}

public sealed record TokenInputJson
{
    [Description("What it is for, 1 to 63 characters. Required.")]
    public string? Name { get; init; }

    [Description("What it may do of what its owner may; absent or null: all of it.")]
    public IReadOnlyList<Permission>? Permissions { get; init; }

    [Description("1 to 3650. Required.")]
    public int? Days { get; init; }
}

public sealed record NewTokenJson(
    [property: Description("The token itself; it isn't shown again.")] string Token,
    TokenJson About);

public sealed record PasswordRequestJson
{
    [Description("Required.")]
    public string? Old { get; init; }

    [Description("At least as long as option signIn.passwordLength, and not a well-known one. Required.")]
    public string? New { get; init; }
}

public sealed record AccountJson(
    string Name,
    string FullName,
    bool HasPassword,
    [property: Description("A code of the authenticator is asked for beside the password.")] bool TwoFactor,
    [property: Description("How many recovery codes are left.")] int RecoveryCodes,
    IReadOnlyList<PasskeyJson> Passkeys);

public sealed record PasskeyJson(string Id, string Name, DateTimeOffset CreatedAt);

public sealed record PasswordProofJson
{
    [Description("Required.")]
    public string? Password { get; init; }
}

public sealed record CodeProofJson
{
    [Description("Six digits of the authenticator. Required.")]
    public string? Code { get; init; }
}

public sealed record AuthenticatorJson(
    [property: Description("Base32, to be typed.")] string Key,
    [property: Description("otpauth://, for a QR code.")] string Uri);

public sealed record RecoveryCodesJson([property: Description("Each signs in once in place of a code. They aren't shown again.")] IReadOnlyList<string> Codes);

public sealed record PasskeyOptionsJson(
    [property: Description("To be sent back with what the browser answers, within five minutes.")] string Ticket,
    [property: Description("PublicKeyCredentialCreationOptionsJSON or PublicKeyCredentialRequestOptionsJSON (WebAuthn).")] JsonElement Options);

public sealed record PasskeyRequestJson
{
    [Description("Required.")]
    public string? Ticket { get; init; }

    [Description("What the browser answered, as PublicKeyCredential.toJSON() gives it. Required.")]
    public JsonElement? Credential { get; init; }
}

public sealed record PasskeyInputJson
{
    [Description("Required.")]
    public string? Ticket { get; init; }

    [Description("What the browser answered, as PublicKeyCredential.toJSON() gives it. Required.")]
    public JsonElement? Credential { get; init; }

    [Description("What the user calls it, 1 to 63 characters. Required.")]
    public string? Name { get; init; }
}
