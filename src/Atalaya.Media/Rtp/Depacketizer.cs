using System.Diagnostics.CodeAnalysis;

namespace Atalaya.Media.Rtp;

/// <summary>Packets of one track in, in sequence order; access units out. Does no I/O and never throws on what a camera sends.</summary>
/// <remarks>Not thread-safe: the session's loop owns it.</remarks>
public abstract class Depacketizer : IDisposable
{
    readonly Queue<AccessUnit> _ready = new();

    /// <summary>Null until the parameter sets are known, from the session description or from the stream.</summary>
    public TrackFormat? Format { get; protected set; }

    /// <summary>Payloads that made no sense and were left out.</summary>
    public long Malformed { get; protected set; }

    /// <summary>Access units given up because a packet of theirs was lost or malformed, or because no parameter set had come yet.</summary>
    public long UnitsDropped { get; protected set; }

    public abstract void Push(in RtpPacket packet, in PacketTimes times);

    /// <summary>Packets are missing before the next one. What depends on them is marked or dropped.</summary>
    public abstract void Lost(int packets);

    /// <summary>The caller owns the unit's reference.</summary>
    public bool TryPull([NotNullWhen(true)] out AccessUnit? unit) => _ready.TryDequeue(out unit);

    public virtual void Dispose()
    {
        while (_ready.TryDequeue(out var unit))
            unit.Release();
        GC.SuppressFinalize(this);
    }

    protected void Emit(AccessUnit unit) => _ready.Enqueue(unit);
}
