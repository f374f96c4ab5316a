using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using Atalaya.Media;
using Atalaya.Media.Mp4;
using Microsoft.Extensions.Logging;

namespace Atalaya.Recording;

/// <summary>Units of one stream in, segments out. Owned by whoever works for its <see cref="Recorder"/>; nothing here is touched by another meanwhile.</summary>
/// <remarks>
/// <para>A segment starts with a key frame and is cut at the last key frame that keeps it within the option's length. A group of pictures longer
/// than that is not cut, because the second part couldn't be decoded by itself and a crash costs no more in a long file than in a short one; only
/// beyond <see cref="LongestGroup"/> the file ends all the same, and its successor starts inside the group.</para>
/// <para>The newest unit is held back until its successor tells how long it lasts. A fragment is written when the next unit would make it too
/// long, at a key frame, and when a batch from the hub is used up, so that a killed process loses about one batch.</para>
/// </remarks>
sealed class SegmentWriter(Recorder recorder)
{
    /// <summary>A file never grows beyond this for want of a key frame.</summary>
    public static readonly MediaTime LongestGroup = MediaTime.FromSeconds(600);

    /// <summary>What a first segment waits for audio before it settles for pictures alone; audio that comes later means a new segment.</summary>
    static readonly MediaTime AudioPatience = MediaTime.FromSeconds(0.5);

    /// <summary>Media that jumps further has not been recorded in between, whatever the camera calls it. Slow streams get four pictures' time.</summary>
    static readonly MediaTime LongestStep = MediaTime.FromSeconds(2);

    /// <summary>Media and wall clock may tell so different a length of a short gap before the wall clock is believed.</summary>
    static readonly TimeSpan ClockTrust = TimeSpan.FromSeconds(1);

    /// <summary>Between two runs, whatever the clocks say: names tell milliseconds.</summary>
    static readonly TimeSpan ShortestGap = TimeSpan.FromMilliseconds(1);

    static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(1), LastRetry = TimeSpan.FromSeconds(30);

    readonly ArrayBufferWriter<byte> _init = new(2048);
    readonly ReadOnlyMemory<byte>[] _onePiece = new ReadOnlyMemory<byte>[1];
    readonly List<AccessUnit> _opening = [];    // what came before it is clear which tracks there are
    readonly RunClock _clock = new();

    FragmentMuxer? _muxer;          // of the tracks in force; kept over segments
    TrackFormat? _lead, _audio;     // its tracks: video, or audio without it; audio beside video
    TrackFormat? _newAudio;         // came, but isn't among the tracks yet
    OpenSegment? _segment;
    AccessUnit? _held;              // newest unit of the lead, not in the muxer yet
    bool _fragmentHasLead;
    int _fragmentFrames;
    MediaTime _fragmentStart, _lastKey, _interval, _endOfMedia;
    bool _sameSession;              // the camera's media clock is still that of the last segment
    bool _sawVideo;                 // in this session: sound alone is no recording then
    long _run;
    int _sequence;
    TimeSpan _retryDelay = FirstRetry;
    MonotonicTime? _retryAt;        // the disk failed; not before then again
    string _diskFault = "";         // how, in words

    /// <summary>Takes over the unit's reference.</summary>
    public void Append(in HubItem item)
    {
        if (item.Skipped > 0)
        {
            recorder.Lost(item.Skipped);
            End(SegmentEnd.DiskTooSlow, GapCause.Disk, $"{item.Skipped} units were lost: the disk did not keep up.");
        }

        if (item.Break is { } reason)
            Broken(reason);
        else if (_segment is null)
            Begin(item.Unit!);
        else if (item.Unit!.IsVideo == _lead is VideoFormat)
            Lead(item.Unit);
        else if (item.Unit.IsVideo)
            VideoAfterAudio(item.Unit);
        else
            Audio(item.Unit);
    }

    /// <summary>The hub has no more for now: what is worth a write leaves.</summary>
    public void Drained()
    {
        if (_segment is not null && _held is not null && _fragmentHasLead
            && (_held.Decode - _fragmentStart).Ticks * 2 >= recorder.FragmentLength.Ticks)
        {
            EndFragment(_held.Decode);
        }
    }

