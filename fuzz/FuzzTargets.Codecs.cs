using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Atalaya.Media;
using Atalaya.Media.Audio;
using Atalaya.Media.H264;
using Atalaya.Media.H265;
using Atalaya.Media.Rtp;

namespace Atalaya.Fuzz;

public static partial class FuzzTargets
{
    const string Sps264 = "Z0LAHtkDxWhAAAADAEAAAAwDxYuS", Pps264 = "aMuMsg==";
    const string Vps265 = "QAEMAf//AWAAAAMAsAAAAwAAAwBarAwAAAMABAAAAwAyqA==", Sps265 = "QgEBAWAAAAMAsAAAAwAAAwBaoAWCAeFja5JFL83BQYFBAAADAAEAAAMADKE=", Pps265 = "RAHA8saNA7NA";

    public static void H264ParameterSet(ReadOnlySpan<byte> input)
    {
        H264ParameterSets.TryCreate(input, Convert.FromBase64String(Pps264), out _, out _);
        H264ParameterSets.TryCreate(Convert.FromBase64String(Sps264), input, out _, out _);
    }

    static IEnumerable<byte[]> H264ParameterSetSeeds() => [.. GoSeeds("h264", "FuzzSPSUnmarshal"), Convert.FromBase64String(Sps264), Convert.FromBase64String(Pps264)];

    public static void AvcC(ReadOnlySpan<byte> input) => H264ParameterSets.TryCreate(input.ToArray(), out _, out _);

    static IEnumerable<byte[]> AvcCSeeds() =>
        [H264ParameterSets.TryCreate(Convert.FromBase64String(Sps264), Convert.FromBase64String(Pps264), out var format, out _) ? format.Configuration.ToArray() : []];

    public static void H265ParameterSet(ReadOnlySpan<byte> input)
    {
        byte[] vps = Convert.FromBase64String(Vps265), sps = Convert.FromBase64String(Sps265), pps = Convert.FromBase64String(Pps265);
        H265ParameterSets.TryCreate(input, sps, pps, out _, out _);
        H265ParameterSets.TryCreate(vps, input, pps, out _, out _);
        H265ParameterSets.TryCreate(vps, sps, input, out _, out _);
    }

    static IEnumerable<byte[]> H265ParameterSetSeeds() =>
    [
        .. GoSeeds("h265", "FuzzSPSUnmarshal"), .. GoSeeds("h265", "FuzzPPSUnmarshal"),
        Convert.FromBase64String(Vps265), Convert.FromBase64String(Sps265), Convert.FromBase64String(Pps265),
    ];

    public static void HvcC(ReadOnlySpan<byte> input) => H265ParameterSets.TryCreate(input.ToArray(), out _, out _);

    static IEnumerable<byte[]> HvcCSeeds() =>
    [
        H265ParameterSets.TryCreate(Convert.FromBase64String(Vps265), Convert.FromBase64String(Sps265), Convert.FromBase64String(Pps265), out var format, out _)
            ? format.Configuration.ToArray() : [],
    ];

    public static void AudioConfig(ReadOnlySpan<byte> input) => AudioSpecificConfig.TryCreate(input.ToArray(), out _, out _);

    static IEnumerable<byte[]> AudioConfigSeeds() => [.. GoSeeds("mpeg4audio", "FuzzAudioSpecificConfigUnmarshal"), [0x11, 0x90], [0x2B, 0x92, 0x08, 0]];

    [Seeds("h264", "*.264")]
    public static void AnnexB264(ReadOnlySpan<byte> input) => AnnexB.TryReadUnits(input, Codec.H264, out _, out _);

    static IEnumerable<byte[]> AnnexB264Seeds() => [.. GoSeeds("h264", "FuzzAnnexBUnmarshal"), .. GoSeeds("h264", "FuzzDTSExtractor")];

    [Seeds("h265", "*.265")]
    public static void AnnexB265(ReadOnlySpan<byte> input) => AnnexB.TryReadUnits(input, Codec.H265, out _, out _);

    static IEnumerable<byte[]> AnnexB265Seeds() => [.. GoSeeds("h265", "FuzzDTSExtractor")];

