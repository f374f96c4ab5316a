using Atalaya.Media;
using Atalaya.Recording.Storage;
using Microsoft.Extensions.Logging;

namespace Atalaya.Recording;

/// <summary>Takes one stream from its hub to the disk: reads what waits when the volume's thread gets to it.</summary>
public sealed class Recorder
{
    /// <summary>
    /// What may wait for the disk: 10 s of 25 pictures and 47 units of sound a second, and 16 s of 4 Mbit/s. A disk that stalls longer loses, and says so;
    /// 200 cameras on it take at most 1.6 GB of memory meanwhile.
    /// </summary>
    const int Capacity = 768, MaxBytes = 8 << 20;

    readonly Archive _archive;
    readonly HubReader _reader;
    readonly SegmentWriter _writer;
    readonly Lock _work = new();    // held by whoever touches _writer: the volume's thread, or who takes the stream away from one that hangs
    readonly Lock _gate = new();    // inside _work
    RecorderState _state = RecorderState.Waiting;   // under _gate, as all below
    WallTime _since;
    string _reason = "Nothing has come from the camera yet.";
    long _bytes, _segments, _lost;
    WallTime? _newest;
    string? _lastError;
    (SegmentEnd End, GapCause Cause, string Detail, TaskCompletionSource Done)? _stop;
    (OpenSegment Segment, Exception Error)? _syncFailure;
    bool _stopped;      // under _work, as the next
    Volume? _elsewhere; // where it goes on after this

    volatile Volume _volume;    // changed under _work

    internal Recorder(Archive archive, StreamLedger ledger, StreamHub hub, Volume volume)
    {
        _volume = volume;
        _archive = archive;
        Ledger = ledger;
        _since = WallTime.Now(archive.Clock);
        _writer = new(this);
        _reader = hub.Open(Capacity, Overflow.EndSegment, FragmentLength, MaxBytes);
        _reader.OnReady(Wake);
    }

    public string Camera => Ledger.Camera;
    public StreamKind Stream => Ledger.Stream;

    /// <summary>Where its segments go.</summary>
    internal Volume Volume => _volume;
    internal StreamLedger Ledger { get; }
    internal ArchiveFolder Folder => _volume.Folder;
    internal SegmentDisk Disk => _volume.Disk;
    internal TimeProvider Clock => _archive.Clock;
    internal ILogger Log => _archive.Log;
    internal MediaTime FragmentLength { get => field.Ticks > 0 ? field : field = MediaTime.From(_archive.Options.FragmentLength); }
    internal MediaTime SegmentLength { get => field.Ticks > 0 ? field : field = MediaTime.From(_archive.Options.SegmentLength); }

    public RecorderStatus Status()
    {
        lock (_gate)
            return new(Camera, Stream, _state, _since, _reason, _bytes, _segments, _lost, _newest, _lastError);
    }

    /// <summary>Ends the segment and opens a gap. Done when the segment is on the disk.</summary>
    /// <param name="cause">Of the gap that opens: <see cref="GapCause.Operator"/> or <see cref="GapCause.Policy"/>.</param>
    /// <param name="detail">One sentence.</param>
    public Task StopAsync(GapCause cause, string detail) => StopAsync(SegmentEnd.Stopped, cause, detail);

    internal async Task StopAsync(SegmentEnd end, GapCause cause, string detail)
    {
        Task stopped;
        lock (_gate)
        {
            _stop ??= (end, cause, detail, new(TaskCreationOptions.RunContinuationsAsynchronously));
            stopped = _stop.Value.Done.Task;
        }

        Wake();
        await stopped;
        await _volume.Publisher.DrainAsync();
    }

    /// <summary>Quick, on any thread.</summary>
    internal void Wake() => _volume.Writer.Wake(this);

    /// <summary>On the volume's thread: all that waits, then what was asked for meanwhile.</summary>
    /// <returns>False: the stream is another volume's by now.</returns>
    internal bool Drain(Volume volume)
    {
        lock (_work)
        {
            if (_volume == volume)
                Drain();
            return _volume == volume || _stopped;
        }
    }

    /// <summary>
    /// The volume's disk hangs: the stream goes on elsewhere, from its next key picture on, if it isn't the one whose call hangs and if there is an elsewhere. What is
    /// open ends as far as it was written; the disk isn't asked. Any thread.
    /// </summary>
    internal void Leave(Volume hung, string detail)
    {
        if (!_work.TryEnter())
        {
            // Its own call is the one that hangs, and only the system can end it.
            Tell(hung, detail, "The call for this stream is the one that hangs; it goes on when that ends.");
            return;
        }

        Volume? other = null;
        try
        {
            if (_stopped || _volume != hung)
                return;
            other = _archive.Elsewhere(hung);
            if (other is null)
            {
                Tell(hung, detail, "Nothing is recorded until it answers.");
                return;
            }

            _writer.Abandon(detail);
            Tell(hung, detail, $"Recording goes on on volume {other.Name}.");
            _volume = other;
        }
        finally
        {
            _work.Exit();
        }

        other.Writer.Wake(this);
    }

