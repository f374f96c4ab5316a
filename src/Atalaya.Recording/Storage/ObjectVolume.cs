using System.Security.Cryptography;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using Atalaya.Media;
using Microsoft.Extensions.Logging;

namespace Atalaya.Recording.Storage;

/// <summary>
/// A bucket of an S3-compatible store as a volume: whole segments under <c>prefix/camera/day/hour/start.mp4</c>, the names of the archive's folder.
/// Read through a bounded folder of whole segments, so that whoever reads reads files.
/// </summary>
/// <remarks>Thread-safe. Faults of network and store are <see cref="IOException"/>; no message holds a key.</remarks>
sealed class ObjectVolume : IDisposable
{
    /// <summary>After a refusal nothing is sent for so long.</summary>
    static readonly TimeSpan Pause = TimeSpan.FromSeconds(30);

    /// <summary>Until a store has answered a question. 10 s: one that is awake answers in one.</summary>
    static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(10);

    /// <summary>A line that is slower than this takes nothing away from a post that records 200 cameras: it counts as broken (bytes a second).</summary>
    const long SlowestLine = 128 << 10;

    /// <summary>A last box is never longer.</summary>
    const int LastBytes = 64 << 10;

    const string IdentityKey = VolumeIdentity.FileName;

    readonly AmazonS3Client _client;
    readonly ObjectStoreConfig _store;
    readonly TimeProvider _clock;
    readonly ILogger _log;
    readonly SemaphoreSlim _fetching = new(4, 4);   // a seek is one segment, an export many: four at once fill most lines
    readonly Lock _gate = new();
    readonly LinkedList<(string File, long Bytes)> _kept = [];      // oldest use first; under _gate, as all below
    readonly Dictionary<string, (int Users, LinkedListNode<(string File, long Bytes)>? Node)> _files = new(StringComparer.Ordinal);
    long _keptBytes;
    string? _fault;
    MonotonicTime _retryAt;
    readonly long _cacheBytes;

    public ObjectVolume(VolumeConfig config, long cacheBytes, TimeProvider clock, ILogger log)
    {
        Config = config;
        _store = config.Store!;
        _cacheBytes = cacheBytes;
        _clock = clock;
        _log = log;
        _client = new(new BasicAWSCredentials(_store.AccessKey, _store.SecretKey), new AmazonS3Config
        {
            ServiceURL = _store.Endpoint,
            ForcePathStyle = true,
            AuthenticationRegion = _store.Region,
            // Ours are SHA-256 over the whole object; stores other than Amazon's trip over the SDK's own trailers.
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
            MaxErrorRetry = 1,
            // Ours are in AskAsync: the SDK's would end long uploads, and not a body that stops coming.
            Timeout = Timeout.InfiniteTimeSpan,
        });
        Directory.CreateDirectory(config.Path);
        foreach (string file in Directory.EnumerateFiles(config.Path, "*.part"))
            File.Delete(file);
        foreach (var file in new DirectoryInfo(config.Path).EnumerateFiles("*" + SegmentName.Extension).OrderBy(f => f.LastWriteTimeUtc))
            Keep(file.FullName, file.Length);
        Trim();
    }

    public VolumeConfig Config { get; }
    public string Name => Config.Name;
    public VolumeIdentity? Identity { get; private set; }

    /// <summary>Why it can't be used just now; null when it answered last.</summary>
    public string? Fault
    {
        get
        {
            lock (_gate)
                return _fault;
        }
    }

    /// <summary>It may be asked: it answered last, or the pause is over.</summary>
    public bool IsReady
    {
        get
        {
            lock (_gate)
                return Identity is not null && (_fault is null || MonotonicTime.Now(_clock) >= _retryAt);
        }
    }

    /// <summary>May be tried again, if it wasn't identified yet.</summary>
    public bool IsDue
    {
        get
        {
            lock (_gate)
                return Identity is null && (_fault is null || MonotonicTime.Now(_clock) >= _retryAt);
        }
    }

