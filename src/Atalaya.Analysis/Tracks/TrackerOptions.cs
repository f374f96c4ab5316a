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

    /// <summary>
    /// Detections from this score are matched first, and alone may begin a track. Where four of five are right: 0.45 for the default model
    /// (NanoDet-g, 0.82 on people outdoors). Each model has its own scale; for the public detections of MOT15 the same share lies at 0.9.
    /// </summary>
    public float HighScore { get; init; } = 0.45f;

    /// <summary>Detections from this score may carry a track on that the better ones left without. Below lies noise in every model we run.</summary>
    public float LowScore { get; init; } = 0.1f;

    /// <summary>
    /// Sum of the scores of its detections from which a thing counts. 1.5: two pictures if the detector is sure, three if it is only
    /// rather sure. Its ghosts are mostly weak and gone with the next picture. Counted in pictures, not in time, so that it also serves at one a second.
    /// </summary>
    public float Evidence { get; init; } = 1.5f;

    /// <summary>How long a thing may stay unseen and keep its number. 2.5 s: two seconds behind a car, and a picture or two to be found again.</summary>
    public TimeSpan Coast { get; init; } = TimeSpan.FromMilliseconds(2500);

    /// <summary>The same for a track that isn't confirmed yet.</summary>
    public TimeSpan CoastUnconfirmed { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Tracks kept at once; the weakest detections beyond begin none. More things than this can't be told apart in a picture anyway.</summary>
    public int MaxTracks { get; init; } = 256;
}
