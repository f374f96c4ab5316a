using Atalaya.Media;
using Atalaya.Node.Store;

using Dapper;

namespace Atalaya.Node.Federation.Links;

/// <summary>What an honest node doesn't do: each is written down for oversight. The same within an hour is counted, so that a flood leaves a line and not a full disk.</summary>
sealed class LinkFaults(NodeDatabase database, TimeProvider clock, ILogger<LinkFaults> log)
{
    static readonly TimeSpan Together = TimeSpan.FromHours(1);

    /// <summary>Rows that are kept; who would write more finds the oldest gone, and their leaves in the log.</summary>
    const int MaxRows = 10_000;

    readonly Lock _counting = new();
    readonly Dictionary<(string Link, string Address, string What), (DateTimeOffset At, string Id, long Times, DateTimeOffset Told)> _recent = [];

    /// <param name="link">Empty: nobody that is known.</param>
    /// <param name="address">Of the connection, without its port.</param>
    /// <param name="what">Of a few words that are always the same, such as "wrong signature".</param>
    /// <param name="detail">A sentence.</param>
    public async Task AddAsync(string link, string address, string what, string detail, CancellationToken stop)
    {
        var now = clock.GetUtcNow();
        string id;
        long times;
        lock (_counting)
        {
            if (_recent.Count > MaxRows)
                _recent.Clear();
            var key = (link, address, what);
            if (_recent.TryGetValue(key, out var before) && now - before.At < Together)
            {
                (id, times) = (before.Id, before.Times + 1);
                bool tells = now - before.Told >= TimeSpan.FromSeconds(1);
                _recent[key] = (before.At, id, times, tells ? now : before.Told);
                if (!tells)
                    return;     // Counted; written with the next one, a second later or more.
            }
            else
            {
                (id, times) = (Guid.CreateVersion7(now).ToString("n"), 1);
                _recent[key] = (now, id, times, now);
            }
        }

        if (times == 1)
            log.LogWarning("From {Link} at {Address}: {What}. {Detail}", link.Length > 0 ? link : "an unknown node", address, what, detail);
        await using var connection = await database.Source.OpenConnectionAsync(stop);
        long at = WallTime.From(now).Microseconds;
        int changed = await connection.ExecuteAsync(new CommandDefinition("update link_faults set last_at = @at, times = @times where id = @id", new { id, at, times }, cancellationToken: stop));
        if (changed > 0)
            return;
        await connection.ExecuteAsync(new CommandDefinition(
            "insert into link_faults (id, link, address, what, detail, at, last_at, times) values (@id, @link, @address, @what, @detail, @at, @at, @times)",
            new { id, link, address, what, detail = detail.Length <= 500 ? detail : detail[..500], at, times }, cancellationToken: stop));
        await connection.ExecuteAsync(new CommandDefinition(
            "delete from link_faults where id in (select id from link_faults order by at desc, id desc limit 1000 offset @MaxRows)", new { MaxRows }, cancellationToken: stop));
    }

    public async Task<IReadOnlyList<LinkFaultJson>> ListAsync(int most, CancellationToken stop)
    {
        await using var connection = await database.Source.OpenConnectionAsync(stop);
        return [.. (await connection.QueryAsync<Row>(new CommandDefinition(
            "select link, address, what, detail, at, last_at as LastAt, times from link_faults order by last_at desc, id desc limit @most", new { most }, cancellationToken: stop)))
            .Select(r => new LinkFaultJson(r.Link, r.Address, r.What, r.Detail, new WallTime(r.At).ToDateTimeOffset(), new WallTime(r.LastAt).ToDateTimeOffset(), r.Times))];
    }

    sealed record Row(string Link, string Address, string What, string Detail, long At, long LastAt, long Times);
}
