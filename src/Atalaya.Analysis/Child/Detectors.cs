using Atalaya.Analysis.Detect;

namespace Atalaya.Analysis.Child;

/// <summary>One detector for each thread that analyses; none where there is no model.</summary>
sealed class Detectors : IDisposable
{
    readonly List<Detector> _all = [];

    Detectors()
    {
    }

    /// <param name="missing">Gets a sentence for each reason why there is none.</param>
    public static Detectors Load(string? model, string? runtime, int threads, List<string> missing)
    {
        var detectors = new Detectors();
        if (model is null)
            return detectors;
        try
        {
            var file = ModelFile.Read(model);
            for (int i = 0; i < threads; i++)
                // The tracker tells good detections from weak ones itself: weak ones carry tracks on.
                detectors._all.Add(Detector.Load(file, new() { Library = runtime, MinScore = Tracks.TrackerOptions.Default.LowScore }));
        }
        catch (DetectorException fault)
        {
            missing.AddRange(fault.Reasons);
            detectors.Dispose();
        }

        return detectors;
    }

    /// <summary>Folders that <see cref="Load"/> reads.</summary>
    public static IEnumerable<string> Readable(string? model, string? runtime)
    {
        var files = new List<string?> { model, runtime };
        if (model is not null)
        {
            try
            {
                files.Add(ModelFile.Read(model).Model);
            }
            catch (DetectorException)
            {
                // Load says why.
            }
        }

        if (runtime is null && model is not null)
            files.AddRange(OnnxRuntime.SearchedPlaces().Where(File.Exists));
        return files.Where(f => f is not null).Select(f => Path.GetDirectoryName(Path.GetFullPath(f!))!).Distinct(StringComparer.Ordinal);
    }

    /// <summary>Of a thread, by its number.</summary>
    public Detector? For(int thread) => thread < _all.Count ? _all[thread] : null;

    public void Dispose()
    {
        foreach (var detector in _all)
            detector.Dispose();
        _all.Clear();
    }
}
