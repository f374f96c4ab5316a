using System.CommandLine;
using System.Text.Json;

using Atalaya.Analysis.Detect;
using Atalaya.Analysis.Evaluation;

namespace Atalaya.Node.Cli;

/// <summary><c>atalaya evaluate</c>: what the analysis raises in clips against what happens in them.</summary>
static class EvaluateVerb
{
    public static Command Create()
    {
        var clips = new Argument<string[]>("CLIPS") { Description = "Folders of clips, or single ones: anything ffmpeg decodes, also stills.", Arity = ArgumentArity.OneOrMore };
        var events = new Option<string?>("--events") { Description = "Folder with a NAME.events.yaml for each clip; without it they stand beside the clips.", HelpName = "FOLDER" };
        var model = new Option<string>("--model")
        {
            Description = "The model.yaml of the detector.",
            HelpName = "FILE",
            DefaultValueFactory = _ => Path.Combine(".cache", "detector", "nanodet-g.yaml"),
        };
        var library = new Option<string?>("--runtime") { Description = "ONNX Runtime's library, where it isn't found by itself.", HelpName = "FILE" };
        var rate = new Option<double>("--rate") { Description = "Analysed pictures a second, 0.5 to 30.", DefaultValueFactory = _ => new TrialOptions().Rate };
        var json = new Option<bool>("--json") { Description = "Print the scores as JSON." };
        var command = new Command(
            "evaluate",
            "Runs clips through detector, tracker and rules, and scores the alarms as in the Home Office's sterile-zone tests: within 10 s of an event's onset true, "
            + "another while one stands neither, everything else false; F1 with recall bias 0.65.")
            { clips, events, model, library, rate, json };
        command.SetAction(async (parsed, stop) =>
        {
            var found = Clip.Find(parsed.GetRequiredValue(clips), parsed.GetValue(events), out var without, out var faults);
            double pictures = parsed.GetValue(rate);
            if (pictures is not (>= 0.5 and <= 30))
                faults = [.. faults, $"--rate must be from 0.5 to 30, not {pictures}."];
            foreach (string fault in faults)
                await Console.Error.WriteLineAsync($"atalaya: {fault}");
            if (faults.Count > 0)
                return ExitCode.Usage;
            foreach (string clip in without)
                await Console.Error.WriteLineAsync($"atalaya: {clip} has no events and is passed over.");
            try
            {
                var trial = new TrialOptions { Rate = pictures };
                using var detector = ClipTrial.LoadDetector(parsed.GetRequiredValue(model), parsed.GetValue(library), trial);
                return await RunAsync(found, detector, trial, parsed.GetValue(json), stop);
            }
            catch (DetectorException fault)
            {
                await Console.Error.WriteLineAsync($"atalaya: {fault.Message}");
                return ExitCode.Failed;
            }
            catch (OperationCanceledException)
            {
                return ExitCode.Failed;
            }
        });
        return command;
    }

    /// <summary><c>atalaya evaluate-tracker</c>: the tracker alone, on detections that others made.</summary>
    public static Command CreateForTracker()
    {
        var folder = new Argument<string>("FOLDER") { Description = "Sequences in the form of MOTChallenge 2015: a folder each, with det.txt and gt.txt." };
        var json = new Option<bool>("--json") { Description = "Print the scores as JSON." };
        var command = new Command("evaluate-tracker", "Runs the tracker over public detections and prints HOTA, MOTA and IDF1 (its own evaluator), and pictures a second.") { folder, json };
        command.SetAction(parsed =>
        {
            try
            {
                var trials = TrackerTrial.Run(parsed.GetRequiredValue(folder), TrackerTrial.PublicDetections, TimeProvider.System);
                var scored = trials.Where(t => t.Score is not null).ToList();
                var total = MotScore.Sum(scored.Select(t => t.Score!));
                double seconds = trials.Sum(t => t.Frames / t.FramesPerSecond);
                if (parsed.GetValue(json))
                {
                    Console.Out.WriteLine(JsonSerializer.Serialize(
                        new { sequences = trials.Select(t => TrackerJson(t.Sequence.Name, t.Score, t.Frames, t.Scored, t.FramesPerSecond)), total = TrackerJson("total", total, trials.Sum(t => t.Frames), scored.Sum(t => t.Scored), trials.Sum(t => t.Frames) / seconds) },
                        Json.Options));
                    return ExitCode.Done;
                }

                Console.Out.WriteLine("sequence           pictures  scored   HOTA   MOTA   IDF1  switches  false  missed  pictures/s");
                foreach (var trial in trials)
                    Row(trial.Sequence.Name, trial.Score, trial.Frames, trial.Scored, trial.FramesPerSecond);
                Row("total", total, trials.Sum(t => t.Frames), scored.Sum(t => t.Scored), trials.Sum(t => t.Frames) / seconds);
                return ExitCode.Done;
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                Console.Error.WriteLine($"atalaya: {fault.Message}");
                return ExitCode.Failed;
            }
        });
        return command;
    }

