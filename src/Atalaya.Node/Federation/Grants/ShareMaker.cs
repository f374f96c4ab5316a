using System.Data.Common;
using System.Security.Cryptography;

using Atalaya.Analysis.Painting;
using Atalaya.Federation.Agreements;
using Atalaya.Media;
using Atalaya.Node.Analysis;
using Atalaya.Node.Footage;
using Atalaya.Node.Masks;
using Atalaya.Node.Packages;
using Atalaya.Node.Redactions;
using Atalaya.Recording;

namespace Atalaya.Node.Federation.Grants;

/// <summary>Makes the files of grants that wait for one, oldest first, one after another: a clip or a still with masks and watermark painted in, or a package as it is. What a stop interrupts is begun anew.</summary>
sealed class ShareMaker(
    ShareGrants grants, Recordings recordings, MaskedFootage masked, DerivedFootage derived, MaskBook book, AnalysisHost analysis, PackageJobs packages, TimeProvider clock, ILogger<ShareMaker> log)
    : IHostedService, IAsyncDisposable
{
    /// <summary>Of a still.</summary>
    const int Width = 1920, Quality = 85;

    static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(5);

    readonly SemaphoreSlim _woken = new(0);
    readonly CancellationTokenSource _stop = new();
    Task _running = Task.CompletedTask;

    public Task StartAsync(CancellationToken stop)
    {
        grants.Changed += OnChanged;
        _running = Task.Run(RunAsync, CancellationToken.None);
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken stop)
    {
        grants.Changed -= OnChanged;
        await _stop.CancelAsync();
        await _running;
    }

    public ValueTask DisposeAsync()
    {
        _stop.Dispose();
        _woken.Dispose();
        return ValueTask.CompletedTask;
    }

    void OnChanged(string id)
    {
        if (_woken.CurrentCount == 0)
            _woken.Release();
    }

    async Task RunAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                foreach (var row in await grants.ReadAsync("direction = 'given' and state = 'Approved' and file_state = 'Making' order by asked_us, id", null, _stop.Token))
                    await MakeAsync(row);
                await _woken.WaitAsync(LookEvery, _stop.Token);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception fault)
            {
                log.LogWarning("Files of grants can't be made just now: {Fault}", fault.Message);
                await Task.Delay(LookEvery, clock, CancellationToken.None);
            }
        }
    }

    async Task MakeAsync(ShareRow row)
    {
        string folder = Directory.CreateDirectory(Path.Combine(grants.Folder, row.Id)).FullName;
        string partial = Path.Combine(folder, "partial");
        try
        {
            File.Delete(partial);
            string name = await MakeAsync(row, partial, folder);
            string path = Path.Combine(folder, name);
            File.Move(partial, path, overwrite: true);
            await using (var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 20, FileOptions.SequentialScan))
            {
                string digest = Convert.ToHexStringLower(await SHA256.HashDataAsync(file, _stop.Token));
                await grants.GiveFileAsync(row.Id, path, name, file.Length, digest, _stop.Token);
            }

            // Revoked meanwhile: nobody fetches it.
            if (await grants.FindAsync(row.Id, _stop.Token) is { Grant.HasEnded: true })
                Directory.Delete(folder, recursive: true);
        }
        catch (Exception fault) when (fault is ExportException or PaintException or StretchException or ShareException)
        {
            await grants.FailAsync(row.Id, fault.Message, _stop.Token);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            log.LogError(fault, "The file of grant {Grant} couldn't be written", row.Id);
            await grants.FailAsync(row.Id, "The file couldn't be written; is the disk full? The node's log has the details.", _stop.Token);
        }
        catch (Exception fault) when (fault is not (DbException or OperationCanceledException))
        {
            // Nobody knows what it is: the others go on without it.
            log.LogError(fault, "The file of grant {Grant} couldn't be made", row.Id);
            await grants.FailAsync(row.Id, "The file couldn't be made; the node's log has the details.", _stop.Token);
        }
    }

    async Task<string> MakeAsync(ShareRow row, string path, string folder)
    {
        var terms = row.Terms;
        if (terms.What == ShareKind.Package)
        {
            string source = packages.FileOf(row.Source) ?? throw new ShareException("The package's file is gone.");
            File.Copy(source, path);
            return $"{Plain(terms.Title)}{(source.EndsWith(".age", StringComparison.Ordinal) ? ".zip.age" : ".zip")}";
        }

        var stream = row.Source == "sub" ? StreamKind.Sub : StreamKind.Main;
        WallTime from = WallTime.From(terms.StretchFrom!.Value), to = WallTime.From(terms.StretchTo!.Value);
        var painted = CameraMasks.For(terms.Camera, terms.Masked ? book.Of(terms.Camera) : null, terms.Watermark);
        string named = $"{Plain(terms.Site)} {Plain(terms.Title)} {terms.StretchFrom.Value.UtcDateTime:yyyy-MM-dd HH-mm-ss}Z";
        if (terms.What == ShareKind.Still)
        {
            var pictures = await StretchPictures.ReadAsync(recordings, terms.Camera, stream, from, to, _stop.Token);
            int index = pictures.Pictures.Count - 1;
            var (format, units) = await pictures.SourcesAsync(index, _stop.Token);
            var still = await analysis.MakeStillsAsync(new(format, units, AreaPlanText.Write(painted?.Plan ?? new([])), Width, Quality), _stop.Token);
            if (still.Stills.Count == 0)
                throw new ShareException(still.Fault.Length > 0 ? still.Fault : "This picture can't be decoded.");
            await File.WriteAllBytesAsync(path, still.Stills[^1].Jpeg, _stop.Token);
            return named + ".jpg";
        }

        var request = new ExportRequest(terms.Camera, stream, from, to);
        if (painted is null)
        {
            await recordings.Archive.ExportAsync(request, path, null, _stop.Token);
            return named + ".mp4";
        }

        var (_, sources) = await masked.ExportAsync(request, painted, path, folder, null, _stop.Token);
        string digest;
        await using (var file = File.OpenRead(path))
            digest = Convert.ToHexStringLower(await SHA256.HashDataAsync(file, _stop.Token));
        await derived.NoteAsync(digest, "mask", $"{MaskedFootage.Describe(painted)}; for {terms.To}, grant {row.Id}", sources, _stop.Token);
        return named + ".mp4";
    }

    static string Plain(string text) => string.Concat(text.Select(c => char.IsLetterOrDigit(c) || c is '-' or '_' or ' ' ? c : '_'));
}

/// <summary>It can't be given; the message says why, to an operator.</summary>
sealed class ShareException(string message) : Exception(message);
