using Atalaya.Incidents;
using Atalaya.Media;

namespace Atalaya.Node.Analysis;

/// <summary>How one camera is analysed. A snapshot: a change makes a new one. Kept as JSON in the database.</summary>
sealed record CameraAnalysis
{
    public bool Enabled { get; init; }

    /// <summary>Pictures a second that are wanted, 0.1 to 30.</summary>
    public double Rate { get; init; }

    /// <summary>Null: the sub-stream if there is one.</summary>
    public StreamKind? Stream { get; init; }

    /// <summary>Its share beside other cameras when there isn't time for all, 0.1 to 10.</summary>
    public double Priority { get; init; } = 1;

    /// <summary>What is looked for; empty: whatever the model knows.</summary>
    public IReadOnlyList<ObjectClass> Classes { get; init; } = [];

    /// <summary>As <see cref="Atalaya.Analysis.Rules.RuleReader"/> reads them; empty: none.</summary>
    public string Rules { get; init; } = "";

    public bool Equals(CameraAnalysis? other) =>
        other is not null && Enabled == other.Enabled && Rate.Equals(other.Rate) && Stream == other.Stream && Priority.Equals(other.Priority)
        && Classes.SequenceEqual(other.Classes) && Rules == other.Rules;

    public override int GetHashCode() => HashCode.Combine(Enabled, Rate, Stream, Priority, Rules);
}

/// <summary>Why a camera isn't analysed.</summary>
public enum BlindCause
{
    /// <summary>Switched off, for this camera or the node.</summary>
    Off,

    /// <summary>The analysis process is being started.</summary>
    Starting,

    /// <summary>The analysis process ended and isn't back.</summary>
    Crash,

    /// <summary>It gets less than half of the pictures it was to get, or they come too late.</summary>
    Overload,

    /// <summary>Its stream can't be decoded.</summary>
    Unreadable,

    /// <summary>Its pictures ended the analysis process again and again; it is left out for a while.</summary>
    Quarantined,

    /// <summary>No pictures come; the recording's ledger says why.</summary>
    NoPictures,

    /// <summary>The node wasn't running.</summary>
    Node,
}

/// <param name="To">Null: it goes on.</param>
sealed record BlindStretch(string Camera, WallTime From, WallTime? To, BlindCause Cause, string Detail);
