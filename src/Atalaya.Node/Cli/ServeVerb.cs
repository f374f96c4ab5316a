using System.CommandLine;
using System.Text.Json;

using Atalaya.Node.Identity;
using Atalaya.Node.Security;

namespace Atalaya.Node.Cli;

/// <summary><c>atalaya serve</c>: runs a node until it is told to stop.</summary>
static class ServeVerb
{
    public static Command Create()
    {
        var command = new Command("serve", "Runs the node: records all cameras and serves page and API. Prints a line with its address when ready, and until there is an administrator one with a one-time link.");
        var options = new OptionArguments(command, serves: true);
        var json = new Option<bool>("--json") { Description = "Print the address as JSON." };
        command.Options.Add(json);
        command.SetAction((parsed, stop) => RunAsync(parsed, options, parsed.GetValue(json), stop));
        return command;
    }

    static async Task<int> RunAsync(ParseResult parsed, OptionArguments arguments, bool json, CancellationToken stop)
    {
        if (arguments.Read(parsed, Console.Error) is not var (reading, source))
            return ExitCode.Usage;
        await using var app = NodeHost.Build(reading, source, TimeProvider.System);
        try
        {
            await app.StartAsync(stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return ExitCode.Done;
        }
        catch (Exception fault) when (fault is IOException or InvalidOperationException or System.Data.Common.DbException or System.Net.Sockets.SocketException or UnauthorizedAccessException)
        {
            // The folder, the database or the address: the operator's to mend, so no stack trace.
            await Console.Error.WriteLineAsync($"atalaya: {fault.Message}");
            return ExitCode.Failed;
        }

        // Only who sees this can become the first administrator: there is no default account.
        var certificates = app.Services.GetRequiredService<Certificates>();
        string[] urls = [.. app.Urls.Take(reading.Options.Listen.Count).Select(u => ListenAddress.TryParse(u, out var address, out _) ? address.Url(certificates.Names is [{ } name, ..] ? name : "localhost") : u)];
        var shown = certificates.Current;
        string? start = app.Services.GetRequiredService<FirstStart>().Link is { } link ? urls[0] + link : null;
        if (json)
        {
            Console.Out.WriteLine(JsonSerializer.Serialize(new { listening = urls, start, fingerprint = shown?.Fingerprint }));
        }
        else
        {
            Console.Out.WriteLine($"Atalaya listens on {string.Join(" ", urls)}");
            if (shown is not null)
                Console.Out.WriteLine($"Certificate{(shown.IsOwn ? " of its own, to be compared in the browser" : "")}: SHA-256 {shown.Fingerprint}, until {shown.NotAfter:yyyy-MM-dd}");
        }

        if (!json && start is not null)
            Console.Out.WriteLine($"Nobody can sign in yet. Become the administrator within the hour: {start}");
        await app.WaitForShutdownAsync(stop);
        return ExitCode.Done;
    }
}
