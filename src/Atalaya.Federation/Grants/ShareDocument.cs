using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

using Atalaya.Evidence;
using Atalaya.Federation.Agreements;

namespace Atalaya.Federation.Grants;

/// <summary>What a document states.</summary>
public enum ShareAct
{
    /// <summary>The owner gave: with the terms.</summary>
    Given,

    /// <summary>The owner let them have pictures or a file.</summary>
    Sent,

    /// <summary>The owner took it back.</summary>
    Revoked,

    /// <summary>The owner ended it, or its time was over.</summary>
    Ended,

    /// <summary>The receiver has what was given, or knows of it.</summary>
    Received,

    /// <summary>Somebody of the receiver's looked.</summary>
    Used,

    /// <summary>The receiver has nothing of it any more.</summary>
    Deleted,

    /// <summary>The receiver's node has seen what came with it, didn't take it and keeps nothing of it.</summary>
    Refused,
}

/// <summary>
/// What one side states of a grant, to be signed with the key of its log: a disclosure is the owner's word, a receipt the receiver's. One line of JSON with its members in a fixed order and a
/// newline: the same statement always has the same bytes (<c>ref/receipts.md</c>).
/// </summary>
/// <param name="Id">A GUID; unique among the documents of its writer.</param>
/// <param name="By">The organisation that states it.</param>
/// <param name="About">Digest of the document that it answers, lower-case hexadecimal; empty: none.</param>
/// <param name="Sha256">Of the file that it is about; empty: of none.</param>
/// <param name="Why">May be empty.</param>
/// <param name="Terms">Of <see cref="ShareAct.Given"/> alone.</param>
public sealed record ShareDocument(string Id, string Grant, ShareAct Act, string By, DateTimeOffset At, string About = "", string Sha256 = "", long? Bytes = null, string Why = "", ShareTerms? Terms = null)
{
    public const string DisclosureFormat = "atalaya-disclosure-1", ReceiptFormat = "atalaya-receipt-1";

    /// <summary>Of its text, bytes; longer ones aren't read.</summary>
    public const int MaxLength = 32 << 10;

    const int MaxText = 2000;
    const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'";

    /// <summary>The owner's word, not the receiver's.</summary>
    public bool IsDisclosure => Act <= ShareAct.Ended;

