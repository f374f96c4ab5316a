using System.Text.Json;
using Atalaya.Media;
using Xunit;

namespace Atalaya.Testing;

public enum GStreamerAuthentication
{
    None,
    Basic,
    Digest,
}

/// <summary>
/// GStreamer's RTSP server in a child process, as a camera that none of us wrote. Plays a file once, as fast as it is timed, to each client.
/// Tests are skipped where Debian's gir1.2-gst-rtsp-server-1.0 isn't installed.
/// </summary>
public sealed class GStreamerRtspServer : IAsyncDisposable
{
    const string Python = "/usr/bin/python3";   // Debian's: another one on the PATH doesn't see its bindings

    readonly ManagedProcess _process;

    GStreamerRtspServer(ManagedProcess process, int port)
    {
        _process = process;
        Port = port;
    }

    public int Port { get; }
    public string Log => _process.Output + _process.Errors;

    public string Url(string path = "cam", string? user = null, string? password = null) =>
        $"rtsp://{(user is null ? "" : $"{user}:{password}@")}127.0.0.1:{Port}/{path}";

    /// <summary>Serves one MP4 as <c>/cam</c>.</summary>
    public static Task<GStreamerRtspServer> StartAsync(
        string file, Codec video = Codec.H264, Codec? audio = null, GStreamerAuthentication authentication = GStreamerAuthentication.None,
        string user = "admin", string password = "s3cret") =>
        StartAsync(new Dictionary<string, string> { ["/cam"] = LaunchOf(file, video, audio) }, authentication, user, password);

    /// <param name="mounts">Path with a slash in front → launch string.</param>
    /// <param name="protocols">Null: TCP and UDP; otherwise <c>tcp</c> or <c>udp</c> alone.</param>
    public static async Task<GStreamerRtspServer> StartAsync(
        IReadOnlyDictionary<string, string> mounts, GStreamerAuthentication authentication = GStreamerAuthentication.None, string user = "admin",
        string password = "s3cret", string? protocols = null)
    {
        string script = Path.Combine(Path.GetTempPath(), "atalaya-tests", $"gstreamer-rtsp-server-{Environment.ProcessId}.py");
        Directory.CreateDirectory(Path.GetDirectoryName(script)!);
        await using (var source = typeof(GStreamerRtspServer).Assembly.GetManifestResourceStream("Atalaya.Testing.gstreamer-rtsp-server.py")!)
        await using (var copy = new FileStream(script, FileMode.Create, FileAccess.Write, FileShare.ReadWrite))
            await source.CopyToAsync(copy);

        // Port 0 is for the server to choose; it then says which.
        string wanted = JsonSerializer.Serialize(new
        {
            port = 0,
            mounts,
            auth = authentication == GStreamerAuthentication.None ? null : authentication.ToString().ToLowerInvariant(),
            user,
            password,
            protocols,
        });
        if (!File.Exists(Python))
            Assert.Skip($"{Python} isn't there.");
        var process = ManagedProcess.Start(Python, [script, wanted]);
        try
        {
            string ready = await process.WaitForLineAsync(line => line.StartsWith("ready ", StringComparison.Ordinal));
            return new(process, int.Parse(ready["ready ".Length..]));
        }
        catch (InvalidOperationException)
        {
            string errors = process.Errors;
            await process.DisposeAsync();
            if (errors.Contains("ModuleNotFoundError", StringComparison.Ordinal) || errors.Contains("Namespace GstRtspServer not available", StringComparison.Ordinal))
                Assert.Skip("GStreamer's RTSP server isn't installed: apt-get install gir1.2-gst-rtsp-server-1.0 python3-gi.");
            throw;
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    /// <summary>A launch string that sends the tracks of an MP4 file as they are.</summary>
    public static string LaunchOf(string file, Codec video = Codec.H264, Codec? audio = null)
    {
        string name = video == Codec.H265 ? "h265" : "h264";
        string sound = audio switch
        {
            null => "",
            Codec.Aac => " d.audio_0 ! queue ! aacparse ! rtpmp4gpay name=pay1 pt=97",
            Codec.PcmMuLaw => " d.audio_0 ! queue ! rtppcmupay name=pay1 pt=0",
            Codec.PcmALaw => " d.audio_0 ! queue ! rtppcmapay name=pay1 pt=8",
            _ => throw new ArgumentException($"No launch string for {audio}.", nameof(audio)),
        };
        return $"( filesrc location=\"{file}\" ! qtdemux name=d d.video_0 ! queue ! {name}parse ! rtp{name}pay name=pay0 pt=96 config-interval=-1{sound} )";
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();
}
