using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json;

using Atalaya.Incidents.Policy;
using Atalaya.Media;
using Atalaya.Node.Alarms;
using Atalaya.Node.Identity;

namespace Atalaya.Node.Notifications;

/// <summary>Tells one browser through its push service (RFC 8030), if its user still may know.</summary>
sealed class PushWay(HttpClient http, Casebook book, Callers callers, CameraScopes scopes, TimeProvider clock)
{
    /// <summary>An alarm that nobody could be told of for a day is looked at in the page.</summary>
    const string Lifetime = "86400";

    /// <param name="place">The camera's name.</param>
    public async Task<Delivered> TellAsync(KnownChannel known, Notification notification, string place, string site, CancellationToken stop)
    {
        if (notification.Target is not { } target || await book.ReadAsync(s => s.SubscriptionAsync(target), stop) is not { } browser)
            return new(Delivery.Hopeless, "The browser has ended its subscription.");
        if (known.Secret is not { } secret)
            return new(Delivery.Hopeless, "The channel's key can't be read. Remove the channel and make it anew; browsers subscribe again.");
        if (!await MayKnowAsync(browser, notification, stop))
            return new(Delivery.NotTheirs, null);

        byte[] text = Text(notification, place, site);
        byte[] salt = RandomNumberGenerator.GetBytes(WebPush.SaltLength);
        using var own = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        byte[] body = WebPush.Encrypt(text, Base64Url.DecodeFromChars(browser.P256dh), Base64Url.DecodeFromChars(browser.Auth), salt, own);
        using var key = WebPush.Key(secret);
        var endpoint = new Uri(browser.Endpoint);
        using var request = new HttpRequestMessage(HttpMethod.Post, endpoint) { Content = new ByteArrayContent(body) };
        request.Content.Headers.TryAddWithoutValidation("Content-Type", "application/octet-stream");
        request.Content.Headers.TryAddWithoutValidation("Content-Encoding", "aes128gcm");
        request.Headers.TryAddWithoutValidation("Authorization", WebPush.Authorization(key, endpoint, "mailto:" + known.Channel.From, clock.GetUtcNow()));
        request.Headers.TryAddWithoutValidation("TTL", Lifetime);
        request.Headers.TryAddWithoutValidation("Urgency", notification.Severity <= Atalaya.Incidents.AlarmSeverity.Critical ? "high" : "normal");
        // What waits at the push service is replaced by what is newer of the same alarm: 32 characters at most.
        request.Headers.TryAddWithoutValidation("Topic", CaseSession.Written(notification.Alarm?.Id ?? notification.Id));
        using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stop);
        if (answer.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.Gone)
        {
            await book.WriteAsync(s => s.RemoveSubscriptionAsync(browser.Id), stop);
            return new(Delivery.Hopeless, "The browser has ended its subscription; it is removed.");
        }

        if (!answer.IsSuccessStatusCode)
            return new(Delivery.Failed, $"The push service answered {(int)answer.StatusCode}.");
        await book.WriteAsync(s => s.ToldAsync(browser.Id, WallTime.Now(clock)), stop);
        return Delivered.Taken;
    }

    async Task<bool> MayKnowAsync(PushSubscription browser, Notification notification, CancellationToken stop)
    {
        var people = callers.People;
        if (await people.FindAsync(browser.UserId, stop) is not { Disabled: false } user)
            return false;
        return notification.Alarm is not { } alarm
            || new Actor(new(user.Id, user.Name, Credential.None, "", await people.PowersAsync(user.Id, stop), scopes, clock)).Can(Permission.ViewPast, alarm.Camera);
    }

    /// <summary>What the list of alarms shows, and no more.</summary>
    static byte[] Text(Notification notification, string place, string site)
    {
        byte[] text = JsonSerializer.SerializeToUtf8Bytes(
            new
            {
                notification.Occasion,
                Alarm = notification.Alarm?.Id,
                notification.Alarm?.Kind,
                notification.Alarm?.Class,
                Severity = notification.Alarm is null ? null : (Atalaya.Incidents.AlarmSeverity?)notification.Severity,
                notification.Alarm?.Type,
                Place = Short(place),
                Site = Short(site),
                At = notification.Alarm?.At ?? notification.CreatedAt.ToDateTimeOffset(),
                notification.Level,
            },
            PolicyReader.Json);
        return text.Length <= WebPush.MaxText ? text : throw new InvalidOperationException($"A push message of {text.Length} bytes is longer than push services take.");

        static string Short(string name) => name.Length <= 200 ? name : name[..200];
    }
}
