using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Atalaya.Node.Previews;

/// <summary>Where the pictures of a sprite are, and when each was taken.</summary>
/// <param name="Width">Pixels of one picture.</param>
/// <param name="Tiles">In order of time.</param>
/// <param name="Masks">The version of the camera's masks that are painted in; 0: none.</param>
sealed record PreviewLayoutJson(int Width, int Height, IReadOnlyList<PreviewTileJson> Tiles, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] long Masks = 0);

/// <param name="At">When it was taken, milliseconds since 1970 UTC.</param>
/// <param name="X">Pixels from the left of the sprite.</param>
/// <param name="Y">Pixels from the top.</param>
sealed record PreviewTileJson(long At, int X, int Y);

/// <summary>
/// A JPEG of small pictures that says itself when each was taken, in a comment at its begin: so a file of the cache is complete or it isn't there.
/// </summary>
sealed record PreviewSprite(byte[] Jpeg, PreviewLayoutJson Layout)
{
    // ITU-T T.81 table B.1: start of image, comment.
    const ushort StartOfImage = 0xFFD8, Comment = 0xFFFE;
    const int HeadBytes = 6;

    public string Tag { get; } = Convert.ToHexStringLower(SHA256.HashData(Jpeg).AsSpan(0, 12));

    public string LayoutText => JsonSerializer.Serialize(Layout, PreviewJson.Default.PreviewLayoutJson);

    public static PreviewSprite Of(ReadOnlySpan<byte> jpeg, PreviewLayoutJson layout)
    {
        byte[] text = JsonSerializer.SerializeToUtf8Bytes(layout, PreviewJson.Default.PreviewLayoutJson);
        byte[] bytes = new byte[jpeg.Length + 4 + text.Length];
        BinaryPrimitives.WriteUInt16BigEndian(bytes, StartOfImage);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(2), Comment);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(4), (ushort)(text.Length + 2));
        text.CopyTo(bytes, HeadBytes);
        jpeg[2..].CopyTo(bytes.AsSpan(HeadBytes + text.Length));
        return new(bytes, layout);
    }

    /// <summary>Null for bytes that <see cref="Of"/> didn't make.</summary>
    public static PreviewSprite? Read(byte[] bytes)
    {
        if (bytes.Length < HeadBytes || BinaryPrimitives.ReadUInt16BigEndian(bytes) != StartOfImage || BinaryPrimitives.ReadUInt16BigEndian(bytes.AsSpan(2)) != Comment)
            return null;
        int length = BinaryPrimitives.ReadUInt16BigEndian(bytes.AsSpan(4)) - 2;
        if (length < 0 || length > bytes.Length - HeadBytes || bytes[^2] != 0xFF || bytes[^1] != 0xD9)
            return null;
        try
        {
            return JsonSerializer.Deserialize(Encoding.UTF8.GetString(bytes, HeadBytes, length), PreviewJson.Default.PreviewLayoutJson) is { Tiles.Count: > 0 } layout
                ? new(bytes, layout)
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(PreviewLayoutJson))]
sealed partial class PreviewJson : JsonSerializerContext;
