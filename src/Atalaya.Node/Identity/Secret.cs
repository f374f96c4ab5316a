using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Atalaya.Node.Identity;

/// <summary>Secrets that only their owners have: 256 random bits, of which the node keeps the digest.</summary>
static class Secret
{
    /// <summary>Begins every API token, so that one that leaked is recognised.</summary>
    public const string TokenPrefix = "atl_";

    public static string New(string prefix = "") => prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    /// <summary>Under which it is kept. No salt and no stretching: nobody guesses 256 bits.</summary>
    public static string Digest(string secret) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(secret)));
}
