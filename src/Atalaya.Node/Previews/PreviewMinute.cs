using System.Globalization;

using Atalaya.Media;

namespace Atalaya.Node.Previews;

/// <summary>One minute of one camera, UTC: what one sprite shows.</summary>
/// <param name="Minute">Since 1970.</param>
readonly record struct PreviewMinute(string Camera, long Minute)
{
    const long Microseconds = 60_000_000;

    /// <summary>1990 to 2200, as everywhere in the API.</summary>
    public const long Earliest = 10_519_200, Latest = 120_966_240;

    public WallTime From => new(Minute * Microseconds);
    public WallTime To => new((Minute + 1) * Microseconds);

    public static long Of(WallTime at) => at.Microseconds / Microseconds;

    /// <summary>Below the cache's folder: <c>gate/2026-03-01/14/29539680.jpg</c>. The camera's id is checked where it comes from.</summary>
    public string RelativePath() =>
        Path.Combine(Camera, From.ToDateTimeOffset().ToString("yyyy-MM-dd'/'HH", CultureInfo.InvariantCulture), Minute.ToString(CultureInfo.InvariantCulture) + ".jpg");
}
