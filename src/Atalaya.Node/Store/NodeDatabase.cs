using System.Data.Common;

using Atalaya.Node.Options;
using Atalaya.Recording.Database;

namespace Atalaya.Node.Store;

/// <summary>The data folder and the database, from the node's start to its end. First to start, last to stop.</summary>
/// <param name="source">Null: the one that the options name.</param>
sealed class NodeDatabase(NodeOptions options, TimeProvider clock, ILogger<NodeDatabase> log, DbDataSource? source = null) : IHostedService, IDisposable
{
    static readonly TimeSpan AskAgain = TimeSpan.FromSeconds(2);

    DataFolder? _folder;
    DbDataSource? _source;

    public DataFolder Folder => _folder ?? throw NotStarted();
    public DbDataSource Source => _source ?? throw NotStarted();

    public async Task StartAsync(CancellationToken stop)
    {
        _folder = DataFolder.Open(options.Data);
        _source = source ?? NodeStore.Open(options, _folder.Path);
        if (options.Database.Length > 0)
            log.LogInformation("The database is PostgreSQL's at {Place}.", StoreSource.PostgresPlace(options.Database));
        await WaitAsync(_source, stop);
    }

    /// <summary>A machine that starts may be quicker than its database server: what only needs patience is waited for, and what needs a hand is told at once.</summary>
    async Task WaitAsync(DbDataSource source, CancellationToken stop)
    {
        for (bool told = false; ; told = true)
        {
            try
            {
                await NodeStore.MigrateAsync(source, clock, stop);
                return;
            }
            catch (DbException fault) when (StoreSource.IsAway(fault))
            {
                if (!told)
                    log.LogError("The database can't be reached: {Reason} The node waits for it; until then nothing is recorded.", fault.Message);
                await Task.Delay(AskAgain, clock, stop);
            }
        }
    }

    public Task StopAsync(CancellationToken stop) => Task.CompletedTask;

    public void Dispose()
    {
        if (_source is not null)
        {
            _source.Dispose();
            Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();     // They keep the file open.
        }

        _folder?.Dispose();
        _source = null;
        _folder = null;
    }

    static InvalidOperationException NotStarted() => new("The node hasn't been started.");
}

static class StoreFeature
{
    public static IServiceCollection AddStore(this IServiceCollection services) => services.AddStarted<NodeDatabase>();

    /// <summary>A singleton that is also started and stopped with the node, in the order of registration and against it.</summary>
    public static IServiceCollection AddStarted<T>(this IServiceCollection services)
        where T : class, IHostedService => services.AddSingleton<T>().AddHostedService(s => s.GetRequiredService<T>());
}
