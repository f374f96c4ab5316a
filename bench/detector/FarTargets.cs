using Atalaya.Analysis.Detect;
using Atalaya.Analysis.Evaluation;
using Atalaya.Incidents;

namespace Atalaya.DetectorBench;

/// <summary>
/// What crops gain and cost: real pedestrians, made small and put somewhere into a picture of 1920 × 1080 without people. Regions are the true boxes, a
/// tenth larger: what a good motion gate would give. So the figures are of the crops, not of a gate.
/// </summary>
static class FarTargets
{
    const int Width = 1920, Height = 1080;

    public static void Measure(ModelFile model, DetectorOptions options, string data, int step)
    {
        Console.WriteLine($"{model.Name}: pedestrians in 1920 × 1080, AP50 and runs of the model a picture");
        Console.WriteLine("  mean height   whole picture   crops, not enlarged   crops, enlarged at most twice");
        var boxes = Footage.Boxes(Path.Combine(data, "mot/PETS09-S2L1/det.txt"), 768, 576);
        double mean = boxes.SelectMany(b => b).Average(b => b.Box.Height * 576);
        foreach (int wanted in (int[])[15, 20, 30, 40, 60])
        {
            int width = (int)(768 * wanted / mean) & ~1, height = (int)(576 * wanted / mean) & ~1;
            string[] columns =
            [
                One(options, false),
                One(options with { MaxZoom = 1 }, true),
                One(options with { MaxZoom = 2 }, true),
            ];
            Console.WriteLine($"  {wanted,8} px   {columns[0],13}   {columns[1],19}   {columns[2],29}");

            string One(DetectorOptions with, bool cropped)
            {
                using var detector = Detector.Load(model, with);
                var precision = new AveragePrecision();
                var backgrounds = Directory.GetFiles(Path.Combine(data, "negative"), "*.jpg").Order(StringComparer.Ordinal)
                    .Select(f => Footage.Read(f, 1, $"scale={Width}:{Height}").First().Still).Take(4).ToList();
                foreach (var (number, still) in Footage.Read(Path.Combine(data, "video/vtest.avi"), step, $"scale={width}:{height}:flags=area"))
                {
                    // Elsewhere in each picture, by steps that don't repeat soon.
                    int left = number * 37 % (Width - width) & ~1, top = number * 53 % (Height - height) & ~1;
                    var scene = Paste(backgrounds[number % backgrounds.Count], still, left, top);
                    var truth = boxes[number + 1].Select(b => new TrueBox(new(
                        ((b.Box.X * width) + left) / Width, ((b.Box.Y * height) + top) / Height, b.Box.Width * width / Width, b.Box.Height * height / Height), b.Class)).ToList();
                    Box[] regions = cropped ? [.. truth.Select(t => Grown(t.Box))] : [];
                    precision.Add(detector.Detect(scene.Picture, regions), truth);
                }

                return $"{precision.Of(ObjectClass.Person):F3}, {(double)detector.PassCount / detector.PictureCount:F1} runs";
            }
        }
    }

    static Box Grown(Box box) => new(box.X - (box.Width / 20), box.Y - (box.Height / 20), box.Width * 1.1f, box.Height * 1.1f);

    static Still Paste(Still background, Still part, int left, int top)
    {
        byte[] samples = [.. background.Samples];
        Plane(0, 0, background.Width, part.Width, part.Height, left, top);
        int luma = background.Width * background.Height, partLuma = part.Width * part.Height;
        Plane(luma, partLuma, background.ChromaWidth, part.ChromaWidth, part.ChromaHeight, left / 2, top / 2);
        Plane(luma + (background.ChromaWidth * background.ChromaHeight), partLuma + (part.ChromaWidth * part.ChromaHeight), background.ChromaWidth, part.ChromaWidth, part.ChromaHeight, left / 2, top / 2);
        return background with { Samples = samples };

        void Plane(int to, int from, int stride, int width, int height, int x, int y)
        {
            for (int row = 0; row < height; row++)
                part.Samples.AsSpan(from + (row * width), width).CopyTo(samples.AsSpan(to + ((y + row) * stride) + x));
        }
    }
}
