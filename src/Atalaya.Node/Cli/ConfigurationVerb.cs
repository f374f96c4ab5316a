using System.CommandLine;
using System.Text;

using Atalaya.Node.Cameras;
using Atalaya.Node.Configuration;
using Atalaya.Node.Options;
using Atalaya.Node.Store;

namespace Atalaya.Node.Cli;

/// <summary><c>atalaya configuration</c>: all that is set in the page, as one text.</summary>
static class ConfigurationVerb
{
    public static Command Create() => new("configuration", "All that can be changed in the page, as one YAML text: cameras, their places, analysis and rules, plans of the site, alarm policy.") { Export(), Import() };

    static Command Export()
    {
        var file = new Option<string?>("--out") { Description = "The file to write; it must not exist. Default: standard output.", HelpName = "FILE" };
        var command = new Command("export", "Writes it, without secrets: they are named where they are used. Works beside a running node.") { file };
        var options = new OptionArguments(command, serves: false);
        command.SetAction((parsed, stop) => RunAsync(options, parsed, alone: false, async (tables, reading) =>
        {
            string text = ConfigurationText.Write(await ReadAsync(tables, reading, stop), reading.Options.Name);
            if (parsed.GetValue(file) is not { } path)
            {
                await Console.Out.WriteAsync(text);
                return ExitCode.Done;
            }

            await using var written = new FileStream(path, FileMode.CreateNew, FileAccess.Write);
            await written.WriteAsync(Encoding.UTF8.GetBytes(text), stop);
            return ExitCode.Done;
        }));
        return command;
    }

    static Command Import()
    {
        var file = new Argument<string>("FILE") { Description = "As export writes it; '-' for standard input." };
        var secrets = new Option<string?>("--secrets") { Description = "A file of secrets, each as 'gate.password: …', beside those that are kept.", HelpName = "FILE" };
        var dryRun = new Option<bool>("--dry-run") { Description = "Only say what would be other." };
        var command = new Command("import", "Takes it over, all or nothing, and says what is other now. A section that is in the file is complete. The node must not run; a running one takes it in its page.")
            { file, secrets, dryRun };
        var options = new OptionArguments(command, serves: false);
        command.SetAction((parsed, stop) => RunAsync(options, parsed, alone: true, async (tables, reading) =>
        {
            string path = parsed.GetRequiredValue(file);
            string text = path == "-" ? await Console.In.ReadToEndAsync(stop) : await File.ReadAllTextAsync(path, stop);
            var errors = new List<OptionError>();
            var given = new Dictionary<string, string>(StringComparer.Ordinal);
            if (parsed.GetValue(secrets) is { } other)
            {
                foreach (var (name, place, value) in YamlTree.Read(await File.ReadAllTextAsync(other, stop), other, errors)?.Entries ?? [])
                {
                    if (value is YamlScalar { IsNull: false } secret)
                        given[name] = secret.Text;
                    else
                        errors.Add(new(place, "", "must be a name with one value, as in 'gate.password: …'."));
                }
            }

            var before = await ReadAsync(tables, reading, stop);
            var after = errors.Count > 0 ? null : ConfigurationReader.Read(text, path == "-" ? "standard input" : path, before, reading.Options, errors, given);
            foreach (var error in errors)
                await Console.Error.WriteLineAsync(error.ToString());
            if (after is null)
                return ExitCode.Usage;
            var changes = ConfigurationDifference.Between(before, after);
            Console.Out.Write(Told(changes));
            if (!parsed.GetValue(dryRun) && changes.Count > 0)
                await tables.WriteAsync(before, after, "atalaya configuration", "", stop);
            Console.Out.WriteLine($"{changes.Count} {(changes.Count == 1 ? "difference" : "differences")}{(changes.Count == 0 ? "." : parsed.GetValue(dryRun) ? "; nothing was changed." : ", applied.")}");
            return ExitCode.Done;
        }));
        return command;
    }

    static string Told(IReadOnlyList<ObjectChange> changes)
    {
        var text = new StringBuilder();
        foreach (var change in changes)
        {
            char sign = change.Kind switch { ChangeKindJson.Added => '+', ChangeKindJson.Removed => '-', _ => '~' };
            text.Append($"{sign} {change.Section}/{change.Id} ({change.Name})\n");
            foreach (var field in change.Fields)
                text.Append(field.IsSecret ? $"    {field.Field}: another secret\n" : $"    {field.Field}: {field.Before ?? "not set"} → {field.After ?? "not set"}\n");
        }

        return text.ToString();
    }

    static Task<NodeConfiguration> ReadAsync(ConfigurationTables tables, OptionsReading reading, CancellationToken stop) => tables.ReadAsync(
        [.. reading.Cameras.Select(c => c.Id)], (id, reason) => Console.Error.WriteLine($"atalaya: camera {id} is left out. {reason}"), stop);

    static async Task<int> RunAsync(OptionArguments arguments, ParseResult parsed, bool alone, Func<ConfigurationTables, OptionsReading, Task<int>> run)
    {
        if (arguments.Read(parsed, Console.Error) is not var (reading, _))
            return ExitCode.Usage;
        string data = Path.GetFullPath(reading.Options.Data);
        try
        {
            if (!Directory.Exists(data))
                throw new IOException($"There is no data folder {data}. Name it with --data or --config.");
            bool runs = DataFolder.IsInUse(data);
            if (alone && runs)
                throw new IOException("A node runs on this data folder: use its page (Settings, Configuration) or PUT /api/configuration, or stop it.");
            using var folder = runs ? null : DataFolder.Open(data);
            await using var store = NodeStore.Open(reading.Options, data);
            if (!runs)
                await NodeStore.MigrateAsync(store, TimeProvider.System, CancellationToken.None);
            return await run(new(store, CameraStore.Protector(Path.Combine(data, "keys")), TimeProvider.System), reading);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or System.Data.Common.DbException or InvalidOperationException)
        {
            await Console.Error.WriteLineAsync($"atalaya: {fault.Message}");
            return ExitCode.Failed;
        }
    }
}
