using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace Atalaya.Media.Sdp;

/// <summary>
/// What a camera offers (RFC 8866), read as cameras write it: lines end in CRLF or LF, spaces and letter case stray, <c>a=</c> lines
/// are out of order, mandatory lines are missing. What a receiver doesn't need is not kept.
/// </summary>
/// <param name="Name">Of <c>s=</c>, may be empty.</param>
/// <param name="Control">Of the session-level <c>a=control</c>, as written; null if there is none.</param>
public sealed record SessionDescription(string Name, string? Control, ImmutableArray<SdpMedia> Media)
{
    /// <summary>A camera needs two thousand bytes; no description is longer than this.</summary>
    public const int MaxBytes = 64 << 10;

    public const int MaxMedia = 32, MaxParameters = 64;

    /// <summary>Never throws.</summary>
    /// <param name="fault">What is wrong and on which line.</param>
    public static bool TryParse(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out SessionDescription? description, out string fault)
    {
        description = null;
        fault = "";
        if (bytes.Length > MaxBytes)
        {
            fault = $"The session description is longer than {MaxBytes} bytes.";
            return false;
        }

        string text = Encoding.UTF8.GetString(bytes);
        string name = "";
        string? control = null;
        bool known = false;
        var media = ImmutableArray.CreateBuilder<SdpMedia>();
        Section? open = null;
        var sessionDirection = SdpDirection.ReceiveOnly;

        int number = 0;
        foreach (var raw in text.AsSpan().EnumerateLines())
        {
            number++;
            var line = raw.Trim([' ', '\t', '\0', '\uFEFF']);
            // Blank lines, and whatever else is no "x=value", carry nothing.
            if (line.Length < 2 || line[1] != '=')
                continue;
            var value = line[2..].Trim();
            switch (char.ToLowerInvariant(line[0]))
            {
                case 'v' or 'o' or 't':
                    known = true;
                    break;
                case 's' when open is null:
                    known = true;
                    name = value.ToString();
                    break;
                case 'm':
                    known = true;
                    if (open is not null)
                        media.Add(open.Finish());
                    if (media.Count == MaxMedia)
                    {
                        fault = $"The session description offers more than {MaxMedia} tracks.";
                        return false;
                    }

                    open = new Section(value, sessionDirection);
                    break;
                case 'a' when open is not null:
                    open.Attribute(value);
                    break;
                case 'a':
                    Split(value, out var key, out var argument);
                    if (key.Equals("control", StringComparison.OrdinalIgnoreCase))
                        control = argument.ToString();
                    else if (Direction(key) is { } direction)
                        sessionDirection = direction;
                    break;
            }
        }

        if (open is not null)
            media.Add(open.Finish());
        if (!known)
        {
            fault = number <= 1 && text.Length == 0 ? "The session description is empty." : "What came is no session description.";
            return false;
        }

        description = new(name, control, media.ToImmutable());
        return true;
    }

    static void Split(ReadOnlySpan<char> attribute, out ReadOnlySpan<char> key, out ReadOnlySpan<char> argument)
    {
        int colon = attribute.IndexOf(':');
        key = (colon < 0 ? attribute : attribute[..colon]).Trim();
        argument = colon < 0 ? default : attribute[(colon + 1)..].Trim();
    }

    static SdpDirection? Direction(ReadOnlySpan<char> key) => key switch
    {
        "recvonly" => SdpDirection.ReceiveOnly,
        "sendrecv" => SdpDirection.SendReceive,
        "sendonly" => SdpDirection.SendOnly,
        "inactive" => SdpDirection.Inactive,
        _ => null,
    };

    sealed class Section
    {
        readonly SdpMediaKind _kind;
        readonly string _protocol;
        readonly List<(int Type, string Encoding, int Rate, int Channels)> _maps = [];
        readonly List<(int Type, string Text)> _formats = [];
        int _payloadType = -1;
        string? _control;
        double? _frameRate;
        SdpDirection _direction;

        // m=<media> <port> <proto> <fmt> ...
        public Section(ReadOnlySpan<char> line, SdpDirection direction)
        {
            _direction = direction;
            Span<Range> ranges = stackalloc Range[8];
            int parts = line.SplitAny(ranges, " \t", StringSplitOptions.RemoveEmptyEntries);
            var kind = parts > 0 ? line[ranges[0]] : default;
            _kind = kind.Equals("video", StringComparison.OrdinalIgnoreCase) ? SdpMediaKind.Video
                : kind.Equals("audio", StringComparison.OrdinalIgnoreCase) ? SdpMediaKind.Audio
                // One maker writes "application/" and its own name.
                : kind.StartsWith("application", StringComparison.OrdinalIgnoreCase) ? SdpMediaKind.Application
                : SdpMediaKind.Other;
            _protocol = parts > 2 ? line[ranges[2]].ToString().ToUpperInvariant() : "";
            if (parts > 3 && int.TryParse(line[ranges[3]], NumberStyles.None, null, out int type) && type <= 127)
                _payloadType = type;
        }