    /// <summary>Ends whatever is open and says why nothing follows.</summary>
    public void End(SegmentEnd reason, GapCause cause, string detail)
    {
        if (_opening.Count > 0)
            StartFromOpening();
        if (_segment is not null)
        {
            if (_held is { } held)
            {
                AddHeld(held, held.Decode + _interval);
                if (_segment is not null)
                    EndFragment(null);
            }

            if (_segment is not null)
                Close(reason, cause, detail);
        }

        recorder.Ledger.OpenGap(cause, detail);
    }

    /// <summary>
    /// The disk lost what the system had promised to keep; called between units. If the segment was closed meanwhile, the publisher knows by itself
    /// that it is doubtful.
    /// </summary>
    public void SyncFailed(OpenSegment segment, Exception e)
    {
        if (_segment == segment)
            DiskFailed("sync", e);
    }

    /// <summary>The disk doesn't come back from a call for another stream: what is open ends as far as it was written, and the disk isn't asked for anything.</summary>
    public void Abandon(string detail)
    {
        Forget();
        if (_segment is { IsEmpty: true } empty)
        {
            // Its file stays for the next start, which removes it.
            _segment = null;
            recorder.Ledger.Discarded();
            recorder.Discarded(empty);
            empty.Hash.Dispose();
            recorder.Ledger.OpenGap(GapCause.Disk, detail);
        }
        else if (_segment is not null)
        {
            Close(SegmentEnd.DiskFailed, GapCause.Disk, detail);
            recorder.Ledger.OpenGap(GapCause.Disk, detail);
        }

        _retryAt = null;
    }

    /// <summary>A bug in here must cost one camera one segment, not the others theirs.</summary>
    public void GiveUp(Exception e)
    {
        Forget();
        if (_segment is not null)
            Close(SegmentEnd.DiskFailed, GapCause.Crash, $"The recorder failed: {e.Message}");
        recorder.Ledger.OpenGap(GapCause.Crash, $"The recorder failed: {e.Message}");
    }

    void Broken(StreamBreak reason)
    {
        var cause = reason.Cause switch
        {
            BreakCause.Camera => GapCause.Camera,
            BreakCause.Network => GapCause.Network,
            BreakCause.Unauthorised => GapCause.Unauthorised,
            BreakCause.Operator => GapCause.Operator,
            _ => GapCause.Shutdown,
        };
        End(cause switch { GapCause.Operator => SegmentEnd.Stopped, GapCause.Shutdown => SegmentEnd.Shutdown, _ => SegmentEnd.CameraLost }, cause, reason.Detail);
        recorder.Ledger.ChangeCause(cause, reason.Detail, RunClock.Floor(reason.At));
        // A new session may have other tracks, and has another media clock.
        _sameSession = _sawVideo = false;
        _muxer = null;
        _lead = _audio = _newAudio = null;
        recorder.Waiting(reason.Detail);
    }

    /// <summary>No segment is open.</summary>
    void Begin(AccessUnit unit)
    {
        if (_retryAt is { } at)
        {
            if (MonotonicTime.Now(recorder.Clock) < at)
            {
                // A camera that was away is back: what is missing from now on is the disk's doing.
                recorder.Ledger.ChangeCause(GapCause.Disk, _diskFault, RunClock.Floor(unit.Wall));
                recorder.Lost(1);
                unit.Release();
                return;
            }

            _retryAt = null;
        }

        _sawVideo |= unit.IsVideo;
        bool hasVideo = _opening.Count > 0 && _opening[0].IsVideo;
        if (_sawVideo && !hasVideo)
        {
            // The segment starts with a key frame; sound from before has no picture.
            DropOpening();
            if (!unit.IsVideo || !unit.IsKey)
            {
                if (_sameSession)
                    recorder.Lost(1);
                unit.Release();
                return;
            }

            if (_sameSession && _muxer is not null && _lead!.Equals(unit.Format))
            {
                if (_newAudio is not null)
                    Tracks(_lead, _newAudio);
                if (Open(unit, continues: false))
                    Lead(unit);
                else
                    Refuse(unit);
                return;
            }
        }

        _opening.Add(unit);
        var first = _opening[0];
        bool complete = first.IsVideo
            ? !unit.IsVideo || unit.Decode - first.Decode >= AudioPatience
            : unit.Decode - first.Decode >= AudioPatience + AudioPatience;
        if (complete || _opening.Count >= 200)
            StartFromOpening();
    }

