using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using Atalaya.Media;
using Atalaya.Simulation;
using Atalaya.Testing;

namespace Atalaya.System.Tests;

/// <summary>When a node is killed.</summary>
enum KillMoment
{
    /// <summary>1 s to 6 s after it was ready.</summary>
    Recording,

    /// <summary>As a file appears in the folder of open segments or leaves it.</summary>
    Rotation,

    /// <summary>While it takes back what the one before left open, or elsewhere on its way to readiness.</summary>
    StartUp,

    /// <summary>0 to 50 ms after it was asked to stop.</summary>
    Shutdown,
}

/// <summary>
/// Simulated cameras in this process and one data folder on which node after node is started and killed. What was sent is known from the
/// cameras; what was kept is judged by ffprobe and the node's API.
/// </summary>
/// <remarks>
/// Each camera plays a clip from its first picture to every new session, so a session's recording must be a beginning of that clip, picture for
/// picture, and its sound a stretch of the clip's without a hole. A recording belongs to the node whose session with the camera was the last to begin
/// before it. Half of the cameras have a sub stream, and sound on both. Where footage is moved to a second volume and removed from it all the time, what
/// is left must be readable, each moment recorded once or explained, and the index and the volumes agree.
/// </remarks>
sealed class KillHarness : IAsyncDisposable
{
    const int Cameras = 8, FramesPerSecond = 25;

    /// <summary>What a killed process may lose of each camera (pictures): one second.</summary>
    const int MayLose = FramesPerSecond;

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    static TimeProvider Clock => TimeProvider.System;

    string _token = "";
    readonly string _folder = Directory.CreateTempSubdirectory("atalaya-chaos-").FullName;
    readonly Random _random;
    readonly ITestOutputHelper _report;
    readonly RtspSimulator _simulator;
    readonly IReadOnlyList<RecordedStream> _streams;
    readonly bool _small;       // volumes of a few megabytes
    readonly List<Life> _lives = [];
    readonly List<int> _lost = [];              // pictures, of each camera at each kill
    TimeSpan _startUp = TimeSpan.FromSeconds(1);
    int _judged;                                // of _lives
    int _probed;                                // files
    bool _sound, _moved, _removed;

    KillHarness(int seed, ITestOutputHelper report, RtspSimulator simulator, IReadOnlyList<RecordedStream> streams, bool small)
    {
        _random = new(seed);
        _report = report;
        _simulator = simulator;
        _streams = streams;
        _small = small;
    }

    /// <summary>What a stream must give back: MD5 of each picture's bytes, and of each unit of sound.</summary>
    sealed record Expected(IReadOnlyList<string> Pictures, IReadOnlyList<string> Sounds);

    sealed record RecordedStream(string Camera, StreamKind Kind, Expected Expected)
    {
        public override string ToString() => $"{Camera} {Kind}";
    }

    string DataFolder => Path.Combine(_folder, "data");
    string ArchiveFolder => Path.Combine(DataFolder, "archive");
    string Fast => Path.Combine(_folder, "fast");
    string Large => Path.Combine(_folder, "large");
    string OpenFolder => Path.Combine(_small ? Fast : ArchiveFolder, ".open");
    string Config => Path.Combine(_folder, "atalaya.yaml");

    /// <summary>One node process, from its start to its death.</summary>
    sealed class Life(int number, ManagedProcess process, long spawned)
    {
        public int Number => number;
        public ManagedProcess Process => process;

        /// <summary>Milliseconds since 1970.</summary>
        public long Spawned => spawned;

        /// <summary>Pictures that each camera had sent to it when it was killed.</summary>
        public Dictionary<(string Camera, StreamKind Stream), long> Sent { get; } = [];
        public KillMoment? Killed { get; set; }

        /// <summary>It was asked to stop, so a gap behind it may say so.</summary>
        public bool Asked { get; set; }
    }

