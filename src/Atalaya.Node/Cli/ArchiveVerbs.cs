using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;

using Atalaya.Media;
using Atalaya.Node.Api;
using Atalaya.Node.Options;
using Atalaya.Node.Playback;
using Atalaya.Node.Storage;
using Atalaya.Node.Store;
using Atalaya.Recording;

namespace Atalaya.Node.Cli;

/// <summary>The archive of a node that doesn't run, for verbs that work on it alone; or of one that does, for looking at.</summary>
sealed class OfflineArchive(DataFolder? folder, System.Data.Common.DbDataSource store, Archive archive) : IAsyncDisposable
{
    public Archive Archive => archive;

    /// <summary>A node runs on it: nothing can be changed.</summary>
    public bool IsReadOnly => folder is null;

    /// <summary>As <see cref="OpenAsync"/>; beside a node that runs, for reading.</summary>
    /// <exception cref="IOException">The folder can't be used.</exception>
    public static async Task<OfflineArchive> OpenForLookingAsync(NodeOptions options, CancellationToken stop)
    {
        string path = Path.GetFullPath(options.Data);
        if (!DataFolder.IsInUse(path))
            return await OpenAsync(options, stop);
        var store = NodeStore.Open(options, path);
        try
        {
            var log = Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance;
            return new(null, store, await Archive.OpenForReadingAsync(StorageSetup.Of(options.Storage, path), store, TimeProvider.System, log, stop));
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }
    }