    public static void H264Packets(ReadOnlySpan<byte> input)
    {
        using var depacketizer = new H264Depacketizer(new BlockPool(), [Convert.FromBase64String(Sps264), Convert.FromBase64String(Pps264)]);
        Play(depacketizer, input, isVideo: true);
    }

    static IEnumerable<byte[]> H264PacketsSeeds() =>
    [
        Script([0x67, 0x42, 0xC0, 0x1E], [0x18, 0, 4, 0x67, 0x42, 0xC0, 0x1E, 0, 2, 0x68, 0xCB], [0x65, 0x88, 0x80, 1, 2, 3, 4, 5], [0x41, 0x9A, 1, 2, 3]),
        Script([0x7C, 0x85, 0x88, 0x80, 1, 2, 3], [0x7C, 0x05, 4, 5, 6], [0x7C, 0x45, 7, 8], [0x5C, 0x81, 0x9A, 1], [0x5C, 0x41, 2, 3]),
        Script([0x06, 6, 1, 0xC0, 0x80], [0, 0, 0, 1, 0x65, 0x88, 0x80, 0, 0, 1, 0x41, 0x9A, 2]),
    ];

    public static void H265Packets(ReadOnlySpan<byte> input)
    {
        using var depacketizer = new H265Depacketizer(
            new BlockPool(), [Convert.FromBase64String(Vps265), Convert.FromBase64String(Sps265), Convert.FromBase64String(Pps265)]);
        Play(depacketizer, input, isVideo: true);
    }

    static IEnumerable<byte[]> H265PacketsSeeds() =>
    [
        Script([0x26, 1, 0xAF, 1, 2, 3], [0x02, 1, 0xD0, 1, 2], [0x60, 1, 0, 3, 0x40, 1, 0x0C, 0, 3, 0x42, 1, 1, 0, 0]),
        Script([0x62, 1, 0x93, 0xAF, 1, 2], [0x62, 1, 0x13, 3, 4], [0x62, 1, 0x53, 5, 6], [0x4E, 1, 5, 6, 7], [0x02, 1, 0xD0, 1, 2]),
    ];

    public static void AacPackets(ReadOnlySpan<byte> input)
    {
        var layout = input.Length > 0 && (input[0] & 1) != 0 ? AacHeaderLayout.Lbr : AacHeaderLayout.Hbr;
        if (input.Length > 0 && (input[0] & 2) != 0)
            layout = layout with { CtsDeltaLength = 7, DtsDeltaLength = 5, RandomAccess = true, StreamState = 3, AuxiliarySizeLength = 8 };
        if (!AacDepacketizer.TryCreate(new BlockPool(), new byte[] { 0x11, 0x90 }, 48_000, layout, out var depacketizer, out _))
            return;
        using (depacketizer)
            Play(depacketizer, input, isVideo: false);
    }

    static IEnumerable<byte[]> AacPacketsSeeds() =>
    [
        Script([0, 16, 0, 32, 1, 2, 3, 4], [0, 32, 0, 16, 0, 24, 1, 2, 3, 4, 5]),
        Script([0, 16, 0, 80, 1, 2, 3, 4, 5], [0, 16, 0, 80, 6, 7, 8, 9, 10]),
    ];

    public static void PcmPackets(ReadOnlySpan<byte> input)
    {
        using var depacketizer = new PcmDepacketizer(new BlockPool(), Codec.L16, 44_100, 2);
        Play(depacketizer, input, isVideo: false);
    }

    static IEnumerable<byte[]> PcmPacketsSeeds() => [Script([1, 2, 3, 4, 5, 6, 7, 8], [1, 2, 3])];

    /// <summary>As <see cref="Play"/> reads it: every packet a little later than the one before, the marker on the last.</summary>
    static byte[] Script(params byte[][] payloads)
    {
        var script = new List<byte>();
        for (int i = 0; i < payloads.Length; i++)
        {
            script.Add((byte)(i == payloads.Length - 1 ? 0x81 : 0x80));
            script.Add((byte)payloads[i].Length);
            script.AddRange(payloads[i]);
        }

        return [.. script];
    }

