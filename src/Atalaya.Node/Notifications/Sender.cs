using System.Data.Common;
using System.Net.Mail;
using System.Text;
using System.Text.Json;

using Atalaya.Incidents;
using Atalaya.Incidents.Policy;
using Atalaya.Media;
using Atalaya.Node.Alarms;
using Atalaya.Node.Cameras;
using Atalaya.Node.Identity;
using Atalaya.Node.Options;

namespace Atalaya.Node.Notifications;

/// <summary>One entry of the outbox.</summary>
/// <param name="Target">Of the channel's receivers the one it is for; null: all.</param>
sealed record Notification(
    Guid Id, string Channel, NotificationOccasion Occasion, AlarmSeverity Severity, int Level, Alarm? Alarm, string State, int Attempts, WallTime NextAt, WallTime CreatedAt, WallTime? SentAt, string? Fault,
    string? Target);

/// <summary>How an attempt ended.</summary>
enum Delivery
{
    Taken,

    /// <summary>It is tried again.</summary>
    Failed,

    /// <summary>Nobody will ever take it.</summary>
    Hopeless,

    /// <summary>Who it was for may not know of it any more.</summary>
    NotTheirs,
}

/// <param name="Fault">Why it wasn't taken.</param>
readonly record struct Delivered(Delivery End, string? Fault)
{
    public static Delivered Taken { get; } = new(Delivery.Taken, null);
}

