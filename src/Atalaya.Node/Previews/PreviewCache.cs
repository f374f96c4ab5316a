using System.Globalization;

using Atalaya.Recording;

namespace Atalaya.Node.Previews;

/// <summary>
/// Sprites on the disk, up to a budget; the one that nobody has looked at for longest goes first. A cache: its folder may be deleted at any time, also
/// while the node runs. Thread-safe.
/// </summary>
sealed class PreviewCache(string folder, long budget, ILogger log)
{
    // What a file takes on the disk, at least.
    const int Block = 4096;

    readonly Lock _gate = new();
    readonly Dictionary<PreviewMinute, LinkedListNode<(PreviewMinute Minute, long Bytes)>> _known = [];     // under _gate, as the next two
    readonly LinkedList<(PreviewMinute Minute, long Bytes)> _byUse = new();                                 // the longest unused first
    long _bytes;

    public long Bytes
    {
        get
        {
            lock (_gate)
                return _bytes;
        }
    }

    public bool Has(PreviewMinute minute)
    {
        lock (_gate)
            return _known.ContainsKey(minute);
    }

    public IReadOnlyList<PreviewMinute> Known()
    {
        lock (_gate)
            return [.. _known.Keys];
    }

    /// <summary>Finds what an earlier process kept, oldest first; whatever else lies in the folder is removed.</summary>
    public void Load(CancellationToken stop)
    {
        foreach (var file in new DirectoryInfo(folder).EnumerateFiles("*", SearchOption.AllDirectories).OrderBy(f => f.LastWriteTimeUtc))
        {
            stop.ThrowIfCancellationRequested();
            if (Path.GetRelativePath(folder, file.FullName).Split(Path.DirectorySeparatorChar) is [var camera, _, _, _] && SegmentName.IsCamera(camera)
                && long.TryParse(Path.GetFileNameWithoutExtension(file.Name), NumberStyles.None, CultureInfo.InvariantCulture, out long number)
                && number is >= PreviewMinute.Earliest and <= PreviewMinute.Latest
                && new PreviewMinute(camera, number) is var minute && PathOf(minute) == file.FullName)
            {
                lock (_gate)
                    Keep(minute, file.Length);
            }
            else
            {
                Delete(file.FullName);
            }
        }

        Shrink();
    }

    public async Task<PreviewSprite?> FindAsync(PreviewMinute minute, CancellationToken stop)
    {
        lock (_gate)
        {
            if (!_known.TryGetValue(minute, out var node))
                return null;
            _byUse.Remove(node);
            _byUse.AddLast(node);
        }

        try
        {
            if (PreviewSprite.Read(await File.ReadAllBytesAsync(PathOf(minute), stop)) is { } sprite)
                return sprite;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // Someone deleted it: then it is made again.
        }

        Remove(minute);
        return null;
    }

    /// <summary>Keeps it if the disk lets us; otherwise the log says so, and nothing else happens.</summary>
    public async Task PutAsync(PreviewMinute minute, PreviewSprite sprite, CancellationToken stop)
    {
        string path = PathOf(minute), part = $"{path}.{Guid.NewGuid():N}";
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            await File.WriteAllBytesAsync(part, sprite.Jpeg, stop);
            File.Move(part, path, overwrite: true);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or OperationCanceledException)
        {
            Delete(part);
            if (fault is not OperationCanceledException)
                log.LogWarning("A preview can't be kept: {Fault}", fault.Message);
            return;
        }

        lock (_gate)
            Keep(minute, sprite.Jpeg.Length);
        Shrink();
    }

    public void Remove(PreviewMinute minute)
    {
        lock (_gate)
        {
            if (!_known.Remove(minute, out var node))
                return;
            _byUse.Remove(node);
            _bytes -= node.Value.Bytes;
        }

        Delete(PathOf(minute));
    }

    void Keep(PreviewMinute minute, long bytes)
    {
        if (_known.Remove(minute, out var old))
        {
            _byUse.Remove(old);
            _bytes -= old.Value.Bytes;
        }

        bytes = (bytes + Block - 1) / Block * Block;
        _known[minute] = _byUse.AddLast((minute, bytes));
        _bytes += bytes;
    }

    void Shrink()
    {
        while (true)
        {
            PreviewMinute oldest;
            lock (_gate)
            {
                if (_bytes <= budget || _byUse.First is not { } first)
                    return;
                oldest = first.Value.Minute;
            }

            Remove(oldest);
        }
    }

    string PathOf(PreviewMinute minute) => Path.Combine(folder, minute.RelativePath());

    void Delete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            log.LogWarning("A preview can't be removed: {Fault}", fault.Message);
        }
    }
}