    /// <summary>What the bucket says of itself; null: nothing.</summary>
    /// <exception cref="IOException">The store can't be reached, refuses the key, or the bucket isn't there.</exception>
    public Task<VolumeIdentity?> ReadIdentityAsync(CancellationToken stop) => AskAsync(0, async limit =>
    {
        try
        {
            using var response = await _client.GetObjectAsync(_store.Bucket, _store.Prefix + IdentityKey, limit);
            using var bytes = new MemoryStream();
            await response.ResponseStream.CopyToAsync(bytes, limit);
            return VolumeIdentity.Parse(bytes.ToArray(), $"{_store}{IdentityKey}");
        }
        catch (AmazonS3Exception e) when (e.ErrorCode == "NoSuchKey" || (e.StatusCode == System.Net.HttpStatusCode.NotFound && e.ErrorCode != "NoSuchBucket"))
        {
            return null;
        }
    }, stop);

    public Task WriteIdentityAsync(VolumeIdentity identity, CancellationToken stop) => AskAsync(0, async limit =>
    {
        await _client.PutObjectAsync(
            new() { BucketName = _store.Bucket, Key = _store.Prefix + IdentityKey, InputStream = new MemoryStream(identity.ToJson()), UseChunkEncoding = false, ContentType = "application/json" }, limit);
        return true;
    }, stop);

    /// <summary>From now on it is used.</summary>
    public void Accept(VolumeIdentity identity)
    {
        lock (_gate)
        {
            Identity = identity;
            _fault = null;
        }
    }

    public void Refuse(string reason)
    {
        lock (_gate)
        {
            _fault = reason;
            _retryAt = MonotonicTime.Now(_clock) + Pause;
        }
    }

    /// <summary>Uploads a segment and reads it back. False: the file isn't what was recorded, nothing was kept.</summary>
    /// <exception cref="IOException">The store can't be reached, or gave back something else.</exception>
    public Task<bool> PutAsync(Segment row, string path, CancellationToken stop) => AskAsync(2 * row.Bytes, async limit =>
    {
        string digest;
        using (var file = File.OpenHandle(path, options: FileOptions.SequentialScan))
            digest = SegmentReader.Digest(file);
        if (row.Sha256.Length > 0 && digest != row.Sha256)
            return false;
        string key = KeyOf(row.Camera, NameOf(row));
        await using (var stream = File.OpenRead(path))
        {
            // Unchunked, so that the signature covers the SHA-256 of the body and the store compares it.
            var put = new PutObjectRequest { BucketName = _store.Bucket, Key = key, InputStream = stream, UseChunkEncoding = false, ContentType = "video/mp4" };
            put.Metadata["sha256"] = digest;
            await _client.PutObjectAsync(put, limit);
        }

        // The original is about to go: what the store says it has is worth less than what it gives back.
        using var response = await _client.GetObjectAsync(_store.Bucket, key, limit);
        if (Convert.ToHexStringLower(await SHA256.HashDataAsync(response.ResponseStream, limit)) != digest)
            throw new IOException($"Volume '{Name}' gave back other bytes than were sent to it.");
        return true;
    }, stop);

    /// <summary>Those that aren't there are no fault.</summary>
    /// <exception cref="IOException">The store can't be reached.</exception>
    public Task DeleteAsync(IReadOnlyList<(string Camera, SegmentName Name)> files, CancellationToken stop) => AskAsync(files.Count * SlowestLine / 2, async limit =>
    {
        foreach (var (camera, name) in files)
        {
            try
            {
                await _client.DeleteObjectAsync(_store.Bucket, KeyOf(camera, name), limit);
            }
            catch (AmazonS3Exception e) when (e.ErrorCode == "NoSuchKey")
            {
            }

            Forget(PathOf(camera, name));
        }

        return true;
    }, stop);

    /// <summary>All segments that the store holds.</summary>
    /// <exception cref="IOException">The store can't be reached.</exception>
    public async Task<List<(string Camera, SegmentName Name, long Length)>> ListAsync(CancellationToken stop)
    {
        var found = new List<(string Camera, SegmentName Name, long Length)>();
        var request = new ListObjectsV2Request { BucketName = _store.Bucket, Prefix = _store.Prefix };
        ListObjectsV2Response page;
        do
        {
            page = await AskAsync(0, limit => _client.ListObjectsV2Async(request, limit), stop);
            foreach (var item in page.S3Objects ?? [])
            {
                string key = item.Key[_store.Prefix.Length..];
                string camera = key.Split('/')[0];
                if (SegmentName.IsCamera(camera) && SegmentName.TryParse(Path.GetFileNameWithoutExtension(key), out var name) && KeyOf(camera, name) == item.Key)
                    found.Add((camera, name, item.Size ?? 0));
            }

            request.ContinuationToken = page.NextContinuationToken;
        }
        while (page.IsTruncated == true);
        return found;
    }

