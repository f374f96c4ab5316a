using System.Text.Json;

namespace Atalaya.Node.Oversight;

/// <summary>The report's words, in the page's four languages (ReportWords.json).</summary>
sealed class ReportWords
{
    static readonly Dictionary<string, Dictionary<string, string>> All = Read();

    readonly Dictionary<string, string> _words;

    public ReportWords(string language) => (_words, Language) = (All[language], language);

    public static IReadOnlyList<string> Languages { get; } = ["es", "fr", "ar", "en"];

    public string Language { get; }

    public string Direction => Language == "ar" ? "rtl" : "ltr";

    public string this[string key] => _words[key];

    /// <summary>Of a kind or purpose; one that somebody made up is its own word.</summary>
    public string Of(string group, string name) => _words.GetValueOrDefault($"{group}.{name}", name);

    /// <summary>Keys of each language, for the test that none lacks one.</summary>
    internal static IReadOnlyDictionary<string, IReadOnlyCollection<string>> Keys => All.ToDictionary(l => l.Key, l => (IReadOnlyCollection<string>)l.Value.Keys, StringComparer.Ordinal);

    static Dictionary<string, Dictionary<string, string>> Read()
    {
        using var stream = typeof(ReportWords).Assembly.GetManifestResourceStream("Atalaya.Node.Oversight.ReportWords.json")!;
        return JsonSerializer.Deserialize<Dictionary<string, Dictionary<string, string>>>(stream)!;
    }
}
