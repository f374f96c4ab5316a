using System.Collections.Immutable;
using Atalaya.Media;

namespace Atalaya.Simulation;

/// <summary>One camera of the simulator: what it plays and what is wrong with it. Thread-safe.</summary>
public sealed class SimulatedCamera
{
    readonly RtspSimulator _simulator;
    readonly Lock _gate = new();
    readonly Clip _main;
    readonly Clip? _sub;
    ImmutableArray<ActiveFault> _faults = [];   // replaced under _gate

    internal SimulatedCamera(RtspSimulator simulator, string name, int ordinal, Clip main, Clip? sub)
    {
        _simulator = simulator;
        _main = main;
        _sub = sub;
        Name = name;
        Ordinal = ordinal;
        Period = new(Math.Max(main.Period.Ticks, sub?.Period.Ticks ?? 0));
        ReorderDelay = new(Math.Max(main.ReorderDelay.Ticks, sub?.ReorderDelay.Ticks ?? 0));

        // Golden-ratio steps: however many there are, cameras that play the same file are spread evenly over it.
        Phase = new((long)(Period.Ticks * (ordinal * 0.6180339887498949 % 1)));
    }

    public string Name { get; }

    /// <summary>Counted by the simulator, or the number at the end of the name.</summary>
    public int Ordinal { get; }

    public bool HasSub => _sub is not null;

    /// <summary>What is wrong with it now.</summary>
    public IReadOnlyList<Fault> Faults => [.. Active(MonotonicTime.Now(_simulator.Clock)).Select(f => f.Fault)];

    internal MediaTime Period { get; }
    internal MediaTime ReorderDelay { get; }

    /// <summary>Where in the loop it is when its time is zero; main and sub alike.</summary>
    internal MediaTime Phase { get; }

    internal Clip? Clip(StreamKind stream) => stream == StreamKind.Main ? _main : _sub;

    public string Url(StreamKind stream = StreamKind.Main, string? user = null, string? password = null) => _simulator.Url(Name, stream, user, password);

    /// <summary>Sessions that watch it now.</summary>
    public IReadOnlyList<SimulatedSession> Viewers => [.. _simulator.Sessions.Where(s => s.Camera == this && !s.Ended.IsCompleted)];

    /// <summary>Makes something go wrong from now on.</summary>
    /// <exception cref="InvalidDataException">The file to switch to can't be played.</exception>
    public void Inject(Fault fault)
    {
        switch (fault.Kind)
        {
            case FaultKind.Close:
                _simulator.CloseViewers(this);
                return;
            case FaultKind.JumpTimestamps:
                foreach (var viewer in Viewers)
                    viewer.JumpTimestamps(fault.Value);
                return;
            case FaultKind.WrongSequence:
                foreach (var viewer in Viewers)
                    viewer.JumpSequence(fault.Count ?? 1000);
                return;
        }

        var clip = fault.Kind == FaultKind.Switch
            ? _simulator.LoadClip(fault.File ?? throw new ArgumentException("A switch needs a file.", nameof(fault)))
            : null;
        var now = MonotonicTime.Now(_simulator.Clock);
        var active = new ActiveFault(fault, fault.Duration is { } duration ? now + duration : null, clip);
        lock (_gate)
            _faults = [.. _faults.Where(f => !f.IsOver(now) && f.Fault.Kind != fault.Kind), active];
    }

    /// <summary>Makes it well again: of one kind of fault, or of all.</summary>
    public void Clear(FaultKind? kind = null)
    {
        lock (_gate)
            _faults = kind is null ? [] : _faults.RemoveAll(f => f.Fault.Kind == kind);
    }

    internal ImmutableArray<ActiveFault> Active(MonotonicTime now)
    {
        var faults = _faults;
        if (faults.IsEmpty)
            return faults;
        if (!faults.Any(f => f.IsOver(now)))
            return faults;
        lock (_gate)
            return _faults = _faults.RemoveAll(f => f.IsOver(now));
    }

    internal ActiveFault? Active(FaultKind kind)
    {
        foreach (var fault in Active(MonotonicTime.Now(_simulator.Clock)))
        {
            if (fault.Fault.Kind == kind)
                return fault;
        }

        return null;
    }
}

/// <summary>A fault at work: what is left of it.</summary>
sealed class ActiveFault(Fault fault, MonotonicTime? until, Clip? clip)
{
    readonly Random _random = new(20);  // the same packets each time: a test that fails fails again
    int _left = fault.Count ?? 0;       // under this

    public Fault Fault => fault;

    /// <summary>Of a switch.</summary>
    public Clip? Clip => clip;

    public bool IsOver(MonotonicTime now) =>
        (until is { } end && now >= end) || (fault.Count is not null && fault.Kind is FaultKind.Drop or FaultKind.Garbage && Volatile.Read(ref _left) <= 0);

    /// <summary>Does it hit this packet?</summary>
    public bool Hits()
    {
        lock (_random)
            return fault.Count is not null ? _left-- > 0 : fault.Rate >= 1 || _random.NextDouble() < fault.Rate;
    }
}
