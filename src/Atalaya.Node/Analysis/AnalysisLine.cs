using System.Collections.Concurrent;
using System.Text.Json.Serialization.Metadata;

using Atalaya.Analysis.Rules;
using Atalaya.Analysis.Wire;
using Atalaya.Media;

namespace Atalaya.Node.Analysis;

/// <summary>One stream's way into one analysis process: it ends with that process.</summary>
/// <param name="number">Of the channel; never given again.</param>
sealed class AnalysisLine(MessageLink link, int number) : IDisposable
{
    /// <summary>Units on their way or in work. Eight: half a second of a sub-stream; what waits longer is stale anyway, and waits where it can be thrown away.</summary>
    const int Credits = 8;

    readonly SemaphoreSlim _credits = new(Credits, Credits);
    readonly CancellationTokenSource _ended = new();
    readonly Lock _closing = new();
    bool _closed;       // under _closing: the host may still have this in hand when its feed is through with it
    readonly ConcurrentDictionary<long, long> _sent = new();    // sequence → monotonic nanoseconds when it was sent
    (long Sequence, TaskCompletionSource Done)? _drained;       // written before its sequence is sent
    long _sequence, _begun;

    public int Number => number;

    /// <summary>Cancelled when the process is gone.</summary>
    public CancellationToken Ended => _ended.Token;

    /// <summary>The process is at one of its units, as far as it says: it does where one before it ended unasked.</summary>
    public bool IsInWork => Interlocked.Read(ref _begun) != 0;

    /// <summary>Set before <see cref="Ended"/>: the process ended by itself while it was at one of its units.</summary>
    public bool IsBlamed { get; private set; }

    /// <summary>Called on the loop that reads from the process; must be quick.</summary>
    public Action<ResultHead, ReadOnlyMemory<byte>>? OnResult { get; set; }
    public Action<IReadOnlyList<RuleEvent>>? OnEvents { get; set; }
    public Action<string>? OnFault { get; set; }
    public Action<StreamFigures>? OnFigures { get; set; }

    /// <summary>When the oldest unit that isn't answered was sent; null if none is on its way.</summary>
    public long? OldestSent
    {
        get
        {
            // The last answer may come between a look whether there are any and a look at them.
            long? oldest = null;
            foreach (var (_, at) in _sent)
            {
                if (oldest is null || at < oldest)
                    oldest = at;
            }

            return oldest;
        }
    }

    public Task SendAsync<T>(MessageKind kind, T head, JsonTypeInfo<T> type, ReadOnlyMemory<byte> bytes = default, CancellationToken stop = default) =>
        link.SendAsync(kind, head, type, bytes, stop);

    /// <summary>Waits for a credit and sends. The unit's memory is free again when this returns.</summary>
    public Task SendUnitAsync(AccessUnit unit, long now, CancellationToken stop) => SendUnitAsync(unit, unit.Wall, unit.Arrival, now, stop);

    /// <summary>The same for a unit that doesn't know when it came, because it is read from a file.</summary>
    public async Task SendUnitAsync(AccessUnit unit, WallTime wall, MonotonicTime arrival, long now, CancellationToken stop)
    {
        await _credits.WaitAsync(stop);
        long sequence = ++_sequence;
        _sent[sequence] = now;
        await link.SendAsync(
            MessageKind.Unit, new(number, sequence, unit.Presentation.Ticks, wall.Microseconds, arrival.Nanoseconds), WireJson.Default.UnitHead, unit.Data, stop);
    }

    /// <summary>Until the results of all units that were sent have come, and those of the pictures that the decoder kept back. A key frame must follow.</summary>
    public async Task DrainAsync(long now, CancellationToken stop)
    {
        await _credits.WaitAsync(stop);
        long sequence = ++_sequence;
        var drained = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _drained = (sequence, drained);
        _sent[sequence] = now;
        await link.SendAsync(MessageKind.Drain, new(number, sequence), WireJson.Default.DrainHead, default, stop);
        await drained.Task.WaitAsync(stop);
    }

    public void Begun(long sequence) => Interlocked.Exchange(ref _begun, sequence);

    public void Done(long sequence)
    {
        Interlocked.CompareExchange(ref _begun, 0, sequence);
        lock (_closing)
        {
            // A process that answers what wasn't asked gets no credit for it.
            if (_closed || !_sent.TryRemove(sequence, out _))
                return;
            _credits.Release();
            if (_drained is { } awaited && awaited.Sequence == sequence)
                awaited.Done.TrySetResult();
        }
    }

    public void End(bool blamed)
    {
        lock (_closing)
        {
            if (_closed)
                return;
            IsBlamed = blamed;
            _ended.Cancel();
        }
    }

    public void Dispose()
    {
        lock (_closing)
        {
            if (_closed)
                return;
            _closed = true;
            _ended.Dispose();
            _credits.Dispose();
        }
    }
}
