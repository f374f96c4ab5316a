using System.Buffers.Binary;
using System.Globalization;

using Atalaya.Simulation;
using Atalaya.Testing;

namespace Atalaya.Node.Tests;

/// <summary>
/// What one make of camera says, written down: its replies as they came, its media packet by packet. The pictures are those of a clip that carries
/// their number, so that what was recorded can be read.
/// </summary>
/// <remarks>
/// A file begins with comments and <c>expect</c>, the numbers that must be in the recording. Then sections: a method and its reply (headers, an empty
/// line, a body; of several for one method each answers once, the last for ever), and <c>MEDIA</c>, a packet a line:
/// <c>channel timestamp marker payload</c>. Payloads: <c>sps</c>, <c>pps</c>, <c>slice N</c>; <c>fu N k/n</c>, its k-th of n fragments, with <c>+s</c>,
/// <c>+e</c>, <c>+r</c> setting a bit of its header and <c>-e</c> clearing it; <c>annexb N k/n</c>, parameter sets and picture behind start codes in fragments of one SPS;
/// <c>sr</c>, a sender report; <c>hex …</c>. <c>pictures A-B [channel] [@start]</c> stands for whole pictures as they should be. With <c>'</c> behind it a word means the second clip.
/// </remarks>
sealed class RecordedExchange
{
    const int TicksPerPicture = 3600;

    static readonly ClipRecipe First = new(Width: 320, Height: 180, Frames: 30, KeyInterval: 10), Second = First with { Width = 384, Height = 216 };

    readonly Dictionary<string, Queue<string>> _replies = new(StringComparer.Ordinal);
    readonly Queue<List<string>> _media = [];       // one for each connection
    readonly Pictures _first, _second;

    RecordedExchange(Pictures first, Pictures second)
    {
        _first = first;
        _second = second;
    }

    /// <summary>Numbers of the pictures that must be in the recording.</summary>
    public IReadOnlyList<int> Expected { get; private set; } = [];

    public static async Task<RecordedExchange> ReadAsync(string file)
    {
        var exchange = new RecordedExchange(new(Clip.Load(await Ffmpeg.ClipAsync(First))), new(Clip.Load(await Ffmpeg.ClipAsync(Second))));
        string? section = null;
        var lines = new List<string>();
        foreach (string line in (await File.ReadAllLinesAsync(file)).Append("END"))
        {
            if (line.StartsWith('#'))
                continue;
            if (line.StartsWith("expect ", StringComparison.Ordinal))
            {
                exchange.Expected = [.. Numbers(line[7..])];
                continue;
            }

            if (line is "END" or "OPTIONS" or "DESCRIBE" or "SETUP" or "PLAY" or "MEDIA")
            {
                exchange.Keep(section, lines);
                section = line;
                lines = [];
            }
            else
            {
                lines.Add(line);
            }
        }

        return exchange;
    }

