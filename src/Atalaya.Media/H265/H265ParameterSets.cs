using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using Atalaya.Media.H264;

namespace Atalaya.Media.H265;

/// <summary>What a stream has said of its coding so far: VPS, SPS and PPS by their ids, and the <see cref="VideoFormat"/> that follows from them.</summary>
/// <remarks>Not thread-safe: a depacketizer owns it. Sets of layers other than the base layer are none of ours.</remarks>
public sealed class H265ParameterSets
{
    // By id. Looked through at each packet with a set in it, which a sorted dictionary would allocate for.
    readonly Dictionary<int, (byte[] Nal, H265Vps Vps)> _vps = [];
    readonly Dictionary<int, (byte[] Nal, H265Sps Sps)> _sps = [];
    readonly Dictionary<int, (byte[] Nal, H265Pps Pps)> _pps = [];

    /// <summary>There is one of each kind.</summary>
    public bool IsComplete => _vps.Count > 0 && _sps.Count > 0 && _pps.Count > 0;

    public IEnumerable<ReadOnlyMemory<byte>> Vps => _vps.OrderBy(s => s.Key).Select(s => (ReadOnlyMemory<byte>)s.Value.Nal);
    public IEnumerable<ReadOnlyMemory<byte>> Sps => _sps.OrderBy(s => s.Key).Select(s => (ReadOnlyMemory<byte>)s.Value.Nal);
    public IEnumerable<ReadOnlyMemory<byte>> Pps => _pps.OrderBy(s => s.Key).Select(s => (ReadOnlyMemory<byte>)s.Value.Nal);

    internal H265Sps FirstSps => _sps.MinBy(s => s.Key).Value.Sps;

    /// <summary>From one VPS, SPS and PPS, NAL units without start code.</summary>
    public static bool TryCreate(
        ReadOnlySpan<byte> vps, ReadOnlySpan<byte> sps, ReadOnlySpan<byte> pps, [NotNullWhen(true)] out VideoFormat? format, out string fault)
    {
        format = null;
        var sets = new H265ParameterSets();
        return sets.TryAdd(vps, out fault) && sets.TryAdd(sps, out fault) && sets.TryAdd(pps, out fault) && sets.TryCreateFormat(out format, out fault);
    }

    /// <summary>From the payload of <c>hvcC</c>, which the format keeps byte for byte.</summary>
    public static bool TryCreate(ReadOnlyMemory<byte> hvcC, [NotNullWhen(true)] out VideoFormat? format, out string fault)
    {
        format = null;
        if (!TryRead(hvcC.Span, out var sets, out fault) || !sets.TryCreateFormat(out var parsed, out fault))
            return false;
        format = new(Codec.H265, hvcC, parsed.CodecString, parsed.Width, parsed.Height, parsed.ReorderDelay, parsed.FrameDuration);
        return true;
    }