    /// <param name="small">On two volumes so small that footage is moved and removed all the time.</param>
    public static async Task<KillHarness> StartAsync(int seed, ITestOutputHelper report, bool small = false)
    {
        // A key frame each 0.4 s, so that a new session records at once and segments of 2 s are cut near their length. 20 s: no loop within a life.
        string silent = await Ffmpeg.ClipAsync(new(Frames: 500, KeyInterval: 10, FrameRate: FramesPerSecond, Kbps: small ? 1500 : 0));
        string spoken = await Ffmpeg.ClipAsync(new(Frames: 500, KeyInterval: 10, FrameRate: FramesPerSecond, Audio: Codec.Aac));
        string tiny = await Ffmpeg.ClipAsync(new(Frames: 500, KeyInterval: 10, FrameRate: FramesPerSecond, Width: 160, Height: 120, Audio: Codec.Aac));
        // Parameter sets only in the session description: then pictures reach the file as they are in the clip.
        var simulator = await RtspSimulator.StartAsync(new() { Port = 0, Start = LoopStart.Beginning, ParameterSetsInStream = false });
        var streams = new List<RecordedStream>();
        var (expectSilent, expectSpoken, expectTiny) = (await ExpectAsync(silent), await ExpectAsync(spoken), await ExpectAsync(tiny));
        var cameras = new List<(string Name, SimulatedCamera Camera)>();
        for (int i = 1; i <= Cameras; i++)
        {
            string name = $"camera-{i}";
            bool full = i % 2 == 0;
            cameras.Add((name, full ? simulator.Add(name, Clip.Load(spoken), Clip.Load(tiny)) : simulator.Add(name, Clip.Load(silent))));
            streams.Add(new(name, StreamKind.Main, full ? expectSpoken : expectSilent));
            if (full)
                streams.Add(new(name, StreamKind.Sub, expectTiny));
        }

        var harness = new KillHarness(seed, report, simulator, streams, small);
        string yaml = $"""
            listen: "127.0.0.1:0"
            data: "{harness.DataFolder}"
            database: "{TestDatabase.Of(Path.Combine(harness.DataFolder, "atalaya.db"))}"
            analysis: {"{"} enabled: false {"}"}
            recording: {"{"} segment: 2s, sync: 1s {"}"}

            """;
        if (small)
        {
            yaml += $"""
                storage:
                  moveAt: 0.3
                  deleteRate: 200
                  volumes:
                    - {"{"} name: fast, path: '{harness.Fast}', maxBytes: 10MB, reserve: 1MB {"}"}
                    - {"{"} name: large, tier: large, path: '{harness.Large}', maxBytes: 10MB, reserve: 1MB {"}"}

                """;
        }

        yaml += "cameras:\n";
        foreach (var (name, camera) in cameras)
            yaml += $"  - {"{"} id: {name}, main: '{camera.Url()}'{(camera.HasSub ? $", sub: '{camera.Url(StreamKind.Sub)}', record: both" : "")} {"}"}\n";
        await File.WriteAllTextAsync(harness.Config, yaml);
        (await AtalayaProgram.RunAsync("user", "add", "judge", "--config", harness.Config)).ExitCode.ShouldBe(0);
        harness._token = (await AtalayaProgram.RunAsync("token", "create", "judge", "--config", harness.Config)).Output.Trim();
        foreach (string volume in small ? new[] { "fast", "large" } : [])
        {
            Directory.CreateDirectory(Path.Combine(harness._folder, volume));
            var adopted = await AtalayaProgram.RunAsync("volume", "adopt", volume, "--config", harness.Config);
            adopted.ExitCode.ShouldBe(0, adopted.Output + adopted.Errors);
        }

        return harness;
    }

