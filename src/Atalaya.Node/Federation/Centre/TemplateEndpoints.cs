using Atalaya.Federation.Centre;
using Atalaya.Federation.Links;
using Atalaya.Node.Api;
using Atalaya.Node.Configuration;
using Atalaya.Node.Federation.Links;
using Atalaya.Node.Identity;
using Atalaya.Node.Options;

using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Atalaya.Node.Federation.Centre;

/// <summary>At a centre: templates, and what became of them at the sites. At a site: what came from its centre.</summary>
static class TemplateEndpoints
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        var templates = routes.MapGroup("/api/templates").WithTags("sites");
        templates.MapGet("", ListAsync).Needs(Permission.ManageCameras).WithName("listTemplates").WithSummary("What several sites are to have in common, by name.");
        templates.MapPost("", AddAsync).Needs(Permission.ManageCameras).WithName("addTemplate").WithSummary("Writes a template. 'faults' of the problem has each error with its line.")
            .Produces<TemplateJson>(StatusCodes.Status201Created).Fails(400, 403, 409, 413, 415);
        templates.MapPut("{template:guid}", PutAsync).Needs(Permission.ManageCameras).WithName("putTemplate").WithSummary("Writes another text in its place. What was offered before stays what it was.")
            .Produces<TemplateJson>().Fails(400, 403, 404, 413, 415);
        templates.MapDelete("{template:guid}", RemoveAsync).Needs(Permission.ManageCameras).WithName("removeTemplate").WithSummary("Removes a template. What was applied of it stays at the sites.")
            .Produces(StatusCodes.Status204NoContent).Fails(404);
        templates.MapGet("offers", OffersAsync).Needs(Permission.ManageCameras).WithName("listTemplateOffers").WithSummary("What became of each template at each site, the latest first.");
        templates.MapPost("{template:guid}/offers", OfferAsync).Needs(Permission.ManageCameras).WithName("offerTemplate").WithSummary("Has sites say what a template would make other. Nothing is changed.")
            .Produces(StatusCodes.Status202Accepted).Fails(400, 403, 404, 409, 413, 415);
        templates.MapPost("offers/{offer:guid}/apply", ApplyAsync).Needs(Permission.ManageCameras).WithName("applyTemplate").WithSummary("Has a site apply exactly what it tried, if it has the same configuration still.")
            .Produces<TemplateOfferJson>(StatusCodes.Status202Accepted).Fails(403, 404, 409);
        templates.MapPost("offers/{offer:guid}/restore", RestoreAsync).Needs(Permission.ManageCameras).WithName("restoreTemplate").WithSummary("Has a site put back what was before it applied a template.")
            .Produces<TemplateOfferJson>(StatusCodes.Status202Accepted).Fails(403, 404, 409);

        var own = routes.MapGroup("/api/configuration/from-centre").WithTags("configuration");
        own.MapGet("", FromCentreAsync).Needs(Permission.ManageCameras).WithName("getFromCentre").WithSummary("Whether this node takes templates of its centre, and those that came.");
        own.MapPut("", SwitchAsync).Needs(Permission.ManageCameras).WithName("putFromCentre").WithSummary("Takes templates of the centre from now on, or none.").Produces<FromCentreJson>().Fails(400, 413, 415);
        own.MapPost("{template:guid}/restore", TakeBackAsync).Needs(Permission.ManageCameras).WithName("restoreFromCentre").WithSummary("Puts back what was before a template of the centre was applied.")
            .Produces(StatusCodes.Status202Accepted).Fails(403, 409);
    }

    static async Task<IReadOnlyList<TemplateJson>> ListAsync(TemplateBook book, CancellationToken stop) => [.. (await book.ListAsync(stop)).Select(TemplateJson.Of)];

    static async Task<Results<Created<TemplateJson>, ProblemHttpResult>> AddAsync(TemplateInputJson input, TemplateBook book, Caller caller, NodeOptions options, TimeProvider clock, CancellationToken stop)
    {
        if (Refuse(input, caller, options) is { } refusal)
            return refusal;
        if ((await book.ListAsync(stop)).Count >= TemplateBook.MaxTemplates)
            return Problems.Conflict("Too many templates", $"There are {TemplateBook.MaxTemplates} already. Remove one.");
        var template = await book.PutAsync(Guid.CreateVersion7(clock.GetUtcNow()), input.Name!.Trim(), input.Text!, caller.Name, stop);
        return TypedResults.Created($"/api/templates/{template.Id}", TemplateJson.Of(template));
    }

    static async Task<Results<Ok<TemplateJson>, ProblemHttpResult>> PutAsync(Guid template, TemplateInputJson input, TemplateBook book, Caller caller, NodeOptions options, CancellationToken stop)
    {
        if (await book.FindAsync(template, stop) is null)
            return NoTemplate();
        return Refuse(input, caller, options) is { } refusal ? refusal : TypedResults.Ok(TemplateJson.Of(await book.PutAsync(template, input.Name!.Trim(), input.Text!, caller.Name, stop)));
    }

    static async Task<Results<NoContent, ProblemHttpResult>> RemoveAsync(Guid template, TemplateBook book, CancellationToken stop) =>
        await book.RemoveAsync(template, stop) ? TypedResults.NoContent() : NoTemplate();

    static async Task<IReadOnlyList<TemplateOfferJson>> OffersAsync(TemplateBook book, LinkBook links, CancellationToken stop) =>
        [.. (await book.OffersAsync(stop)).Select(o => TemplateOfferJson.Of(o, NameOf(links, o.Link)))];

    static async Task<Results<Accepted, ProblemHttpResult>> OfferAsync(Guid template, TemplateSitesJson input, TemplateBook book, LinkBook links, Caller caller, NodeOptions options, CancellationToken stop)
    {
        if (await book.FindAsync(template, stop) is not { } found)
            return NoTemplate();
        if (MayNot(found.Text, caller, options) is { } refusal)
            return refusal;
        if (input.Sites is not { Count: > 0 and <= 2000 } wanted)
            return Problems.Invalid("sites", "names one site or more by their ids.");
        var sites = new List<Link>();
        foreach (string id in wanted.Distinct(StringComparer.Ordinal))
        {
            if (id is null || links.Find(id) is not { Kind: LinkKind.Site, State: LinkState.Active } site)
                return Problems.Invalid("sites", $"'{Problems.Shown(id ?? "")}' is no site of this centre.");
            sites.Add(site);
        }

        await book.OfferAsync(found, sites, Name(caller), stop);
        return TypedResults.Accepted((string?)null);
    }

    static Task<Results<Accepted<TemplateOfferJson>, ProblemHttpResult>> ApplyAsync(Guid offer, TemplateBook book, LinkBook links, Caller caller, CancellationToken stop) =>
        AskAsync(offer, TemplateState.Confirmed, book, links, caller, stop);

    static Task<Results<Accepted<TemplateOfferJson>, ProblemHttpResult>> RestoreAsync(Guid offer, TemplateBook book, LinkBook links, Caller caller, CancellationToken stop) =>
        AskAsync(offer, TemplateState.Recalled, book, links, caller, stop);

    static async Task<Results<Accepted<TemplateOfferJson>, ProblemHttpResult>> AskAsync(Guid offer, TemplateState to, TemplateBook book, LinkBook links, Caller caller, CancellationToken stop)
    {
        // What is applied or taken back may hold an alarm policy: whoever may not write one can't by this way either.
        if (Lacks(caller, withPolicy: true) is { } refusal)
            return refusal;
        return await book.AskAsync(offer, to, Name(caller), stop) switch
        {
            null => Problems.NotFound("No such offer", "It was offered to no site of this centre."),
            (_, { } why) => Problems.Conflict("Not in this state", why),
            var (asked, _) => TypedResults.Accepted((string?)null, TemplateOfferJson.Of(asked, NameOf(links, asked.Link))),
        };
    }

    static async Task<FromCentreJson> FromCentreAsync(SiteTemplates templates, CancellationToken stop)
    {
        var (accepts, by, at) = await templates.RuleAsync(stop);
        return new(accepts, by, at, [.. (await templates.ListAsync(stop)).Select(CentreTemplateJson.Of)]);
    }

    static async Task<Results<Ok<FromCentreJson>, ProblemHttpResult>> SwitchAsync(FromCentreInputJson input, SiteTemplates templates, Caller caller, CancellationToken stop)
    {
        if (input.Accepts is not { } accepts)
            return Problems.Invalid("accepts", "is missing.");
        await templates.SetRuleAsync(accepts, caller.Name, stop);
        return TypedResults.Ok(await FromCentreAsync(templates, stop));
    }

    static async Task<Results<Accepted, ProblemHttpResult>> TakeBackAsync(Guid template, SiteTemplates templates, Caller caller, CancellationToken stop)
    {
        if (Lacks(caller, withPolicy: true) is { } refusal)
            return refusal;
        return await templates.RecallAsync(template, caller.Name, stop)
            ? TypedResults.Accepted((string?)null)
            : Problems.Conflict("There is nothing to take back", "The centre has no such template applied here.");
    }

    /// <summary>Why a text can't be a template here.</summary>
    static ProblemHttpResult? Refuse(TemplateInputJson input, Caller caller, NodeOptions options)
    {
        var errors = new FieldErrors();
        if (!TemplateOffered.IsWords(input.Name?.Trim(), TemplateOffered.MaxName))
            errors.Add("name", $"must be 1 to {TemplateOffered.MaxName} characters, without line breaks.");
        if (input.Text is not { Length: > 0 and <= TemplateOffered.MaxText })
            errors.Add("text", $"must be 1 to {TemplateOffered.MaxText} characters.");
        return errors.Any ? errors.ToProblem() : MayNot(input.Text!, caller, options);
    }

    /// <summary>Why somebody may not offer a text, or what is wrong with it.</summary>
    static ProblemHttpResult? MayNot(string text, Caller caller, NodeOptions options)
    {
        var faults = new List<OptionError>();
        if (ConfigurationTemplate.Read(text, options, faults) is { } read)
            return Lacks(caller, read.HasPolicy);
        return TypedResults.Problem(new ProblemDetails
        {
            Status = StatusCodes.Status400BadRequest,
            Title = "The template can't be used as it is",
            Detail = string.Join(" ", faults.Take(10).Select(e => $"Line {e.Place.Line}: {(e.Key.Length == 0 ? "" : e.Key + ": ")}{e.Message}")),
            Extensions = { ["faults"] = faults.Take(200).Select(e => new ConfigurationFaultJson(e.Place.Line, e.Place.Column, e.Key, e.Message)).ToArray() },
        });
    }

    static ProblemHttpResult? Lacks(Caller caller, bool withPolicy)
    {
        var missing = new[] { Permission.ManageRules, Permission.ManageAlarms }.Where(p => (p != Permission.ManageAlarms || withPolicy) && !caller.Has(p)).ToArray();
        return missing.Length == 0
            ? null
            : Problems.Of(StatusCodes.Status403Forbidden, "Not permitted", $"A template changes how cameras are analysed and what becomes an alarm: it needs {string.Join(" and ", missing.Select(p => $"`{PermissionSet.NameOf(p)}`"))} on the organisation as well.");
    }

    static ProblemHttpResult NoTemplate() => Problems.NotFound("No such template", "It may have been removed.");

    static string NameOf(LinkBook links, string link) => links.Find(link)?.Site ?? link;

    static string Name(Caller caller) => caller.Name.Length <= CaseDeed.MaxBy ? caller.Name : caller.Name[..CaseDeed.MaxBy];
}
