using System.Data.Common;

using Atalaya.Federation.Links;

namespace Atalaya.Node.Federation.Links;

/// <summary>
/// Serves one link: takes what waits to the other node, what is urgent first, and asks now and then whether it is there. While nobody answers it begins anew every half second, beside the
/// tries that go on and with little in each, so that what is urgent is over within moments of the link's return; what arrives twice thereby counts once.
/// </summary>
/// <param name="post">Hands a batch over once, and whether this node may run on an old copy of its data. It doesn't throw: what hinders it is in <see cref="Posted.Fault"/>.</param>
/// <param name="handlers">Told of what the other side refused.</param>
sealed class LinkCourier(
    Link link, LinkBook links, Outbox outbox, IEnumerable<MessageHandler> handlers, Func<Link, byte[], bool, CancellationToken, Task<Posted>> post, LinkRate rate, TimeProvider clock, ILogger log)
{
    static readonly TimeSpan Beat = TimeSpan.FromSeconds(5), TryAgain = TimeSpan.FromMilliseconds(500), Patience = TimeSpan.FromSeconds(8), AfterRefusal = TimeSpan.FromSeconds(2);

    /// <summary>A line that answers isn't doubted sooner than twice what it took before, within <see cref="TryAgain"/> and this.</summary>
    static readonly TimeSpan LatestDoubt = TimeSpan.FromMilliseconds(1500);

    /// <summary>Of a batch with which somebody is looked for, bytes: a few alarms. Eight of them at once don't fill a slow line.</summary>
    const int LeastBytes = 8 << 10;

    /// <summary>Of a batch while nothing is urgent, bytes: an alarm waits for no more than this.</summary>
    const int MostRecords = 64 << 10;

    /// <summary>Batches grow while the answer comes within <see cref="Quick"/>, and shrink when it takes longer than <see cref="Slow"/>: so an alarm waits about a second for what is on the line.</summary>
    static readonly TimeSpan Quick = TimeSpan.FromSeconds(1), Slow = TimeSpan.FromSeconds(2);

    const int MaxTries = 8;

    readonly Lock _gate = new();
    TaskCompletionSource _awake = New();    // under _gate; done: somebody called since it was looked at last
    int _bytes = LeastBytes;                // of a batch; touched only by RunAsync, as the next
    string? _told;                          // the fault that was logged last
    bool _isOld;                            // the other node has messages of this one that it doesn't know

    public Link Link => link;

    /// <summary>There is something to send: not at the next look, at once.</summary>
    public void Wake()
    {
        lock (_gate)
            _awake.TrySetResult();
    }

    /// <summary>Until <paramref name="stop"/>.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            TimeSpan pause;
            try
            {
                pause = await RoundAsync(stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception fault)
            {
                // Whatever it is, the link goes on when it has passed.
                log.LogError(fault, "The link with {Link} can't be served just now.", link.Name);
                links.Tell(link, links.HealthOf(link.Id) with { IsUp = false, Fault = fault is DbException ? $"The outbox can't be read: {fault.Message}" : "This node can't serve the link just now; its log says why." });
                pause = Beat;
            }

            if (pause > TimeSpan.Zero)
                await WaitAsync(pause, stop);
        }
    }

    /// <summary>What waits, or nothing but the question whether somebody is there, and what the answer confirms.</summary>
    /// <returns>How long to wait for the next one.</returns>
    async Task<TimeSpan> RoundAsync(CancellationToken stop)
    {
        var (posted, batch) = await TryAsync(stop);
        string? fault = posted.Fault;
        TimeSpan pause;
        if (posted.Answer is { } answer)
        {
            // What it confirmed once isn't here any more.
            if (batch.GroupBy(m => m.Lane).Any(l => answer.Of(l.Key).Number < l.First().Number - 1))
                fault ??= "The other node waits for messages that it had confirmed before: it may run on an old copy of its data. End the link and make it anew.";
            // Of lanes that weren't asked about an answer doesn't tell what was refused: they are confirmed when they are.
            var confirmed = await outbox.ConfirmAsync(link.Id, [.. batch.Select(m => m.Lane).Distinct()], answer, TellAsync, stop);
            _isOld = confirmed.IsOld;
            if (_isOld)
                fault = "The other node has messages of this one that it doesn't know: this node may run on an old copy of its data. End the link at both ends and make it anew.";
            long waiting = await outbox.CountAsync(link.Id, stop);
            links.Tell(link, new(true, null, waiting, answer.At - posted.Middle, posted.RoundTrip, fault));
            // At once while it gets on; what came just now calls (Wake).
            pause = fault is not null ? AfterRefusal : waiting == 0 ? Beat : confirmed.Messages > 0 ? TimeSpan.Zero : TryAgain;
        }
        else
        {
            links.Tell(link, links.HealthOf(link.Id) with { IsUp = false, Waiting = await outbox.CountAsync(link.Id, stop), Fault = fault });
            pause = posted.IsAway ? TryAgain : AfterRefusal;
        }

        if (_told != fault)
            log.Log(fault is null ? LogLevel.Information : LogLevel.Warning, "The link with {Link}: {State}", link.Name, fault ?? "messages go over.");
        _told = fault;
        return pause;
    }

    async Task<Action?> TellAsync(RefusedMessage refused, DbConnection connection, DbTransaction transaction)
    {
        if (handlers.FirstOrDefault(h => h.Kinds.Contains(refused.Kind, StringComparer.Ordinal)) is not { } handler)
            return null;
        try
        {
            return await handler.RefusedAsync(refused, connection, transaction, CancellationToken.None);
        }
        catch (Exception fault) when (fault is not (OperationCanceledException or DbException))
        {
            // The lane goes on nevertheless.
            log.LogError(fault, "A message {Kind} was refused by the other side, and what follows that failed.", refused.Kind);
            return null;
        }
    }

    /// <summary>A batch; and while nobody answers another beside it, and another.</summary>
    /// <returns>With the batch that it is the answer to.</returns>
    async Task<(Posted Posted, IReadOnlyList<Waiting> Batch)> TryAsync(CancellationToken stop)
    {
        var health = links.HealthOf(link.Id);
        if (!health.IsUp)
            _bytes = LeastBytes;
        var doubt = health is { IsUp: true, RoundTrip: { } usual } ? TimeSpan.FromTicks(Math.Clamp(2 * usual.Ticks, TryAgain.Ticks, LatestDoubt.Ticks)) : TryAgain;
        using var over = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var tries = new List<(Task<Posted> Task, IReadOnlyList<Waiting> Batch)>();
        bool isFirst = true;
        long begun = 0;
        try
        {
            while (true)
            {
                if (tries.Count < MaxTries)
                {
                    // Each with what waits now: an alarm that is raised meanwhile goes with the next.
                    var batch = await NextAsync(isFirst, stop);
                    if (isFirst)
                        begun = clock.GetTimestamp();
                    tries.Add((post(link, MessageBatch.Write([.. batch.Select(m => m.Message)]), _isOld, over.Token), batch));
                }

                var next = Task.Delay(isFirst ? doubt : TryAgain, clock, over.Token);
                var ended = await Task.WhenAny([.. tries.Select(t => t.Task), next]);
                if (ended == next)
                {
                    stop.ThrowIfCancellationRequested();
                    isFirst = false;
                    if (clock.GetElapsedTime(begun) < Patience)
                        continue;
                    // Told as down; the courier begins anew.
                    return (Posted.Silence, []);
                }

                var done = tries.Find(t => t.Task == ended);
                tries.Remove(done);
                var posted = await done.Task;
                if (posted.Answer is not null)
                {
                    Learn(isFirst ? clock.GetElapsedTime(begun) : TimeSpan.MaxValue);
                    return (posted, done.Batch);
                }

                if (!posted.IsAway || !isFirst || tries.Count == 0)
                    return (posted, []);
            }
        }
        finally
        {
            over.Cancel();
            foreach (var left in tries)
                _ = left.Task.ContinueWith(t => t.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    void Learn(TimeSpan taken)
    {
        if (taken <= Quick)
            _bytes = Math.Min(_bytes * 2, MessageBatch.MaxLength);
        else if (taken > Slow)
            _bytes = Math.Max(_bytes / 2, LeastBytes);
    }

    /// <summary>Urgent messages at once, without others behind them; else records, when the link's rate lets them, unless something urgent comes first.</summary>
    /// <param name="isFirst">Else somebody is looked for, with little.</param>
    async Task<IReadOnlyList<Waiting>> NextAsync(bool isFirst, CancellationToken stop)
    {
        while (true)
        {
            var batch = await outbox.NextAsync(link.Id, isFirst ? _bytes : LeastBytes, stop);
            bool isUrgent = batch.Count > 0 && batch[0].Lane == Lane.Urgent;
            if (isUrgent)
                batch = [.. batch.TakeWhile(m => m.Lane == Lane.Urgent)];
            else if (isFirst && _bytes > MostRecords)
                batch = await outbox.NextAsync(link.Id, MostRecords, stop);
            if (batch.Count > 0 && isFirst && !isUrgent && rate.Count(link.Id, 0) is var pause && pause > TimeSpan.Zero)
            {
                // A delay is cut to whole milliseconds.
                await WaitAsync(TimeSpan.FromMilliseconds(Math.Ceiling(pause.TotalMilliseconds)), stop);
                stop.ThrowIfCancellationRequested();
                continue;
            }

            rate.Count(link.Id, batch.Sum(m => MessageBatch.LengthOf(m.Message)));
            return batch;
        }
    }

    /// <summary>Until something is put into the outbox, at most so long.</summary>
    async Task WaitAsync(TimeSpan pause, CancellationToken stop)
    {
        Task awake;
        lock (_gate)
            awake = _awake.Task;
        using var over = CancellationTokenSource.CreateLinkedTokenSource(stop);
        await Task.WhenAny(awake, Task.Delay(pause, clock, over.Token));
        over.Cancel();
        lock (_gate)
        {
            if (_awake.Task.IsCompleted)
                _awake = New();
        }
    }

    // Who calls goes on with what they were at.
    static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
