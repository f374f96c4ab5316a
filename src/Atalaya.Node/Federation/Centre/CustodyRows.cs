using Atalaya.Federation.Centre;
using Atalaya.Node.Alarms;
using Atalaya.Node.Api;

using Microsoft.AspNetCore.Http.HttpResults;

namespace Atalaya.Node.Federation.Centre;

/// <summary>Who has an incident of this site: kept beside it, and nowhere else.</summary>
static class CustodyRows
{
    public static async Task<Custody> CustodyAsync(this CaseSession session, Guid incident) =>
        await session.FirstAsync<Row>("select holder, epoch, by_name as ByName from incident_custody where incident = @incident", new { incident = CaseSession.Written(incident) }) is { } row
            ? new(Enum.Parse<CaseHolder>(row.Holder), row.Epoch, row.ByName)
            : Custody.AtSite;

    /// <summary>Of those that the centre has or had; of all others it is <see cref="Custody.AtSite"/>.</summary>
    public static async Task<IReadOnlyDictionary<Guid, Custody>> CustodiesAsync(this CaseSession session, IReadOnlyList<Guid> incidents)
    {
        if (incidents.Count == 0)
            return new Dictionary<Guid, Custody>();
        var rows = await session.QueryAsync<Row>(
            "select incident, holder, epoch, by_name as ByName from incident_custody where incident in @incidents", new { incidents = incidents.Select(CaseSession.Written).ToList() });
        return rows.ToDictionary(r => Guid.ParseExact(r.Incident, "n"), r => new Custody(Enum.Parse<CaseHolder>(r.Holder), r.Epoch, r.ByName));
    }

    /// <summary>Writes it, and that the incident changed.</summary>
    public static async Task SaveAsync(this CaseSession session, Guid incident, Custody custody, DateTimeOffset at)
    {
        string id = CaseSession.Written(incident);
        await session.WriteAsync(
            """
            insert into incident_custody (incident, holder, epoch, by_name, at) values (@id, @Holder, @Epoch, @By, @at)
            on conflict (incident) do update set holder = excluded.holder, epoch = excluded.epoch, by_name = excluded.by_name, at = excluded.at
            """,
            new { id, Holder = custody.Holder.ToString(), custody.Epoch, custody.By, at = Media.WallTime.From(at).Microseconds });
        await session.WriteAsync("update incidents set change_number = @Change where id = @id", new { session.Change, id });
    }

    /// <summary>409: it isn't this site's to work just now.</summary>
    public static ProblemHttpResult AtCentre(Custody custody) => Problems.Conflict(
        "The centre has this incident", $"{custody.By} took it over. Write a note for them, or take it back first: POST …/take-back.");

    sealed class Row
    {
        public string Incident { get; init; } = "";
        public string Holder { get; init; } = "";
        public long Epoch { get; init; }
        public string ByName { get; init; } = "";
    }
}
