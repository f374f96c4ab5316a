using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Atalaya.Media.Audio;
using Atalaya.Media.H264;
using Atalaya.Media.H265;
using Atalaya.Media.Sdp;

namespace Atalaya.Media.Rtp;

public static class Depacketizers
{
    /// <param name="reason">Why the track can't be received, in words for a technician; empty on success.</param>
    public static bool TryCreate(SdpMedia media, BlockPool pool, [NotNullWhen(true)] out Depacketizer? depacketizer, out string reason)
    {
        depacketizer = null;
        reason = "";
        string encoding = media.Encoding.Length > 0 ? media.Encoding.ToUpperInvariant() : StaticEncoding(media.PayloadType);
        switch (encoding)
        {
            case "H264":
                if (Parameter(media, "packetization-mode") == "2")
                    reason = "H.264 in interleaved packets (packetization-mode 2) isn't supported: choose another mode in the camera's settings.";
                else
                    depacketizer = new H264Depacketizer(pool, ParameterSets(media, "sprop-parameter-sets"));
                break;
            case "H265" or "HEVC":
                if (Number(media, "sprop-max-don-diff") > 0 || Number(media, "sprop-depack-buf-nalus") > 0)
                    reason = "H.265 with NAL units out of decoding order (sprop-max-don-diff) isn't supported.";
                else
                    depacketizer = new H265Depacketizer(pool, ParameterSets(media, "sprop-vps", "sprop-sps", "sprop-pps"));
                break;
            case "MPEG4-GENERIC":
                depacketizer = Aac(media, pool, out reason);
                break;
            case "PCMU":
                depacketizer = new PcmDepacketizer(pool, Codec.PcmMuLaw, Rate(media, 8000), Math.Max(1, media.Channels));
                break;
            case "PCMA":
                depacketizer = new PcmDepacketizer(pool, Codec.PcmALaw, Rate(media, 8000), Math.Max(1, media.Channels));
                break;
            case "L16":
                depacketizer = new PcmDepacketizer(pool, Codec.L16, Rate(media, 44_100), Math.Max(1, media.Channels));
                break;
            default:
                reason = WhyNot(media, encoding);
                break;
        }

        return depacketizer is not null;
    }

    /// <summary>RFC 3551, for descriptions that give only the payload type.</summary>
    static string StaticEncoding(int payloadType) => payloadType switch
    {
        0 => "PCMU",
        3 => "GSM",
        4 => "G723",
        8 => "PCMA",
        9 => "G722",
        10 or 11 => "L16",
        14 => "MPA",
        18 => "G729",
        26 => "JPEG",
        32 => "MPV",
        33 => "MP2T",
        _ => "",
    };

    static string WhyNot(SdpMedia media, string encoding) => encoding switch
    {
        "JPEG" => "MJPEG (JPEG) isn't recorded: choose H.264 or H.265 in the camera's settings.",
        "MP4V-ES" => "MPEG-4 Visual (MP4V-ES) isn't recorded: choose H.264 or H.265 in the camera's settings.",
        "MPV" or "MP2T" or "MP2P" => $"MPEG-2 ({encoding}) isn't recorded: choose H.264 or H.265 in the camera's settings.",
        "AV1" or "VP8" or "VP9" => $"{encoding} isn't recorded: choose H.264 or H.265 in the camera's settings.",
        "MP4A-LATM" => "AAC in LATM packets (MP4A-LATM) isn't recorded: choose AAC as mpeg4-generic, or G.711, in the camera's settings.",
        "" => $"Payload type {media.PayloadType} has no a=rtpmap line that says what it is.",
        _ when media.Kind == SdpMediaKind.Audio => $"{encoding} audio isn't recorded: choose AAC or G.711 in the camera's settings.",
        _ when media.Kind == SdpMediaKind.Video => $"{encoding} video isn't recorded: choose H.264 or H.265 in the camera's settings.",
        _ => $"{encoding} is neither video nor audio.",
    };

