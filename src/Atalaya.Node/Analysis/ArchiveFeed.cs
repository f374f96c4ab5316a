using Atalaya.Analysis.Wire;
using Atalaya.Media;
using Atalaya.Media.Mp4;
using Atalaya.Node.Footage;
using Atalaya.Node.Tracks;
using Atalaya.Recording;

namespace Atalaya.Node.Analysis;

/// <summary>One segment's part of a stretch was looked at, or couldn't be.</summary>
/// <param name="Pictures">That were looked at.</param>
/// <param name="Fault">Why it wasn't looked at, or not to its end; empty if it was.</param>
sealed record ArchiveStep(WallSpan Span, int Pictures, string Fault);

/// <summary>What becomes of what recorded footage shows.</summary>
abstract class ArchiveSight
{
    /// <summary>Faces are looked for as well, to be covered.</summary>
    public virtual bool Faces => false;

    /// <summary>Pictures of one camera from a part of its footage, all of them and in order.</summary>
    public abstract void Keep(WallSpan span, IReadOnlyList<SeenPicture> pictures);

    /// <summary>Where it moved in one picture, as <c>MotionGate</c> tells it. On the host's loop.</summary>
    public virtual void Moved(WallTime at, ReadOnlySpan<byte> heat, bool learning)
    {
    }
}

/// <summary>Keeps what is seen as if it had been seen live: tracks, and where it moved.</summary>
sealed class KeptSight(string camera, TrackStore tracks, MotionHeat heat) : ArchiveSight
{
    public override void Keep(WallSpan span, IReadOnlyList<SeenPicture> pictures) => tracks.Replace(camera, span.From, span.To, pictures);

    public override void Moved(WallTime at, ReadOnlySpan<byte> moved, bool learning) => heat.Add(camera, at, moved, learning, past: true);
}

