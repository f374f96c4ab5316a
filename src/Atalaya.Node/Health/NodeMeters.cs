using System.Diagnostics.Metrics;

using Atalaya.Cameras;
using Atalaya.Cameras.Onvif;
using Atalaya.Node.Analysis;
using Atalaya.Node.Cameras;
using Atalaya.Node.Footage;
using Atalaya.Recording;
using Atalaya.Recording.Storage;

namespace Atalaya.Node.Health;

/// <summary>What the node measures of itself. Its meter carries it as scope, so that two nodes in one process are told apart.</summary>
sealed class NodeMeters : IDisposable
{
    readonly Meter _meter;

    public NodeMeters()
    {
        _meter = new(new MeterOptions("Atalaya.Node") { Scope = this });
        LiveFragments = _meter.CreateCounter<long>("atalaya_live_fragments_total", null, "Fragments sent to live viewers.");
        LiveSkipped = _meter.CreateCounter<long>("atalaya_live_skipped_units_total", null, "Access units that slow viewers lost.");
        LiveLatency = _meter.CreateHistogram<double>("atalaya_live_latency_seconds", "s", "From a picture's last packet to its fragment handed to the socket.");
        RecordingInterruptions = _meter.CreateCounter<long>("atalaya_recording_interruptions_total", null, "Recordings that stopped: each opened a gap.");
        PreviewsMade = _meter.CreateHistogram<double>("atalaya_preview_seconds", "s", "From the begin of a preview's making to its end.");
        PreviewsFailed = _meter.CreateCounter<long>("atalaya_previews_failed_total", null, "Previews that couldn't be made.");
        PreviewsServed = _meter.CreateCounter<long>("atalaya_previews_total", null, "Previews handed out, from the cache or newly made.");
    }

    public Histogram<double> PreviewsMade { get; }
    public Counter<long> PreviewsFailed { get; }
    public Counter<long> PreviewsServed { get; }
    public Counter<long> LiveFragments { get; }
    public Counter<long> LiveSkipped { get; }
    public Histogram<double> LiveLatency { get; }
    public Counter<long> RecordingInterruptions { get; }

    public void ObservePreviews(Func<long> bytes, Func<int> waiting)
    {
        _meter.CreateObservableGauge("atalaya_preview_cache_bytes", bytes, "By", "What kept previews take on the disk.");
        _meter.CreateObservableGauge("atalaya_previews_waiting", waiting, null, "Previews that are being made or wait for it.");
    }

    public void Observe(OnvifLinks links)
    {
        _meter.CreateObservableGauge(
            "atalaya_onvif_connected",
            () => from link in links.Statuses() select new Measurement<int>(link.Status.State == OnvifState.Running ? 1 : 0, new KeyValuePair<string, object?>("camera", link.Camera)),
            null,
            "1 while the camera's ONVIF service answers.");
        _meter.CreateObservableCounter(
            "atalaya_onvif_events_total",
            () => from link in links.Statuses() select new Measurement<long>(link.Status.Events, new KeyValuePair<string, object?>("camera", link.Camera)),
            null,
            "Events of cameras' own analytics received.");
    }

    public void ObserveViewers(Func<int> viewers) => _meter.CreateObservableGauge("atalaya_live_viewers", viewers, null, "Live views that are open.");

    public void Observe(CameraSet cameras)
    {
        Streams("atalaya_camera_frames_total", "Video pictures received.", s => s.Totals.Units);
        Streams("atalaya_camera_bytes_total", "Payload bytes received.", s => s.Totals.Bytes);
        Streams("atalaya_camera_packets_total", "RTP packets received.", s => s.Totals.PacketsReceived);
        Streams("atalaya_camera_packets_lost_total", "RTP packets lost on the way.", s => s.Totals.PacketsLost);
        Streams("atalaya_camera_packets_malformed_total", "RTP packets that made no sense.", s => s.Totals.Malformed);
        Streams("atalaya_camera_sessions_total", "Sessions begun: 1 and all reconnects.", s => s.Totals.Sessions);
        _meter.CreateObservableGauge(
            "atalaya_camera_state",
            () => from camera in cameras.All
                  let now = camera.Status().State
                  from state in Enum.GetValues<CameraState>()
                  select new Measurement<int>(state == now ? 1 : 0, new("camera", camera.Id), new("state", state.ToString().ToLowerInvariant())),
            null,
            "1 for the state that the camera is in.");

        void Streams(string name, string help, Func<StreamStatus, long> value) => _meter.CreateObservableCounter(
            name,
            () => from camera in cameras.All
                  from stream in camera.Status().Streams
                  select new Measurement<long>(value(stream), new("camera", camera.Id), new("stream", Word(stream.Stream))),
            null,
            help);
    }

