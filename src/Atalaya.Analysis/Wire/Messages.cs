using System.Text.Json.Serialization;

using Atalaya.Analysis.Codec;
using Atalaya.Analysis.Rules;
using Atalaya.Incidents;
using Atalaya.Media;

namespace Atalaya.Analysis.Wire;

/// <summary>The node's first message.</summary>
/// <param name="Threads">That analyse; each has one picture in hand.</param>
public sealed record Hello(int Version, int Threads)
{
    /// <summary>The last process ended unasked: this one says of each unit that it begins with it, so that the next time it is known whose it was.</summary>
    public bool Careful { get; init; }
}

/// <summary>The answer: what analysis works with, and what it was locked out of.</summary>
/// <param name="Missing">A sentence each on what can't be done because a library is missing; empty: all is there.</param>
public sealed record Ready(int Version, int Process, IReadOnlyList<Restraint> Restraints, IReadOnlyList<string> Missing);

/// <summary>One thing that the analysis process was to be kept from.</summary>
/// <param name="Name">privileges, network, files, calls or core.</param>
/// <param name="Detail">How, or why not.</param>
public sealed record Restraint(string Name, bool Held, string Detail);

/// <summary>How the pictures of a stream are coded; the bytes are its configuration record.</summary>
/// <param name="Channel">The stream, by a number that the node gives and never gives again.</param>
public sealed record FormatHead(int Channel, Media.Codec Codec, string CodecString, int Width, int Height)
{
    public VideoFormat ToFormat(ReadOnlyMemory<byte> configuration) => new(Codec, configuration, CodecString, Width, Height);
}

/// <summary>What shall be done with a stream. Comes first, and again when it changes: then what was learned stays, and tracks and rules begin anew.</summary>
/// <param name="Camera">Its id, for messages.</param>
/// <param name="Rate">Pictures a second that are wanted.</param>
/// <param name="Weight">Its share beside other streams when there isn't time for all; 1 is usual.</param>
/// <param name="KeysOnly">Only key frames will come: each is shown at once, however the stream reorders.</param>
/// <param name="Classes">What is looked for; empty: whatever the model knows.</param>
/// <param name="Rules">As <see cref="RuleReader"/> reads them.</param>
/// <param name="Zone">Of the site, for schedules.</param>
public sealed record CameraHead(int Channel, string Camera, double Rate, double Weight, bool KeysOnly, IReadOnlyList<ObjectClass> Classes, string Rules, string Zone)
{
    public DecoderHardware Hardware { get; init; }
    public string? Device { get; init; }

    /// <summary>Recorded footage: no picture of it is too old, and it is worked on only while no live stream has anything that waits.</summary>
    public bool Past { get; init; }

    /// <summary>Faces are looked for as well, to be covered; and things everywhere in the picture from time to time, whether or not anything moves.</summary>
    public bool Faces { get; init; }
}

/// <summary>One access unit; the bytes are its data. Answered by one <see cref="DoneHead"/>, after the results of its pictures.</summary>
/// <param name="Sequence">Rising by one within a channel.</param>
/// <param name="Presentation">Media time, ticks.</param>
/// <param name="Wall">Microseconds since 1970.</param>
/// <param name="Arrival">Nanoseconds of the monotonic clock, which both processes share.</param>
public sealed record UnitHead(int Channel, long Sequence, long Presentation, long Wall, long Arrival)
{
    /// <summary>A decoder can start here; told where pictures are painted.</summary>
    public bool Key { get; init; }
}

/// <summary>The run ended, or the stream is to be forgotten, or painted pictures are coded anew: then the bytes are their configuration record.</summary>
public sealed record ChannelHead(int Channel);

/// <summary>The pictures that are still inside the decoder are wanted, too: the next unit is a key frame. Answered as a unit is.</summary>
public sealed record DrainHead(int Channel, long Sequence);

/// <summary>A unit was worked on: its place may be taken by another.</summary>
public sealed record DoneHead(int Channel, long Sequence);

/// <summary>What one picture showed. The bytes are the heat of <see cref="Motion.MotionGate"/>, or none where nothing moved.</summary>
/// <param name="Learning">The scene is being learned: what moves isn't known.</param>
/// <param name="Detected">The detector looked at it.</param>
/// <param name="Tracker">Which tracker of this channel numbered the tracks: another one begins anew at 1.</param>
public sealed record ResultHead(
    int Channel, long Presentation, long Wall, long Arrival, bool Learning, bool SceneChanged, bool Detected,
    IReadOnlyList<Box> Moving, IReadOnlyList<SeenTrack> Tracks, IReadOnlyList<RuleEvent> Events, int Tracker)
{
    /// <summary>The camera turned or shook: rules wait.</summary>
    public bool Turning { get; init; }

    /// <summary>Where faces are, in the tracker's numbers for this run; empty unless they were asked for.</summary>
    public IReadOnlyList<SeenFace> Faces { get; init; } = [];
}

/// <summary>What rules noticed while no picture came.</summary>
public sealed record EventsHead(int Channel, IReadOnlyList<RuleEvent> Events);

