using System.Globalization;
using System.Text;

namespace Atalaya.Evidence;

/// <summary>That the key of a log is followed by another, as a signed note: the earlier key says so, and the next one that its owner has it.</summary>
/// <param name="Origin">The log's name, which stays.</param>
/// <param name="Size">Leaves when the key changed: what is signed from there on needs the next key's signature.</param>
/// <param name="Revoked">The earlier key counts for nothing signed after this, whatever the time in it says: somebody else may have it.</param>
/// <param name="Reason">One line for people; may be empty.</param>
public sealed record KeyStatement(string Origin, NoteKey Earlier, NoteKey Next, long Size, DateTimeOffset At, bool Revoked, string Reason)
{
    const string Header = "atalaya key v1";
    const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss'Z'";

    /// <summary>Of the note: lines of a name, a space, and what it says.</summary>
    public string Text => string.Create(
        CultureInfo.InvariantCulture,
        $"{Header}\nlog {Origin}\nearlier {Earlier}\nnext {Next}\nsize {Size}\ntime {At.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture)}\nearlier-key {(Revoked ? "revoked" : "retired")}\nreason {Reason}\n");

    /// <summary>A reason as one line can hold it.</summary>
    public static string Line(string reason) => string.Join(' ', reason.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)) is var line && line.Length <= MaxReason ? line : line[..MaxReason];

    /// <summary>Of a reason, in characters.</summary>
    public const int MaxReason = 400;

    public static bool TryParse(string text, out KeyStatement statement)
    {
        statement = null!;
        if (text.Split('\n') is not [Header, var log, var earlier, var next, var size, var time, var fate, var reason, ""]
            || !Field(ref log, "log") || !Field(ref earlier, "earlier") || !Field(ref next, "next") || !Field(ref size, "size") || !Field(ref time, "time")
            || !Field(ref fate, "earlier-key") || !Field(ref reason, "reason")
            || !NoteKey.TryParse(earlier, out var before) || !NoteKey.TryParse(next, out var after) || before.Name != log || after.Name != log
            || before.Kind != NoteSignatureKind.Ed25519 || after.Kind != NoteSignatureKind.Ed25519 || before.PublicKey.SequenceEqual(after.PublicKey)
            || !Checkpoint.TryReadSize(size, out long leaves) || fate is not ("revoked" or "retired")
            || !DateTimeOffset.TryParseExact(time, TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at))
        {
            return false;
        }

        statement = new(log, before, after, leaves, at, fate == "revoked", reason);
        return true;
    }

    static bool Field(ref string line, string name)
    {
        if (!line.StartsWith(name, StringComparison.Ordinal) || line.Length <= name.Length || line[name.Length] != ' ')
            return false;
        line = line[(name.Length + 1)..];
        return true;
    }
}

/// <summary>All changes of a log's key, in their order: the file <c>log/keys</c>. Notes, parted by an empty line.</summary>
public sealed class KeyHistory
{
    public const string FileName = "keys";

    /// <summary>A key lasts for years.</summary>
    public const int MaxStatements = 200;

    const int MaxLength = MaxStatements * 4096;

    KeyHistory(IReadOnlyList<(KeyStatement Statement, SignedNote Note)> changes) => Changes = changes;

    public static KeyHistory Empty { get; } = new([]);

    public IReadOnlyList<(KeyStatement Statement, SignedNote Note)> Changes { get; }

    /// <summary>Adds a change, signed by both keys.</summary>
    public KeyHistory Add(KeyStatement statement, NoteSigner earlier, NoteSigner next)
    {
        if (earlier.Key.ToString() != statement.Earlier.ToString() || next.Key.ToString() != statement.Next.ToString())
            throw new ArgumentException("A change of keys is signed by the two keys that it names.", nameof(statement));
        var note = new SignedNote(statement.Text, []);
        return new([.. Changes, (statement, note with { Signatures = [earlier.Sign(note.TextBytes, statement.At), next.Sign(note.TextBytes, statement.At)] })]);
    }

    public override string ToString() => string.Join('\n', Changes.Select(c => c.Note));

    /// <summary>Reads the file, and checks that each statement is signed by both of its keys. Whether they lead anywhere says <see cref="Follow"/>.</summary>
    public static bool TryParse(ReadOnlySpan<byte> file, out KeyHistory history)
    {
        history = null!;
        if (file.Length > MaxLength)
            return false;
        var changes = new List<(KeyStatement, SignedNote)>();
        while (!file.IsEmpty)
        {
            // A text, an empty line, its signatures; and another empty line before the next.
            int text = file.IndexOf("\n\n"u8);
            if (text < 0 || changes.Count == MaxStatements)
                return false;
            int signatures = file[(text + 2)..].IndexOf("\n\n"u8), end = signatures < 0 ? file.Length : text + 2 + signatures + 1;
            if (!SignedNote.TryParse(file[..end], out var note) || !KeyStatement.TryParse(note.Text, out var statement)
                || !note.TryVerify([statement.Earlier], out _) || !note.TryVerify([statement.Next], out _))
            {
                return false;
            }

            changes.Add((statement, note));
            if (end < file.Length && file.Length == end + 1)
                return false;
            file = end < file.Length ? file[(end + 1)..] : [];
        }

        history = new(changes);
        return true;
    }

    /// <summary>
    /// The key that speaks for the log now, to somebody who knows one from before: each statement that the known key signed leads to the next. A key that no statement follows is
    /// its own last.
    /// </summary>
    /// <returns>All keys from the known one on, the last being in force.</returns>
    public IReadOnlyList<NoteKey> Follow(NoteKey known)
    {
        var keys = new List<NoteKey> { known };
        foreach (var (statement, _) in Changes)
        {
            if (statement.Earlier.ToString() == keys[^1].ToString())
                keys.Add(statement.Next);
        }

        return keys;
    }

    /// <summary>
    /// The key whose signature a checkpoint of this size needs, to somebody who knows a key of the log: the one in force when the log had so many leaves. A checkpoint from before a
    /// change is the earlier key's; one of exactly the size of the change may be either's, and is believed from the next.
    /// </summary>
    public NoteKey At(NoteKey known, long size)
    {
        var key = known;
        foreach (var (statement, _) in Changes)
        {
            if (statement.Earlier.ToString() == key.ToString() && size >= statement.Size)
                key = statement.Next;
        }

        return key;
    }

    /// <summary>UTF-8.</summary>
    public byte[] ToBytes() => Encoding.UTF8.GetBytes(ToString());
}
