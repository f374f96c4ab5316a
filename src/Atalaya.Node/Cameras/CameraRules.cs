using System.Net;
using System.Text;

using Atalaya.Cameras;
using Atalaya.Cameras.Onvif;
using Atalaya.Media.Rtsp;
using Atalaya.Node.Options;

namespace Atalaya.Node.Cameras;

/// <summary>A camera as someone wants it, from the file or through the API, not yet checked.</summary>
sealed record CameraDraft
{
    public required string Id { get; init; }
    public required string Name { get; init; }
    public bool Enabled { get; init; } = true;
    public required string Main { get; init; }
    public string? Sub { get; init; }
    public RtspTransport Transport { get; init; } = RtspTransport.Auto;
    public RecordedStreams Record { get; init; } = RecordedStreams.Main;
    public bool Audio { get; init; } = true;
    public RetentionOptions Retention { get; init; } = new();
    public string? UserName { get; init; }
    public string? Password { get; init; }
    public string? Fingerprint { get; init; }
    public string? Onvif { get; init; }
    public string? OnvifProfile { get; init; }

    // A record writes out all it has; this one holds a secret.
    bool PrintMembers(StringBuilder text)
    {
        text.Append($"Id = {Id}");
        return true;
    }
}

/// <summary>What a camera must be, the same for both ways in.</summary>
static class CameraRules
{
    public const int MaxId = 63, MaxName = 100, MaxCredential = 200;

    /// <summary>
    /// Checks every field and puts the draft in order: credentials inside an address move out of it.
    /// </summary>
    /// <param name="onError">Called with the field as the API names it, and what is wrong; never with a secret.</param>
    /// <returns>Null after an error.</returns>
    public static CameraConfig? TryMake(CameraDraft draft, RtspNetworkOptions networks, Action<string, string> onError)
    {
        bool good = true;
        void Fail(string field, string error)
        {
            good = false;
            onError(field, error);
        }

        if (!CameraConfig.IsId(draft.Id))
            Fail("id", $"must be 1 to {MaxId} lower-case letters, digits and hyphens, not starting with a hyphen.");
        if (string.IsNullOrWhiteSpace(draft.Name) || draft.Name.Length > MaxName || draft.Name.Any(char.IsControl))
            Fail("name", $"must be 1 to {MaxName} characters, without line breaks.");
        string? userName = Empty(draft.UserName), password = Empty(draft.Password);
        if (userName is { } u && (u.Length > MaxCredential || u.Any(char.IsControl) || u.Contains(':')))
            Fail("userName", $"must be at most {MaxCredential} characters, without a colon.");
        if (password is { } p && (p.Length > MaxCredential || p.Any(char.IsControl)))
            Fail("password", $"must be at most {MaxCredential} characters.");
        var main = Address(draft.Main, "main.url");
        var sub = draft.Sub is null ? null : Address(draft.Sub, "sub.url");
        if (draft.Record is RecordedStreams.Sub or RecordedStreams.Both && draft.Sub is null)
            Fail("record", "asks for the sub stream, which this camera doesn't have.");
        if (password is not null && userName is null)
            Fail("userName", "is missing beside the password.");
        string? fingerprint = Empty(draft.Fingerprint);
        if (fingerprint is not null)
        {
            try
            {
                fingerprint = RtspTrust.Pinned(fingerprint).Fingerprint;
            }
            catch (FormatException)
            {
                Fail("fingerprint", "must be the SHA-256 of the camera's certificate, 64 hexadecimal digits.");
            }
        }

        Uri? device = null;
        if (draft.Onvif is not null)
        {
            if (!OnvifAddress.TryParse(draft.Onvif, out device, out string fault))
                Fail("onvif.url", fault);
            else if (IPAddress.TryParse(device.DnsSafeHost, out var ip) && !networks.Allows(ip))
                Fail("onvif.url", $"{ip} is outside the networks that cameras may be in (option rtsp.allowedNetworks).");
        }

        if (draft.OnvifProfile is { } profile && (profile.Length > 256 || profile.Any(char.IsControl)))
            Fail("onvif.profile", "isn't one that the device gave.");
        else if (draft.OnvifProfile is { Length: > 0 } && draft.Onvif is null)
            Fail("onvif.profile", "is given without the device's address.");

        if (draft.Retention.Days is { } days && !(days is >= 0.01 and <= 36500))
            Fail("retention.days", "must lie between 0.01 and 36500.");
        if (draft.Retention.Bytes is { Bytes: < 10_000_000 })
            Fail("retention.bytes", "must be at least 10 MB.");
        if (!good)
            return null;
        return new()
        {
            Id = draft.Id,
            Name = draft.Name.Trim(),
            Enabled = draft.Enabled,
            Main = main!,
            Sub = sub,
            Transport = draft.Transport,
            Record = draft.Record,
            Audio = draft.Audio,
            KeepFor = draft.Retention.ToLimits().Age,
            KeepBytes = draft.Retention.Bytes?.Bytes,
            UserName = userName,
            Password = password,
            Fingerprint = fingerprint,
            Onvif = device is null ? null : new(device, Empty(draft.OnvifProfile)),
        };

        RtspUrl? Address(string text, string field)
        {
            if (!RtspUrl.TryParse(text, out var address, out string fault))
            {
                Fail(field, fault);
                return null;
            }

            if (IPAddress.TryParse(address.Host, out var ip) && !networks.Allows(ip))
            {
                Fail(field, $"{ip} is outside the networks that cameras may be in (option rtsp.allowedNetworks).");
                return null;
            }

            if (address.UserName is not null)
            {
                if (userName is not null && (userName != address.UserName || (password is not null && password != (address.Password ?? password))))
                    Fail(field, "holds other credentials than the fields for them; one camera has one pair.");
                userName = address.UserName;
                password = address.Password ?? password;
            }

            return RtspUrl.TryParse(CameraAddress.WithoutCredentials(address), out var bare, out _) ? bare : address;
        }
    }

    /// <summary>An id from a name: <c>Gate 1, lane in</c> becomes <c>gate-1-lane-in</c>. Empty if nothing of it can be used.</summary>
    public static string IdFrom(string name)
    {
        var id = new StringBuilder();
        foreach (char c in name.ToLowerInvariant().Normalize(NormalizationForm.FormD))
        {
            if (c is (>= 'a' and <= 'z') or (>= '0' and <= '9'))
                id.Append(c);
            else if (id.Length > 0 && id[^1] != '-' && char.GetUnicodeCategory(c) != System.Globalization.UnicodeCategory.NonSpacingMark)
                id.Append('-');
            if (id.Length == MaxId)
                break;
        }

        return id.ToString().Trim('-');
    }

    static string? Empty(string? text) => string.IsNullOrEmpty(text) ? null : text;
}
