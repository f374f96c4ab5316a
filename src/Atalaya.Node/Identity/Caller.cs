using System.Reflection;

using Atalaya.Media;
using Atalaya.Node.Api;

using Microsoft.AspNetCore.Http.HttpResults;

namespace Atalaya.Node.Identity;

/// <summary>How far a grant reaches.</summary>
public enum ScopeKind
{
    Organisation,
    Site,
    Group,
    Camera,
}

/// <param name="Id">Name of the site or group, id of the camera; empty for the organisation.</param>
readonly record struct Scope(ScopeKind Kind, string Id)
{
    public static Scope Organisation { get; } = new(ScopeKind.Organisation, "");

    /// <summary>Whether a camera at <paramref name="place"/> lies within.</summary>
    public bool Covers(string camera, CameraScope place) => Kind switch
    {
        ScopeKind.Organisation => true,
        ScopeKind.Site => place.Site == Id,
        ScopeKind.Group => place.Groups.Contains(Id, StringComparer.Ordinal),
        _ => camera == Id,
    };

    /// <summary>Whether everything within <paramref name="other"/> lies within this one, whatever cameras there are.</summary>
    public bool Contains(Scope other) => Kind == ScopeKind.Organisation || this == other;
}

/// <summary>Permissions within a scope, as a granted role gives them.</summary>
/// <param name="PastDays">How many days back <see cref="Permission.ViewPast"/> and <see cref="Permission.Export"/> reach; null: as far as there is footage.</param>
/// <param name="Role">Id of the role; empty where none stands behind it.</param>
/// <param name="RoleName">What people call it.</param>
sealed record Power(PermissionSet Permissions, int? PastDays, Scope Scope, string Role = "", string RoleName = "");

/// <summary>How a caller proved who they are.</summary>
enum Credential
{
    None,

    /// <summary>The page's cookie.</summary>
    Session,

    /// <summary>Authorization: Bearer.</summary>
    Token,

    /// <summary>Another node's link: somebody there, of whom that node tells the name.</summary>
    Peer,
}

/// <summary>
/// Who asks, and what they may. A snapshot, seconds old at most. Endpoints take it as a parameter; long connections hold it and are ended when it no longer holds.
/// </summary>
sealed class Caller
{
    readonly IReadOnlyList<Power> _powers;
    readonly CameraScopes? _places;
    readonly TimeProvider _clock;

    /// <param name="credentialId">Of the session or token: the digest of its secret.</param>
    public Caller(string userId, string name, Credential credential, string credentialId, IReadOnlyList<Power> powers, CameraScopes? places, TimeProvider clock)
    {
        UserId = userId;
        Name = name;
        Credential = credential;
        CredentialId = credentialId;
        _powers = powers;
        _places = places;
        _clock = clock;
    }

    /// <summary>Someone who hasn't signed in.</summary>
    public static Caller Nobody { get; } = new("", "", Credential.None, "", [], null, TimeProvider.System);

    public string UserId { get; }

    /// <summary>What they sign in with.</summary>
    public string Name { get; }

    public Credential Credential { get; }
    public string CredentialId { get; }
    public bool IsSignedIn => Credential != Credential.None;
    public IReadOnlyList<Power> Powers => _powers;

    /// <summary>Of <see cref="Credential.Peer"/>: the other node asks for pictures without masks, and may.</summary>
    public bool IsUnmasked { get; init; }

    /// <summary>Of <see cref="Credential.Peer"/>: written across the pictures that they are given; empty: nothing is.</summary>
    public string Mark { get; init; } = "";

    /// <summary>Everything they may do somewhere.</summary>
    public PermissionSet Anywhere => _powers.Aggregate(default(PermissionSet), (all, p) => all | p.Permissions);

    /// <summary>On the organisation as a whole.</summary>
    public bool Has(Permission permission) => _powers.Any(p => p.Scope.Kind == ScopeKind.Organisation && p.Permissions.Has(permission));

    /// <summary>On the organisation, or on any part of it.</summary>
    public bool HasAnywhere(Permission permission) => _powers.Any(p => p.Permissions.Has(permission));

    /// <summary>Whether they hold an office: a role of that name or id, on the whole organisation or on all these cameras.</summary>
    public bool Holds(string office, IReadOnlyList<string> cameras) => _powers.Any(p =>
        (p.Role == office || p.RoleName.Equals(office, StringComparison.OrdinalIgnoreCase))
        && (p.Scope.Kind == ScopeKind.Organisation || (cameras.Count > 0 && cameras.All(c => p.Scope.Covers(c, _places!.Of(c))))));

    public bool Can(Permission permission, string camera)
    {
        foreach (var power in _powers)
        {
            if (power.Permissions.Has(permission) && power.Scope.Covers(camera, _places!.Of(camera)))
                return true;
        }

        return false;
    }

    /// <summary>Whether they may know that there is such a camera.</summary>
    public bool Sees(string camera)
    {
        foreach (var power in _powers)
        {
            if (!power.Permissions.IsEmpty && power.Scope.Covers(camera, _places!.Of(camera)))
                return true;
        }

        return false;
    }

    /// <summary>From when on they may look back at a camera with a permission; null if not at all.</summary>
    public WallTime? Since(Permission permission, string camera)
    {
        WallTime? since = null;
        foreach (var power in _powers)
        {
            if (!power.Permissions.Has(permission) || !power.Scope.Covers(camera, _places!.Of(camera)))
                continue;
            var reach = power.PastDays is { } days ? WallTime.Now(_clock) - TimeSpan.FromDays(days) : default;
            if (since is null || reach < since)
                since = reach;
        }

        return since;
    }

    /// <summary>Why a stretch of a camera isn't theirs to look at; null when it is.</summary>
    public ProblemHttpResult? RefusalOfPast(string camera, WallTime from, Permission permission = Permission.ViewPast) =>
        Refusal(permission, camera) ?? (Since(permission, camera) is { } since && from < since
            ? Problems.Of(
                StatusCodes.Status403Forbidden, "Farther back than you may look", $"Your roles reach back to {WireTime.Format(since.ToDateTimeOffset())} on this camera. Whoever manages users can extend that.")
            : null);

    /// <summary>Why a permission isn't theirs on a camera: 404, as for one that isn't there, if they may not even know of it. Null when it is theirs.</summary>
    public ProblemHttpResult? Refusal(Permission permission, string camera) =>
        Can(permission, camera) ? null : Sees(camera) ? Gate.Lacks(permission) : Problems.NoCamera(camera);

    /// <summary>Minimal APIs make the parameter by this.</summary>
    public static ValueTask<Caller?> BindAsync(HttpContext http, ParameterInfo parameter) => ValueTask.FromResult<Caller?>(http.Caller());
}

static class CallerExtensions
{
    /// <summary>Who asks; <see cref="Caller.Nobody"/> before <see cref="Gate"/> has looked, and for who hasn't signed in.</summary>
    public static Caller Caller(this HttpContext http) => http.Features.Get<Caller>() ?? Identity.Caller.Nobody;
}
