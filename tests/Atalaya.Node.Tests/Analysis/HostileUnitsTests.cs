using System.Globalization;

using Atalaya.Analysis.Wire;
using Atalaya.Media;
using Atalaya.Media.Mp4;
using Atalaya.Node.Analysis;
using Atalaya.Simulation;
using Atalaya.Testing;

namespace Atalaya.Node.Tests.Analysis;

/// <summary>Pictures that somebody made to break a decoder. The process that decodes them may die; the node may not, and records on.</summary>
public sealed class HostileUnitsTests
{
    static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>2,000 here; `make fuzz-analysis` sends 100,000 (ATALAYA_FUZZ_UNITS).</summary>
    [Fact]
    public async Task Mutated_pictures_cost_at_most_the_analysis_process_and_no_frame_of_the_recording()
    {
        int count = int.Parse(Environment.GetEnvironmentVariable("ATALAYA_FUZZ_UNITS") ?? "2000", CultureInfo.InvariantCulture);
        int seed = int.Parse(Environment.GetEnvironmentVariable("ATALAYA_FUZZ_SEED") ?? "1", CultureInfo.InvariantCulture);
        string clip = await Ffmpeg.ClipAsync(new(BFrames: 2));
        await using var cameras = await RtspSimulator.StartAsync(new() { Port = 0, Cameras = [new("gate", clip, null)] }, stop: Stop);
        await using var node = await TestNode.StartAsync($"cameras: [{{ id: gate, main: \"{cameras.Url("gate")}\" }}]", analysis: true);
        await node.UntilAsync("/api/cameras/gate", c => (string?)c["recording"]!["state"] == "recording", 60);
        var begun = TimeProvider.System.GetUtcNow();

        var random = new Random(seed);
        var host = node.Service<AnalysisHost>();
        var sources = new[] { Read(clip), Read(await Ffmpeg.ClipAsync(new(Codec.H265, BFrames: 2))) };
        int lives = 0;
        for (int sent = 0; sent < count;)
        {
            lives++;
            using var line = await host.OpenAsync(Stop);
            using var until = CancellationTokenSource.CreateLinkedTokenSource(Stop, line.Ended);
            try
            {
                await line.SendAsync(MessageKind.Camera, new(line.Number, "fuzz", 30, 1, false, [], "", "UTC"), WireJson.Default.CameraHead, default, until.Token);
                while (sent < count)
                {
                    // A stream of one kind for a while, now and then with a configuration that is none.
                    var (format, units) = sources[random.Next(sources.Length)];
                    byte[] configuration = format.Configuration.ToArray();
                    if (random.Next(8) == 0)
                        configuration = Mutate(configuration, random);
                    await line.SendAsync(MessageKind.Format, new(line.Number, format.Codec, format.CodecString, format.Width, format.Height), WireJson.Default.FormatHead, configuration, until.Token);
                    for (int i = 0; i < 200 && sent < count; i++, sent++)
                    {
                        byte[] bytes = units[i % units.Count];
                        var unit = new AccessUnit(format, random.Next(4) == 0 ? bytes : Mutate(bytes, random))
                        {
                            Presentation = new(sent * 3600L),
                            Decode = new(sent * 3600L),
                            IsKey = i == 0,
                            Arrival = MonotonicTime.Now(TimeProvider.System),
                            Wall = WallTime.Now(TimeProvider.System),
                        };
                        await line.SendUnitAsync(unit, unit.Arrival.Nanoseconds, until.Token);
                    }
                }
            }
            catch (Exception fault) when (fault is OperationCanceledException or IOException && !Stop.IsCancellationRequested && line.Ended.IsCancellationRequested)
            {
                // It died of it; the next one goes on.
            }
            finally
            {
                host.Close(line);
            }
        }

        TestContext.Current.TestOutputHelper!.WriteLine($"{count} units, {lives} processes, seed {seed}");
        // Analysis of the camera goes on, and its recording has no gap.
        await node.UntilAsync("/api/analysis", a => (string?)a["state"] == "running" && a["cameras"]![0]!["blind"] is null && a["cameras"]![0]!["analysed"]!.GetValue<long>() > 0, 60);
        (await node.GetAsync("/api/cameras/gate"))["recording"]!["state"]!.GetValue<string>().ShouldBe("recording");
        string from = Iso(begun), to = Iso(TimeProvider.System.GetUtcNow());
        var timeline = await node.GetAsync($"/api/cameras/gate/timeline?from={from}&to={to}");
        timeline["gaps"]!.AsArray().ShouldBeEmpty(timeline.ToJsonString());
    }

    static string Iso(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    static (VideoFormat Format, List<byte[]> Units) Read(string path)
    {
        using var file = Mp4File.Open(path);
        var track = file.Tracks[0];
        return ((VideoFormat)track.Formats[0], [.. Enumerable.Range(0, track.Samples.Count).Select(track.ReadSample)]);
    }

    static byte[] Mutate(byte[] original, Random random)
    {
        var bytes = new List<byte>(original);
        for (int changes = 1 + random.Next(6); changes > 0 && bytes.Count > 0; changes--)
        {
            int at = random.Next(3) == 0 ? random.Next(Math.Min(bytes.Count, 64)) : random.Next(bytes.Count);   // headers more often than the rest
            switch (random.Next(6))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 2:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                case 3:
                    bytes.RemoveRange(at, Math.Min(bytes.Count - at, random.Next(32)));
                    break;
                case 4:
                    bytes.InsertRange(at, bytes.GetRange(at, Math.Min(bytes.Count - at, random.Next(64))));
                    break;
                default:
                    // A length at its edge.
                    for (int i = at & ~3; i < Math.Min(bytes.Count, (at & ~3) + 4); i++)
                        bytes[i] = random.Next(2) == 0 ? (byte)0xFF : (byte)0;
                    break;
            }
        }

        return [.. bytes];
    }
}
