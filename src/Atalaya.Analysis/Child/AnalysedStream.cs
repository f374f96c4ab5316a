using Atalaya.Analysis.Codec;
using Atalaya.Analysis.Detect;
using Atalaya.Analysis.Rules;
using Atalaya.Analysis.Wire;
using Atalaya.Media;

namespace Atalaya.Analysis.Child;

/// <summary>One stream from its access units to what was seen in it: decoder, motion gate, detector, tracker, rules.</summary>
/// <remarks>One thread at a time, not always the same.</remarks>
sealed class AnalysedStream(int channel, MessageLink link, TimeProvider clock) : IDisposable
{
    /// <summary>A picture older than this is decoded, because others are made from it, and not looked at: what it shows is past.</summary>
    static readonly TimeSpan Stale = TimeSpan.FromSeconds(1);

    /// <summary>While faces are looked for, the whole picture is looked at so often.</summary>
    static readonly MediaTime Everywhere = MediaTime.FromSeconds(1);

    /// <summary>Units whose pictures may still be inside the decoder.</summary>
    const int MaxPending = 64;

    readonly PictureChain _chain = new();
    readonly Dictionary<long, UnitHead> _pending = [];      // by presentation
    CameraHead _camera = new(channel, "", 5, 1, false, [], "", "UTC");
    FormatHead? _format;
    byte[] _configuration = [];
    PictureDecoder? _decoder;
    ThreadDetectors _detectors = new(null, null);   // of the thread that works now
    readonly FaceSearch _faces = new();
    MediaTime _everywhere;
    MediaTime _due;
    bool _fresh = true;             // nothing was looked at in this run
    long _decoded, _analysed, _detected, _stale;
    double _seconds;
    string _fault = "";

    public double Weight => Math.Clamp(_camera.Weight, 0.01, 100);

    /// <summary>In the last picture.</summary>
    public bool IsMoving => _chain.IsMoving;

    public StreamFigures Figures { get; private set; } = new(channel, 0, 0, 0, 0, 0, 0);

    public void Take(object head, ReadOnlyMemory<byte> bytes, ThreadDetectors detectors)
    {
        _detectors = detectors;
        long started = clock.GetTimestamp();
        switch (head)
        {
            case CameraHead camera:
                Configure(camera);
                break;
            case FormatHead format:
                Open(format, bytes.ToArray());
                break;
            case UnitHead unit:
                Decode(unit, bytes.Span);
                _seconds += clock.GetElapsedTime(started).TotalSeconds;
                Figures = new(channel, _decoded, _analysed, _detected, _stale, _decoder?.Broken ?? 0, _seconds);
                Send(MessageKind.Done, new(channel, unit.Sequence), WireJson.Default.DoneHead);
                break;
            case DrainHead drain:
                _decoder?.Flush(OnPicture);
                _pending.Clear();
                Send(MessageKind.Done, new(channel, drain.Sequence), WireJson.Default.DoneHead);
                break;
            case ChannelHead:
                EndRun();
                break;
        }
    }

    /// <summary>Once a second while nothing else happens: rules about pictures that don't come.</summary>
    public void Silence()
    {
        var events = _chain.Silence(WallTime.Now(clock));
        if (events.Count > 0)
            Send(MessageKind.Events, new(channel, [.. events]), WireJson.Default.EventsHead);
    }

    public void Dispose() => _decoder?.Dispose();

    void Configure(CameraHead camera)
    {
        bool other = camera.Rules != _camera.Rules || camera.Zone != _camera.Zone || !camera.Classes.SequenceEqual(_camera.Classes);
        bool reopen = camera.Hardware != _camera.Hardware || camera.Device != _camera.Device;
        _camera = camera;
        if (other)
            BeginRules();

        if (reopen && _format is not null)
            Open(_format, _configuration);
    }

    // For the check of a ground alone: pictures know better what they look like.
    double Aspect => _format is { Height: > 0, Width: > 0 } ? _format.Width / (double)_format.Height : 16 / 9.0;

    void BeginRules()
    {
        // The node checked them; what it accepted and this can't read is a fault to be shown, not to die of.
        var config = _camera.Rules.Length == 0 ? new() : RuleReader.Read(_camera.Rules, Aspect, out var faults);
        if (config is null)
            Report("Its rules can't be read.");
        if (!TimeZoneInfo.TryFindSystemTimeZoneById(_camera.Zone, out var zone))
            zone = TimeZoneInfo.Utc;
        _chain.Configure(config ?? new(), zone, _camera.Classes);
    }

