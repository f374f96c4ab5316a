namespace Atalaya.Node.Options;

/// <summary>Where a value was written: a file with line and column from 1, or an environment variable, or the command line.</summary>
public readonly record struct Place(string Source, int Line = 0, int Column = 0)
{
    public override string ToString() => Line == 0 ? Source : $"{Source}:{Line}:{Column}";
}

/// <param name="Key">The option, with dots, or empty for the file as a whole.</param>
/// <param name="Message">What is wrong and what to write instead. Never repeats a secret.</param>
public sealed record OptionError(Place Place, string Key, string Message)
{
    /// <summary>What was written, as far as an error may repeat it: a line that lost its break may hold a camera's password.</summary>
    internal static string Shown(string written) =>
        written.Contains('@') || written.Contains("://", StringComparison.Ordinal) ? "…" : Api.Problems.Shown(written);

    public override string ToString() => Key.Length == 0 ? $"{Place}: {Message}" : $"{Place}: {Key}: {Message}";
}
