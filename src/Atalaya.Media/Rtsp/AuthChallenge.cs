namespace Atalaya.Media.Rtsp;

/// <summary>From weak to strong.</summary>
public enum AuthScheme
{
    Basic,
    DigestMd5,
    DigestMd5Session,
    DigestSha256,
    DigestSha256Session,
}

/// <summary>One challenge of a <c>WWW-Authenticate</c> header (RFC 7617, RFC 7616, RFC 2069 where there is no qop).</summary>
/// <param name="Qop"><c>auth</c> where offered, else <c>auth-int</c>, else null: the old way.</param>
/// <param name="Stale">The credentials were right, the nonce too old.</param>
public sealed record AuthChallenge(AuthScheme Scheme, string Realm, string Nonce, string? Opaque, string? Qop, bool Stale)
{
    const int MaxChallenges = 16, MaxParameters = 32, MaxLength = 8 << 10;

    /// <summary>
    /// Reads all challenges of one header: a header may hold several, separated by the same commas as their parameters.
    /// Never throws; schemes that we don't know are left out.
    /// </summary>
    public static IReadOnlyList<AuthChallenge> Parse(string header)
    {
        var challenges = new List<AuthChallenge>();
        var text = header.AsSpan(0, Math.Min(header.Length, MaxLength));
        string? scheme = null;
        var parameters = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        int at = 0;
        while (challenges.Count < MaxChallenges)
        {
            while (at < text.Length && text[at] is ' ' or '\t' or ',')
                at++;
            if (at >= text.Length)
                break;
            int start = at;
            while (at < text.Length && text[at] is not (' ' or '\t' or ',' or '=' or '"'))
                at++;
            var word = text[start..at];
            int equals = at;
            while (equals < text.Length && text[equals] is ' ' or '\t')
                equals++;
            if (equals < text.Length && text[equals] == '=')
            {
                at = equals + 1;
                string value = Value(text, ref at);
                if (parameters.Count < MaxParameters)
                    parameters[word.ToString()] = value;
            }
            else if (word.Length > 0)
            {
                Add(challenges, scheme, parameters);
                scheme = word.ToString();
                parameters.Clear();
            }
            else
            {
                at++;   // a stray quote or the like
            }
        }

        Add(challenges, scheme, parameters);
        return challenges;
    }

    static string Value(ReadOnlySpan<char> text, ref int at)
    {
        while (at < text.Length && text[at] is ' ' or '\t')
            at++;
        if (at >= text.Length || text[at] != '"')
        {
            int start = at;
            while (at < text.Length && text[at] is not (',' or ' ' or '\t'))
                at++;
            return text[start..at].ToString();
        }

        var value = new System.Text.StringBuilder();
        for (at++; at < text.Length && text[at] != '"'; at++)
        {
            if (text[at] == '\\' && at + 1 < text.Length)
                at++;
            value.Append(text[at]);
        }

        at = Math.Min(at + 1, text.Length);
        return value.ToString();
    }

    static void Add(List<AuthChallenge> challenges, string? name, Dictionary<string, string> parameters)
    {
        string realm = parameters.GetValueOrDefault("realm", "");
        if (string.Equals(name, "Basic", StringComparison.OrdinalIgnoreCase))
        {
            challenges.Add(new(AuthScheme.Basic, realm, "", null, null, Stale: false));
            return;
        }

        if (!string.Equals(name, "Digest", StringComparison.OrdinalIgnoreCase) || !parameters.TryGetValue("nonce", out string? nonce))
            return;
        AuthScheme? scheme = parameters.GetValueOrDefault("algorithm", "MD5").ToUpperInvariant() switch
        {
            "MD5" or "" => AuthScheme.DigestMd5,
            "MD5-SESS" => AuthScheme.DigestMd5Session,
            "SHA-256" => AuthScheme.DigestSha256,
            "SHA-256-SESS" => AuthScheme.DigestSha256Session,
            _ => null,
        };
        if (scheme is not { } known)
            return;
        string[] offered = parameters.GetValueOrDefault("qop", "").Split([',', ' '], StringSplitOptions.RemoveEmptyEntries);
        string? qop = offered.Contains("auth", StringComparer.OrdinalIgnoreCase) ? "auth"
            : offered.Contains("auth-int", StringComparer.OrdinalIgnoreCase) ? "auth-int" : null;
        challenges.Add(new(known, realm, nonce, parameters.GetValueOrDefault("opaque"), qop,
            string.Equals(parameters.GetValueOrDefault("stale"), "true", StringComparison.OrdinalIgnoreCase)));
    }
}
