using Atalaya.Analysis.Wire;

namespace Atalaya.Analysis.Child;

/// <summary>
/// The threads that work on the streams' messages, and what waits for them; <see cref="Turns"/> says who is next. A stream that moves weighs more; no live one
/// is ever left out. Recorded footage has its turn when no live stream waits.
/// </summary>
/// <remarks>A stream's messages are worked on one after another, by whichever thread is free.</remarks>
sealed class Rota : IDisposable
{
    /// <summary>Messages of one stream that may wait. The node keeps far below: its credits run out.</summary>
    const int MaxWaiting = 256;

    readonly MessageLink _link;
    readonly TimeProvider _clock;
    readonly bool _careful;
    readonly Lock _gate = new();
    readonly SemaphoreSlim _work = new(0);          // one count for each message that no thread has yet
    readonly Dictionary<int, Entry> _entries = [];  // all below: under _gate
    readonly Task[] _threads;
    readonly ITimer _telling;
    readonly Turns _turns = new();
    double _busy;
    volatile bool _stopped;

    public Rota(int threads, bool careful, Detectors detectors, MessageLink link, TimeProvider clock)
    {
        _link = link;
        _clock = clock;
        _careful = careful;
        _threads = [.. Enumerable.Range(0, threads).Select(i =>
            Task.Factory.StartNew(() => AnalysisProcess.DieOf(() => Work(detectors.For(i))), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))];
        _telling = clock.CreateTimer(_ => Tell(), null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
    }

    /// <summary>Takes over the message.</summary>
    /// <exception cref="WireException">It is about a stream that isn't known, or there are too many.</exception>
    public void Add(Message message)
    {
        var work = Job.Of(message);
        lock (_gate)
        {
            if (!_entries.TryGetValue(work.Channel, out var entry))
            {
                if (work.Head is not CameraHead camera)
                {
                    message.Dispose();
                    throw new WireException($"A message {message.Kind} is about channel {work.Channel}, which was never opened.");
                }

                _entries[work.Channel] = entry = new(new AnalysedStream(camera.Channel, _link, _clock), _turns.Open(camera.Past));
            }

            if (entry.Waiting.Count >= MaxWaiting)
            {
                message.Dispose();
                throw new WireException($"More than {MaxWaiting} messages of channel {work.Channel} wait.");
            }

            if (entry.Waiting.Count == 0 && !entry.Busy)
                _turns.Wake(entry.Account);
            entry.Waiting.Enqueue(work);
        }

        _work.Release();
    }

    public async Task StopAsync()
    {
        _stopped = true;
        _work.Release(_threads.Length);
        await Task.WhenAll(_threads);
    }

    public void Dispose()
    {
        _telling.Dispose();
        foreach (var entry in _entries.Values)
        {
            foreach (var job in entry.Waiting)
                job.Message.Dispose();
            entry.Stream.Dispose();
        }

        _work.Dispose();
    }

    void Work(ThreadDetectors detectors)
    {
        while (true)
        {
            _work.Wait();
            if (_stopped)
                return;
            Entry? entry;
            lock (_gate)
            {
                entry = Next();
                if (entry is null)
                    continue;       // Another thread has that stream in hand, and takes the message when it is done.
                entry.Busy = true;
            }

            // Until the stream has nothing left or another's turn has come.
            while (entry is not null)
            {
                Job job;
                long started = _clock.GetTimestamp();
                lock (_gate)
                {
                    job = entry.Waiting.Dequeue();
                    entry.Started = started;
                }

                try
                {
                    // Out before the work begins: what is in the socket outlives the process.
                    if (_careful && job.Head is UnitHead unit)
                        _link.SendAsync(MessageKind.Begun, new(unit.Channel, unit.Sequence), WireJson.Default.DoneHead, default, CancellationToken.None).GetAwaiter().GetResult();
                    using (job.Message)
                        entry.Stream.Take(job.Head, job.Message.Bytes, detectors);
                }
                catch (IOException) when (!_stopped)
                {
                    return;     // The node is gone; the reader sees it too.
                }

                double seconds = _clock.GetElapsedTime(started).TotalSeconds;
                lock (_gate)
                {
                    _busy += seconds;
                    _turns.Pay(entry.Account, seconds, entry.Stream.Weight, entry.Stream.IsMoving);
                    entry.Busy = false;
                    entry.Started = null;
                    if (job.Head is ChannelHead && job.Message.Kind == MessageKind.Forget)
                    {
                        entry.Stream.Dispose();
                        _entries.Remove(job.Channel);
                    }

                    entry = _stopped ? null : Next();
                    if (entry is not null)
                        entry.Busy = true;
                }
            }
        }
    }

    // Under _gate.
    Entry? Next()
    {
        Entry? next = null;
        foreach (var entry in _entries.Values)
        {
            if (!entry.Busy && entry.Waiting.Count > 0 && (next is null || _turns.IsBefore(entry.Account, next.Account)))
                next = entry;
        }

        if (next is not null)
            _turns.Begin(next.Account);
        return next;
    }

    void Tell()
    {
        var idle = new List<Entry>();
        lock (_gate)
        {
            foreach (var entry in _entries.Values)
            {
                if (entry.Busy || entry.Waiting.Count > 0 || entry.Account.IsPast)
                    continue;
                entry.Busy = true;
                idle.Add(entry);
            }
        }

        try
        {
            foreach (var entry in idle)
                entry.Stream.Silence();
        }
        catch (Exception fault) when (fault is IOException or ObjectDisposedException)
        {
            // The node is gone; the reader sees it too.
        }

        FiguresHead figures;
        lock (_gate)
        {
            foreach (var entry in idle)
            {
                entry.Busy = false;
                if (entry.Waiting.Count > 0)
                    _work.Release();    // A thread may have passed it by meanwhile.
            }

            figures = new(_threads.Length, _busy, [.. _entries.Values.Select(e =>
                e.Stream.Figures with { Working = e.Started is { } started ? _clock.GetElapsedTime(started).TotalSeconds : 0 })]);
        }

        _ = SendAsync();

        async Task SendAsync()
        {
            try
            {
                await _link.SendAsync(MessageKind.Figures, figures, WireJson.Default.FiguresHead, default, CancellationToken.None);
            }
            catch (Exception fault) when (fault is IOException or ObjectDisposedException)
            {
                // The node is gone; the reader sees it too.
            }
        }
    }

    sealed class Entry(AnalysedStream stream, Account account)
    {
        public AnalysedStream Stream { get; } = stream;
        public Account Account { get; } = account;
        public Queue<Job> Waiting { get; } = [];
        public bool Busy { get; set; }

        /// <summary>When the message in hand was begun with.</summary>
        public long? Started { get; set; }
    }

    readonly record struct Job(Message Message, object Head, int Channel)
    {
        public static Job Of(Message message)
        {
            switch (message.Kind)
            {
                case MessageKind.Camera:
                    var camera = message.Head(WireJson.Default.CameraHead);
                    return new(message, camera, camera.Channel);
                case MessageKind.Format:
                    var format = message.Head(WireJson.Default.FormatHead);
                    return new(message, format, format.Channel);
                case MessageKind.Unit:
                    var unit = message.Head(WireJson.Default.UnitHead);
                    return new(message, unit, unit.Channel);
                case MessageKind.Drain:
                    var drain = message.Head(WireJson.Default.DrainHead);
                    return new(message, drain, drain.Channel);
                default:
                    var about = message.Head(WireJson.Default.ChannelHead);
                    return new(message, about, about.Channel);
            }
        }
    }
}
