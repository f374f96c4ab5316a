using Atalaya.Analysis.Tracks;
using Atalaya.Incidents;
using Atalaya.Media;

namespace Atalaya.Analysis.Evaluation;

/// <summary>A sequence of MOTChallenge 2015: size and rate from its <c>seqinfo.ini</c>, or as published for those that lost theirs.</summary>
public sealed record MotSequence(string Name, int Width, int Height, double Rate)
{
    static readonly MotSequence[] Published =
    [
        new("TUD-Campus", 640, 480, 25), new("TUD-Stadtmitte", 640, 480, 25), new("PETS09-S2L1", 768, 576, 7), new("Venice-2", 1920, 1080, 30),
        new("ETH-Bahnhof", 640, 480, 14), new("ETH-Sunnyday", 640, 480, 14), new("ETH-Pedcross2", 640, 480, 14),
        new("ADL-Rundle-6", 1920, 1080, 30), new("ADL-Rundle-8", 1920, 1080, 30), new("KITTI-13", 1242, 375, 10), new("KITTI-17", 1224, 370, 10),
    ];

    /// <returns>Null if neither the folder nor the list of published ones says.</returns>
    public static MotSequence? Of(string folder)
    {
        string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(folder)), file = Path.Combine(folder, "seqinfo.ini");
        if (!File.Exists(file))
            return Published.FirstOrDefault(s => s.Name == name);
        var values = File.ReadLines(file).Select(line => line.Split('=', 2)).Where(pair => pair.Length == 2)
            .ToLookup(pair => pair[0].Trim().ToLowerInvariant(), pair => pair[1].Trim());
        return int.TryParse(values["imwidth"].FirstOrDefault(), out int width) && int.TryParse(values["imheight"].FirstOrDefault(), out int height)
            && double.TryParse(values["framerate"].FirstOrDefault(), out double rate) && width > 0 && height > 0 && rate > 0
            ? new(name, width, height, rate)
            : null;
    }
}

/// <summary>The tracker run over the public detections of one sequence.</summary>
/// <param name="Score">Null where there is no ground truth.</param>
/// <param name="Frames">Of the sequence.</param>
/// <param name="Scored">Of those, how many have ground truth.</param>
public sealed record TrackerTrial(MotSequence Sequence, MotScore? Score, int Frames, int Scored, int Tracks, double FramesPerSecond)
{
    /// <summary>
    /// For the public Faster R-CNN detections of MOT15, whose scores are high: of those from 0.9 on four of five are right, of those from 0.5
    /// to 0.9 two of five. What else the tracker goes by is as everywhere.
    /// </summary>
    public static TrackerOptions PublicDetections { get; } = TrackerOptions.Default with { HighScore = 0.9f };

    /// <summary>Every sequence in a folder in the form of MOTChallenge 2015, where detections and ground truth may also lie in one folder.</summary>
    /// <exception cref="IOException">Nothing to try, or a file can't be read; the message says which.</exception>
    public static IReadOnlyList<TrackerTrial> Run(string folder, TrackerOptions options, TimeProvider clock)
    {
        if (!Directory.Exists(folder))
            throw new IOException($"There is no folder {folder}.");
        var trials = new List<TrackerTrial>();
        foreach (string sequenceFolder in Directory.GetDirectories(folder).Order(StringComparer.Ordinal))
        {
            string? detections = First(sequenceFolder, "det.txt", "det/det.txt");
            if (detections is null)
                continue;
            var sequence = MotSequence.Of(sequenceFolder)
                ?? throw new IOException($"{sequenceFolder} has no seqinfo.ini with imWidth, imHeight and frameRate.");
            string? truth = First(sequenceFolder, "gt.txt", "gt/gt.txt", "gt_first69_keyframed.txt");
            trials.Add(Run(sequence, MotFile.Read(detections), truth is null ? null : MotFile.Read(truth), options, clock));
        }

        return trials.Count > 0 ? trials : throw new IOException($"{folder} holds no sequence: a folder with det.txt or det/det.txt.");
    }

    public static TrackerTrial Run(MotSequence sequence, IReadOnlyList<MotBox> detections, IReadOnlyList<MotBox>? truth, TrackerOptions options, TimeProvider clock)
    {
        int frames = Math.Max(detections.Max(d => d.Frame), truth is { Count: > 0 } ? truth.Max(t => t.Frame) : 0);
        var byFrame = detections.ToLookup(d => d.Frame, d => new Detection(Fraction(d.Box, sequence), ObjectClass.Person, d.Score));
        var pictures = Enumerable.Range(1, frames).Select(f => byFrame[f].ToArray()).ToArray();
        var tracker = new Tracker(options with { Aspect = sequence.Width / (double)sequence.Height });
        var results = new List<MotBox>();
        long began = clock.GetTimestamp();
        for (int i = 0; i < frames; i++)
        {
            foreach (var track in tracker.Update(pictures[i], MediaTime.FromSeconds(i / sequence.Rate)))
            {
                if (track.IsConfirmed && !track.IsCoasting)
                    results.Add(new(i + 1, track.Id, Pixels(track.Box, sequence), track.Score));
            }
        }

        double seconds = clock.GetElapsedTime(began).TotalSeconds;
        // Truth without a number in the seventh column's 1 isn't judged: MOTChallenge marks so what nobody need find.
        var judged = truth?.Where(t => t.Score != 0).ToList();
        int scored = judged is { Count: > 0 } ? judged.Max(t => t.Frame) : 0;
        var score = judged is null ? null : MotScore.Of(judged, results.Where(r => r.Frame <= scored));
        return new(sequence, score, frames, scored, results.Select(r => r.Id).Distinct().Count(), frames / Math.Max(seconds, 1e-9));
    }

    static string? First(string folder, params string[] names) => names.Select(n => Path.Combine(folder, n)).FirstOrDefault(File.Exists);

    static Box Fraction(Box b, MotSequence s) => new(b.X / s.Width, b.Y / s.Height, b.Width / s.Width, b.Height / s.Height);

    static Box Pixels(Box b, MotSequence s) => new(b.X * s.Width, b.Y * s.Height, b.Width * s.Width, b.Height * s.Height);
}
