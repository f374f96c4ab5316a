using System.Text.Json;

using Atalaya.Incidents;
using Atalaya.Incidents.Policy;
using Atalaya.Media;
using Atalaya.Node.Identity;

namespace Atalaya.Node.Alarms;

/// <summary>A policy and which number it has; 0: nobody has written one yet.</summary>
sealed record StandingPolicy(long Version, AlarmPolicy Policy, TimeZoneInfo Zone, string? By, WallTime? At);

/// <summary>What stands between events and alarms just now: policy, what is disarmed, what is suppressed. A snapshot that is swapped.</summary>
sealed record StandingOrders(StandingPolicy Policy, IReadOnlyList<Disarming> Disarmings, IReadOnlyList<Suppression> Suppressions, IReadOnlyDictionary<string, CameraPlace> Places)
{
    public Situation Situation(IReadOnlyList<Alarm> recent) => new() { Zone = Policy.Zone, Disarmings = Disarmings, Suppressions = Suppressions, Places = Places, Recent = recent };
}

/// <summary>Keeps the standing orders as the database has them.</summary>
sealed class Standing(Casebook book, CameraScopes scopes, TimeProvider clock, ILogger<Standing> log) : IHostedService
{
    /// <summary>What ended longer ago judges no event any more: none comes so late.</summary>
    static readonly TimeSpan Remembered = TimeSpan.FromDays(31);

    volatile StandingOrders? _orders;

    /// <summary>With the cameras' places of the moment: they change without an order.</summary>
    public StandingOrders Orders => (_orders ?? throw new InvalidOperationException("The node hasn't been started.")) with { Places = Places() };

    public Task StartAsync(CancellationToken stop) => LoadAsync(stop);

    public Task StopAsync(CancellationToken stop) => Task.CompletedTask;

    /// <summary>After a change.</summary>
    public async Task LoadAsync(CancellationToken stop) => _orders = await book.ReadAsync(ReadAsync, stop);

    /// <summary>As they are within a transaction: a decision and the orders it is made by belong together.</summary>
    public async Task<StandingOrders> ReadAsync(CaseSession session)
    {
        var row = await session.FirstAsync<PolicyRow>(PolicyRows.Last);
        long since = (WallTime.Now(clock) - Remembered).Microseconds;
        var disarmings = await session.QueryAsync<DisarmingRow>(
            "select id, camera_group as CameraGroup, site, from_us as FromUs, until_us as UntilUs, by_whom as ByWhom, reason from alarm_disarmings where until_us is null or until_us > @since order by from_us, id",
            new { since });
        var suppressions = await session.QueryAsync<string>("select body from alarm_suppressions where until_us > @since order by from_us, id", new { since });
        return new(
            Read(row),
            [.. disarmings.Select(d => new Disarming(
                Guid.ParseExact(d.Id, "n"), d.CameraGroup, new WallTime(d.FromUs).ToDateTimeOffset(), d.UntilUs is { } until ? new WallTime(until).ToDateTimeOffset() : null, d.ByWhom, d.Reason) { Site = d.Site })],
            [.. suppressions.Select(s => JsonSerializer.Deserialize<Suppression>(s, PolicyReader.Json)!)],
            Places());
    }

    Dictionary<string, CameraPlace> Places() => scopes.All.ToDictionary(s => s.Key, s => new CameraPlace(s.Value.Site, s.Value.Groups), StringComparer.Ordinal);

    /// <summary>The zone by this name; null: this machine knows none of it.</summary>
    public TimeZoneInfo? Zone(string? name) => name is null ? clock.LocalTimeZone : TimeZoneInfo.TryFindSystemTimeZoneById(name, out var zone) ? zone : null;

    StandingPolicy Read(PolicyRow? row)
    {
        if (row is null)
            return new(0, AlarmPolicy.Default, clock.LocalTimeZone, null, null);
        var at = new WallTime(row.At);
        if (row.Parse(out var faults) is { } policy && Zone(policy.Zone) is { } zone)
            return new(row.Version, policy, zone, row.ByWhom, at);
        // Written by a later version, or by hand. The default raises too much rather than too little.
        log.LogError("The alarm policy of version {Version} can't be used; the default decides. {Faults}", row.Version, string.Join(" ", faults.Select(f => $"{f.Path}: {f.Message}")));
        return new(row.Version, AlarmPolicy.Default, clock.LocalTimeZone, row.ByWhom, at);
    }

    sealed class DisarmingRow
    {
        public string Id { get; init; } = "";
        public string? CameraGroup { get; init; }
        public string? Site { get; init; }
        public long FromUs { get; init; }
        public long? UntilUs { get; init; }
        public string ByWhom { get; init; } = "";
        public string Reason { get; init; } = "";
    }
}