/// <summary>
/// Brings recorded footage of one camera to the analysis process, as fast as that takes it, and hands over what it sees segment by segment.
/// Rules are tried on the tracks later, so it is given none.
/// </summary>
/// <remarks>One stretch at a time. Read ahead is what the process' credits let through: a few pictures.</remarks>
sealed class ArchiveFeed(
    string camera, CameraAnalysis settings, Recordings recordings, AnalysisHost host, ArchiveSight sight, TimeProvider clock)
{
    /// <summary>Footage during which the process ended so often is left out: it is what ends it.</summary>
    const int MaxDeaths = 2;

    readonly BlockPool _pool = new(8 << 20);
    readonly List<SeenPicture> _seen = [];      // under itself: results come on the host's loop
    volatile VideoFormat? _format;
    volatile string _fault = "";

    /// <summary>Returns when the stretch was looked at, or what of it can be.</summary>
    /// <param name="onStep">Called for each segment in order.</param>
    /// <exception cref="IOException">Tracks can't be written.</exception>
    /// <exception cref="OperationCanceledException">Only through <paramref name="stop"/>.</exception>
    public async Task LookAsync(StreamKind stream, WallSpan span, Action<ArchiveStep> onStep, CancellationToken stop)
    {
        var at = span.From;
        WallTime? failedAt = null;
        int deaths = 0;
        while (at < span.To)
        {
            using var line = await host.OpenAsync(stop);
            using var attached = CancellationTokenSource.CreateLinkedTokenSource(stop, line.Ended);
            try
            {
                await FeedAsync(line, stream, new(at, span.To), Step, attached.Token);
                return;
            }
            catch (Exception fault) when ((fault is OperationCanceledException && !stop.IsCancellationRequested) || (fault is IOException && line.Ended.IsCancellationRequested))
            {
                // The process ended. What was kept of this segment isn't counted twice: it is looked at anew.
                deaths = failedAt == at ? deaths + 1 : 1;
                failedAt = at;
                if (deaths < MaxDeaths)
                    continue;
                var segments = await recordings.Archive.SegmentsAsync(camera, stream, at, span.To, stop);
                var end = segments.FirstOrDefault(s => s.End > at)?.End is { } e && e < span.To ? e : span.To;
                Step(new(new(at, end), 0, $"Analysis ended {deaths} times while it looked at this."));
            }
            finally
            {
                host.Close(line);
            }
        }

        void Step(ArchiveStep step)
        {
            at = step.Span.To;
            onStep(step);
        }
    }

    async Task FeedAsync(AnalysisLine line, StreamKind stream, WallSpan span, Action<ArchiveStep> onStep, CancellationToken stop)
    {
        _format = null;
        lock (_seen)
            _seen.Clear();
        line.OnFault = fault => _fault = fault;
        line.OnFigures = figures =>
        {
            // Of one that waits behind live streams this is 0.
            if (figures.Working > host.Options.Patience.TotalSeconds)
                host.End(line, $"A recorded picture of {camera} took longer than {host.Options.Patience.TotalSeconds:0} s.");
        };
        line.OnResult = (result, heat) => Take(line, result, heat, stream, span);
        var pace = new KeyPace();
        var sent = new Sent(line, pace);
        await ConfigureAsync(keysOnly: false);
        var segments = await recordings.Archive.SegmentsAsync(camera, stream, span.From, span.To, stop);
        Segment? before = null;
        var from = span.From;
        for (int i = 0; i < segments.Count; i++)
        {
            var segment = segments[i];
            if (before is not null && (before.Run != segment.Run || before.MediaEnd != segment.MediaStart))
            {
                pace.Break();
                await line.SendAsync(MessageKind.Break, new(line.Number), WireJson.Default.ChannelHead, default, stop);
            }

            before = segment;
            string fault = await SendAsync(segment, sent, span, ConfigureAsync, stop);
            var end = segment.End < span.To ? segment.End : span.To;
            // Its last pictures need the next file, which begins inside a group of pictures.
            if (end <= from || (i + 1 < segments.Count && segments[i + 1] is { Points.StartsWithKey: false } next && next.Run == segment.Run))
                continue;
            await line.DrainAsync(MonotonicTime.Now(clock).Nanoseconds, stop);
            SeenPicture[] seen;
            lock (_seen)
            {
                seen = [.. _seen];
                _seen.Clear();
            }

            if (fault.Length == 0)
                fault = _fault;
            if (seen.Length > 0)
                sight.Keep(new(from, end), seen);
            onStep(new(new(from, end), seen.Length, fault));
            from = end;
        }

        if (from < span.To)
            onStep(new(new(from, span.To), 0, from == span.From ? "The footage isn't there any more." : ""));

        Task ConfigureAsync(bool keysOnly) => line.SendAsync(
            MessageKind.Camera, new(line.Number, camera, settings.Rate, settings.Priority, keysOnly, settings.Classes, "", clock.LocalTimeZone.Id)
            {
                Hardware = host.Options.Hardware,
                Device = host.Options.Device.Length == 0 ? null : host.Options.Device,
                Past = true,
                Faces = sight.Faces,
            },
            WireJson.Default.CameraHead, default, stop);
    }

    /// <returns>Why not all of it could be sent; empty if it was.</returns>
    async Task<string> SendAsync(Segment segment, Sent sent, WallSpan span, Func<bool, Task> configureAsync, CancellationToken stop)
    {
        using var file = await recordings.Archive.OpenSegmentAsync(camera, segment.Name, stop);
        if (file is null)
            return "Its file isn't there.";
        Mp4Track? video;
        try
        {
            video = Mp4File.Open(file.Handle).Video;
        }
        catch (Exception fault) when (fault is Mp4Exception or IOException)
        {
            return fault.Message;
        }

        if (video is null || video.Samples.Count == 0)
            return "It holds no pictures.";
        // Wall time is told of decode times.
        var delay = video.Samples[0].Presentation - video.Samples[0].Decode;
        for (int i = segment.Points.StartsWithKey ? Math.Max(0, video.FindKey(segment.ToMedia(span.From) + delay)) : 0; i < video.Samples.Count; i++)
        {
            var wall = segment.ToWall(video.Samples[i].Presentation - delay);
            if (wall >= span.To)
                break;
            AccessUnit unit;
            try
            {
                unit = video.ReadUnit(i, _pool);
            }
            catch (Exception fault) when (fault is Mp4Exception or IOException)
            {
                return fault.Message;
            }

            try
            {
                await SendAsync(unit, wall, sent, configureAsync, stop);
            }
            finally
            {
                unit.Release();
            }
        }

        return "";
    }

    async Task SendAsync(AccessUnit unit, WallTime wall, Sent sent, Func<bool, Task> configureAsync, CancellationToken stop)
    {
        if (unit.IsKey)
        {
            bool enough = sent.Pace.IsEnough(unit.Presentation, settings.Rate);
            if (enough != sent.KeysOnly)
            {
                sent.KeysOnly = enough;
                sent.Format = null;
                await configureAsync(enough);
            }
        }
        else if (sent.KeysOnly)
        {
            return;
        }

        var format = (VideoFormat)unit.Format;
        if (sent.Format is null || !sent.Format.Equals(format))
            await sent.Line.SendAsync(MessageKind.Format, new(sent.Line.Number, format.Codec, format.CodecString, format.Width, format.Height), WireJson.Default.FormatHead, format.Configuration, stop);
        sent.Format = _format = format;
        var now = MonotonicTime.Now(clock);
        await sent.Line.SendUnitAsync(unit, wall, now, now.Nanoseconds, stop);
    }

    // On the host's loop. What comes from a process that reads strangers' video is looked at before it is believed.
    void Take(AnalysisLine line, ResultHead result, ReadOnlyMemory<byte> moved, StreamKind stream, WallSpan span)
    {
        AnalysisFeed.Check(result, moved, camera);
        var wall = new WallTime(result.Wall);
        if (wall < span.From || wall >= span.To)
            return;     // Before the stretch lies what its first pictures are made from.
        var format = _format;
        lock (_seen)
        {
            _seen.Add(new(
                camera, stream, new(result.Presentation), wall, format?.Width ?? 0, format?.Height ?? 0, ((long)line.Number << 32) | (uint)result.Tracker, result.Learning,
                result.Moving, result.Tracks)
            {
                Turning = result.Turning,
                Faces = result.Faces,
            });
        }

        sight.Moved(wall, moved.Span, result.Learning);
    }

    /// <summary>What the process was told last on one line. Touched only by the loop that sends.</summary>
    sealed class Sent(AnalysisLine line, KeyPace pace)
    {
        public AnalysisLine Line => line;
        public KeyPace Pace => pace;
        public bool KeysOnly { get; set; }
        public VideoFormat? Format { get; set; }
    }
}
