using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text;

using Atalaya.Analysis.Painting;
using Atalaya.Analysis.Wire;
using Atalaya.Media;
using Atalaya.Node.Options;

namespace Atalaya.Node.Analysis;

enum AnalysisState
{
    /// <summary>By option.</summary>
    Off,

    /// <summary>Nothing has needed it yet.</summary>
    Idle,
    Starting,
    Running,

    /// <summary>It ended and is started again after a pause.</summary>
    Waiting,
}

/// <param name="Process">Its id; null when there is none.</param>
/// <param name="Reason">Why it isn't running, or what it can't do; empty while all is well.</param>
/// <param name="Restarts">How often it ended without being asked to, since the node started.</param>
/// <param name="Resident">Bytes.</param>
sealed record AnalysisStatus(AnalysisState State, int? Process, WallTime Since, string Reason, int Restarts, IReadOnlyList<Restraint> Restraints, long? Resident);

/// <summary>
/// The node's side of analysis: starts the process that decodes, watches what it takes, and starts it again when it ends. Recording, web and live
/// don't know of it. No call here throws because that process died.
/// </summary>
sealed class AnalysisHost : IHostedService, IAsyncDisposable
{
    // The first start after a death is at once: blindness counts. Then twice as long each time.
    static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100), LongestPause = TimeSpan.FromSeconds(15);

    // One that ran so long wasn't killed by what it is started with.
    static readonly TimeSpan Sound = TimeSpan.FromSeconds(20);
    static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(30), WatchEvery = TimeSpan.FromSeconds(1);

    // Two: one is decoded while the other is read from disk. More would only wait inside.
    const int SpritesAtOnce = 2;

    // So long after a death each process says what it begins with: a message more for each picture.
    static readonly TimeSpan CarefulFor = TimeSpan.FromMinutes(30);

    // Exit codes of a process that somebody else ended, by SIGKILL and SIGTERM: nobody's pictures did it.
    const int Killed = 137, Terminated = 143;

    // Lines of its standard error that one run may put into our log.
    const int MaxLines = 50;

    readonly AnalysisOptions _options;
    readonly TimeProvider _clock;
    readonly ILogger _log;
    readonly CancellationTokenSource _stop = new();
    readonly TaskCompletionSource _needed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    readonly SemaphoreSlim _sprites = new(SpritesAtOnce, SpritesAtOnce);
    readonly ConcurrentDictionary<long, TaskCompletionSource<SpriteResult>> _spritesWanted = new();
    readonly ConcurrentDictionary<long, TaskCompletionSource<StillsResult>> _stillsWanted = new();
    readonly ConcurrentDictionary<int, AnalysisLine> _lines = new();
    readonly Queue<(long At, double Busy)> _busy = [];      // under itself: the last seconds
    volatile AnalysisStatus _status;
    volatile MessageLink? _link;        // while it runs
    volatile ChildProcess? _child;
    volatile string? _reason;           // why we ended it; written before it is killed
    volatile AnalysisLine? _accused;    // for whose picture; written before _reason
    volatile bool _fromOutside;         // somebody else ended it
    long? _diedAt;                      // touched only by SuperviseAsync
    Task _supervising = Task.CompletedTask;
    long _lastRequest;
    int _lastLine;
    int _disposed;

    public AnalysisHost(NodeOptions options, TimeProvider clock, ILoggerFactory logs)
    {
        _options = options.Analysis;
        _clock = clock;
        _log = logs.CreateLogger("Atalaya.Analysis");
        _status = _options.Enabled ? Status(AnalysisState.Idle, "") : Status(AnalysisState.Off, "Switched off in the configuration.");
    }

    public Task StartAsync(CancellationToken stop)
    {
        if (_options.Enabled)
            _supervising = Task.Run(SuperviseAsync, CancellationToken.None);
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken stop) => await DisposeAsync();

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        await _stop.CancelAsync();
        _needed.TrySetResult();
        await _supervising;
        _stop.Dispose();
    }

    public AnalysisOptions Options => _options;
    public int Threads => _options.Threads > 0 ? _options.Threads : Math.Max(1, Environment.ProcessorCount - 1);

    /// <summary>Share of the threads' time that was used, 0 to 1, over the last seconds.</summary>
    public double Busy
    {
        get
        {
            lock (_busy)
            {
                if (_busy.Count < 2)
                    return 0;
                var (first, last) = (_busy.Peek(), _busy.Last());
                return Math.Round(Math.Clamp((last.Busy - first.Busy) / Math.Max(0.1, _clock.GetElapsedTime(first.At, last.At).TotalSeconds) / Threads, 0, 1), 3);
            }
        }
    }

    public AnalysisStatus Status() => _status is { State: AnalysisState.Running } status ? status with { Resident = _child?.Resident() } : _status;

    /// <summary>Raised when <see cref="Status()"/> has another state; must be quick.</summary>
    public event Action<AnalysisStatus>? Changed;

    /// <summary>
    /// Decodes key frames and lays them side by side into one JPEG, in the analysis process: <c>Width = Columns · TileWidth</c>, rows as needed. Two are made
    /// at once, others wait their turn. Starts the process if nothing has needed it so far.
    /// </summary>
    /// <returns>Always an end; nothing about the key frames throws.</returns>
    /// <exception cref="OperationCanceledException">Only through <paramref name="stop"/>.</exception>
    public async Task<SpriteResult> MakeSpriteAsync(SpriteRequest request, CancellationToken stop)
    {
        if (!_options.Enabled)
            return Unavailable("Analysis is switched off in the configuration.");
        long size = request.Format.Configuration.Length + request.KeyFrames.Sum(k => (long)k.Length);
        if (size > MessageLink.MaxBytes)
            return new(SpriteEnd.Unreadable, [], [], $"Key frames of {size >> 20} MiB are more than one sprite may be made of.");
        await _sprites.WaitAsync(stop);
        try
        {
            _needed.TrySetResult();
            if (await LinkAsync(stop) is not { } link)
                return Unavailable($"Analysis isn't running. {_status.Reason}");
            long id = Interlocked.Increment(ref _lastRequest);
            var result = new TaskCompletionSource<SpriteResult>(TaskCreationOptions.RunContinuationsAsynchronously);
            _spritesWanted[id] = result;
            try
            {
                byte[] bytes = new byte[size];
                request.Format.Configuration.CopyTo(bytes);
                int at = request.Format.Configuration.Length;
                foreach (var key in request.KeyFrames)
                {
                    key.CopyTo(bytes.AsMemory(at));
                    at += key.Length;
                }

                var head = new SpriteHead(
                    id, request.Format.Codec, request.Format.CodecString, request.Format.Width, request.Format.Height, request.Format.Configuration.Length,
                    [.. request.KeyFrames.Select(k => k.Length)], request.TileWidth, request.TileHeight, request.Columns, request.Quality)
                {
                    Plan = request.Plan is { } plan ? Encoding.UTF8.GetString(AreaPlanText.Write(plan)) : null,
                };
                await link.SendAsync(MessageKind.SpriteWanted, head, WireJson.Default.SpriteHead, bytes, stop);
                return await result.Task.WaitAsync(_options.Patience, _clock, stop);
            }
            catch (TimeoutException)
            {
                End(link, $"A sprite took longer than {_options.Patience.TotalSeconds:0} s.");
                return Unavailable("It took too long.");
            }
            catch (Exception fault) when (fault is IOException or ObjectDisposedException)
            {
                return Unavailable($"Analysis ended. {fault.Message}");
            }
            finally
            {
                _spritesWanted.TryRemove(id, out _);
            }
        }
        finally
        {
            _sprites.Release();
        }

        static SpriteResult Unavailable(string fault) => new(SpriteEnd.Unavailable, [], [], fault);
    }

    /// <summary>Decodes units from a key frame on and gives the wanted pictures as JPEGs, painted. Never throws because of what the units are.</summary>
    /// <exception cref="OperationCanceledException">Only through <paramref name="stop"/>.</exception>
    public async Task<StillsResult> MakeStillsAsync(StillsRequest request, CancellationToken stop)
    {
        if (!_options.Enabled)
            return new([], "Analysis is switched off in the configuration (analysis.enabled): nothing decodes.");
        long size = request.Format.Configuration.Length + request.Units.Sum(u => (long)u.Data.Length);
        if (size > MessageLink.MaxBytes)
            return new([], $"The pictures since the last key frame take {size >> 20} MiB, more than can be decoded at once.");
        await _sprites.WaitAsync(stop);
        try
        {
            _needed.TrySetResult();
            if (await LinkAsync(stop) is not { } link)
                return new([], $"Analysis isn't running. {_status.Reason}");
            long id = Interlocked.Increment(ref _lastRequest);
            var result = new TaskCompletionSource<StillsResult>(TaskCreationOptions.RunContinuationsAsynchronously);
            _stillsWanted[id] = result;
            try
            {
                byte[] bytes = new byte[size];
                request.Format.Configuration.CopyTo(bytes);
                int at = request.Format.Configuration.Length;
                foreach (var unit in request.Units)
                {
                    unit.Data.CopyTo(bytes.AsMemory(at));
                    at += unit.Data.Length;
                }

                var head = new StillsHead(
                    id, request.Format.Codec, request.Format.CodecString, request.Format.Configuration.Length,
                    [.. request.Units.Select(u => new StillUnit(u.Data.Length, u.Presentation.Ticks, u.Wanted))], request.Plan, request.Width, request.Quality);
                await link.SendAsync(MessageKind.StillsWanted, head, WireJson.Default.StillsHead, bytes, stop);
                return await result.Task.WaitAsync(_options.Patience * 4, _clock, stop);
            }
            catch (TimeoutException)
            {
                End(link, $"Pictures took longer than {_options.Patience.TotalSeconds * 4:0} s.");
                return new([], "It took too long.");
            }
            catch (Exception fault) when (fault is IOException or ObjectDisposedException)
            {
                return new([], $"Analysis ended. {fault.Message}");
            }
            finally
            {
                _stillsWanted.TryRemove(id, out _);
            }
        }
        finally
        {
            _sprites.Release();
        }
    }

    // What comes from a process that reads strangers' video is looked at before it is believed.
    void TakeStills(StillsMade made, ReadOnlyMemory<byte> bytes)
    {
        if (made.Stills.Any(s => s.Size < 0) || made.Stills.Sum(s => (long)s.Size) != bytes.Length)
            throw new WireException("Its pictures aren't as long as it says.");
        if (!_stillsWanted.TryGetValue(made.Request, out var wanted))
            return;
        var stills = new List<(MediaTime, byte[])>();
        int at = 0;
        foreach (var still in made.Stills)
        {
            stills.Add((new(still.Presentation), bytes.Slice(at, still.Size).ToArray()));
            at += still.Size;
        }

        wanted.TrySetResult(new(stills, made.Fault ?? ""));
    }

    /// <summary>Opens a way for one stream, as soon as there is a process; it ends with that.</summary>
    /// <exception cref="OperationCanceledException">Only through <paramref name="stop"/>.</exception>
    public async Task<AnalysisLine> OpenAsync(CancellationToken stop)
    {
        _needed.TrySetResult();
        while (true)
        {
            var changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            void OnChanged(AnalysisStatus status) => changed.TrySetResult();
            Changed += OnChanged;
            try
            {
                if (_link is { } link)
                {
                    var line = new AnalysisLine(link, Interlocked.Increment(ref _lastLine));
                    _lines[line.Number] = line;
                    // It may have ended in between, and then nobody would end this line.
                    if (_link == link)
                        return line;
                    Close(line);
                    line.Dispose();
                    continue;
                }

                await changed.Task.WaitAsync(stop);
            }
            finally
            {
                Changed -= OnChanged;
            }
        }
    }

    /// <summary>Nothing more is sent on it; the process forgets what it learned of the stream.</summary>
    public void Close(AnalysisLine line)
    {
        if (!_lines.TryRemove(line.Number, out _) || line.Ended.IsCancellationRequested)
            return;
        _ = ForgetAsync();

        async Task ForgetAsync()
        {
            try
            {
                await line.SendAsync(MessageKind.Forget, new(line.Number), WireJson.Default.ChannelHead);
            }
            catch (Exception fault) when (fault is IOException or ObjectDisposedException)
            {
                // It is gone, and has forgotten.
            }
        }
    }

    /// <summary>The link, when there is one within a start's time.</summary>
    async Task<MessageLink?> LinkAsync(CancellationToken stop)
    {
        if (_link is { } link)
            return link;
        var ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        void OnChanged(AnalysisStatus status)
        {
            if (status.State is AnalysisState.Running or AnalysisState.Waiting)
                ready.TrySetResult();
        }

        Changed += OnChanged;
        try
        {
            if (_link is null && _status.State != AnalysisState.Waiting)
                await ready.Task.WaitAsync(StartLimit, _clock, stop);
        }
        catch (TimeoutException)
        {
            // Then there is none.
        }
        finally
        {
            Changed -= OnChanged;
        }

        return _link;
    }

    async Task SuperviseAsync()
    {
        await _needed.Task;
        var pause = FirstPause;
        int restarts = 0;
        while (!_stop.IsCancellationRequested)
        {
            long started = _clock.GetTimestamp();
            string reason;
            try
            {
                reason = await RunAsync(restarts);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                break;
            }
            catch (Exception fault) when (fault is IOException or SocketException or UnauthorizedAccessException or TimeoutException)
            {
                reason = fault.Message;
            }
            catch (Exception fault)
            {
                // A bug of ours, or an answer that nobody thought of: analysis begins anew, and the node goes on.
                _log.LogError(fault, "The analysis process was lost.");
                reason = fault.Message;
            }

            if (_stop.IsCancellationRequested)
                break;
            restarts++;
            _diedAt = _clock.GetTimestamp();
            if (_clock.GetElapsedTime(started) > Sound)
                pause = FirstPause;
            _log.LogWarning("Analysis ended and is started again in {Pause} ms. {Reason}", (long)pause.TotalMilliseconds, reason);
            Enter(Status(AnalysisState.Waiting, reason) with { Restarts = restarts });
            try
            {
                await Task.Delay(pause, _clock, _stop.Token);
            }
            catch (OperationCanceledException)
            {
                break;
            }

            pause = TimeSpan.FromTicks(Math.Min(LongestPause.Ticks, pause.Ticks * 2));
        }

        Enter(Status(AnalysisState.Off, "The node is stopping.") with { Restarts = restarts });
    }

    /// <summary>One process from its start to its end.</summary>
    /// <returns>Why it ended.</returns>
    async Task<string> RunAsync(int restarts)
    {
        Enter(Status(AnalysisState.Starting, "") with { Restarts = restarts });
        ConfinedChild? started = null;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        limit.CancelAfter(StartLimit);
        try
        {
            int lines = 0;
            started = await ConfinedChild.StartAsync(
                Arguments, new(MessageLink.Version, Threads) { Careful = _diedAt is { } died && _clock.GetElapsedTime(died) < CarefulFor },
                line =>
                {
                    if (lines++ < MaxLines)
                        _log.LogWarning("Analysis says: {Line}", line);
                },
                limit.Token);
            var (child, link, ready) = (started.Process, started.Link, started.Ready);
            limit.CancelAfter(Timeout.InfiniteTimeSpan);
            _reason = null;
            _accused = null;
            _fromOutside = false;
            _child = child;
            _link = link;
            Enter(new(AnalysisState.Running, child.Id, WallTime.Now(_clock), string.Join(' ', ready.Missing), restarts, ready.Restraints, null));
            _log.LogInformation("Analysis runs as process {Process}: {Restraints}.", child.Id, string.Join("; ", ready.Restraints.Select(r => r.Detail)));
            return await AttendAsync(link, child);
        }
        catch (OperationCanceledException) when (!_stop.IsCancellationRequested)
        {
            return $"It wasn't ready within {StartLimit.TotalSeconds:0} s.";
        }
        finally
        {
            _link = null;
            _child = null;
            FailSprites();
            lock (_busy)
                _busy.Clear();
            foreach (var line in _lines.Values)
                line.End(!_stop.IsCancellationRequested && (_accused is { } accused ? accused == line : !_fromOutside && line.IsInWork));
            if (started is not null)
                await started.DisposeAsync();
        }
    }

    async Task<string> AttendAsync(MessageLink link, ChildProcess child)
    {
        using var watching = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        var watch = WatchAsync(child, watching.Token);
        try
        {
            while (await link.ReceiveAsync(_stop.Token) is { } message)
            {
                using (message)
                    Take(message);
            }

            return await WhyAsync();
        }
        catch (WireException fault)
        {
            return fault.Message;   // It isn't to be trusted any more, whatever is the matter with it.
        }
        catch (IOException)
        {
            return await WhyAsync();
        }
        finally
        {
            await watching.CancelAsync();
            await watch;
        }

        async Task<string> WhyAsync()
        {
            // It closed its end first, and may still be on its way out: a kill of ours mustn't be taken for another's.
            if (_reason is null)
            {
                try
                {
                    _fromOutside = await child.Exited.WaitAsync(WatchEvery, _clock) is Killed or Terminated && !watch.IsCompleted;
                }
                catch (TimeoutException)
                {
                    // It doesn't end by itself.
                }
            }

            child.Kill();
            int code = await child.Exited;
            return watch.IsCompleted && await watch is { Length: > 0 } reason ? reason : _reason ?? $"It ended with {code}.";
        }
    }

    /// <summary>Ends the process behind a link, which is then started again.</summary>
    public void End(AnalysisLine line, string reason)
    {
        if (_lines.ContainsKey(line.Number) && _link is { } link)
            End(link, reason, line);
    }

    void End(MessageLink link, string reason, AnalysisLine? accused = null)
    {
        if (_link != link || _reason is not null)
            return;
        _accused = accused;
        _reason = reason;
        _child?.Kill();
    }

    async Task<string> WatchAsync(ChildProcess child, CancellationToken stop)
    {
        using var beat = new PeriodicTimer(WatchEvery, _clock);
        try
        {
            while (await beat.WaitForNextTickAsync(stop))
            {
                if (child.Resident() is { } resident && resident > _options.Memory.Bytes)
                {
                    child.Kill();
                    return $"It held {resident >> 20} MiB of memory, more than analysis.memory.";
                }
            }
        }
        catch (OperationCanceledException)
        {
            // It ended by itself.
        }

        return "";
    }

    void Take(Message message)
    {
        switch (message.Kind)
        {
            case MessageKind.Sprite:
                var made = message.Head(WireJson.Default.SpriteMade);
                if (_spritesWanted.TryGetValue(made.Request, out var wanted))
                {
                    wanted.TrySetResult(made.Fault is null
                        ? new(SpriteEnd.Made, message.Bytes.ToArray(), made.Shown, "")
                        : new(SpriteEnd.Unreadable, [], made.Shown, made.Fault));
                }

                break;
            case MessageKind.Stills:
                TakeStills(message.Head(WireJson.Default.StillsMade), message.Bytes);
                break;
            case MessageKind.Done:
                var done = message.Head(WireJson.Default.DoneHead);
                _lines.GetValueOrDefault(done.Channel)?.Done(done.Sequence);
                break;
            case MessageKind.Begun:
                var begun = message.Head(WireJson.Default.DoneHead);
                _lines.GetValueOrDefault(begun.Channel)?.Begun(begun.Sequence);
                break;
            case MessageKind.Result:
                var result = message.Head(WireJson.Default.ResultHead);
                _lines.GetValueOrDefault(result.Channel)?.OnResult?.Invoke(result, message.Bytes);
                break;
            case MessageKind.Events:
                var events = message.Head(WireJson.Default.EventsHead);
                _lines.GetValueOrDefault(events.Channel)?.OnEvents?.Invoke(events.Events);
                break;
            case MessageKind.Fault:
                var fault = message.Head(WireJson.Default.FaultHead);
                _lines.GetValueOrDefault(fault.Channel)?.OnFault?.Invoke(fault.Fault);
                break;
            case MessageKind.Figures:
                var figures = message.Head(WireJson.Default.FiguresHead);
                lock (_busy)
                {
                    _busy.Enqueue((_clock.GetTimestamp(), figures.Busy));
                    while (_busy.Count > 6)
                        _busy.Dequeue();
                }

                foreach (var stream in figures.Streams)
                    _lines.GetValueOrDefault(stream.Channel)?.OnFigures?.Invoke(stream);
                break;
            default:
                throw new WireException($"It sent a message {message.Kind}, which isn't for the node.");
        }
    }

    void FailSprites()
    {
        foreach (var wanted in _spritesWanted.Values)
            wanted.TrySetResult(new(SpriteEnd.Unavailable, [], [], "Analysis ended while it worked on this."));
        foreach (var wanted in _stillsWanted.Values)
            wanted.TrySetResult(new([], "Analysis ended while it worked on this."));
    }

    void Enter(AnalysisStatus status)
    {
        _status = status;
        Changed?.Invoke(status);
    }

    AnalysisStatus Status(AnalysisState state, string reason) => new(state, null, WallTime.Now(_clock), reason, 0, [], null);

    IEnumerable<string> Arguments(string socket) =>
        ["analyze", "--socket", socket, "--parent", $"{Environment.ProcessId}", .. _options.Confine ? Array.Empty<string>() : ["--unconfined"],
            .. _options.Model.Length == 0 ? Array.Empty<string>() : ["--model", Path.GetFullPath(_options.Model)],
            .. _options.Faces.Length == 0 ? Array.Empty<string>() : ["--faces", Path.GetFullPath(_options.Faces)],
            .. _options.Runtime.Length == 0 ? Array.Empty<string>() : ["--runtime", Path.GetFullPath(_options.Runtime)]];
}
