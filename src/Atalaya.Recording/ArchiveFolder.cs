using Atalaya.Media;

namespace Atalaya.Recording;

/// <summary>
/// Where files lie: closed segments in <c>&lt;camera&gt;/&lt;yyyy-MM-dd&gt;/&lt;HH&gt;/&lt;start&gt;.mp4</c>, those being written in
/// <c>.open/&lt;camera&gt;~&lt;start&gt;.part</c>, so that a start up finds them without walking through a month of folders.
/// </summary>
sealed class ArchiveFolder(string root)
{
    public const string DamagedName = ".damaged";
    const string PartExtension = ".part", DoubtExtension = ".doubt";

    public string Root { get; } = Path.GetFullPath(root);
    public string Open => Path.Combine(Root, ".open");

    /// <summary>Files that a repair took out of their place; no footage, kept for people.</summary>
    public string Damaged => Path.Combine(Root, DamagedName);

    /// <summary>Lies beside an open file of which a sync failed: a mark for a process that comes after this one.</summary>
    public static string DoubtPath(string openPath) => openPath + DoubtExtension;

    public string OpenPath(string camera, SegmentName name) => Path.Combine(Open, $"{camera}~{name}{PartExtension}");

    public string PathOf(string camera, SegmentName name) => Path.Combine(Root, camera, name.RelativePath());

    public string Relative(string path) => Path.GetRelativePath(Root, path);

    /// <summary>Files left in the open folder, oldest first; those whose name says nothing are strays.</summary>
    public List<(string Camera, SegmentName Name, string Path)> OpenFiles(List<string>? strays = null)
    {
        var found = new List<(string Camera, SegmentName Name, string Path)>();
        foreach (string path in Entries(Open, Directory.EnumerateFileSystemEntries))
        {
            string[] parts = Path.GetFileNameWithoutExtension(path).Split('~');
            if (parts.Length == 2 && Path.GetExtension(path) == PartExtension && SegmentName.IsCamera(parts[0]) && SegmentName.TryParse(parts[1], out var name))
                found.Add((parts[0], name, path));
            else if (Path.GetExtension(path) != DoubtExtension)
                strays?.Add(path);
        }

        found.Sort((a, b) => a.Name.StartMilliseconds.CompareTo(b.Name.StartMilliseconds));
        return found;
    }

    public IEnumerable<string> Cameras() =>
        Entries(Root, Directory.EnumerateDirectories).Select(p => Path.GetFileName(p)!).Where(SegmentName.IsCamera).Order(StringComparer.Ordinal);

    /// <summary>Closed segments of a stream that start at or after <paramref name="earliest"/>, in order.</summary>
    public IEnumerable<SegmentName> Segments(string camera, StreamKind stream, WallTime earliest = default) =>
        from day in Folders(Path.Combine(Root, camera), newestFirst: false)
        where string.CompareOrdinal(day, $"{earliest.ToDateTimeOffset():yyyy-MM-dd}") >= 0
        from hour in Folders(Path.Combine(Root, camera, day), newestFirst: false)
        where string.CompareOrdinal($"{day}/{hour}", $"{earliest.ToDateTimeOffset():yyyy-MM-dd'/'HH}") >= 0
        from name in Names(camera, day, hour, stream)
        where name.Start >= earliest
        select name;

    /// <summary>The latest closed segment of a stream.</summary>
    public SegmentName? Newest(string camera, StreamKind stream)
    {
        foreach (string day in Folders(Path.Combine(Root, camera), newestFirst: true))
        {
            foreach (string hour in Folders(Path.Combine(Root, camera, day), newestFirst: true))
            {
                var names = Names(camera, day, hour, stream);
                if (names.Count > 0)
                    return names[^1];
            }
        }

        return null;
    }

    /// <summary>What lies in a camera's folder and is no segment in its place.</summary>
    public IEnumerable<string> Strays(string camera)
    {
        foreach (string path in Directory.EnumerateFiles(Path.Combine(Root, camera), "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.None }))
        {
            if (!SegmentName.TryParse(Path.GetFileNameWithoutExtension(path), out var name) || PathOf(camera, name) != path)
                yield return path;
        }
    }

    List<SegmentName> Names(string camera, string day, string hour, StreamKind stream)
    {
        var names = new List<SegmentName>();
        foreach (string path in Entries(Path.Combine(Root, camera, day, hour), Directory.EnumerateFiles))
        {
            if (SegmentName.TryParse(Path.GetFileNameWithoutExtension(path), out var name) && name.Stream == stream && PathOf(camera, name) == path)
                names.Add(name);
        }

        names.Sort((a, b) => a.StartMilliseconds.CompareTo(b.StartMilliseconds));
        return names;
    }

    static IEnumerable<string> Folders(string path, bool newestFirst)
    {
        var names = Entries(path, Directory.EnumerateDirectories).Select(p => Path.GetFileName(p)!).Order(StringComparer.Ordinal);
        return newestFirst ? names.Reverse() : names;
    }

    static IEnumerable<string> Entries(string path, Func<string, IEnumerable<string>> list)
    {
        try
        {
            return list(path);
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
    }
}
