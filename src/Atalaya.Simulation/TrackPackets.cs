using System.Buffers.Binary;
using Atalaya.Media.Rtp;

namespace Atalaya.Simulation;

/// <summary>
/// Every packet of a track as it goes over a TCP connection, built once: four bytes of interleaved framing, the RTP header, the payload. A viewer's
/// channel, sequence number, timestamp and source are written into its copy. Immutable.
/// </summary>
sealed class TrackPackets
{
    public const int FramingBytes = 4, HeaderBytes = 12;
    const byte FirstDynamicVideoType = 96, FirstDynamicAudioType = 97;

    readonly byte[] _bytes;
    readonly int[] _packets;    // where each begins; one more than there are
    readonly int[] _units;      // first packet of each; one more than there are

    public TrackPackets(ClipTrack track, int mtu, bool parameterSets)
    {
        var packetizer = Packetizers.Create(track.Format, mtu - HeaderBytes);
        ClockRate = packetizer.ClockRate;
        PayloadType = packetizer.StaticPayloadType ?? (track.IsVideo ? FirstDynamicVideoType : FirstDynamicAudioType);
        Rtpmap = packetizer.Rtpmap;
        Fmtp = packetizer.Fmtp;

        long estimate = track.Units.Sum(u => (long)u.Data.Length + (((u.Data.Length / (mtu - HeaderBytes)) + 2) * (FramingBytes + HeaderBytes + 8)));
        if (estimate > Array.MaxLength)
            throw new InvalidDataException($"A track of {estimate >> 20} MiB doesn't fit: serve a shorter file.");
        byte[] bytes = new byte[estimate];
        var packets = new List<int>();
        _units = new int[track.Units.Count + 1];
        int end = 0;
        for (int i = 0; i < track.Units.Count; i++)
        {
            _units[i] = packets.Count;
            packetizer.Begin(track.Units[i].Data, parameterSets && track.IsVideo && track.Units[i].IsKey);
            while (true)
            {
                if (bytes.Length - end < FramingBytes + mtu)
                    Array.Resize(ref bytes, checked((bytes.Length * 5 / 4) + FramingBytes + mtu));
                if (!packetizer.TryWrite(bytes.AsSpan(end + FramingBytes + HeaderBytes), out var payload))
                    break;
                var head = bytes.AsSpan(end, FramingBytes + HeaderBytes);
                head[0] = (byte)'$';
                BinaryPrimitives.WriteUInt16BigEndian(head[2..], (ushort)(HeaderBytes + payload.Length));
                head[4] = 0x80;
                head[5] = (byte)((payload.Marker ? 0x80 : 0) | PayloadType);
                BinaryPrimitives.WriteUInt32BigEndian(head[8..], payload.TimestampOffset);
                packets.Add(end);
                end += FramingBytes + HeaderBytes + payload.Length;
            }
        }

        _units[^1] = packets.Count;
        packets.Add(end);
        _packets = [.. packets];
        _bytes = bytes;
    }

    public int ClockRate { get; }
    public int PayloadType { get; }
    public string Rtpmap { get; }
    public string? Fmtp { get; }

    public int PacketCount(int unit) => _units[unit + 1] - _units[unit];

    /// <summary>All packets of a unit, one behind the other.</summary>
    public ReadOnlySpan<byte> Unit(int unit) => _bytes.AsSpan(_packets[_units[unit]].._packets[_units[unit + 1]]);

    /// <summary>Writes a viewer's fields into a copy of <see cref="Unit"/>.</summary>
    public void Stamp(int unit, Span<byte> copy, byte channel, ushort sequence, uint timestamp, uint source)
    {
        int origin = _packets[_units[unit]];
        for (int packet = _units[unit]; packet < _units[unit + 1]; packet++)
        {
            var head = copy.Slice(_packets[packet] - origin, FramingBytes + HeaderBytes);
            head[1] = channel;
            BinaryPrimitives.WriteUInt16BigEndian(head[6..], sequence);
            BinaryPrimitives.WriteUInt32BigEndian(head[8..], unchecked(timestamp + BinaryPrimitives.ReadUInt32BigEndian(head[8..])));
            BinaryPrimitives.WriteUInt32BigEndian(head[12..], source);
            unchecked
            {
                sequence++;
            }
        }
    }
}
