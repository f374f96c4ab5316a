using System.Collections.Frozen;
using System.Globalization;
using System.Text;

namespace Atalaya.Federation.Agreements;

/// <summary>What agreements and decisions say, as sentences in the languages of the page. <see cref="Table"/> has one row for each, with its four texts.</summary>
public static partial class AgreementWords
{
    static readonly FrozenDictionary<string, Row> Rows = Table.ToFrozenDictionary(r => r.Key, StringComparer.Ordinal);

    /// <summary>All keys, for whoever checks that none lacks a language.</summary>
    public static IReadOnlyList<string> Keys { get; } = [.. Table.Select(r => r.Key)];

    /// <exception cref="KeyNotFoundException">There is no such sentence.</exception>
    public static string Sentence(Reason reason, Language language)
    {
        string text = In(reason.Key, language);
        var sentence = new StringBuilder(text.Length + 32);
        for (int at = 0; at < text.Length; at++)
        {
            if (text[at] == '{' && at + 2 < text.Length && text[at + 2] == '}')
            {
                Append(sentence, reason.Values[text[at + 1] - '0'], language);
                at += 2;
            }
            else
            {
                sentence.Append(text[at]);
            }
        }

        return sentence.ToString();
    }

    /// <summary>A word or sentence without values.</summary>
    public static string In(string key, Language language) => Rows[key] is var row ? language switch { Language.En => row.En, Language.Es => row.Es, Language.Fr => row.Fr, _ => row.Ar } : "";

    /// <summary>A ground of refusal in words: the agreement's, or the evaluator's own; its id where nobody has words for it.</summary>
    /// <param name="agreements">Whose grounds are known; the first that has it is believed.</param>
    public static string GroundOf(IEnumerable<Agreement> agreements, string ground, Language language) =>
        AgreementEvaluator.BuiltInGrounds.Contains(ground, StringComparer.Ordinal)
            ? In($"ground.{ground}", language)
            : agreements.SelectMany(a => a.Grounds).FirstOrDefault(g => g.Id == ground)?.Text.For(language) ?? ground;

    /// <summary>The word for a value of an enumeration here: <c>ShareKind.Live</c> is <c>live view</c>.</summary>
    public static string Word(Enum value, Language language) => In($"{value.GetType().Name}.{value}", language);

    /// <summary>What a clause's terms say of things of this kind; null: of all kinds.</summary>
    internal static IEnumerable<Reason> TermsOf(ClauseTerms terms, ShareKind? what)
    {
        if (what is not (ShareKind.Alarm or ShareKind.IncidentCard))
        {
            yield return new(terms.Masked ? "termMasked" : "termUnmasked");
            if (terms.MaxHeight is { } lines)
                yield return new("termHeight", lines);
            if (terms.Watermark)
                yield return new("termWatermark");
        }

        if (what is null or ShareKind.Live && terms.LiveMinutes is { } minutes)
            yield return new("termLive", minutes);
        yield return terms.KeepDays is { } days ? new("termKeep", days) : new("termKeepFree");
        yield return new("termHandling", terms.Handling, new Reason($"handling{terms.Handling}"));
        yield return new($"termOnward{terms.Onward}");
        yield return terms.Approvals == 0 ? new("termNoApproval") : new("termApprovals", terms.Approvals);
        if (terms.Approvers is { Count: > 0 } approvers)
            yield return new("termApprovers", approvers);
        if (terms.ReviewHours is { } hours)
            yield return new("termReview", hours);
        if (terms.Graded)
            yield return new("termGraded");
    }

    static void Append(StringBuilder sentence, object value, Language language)
    {
        switch (value)
        {
            case Enum word:
                sentence.Append(Word(word, language));
                break;
            case Words words:
                Isolate(words.For(language));
                break;
            case Reason inner:
                sentence.Append(Sentence(inner, language));
                break;
            case string text:
                Isolate(text);
                break;
            case DateOnly day:
                Isolate(day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
                break;
            case Grade grade:
                Isolate($"{grade.Source}{grade.Information}");
                break;
            case System.Collections.IEnumerable list:
                string between = "";
                foreach (object one in list)
                {
                    sentence.Append(between);
                    Append(sentence, one, language);
                    between = language == Language.Ar ? "، " : ", ";
                }

                break;
            default:
                sentence.Append(CultureInfo.InvariantCulture, $"{value}");
                break;
        }

        // A name in another script must not turn what stands around it (Unicode UAX #9, isolates).
        void Isolate(string text)
        {
            if (language == Language.Ar)
                sentence.Append('\u2068').Append(text).Append('\u2069');
            else
                sentence.Append(text);
        }
    }

    sealed record Row(string Key, string En, string Es, string Fr, string Ar);
}
