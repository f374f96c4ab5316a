using Atalaya.Media;

namespace Atalaya.Recording.Storage;

/// <summary>All volumes of an archive as one: finds a segment wherever it lies, and says where the next one goes. Thread-safe.</summary>
sealed class VolumeSet : IAsyncDisposable
{
    volatile Volume[] _local = [];      // replaced, never changed; fast ones first
    readonly Lock _gate = new();
    readonly Dictionary<string, string> _refused = new(StringComparer.Ordinal);     // under _gate

    /// <summary>In use, fast ones first, in the order of the configuration.</summary>
    public IReadOnlyList<Volume> Local => _local;

    /// <summary>Object stores, whether they answer or not.</summary>
    public IReadOnlyList<ObjectVolume> Stores { get; set; } = [];

    public ObjectVolume? FindStore(string name) => Stores.FirstOrDefault(s => s.Name == name);

    public IEnumerable<Volume> Fast => _local.Where(v => v.Tier == VolumeTier.Fast);

    public void Add(Volume volume)
    {
        lock (_gate)
        {
            _refused.Remove(volume.Name);
            _local = [.. _local.Append(volume).OrderBy(v => v.Tier)];
        }
    }

    /// <summary>It is configured and not used.</summary>
    public void Refuse(string name, string reason)
    {
        lock (_gate)
            _refused[name] = reason;
    }

    /// <summary>Why a volume isn't used; null when it is.</summary>
    public string? Refusal(string name)
    {
        lock (_gate)
            return _refused.GetValueOrDefault(name);
    }

    public Volume? Find(string name) => Array.Find(_local, v => v.Name == name);

    /// <summary>Where a stream's next run goes: where its last one went, as long as that works; otherwise to the fast volume with most room for each stream it has.</summary>
    /// <param name="streams">Recorded to a volume just now.</param>
    /// <param name="last">Name; null: there is no last one.</param>
    public Volume Choose(string? last, Func<Volume, int> streams)
    {
        var fast = Fast.ToList();
        var working = fast.Where(v => !v.IsShunned).ToList();
        if (working.Count == 0)
            working = fast;
        return working.Find(v => v.Name == last) ?? working.MaxBy(v => Room(v) / (1.0 + streams(v)))!;
    }

    /// <summary>Another fast volume that works; null: none.</summary>
    public Volume? Other(Volume than, Func<Volume, int> streams) =>
        Fast.Where(v => v != than && !v.IsShunned && Room(v) > 0).MaxBy(v => Room(v) / (1.0 + streams(v)));

    public IEnumerable<string> Cameras() => _local.SelectMany(v => v.Folder.Cameras()).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);

    /// <summary>Every stream that has a closed segment on a local volume.</summary>
    public IEnumerable<(string Camera, StreamKind Stream)> Streams() =>
        Cameras().SelectMany(c => new[] { (c, StreamKind.Main), (c, StreamKind.Sub) }).Where(s => Newest(s.c, s.Item2) is not null);

    /// <summary>
    /// The same for whoever has an index. A stream that it doesn't know began after the newest row of its camera, or the row of its first file would
    /// have come before: so a camera without a sub-stream costs a look into its last folders, not a walk through a month of them.
    /// </summary>
    /// <param name="known">Streams of the index, and from when on it may lack files of them.</param>
    public List<(string Camera, StreamKind Stream)> Streams(IReadOnlyDictionary<(string Camera, StreamKind Stream), WallTime> known)
    {
        var since = known.GroupBy(k => k.Key.Camera).ToDictionary(g => g.Key, g => g.Min(k => k.Value));
        return [.. Cameras().SelectMany(c => new[] { (Camera: c, Stream: StreamKind.Main), (Camera: c, Stream: StreamKind.Sub) }).Where(s => known.ContainsKey(s)
            || (since.TryGetValue(s.Camera, out var from) ? Segments(s.Camera, s.Stream, from).Any() : Newest(s.Camera, s.Stream) is not null))];
    }

    /// <summary>Closed segments of a stream on local volumes that start at or after a moment, in order; one that lies on two volumes twice.</summary>
    public IEnumerable<(SegmentName Name, Volume Volume)> Segments(string camera, StreamKind stream, WallTime earliest = default)
    {
        var local = _local;
        if (local.Length == 1)
            return local[0].Folder.Segments(camera, stream, earliest).Select(n => (n, local[0]));
        return local.SelectMany(v => v.Folder.Segments(camera, stream, earliest).Select(n => (Name: n, Volume: v))).OrderBy(s => s.Name.StartMilliseconds);
    }

    /// <summary>The latest closed segment of a stream on a local volume.</summary>
    public SegmentName? Newest(string camera, StreamKind stream)
    {
        SegmentName? newest = null;
        foreach (var volume in _local)
        {
            if (volume.Folder.Newest(camera, stream) is { } name && !(newest?.StartMilliseconds >= name.StartMilliseconds))
                newest = name;
        }

        return newest;
    }

    /// <summary>Files left in the open folders, oldest first.</summary>
    public List<(string Camera, SegmentName Name, string Path, Volume Volume)> OpenFiles(List<string>? strays = null) =>
        [.. _local.SelectMany(v => v.Folder.OpenFiles(strays).Select(f => (f.Camera, f.Name, f.Path, Volume: v))).OrderBy(f => f.Name.StartMilliseconds)];

    /// <summary>Where a segment's file is just now: where the index says, or wherever it was moved since. Null: on no local volume.</summary>
    /// <param name="volume">Where it should be; null: nobody knows.</param>
    public string? PathOf(string camera, SegmentName name, string? volume)
    {
        var expected = volume is null ? null : Find(volume);
        if (expected is not null && expected.Folder.PathOf(camera, name) is var path && File.Exists(path))
            return path;
        return _local.Where(v => v != expected).Select(v => v.Folder.PathOf(camera, name)).FirstOrDefault(File.Exists);
    }

    /// <summary>For people: <c>camera/day/hour/name</c>, with the volume before it where there are several.</summary>
    public string Relative(string path)
    {
        foreach (var volume in _local)
        {
            string relative = volume.Folder.Relative(path);
            if (!relative.StartsWith("..", StringComparison.Ordinal))
                return _local.Length == 1 ? relative : $"{volume.Name}:{relative}";
        }

        return path;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var volume in _local)
            await volume.DisposeAsync();
        foreach (var store in Stores)
            store.Dispose();
    }

    static double Room(Volume volume)
    {
        try
        {
            var space = volume.Disk.Space(volume.Folder.Root);
            return Math.Max(0, space.Free - volume.Config.Reserve.Of(space.Capacity) / 2.0) + 1;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }
}
