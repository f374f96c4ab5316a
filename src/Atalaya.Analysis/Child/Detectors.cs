using Atalaya.Analysis.Detect;

namespace Atalaya.Analysis.Child;

/// <summary>What one thread finds things with; null where there is no such model.</summary>
sealed record ThreadDetectors(Detector? Scene, Detector? Faces);

/// <summary>Detectors for each thread that analyses; none where there is no model.</summary>
sealed class Detectors : IDisposable
{
    readonly List<Detector> _all = [], _faces = [];

    Detectors()
    {
    }

    /// <param name="missing">Gets a sentence for each reason why there is none.</param>
    public static Detectors Load(string? model, string? faces, string? runtime, int threads, List<string> missing)
    {
        var detectors = new Detectors();
        // The tracker tells good detections from weak ones itself: weak ones carry tracks on.
        Load(detectors._all, model, ModelUse.Scene, new() { Library = runtime, MinScore = Tracks.TrackerOptions.Default.LowScore }, threads, missing);
        Load(detectors._faces, faces, ModelUse.Faces, new() { Library = runtime }, threads, missing);
        return detectors;
    }

    static void Load(List<Detector> into, string? model, ModelUse use, DetectorOptions options, int threads, List<string> missing)
    {
        if (model is null)
            return;
        try
        {
            var file = ModelFile.Read(model, use);
            for (int i = 0; i < threads; i++)
                into.Add(Detector.Load(file, options));
        }
        catch (DetectorException fault)
        {
            missing.AddRange(fault.Reasons);
            End(into);
        }
    }

    /// <summary>Folders that <see cref="Load(string?, string?, string?, int, List{string})"/> reads.</summary>
    public static IEnumerable<string> Readable(string? model, string? faces, string? runtime)
    {
        var files = new List<string?> { model, faces, runtime };
        foreach (var (file, use) in new[] { (model, ModelUse.Scene), (faces, ModelUse.Faces) })
        {
            if (file is null)
                continue;
            try
            {
                files.Add(ModelFile.Read(file, use).Model);
            }
            catch (DetectorException)
            {
                // Load says why.
            }
        }

        if (runtime is null && (model ?? faces) is not null)
            files.AddRange(OnnxRuntime.SearchedPlaces().Where(File.Exists));
        return files.Where(f => f is not null).Select(f => Path.GetDirectoryName(Path.GetFullPath(f!))!).Distinct(StringComparer.Ordinal);
    }

    /// <summary>Of a thread, by its number.</summary>
    public ThreadDetectors For(int thread) => new(_all.ElementAtOrDefault(thread), _faces.ElementAtOrDefault(thread));

    public void Dispose()
    {
        End(_all);
        End(_faces);
    }

    static void End(List<Detector> detectors)
    {
        foreach (var detector in detectors)
            detector.Dispose();
        detectors.Clear();
    }
}
