namespace Atalaya.Simulation;

/// <summary>An RTSP server whose cameras play files for ever.</summary>
public sealed class RtspSimulator : IAsyncDisposable
{
    public static Task<RtspSimulator> StartAsync(SimulatorOptions options, TimeProvider? clock = null, CancellationToken stop = default) =>
        throw new NotSupportedException();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