    /// <summary>Starts a node, judges what the ones before it left, and kills it.</summary>
    /// <param name="atLeast">Lives so much longer.</param>
    public async Task KillAsync(KillMoment moment, TimeSpan atLeast = default)
    {
        if (moment == KillMoment.StartUp)
        {
            await KillStartingAsync();
            return;
        }

        var life = await StartReadyAsync();
        // Beside the recording: the files are closed, and the recorder must bear the load.
        var judged = JudgeFilesAsync(life);
        await WaitAsync(atLeast);
        switch (moment)
        {
            case KillMoment.Recording:
                await WaitAsync(TimeSpan.FromSeconds(1 + (5 * _random.NextDouble())));
                break;
            case KillMoment.Rotation:
                await EventsAsync(_random.Next(1, 4 * Cameras), Patience);
                await WaitAsync(TimeSpan.FromMilliseconds(_random.Next(4)));
                break;
            case KillMoment.Shutdown:
                await WaitAsync(TimeSpan.FromSeconds(1 + (2 * _random.NextDouble())));
                Count(life);
                life.Asked = true;
                life.Process.Terminate();
                await WaitAsync(TimeSpan.FromMilliseconds(_random.Next(51)));
                break;
        }

        await KillAsync(life, moment);
        await judged;
    }

