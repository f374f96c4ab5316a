using Atalaya.Cameras;
using Atalaya.Cameras.Onvif;
using Atalaya.Media;
using Atalaya.Node.Footage;
using Atalaya.Node.Identity;
using Atalaya.Recording;

namespace Atalaya.Node.Cameras;

/// <summary>Cameras as the API shows them.</summary>
sealed class CameraView(CameraRoster roster, Recordings recordings, OnvifLinks onvif, CameraScopes places, TimeProvider clock)
{
    readonly WallTime _started = WallTime.Now(clock);

    public IReadOnlyList<CameraJson> All() => [.. roster.All.Select(Of)];

    public CameraJson? Find(string id) => roster.Find(id) is { } entry ? Of(entry) : null;

    /// <summary>What leads to the camera is shown to who manages it alone.</summary>
    public static CameraJson For(CameraJson camera, Caller caller) => caller.Can(Permission.ManageCameras, camera.Id)
        ? camera
        : camera with
        {
            Main = new(""),
            Sub = camera.Sub is null ? null : new(""),
            UserName = null,
            HasPassword = false,
            Fingerprint = null,
            Onvif = camera.Onvif is null ? null : camera.Onvif with { Url = "" },
        };

    public RecordingStatusJson Recording(CameraConfig config)
    {
        RecorderStatus? worst = null;
        foreach (var stream in (StreamKind[])[StreamKind.Main, StreamKind.Sub])
        {
            if (config.Records(stream) && recordings.Status(config.Id, stream) is { } status && (worst is null || Rank(status) > Rank(worst)))
                worst = status;
        }

        return worst is null
            ? new(RecordingStateJson.Off, _started.ToDateTimeOffset(), config.Record == RecordedStreams.None ? "Recording is switched off." : "")
            : new(State(worst), worst.Since.ToDateTimeOffset(), worst.Reason);

        static int Rank(RecorderStatus s) => s.State switch { RecorderState.DiskFailed => 3, RecorderState.Stopped => 2, RecorderState.Waiting => 1, _ => 0 };

        static RecordingStateJson State(RecorderStatus s) => s.State switch
        {
            RecorderState.Recording => RecordingStateJson.Recording,
            RecorderState.Waiting => RecordingStateJson.Waiting,
            RecorderState.DiskFailed => RecordingStateJson.Failed,
            _ => RecordingStateJson.Off,
        };
    }

    CameraJson Of(RosterEntry entry)
    {
        var config = entry.Config;
        var status = roster.Set.Find(config.Id)?.Status()
            ?? new CameraStatus(CameraState.Connecting, "It is about to start.", _started, 0, []);
        return new(
            config.Id,
            config.Name,
            config.Enabled,
            entry.Source,
            new(config.Main.ToString()),
            config.Sub is null ? null : new(config.Sub.ToString()),
            config.Transport,
            config.Record,
            config.Audio,
            config.KeepFor is null && config.KeepBytes is null ? null : new(config.KeepFor?.TotalDays, config.KeepBytes),
            config.UserName,
            config.Password is not null,
            config.Fingerprint,
            config.Onvif is null ? null : new(config.Onvif.Device.AbsoluteUri, config.Onvif.Profile, onvif.Find(config.Id) is { } session ? Of(session.Status) : null),
            places.Of(config.Id).Site is { Length: > 0 } site ? site : null,
            places.Of(config.Id).Groups,
            new(status.State, status.Reason, status.Since.ToDateTimeOffset(), status.State == CameraState.Running ? 0 : status.Attempt, [.. status.Streams.Select(Of)]),
            Recording(config));
    }

    static OnvifStatusJson Of(OnvifStatus s) => new(
        s.State,
        s.Reason,
        s.Since.ToDateTimeOffset(),
        s.NextAttempt?.ToDateTimeOffset(),
        s.Device is { } device ? new(device.Manufacturer, device.Model, device.Firmware, device.SerialNumber, device.HardwareId) : null,
        s.ClockOffset is { } offset ? Math.Round(offset.TotalSeconds) : null,
        s.ClockRead?.ToDateTimeOffset(),
        s.FromNtp,
        s.HasPtz,
        s.HasImaging,
        s.ReceivesEvents,
        s.EventsReason,
        s.Events,
        s.Dropped.Events);

    static StreamStatusJson Of(StreamStatus s) => new(
        s.Stream,
        s.Format?.Codec.ToString().ToLowerInvariant(),
        s.Format?.CodecString,
        s.Format?.Width,
        s.Format?.Height,
        s.Format is null ? null : Math.Round(s.FramesPerSecond, 2),
        s.Format is null ? null : (long)s.BitsPerSecond,
        s.Totals.PacketsLost,
        s.LastUnit?.ToDateTimeOffset(),
        s.Audio?.Codec.ToString().ToLowerInvariant(),
        s.State,
        s.Reason,
        s.NextAttempt?.ToDateTimeOffset());
}
