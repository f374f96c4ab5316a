using System.Security.Cryptography;
using System.Text;

namespace Atalaya.Media.Rtsp;

/// <summary>Answers one camera's challenges, of RTSP or of HTTP, from which RTSP took them; goes on answering without being asked again.</summary>
/// <remarks>Not thread-safe: whoever writes requests owns it.</remarks>
public sealed class RtspAuthenticator(string userName, string password, Func<string>? clientNonce = null)
{
    AuthChallenge? _challenge;
    string _clientNonce = "";
    uint _count;        // requests under this nonce

    /// <summary>Some request with the present credentials was accepted.</summary>
    public bool Proven { get; set; }
    public string UserName => userName;

    /// <summary>Null before the first challenge.</summary>
    public AuthScheme? Scheme => _challenge?.Scheme;

    /// <summary>
    /// Takes the strongest of <paramref name="offered"/>. Only that one is tried: many cameras lock a user out after a few failures.
    /// </summary>
    /// <returns>False if a second try can't help: nothing known is offered, or the answer to this very challenge was refused.</returns>
    public bool Adopt(IEnumerable<AuthChallenge> offered)
    {
        var best = offered.MaxBy(c => c.Scheme);
        if (best is null)
            return false;

        // Asked again after an answer: only an aged nonce is a reason to answer again. Not all cameras say "stale".
        bool again = _challenge is not null;
        bool aged = best.Stale || (Proven && best.Nonce != _challenge?.Nonce && best.Scheme != AuthScheme.Basic);
        if (again && !aged)
            return false;
        _challenge = best;
        _count = 0;
        _clientNonce = clientNonce?.Invoke() ?? Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        return true;
    }

    /// <summary>The value of <c>Authorization</c>; null before the first challenge.</summary>
    public string? Authorize(string method, string uri, ReadOnlySpan<byte> body)
    {
        if (_challenge is not { } challenge)
            return null;
        if (challenge.Scheme == AuthScheme.Basic)
            return $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"{userName}:{password}"))}";

        bool sha = challenge.Scheme is AuthScheme.DigestSha256 or AuthScheme.DigestSha256Session;
        bool session = challenge.Scheme is AuthScheme.DigestMd5Session or AuthScheme.DigestSha256Session;
        string count = (++_count).ToString("x8");
        string ha1 = Hash($"{userName}:{challenge.Realm}:{password}");
        if (session)
            ha1 = Hash($"{ha1}:{challenge.Nonce}:{_clientNonce}");
        string ha2 = challenge.Qop == "auth-int" ? Hash($"{method}:{uri}:{HashBytes(body)}") : Hash($"{method}:{uri}");
        string response = challenge.Qop is null
            ? Hash($"{ha1}:{challenge.Nonce}:{ha2}")
            : Hash($"{ha1}:{challenge.Nonce}:{count}:{_clientNonce}:{challenge.Qop}:{ha2}");

        var value = new StringBuilder(256)
            .Append("Digest username=\"").Append(Quoted(userName)).Append("\", realm=\"").Append(Quoted(challenge.Realm))
            .Append("\", nonce=\"").Append(Quoted(challenge.Nonce)).Append("\", uri=\"").Append(Quoted(uri))
            .Append("\", response=\"").Append(response).Append('"');
        // Cameras older than RFC 2617 stumble over an algorithm that they didn't name; MD5 is what they mean.
        if (challenge.Scheme != AuthScheme.DigestMd5)
            value.Append(", algorithm=").Append(sha ? "SHA-256" : "MD5").Append(session ? "-sess" : "");
        if (challenge.Opaque is not null)
            value.Append(", opaque=\"").Append(Quoted(challenge.Opaque)).Append('"');
        if (challenge.Qop is not null)
            value.Append(", qop=").Append(challenge.Qop).Append(", nc=").Append(count);
        if (challenge.Qop is not null || session)
            value.Append(", cnonce=\"").Append(_clientNonce).Append('"');
        return value.ToString();

        string Hash(string text) => HashBytes(Encoding.UTF8.GetBytes(text));
        string HashBytes(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(sha ? SHA256.HashData(bytes) : MD5.HashData(bytes));
    }

    static string Quoted(string text) => text.Replace("\\", "\\\\").Replace("\"", "\\\"");
}
