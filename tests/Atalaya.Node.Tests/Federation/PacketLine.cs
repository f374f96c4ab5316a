using System.Buffers.Binary;

namespace Atalaya.Node.Tests.Federation;

/// <summary>
/// What one line does to the IP packets that two machines send each other, as the kernel's netem does: each comes later, each by another time, so that they overtake one another; some are lost, some come
/// twice; more than the line carries waits, and more than waits is lost; cut, it carries nothing and tells nobody.
/// </summary>
/// <remarks>Set by a test at any time; both directions alike.</remarks>
sealed class PacketLine
{
    /// <summary>What a router keeps for a line at most, by how long the line needs for it.</summary>
    static readonly TimeSpan MostWaiting = TimeSpan.FromSeconds(1);

    const byte Tcp = 6, Syn = 2, Ack = 16;

    readonly Lock _gate = new();
    readonly long[] _free = new long[2], _last = new long[2], _bytes = new long[2];     // by direction; under _gate, as what follows
    readonly HashSet<uint> _flows = [];     // pairs of ports, that of the first machine in front
    readonly HashSet<uint> _forgotten = [];
    long _passed, _lost, _late, _twice, _refused;

    /// <summary>One way.</summary>
    public TimeSpan Delay { get; set; }

    /// <summary>So much less or more, by chance, for each packet.</summary>
    public TimeSpan Jitter { get; set; }

    /// <summary>Share of the packets that are lost.</summary>
    public double Loss { get; set; }

    /// <summary>Share of the packets that come a second time.</summary>
    public double Twice { get; set; }

    /// <summary>Bits a second each way; 0: as many as come.</summary>
    public double Rate { get; set; }

    public bool IsCut { get; set; }

    /// <summary>The machine that may begin connections, 0 or 1; null: both. As behind a router that translates addresses: what nobody within asked for isn't let in.</summary>
    public int? Dialler { get; set; }

    /// <summary>Of packets that went in from one side.</summary>
    public long BytesFrom(int side)
    {
        lock (_gate)
            return _bytes[side];
    }

    /// <summary>As remote posts have it: 300 ms ± 100 ms there and back, 5 % loss, now and then a packet twice.</summary>
    /// <param name="rate">Bits a second.</param>
    public void Worsen(double rate = 4e6) => (Delay, Jitter, Loss, Twice, Rate) = (TimeSpan.FromMilliseconds(150), TimeSpan.FromMilliseconds(50), 0.05, 0.02, rate);

    /// <summary>The router forgets what it knew: nothing goes over on connections that are there, and nobody is told. New ones may be begun.</summary>
    public void Forget()
    {
        lock (_gate)
            _forgotten.UnionWith(_flows);
    }

    public override string ToString()
    {
        lock (_gate)
            return $"{_passed} packets, {_lost} lost, {_late} overtaken, {_twice} twice, {_refused} not let in";
    }

    /// <summary>Says when a packet arrives, once or twice or never.</summary>
    /// <param name="from">The side it comes from, 0 or 1.</param>
    /// <param name="now">As the clock's timestamps.</param>
    public void Carry(int from, ReadOnlySpan<byte> packet, long now, Random random, Action<long> arrives)
    {
        lock (_gate)
        {
            _bytes[from] += packet.Length;
            if (!LetsIn(from, packet))
            {
                _refused++;
                return;
            }

            if (IsCut || random.NextDouble() < Loss)
            {
                _lost++;
                return;
            }

            long through = now;
            if (Rate > 0)
            {
                through = Math.Max(_free[from], now) + Ticks(TimeSpan.FromSeconds(packet.Length * 8 / Rate));
                if (through - now > Ticks(MostWaiting))
                {
                    _lost++;
                    return;
                }

                _free[from] = through;
            }

            _passed++;
            bool again = random.NextDouble() < Twice;
            for (int copy = 0; copy <= (again ? 1 : 0); copy++)
            {
                long at = Math.Max(through, through + Ticks(Delay + (Jitter * ((2 * random.NextDouble()) - 1))));
                _late += at < _last[from] ? 1 : 0;
                _last[from] = Math.Max(_last[from], at);
                arrives(at);
            }

            _twice += again ? 1 : 0;
        }
    }

    bool LetsIn(int from, ReadOnlySpan<byte> packet)
    {
        int header = (packet[0] & 15) * 4;
        if (packet[9] != Tcp || packet.Length < header + 14)
            return true;
        uint ports = BinaryPrimitives.ReadUInt32BigEndian(packet[header..]), flow = from == 0 ? ports : (ports << 16) | (ports >> 16);
        if ((packet[header + 13] & (Syn | Ack)) == Syn)
        {
            if (Dialler is { } dialler && dialler != from)
                return false;
            _flows.Add(flow);
            _forgotten.Remove(flow);
        }

        return !_forgotten.Contains(flow);
    }

    static long Ticks(TimeSpan time) => (long)(time.TotalSeconds * TimeProvider.System.TimestampFrequency);
}
