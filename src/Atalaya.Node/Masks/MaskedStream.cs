using Atalaya.Media;

namespace Atalaya.Node.Masks;

/// <summary>
/// One live stream with its masks: takes units from the camera's hub, has them painted, and gives them on through a hub of its own. Sound goes along as it is.
/// If nothing can be painted it ends, with the reason: no picture is better than one too much.
/// </summary>
/// <param name="hidden">What is to be painted now; null: nothing any more.</param>
sealed class MaskedStream(string camera, StreamHub source, Func<CameraMasks?> hidden, PaintHost host, TimeProvider clock, ILogger log)
{
    /// <summary>Units that may wait: half a minute of a stream, as for any viewer.</summary>
    const int Queue = 512;
    const long QueueBytes = 32 << 20;

    // A process that ended is started again so often before viewers are told.
    const int MaxTries = 3;

    readonly Lock _publishing = new();      // the hub wants one publisher at a time
    MediaTime? _last;       // presentation of the last painted picture of this run; under _publishing
    long _shown;            // painted pictures; under _publishing
    volatile bool _hasEnded, _hasFailed, _changed;
    volatile string _reason = "";

    public StreamHub Hub { get; } = new(keepGroup: true);

    /// <summary>Raised once, when nothing can be painted; <see cref="Reason"/> says why.</summary>
    public event Action? Failed;
    public bool HasFailed => _hasFailed;
    public string Reason => _reason;
    public bool HasEnded => _hasEnded;

    /// <summary>Masks changed: looked at before the next picture is sent.</summary>
    public void Change() => _changed = true;

    /// <summary>Runs until nobody watches, or until it fails.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            int tries = 0;
            while (true)
            {
                long before = Shown();
                try
                {
                    await PaintAsync(stop);
                    return;
                }
                catch (PaintException fault)
                {
                    Fail(fault.Message);
                    return;
                }
                catch (Exception fault) when (fault is IOException or ObjectDisposedException || (fault is OperationCanceledException && !stop.IsCancellationRequested))
                {
                    // The process ended. If it painted anything in between it isn't for this stream.
                    tries = Shown() > before ? 0 : tries + 1;
                    if (tries >= MaxTries)
                    {
                        Fail("The process that paints masks ended again and again.");
                        return;
                    }
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Nobody watches any more.
        }
        catch (Exception fault)
        {
            Fail("A fault in the node; its log has the details.");
            log.LogError(fault, "{Camera} can't be shown with masks", camera);
        }
        finally
        {
            _hasEnded = true;
        }
    }

    async Task PaintAsync(CancellationToken stop)
    {
        _changed = false;
        if (hidden() is not { } masks)
            return;     // Whoever watches is sent to the camera's own stream.
        var line = await host.OpenAsync(camera, masks.Plan, live: true, stop);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(stop, line.Ended);
        // From the current group of pictures on: what was shown already comes again, and isn't given again.
        using var reader = source.Open(Queue, Overflow.SkipToKeyFrame, default, QueueBytes);
        line.OnUnit = Take;
        line.OnFault = fault =>
        {
            if (fault.Length > 0)
                Fail(fault);
        };
        try
        {
            bool decodable = false;
            while (await reader.WaitAsync(both.Token))
            {
                while (reader.TryRead(out var item))
                {
                    try
                    {
                        if (_changed)
                        {
                            _changed = false;
                            if (hidden() is not { } changed)
                                return;
                            await line.PlanAsync(changed.Plan, live: true, both.Token);
                        }

                        if (item.Break is { } reason)
                        {
                            decodable = false;
                            await line.DrainAsync(clock.GetTimestamp(), both.Token);
                            lock (_publishing)
                            {
                                Hub.Break(reason);
                                _last = null;
                            }
                        }
                        else if (item.Unit is { IsVideo: true } unit)
                        {
                            decodable |= unit.IsKey;
                            if (decodable)
                                await line.SendAsync(unit, unit.IsKey, clock.GetTimestamp(), both.Token);
                        }
                        else if (item.Unit is { } sound)
                        {
                            lock (_publishing)
                                Hub.Publish(sound);
                        }
                    }
                    finally
                    {
                        item.Unit?.Release();
                    }
                }
            }
        }
        finally
        {
            host.Close(line);
        }
    }

    // On the host's loop.
    void Take(AccessUnit unit)
    {
        lock (_publishing)
        {
            if (unit.Presentation <= _last)
                return;
            _last = unit.Presentation;
            _shown++;
            Hub.Publish(unit);
        }
    }

    long Shown()
    {
        lock (_publishing)
            return _shown;
    }

    void Fail(string reason)
    {
        if (_hasFailed)
            return;
        _reason = reason;
        log.LogWarning("{Camera} can't be shown with its masks: {Reason}", camera, reason);
        _hasEnded = _hasFailed = true;
        Failed?.Invoke();
    }
}
