using System.CommandLine;

using Atalaya.Media.Rtsp;
using Atalaya.Recording;

namespace Atalaya.Node.Cli;

/// <summary><c>atalaya record</c>: its arguments; <see cref="RecordCommand"/> does the work.</summary>
static class RecordVerb
{
    public static Command Create()
    {
        var urls = new Option<string>("--urls") { Description = "One camera a line: its URL, or an id and its URL. '-' reads standard input.", Required = true, HelpName = "FILE" };
        var folder = new Option<string>("--out") { Description = "Folder of the archive; made when absent.", Required = true, HelpName = "FOLDER" };
        var transport = new Option<RtspTransport>("--transport") { Description = "tcp, udp or auto.", DefaultValueFactory = _ => RtspTransport.Auto };
        var user = new Option<string?>("--user") { Description = "User name for URLs without credentials.", HelpName = "NAME" };
        var password = PasswordArgument.Option();
        var audio = new Option<bool>("--no-audio") { Description = "Leave sound out." };
        var json = new Option<bool>("--json") { Description = "Print what was recorded as JSON." };
        var command = new Command("record", "Records every URL of a list until it is stopped: no page, no database.") { urls, folder, transport, user, password, audio, json };
        command.SetAction(async (parsed, stop) =>
        {
            if (!PasswordArgument.TryRead(parsed.GetValue(password), out string? secret, Console.Error))
                return ExitCode.Usage;
            using var logs = LoggerFactory.Create(l => l.SetMinimumLevel(LogLevel.Warning).AddSimpleConsole(c => c.SingleLine = true)
                .Services.Configure<Microsoft.Extensions.Logging.Console.ConsoleLoggerOptions>(c => c.LogToStandardErrorThreshold = LogLevel.Trace));
            return await RecordCommand.RunAsync(
                new(parsed.GetRequiredValue(urls), parsed.GetRequiredValue(folder), parsed.GetValue(transport), parsed.GetValue(user), secret, !parsed.GetValue(audio),
                    RecordingOptions.Default, parsed.GetValue(json)),
                Console.Out, Console.Error, logs.CreateLogger("atalaya"), TimeProvider.System, stop);
        });
        return command;
    }
}

/// <summary>Passwords come from a file or a terminal: everyone on the machine can read a command line.</summary>
static class PasswordArgument
{
    public static Option<string?> Option() =>
        new("--password-file") { Description = "File whose first line is the password; '-' reads standard input.", HelpName = "FILE" };

    public static bool TryRead(string? file, out string? password, TextWriter errors)
    {
        password = null;
        if (file is null)
            return true;
        try
        {
            password = file == "-" ? Console.In.ReadLine() : File.ReadLines(file).FirstOrDefault();
            return true;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            errors.WriteLine($"atalaya: the password can't be read: {fault.Message}");
            return false;
        }
    }

    /// <summary>Asks without showing what is typed; null where there is no terminal.</summary>
    public static string? Ask(string userName)
    {
        if (Console.IsInputRedirected)
            return null;
        Console.Error.Write($"Password of {userName}: ");
        var text = new System.Text.StringBuilder();
        for (var key = Console.ReadKey(intercept: true); key.Key != ConsoleKey.Enter; key = Console.ReadKey(intercept: true))
        {
            if (key.Key == ConsoleKey.Backspace && text.Length > 0)
                text.Length--;
            else if (!char.IsControl(key.KeyChar))
                text.Append(key.KeyChar);
        }

        Console.Error.WriteLine();
        return text.ToString();
    }
}
