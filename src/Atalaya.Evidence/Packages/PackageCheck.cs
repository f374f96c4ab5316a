using System.Buffers;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Atalaya.Evidence.Packages;

/// <summary>
/// Checks a package against keys that are known from elsewhere. Nothing in it is believed for being in it: bytes by the manifest, the manifest by the log's signature, that by a known
/// key; what was recorded and what wasn't by the log's checkpoint.
/// </summary>
/// <remarks>What was changed is told as narrowly as what is left to be believed allows. Never throws because of what is in the package.</remarks>
public sealed class PackageCheck
{
    /// <summary>More would tell nobody more.</summary>
    const int MaxFindings = 200;

    const int MaxSmall = 1 << 20, MaxIndex = 64 << 20, MaxSums = 64 << 20, Block = 1 << 20;

    readonly PackageBytes _bytes;
    readonly IReadOnlyList<NoteKey> _known;
    readonly Action<double>? _progress;
    readonly CancellationToken _stop;
    readonly List<PackageFinding> _altered = [], _missing = [], _gaps = [];
    readonly List<(ZipEntry Entry, long Data)> _entries = [];
    PackageManifest? _manifest;
    NoteKey? _signer, _knownBy;
    StatedTime? _time;
    List<Cosigner> _witnesses = [];
    long _at, _hashed;
    uint _zipTime;
    bool _isSpent;

    PackageCheck(PackageBytes bytes, IReadOnlyList<NoteKey> known, Action<double>? progress, CancellationToken stop) => (_bytes, _known, _progress, _stop) = (bytes, known, progress, stop);

    /// <param name="known">Keys of logs, and of witnesses.</param>
    /// <param name="progress">0 to 1; called by several threads.</param>
    /// <exception cref="IOException">The package can't be read.</exception>
    public static PackageReport Run(PackageBytes bytes, IReadOnlyList<NoteKey> known, Action<double>? progress = null, CancellationToken stop = default)
    {
        var check = new PackageCheck(bytes, known, progress, stop);
        check.Run();
        var verdict = check._altered.Count > 0 ? PackageVerdict.Altered
            : check._missing.Count > 0 ? PackageVerdict.Incomplete
            : check._knownBy is null ? PackageVerdict.UnknownSigner
            : check._gaps.Count > 0 ? PackageVerdict.AuthenticWithGaps
            : PackageVerdict.Authentic;
        List<PackageFinding> reasons = [.. check._altered, .. check._missing];
        if (verdict == PackageVerdict.UnknownSigner)
        {
            reasons.Add(new(FindingKind.Signer, check._isSpent
                ? $"It is signed with the key {check._signer}, which by {PackageEntry.Keys} in it was revoked, or followed by another before it was signed. Ask its owner for one that the key in force signs."
                : $"It is signed with the key {check._signer}, which nobody here knows. Compare that key with one you have from its owner by another way."));
        }

        reasons.AddRange(check._gaps);
        return new(verdict, [.. reasons.Take(MaxFindings)], check._manifest, check._signer, check._knownBy, check._witnesses, check._time, bytes.Length)
        {
            IsSignerSpent = verdict == PackageVerdict.UnknownSigner && check._isSpent,
            // A name that came twice was refused.
            Places = check._entries.DistinctBy(e => e.Entry.Name, StringComparer.Ordinal).ToDictionary(e => e.Entry.Name, e => (e.Data, e.Entry.Bytes), StringComparer.Ordinal),
        };
    }

