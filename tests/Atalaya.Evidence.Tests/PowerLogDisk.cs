namespace Atalaya.Evidence.Tests;

/// <summary>What a loss of power leaves of that which no sync had confirmed.</summary>
public enum Survival
{
    /// <summary>Nothing: neither names nor bytes.</summary>
    Nothing,

    /// <summary>All of it: the process died, not the machine.</summary>
    Everything,

    /// <summary>Each name or not, bytes whole, torn or empty, as it falls out.</summary>
    Some,
}

/// <summary>
/// A disk in memory with a record of all that is done to it, from which it makes the disk that a loss of power would have left after any step. A file's
/// bytes are safe with the sync that <see cref="Write"/> ends with, a name with that of its folder; a replaced file is the old or the new one.
/// </summary>
sealed class PowerLogDisk : LogDisk
{
    enum Kind
    {
        MakeFolder,
        Write,
        Sync,
        Replace,
        SyncFolder,
        DeleteFile,
        DeleteFolder,
    }

    /// <param name="File">Which file, whatever its name.</param>
    sealed record Step(Kind Kind, string Path, int File = -1, string To = "", byte[]? Bytes = null);

    readonly Lock _gate = new();
    readonly List<Step> _steps = [];                                            // under _gate, as all below
    readonly Dictionary<string, int> _names = new(StringComparer.Ordinal);      // −1: a folder
    readonly Dictionary<int, byte[]> _bytes = [];
    readonly HashSet<string> _locked = new(StringComparer.Ordinal);
    int _files, _attempts;

    /// <summary>The attempts that fail, counted from 0.</summary>
    public HashSet<int> FailAt { get; init; } = [];

    /// <summary>Steps that were tried.</summary>
    public int Attempts
    {
        get
        {
            lock (_gate)
                return _attempts;
        }
    }

    public int Count
    {
        get
        {
            lock (_gate)
                return _steps.Count;
        }
    }

    /// <summary>Called after every step with their number, on the thread that made it.</summary>
    public Action<int>? Stepped { get; set; }

    public string Describe(int count)
    {
        lock (_gate)
            return string.Join('\n', _steps.Take(count).Select((s, i) => $"{i} {s.Kind} {s.Path} {s.To} {s.Bytes?.Length}").TakeLast(15));
    }

    public override byte[]? Read(string path)
    {
        lock (_gate)
            return _names.TryGetValue(path, out int file) && file >= 0 ? _bytes[file] : null;
    }

    public override bool FolderExists(string path)
    {
        lock (_gate)
            return _names.TryGetValue(path, out int file) && file < 0;
    }

    public override void MakeFolder(string path)
    {
        Try();
        lock (_gate)
        {
            if (_names.ContainsKey(path))
                return;
            if (Path.GetDirectoryName(path) is { Length: > 1 } above && !_names.ContainsKey(above))
                throw new DirectoryNotFoundException(above);
            _names[path] = -1;
        }

        Did(new(Kind.MakeFolder, path));
    }

    public override void Write(string path, ReadOnlySpan<byte> bytes)
    {
        Try();
        int file;
        lock (_gate)
        {
            if (!_names.ContainsKey(Path.GetDirectoryName(path)!))
                throw new DirectoryNotFoundException(path);
            if (!_names.TryGetValue(path, out file))
                _names[path] = file = _files++;
            _bytes[file] = bytes.ToArray();
        }

        Did(new(Kind.Write, path, file, Bytes: bytes.ToArray()));
        Try();
        Did(new(Kind.Sync, path, file));
    }

    public override void Replace(string from, string to)
    {
        Try();
        int file;
        lock (_gate)
        {
            _names.Remove(from, out file);
            _names[to] = file;
        }

        Did(new(Kind.Replace, from, file, to));
    }

    public override void Hide(string path)
    {
    }

    public override void DeleteFile(string path)
    {
        Try();
        lock (_gate)
        {
            if (!_names.Remove(path))
                return;
        }

        Did(new(Kind.DeleteFile, path));
    }