    /// <summary>What an index would say of a segment, from its last box alone, and of the gap before it; null if the box isn't there or says too little.</summary>
    /// <exception cref="IOException">The store can't be reached.</exception>
    public Task<(Segment Segment, List<Gap> Before)?> DescribeAsync(string camera, SegmentName name, long length, CancellationToken stop) => AskAsync<(Segment, List<Gap>)?>(LastBytes, async limit =>
    {
        long from = Math.Max(0, length - LastBytes);
        string part = $"{PathOf(camera, name)}.{Guid.NewGuid():N}.part";
        try
        {
            using var response = await _client.GetObjectAsync(
                new GetObjectRequest { BucketName = _store.Bucket, Key = KeyOf(camera, name), ByteRange = new(from, length - 1) }, limit);
            await using (var file = File.Create(part))
                await response.ResponseStream.CopyToAsync(file, limit);
            using var tail = File.OpenHandle(part);
            if (SegmentTrailer.Read(tail) is not var (trailer, offset) || trailer.Camera != camera || trailer.Start != name.StartMilliseconds
                || trailer.ToSegment(from + offset, length) is not { } segment)
            {
                return null;
            }

            // The digest was put beside the object when it was compared.
            return (segment with { Volume = Name, Sha256 = response.Metadata["sha256"] ?? "" }, [.. trailer.GapsBefore()]);
        }
        finally
        {
            File.Delete(part);
        }
    }, stop);

    /// <summary>Length of the object; null if it isn't there.</summary>
    /// <exception cref="IOException">The store can't be reached.</exception>
    public Task<long?> LengthAsync(string camera, SegmentName name, CancellationToken stop) => AskAsync<long?>(0, async limit =>
    {
        try
        {
            return (await _client.GetObjectMetadataAsync(_store.Bucket, KeyOf(camera, name), limit)).ContentLength;
        }
        catch (AmazonS3Exception e) when (e.StatusCode == System.Net.HttpStatusCode.NotFound)
        {
            return null;
        }
    }, stop);

    /// <summary>
    /// The segment as a local file, fetched if it isn't kept here. It stays until the lease is disposed of; then until others need the room.
    /// </summary>
    /// <returns>Null: the store doesn't have it.</returns>
    /// <exception cref="IOException">The store can't be reached, or its bytes aren't those that were recorded.</exception>
    public async Task<Lease?> FetchAsync(Segment row, CancellationToken stop)
    {
        string path = PathOf(row.Camera, NameOf(row));
        if (TryTake(path))
            return new(this, path);
        await _fetching.WaitAsync(stop);
        try
        {
            if (TryTake(path))
                return new(this, path);
            string part = $"{path}.{Guid.NewGuid():N}.part";
            try
            {
                bool found = await AskAsync(row.Bytes, async limit =>
                {
                    try
                    {
                        using var response = await _client.GetObjectAsync(_store.Bucket, KeyOf(row.Camera, NameOf(row)), limit);
                        await using var file = File.Create(part);
                        await response.ResponseStream.CopyToAsync(file, limit);
                        return true;
                    }
                    catch (AmazonS3Exception e) when (e.StatusCode == System.Net.HttpStatusCode.NotFound)
                    {
                        return false;
                    }
                }, stop);
                if (!found)
                    return null;
                using (var file = File.OpenHandle(part))
                {
                    if (row.Sha256.Length > 0 && SegmentReader.Digest(file) != row.Sha256)
                        throw new IOException($"Volume '{Name}' holds {row.Camera} {row.Name} with other bytes than were recorded.");
                }

                long length = new FileInfo(part).Length;
                lock (_gate)
                {
                    if (!TryTake(path))
                    {
                        File.Move(part, path, overwrite: true);
                        Keep(path, length);
                        TryTake(path);
                    }

                    return new(this, path);
                }
            }
            finally
            {
                File.Delete(part);
            }
        }
        finally
        {
            _fetching.Release();
        }
    }

    public void Dispose()
    {
        _client.Dispose();
        _fetching.Dispose();
    }

