using Atalaya.Node.Options;

namespace Atalaya.Node.Cameras;

/// <summary>What became of the configuration file's last change.</summary>
/// <param name="Errors">Why it was refused; empty when it is in force.</param>
/// <param name="NeedsRestart">Options other than cameras differ from those the node started with.</param>
sealed record CameraFileState(DateTimeOffset ReadAt, IReadOnlyList<OptionError> Errors, bool NeedsRestart);

/// <summary>
/// Watches the configuration file and takes over its cameras. A file with any error is refused whole and the cameras stay as they were. Options
/// other than cameras are compared, and take effect at the next start.
/// </summary>
sealed class CameraFile(OptionsSource source, NodeOptions options, CameraRoster roster, TimeProvider clock, ILogger<CameraFile> log) : IHostedService, IAsyncDisposable
{
    // An editor writes, renames and touches in a burst. Ten seconds: where the file system reports nothing (network shares, mounted secrets), looking helps.
    static readonly TimeSpan Settle = TimeSpan.FromMilliseconds(200), LookAnyway = TimeSpan.FromSeconds(10);

    readonly SemaphoreSlim _reading = new(1, 1);
    FileSystemWatcher? _watcher;
    ITimer? _timer;
    string? _text;      // last seen; under _reading

    public string? Path => source.File;
    public CameraFileState? State { get; private set; }

    /// <summary>Raised after a changed file was read, whatever came of it.</summary>
    public event Action? Read;

    public Task StartAsync(CancellationToken stop)
    {
        if (source.File is null)
            return Task.CompletedTask;
        string path = System.IO.Path.GetFullPath(source.File);
        _text = TextNow();
        State = new(clock.GetUtcNow(), [], false);
        _timer = clock.CreateTimer(_ => _ = LookAsync(), null, LookAnyway, LookAnyway);
        _watcher = new(System.IO.Path.GetDirectoryName(path)!) { NotifyFilter = NotifyFilters.FileName | NotifyFilters.LastWrite | NotifyFilters.Size };
        _watcher.Changed += (_, _) => Soon();
        _watcher.Created += (_, _) => Soon();
        _watcher.Renamed += (_, _) => Soon();
        _watcher.EnableRaisingEvents = true;
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken stop) => await DisposeAsync();

    public async ValueTask DisposeAsync()
    {
        _watcher?.Dispose();
        if (_timer is not null)
            await _timer.DisposeAsync();
    }

    void Soon()
    {
        try
        {
            _timer?.Change(Settle, LookAnyway);
        }
        catch (ObjectDisposedException)
        {
            // The last event of a watcher that is being stopped.
        }
    }

    /// <summary>Reads the file if it has changed.</summary>
    public async Task LookAsync()
    {
        await _reading.WaitAsync();
        try
        {
            string? text = TextNow();
            if (text is null || text == _text)
                return;     // While an editor replaces it, it may be absent for a moment.
            _text = text;
            var reading = source.Read(text);
            if (reading.Errors.Count > 0)
            {
                log.LogError("{File} was changed and is refused; the cameras stay as they were. {Errors}", source.File, string.Join(" ", reading.Errors));
                State = new(clock.GetUtcNow(), reading.Errors, State?.NeedsRestart ?? false);
            }
            else
            {
                bool differs = Differs(reading.Options);
                log.LogInformation("{File} was changed: {Count} cameras.", source.File, reading.Cameras.Count);
                if (differs)
                    log.LogWarning("{File} also changes options other than cameras; these take effect when the node is started anew.", source.File);
                await roster.TakeFileAsync(reading.Cameras);
                State = new(clock.GetUtcNow(), [], differs);
            }
        }
        catch (Exception fault)
        {
            log.LogError(fault, "{File} couldn't be taken over.", source.File);
        }
        finally
        {
            _reading.Release();
        }

        Read?.Invoke();
    }

    bool Differs(NodeOptions now) => OptionReader.Entries(typeof(NodeOptions)).Any(e => Value(e.Key, now) != Value(e.Key, options));

    static string Value(string key, object record)
    {
        foreach (string name in key.Split('.'))
            record = record.GetType().GetProperties().First(p => OptionReader.NameOf(p) == name).GetValue(record)!;
        return OptionText.Format(record);
    }

    string? TextNow()
    {
        try
        {
            return File.ReadAllText(source.File!);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
