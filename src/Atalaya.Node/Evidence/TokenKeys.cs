using System.Text;

using Atalaya.Evidence;
using Atalaya.Node.Options;

namespace Atalaya.Node.Evidence;

/// <summary>The log's keys in a PKCS#11 token: a smart card, a hardware security module. The private key never leaves it.</summary>
sealed class TokenKeys
{
    // A module is loaded and logged in to once for the process, whoever asks.
    static readonly Lock Gate = new();
    static (TokenOptions Options, TokenKeys Keys)? s_opened;

    readonly Pkcs11Token _token;
    readonly string _label;

    TokenKeys(Pkcs11Token token, string label) => (_token, _label) = (token, label);

    /// <exception cref="IOException">The module, the token or the PIN doesn't do.</exception>
    public static TokenKeys Open(TokenOptions options)
    {
        lock (Gate)
        {
            if (s_opened is { } opened && opened.Options == options)
                return opened.Keys;
            string pin = File.ReadAllText(options.PinFile).Trim();
            var keys = new TokenKeys(Pkcs11Token.Open(options.Module, options.Label, pin), options.Key);
            s_opened = (options, keys);
            return keys;
        }
    }

    /// <summary>Signs with the private key of a known public one.</summary>
    public NoteSigner Signer(NoteKey key) =>
        _token.Keys().FirstOrDefault(k => k.PublicKey.AsSpan().SequenceEqual(key.PublicKey)) is { } found
            ? new(key, m => _token.Sign(found.PublicKey, m))
            : throw new IOException($"The token {_token.Label} doesn't hold the private key of {key}.");

    /// <summary>The token's newest key of the configured label as a log's.</summary>
    /// <param name="not">The key that is to be followed.</param>
    public NoteSigner Next(string origin, NoteKey? not)
    {
        var found = _token.Keys().Where(k => k.Label == _label && (not is null || !k.PublicKey.AsSpan().SequenceEqual(not.PublicKey))).ToArray();
        if (found.Length != 1)
        {
            throw new IOException(new StringBuilder($"The token {_token.Label} holds {found.Length} Ed25519 keys called '{_label}'")
                .Append(not is null ? "" : " that aren't the one in force").Append("; it takes exactly one. Make it with the token's own tool, or name another with evidence.token.key.").ToString());
        }

        return new(new NoteKey(origin, NoteSignatureKind.Ed25519, found[0].PublicKey), m => _token.Sign(found[0].PublicKey, m));
    }
}
