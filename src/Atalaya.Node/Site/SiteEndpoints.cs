using System.Reflection;

using Atalaya.Node.Identity;

namespace Atalaya.Node.Site;

/// <summary>Who this node is.</summary>
static class SiteEndpoints
{
    public static string Version { get; } =
        typeof(SiteEndpoints).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0";

    public static void MapSite(this IEndpointRouteBuilder routes, string name, TimeProvider clock)
    {
        var startedAt = clock.GetUtcNow();
        routes.MapGet("/api/node", () => new NodeJson(name, Version, startedAt, clock.GetUtcNow(), clock.LocalTimeZone.Id))
            .Open().WithName("getNode").WithTags("node").WithSummary("Who this node is and what its clock says.");
    }
}
