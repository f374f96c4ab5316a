using System.Buffers;
using System.Globalization;
using System.Text;

namespace Atalaya.Federation.Requests;

/// <summary>
/// What a document that goes with a request may be: what offices write and scan. Footage is none of them: it goes by grants, whose conditions would otherwise be walked around.
/// </summary>
/// <param name="Ending">With its full stop, in small letters.</param>
/// <param name="Media">Its media type, as it is handed out.</param>
public sealed record DocumentType(string Ending, string Media)
{
    /// <summary>So many bytes from the start are enough for <see cref="Fits"/>.</summary>
    public const int Head = 4096;

    static readonly SearchValues<char> Unsafe = SearchValues.Create("/\\<>:\"|?*");

    public static IReadOnlyList<DocumentType> All { get; } =
    [
        new(".pdf", "application/pdf"),
        new(".jpg", "image/jpeg"),
        new(".jpeg", "image/jpeg"),
        new(".png", "image/png"),
        new(".txt", "text/plain; charset=utf-8"),
        new(".csv", "text/csv; charset=utf-8"),
        new(".odt", "application/vnd.oasis.opendocument.text"),
        new(".ods", "application/vnd.oasis.opendocument.spreadsheet"),
        new(".docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        new(".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ];

    /// <summary>By a name's ending; null: it is none of them.</summary>
    public static DocumentType? Of(string name) => All.FirstOrDefault(t => name.EndsWith(t.Ending, StringComparison.OrdinalIgnoreCase) && name.Length > t.Ending.Length);

    /// <summary>Whether content begins as this type does: a program with another name isn't taken.</summary>
    /// <param name="head">The first <see cref="Head"/> bytes, or all.</param>
    public bool Fits(ReadOnlySpan<byte> head) => Ending switch
    {
        ".pdf" => head.StartsWith("%PDF-"u8),
        ".jpg" or ".jpeg" => head.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8, 0xFF]),
        ".png" => head.StartsWith((ReadOnlySpan<byte>)[0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A]),
        ".txt" or ".csv" => IsText(head),
        _ => head.StartsWith("PK\u0003\u0004"u8),
    };

    /// <summary>A name as it may be sent and shown: its last part, without what systems of files or directions of writing make something else of; of at most 120 characters, with its ending.</summary>
    /// <returns>Null: nothing of it is left, or it is none of the types.</returns>
    public static string? NameOf(string given)
    {
        string last = given[(given.LastIndexOfAny(['/', '\\']) + 1)..];
        var kept = new StringBuilder();
        foreach (var rune in last.EnumerateRunes())
        {
            bool isShown = Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned
                or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator) && rune != Rune.ReplacementChar;
            kept.Append(isShown && !(rune.IsBmp && Unsafe.Contains((char)rune.Value)) ? rune.ToString() : "");
        }

        string name = kept.ToString().Trim().TrimStart('.').TrimStart();
        if (Of(name) is not { } type)
            return null;
        string stem = name[..^type.Ending.Length].TrimEnd(' ', '.');
        int most = RequestCase.MaxFileName - type.Ending.Length;
        if (stem.Length > most)
            stem = stem[..(char.IsHighSurrogate(stem[most - 1]) ? most - 1 : most)].TrimEnd(' ', '.');
        return stem.Length == 0 ? null : stem + type.Ending;
    }

    // UTF-8 without characters that no text has; the last one may be cut.
    static bool IsText(ReadOnlySpan<byte> head)
    {
        while (head.Length > 0)
        {
            var status = Rune.DecodeFromUtf8(head, out var rune, out int length);
            if (status == OperationStatus.NeedMoreData)
                return true;
            if (status != OperationStatus.Done || (Rune.IsControl(rune) && rune.Value is not ('\t' or '\n' or '\r' or '\f')))
                return false;
            head = head[length..];
        }

        return true;
    }
}
