using System.Collections.Concurrent;
using System.Net.Sockets;

using Atalaya.Analysis.Painting;
using Atalaya.Analysis.Wire;
using Atalaya.Node.Analysis;
using Atalaya.Node.Options;

namespace Atalaya.Node.Masks;

/// <param name="Process">Its id; null while nobody needs it.</param>
/// <param name="Streams">That are painted now, live and from files.</param>
/// <param name="Resident">Bytes.</param>
sealed record PaintStatus(int? Process, int Streams, long? Resident, IReadOnlyList<Restraint> Restraints);

/// <summary>
/// The node's side of painting: a process of its own beside analysis (<c>atalaya analyze --paint</c>), confined like it, started when the first stream is to be
/// painted and ended when none was for a minute. A process that ends takes its lines along; who had one opens another.
/// </summary>
sealed class PaintHost : IHostedService, IAsyncDisposable
{
    static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(30), WatchEvery = TimeSpan.FromSeconds(1), Idle = TimeSpan.FromMinutes(1);
    static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100), LongestPause = TimeSpan.FromSeconds(15), Sound = TimeSpan.FromSeconds(20);

    // Exit codes of a process that somebody else ended, by SIGKILL and SIGTERM: nobody's pictures did it.
    const int Killed = 137, Terminated = 143;

    // Lines of its standard error that one run may put into our log.
    const int MaxLines = 50;

    readonly NodeOptions _options;
    readonly TimeProvider _clock;
    readonly ILogger _log;
    readonly Quarantine _quarantine;
    readonly SemaphoreSlim _starting = new(1, 1);
    readonly CancellationTokenSource _stop = new();
    volatile Running? _running;
    TimeSpan _pause;        // this and the next: under _starting
    long _endedAt;
    int _lastLine, _disposed;

    public PaintHost(NodeOptions options, TimeProvider clock, ILoggerFactory logs)
    {
        _options = options;
        _clock = clock;
        _log = logs.CreateLogger("Atalaya.Masks");
        _quarantine = new(clock);
    }

    public Task StartAsync(CancellationToken stop) => Task.CompletedTask;

    public async Task StopAsync(CancellationToken stop) => await DisposeAsync();

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        await _stop.CancelAsync();
        // Whoever still asks is told that the node stops: what they wait at stays.
        await _starting.WaitAsync();
        try
        {
            if (_running is { } running)
                await running.Attending;
        }
        finally
        {
            _starting.Release();
        }
    }

    public PaintStatus Status() => _running is { } r
        ? new(r.Child.Process.Id, r.Lines.Count, r.Child.Process.Resident(), r.Child.Ready.Restraints)
        : new(null, 0, null, []);

    /// <summary>Opens a way for one stream; dispose of it through <see cref="Close"/>.</summary>
    /// <param name="camera">Whose pictures they are: one that ends the process again and again is left out for a while.</param>
    /// <exception cref="PaintException">Nothing can be painted just now.</exception>
    /// <exception cref="OperationCanceledException">Only through <paramref name="stop"/>.</exception>
    public async Task<PaintLine> OpenAsync(string camera, AreaPlan plan, bool live, CancellationToken stop)
    {
        if (_quarantine.Stay(camera) is { } stay)
            throw new PaintException($"Pictures of this camera ended the process that paints {stay.Deaths} times. It is tried again at {stay.Until}.");
        while (true)
        {
            var running = await RunningAsync(stop);
            var line = new PaintLine(running.Child.Link, Interlocked.Increment(ref _lastLine), camera);
            running.Lines[line.Number] = line;
            try
            {
                // It may have ended in between, and then nobody would end this line.
                if (!running.HasEnded)
                {
                    await line.PlanAsync(plan, live, stop);
                    return line;
                }
            }
            catch (Exception fault) when (fault is IOException or ObjectDisposedException)
            {
                // It ended just now.
            }

            running.Lines.TryRemove(line.Number, out _);
            line.Dispose();
            stop.ThrowIfCancellationRequested();
        }
    }

    public void Close(PaintLine line)
    {
        if (_running is { } running && running.Lines.TryRemove(line.Number, out _) && !running.HasEnded)
        {
            running.IdleSince = _clock.GetTimestamp();
            _ = ForgetAsync(running.Child.Link);
        }

        line.Dispose();

        async Task ForgetAsync(MessageLink link)
        {
            try
            {
                await link.SendAsync(MessageKind.Forget, new(line.Number), WireJson.Default.ChannelHead, default, CancellationToken.None);
            }
            catch (Exception fault) when (fault is IOException or ObjectDisposedException)
            {
                // It is gone, and has forgotten.
            }
        }
    }

    async Task<Running> RunningAsync(CancellationToken stop)
    {
        if (_running is { HasEnded: false } already)
            return already;
        await _starting.WaitAsync(stop);
        try
        {
            if (_running is { } running)
            {
                if (!running.HasEnded)
                    return running;
                await running.Attending;
            }

            if (_stop.IsCancellationRequested)
                throw new PaintException("The node is stopping.");
            var left = _pause - _clock.GetElapsedTime(_endedAt);
            if (_pause > TimeSpan.Zero && left > TimeSpan.Zero)
                await Task.Delay(left, _clock, stop);
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop, _stop.Token);
            limit.CancelAfter(StartLimit);
            int lines = 0;
            ConfinedChild child;
            try
            {
                child = await ConfinedChild.StartAsync(
                    socket => ["analyze", "--paint", "--socket", socket, "--parent", $"{Environment.ProcessId}", .. _options.Analysis.Confine ? Array.Empty<string>() : ["--unconfined"]],
                    new(MessageLink.Version, 1),
                    line =>
                    {
                        if (lines++ < MaxLines)
                            _log.LogWarning("Painting says: {Line}", line);
                    },
                    limit.Token);
            }
            catch (Exception fault) when (fault is IOException or SocketException or UnauthorizedAccessException || (fault is OperationCanceledException && !stop.IsCancellationRequested))
            {
                Ended(TimeSpan.Zero);
                _log.LogError("Pictures can't be painted: {Fault}", fault.Message);
                throw new PaintException($"The process that paints can't be started: {fault.Message}");
            }

            if (child.Ready.Missing.Count > 0)
            {
                await child.DisposeAsync();
                Ended(TimeSpan.Zero);
                throw new PaintException(string.Join(' ', child.Ready.Missing));
            }

            _log.LogInformation("Masks are painted by process {Process}: {Restraints}.", child.Process.Id, string.Join("; ", child.Ready.Restraints.Select(r => r.Detail)));
            var begun = new Running(child, _clock.GetTimestamp()) { IdleSince = _clock.GetTimestamp() };
            begun.Attending = Task.Run(() => AttendAsync(begun), CancellationToken.None);
            return _running = begun;
        }
        finally
        {
            _starting.Release();
        }
    }

    // Under _starting, or by the one loop of a run that nobody starts beside.
    void Ended(TimeSpan ran)
    {
        _endedAt = _clock.GetTimestamp();
        _pause = ran > Sound || _pause == TimeSpan.Zero ? FirstPause : TimeSpan.FromTicks(Math.Min(LongestPause.Ticks, _pause.Ticks * 2));
    }

    /// <summary>One process from its first stream to its end.</summary>
    async Task AttendAsync(Running running)
    {
        var (link, process) = (running.Child.Link, running.Child.Process);
        using var watching = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        var watch = WatchAsync(running, watching.Token);
        string? reason = null;
        bool fromOutside = false;
        try
        {
            while (await link.ReceiveAsync(_stop.Token) is { } message)
            {
                using (message)
                    Take(running, message);
            }
        }
        catch (OperationCanceledException)
        {
            reason = "";
        }
        catch (WireException fault)
        {
            reason = fault.Message;     // It isn't to be trusted any more.
        }
        catch (Exception fault) when (fault is IOException or ObjectDisposedException)
        {
            // Why, its end says.
        }
        catch (Exception fault)
        {
            _log.LogError(fault, "The process that paints was lost");
            reason = fault.Message;
        }

        running.HasEnded = true;
        if (reason is null && running.Reason is null)
        {
            try
            {
                int code = await process.Exited.WaitAsync(WatchEvery, _clock);
                fromOutside = code is Killed or Terminated;
                reason = $"It ended with {code}.";
            }
            catch (TimeoutException)
            {
                reason = "It closed its end.";
            }
        }

        await watching.CancelAsync();
        await watch;
        await running.Child.DisposeAsync();
        reason = running.Reason ?? reason ?? "";
        if (reason.Length > 0)
        {
            Ended(_clock.GetElapsedTime(running.Started));
            _log.LogWarning("The process that paints masks ended. {Reason}", reason);
            foreach (var line in running.Lines.Values.Where(l => running.Accused is { } accused ? l == accused : !fromOutside && l.IsInWork))
                _quarantine.Note(line.Camera);
        }
        else
        {
            _pause = TimeSpan.Zero;
        }

        foreach (var line in running.Lines.Values)
            line.End();
    }

    async Task WatchAsync(Running running, CancellationToken stop)
    {
        using var beat = new PeriodicTimer(WatchEvery, _clock);
        try
        {
            while (await beat.WaitForNextTickAsync(stop))
            {
                if (running.Child.Process.Resident() is { } resident && resident > _options.Masks.Memory.Bytes)
                    End(running, $"It held {resident >> 20} MiB of memory, more than masks.memory.", null);
                foreach (var line in running.Lines.Values)
                {
                    if (line.OldestSent is { } sent && _clock.GetElapsedTime(sent) > _options.Analysis.Patience)
                        End(running, $"A picture of {line.Camera} took longer than {_options.Analysis.Patience.TotalSeconds:0} s.", line);
                }

                if (running.Lines.IsEmpty && _clock.GetElapsedTime(running.IdleSince) > Idle)
                    End(running, "", null);
            }
        }
        catch (OperationCanceledException)
        {
            // It ended by itself.
        }

        static void End(Running running, string reason, PaintLine? accused)
        {
            if (running.Reason is not null)
                return;
            running.Accused = accused;
            running.Reason = reason;
            running.HasEnded = true;
            running.Child.Process.Kill();
        }
    }

    static void Take(Running running, Message message)
    {
        switch (message.Kind)
        {
            case MessageKind.Painted:
                var painted = message.Head(WireJson.Default.PaintedHead);
                running.Lines.GetValueOrDefault(painted.Channel)?.Take(painted, message.Bytes);
                break;
            case MessageKind.PaintedFormat:
                running.Lines.GetValueOrDefault(message.Head(WireJson.Default.ChannelHead).Channel)?.TakeFormat(message.Bytes);
                break;
            case MessageKind.Done:
                var done = message.Head(WireJson.Default.DoneHead);
                running.Lines.GetValueOrDefault(done.Channel)?.Done(done.Sequence);
                break;
            case MessageKind.Begun:
                var begun = message.Head(WireJson.Default.DoneHead);
                running.Lines.GetValueOrDefault(begun.Channel)?.Begun(begun.Sequence);
                break;
            case MessageKind.Fault:
                var fault = message.Head(WireJson.Default.FaultHead);
                running.Lines.GetValueOrDefault(fault.Channel)?.OnFault?.Invoke(fault.Fault);
                break;
            default:
                throw new WireException($"It sent a message {message.Kind}, which painting has none of.");
        }
    }

    sealed class Running(ConfinedChild child, long started)
    {
        public ConfinedChild Child => child;
        public long Started => started;
        public ConcurrentDictionary<int, PaintLine> Lines { get; } = new();
        public long IdleSince { get; set; }
        public Task Attending { get; set; } = Task.CompletedTask;

        /// <summary>No line may be opened in it any more.</summary>
        public volatile bool HasEnded;

        /// <summary>Why we ended it; written before it is killed. Empty: nobody needed it.</summary>
        public volatile string? Reason;
        public volatile PaintLine? Accused;     // for whose picture; written before Reason
    }
}
