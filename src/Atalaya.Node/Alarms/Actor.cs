using System.Reflection;

using Atalaya.Incidents;
using Atalaya.Media;
using Atalaya.Node.Cameras;
using Atalaya.Node.Identity;
using Atalaya.Node.Incidents;

using Microsoft.AspNetCore.Http.HttpResults;

namespace Atalaya.Node.Alarms;

/// <summary>Who acts on alarms and incidents, and on which cameras they may. What the node says of itself is for the whole organisation.</summary>
sealed class Actor(Caller caller)
{
    /// <summary>What is written into the story.</summary>
    public string Name => caller.Name;

    public bool Can(Permission permission, string camera) => camera.Length == 0 ? caller.Has(permission) : caller.Can(permission, camera);

    /// <inheritdoc cref="Caller.Refusal(Permission, string)"/>
    public ProblemHttpResult? Refusal(Permission permission, string camera) => caller.Refusal(permission, camera);

    /// <summary>Cameras of which they may see alarms; null: all, and the node's own.</summary>
    public IReadOnlyList<string>? Cameras(Permission permission, CameraRoster roster) =>
        caller.Has(permission) ? null : [.. roster.All.Select(e => e.Config.Id).Where(c => caller.Can(permission, c))];

    /// <summary>Which alarms they are shown in lists.</summary>
    public AlarmSight Sight(CameraRoster roster) => new(Cameras(Permission.ViewPast, roster), Cameras(Permission.ViewHealth, roster));

    /// <summary>Open ones of their cameras, and closed ones as far back as they may look; what says that something doesn't work shows no footage, and is for who looks after it.</summary>
    public bool MaySee(Alarm alarm) => MaySeeHealth(alarm.Kind, alarm.Camera) || (Can(Permission.ViewPast, alarm.Camera)
        && (alarm.IsOpen || alarm.Camera.Length == 0 || (caller.Since(Permission.ViewPast, alarm.Camera) is { } since && WallTime.From(alarm.LastAt) >= since)));

    /// <summary>Whether it says that something doesn't work, and they look after it.</summary>
    public bool MaySeeHealth(SceneEventKind kind, string camera) => AlarmSight.TechnicalKinds.Contains(kind) && Can(Permission.ViewHealth, camera);

    /// <summary>As far back as they may look at any camera.</summary>
    public WallTime Horizon(CameraRoster roster)
    {
        var reaches = roster.All.Select(e => caller.Since(Permission.ViewPast, e.Config.Id)).OfType<WallTime>().ToList();
        return reaches.Count == 0 ? default : reaches.MinBy(r => r.Microseconds);
    }

    /// <summary>Without the cameras that they may not know of.</summary>
    public AlarmJson Shown(AlarmJson alarm) =>
        caller.Has(Permission.ViewPast) ? alarm : alarm with { Cameras = [.. alarm.Cameras.Where(caller.Sees)] };

    /// <inheritdoc cref="Shown(AlarmJson)"/>
    public IncidentJson Shown(IncidentJson incident) =>
        caller.Has(Permission.ViewPast) ? incident : incident with
        {
            Pins = [.. incident.Pins.Select(p => p with { Cameras = [.. p.Cameras.Where(caller.Sees)] })],
            Story = [.. incident.Story.Select(e => e is Pinned pin ? pin with { Cameras = [.. pin.Cameras.Where(caller.Sees)] } : e)],
        };

    /// <summary>Without the sentence, which may name another camera.</summary>
    public DecisionJson Shown(DecisionJson decision) => caller.Has(Permission.ViewPast) ? decision : decision with { Reason = null };

    /// <summary>Minimal APIs make the parameter by this.</summary>
    public static ValueTask<Actor?> BindAsync(HttpContext http, ParameterInfo parameter) => ValueTask.FromResult<Actor?>(new(http.Caller()));
}
