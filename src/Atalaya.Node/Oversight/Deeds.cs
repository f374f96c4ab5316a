using System.Data.Common;

using Atalaya.Node.Identity;
using Atalaya.Recording;

namespace Atalaya.Node.Oversight;

/// <summary>
/// Writes down who changed how the node is set up: users and rights, cameras, rules, alarm policy, storage, and one's own ways in. The request stands in the log of accesses; what it changed
/// has leaves of its own.
/// </summary>
/// <remarks>Behind <see cref="Gate"/>, after the deed: one that was refused is none. A crash between the two costs who it was, not what changed.</remarks>
sealed class Deeds(RequestDelegate next, AccessLog accesses, ILogger<Deeds> log)
{
    const int MaxDetail = 300;

    /// <summary>Last words of routes that try something out and change nothing.</summary>
    static readonly HashSet<string> Questions = new(["trial", "try", "test", "discover", "onvif", "probe", "checks", "reanalyses", "decide"], StringComparer.Ordinal);

    public async Task InvokeAsync(HttpContext http)
    {
        await next(http);
        if (HttpMethods.IsGet(http.Request.Method) || HttpMethods.IsHead(http.Request.Method) || HttpMethods.IsOptions(http.Request.Method) || http.Response.StatusCode >= 300
            || http.GetEndpoint() is not RouteEndpoint endpoint || endpoint.Metadata.GetMetadata<Access>() is not { } access || http.Features.Get<Caller>() is not { IsSignedIn: true } caller
            || !Counts(access, endpoint.RoutePattern.RawText ?? ""))
        {
            return;
        }

        string camera = access.Camera is { } name && http.Request.RouteValues[name] is string id && SegmentName.IsCamera(id) ? id : "";
        string detail = $"{http.Request.Method} {http.Request.Path}";
        try
        {
            // The deed is done: who asked may have gone by now.
            await accesses.ChangeAsync(caller, http, camera, detail.Length <= MaxDetail ? detail : detail[..MaxDetail], CancellationToken.None);
        }
        catch (DbException fault)
        {
            log.LogError(fault, "{User} did {Deed}, which can't be written into the log of accesses.", caller.Name, detail);
        }
    }

    static bool Counts(Access access, string route) => access.Permission switch
    {
        _ when Questions.Contains(route[(route.LastIndexOf('/') + 1)..]) || route.Contains("cameras/previews", StringComparison.Ordinal) => false,
        Permission.ManageUsers or Permission.ManageCameras or Permission.ManageRules or Permission.ManageAlarms or Permission.ManageStorage or Permission.ManageLinks or Permission.Unmask => true,
        null => route.TrimStart('/').StartsWith("api/me/", StringComparison.Ordinal) && !route.Contains("purpose", StringComparison.Ordinal),
        _ => false,
    };
}