    /// <summary>Starts a last node, stops it in peace, and lets it check its archive.</summary>
    public async Task FinishAsync()
    {
        var life = await StartReadyAsync();
        await JudgeFilesAsync(life);
        await WaitAsync(TimeSpan.FromSeconds(1));
        Count(life);
        life.Asked = true;
        life.Process.Terminate();
        var ended = await life.Process.WaitAsync();
        ended.ExitCode.ShouldBe(0, ended.Errors);
        Directory.GetFiles(OpenFolder).ShouldBeEmpty(Say(life, "a node that stopped in peace left files open"));
        await JudgeFilesAsync(null);

        var check = await AtalayaProgram.RunAsync("check", "--config", Config);
        check.ExitCode.ShouldBe(0, Say(life, $"the check found: {check.Output}{check.Errors}"));
        if (_small)
        {
            _moved.ShouldBeTrue("no file was ever on the second volume");
            _removed.ShouldBeTrue("nothing was ever removed");
        }

        _sound = true;
        _report.WriteLine($"{_lives.Count - 1} kills, {_probed} segments probed. {check.Output.Trim()}");
        if (_lost.Count > 0)
            _report.WriteLine($"Lost at a kill, of one camera: {_lost.Max() * 1000 / FramesPerSecond} ms at most, {_lost.Average() * 1000 / FramesPerSecond:0} ms on average.");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var life in _lives)
            await life.Process.DisposeAsync();
        await _simulator.DisposeAsync();
        if (_sound)
        {
            TestDatabase.Drop(_folder);
            Directory.Delete(_folder, recursive: true);
        }
        else
        {
            _report.WriteLine($"What the nodes left is in {_folder}.");
        }
    }

    async Task<Life> StartReadyAsync()
    {
        long began = Clock.GetTimestamp();
        var life = Spawn();
        string line = await life.Process.WaitForLineAsync(l => l.StartsWith("Atalaya listens on ", StringComparison.Ordinal), Patience);
        _startUp = Clock.GetElapsedTime(began);
        using var http = new HttpClient { BaseAddress = new(line[line.IndexOf("http", StringComparison.Ordinal)..].Split(' ')[0]) };
        http.DefaultRequestHeaders.Authorization = new("Bearer", _token);
        await JudgeRecoveryAsync(life, http);
        return life;
    }

    async Task KillStartingAsync()
    {
        // Either at what it does to the files, or anywhere.
        var moment = _random.Next(2) == 0 ? EventsAsync(_random.Next(1, Cameras + 1), _startUp * 2) : WaitAsync(_startUp * (1.2 * _random.NextDouble()));
        var life = Spawn();
        await moment;
        await KillAsync(life, KillMoment.StartUp);
    }

    Life Spawn()
    {
        var life = new Life(_lives.Count, AtalayaProgram.Start("serve", "--config", Config), Clock.GetUtcNow().ToUnixTimeMilliseconds());
        _lives.Add(life);
        return life;
    }

    async Task KillAsync(Life life, KillMoment moment)
    {
        if (!life.Asked)
        {
            life.Process.HasExited.ShouldBeFalse(Say(life, "it ended by itself"));
            Count(life);
        }

        life.Process.Kill();
        life.Killed = moment;
        await life.Process.WaitAsync();
    }

    /// <summary>What the cameras have sent to it so far.</summary>
    void Count(Life life)
    {
        foreach (var sessions in _simulator.Sessions.Where(s => s.Started.Milliseconds >= life.Spawned).GroupBy(s => (s.Camera.Name, s.Stream)))
        {
            sessions.Count().ShouldBe(1, Say(life, $"{sessions.Key} was left and connected to again"));
            if (sessions.Single() is { Tracks.Count: > 0 } session)
                life.Sent[sessions.Key] = session.Counts.Units;
        }
    }

    /// <summary>What a ready node must have put in order: no open file of an earlier one, and no moment that isn't recorded once or explained.</summary>
    async Task JudgeRecoveryAsync(Life life, HttpClient http)
    {
        if (Directory.Exists(OpenFolder))
        {
            Directory.GetFiles(OpenFolder).Where(f => StartOf(Path.GetFileNameWithoutExtension(f).Split('~')[1]) < life.Spawned)
                .ShouldBeEmpty(Say(life, "it is ready and has not recovered these"));
        }

        foreach (var stream in _streams)
            JudgeTimeline(life, stream, await TimelineAsync(http, stream));
    }

    static async Task<Timeline> TimelineAsync(HttpClient http, RecordedStream stream)
    {
        var now = Clock.GetUtcNow();
        string stretch = string.Create(CultureInfo.InvariantCulture, $"from={now.AddHours(-12):yyyy-MM-dd'T'HH:mm:ss'Z'}&to={now.AddHours(1):yyyy-MM-dd'T'HH:mm:ss'Z'}");
        return (await http.GetFromJsonAsync<Timeline>(new Uri($"api/cameras/{stream.Camera}/timeline?{stretch}&stream={(stream.Kind == StreamKind.Sub ? "sub" : "main")}", UriKind.Relative), JsonSerializerOptions.Web))!;
    }

    void JudgeTimeline(Life life, RecordedStream camera, Timeline timeline)
    {
        string story = $"{camera}: {JsonSerializer.Serialize(timeline)}";
        var spans = timeline.Segments.Select(s => (From: s[0], To: (long?)s[1], Cause: ""))
            .Concat(timeline.Gaps.Select(g => (From: g.From.ToUnixTimeMilliseconds(), To: g.To?.ToUnixTimeMilliseconds(), g.Cause)))
            .OrderBy(s => s.From).ToList();
        if (_small)
        {
            JudgeWhatIsLeft(life, spans, story);
            return;
        }

        if (spans.Count == 0)
            return;
        spans[0].Cause.ShouldBe("", Say(life, $"the life of a camera begins with a gap. {story}"));
        foreach (var (before, after) in spans.Zip(spans.Skip(1)))
            before.To.ShouldBe(after.From, Say(life, $"a hole or an overlap at {after.From}. {story}"));

        // A recording that was torn within a life, or goes on over a death, would show here.
        foreach (var lived in spans.Where(s => s.Cause.Length == 0).GroupBy(s => OwnerOf(camera, s.From)))
        {
            lived.Key.ShouldNotBeNull(Say(life, $"it was recorded when no node was there. {story}"));
            var (from, to, _) = lived.ShouldHaveSingleItem(Say(lived.Key, $"its recording was torn. {story}"));
            OwnerOf(camera, to!.Value - 1).ShouldBe(lived.Key, Say(lived.Key, $"its recording from {from} reaches into the next life. {story}"));
        }

        foreach (var (from, to, cause) in spans.Where(s => s.Cause.Length > 0))
        {
            int first = OwnerOf(camera, from - 1)!.Number, end = to is { } known ? OwnerOf(camera, known)!.Number : _lives.Count;
            string[] allowed = _lives.Any(l => l.Number >= first && l.Number < end && l.Asked) ? ["crash", "shutdown"] : ["crash"];
            allowed.ShouldContain(cause, Say(life, $"the gap at {from} has another cause. {story}"));
        }
    }

    void JudgeWhatIsLeft(Life life, List<(long From, long? To, string Cause)> spans, string story)
    {
        foreach (var (before, after) in spans.Zip(spans.Skip(1)))
            before.To.ShouldBe(after.From, Say(life, $"a hole or an overlap at {after.From}. {story}"));
        foreach (var (from, _, cause) in spans.Where(s => s.Cause.Length > 0))
            new[] { "crash", "shutdown", "policy" }.ShouldContain(cause, Say(life, $"the gap at {from} has another cause. {story}"));
        _removed |= spans.Exists(s => s.Cause == "policy");
    }

    /// <summary>Every file that has a name, but for those that are removed just then.</summary>
    async Task JudgeFilesThatAreLeftAsync()
    {
        foreach (string file in new[] { Fast, Large }.SelectMany(v => Directory.GetFiles(v, "*.mp4", SearchOption.AllDirectories)).Where(f => !f.Contains("/.", StringComparison.Ordinal)))
        {
            var (pictures, complaints) = await ProbeAsync(file, "v");
            if (!File.Exists(file))
                continue;
            complaints.ShouldBeEmpty(file);
            pictures.ShouldNotBeEmpty(file);
            _moved |= file.StartsWith(Large, StringComparison.Ordinal);
            _probed++;
        }
    }

    /// <summary>The node that recorded a camera then: the last one whose session with it had begun; null if there is none.</summary>
    Life? OwnerOf(RecordedStream stream, long at) => _simulator.Sessions
        .Where(s => s.Camera.Name == stream.Camera && s.Stream == stream.Kind && s.Started.Milliseconds <= at)
        .Select(s => _lives.FindLast(l => l.Spawned <= s.Started.Milliseconds))
        .LastOrDefault();

    /// <summary>The files of every node that is dead and not judged yet: readable, and with every picture that had to be kept.</summary>
    /// <param name="running">The node that runs now.</param>
    async Task JudgeFilesAsync(Life? running)
    {
        var dead = _lives.Skip(_judged).Where(l => l != running).ToList();
        if (dead.Count == 0)
            return;
        _judged += dead.Count;
        if (_small)
        {
            await JudgeFilesThatAreLeftAsync();
            return;
        }

        foreach (var stream in _streams)
        {
            string folder = Path.Combine(ArchiveFolder, stream.Camera);
            var files = Directory.Exists(folder)
                ? Directory.GetFiles(folder, "*.mp4", SearchOption.AllDirectories)
                    .Where(f => NameOf(f) >= dead[0].Spawned && Path.GetFileNameWithoutExtension(f).EndsWith("-sub", StringComparison.Ordinal) == (stream.Kind == StreamKind.Sub))
                    .OrderBy(NameOf).ToLookup(f => OwnerOf(stream, NameOf(f)))
                : null;
            foreach (var life in dead)
            {
                var kept = new List<string>();
                var heard = new List<string>();
                foreach (string file in files?[life] ?? [])
                {
                    var (pictures, complaints) = await ProbeAsync(file, "v");
                    complaints.ShouldBeEmpty(Say(life, file));
                    pictures.ShouldNotBeEmpty(Say(life, file));
                    kept.AddRange(pictures);
                    if (stream.Expected.Sounds.Count > 0)
                        heard.AddRange((await ProbeAsync(file, "a")).Units);
                    _probed++;
                }

                long sent = life.Sent.GetValueOrDefault((stream.Camera, stream.Kind));
                for (int i = 0; i < kept.Count; i++)
                    kept[i].ShouldBe(stream.Expected.Pictures[i % stream.Expected.Pictures.Count], Say(life, $"{stream}: picture {i} of {kept.Count} isn't the one that was sent"));
                JudgeSound(life, stream, heard, kept.Count);
                int lost = (int)Math.Max(0, sent - kept.Count);
                if (life.Killed is not null)
                    _lost.Add(lost);
                lost.ShouldBeLessThanOrEqualTo(MayLose, Say(life, $"{stream} had sent {sent} pictures, {kept.Count} were kept"));
            }
        }

        foreach (var life in dead)
            _report.WriteLine($"Life {life.Number}: {life.Killed?.ToString() ?? "stopped"}, {life.Sent.Values.Sum()} pictures sent.");
    }

    /// <summary>One stretch of the clip's sound, as long as the pictures but for a second.</summary>
    void JudgeSound(Life life, RecordedStream stream, IReadOnlyList<string> heard, int pictures)
    {
        var expected = stream.Expected.Sounds;
        if (expected.Count == 0 || pictures < 2 * MayLose)
            return;
        heard.ShouldNotBeEmpty(Say(life, $"{stream}: {pictures} pictures without a sound"));
        // Silence sounds alike everywhere: whatever place fits.
        bool fits = Enumerable.Range(0, expected.Count).Any(at => heard.Select((h, i) => h == expected[(at + i) % expected.Count]).All(same => same));
        fits.ShouldBeTrue(Say(life, $"{stream}: the {heard.Count} units of sound are no stretch of what was sent"));
        double second = expected.Count / (stream.Expected.Pictures.Count / (double)FramesPerSecond);
        heard.Count.ShouldBeGreaterThan((int)((((double)pictures / FramesPerSecond) - 1) * second), Say(life, $"{stream}: sound for {pictures} pictures"));
    }

    static async Task<Expected> ExpectAsync(string clip) => new((await ProbeAsync(clip, "v")).Units, (await ProbeAsync(clip, "a")).Units);

    /// <summary>MD5 of each packet's bytes, and every complaint.</summary>
    /// <param name="kind">v or a.</param>
    static async Task<(IReadOnlyList<string> Units, string Complaints)> ProbeAsync(string path, string kind)
    {
        var result = await ManagedProcess.RunAsync(
            "ffprobe", ["-hide_banner", "-v", "warning", "-select_streams", kind, "-show_entries", "packet=data_hash", "-show_data_hash", "md5", "-of", "csv=p=0", path]);
        return (result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries), result.ExitCode == 0 ? result.Errors : $"{result.ExitCode} {result.Errors}");
    }

    static long NameOf(string path) => StartOf(Path.GetFileNameWithoutExtension(path));
    static long StartOf(string name) => long.Parse(name.AsSpan(0, 13), CultureInfo.InvariantCulture);

    static Task WaitAsync(TimeSpan time) => Task.Delay(time, Clock);

    /// <summary>Files have come to the open folder, or gone from it, so often; or it took too long.</summary>
    async Task EventsAsync(int count, TimeSpan atMost)
    {
        using var watch = new FileSystemWatcher(Directory.CreateDirectory(OpenFolder).FullName);
        var enough = new TaskCompletionSource();
        watch.Created += (_, _) => Step();
        watch.Deleted += (_, _) => Step();
        watch.Renamed += (_, _) => Step();
        watch.EnableRaisingEvents = true;
        await Task.WhenAny(enough.Task, WaitAsync(atMost));

        void Step()
        {
            if (Interlocked.Decrement(ref count) == 0)
                enough.TrySetResult();
        }
    }

    string Say(Life life, string what)
    {
        string lives = string.Join(", ", _lives.Select(l => $"{l.Number} {l.Spawned} {l.Killed?.ToString() ?? "runs"}").TakeLast(5));
        return $"Life {life.Number}: {what}\nLives: {lives}\nIts log:\n{life.Process.Errors}";
    }

    sealed record Timeline(long[][] Segments, Gap[] Gaps);

    sealed record Gap(DateTimeOffset From, DateTimeOffset? To, string Cause);
}
