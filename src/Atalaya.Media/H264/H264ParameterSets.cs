using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace Atalaya.Media.H264;

/// <summary>What a stream has said of its coding so far: SPS and PPS by their ids, and the <see cref="VideoFormat"/> that follows from them.</summary>
/// <remarks>Not thread-safe: a depacketizer owns it.</remarks>
public sealed class H264ParameterSets
{
    /// <summary>A set is tens of bytes, with scaling lists some hundreds (bytes).</summary>
    internal const int MaxSetBytes = 4096;

    /// <summary>avcC counts SPS in five bits; of the 256 PPS ids no stream uses more.</summary>
    internal const int MaxSps = 31, MaxPps = 64;

    // By id. Looked through at each packet with a set in it, which a sorted dictionary would allocate for.
    readonly Dictionary<int, (byte[] Nal, H264Sps Sps)> _sps = [];
    readonly Dictionary<int, (byte[] Nal, H264Pps Pps)> _pps = [];

    /// <summary>There is one of each kind.</summary>
    public bool IsComplete => _sps.Count > 0 && _pps.Count > 0;

    internal H264Sps FirstSps => _sps.MinBy(s => s.Key).Value.Sps;

    /// <summary>The SPS NAL units, by id.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> Sps => _sps.OrderBy(s => s.Key).Select(s => (ReadOnlyMemory<byte>)s.Value.Nal);

    /// <summary>The PPS NAL units, by id.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> Pps => _pps.OrderBy(s => s.Key).Select(s => (ReadOnlyMemory<byte>)s.Value.Nal);

    /// <summary>From one SPS and one PPS, NAL units without start code.</summary>
    public static bool TryCreate(ReadOnlySpan<byte> sps, ReadOnlySpan<byte> pps, [NotNullWhen(true)] out VideoFormat? format, out string fault)
    {
        format = null;
        var sets = new H264ParameterSets();
        return sets.TryAdd(sps, out fault) && sets.TryAdd(pps, out fault) && sets.TryCreateFormat(out format, out fault);
    }

    /// <summary>From the payload of <c>avcC</c>, which the format keeps byte for byte.</summary>
    public static bool TryCreate(ReadOnlyMemory<byte> avcC, [NotNullWhen(true)] out VideoFormat? format, out string fault)
    {
        format = null;
        if (!TryRead(avcC.Span, out var sets, out fault) || !sets.TryCreateFormat(out var parsed, out fault))
            return false;
        format = new(Codec.H264, avcC, parsed.CodecString, parsed.Width, parsed.Height, parsed.ReorderDelay, parsed.FrameDuration);
        return true;
    }

    /// <summary>The parameter sets of an <c>avcC</c> payload.</summary>
    public static bool TryRead(ReadOnlySpan<byte> avcC, [NotNullWhen(true)] out H264ParameterSets? sets, out string fault)
    {
        sets = null;
        fault = $"The avcC of {avcC.Length} bytes ends too early.";
        if (avcC.Length < 7)
            return false;
        if (avcC[0] != 1 || (avcC[4] & 3) != 3)
        {
            fault = $"The avcC has version {avcC[0]} and NAL unit lengths of {(avcC[4] & 3) + 1} bytes; version 1 with 4 bytes is supported.";
            return false;
        }

        var read = new H264ParameterSets();
        int at = 5;
        for (int kind = 0; kind < 2; kind++)
        {
            if (at >= avcC.Length)
                return false;
            int count = kind == 0 ? avcC[at] & 31 : avcC[at];
            at++;
            for (int i = 0; i < count; i++)
            {
                if (avcC.Length - at < 2)
                    return false;
                int length = BinaryPrimitives.ReadUInt16BigEndian(avcC[at..]);
                at += 2;
                if (length > avcC.Length - at)
                    return false;
                if (!read.TryAdd(avcC.Slice(at, length), out string why))
                {
                    fault = why;
                    return false;
                }

                at += length;
            }
        }

        fault = "";
        sets = read;
        return true;
    }

    /// <summary>Adds an SPS or PPS, or replaces the one with its id.</summary>
    /// <param name="nal">With header byte, without start code; trailing zeros and start codes that cameras append are cut off.</param>
    public bool TryAdd(ReadOnlySpan<byte> nal, out string fault)
    {
        nal = TrimTrailing(nal);
        if (nal.Length is 0 or > MaxSetBytes)
        {
            fault = $"A parameter set has {nal.Length} bytes; 1 to {MaxSetBytes} make sense.";
            return false;
        }

        if ((nal[0] & 31) == 7)
        {
            if (!H264Sps.TryParse(nal, out var sps, out fault))
                return false;
            if (_sps.Count == MaxSps && !_sps.ContainsKey(sps.Id))
            {
                fault = $"The stream has more than {MaxSps} sequence parameter sets.";
                return false;
            }

            _sps[sps.Id] = (nal.ToArray(), sps);
            return true;
        }

        if (!H264Pps.TryParse(nal, out var pps, out fault))
            return false;
        if (_pps.Count == MaxPps && !_pps.ContainsKey(pps.Id))
        {
            fault = $"The stream has more than {MaxPps} picture parameter sets.";
            return false;
        }

        _pps[pps.Id] = (nal.ToArray(), pps);
        return true;
    }

