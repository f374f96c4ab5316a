using System.ComponentModel;

namespace Atalaya.Node.Site;

/// <param name="TimeZone">IANA name of the site's zone; times in the API are UTC all the same.</param>
public sealed record NodeJson(
    string Name,
    string Version,
    DateTimeOffset StartedAt,
    [property: Description("The node's clock: what a page compares its own with.")] DateTimeOffset Now,
    [property: Description("IANA name of the site's time zone. All times in this API are UTC.")] string TimeZone);