    /// <exception cref="IOException">The folder can't be used, or a node runs on it.</exception>
    public static async Task<OfflineArchive> OpenAsync(NodeOptions options, CancellationToken stop)
    {
        if (!Directory.Exists(options.Data))
            throw new IOException($"There is no data folder {Path.GetFullPath(options.Data)}. Name it with --data or --config.");
        var folder = DataFolder.Open(options.Data);
        var store = NodeStore.Open(options, folder.Path);
        try
        {
            var log = Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance;
            return new(folder, store, await Archive.OpenAsync(StorageSetup.Of(options.Storage, folder.Path), store, RecordingOptions.Default, TimeProvider.System, log, stop));
        }
        catch
        {
            await store.DisposeAsync();
            folder.Dispose();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await archive.DisposeAsync();
        await store.DisposeAsync();
        folder?.Dispose();
    }
}

/// <summary><c>atalaya export</c>: cuts a stretch of a recording into one file.</summary>
static class ExportVerb
{
    public static Command Create()
    {
        var camera = new Option<string>("--camera") { Description = "Id of the camera.", Required = true, HelpName = "ID" };
        var stream = new Option<StreamKind>("--stream") { Description = "main or sub.", DefaultValueFactory = _ => StreamKind.Main };
        var from = new Option<string>("--from") { Description = "Start, as in 2026-03-29T01:30:00Z.", Required = true, HelpName = "TIME" };
        var to = new Option<string>("--to") { Description = "End.", Required = true, HelpName = "TIME" };
        var file = new Option<string>("--out") { Description = "The file to write; it must not exist.", Required = true, HelpName = "FILE" };
        var json = new Option<bool>("--json") { Description = "Print what was written as JSON." };
        var command = new Command("export", "Cuts a stretch of a recording into one MP4. Works on the data folder of a node that doesn't run; a running one exports through its page.")
            { camera, stream, from, to, file, json };
        var options = new OptionArguments(command, serves: false);
        command.SetAction(async (parsed, stop) =>
        {
            if (options.Read(parsed, Console.Error) is not var (reading, _))
                return ExitCode.Usage;
            var errors = new FieldErrors();
            string id = parsed.GetRequiredValue(camera), path = Path.GetFullPath(parsed.GetRequiredValue(file));
            if (!SegmentName.IsCamera(id))
                errors.Add("--camera", "is not the id of a camera.");
            if (Stretch.TryTime("--from", parsed.GetValue(from), errors, out var start) & Stretch.TryTime("--to", parsed.GetValue(to), errors, out var end))
                Stretch.Check(start, end, reading.Options.Exports.MaxStretch, errors);
            if (File.Exists(path))
                errors.Add("--out", "exists already.");
            foreach (string error in errors.All)
                await Console.Error.WriteLineAsync($"atalaya: {error}");
            if (errors.Any)
                return ExitCode.Usage;
            try
            {
                await using var archive = await OfflineArchive.OpenAsync(reading.Options, stop);
                using var progress = new ProgressLine("Exporting");
                var result = await archive.Archive.ExportAsync(new(id, parsed.GetValue(stream), start, end), path, progress, stop);
                if (parsed.GetValue(json))
                {
                    Console.Out.WriteLine(JsonSerializer.Serialize(
                        new { path = result.Path, from = result.From.ToString(), to = result.To.ToString(), bytes = result.Bytes, frames = result.Frames, gaps = result.Gaps.Select(GapJson.Of) }, Cli.Json.Options));
                }
                else
                {
                    Console.Out.WriteLine($"{result.Path}: {result.From} to {result.To}, {result.Frames} pictures, {result.Bytes / 1e6:0.0} MB");
                    foreach (var gap in result.Gaps)
                        Console.Out.WriteLine($"  nothing from {gap.From} to {gap.To}: {gap.Detail}");
                }

                return ExitCode.Done;
            }
            catch (Exception fault) when (fault is IOException or ExportException or UnauthorizedAccessException or System.Data.Common.DbException)
            {
                await Console.Error.WriteLineAsync($"atalaya: {fault.Message}");
                return ExitCode.Failed;
            }
            catch (OperationCanceledException)
            {
                return ExitCode.Failed;
            }
        });
        return command;
    }
}

/// <summary><c>atalaya check</c>: compares files, index and digests.</summary>
static class CheckVerb
{
    public static Command Create()
    {
        var depth = new Option<CheckDepth>("--depth")
        {
            Description = "How much of each file is looked at: presence (and length), structure (its headers too), digest (every byte).",
            DefaultValueFactory = _ => CheckDepth.Digest,
        };
        var repair = new Option<bool>("--repair")
        {
            Description = "Put right what can be: index files, forget rows without a file, cut torn files to what they hold, put files aside that hold nothing. No footage is deleted.",
        };
        var delete = new Option<bool>("--delete-unreadable") { Description = "With --repair: delete files that hold nothing to play, instead of putting them aside in archive/.damaged." };
        var copies = new Option<bool>("--delete-copies") { Description = "With --repair: delete second copies of segments on other volumes, after both were read and are what was recorded." };
        var json = new Option<bool>("--json") { Description = "Print the result as JSON." };
        var command = new Command("check", "Compares the archive with its index, file by file; beside a running node it only looks. Exit code 1 if something is wrong.")
            { depth, repair, delete, copies, json };
        var options = new OptionArguments(command, serves: false);
        command.SetAction(async (parsed, stop) =>
        {
            if (options.Read(parsed, Console.Error) is not var (reading, _))
                return ExitCode.Usage;
            try
            {
                if (parsed.GetValue(copies) && !parsed.GetValue(repair))
                {
                    await Console.Error.WriteLineAsync("atalaya: --delete-copies needs --repair.");
                    return ExitCode.Usage;
                }

                if (parsed.GetValue(delete) && !parsed.GetValue(repair))
                {
                    await Console.Error.WriteLineAsync("atalaya: --delete-unreadable needs --repair.");
                    return ExitCode.Usage;
                }

                await using var archive = await OfflineArchive.OpenForLookingAsync(reading.Options, stop);
                if (archive.IsReadOnly && parsed.GetValue(repair))
                {
                    await Console.Error.WriteLineAsync(
                        "atalaya: a node runs on this data folder, so only it can repair: POST /api/archive/checks with \"repair\": true, or stop the node. Without --repair this looks beside it.");
                    return ExitCode.Failed;
                }

                using var line = new ProgressLine("Checking");
                var result = await archive.Archive.CheckAsync(
                    new(parsed.GetValue(depth), parsed.GetValue(repair), parsed.GetValue(delete), parsed.GetValue(copies)), new FilesDone(line), stop);
                if (parsed.GetValue(json))
                {
                    Console.Out.WriteLine(JsonSerializer.Serialize(result, Cli.Json.Options));
                }
                else
                {
                    foreach (var fault in result.Faults)
                        Console.Out.WriteLine($"{fault.Path}: {JsonNamingPolicy.CamelCase.ConvertName(fault.Kind.ToString())}: {fault.Detail}{(fault.Repaired ? " Repaired." : "")}");
                    Console.Out.WriteLine($"{result.Segments} segments, {result.Bytes / 1e9:0.00} GB, {result.Gaps} gaps, {result.Faults.Count} faults");
                }

                return result.ExitCode;
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or System.Data.Common.DbException)
            {
                await Console.Error.WriteLineAsync($"atalaya: {fault.Message}");
                return ExitCode.Failed;
            }
            catch (OperationCanceledException)
            {
                return ExitCode.Failed;
            }
        });
        return command;
    }

}

/// <summary><c>atalaya reindex</c>: makes a lost index again from the files.</summary>
static class ReindexVerb
{
    public static Command Create()
    {
        var fast = new Option<bool>("--fast") { Description = "Only read the last box of each file; digests are left for another time." };
        var json = new Option<bool>("--json") { Description = "Print what was done as JSON." };
        var command = new Command("reindex", "Makes the index of the recordings again from the files, where the database was lost. Works while the node doesn't run; stopped, it goes on where it was.")
            { fast, json };
        var options = new OptionArguments(command, serves: false);
        command.SetAction(async (parsed, stop) =>
        {
            if (options.Read(parsed, Console.Error) is not var (reading, _))
                return ExitCode.Usage;
            try
            {
                long began = TimeProvider.System.GetTimestamp();
                // Opening it indexes what the index lacks, from the last boxes; the rest is digests.
                ReindexResult result;
                await using (var archive = await OfflineArchive.OpenAsync(reading.Options, stop))
                {
                    using var line = new ProgressLine("Indexing");
                    result = await archive.Archive.ReindexAsync(!parsed.GetValue(fast), new FilesDone(line), stop);
                }

                var took = TimeProvider.System.GetElapsedTime(began);
                if (parsed.GetValue(json))
                    Console.Out.WriteLine(JsonSerializer.Serialize(new { result.Digested, result.Faults, seconds = Math.Round(took.TotalSeconds, 1) }, Cli.Json.Options));
                foreach (var fault in result.Faults.Where(_ => !parsed.GetValue(json)))
                    Console.Out.WriteLine($"{fault.Path}: {fault.Detail}");
                if (!parsed.GetValue(json))
                    Console.Out.WriteLine($"The index is complete; {result.Digested} digests were read, {result.Faults.Count} faults, {took.TotalSeconds:0.0} s.");
                return result.Faults.Count == 0 ? ExitCode.Done : ExitCode.Failed;
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or System.Data.Common.DbException)
            {
                await Console.Error.WriteLineAsync($"atalaya: {fault.Message}");
                return ExitCode.Failed;
            }
            catch (OperationCanceledException)
            {
                return ExitCode.Failed;
            }
        });
        return command;
    }
}

sealed class FilesDone(ProgressLine line) : IProgress<CheckProgress>
{
    public void Report(CheckProgress value) => line.Report(value.FilesTotal == 0 ? 0 : (double)value.Files / value.FilesTotal);
}

/// <summary>JSON as the API writes it, for results on standard output.</summary>
static class Json
{
    public static JsonSerializerOptions Options { get; } = Make();

    static JsonSerializerOptions Make()
    {
        var options = new JsonSerializerOptions(JsonSerializerDefaults.Web) { WriteIndented = true, DefaultIgnoreCondition = JsonIgnoreCondition.Never };
        ApiDocument.Json(options);
        return options;
    }
}
