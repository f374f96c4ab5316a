namespace Atalaya.Analysis.Tracks;

/// <summary>What a <see cref="Tracker"/> goes by. One set for all cameras and models; each number has its reason beside it.</summary>
public sealed record TrackerOptions
{
    public static TrackerOptions Default { get; } = new();

    /// <summary>
    /// Width of a picture over its height: distances are reckoned in picture heights both ways, or a man who walks across would seem to
    /// be slower than one who walks down.
    /// </summary>
    public double Aspect { get; init; } = 16 / 9.0;

    /// <summary>Detections from this score are matched first, and alone may begin a track. Half: where a detector thinks "rather yes than no".</summary>
    public float HighScore { get; init; } = 0.5f;

    /// <summary>Detections from this score may carry a track on that the better ones left without. Below lies noise in every model we run.</summary>
    public float LowScore { get; init; } = 0.1f;

    /// <summary>Pictures that must show a thing before it counts. Three: a detector's ghosts rarely live longer than two.</summary>
    public int ConfirmAfter { get; init; } = 3;

    /// <summary>Two pictures suffice if they lie this far apart: at one picture a second a third would come too late.</summary>
    public TimeSpan ConfirmAfterTime { get; init; } = TimeSpan.FromMilliseconds(400);

    /// <summary>How long a thing may stay unseen and keep its number. 2.5 s: two seconds behind a car, and a picture or two to be found again.</summary>
    public TimeSpan Coast { get; init; } = TimeSpan.FromMilliseconds(2500);

    /// <summary>The same for a track that isn't confirmed yet.</summary>
    public TimeSpan CoastUnconfirmed { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Tracks kept at once; the weakest detections beyond begin none. More things than this can't be told apart in a picture anyway.</summary>
    public int MaxTracks { get; init; } = 256;
}