    /// <summary>This very set, byte for byte, is in force.</summary>
    public bool Contains(ReadOnlySpan<byte> nal)
    {
        nal = TrimTrailing(nal);
        if (nal.Length < 2)
            return false;
        if ((nal[0] & 31) == 7)
        {
            foreach (var (bytes, _) in _sps.Values)
            {
                if (nal.SequenceEqual(bytes))
                    return true;
            }
        }
        else
        {
            foreach (var (bytes, _) in _pps.Values)
            {
                if (nal.SequenceEqual(bytes))
                    return true;
            }
        }

        return false;
    }

    /// <summary>The sets that a slice refers to.</summary>
    public bool TryGet(int ppsId, [NotNullWhen(true)] out H264Pps? pps, [NotNullWhen(true)] out H264Sps? sps)
    {
        sps = null;
        pps = null;
        if (!_pps.TryGetValue(ppsId, out var p))
            return false;
        pps = p.Pps;
        if (!_sps.TryGetValue(pps.SpsId, out var s))
            return false;
        sps = s.Sps;
        return true;
    }

    /// <param name="ppsId">Which PPS the picture refers to; of its SPS are size and profile. Null or unknown: the first SPS.</param>
    /// <param name="reorderDepth">What was learned of the stream; the larger of this and what it declares counts (pictures).</param>
    /// <param name="frameDuration">What was learned of the stream: counts where it declares nothing.</param>
    public bool TryCreateFormat(
        [NotNullWhen(true)] out VideoFormat? format, out string fault, int? ppsId = null, int reorderDepth = 0, MediaTime frameDuration = default)
    {
        format = null;
        if (!IsComplete)
        {
            fault = _sps.Count == 0 ? "There is no sequence parameter set." : "There is no picture parameter set.";
            return false;
        }

        fault = "";
        if (ppsId is not { } id || !TryGet(id, out _, out var sps))
            sps = _sps.MinBy(s => s.Key).Value.Sps;
        int depth = Math.Max(sps.ReorderDepth ?? 0, reorderDepth);
        var duration = sps.FrameDuration > MediaTime.Zero ? sps.FrameDuration : frameDuration;
        format = new(
            Codec.H264,
            WriteConfiguration(sps),
            $"avc1.{sps.ProfileIdc:X2}{sps.Constraints:X2}{sps.LevelIdc:X2}",
            sps.Width,
            sps.Height,
            DecodeClock.DelayFor(depth, duration),
            duration);
        return true;
    }

    /// <summary>ISO/IEC 14496-15 5.3.3.1.2.</summary>
    byte[] WriteConfiguration(H264Sps active)
    {
        int size = 7 + _sps.Values.Sum(s => 2 + s.Nal.Length) + _pps.Values.Sum(p => 2 + p.Nal.Length) + (active.HasChromaFields ? 4 : 0);
        var bytes = new byte[size];
        bytes[0] = 1;
        bytes[1] = (byte)active.ProfileIdc;
        bytes[2] = active.Constraints;
        bytes[3] = (byte)active.LevelIdc;
        bytes[4] = 0xFF;                                // lengths of four bytes
        bytes[5] = (byte)(0xE0 | _sps.Count);
        int at = 6;
        foreach (var nal in Sps)
            at = Write(bytes, at, nal.Span);
        bytes[at++] = (byte)_pps.Count;
        foreach (var nal in Pps)
            at = Write(bytes, at, nal.Span);
        if (active.HasChromaFields)
        {
            bytes[at++] = (byte)(0xFC | active.ChromaFormat);
            bytes[at++] = (byte)(0xF8 | (active.BitDepthLuma - 8));
            bytes[at++] = (byte)(0xF8 | (active.BitDepthChroma - 8));
            bytes[at] = 0;                              // no SPS extensions
        }

        return bytes;

        static int Write(byte[] to, int at, ReadOnlySpan<byte> nal)
        {
            BinaryPrimitives.WriteUInt16BigEndian(to.AsSpan(at), (ushort)nal.Length);
            nal.CopyTo(to.AsSpan(at + 2));
            return at + 2 + nal.Length;
        }
    }

    /// <summary>A parameter set ends with its stop bit: zeros, and start codes behind them (Foscam), aren't part of it.</summary>
    internal static ReadOnlySpan<byte> TrimTrailing(ReadOnlySpan<byte> nal)
    {
        if (nal.EndsWith((ReadOnlySpan<byte>)[0, 0, 1]))
            nal = nal[..^3];
        return nal.TrimEnd((byte)0);
    }
}
