using System.Security.Cryptography;
using System.Text.Json;

using Atalaya.Evidence;
using Atalaya.Evidence.Packages;
using Atalaya.Media;
using Atalaya.Media.Mp4;
using Atalaya.Node.Alarms;
using Atalaya.Node.Cameras;
using Atalaya.Node.Evidence;
using Atalaya.Node.Footage;
using Atalaya.Node.Incidents;
using Atalaya.Node.Options;
using Atalaya.Node.Redactions;
using Atalaya.Recording;

namespace Atalaya.Node.Packages;

/// <summary>A package can't be made; the message says why, to an operator.</summary>
sealed class PackageException(string message) : Exception(message);

/// <summary>A finished package.</summary>
/// <param name="Message">What it is without; null: nothing.</param>
/// <param name="Gaps">Stretches in it without footage.</param>
sealed record BuiltPackage(long Bytes, string Sha256, string ManifestSha256, string LogKey, long Gaps, string? Message);

/// <summary>A recorded file, and its seal.</summary>
sealed record SealedSegment(Segment Segment, LogRow Seal);

/// <summary>Puts footage and what proves it into one file.</summary>
sealed class PackageBuilder(Recordings recordings, NodeLog nodeLog, PackageCertificate certificate, PackageCustody custody, RedactionJobs redactions, CameraRoster roster, Casebook book, NodeOptions options, TimeProvider clock, ILogger<PackageBuilder> log)
    : IDisposable
{
    static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    /// <summary>The log is asked to look for gaps; one that has no seal by then is stated without.</summary>
    static readonly TimeSpan PatienceWithGaps = TimeSpan.FromMinutes(2);

    /// <summary>An authority that takes longer isn't there.</summary>
    static readonly TimeSpan PatienceWithTime = TimeSpan.FromSeconds(20);

    /// <summary>Of the footage in one fragment of the manifest at least: a change is found to the second.</summary>
    static readonly TimeSpan Fragment = TimeSpan.FromSeconds(1);

    readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5) }) { Timeout = PatienceWithTime };

    /// <summary>Gives a package's page for its manifest.</summary>
    internal Func<byte[], byte[]?> Page { get; set; } = manifest => PackageViewer.For(manifest);

    /// <summary>The footage of a package, once all of it is closed and its seals are in a checkpoint that the log's key signed.</summary>
    /// <exception cref="PackageException">There is none, or it isn't sealed within option packages.patience.</exception>
    public async Task<IReadOnlyList<SealedSegment>> SealedAsync(EvidencePackage package, Action<string?> say, CancellationToken stop)
    {
        long begun = clock.GetTimestamp();
        while (true)
        {
            var footage = new Dictionary<(string Camera, string Name), SealedSegment>();    // Two stretches may end and begin in one file.
            int open = 0, unsealed = 0, gaps = 0;
            var head = await nodeLog.HeadAsync(stop);
            // After a change of keys the next checkpoint is the first that the new one signs.
            long size = head is var (last, key) && last.Note.TryVerify([key], out _) ? last.Checkpoint.Size : 0;
            foreach (var stretch in package.Stretches)
            {
                if (stretch.Redaction is { } id)
                {
                    if (await nodeLog.FindAsync(LeafKind.Derived, CopyOf(id).Sha256!, stop) is not { } derived || derived.Leaf >= size)
                        unsealed++;
                    continue;
                }

                foreach (var segment in await recordings.Archive.SegmentsAsync(stretch.Camera, stretch.Stream, stretch.From, stretch.To, stop))
                {
                    if (segment.Sha256.Length == 0 || !SegmentName.TryParse(segment.Name, out var name))
                        open++;
                    else if (await nodeLog.FindAsync(LeafKind.Segment, SegmentRow.ReferenceOf(segment.Camera, name), stop) is { } row && row.Leaf < size)
                        footage[(segment.Camera, segment.Name)] = new(segment, row);
                    else
                        unsealed++;
                }

                foreach (var gap in await recordings.Archive.GapsAsync(stretch.Camera, stretch.Stream, stretch.From, stretch.To, stop))
                {
                    if (gap.To is not null && !(await FindAsync(gap, stop) is { } row && row.Leaf < size))
                        gaps++;
                }
            }

            var waited = clock.GetElapsedTime(begun);
            if (open + unsealed == 0 && size > 0 && (gaps == 0 || waited > PatienceWithGaps))
                return footage.Count > 0 || package.Stretches.Any(s => s.Redaction is not null) ? [.. footage.Values] : throw new PackageException("Nothing was recorded in these stretches, or it is gone.");
            if (waited > options.Packages.Patience)
            {
                throw new PackageException(open > 0
                    ? $"{open} files of it were still being recorded after {OptionText.Format(options.Packages.Patience)} (option packages.patience)."
                    : $"{unsealed} files of it weren't sealed in the log after {OptionText.Format(options.Packages.Patience)} (option packages.patience). {nodeLog.Fault}");
            }

            nodeLog.LookSoon();
            say(open > 0 ? "Waits until the last of its footage is closed." : nodeLog.Fault ?? "Waits until its footage and gaps are sealed in the log.");
            await Task.Delay(Look, clock, stop);
        }
    }

    /// <summary>Writes it to <paramref name="path"/>.</summary>
    /// <param name="painted">What goes into it in place of a recorded file, as <see cref="PackagePainter"/> made it.</param>
    /// <exception cref="PackageException">Something of it is gone or can't be read.</exception>
    public async Task<BuiltPackage> BuildAsync(
        EvidencePackage package, IReadOnlyList<SealedSegment> footage, IReadOnlyDictionary<(string Camera, string Name), PaintedSegment> painted, string path, IProgress<double> progress, CancellationToken stop)
    {
        if (await nodeLog.HeadAsync(stop) is not var (head, key))
            throw new PackageException($"The log can't be read. {nodeLog.Fault}");
        try
        {
            await certificate.OpenAsync(stop);
        }
        catch (Exception fault) when (fault is IOException or CryptographicException)
        {
            throw new PackageException($"It can't be signed. {fault.Message}");
        }

        var tree = new LogFolder(nodeLog.Folder).Tree(head.Checkpoint.Size);
        ManifestSeal Prove(LogRow row) => ManifestSeal.Of(row.Leaf, row.ToLeaf(), row.Salt, row.Record, tree.Inclusion(row.Leaf));

        // Every byte is read twice: its digests stand in the manifest, which comes before it.
        long all = footage.Sum(f => f.Segment.Bytes), done = 0;
        var packed = new List<PackedVideo>();
        var video = new List<ManifestVideo>();
        foreach (var (segment, row) in footage)
        {
            if (painted.TryGetValue((segment.Camera, segment.Name), out var clip))
            {
                await AddPaintedAsync(packed, video, segment, row, clip, head.Checkpoint.Size, Prove, stop);
                continue;
            }

            string entry = PackageEntry.Video(segment.Camera, StreamName(segment.Stream), segment.Name);
            var file = await ReadAsync(segment, stop);
            packed.Add(new(entry, file, token => OpenAsync(segment, token)));
            video.Add(new(
                entry, segment.Camera, StreamName(segment.Stream), segment.Start.ToDateTimeOffset(), segment.End.ToDateTimeOffset(), segment.Codecs, segment.Width, segment.Height, Prove(row), file.Fragments,
                Derived: null));
            done += segment.Bytes;
            progress.Report(0.4 * done / Math.Max(1, all));
        }

        foreach (var stretch in package.Stretches.Where(s => s.Redaction is not null))
            await AddCopyAsync(packed, video, stretch, head.Checkpoint.Size, Prove, stop);
        var gaps = await GapsAsync(package, footage, head.Checkpoint.Size, Prove, stop);
        var now = WallTime.Now(clock).ToDateTimeOffset();
        var manifest = new PackageManifest(
            PackageManifest.FormatName,
            package.Id,
            now,
            package.Title,
            package.Language.ToString().ToLowerInvariant(),
            options.Packages.Organisation.Length > 0 ? options.Packages.Organisation : options.Name,
            options.Name,
            new(key.Name, key.ToString()),
            certificate.Fingerprint,
            new(package.Order.Purpose.Id, package.Order.Purpose.Id, package.Order.Purpose.Reference),
            new(package.Order.UserId, package.Order.UserName),
            package.Order.Agreed is { } agreed ? new(agreed.Id, agreed.Name, agreed.At.ToDateTimeOffset()) : null,
            await IncidentAsync(package, stop),
            Release: null,
            [.. package.Stretches.Select(s => new ManifestStretch(s.Camera, NameOf(s.Camera), StreamName(s.Stream), s.From.ToDateTimeOffset(), s.To.ToDateTimeOffset()))],
            video,
            gaps,
            [.. await custody.OfAsync(package, footage, head, Prove, stop), new("packaged", now, "", options.Name, null)],
            Files: []);
        byte[] page = Page(manifest.ToBytes()) ?? throw new PackageException("This node was built without the page that packages carry. Build it with scripts/build.sh.");

        string? without = null;
        var signers = new PackageSigners(
            text => ManifestSignature.Sign(text, certificate.Certificate, certificate.Chain, now),
            async (text, token) =>
            {
                (byte[]? time, without) = await TimeAsync(text, token);
                return time;
            },
            async (text, token) => await nodeLog.SignAsync(text, token) is { } note
                ? note with { Signatures = [.. note.Signatures.Where(s => s.KeyId == key.Id && s.Name == key.Name)] }
                : throw new PackageException($"The log's key can't be used. {nodeLog.Fault}"));
        try
        {
            var written = await WriteAsync(package, manifest, new(page, head.Note.ToBytes(), nodeLog.KeyHistory.ToBytes(), packed), signers, path, all, progress, stop);
            // Nothing is handed out that whoever gets it would refuse. What is encrypted the node can't read any more.
            if (package.Recipients.Count == 0)
                await Task.Run(() => Check(path, key, stop), stop);
            return new(written.Bytes, written.Sha256, Text(written.Manifest), key.ToString(), gaps.Count, without);
        }
        catch (InvalidDataException e)
        {
            throw new PackageException(e.Message);
        }
    }

    public void Dispose() => _http.Dispose();

    static void Check(string path, NoteKey key, CancellationToken stop)
    {
        using var bytes = PackageBytes.Open(path);
        var report = PackageCheck.Run(bytes, [key], stop: stop);
        if (report.ExitCode != 0)
            throw new PackageException($"It was written, but the node's own check says '{OptionText.Format(report.Verdict)}': {report.Reasons[0].Text} A check of the archive may tell why.");
    }

    async Task<(long Bytes, string Sha256, Digest Manifest)> WriteAsync(
        EvidencePackage package, PackageManifest manifest, PackageParts parts, PackageSigners signers, string path, long all, IProgress<double> progress, CancellationToken stop)
    {
        // No larger than the estimate allowed, though that was one.
        long most = options.Packages.MaxBytes.Bytes + (64L << 20) + (manifest.Video.Sum(v => (long)v.Fragments.Count) * 1000);
        var written = new Written(bytes =>
        {
            progress.Report(0.4 + (0.6 * bytes / Math.Max(1, all)));
            if (bytes > most)
                throw new PackageException($"It would be larger than {options.Packages.MaxBytes} (option packages.maxBytes). Ask for less.");
        });
        await using (var file = new FileStream(path, FileMode.Create, FileAccess.ReadWrite, FileShare.None, 1 << 20, FileOptions.Asynchronous))
        {
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            WrittenPackage result;
            if (package.Recipients.Count == 0)
            {
                result = await PackageWriter.WriteAsync(manifest, parts, signers, file, written, stop);
            }
            else
            {
                await using var sealing = new AgeStream(
                    file, [.. package.Recipients.Select(r => AgeRecipient.TryParse(r, out var recipient) ? recipient : throw new PackageException($"'{r}' isn't an age recipient."))]);
                result = await PackageWriter.WriteAsync(manifest, parts, signers, sealing, written, stop);
                await sealing.CompleteAsync(stop);
            }

            await file.FlushAsync(stop);
            file.Flush(flushToDisk: true);
            if (package.Recipients.Count == 0)
                return (result.Bytes, Text(result.Sha256), result.Manifest);
            file.Position = 0;
            return (file.Length, Convert.ToHexStringLower(await SHA256.HashDataAsync(file, stop)), result.Manifest);
        }
    }

    /// <summary>The authority's word, or what an operator is told where there is none.</summary>
    async Task<(byte[]? Time, string? Without)> TimeAsync(ReadOnlyMemory<byte> manifest, CancellationToken stop)
    {
        if (options.Packages.TimestampAuthority.Length == 0)
            return (null, null);
        try
        {
            // Until the answer's last byte: the client's own timeout ends with the headers.
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
            using var timer = clock.CreateTimer(_ => patience.Cancel(), null, PatienceWithTime, Timeout.InfiniteTimeSpan);
            return (await Timestamp.AskAsync(_http, new(options.Packages.TimestampAuthority), manifest, patience.Token), null);
        }
        catch (Exception e) when (e is HttpRequestException or CryptographicException or IOException or InvalidOperationException or UriFormatException || (e is OperationCanceledException && !stop.IsCancellationRequested))
        {
            string why = e is OperationCanceledException ? "no answer in time" : e.Message;
            log.LogWarning("The timestamp authority {Authority} gave no timestamp: {Reason}", options.Packages.TimestampAuthority, why);
            return (null, $"It is without a timestamp: {options.Packages.TimestampAuthority} gave none ({why})");
        }
    }

    /// <summary>A finished release copy, with what it was made from.</summary>
    Redaction CopyOf(string id) => redactions.RedactionOf(id) is { Sha256: not null } copy && redactions.FileOf(id) is not null
        ? copy
        : throw new PackageException("The release copy that it is to hold isn't there any more: it was changed or removed.");

    async Task AddCopyAsync(List<PackedVideo> packed, List<ManifestVideo> video, PackageStretch stretch, long size, Func<LogRow, ManifestSeal> prove, CancellationToken stop)
    {
        var copy = CopyOf(stretch.Redaction!);
        string path = redactions.FileOf(copy.Id)!;
        if (await nodeLog.FindAsync(LeafKind.Derived, copy.Sha256!, stop) is not { } sealedCopy || sealedCopy.Leaf >= size)
            throw new PackageException("The release copy isn't sealed in the log yet.");
        var from = new List<ManifestOriginal>();
        foreach (var source in copy.Sources)
        {
            string stream = StreamName(source.Stream);
            if (await nodeLog.FindAsync(LeafKind.Segment, $"{source.Camera}/{stream}/{WallTime.From(source.Start).Microseconds}", stop) is not { } row || row.Leaf >= size)
                throw new PackageException($"{source.Camera} {source.Start:O}: the recorded file that the copy was made from has no record in the log any more.");
            from.Add(new(source.Camera, stream, source.Start, source.End, new(Convert.FromHexString(source.Sha256)), prove(row)));
        }

        PackedFile file;
        await using (var bytes = OpenCopy(path))
            file = await PackedFile.ReadAsync(bytes, [(0, 0)], stop);
        if (Text(file.Sha256) != copy.Sha256)
            throw new PackageException("The release copy's file isn't what was made and sealed.");
        using var clip = Mp4File.Open(path);
        var format = (VideoFormat)clip.Video!.Format;
        using var said = JsonDocument.Parse(sealedCopy.Record);
        string entry = PackageEntry.Video(copy.Camera, StreamName(copy.Stream), $"copy-{copy.Id}");
        packed.Add(new(entry, file, _ => Task.FromResult<Stream>(OpenCopy(path))));
        video.Add(new(
            entry, copy.Camera, StreamName(copy.Stream), copy.From.ToDateTimeOffset(), copy.To.ToDateTimeOffset(), format.CodecString, format.Width, format.Height, prove(sealedCopy), file.Fragments,
            new("redaction", said.RootElement.GetProperty("what").GetString() ?? "", from)));
    }

    /// <summary>A file with masks painted in, over all of the recorded one's time.</summary>
    async Task AddPaintedAsync(
        List<PackedVideo> packed, List<ManifestVideo> video, Segment segment, LogRow original, PaintedSegment painted, long size, Func<LogRow, ManifestSeal> prove, CancellationToken stop)
    {
        var clip = painted.Clip;
        if (await nodeLog.FindAsync(LeafKind.Derived, clip.Sha256, stop) is not { } row || row.Leaf >= size)
            throw new PackageException($"{segment.Camera} {segment.Start}: what was painted isn't sealed in the log.");
        PackedFile file;
        await using (var bytes = OpenCopy(clip.Path))
            file = await PackedFile.ReadAsync(bytes, [.. clip.Fragments.Select(f => (f.Offset, f.At))], stop);
        if (Text(file.Sha256) != clip.Sha256 || clip.Source.Sha256 != segment.Sha256)
            throw new PackageException($"{segment.Camera} {segment.Start}: the file isn't what was recorded, painted and sealed. A check of the archive tells more.");
        string stream = StreamName(segment.Stream), entry = PackageEntry.Video(segment.Camera, stream, $"{segment.Name}-masked");
        var (start, end) = (segment.Start.ToDateTimeOffset(), segment.End.ToDateTimeOffset());
        packed.Add(new(entry, file, _ => Task.FromResult<Stream>(OpenCopy(clip.Path))));
        video.Add(new(
            entry, segment.Camera, stream, start, end, clip.Codecs, clip.Width, clip.Height, prove(row), file.Fragments,
            new("mask", painted.What, [new(segment.Camera, stream, start, end, new(Convert.FromHexString(segment.Sha256)), prove(original))])));
    }

    static FileStream OpenCopy(string path) => new(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 0, FileOptions.Asynchronous);

    async Task<PackedFile> ReadAsync(Segment segment, CancellationToken stop)
    {
        await using var file = await OpenAsync(segment, stop);
        var starts = new List<(long Offset, long At)>();
        foreach (var fragment in SegmentScan.Read(((FileStream)file).SafeFileHandle).Fragments)
        {
            long at = Math.Max(0, (segment.ToWall(fragment.Start) - segment.Start).Ticks / TimeSpan.TicksPerMillisecond);
            if (starts.Count == 0 || at - starts[^1].At >= Fragment.TotalMilliseconds)
                starts.Add((fragment.Offset, at));
        }

        var packed = await PackedFile.ReadAsync(file, starts, stop);
        return Text(packed.Sha256) == segment.Sha256
            ? packed
            : throw new PackageException($"{segment.Camera} {segment.Start}: the file isn't what was recorded and sealed. A check of the archive tells more.");
    }

    async Task<Stream> OpenAsync(Segment segment, CancellationToken stop)
    {
        try
        {
            var file = await recordings.Archive.OpenSegmentAsync(segment.Camera, segment.Name, stop)
                ?? throw new PackageException($"{segment.Camera} {segment.Start}: the file is gone. A check of the archive tells more.");
            return new FileStream(file.Handle, FileAccess.Read, 0);
        }
        catch (IOException e)
        {
            throw new PackageException($"{segment.Camera} {segment.Start}: the file can't be read: {e.Message}");
        }
    }

    Task<LogRow?> FindAsync(Gap gap, CancellationToken stop) => nodeLog.FindAsync(
        gap.Cause == GapCause.Policy ? LeafKind.Deletion : LeafKind.Gap,
        $"{gap.Camera}/{StreamName(gap.Stream)}/{gap.From.Microseconds}/{gap.To!.Value.Microseconds}/{gap.Cause}", stop);

    /// <summary>What is missing inside the stretches: as the ledger has it, and what nobody knows why.</summary>
    async Task<List<ManifestGap>> GapsAsync(EvidencePackage package, IReadOnlyList<SealedSegment> footage, long size, Func<LogRow, ManifestSeal> prove, CancellationToken stop)
    {
        var stated = new List<ManifestGap>();
        foreach (var stretch in package.Stretches)
        {
            var spans = footage.Select(f => f.Segment).Where(s => s.Camera == stretch.Camera && s.Stream == stretch.Stream).Select(s => new WallSpan(s.Start, s.End)).ToList();
            foreach (var gap in await recordings.Archive.GapsAsync(stretch.Camera, stretch.Stream, stretch.From, stretch.To, stop))
            {
                var row = gap.To is null ? null : await FindAsync(gap, stop);
                var from = gap.From > stretch.From ? gap.From : stretch.From;
                var to = gap.To is { } end && end < stretch.To ? end : stretch.To;
                // The clock was set forward: nothing is missing, but the stretch isn't there either.
                stated.Add(new(
                    stretch.Camera, StreamName(stretch.Stream), from.ToDateTimeOffset(), to.ToDateTimeOffset(), gap.Cause.ToString(), gap.Detail, row is not null && row.Leaf < size ? prove(row) : null));
                spans.Add(new(from, to));
            }

            // A copy lasts from the stretch's begin to its end, over what its originals leave bare as well.
            if (stretch.Redaction is { } id)
                spans.AddRange(CopyOf(id).Sources.Select(s => new WallSpan(WallTime.From(s.Start), WallTime.From(s.End))));
            var until = stretch.From;
            foreach (var span in spans.OrderBy(s => s.From.Microseconds).Append(new(stretch.To, stretch.To)))
            {
                if (span.From > until && until < stretch.To)
                {
                    var to = span.From < stretch.To ? span.From : stretch.To;
                    stated.Add(new(stretch.Camera, StreamName(stretch.Stream), until.ToDateTimeOffset(), to.ToDateTimeOffset(), "None", "Nothing is recorded, and no cause was noted: the camera may not have been added.", null));
                }

                if (span.To > until)
                    until = span.To;
            }
        }

        return [.. stated.OrderBy(g => g.Camera, StringComparer.Ordinal).ThenBy(g => g.Stream, StringComparer.Ordinal).ThenBy(g => g.From)];
    }

    async Task<ManifestIncident?> IncidentAsync(EvidencePackage package, CancellationToken stop) =>
        Guid.TryParse(package.Incident, out var id) && await book.ReadAsync(session => session.IncidentAsync(id), stop) is { } incident
            ? new(incident.Id.ToString(), incident.Title, incident.OpenedAt, $"{OptionText.Format(incident.Type)}, {OptionText.Format(incident.State)}")
            : null;

    string NameOf(string camera) => roster.Find(camera)?.Config.Name ?? camera;

    internal static string StreamName(StreamKind stream) => stream == StreamKind.Sub ? "sub" : "main";

    static string Text(Digest digest) => Convert.ToHexStringLower(digest.ToArray());

    sealed class Written(Action<long> report) : IProgress<long>
    {
        public void Report(long value) => report(value);
    }
}