    /// <summary>What is signed: with its newline.</summary>
    public string Text()
    {
        var bytes = new ArrayBufferWriter<byte>(1 << 10);
        using (var json = new Utf8JsonWriter(bytes, new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("format", IsDisclosure ? DisclosureFormat : ReceiptFormat);
            json.WriteString("id", Id);
            json.WriteString("grant", Grant);
            json.WriteString("act", Name(Act));
            json.WriteString("by", By);
            json.WriteString("at", Time(At));
            json.WriteString("about", About);
            json.WriteString("sha256", Sha256);
            Number(json, "bytes", Bytes);
            json.WriteString("why", Why);
            if (Terms is { } t)
            {
                json.WriteStartObject("terms");
                json.WriteString("what", Name(t.What));
                json.WriteString("from", t.From);
                json.WriteString("to", t.To);
                json.WriteString("agreement", t.Agreement);
                json.WriteString("clause", t.Clause);
                json.WriteString("purpose", t.Purpose);
                json.WriteString("reference", t.Reference);
                json.WriteString("incidentType", t.IncidentType);
                json.WriteString("category", t.Category);
                json.WriteString("request", t.Request);
                json.WriteString("grade", t.Grade);
                json.WriteString("site", t.Site);
                json.WriteString("camera", t.Camera);
                json.WriteString("title", t.Title);
                Time(json, "stretchFrom", t.StretchFrom);
                Time(json, "stretchTo", t.StretchTo);
                json.WriteString("incident", t.Incident);
                json.WriteString("begins", Time(t.Begins));
                json.WriteString("expires", Time(t.Expires));
                Time(json, "keepUntil", t.KeepUntil);
                json.WriteBoolean("masked", t.Masked);
                json.WriteString("watermark", t.Watermark);
                json.WriteString("handling", Name(t.Handling));
                json.WriteString("onward", Name(t.Onward));
                json.WriteNumber("persons", t.Persons);
                json.WriteBoolean("released", t.Released);
                Number(json, "bytes", t.Bytes);
                json.WriteString("sha256", t.Sha256);
                json.WriteString("file", t.File);
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(bytes.WrittenSpan) + "\n";
    }

    /// <summary>It reads back as it is: what doesn't is neither stored nor signed, because nobody could tell what it says.</summary>
    public bool IsReadable => TryParse(Text(), out _);

    /// <summary>Words that somebody chose for something else, as a document may hold them: on one line, cut to a length.</summary>
    public static string Clean(string text, int most = MaxText)
    {
        var clean = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (clean.Length + rune.Utf16SequenceLength > most)
                break;
            clean.Append(Rune.IsControl(rune) ? " " : rune.ToString());
        }

        return clean.ToString().Trim();
    }

    /// <summary>SHA-256 of a document's text, lower-case hexadecimal.</summary>
    public static string DigestOf(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    /// <summary>Reads what <see cref="Text"/> writes, and nothing else: a member too many, another order or another spelling isn't one.</summary>
    public static bool TryParse(string text, out ShareDocument document)
    {
        document = null!;
        if (text.Length > MaxLength || Encoding.UTF8.GetByteCount(text) > MaxLength)
            return false;
        try
        {
            using var json = JsonDocument.Parse(text, new() { MaxDepth = 4 });
            var o = json.RootElement;
            if (o.ValueKind != JsonValueKind.Object || !TryName(Of(o, "act"), out ShareAct act) || !TryTime(Of(o, "at"), out var at))
                return false;
            ShareTerms? terms = null;
            if (o.TryGetProperty("terms", out var t))
            {
                if (act != ShareAct.Given || t.ValueKind != JsonValueKind.Object || !TryName(Of(t, "what"), out ShareKind what) || !TryName(Of(t, "handling"), out HandlingCode handling)
                    || !TryName(Of(t, "onward"), out OnwardTransfer onward) || !TryTime(Of(t, "begins"), out var begins) || !TryTime(Of(t, "expires"), out var expires))
                {
                    return false;
                }

                terms = new(
                    what, Of(t, "from"), Of(t, "to"), Of(t, "agreement"), Of(t, "clause"), Of(t, "purpose"), Of(t, "reference"), Of(t, "incidentType"), Of(t, "category"), Of(t, "request"), Of(t, "grade"), Of(t, "site"), Of(t, "camera"), Of(t, "title"), MaybeTime(t, "stretchFrom"),
                    MaybeTime(t, "stretchTo"), Of(t, "incident"), begins, expires, MaybeTime(t, "keepUntil"), t.GetProperty("masked").GetBoolean(), Of(t, "watermark"), handling, onward,
                    t.GetProperty("persons").GetInt32(), t.GetProperty("released").GetBoolean(), MaybeNumber(t, "bytes"), Of(t, "sha256"), Of(t, "file"));
                if (expires <= begins || terms.Persons < 1 || terms.Bytes < 0 || !IsDigest(terms.Sha256) || terms.Sha256.Length > 0 != terms.Bytes is not null)
                    return false;
            }
            else if (act == ShareAct.Given)
            {
                return false;
            }

            var read = new ShareDocument(Of(o, "id"), Of(o, "grant"), act, Of(o, "by"), at, Of(o, "about"), Of(o, "sha256"), MaybeNumber(o, "bytes"), Of(o, "why"), terms);
            if (!Guid.TryParseExact(read.Id, "D", out _) || !Guid.TryParseExact(read.Grant, "D", out _) || read.By.Length == 0 || !IsDigest(read.About) || !IsDigest(read.Sha256) || read.Bytes < 0
                || read.Text() != text)
            {
                return false;
            }

            document = read;
            return true;
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException or KeyNotFoundException)
        {
            return false;       // Not JSON, a member that is missing, or of another type.
        }
    }

    /// <summary>Reads a signed document, if it is signed with that key.</summary>
    public static bool TryRead(string note, IReadOnlyList<NoteKey> signers, out ShareDocument document)
    {
        document = null!;
        return SignedNote.TryParse(Encoding.UTF8.GetBytes(note), out var signed) && signed.TryVerify(signers, out _) && TryParse(signed.Text, out document);
    }

    static string Name<T>(T value)
        where T : struct, Enum => value.ToString() is var name ? char.ToLowerInvariant(name[0]) + name[1..] : "";

    static bool TryName<T>(string text, out T value)
        where T : struct, Enum => Enum.TryParse(text, ignoreCase: true, out value) && Enum.IsDefined(value) && Name(value) == text;

    static bool IsDigest(string text) => text.Length == 0 || (text.Length == 64 && text.All(c => char.IsAsciiHexDigitLower(c)));

    static string Time(DateTimeOffset at) => at.ToUniversalTime().ToString(TimeFormat, CultureInfo.InvariantCulture);

    static void Time(Utf8JsonWriter json, string name, DateTimeOffset? at)
    {
        if (at is { } time)
            json.WriteString(name, Time(time));
        else
            json.WriteNull(name);
    }

    static void Number(Utf8JsonWriter json, string name, long? value)
    {
        if (value is { } number)
            json.WriteNumber(name, number);
        else
            json.WriteNull(name);
    }

    static bool TryTime(string text, out DateTimeOffset at) =>
        DateTimeOffset.TryParseExact(text, TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out at);

    static DateTimeOffset? MaybeTime(JsonElement of, string name) =>
        of.GetProperty(name) is { ValueKind: not JsonValueKind.Null } value ? TryTime(value.GetString()!, out var at) ? at : throw new FormatException() : null;

    static long? MaybeNumber(JsonElement of, string name) => of.GetProperty(name) is { ValueKind: not JsonValueKind.Null } value ? value.GetInt64() : null;

    static string Of(JsonElement of, string name) =>
        of.GetProperty(name).GetString() is { Length: <= MaxText } text && !text.Any(char.IsControl) ? text : throw new FormatException();
}
