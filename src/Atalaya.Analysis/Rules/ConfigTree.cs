using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Atalaya.Analysis.Rules;

/// <summary>Where something is wrong in a text, and what.</summary>
/// <param name="Line">From 1; 0 where there is no text.</param>
/// <param name="Path">As <c>rules[2].points[0]</c>; empty for the whole.</param>
public readonly record struct RuleFault(int Line, string Path, string Message)
{
    public override string ToString() =>
        (Line, Path) switch
        {
            (0, "") => Message,
            (0, _) => $"{Path}: {Message}",
            (_, "") => $"line {Line}: {Message}",
            _ => $"line {Line}, {Path}: {Message}",
        };
}

/// <summary>A value of a YAML or JSON text that knows its line.</summary>
abstract record ConfigNode(int Line);

sealed record ConfigScalar(int Line, string Text, bool IsPlain) : ConfigNode(Line)
{
    public bool IsNull => IsPlain && Text is "" or "~" or "null";
}

sealed record ConfigList(int Line, IReadOnlyList<ConfigNode> Items) : ConfigNode(Line);

sealed record ConfigMap(int Line, IReadOnlyList<(string Key, int Line, ConfigNode Value)> Entries) : ConfigNode(Line);

/// <summary>
/// Reads the plain part of YAML, which holds all of JSON: mappings, lists and scalars. Anchors and tags are refused: they let a small
/// text stand for a huge one.
/// </summary>
static class ConfigTree
{
    const int MaxDepth = 16, MaxChars = 1 << 20, MaxNodes = 100_000;

    /// <returns>Null after a fault, of which there is one.</returns>
    public static ConfigNode? Read(string text, List<RuleFault> faults)
    {
        if (text.Length > MaxChars)
        {
            faults.Add(new(0, "", "The text is longer than a million characters."));
            return null;
        }

        try
        {
            var parser = new Parser(new Scanner(new StringReader(text), skipComments: true));
            parser.Consume<StreamStart>();
            if (parser.Accept<StreamEnd>(out _))
                return new ConfigMap(1, []);
            parser.Consume<DocumentStart>();
            int nodes = 0;
            var node = Node(parser, 0, ref nodes);
            parser.Consume<DocumentEnd>();
            if (!parser.Accept<StreamEnd>(out _))
                throw new Refused((int)parser.Current!.Start.Line, "A second document begins here; one text holds one.");
            return node is ConfigScalar { IsNull: true } ? new ConfigMap(1, []) : node;
        }
        catch (Refused refused)
        {
            faults.Add(new(refused.Line, "", refused.Message));
        }
        catch (YamlException yaml)
        {
            faults.Add(new(Math.Max(1, (int)yaml.Start.Line), "", "This is neither YAML nor JSON from here on."));
        }
        catch (Exception fault) when (fault is InvalidOperationException or ArgumentException or OverflowException or FormatException or IndexOutOfRangeException)
        {
            // The scanner has corners where it trips over its own state instead of reporting; the text is no less broken.
            faults.Add(new(0, "", "This is neither YAML nor JSON."));
        }

        return null;
    }

    static ConfigNode Node(Parser parser, int depth, ref int nodes)
    {
        var current = parser.Consume<ParsingEvent>();
        int line = Math.Max(1, (int)current.Start.Line);
        if (depth > MaxDepth)
            throw new Refused(line, $"This is nested more than {MaxDepth} deep.");
        if (++nodes > MaxNodes)
            throw new Refused(line, "The text holds too many values.");
        if (current is AnchorAlias || current is NodeEvent { Anchor.IsEmpty: false })
            throw new Refused(line, "Anchors and aliases (& and *) aren't read; write the value out.");
        if (current is NodeEvent { Tag.IsEmpty: false })
            throw new Refused(line, "Tags (!) aren't read; write the plain value.");
        switch (current)
        {
            case Scalar scalar:
                return new ConfigScalar(line, scalar.Value, scalar.Style == ScalarStyle.Plain);
            case SequenceStart:
                var items = new List<ConfigNode>();
                while (!parser.Accept<SequenceEnd>(out _))
                    items.Add(Node(parser, depth + 1, ref nodes));
                parser.Consume<SequenceEnd>();
                return new ConfigList(line, items);
            case MappingStart:
                var entries = new List<(string, int, ConfigNode)>();
                var seen = new HashSet<string>(StringComparer.Ordinal);
                while (!parser.Accept<MappingEnd>(out _))
                {
                    if (Node(parser, depth + 1, ref nodes) is not ConfigScalar key)
                        throw new Refused(line, "A name must be plain text.");
                    if (!seen.Add(key.Text))
                        throw new Refused(key.Line, $"'{Shown(key.Text)}' is here twice.");
                    entries.Add((key.Text, key.Line, Node(parser, depth + 1, ref nodes)));
                }

                parser.Consume<MappingEnd>();
                return new ConfigMap(line, entries);
            default:
                throw new Refused(line, "Something else than a value stands here.");
        }
    }

    /// <summary>Foreign text for a message: short, and of visible characters.</summary>
    public static string Shown(string text)
    {
        string visible = new([.. text.Take(60).Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '?' : c)]);
        return text.Length > 60 ? visible + "…" : visible;
    }

    sealed class Refused(int line, string message) : Exception(message)
    {
        public int Line { get; } = line;
    }
}