    /// <summary>Once per outage in the log, with what it means here.</summary>
    void Tell(Volume hung, string detail, string consequence)
    {
        lock (_gate)
            _lastError = $"{WallTime.Now(Clock)}: {detail}";
        if (Enter(RecorderState.DiskFailed, detail))
            Log.LogError("{Camera} {Stream}: volume {Volume} hangs. {Detail} {Consequence}", Camera, Stream, hung.Name, detail, consequence);
    }

    void Drain()
    {
        if (_stopped)
            return;
        (OpenSegment Segment, Exception Error)? syncFailure;
        lock (_gate)
        {
            syncFailure = _syncFailure;
            _syncFailure = null;
        }

        if (syncFailure is { } failure)
            _writer.SyncFailed(failure.Segment, failure.Error);
        while (_elsewhere is null && _reader.TryRead(out var item))
            _writer.Append(item);
        _writer.Drained();
        if (_elsewhere is { } other)
        {
            _elsewhere = null;
            _volume = other;
            other.Writer.Wake(this);
            return;
        }

        (SegmentEnd End, GapCause Cause, string Detail, TaskCompletionSource Done)? stop;
        lock (_gate)
            stop = _stop;
        if (stop is not { } asked)
            return;
        _reader.Dispose();
        _writer.End(asked.End, asked.Cause, asked.Detail);
        Ledger.ChangeCause(asked.Cause, asked.Detail, RunClock.Floor(WallTime.Now(Clock)));
        _stopped = true;
        _archive.Detached(this);
        Enter(RecorderState.Stopped, asked.Detail);
        asked.Done.TrySetResult();
    }

    internal void GiveUp(Exception e)
    {
        try
        {
            lock (_work)
                _writer.GiveUp(e);
        }
        catch (Exception again)
        {
            Log.LogError(again, "{Camera} {Stream}: the segment could not be ended; the next start up recovers it.", Camera, Stream);
        }

        lock (_gate)
            _lastError = $"{WallTime.Now(Clock)}: {e.Message}";
        Enter(RecorderState.Waiting, $"The recorder failed: {e.Message}");
        Wake();
    }

    internal void Lost(long units)
    {
        lock (_gate)
            _lost += units;
    }

    internal void Waiting(string reason) => Enter(RecorderState.Waiting, reason);

    internal void Opened(OpenSegment segment)
    {
        _volume.Publisher.Watch(segment, e =>
        {
            lock (_gate)
                _syncFailure = (segment, e);
            Wake();
        });
    }

    /// <exception cref="IOException">So many files of this stream wait for a disk that doesn't confirm them that another would only join them.</exception>
    internal void ThrowIfDiskIsDoubtful()
    {
        if (_volume.Publisher.FaultOf(Ledger) is { } fault)
            throw new IOException(fault.Message, fault.HResult);
    }

    internal void Discarded(OpenSegment segment) => _volume.Publisher.Forget(segment);

    internal void Written(long bytes, OpenSegment segment)
    {
        bool first;
        lock (_gate)
        {
            _bytes += bytes;
            _newest = segment.EndSoFar;
            first = _state != RecorderState.Recording;
        }

        if (first)
            Enter(RecorderState.Recording, "");
    }

    internal void Closed(ClosedSegment segment)
    {
        lock (_gate)
            _segments++;
        _volume.Publisher.Close(segment);
    }

    /// <summary>True if it goes on on another volume at once.</summary>
    internal bool DiskFailed(string detail, Exception e)
    {
        lock (_gate)
            _lastError = $"{WallTime.Now(Clock)}: {detail}";
        _volume.Failed();
        _elsewhere = _archive.Elsewhere(_volume);
        // Once per outage: retries change the status, not the log.
        if (Enter(RecorderState.DiskFailed, detail))
        {
            Log.LogError(e, "{Camera} {Stream}: {Detail} {Consequence}", Camera, Stream, detail,
                _elsewhere is null ? "Nothing is recorded until it works again." : $"Recording goes on on volume {_elsewhere.Name}.");
        }

        return _elsewhere is not null;
    }

    /// <summary>False if it was there already; then only the reason changes.</summary>
    bool Enter(RecorderState state, string reason)
    {
        lock (_gate)
        {
            _reason = reason;
            if (_state == state)
                return false;
            _state = state;
            _since = WallTime.Now(Clock);
        }

        _archive.Changed(Status());
        return true;
    }
}
