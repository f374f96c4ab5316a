using Atalaya.Recording.Database;
using Atalaya.Testing;
using Dapper;

namespace Atalaya.Recording.Tests;

/// <summary>Sockets complete on the thread that waits for all of them: what follows an answer of the database must not stay there, because it may block.</summary>
public sealed class EngineThreadTests
{
    [Fact]
    public async Task What_follows_an_answer_goes_on_where_it_may_block()
    {
        var answer = new TaskCompletionSource<int>();
        var followed = FollowAsync(EngineThread.LeaveAsync(answer.Task));
        OnOwnThread(() => answer.SetResult(7));

        (await followed).ShouldBe((7, true));

        static async Task<(int, bool)> FollowAsync(Task<int> task) => (await task, Thread.CurrentThread.IsThreadPoolThread);
    }

    [Fact]
    public async Task What_follows_a_fault_does_so_too_and_it_stays_the_same_fault()
    {
        var answer = new TaskCompletionSource();
        var followed = FollowAsync(EngineThread.LeaveAsync(answer.Task));
        OnOwnThread(() => answer.SetException(new TimeoutException("broken pipe")));

        (await followed).ShouldBe(("broken pipe", true));

        static async Task<(string, bool)> FollowAsync(Task task)
        {
            try
            {
                await task;
                return ("", false);
            }
            catch (TimeoutException fault)
            {
                return (fault.Message, Thread.CurrentThread.IsThreadPoolThread);
            }
        }
    }

    [Fact]
    public async Task Who_opens_the_store_on_such_a_thread_leaves_it()
    {
        using var folder = new TempFolder("engine");
        string file = Path.Combine(folder.Path, "store.db"), server = TestDatabase.Of(file);
        await using var database = server.Length > 0 ? StoreSource.Postgres(server) : StoreSource.Sqlite(file);
        var left = new TaskCompletionSource<bool>();
        OnOwnThread(() => _ = AskAsync());

        (await left.Task).ShouldBeTrue();

        async Task AskAsync()
        {
            await using var connection = await database.OpenConnectionAsync();
            await connection.ExecuteScalarAsync<int>("select 1");
            left.SetResult(Thread.CurrentThread.IsThreadPoolThread);
        }
    }

    /// <summary>A thread that isn't the pool's, as the sockets' is.</summary>
    static void OnOwnThread(Action deed)
    {
        var thread = new Thread(() => deed());
        thread.Start();
        thread.Join();
    }
}
