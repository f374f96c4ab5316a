using System.Data.Common;

using Atalaya.Federation.Links;
using Atalaya.Node.Api;
using Atalaya.Node.Federation.Links;

using Microsoft.AspNetCore.Http.HttpResults;

namespace Atalaya.Node.Identity;

/// <summary>
/// Stands between routing and every endpoint: finds out who asks and compares with the <see cref="Access"/> that the endpoint declared. What declares none is
/// answered to nobody.
/// </summary>
sealed class Gate(RequestDelegate next, Callers callers, ILogger<Gate> log)
{
    /// <summary>
    /// What the page sends along whenever it changes something. Another site's page can't set it without asking first (CORS), and the node grants nobody that; it stands
    /// behind SameSite and the Origin check, should either fail.
    /// </summary>
    public const string PageHeader = "Atalaya-Page";

    public async Task InvokeAsync(HttpContext http)
    {
        // Anything else was made by routing itself, to say that a method or a type of body isn't taken.
        if (http.GetEndpoint() is not RouteEndpoint endpoint)
        {
            await next(http);
            return;
        }

        var access = endpoint.Metadata.GetMetadata<Access>();
        if (access?.Kind is AccessKind.Peer or AccessKind.AnyNode)
        {
            // LinkGuard let it come this far: it is a link connection.
            if (access.Kind == AccessKind.Peer && NotLinked(http.Features.Get<Peer>()?.Link) is { } closed)
                await closed.ExecuteAsync(http);
            else
                await next(http);
            return;
        }

        Caller caller;
        try
        {
            caller = await callers.OfAsync(http);
        }
        catch (Exception fault) when (access?.Kind == AccessKind.Open && fault is DbException or InvalidOperationException)
        {
            caller = Caller.Nobody;     // The node's own state is told whatever the database does.
        }

        http.Features.Set(caller);
        if (Refusal(http, endpoint, access, caller) is { } refusal)
        {
            await refusal.ExecuteAsync(http);
            return;
        }

        if (!IsSafe(http.Request.Method))
            await callers.TouchAsync(caller, http.RequestAborted);
        await next(http);
    }

    /// <summary>403 for a permission that is lacking.</summary>
    public static ProblemHttpResult Lacks(Permission permission) => Problems.Of(
        StatusCodes.Status403Forbidden, "You may not do this", $"It needs the permission {PermissionSet.NameOf(permission)} there. Whoever manages users can give it.");

    IResult? Refusal(HttpContext http, RouteEndpoint endpoint, Access? access, Caller caller)
    {
        if (access is null)
        {
            log.LogError("{Endpoint} declares no access and is answered to nobody", endpoint.DisplayName);
            return Problems.Of(StatusCodes.Status403Forbidden, "You may not do this", "The node doesn't say who may. This is a fault in it.");
        }

        if (access.Kind != AccessKind.Open && !caller.IsSignedIn)
        {
            http.Response.Headers.WWWAuthenticate = "Bearer";
            return Problems.Of(StatusCodes.Status401Unauthorized, "Sign in first", "Sign in on the page, or send an API token as Authorization: Bearer.");
        }

        return Refusal(http, access, caller)
            ?? (!access.Programs && caller.Credential != Credential.Token && !IsSafe(http.Request.Method) && !http.Request.Headers.ContainsKey(PageHeader)
                ? Problems.Of(
                    StatusCodes.Status403Forbidden, "Not sent by the page", $"Changes that come with a cookie carry the header {PageHeader}. Programs use an API token instead.")
                : null);
    }

    static ProblemHttpResult? NotLinked(Link? link) => link?.State switch
    {
        LinkState.Active => null,
        LinkState.Confirming or LinkState.Suspended => Problems.Of(StatusCodes.Status409Conflict, "Not yet, or not just now", "The link waits for a person at this node."),
        LinkState.Ended => Problems.Of(StatusCodes.Status410Gone, "The link has ended", "Ask for an invitation to begin another."),
        _ => Problems.NotFound("Not linked", "This node doesn't know that key."),
    };

    static ProblemHttpResult? Refusal(HttpContext http, Access access, Caller caller)
    {
        switch (access.Kind)
        {
            case AccessKind.Organisation:
                return caller.Has(access.Permission!.Value) ? null : Lacks(access.Permission.Value);
            case AccessKind.Anywhere:
                return caller.HasAnywhere(access.Permission!.Value) || (access.Or is { } or && caller.HasAnywhere(or)) ? null : Lacks(access.Permission.Value);
            case AccessKind.Camera:
                string camera = access.CameraIn(http);
                return !caller.Sees(camera) ? Problems.NoCamera(camera)
                    : access.Permission is { } permission && !caller.Can(permission, camera) ? Lacks(permission)
                    : null;
            default:
                return null;
        }
    }

    static bool IsSafe(string method) => HttpMethods.IsGet(method) || HttpMethods.IsHead(method) || HttpMethods.IsOptions(method);
}
