namespace Atalaya.Recording.Database;

/// <summary>
/// Takes what follows an answer of the database to the thread pool. Sockets of this program complete on the thread that also waits for all of them:
/// code that then blocks there (and what uses a database does) would hold up cameras, and wait for itself where it waits for the same server.
/// </summary>
static class EngineThread
{
    /// <summary>The same outcome, on a thread that may block.</summary>
    public static Task<T> LeaveAsync<T>(Task<T> work) => work.IsCompleted && Thread.CurrentThread.IsThreadPoolThread ? work : AwaitAsync(work);

    /// <inheritdoc cref="LeaveAsync{T}"/>
    public static Task LeaveAsync(Task work) => work.IsCompleted && Thread.CurrentThread.IsThreadPoolThread ? work : AwaitAsync(work);

    static async Task<T> AwaitAsync<T>(Task<T> work)
    {
        await AwaitAsync((Task)work);
        return await work;
    }

    static async Task AwaitAsync(Task work)
    {
        await work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!Thread.CurrentThread.IsThreadPoolThread)
            await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        await work;
    }
}
