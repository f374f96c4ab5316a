using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

using Atalaya.Evidence;

namespace Atalaya.Federation.Grants;

/// <summary>A signed document as one side has it.</summary>
/// <param name="Note">With its signatures.</param>
/// <param name="Proof">That a leaf of this side's own log commits to it; null: the log hasn't got so far, or it was deleted there.</param>
public sealed record BundledNote(string Note, RecordProof? Proof);

/// <summary>All disclosures and receipts that one side has of its grants with the other, its own and the other's: what <see cref="ReceiptCheck"/> compares. JSON, as <c>ref/receipts.md</c> says.</summary>
/// <param name="Organisation">Whose it is.</param>
/// <param name="Partner">The other side.</param>
/// <param name="Key">Of its log.</param>
/// <param name="Keys">How that key came to be.</param>
/// <param name="At">When it was made.</param>
public sealed record ShareBundle(string Organisation, string Partner, NoteKey Key, KeyHistory Keys, DateTimeOffset At, IReadOnlyList<BundledNote> Notes)
{
    public const string Format = "atalaya-receipts-1";

    /// <summary>A longer file isn't read, bytes.</summary>
    public const int MaxLength = 256 << 20;

    public byte[] ToBytes()
    {
        var bytes = new ArrayBufferWriter<byte>(1 << 16);
        using (var json = new Utf8JsonWriter(bytes, new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, Indented = true }))
        {
            json.WriteStartObject();
            json.WriteString("format", Format);
            json.WriteString("organisation", Organisation);
            json.WriteString("partner", Partner);
            json.WriteString("key", Key.ToString());
            json.WriteString("keys", Encoding.UTF8.GetString(Keys.ToBytes()));
            json.WriteString("at", At.ToUniversalTime());
            json.WriteStartArray("notes");
            foreach (var (note, proof) in Notes)
            {
                json.WriteStartObject();
                json.WriteString("note", note);
                json.WritePropertyName("proof");
                Write(json, proof);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return bytes.WrittenSpan.ToArray();
    }

    public static bool TryParse(ReadOnlyMemory<byte> file, out ShareBundle bundle)
    {
        bundle = null!;
        if (file.Length > MaxLength)
            return false;
        try
        {
            using var json = JsonDocument.Parse(file, new() { MaxDepth = 8 });
            var o = json.RootElement;
            if (o.GetProperty("format").GetString() != Format || !NoteKey.TryParse(o.GetProperty("key").GetString()!, out var key)
                || !KeyHistory.TryParse(Encoding.UTF8.GetBytes(o.GetProperty("keys").GetString()!), out var keys))
            {
                return false;
            }

            var notes = new List<BundledNote>();
            foreach (var item in o.GetProperty("notes").EnumerateArray())
            {
                RecordProof? proof = null;
                if (item.GetProperty("proof") is { ValueKind: not JsonValueKind.Null } given && !RecordProof.TryParse(Encoding.UTF8.GetBytes(given.GetRawText()), out proof))
                    return false;
                notes.Add(new(item.GetProperty("note").GetString()!, proof));
            }

            bundle = new(o.GetProperty("organisation").GetString()!, o.GetProperty("partner").GetString()!, key, keys, o.GetProperty("at").GetDateTimeOffset(), notes);
            return bundle.Organisation.Length > 0 && bundle.Partner.Length > 0;
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException or KeyNotFoundException or ArgumentNullException)
        {
            return false;       // Not JSON, or a member is missing or of another type.
        }
    }

    static void Write(Utf8JsonWriter json, RecordProof? proof)
    {
        if (proof is null)
        {
            json.WriteNullValue();
            return;
        }

        json.WriteStartObject();
        json.WriteString("format", RecordProof.Format);
        json.WriteNumber("leaf", proof.Leaf);
        json.WriteString("record", proof.Record);
        json.WriteString("salt", Convert.ToHexStringLower(proof.Salt));
        json.WriteString("entry", Convert.ToHexStringLower(proof.Entry));
        json.WriteStartArray("proof");
        foreach (var digest in proof.Proof)
            json.WriteStringValue(digest.ToString());
        json.WriteEndArray();
        json.WriteString("checkpoint", proof.Checkpoint.ToString());
        json.WriteString("key", proof.Key.ToString());
        json.WriteString("keys", Encoding.UTF8.GetString(proof.Keys.ToBytes()));
        json.WriteEndObject();
    }
}