    /// <summary>
    /// Runs a script of packets: a byte of flags (1 marker, 2 the timestamp steps on, 4 it steps back, 8 packets were lost, 16 a large step),
    /// the payload's length, the payload. What comes out must hold what access units promise.
    /// </summary>
    static void Play(Depacketizer depacketizer, ReadOnlySpan<byte> script, bool isVideo)
    {
        long at = 0, lastDecode = long.MinValue;
        var packet = new byte[12 + 255];
        while (script.Length >= 2)
        {
            int flags = script[0], length = Math.Min(script[1], script.Length - 2);
            script[2..][..length].CopyTo(packet.AsSpan(12));
            script = script[(2 + length)..];
            at += ((flags & 2) != 0 ? 3600 : 0) - ((flags & 4) != 0 ? 9000 : 0) + ((flags & 16) != 0 ? 100_000_000 : 0);
            packet[0] = 0x80;
            packet[1] = (byte)(96 | ((flags & 1) != 0 ? 0x80 : 0));
            if ((flags & 8) != 0)
                depacketizer.Lost(1);
            if (!Media.Rtp.RtpPacket.TryParse(packet.AsSpan(0, 12 + length), out var parsed, out _))
                continue;
            depacketizer.Push(parsed, new(new(at), default, default));
            while (depacketizer.TryPull(out var unit))
            {
                Check(unit, isVideo, ref lastDecode);
                unit.Release();
            }
        }
    }

    static void Check(AccessUnit unit, bool isVideo, ref long lastDecode)
    {
        if (unit.Decode.Ticks <= lastDecode || unit.Decode > unit.Presentation)
            throw new InvalidOperationException($"Decode {unit.Decode.Ticks} after {lastDecode}, presentation {unit.Presentation.Ticks}.");
        lastDecode = unit.Decode.Ticks;
        var rest = unit.Data.Span;
        if (rest.IsEmpty)
            throw new InvalidOperationException("An empty unit.");
        while (isVideo && !rest.IsEmpty)
        {
            int length = rest.Length < 4 ? -1 : BinaryPrimitives.ReadInt32BigEndian(rest);
            if (length < 1 || length > rest.Length - 4)
                throw new InvalidOperationException($"A NAL unit of {length} bytes where {rest.Length} are left.");
            rest = rest[(4 + length)..];
        }
    }

    /// <summary>Byte strings of a corpus in the form <c>go test fuzz v1</c>.</summary>
    internal static IEnumerable<byte[]> GoSeeds(string codec, string target)
    {
        if (FuzzTarget.DataFolder() is not { } data)
            yield break;
        string folder = Path.Combine(data, "fuzz", "bluenviron+mediacommon", "pkg", "codecs", codec, "testdata", "fuzz", target);
        if (!Directory.Exists(folder))
            yield break;
        foreach (string file in Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal))
        {
            foreach (string line in File.ReadAllLines(file))
            {
                if (line.StartsWith("[]byte(\"", StringComparison.Ordinal) && line.EndsWith("\")", StringComparison.Ordinal))
                    yield return GoBytes(line.AsSpan(8, line.Length - 10));
            }
        }
    }

    static byte[] GoBytes(ReadOnlySpan<char> literal)
    {
        var bytes = new List<byte>();
        for (int i = 0; i < literal.Length; i++)
        {
            if (literal[i] != '\\' || i + 1 == literal.Length)
            {
                bytes.AddRange(Encoding.UTF8.GetBytes([literal[i]]));
                continue;
            }

            char escape = literal[++i];
            int digits = escape switch { 'x' => 2, 'u' => 4, 'U' => 8, _ => 0 };
            if (digits > 0 && i + digits < literal.Length && int.TryParse(literal.Slice(i + 1, digits), NumberStyles.HexNumber, null, out int code))
            {
                if (escape == 'x')
                    bytes.Add((byte)code);
                else
                    bytes.AddRange(Encoding.UTF8.GetBytes(char.ConvertFromUtf32(code is >= 0 and < 0x110000 and not (>= 0xD800 and < 0xE000) ? code : '?')));
                i += digits;
                continue;
            }

            bytes.Add(escape switch { 'a' => 7, 'b' => 8, 'f' => 12, 'n' => 10, 'r' => 13, 't' => 9, 'v' => 11, _ => (byte)escape });
        }

        return [.. bytes];
    }
}
