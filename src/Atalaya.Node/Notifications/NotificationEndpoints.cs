using System.ComponentModel;
using System.Net;
using System.Net.Mail;

using Atalaya.Incidents;
using Atalaya.Incidents.Policy;
using Atalaya.Media;
using Atalaya.Node.Alarms;
using Atalaya.Node.Api;
using Atalaya.Node.Cameras;
using Atalaya.Node.Identity;
using Atalaya.Node.Options;
using Atalaya.Recording;

using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Atalaya.Node.Notifications;

[Description("A way to tell people or systems of alarms.")]
public sealed record ChannelJson(
    string Id, string Name, ChannelKind Kind, bool Enabled,
    [property: Description("Alarms at least so urgent.")] AlarmSeverity AtLeast,
    [property: Description("Empty: all.")] IReadOnlyList<IncidentType> Types,
    [property: Description("In these hours only rescue and critical ones are told; others wait for their end.")] IReadOnlyList<WeeklyWindow> Quiet,
    string? Url, NotificationFormat Format, string? Server, int Port, bool Tls,
    [property: Description("TLS from the first byte on instead of STARTTLS.")] bool ImplicitTls,
    [property: Description("SHA-256 of the one certificate that is accepted; null: what the system trusts.")] string? Fingerprint,
    [property: Description("Of a broker: its topic exchange.")] string? Exchange,
    string? User, string? From,
    [property: Description("Told always.")] IReadOnlyList<string> To,
    [property: Description("The first who is on call is told besides; at the n-th escalation the n-th after.")] IReadOnlyList<OnCall> Rota,
    [property: Description("A password or signing secret is kept; it is never shown.")] bool HasSecret,
    [property: Description("For If-Match.")] long Version)
{
    internal static ChannelJson Of(KnownChannel k)
    {
        var c = k.Channel;
        return new(c.Id, c.Name, c.Kind, c.Enabled, c.AtLeast, c.Types, c.Quiet, c.Url, c.Format, c.Server, c.Port, c.Tls, c.ImplicitTls, c.Fingerprint, c.Exchange, c.User, c.From, c.To, c.Rota, k.Secret is not null && c.Kind != ChannelKind.Push, k.Version);
    }
}

public sealed record ChannelInputJson
{
    [Description("At most 200 characters.")]
    public string? Name { get; init; }

    [Description("Required.")]
    public ChannelKind? Kind { get; init; }
    public bool? Enabled { get; init; }

    [Description("Alarms at least so urgent; high by default.")]
    public AlarmSeverity? AtLeast { get; init; }

    [Description("Absent or empty: all.")]
    public IReadOnlyList<IncidentType>? Types { get; init; }

    [Description("In these hours only rescue and critical ones are told.")]
    public IReadOnlyList<WeeklyWindow>? Quiet { get; init; }

    [Description("Of a webhook: https, or http to this machine. Of a broker: amqps://host:port/virtual-host, or amqp to this machine.")]
    public string? Url { get; init; }

    [Description("Of a broker: its durable topic exchange, made where it isn't there; 'atalaya' by default.")]
    public string? Exchange { get; init; }

    [Description("Of e-mail and brokers: SHA-256 of the server's certificate, 64 hexadecimal digits, colons allowed; that one alone is then accepted, also a self-signed one.")]
    public string? Fingerprint { get; init; }

    [Description("Of a webhook or broker: cloudEvents (default), or cap: rescues alone, as CAP 1.2.")]
    public NotificationFormat? Format { get; init; }

    [Description("Of e-mail: name of the SMTP server.")]
    public string? Server { get; init; }

    [Description("587 by default, 465 with implicitTls.")]
    public int? Port { get; init; }

    [Description("True by default. Without it only a server on this machine.")]
    public bool? Tls { get; init; }

    [Description("TLS from the first byte on (RFC 8314) instead of STARTTLS.")]
    public bool? ImplicitTls { get; init; }

    [Description("To sign in with; absent: nobody signs in.")]
    public string? User { get; init; }

    [Description("Sender's address; of push, the address under which push services reach who runs this node.")]
    public string? From { get; init; }

    [Description("Addresses that are told always.")]
    public IReadOnlyList<string>? To { get; init; }

    [Description("Who is on call, in order.")]
    public IReadOnlyList<OnCall>? Rota { get; init; }

    [Description("Password of e-mail or of a broker's user, signing secret of a webhook (16 characters at least). Absent: as it is; empty: none any more.")]
    public string? Secret { get; init; }
}

