using System.CommandLine;

using Atalaya.Node.Options;

namespace Atalaya.Node.Cli;

/// <summary>The flags by which a verb finds its options: <c>--config</c>, <c>--set</c> and short ways to the usual ones.</summary>
sealed class OptionArguments
{
    readonly Option<string?> _config = new("--config", "-c") { Description = "Configuration file, YAML.", HelpName = "FILE" };
    readonly Option<string[]> _set = new("--set") { Description = "One option, as in --set recording.segment=30s. `atalaya options` lists all.", HelpName = "KEY=VALUE" };
    readonly Option<string?> _data = new("--data") { Description = "Data folder.", HelpName = "FOLDER" };
    readonly Option<string?> _log = new("--log") { Description = "How log lines look: text or json.", HelpName = "FORMAT" };
    readonly Option<string?> _logLevel = new("--log-level") { Description = "Least severity that is logged: trace, debug, information, warning, error.", HelpName = "LEVEL" };
    readonly Option<string?>? _listen, _web;

    public OptionArguments(Command command, bool serves)
    {
        command.Options.Add(_config);
        command.Options.Add(_data);
        command.Options.Add(_set);
        command.Options.Add(_log);
        command.Options.Add(_logLevel);
        if (serves)
        {
            command.Options.Add(_listen = new("--listen") { Description = "Addresses to listen on, separated by commas; beyond loopback by HTTPS.", HelpName = "ADDRESS" });
            command.Options.Add(_web = new("--web") { Description = "Folder of the built page.", HelpName = "FOLDER" });
        }
    }

    /// <summary>Reads all sources; tells every error and returns null if there is one.</summary>
    public (OptionsReading Reading, OptionsSource Source)? Read(ParseResult parsed, TextWriter errors)
    {
        var set = new List<(string, string, string)>();
        foreach (string pair in parsed.GetValue(_set) ?? [])
        {
            int equals = pair.IndexOf('=');
            set.Add(equals < 0 ? (pair, "", $"--set {pair}") : (pair[..equals], pair[(equals + 1)..], $"--set {pair[..equals]}"));
        }

        foreach (var (flag, key) in new[] { (_data, "data"), (_log, "log.format"), (_logLevel, "log.level"), (_listen, "listen"), (_web, "web") })
        {
            if (flag is not null && parsed.GetValue(flag) is { } value)
                set.Add((key, value, flag.Name));
        }

        var source = OptionsSource.Of(parsed.GetValue(_config), set);
        var reading = source.Read();
        foreach (var error in reading.Errors)
            errors.WriteLine(error.ToString());
        return reading.Errors.Count == 0 ? (reading, source) : null;
    }
}

/// <summary>One line on a terminal that says how far a long work is; silent elsewhere.</summary>
sealed class ProgressLine(string what) : IProgress<double>, IDisposable
{
    const int Width = 40;

    readonly bool _shown = !Console.IsErrorRedirected;
    int _last = -1;

    public void Report(double value)
    {
        int percent = (int)(100 * Math.Clamp(value, 0, 1));
        if (!_shown || percent == _last)
            return;
        _last = percent;
        int done = percent * Width / 100;
        Console.Error.Write($"\r{what} [{new string('#', done)}{new string('.', Width - done)}] {percent,3} %");
    }

    public void Dispose()
    {
        if (_shown && _last >= 0)
            Console.Error.Write("\r\e[K");
    }
}
