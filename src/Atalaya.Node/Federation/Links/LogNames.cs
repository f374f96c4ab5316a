using System.Text;

using Atalaya.Evidence;
using Atalaya.Node.Options;

namespace Atalaya.Node.Federation.Links;

/// <summary>Whose the names of logs are: a key is shown by whoever has it, a name by anybody.</summary>
static class LogNames
{
    /// <param name="key">That a node shows as its log's.</param>
    /// <param name="keys">How it came to be, see <see cref="Link.Keys"/>.</param>
    /// <param name="own">Name of this node's log; null: it isn't open.</param>
    /// <param name="links">With other nodes.</param>
    /// <returns>Who else has the name of that log, in words; null: nobody, or it is the same log.</returns>
    public static string? OwnerOf(NoteKey key, string keys, string? own, EvidenceOptions options, IEnumerable<Link> links)
    {
        if (key.Name == own)
            return "this node's own log";
        var witnessed = options.WitnessedLogs.Select(t => NoteKey.TryParse(t, out var known) ? known : throw new InvalidDataException(t)).Where(k => k.Name == key.Name).ToList();
        if (witnessed.Count > 0 && !witnessed.Exists(k => IsSame(k, key, keys)))
            return "a log of evidence.witnessedLogs, which has another key there";
        return links.FirstOrDefault(l => l.LogKey.Name == key.Name && !IsSame(l.LogKey, key, keys) && !IsSame(key, l.LogKey, l.Keys)) is { } other ? $"the log of {other.Name}" : null;
    }

    /// <summary>Whether one key is the other, or led to it.</summary>
    static bool IsSame(NoteKey earlier, NoteKey key, string keys) =>
        (KeyHistory.TryParse(Encoding.UTF8.GetBytes(keys), out var history) ? history.Follow(earlier)[^1] : earlier).ToString() == key.ToString();
}
