using Atalaya.Evidence;

namespace Atalaya.Verify;

/// <summary>
/// Keys of logs and witnesses that this person has compared with their owners, one in a line of a text file. Nothing comes into it but by <c>keep</c>.
/// </summary>
sealed class KeptKeys(string file)
{
    public string File => file;

    /// <summary><c>ATALAYA_VERIFY_KEYS</c>, or <c>atalaya/keys</c> in the folder of a user's configuration.</summary>
    public static KeptKeys Usual()
    {
        string? given = Environment.GetEnvironmentVariable("ATALAYA_VERIFY_KEYS");
        return new(string.IsNullOrEmpty(given)
            ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.ApplicationData, Environment.SpecialFolderOption.DoNotVerify), "atalaya", "keys")
            : given);
    }

    /// <exception cref="InvalidDataException">A line isn't a key.</exception>
    public IReadOnlyList<NoteKey> Read() => System.IO.File.Exists(file) ? Parse(System.IO.File.ReadAllText(file), file) : [];

    /// <summary>False: it was there.</summary>
    public bool Keep(NoteKey key)
    {
        var keys = Read();
        if (keys.Any(k => k.ToString() == key.ToString()))
            return false;
        Write([.. keys, key]);
        return true;
    }

    /// <summary>False: it wasn't there.</summary>
    public bool Forget(NoteKey key)
    {
        var keys = Read();
        NoteKey[] left = [.. keys.Where(k => k.ToString() != key.ToString())];
        if (left.Length == keys.Count)
            return false;
        Write(left);
        return true;
    }

    /// <summary>Keys, one in a line; empty lines and such that begin with # say nothing.</summary>
    public static IReadOnlyList<NoteKey> Parse(string text, string name)
    {
        var keys = new List<NoteKey>();
        foreach (var (number, line) in text.Split('\n').Select((l, i) => (i + 1, l.Trim())))
        {
            if (line.Length == 0 || line[0] == '#')
                continue;
            keys.Add(NoteKey.TryParse(line, out var key) ? key : throw new InvalidDataException($"{name}, line {number}: that isn't a key (name+8 digits+base64)."));
        }

        return keys;
    }

    void Write(IEnumerable<NoteKey> keys)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(file))!);
        // Whole or not at all.
        System.IO.File.WriteAllText(file + ".new", string.Concat(keys.Select(k => $"{k}\n")));
        System.IO.File.Move(file + ".new", file, overwrite: true);
    }
}