/// <summary>
/// Tells what is in the outbox, the most urgent first, until it was taken: at least once, each attempt under the same id. What nobody takes for a day is dead; it stays, and can be
/// sent again.
/// </summary>
sealed class Sender(
    Casebook book, Channels channels, Standing standing, CameraRoster roster, Callers callers, CameraScopes scopes, NodeOptions options, TimeProvider clock, ILogger<Sender> log)
    : IHostedService, IAsyncDisposable
{
    /// <summary>With pauses from two seconds to an hour: a day and a bit.</summary>
    public const int MostAttempts = 36;

    const int Batch = 20;

    static readonly TimeSpan Every = TimeSpan.FromSeconds(1), FirstPause = TimeSpan.FromSeconds(2), LongestPause = TimeSpan.FromHours(1), Patience = TimeSpan.FromSeconds(15), Kept = TimeSpan.FromDays(30);

    // Redirects would carry the message, and its signature, to whom nobody chose.
    readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5) }) { Timeout = Timeout.InfiniteTimeSpan };
    readonly AmqpWay _brokers = new(options.Name);
    readonly CancellationTokenSource _stop = new();
    Task _running = Task.CompletedTask;
    bool _complained;   // touched only by RunAsync

    public Task StartAsync(CancellationToken stop)
    {
        _running = Task.Run(RunAsync, CancellationToken.None);
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken stop) => await DisposeAsync();

    public async ValueTask DisposeAsync()
    {
        if (!_stop.IsCancellationRequested)
            await _stop.CancelAsync();
        await _running;
        await _brokers.DisposeAsync();
        _http.Dispose();
    }

    /// <summary>The pause after the n-th attempt, from 1: doubling, give or take a fifth, so that what failed together isn't tried together.</summary>
    public static TimeSpan Pause(int attempt, double random) =>
        TimeSpan.FromTicks((long)(Math.Min(FirstPause.Ticks * Math.Pow(2, Math.Min(attempt, 30) - 1), LongestPause.Ticks) * (0.8 + (0.4 * random))));

    /// <summary>Tells what is due, a batch of it. Channels don't wait for each other.</summary>
    /// <returns>How many were tried.</returns>
    public async Task<int> SendAsync(CancellationToken stop)
    {
        var now = clock.GetUtcNow();
        var due = await book.ReadAsync(s => s.DueAsync(WallTime.From(now), Batch), stop);
        await Task.WhenAll(due.GroupBy(n => n.Channel).Select(async group =>
        {
            foreach (var notification in group)
                await SendAsync(notification, stop);
        }));
        return due.Count;
    }

    async Task SendAsync(Notification notification, CancellationToken stop)
    {
        var now = clock.GetUtcNow();
        var zone = standing.Orders.Policy.Zone;
        if (channels.Find(notification.Channel) is not { } known || (!known.Channel.Enabled && notification.Occasion != NotificationOccasion.Test))
        {
            await book.WriteAsync(s => s.GiveUpAsync(notification.Id, "The channel is gone or switched off."), stop);
            return;
        }

        if (notification.Occasion != NotificationOccasion.Test && known.Channel.Waits(notification.Severity, now, zone))
        {
            await book.WriteAsync(s => s.PostponeAsync(notification.Id, WallTime.From(now.AddMinutes(1))), stop);
            return;
        }

        Delivered ended;
        using (var limit = CancellationTokenSource.CreateLinkedTokenSource(stop))
        using (clock.CreateTimer(static l => ((CancellationTokenSource)l!).Cancel(), limit, Patience, Timeout.InfiniteTimeSpan))
        {
            try
            {
                ended = known.Channel.Kind switch
                {
                    ChannelKind.Webhook => await PostAsync(known, notification, limit.Token),
                    ChannelKind.Amqp => await PublishAsync(known, notification, limit.Token),
                    ChannelKind.Push => await new PushWay(_http, book, callers, scopes, clock).TellAsync(known, notification, Place(notification.Alarm), options.Name, limit.Token),
                    _ => await MailAsync(known, notification, now, zone, limit.Token),
                };
            }
            catch (OperationCanceledException) when (!stop.IsCancellationRequested)
            {
                ended = new(Delivery.Failed, $"No answer within {Patience.TotalSeconds:0} s.");
            }
            catch (Exception failure) when (failure is HttpRequestException or IOException or System.Net.Sockets.SocketException or InvalidOperationException or FormatException
                or System.Security.Authentication.AuthenticationException or System.Security.Cryptography.CryptographicException)
            {
                ended = new(Delivery.Failed, failure.Message);
            }
        }

        await NoteAsync(notification, ended, now, stop);
    }

    async Task NoteAsync(Notification notification, Delivered ended, DateTimeOffset now, CancellationToken stop)
    {
        string fault = ended.Fault ?? "";
        int attempt = notification.Attempts + 1;
        if (ended.End == Delivery.Taken)
        {
            await book.WriteAsync(s => s.SentAsync(notification.Id, WallTime.Now(clock)), stop);
        }
        else if (ended.End == Delivery.NotTheirs)
        {
            await book.WriteAsync(s => s.DropAsync(notification.Id), stop);
        }
        else if (ended.End == Delivery.Hopeless)
        {
            log.LogInformation("Channel {Channel} has nobody for a notification: {Fault}", notification.Channel, fault);
            await book.WriteAsync(s => s.GiveUpAsync(notification.Id, fault), stop);
        }
        else if (attempt >= MostAttempts || notification.Occasion == NotificationOccasion.Test)
        {
            log.LogError("Channel {Channel} took a notification never: {Fault} It is among the dead ones.", notification.Channel, fault);
            await book.WriteAsync(s => s.GiveUpAsync(notification.Id, fault), stop);
        }
        else
        {
            if (attempt == 1)
                log.LogWarning("Channel {Channel} doesn't take notifications: {Fault} It is tried again.", notification.Channel, fault);
            await book.WriteAsync(s => s.RetryAsync(notification.Id, attempt, WallTime.From(now + Pause(attempt, Random.Shared.NextDouble())), fault), stop);
        }
    }

    /// <summary>What is said to programs: a CloudEvent, or a CAP document.</summary>
    (byte[] Body, string Type) Message(KnownChannel known, Notification notification) => known.Channel.Format == NotificationFormat.Cap
        ? (Encoding.UTF8.GetBytes(CapText(notification)), "application/cap+xml; charset=utf-8")
        : (CloudEvent.Of(notification.Id, notification.Occasion, notification.Alarm, options.Name, notification.CreatedAt.ToDateTimeOffset()), CloudEvent.ContentType);

    async Task<Delivered> PublishAsync(KnownChannel known, Notification notification, CancellationToken stop)
    {
        var (body, type) = Message(known, notification);
        return await _brokers.TellAsync(known, notification, body, type, stop);
    }

    async Task<Delivered> PostAsync(KnownChannel known, Notification notification, CancellationToken stop)
    {
        var (body, type) = Message(known, notification);
        using var request = new HttpRequestMessage(HttpMethod.Post, known.Channel.Url) { Content = new ByteArrayContent(body) };
        request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        request.Headers.TryAddWithoutValidation("Idempotency-Key", $"\"{notification.Id}\"");
        if (known.Secret is { } secret)
            request.Headers.TryAddWithoutValidation(CloudEvent.SignatureHeader, CloudEvent.Sign(body, secret, clock.GetUtcNow()));
        using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stop);
        return response.IsSuccessStatusCode ? Delivered.Taken : new(Delivery.Failed, $"The receiver answered {(int)response.StatusCode}.");
    }

    async Task<Delivered> MailAsync(KnownChannel known, Notification notification, DateTimeOffset now, TimeZoneInfo zone, CancellationToken stop)
    {
        var channel = known.Channel;
        var to = channel.Recipients(notification.Level, now, zone);
        if (to.Count == 0)
            return new(Delivery.Failed, "Nobody is on call, and nobody is named who is told always.");
        var mail = new MailText
        {
            From = channel.From!,
            To = to,
            Id = $"{notification.Id}@{new MailAddress(channel.From!).Host}",
            At = now,
            Subject = OneLine($"[{options.Name}] Test of channel {channel.Name}"),
            Body = "Somebody tried this channel. Nothing has happened.\n",
        };
        if (notification.Alarm is { } alarm)
        {
            string place = Place(alarm), again = notification.Occasion == NotificationOccasion.Escalated ? $", asked for the {alarm.Level + 1}. time" : "";
            mail = mail with
            {
                Subject = OneLine($"[{options.Name}] {alarm.Severity}: {alarm.Type} at {place}{again}"),
                IsUrgent = alarm.Severity <= AlarmSeverity.Critical,
                Body = $"{alarm.Type}, {alarm.Severity}\n{place}\n{TimeZoneInfo.ConvertTime(alarm.At, zone):yyyy-MM-dd HH:mm:ss zzz}\n{alarm.Kind} by {alarm.Rule}\n{alarm.Detail}\n\nAlarm {alarm.Id}\n",
                Attachment = alarm.Type == IncidentType.Rescue ? ("alert.cap", "application/cap+xml", Encoding.UTF8.GetBytes(CapText(notification))) : null,
            };
        }

        // One connection a message: they are few, and each must not depend on the last.
        var security = !channel.Tls ? SmtpSecurity.None : channel.ImplicitTls ? SmtpSecurity.Implicit : SmtpSecurity.StartTls;
        await using var session = await SmtpSession.OpenAsync(channel.Server!, channel.Port, security, channel.Fingerprint, stop);
        if (channel.User is { Length: > 0 } user)
            await session.SignInAsync(user, known.Secret ?? "", stop);
        var refused = await session.SendAsync(channel.From!, to, mail.Bytes(), stop);
        if (refused.Count > 0)
            log.LogWarning("Channel {Channel}: the server refused some of the recipients: {Refused}", channel.Id, string.Join(" ", refused));
        await session.QuitAsync(stop);
        return Delivered.Taken;
    }

    string CapText(Notification notification)
    {
        bool exercise = notification.Alarm is null;
        var alarm = notification.Alarm ?? Alarm.Raise(
            new() { Id = notification.Id, Camera = "", At = notification.CreatedAt.ToDateTimeOffset(), Kind = SceneEventKind.Other, Source = SceneEventSource.Node, Rule = "test", Detail = "Somebody tried this channel." },
            AlarmSeverity.Rescue, IncidentType.Rescue, "test", notification.CreatedAt.ToDateTimeOffset(), null);
        return CapDocument.Of(alarm, options.Name, Place(alarm), exercise, notification.CreatedAt.ToDateTimeOffset()) is var cap ? $"{cap.Declaration}\n{cap}\n" : "";
    }

    string Place(Alarm? alarm) => alarm is null || alarm.Camera.Length == 0 ? options.Name : roster.Find(alarm.Camera)?.Config.Name is { Length: > 0 } name ? name : alarm.Camera;

    static string OneLine(string text) => new([.. text.Select(c => char.IsControl(c) ? ' ' : c)]);

    async Task RunAsync()
    {
        using var beat = new PeriodicTimer(Every, clock);
        long forgotten = 0;
        try
        {
            while (await beat.WaitForNextTickAsync(_stop.Token))
            {
                try
                {
                    while (await SendAsync(_stop.Token) == Batch)
                    {
                    }

                    if (forgotten == 0 || clock.GetElapsedTime(forgotten) > TimeSpan.FromHours(1))
                    {
                        forgotten = clock.GetTimestamp();
                        await book.WriteAsync(s => s.KeepAsync("delete from notification_outbox where created_at < @before and state <> 'waiting'", new { before = (WallTime.Now(clock) - Kept).Microseconds }), _stop.Token);
                    }

                    _complained = false;
                }
                catch (DbException fault)
                {
                    if (!_complained)
                        log.LogError(fault, "The outbox of notifications can't be read; it is tried again every second.");
                    _complained = true;
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The node is stopping.
        }
    }
}

/// <summary>The outbox in the database.</summary>
static class OutboxRows
{
    const string Columns = "select id, channel, occasion, severity, level, body, state, attempts, next_at as NextAt, created_at as CreatedAt, sent_at as SentAt, fault, target from notification_outbox";

    public static async Task<IReadOnlyList<Notification>> DueAsync(this CaseSession session, WallTime now, int limit) =>
        [.. (await session.QueryAsync<Row>($"{Columns} where state = 'waiting' and next_at <= @now order by severity, next_at limit @limit", new { now = now.Microseconds, limit })).Select(r => r.Read())];

    /// <param name="state">Null: all.</param>
    public static async Task<IReadOnlyList<Notification>> OutboxAsync(this CaseSession session, string? state, int limit) =>
        [.. (await session.QueryAsync<Row>($"{Columns}{(state is null ? "" : " where state = @state")} order by created_at desc, id desc limit @limit", new { state, limit })).Select(r => r.Read())];

    public static Task<int> SentAsync(this CaseSession session, Guid id, WallTime at) =>
        session.KeepAsync("update notification_outbox set state = 'sent', attempts = attempts + 1, sent_at = @at, fault = null where id = @id", new { at = at.Microseconds, id = CaseSession.Written(id) });

    public static Task<int> RetryAsync(this CaseSession session, Guid id, int attempts, WallTime next, string fault) =>
        session.KeepAsync("update notification_outbox set attempts = @attempts, next_at = @next, fault = @fault where id = @id",
            new { attempts = (long)attempts, next = next.Microseconds, fault = Short(fault), id = CaseSession.Written(id) });

    public static Task<int> PostponeAsync(this CaseSession session, Guid id, WallTime next) =>
        session.KeepAsync("update notification_outbox set next_at = @next where id = @id", new { next = next.Microseconds, id = CaseSession.Written(id) });

    public static Task<int> GiveUpAsync(this CaseSession session, Guid id, string fault) =>
        session.KeepAsync("update notification_outbox set state = 'dead', attempts = attempts + 1, fault = @fault where id = @id", new { fault = Short(fault), id = CaseSession.Written(id) });

    public static Task<int> DropAsync(this CaseSession session, Guid id) => session.KeepAsync("delete from notification_outbox where id = @id", new { id = CaseSession.Written(id) });

    /// <summary>Tells a dead one again, from the first attempt on.</summary>
    public static Task<int> ResendAsync(this CaseSession session, Guid id, WallTime now) =>
        session.KeepAsync("update notification_outbox set state = 'waiting', attempts = 0, next_at = @now where id = @id and state = 'dead'", new { now = now.Microseconds, id = CaseSession.Written(id) });

    static string Short(string text) => text.Length <= 500 ? text : text[..500];

    sealed class Row
    {
        public string Id { get; init; } = "";
        public string Channel { get; init; } = "";
        public string Occasion { get; init; } = "";
        public long Severity { get; init; }
        public long Level { get; init; }
        public string Body { get; init; } = "";
        public string State { get; init; } = "";
        public long Attempts { get; init; }
        public long NextAt { get; init; }
        public long CreatedAt { get; init; }
        public long? SentAt { get; init; }
        public string? Fault { get; init; }
        public string? Target { get; init; }

        public Notification Read() => new(
            Guid.ParseExact(Id, "n"), Channel, Enum.Parse<NotificationOccasion>(Occasion), (AlarmSeverity)Severity, (int)Level,
            Body.Length == 0 ? null : JsonSerializer.Deserialize<Alarm>(Body, PolicyReader.Json), State, (int)Attempts, new(NextAt), new(CreatedAt), SentAt is { } at ? new(at) : null, Fault, Target);
    }
}
