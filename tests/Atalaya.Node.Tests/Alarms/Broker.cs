using Atalaya.Testing;

using RabbitMQ.Client;

namespace Atalaya.Node.Tests.Alarms;

/// <summary>Debian's RabbitMQ, started by the test: a node name, a data folder, ports and a port mapper of its own, on 127.0.0.1 alone.</summary>
sealed class Broker : IAsyncDisposable
{
    const string Server = "/usr/lib/rabbitmq/bin/rabbitmq-server";

    readonly TempFolder _folder = new("broker");
    readonly Dictionary<string, string?> _environment;
    readonly ManagedProcess _mapper;
    ManagedProcess? _process;

    Broker()
    {
        Port = FreePort.Tcp();
        _environment = new()
        {
            ["HOME"] = _folder.Path,   // The cookie of Erlang's nodes.
            ["RABBITMQ_NODENAME"] = $"atalaya-{Guid.NewGuid():n}@localhost",
            ["RABBITMQ_NODE_IP_ADDRESS"] = "127.0.0.1",
            ["RABBITMQ_NODE_PORT"] = $"{Port}",
            ["RABBITMQ_DIST_PORT"] = $"{FreePort.Tcp()}",
            ["RABBITMQ_MNESIA_BASE"] = _folder.File("data"),
            ["RABBITMQ_LOG_BASE"] = _folder.File("log"),
            ["RABBITMQ_LOGS"] = "-",
            ["RABBITMQ_ENABLED_PLUGINS_FILE"] = _folder.File("plugins"),
            ["RABBITMQ_PLUGINS_EXPAND_DIR"] = _folder.File("expand"),
            ["RABBITMQ_CONFIG_FILE"] = _folder.File("none"),
            ["RABBITMQ_CONF_ENV_FILE"] = "/dev/null",
            // In the foreground: what is killed is the broker, not the shell that started it.
            ["RUNNING_UNDER_SYSTEMD"] = "true",
            ["ERL_EPMD_PORT"] = $"{FreePort.Tcp()}",
            ["ERL_EPMD_ADDRESS"] = "127.0.0.1",
        };
        // Erlang's port mapper, in the foreground too: one that Erlang starts outlives it, and holds its output open.
        _mapper = ManagedProcess.Start("epmd", [], _environment);
        File.WriteAllText(_folder.File("plugins"), "[].");
    }

    public int Port { get; }
    public string Url => $"amqp://127.0.0.1:{Port}/";

    /// <summary>Skips the test, loudly, where the broker isn't installed.</summary>
    public static async Task<Broker> StartAsync()
    {
        Assert.SkipUnless(File.Exists(Server), "RabbitMQ isn't installed: apt-get install rabbitmq-server (scripts/setup.sh test does).");
        var broker = new Broker();
        await broker.RunAsync();
        return broker;
    }

    /// <summary>Starts it, at first or again; its data is there still.</summary>
    public async Task RunAsync()
    {
        _process = ManagedProcess.Start(Server, [], _environment);
        // An Erlang machine on two busy cores takes its time.
        await _process.WaitForLineAsync(l => l.Contains("Server startup complete", StringComparison.Ordinal), TimeSpan.FromSeconds(120));
    }

    /// <summary>Kills it, as a fault would.</summary>
    public async Task StopAsync()
    {
        if (_process is null)
            return;
        await _process.DisposeAsync();
        _process = null;
    }

    public async Task<IConnection> ConnectAsync() => await new ConnectionFactory { HostName = "127.0.0.1", Port = Port }.CreateConnectionAsync(TestNode.Stop);

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await _mapper.DisposeAsync();
        _folder.Dispose();
    }
}