    static async Task<int> RunAsync(IReadOnlyList<Clip> clips, Detector detector, TrialOptions options, bool json, CancellationToken stop)
    {
        var trials = new List<ClipTrial>();
        bool failed = false;
        foreach (var clip in clips)
        {
            try
            {
                trials.Add(await ClipTrial.RunAsync(clip, detector, options, stop));
            }
            catch (IOException fault)
            {
                await Console.Error.WriteLineAsync($"atalaya: {fault.Message}");
                failed = true;
                continue;
            }

            if (!json)
                Print(trials[^1]);
        }

        var total = trials.Aggregate(new AlarmScore(), (sum, t) => sum + t.Score);
        if (json)
        {
            Console.Out.WriteLine(JsonSerializer.Serialize(new { clips = trials.Select(ClipJson), total = ScoreJson(total) }, Json.Options));
        }
        else
        {
            var (low, high) = total.FalseAlarmsPerHourInterval;
            Console.Out.WriteLine($"{"total",-44} {Text(total)}");
            Console.Out.WriteLine($"False alarms an hour: {total.FalseAlarmsPerHour:0.00}, with 95 % between {low:0.00} and {high:0.00}, from {total.Hours * 60:0.0} minutes watched.");
        }

        return failed ? ExitCode.Failed : ExitCode.Done;
    }

    static void Print(ClipTrial trial)
    {
        Console.Out.WriteLine($"{trial.Clip.Name,-44} {Text(trial.Score)}");
        foreach (var (alarm, _, raised) in trial.Alarms.Where(a => a.Verdict == AlarmVerdict.False))
            Console.Out.WriteLine($"  false   {alarm.Seconds,7:0.0} s  {alarm.Rule}: {raised.Kind} {raised.Class} {raised.Detail}");
        foreach (var missed in trial.Missed)
            Console.Out.WriteLine($"  missed  {missed.Seconds,7:0.0} s  {missed.Rule}");
    }

    static string Text(AlarmScore s) =>
        $"true {s.TruePositives,3}  false {s.FalsePositives,3}  missed {s.Misses,3}  precision {s.Precision:0.000}  recall {s.Recall:0.000}  F1 {s.F1:0.000}";

    static object ScoreJson(AlarmScore score)
    {
        var (low, high) = score.FalseAlarmsPerHourInterval;
        return new
        {
            score.TruePositives,
            score.FalsePositives,
            score.Misses,
            score.Precision,
            score.Recall,
            score.F1,
            score.FalseAlarmsPerHour,
            falseAlarmsPerHourInterval = double.IsFinite(high) ? new[] { low, high } : null,
            score.Hours,
        };
    }

    static object ClipJson(ClipTrial trial) => new
    {
        clip = trial.Clip.Name,
        trial.Score.TruePositives,
        trial.Score.FalsePositives,
        trial.Score.Misses,
        trial.Score.Precision,
        trial.Score.Recall,
        trial.Score.F1,
        trial.Score.FalseAlarmsPerHour,
        trial.Score.Hours,
        alarms = trial.Alarms.Select(a => new { a.Alarm.Rule, t = a.Alarm.Seconds, verdict = a.Verdict.ToString(), kind = a.Event.Kind.ToString(), @class = a.Event.Class?.ToString() }),
        missed = trial.Missed.Select(m => new { m.Rule, t = m.Seconds }),
    };

    static object TrackerJson(string name, MotScore? score, int frames, int scored, double perSecond) => new
    {
        sequence = name,
        pictures = frames,
        scored,
        hota = score?.Hota,
        mota = score?.Mota,
        idf1 = score?.Idf1,
        switches = score?.Switches,
        falsePositives = score?.FalsePositives,
        misses = score?.Misses,
        picturesPerSecond = Math.Round(perSecond),
    };

    static void Row(string name, MotScore? score, int frames, int scored, double perSecond)
    {
        string numbers = score is null
            ? $"{"–",6} {"–",6} {"–",6}  {"–",8} {"–",6}  {"–",6}"
            : $"{score.Hota * 100,6:0.0} {score.Mota * 100,6:0.0} {score.Idf1 * 100,6:0.0}  {score.Switches,8} {score.FalsePositives,6}  {score.Misses,6}";
        Console.Out.WriteLine($"{name,-18} {frames,8}  {scored,6} {numbers}  {perSecond,10:0}");
    }
}
