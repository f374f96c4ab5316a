using System.Collections.Concurrent;

using Atalaya.Node.Alarms;
using Atalaya.Node.Cameras;
using Atalaya.Node.Events;
using Atalaya.Node.Identity;

using Microsoft.AspNetCore.SignalR;

namespace Atalaya.Node.Incidents;

/// <param name="People">Their names, in order, each once; the one who is told among them.</param>
public sealed record PresenceJson(Guid Incident, IReadOnlyList<string> People);

/// <summary>
/// Who has which incident open: two people on one case know of each other. Pages say so over the event stream and are told <c>presenceChanged</c>. It is kept in memory: who is there
/// says it again after a restart.
/// </summary>
sealed class Presence(IHubContext<EventsHub> pages, Casebook book, CameraRoster roster)
{
    readonly ConcurrentDictionary<string, (Guid Incident, Func<Caller> Caller)> _there = new(StringComparer.Ordinal);

    /// <param name="connection">The page's.</param>
    /// <param name="caller">Who is at it, with the rights of the moment.</param>
    /// <param name="incident">Null: none any more. One that they may not see is none.</param>
    public async Task AttendAsync(string connection, Func<Caller> caller, Guid? incident, CancellationToken stop)
    {
        await LeaveAsync(connection, stop);
        if (incident is not { } id || !await SeesAsync(caller(), id, stop))
            return;
        _there[connection] = (id, caller);
        await TellAsync(id, stop);
    }

    public async Task LeaveAsync(string connection, CancellationToken stop)
    {
        if (_there.TryRemove(connection, out var before))
            await TellAsync(before.Incident, stop);
    }

    async Task TellAsync(Guid incident, CancellationToken stop)
    {
        var there = new List<(string Connection, string Name)>();
        foreach (var (connection, (open, caller)) in _there)
        {
            // Rights may have been taken meanwhile.
            if (open == incident && await SeesAsync(caller(), incident, stop))
                there.Add((connection, caller().Name));
        }

        if (there.Count > 0)
        {
            await pages.Clients.Clients([.. there.Select(t => t.Connection)])
                .SendAsync("presenceChanged", new PresenceJson(incident, [.. there.Select(t => t.Name).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)]), stop);
        }
    }

    async Task<bool> SeesAsync(Caller caller, Guid incident, CancellationToken stop) =>
        caller.HasAnywhere(Permission.ViewPast) && await book.ReadAsync(s => IncidentEndpoints.SeenAsync(s, incident, new(caller), roster, Permission.ViewPast), stop) is not null;
}
