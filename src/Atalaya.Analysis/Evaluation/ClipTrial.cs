using Atalaya.Analysis.Detect;
using Atalaya.Analysis.Rules;
using Atalaya.Analysis.Tracks;
using Atalaya.Media;

namespace Atalaya.Analysis.Evaluation;

/// <summary>A clip and what should be raised in it.</summary>
public sealed record Clip(string Path, ClipEvents Events)
{
    static readonly string[] Videos =
        [".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".ts", ".mts", ".m2ts", ".mpg", ".mpeg", ".wmv", ".flv", ".3gp", ".ogv", ".h264", ".264", ".h265", ".265", ".hevc", ".mjpeg", ".mxf"];

    public string Name => System.IO.Path.GetFileName(Path);

    /// <summary>
    /// Every clip in files and folders with its <c>NAME.events.yaml</c>. A folder's other files are passed over, as are clips without
    /// events, which <paramref name="without"/> names.
    /// </summary>
    /// <param name="eventsFolder">Null: beside each clip.</param>
    /// <returns>By name; empty when anything is wrong with a file, all of which <paramref name="faults"/> tells.</returns>
    public static IReadOnlyList<Clip> Find(IEnumerable<string> paths, string? eventsFolder, out IReadOnlyList<string> without, out IReadOnlyList<string> faults)
    {
        var clips = new List<Clip>();
        var bare = new List<string>();
        var found = new List<string>();
        without = bare;
        faults = found;
        if (eventsFolder is not null && !Directory.Exists(eventsFolder))
            found.Add($"There is no folder {eventsFolder} with events.");
        foreach (string path in paths)
        {
            if (Directory.Exists(path))
            {
                foreach (string file in Directory.GetFiles(path).Where(IsClip).Order(StringComparer.Ordinal))
                    Add(file);
            }
            else if (File.Exists(path))
            {
                Add(path);
            }
            else
            {
                found.Add($"There is no clip and no folder {path}.");
            }
        }

        if (clips.Count == 0 && found.Count == 0)
            found.Add(bare.Count == 0 ? "There is no clip in what was named." : $"None of {bare.Count} clips has events: each needs a file NAME.events.yaml{(eventsFolder is null ? " beside it" : $" in {eventsFolder}")}.");
        return found.Count > 0 ? [] : clips;

        void Add(string file)
        {
            string events = System.IO.Path.Combine(
                eventsFolder ?? System.IO.Path.GetDirectoryName(file) ?? ".", System.IO.Path.GetFileNameWithoutExtension(file) + ".events.yaml");
            if (!File.Exists(events))
            {
                bare.Add(file);
                return;
            }

            try
            {
                if (ClipEvents.Read(File.ReadAllText(events), out var wrong) is { } read)
                    clips.Add(new(file, read));
                foreach (var fault in wrong)
                    found.Add($"{events}, {fault}");
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                found.Add($"{events} can't be read: {fault.Message}");
            }
        }
    }

    static bool IsClip(string path) => Videos.Contains(System.IO.Path.GetExtension(path), StringComparer.OrdinalIgnoreCase) || ClipReader.IsStill(path);
}

/// <summary>How a clip was watched: what an evaluation shares with the product is everything after decoding.</summary>
public sealed record TrialOptions
{
    /// <summary>Analysed pictures a second. 5: what the product gives a camera where something moves.</summary>
    public double Rate { get; init; } = 5;

    /// <summary>A still is shown for so long: long enough for every rule that looks for seconds.</summary>
    public double StillSeconds { get; init; } = 10;
    public TrackerOptions Tracker { get; init; } = TrackerOptions.Default;
}

/// <summary>One clip through the whole chain, and what came of it.</summary>
public sealed record ClipTrial(Clip Clip, AlarmScore Score, IReadOnlyList<(ClipAlarm Alarm, AlarmVerdict Verdict, RuleEvent Event)> Alarms, IReadOnlyList<ClipEvent> Missed, int Pictures)
{
    // Wall time of the first picture, for schedules: a Monday at noon, so that a schedule in a clip's rules means the same each time.
    static readonly WallTime Start = WallTime.From(new(2026, 1, 5, 12, 0, 0, TimeSpan.Zero));

    /// <param name="model">Path of the model.yaml.</param>
    /// <param name="runtime">Path of ONNX Runtime's library; null: beside the model, where the set-up of a repository puts it, or where the system has it.</param>
    /// <exception cref="DetectorException">Every reason why there is none.</exception>
    public static Detector LoadDetector(string model, string? runtime, TrialOptions options)
    {
        string beside = System.IO.Path.Combine(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(model)) ?? ".", "libonnxruntime.so.1");
        return Detector.Load(ModelFile.Read(model), new() { Library = runtime ?? (File.Exists(beside) ? beside : null), MinScore = options.Tracker.LowScore });
    }

    /// <exception cref="IOException">The clip can't be decoded.</exception>
    /// <exception cref="DetectorException">The model's runtime failed.</exception>
    public static async Task<ClipTrial> RunAsync(Clip clip, Detector detector, TrialOptions options, CancellationToken stop)
    {
        using var reader = await ClipReader.OpenAsync(clip.Path, options.Rate, options.StillSeconds, stop);
        var chain = new PictureChain();
        chain.Configure(clip.Events.Config, TimeZoneInfo.Utc, [], options.Tracker);
        bool isStill = ClipReader.IsStill(clip.Path);
        var raised = new List<RuleEvent>();
        int pictures = 0;
        for (; await reader.NextAsync(stop); pictures++)
        {
            stop.ThrowIfCancellationRequested();
            raised.AddRange(chain.Look(reader.Picture, reader.At, Start + reader.At.ToTimeSpan(), detector, always: isStill));
        }

        double seconds = pictures / options.Rate;
        var alarms = raised.Select(e => new ClipAlarm(e.Rule, e.Noticed.Seconds)).ToList();
        var score = AlarmScore.Of(clip.Events.Events, alarms, seconds / 3600, out var verdicts, out var missed);
        return new(clip, score, [.. alarms.Select((a, i) => (a, verdicts[i], raised[i]))], missed, pictures);
    }
}
