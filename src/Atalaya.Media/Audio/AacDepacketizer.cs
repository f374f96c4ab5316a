using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using Atalaya.Media.H264;
using Atalaya.Media.Rtp;

namespace Atalaya.Media.Audio;

/// <summary>Widths of the fields ahead of each AAC frame, in bits, as the session description gives them (RFC 3640 4.1).</summary>
public sealed record AacHeaderLayout(
    int SizeLength, int IndexLength, int IndexDeltaLength, int CtsDeltaLength = 0, int DtsDeltaLength = 0, bool RandomAccess = false, int StreamState = 0,
    int AuxiliarySizeLength = 0, int ConstantSize = 0)
{
    public static AacHeaderLayout Hbr { get; } = new(13, 3, 3);
    public static AacHeaderLayout Lbr { get; } = new(6, 2, 2);

    internal bool HasHeaders =>
        SizeLength + IndexLength + IndexDeltaLength + CtsDeltaLength + DtsDeltaLength + StreamState > 0 || RandomAccess;

    internal bool IsSensible =>
        SizeLength is >= 0 and <= 24 && IndexLength is >= 0 and <= 16 && IndexDeltaLength is >= 0 and <= 16 && CtsDeltaLength is >= 0 and <= 32
        && DtsDeltaLength is >= 0 and <= 32 && StreamState is >= 0 and <= 32 && AuxiliarySizeLength is >= 0 and <= 24 && (SizeLength > 0 || ConstantSize is >= 0 and <= 0xFFFF);
}

/// <summary>
/// AAC over RTP, RFC 3640 (<c>mpeg4-generic</c>): several frames in a packet, or a frame in several packets. Interleaving is refused.
/// </summary>
public sealed class AacDepacketizer : Depacketizer
{
    /// <summary>An AAC frame has at most 6144 bits a channel; 16 channels and some margin (bytes).</summary>
    const int MaxFrameBytes = 16 << 10;

    readonly UnitBuffer _buffer;
    readonly AacHeaderLayout _layout;
    readonly AudioFormat _format;
    readonly int _clockRate, _frameTicks;
    AudioClock _clock;
    bool _afterLoss;
    int _expected;              // bytes of the frame whose fragments are in the buffer; 0: none
    MediaTime _fragmentsAt;

    AacDepacketizer(BlockPool pool, AudioFormat format, AudioSpecificConfig config, int clockRate, AacHeaderLayout layout)
    {
        _buffer = new(pool, blockBytes: 8 << 10);
        _layout = layout;
        _clockRate = clockRate;
        _frameTicks = (int)Math.Round(config.FrameSamples * (double)clockRate / config.SampleRate);
        Format = _format = format;
    }

    /// <param name="config">AudioSpecificConfig.</param>
    /// <param name="clockRate">Of the RTP timestamps (Hz).</param>
    public static bool TryCreate(
        BlockPool pool, ReadOnlyMemory<byte> config, int clockRate, AacHeaderLayout layout, [NotNullWhen(true)] out AacDepacketizer? depacketizer, out string fault)
    {
        depacketizer = null;
        if (!layout.IsSensible)
        {
            fault = $"The field widths make no sense: {layout}.";
            return false;
        }

        if (!AudioSpecificConfig.TryParse(config.Span, out var parsed, out fault) || !AudioSpecificConfig.TryCreate(config, out var format, out fault))
            return false;
        depacketizer = new(pool, format, parsed, clockRate > 0 ? clockRate : format.SampleRate, layout);
        return true;
    }

    public override void Push(in RtpPacket packet, in PacketTimes times)
    {
        var payload = packet.Payload;
        if (payload.IsEmpty)
            return;
        ReadOnlySpan<byte> headers = default;
        int headerBits = 0;
        if (_layout.HasHeaders)
        {
            if (payload.Length < 2)
            {
                Refuse();
                return;
            }

            headerBits = BinaryPrimitives.ReadUInt16BigEndian(payload);
            int bytes = (headerBits + 7) / 8;
            if (bytes > payload.Length - 2)
            {
                Refuse();
                return;
            }

            headers = payload.Slice(2, bytes);
            payload = payload[(2 + bytes)..];
        }

        if (_layout.AuxiliarySizeLength > 0 && !TrySkipAuxiliary(ref payload))
        {
            Refuse();
            return;
        }

        if (headerBits == 0)
            Frame(payload, _layout.ConstantSize > 0 ? _layout.ConstantSize : payload.Length, 0, times, alone: _layout.ConstantSize == 0);
        else
            Frames(headers, headerBits, payload, times);
    }

    public override void Lost(int packets)
    {
        _afterLoss = true;
        DropFragments();
    }

    public override void Dispose()
    {
        base.Dispose();
        _buffer.Dispose();
        GC.SuppressFinalize(this);
    }