    /// <summary>The parameter sets of an <c>hvcC</c> payload; SEI messages that it may hold too are passed over.</summary>
    public static bool TryRead(ReadOnlySpan<byte> hvcC, [NotNullWhen(true)] out H265ParameterSets? sets, out string fault)
    {
        sets = null;
        fault = $"The hvcC of {hvcC.Length} bytes ends too early.";
        if (hvcC.Length < 23)
            return false;
        if (hvcC[0] != 1 || (hvcC[21] & 3) != 3)
        {
            fault = $"The hvcC has version {hvcC[0]} and NAL unit lengths of {(hvcC[21] & 3) + 1} bytes; version 1 with 4 bytes is supported.";
            return false;
        }

        var read = new H265ParameterSets();
        int at = 23;
        for (int array = 0; array < hvcC[22]; array++)
        {
            if (hvcC.Length - at < 3)
                return false;
            int type = hvcC[at] & 63, count = BinaryPrimitives.ReadUInt16BigEndian(hvcC[(at + 1)..]);
            at += 3;
            for (int i = 0; i < count; i++)
            {
                if (hvcC.Length - at < 2)
                    return false;
                int length = BinaryPrimitives.ReadUInt16BigEndian(hvcC[at..]);
                at += 2;
                if (length > hvcC.Length - at)
                    return false;
                if (type is 32 or 33 or 34 && !read.TryAdd(hvcC.Slice(at, length), out string why))
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

    /// <summary>Adds a VPS, SPS or PPS, or replaces the one with its id.</summary>
    /// <param name="nal">With header bytes, without start code; trailing zeros and start codes that cameras append are cut off.</param>
    public bool TryAdd(ReadOnlySpan<byte> nal, out string fault)
    {
        nal = H264ParameterSets.TrimTrailing(nal);
        if (nal.Length is < 2 or > H264ParameterSets.MaxSetBytes)
        {
            fault = $"A parameter set has {nal.Length} bytes; 2 to {H264ParameterSets.MaxSetBytes} make sense.";
            return false;
        }

        switch ((nal[0] >> 1) & 63)
        {
            case 32:
                if (!H265Vps.TryParse(nal, out var vps, out fault))
                    return false;
                _vps[vps.Id] = (nal.ToArray(), vps);
                return true;
            case 33:
                if (!H265Sps.TryParse(nal, out var sps, out fault))
                    return false;
                _sps[sps.Id] = (nal.ToArray(), sps);
                return true;
            default:
                if (!H265Pps.TryParse(nal, out var pps, out fault))
                    return false;
                _pps[pps.Id] = (nal.ToArray(), pps);
                return true;
        }
    }

    /// <summary>This very set, byte for byte, is in force.</summary>
    public bool Contains(ReadOnlySpan<byte> nal)
    {
        nal = H264ParameterSets.TrimTrailing(nal);
        if (nal.Length < 2)
            return false;
        switch ((nal[0] >> 1) & 63)
        {
            case 32:
                foreach (var (bytes, _) in _vps.Values)
                {
                    if (nal.SequenceEqual(bytes))
                        return true;
                }

                break;
            case 33:
                foreach (var (bytes, _) in _sps.Values)
                {
                    if (nal.SequenceEqual(bytes))
                        return true;
                }

                break;
            case 34:
                foreach (var (bytes, _) in _pps.Values)
                {
                    if (nal.SequenceEqual(bytes))
                        return true;
                }

                break;
        }

        return false;
    }

    /// <summary>The id of a parameter set, −1 if it can't be read.</summary>
    internal static int Id(ReadOnlySpan<byte> nal)
    {
        switch (nal.Length < 3 ? 0 : (nal[0] >> 1) & 63)
        {
            case 32:
                return nal[2] >> 4;
            case 33:
                var sps = new BitReader(nal[2..], escaped: true);
                sps.Bits(4);
                int subLayers = (int)sps.Bits(3);
                sps.Bits(1);
                H265Profile.Read(ref sps, subLayers);
                int id = sps.Unsigned(15);
                return sps.Failed ? -1 : id;
            case 34:
                var pps = new BitReader(nal[2..], escaped: true);
                id = pps.Unsigned(63);
                return pps.Failed ? -1 : id;
            default:
                return -1;
        }
    }

    /// <summary>The sets that a slice refers to.</summary>
    public bool TryGet(int ppsId, [NotNullWhen(true)] out H265Pps? pps, [NotNullWhen(true)] out H265Sps? sps)
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
            fault = $"There is no {(_sps.Count == 0 ? "sequence" : _pps.Count == 0 ? "picture" : "video")} parameter set.";
            return false;
        }

        fault = "";
        if (ppsId is not { } id || !TryGet(id, out var pps, out var sps))
        {
            sps = FirstSps;
            pps = _pps.MinBy(s => s.Key).Value.Pps;
        }

        var vps = _vps.TryGetValue(sps.VpsId, out var v) ? v.Vps : _vps.MinBy(s => s.Key).Value.Vps;
        var declared = sps.FrameDuration > MediaTime.Zero ? sps.FrameDuration : vps.FrameDuration;
        int depth = Math.Max(sps.ReorderDepth, reorderDepth);
        var duration = declared > MediaTime.Zero ? declared : frameDuration;
        format = new(
            Codec.H265, WriteConfiguration(vps, sps, pps), $"hvc1.{sps.Profile}", sps.Width, sps.Height, DecodeClock.DelayFor(depth, duration), duration);
        return true;
    }

    /// <summary>ISO/IEC 14496-15 8.3.3.1.2.</summary>
    byte[] WriteConfiguration(H265Vps vps, H265Sps sps, H265Pps pps)
    {
        int size = 23 + 9 + _vps.Values.Sum(s => 2 + s.Nal.Length) + _sps.Values.Sum(s => 2 + s.Nal.Length) + _pps.Values.Sum(s => 2 + s.Nal.Length);
        var bytes = new byte[size];
        var profile = sps.Profile;
        bytes[0] = 1;
        bytes[1] = (byte)((profile.Space << 6) | (profile.HighTier ? 0x20 : 0) | profile.Idc);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(2), profile.Compatibility);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(6), (ushort)(profile.Constraints >> 32));
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(8), (uint)profile.Constraints);
        bytes[12] = (byte)profile.LevelIdc;
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(13), (ushort)(0xF000 | sps.MinSpatialSegmentation));
        // parallelismType: 0 mixed or unknown, 1 slices, 2 tiles, 3 wavefronts. Without a promise of segmentation it means nothing.
        int parallelism = sps.MinSpatialSegmentation == 0 || (pps.Tiles && pps.EntropySync) ? 0 : pps.EntropySync ? 3 : pps.Tiles ? 2 : 1;
        bytes[15] = (byte)(0xFC | parallelism);
        bytes[16] = (byte)(0xFC | sps.ChromaFormat);
        bytes[17] = (byte)(0xF8 | (sps.BitDepthLuma - 8));
        bytes[18] = (byte)(0xF8 | (sps.BitDepthChroma - 8));
        int layers = Math.Max(sps.TemporalLayers, vps.TemporalLayers);
        bytes[21] = (byte)((layers << 3) | (sps.TemporalIdNesting ? 4 : 0) | 3);    // average and constant frame rate unknown; lengths of 4 bytes
        bytes[22] = 3;
        int at = WriteArray(bytes, 23, 32, _vps.Count, Vps);
        at = WriteArray(bytes, at, 33, _sps.Count, Sps);
        WriteArray(bytes, at, 34, _pps.Count, Pps);
        return bytes;

        static int WriteArray(byte[] to, int at, int type, int count, IEnumerable<ReadOnlyMemory<byte>> nals)
        {
            to[at] = (byte)(0x80 | type);           // complete: hvc1 has all of them here
            BinaryPrimitives.WriteUInt16BigEndian(to.AsSpan(at + 1), (ushort)count);
            at += 3;
            foreach (var nal in nals)
            {
                BinaryPrimitives.WriteUInt16BigEndian(to.AsSpan(at), (ushort)nal.Length);
                nal.CopyTo(to.AsMemory(at + 2));
                at += 2 + nal.Length;
            }

            return at;
        }
    }
}
