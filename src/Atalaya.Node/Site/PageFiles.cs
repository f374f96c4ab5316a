using System.Net.Mime;

using Atalaya.Node.Api;
using Atalaya.Node.Identity;

using Microsoft.Extensions.FileProviders;

namespace Atalaya.Node.Site;

/// <summary>The built page: its files, and its front page for every other path, since the page routes by itself.</summary>
static class PageFiles
{
    const string NotBuilt = """
        <!doctype html>
        <html lang="en"><meta charset="utf-8"><title>Atalaya</title>
        <h1>The page isn't built</h1>
        <p>This node runs, but it has no page to show. Build it with <code>npm ci &amp;&amp; npm run build</code> in the folder <code>web</code> and build the node
        again, or name a built page's folder with <code>--set web=FOLDER</code>.</p>
        <p>The API works all the same: <a href="/openapi/v1.json">/openapi/v1.json</a>, <a href="/health">/health</a>, <a href="/metrics">/metrics</a>.</p>
        </html>
        """;

    public static string DefaultFolder { get; } = Path.Combine(AppContext.BaseDirectory, "wwwroot");

    public static void UsePageFiles(this IApplicationBuilder app, string folder)
    {
        folder = Resolve(folder);
        if (!Directory.Exists(folder))
            return;
        app.UseStaticFiles(new StaticFileOptions
        {
            FileProvider = new PhysicalFileProvider(folder),
            ServeUnknownFileTypes = false,
            // What lies in assets/ has its content's hash in its name.
            OnPrepareResponse = file => file.Context.Response.Headers.CacheControl = file.Context.Request.Path.StartsWithSegments("/assets")
                ? "public, max-age=31536000, immutable"
                : "no-cache",
        });
    }

    public static void MapPage(this IEndpointRouteBuilder routes, string folder)
    {
        string front = Path.Combine(Resolve(folder), "index.html");
        // Last of all, and for reading only, so that another method on a path of the API is told that it isn't allowed.
        routes.MapMethods("{*path:nonfile}", ["GET", "HEAD"], async (HttpContext http) =>
        {
            // What machines ask for and isn't there deserves a plain 404.
            bool page = !IsMachines(http.Request.Path);
            if (!page)
            {
                await Problems.NotFound("Nothing here", "Nothing is served under this path. /openapi/v1.json describes what is.").ExecuteAsync(http);
                return;
            }

            http.Response.Headers.CacheControl = "no-cache";
            http.Response.ContentType = MediaTypeNames.Text.Html + "; charset=utf-8";
            if (File.Exists(front))
                await http.Response.SendFileAsync(front, http.RequestAborted);
            else
                await http.Response.WriteAsync(NotBuilt, http.RequestAborted);
        }).Open().ExcludeFromDescription().WithOrder(int.MaxValue);
    }

    static string Resolve(string folder) => Path.GetFullPath(folder.Length == 0 ? DefaultFolder : folder);

    static bool IsMachines(PathString path) => path.StartsWithSegments("/api") || path.StartsWithSegments("/openapi") || path.StartsWithSegments("/health");
}
