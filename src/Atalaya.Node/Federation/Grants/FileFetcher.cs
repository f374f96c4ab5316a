using System.Net;
using System.Security.Cryptography;

using Atalaya.Evidence;
using Atalaya.Node.Federation.Links;

namespace Atalaya.Node.Federation.Grants;

/// <summary>How fetching a file went.</summary>
enum FetchEnd
{
    /// <summary>It is there, and has the digest that was named.</summary>
    Done,

    /// <summary>The other node can't be reached, or the connection was lost: what came is kept, and it goes on there the next time.</summary>
    Away,

    /// <summary>The other node doesn't give it: withdrawn, over, or never there.</summary>
    Refused,

    /// <summary>What came, all of it just now, isn't what was named; nothing of it is kept.</summary>
    Altered,
}

/// <summary>Fetches files that another node named (<see cref="LinkFiles"/>) into a <c>.part</c>, goes on where it stopped, and checks the digest before the file gets its name.</summary>
sealed class FileFetcher(Peers peers, LinkBook links, TimeProvider clock, ILogger<FileFetcher> log)
{
    // A link that carries less than this in so long is taken for lost: 16 KiB a minute is a tenth of the slowest line that anybody pays for.
    static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    const int Least = 16 << 10;

    /// <param name="file">As the message named it: no byte more than it says is written.</param>
    /// <param name="path">Where it shall be; beside it lies the part of it. One caller at a time.</param>
    /// <exception cref="IOException">It can't be written here.</exception>
    /// <exception cref="OperationCanceledException">Only through <paramref name="stop"/>.</exception>
    public async Task<FetchEnd> FetchAsync(Link from, LinkFile file, string path, CancellationToken stop)
    {
        if (File.Exists(path))
            return FetchEnd.Done;
        string part = path + ".part";
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await using var to = new FileStream(part, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1 << 18);
        if (to.Length > file.Bytes)
            to.SetLength(0);
        byte[] buffer = new byte[1 << 16];
        for (int got; (got = await to.ReadAsync(buffer, stop)) > 0;)
            hash.AppendData(buffer, 0, got);
        long kept = to.Length;
        if (kept < file.Bytes)
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
            try
            {
                using var linked = links.CutWith(from.Id, limit.Cancel);
                using var patience = clock.CreateTimer(_ => Cancel(limit), null, Patience, Timeout.InfiniteTimeSpan);
                if (await CopyAsync(from, file, to, hash, buffer, patience, limit.Token) is { } refused)
                    return refused;
            }
            catch (Exception fault) when (fault is HttpRequestException or HttpIOException || (fault is OperationCanceledException && !stop.IsCancellationRequested))
            {
                log.LogDebug("{File} of {Link} waits at {Length} of {Bytes} bytes: {Fault}", file.Name, from.Id, to.Length, file.Bytes, fault.Message);
                return FetchEnd.Away;
            }
            finally
            {
                to.Flush(flushToDisk: true);
            }
        }

        if (to.Length < file.Bytes)
            return FetchEnd.Away;
        if (Convert.ToHexStringLower(hash.GetCurrentHash()) != file.Sha256)
        {
            to.Close();
            File.Delete(part);
            if (kept > 0)
            {
                // Of what lay here a loss of power may have left less than its length says: only who sent all of it just now sent something else.
                log.LogWarning("{File}, fetched over link {Link} in parts, isn't what was named: it is fetched anew.", file.Name, from.Id);
                return FetchEnd.Away;
            }

            log.LogWarning("{File}, fetched over link {Link}, isn't what was named: its digest is another.", file.Name, from.Id);
            return FetchEnd.Altered;
        }

        to.Close();
        File.Move(part, path);
        new LocalLogDisk().SyncFolder(Path.GetDirectoryName(path)!);
        return FetchEnd.Done;
    }

    // Null: as much as came is written.
    async Task<FetchEnd?> CopyAsync(Link from, LinkFile file, FileStream to, IncrementalHash hash, byte[] buffer, ITimer patience, CancellationToken stop)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"link/1/files/{Uri.EscapeDataString(file.Id)}");
        if (to.Length > 0)
            request.Headers.Range = new(to.Length, null);
        using var response = await peers.For(from).SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stop);
        if (response.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.Gone or HttpStatusCode.Forbidden or HttpStatusCode.RequestedRangeNotSatisfiable)
            return FetchEnd.Refused;
        if (response.StatusCode is not (HttpStatusCode.OK or HttpStatusCode.PartialContent))
            return FetchEnd.Away;
        if (to.Length > 0 && (response.StatusCode == HttpStatusCode.OK || response.Content.Headers.ContentRange?.From != to.Length))
        {
            // It begins anew there: so here.
            to.SetLength(0);
            _ = hash.GetHashAndReset();
            if (response.StatusCode != HttpStatusCode.OK)
                return FetchEnd.Away;
        }

        await using var body = await response.Content.ReadAsStreamAsync(stop);
        patience.Change(Patience, Timeout.InfiniteTimeSpan);
        for (long since = to.Length; to.Length < file.Bytes;)
        {
            if (to.Length - since >= Least)
            {
                since = to.Length;
                patience.Change(Patience, Timeout.InfiniteTimeSpan);
            }

            int got;
            try
            {
                got = await body.ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, file.Bytes - to.Length)), stop);
            }
            catch (IOException)
            {
                // The connection broke; what can't be written here is another matter.
                break;
            }

            if (got == 0)
                break;
            hash.AppendData(buffer, 0, got);
            await to.WriteAsync(buffer.AsMemory(0, got), stop);
            await to.FlushAsync(stop);
        }

        return null;
    }

    static void Cancel(CancellationTokenSource limit)
    {
        try
        {
            limit.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It has ended just now.
        }
    }
}
