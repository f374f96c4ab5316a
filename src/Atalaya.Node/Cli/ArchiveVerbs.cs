using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;

using Atalaya.Media;
using Atalaya.Node.Api;
using Atalaya.Node.Options;
using Atalaya.Node.Playback;
using Atalaya.Node.Store;
using Atalaya.Recording;

namespace Atalaya.Node.Cli;

/// <summary>The archive of a node that doesn't run, for verbs that work on it alone.</summary>
sealed class OfflineArchive(DataFolder folder, System.Data.Common.DbDataSource store, Archive archive) : IAsyncDisposable
{
    public Archive Archive => archive;

    /// <exception cref="IOException">The folder can't be used, or a node runs on it.</exception>
    public static async Task<OfflineArchive> OpenAsync(NodeOptions options, CancellationToken stop)
    {
        if (!Directory.Exists(options.Data))
            throw new IOException($"There is no data folder {Path.GetFullPath(options.Data)}. Name it with --data or --config.");
        var folder = DataFolder.Open(options.Data);
        var store = NodeStore.Open(folder.Path);
        try
        {
            var log = Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance;
            return new(folder, store, await Archive.OpenAsync(folder.Archive, store, RecordingOptions.Default, TimeProvider.System, log, stop));
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
        folder.Dispose();
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
        var quick = new Option<bool>("--quick") { Description = "Don't read the files: presence, size and structure only." };
        var repair = new Option<bool>("--repair") { Description = "Put files that the index lacks into it. Nothing on the disk is changed or removed." };
        var json = new Option<bool>("--json") { Description = "Print the result as JSON." };
        var command = new Command("check", "Compares the archive with its index, file by file. Works on the data folder of a node that doesn't run. Exit code 1 if something is wrong.")
            { quick, repair, json };
        var options = new OptionArguments(command, serves: false);
        command.SetAction(async (parsed, stop) =>
        {
            if (options.Read(parsed, Console.Error) is not var (reading, _))
                return ExitCode.Usage;
            try
            {
                await using var archive = await OfflineArchive.OpenAsync(reading.Options, stop);
                using var line = new ProgressLine("Checking");
                var result = await archive.Archive.CheckAsync(new(!parsed.GetValue(quick), parsed.GetValue(repair)), new Files(line), stop);
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

    sealed class Files(ProgressLine line) : IProgress<CheckProgress>
    {
        public void Report(CheckProgress value) => line.Report(value.FilesTotal == 0 ? 0 : (double)value.Files / value.FilesTotal);
    }
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
