using System.Text.Json;
using System.Text.Json.Serialization;
using Atalaya.Cameras;
using Atalaya.Media;
using Atalaya.Media.Rtsp;
using Atalaya.Recording;

namespace Atalaya.Node.Cli;

/// <summary>What <c>atalaya record</c> was asked to do.</summary>
/// <param name="UrlFile">One camera a line: its URL, or an id and its URL; <c>#</c> starts a comment. <c>-</c> is standard input.</param>
/// <param name="Out">Folder of the archive; made if it isn't there.</param>
/// <param name="UserName">For URLs without credentials.</param>
sealed record RecordArguments(
    string UrlFile, string Out, RtspTransport Transport, string? UserName, string? Password, bool Audio, RecordingOptions Recording, bool Json);

/// <summary>
/// Records every URL of a file through the same cameras, hubs and archive as the node, without web or store, until it is stopped.
/// </summary>
static class RecordCommand
{
    /// <returns>0: every camera was recorded; 1: the folder or the file can't be used, or a camera never sent a picture; 2: the file has faults.</returns>
    public static async Task<int> RunAsync(RecordArguments arguments, TextWriter output, TextWriter errors, ILogger log, TimeProvider clock, CancellationToken stop)
    {
        string text;
        try
        {
            text = arguments.UrlFile == "-" ? await Console.In.ReadToEndAsync(stop) : await File.ReadAllTextAsync(arguments.UrlFile, stop);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            await errors.WriteLineAsync($"atalaya: the list of cameras can't be read: {e.Message}");
            return 1;
        }

        if (!TryReadUrls(text, arguments, out var configs, out var faults))
        {
            foreach (string fault in faults)
                await errors.WriteLineAsync($"{arguments.UrlFile}:{fault}");
            return 2;
        }

        Archive archive;
        try
        {
            archive = await Archive.OpenAsync(arguments.Out, null, arguments.Recording, clock, log, stop);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            await errors.WriteLineAsync($"atalaya: {e.Message}");
            return 1;
        }

        var services = new CameraServices(new BlockPool(), clock, log, static _ => true, TimeSpan.FromSeconds(10), KeepGroups: false);
        var cameras = new CameraSet(services);
        cameras.Adding += camera => archive.Attach(camera.Id, StreamKind.Main, camera.Main);
        await cameras.ApplyAsync(configs, CancellationToken.None);
        try
        {
            while (!stop.IsCancellationRequested)
            {
                await Task.Delay(TimeSpan.FromSeconds(1), clock, stop);
                if (!Console.IsErrorRedirected && !arguments.Json)
                    await errors.WriteAsync($"\r{Summary(cameras)}\e[K");
            }
        }
        catch (OperationCanceledException)
        {
            // The way this command ends.
        }

        // Cameras first: the archive then hears of every break before it closes.
        var streams = cameras.All.ToDictionary(c => c.Id, c => c.Status().Streams.FirstOrDefault());
        await cameras.DisposeAsync();
        var recorders = archive.Status().Recorders;
        await archive.DisposeAsync();
        var recorded = recorders.Select(r => RecordedCamera.Of(r, streams.GetValueOrDefault(r.Camera))).OrderBy(r => r.Camera, StringComparer.Ordinal).ToList();
        if (!Console.IsErrorRedirected && !arguments.Json)
            await errors.WriteLineAsync();
        if (arguments.Json)
            await output.WriteLineAsync(JsonSerializer.Serialize(recorded, RecordJson.Default.ListRecordedCamera));
        else
            await output.WriteLineAsync(string.Join('\n', recorded.Select(r => r.ToString())));
        return recorded.All(r => r.Bytes > 0) ? 0 : 1;
    }

    /// <summary>All faults at once, each as <c>line: what</c>.</summary>
    internal static bool TryReadUrls(string text, RecordArguments arguments, out List<CameraConfig> configs, out List<string> faults)
    {
        configs = [];
        faults = [];
        var ids = new HashSet<string>(StringComparer.Ordinal);
        int number = 0;
        foreach (string raw in text.Split('\n'))
        {
            number++;
            string line = raw.Trim();
            if (line.Length == 0 || line[0] == '#')
                continue;
            string[] words = line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            string id = words.Length > 1 ? words[0] : $"camera-{configs.Count + 1:000}";
            if (words.Length > 2)
                faults.Add($"{number}: a line is a URL, or an id and a URL; this one has {words.Length} words.");
            else if (!CameraConfig.IsId(id))
                faults.Add($"{number}: '{id}' is no id: use 1 to 63 of a–z, 0–9 and hyphens.");
            else if (!ids.Add(id))
                faults.Add($"{number}: the id '{id}' is there twice.");
            else if (!RtspUrl.TryParse(words[^1], out var url, out string fault))
                faults.Add($"{number}: {fault}");
            else
                configs.Add(new() { Id = id, Name = id, Main = url, UserName = arguments.UserName, Password = arguments.Password, Transport = arguments.Transport, Audio = arguments.Audio });
        }

        if (configs.Count == 0 && faults.Count == 0)
            faults.Add("1: there is no URL in it.");
        return faults.Count == 0;
    }

    static string Summary(CameraSet cameras)
    {
        var states = cameras.All.Select(c => c.Status()).ToList();
        double megabits = states.SelectMany(s => s.Streams).Sum(s => s.BitsPerSecond) / 1e6;
        return $"{states.Count(s => s.State is CameraState.Running or CameraState.Degraded)} of {states.Count} cameras, {megabits:0.0} Mbit/s";
    }
}

/// <summary>What was recorded of one camera.</summary>
sealed record RecordedCamera(string Camera, long Units, long Bytes, long Segments, long PacketsLost, long UnitsLost, long Sessions, string? Error)
{
    public static RecordedCamera Of(RecorderStatus recorder, StreamStatus? stream) => new(
        recorder.Camera, stream?.Totals.Units ?? 0, recorder.Bytes, recorder.Segments, stream?.Totals.PacketsLost ?? 0, recorder.UnitsLost,
        stream?.Totals.Sessions ?? 0, recorder.LastError ?? (recorder.Bytes == 0 ? stream?.Reason : null));

    public override string ToString() =>
        $"{Camera}: {Units:N0} pictures, {Bytes / 1e6:N1} MB, {PacketsLost} packets and {UnitsLost} units lost{(Error is null ? "" : $": {Error}")}";
}

[JsonSerializable(typeof(List<RecordedCamera>))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
sealed partial class RecordJson : JsonSerializerContext;