    public void Observe(AnalysisHost host, AnalysisFeeds feeds)
    {
        Cameras("atalaya_analysis_asked_rate", "Pictures a second that are wanted.", f => f.Enabled ? f.Asked : 0);
        Cameras("atalaya_analysis_given_rate", "Pictures a second that were looked at, over the last seconds.", f => f.Given);
        Cameras("atalaya_analysis_age_seconds", "From a picture's arrival to its result, the last one.", f => f.Age?.TotalSeconds ?? 0);
        Cameras("atalaya_analysis_blind", "1 while a camera isn't looked at.", f => f.Blind is null ? 0 : 1);
        _meter.CreateObservableCounter("atalaya_analysis_restarts_total", () => host.Status().Restarts, null, "How often the analysis process ended unasked.");
        _meter.CreateObservableGauge("atalaya_analysis_busy", () => host.Busy, null, "Share of the analysis threads' time that is used.");

        void Cameras(string name, string help, Func<FeedStatus, double> value) => _meter.CreateObservableGauge(
            name, () => feeds.Status().Select(f => new Measurement<double>(value(f), new KeyValuePair<string, object?>("camera", f.Camera))), null, help);
    }

    public void Observe(Recordings recordings, TimeProvider clock)
    {
        recordings.Changed += status =>
        {
            if (status.State is RecorderState.DiskFailed || (status.State == RecorderState.Waiting && status.Newest is not null))
                RecordingInterruptions.Add(1, new("camera", status.Camera), new("stream", Word(status.Stream)));
        };
        Recorders("atalaya_recording_bytes_total", "Bytes written to segments.", r => r.Bytes);
        Recorders("atalaya_recording_segments_total", "Segments closed.", r => r.Segments);
        Recorders("atalaya_recording_units_lost_total", "Access units that came and are not on the disk.", r => r.UnitsLost);
        _meter.CreateObservableGauge(
            "atalaya_recording_lag_seconds",
            () => recordings.Archive.Status().Recorders.Where(r => r is { State: RecorderState.Recording, Newest: not null })
                .Select(r => new Measurement<double>((Media.WallTime.Now(clock) - r.Newest!.Value).TotalSeconds, Tags(r))),
            "s",
            "Age of the newest picture that the operating system has.");
        _meter.CreateObservableGauge("atalaya_recording_pending_rows", () => recordings.Archive.Status().PendingRows, null, "Segments and gaps that wait for the index.");
        _meter.CreateObservableGauge(
            "atalaya_recording_unpublished_segments", () => recordings.Archive.Status().UnpublishedSegments, null, "Closed segments that couldn't be synced and renamed yet.");

        Volumes("atalaya_storage_capacity_bytes", "Size of a volume.", v => v.Capacity);
        Volumes("atalaya_storage_free_bytes", "What may still be written to it.", v => v.Free);
        Volumes("atalaya_storage_used_bytes", "Footage on it.", v => v.Used);
        Volumes("atalaya_storage_held_bytes", "Of that, kept by holds.", v => v.Held);
        Volumes("atalaya_storage_holds_limit_bytes", "What holds may use.", v => v.HoldsLimit);
        Volumes("atalaya_storage_level", "0 in order, 1 warning, 2 alarm.", v => (int)v.Level);
        _meter.CreateObservableGauge(
            "atalaya_storage_full_in_seconds",
            () => recordings.Caretaker.Status.Volumes.Where(v => v.FullIn is not null).Select(v => new Measurement<double>(v.FullIn!.Value.TotalSeconds, new KeyValuePair<string, object?>("volume", v.Name))),
            "s",
            "Until a volume's reserve is reached at the rate of the last day.");
        _meter.CreateObservableCounter("atalaya_storage_removed_files_total", () => recordings.Caretaker.Status.Removed, null, "Files removed by retention, or behind a move.");
        _meter.CreateObservableCounter("atalaya_storage_removed_bytes_total", () => recordings.Caretaker.Status.RemovedBytes, null, "Footage removed by retention.");
        _meter.CreateObservableCounter("atalaya_storage_moved_bytes_total", () => recordings.Caretaker.Status.MovedBytes, null, "Footage moved to another volume.");

        void Volumes(string name, string help, Func<VolumeStatus, long> value) => _meter.CreateObservableGauge(
            name, () => recordings.Caretaker.Status.Volumes.Select(v => new Measurement<long>(value(v), new KeyValuePair<string, object?>("volume", v.Name))), null, help);

        void Recorders(string name, string help, Func<RecorderStatus, long> value) => _meter.CreateObservableCounter(
            name, () => recordings.Archive.Status().Recorders.Select(r => new Measurement<long>(value(r), Tags(r))), null, help);

        static KeyValuePair<string, object?>[] Tags(RecorderStatus r) => [new("camera", r.Camera), new("stream", Word(r.Stream))];
    }

    public void Dispose() => _meter.Dispose();

    static string Word(Media.StreamKind stream) => stream == Media.StreamKind.Main ? "main" : "sub";
}