    void Run()
    {
        // What says what there is.
        if (Find(PackageEntry.Index, MaxIndex) is not { } index || Read(PackageEntry.Manifest, PackageManifest.MaxLength) is not { } text || Read(PackageEntry.Signature, MaxSmall) is not { } signature)
            return;
        byte[]? time = null;
        if (Peek() == PackageEntry.Timestamp && (time = Read(PackageEntry.Timestamp, Timestamp.MaxLength)) is null)
            return;
        if (Read(PackageEntry.Sums, MaxSums) is not { } sums)
            return;
        if (!PackageManifest.TryParse(text, out var manifest, out string fault))
        {
            Altered(FindingKind.Manifest, $"manifest.json: {fault}", PackageEntry.Manifest);
            return;
        }

        _manifest = manifest;
        _ = NoteKey.TryParse(manifest.Log.Key, out _signer!);
        if (_zipTime != CanonicalZip.Time(manifest.Created))
            Altered(FindingKind.Archive, "The ZIP's times aren't that of the manifest.");
        if (index.Bytes != manifest.Files[0].Bytes)
            Altered(FindingKind.File, $"{PackageEntry.Index} has {index.Bytes} bytes instead of {manifest.Files[0].Bytes}.", PackageEntry.Index);
        // Where everything lies, before any of it is read.
        foreach (var file in manifest.Files.Skip(1))
        {
            if (Find(file.Path, file.Bytes, exactly: true) is null)
                return;
        }

        if (Read(PackageEntry.Seal, SignedNote.MaxLength) is not { } seal)
            return;
        CheckEnd();
        var signed = new List<(string Name, Digest Digest)> { (PackageEntry.Manifest, Digest.Of(text)), (PackageEntry.Signature, Digest.Of(signature)) };
        if (time is not null)
            signed.Add((PackageEntry.Timestamp, Digest.Of(time)));
        if (!CheckSeal(seal, signed))
            return;
        Trust();
        CheckSignature(text, signature, time);
        if (!sums.AsSpan().SequenceEqual(Encoding.ASCII.GetBytes(PackageText.Sums(
            [(PackageEntry.Index, manifest.Files[0].Sha256), .. signed, .. manifest.Files.Skip(1).Select(f => (f.Path, f.Sha256))]))))
        {
            Altered(FindingKind.File, $"{PackageEntry.Sums} isn't the list of the package's files.", PackageEntry.Sums);
        }

        CheckFiles();
        if (CheckLog() is { } checkpoint)
            CheckProofs(checkpoint);
        CheckCoverage();
    }

    // --- the archive

    /// <summary>The name of what comes next, if it can be read.</summary>
    string? Peek() => TryHeader(out var entry) ? entry.Name : null;

    bool TryHeader(out ZipEntry entry)
    {
        Span<byte> header = stackalloc byte[CanonicalZip.MaxHeader];
        header = header[.._bytes.Read(_at, header)];
        return CanonicalZip.TryReadHeader(header, out entry, out _);
    }

    /// <summary>Goes past the next entry, which must have this name.</summary>
    /// <param name="length">At most, or exactly.</param>
    ZipEntry? Find(string name, long length, bool exactly = false)
    {
        Span<byte> header = stackalloc byte[CanonicalZip.MaxHeader];
        header = header[.._bytes.Read(_at, header)];
        if (header.Length == 0)
        {
            _missing.Add(new(FindingKind.Missing, $"It ends before {name}.", name));
            return null;
        }

        if (!CanonicalZip.TryReadHeader(header, out var entry, out uint time))
        {
            // Whatever of a canonical header could still be there, isn't all of one: the end of the file, or other bytes.
            if (header.Length < CanonicalZip.LocalHeader(new(name, 0, 0), 0).Length)
                _missing.Add(new(FindingKind.Missing, $"It ends in the middle of the header of {name}.", name));
            else
                Altered(FindingKind.Archive, $"At byte {_at} the header of {name} was to come; something else is there.", name);
            return null;
        }

        if (entry.Name != name)
        {
            if (_manifest is not null && Order(entry.Name) > Order(name))
                _missing.Add(new(FindingKind.Missing, $"{name} isn't there; {entry.Name} follows in its place.", name));
            else
                Altered(FindingKind.Archive, $"At byte {_at} {name} was to come, '{entry.Name}' is there.", name);
            return null;
        }

        if (exactly ? entry.Bytes != length : entry.Bytes > length)
        {
            Altered(FindingKind.File, exactly ? $"{name} has {entry.Bytes} bytes instead of {length}." : $"{name} has {entry.Bytes} bytes, more than such a file may have.", name);
            return null;
        }

        if (_entries.Count == 0)
            _zipTime = time;
        byte[] canonical = CanonicalZip.LocalHeader(entry, _zipTime);
        if (header.Length < canonical.Length || !header[..canonical.Length].SequenceEqual(canonical))
        {
            Altered(FindingKind.Archive, $"The ZIP's header of {name} isn't as packages have it.", name);
            return null;
        }

        _entries.Add((entry, _at + canonical.Length));
        _at += canonical.Length + entry.Bytes;
        if (_at > _bytes.Length)
        {
            _missing.Add(new(FindingKind.Missing, $"It ends in the middle of {name}, {_at - _bytes.Length} bytes too early.", name));
            return null;
        }

        return entry;
    }

