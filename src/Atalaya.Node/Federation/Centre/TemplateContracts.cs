using System.ComponentModel;

using Atalaya.Federation.Centre;

namespace Atalaya.Node.Federation.Centre;

[Description("What several sites are to have in common.")]
public sealed record TemplateJson(
    Guid Id, string Name,
    [property: Description("YAML, in the words of a configuration's text.")] string Text,
    [property: Description("SHA-256 of the text, hexadecimal.")] string Digest,
    DateTimeOffset ChangedAt, string ChangedBy)
{
    internal static TemplateJson Of(Template t) => new(t.Id, t.Name, t.Text, t.Digest, t.ChangedAt, t.ChangedBy);
}

public sealed record TemplateInputJson
{
    [Description("At most 100 characters. Required.")]
    public string? Name { get; init; }

    [Description("YAML, at most 16384 characters. Required.")]
    public string? Text { get; init; }
}

public sealed record TemplateSitesJson
{
    [Description("Ids of sites. Required.")]
    public IReadOnlyList<string>? Sites { get; init; }
}

[Description("A template at one site: the last time it was offered there.")]
public sealed record TemplateOfferJson(
    Guid Id, Guid Template, string Name,
    [property: Description("Of the text that was offered: another than the template's if that was changed since.")] string Digest,
    [property: Description("Id of the site's link.")] string Site,
    string SiteName, TemplateState State,
    [property: Description("Why the site refused, or couldn't take it back; empty else.")] string Reason,
    [property: Description("Of the site's configuration that the dry run was made with.")] string Revision,
    [property: Description("What the dry run said; null: there was none yet.")] TemplateTry? Tried,
    string OfferedBy, DateTimeOffset OfferedAt, string ConfirmedBy, string RecalledBy, DateTimeOffset ChangedAt)
{
    internal static TemplateOfferJson Of(TemplateOffer o, string siteName) => new(
        o.Id, o.Template, o.Name, o.Digest, o.Link, siteName, o.State, o.Reason, o.Revision, o.Tried, o.OfferedBy, o.OfferedAt, o.ConfirmedBy, o.RecalledBy, o.ChangedAt);
}

[Description("At a site: what its centre may set here, and what it did.")]
public sealed record FromCentreJson(
    [property: Description("Templates of the centre are tried and applied.")] bool Accepts,
    [property: Description("Who said so last; empty: nobody has.")] string By,
    DateTimeOffset? At,
    [property: Description("The latest first.")] IReadOnlyList<CentreTemplateJson> Templates);

public sealed record CentreTemplateJson(
    Guid Id, string Name, string Text, TemplateState State, string Reason, string OfferedBy, string ConfirmedBy, string RecalledBy, DateTimeOffset CameAt, DateTimeOffset ChangedAt)
{
    internal static CentreTemplateJson Of(CentreTemplate t) => new(t.Id, t.Name, t.Text, t.State, t.Reason, t.OfferedBy, t.ConfirmedBy, t.RecalledBy, t.CameAt, t.ChangedAt);
}

public sealed record FromCentreInputJson
{
    [Description("Required.")]
    public bool? Accepts { get; init; }
}
