using Atalaya.Analysis.Detect;
using Atalaya.Analysis.Evaluation;
using Atalaya.Incidents;

namespace Atalaya.DetectorBench;

/// <summary>Precision on real pictures, and time beside the bare runtime.</summary>
static class Pictures
{
    static readonly float[] Scores = [0.3f, 0.4f, 0.5f];

    public static void Measure(ModelFile model, DetectorOptions options, string data, int step, float score)
    {
        using var detector = Detector.Load(model, options);
        Console.WriteLine($"{model.Name}, {options.Threads} thread(s); AP50 is of persons");
        var against = new AveragePrecision();
        var byHand = new AveragePrecision();
        var boxes = Footage.Boxes(Path.Combine(data, "mot/PETS09-S2L1/det.txt"), 768, 576);
        var hand = Footage.Boxes(Path.Combine(data, "mot/PETS09-S2L1/gt_first69_keyframed.txt"), 768, 576);
        var whole = new Timing();
        var bare = new Timing();
        var filling = new Timing();
        var preprocessor = new Preprocessor(model);
        float[] tensor = new float[3 * model.Width * model.Height];
        int pictures = 0;
        foreach (var (number, still) in Footage.Read(Path.Combine(data, "video/vtest.avi"), step))
        {
            // Warm: code is compiled in tiers, and the second tier comes after some calls.
            for (int i = 0; pictures == 0 && i < 40; i++)
            {
                detector.Detect(still.Picture);
                preprocessor.Fill(still.Picture, preprocessor.Place(PixelArea.Whole(still.Picture)), tensor);
            }

            whole.Start();
            var found = detector.Detect(still.Picture);
            whole.Stop();
            bare.Start();
            detector.RunBare();
            bare.Stop();
            filling.Start();
            preprocessor.Fill(still.Picture, preprocessor.Place(PixelArea.Whole(still.Picture)), tensor);
            filling.Stop();
            against.Add(found, boxes[number + 1]);
            if (hand.Contains(number + 1))
                byHand.Add(found, hand[number + 1]);
            pictures++;
        }

        Console.WriteLine($"  vtest, {pictures} pictures, {against.TrueCount(ObjectClass.Person)} Faster R-CNN boxes: AP50 {against.Of(ObjectClass.Person):F3}, recall at {score} {against.Recall(ObjectClass.Person, score):F3}, "
            + $"false {(double)against.FalseCount(ObjectClass.Person, score) / pictures:F2} a picture");
        Console.WriteLine($"  vtest, {byHand.PictureCount} pictures, {byHand.TrueCount(ObjectClass.Person)} boxes by hand: AP50 {byHand.Of(ObjectClass.Person):F3}");
        Console.WriteLine($"  processor ms a picture: {whole.Mean:F2}, bare runtime {bare.Mean:F2}, overhead {(whole.Mean / bare.Mean) - 1:P1} ({filling.Mean:F2} ms of it to make the tensor); medians of elapsed {whole.Median:F2} and {bare.Median:F2}");

        string[] negatives = [.. Directory.GetFiles(Path.Combine(data, "negative"), "*.jpg").Order(StringComparer.Ordinal)];
        var wrong = new AveragePrecision();
        int animals = 0;
        foreach (string file in negatives)
        {
            var still = Footage.Read(file, 1).First().Still;
            var found = detector.Detect(still.Picture);
            wrong.Add(found, []);
            animals += found.Any(d => d.Class == ObjectClass.Animal && d.Score >= score) ? 1 : 0;
        }

        Console.WriteLine($"  {negatives.Length} pictures of animals and fences without people: {string.Join(", ", Scores.Select(s => $"{wrong.FalseCount(ObjectClass.Person, s)} persons at {s}"))}; an animal in {animals}");
    }
}

/// <summary>Processor time of this process, and elapsed time, of what lies between starts and stops.</summary>
sealed class Timing
{
    readonly List<double> _elapsed = [];
    TimeSpan _processor, _sum;
    long _started;

    public double Mean => _sum.TotalMilliseconds / _elapsed.Count;
    public double Median => _elapsed.Order().ElementAt(_elapsed.Count / 2);

    public void Start()
    {
        _started = System.Diagnostics.Stopwatch.GetTimestamp();
        _processor = Environment.CpuUsage.TotalTime;
    }

    public void Stop()
    {
        _sum += Environment.CpuUsage.TotalTime - _processor;
        _elapsed.Add(System.Diagnostics.Stopwatch.GetElapsedTime(_started).TotalMilliseconds);
    }
}
