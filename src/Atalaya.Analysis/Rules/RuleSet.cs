using Atalaya.Analysis.Tracks;
using Atalaya.Media;

namespace Atalaya.Analysis.Rules;

/// <summary>
/// The rules of one camera and what they remember. Driven by pictures and by nothing else: the same tracks at the same times give the
/// same events. Not for two threads at once.
/// </summary>
public sealed class RuleSet(IReadOnlyList<Rule> rules, GroundPlane? ground, TimeZoneInfo zone)
{
    public IReadOnlyList<Rule> Rules { get; } = rules;
    public GroundPlane? Ground { get; } = ground;
    public TimeZoneInfo Zone { get; } = zone;

    /// <summary>After each analysed picture, also one without tracks.</summary>
    /// <param name="tracks">As <see cref="Tracker.Update"/> gave them.</param>
    /// <param name="scene">Of the same picture, if it was made; rules about the scene wait for one.</param>
    /// <param name="cameraMoves">The camera turns or zooms: nothing is raised, and what was about to be is forgotten.</param>
    /// <returns>Reused by the next call.</returns>
    public IReadOnlyList<RuleEvent> Update(IReadOnlyList<Track> tracks, MediaTime at, WallTime wall, SceneStatistics? scene = null, bool cameraMoves = false) => [];

    /// <summary>Once a second or so while no picture comes.</summary>
    public IReadOnlyList<RuleEvent> Silence(MediaTime at, WallTime wall) => [];
}