    int Order(string name)
    {
        string[] before = [PackageEntry.Index, PackageEntry.Manifest, PackageEntry.Signature, PackageEntry.Timestamp, PackageEntry.Sums];
        int at = Array.IndexOf(before, name);
        if (at >= 0)
            return at;
        if (name == PackageEntry.Seal)
            return int.MaxValue;
        int file = _manifest!.Files.TakeWhile(f => f.Path != name).Count();
        return file == _manifest.Files.Count ? -1 : before.Length + file;
    }

    /// <summary>The bytes of the next entry, checked with the ZIP's sum.</summary>
    byte[]? Read(string name, int longest)
    {
        if (Find(name, longest) is not { } entry)
            return null;
        byte[] data = new byte[entry.Bytes];
        if (_bytes.Read(_entries[^1].Data, data) < data.Length)
        {
            _missing.Add(new(FindingKind.Missing, $"It ends in the middle of {name}.", name));
            return null;
        }

        if (Crc32.Of(data) != entry.Crc)
            Altered(FindingKind.File, $"{name} isn't what the ZIP's checksum says.", name);
        return data;
    }

    /// <summary>Behind the last entry there is the directory, and nothing else.</summary>
    void CheckEnd()
    {
        byte[] expected = CanonicalZip.Directory([.. _entries.Select(e => e.Entry)], _zipTime);
        long left = _bytes.Length - _at;
        byte[] found = new byte[Math.Min(left, expected.Length)];
        int read = _bytes.Read(_at, found);
        if (!found.AsSpan(0, read).SequenceEqual(expected.AsSpan(0, read)))
            Altered(FindingKind.Archive, "The ZIP's directory isn't that of its entries.");
        else if (left < expected.Length)
            _missing.Add(new(FindingKind.Missing, $"It ends in the middle of the ZIP's directory, {expected.Length - left} bytes too early."));
        else if (left > expected.Length)
            Altered(FindingKind.Archive, $"{left - expected.Length} bytes follow behind its end.");
    }

    // --- who signed what

    bool CheckSeal(byte[] bytes, List<(string Name, Digest Digest)> signed)
    {
        if (!SignedNote.TryParse(bytes, out var note) || note.Signatures.Count != 1 || !note.TryVerify([_signer!], out _))
        {
            Altered(FindingKind.Seal, $"The seal isn't signed with the key {_signer} that the manifest names.", PackageEntry.Seal);
            return false;
        }

        if (note.Text == PackageText.Seal(signed))
            return true;
        // Only what its text says of them tells which.
        var changed = signed.Where(s => !note.Text.Contains($"\n{Convert.ToHexStringLower(s.Digest.ToArray())} {s.Name}\n", StringComparison.Ordinal)).ToList();
        foreach (var (name, _) in changed)
            Altered(FindingKind.Seal, $"{name} isn't what the log's key sealed.", name);
        if (changed.Count == 0)
            Altered(FindingKind.Seal, "The seal is of another package.", PackageEntry.Seal);
        return false;
    }

