using Atalaya.Analysis.Wire;
using Atalaya.Media;
using Atalaya.Media.Mp4;
using Atalaya.Node.Analysis;
using Atalaya.Node.Options;
using Atalaya.Testing;

using Microsoft.Extensions.Logging;

namespace Atalaya.Node.Tests.Analysis;

public sealed class AnalysisHostTests
{
    static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_sprite_shows_each_key_frame_in_its_tile()
    {
        var (format, keys) = await KeyFramesAsync();
        await using var host = await StartAsync();
        var result = await host.MakeSpriteAsync(new(format, [keys[0], default, keys[1], keys[2]], 160, 120, 2), Stop);
        Assert.SkipWhen(result.Fault.Contains("install", StringComparison.Ordinal), result.Fault);
        result.Fault.ShouldBeEmpty();
        result.End.ShouldBe(SpriteEnd.Made);
        result.Shown.ShouldBe([true, false, true, true]);

        using var folder = new TempFolder("sprite");
        string path = folder.File("sprite.jpg");
        await File.WriteAllBytesAsync(path, result.Jpeg, Stop);
        var probe = await Ffmpeg.ProbeAsync(path);
        probe.Errors.ShouldBeEmpty();
        (probe.Streams[0].Width, probe.Streams[0].Height).ShouldBe((320, 240));
        (await NumberAsync(path, 0, 0)).ShouldBe(0);
        (await NumberAsync(path, 0, 120)).ShouldBe(25);
        (await NumberAsync(path, 160, 120)).ShouldBe(50);
    }

    [Fact]
    public async Task Key_frames_that_are_none_end_as_unreadable_and_the_next_sprite_is_made()
    {
        var (format, keys) = await KeyFramesAsync();
        await using var host = await StartAsync();
        byte[] noise = new byte[5000];
        new Random(5).NextBytes(noise);
        var bad = await host.MakeSpriteAsync(new(format, [noise, noise], 160, 120, 2), Stop);
        Assert.SkipWhen(bad.Fault.Contains("install", StringComparison.Ordinal), bad.Fault);
        bad.End.ShouldBe(SpriteEnd.Unreadable);
        bad.Fault.ShouldNotBeEmpty();
        (await host.MakeSpriteAsync(new(format, [keys[0]], 3, 120, 2), Stop)).End.ShouldBe(SpriteEnd.Unreadable);
        (await host.MakeSpriteAsync(new(format, [keys[0]], 160, 120, 1), Stop)).End.ShouldBe(SpriteEnd.Made);
    }

    /// <summary>What the node promises of the process that decodes: it dies and is there again, and the node's own memory holds no decoder.</summary>
    [Fact]
    public async Task A_killed_process_is_replaced_and_codec_libraries_are_in_it_alone()
    {
        var (format, keys) = await KeyFramesAsync();
        await using var host = await StartAsync();
        (await host.MakeSpriteAsync(new(format, [keys[0]], 160, 120, 1), Stop)).End.ShouldNotBe(SpriteEnd.Unavailable);
        var first = host.Status();
        first.State.ShouldBe(AnalysisState.Running);
        if (first.Reason.Length == 0)
        {
            Native(first.Process!.Value).ShouldContain(l => l.Contains("libavcodec", StringComparison.Ordinal));
            Native(first.Process!.Value).ShouldContain(l => l.Contains("libturbojpeg", StringComparison.Ordinal));
        }

        Native(Environment.ProcessId).ShouldBeEmpty();

        var back = new TaskCompletionSource<AnalysisStatus>(TaskCreationOptions.RunContinuationsAsynchronously);
        host.Changed += status =>
        {
            if (status.State == AnalysisState.Running)
                back.TrySetResult(status);
        };
        using (var process = System.Diagnostics.Process.GetProcessById(first.Process!.Value))
            process.Kill();
        var second = await back.Task.WaitAsync(TimeSpan.FromSeconds(60), Stop);
        second.Process.ShouldNotBe(first.Process);
        second.Restarts.ShouldBe(1);
        (await host.MakeSpriteAsync(new(format, [keys[0]], 160, 120, 1), Stop)).End.ShouldNotBe(SpriteEnd.Unavailable);
    }

    /// <summary>So that one camera's broken stream costs the others nothing for long.</summary>
    [Fact]
    public async Task Whose_picture_was_in_work_when_the_process_ended_by_itself_is_known_from_the_second_time_on()
    {
        using var file = Mp4File.Open(await Ffmpeg.ClipAsync(new()));
        await using var host = await StartAsync(new() { Threads = 1 });
        (await DieAsync("SYS")).ShouldBe((false, false), "the first time nobody was watched");
        (await DieAsync("KILL")).ShouldBe((false, false), "somebody else ended it");
        (await DieAsync("SYS")).ShouldBe((true, false));

        async Task<(bool Busy, bool Idle)> DieAsync(string signal)
        {
            using AnalysisLine busy = await host.OpenAsync(Stop), idle = await host.OpenAsync(Stop);
            foreach (var line in (AnalysisLine[])[busy, idle])
                await line.SendAsync(MessageKind.Camera, new(line.Number, "gate", 25, 1, false, [], "", "UTC") { Past = true }, WireJson.Default.CameraHead);
            bool careful = host.Status().Restarts > 0;
            var format = (VideoFormat)file.Video!.Format;
            await busy.SendAsync(MessageKind.Format, new(busy.Number, format.Codec, format.CodecString, format.Width, format.Height), WireJson.Default.FormatHead, format.Configuration);
            var feeding = FeedAsync(busy);
            while (careful ? !busy.IsInWork : busy.OldestSent is null)
                await Task.Yield();
            using var kill = System.Diagnostics.Process.Start("sh", ["-c", $"kill -{signal} {host.Status().Process}"]);
            var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            using var telling = busy.Ended.Register(() => ended.TrySetResult());
            await ended.Task.WaitAsync(TimeSpan.FromSeconds(60), Stop);
            await feeding;
            return (busy.IsBlamed, idle.IsBlamed);
        }

        // Over and over, so that there is always one in work.
        async Task FeedAsync(AnalysisLine line)
        {
            var pool = new BlockPool();
            try
            {
                for (int i = 0; ; i++)
                {
                    var unit = file.Video!.ReadUnit(i % file.Video.Samples.Count, pool);
                    await line.SendUnitAsync(unit, 1, line.Ended);
                    unit.Release();
                }
            }
            catch (Exception fault) when (fault is OperationCanceledException or IOException)
            {
                // The process ended.
            }
        }
    }

