namespace Atalaya.Node.Identity;

/// <summary>A person, or a program, with an account. ASP.NET Core Identity reads and changes it; <see cref="People"/> keeps it.</summary>
sealed class User
{
    public string Id { get; init; } = "";

    /// <summary>What they sign in with.</summary>
    public string Name { get; set; } = "";
    public string NameKey { get; set; } = "";

    /// <summary>What others call them; may be empty.</summary>
    public string FullName { get; set; } = "";

    public string? PasswordHash { get; set; }

    /// <summary>Changes with every credential.</summary>
    public string Stamp { get; set; } = "";

    public bool TwoFactor { get; set; }

    /// <summary>Base32; encrypted in the store. There before it was confirmed: <see cref="TwoFactor"/> says whether it counts.</summary>
    public string? Authenticator { get; set; }

    /// <summary>Digests of what is left, separated by semicolons.</summary>
    public string Recovery { get; set; } = "";

    public bool Disabled { get; set; }

    /// <summary>The OpenID provider may say that somebody is this user.</summary>
    public bool OpenId { get; set; }

    /// <summary>Microseconds since 1970 UTC.</summary>
    public long CreatedAt { get; init; }

    /// <summary>As <see cref="CreatedAt"/>; null: never, or before this was written down.</summary>
    public long? SignedInAt { get; init; }
}

/// <summary>A role that a user has on a scope.</summary>
sealed record Grant(string Role, Scope Scope);

/// <summary>Somebody signed in with a browser. Times in microseconds since 1970 UTC.</summary>
/// <param name="Id">Digest of the cookie's value.</param>
sealed record Session(string Id, string UserId, long CreatedAt, long SeenAt, string Method, string Address, string Agent);

/// <param name="Id">Digest of the token.</param>
/// <param name="Permissions">Null: all that its owner has.</param>
sealed record ApiToken(string Id, string UserId, string Name, PermissionSet? Permissions, long CreatedAt, long? ExpiresAt, long? UsedAt);