    void Trust()
    {
        string signer = _signer!.ToString();
        var history = KeyHistory.Empty;
        if (Small(PackageEntry.Keys) is { } keys && !KeyHistory.TryParse(keys, out history))
            history = KeyHistory.Empty;     // told with the log
        // One that isn't signed by the signer is told with the log.
        long size = Small(PackageEntry.Checkpoint) is { } note && SignedCheckpoint.TryOpen(note, [_signer], out var head, out _) ? head.Checkpoint.Size : 0;
        var leading = _known.Where(k => k.Kind == NoteSignatureKind.Ed25519 && history.Follow(k).Any(next => next.ToString() == signer)).ToList();
        // A key that is revoked counts for nothing, whatever size and time are in what it signed; packages from before don't carry the statement.
        if (!history.Changes.Any(c => c.Statement.Revoked && c.Statement.Earlier.ToString() == signer))
            _knownBy = leading.Find(k => history.At(k, size).ToString() == signer);
        _isSpent = leading.Count > 0 && _knownBy is null;
    }

    void CheckSignature(byte[] text, byte[] signature, byte[]? time)
    {
        if (ManifestSignature.Verify(text, signature, out string fault) is not { } certificate)
            Altered(FindingKind.Signature, $"{PackageEntry.Signature} {fault}.", PackageEntry.Signature);
        else if (ManifestSignature.Fingerprint(certificate) != _manifest!.Certificate)
            Altered(FindingKind.Signature, $"{PackageEntry.Signature} is by another certificate than the manifest names.", PackageEntry.Signature);
        if (time is null)
            return;
        _time = Timestamp.Read(text, time);
        if (_time is null)
            Altered(FindingKind.Timestamp, $"{PackageEntry.Timestamp} isn't a timestamp of the manifest.", PackageEntry.Timestamp);
    }

    // --- the files

    /// <summary>Of an entry that was found.</summary>
    byte[]? Small(string name)
    {
        var (entry, data) = _entries.Find(e => e.Entry.Name == name);
        if (entry.Name is null || entry.Bytes > MaxSmall)
            return null;
        byte[] bytes = new byte[entry.Bytes];
        return _bytes.Read(data, bytes) == bytes.Length ? bytes : null;
    }

    void CheckFiles()
    {
        var found = _entries.ToDictionary(e => e.Entry.Name, StringComparer.Ordinal);
        var video = _manifest!.Video.ToDictionary(v => v.Path, StringComparer.Ordinal);
        var findings = new ConcurrentBag<PackageFinding>();
        long all = Math.Max(1, _manifest.Files.Sum(f => f.Bytes));
        Parallel.ForEach(_manifest.Files, new ParallelOptions { CancellationToken = _stop, MaxDegreeOfParallelism = Math.Clamp(Environment.ProcessorCount, 1, 4) }, file =>
        {
            var (entry, data) = found[file.Path];
            var (digest, crc) = Hash(data, entry.Bytes, all);
            if (digest == file.Sha256)
            {
                if (crc != entry.Crc)
                    findings.Add(new(FindingKind.Archive, $"The ZIP's checksum of {file.Path} isn't that of its bytes, which are as they were signed.", file.Path));
            }
            else if (!video.TryGetValue(file.Path, out var footage))
            {
                findings.Add(new(FindingKind.File, $"{file.Path} isn't what was signed.", file.Path));
            }
            else
            {
                foreach (var finding in Narrow(footage, data))
                    findings.Add(finding);
            }
        });
        _altered.AddRange(findings.OrderBy(f => f.File, StringComparer.Ordinal).ThenBy(f => f.From));
    }