    [Fact]
    public async Task The_process_says_what_it_was_kept_from_and_it_is_so()
    {
        var (format, keys) = await KeyFramesAsync();
        await using var host = await StartAsync();
        await host.MakeSpriteAsync(new(format, [keys[0]], 160, 120, 1), Stop);
        var status = host.Status();
        status.Restraints.Select(r => r.Name).ShouldBe(["core", "network", "files", "privileges", "calls"], ignoreOrder: true);
        status.Restraints.ShouldAllBe(r => r.Detail.Length > 0);
        var facts = (await File.ReadAllLinesAsync($"/proc/{status.Process}/status", Stop)).Select(l => l.Split('\t')).ToDictionary(l => l[0], l => l[1], StringComparer.Ordinal);
        facts["NoNewPrivs:"].ShouldBe("1");
        if (status.Restraints.Single(r => r.Name == "calls").Held)
            facts["Seccomp:"].ShouldBe("2");
        if (status.Restraints.Single(r => r.Name == "privileges") is { Held: true } dropped && dropped.Detail.Contains("nobody", StringComparison.Ordinal))
            facts["Uid:"].ShouldBe("65534");
        TestContext.Current.TestOutputHelper!.WriteLine(string.Join('\n', status.Restraints));
    }

    [Fact]
    public async Task Switched_off_it_starts_nothing_and_says_so()
    {
        var (format, keys) = await KeyFramesAsync();
        await using var host = await StartAsync(new() { Enabled = false });
        (await host.MakeSpriteAsync(new(format, [keys[0]], 160, 120, 1), Stop)).End.ShouldBe(SpriteEnd.Unavailable);
        host.Status().State.ShouldBe(AnalysisState.Off);
    }

    /// <summary>Memory that a hostile stream makes it take ends the process, not the machine.</summary>
    [Fact]
    public async Task More_memory_than_it_may_have_ends_it_with_that_reason()
    {
        var (format, keys) = await KeyFramesAsync();
        await using var host = await StartAsync(new() { Memory = new(1 << 20) });
        var ended = new TaskCompletionSource<AnalysisStatus>(TaskCreationOptions.RunContinuationsAsynchronously);
        host.Changed += status =>
        {
            if (status.State == AnalysisState.Waiting)
                ended.TrySetResult(status);
        };
        await host.MakeSpriteAsync(new(format, [keys[0]], 160, 120, 1), Stop);
        (await ended.Task.WaitAsync(TimeSpan.FromSeconds(60), Stop)).Reason.ShouldContain("analysis.memory");
    }

    static async Task<AnalysisHost> StartAsync(AnalysisOptions? options = null)
    {
        var log = LoggerFactory.Create(l => l.AddProvider(new TestLog()));
        var host = new AnalysisHost(new NodeOptions { Analysis = options ?? new() }, TimeProvider.System, log);
        await host.StartAsync(Stop);
        return host;
    }

    /// <summary>Numbered pictures; the key frames are 0, 25, 50 and 75.</summary>
    static async Task<(VideoFormat Format, List<ReadOnlyMemory<byte>> Keys)> KeyFramesAsync()
    {
        using var file = Mp4File.Open(await Ffmpeg.ClipAsync(new(BFrames: 2)));
        var track = file.Tracks[0];
        return ((VideoFormat)track.Formats[0],
            [.. track.Samples.Select((sample, i) => (sample, i)).Where(s => s.sample.IsKey).Select(s => (ReadOnlyMemory<byte>)track.ReadSample(s.i))]);
    }

    static async Task<int> NumberAsync(string sprite, int x, int y)
    {
        string tile = $"{sprite}.{x}.{y}.png";
        await Ffmpeg.RunAsync(["-i", sprite, "-vf", $"crop=160:120:{x}:{y}", tile]);
        return (await Ffmpeg.ReadNumbersAsync(tile)).ShouldHaveSingleItem();
    }

    static List<string> Native(int process) =>
        [.. File.ReadAllLines($"/proc/{process}/maps").Where(l => l.Contains("/libav", StringComparison.Ordinal) || l.Contains("/libsw", StringComparison.Ordinal)
            || l.Contains("turbojpeg", StringComparison.Ordinal) || l.Contains("onnxruntime", StringComparison.Ordinal))];

    sealed class TestLog : ILoggerProvider, ILogger
    {
        readonly ITestOutputHelper? _output = TestContext.Current.TestOutputHelper;

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            try
            {
                _output?.WriteLine($"{logLevel} {formatter(state, exception)} {exception}");
            }
            catch (InvalidOperationException)
            {
                // The test is over.
            }
        }

        public void Dispose()
        {
        }
    }
}
