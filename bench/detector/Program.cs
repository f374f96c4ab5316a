using Atalaya.Analysis.Detect;
using Atalaya.Analysis.Tracks;
using Atalaya.DetectorBench;

// detector-bench DATA [--library FILE] [--threads N] [--step N] [--score S] [--far] MODEL.yaml …
// detector-bench --chain CLIP.mp4 [--library FILE] MODEL.yaml
string data = "", clip = "";
var options = new DetectorOptions { MinScore = 0.05f };
int step = 5;
float score = 0.3f;
bool far = false;
var models = new List<string>();
for (int i = 0; i < args.Length; i++)
{
    switch (args[i])
    {
        case "--library": options = options with { Library = args[++i] }; break;
        case "--threads": options = options with { Threads = int.Parse(args[++i]) }; break;
        case "--step": step = int.Parse(args[++i]); break;
        case "--score": score = float.Parse(args[++i]); break;
        case "--far": far = true; break;
        case "--chain": clip = args[++i]; break;
        case var path when path.EndsWith(".yaml", StringComparison.Ordinal): models.Add(path); break;
        default: data = args[i]; break;
    }
}

if (models.Count == 0 || (clip.Length == 0 && !Directory.Exists(data)))
{
    Console.Error.WriteLine("Usage: detector-bench DATA [--library FILE] [--threads N] [--step N] [--score S] [--far] MODEL.yaml …");
    return 2;
}

foreach (string path in models)
{
    var model = ModelFile.Read(path);
    if (clip.Length > 0)
        Chain.Measure(model, options with { MinScore = TrackerOptions.Default.LowScore }, clip);
    else if (far)
        FarTargets.Measure(model, options, data, step);
    else
        Pictures.Measure(model, options, data, step, score);
}

return 0;
