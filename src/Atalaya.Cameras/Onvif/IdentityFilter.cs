namespace Atalaya.Cameras.Onvif;

/// <summary>
/// Knows what is about who somebody is. A camera may find faces, guess at ages or match lists of its own; none of that
/// comes in. Made to err on this side: what only may be about a face is left out too.
/// </summary>
public static class IdentityFilter
{
    /// <summary>A longer value is no reading but a picture or a template (characters).</summary>
    public const int MaxValue = 1024;

    static readonly string[] Fragments =
    [
        "facial", "biometr", "identity", "watchlist", "blacklist", "whitelist", "blocklist", "allowlist", "namelist",
        "personid", "personname", "humanid", "humanname", "peopleid", "fingerprint", "gait", "reid", "similarity", "embedding", "featurevector",
        "gender", "ethnic", "credentialholder", "stranger",
    ];

    // Whole words only: they are parts of harmless ones (average, trace, stage).
    static readonly string[] Words = ["age", "race", "sex", "beard", "skin", "agegroup", "agerange", "skincolor"];

    // VideoSource/MotionAlarm, which most cameras send, holds it across two.
    const string InOneWord = "emotion";

    // Where they aren't part of one of the harmless: "interface" holds a face, and "identifier" names rules and sources.
    static readonly string[] Ambiguous = ["face", "identif"];
    static readonly string[] Harmless = ["interface", "surface", "preface", "identifier"];

    /// <summary>Whether a topic, a name or a sentence is about a face or about who somebody is.</summary>
    public static bool IsIdentity(string name)
    {
        string plain = new([.. name.Where(char.IsAsciiLetterOrDigit).Select(char.ToLowerInvariant)]);
        if (Fragments.Any(f => plain.Contains(f, StringComparison.Ordinal)) || WordsOf(name).Any(w => Words.Contains(w, StringComparer.Ordinal))
            || WordsOf(name).SkipLast(1).Any(w => w.Contains(InOneWord, StringComparison.Ordinal)))
            return true;
        foreach (string word in Harmless)
            plain = plain.Replace(word, "-", StringComparison.Ordinal);
        return Ambiguous.Any(f => plain.Contains(f, StringComparison.Ordinal));
    }

    /// <summary>The class of what was found, or the rule that found it: an event of whatever topic about a face.</summary>
    internal static bool IsFaceClass(OnvifItem item) =>
        (item.Name.Contains("class", StringComparison.OrdinalIgnoreCase) || item.Name.Contains("type", StringComparison.OrdinalIgnoreCase)
            || item.Name.Contains("rule", StringComparison.OrdinalIgnoreCase) || item.Name.Contains("object", StringComparison.OrdinalIgnoreCase) || item.Name.Contains("target", StringComparison.OrdinalIgnoreCase))
        && IsIdentity(item.Value);

    // FaceAge_Range → face, age, range, and the whole: agerange is written in one word too.
    static IEnumerable<string> WordsOf(string name)
    {
        int start = 0;
        for (int i = 0; i <= name.Length; i++)
        {
            bool ends = i == name.Length || !char.IsAsciiLetterOrDigit(name[i]);
            if (!ends && !(i > start && char.IsAsciiLetterUpper(name[i]) && char.IsAsciiLetterLower(name[i - 1])))
                continue;
            if (i > start)
                yield return name[start..i].ToLowerInvariant();
            start = ends ? i + 1 : i;
        }

        yield return name.ToLowerInvariant();
    }
}
