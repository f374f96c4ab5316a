namespace Atalaya.Analysis.Detect;

/// <summary>What a detector never looks for: faces and who somebody is. A limit of the product, not a setting.</summary>
static class IdentityClasses
{
    // Words of class names and of outputs, in the languages that models are published in.
    static readonly HashSet<string> Words = new(StringComparer.OrdinalIgnoreCase)
    {
        "face", "faces", "facial", "faceid", "portrait", "mugshot", "identity", "identities", "identification", "reid", "embedding", "embeddings",
        "visage", "visages", "cara", "caras", "rostro", "rostros", "gesicht", "gesichter", "volto", "人脸", "وجه", "gender", "ethnicity",
    };

    /// <summary>Whether an output's name holds such a word. "Identity" alone isn't one there: it is what TensorFlow calls an operator that does nothing.</summary>
    public static bool NamesOutput(string name) => Names(name.Replace("Identity", "", StringComparison.Ordinal));

    /// <summary>Whether a class's name holds such a word; words end at anything that is no letter and at a capital after a small letter.</summary>
    public static bool Names(string name)
    {
        int start = 0;
        for (int i = 1; i <= name.Length; i++)
        {
            bool ends = i == name.Length || !char.IsLetter(name[i]) || (char.IsUpper(name[i]) && char.IsLower(name[i - 1]));
            if (!ends)
                continue;
            if (Words.Contains(name[start..i].Trim('_', '-', ' ', '.', '/', ':')))
                return true;
            start = i < name.Length && !char.IsLetter(name[i]) ? i + 1 : i;
        }

        return false;
    }
}
