using System.Collections.Concurrent;

using Atalaya.Analysis.Painting;
using Atalaya.Analysis.Wire;
using Atalaya.Media;
using Atalaya.Media.H264;

namespace Atalaya.Node.Masks;

/// <summary>Pictures can't be painted: nobody sees any. The message says why.</summary>
sealed class PaintException(string message) : IOException(message);

/// <summary>One stream's way through the process that paints; it ends with that process.</summary>
/// <param name="number">Of the channel; never given again.</param>
sealed class PaintLine(MessageLink link, int number, string camera) : IDisposable
{
    /// <summary>Units on their way or in work.</summary>
    const int Credits = 8;

    // What the encoder takes for good. A camera's own stream has been coded once already.
    const int Quantizer = 23;

    readonly SemaphoreSlim _credits = new(Credits, Credits);
    readonly CancellationTokenSource _ended = new();
    readonly Lock _closing = new();
    bool _closed;       // under _closing
    readonly ConcurrentDictionary<long, long> _sent = new();    // sequence → timestamp when it was sent
    VideoFormat? _format, _painted;         // of what is sent; of what comes back, touched by the host's loop alone
    (long Sequence, TaskCompletionSource Done)? _drained;       // written before its sequence is sent
    long _sequence, _begun;

    public int Number => number;
    public string Camera => camera;

    /// <summary>Cancelled when the process is gone.</summary>
    public CancellationToken Ended => _ended.Token;

    /// <summary>The process is at one of its units.</summary>
    public bool IsInWork => Interlocked.Read(ref _begun) != 0;

    /// <summary>When the oldest unit that isn't answered was sent, as the clock counts; null if none is on its way.</summary>
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

    /// <summary>Takes each painted unit in the order shown; on the loop that reads from the process, so it must be quick.</summary>
    public Action<AccessUnit>? OnUnit { get; set; }

    /// <summary>Why nothing is painted; empty: it is again.</summary>
    public Action<string>? OnFault { get; set; }

    /// <summary>What is painted from the next picture on, which is then a key frame.</summary>
    public Task PlanAsync(AreaPlan plan, bool live, CancellationToken stop) =>
        link.SendAsync(MessageKind.Paint, new(number, live, Quantizer), WireJson.Default.PaintHead, AreaPlanText.Write(plan), stop);

    /// <summary>Waits for a credit and sends. The unit's memory is free again when this returns.</summary>
    /// <param name="key">The painted picture shall be a key frame.</param>
    /// <param name="now">The clock's timestamp.</param>
    public async Task SendAsync(AccessUnit unit, bool key, long now, CancellationToken stop)
    {
        await _credits.WaitAsync(stop);
        var format = (VideoFormat)unit.Format;
        if (_format is null || !_format.Equals(format))
        {
            _format = format;
            await link.SendAsync(MessageKind.Format, new(number, format.Codec, format.CodecString, format.Width, format.Height), WireJson.Default.FormatHead, format.Configuration, stop);
        }

        long sequence = ++_sequence;
        _sent[sequence] = now;
        await link.SendAsync(
            MessageKind.Unit, new(number, sequence, unit.Presentation.Ticks, unit.Wall.Microseconds, unit.Arrival.Nanoseconds) { Key = key }, WireJson.Default.UnitHead, unit.Data, stop);
    }

    /// <summary>Until all that was sent has come back, also what decoder and encoder kept. A key frame must follow.</summary>
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

    /// <exception cref="WireException">It isn't H.264.</exception>
    public void TakeFormat(ReadOnlyMemory<byte> configuration) =>
        _painted = H264ParameterSets.TryCreate((ReadOnlyMemory<byte>)configuration.ToArray(), out var format, out string fault) ? format : throw new WireException($"It codes painted pictures in a way that can't be: {fault}");

    /// <exception cref="WireException">Nothing was said of how it is coded, or it is empty.</exception>
    public void Take(PaintedHead head, ReadOnlyMemory<byte> data)
    {
        if (_painted is null || data.IsEmpty)
            throw new WireException("It sent a painted picture without a format, or without bytes.");
        OnUnit?.Invoke(new(_painted, data.ToArray())
        {
            Presentation = new(head.Presentation),
            Decode = new(head.Presentation),
            Duration = _painted.FrameDuration,
            IsKey = head.Key,
            Wall = new(head.Wall),
            Arrival = new(head.Arrival),
        });
    }

    public void End()
    {
        lock (_closing)
        {
            if (!_closed)
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