public sealed record NotificationJson(
    Guid Id, string Channel, NotificationOccasion Occasion, AlarmSeverity Severity,
    [property: Description("Null: a test.")] Guid? Alarm,
    [property: Description("waiting, sent or dead.")] string State,
    int Attempts, DateTimeOffset CreatedAt,
    [property: Description("When it is tried next; of one that waits.")] DateTimeOffset? NextAt,
    DateTimeOffset? SentAt,
    [property: Description("Why the last attempt failed.")] string? Fault)
{
    internal static NotificationJson Of(Notification n) => new(
        n.Id, n.Channel, n.Occasion, n.Severity, n.Alarm?.Id, n.State, n.Attempts, n.CreatedAt.ToDateTimeOffset(), n.State == "waiting" ? n.NextAt.ToDateTimeOffset() : null, n.SentAt?.ToDateTimeOffset(), n.Fault);
}

static class NotificationEndpoints
{
    const int MaxChannels = 50, MaxAddresses = 100, LeastSecret = 16, MaxSecret = 500, MaxListed = 200;

    public static void MapNotifications(this IEndpointRouteBuilder routes)
    {
        var all = routes.MapGroup("/api/notifications").WithTags("notifications");
        all.MapGet("channels", (Channels channels) => channels.All.Select(ChannelJson.Of).ToArray()).WithName("listChannels").WithSummary("Ways to tell people and systems of alarms. Secrets are never shown.")
            .Needs(Permission.ManageAlarms);
        all.MapPut("channels/{id}", PutAsync).WithName("putChannel").WithSummary("Makes or changes a channel.")
            .Produces<ChannelJson>().Fails(400, 412, 413, 415).Needs(Permission.ManageAlarms);
        all.MapDelete("channels/{id}", DeleteAsync).WithName("deleteChannel").WithSummary("Removes a channel and what waits for it.").Produces(StatusCodes.Status204NoContent).Fails(404).Needs(Permission.ManageAlarms);
        all.MapPost("channels/{id}/test", TestAsync).WithName("testChannel").WithSummary("Tells a channel that somebody tried it. Look at the outbox for how it went.")
            .Produces<NotificationJson>(StatusCodes.Status202Accepted).Fails(404, 409).Needs(Permission.ManageAlarms);
        all.MapGet("outbox", ListAsync).WithName("listNotifications").WithSummary("What was told, waits or is dead, the newest first; 200 at most.")
            .Produces<IReadOnlyList<NotificationJson>>().Fails(400).Needs(Permission.ManageAlarms);
        all.MapPost("outbox/{id:guid}/resend", ResendAsync).WithName("resendNotification").WithSummary("Tells a dead one again.").Produces(StatusCodes.Status204NoContent).Fails(404).Needs(Permission.ManageAlarms);
        routes.MapGet("/api/alarms/{id:guid}/cap", CapAsync).WithTags("notifications").WithName("getAlarmAsCap").WithSummary("An alarm as a CAP 1.2 document; with exercise=true marked as one.")
            .Produces<string>(StatusCodes.Status200OK, "application/cap+xml").Fails(404).NeedsAnywhere(Permission.ViewPast);
    }

    static async Task<Results<Ok<ChannelJson>, ProblemHttpResult>> PutAsync(
        string id, ChannelInputJson input, [FromHeader(Name = "If-Match")] string? ifMatch, HttpContext http, Channels channels, CancellationToken stop)
    {
        var errors = new FieldErrors();
        long? seen = CaseRequests.Version(ifMatch, errors);
        if (!SegmentName.IsCamera(id))
            errors.Add("id", "must be lower-case letters, digits and hyphens, as a camera's.");
        else if (channels.Find(id) is null && channels.All.Count >= MaxChannels)
            errors.Add("id", $"There are {MaxChannels} channels already, and that is all there may be.");
        if (input.Kind is null)
            errors.Add("kind", "is missing.");
        string name = CaseRequests.Words("name", input.Name, PolicyCheck.MaxText, errors, mayBeEmpty: true);
        Windows("quiet", input.Quiet);
        if (input.Secret is { Length: > MaxSecret } || input.Secret?.Any(char.IsControl) == true)
            errors.Add("secret", $"must be at most {MaxSecret} characters.");
        if (input.Kind == ChannelKind.Webhook)
        {
            if (!Uri.TryCreate(input.Url, UriKind.Absolute, out var url) || input.Url!.Length > 1000 || !(url.Scheme == Uri.UriSchemeHttps || (url.Scheme == Uri.UriSchemeHttp && url.IsLoopback)) || url.UserInfo.Length > 0)
                errors.Add("url", "must be an https address without a user name; http only to this machine.");
            if (input.Secret is { Length: > 0 and < LeastSecret })
                errors.Add("secret", $"must be at least {LeastSecret} characters: it signs what is sent.");
        }

        bool tls = input.Tls ?? true, implicitTls = input.ImplicitTls ?? false;
        int port = input.Port ?? (implicitTls ? 465 : 587);
        string? fingerprint = input.Fingerprint?.Replace(":", "", StringComparison.Ordinal).Trim().ToLowerInvariant() is { Length: > 0 } digits ? digits : null;
        if (input.Kind is ChannelKind.Email or ChannelKind.Amqp && fingerprint is not null && (fingerprint.Length != 64 || !fingerprint.All(char.IsAsciiHexDigitLower)))
            errors.Add("fingerprint", "must be the 64 hexadecimal digits of a SHA-256.");
        if (input.Kind == ChannelKind.Amqp)
        {
            if (!Uri.TryCreate(input.Url, UriKind.Absolute, out var broker) || input.Url!.Length > 1000 || broker.Host.Length == 0 || !(broker.Scheme == "amqps" || (broker.Scheme == "amqp" && broker.IsLoopback))
                || broker.UserInfo.Length > 0 || broker.Query.Length > 0 || broker.AbsolutePath.Count(c => c == '/') > 1)
            {
                errors.Add("url", "must be as amqps://host:5671/virtual-host, without a user name; amqp only to this machine.");
            }

            if (input.Exchange is { Length: > 0 } exchange && (exchange.Length > 100 || exchange.StartsWith("amq.", StringComparison.Ordinal) || !exchange.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or ':')))
                errors.Add("exchange", "must be at most 100 letters, digits, hyphens, underscores, full stops or colons, and not begin with 'amq.'.");
            CaseRequests.Words("user", input.User, PolicyCheck.MaxText, errors, mayBeEmpty: true);
        }

