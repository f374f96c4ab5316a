using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

using Atalaya.Evidence;
using Atalaya.Media;

namespace Atalaya.Node.Evidence;

/// <summary>What a leaf stands for, before it has a number.</summary>
/// <param name="Reference">Unique among its kind: by it a record is found, and written once.</param>
/// <param name="Text">JSON. Its bytes in UTF-8 are what the leaf commits to, so it is kept as it is.</param>
/// <param name="Change">The row of <c>changes</c> that it was made of, which goes when this is kept.</param>
sealed record LogRecord(LeafKind Kind, string Reference, string Text, long? Change = null)
{
    // Read by people, never put into a page.
    static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <param name="fields">In the order in which they are written.</param>
    public static LogRecord Of(LeafKind kind, string reference, object fields, long? change = null) => new(kind, reference, JsonSerializer.Serialize(fields, Json), change);

    /// <summary>RFC 3339 with microseconds, as records have all times.</summary>
    public static string? Time(long? microseconds) =>
        microseconds is { } at ? new WallTime(at).ToDateTimeOffset().ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture) : null;
}

/// <summary>A record with its number, as it is kept.</summary>
/// <param name="Leaf">Its leaf's index.</param>
/// <param name="At">Microseconds since 1970.</param>
sealed record LogRow(long Leaf, string Kind, long At, byte[] Salt, string Record)
{
    public Leaf ToLeaf() => new(Enum.Parse<LeafKind>(Kind), At, Atalaya.Evidence.Leaf.Commit(Salt, Encoding.UTF8.GetBytes(Record)));
}

/// <summary>A record with its proof: all that somebody needs who has a checkpoint and the log's key.</summary>
/// <param name="Proof">From the leaf to the root of the checkpoint that it was made for (RFC 6962, 2.1.1).</param>
sealed record LogSeal(LogRow Row, IReadOnlyList<Digest> Proof)
{
    public long Leaf => Row.Leaf;

    /// <summary>The leaf's 42 bytes.</summary>
    public byte[] Entry => Row.ToLeaf().Encode();

    public byte[] Salt => Row.Salt;

    /// <summary>JSON, to the byte as the leaf commits to it.</summary>
    public string Record => Row.Record;
}
