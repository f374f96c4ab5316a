using System.Text.RegularExpressions;

namespace Atalaya.House.Tests;

/// <summary>House rules that the compiler doesn't know.</summary>
public sealed partial class CodeTests
{
    [Fact]
    public void Classes_are_sealed_static_or_abstract()
    {
        var open =
            from file in CSharp()
            from Match match in Class().Matches(Repository.Read(file))
            where !match.Groups["modifiers"].Value.Split(' ').Any(m => m is "sealed" or "static" or "abstract")
            select $"{file}: {match.Groups["name"].Value}";
        open.ShouldBeEmpty();
    }

    [Fact]
    public void Namespaces_say_project_and_concept()
    {
        var strays =
            from file in CSharp()
            where file.StartsWith("src/", StringComparison.Ordinal)
            let declared = Namespace().Match(Repository.Read(file))
            where declared.Success
            let expected = Path.GetDirectoryName(file)!["src/".Length..].Replace('/', '.')
            where declared.Groups["name"].Value != expected
            select $"{file}: {declared.Groups["name"].Value}, its folder says {expected}";
        strays.ShouldBeEmpty();
    }

    [Fact]
    public void An_interface_has_two_implementations_or_a_process_boundary()
    {
        Repository.Files.Where(f => f.StartsWith("src/", StringComparison.Ordinal) && f.EndsWith(".cs", StringComparison.Ordinal))
            .Where(f => Interface().IsMatch(Repository.Read(f)))
            .ShouldBeEmpty("an interface needs a line here with its second implementation");
    }

    static IEnumerable<string> CSharp() => Repository.Files.Where(f => f.EndsWith(".cs", StringComparison.Ordinal));

    [GeneratedRegex(@"^[ ]*(?<modifiers>(?:(?:public|internal|private|protected|sealed|static|abstract|partial|file|unsafe|readonly)\s+)*)(?:class|record(?!\s+struct))\s+(?:class\s+)?(?<name>[A-Z]\w*)", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex Class();

    [GeneratedRegex(@"^namespace (?<name>[\w.]+);", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex Namespace();

    [GeneratedRegex(@"^\s*(?:public|internal)?\s*(?:partial\s+)?interface\s+I[A-Z]", RegexOptions.Multiline)]
    private static partial Regex Interface();
}