    void StartFromOpening()
    {
        var units = _opening.ToArray();
        _opening.Clear();
        var lead = units[0].Format;
        Tracks(lead, lead is VideoFormat ? units.FirstOrDefault(u => !u.IsVideo)?.Format : null);
        if (!Open(units[0], continues: false))
        {
            foreach (var unit in units)
                Refuse(unit);
            return;
        }

        foreach (var unit in units)
            Append(new(unit, null, 0));
    }

    void Tracks(TrackFormat lead, TrackFormat? audio)
    {
        _lead = lead;
        _audio = audio;
        _newAudio = null;
        _muxer = new(audio is null ? [lead] : [lead, audio]);
    }

    void Audio(AccessUnit unit)
    {
        if (_audio is not null && (ReferenceEquals(_audio, unit.Format) || _audio.Equals(unit.Format)))
            _muxer!.Add(unit);
        else
            _newAudio = unit.Format;    // from the next key frame on
        unit.Release();
    }

    void VideoAfterAudio(AccessUnit unit)
    {
        if (!unit.IsKey)
        {
            unit.Release();
            return;
        }

        if (_held is { } held)
        {
            AddHeld(held, held.Decode + _interval);
            if (_segment is not null)
                EndFragment(null);
        }

        if (_segment is null)
        {
            Refuse(unit);
            return;
        }

        _sawVideo = true;
        Close(SegmentEnd.FormatChanged, null, null);
        Tracks(unit.Format, _lead);
        if (Open(unit, continues: true))
            Lead(unit);
        else
            Refuse(unit);
    }

    void Lead(AccessUnit unit)
    {
        if (_held is { } held)
        {
            var step = unit.Decode - held.Decode;
            if (step <= MediaTime.Zero || step > Longest(LongestStep, new(4 * _interval.Ticks)))
            {
                Jumped(unit, step);
                return;
            }

            _interval = step;
            AddHeld(held, unit.Decode);
            if (_segment is not null && !(ReferenceEquals(_lead, unit.Format) || _lead!.Equals(unit.Format)))
            {
                EndFragment(unit.Decode);
                ChangeFormat(unit);
                return;
            }

            if (_segment is not null && (unit.IsKey || unit.Decode - _segment.MediaStart > LongestGroup))
                KeyFrame(unit);
            if (_segment is null)
            {
                Refuse(unit);
                return;
            }
        }

        if (unit.IsKey)
            _lastKey = unit.Decode;
        _held = unit;
    }

    /// <summary>A decoder can start here: does a segment, too?</summary>
    void KeyFrame(AccessUnit unit)
    {
        var length = unit.Decode - _segment!.MediaStart;
        var group = unit.Decode - _lastKey;
        bool set = unit.IsKey && _clock.WasSetForward(unit);
        bool full = length >= recorder.SegmentLength || length + group > recorder.SegmentLength;
        bool tracks = unit.IsKey && _newAudio is not null;
        // Sound alone can be cut anywhere: its fragments end by their length.
        if (_lead is VideoFormat || full || set)
            EndFragment(unit.Decode);
        if (_segment is null || !(full || set || tracks))
            return;
        if (set)
        {
            const string detail = "The node's clock was set forward; nothing is missing.";
            Close(SegmentEnd.ClockSet, GapCause.Clock, detail);
            recorder.Ledger.OpenGap(GapCause.Clock, detail);
            _sameSession = false;
            _ = Open(unit, continues: false);
        }
        else
        {
            Close(tracks ? SegmentEnd.FormatChanged : SegmentEnd.Rotated, null, null);
            if (tracks)
                Tracks(_lead!, _newAudio);
            _ = Open(unit, continues: true);
        }
    }

