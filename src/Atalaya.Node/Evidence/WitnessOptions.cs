using Atalaya.Evidence;
using Atalaya.Node.Options;

namespace Atalaya.Node.Evidence;

/// <summary>Somebody who signs this log's checkpoints.</summary>
/// <param name="Address">Behind which <c>add-checkpoint</c> is, with its last slash.</param>
sealed record WitnessAddress(NoteKey Key, Uri Address)
{
    public static bool TryParse(string text, out WitnessAddress witness, out string fault)
    {
        witness = null!;
        fault = "";
        if (text.Split(' ', StringSplitOptions.RemoveEmptyEntries) is not [var key, var address])
            fault = "must be a public key, a space, and an address, as in witness.example.org+9a1c…+BK… https://witness.example.org/witness.";
        else if (!NoteKey.TryParse(key, out var parsed) || parsed.Kind != NoteSignatureKind.Cosignature)
            fault = "doesn't begin with the public key of a witness; the node that witnesses shows it under Oversight, and `atalaya log witness-key` prints it.";
        else if (!Uri.TryCreate(address.TrimEnd('/') + "/", UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https") || uri.UserInfo.Length > 0 || uri.Query.Length > 0 || uri.Fragment.Length > 0)
            fault = "doesn't end with an address as in https://witness.example.org/witness.";
        else
            witness = new(parsed, uri);
        return witness is not null;
    }
}

/// <summary>Checks of the log's options that need more than their types.</summary>
static class EvidenceFaults
{
    public static IEnumerable<(string Key, string Fault)> Of(EvidenceOptions options)
    {
        foreach (string text in options.Witnesses)
        {
            if (!WitnessAddress.TryParse(text, out _, out string fault))
                yield return ("evidence.witnesses", $"'{OptionError.Shown(text)}' {fault}");
        }

        foreach (string text in options.WitnessedLogs)
        {
            if (!NoteKey.TryParse(text, out var key) || key.Kind != NoteSignatureKind.Ed25519)
                yield return ("evidence.witnessedLogs", $"'{OptionError.Shown(text)}' is not the public key of a log, as `atalaya log key` prints it there.");
        }

        if (options.WitnessName.Length > 0 && !NoteKey.IsName(options.WitnessName))
            yield return ("evidence.witnessName", "can't name a witness: no spaces, no plus signs.");
        if (options.Token.Module.Length > 0 && options.Token.PinFile.Length == 0)
            yield return ("evidence.token.pinFile", "is missing: the file with the token's PIN.");
    }
}