        if (input.Kind == ChannelKind.Push)
        {
            Address("from", input.From);
            if (input.Secret is not null)
                errors.Add("secret", "isn't entered: the node makes its own key.");
            if (channels.All.Any(c => c.Channel.Kind == ChannelKind.Push && c.Channel.Id != id))
                errors.Add("kind", "There is a push channel already, and browsers can subscribe to one alone.");
        }
        else if (channels.Find(id)?.Channel.Kind == ChannelKind.Push && input.Kind is not null)
        {
            errors.Add("kind", "can't be changed: browsers have subscribed to this channel. Remove it instead.");
        }

        if (input.Kind == ChannelKind.Email)
        {
            if (Uri.CheckHostName(input.Server) == UriHostNameType.Unknown)
                errors.Add("server", "must be the name or address of an SMTP server.");
            else if (implicitTls && !tls)
                errors.Add("implicitTls", "goes with tls.");
            else if (!tls && !(input.Server == "localhost" || (IPAddress.TryParse(input.Server, out var address) && IPAddress.IsLoopback(address))))
                errors.Add("tls", "may be false only for a server on this machine.");
            if (port is < 1 or > 65535)
                errors.Add("port", "must lie between 1 and 65535.");
            Address("from", input.From);
            CaseRequests.Words("user", input.User, PolicyCheck.MaxText, errors, mayBeEmpty: true);
            if ((input.To ?? []).Count + (input.Rota ?? []).Count is 0 or > MaxAddresses)
                errors.Add("to", $"and rota must together name 1 to {MaxAddresses} addresses.");
            for (int i = 0; i < (input.To ?? []).Count; i++)
                Address($"to[{i}]", input.To![i]);
            for (int i = 0; i < (input.Rota ?? []).Count; i++)
            {
                if (input.Rota![i] is not { } onCall)
                {
                    errors.Add($"rota[{i}]", "must have a name and an address.");
                    continue;
                }

                CaseRequests.Words($"rota[{i}].name", onCall.Name, PolicyCheck.MaxText, errors);
                Address($"rota[{i}].address", onCall.Address);
                Windows($"rota[{i}].windows", onCall.Windows);
            }
        }

        if (errors.Any)
            return errors.ToProblem();
        var channel = new Channel
        {
            Id = id,
            Name = name,
            Kind = input.Kind!.Value,
            Enabled = input.Enabled ?? true,
            AtLeast = input.AtLeast ?? AlarmSeverity.High,
            Types = input.Types ?? [],
            Quiet = input.Quiet ?? [],
            Url = input.Kind is ChannelKind.Webhook or ChannelKind.Amqp ? input.Url : null,
            Exchange = input.Kind == ChannelKind.Amqp && input.Exchange is { Length: > 0 } named ? named : null,
            Fingerprint = input.Kind is ChannelKind.Email or ChannelKind.Amqp ? fingerprint : null,
            Format = input.Kind is ChannelKind.Webhook or ChannelKind.Amqp ? input.Format ?? NotificationFormat.CloudEvents : NotificationFormat.CloudEvents,
            Server = input.Kind == ChannelKind.Email ? input.Server : null,
            Port = port,
            Tls = tls,
            ImplicitTls = input.Kind == ChannelKind.Email && implicitTls,
            User = input.Kind is ChannelKind.Email or ChannelKind.Amqp ? input.User : null,
            From = input.Kind is ChannelKind.Email or ChannelKind.Push ? input.From : null,
            To = input.Kind == ChannelKind.Email ? input.To ?? [] : [],
            Rota = input.Kind == ChannelKind.Email ? input.Rota ?? [] : [],
        };
        // A secret goes to the server it was given for, and to no other.
        string? secret = channel.Kind == ChannelKind.Push
            ? channels.Find(id)?.Secret is null ? WebPush.NewKey() : null
            : input.Secret ?? (channels.Find(id)?.Channel is { } before && (before.Kind, before.Url, before.Server, before.Port) != (channel.Kind, channel.Url, channel.Server, channel.Port) ? "" : null);
        if (!await channels.PutAsync(channel, secret, seen, stop))
            return CaseRequests.Changed("channel", channels.Find(id) is { } current ? ChannelJson.Of(current) : new object(), Array.Empty<string>());
        var made = ChannelJson.Of(channels.Find(id)!);
        http.Tag(made.Version);
        return TypedResults.Ok(made);