    /// <summary>Says it all once, a connection for each <c>MEDIA</c>; whoever comes again afterwards is shut out.</summary>
    public ScriptedRtspServer Start()
    {
        ScriptedRtspServer? camera = null;
        var left = _replies.ToDictionary(r => r.Key, r => new Queue<string>(r.Value), StringComparer.Ordinal);
        int over = -1;      // the last connection that heard all it was to hear
        return camera = ScriptedRtspServer.Start(request =>
        {
            lock (left)
            {
                if (request.Connection <= over || _media.Count == 0)
                    return null;
                if (request.Method == "TEARDOWN")
                    return request.Reply();
                if (!left.TryGetValue(request.Method, out var replies))
                    return request.Method == "OPTIONS" ? request.Reply(headers: ["Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN"]) : request.Reply("501 Not Implemented");
                string text = replies.Count > 1 ? replies.Dequeue() : replies.Peek();
                string status = "200 OK";
                if (text.StartsWith("RTSP/1.0 ", StringComparison.Ordinal))
                {
                    status = text[9..text.IndexOf('\n')].Trim();
                    text = text[(text.IndexOf('\n') + 1)..];
                }

                text = text.Replace("{url}", camera!.Url, StringComparison.Ordinal).Replace("{host}", $"rtsp://127.0.0.1:{camera.Port}", StringComparison.Ordinal)
                    .Replace("{transport}", request["Transport"], StringComparison.Ordinal)
                    .Replace("{sprop}", $"{Convert.ToBase64String(_first.Sps)},{Convert.ToBase64String(_first.Pps)}", StringComparison.Ordinal);
                int end = text.IndexOf("\n\n", StringComparison.Ordinal);
                string[] headers = (end < 0 ? text : text[..end]).Split('\n', StringSplitOptions.RemoveEmptyEntries);
                string body = end < 0 ? "" : text[(end + 2)..].Replace("\n", "\r\n", StringComparison.Ordinal);
                bool plays = request.Method == "PLAY" && status[0] == '2';
                byte[] reply = request.Reply(status, headers, body, plays ? Media(_media.Dequeue()) : null);
                if (plays)
                {
                    over = request.Connection;
                    // Time to read it all.
                    _ = CloseAsync(camera);
                }

                return reply;
            }
        });

        static async Task CloseAsync(ScriptedRtspServer camera)
        {
            using var beat = new PeriodicTimer(TimeSpan.FromMilliseconds(700));
            await beat.WaitForNextTickAsync();
            camera.Close();
        }
    }

    void Keep(string? section, List<string> lines)
    {
        if (section == "MEDIA")
        {
            _media.Enqueue([.. lines.Where(l => l.Length > 0)]);
        }
        else if (section is not null)
        {
            if (!_replies.TryGetValue(section, out var replies))
                _replies[section] = replies = new();
            replies.Enqueue(string.Join('\n', lines).TrimEnd('\n') + "\n");
        }
    }

