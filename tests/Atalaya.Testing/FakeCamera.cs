using Atalaya.Media;
using Atalaya.Simulation;

namespace Atalaya.Testing;

/// <summary>
/// A camera for tests: the simulator in this process, on a free port, that starts each viewer at the clip's first picture unless told otherwise.
/// </summary>
/// <example><code>await using var camera = await FakeCamera.StartAsync(new ClipRecipe(Frames: 50));</code></example>
public sealed class FakeCamera : IAsyncDisposable
{
    FakeCamera(RtspSimulator simulator, SimulatedCamera camera)
    {
        Simulator = simulator;
        Camera = camera;
    }

    public RtspSimulator Simulator { get; }

    /// <summary>Faults are injected here.</summary>
    public SimulatedCamera Camera { get; }

    /// <summary>Without credentials.</summary>
    public string Url => Camera.Url();
    public string SubUrl => Camera.Url(StreamKind.Sub);

    /// <summary>The one session there is, or was last; null if nobody has come yet.</summary>
    public SimulatedSession? Session => Simulator.Sessions is { Count: > 0 } sessions ? sessions[^1] : null;

    /// <summary>Serves a file as camera <c>cam</c>.</summary>
    /// <param name="options">Port, address and cameras are filled in; the rest is taken as it is.</param>
    public static Task<FakeCamera> StartAsync(string file, string? subFile = null, SimulatorOptions? options = null, TimeProvider? clock = null) =>
        StartAsync(Load(file), subFile is null ? null : Load(subFile), options, clock);

    public static async Task<FakeCamera> StartAsync(ClipRecipe recipe, ClipRecipe? sub = null, SimulatorOptions? options = null, TimeProvider? clock = null) =>
        await StartAsync(await Ffmpeg.ClipAsync(recipe), sub is null ? null : await Ffmpeg.ClipAsync(sub), options, clock);

    public static async Task<FakeCamera> StartAsync(Clip clip, Clip? sub = null, SimulatorOptions? options = null, TimeProvider? clock = null)
    {
        options = (options ?? new() { Start = LoopStart.Beginning }) with { Port = 0 };
        var simulator = await RtspSimulator.StartAsync(options, clock);
        return new(simulator, simulator.Add("cam", clip, sub));
    }

    /// <summary>The URL with a name and a password in it.</summary>
    public string UrlFor(string user, string password) => Camera.Url(StreamKind.Main, user, password);

    public ValueTask DisposeAsync() => Simulator.DisposeAsync();

    // Clips are immutable: many tests may share one.
    static readonly System.Collections.Concurrent.ConcurrentDictionary<string, Lazy<Clip>> Loaded = new(StringComparer.Ordinal);

    static Clip Load(string file) => Loaded.GetOrAdd(file, static path => new(() => Clip.Load(path))).Value;
}