        void Address(string field, string? address)
        {
            if (address is not { Length: > 0 and <= 254 } || address.Any(char.IsControl) || !MailAddress.TryCreate(address, out var read) || read.Address != address)
                errors.Add(field, "must be one plain e-mail address.");
        }

        void Windows(string field, IReadOnlyList<WeeklyWindow>? windows)
        {
            if (windows is { Count: > 100 } || windows?.Any(w => w?.Days is null) == true)
                errors.Add(field, "must hold at most 100 stretches with from and to.");
        }
    }

    static async Task<Results<NoContent, ProblemHttpResult>> DeleteAsync(string id, Channels channels, CancellationToken stop) =>
        await channels.RemoveAsync(id, stop) ? TypedResults.NoContent() : NoChannel(id);

    static async Task<Results<Accepted<NotificationJson>, ProblemHttpResult>> TestAsync(string id, Channels channels, Casebook book, CancellationToken stop)
    {
        if (channels.Find(id) is not { } known)
            return NoChannel(id);
        if (await channels.TestAsync(known.Channel, stop) is not { } made)
            return Problems.Conflict("There is nobody to tell", "No browser has subscribed yet. Subscribe this one first.");
        var outbox = await book.ReadAsync(s => s.OutboxAsync(null, MaxListed), stop);
        return outbox.FirstOrDefault(n => n.Id == made) is { } written ? TypedResults.Accepted("/api/notifications/outbox", NotificationJson.Of(written)) : NoChannel(id);
    }

    static async Task<Results<Ok<IReadOnlyList<NotificationJson>>, ProblemHttpResult>> ListAsync([FromQuery, Description("waiting, sent or dead; absent: all.")] string? state, Casebook book, CancellationToken stop)
    {
        if (state is not (null or "waiting" or "sent" or "dead"))
            return Problems.Invalid("state", "must be waiting, sent or dead.");
        return TypedResults.Ok<IReadOnlyList<NotificationJson>>([.. (await book.ReadAsync(s => s.OutboxAsync(state, MaxListed), stop)).Select(NotificationJson.Of)]);
    }

    static async Task<Results<NoContent, ProblemHttpResult>> ResendAsync(Guid id, Casebook book, TimeProvider clock, CancellationToken stop) =>
        await book.WriteAsync(s => s.ResendAsync(id, WallTime.Now(clock)), stop) > 0
            ? TypedResults.NoContent()
            : Problems.NotFound("No such dead notification", "It was told, waits, or never was. GET /api/notifications/outbox?state=dead lists the dead ones.");

    static async Task<Results<ContentHttpResult, ProblemHttpResult>> CapAsync(
        Guid id, [FromQuery] bool? exercise, Actor actor, Casebook book, CameraRoster roster, NodeOptions options, TimeProvider clock, CancellationToken stop)
    {
        if (await book.ReadAsync(s => s.AlarmAsync(id), stop) is not { } alarm || !actor.MaySee(alarm))
            return CaseRequests.NoAlarm(id);
        string place = roster.Find(alarm.Camera)?.Config.Name is { Length: > 0 } name ? name : alarm.Camera.Length > 0 ? alarm.Camera : options.Name;
        var cap = CapDocument.Of(alarm, options.Name, place, exercise ?? alarm.Outcome == AlarmOutcome.Test, clock.GetUtcNow());
        return TypedResults.Text($"{cap.Declaration}\n{cap}\n", "application/cap+xml", System.Text.Encoding.UTF8);
    }

    static ProblemHttpResult NoChannel(string id) => Problems.NotFound("No such channel", $"There is no channel '{Problems.Shown(id)}'. GET /api/notifications/channels lists those there are.");
}