    void ChangeFormat(AccessUnit unit)
    {
        if (_segment is null)
        {
            Refuse(unit);
            return;
        }

        if (unit.IsKey)
        {
            Close(SegmentEnd.FormatChanged, null, null);
            Tracks(unit.Format, _newAudio ?? _audio);
            if (Open(unit, continues: true))
                Lead(unit);
            else
                Refuse(unit);
            return;
        }

        const string detail = "The camera changed its format without a key frame.";
        Close(SegmentEnd.FormatChanged, GapCause.Camera, detail);
        recorder.Ledger.OpenGap(GapCause.Camera, detail);
        unit.Release();
    }

    void Jumped(AccessUnit unit, MediaTime step)
    {
        string detail = step > MediaTime.Zero
            ? $"{step.Seconds:0.0} s of media are missing."
            : $"The camera's clock went back by {-step.Seconds:0.000} s.";
        End(SegmentEnd.CameraLost, unit.AfterLoss ? GapCause.Network : GapCause.Camera, detail);
        Begin(unit);
    }

    void AddHeld(AccessUnit held, MediaTime next)
    {
        _held = null;
        if (_fragmentHasLead && next - _fragmentStart > recorder.FragmentLength)
            EndFragment(held.Decode);
        if (_segment is null)
        {
            Refuse(held);
            return;
        }

        if (!_fragmentHasLead)
        {
            _fragmentHasLead = true;
            _fragmentStart = held.Decode;
            _fragmentFrames = 0;
        }

        _fragmentFrames++;
        _clock.Observe(held);
        _muxer!.Add(held);
        held.Release();
    }

    void EndFragment(MediaTime? next)
    {
        if (!_fragmentHasLead)
            return;
        _fragmentHasLead = false;
        var segment = _segment!;
        var fragment = _muxer!.End(next);
        try
        {
            recorder.Disk.Write(segment.File, fragment.Pieces, segment.Committed);
            foreach (var piece in fragment.Pieces)
                segment.Hash.AppendData(piece.Span);
            Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
            segment.Hash.GetCurrentHash(digest);
            recorder.Ledger.Written(segment, fragment, _fragmentFrames, BinaryPrimitives.ReadUInt128BigEndian(digest));
            recorder.Written(fragment.Bytes, segment);
            _retryDelay = FirstRetry;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            recorder.Lost(fragment.Units);
            DiskFailed("write", e);
        }
        finally
        {
            fragment.Release();
        }
    }

    /// <summary>False when the disk refuses: then nothing is open.</summary>
    /// <param name="continues">Right behind the segment before, on the same media clock.</param>
    bool Open(AccessUnit unit, bool continues)
    {
        var start = continues && recorder.Ledger.LastEnd is { } end ? end : StartOfRun(unit);
        if (!continues)
        {
            _run = start.Milliseconds;
            _sequence = 0;
            _clock.StartRun(unit);
        }

        _clock.StartSegment(unit);
        var name = new SegmentName(start.Milliseconds, recorder.Stream);
        string path = recorder.Folder.OpenPath(recorder.Camera, name);
        OpenSegment? segment = null;
        try
        {
            recorder.ThrowIfDiskIsDoubtful();
            recorder.Disk.MakeFolder(recorder.Folder.Open);
            segment = new(name, path, recorder.Disk.Create(path), unit.Decode, _muxer!.Tracks, _run, _sequence, unit.IsKey) { Volume = recorder.Volume.Name };
            _init.ResetWrittenCount();
            _muxer.WriteInit(_init);
            _onePiece[0] = _init.WrittenMemory;
            recorder.Disk.Write(segment.File, _onePiece, 0);
            segment.Hash.AppendData(_init.WrittenSpan);
            segment.InitBytes = _init.WrittenCount;
            segment.Committed = _init.WrittenCount;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (segment is not null)
                Discard(segment);
            DiskFailed("open", e);
            return false;
        }

        _sequence++;
        _sameSession = true;
        _segment = segment;
        _fragmentHasLead = false;
        recorder.Ledger.Opened(segment);
        recorder.Opened(segment);
        return true;
    }

