using System.Buffers.Binary;
using Atalaya.Media.Rtp;

namespace Atalaya.Media.H264;

/// <summary>
/// H.264 over RTP, RFC 6184: single NAL units, STAP-A and FU-A, that is packetization modes 0 and 1. Interleaving (STAP-B, MTAP, FU-B) is refused.
/// </summary>
/// <remarks>
/// Key frames are IDR pictures. A stream without them (open groups of pictures, intra refresh) has recovery points (D.2.8) instead: a picture of
/// I slices alone with a recovery point of zero frames counts as key where no IDR came for <see cref="IdrPatience"/>, and any recovery point
/// where nothing else came for <see cref="KeyPatience"/>; pictures may then show damage until the refresh is through.
/// </remarks>
public sealed class H264Depacketizer : VideoDepacketizer
{
    /// <summary>A group of pictures of a camera seldom lasts longer (ticks).</summary>
    static readonly MediaTime IdrPatience = new(4 * MediaTime.TicksPerSecond), KeyPatience = new(12 * MediaTime.TicksPerSecond);

    readonly H264ParameterSets _sets = new();
    H264Slice _slice;           // last classified
    H264Slice _first;           // of the same picture
    int? _recovery;             // recovery_frame_cnt of an SEI that waits for its picture
    bool _keyIfIntra;           // the open picture counts as key as long as all its slices are intra
    MediaTime? _lastIdr, _lastKey;
    MediaTime? _start;          // of the first slice
    int _formatPps = -1;

    /// <param name="parameterSets">What the session description gave, NAL units without start code.</param>
    public H264Depacketizer(BlockPool pool, IEnumerable<ReadOnlyMemory<byte>>? parameterSets = null)
        : base(pool)
    {
        foreach (var nal in parameterSets ?? [])
            Declare(nal.Span);
        TakeOverSets();
    }

    private protected override void Unpack(ReadOnlySpan<byte> payload)
    {
        int type = payload[0] & 31;
        switch (type)
        {
            case 0 when payload.StartsWith((ReadOnlySpan<byte>)[0, 0, 0, 1]):
                Nal(payload[4..]);
                break;
            case 0 when payload.StartsWith((ReadOnlySpan<byte>)[0, 0, 1]):
                Nal(payload[3..]);
                break;
            case >= 1 and <= 23:
                Nal(payload);
                break;
            case 24:
                Aggregate(payload[1..]);
                break;
            case 28:
                Fragment(payload);
                break;
            default:
                Refuse();
                break;
        }
    }

    /// <summary>STAP-A, 5.7.1.</summary>
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

    /// <summary>FU-A, 5.8.</summary>
    void Fragment(ReadOnlySpan<byte> payload)
    {
        if (payload.Length < 2)
        {
            Refuse();
            return;
        }

        int type = payload[1] & 31;
        bool start = (payload[1] & 0x80) != 0, end = (payload[1] & 0x40) != 0;
        if (start)
            BeginFragments([(byte)((payload[0] & 0xE0) | type)], payload[2..]);
        else
            ContinueFragments(payload[2..], slice: type is >= 1 and <= 5);
        if (end)
            EndFragments();
    }

    private protected override NalKind Peek(ReadOnlySpan<byte> nal) => (nal[0] & 0x80) != 0
        ? NalKind.Invalid
        : (nal[0] & 31) switch
        {
            >= 1 and <= 5 => NalKind.Slice,
            7 or 8 => NalKind.ParameterSet,
            9 => NalKind.Delimiter,
            6 or 13 or 14 or 15 or 16 or 17 or 18 => NalKind.Leading,
            10 or 11 or 12 or 19 or (>= 20 and <= 23) => NalKind.Trailing,
            _ => NalKind.Invalid,
        };

    private protected override NalKind Classify(ReadOnlySpan<byte> start, bool mayContinue)
    {
        var kind = Peek(start);
        // Data partitions B and C (3, 4) go with the A before them; their headers are others.
        if (kind != NalKind.Slice || (start[0] & 31) is 3 or 4)
            return kind;
        if (!H264Slice.TryParse(start, _sets, out var slice))
            return NalKind.Invalid;
        bool begins = mayContinue ? slice.StartsPicture(_first, _slice) : slice.FirstMacroblock == 0;
        if (begins || !mayContinue)
            _first = slice;
        _slice = slice;
        return begins ? NalKind.FirstSlice : NalKind.Slice;
    }