    void Frames(ReadOnlySpan<byte> headers, int headerBits, ReadOnlySpan<byte> data, in PacketTimes times)
    {
        var r = new BitReader(headers, escaped: false);
        int left = headerBits;
        for (int i = 0; left > 0; i++)
        {
            int size = _layout.SizeLength > 0 ? (int)r.Bits(_layout.SizeLength) : _layout.ConstantSize;
            int indexLength = i == 0 ? _layout.IndexLength : _layout.IndexDeltaLength;
            // The first one's index only matters where frames are interleaved; some cameras count it up.
            uint index = r.Bits(indexLength);
            int bits = _layout.SizeLength + indexLength + OptionalFields(ref r);
            left -= bits;
            if (bits == 0 || left < 0 || r.Failed || (i > 0 && index != 0))
            {
                Refuse();
                return;
            }

            bool last = left < _layout.SizeLength + _layout.IndexDeltaLength || left == 0;
            bool alone = i == 0 && last;
            if (size > data.Length && !alone)
            {
                Refuse();
                return;
            }

            Frame(data[..Math.Min(size, data.Length)], size, i, times, alone);
            data = data[Math.Min(size, data.Length)..];
            if (last)
                return;
        }
    }

    /// <returns>How many bits they took.</returns>
    int OptionalFields(ref BitReader r)
    {
        int bits = 0;
        if (_layout.CtsDeltaLength > 0)
            bits += Flagged(ref r, _layout.CtsDeltaLength);
        if (_layout.DtsDeltaLength > 0)
            bits += Flagged(ref r, _layout.DtsDeltaLength);
        int rest = (_layout.RandomAccess ? 1 : 0) + _layout.StreamState;
        r.Skip(rest);
        return bits + rest;

        static int Flagged(ref BitReader r, int length)
        {
            if (!r.Flag())
                return 1;
            r.Skip(length);
            return 1 + length;
        }
    }

    bool TrySkipAuxiliary(ref ReadOnlySpan<byte> payload)
    {
        var r = new BitReader(payload, escaped: false);
        long bits = _layout.AuxiliarySizeLength + (long)r.Bits(_layout.AuxiliarySizeLength);
        long bytes = (bits + 7) / 8;
        if (r.Failed || bytes > payload.Length)
            return false;
        payload = payload[(int)bytes..];
        return true;
    }

    /// <param name="data">What this packet holds of the frame.</param>
    /// <param name="size">Of the whole frame.</param>
    /// <param name="index">Of the frame in its packet.</param>
    /// <param name="alone">The packet holds no other: it may be a fragment.</param>
    void Frame(ReadOnlySpan<byte> data, int size, int index, in PacketTimes times, bool alone)
    {
        if (size == 0 || data.IsEmpty)
            return;
        if (size > MaxFrameBytes)
        {
            Refuse();
            return;
        }

        if (_expected > 0 && (!alone || size != _expected || times.Media != _fragmentsAt))
        {
            // The rest of the frame before never came.
            Malformed++;
            DropFragments();
        }

        if (_expected > 0 || data.Length < size)
        {
            if (_expected == 0)
            {
                _expected = size;
                _fragmentsAt = times.Media;
            }

            if (data.Length > _expected - _buffer.Length || !_buffer.TryAppend(data))
            {
                Refuse();
                return;
            }

            if (_buffer.Length < _expected)
                return;
            _expected = 0;
        }
        else if (!_buffer.TryAppend(WithoutAdts(data)))
        {
            Refuse();
            return;
        }

        if (_buffer.Length > 0)
            Emit(index, times);
    }

    void Emit(int index, in PacketTimes times)
    {
        var (block, data) = _buffer.Take();
        var duration = MediaTime.FromScale(_frameTicks, _clockRate);
        var at = _clock.Next(MediaTime.FromScale(times.Media.ToScale(_clockRate) + ((long)index * _frameTicks), _clockRate), duration);
        Emit(new(_format, data, block)
        {
            Presentation = at,
            Decode = at,
            Duration = duration,
            IsKey = true,
            AfterLoss = _afterLoss,
            Arrival = times.Arrival,
            Wall = times.Wall,
        });
        _afterLoss = false;
    }

    /// <summary>Some cameras leave the ADTS header on: as a raw frame it would be an empty one, which nobody sends.</summary>
    static ReadOnlySpan<byte> WithoutAdts(ReadOnlySpan<byte> frame)
    {
        if (frame.Length < 8 || frame[0] != 0xFF || (frame[1] & 0xF6) != 0xF0)
            return frame;
        int length = ((frame[3] & 3) << 11) | (frame[4] << 3) | (frame[5] >> 5);
        int header = (frame[1] & 1) != 0 ? 7 : 9;
        return length == frame.Length && length > header ? frame[header..] : frame;
    }

    void Refuse()
    {
        Malformed++;
        DropFragments();
        _afterLoss = true;
    }

    void DropFragments()
    {
        if (_expected > 0)
        {
            UnitsDropped++;
            _afterLoss = true;
        }

        _expected = 0;
        _buffer.Truncate(0);
    }
}
