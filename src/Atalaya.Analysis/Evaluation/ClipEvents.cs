using Atalaya.Analysis.Rules;

namespace Atalaya.Analysis.Evaluation;

/// <summary>Something that happens in a clip, as somebody saw who looked at it.</summary>
/// <param name="Rule">Id of the rule that should raise it.</param>
/// <param name="Seconds">Onset, from the first picture.</param>
public readonly record struct ClipEvent(string Rule, double Seconds);

/// <summary>The rules for a clip and every event that they should raise: the form of <c>ref/evaluation.md</c>.</summary>
public sealed record ClipEvents
{
    const int MostEvents = 10_000;

    public required RuleConfig Config { get; init; }

    /// <summary>In order of time; none for a clip in which nothing happens.</summary>
    public required IReadOnlyList<ClipEvent> Events { get; init; }

    /// <summary>Never throws, whatever the text is.</summary>
    /// <returns>Null with every fault in <paramref name="faults"/>.</returns>
    public static ClipEvents? Read(string text, out IReadOnlyList<RuleFault> faults)
    {
        var found = new List<RuleFault>();
        faults = found;
        if (ConfigTree.Read(text, found) is not { } tree)
            return null;
        // The clip's size isn't known here. For faults any aspect will do.
        var config = RuleReader.Read(tree, 16 / 9.0, found, "events");
        var events = new List<ClipEvent>();
        var reader = new ConfigReader(found);
        switch ((tree as ConfigMap)?.Entries.FirstOrDefault(e => e.Key == "events").Value)
        {
            case ConfigList { Items.Count: > MostEvents } list:
                reader.Fault(list, "events", $"are more than {MostEvents}.");
                break;
            case ConfigList list:
                for (int i = 0; i < list.Items.Count; i++)
                {
                    string path = $"events[{i}]";
                    if (reader.Read<EventEntry>(list.Items[i], path) is not { } entry)
                        continue;
                    if (!(entry.T is >= 0 and <= 1e6))
                        reader.Fault(list.Items[i], $"{path}.t", $"is {entry.T}, but must be seconds from the first picture, from 0.");
                    // Rules that have faults of their own may be the ones meant.
                    else if (found.Count == 0 && !config.Rules.Any(r => r.Id == entry.Rule))
                        reader.Fault(list.Items[i], $"{path}.rule", $"'{ConfigTree.Shown(entry.Rule)}' is none of the rules: {string.Join(", ", config.Rules.Select(r => r.Id))}.");
                    else
                        events.Add(new(entry.Rule, entry.T));
                }

                break;
            case null or ConfigScalar { IsNull: true }:
                break;
            case var other:
                reader.Fault(other, "events", "must be a list of {rule, t}; leave it empty for a clip in which nothing happens.");
                break;
        }

        if (found.Count == 0 && config.Rules.Count == 0)
            found.Add(new(0, "rules", "must be one at least: without rules nothing could be raised, rightly or wrongly."));
        return found.Count > 0 ? null : new() { Config = config, Events = [.. events.OrderBy(e => e.Seconds)] };
    }

    sealed record EventEntry
    {
        public required string Rule { get; init; }

        /// <summary>Seconds.</summary>
        public required double T { get; init; }
    }
}
