using Atalaya.Node.Previews;

namespace Atalaya.Node.Tests.Previews;

public sealed class PreviewQueueTests
{
    static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_looked_at_comes_first_then_what_was_asked_for_last()
    {
        var bench = new Bench();
        var first = bench.Ask(1);
        Task[] others = [bench.Ask(2, ahead: true), bench.Ask(3), bench.Ask(4, ahead: true), bench.Ask(5)];
        bench.Finish(1);
        await first;
        foreach (int minute in (int[])[5, 3, 4, 2])
        {
            await bench.StartedAsync(minute);
            bench.Finish(minute);
        }

        await Task.WhenAll(others);
        bench.Order.ShouldBe([1, 5, 3, 4, 2]);
    }

    [Fact]
    public async Task One_minute_is_made_once_for_all_who_wait_and_looking_at_it_moves_it_forward()
    {
        var bench = new Bench();
        var first = bench.Ask(1);
        var ahead = bench.Ask(2, ahead: true);
        var other = bench.Ask(3);
        var looked = bench.Ask(2);
        bench.Finish(1);
        await bench.StartedAsync(2);
        bench.Finish(2);
        (await ahead).ShouldBeSameAs(await looked);
        bench.Finish(3);
        await Task.WhenAll(first, other);
        bench.Order.ShouldBe([1, 2, 3]);
        bench.Queue.Count.ShouldBe(0);
    }

    [Fact]
    public async Task What_nobody_waits_for_any_more_isn_t_made()
    {
        var bench = new Bench();
        var first = bench.Ask(1);
        using var left = new CancellationTokenSource();
        var gone = bench.AskUntil(2, left.Token);
        var stays = bench.Ask(3);
        await left.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(gone);
        bench.Finish(1);
        bench.Finish(3);
        await Task.WhenAll(first, stays);
        bench.Order.ShouldBe([1, 3]);
    }

    [Fact]
    public async Task Beyond_its_capacity_the_least_wanted_is_told_so()
    {
        var bench = new Bench();
        var first = bench.Ask(0);
        var oldest = bench.Ask(1, ahead: true, client: "a");
        for (int i = 2; i <= PreviewQueue.Capacity + 1; i++)
            _ = bench.Ask(i, client: $"{i}");
        (await oldest).End.ShouldBe(PreviewEnd.Displaced);
        first.IsCompleted.ShouldBeFalse();
        bench.Queue.Count.ShouldBe(PreviewQueue.Capacity + 1);
    }

    [Fact]
    public async Task A_client_waits_for_no_more_than_its_share_at_once()
    {
        var bench = new Bench();
        var waiting = Enumerable.Range(0, PreviewQueue.PerClient).Select(i => bench.Ask(i)).ToList();
        (await bench.Ask(100)).End.ShouldBe(PreviewEnd.TooMany);
        bench.Ask(100, client: "other").IsCompleted.ShouldBeFalse();
        bench.Finish(0);
        await waiting[0];
        bench.Ask(101).IsCompleted.ShouldBeFalse();
    }

    [Fact]
    public async Task A_fault_reaches_who_waits_and_the_next_is_made()
    {
        var bench = new Bench();
        var first = bench.Ask(1);
        var second = bench.Ask(2);
        bench.Fail(1, new InvalidOperationException("The store is away."));
        (await Should.ThrowAsync<InvalidOperationException>(first)).Message.ShouldBe("The store is away.");
        bench.Finish(2);
        (await second).End.ShouldBe(PreviewEnd.Made);
    }

    /// <summary>One worker that finishes what the test says.</summary>
    sealed class Bench
    {
        readonly Lock _gate = new();
        readonly Dictionary<long, TaskCompletionSource> _started = [];
        readonly Dictionary<long, TaskCompletionSource<PreviewAnswer>> _finished = [];

        public Bench() => Queue = new(
            (minute, _) =>
            {
                lock (_gate)
                    Order.Add(minute.Minute);
                Of(_started, minute.Minute).SetResult();
                return Of(_finished, minute.Minute).Task;
            },
            workers: 1);

        public PreviewQueue Queue { get; }
        public List<long> Order { get; } = [];

        public Task<PreviewAnswer> Ask(long minute, bool ahead = false, string client = "page") => Queue.AskAsync(new("gate", minute), client, ahead, Stop);

        public Task<PreviewAnswer> AskUntil(long minute, CancellationToken stop) => Queue.AskAsync(new("gate", minute), "page", ahead: false, stop);

        public Task StartedAsync(long minute) => Of(_started, minute).Task.WaitAsync(TimeSpan.FromSeconds(30), Stop);

        public void Finish(long minute) => Of(_finished, minute).SetResult(new(PreviewEnd.Made));

        public void Fail(long minute, Exception fault) => Of(_finished, minute).SetException(fault);

        T Of<T>(Dictionary<long, T> all, long minute)
            where T : new()
        {
            lock (_gate)
                return all.TryGetValue(minute, out var found) ? found : all[minute] = new();
        }
    }
}
