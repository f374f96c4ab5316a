using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.InteropServices;

using Atalaya.Evidence;

namespace Atalaya.Node.Updates;

/// <summary>What a release key signs of an update: a text of six lines, in a signed note (C2SP).</summary>
/// <param name="Version">Three numbers.</param>
/// <param name="RunsOn">System and processor, such as linux-x64.</param>
/// <param name="Replaces">The oldest version that it may follow.</param>
/// <param name="Length">Of the payload, bytes.</param>
/// <param name="Payload">SHA-256 of it.</param>
sealed record UpdateManifest(Version Version, string RunsOn, Version Replaces, long Length, Digest Payload)
{
    const string Head = "atalaya update v1";

    /// <summary>Of a payload: 2 GiB. The whole program with all models is a tenth of it.</summary>
    public const long MaxLength = 2L << 30;

    /// <summary>Of this machine.</summary>
    public static string Here { get; } = $"{(OperatingSystem.IsLinux() ? "linux" : OperatingSystem.IsWindows() ? "windows" : "other")}-{RuntimeInformation.OSArchitecture.ToString().ToLowerInvariant()}";

    public string Text => string.Create(CultureInfo.InvariantCulture, $"{Head}\nversion {Version}\nruns on {RunsOn}\nreplaces {Replaces}\nlength {Length}\nsha256 {Payload}\n");

    /// <summary>Reads one in its only spelling.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out UpdateManifest? manifest)
    {
        manifest = null;
        if (text.Split('\n') is not [Head, var version, var runs, var replaces, var length, var payload, ""]
            || !TryValue(version, "version ", out string v) || !TryValue(runs, "runs on ", out string on) || !TryValue(replaces, "replaces ", out string r) || !TryValue(length, "length ", out string l)
            || !TryValue(payload, "sha256 ", out string p) || !TryVersion(v, out var parsed) || !TryVersion(r, out var oldest) || on.Length is 0 or > 40 || !on.All(c => char.IsAsciiLetterOrDigit(c) || c == '-')
            || !long.TryParse(l, NumberStyles.None, CultureInfo.InvariantCulture, out long bytes) || bytes is < 1 or > MaxLength || !Digest.TryParse(p, out var digest))
            return false;
        var read = new UpdateManifest(parsed, on, oldest, bytes, digest);
        if (read.Text != text)
            return false;
        manifest = read;
        return true;
    }

    /// <summary>Three numbers, as 1.12.0.</summary>
    public static bool TryVersion(string text, [NotNullWhen(true)] out Version? version)
    {
        version = null;
        return text.Length <= 20 && text.Split('.').Length == 3 && text.All(c => char.IsAsciiDigit(c) || c == '.') && Version.TryParse(text, out version) && version.ToString() == text;
    }

    /// <summary>Why it can't follow what is there; null: it can.</summary>
    /// <param name="installed">Null: nothing is.</param>
    public string? Refuse(Version? installed, string here) =>
        RunsOn != here ? $"It is for {RunsOn}; this machine is {here}."
        : installed is null ? null
        : Version == installed ? $"Version {Version} is installed already."
        : Version < installed ? $"It is version {Version}, older than {installed}, which is installed. The way back is `atalaya update back`."
        : installed < Replaces ? $"It follows {Replaces} or later; {installed} is installed. Install one in between first."
        : null;

    static bool TryValue(string line, string name, out string value)
    {
        bool is1 = line.StartsWith(name, StringComparison.Ordinal);
        value = is1 ? line[name.Length..] : "";
        return is1;
    }
}