        public void Attribute(ReadOnlySpan<char> attribute)
        {
            Split(attribute, out var key, out var value);
            if (key.Equals("rtpmap", StringComparison.OrdinalIgnoreCase))
                Map(value);
            else if (key.Equals("fmtp", StringComparison.OrdinalIgnoreCase))
                Format(value);
            else if (key.Equals("control", StringComparison.OrdinalIgnoreCase))
                _control ??= value.ToString();
            else if (key.Equals("framerate", StringComparison.OrdinalIgnoreCase))
                _frameRate = double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out double rate) && rate is > 0 and <= 1000 ? rate : null;
            else if (Direction(key) is { } direction)
                _direction = direction;
        }

        // a=rtpmap:<type> <encoding>/<rate>[/<channels>]
        void Map(ReadOnlySpan<char> value)
        {
            int space = value.IndexOfAny(' ', '\t');
            if (space < 0 || _maps.Count == MaxParameters || !int.TryParse(value[..space], NumberStyles.None, null, out int type) || type > 127)
                return;
            value = value[space..].Trim();
            Span<Range> ranges = stackalloc Range[4];
            int parts = value.Split(ranges, '/');
            string encoding = value[ranges[0]].Trim().ToString().ToUpperInvariant();
            int rate = 0, channels = 1;
            if (parts > 1)
                _ = int.TryParse(value[ranges[1]].Trim(), NumberStyles.None, null, out rate);
            if (parts > 2 && (!int.TryParse(value[ranges[2]].Trim(), NumberStyles.None, null, out channels) || channels is < 1 or > 64))
                channels = 1;
            if (encoding.Length > 0)
                _maps.Add((type, encoding, rate, channels));
        }

        void Format(ReadOnlySpan<char> value)
        {
            int space = value.IndexOfAny(' ', '\t');
            if (space > 0 && _formats.Count < MaxParameters && int.TryParse(value[..space], NumberStyles.None, null, out int type))
                _formats.Add((type, value[space..].Trim().ToString()));
        }

        public SdpMedia Finish()
        {
            // A payload type that is no number: the map's.
            int type = _payloadType >= 0 ? _payloadType : _maps.Count > 0 ? _maps[0].Type : -1;
            (string encoding, int rate, int channels) = Static(type);

            // A map goes before RFC 3551, even one that contradicts a static type, as other receivers have it.
            foreach (var map in _maps)
            {
                if (map.Type == type)
                {
                    encoding = map.Encoding;
                    channels = map.Channels;
                    rate = map.Rate;
                }
            }

            if (rate is < 1 or > 10_000_000)
                rate = _kind == SdpMediaKind.Audio ? 8000 : 90_000;
            return new(_kind, type, encoding, rate, channels, Parameters(type), _control)
            {
                Direction = _direction,
                FrameRate = _frameRate,
                Protocol = _protocol,
            };
        }

        ImmutableDictionary<string, string> Parameters(int type)
        {
            var parameters = ImmutableDictionary.CreateBuilder<string, string>();
            foreach (var (formatType, text) in _formats)
            {
                if (formatType != type)
                    continue;
                foreach (var range in text.AsSpan().Split(';'))
                {
                    var pair = text.AsSpan()[range].Trim();
                    int equals = pair.IndexOf('=');
                    var key = (equals < 0 ? pair : pair[..equals]).Trim();
                    if (key.Length > 0 && parameters.Count < MaxParameters)
                        parameters[key.ToString().ToLowerInvariant()] = equals < 0 ? "" : pair[(equals + 1)..].Trim().Trim('"').ToString();
                }
            }

            return parameters.ToImmutable();
        }

        // RFC 3551 section 6.
        static (string Encoding, int Rate, int Channels) Static(int type) => type switch
        {
            0 => ("PCMU", 8000, 1),
            3 => ("GSM", 8000, 1),
            4 => ("G723", 8000, 1),
            5 => ("DVI4", 8000, 1),
            6 => ("DVI4", 16000, 1),
            7 => ("LPC", 8000, 1),
            8 => ("PCMA", 8000, 1),
            9 => ("G722", 8000, 1),
            10 => ("L16", 44100, 2),
            11 => ("L16", 44100, 1),
            12 => ("QCELP", 8000, 1),
            13 => ("CN", 8000, 1),
            14 => ("MPA", 90000, 1),
            15 => ("G728", 8000, 1),
            18 => ("G729", 8000, 1),
            25 => ("CELB", 90000, 1),
            26 => ("JPEG", 90000, 1),
            28 => ("NV", 90000, 1),
            31 => ("H261", 90000, 1),
            32 => ("MPV", 90000, 1),
            33 => ("MP2T", 90000, 1),
            34 => ("H263", 90000, 1),
            _ => ("", 0, 1),
        };
    }
}