    static AacDepacketizer? Aac(SdpMedia media, BlockPool pool, out string reason)
    {
        string mode = Parameter(media, "mode");
        var usual = mode.Equals("AAC-lbr", StringComparison.OrdinalIgnoreCase) ? AacHeaderLayout.Lbr : AacHeaderLayout.Hbr;
        if (mode.Length > 0 && !mode.StartsWith("AAC-", StringComparison.OrdinalIgnoreCase) && !mode.Equals("generic", StringComparison.OrdinalIgnoreCase))
        {
            reason = $"mpeg4-generic in mode {mode} isn't recorded: choose AAC or G.711 in the camera's settings.";
            return null;
        }

        bool generic = mode.Equals("generic", StringComparison.OrdinalIgnoreCase);
        var layout = new AacHeaderLayout(
            Number(media, "sizelength", Number(media, "constantsize") > 0 || generic ? 0 : usual.SizeLength),
            Number(media, "indexlength", generic ? 0 : usual.IndexLength),
            Number(media, "indexdeltalength", generic ? 0 : usual.IndexDeltaLength),
            Number(media, "ctsdeltalength"),
            Number(media, "dtsdeltalength"),
            Number(media, "randomaccessindication") > 0,
            Number(media, "streamstateindication"),
            Number(media, "auxiliarydatasizelength"),
            Number(media, "constantsize"));

        byte[] config = FromHex(Parameter(media, "config"));
        if (config.Length == 0)
            config = AudioSpecificConfig.LowComplexity(media.ClockRate, Math.Max(1, media.Channels));
        if (AacDepacketizer.TryCreate(pool, config, media.ClockRate, layout, out var depacketizer, out string fault))
        {
            reason = "";
            return depacketizer;
        }

        reason = $"The camera's AAC can't be read: {fault} Choose AAC-LC or G.711 in the camera's settings.";
        return null;
    }

    static string Parameter(SdpMedia media, string name) => media.Parameters.TryGetValue(name, out string? value) ? value.Trim() : "";

    static int Number(SdpMedia media, string name, int otherwise = 0) =>
        int.TryParse(Parameter(media, name), NumberStyles.None, CultureInfo.InvariantCulture, out int value) ? value : otherwise;

    static int Rate(SdpMedia media, int usual) => media.ClockRate > 0 ? media.ClockRate : usual;

    static List<ReadOnlyMemory<byte>> ParameterSets(SdpMedia media, params ReadOnlySpan<string> names)
    {
        var sets = new List<ReadOnlyMemory<byte>>();
        foreach (string name in names)
        {
            foreach (string text in Parameter(media, name).Split(',', StringSplitOptions.RemoveEmptyEntries))
            {
                if (FromBase64(text) is { Length: > 0 } nal)
                    sets.Add(nal);
            }
        }

        return sets;
    }

    /// <summary>As cameras write it: spaces, quotes, padding too much or missing. Empty if it makes no sense.</summary>
    internal static byte[] FromBase64(string text)
    {
        var clean = new System.Text.StringBuilder(text.Length + 3);
        foreach (char c in text)
        {
            if (char.IsAsciiLetterOrDigit(c) || c is '+' or '/')
                clean.Append(c);
            else if (c is '-' or '_')
                clean.Append(c == '-' ? '+' : '/');
        }

        if (clean.Length % 4 == 1)
            clean.Length--;
        clean.Append('=', (4 - (clean.Length % 4)) % 4);
        byte[] bytes = new byte[clean.Length / 4 * 3];
        return Convert.TryFromBase64String(clean.ToString(), bytes, out int length) ? bytes[..length] : [];
    }

    static byte[] FromHex(string text)
    {
        text = text.Trim('"', ' ');
        if (text.StartsWith("0x", StringComparison.OrdinalIgnoreCase))
            text = text[2..];
        if (text.Length % 2 != 0)
            text += "0";
        return text.All(char.IsAsciiHexDigit) ? Convert.FromHexString(text) : [];
    }
}
