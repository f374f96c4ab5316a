using System.ComponentModel;

using Atalaya.Media;
using Atalaya.Node.Alarms;
using Atalaya.Node.Api;
using Atalaya.Node.Identity;
using Atalaya.Node.Options;

using Microsoft.AspNetCore.Http.HttpResults;

namespace Atalaya.Node.Notifications;

[Description("A browser that is told of alarms.")]
public sealed record PushSubscriptionJson(
    Guid Id,
    [property: Description("As its owner calls it.")] string Name,
    DateTimeOffset CreatedAt,
    [property: Description("When its push service last took something for it.")] DateTimeOffset? ToldAt)
{
    internal static PushSubscriptionJson Of(PushSubscription s) => new(s.Id, s.Name, s.CreatedAt.ToDateTimeOffset(), s.ToldAt?.ToDateTimeOffset());
}

public sealed record PushJson(
    [property: Description("What a browser subscribes with (applicationServerKey, base64url); null: this node has no push channel.")] string? Key,
    [property: Description("The caller's own browsers.")] IReadOnlyList<PushSubscriptionJson> Subscriptions);

public sealed record PushSubscriptionInputJson
{
    [Description("The device, 1 to 100 characters. Required.")]
    public string? Name { get; init; }

    [Description("As the browser gives it; at one of the push services that the option alarms.pushServices names. Required.")]
    public string? Endpoint { get; init; }

    [Description("The browser's public key, base64url. Required.")]
    public string? P256dh { get; init; }

    [Description("The secret that it shares, base64url. Required.")]
    public string? Auth { get; init; }
}

static class PushEndpoints
{
    const int MaxSubscriptions = 20, MaxName = 100, MaxEndpoint = 2000;

    public static void MapPush(this IEndpointRouteBuilder routes)
    {
        var push = routes.MapGroup("/api/push").WithTags("notifications");
        push.MapGet("", GetAsync).WithName("getPush").WithSummary("What a browser needs to subscribe to alarms, and the caller's browsers that did.").Produces<PushJson>().NeedsAnywhere(Permission.ViewPast);
        push.MapPost("subscriptions", AddAsync).WithName("subscribePush").WithSummary("Has a browser told of the alarms that the caller may see, also while the page is closed.")
            .Produces<PushSubscriptionJson>(StatusCodes.Status201Created).Fails(400, 409, 413, 415).NeedsAnywhere(Permission.ViewPast);
        push.MapDelete("subscriptions/{id:guid}", RemoveAsync).WithName("unsubscribePush").WithSummary("Tells one of the caller's browsers nothing more.")
            .Produces(StatusCodes.Status204NoContent).Fails(404).NeedsAnywhere(Permission.ViewPast);
    }

    static async Task<Ok<PushJson>> GetAsync(Caller caller, Channels channels, Casebook book, CancellationToken stop)
    {
        string? key = Channel(channels)?.Secret is { } secret ? WebPush.PublicKey(secret) : null;
        var own = await book.ReadAsync(s => s.SubscriptionsAsync(caller.UserId), stop);
        return TypedResults.Ok(new PushJson(key, [.. own.Select(PushSubscriptionJson.Of)]));
    }

    static async Task<Results<Created<PushSubscriptionJson>, ProblemHttpResult>> AddAsync(
        PushSubscriptionInputJson input, Caller caller, Channels channels, Casebook book, NodeOptions options, TimeProvider clock, CancellationToken stop)
    {
        var errors = new FieldErrors();
        string name = CaseRequests.Words("name", input.Name, MaxName, errors);
        if (!MayReach(input.Endpoint, options.Alarms.PushServices))
            errors.Add("endpoint", "must be an https address at one of the push services that the option alarms.pushServices names.");
        if (!WebPush.TryRead(input.P256dh, WebPush.KeyLength, out _))
            errors.Add("p256dh", "must be a public key of P-256, base64url.");
        if (!WebPush.TryRead(input.Auth, WebPush.SecretLength, out _))
            errors.Add("auth", "must be 16 octets, base64url.");
        if (errors.Any)
            return errors.ToProblem();
        if (Channel(channels) is null)
            return Problems.Conflict("This node has no push channel", "Whoever manages alarms adds one under Settings, Notifications.");
        var now = clock.GetUtcNow();
        var made = new PushSubscription(Guid.CreateVersion7(now), caller.UserId, name, input.Endpoint!, input.P256dh!, input.Auth!, WallTime.From(now), null);
        bool done = await book.WriteAsync(async session =>
        {
            if ((await session.SubscriptionsAsync(caller.UserId)).Count(s => s.Endpoint != made.Endpoint) >= MaxSubscriptions)
                return false;
            await session.PutSubscriptionAsync(made);
            return true;
        }, stop);
        return done
            ? TypedResults.Created((string?)null, PushSubscriptionJson.Of(made))
            : Problems.Conflict("You have too many browsers", $"{MaxSubscriptions} of yours are told already. Remove one that you no longer use.");
    }

    static async Task<Results<NoContent, ProblemHttpResult>> RemoveAsync(Guid id, Caller caller, Casebook book, CancellationToken stop) =>
        await book.WriteAsync(s => s.RemoveSubscriptionAsync(id, caller.UserId), stop) > 0
            ? TypedResults.NoContent()
            : Problems.NotFound("No such subscription", "It has ended, or isn't yours. GET /api/push lists yours.");

    /// <summary>A browser says where it is reached; a node that posted anywhere could be made to probe its network.</summary>
    /// <param name="services">Hosts, or domains after <c>*.</c>; loopback ones may be reached by http.</param>
    internal static bool MayReach(string? endpoint, IReadOnlyList<string> services) =>
        endpoint is { Length: <= MaxEndpoint } && Uri.TryCreate(endpoint, UriKind.Absolute, out var url) && url.UserInfo.Length == 0
        && (url.Scheme == Uri.UriSchemeHttps || (url.Scheme == Uri.UriSchemeHttp && url.IsLoopback))
        && services.Any(s => s.StartsWith("*.", StringComparison.Ordinal) ? url.IdnHost.EndsWith(s[1..], StringComparison.OrdinalIgnoreCase) : string.Equals(s, url.IdnHost, StringComparison.OrdinalIgnoreCase));

    static KnownChannel? Channel(Channels channels) => channels.All.FirstOrDefault(c => c.Channel is { Kind: ChannelKind.Push, Enabled: true });
}
