using System.Text.RegularExpressions;

namespace Atalaya.House.Tests;

/// <summary>Documents lead somewhere and speak of the project alone.</summary>
public sealed partial class DocumentTests
{
    [Fact]
    public void Every_relative_link_in_the_documents_leads_to_a_file_and_a_heading()
    {
        var dead = new List<string>();
        foreach (string file in Markdown())
        {
            foreach (Match link in Link().Matches(WithoutCode(Repository.Read(file))))
            {
                string target = link.Groups["target"].Value;
                if (target.Contains("://", StringComparison.Ordinal) || target.StartsWith("mailto:", StringComparison.Ordinal))
                    continue;
                string[] parts = target.Split('#', 2);
                string path = parts[0].Length == 0
                    ? file
                    : Path.GetRelativePath(Repository.Root, Path.GetFullPath(Path.Combine(Repository.Root, Path.GetDirectoryName(file)!, Uri.UnescapeDataString(parts[0]))));
                bool exists = File.Exists(Path.Combine(Repository.Root, path)) || Directory.Exists(Path.Combine(Repository.Root, path));
                if (!exists || (parts.Length == 2 && !Anchors(path).Contains(parts[1])))
                    dead.Add($"{file}: {target}");
            }
        }

        dead.ShouldBeEmpty();
    }

    [Fact]
    public void The_project_names_no_registry_and_no_path_of_one_machine()
    {
        // Built from parts, so that this file doesn't find itself.
        string[] forbidden = ["registry." + "npmjs", "api." + "nuget", "deb." + "debian", "/wo" + "rk/", "/ro" + "ot/", "/fa" + "rm/"];
        var offenders =
            from file in Repository.Files
            where !file.EndsWith(".png", StringComparison.Ordinal) && !file.EndsWith(".bin", StringComparison.Ordinal)
            let text = Repository.Read(file)
            from word in forbidden
            where text.Contains(word, StringComparison.Ordinal)
            select $"{file}: {word}";
        offenders.ShouldBeEmpty();
    }

    static IEnumerable<string> Markdown() => Repository.Files.Where(f => f.EndsWith(".md", StringComparison.Ordinal) && !f.Contains("node_modules", StringComparison.Ordinal));

    static string WithoutCode(string text) => InlineCode().Replace(Fence().Replace(text, ""), "");

    /// <summary>GitHub's rule: lower case, punctuation gone, spaces to hyphens.</summary>
    static HashSet<string> Anchors(string file) =>
        [.. Heading().Matches(Fence().Replace(Repository.Read(file), ""))
            .Select(m => NotInAnchor().Replace(m.Groups["text"].Value.Trim().ToLowerInvariant(), "").Replace(' ', '-'))];

    [GeneratedRegex(@"!?\[[^\]]*\]\((?<target>[^)\s]+)(?:\s+""[^""]*"")?\)", RegexOptions.ExplicitCapture)]
    private static partial Regex Link();

    [GeneratedRegex(@"^```.*?^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fence();

    [GeneratedRegex("`[^`\n]*`")]
    private static partial Regex InlineCode();

    [GeneratedRegex(@"^#{1,6}\s+(?<text>.+)$", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\p{L}\p{Nd}\- _]")]
    private static partial Regex NotInAnchor();
}
