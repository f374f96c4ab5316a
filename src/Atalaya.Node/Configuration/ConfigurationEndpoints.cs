using System.ComponentModel;
using System.Text;

using Atalaya.Node.Api;
using Atalaya.Node.Approvals;
using Atalaya.Node.Identity;
using Atalaya.Node.Options;

using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Net.Http.Headers;

namespace Atalaya.Node.Configuration;

static class ConfigurationEndpoints
{
    const string Yaml = "application/yaml";     // RFC 9512

    static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static IServiceCollection AddConfigurations(this IServiceCollection services) => services.AddSingleton<NodeConfigurations>();

    public static void MapConfiguration(this IEndpointRouteBuilder routes)
    {
        var configuration = routes.MapGroup("/api/configuration").WithTags("configuration");
        configuration.MapGet("", GetAsync).WithName("getConfiguration").WithSummary("All that can be changed in the page, as one YAML text; secrets are named, never shown.")
            .Produces<string>(StatusCodes.Status200OK, Yaml).Needs(Permission.ManageCameras);
        configuration.MapPut("", PutAsync).WithName("putConfiguration").WithSummary("Takes such a text: with dryRun tells what would be other, otherwise applies it, all or nothing.")
            .WithDescription("A section that is there is complete; one that isn't there stays as it is. If-Match with the ETag of a dry run: applied only if nothing changed since. "
                + "Errors come all at once: 'faults' of the problem has each with its line.")
            .Accepts<string>(Yaml).WithMetadata(new RequestSizeLimitAttribute(NodeConfigurations.MaxBytes))
            .Produces<ConfigurationChangeJson>().Fails(400, 409, 412, 413, 415, 429).Needs(Permission.ManageCameras);
    }

    static async Task<ContentHttpResult> GetAsync(NodeConfigurations configurations, HttpContext http, Caller caller, CancellationToken stop)
    {
        var (text, revision) = await configurations.ReadAsync(caller.Has(Permission.ManageAlarms), stop);
        http.Response.Headers.ETag = $"\"{revision}\"";
        http.Response.Headers.CacheControl = "no-store";
        http.Response.Headers.ContentDisposition = "attachment; filename=\"atalaya-configuration.yaml\"";
        return TypedResults.Text(text, Yaml, Encoding.UTF8);
    }

    static async Task<Results<Ok<ConfigurationChangeJson>, ProblemHttpResult>> PutAsync(
        HttpContext http, [Description("Compare only. Default false.")] bool? dryRun, NodeConfigurations configurations, Caller caller, SecondPerson second, CancellationToken stop)
    {
        // The text holds rules, too; whoever may not change those can't by this way either.
        if (!caller.Has(Permission.ManageRules))
            return Problems.Of(StatusCodes.Status403Forbidden, "Not permitted", $"A configuration holds cameras and rules: it needs `{PermissionSet.NameOf(Permission.ManageRules)}` on the organisation as well.");
        using var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body, stop);
        string text;
        try
        {
            text = Utf8.GetString(body.GetBuffer(), 0, (int)body.Length);
        }
        catch (DecoderFallbackException)
        {
            return Refused([new(new(NodeConfigurations.Source, 1, 1), "", "This isn't UTF-8 text. Save it as UTF-8 and send it again.")]);
        }

        string? seen = http.Request.GetTypedHeaders().IfMatch is [{ } tag, ..] && !tag.Equals(EntityTagHeaderValue.Any) ? tag.Tag.ToString().Trim('"') : null;
        var claim = default(Claim);
        var result = await configurations.TakeAsync(
            text, dryRun ?? false, seen, caller.Has(Permission.ManageAlarms), caller,
            async deed =>
            {
                claim = await second.ClaimAsync(caller, http, deed, stop);
                return claim.Refusal is null;
            },
            stop);
        if (result.End == ConfigurationEnd.Waits)
            return claim.Refusal!;
        if (result.End == ConfigurationEnd.Refused)
            return Refused(result.Errors);
        if (result.End == ConfigurationEnd.NotPermitted)
            return Problems.Of(StatusCodes.Status403Forbidden, "Not permitted", $"The text changes the alarm policy: that needs `{PermissionSet.NameOf(Permission.ManageAlarms)}` on the organisation as well. Leave the section out.");
        if (result.End == ConfigurationEnd.Shows)
        {
            return Problems.Of(
                StatusCodes.Status403Forbidden, "That would show more", $"{result.Errors[0].Key}: a mask would be gone, elsewhere or thinner. That needs `{PermissionSet.NameOf(Permission.Unmask)}` on the camera as well; adding masks doesn't. Left out, masks stay as they are.");
        }

        if (result.End == ConfigurationEnd.Outdated)
            return Problems.Of(StatusCodes.Status412PreconditionFailed, "The configuration was changed meanwhile", "It isn't what it was when this was compared with it. Compare again, then apply.");
        http.Response.Headers.ETag = $"\"{result.Revision}\"";
        return TypedResults.Ok(ConfigurationChangeJson.Of(applied: !(dryRun ?? false), result.Changes));
    }

    static ProblemHttpResult Refused(IReadOnlyList<OptionError> errors) => TypedResults.Problem(new ProblemDetails
    {
        Status = StatusCodes.Status400BadRequest,
        Title = "The configuration can't be used as it is",
        Detail = string.Join(" ", errors.Take(10).Select(e => $"Line {e.Place.Line}: {(e.Key.Length == 0 ? "" : e.Key + ": ")}{e.Message}")),
        Extensions = { ["faults"] = errors.Take(200).Select(e => new ConfigurationFaultJson(e.Place.Line, e.Place.Column, e.Key, e.Message)).ToArray() },
    });
}