    /// <summary>
    /// By the node's clock; after a short gap on the same media clock by that, which is exact. Never before the end of what is recorded: a clock
    /// that was set back leaves the archive where it is. And never right at that end, unless the media clock says so: what is missing between two
    /// runs can be shorter than the delay that <see cref="RunClock"/> has measured, and must stand in the ledger all the same.
    /// </summary>
    WallTime StartOfRun(AccessUnit unit)
    {
        var wall = RunClock.Floor(unit.Wall);
        if (recorder.Ledger.LastEnd is not { } last)
            return wall;
        if (_sameSession)
        {
            var byMedia = RunClock.Floor(last + (unit.Decode - _endOfMedia).ToTimeSpan());
            if (byMedia >= last && (byMedia - wall).Duration() < ClockTrust)
                return byMedia;
        }

        var earliest = last + ShortestGap;
        if (wall >= earliest)
            return wall;
        if (last - wall > ClockTrust)
            recorder.Log.LogWarning("{Camera} {Stream}: the node's clock says {Wall}, but the archive ends at {End}; recording goes on from there.",
                recorder.Camera, recorder.Stream, wall, last);
        return earliest;
    }

    void Close(SegmentEnd reason, GapCause? cause, string? detail)
    {
        var segment = _segment!;
        _segment = null;
        _muxer?.Reset();    // sound behind the last picture
        _fragmentHasLead = false;
        _endOfMedia = segment.MediaEnd;
        if (segment.IsEmpty)
        {
            Discard(segment);
            return;
        }

        var end = _clock.EndOf(segment.Start, segment.MediaStart, segment.MediaEnd);
        var row = segment.ToSegment(recorder.Camera, end, reason, 0, "");
        byte[] trailer = SegmentTrailer.Of(row, cause, detail, Convert.ToHexStringLower(segment.Hash.GetCurrentHash()), recorder.Ledger.GapBefore(segment)).ToBox();
        segment.Hash.AppendData(trailer);
        row = row with { Bytes = segment.Committed + trailer.Length, Sha256 = Convert.ToHexStringLower(segment.Hash.GetHashAndReset()) };
        recorder.Ledger.Closed(segment, row);
        recorder.Closed(new(row, segment, trailer, recorder.Ledger));
    }

    void Discard(OpenSegment segment)
    {
        recorder.Ledger.Discarded();
        recorder.Discarded(segment);
        segment.File.Dispose();
        segment.Hash.Dispose();
        try
        {
            recorder.Disk.Delete(segment.Path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            recorder.Log.LogWarning(e, "{Path} is empty and can't be removed.", segment.Path);
        }
    }

    void DiskFailed(string doing, Exception e)
    {
        string detail = _diskFault = SegmentDisk.Describe(doing, e);
        Forget();
        if (_segment is { } segment)
        {
            try
            {
                // What a failed write left behind the last whole fragment.
                recorder.Disk.Truncate(segment.File, segment.Committed);
            }
            catch (Exception again) when (again is IOException or UnauthorizedAccessException)
            {
                // The trailer overwrites it, or the next start up cuts it off.
            }

            Close(SegmentEnd.DiskFailed, GapCause.Disk, detail);
        }

        recorder.Ledger.OpenGap(GapCause.Disk, detail);
        _retryAt = MonotonicTime.Now(recorder.Clock) + _retryDelay;
        _retryDelay = _retryDelay * 2 < LastRetry ? _retryDelay * 2 : LastRetry;
        if (recorder.DiskFailed(detail, e))
            _retryAt = null;    // the other volume hasn't refused
    }

    /// <summary>Units that are in memory and will not be written.</summary>
    void Forget()
    {
        int units = (_muxer?.Units ?? 0) + _opening.Count + (_held is null ? 0 : 1);
        if (units > 0)
            recorder.Lost(units);
        _muxer?.Reset();
        _fragmentHasLead = false;
        _held?.Release();
        _held = null;
        DropOpening();
    }

    void DropOpening()
    {
        foreach (var unit in _opening)
            unit.Release();
        _opening.Clear();
    }

    void Refuse(AccessUnit unit)
    {
        recorder.Lost(1);
        unit.Release();
    }

    static MediaTime Longest(MediaTime a, MediaTime b) => a > b ? a : b;
}
