using System.CommandLine;

using Atalaya.Node.Storage;
using Atalaya.Node.Store;
using Atalaya.Recording;

namespace Atalaya.Node.Cli;

/// <summary><c>atalaya volume</c>: which disks are what, and taking one on purpose.</summary>
static class VolumeVerb
{
    public static Command Create() => new("volume", "Disks and buckets that footage lies on.") { List(), Adopt() };

    static Command List()
    {
        var command = new Command("list", "Says of every configured volume what is there, and whether it would be used. Changes nothing.");
        var options = new OptionArguments(command, serves: false);
        command.SetAction((parsed, stop) => RunAsync(options, parsed, async (folder, store, options) =>
        {
            bool good = true;
            foreach (var volume in await Archive.InspectVolumesAsync(StorageSetup.Of(options.Storage, folder.Path), store, TimeProvider.System, Log, stop))
            {
                good &= volume.Refusal is null;
                Console.Out.WriteLine($"{volume.Name}\t{volume.Tier.ToString().ToLowerInvariant()}\t{volume.Place}\t{volume.Id ?? "no identity"}\t{volume.Refusal ?? "in order"}");
            }

            return good ? ExitCode.Done : ExitCode.Failed;
        }));
        return command;
    }

    static Command Adopt()
    {
        var name = new Argument<string>("NAME") { Description = "The volume's name in the configuration." };
        var command = new Command(
            "adopt", "Writes a volume's identity on the disk that is mounted at its path now, and takes it for that volume from now on. Footage that is on it stays. "
            + "For a new disk, for one that replaces a lost one, and for one that belonged to another archive. The node must not run.")
            { name };
        var options = new OptionArguments(command, serves: false);
        command.SetAction((parsed, stop) => RunAsync(options, parsed, async (folder, store, options) =>
        {
            string id = parsed.GetRequiredValue(name);
            var storage = StorageSetup.Of(options.Storage, folder.Path);
            if (storage.Volumes.All(v => v.Name != id))
            {
                await Console.Error.WriteLineAsync($"atalaya: no volume is called '{id}'; there are {string.Join(", ", storage.Volumes.Select(v => v.Name))}.");
                return ExitCode.Usage;
            }

            var adopted = await Archive.AdoptVolumeAsync(storage, id, store, TimeProvider.System, Log, stop);
            Console.Out.WriteLine($"{adopted.Name} at {adopted.Place} is in order ({adopted.Id}). `atalaya check --repair` puts footage that is on it into the index.");
            return ExitCode.Done;
        }));
        return command;
    }

    static Microsoft.Extensions.Logging.ILogger Log => Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance;

    static async Task<int> RunAsync(
        OptionArguments arguments, ParseResult parsed, Func<DataFolder, System.Data.Common.DbDataSource, Options.NodeOptions, Task<int>> run)
    {
        if (arguments.Read(parsed, Console.Error) is not var (reading, _))
            return ExitCode.Usage;
        try
        {
            using var folder = DataFolder.Open(reading.Options.Data);
            await using var store = NodeStore.Open(reading.Options, folder.Path);
            return await run(folder, store, reading.Options);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or System.Data.Common.DbException)
        {
            await Console.Error.WriteLineAsync($"atalaya: {fault.Message}");
            return ExitCode.Failed;
        }
    }
}
