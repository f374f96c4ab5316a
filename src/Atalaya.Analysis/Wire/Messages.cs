using System.Text.Json.Serialization;

using Atalaya.Media;

namespace Atalaya.Analysis.Wire;

/// <summary>The node's first message.</summary>
/// <param name="Threads">That analyse; each has one picture in hand.</param>
public sealed record Hello(int Version, int Threads);

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

/// <summary>Pictures for one sprite. The bytes: the configuration record, then the key frames.</summary>
/// <param name="Sizes">Of each key frame's bytes; 0 leaves its tile black.</param>
public sealed record SpriteHead(
    long Request, Media.Codec Codec, string CodecString, int Width, int Height, int ConfigurationSize, IReadOnlyList<int> Sizes, int TileWidth, int TileHeight, int Columns, int Quality);

/// <summary>A finished sprite; the bytes are the JPEG.</summary>
/// <param name="Shown">Which tiles have a picture.</param>
/// <param name="Fault">Why there is none; null if there is one.</param>
public sealed record SpriteMade(long Request, IReadOnlyList<bool> Shown, string? Fault);

/// <summary>All heads, as JSON in camel case.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, UseStringEnumConverter = true)]
[JsonSerializable(typeof(Hello))]
[JsonSerializable(typeof(Ready))]
[JsonSerializable(typeof(FormatHead))]
[JsonSerializable(typeof(SpriteHead))]
[JsonSerializable(typeof(SpriteMade))]
public sealed partial class WireJson : JsonSerializerContext;