    void Open(FormatHead format, byte[] configuration)
    {
        _format = format;
        _configuration = configuration;
        _pending.Clear();
        _decoder?.Dispose();
        var options = new DecoderOptions { Skip = _camera.KeysOnly ? DecoderSkip.NonKey : DecoderSkip.None, Hardware = _camera.Hardware, Device = _camera.Device };
        Report(PictureDecoder.TryOpen(format.ToFormat(configuration), options, out _decoder, out string fault) ? "" : fault);
    }

    void EndRun()
    {
        _decoder?.Flush(static (in _, _) => { });
        _pending.Clear();
        _fresh = true;
        _chain.EndRun();
        _faces.EndRun();
    }

    void Decode(UnitHead unit, ReadOnlySpan<byte> bytes)
    {
        if (_decoder is null)
            return;
        if (_pending.Count >= MaxPending)
            _pending.Clear();
        _pending[unit.Presentation] = unit;
        _decoder.Decode(bytes, new(unit.Presentation), OnPicture);
        if (_camera.KeysOnly)
            _decoder.Flush(OnPicture);
    }

    void OnPicture(in Picture picture, MediaTime at)
    {
        _decoded++;
        if (!_pending.Remove(at.Ticks, out var unit))
            return;     // A damaged stream's time, which nobody asked about.
        var interval = MediaTime.FromSeconds(1 / Math.Clamp(_camera.Rate, 0.01, 100));
        // A picture a little early is the one that was meant: cameras keep no exact pace.
        if (!_fresh && at + new MediaTime(interval.Ticks / 10) < _due)
            return;
        if (!_camera.Past && new TimeSpan((MonotonicTime.Now(clock).Nanoseconds - unit.Arrival) / TimeSpan.NanosecondsPerTick) > Stale)
        {
            _stale++;
            return;
        }

        _due = _fresh || _due + interval + interval < at ? at + interval : _due + interval;
        _analysed++;
        Look(picture, at, unit);
        _fresh = false;
    }

    void Look(in Picture picture, MediaTime at, UnitHead unit)
    {
        // What is to be covered may stand still from the first picture on.
        bool everywhere = _camera.Faces && (_fresh || at - _everywhere >= Everywhere);
        if (everywhere)
            _everywhere = at;
        var events = _chain.Look(picture, at, new(unit.Wall), _detectors.Scene, everywhere);
        if (_chain.WasDetected)
            _detected++;
        var seen = new List<SeenTrack>();
        foreach (var track in _chain.Tracks)
        {
            if (track.IsConfirmed)
                seen.Add(new(track.Id, track.Class, track.Box, track.Score, track.IsCoasting, track.Born, track.BornBox, track.VelocityX, track.VelocityY));
        }

        var result = new ResultHead(
            channel, at.Ticks, unit.Wall, unit.Arrival, _chain.Gate.IsLearning, _chain.Gate.SceneChanged, _chain.WasDetected, [.. _chain.Gate.Regions], seen, [.. events], _chain.TrackerCount)
        {
            Turning = _chain.IsTurning,
            Faces = Faces(picture, at),
        };
        Send(MessageKind.Result, result, WireJson.Default.ResultHead, IsMoving ? _chain.Gate.Heat.ToArray() : default);
    }

    List<SeenFace> Faces(in Picture picture, MediaTime at)
    {
        var seen = new List<SeenFace>();
        if (!_camera.Faces || _detectors.Faces is not { } detector)
            return seen;
        foreach (var face in _faces.Look(picture, at, detector, _chain.Tracks))
        {
            if (face.IsConfirmed)
                seen.Add(new(face.Id, face.Box, face.Score, face.IsCoasting));
        }

        return seen;
    }

    void Report(string fault)
    {
        if (fault == _fault)
            return;
        _fault = fault;
        Send(MessageKind.Fault, new(channel, fault), WireJson.Default.FaultHead);
    }

    void Send<T>(MessageKind kind, T head, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type, ReadOnlyMemory<byte> bytes = default) =>
        link.SendAsync(kind, head, type, bytes, CancellationToken.None).GetAwaiter().GetResult();
}
