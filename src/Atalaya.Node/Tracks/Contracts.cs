using System.ComponentModel;

using Atalaya.Incidents;

namespace Atalaya.Node.Tracks;

public sealed record TrackPicturesJson(
    [property: Description("Analysed pictures in order; one without tracks was looked at, too.")] IReadOnlyList<TrackPictureJson> Pictures,
    [property: Description("Stretches in which nobody looked for ten seconds or longer: nothing is known of them.")] IReadOnlyList<TrackAbsenceJson> Unwatched);

public sealed record TrackPictureJson(
    [property: Description("Milliseconds since 1970 UTC.")] double At,
    IReadOnlyList<TrackJson> Tracks);

public sealed record TrackJson(
    [property: Description("Stays with the thing while it is followed, and says nothing about who it is. Counted anew when analysis starts.")] long Id,
    ObjectClass Class,
    [property: Description("Left, top, width, height, as fractions of the picture.")] IReadOnlyList<float> Box,
    float Score,
    [property: Description("This picture didn't show it: the place is a guess.")] bool Coasting);

public sealed record TrackAbsenceJson(DateTimeOffset From, DateTimeOffset To);
