using Atalaya.Analysis;
using Atalaya.Analysis.Codec;
using Atalaya.Analysis.Detect;
using Atalaya.Analysis.Motion;
using Atalaya.Analysis.Tracks;
using Atalaya.Media;
using Atalaya.Media.Mp4;

namespace Atalaya.DetectorBench;

/// <summary>The whole chain on a clip beside what nobody can do without: libavcodec on the same units, the bare runtime as often as the detector ran.</summary>
static class Chain
{
    const double Rate = 5;

    /// <summary>Prints one line of JSON: processor milliseconds a picture that was looked at.</summary>
    public static void Measure(ModelFile model, DetectorOptions options, string clip)
    {
        using var detector = Detector.Load(model, options);
        using var file = Mp4File.Open(clip);
        // Once for the compiler's tiers, once for the figures.
        Pass(detector, file.Video!);
        var (pictures, runs, decode, look, bare) = Pass(detector, file.Video!);
        var (gate, match) = Motion(file.Video!);
        double floor = decode + bare;
        Console.WriteLine(FormattableString.Invariant(
            $"{{\"pictures\":{pictures},\"runs\":{(double)runs / pictures:F3},\"chain\":{(decode + look) / pictures:F3},\"decode\":{decode / pictures:F3},\"inference\":{bare / pictures:F3},\"overhead\":{((decode + look) / floor) - 1:F4},\"gate\":{gate:F3},\"match\":{match:F3}}}"));
    }

    static (int Pictures, long Runs, double Decode, double Look, double Bare) Pass(Detector detector, Mp4Track video)
    {
        var format = (VideoFormat)video.Format;
        if (!PictureDecoder.TryOpen(format, new(), out var decoder, out string fault))
            throw new IOException(fault);
        using var opened = decoder;
        var chain = new PictureChain();
        chain.Configure(new(), TimeZoneInfo.Utc, []);
        int pictures = 0;
        long runsBefore = detector.Runs;
        TimeSpan units = default, look = default, bare = default, aside = default;
        var due = MediaTime.Zero;
        for (int i = 0; i < video.Samples.Count; i++)
        {
            byte[] unit = video.ReadSample(i);
            var started = Environment.CpuUsage.TotalTime;
            aside = default;
            opened.Decode(unit, video.Samples[i].Presentation, Look);
            units += Environment.CpuUsage.TotalTime - started - aside;
        }

        return (pictures, detector.Runs - runsBefore, units.TotalMilliseconds, look.TotalMilliseconds, bare.TotalMilliseconds);

        void Look(in Picture picture, MediaTime at)
        {
            if (at < due)
                return;
            due = at + MediaTime.FromSeconds(0.95 / Rate);
            pictures++;
            long ran = detector.Runs;
            var started = Environment.CpuUsage.TotalTime;
            chain.Look(picture, at, default, detector);
            var looked = Environment.CpuUsage.TotalTime;
            // At once, so that both meet the same machine.
            for (ran = detector.Runs - ran; ran > 0; ran--)
                detector.RunBare();
            var done = Environment.CpuUsage.TotalTime;
            look += looked - started;
            bare += done - looked;
            aside += done - started;
        }
    }

    /// <summary>Of the gate with a still camera, and of one match of two small pictures.</summary>
    static (double Gate, double Match) Motion(Mp4Track video)
    {
        if (!PictureDecoder.TryOpen((VideoFormat)video.Format, new(), out var decoder, out string fault))
            throw new IOException(fault);
        using var opened = decoder;
        var shrinker = new LumaShrinker();
        var pictures = new List<(byte[] Luma, int Rows, MediaTime At)>();
        for (int i = 0; i < video.Samples.Count; i++)
        {
            opened.Decode(video.ReadSample(i), video.Samples[i].Presentation, (in picture, at) =>
            {
                int rows = MotionGate.RowsFor(picture.Width, picture.Height);
                byte[] luma = new byte[MotionGate.Columns * rows];
                shrinker.Shrink(picture, luma, MotionGate.Columns, rows);
                pictures.Add((luma, rows, at));
            });
        }

        var gate = new MotionGate();
        foreach (var (luma, rows, at) in pictures)
            gate.Update(luma, rows, at);
        gate = new();
        var started = Environment.CpuUsage.TotalTime;
        foreach (var (luma, rows, at) in pictures)
            gate.Update(luma, rows, at);
        var gated = Environment.CpuUsage.TotalTime;
        for (int i = 1; i < pictures.Count; i++)
            CameraMotion.Estimate(pictures[i - 1].Luma, pictures[i].Luma, MotionGate.Columns, pictures[i].Rows, MotionGate.Columns);
        var matched = Environment.CpuUsage.TotalTime;
        return ((gated - started).TotalMilliseconds / pictures.Count, (matched - gated).TotalMilliseconds / (pictures.Count - 1));
    }
}
