using System.CommandLine;
using System.Runtime.InteropServices;

namespace Atalaya.Node.Cli;

/// <summary>What a command's end says to a script.</summary>
static class ExitCode
{
    public const int Done = 0;

    /// <summary>It couldn't be done; standard error says why.</summary>
    public const int Failed = 1;

    /// <summary>It wasn't begun: arguments, options or the configuration are wrong. Every error is told.</summary>
    public const int Usage = 2;
}

/// <summary>The verbs of <c>atalaya</c>. Results go to standard output, everything else to standard error.</summary>
static class CommandLine
{
    public static async Task<int> RunAsync(string[] args)
    {
        using var stop = new CancellationTokenSource();
        void OnSignal(PosixSignalContext signal)
        {
            // The second one ends the process at once, as one who presses twice expects.
            signal.Cancel = !stop.IsCancellationRequested;
            stop.Cancel();
        }

        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
        var parsed = Root().Parse(args);
        // Of its own the library would end the process two seconds after a signal; closing segments may take longer.
        int code = await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null, EnableDefaultExceptionHandler = false }, stop.Token);
        return parsed.Errors.Count > 0 ? ExitCode.Usage : code;
    }

    public static RootCommand Root()
    {
        var root = new RootCommand(
            "Video security for a site: records every camera, shows it live, proves what was recorded. "
            + "Exit codes: 0 done, 1 failed, 2 wrong arguments or configuration.");
        root.Subcommands.Add(ServeVerb.Create());
        root.Subcommands.Add(RecordVerb.Create());
        root.Subcommands.Add(AnalyzeVerb.Create());
        root.Subcommands.Add(CameraVerb.Create());
        root.Subcommands.Add(ExportVerb.Create());
        root.Subcommands.Add(CheckVerb.Create());
        root.Subcommands.Add(SignaturesVerb.Create());
        root.Subcommands.Add(ReindexVerb.Create());
        root.Subcommands.Add(VolumeVerb.Create());
        root.Subcommands.Add(LogVerb.Create());
        root.Subcommands.Add(AgreementVerb.Create());
        root.Subcommands.Add(ConfigurationVerb.Create());
        root.Subcommands.Add(UpdateVerb.Create());
        root.Subcommands.Add(UserVerb.Create());
        root.Subcommands.Add(UserVerb.CreateToken());
        root.Subcommands.Add(TlsVerb.Create());
        root.Subcommands.Add(OptionsVerb.Create());
        root.Subcommands.Add(SimulateVerb.Create());
        root.Subcommands.Add(EvaluateVerb.Create());
        root.Subcommands.Add(EvaluateVerb.CreateForTracker());
        root.Subcommands.Add(OptionsVerb.CreateOpenApi());
        root.Subcommands.Add(OptionsVerb.CreatePermissions());
        return root;
    }
}
