using Atalaya.Incidents;
using Atalaya.Media;

namespace Atalaya.Analysis.Tracks;

/// <summary>
/// One thing followed through pictures, as it stands after one of them. A value: it doesn't change when the tracker goes on.
/// </summary>
/// <remarks>A number is given once per tracker and never again; it says nothing about who or what somebody is, and ends with the track.</remarks>
public readonly record struct Track
{
    /// <summary>From 1, rising in the order in which tracks were confirmed; 0 until then.</summary>
    public required long Id { get; init; }

    /// <summary>What most of the detections said, weighed by their scores.</summary>
    public required ObjectClass Class { get; init; }

    /// <summary>Where the filter holds it to be; in a picture that didn't show it, where it would have gone.</summary>
    public required Box Box { get; init; }

    /// <summary>Of the last detection, from 0 to 1.</summary>
    public required float Score { get; init; }

    /// <summary>The picture that first showed it; before it was confirmed.</summary>
    public required MediaTime Born { get; init; }

    /// <summary>Where it was then: rules take the way from here on into account.</summary>
    public required Box BornBox { get; init; }

    /// <summary>The last picture that showed it.</summary>
    public required MediaTime Seen { get; init; }

    /// <summary>The picture this is about. Later than <see cref="Seen"/> while it coasts behind something.</summary>
    public required MediaTime At { get; init; }

    /// <summary>Seen often enough to be no fault of the detector. One that isn't raises nothing and isn't shown.</summary>
    public required bool IsConfirmed { get; init; }

    /// <summary>Of its centre: picture widths per second, to the right.</summary>
    public required float VelocityX { get; init; }

    /// <summary>Of its centre: picture heights per second, downwards.</summary>
    public required float VelocityY { get; init; }

    /// <summary>This picture didn't show it.</summary>
    public bool IsCoasting => Seen < At;
}
