using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace Atalaya.Simulation;

/// <summary>Basic and Digest as a camera asks for them (RFC 7617, RFC 7616 and the older RFC 2069 form without qop).</summary>
sealed class RtspAuthentication(IReadOnlyDictionary<string, string> users, SimulatorAuthentication schemes)
{
    const string Realm = "Atalaya simulator";

    public bool Wanted => users.Count > 0;

    public IEnumerable<string> Challenges(string nonce)
    {
        if (schemes.HasFlag(SimulatorAuthentication.DigestSha256))
            yield return $"Digest realm=\"{Realm}\", nonce=\"{nonce}\", algorithm=SHA-256, qop=\"auth\"";
        if (schemes.HasFlag(SimulatorAuthentication.DigestMd5))
            yield return $"Digest realm=\"{Realm}\", nonce=\"{nonce}\"";
        if (schemes.HasFlag(SimulatorAuthentication.Basic))
            yield return $"Basic realm=\"{Realm}\"";
    }

    public bool Accepts(RtspRequest request, string nonce) => Accepts(request.Method, request.Url, request.Header("Authorization"), nonce);

    /// <param name="header">The value of <c>Authorization</c>.</param>
    public bool Accepts(string method, string url, string? header, string nonce)
    {
        if (!Wanted)
            return true;
        if (header is null)
            return false;
        if (header.StartsWith("Basic ", StringComparison.OrdinalIgnoreCase))
            return schemes.HasFlag(SimulatorAuthentication.Basic) && AcceptsBasic(header["Basic ".Length..].Trim());
        if (!header.StartsWith("Digest ", StringComparison.OrdinalIgnoreCase))
            return false;
        var given = Parameters(header["Digest ".Length..]);
        bool sha = given.GetValueOrDefault("algorithm", "MD5").Equals("SHA-256", StringComparison.OrdinalIgnoreCase);
        if (!schemes.HasFlag(sha ? SimulatorAuthentication.DigestSha256 : SimulatorAuthentication.DigestMd5))
            return false;
        if (given.GetValueOrDefault("realm") != Realm || given.GetValueOrDefault("nonce") != nonce
            || !users.TryGetValue(given.GetValueOrDefault("username", ""), out string? password))
            return false;
        string uri = given.GetValueOrDefault("uri", "");
        if (PathOf(uri) != PathOf(url))
            return false;
        string secret = Hash(sha, $"{given["username"]}:{Realm}:{password}");
        string action = Hash(sha, $"{method}:{uri}");
        string expected = given.TryGetValue("qop", out string? qop)
            ? Hash(sha, $"{secret}:{nonce}:{given.GetValueOrDefault("nc")}:{given.GetValueOrDefault("cnonce")}:{qop}:{action}")
            : Hash(sha, $"{secret}:{nonce}:{action}");
        return CryptographicOperations.FixedTimeEquals(
            Encoding.ASCII.GetBytes(expected), Encoding.ASCII.GetBytes(given.GetValueOrDefault("response", "").ToLowerInvariant()));
    }

    bool AcceptsBasic(string encoded)
    {
        byte[] bytes = new byte[encoded.Length];
        if (!Convert.TryFromBase64String(encoded, bytes, out int length))
            return false;
        string[] parts = Encoding.UTF8.GetString(bytes, 0, length).Split(':', 2);
        return parts.Length == 2 && users.TryGetValue(parts[0], out string? password) && password == parts[1];
    }

    // Clients sign the URL, or just its path.
    static string PathOf(string uri) =>
        uri.IndexOf("://", StringComparison.Ordinal) is var scheme and >= 0 && uri.IndexOf('/', scheme + 3) is var slash
            ? (slash < 0 ? "/" : uri[slash..])
            : uri;

    [SuppressMessage("Security", "CA5351", Justification = "MD5 is what cameras speak.")]
    static string Hash(bool sha, string text) =>
        Convert.ToHexStringLower(sha ? SHA256.HashData(Encoding.UTF8.GetBytes(text)) : MD5.HashData(Encoding.UTF8.GetBytes(text)));

    static Dictionary<string, string> Parameters(string text)
    {
        var found = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        int at = 0;
        while (at < text.Length)
        {
            int equals = text.IndexOf('=', at);
            if (equals < 0)
                break;
            string key = text[at..equals].Trim(' ', ',', '\t');
            at = equals + 1;
            int end;
            if (at < text.Length && text[at] == '"')
            {
                end = text.IndexOf('"', at + 1);
                if (end < 0)
                    break;
                found[key] = text[(at + 1)..end];
                end++;
            }
            else
            {
                end = text.IndexOf(',', at);
                if (end < 0)
                    end = text.Length;
                found[key] = text[at..end].Trim();
            }

            at = end;
        }

        return found;
    }
}
