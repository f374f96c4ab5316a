using System.ComponentModel;
using System.Reflection;
using System.Text;

namespace Atalaya.Node.Identity;

/// <summary>Permissions, roles and what each endpoint demands, as <c>ref/permissions.md</c> has them.</summary>
static class PermissionsDocument
{
    public static string Markdown(IEnumerable<Endpoint> endpoints)
    {
        var text = new StringBuilder();
        text.Append("""
            # Permissions

            `atalaya permissions` writes this page from the code; edit it there. Why it is so: [identity](../design/identity.md); how to use it: [people](../guide/people.md).

            A role is a named set of permissions. A user has roles, each on the organisation, on a site, on a group of cameras or on one camera; what they may do is all of these
            together. A camera on which somebody has no permission at all doesn't exist for them.


            """.ReplaceLineEndings("\n"));
        text.Append("## Permissions\n\n| permission | what it lets do |\n|---|---|\n");
        foreach (var permission in Enum.GetValues<Permission>())
            text.Append($"| `{PermissionSet.NameOf(permission)}` | {About(permission)} |\n");
        text.Append("\n## Roles\n\nThose that come with the program; others are made in the page or with `PUT /api/roles/{id}`.\n\n");
        text.Append($"| permission | {string.Join(" | ", Roles.Shipped.Select(r => r.Name))} |\n|---|{string.Concat(Roles.Shipped.Select(_ => ":-:|"))}\n");
        foreach (var permission in Enum.GetValues<Permission>())
            text.Append($"| `{PermissionSet.NameOf(permission)}` | {string.Join(" | ", Roles.Shipped.Select(r => !r.Permissions.Has(permission) ? "" : IsPast(permission) && r.PastDays is { } days ? $"{days} days" : "✓"))} |\n");
        text.Append('\n');
        foreach (var role in Roles.Shipped)
            text.Append($"- **{role.Name}** (`{role.Id}`): {role.About}\n");
        text.Append("""

            ## Endpoints

            *organisation*: the permission must be held on the whole organisation. *camera*: on the camera that the address names; who has none there is told that there is no such
            camera. *somewhere*: on one camera at least; the answer holds, and the request may touch, only what the permission covers.

            | endpoint | demands | on |
            |---|---|---|

            """.ReplaceLineEndings("\n"));
        foreach (var (method, path, access) in endpoints.OfType<RouteEndpoint>().SelectMany(Lines).OrderBy(l => l.Path, StringComparer.Ordinal).ThenBy(l => l.Method, StringComparer.Ordinal).Distinct())
            text.Append($"| `{method} {path}` | {Demand(access)} | {Where(access)} |\n");
        return text.ToString();
    }

    static IEnumerable<(string Method, string Path, Access? Access)> Lines(RouteEndpoint endpoint)
    {
        var access = endpoint.Metadata.GetMetadata<Access>();
        string path = "/" + endpoint.RoutePattern.RawText!.TrimStart('/').TrimEnd('/');
        foreach (string method in endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods is { Count: > 0 } methods ? methods : ["GET"])
            yield return (method, path, access);
    }

    static string Demand(Access? access) => access switch
    {
        null => "**nothing declared**",
        { Kind: AccessKind.Open } => "open to all",
        { Kind: AccessKind.SignedIn } => "signed in",
        { Permission: { } permission, Or: { } or } => $"`{PermissionSet.NameOf(permission)}` or `{PermissionSet.NameOf(or)}`",
        { Permission: { } permission } => $"`{PermissionSet.NameOf(permission)}`",
        _ => "any permission",
    };

    static string Where(Access? access) => access?.Kind switch
    {
        AccessKind.Organisation => "organisation",
        AccessKind.Anywhere => "somewhere",
        AccessKind.Camera => "camera",
        _ => "",
    };

    static string About(Permission permission) => typeof(Permission).GetField(permission.ToString())!.GetCustomAttribute<DescriptionAttribute>()!.Description;

    static bool IsPast(Permission permission) => permission is Permission.ViewPast or Permission.Export;
}