    (Digest Digest, uint Crc) Hash(long at, long length, long all)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var crc = default(Crc32);
        byte[] buffer = ArrayPool<byte>.Shared.Rent((int)Math.Clamp(length, 1, Block));
        try
        {
            while (length > 0)
            {
                _stop.ThrowIfCancellationRequested();
                int read = _bytes.Read(at, buffer.AsSpan(0, (int)Math.Min(length, buffer.Length)));
                if (read == 0)
                    throw new IOException("The package became shorter while it was read.");
                hash.AppendData(buffer.AsSpan(0, read));
                crc.Append(buffer.AsSpan(0, read));
                (at, length) = (at + read, length - read);
                _progress?.Invoke(Math.Min(1, Interlocked.Add(ref _hashed, read) / (double)all));
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        return (new(hash.GetHashAndReset()), crc.Value);
    }

    /// <summary>Which seconds of a changed file.</summary>
    IEnumerable<PackageFinding> Narrow(ManifestVideo video, long data)
    {
        bool any = false;
        for (int i = 0; i < video.Fragments.Count; i++)
        {
            var fragment = video.Fragments[i];
            if (Hash(data + fragment.Offset, fragment.Length, long.MaxValue).Digest == fragment.Sha256)
                continue;
            any = true;
            var from = Moment(video, fragment.At);
            var to = i + 1 < video.Fragments.Count ? Moment(video, video.Fragments[i + 1].At) : video.End;
            yield return new(FindingKind.File, $"{video.Path} was changed: {video.Camera}, {PackageReport.Span(from, to)}.", video.Path, from, to);
        }

        if (!any)
            yield return new(FindingKind.File, $"{video.Path} isn't what was signed, though each of its fragments is.", video.Path, video.Start, video.End);
    }

    /// <summary>Inside the file's time, whatever the manifest's numbers are.</summary>
    static DateTimeOffset Moment(ManifestVideo video, long at) => video.Start + TimeSpan.FromMilliseconds(Math.Clamp(at, 0, (long)(video.End - video.Start).TotalMilliseconds));

    // --- the log

    Checkpoint? CheckLog()
    {
        if (Small(PackageEntry.Checkpoint) is not { } bytes || !SignedCheckpoint.TryOpen(bytes, [_signer!], out var head, out string fault))
        {
            Altered(FindingKind.Log, $"{PackageEntry.Checkpoint} isn't signed with the log's key.", PackageEntry.Checkpoint);
            return null;
        }

        if (head.Checkpoint.Origin != _manifest!.Log.Name)
            Altered(FindingKind.Log, $"{PackageEntry.Checkpoint} is of another log, {head.Checkpoint.Origin}.", PackageEntry.Checkpoint);
        if (Small(PackageEntry.Keys) is not { } keys || !KeyHistory.TryParse(keys, out _))
            Altered(FindingKind.Log, $"{PackageEntry.Keys} isn't a list of signed key changes.", PackageEntry.Keys);
        byte[] text = head.Note.TextBytes;
        foreach (var signature in head.Note.Signatures.Where(s => s.KeyId != _signer!.Id || s.Name != _signer.Name))
        {
            var key = _known.FirstOrDefault(k => k.Kind == NoteSignatureKind.Cosignature && k.Id == signature.KeyId && k.Name == signature.Name);
            DateTimeOffset? at = null;
            if (key is not null && !key.Verify(text, signature.Bytes, out at))
                Altered(FindingKind.Log, $"The signature of the witness {signature.Name} below {PackageEntry.Checkpoint} is false.", PackageEntry.Checkpoint);
            else
                _witnesses.Add(new(signature.Name, key?.ToString(), at));
        }

        return head.Checkpoint;
    }

    void CheckProofs(Checkpoint checkpoint)
    {
        var gaps = Cover.Of(_manifest!.Gaps.Select(Spanned));
        foreach (var video in _manifest.Video)
        {
            _stop.ThrowIfCancellationRequested();
            var file = _manifest.Files[IndexOf(video) + 3];
            if (video.Derived is not { } derived)
            {
                CheckFootage(checkpoint, video.Path, video.Camera, video.Stream, video.Start, video.End, file.Sha256, video.Seal);
                continue;
            }

            if (!video.Seal.IsIn(checkpoint, LeafKind.Derived)
                || !Says(video.Seal, ("sha256", Text(file.Sha256)), ("why", derived.Why), ("what", derived.What)) || !IsFrom(video.Seal, derived))
            {
                Altered(FindingKind.Proof, $"The log doesn't say that {video.Path} was derived as the manifest tells.", video.Path);
            }

            if (!IsWithin(video, derived, gaps.GetValueOrDefault((video.Camera, video.Stream), Cover.Nothing)))
            {
                Altered(
                    FindingKind.Proof, $"{video.Path} isn't of {video.Camera} ({video.Stream}), {PackageReport.Span(video.Start, video.End)}: its originals aren't, and no gap is stated.", video.Path,
                    video.Start, video.End);
            }

            foreach (var original in derived.From)
                CheckFootage(checkpoint, video.Path, original.Camera, original.Stream, original.Start, original.End, original.Sha256, original.Seal);
        }

        foreach (var gap in _manifest.Gaps)
        {
            if (gap.Seal is { } seal && !(seal.IsIn(checkpoint, LeafKind.Gap, LeafKind.Deletion)
                && Says(seal, ("camera", gap.Camera), ("stream", gap.Stream), ("cause", gap.Cause), ("detail", gap.Detail)) && Covers(seal, gap)))
            {
                Altered(FindingKind.Proof, $"The log doesn't say that there was a gap of {gap.Camera}, {PackageReport.Span(gap.From, gap.To)}.", null, gap.From, gap.To);
            }
        }

        foreach (var deed in _manifest.Custody)
        {
            // Of what is told as custody the log has holds alone in these words.
            if (deed.Seal is { } seal && !(deed.What == "held" && seal.IsIn(checkpoint, LeafKind.Hold)
                && Says(seal, ("owner", deed.By), ("reason", deed.Detail), ("created", ManifestTimeConverter.Text(deed.At)))))
            {
                Altered(FindingKind.Proof, $"The log doesn't hold what the manifest tells of {deed.At.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC ({deed.What}).", PackageEntry.Manifest);
            }
        }
    }

    int _video;

    // The two lists have one order.
    int IndexOf(ManifestVideo video)
    {
        if (!ReferenceEquals(_manifest!.Video[_video], video))
            _video++;
        return _video;
    }

    void CheckFootage(Checkpoint checkpoint, string path, string camera, string stream, DateTimeOffset start, DateTimeOffset end, Digest sha256, ManifestSeal seal)
    {
        if (!seal.IsIn(checkpoint, LeafKind.Segment)
            || !Says(seal, ("camera", camera), ("stream", stream), ("start", ManifestTimeConverter.Text(start)), ("end", ManifestTimeConverter.Text(end)), ("sha256", Text(sha256))))
        {
            Altered(FindingKind.Proof, $"The log doesn't say that {path} was recorded as the manifest tells: {camera}, {PackageReport.Span(start, end)}.", path, start, end);
        }
    }

    static string Text(Digest digest) => Convert.ToHexStringLower(digest.ToArray());

    /// <summary>Whether the record has these fields.</summary>
    static bool Says(ManifestSeal seal, params ReadOnlySpan<(string Field, string Value)> fields)
    {
        if (Record(seal) is not { } record)
            return false;
        foreach (var (field, value) in fields)
        {
            if (Field(record, field) != value)
                return false;
        }

        return true;
    }

    /// <summary>A package may state the part of a gap that lies in what was asked for.</summary>
    static bool Covers(ManifestSeal seal, ManifestGap gap) =>
        Record(seal) is { } record && Field(record, "from") is { } from && Field(record, "to") is { } to
        && string.CompareOrdinal(from, ManifestTimeConverter.Text(gap.From)) <= 0 && string.CompareOrdinal(to, ManifestTimeConverter.Text(gap.To)) >= 0;

    /// <summary>Whether the record says that it came out of just these files.</summary>
    static bool IsFrom(ManifestSeal seal, ManifestDerivation derived) =>
        derived.From.Count > 0 && Record(seal) is { } record && Member(record, "from") is { ValueKind: JsonValueKind.Array } from
        && from.EnumerateArray().Select(o => o.ValueKind == JsonValueKind.Object ? Field(o, "sha256") : null).SequenceEqual(derived.From.Select(o => Text(o.Sha256)), StringComparer.Ordinal);

    /// <summary>A copy shows nothing but its originals: of its camera and stream, in its time; where they don't reach, a gap is stated.</summary>
    static bool IsWithin(ManifestVideo video, ManifestDerivation derived, Cover gaps)
    {
        var until = gaps.Reach(video.Start);
        foreach (var original in derived.From.OrderBy(o => o.Start))
        {
            if (original.Camera != video.Camera || original.Stream != video.Stream || original.Start >= video.End || original.End <= video.Start || original.Start > until)
                return false;
            if (original.End > until)
                until = gaps.Reach(original.End);
        }

        return until >= video.End;
    }

    static string? Field(JsonElement record, string name)
    {
        try
        {
            return Member(record, name) is { ValueKind: JsonValueKind.String } found ? found.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            return null;    // Half of a surrogate pair is no text.
        }
    }

    static JsonElement? Member(JsonElement record, string name)
    {
        try
        {
            return record.TryGetProperty(name, out var found) ? found : null;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>The sealed record; null if it isn't an object.</summary>
    static JsonElement? Record(ManifestSeal seal)
    {
        try
        {
            using var document = JsonDocument.Parse(seal.Record, new() { MaxDepth = 8, AllowDuplicateProperties = false });
            return document.RootElement.ValueKind == JsonValueKind.Object ? document.RootElement.Clone() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    static ((string Camera, string Stream) Of, DateTimeOffset From, DateTimeOffset To) Spanned(ManifestGap gap) => ((gap.Camera, gap.Stream), gap.From, gap.To);

    /// <summary>Every moment that was asked for is in a file or in a stated gap.</summary>
    void CheckCoverage()
    {
        var covers = Cover.Of(_manifest!.Video.Select(v => ((v.Camera, v.Stream), v.Start, v.End)).Concat(_manifest.Gaps.Select(Spanned)));
        var gaps = _manifest.Gaps.GroupBy(g => (g.Camera, g.Stream)).ToDictionary(g => g.Key, g => g.OrderBy(gap => gap.From).ToArray());
        // The latest end so far: the first that ends behind a moment is found by halves, however they overlap.
        var ends = gaps.ToDictionary(g => g.Key, g =>
        {
            var latest = DateTimeOffset.MinValue;
            return Array.ConvertAll(g.Value, gap => latest = gap.To > latest ? gap.To : latest);
        });
        foreach (var stretch in _manifest.Stretches)
        {
            _stop.ThrowIfCancellationRequested();
            var key = (stretch.Camera, stretch.Stream);
            var cover = covers.GetValueOrDefault(key, Cover.Nothing);
            for (var at = cover.Reach(stretch.From); at < stretch.To && _missing.Count < MaxFindings;)
            {
                var next = cover.Next(at);
                Uncovered(stretch, at, next < stretch.To ? next : stretch.To);
                at = cover.Reach(next);
            }

            if (!gaps.TryGetValue(key, out var mine))
                continue;
            for (int i = Cover.FirstBehind(ends[key], stretch.From); i < mine.Length && mine[i].From < stretch.To && _gaps.Count < MaxFindings; i++)
            {
                var gap = mine[i];
                if (gap.To <= stretch.From)
                    continue;
                string proved = gap.Seal is null ? " The package states it; the log doesn't." : "";
                _gaps.Add(new(
                    FindingKind.Gap, $"{stretch.Name} ({gap.Camera}): no footage {PackageReport.Span(gap.From, gap.To)}, {gap.Cause}{(gap.Detail.Length > 0 ? $": {gap.Detail}" : "")}{proved}", null, gap.From, gap.To));
            }
        }
    }

    void Uncovered(ManifestStretch stretch, DateTimeOffset from, DateTimeOffset to)
    {
        if (_missing.Count < MaxFindings)
            _missing.Add(new(FindingKind.Coverage, $"{stretch.Name} ({stretch.Camera}): {PackageReport.Span(from, to)} is neither in a file nor stated as a gap.", null, from, to));
    }

    void Altered(FindingKind kind, string text, string? file = null, DateTimeOffset? from = null, DateTimeOffset? to = null)
    {
        if (_altered.Count < MaxFindings)
            _altered.Add(new(kind, text, file, from, to));
    }
}
