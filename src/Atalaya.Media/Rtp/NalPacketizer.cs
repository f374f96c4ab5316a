using System.Buffers.Binary;

namespace Atalaya.Media.Rtp;

/// <summary>What the payload formats of H.264 and H.265 have in common: single NAL units, fragments, and aggregates for the parameter sets.</summary>
public abstract class NalPacketizer : Packetizer
{
    readonly int _headerBytes;  // of a NAL unit, and of an aggregate
    List<byte[]> _setPayloads = [];
    ReadOnlyMemory<byte> _rest; // of the unit, from the next NAL unit's length on
    ReadOnlyMemory<byte> _nal;  // what is left of the one being fragmented, without header
    int _nextSet;
    byte _header0, _header1;    // of the NAL unit being fragmented

    private protected NalPacketizer(VideoFormat format, int maxPayloadBytes, int headerBytes)
        : base(format, maxPayloadBytes) => _headerBytes = headerBytes;

    public sealed override int ClockRate => 90_000;

    public sealed override void Begin(ReadOnlyMemory<byte> data, bool withParameterSets = false)
    {
        _nextSet = withParameterSets ? 0 : _setPayloads.Count;
        _rest = data;
        _nal = default;
    }

    /// <exception cref="InvalidDataException">The unit's data aren't length-prefixed NAL units.</exception>
    public sealed override bool TryWrite(Span<byte> to, out RtpPayload payload)
    {
        payload = default;
        if (_nextSet < _setPayloads.Count)
        {
            byte[] set = _setPayloads[_nextSet++];
            set.CopyTo(to);
            payload = new(set.Length, Marker: _nextSet == _setPayloads.Count && _rest.IsEmpty, 0);
            return true;
        }

        int length;
        if (_nal.IsEmpty)
        {
            if (!TryTakeNal(out var nal))
                return false;
            if (nal.Length <= MaxPayloadBytes)
            {
                nal.Span.CopyTo(to);
                payload = new(nal.Length, Marker: _rest.IsEmpty, 0);
                return true;
            }

            _header0 = nal.Span[0];
            _header1 = nal.Span[_headerBytes - 1];
            _nal = nal[_headerBytes..];
            length = WriteFragment(to, start: true);
        }
        else
        {
            length = WriteFragment(to, start: false);
        }

        payload = new(length, Marker: _nal.IsEmpty && _rest.IsEmpty, 0);
        return true;
    }

    /// <summary>To be called once, with what goes ahead of key frames.</summary>
    private protected void Prepare(IEnumerable<ReadOnlyMemory<byte>> sets)
    {
        var payloads = new List<byte[]>();
        var together = new List<ReadOnlyMemory<byte>>();
        int size = _headerBytes;
        foreach (var set in sets)
        {
            if (together.Count > 0 && size + 2 + set.Length > MaxPayloadBytes)
                Send();
            together.Add(set);
            size += 2 + set.Length;
        }

        Send();
        _setPayloads = payloads;

        void Send()
        {
            if (together is [var one])
            {
                // A set that is larger than a packet goes in fragments, like any other NAL unit.
                byte[] unit = new byte[4 + one.Length];
                BinaryPrimitives.WriteInt32BigEndian(unit, one.Length);
                one.CopyTo(unit.AsMemory(4));
                Begin(unit);
                byte[] buffer = new byte[MaxPayloadBytes];
                while (TryWrite(buffer, out var payload))
                    payloads.Add(buffer[..payload.Length]);
            }
            else if (together.Count > 1)
            {
                byte[] aggregate = new byte[size];
                WriteAggregateHeader(aggregate, together);
                int at = _headerBytes;
                foreach (var set in together)
                {
                    BinaryPrimitives.WriteUInt16BigEndian(aggregate.AsSpan(at), (ushort)set.Length);
                    set.CopyTo(aggregate.AsMemory(at + 2));
                    at += 2 + set.Length;
                }

                payloads.Add(aggregate);
            }

            together.Clear();
            size = _headerBytes;
        }
    }

    private protected abstract void WriteAggregateHeader(Span<byte> to, IReadOnlyList<ReadOnlyMemory<byte>> nals);

    /// <summary>Writes the payload header and the fragment header, together one byte more than a NAL unit's header.</summary>
    private protected abstract void WriteFragmentHeader(Span<byte> to, byte header0, byte header1, bool start, bool end);

    int WriteFragment(Span<byte> to, bool start)
    {
        int take = Math.Min(_nal.Length, MaxPayloadBytes - _headerBytes - 1);
        WriteFragmentHeader(to, _header0, _header1, start, end: take == _nal.Length);
        _nal.Span[..take].CopyTo(to[(_headerBytes + 1)..]);
        _nal = _nal[take..];
        return _headerBytes + 1 + take;
    }

    bool TryTakeNal(out ReadOnlyMemory<byte> nal)
    {
        nal = default;
        while (nal.Length == 0)
        {
            if (_rest.IsEmpty)
                return false;
            uint length = _rest.Length < 4 ? uint.MaxValue : BinaryPrimitives.ReadUInt32BigEndian(_rest.Span);
            if (length > _rest.Length - 4 || (length > 0 && length < _headerBytes))
                throw new InvalidDataException($"{_rest.Length} bytes before the end of the unit no NAL unit begins.");
            nal = _rest.Slice(4, (int)length);
            _rest = _rest[(4 + (int)length)..];
        }

        return true;
    }
}
