namespace Atalaya.Node.Identity;

/// <summary>A named set of permissions.</summary>
/// <param name="PastDays">How many days back it lets look and export; null: as far as there is footage.</param>
/// <param name="IsShipped">Comes with the program and can't be changed.</param>
sealed record Role(string Id, string Name, PermissionSet Permissions, int? PastDays, bool IsShipped, string About = "");

/// <summary>The roles that come with the program.</summary>
static class Roles
{
    public const string Administrator = "administrator";

    public static IReadOnlyList<Role> Shipped { get; } =
    [
        new("operator", "Operator",
            new(Permission.ViewLive, Permission.ViewPast, Permission.Ptz, Permission.Acknowledge, Permission.Hold),
            3, true, "Watches, acknowledges, pins footage. Three days back: a shift and the weekend before it."),
        new("shift-leader", "Shift leader",
            new(Permission.ViewLive, Permission.ViewPast, Permission.Ptz, Permission.Acknowledge, Permission.Hold, Permission.ManageIncidents, Permission.Export, Permission.ViewHealth),
            14, true, "Leads the operators and works on incidents."),
        new("technician", "Technician",
            new(Permission.ViewLive, Permission.Ptz, Permission.ManageCameras, Permission.ManageRules, Permission.ManageStorage, Permission.ViewHealth),
            null, true, "Keeps cameras, rules and disks in order, and sees what the node says doesn't work. Sees what cameras show now, not what they recorded."),
        new("investigator", "Investigator",
            new(Permission.ViewLive, Permission.ViewPast, Permission.Export, Permission.Unmask, Permission.Hold, Permission.ManageHolds, Permission.ManageIncidents),
            null, true, "Looks back as far as there is footage, and takes it out."),
        new("liaison-officer", "Liaison officer",
            new(Permission.ViewLive, Permission.ViewPast, Permission.ManageIncidents, Permission.Release, Permission.Cooperate),
            30, true, "Works with the partner organisation and releases what an agreement allows."),
        new(Administrator, "Administrator", PermissionSet.All, null, true, "Everything. The first user is one."),
        new("auditor", "Oversight auditor", new(Permission.Audit), null, true, "Sees who looked at what, and no video at all."),
    ];

    public static Role? FindShipped(string id) => Shipped.FirstOrDefault(r => r.Id == id);
}
