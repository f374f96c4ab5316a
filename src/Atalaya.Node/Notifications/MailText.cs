using System.Globalization;
using System.Text;

namespace Atalaya.Node.Notifications;

/// <summary>A message as RFC 5322 and MIME (RFC 2045 to 2047) have it: plain text, and at most one file. Bodies are base64, so that no server has to know more than ASCII.</summary>
sealed record MailText
{
    public required string From { get; init; }
    public required IReadOnlyList<string> To { get; init; }
    public required string Subject { get; init; }
    public required string Body { get; init; }

    /// <summary>Without angle brackets.</summary>
    public required string Id { get; init; }
    public required DateTimeOffset At { get; init; }
    public bool IsUrgent { get; init; }
    public (string Name, string Type, byte[] Bytes)? Attachment { get; init; }

    public byte[] Bytes()
    {
        var text = new StringBuilder();
        Line("From: <{0}>", From);
        Line("To: {0}", string.Join(",\r\n ", To.Select(t => $"<{t}>")));
        Line("Subject: {0}", Words(Subject));
        Line("Date: {0}", At.ToUniversalTime().ToString("ddd, dd MMM yyyy HH:mm:ss '+0000'", CultureInfo.InvariantCulture));
        Line("Message-ID: <{0}>", Id);
        // RFC 3834: nobody's holiday answers to it.
        Line("Auto-Submitted: auto-generated");
        if (IsUrgent)
            Line("X-Priority: 1");
        Line("MIME-Version: 1.0");
        if (Attachment is not { } file)
        {
            Part("text/plain; charset=utf-8", Encoding.UTF8.GetBytes(Body));
            return Encoding.UTF8.GetBytes(text.ToString());
        }

        // Base64 has no '=_' at the start of a line but at an end of three bytes; and no letters after it.
        const string Boundary = "=_atalaya";
        Line("Content-Type: multipart/mixed; boundary=\"{0}\"", Boundary);
        Line("");
        Line("--" + Boundary);
        Part("text/plain; charset=utf-8", Encoding.UTF8.GetBytes(Body));
        Line("--" + Boundary);
        Line("Content-Disposition: attachment; filename=\"{0}\"", file.Name);
        Part(file.Type, file.Bytes);
        Line("--" + Boundary + "--");
        return Encoding.UTF8.GetBytes(text.ToString());

        void Line(string format, params object[] values) => text.AppendFormat(CultureInfo.InvariantCulture, format, values).Append("\r\n");

        void Part(string type, byte[] bytes)
        {
            Line("Content-Type: {0}", type);
            Line("Content-Transfer-Encoding: base64");
            Line("");
            string all = Convert.ToBase64String(bytes);
            for (int i = 0; i < all.Length; i += 76)
                text.Append(all, i, Math.Min(76, all.Length - i)).Append("\r\n");
        }
    }

    /// <summary>As it is in ASCII, else in encoded words of at most 75 characters (RFC 2047), none of which cuts a letter.</summary>
    internal static string Words(string text)
    {
        if (Ascii.IsValid(text) && text.Length <= 70 && !text.Contains("=?", StringComparison.Ordinal))
            return text;
        // 45 bytes are 60 characters of base64, and 12 around them.
        const int MostBytes = 45;
        var words = new List<string>();
        var word = new List<byte>();
        Span<byte> bytes = stackalloc byte[4];
        foreach (var rune in text.EnumerateRunes())
        {
            int length = rune.EncodeToUtf8(bytes);
            if (word.Count + length > MostBytes)
            {
                words.Add(Convert.ToBase64String([.. word]));
                word.Clear();
            }

            word.AddRange(bytes[..length]);
        }

        words.Add(Convert.ToBase64String([.. word]));
        return string.Join("\r\n ", words.Select(w => $"=?utf-8?B?{w}?="));
    }
}
