using System.ComponentModel;
using System.Numerics;
using System.Text.Json;

namespace Atalaya.Node.Identity;

/// <summary>
/// One thing that a person or a program may do. Permissions only add: nothing takes one away but the end of its grant. Kept by name, so that their order is free.
/// </summary>
public enum Permission
{
    [Description("See what a camera shows now.")]
    ViewLive,

    [Description("See what a camera recorded, as many days back as the role says, and what was noticed there.")]
    ViewPast,

    [Description("Take recordings out of the node as files.")]
    Export,

    [Description("See pictures without their masks.")]
    Unmask,

    [Description("Turn and zoom a camera, use and keep its presets.")]
    Ptz,

    [Description("Acknowledge alarms.")]
    Acknowledge,

    [Description("Work on incidents: assign, note, dispatch, close.")]
    ManageIncidents,

    [Description("Report scene events from another system.")]
    ReportEvents,

    [Description("Keep footage beyond its time.")]
    Hold,

    [Description("Release holds that anyone made.")]
    ManageHolds,

    [Description("Change a camera and how it is reached; on the organisation: find, add and move cameras.")]
    ManageCameras,

    [Description("Change what is noticed on a camera and how it is analysed.")]
    ManageRules,

    [Description("Check and repair the archive.")]
    ManageStorage,

    [Description("Change what becomes an alarm and who is told.")]
    ManageAlarms,

    [Description("Add and change users, their roles, sessions and tokens. Nobody gives what they don't have themselves.")]
    ManageUsers,

    [Description("Release footage or an incident to someone outside.")]
    Release,

    [Description("See who looked at what, and every change of rights. Shows no video.")]
    Audit,

    [Description("See how node, storage and cameras are, and the alarms that say so.")]
    ViewHealth,

    [Description("Link this node with others, sign and denounce agreements with partner organisations.")]
    ManageLinks,

    [Description("Work with partner organisations: requests, grants, hand-overs, joint operations.")]
    Cooperate,
}

/// <summary>A set of permissions.</summary>
readonly record struct PermissionSet
{
    readonly ulong _bits;

    public PermissionSet(params ReadOnlySpan<Permission> permissions)
    {
        foreach (var permission in permissions)
            _bits |= Bit(permission);
    }

    PermissionSet(ulong bits) => _bits = bits;

    public static PermissionSet All { get; } = new(Enum.GetValues<Permission>());

    public bool IsEmpty => _bits == 0;
    public int Count => BitOperations.PopCount(_bits);

    public static PermissionSet operator |(PermissionSet a, PermissionSet b) => new(a._bits | b._bits);

    public static PermissionSet operator &(PermissionSet a, PermissionSet b) => new(a._bits & b._bits);

    public bool Has(Permission permission) => (_bits & Bit(permission)) != 0;

    public bool IsWithin(PermissionSet other) => (_bits & ~other._bits) == 0;

    /// <summary>In the enum's order.</summary>
    public IReadOnlyList<Permission> ToList()
    {
        var self = this;
        return [.. Enum.GetValues<Permission>().Where(p => self.Has(p))];
    }

    /// <summary>Names as the API writes them, separated by spaces.</summary>
    public override string ToString() => string.Join(' ', ToList().Select(NameOf));

    /// <summary>What <see cref="ToString"/> wrote. A name that this version doesn't know gives nothing.</summary>
    public static PermissionSet Parse(string names)
    {
        var set = default(PermissionSet);
        foreach (string name in names.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (TryName(name, out var permission))
                set |= new PermissionSet(permission);
        }

        return set;
    }

    public static string NameOf(Permission permission) => JsonNamingPolicy.CamelCase.ConvertName(permission.ToString());

    public static bool TryName(string name, out Permission permission) =>
        Enum.TryParse(name, ignoreCase: true, out permission) && Enum.IsDefined(permission) && char.IsAsciiLetter(name[0]);

    static ulong Bit(Permission permission) => 1UL << (int)permission;
}
