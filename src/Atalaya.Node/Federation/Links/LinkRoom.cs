using System.Collections.Concurrent;

using Atalaya.Node.Federation.Grants;
using Atalaya.Node.Footage;
using Atalaya.Node.Options;
using Atalaya.Node.Store;

using Dapper;

namespace Atalaya.Node.Federation.Links;

/// <summary>
/// Room on this node's disk for what others give. Nothing is fetched into what recording needs, and nobody gets more of the disk than their part: what finds no room waits, and says why.
/// </summary>
sealed class LinkRoom(NodeDatabase database, LinkBook links, Recordings recordings, NodeOptions options)
{
    readonly ConcurrentDictionary<(string Link, string What), string> _waiting = [];
    long _promised;     // bytes to what is fetched just now

    /// <summary>Why something of a link waits, a sentence.</summary>
    public IEnumerable<(string Link, string Why)> Waiting => _waiting.Where(w => links.IsActive(w.Key.Link)).Select(w => (w.Key.Link, w.Value));

    /// <summary>Of these, nothing waits any more but that of such links.</summary>
    public void Only(string what, IReadOnlySet<string> those)
    {
        foreach (var key in _waiting.Keys.Where(k => k.What == what && !those.Contains(k.Link)))
            _waiting.TryRemove(key, out _);
    }

    /// <param name="what">files or documents.</param>
    /// <param name="bytes">Of the whole file.</param>
    /// <param name="part">Of those, here already.</param>
    /// <param name="others">Bytes of parts of others of this link.</param>
    /// <returns>The room, to be disposed of when the file is here or given up; null: there is none, and why.</returns>
    public async Task<(IDisposable? Room, string Why)> TakeAsync(Link link, string what, long bytes, long part, long others, CancellationToken stop)
    {
        long kept = others + await KeptAsync(link, stop);
        string? why = kept + bytes > options.Federation.MaxTotal.Bytes
            ? $"What {link.Name} gave takes {new ByteSize(kept)} here, and {new ByteSize(bytes)} more are beyond its part of {options.Federation.MaxTotal} (option federation.maxTotal). Delete what nobody needs."
            : null;
        if (why is null)
        {
            var drive = new DriveInfo(database.Folder.Path);
            // On the disk that footage is on, half of the reserve is left to it whatever comes: below, recording would lose what it has.
            long reserve = recordings.Caretaker.Status.Volumes.Where(v => v.Capacity == drive.TotalSize).Select(v => v.Reserve / 2).DefaultIfEmpty(0).Max();
            long floor = Math.Max(options.Federation.KeepFree.Bytes, reserve), wanted = bytes - part;
            if (drive.AvailableFreeSpace - Interlocked.Add(ref _promised, wanted) >= floor)
            {
                _waiting.TryRemove((link.Id, what), out _);
                return (new Taken(() => Interlocked.Add(ref _promised, -wanted)), "");
            }

            Interlocked.Add(ref _promised, -wanted);
            why = $"{new ByteSize(bytes)} of {link.Name} wait for room: {new ByteSize(floor)} of the disk stay free (option federation.keepFree, and what recording needs).";
        }

        _waiting[(link.Id, what)] = why;
        return (null, why);
    }

    // Whatever a link's other side gave and is here: files of grants and documents.
    async Task<long> KeptAsync(Link link, CancellationToken stop)
    {
        await using var connection = await database.Source.OpenConnectionAsync(stop);
        long files = (await ShareStore.ReadAsync(connection, "direction = 'received' and link = @Id and file_state = 'Here' and card is null", new { link.Id }, stop)).Sum(r => r.Terms.Bytes ?? 0);
        return files + await connection.ExecuteScalarAsync<long>(new CommandDefinition(
            "select cast(coalesce(sum(bytes), 0) as bigint) from request_files where link = @Id and ours = 0 and here = 1", new { link.Id }, cancellationToken: stop));
    }
}
