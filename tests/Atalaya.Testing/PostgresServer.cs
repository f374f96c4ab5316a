namespace Atalaya.Testing;

/// <summary>A PostgreSQL server of this test's own, which it may stop and start. Skips the running test where none is installed.</summary>
public sealed class PostgresServer : IAsyncDisposable
{
    readonly string _folder;

    PostgresServer(string folder, string connectionString)
    {
        _folder = folder;
        ConnectionString = connectionString;
    }

    /// <summary>Of an empty database.</summary>
    public string ConnectionString { get; }

    static string Script => RepositoryRoot.File("scripts", "postgres.sh");

    public static async Task<bool> IsInstalledAsync() => (await ManagedProcess.RunAsync(Script, ["installed"])).ExitCode == 0;

    public static async Task<PostgresServer> StartAsync()
    {
        if (!await IsInstalledAsync())
            Xunit.Assert.Skip("PostgreSQL isn't installed: run scripts/setup.sh test.");
        var made = await ManagedProcess.RunAsync(Script, ["make"], TimeSpan.FromMinutes(2));
        string[] lines = made.Output.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (made.ExitCode != 0 || lines.Length != 2)
            throw new InvalidOperationException($"No server could be made: {made.Errors}{made.Output}");
        var server = new PostgresServer(lines[0], lines[1]);
        await server.ResumeAsync();
        return server;
    }

    /// <summary>Whoever is connected is cut off; returns when it is down.</summary>
    public Task PauseAsync() => DoAsync("stop");

    /// <summary>Returns when it answers.</summary>
    public Task ResumeAsync() => DoAsync("start");

    public async ValueTask DisposeAsync() => await DoAsync("remove");

    async Task DoAsync(string what)
    {
        var result = await ManagedProcess.RunAsync(Script, [what, _folder], TimeSpan.FromMinutes(2));
        if (result.ExitCode != 0)
            throw new InvalidOperationException($"'postgres.sh {what}' failed: {result.Errors}{result.Output}");
    }
}
