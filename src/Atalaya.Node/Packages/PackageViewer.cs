using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Unicode;

using Atalaya.Node.Api;
using Atalaya.Node.Identity;

using Microsoft.AspNetCore.Http.HttpResults;

namespace Atalaya.Node.Packages;

/// <summary>
/// The page that packages carry as <c>index.html</c>: one file that plays and checks a package without a network (web/package). Opened from a folder a browser
/// lets it read no file beside it, only play videos, so a package's copy has the facts that it shows written into it; the own copy has none.
/// </summary>
static class PackageViewer
{
    /// <summary>Of the embedded resource; a build without the page lacks it.</summary>
    const string Resource = "package-viewer.html";

    /// <summary>In the page, once.</summary>
    const string Place = """<script type="application/json" id="package">""", End = "</script>";

    /// <summary>&lt; and &amp; are written as escapes by every encoder of JSON here, so nothing in a title ends the element.</summary>
    static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.Create(UnicodeRanges.All) };

    static readonly Lazy<string?> Text = new(Read);

    /// <summary>What proves and what tells files: the page takes it from the package itself when it checks it.</summary>
    static readonly string[] LeftOut = ["files", "seal", "fragments"];

    /// <summary>The page without a package; null if the node was built without it (<c>npm --prefix web run build</c>, then build the node again).</summary>
    public static string? Page => Text.Value;

    /// <summary>The page of one package, UTF-8; null as <see cref="Page"/>.</summary>
    /// <param name="manifest">As the package has it; its <c>files</c>, of which this page is one, may be missing.</param>
    public static byte[]? For(ReadOnlySpan<byte> manifest)
    {
        if (Page is not { } page)
            return null;
        var facts = JsonNode.Parse(manifest)?.AsObject() ?? throw new ArgumentException("A manifest is an object.", nameof(manifest));
        Strip(facts);
        return Encoding.UTF8.GetBytes(page.Replace(Place + End, Place + facts.ToJsonString(Json) + End, StringComparison.Ordinal));
    }

    public static void MapPackageViewer(this IEndpointRouteBuilder routes) =>
        routes.MapMethods("/package-viewer", ["GET", "HEAD"], Download).Open().ExcludeFromDescription();

    /// <summary>The own copy, for whoever doesn't want to believe the one in a package. It holds no data, so nobody needs to sign in.</summary>
    static Results<FileContentHttpResult, ProblemHttpResult> Download(HttpContext http)
    {
        if (Page is not { } page)
            return Problems.NotFound("No viewer", "This node was built without the page that packages carry: build web/, then the node again.");
        http.Response.Headers.CacheControl = "no-cache";
        return TypedResults.File(Encoding.UTF8.GetBytes(page), "text/html; charset=utf-8", "atalaya-package-viewer.html");
    }

    static void Strip(JsonNode? node)
    {
        if (node is JsonArray list)
        {
            foreach (var item in list)
                Strip(item);
        }
        else if (node is JsonObject fields)
        {
            foreach (string name in LeftOut)
                fields.Remove(name);
            foreach (var (_, value) in fields)
                Strip(value);
        }
    }

    static string? Read()
    {
        using var stream = typeof(PackageViewer).Assembly.GetManifestResourceStream(Resource);
        if (stream is null)
            return null;
        using var reader = new StreamReader(stream);
        string page = reader.ReadToEnd();
        return page.Contains(Place + End, StringComparison.Ordinal) ? page : throw new InvalidDataException($"{Resource} has no place for a package's facts: '{Place}'.");
    }
}
