using System.Buffers.Binary;
using Atalaya.Media.Rtp;

namespace Atalaya.Media.H265;

/// <summary>
/// H.265 over RTP, RFC 7798: single NAL units, aggregation packets and fragmentation units, in decode order (without DONL fields). PACI packets are refused.
/// </summary>
/// <remarks>Key frames are IRAP pictures: BLA, IDR and CRA. Pictures that lead a CRA may refer to what came before it; a decoder that starts there skips them.</remarks>
public sealed class H265Depacketizer : VideoDepacketizer
{
    readonly H265ParameterSets _sets = new();
    H265Slice _slice;           // last classified
    int _formatPps = -1;

    /// <param name="parameterSets">What the session description gave, NAL units without start code.</param>
    public H265Depacketizer(BlockPool pool, IEnumerable<ReadOnlyMemory<byte>>? parameterSets = null)
        : base(pool)
    {
        foreach (var nal in parameterSets ?? [])
            Declare(nal.Span);
        TakeOverSets();
    }

    private protected override void Unpack(ReadOnlySpan<byte> payload)
    {
        if (payload.StartsWith((ReadOnlySpan<byte>)[0, 0, 0, 1]) && payload.Length > 6)
            payload = payload[4..];
        else if (payload.StartsWith((ReadOnlySpan<byte>)[0, 0, 1]) && payload.Length > 5)
            payload = payload[3..];     // read as a header it would be one without temporal id, which no NAL unit has
        if (payload.Length < 3)
        {
            Refuse();
            return;
        }

        switch ((payload[0] >> 1) & 63)
        {
            case < 48:
                Nal(payload);
                break;
            case 48:
                Aggregate(payload[2..]);
                break;
            case 49:
                Fragment(payload);
                break;
            default:
                Refuse();
                break;
        }
    }

    /// <summary>AP, 4.4.2.</summary>
    void Aggregate(ReadOnlySpan<byte> rest)
    {
        while (rest.Length > 2)
        {
            int length = BinaryPrimitives.ReadUInt16BigEndian(rest);
            rest = rest[2..];
            if (length > rest.Length)
            {
                Refuse();
                return;
            }

            // Padding at the end reads as units of no length.
            if (length > 0)
                Nal(rest[..length]);
            rest = rest[length..];
        }
    }

    /// <summary>FU, 4.4.3.</summary>
    void Fragment(ReadOnlySpan<byte> payload)
    {
        int type = payload[2] & 63;
        bool start = (payload[2] & 0x80) != 0, end = (payload[2] & 0x40) != 0;
        if (start)
            BeginFragments([(byte)((payload[0] & 0x81) | (type << 1)), payload[1]], payload[3..]);
        else
            ContinueFragments(payload[3..], slice: type < 32);
        if (end)
            EndFragments();
    }

    private protected override NalKind Peek(ReadOnlySpan<byte> nal)
    {
        if (nal.Length < 2 || (nal[0] & 0x80) != 0 || (nal[1] & 7) == 0)
            return NalKind.Invalid;
        bool base0 = (nal[0] & 1) == 0 && nal[1] >> 3 == 0;
        return ((nal[0] >> 1) & 63) switch
        {
            < 32 => NalKind.Slice,
            32 or 33 or 34 => base0 ? NalKind.ParameterSet : NalKind.Leading,
            35 => NalKind.Delimiter,
            39 or (>= 41 and <= 44) => NalKind.Leading,
            36 or 37 or 38 or 40 or (>= 45 and <= 47) => NalKind.Trailing,
            _ => NalKind.Invalid,
        };
    }

    private protected override NalKind Classify(ReadOnlySpan<byte> start, bool mayContinue)
    {
        var kind = Peek(start);
        if (kind != NalKind.Slice || (start[0] & 1) != 0 || start[1] >> 3 != 0)
            return kind;                    // slices of enhancement layers go with the base layer's
        if (!H265Slice.TryParse(start, _sets, out var slice))
            return NalKind.Invalid;
        _slice = slice;
        return slice.First ? NalKind.FirstSlice : NalKind.Slice;
    }

    private protected override bool SliceIsAtStart() => _slice.First;

    private protected override bool SliceIsKey() => _slice.NalType is >= 16 and <= 21;

    private protected override bool StaysKey() => true;

    private protected override bool InForce(ReadOnlySpan<byte> parameterSet) => _sets.Contains(parameterSet);

    private protected override bool TryAddParameterSet(ReadOnlySpan<byte> nal) => _sets.TryAdd(nal, out _);

    private protected override bool Replaces(ReadOnlySpan<byte> parameterSet, ReadOnlySpan<byte> other) =>
        ((parameterSet[0] ^ other[0]) & 0x7E) == 0 && H265ParameterSets.Id(parameterSet) == H265ParameterSets.Id(other);

    private protected override bool UsesOtherSets() => _formatPps != _slice.PpsId && SpsOf(_formatPps) != SpsOf(_slice.PpsId);

    private protected override (VideoFormat Format, int Depth, int MaxDepth)? MakeFormat(int reorderDepth, MediaTime frameDuration)
    {
        if (!_sets.TryCreateFormat(out var format, out _, _slice.PpsId, reorderDepth, frameDuration))
            return null;
        _formatPps = _slice.PpsId;
        var sps = SpsOf(_formatPps) ?? _sets.FirstSps;
        int depth = Math.Max(sps.ReorderDepth, reorderDepth);
        return (format, depth, Math.Max(depth, sps.MaxReorderDepth));
    }

    H265Sps? SpsOf(int ppsId) => _sets.TryGet(ppsId, out _, out var sps) ? sps : null;
}
