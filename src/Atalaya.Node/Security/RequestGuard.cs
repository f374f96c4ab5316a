using System.Net;

using Atalaya.Node.Api;
using Atalaya.Node.Options;
using Atalaya.Node.Store;

using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Atalaya.Node.Security;

/// <summary>
/// Keeps other sites' pages out, before anybody is asked who they are: a page elsewhere may make the browser of someone at this machine send requests
/// here (cross-site requests, WebSockets), or point its own name at 127.0.0.1 (DNS rebinding).
/// </summary>
sealed class RequestGuard(RequestDelegate next, NodeOptions options, Certificates certificates)
{
    // No inline script or style; blob: for media and the worker that the player makes itself.
    const string ContentPolicy = "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
        + "worker-src 'self' blob:; connect-src 'self'; font-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

    readonly HashSet<string> _origins = new(options.Requests.AllowedOrigins, StringComparer.OrdinalIgnoreCase);

    public async Task InvokeAsync(HttpContext http)
    {
        var headers = http.Response.Headers;
        headers.ContentSecurityPolicy = ContentPolicy;
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=(), payment=(), usb=()";

        if (http.Request.IsHttps && certificates.StrictTransport is { } strict)
            headers.StrictTransportSecurity = strict;
        var fault = HostFault(http) ?? OriginFault(http);
        if (fault is null)
            await next(http);
        else
            await fault.ExecuteAsync(http);
    }

    IResult? HostFault(HttpContext http)
    {
        // By the name, a page that rebinds its own to 127.0.0.1 still sends its own; by the port, one on another port is another origin.
        var host = http.Request.Host;
        string name = host.Host.Trim('[', ']');
        // Over TLS the port isn't compared: a router may give it another. The browser of one who comes by a stranger's name has been warned, and gets nothing.
        if (http.Request.IsHttps)
        {
            return certificates.IsNamed(name)
                ? null
                : Problems.Of(StatusCodes.Status421MisdirectedRequest, "Not for this node",
                    $"This node doesn't go by '{Problems.Shown(host.Value ?? "")}'. Names and addresses that it is reached by are written in its options (tls.names).");
        }

        bool loopback = name.Equals("localhost", StringComparison.OrdinalIgnoreCase)
            || (IPAddress.TryParse(name, out var ip) && (ip.Equals(IPAddress.Loopback) || ip.Equals(IPAddress.IPv6Loopback)));
        return loopback && (host.Port ?? 80) == http.Connection.LocalPort
            ? null
            : Problems.Of(StatusCodes.Status421MisdirectedRequest, "Not for this node",
                $"This node answers to localhost:{http.Connection.LocalPort} only, not to '{Problems.Shown(host.Value ?? "")}'. Through ssh, forward the same port.");
    }

    IResult? OriginFault(HttpContext http)
    {
        var request = http.Request;
        string? origin = request.Headers.Origin is { Count: > 0 } sent ? sent.ToString() : null;
        bool api = request.Path.StartsWithSegments("/api");
        bool safe = HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method) || HttpMethods.IsOptions(request.Method);
        bool upgrade = request.Headers.Upgrade.Count > 0 || request.Headers.ContainsKey("Sec-WebSocket-Key");
        if (origin is not null && (api || !safe || upgrade) && !origin.Equals($"{request.Scheme}://{request.Host}", StringComparison.OrdinalIgnoreCase)
            && !_origins.Contains(origin))
            return CrossSite($"The request comes from a page of '{Problems.Shown(origin)}'.");

        // Without Origin: a page's plain GET (an image, a video, a link), or no browser at all, which sends no Sec-Fetch-Site.
        return api && origin is null && request.Headers["Sec-Fetch-Site"].ToString() is "cross-site" or "same-site"
            ? CrossSite("The request comes from another site's page.")
            : null;
    }

    static IResult CrossSite(string detail) => Problems.Of(StatusCodes.Status403Forbidden, "From another site", detail + " Only the node's own page may use its API.");
}

static class SecurityExtensions
{
    /// <summary>Before anything listens: the certificate, and where to listen.</summary>
    public static IServiceCollection AddTls(this IServiceCollection services)
    {
        services.AddStarted<Certificates>();
        services.AddOptions<KestrelServerOptions>().Configure<Certificates>((kestrel, certificates) => certificates.Listen(kestrel));
        return services;
    }

    /// <summary>What the server itself limits, before any endpoint sees a request.</summary>
    public static void Limit(this KestrelServerOptions kestrel, RequestOptions options)
    {
        kestrel.AddServerHeader = false;
        var limits = kestrel.Limits;
        limits.MaxRequestBodySize = options.MaxBody.Bytes;
        limits.MaxConcurrentConnections = options.MaxConnections;
        limits.MaxConcurrentUpgradedConnections = options.MaxConnections;
        limits.MaxRequestHeaderCount = 64;
        limits.MaxRequestHeadersTotalSize = 16 << 10;
        limits.MaxRequestLineSize = 4 << 10;
        limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
        limits.KeepAliveTimeout = TimeSpan.FromMinutes(2);
        // One connection carries a whole wall and what is asked beside it.
        limits.Http2.MaxStreamsPerConnection = 250;
    }
}