    /// <summary>Keeps a fetched file from being removed.</summary>
    public sealed class Lease(ObjectVolume volume, string path) : IDisposable
    {
        int _disposed;

        public string Path => path;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _disposed, 1) == 0)
                volume.Return(path);
        }
    }

    string KeyOf(string camera, SegmentName name) => $"{_store.Prefix}{camera}/{name.RelativePath()}";

    string PathOf(string camera, SegmentName name) => Path.Combine(Config.Path, $"{camera}~{name}{SegmentName.Extension}");

    static SegmentName NameOf(Segment row) => new(row.Start.Milliseconds, row.Stream);

    bool TryTake(string path)
    {
        lock (_gate)
        {
            if (!_files.TryGetValue(path, out var file) || !File.Exists(path))
                return false;
            if (file.Node is { } node)
                _kept.Remove(node);
            _files[path] = (file.Users + 1, null);
            return true;
        }
    }

    void Return(string path)
    {
        lock (_gate)
        {
            if (!_files.TryGetValue(path, out var file))
                return;
            if (file.Users > 1)
                _files[path] = (file.Users - 1, null);
            else
                _files[path] = (0, _kept.AddLast((path, new FileInfo(path) is { Exists: true } info ? info.Length : 0)));
            Trim();
        }
    }

    void Keep(string path, long length)
    {
        lock (_gate)
        {
            _files[path] = (0, _kept.AddLast((path, length)));
            _keptBytes += length;
        }
    }

    void Forget(string path)
    {
        lock (_gate)
        {
            if (_files.Remove(path, out var file) && file.Node is { } node)
                _kept.Remove(node);
            if (new FileInfo(path) is { Exists: true } info)
            {
                _keptBytes -= info.Length;
                info.Delete();
            }
        }
    }

    // Under _gate. What somebody reads just now stays, also beyond the bound.
    void Trim()
    {
        while (_keptBytes > _cacheBytes && _kept.First is { } oldest)
        {
            _kept.RemoveFirst();
            _files.Remove(oldest.Value.File);
            _keptBytes -= oldest.Value.Bytes;
            File.Delete(oldest.Value.File);
        }
    }

    /// <summary>Turns every way in which a store can refuse into one, not answering among them, and remembers it.</summary>
    /// <param name="bytes">That go there or come from there.</param>
    async Task<T> AskAsync<T>(long bytes, Func<CancellationToken, Task<T>> ask, CancellationToken stop)
    {
        var limit = AnswerLimit + TimeSpan.FromSeconds(bytes / (double)SlowestLine);
        using var over = new CancellationTokenSource(limit, _clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, over.Token);
        try
        {
            var answer = await ask(either.Token);
            lock (_gate)
            {
                if (_fault is not null && Identity is not null)
                {
                    _log.LogInformation("Volume {Volume} answers again.", Name);
                    _fault = null;
                }
            }

            return answer;
        }
        catch (Exception e) when (!stop.IsCancellationRequested
            && e is AmazonServiceException or AmazonClientException or System.Net.Http.HttpRequestException or TimeoutException or OperationCanceledException)
        {
            string reason = over.IsCancellationRequested ? $"{_store.Endpoint} hasn't answered within {limit.TotalSeconds:0} s." : Sentence(e);
            lock (_gate)
            {
                if (_fault is null)
                    _log.LogError("Volume {Volume}: {Reason}", Name, reason);
                _fault = reason;
                _retryAt = MonotonicTime.Now(_clock) + Pause;
            }

            throw new IOException(reason, e);
        }
    }

    string Sentence(Exception e)
    {
        string code = (e as AmazonServiceException)?.ErrorCode ?? "";
        return code switch
        {
            "NoSuchBucket" => $"There is no bucket '{_store.Bucket}' at {_store.Endpoint}. Create it, or correct its name.",
            "InvalidAccessKeyId" or "SignatureDoesNotMatch" or "AccessDenied" =>
                $"{_store.Endpoint} refuses the access key for bucket '{_store.Bucket}' ({code}). Check storage.s3.accessKey and storage.s3.secretKey.",
            _ => $"{_store.Endpoint} can't be used: {(code.Length > 0 ? code + ": " : "")}{(e.InnerException ?? e).Message}",
        };
    }
}