    public override void SyncFolder(string path)
    {
        Try();
        Did(new(Kind.SyncFolder, path));
    }

    public override void DeleteFolder(string path)
    {
        Try();
        lock (_gate)
        {
            if (!_names.ContainsKey(path))
                return;
            foreach (string name in _names.Keys.Where(n => n == path || n.StartsWith(path + "/", StringComparison.Ordinal)).ToArray())
                _names.Remove(name);
        }

        Did(new(Kind.DeleteFolder, path));
    }

    public override IDisposable Lock(string path)
    {
        lock (_gate)
            return _locked.Add(path) ? new Held(this, path) : throw new IOException($"{path} is in use.");
    }

    /// <summary>The disk that would be found if the power had gone after so many steps.</summary>
    public PowerLogDisk After(int count, Survival survival, Random random)
    {
        lock (_gate)
        {
            var steps = _steps[..count];
            var found = new PowerLogDisk { _files = _files };
            for (int i = 0; i < steps.Count; i++)
            {
                var step = steps[i];
                bool isNew = step.Kind == Kind.Write && !steps.Take(i).Any(s => s.Kind == Kind.Write && s.File == step.File);
                if (step.Kind is Kind.Sync or Kind.SyncFolder || (step.Kind == Kind.Write && !isNew) || !Survives(step, i))
                    continue;
                switch (step.Kind)
                {
                    case Kind.Replace:
                        found._names.Remove(step.Path);
                        found._names[step.To] = step.File;
                        break;
                    case Kind.DeleteFile:
                        found._names.Remove(step.Path);
                        break;
                    case Kind.DeleteFolder:
                        foreach (string name in found._names.Keys.Where(n => n == step.Path || n.StartsWith(step.Path + "/", StringComparison.Ordinal)).ToArray())
                            found._names.Remove(name);
                        break;
                    default:
                        found._names[step.Path] = step.File;
                        break;
                }
            }

            // What lies in a folder that nobody finds is not found.
            foreach (string name in found._names.Keys.OrderBy(n => n.Length).ToArray())
            {
                if (Path.GetDirectoryName(name) is { Length: > 1 } above && !found._names.ContainsKey(above))
                    found._names.Remove(name);
            }

            foreach (int file in found._names.Values.Where(f => f >= 0).Distinct().ToArray())
                found._bytes[file] = Content(file);
            return found;

            bool Survives(Step step, int at)
            {
                string folder = Path.GetDirectoryName(step.To.Length > 0 ? step.To : step.Path)!;
                return survival == Survival.Everything || steps.FindIndex(at, s => s.Kind == Kind.SyncFolder && s.Path == folder) >= 0
                    || (survival == Survival.Some && random.Next(2) == 0);
            }

            byte[] Content(int file)
            {
                int written = steps.FindLastIndex(s => s.Kind == Kind.Write && s.File == file), synced = steps.FindLastIndex(s => s.Kind == Kind.Sync && s.File == file);
                byte[] bytes = steps[written].Bytes!;
                if (synced > written || survival == Survival.Everything)
                    return bytes;
                return survival == Survival.Nothing ? [] : bytes[..random.Next(bytes.Length + 1)];
            }
        }
    }

    void Try()
    {
        lock (_gate)
        {
            if (FailAt.Contains(_attempts++))
                throw new IOException("Input/output error");
        }
    }

    void Did(Step step)
    {
        int count;
        lock (_gate)
        {
            _steps.Add(step);
            count = _steps.Count;
        }

        Stepped?.Invoke(count);
    }

    sealed class Held(PowerLogDisk disk, string path) : IDisposable
    {
        public void Dispose()
        {
            lock (disk._gate)
                disk._locked.Remove(path);
        }
    }
}

/// <summary>Nothing waits: timers fire as soon as they are set.</summary>
sealed class HurriedClock : TimeProvider
{
    public override DateTimeOffset GetUtcNow() => new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        base.CreateTimer(callback, state, dueTime == Timeout.InfiniteTimeSpan ? dueTime : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
}
