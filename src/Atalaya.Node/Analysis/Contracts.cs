using System.ComponentModel;

using Atalaya.Incidents;
using Atalaya.Media;

namespace Atalaya.Node.Analysis;

public enum AnalysisStateJson
{
    Off,

    /// <summary>Nothing has needed it yet.</summary>
    Idle,
    Starting,
    Running,

    /// <summary>It ended and is started again.</summary>
    Waiting,
}

public sealed record AnalysisJson(
    AnalysisStateJson State,
    DateTimeOffset Since,
    [property: Description("Why it isn't running, or what it can't do; empty while all is well.")] string Reason,
    [property: Description("Process id; null when there is none.")] int? Process,
    [property: Description("How often its process ended unasked since the node started.")] int Restarts,
    long? ResidentBytes,
    int Threads,
    [property: Description("Share of its threads' time that is used, 0 to 1, over the last seconds.")] double Busy,
    [property: Description("Some camera gets less than half of the pictures it was to get.")] bool Overloaded,
    [property: Description("What its process is kept from.")] IReadOnlyList<RestraintJson> Restraints,
    IReadOnlyList<CameraAnalysisStatusJson> Cameras);

public sealed record RestraintJson(
    [property: Description("privileges, network, files, calls or core.")] string Name, bool Held, string Detail);

public sealed record CameraAnalysisStatusJson(
    string Camera,
    bool Enabled,
    [property: Description("Which is looked at.")] StreamKind Stream,
    [property: Description("Pictures a second that are wanted.")] double AskedRate,
    [property: Description("Pictures a second that it is asked for at present: half, a quarter or an eighth of what is wanted while there isn't time for all.")] double PresentRate,
    [property: Description("Pictures a second that were looked at, over the last seconds.")] double GivenRate,
    [property: Description("From a picture's arrival to its result, the last one.")] double? AgeMs,
    DateTimeOffset? LastAt,
    bool Moving,
    [property: Description("Things followed at the moment.")] int Tracks,
    [property: Description("Why it isn't looked at; null while it is.")] BlindCause? Blind,
    DateTimeOffset? BlindSince,
    string Detail,
    [property: Description("Since the process started: pictures that motion detection looked at.")] long Analysed,
    [property: Description("Of those, the detector too.")] long Detected,
    [property: Description("Pictures that came too late to be of use.")] long Stale,
    [property: Description("Units that couldn't be decoded.")] long Broken,
    [property: Description("Units thrown away because analysis didn't take them in time, since the node started.")] long Skipped);

public sealed record CameraAnalysisJson(
    bool Enabled,
    double Rate,
    [property: Description("Null: the sub-stream, if there is one.")] StreamKind? Stream,
    double Priority,
    [property: Description("Empty: whatever the model knows.")] IReadOnlyList<ObjectClass> Classes);

public sealed record CameraAnalysisInputJson
{
    [Description("Whether it is analysed.")]
    public bool? Enabled { get; init; }

    [Description("Pictures a second, 0.1 to 30.")]
    public double? Rate { get; init; }

    [Description("main or sub; absent: the sub-stream, if there is one.")]
    public StreamKind? Stream { get; init; }

    [Description("Its share beside other cameras when there isn't time for all, 0.1 to 10. Default 1.")]
    public double? Priority { get; init; }

    [Description("What is looked for. Default: whatever the model knows.")]
    public IReadOnlyList<ObjectClass>? Classes { get; init; }
}

public sealed record BlindStretchJson(
    DateTimeOffset From,
    [property: Description("Null: it goes on.")] DateTimeOffset? To,
    BlindCause Cause,
    string Detail);

public sealed record MotionJson(
    [property: Description("When something moved in the area, to five seconds.")] IReadOnlyList<MotionStretchJson> Moved,
    [property: Description("When nobody looked: nothing is known.")] IReadOnlyList<UnwatchedJson> Unwatched,
    [property: Description("There was more than is returned; ask again from the last stretch on.")] bool IsPart);

public sealed record MotionStretchJson(
    DateTimeOffset From, DateTimeOffset To, [property: Description("Fields of a 32 × 18 grid that moved at once within the area, at most.")] int Fields);

public sealed record UnwatchedJson(DateTimeOffset From, DateTimeOffset To);
