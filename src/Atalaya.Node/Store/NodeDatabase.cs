using System.Data.Common;

using Atalaya.Node.Options;

namespace Atalaya.Node.Store;

/// <summary>The data folder and the database in it, from the node's start to its end. First to start, last to stop.</summary>
sealed class NodeDatabase(NodeOptions options, TimeProvider clock) : IHostedService, IDisposable
{
    DataFolder? _folder;
    DbDataSource? _source;

    public DataFolder Folder => _folder ?? throw NotStarted();
    public DbDataSource Source => _source ?? throw NotStarted();

    public async Task StartAsync(CancellationToken stop)
    {
        _folder = DataFolder.Open(options.Data);
        _source = NodeStore.Open(_folder.Path);
        await NodeStore.MigrateAsync(_source, clock, stop);
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