    private protected override bool SliceIsAtStart() => _slice.FirstMacroblock == 0;

    private protected override bool SliceIsKey()
    {
        int? recovery = _recovery;
        _recovery = null;
        _keyIfIntra = false;
        _start ??= Now;
        if (_slice.IsIdr)
        {
            _lastIdr = _lastKey = Now;
            return true;
        }

        if (recovery is null)
            return false;
        bool key = Now - (_lastKey ?? _start.Value) >= KeyPatience;
        if (!key && recovery == 0 && _slice.IsIntra && (_lastIdr is not { } idr || Now - idr >= IdrPatience))
            key = _keyIfIntra = true;
        if (key)
            _lastKey = Now;
        return key;
    }

    private protected override bool StaysKey() => !_keyIfIntra || _slice.IsIntra;

    private protected override void Seen(ReadOnlySpan<byte> nal)
    {
        if ((nal[0] & 31) == 6 && RecoveryPoint(nal) is { } frames)
            _recovery = frames;
    }

    private protected override bool InForce(ReadOnlySpan<byte> parameterSet) => _sets.Contains(parameterSet);

    private protected override bool TryAddParameterSet(ReadOnlySpan<byte> nal) => _sets.TryAdd(nal, out _);

    private protected override bool Replaces(ReadOnlySpan<byte> parameterSet, ReadOnlySpan<byte> other)
    {
        if (((parameterSet[0] ^ other[0]) & 31) != 0)
            return false;
        // The id is the first code: of a PPS right behind the header, of an SPS behind profile and level.
        int skip = (parameterSet[0] & 31) == 7 ? 4 : 1;
        if (parameterSet.Length <= skip || other.Length <= skip)
            return false;
        var a = new BitReader(parameterSet[skip..], escaped: true);
        var b = new BitReader(other[skip..], escaped: true);
        return a.Unsigned() == b.Unsigned();
    }

    private protected override bool UsesOtherSets() => _formatPps != _slice.PpsId && SpsOf(_formatPps) != SpsOf(_slice.PpsId);

    private protected override (VideoFormat Format, int Depth, int MaxDepth)? MakeFormat(int reorderDepth, MediaTime frameDuration)
    {
        if (!_sets.TryCreateFormat(out var format, out _, _slice.PpsId, reorderDepth, frameDuration))
            return null;
        _formatPps = _slice.PpsId;
        var sps = SpsOf(_formatPps) ?? _sets.FirstSps;
        int depth = Math.Max(sps.ReorderDepth ?? 0, reorderDepth);
        bool never = sps.PicOrderCountType == 2 || sps.ProfileIdc == 66;
        return (format, depth, never ? 0 : sps.MaxDpbFrames);
    }

    H264Sps? SpsOf(int ppsId) => _sets.TryGet(ppsId, out _, out var sps) ? sps : null;

    /// <summary>recovery_frame_cnt of a recovery point SEI message (7.3.2.3, D.1.8), or null.</summary>
    internal static int? RecoveryPoint(ReadOnlySpan<byte> sei)
    {
        var r = new BitReader(sei[1..], escaped: true);
        for (int message = 0; message < 16; message++)
        {
            int type = Sum(ref r), size = Sum(ref r);
            if (r.Failed || type > 4096)
                return null;
            if (type == 6)
            {
                int frames = (int)Math.Min(r.Unsigned(), 0xFFFF);
                return r.Failed ? null : frames;
            }

            r.Skip(8 * Math.Min(size, 1 << 20));
        }

        return null;

        static int Sum(ref BitReader r)
        {
            int sum = 0;
            uint part;
            do
            {
                part = r.Bits(8);
                sum += (int)part;
            }
            while (part == 255 && !r.Failed && sum < 1 << 24);
            return sum;
        }
    }
}