/// <summary>A confirmed track as the page shows it.</summary>
/// <param name="Coasting">This picture didn't show it.</param>
/// <param name="Born">Media time of the picture that first showed it, and where it was then: what rules need to be tried on it later.</param>
/// <param name="VelocityX">Picture widths per second, to the right.</param>
/// <param name="VelocityY">Picture heights per second, downwards.</param>
public sealed record SeenTrack(long Id, ObjectClass Class, Box Box, float Score, bool Coasting, MediaTime Born, Box BornBox, float VelocityX, float VelocityY);

/// <summary>The place of a face, to be covered.</summary>
/// <param name="Coasting">This picture didn't show it.</param>
public sealed record SeenFace(long Id, Box Box, float Score, bool Coasting);

/// <summary>A stream can't be analysed. Empty: it can again.</summary>
public sealed record FaultHead(int Channel, string Fault);

/// <summary>Once a second. All numbers count from the start of the process.</summary>
/// <param name="Busy">Seconds of work of all threads together.</param>
public sealed record FiguresHead(int Threads, double Busy, IReadOnlyList<StreamFigures> Streams);

/// <param name="Analysed">Pictures that motion detection looked at.</param>
/// <param name="Detected">Of those, the detector too.</param>
/// <param name="Stale">Pictures that were wanted and came too late to be of use.</param>
/// <param name="Broken">Units that couldn't be decoded.</param>
/// <param name="Seconds">Of work.</param>
public sealed record StreamFigures(int Channel, long Decoded, long Analysed, long Detected, long Stale, long Broken, double Seconds)
{
    /// <summary>Seconds since work on its present unit began; 0 while it has none in hand.</summary>
    public double Working { get; init; }
}

/// <summary>Pictures for one sprite. The bytes: the configuration record, then the key frames.</summary>
/// <param name="Sizes">Of each key frame's bytes; 0 leaves its tile black.</param>
public sealed record SpriteHead(
    long Request, Media.Codec Codec, string CodecString, int Width, int Height, int ConfigurationSize, IReadOnlyList<int> Sizes, int TileWidth, int TileHeight, int Columns, int Quality)
{
    /// <summary>Painted over each picture, as <see cref="Painting.AreaPlanText"/> reads it; null: nothing.</summary>
    public string? Plan { get; init; }
}

/// <summary>A finished sprite; the bytes are the JPEG.</summary>
/// <param name="Shown">Which tiles have a picture.</param>
/// <param name="Fault">Why there is none; null if there is one.</param>
public sealed record SpriteMade(long Request, IReadOnlyList<bool> Shown, string? Fault);

/// <summary>Single pictures, painted. The bytes: the configuration record, then the units from a key frame on.</summary>
/// <param name="Plan">As <see cref="Painting.AreaPlanText"/> has it, in the units' times.</param>
/// <param name="Width">Pixels at most.</param>
public sealed record StillsHead(
    long Request, Media.Codec Codec, string CodecString, int ConfigurationSize, IReadOnlyList<StillUnit> Units, byte[] Plan, int Width, int Quality);

/// <param name="Size">Bytes.</param>
/// <param name="Presentation">Ticks.</param>
public sealed record StillUnit(int Size, long Presentation, bool Wanted);

/// <summary>What was made; the bytes are JPEGs one behind the other.</summary>
/// <param name="Stills">In the order shown; what couldn't be decoded is missing.</param>
/// <param name="Fault">Why there are none; null if there are.</param>
public sealed record StillsMade(long Request, IReadOnlyList<Still> Stills, string? Fault);

/// <param name="Presentation">Ticks.</param>
/// <param name="Size">Bytes.</param>
public sealed record Still(long Presentation, int Size);
/// <summary>What is to be painted into the pictures of a stream, which come back encoded; the bytes are a plan as <see cref="Painting.AreaPlanText"/> reads it. Comes first, and again when it changes.</summary>
/// <param name="Live">Each picture comes back at once.</param>
/// <param name="Quantizer">As <see cref="EncoderOptions.Quantizer"/>.</param>
public sealed record PaintHead(int Channel, bool Live, int Quantizer);

/// <summary>One painted picture, coded as the last message <see cref="MessageKind.PaintedFormat"/> of its channel says; the bytes are its access unit. Times are those of the unit that it was made from.</summary>
public sealed record PaintedHead(int Channel, long Presentation, bool Key, long Wall, long Arrival);

/// <summary>All heads, as JSON in camel case.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true, UseStringEnumConverter = true, IgnoreReadOnlyProperties = true)]
[JsonSerializable(typeof(Hello))]
[JsonSerializable(typeof(Ready))]
[JsonSerializable(typeof(FormatHead))]
[JsonSerializable(typeof(CameraHead))]
[JsonSerializable(typeof(EventsHead))]
[JsonSerializable(typeof(UnitHead))]
[JsonSerializable(typeof(ChannelHead))]
[JsonSerializable(typeof(DrainHead))]
[JsonSerializable(typeof(DoneHead))]
[JsonSerializable(typeof(ResultHead))]
[JsonSerializable(typeof(FaultHead))]
[JsonSerializable(typeof(FiguresHead))]
[JsonSerializable(typeof(SpriteHead))]
[JsonSerializable(typeof(SpriteMade))]
[JsonSerializable(typeof(StillsHead))]
[JsonSerializable(typeof(StillsMade))]
[JsonSerializable(typeof(PaintHead))]
[JsonSerializable(typeof(PaintedHead))]
public sealed partial class WireJson : JsonSerializerContext;
