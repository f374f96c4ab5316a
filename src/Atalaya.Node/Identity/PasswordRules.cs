using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;

using Atalaya.Node.Options;

namespace Atalaya.Node.Identity;

/// <summary>
/// What a password must be: long, and not one that is tried first. No rules about kinds of characters: they make passwords that are alike, and length is
/// what costs an attacker (NIST SP 800-63B, 5.1.1.2).
/// </summary>
sealed class PasswordRules(NodeOptions options)
{
    public const int Longest = 256;

    const string Rows = "qwertyuiop asdfghjkl zxcvbnm azertyuiop qsdfghjklm wxcvbn qwertzuiop 1234567890 0987654321 abcdefghijklmnopqrstuvwxyz 1qaz2wsx3edc4rfv5tgb6yhn";

    // The program runs without tables of cultures, which would take letters apart.
    const string Accented = "áàâäãåçéèêëíìîïñóòôöõúùûüýÿ", Bare = "aaaaaaceeeeiiiinooooouuuuyy";

    static readonly HashSet<string> Words = Load();

    /// <summary>What is wrong, for the person who chose it; null when nothing is.</summary>
    public string? Fault(string password, params ReadOnlySpan<string> names)
    {
        int length = new StringInfoLength(password).Count;
        if (length < options.SignIn.PasswordLength)
            return $"must be at least {options.SignIn.PasswordLength} characters. A sentence of a few words is easy to remember and hard to guess.";
        if (password.Length > Longest)
            return $"must be at most {Longest} characters.";
        if (IsGuessable(password, names))
            return "is among those that are tried first: well-known words, names, keyboard rows or repetitions. Put together words that don't belong together.";
        return IsBreached(password)
            ? "was found in a collection of stolen passwords. Choose another one."
            : null;
    }

    /// <summary>
    /// Whether what is left without decoration (digits around it, letters written as signs, words set apart) is only well-known words, the user's
    /// own names, keyboard rows and repetitions.
    /// </summary>
    public static bool IsGuessable(string password, params ReadOnlySpan<string> names)
    {
        string plain = Plain(password);
        var own = new HashSet<string>(StringComparer.Ordinal);
        foreach (string name in names)
            own.UnionWith(name.Split(' ', '.', '-', '_', '@').Select(Plain).Where(n => n.Length >= 3));
        // Each character that isn't explained by something known must be guessed; four of them are too few to hold.
        return Unexplained(plain, own) < 4;
    }

    /// <summary>The fewest characters that are left when known pieces are taken out, in any way of taking them.</summary>
    static int Unexplained(string text, HashSet<string> own)
    {
        int[] least = new int[text.Length + 1];
        for (int end = 1; end <= text.Length; end++)
        {
            // A digit beside a word adds next to nothing: years and counts.
            least[end] = least[end - 1] + (char.IsAsciiDigit(text[end - 1]) ? 0 : 1);
            for (int start = Math.Max(0, end - 24); start < end - 1; start++)
            {
                if (least[start] < least[end] && IsKnown(text[start..end], own))
                    least[end] = least[start];
            }
        }

        return least[text.Length];
    }

    static bool IsKnown(string piece, HashSet<string> own)
    {
        if (Words.Contains(piece) || own.Contains(piece))
            return true;
        if (piece.Length >= 3 && (Rows.Contains(piece, StringComparison.Ordinal) || Rows.Contains(Reversed(piece), StringComparison.Ordinal)))
            return true;
        // aaaa, ababab, abcabc
        for (int unit = 1; unit <= Math.Min(4, piece.Length / 2); unit++)
        {
            if (piece.Length >= Math.Max(3, 2 * unit) && piece.Length % unit == 0 && Enumerable.Range(unit, piece.Length - unit).All(i => piece[i] == piece[i % unit]))
                return true;
        }

        return false;
    }

    /// <summary>Lower case, without accents, spaces and signs, and with the letters that digits and signs stand for.</summary>
    static string Plain(string text)
    {
        var plain = new StringBuilder(text.Length);
        foreach (char c in text.ToLowerInvariant())
        {
            int accented = Accented.IndexOf(c, StringComparison.Ordinal);
            char letter = accented >= 0 ? Bare[accented] : c switch { '@' => 'a', '4' => 'a', '3' => 'e', '0' => 'o', '$' => 's', '!' => 'i', _ => c };
            // A digit at the rim is a count, inside a word a letter; both readings are cheap for who guesses.
            bool inside = plain.Length > 0 && char.IsLetter(plain[^1]);
            if (char.IsLetterOrDigit(letter))
                plain.Append(char.IsAsciiDigit(c) && !inside ? c : letter);
        }

        return plain.ToString();
    }

    static string Reversed(string text)
    {
        char[] letters = text.ToCharArray();
        Array.Reverse(letters);
        return new(letters);
    }

    [SuppressMessage("Security", "CA5350", Justification = "The list of stolen passwords that people keep offline is made of SHA-1 digests.")]
    bool IsBreached(string password)
    {
        if (options.SignIn.BreachedList.Length == 0)
            return false;
        return BreachedList.Contains(options.SignIn.BreachedList, Convert.ToHexString(SHA1.HashData(Encoding.UTF8.GetBytes(password))));
    }

    static HashSet<string> Load()
    {
        using var reader = new StreamReader(Assembly.GetExecutingAssembly().GetManifestResourceStream("Atalaya.Node.Identity.CommonWords.txt")!);
        return [.. reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Where(w => w.Length >= 2)];
    }

    /// <summary>Characters as people count them.</summary>
    readonly struct StringInfoLength(string text)
    {
        public int Count => new System.Globalization.StringInfo(text).LengthInTextElements;
    }
}

/// <summary>A file of stolen passwords: lines of SHA-1 in hexadecimal, a colon and a count, sorted by digest, as Have I Been Pwned gives it.</summary>
static class BreachedList
{
    const int LongestLine = 80;

    /// <exception cref="IOException">The file can't be read.</exception>
    public static bool Contains(string path, string digest)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1, FileOptions.RandomAccess);
        long low = 0, high = file.Length;   // The line wanted begins at or after low and before high, if it is there.
        Span<byte> buffer = stackalloc byte[2 * LongestLine];
        while (low < high)
        {
            long middle = low + ((high - low) / 2);
            long begin = Math.Max(0, middle - LongestLine);
            int read = RandomAccess.Read(file.SafeFileHandle, buffer, begin);
            var text = buffer[..read];
            int at = (int)(middle - begin);
            int start = text[..at].LastIndexOf((byte)'\n') + 1;
            int length = text[start..].IndexOf((byte)'\n');
            var line = length < 0 ? text[start..] : text.Slice(start, length);
            if (line.Length < digest.Length)
                return false;
            int order = string.CompareOrdinal(Encoding.ASCII.GetString(line[..digest.Length]).ToUpperInvariant(), digest);
            if (order == 0)
                return true;
            if (order < 0)
                low = length < 0 ? high : begin + start + length + 1;
            else
                high = begin + start;
        }

        return false;
    }
}
