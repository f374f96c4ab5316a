using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

using Atalaya.Incidents;
using Atalaya.Node.Alarms;
using Atalaya.Node.Api;

namespace Atalaya.Node.Notifications;

/// <summary>CloudEvents 1.0 in structured JSON, and the signature that goes with it.</summary>
static class CloudEvent
{
    public const string ContentType = "application/cloudevents+json; charset=utf-8";

    /// <summary>Of the form <c>t=1774785600,v1=5f2c…</c>: HMAC-SHA256 over the time, a full stop and the body as it is sent.</summary>
    public const string SignatureHeader = "Atalaya-Signature";

    static readonly JsonSerializerOptions Json = Made();

    /// <summary>Attributes of an event (3), without its data.</summary>
    /// <param name="id">The same at each attempt: who gets it twice knows.</param>
    public static IReadOnlyDictionary<string, string> Attributes(Guid id, NotificationOccasion occasion, Alarm? alarm, string site, DateTimeOffset created) => new Dictionary<string, string>
    {
        ["specversion"] = "1.0",
        ["id"] = id.ToString(),
        ["source"] = "urn:atalaya:" + Uri.EscapeDataString(site),
        ["type"] = $"org.atalaya.alarm.{JsonNamingPolicy.CamelCase.ConvertName(occasion.ToString())}.v1",
        ["subject"] = alarm?.Id.ToString() ?? "test",
        ["time"] = WireTime.Format(created),
        ["datacontenttype"] = "application/json",
    };

    /// <inheritdoc cref="Attributes"/>
    public static byte[] Of(Guid id, NotificationOccasion occasion, Alarm? alarm, string site, DateTimeOffset created)
    {
        var all = Attributes(id, occasion, alarm, site, created).ToDictionary(a => a.Key, object? (a) => a.Value, StringComparer.Ordinal);
        all["data"] = alarm is null ? null : AlarmJson.Of(alarm);
        return JsonSerializer.SerializeToUtf8Bytes(all, Json);
    }

    public static string Sign(ReadOnlySpan<byte> body, string secret, DateTimeOffset at)
    {
        string time = at.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        byte[] signed = [.. Encoding.ASCII.GetBytes(time + "."), .. body];
        return $"t={time},v1={Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), signed))}";
    }

    static JsonSerializerOptions Made()
    {
        var json = new JsonSerializerOptions(JsonSerializerDefaults.Web);
        ApiDocument.Json(json);
        return json;
    }
}