    byte[] Media(List<string> lines)
    {
        var bytes = new List<byte>();
        var sequences = new Dictionary<int, ushort>();
        void Send(int channel, uint time, bool marker, byte[] payload)
        {
            ushort sequence = sequences[channel] = (ushort)(sequences.GetValueOrDefault(channel) + 1);
            byte[] packet = new byte[12 + payload.Length];
            packet[0] = 0x80;
            packet[1] = (byte)(96 | (marker ? 0x80 : 0));
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), sequence);
            BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(4), time);
            BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(8), 0x1234);
            payload.CopyTo(packet, 12);
            bytes.AddRange(ScriptedRtspServer.Frame(channel, packet));
        }

        foreach (string line in lines)
        {
            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words[0].StartsWith("pictures", StringComparison.Ordinal))
            {
                var pictures = words[0].EndsWith('\'') ? _second : _first;
                int channel = words.Length > 2 && words[2][0] != '@' ? int.Parse(words[2], CultureInfo.InvariantCulture) : 0;
                uint begin = words[^1][0] == '@' ? uint.Parse(words[^1][1..], CultureInfo.InvariantCulture) : 0;
                foreach (int number in Numbers(words[1]))
                {
                    uint at = begin + (uint)(number * TicksPerPicture);
                    if (pictures.IsKey(number))
                    {
                        Send(channel, at, false, pictures.Sps);
                        Send(channel, at, false, pictures.Pps);
                    }

                    Send(channel, at, true, pictures.Slice(number));
                }

                continue;
            }

            int on = int.Parse(words[0], CultureInfo.InvariantCulture);
            uint time = uint.Parse(words[1], CultureInfo.InvariantCulture);
            bool marked = words[2] == "m";
            if (words[3] == "sr")
            {
                bytes.AddRange(ScriptedRtspServer.Frame(on, SenderReport(time)));
                continue;
            }

            Send(on, time, marked, Payload(words[3..]));
        }

        return [.. bytes];
    }

    byte[] Payload(string[] words)
    {
        var pictures = words[0].EndsWith('\'') ? _second : _first;
        switch (words[0].TrimEnd('\''))
        {
            case "sps":
                return pictures.Sps;
            case "pps":
                return pictures.Pps;
            case "slice":
                return pictures.Slice(int.Parse(words[1], CultureInfo.InvariantCulture));
            case "fu":
                return Fragment(pictures.Slice(int.Parse(words[1], CultureInfo.InvariantCulture)), words[2], words[3..]);
            case "annexb":
                byte[] start = [0, 0, 0, 1];
                return Fragment([.. pictures.Sps, .. start, .. pictures.Pps, .. start, .. pictures.Slice(int.Parse(words[1], CultureInfo.InvariantCulture))], words[2], words[3..]);
            case "hex":
                return Convert.FromHexString(string.Concat(words[1..]));
            default:
                throw new InvalidDataException($"'{words[0]}' is no payload.");
        }
    }

    /// <summary>RFC 6184, 5.8. Fragment 0 of n holds nothing.</summary>
    static byte[] Fragment(byte[] nal, string which, string[] bits)
    {
        int[] part = [.. which.Split('/').Select(p => int.Parse(p, CultureInfo.InvariantCulture))];
        int length = (nal.Length - 1 + part[1] - 1) / part[1], from = 1 + ((part[0] - 1) * length);
        byte[] content = part[0] == 0 ? [] : nal[from..Math.Min(nal.Length, from + length)];
        bool first = part[0] == 1, last = part[0] == part[1] && !bits.Contains("-e");
        byte header = (byte)((nal[0] & 0x1F) | (first || bits.Contains("+s") ? 0x80 : 0) | (last || bits.Contains("+e") ? 0x40 : 0) | (bits.Contains("+r") ? 0x20 : 0));
        return [(byte)((nal[0] & 0x60) | 28), header, .. content];
    }

    static byte[] SenderReport(uint time)
    {
        byte[] report = new byte[28];
        report[0] = 0x80;
        report[1] = 200;
        BinaryPrimitives.WriteUInt16BigEndian(report.AsSpan(2), 6);
        BinaryPrimitives.WriteUInt32BigEndian(report.AsSpan(4), 0x1234);
        BinaryPrimitives.WriteUInt32BigEndian(report.AsSpan(8), 0xE0000000);
        BinaryPrimitives.WriteUInt32BigEndian(report.AsSpan(16), time);
        return report;
    }

    static IEnumerable<int> Numbers(string text) => text.Split((char[])[' ', ','], StringSplitOptions.RemoveEmptyEntries).SelectMany(part =>
    {
        int[] ends = [.. part.Split('-').Select(e => int.Parse(e, CultureInfo.InvariantCulture))];
        return Enumerable.Range(ends[0], ends[^1] - ends[0] + 1);
    });

    /// <summary>A clip's parameter sets and pictures, as NAL units.</summary>
    sealed class Pictures
    {
        readonly IReadOnlyList<ClipUnit> _units;

        public Pictures(Clip clip)
        {
            _units = clip.Video!.Units;
            // avcC: five bytes, then counted and measured SPS, then PPS (ISO/IEC 14496-15, 5.3.3.1).
            var configuration = clip.Video.Format.Configuration.Span;
            int sps = BinaryPrimitives.ReadUInt16BigEndian(configuration[6..]);
            Sps = configuration.Slice(8, sps).ToArray();
            Pps = configuration.Slice(8 + sps + 3, BinaryPrimitives.ReadUInt16BigEndian(configuration[(8 + sps + 1)..])).ToArray();
        }

        public byte[] Sps { get; }
        public byte[] Pps { get; }

        public bool IsKey(int number) => _units[number].IsKey;

        /// <summary>The picture's only slice.</summary>
        public byte[] Slice(int number)
        {
            byte[] data = _units[number].Data.ToArray();
            for (int at = 0; at < data.Length;)
            {
                int length = BinaryPrimitives.ReadInt32BigEndian(data.AsSpan(at));
                if ((data[at + 4] & 0x1F) is 1 or 5)
                    return data[(at + 4)..(at + 4 + length)];
                at += 4 + length;
            }

            throw new InvalidDataException($"Picture {number} has no slice.");
        }
    }
}
