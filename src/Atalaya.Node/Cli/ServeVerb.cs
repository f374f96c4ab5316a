using System.CommandLine;
using System.Text.Json;

namespace Atalaya.Node.Cli;

/// <summary><c>atalaya serve</c>: runs a node until it is told to stop.</summary>
static class ServeVerb
{
    public static Command Create()
    {
        var command = new Command("serve", "Runs the node: records all cameras and serves page and API. Prints one line with its address when ready.");
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
        catch (Exception fault) when (fault is IOException or InvalidOperationException or System.Data.Common.DbException)
        {
            // The folder, the database or the address: the operator's to mend, so no stack trace.
            await Console.Error.WriteLineAsync($"atalaya: {fault.Message}");
            return ExitCode.Failed;
        }

        Console.Out.WriteLine(json ? JsonSerializer.Serialize(new { listening = app.Urls }) : $"Atalaya listens on {string.Join(" ", app.Urls)}");
        await app.WaitForShutdownAsync(stop);
        return ExitCode.Done;
    }
}
