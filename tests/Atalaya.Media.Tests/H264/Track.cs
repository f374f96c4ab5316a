using Atalaya.Media.Rtp;

namespace Atalaya.Media.Tests.H264;

/// <summary>Packets into a depacketizer, units out of it: as they were when they came.</summary>
sealed class Track(Depacketizer depacketizer) : IDisposable
{
    ushort _sequence;

    public Depacketizer Depacketizer { get; } = depacketizer;
    public List<Out> Units { get; } = [];

    public sealed record Out(TrackFormat Format, byte[] Data, long Presentation, long Decode, bool IsKey, bool AfterLoss, long Duration)
    {
        public List<byte[]> Nals
        {
            get
            {
                var nals = new List<byte[]>();
                for (int at = 0; at < Data.Length;)
                {
                    int length = System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(Data.AsSpan(at));
                    nals.Add(Data[(at + 4)..(at + 4 + length)]);
                    at += 4 + length;
                }

                return nals;
            }
        }
    }

    /// <summary>How many units came out of this packet.</summary>
    public int Push(long ticks, bool marker, params byte[] payload)
    {
        byte[] packet = [0x80, (byte)(96 | (marker ? 128 : 0)), (byte)(_sequence >> 8), (byte)_sequence, 0, 0, 0, 0, 0, 0, 0, 1, .. payload];
        _sequence++;
        RtpPacket.TryParse(packet, out var parsed, out _).ShouldBeTrue();
        Depacketizer.Push(parsed, new(new(ticks), new(ticks), new(ticks)));
        int count = 0;
        while (Depacketizer.TryPull(out var unit))
        {
            Units.Add(new(unit.Format, unit.Data.ToArray(), unit.Presentation.Ticks, unit.Decode.Ticks, unit.IsKey, unit.AfterLoss, unit.Duration.Ticks));
            unit.Release();
            count++;
        }

        return count;
    }

    public void Lost(int packets = 1)
    {
        _sequence += (ushort)packets;
        Depacketizer.Lost(packets);
    }

    /// <summary>One unit through a packetizer.</summary>
    public void Send(Packetizer packetizer, long ticks, ReadOnlyMemory<byte> data, bool withParameterSets = false)
    {
        packetizer.Begin(data, withParameterSets);
        byte[] buffer = new byte[packetizer.MaxPayloadBytes];
        while (packetizer.TryWrite(buffer, out var payload))
        {
            payload.Length.ShouldBeLessThanOrEqualTo(packetizer.MaxPayloadBytes);
            Push(ticks + MediaTime.FromScale(payload.TimestampOffset, packetizer.ClockRate).Ticks, payload.Marker, buffer[..payload.Length]);
        }
    }

    public void Dispose() => Depacketizer.Dispose();

    public static byte[] Join(params IEnumerable<byte[]> nals) =>
        [.. nals.SelectMany(n => (byte[])[(byte)(n.Length >> 24), (byte)(n.Length >> 16), (byte)(n.Length >> 8), (byte)n.Length, .. n])];
}
