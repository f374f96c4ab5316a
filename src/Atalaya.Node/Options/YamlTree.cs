using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Atalaya.Node.Options;

/// <summary>A YAML value that knows where it stands.</summary>
abstract record YamlNode(Place Place);

/// <param name="IsQuoted">Text whatever it looks like.</param>
sealed record YamlScalar(Place Place, string Text, bool IsNull, bool IsQuoted = false) : YamlNode(Place);

sealed record YamlList(Place Place, IReadOnlyList<YamlNode> Items) : YamlNode(Place);

sealed record YamlMap(Place Place, IReadOnlyList<(string Key, Place Place, YamlNode Value)> Entries) : YamlNode(Place);

/// <summary>
/// Reads the plain part of YAML: mappings, lists and scalars. Anchors, aliases and tags are refused: they let a small file stand for a huge
/// one, and a reader of a configuration shouldn't have to resolve them.
/// </summary>
static class YamlTree
{
    const int MaxDepth = 16, MaxBytes = 4 << 20, MaxNodes = 200_000;

    /// <returns>The top mapping, empty for an empty file; null after an error.</returns>
    public static YamlMap? Read(string text, string source, List<OptionError> errors)
    {
        var top = new Place(source, 1, 1);
        if (text.Length > MaxBytes)
        {
            errors.Add(new(top, "", $"The file is larger than {MaxBytes >> 20} MiB."));
            return null;
        }

        try
        {
            var parser = new Parser(new Scanner(new StringReader(text), skipComments: true));
            parser.Consume<StreamStart>();
            if (parser.Accept<StreamEnd>(out _))
                return new(top, []);
            parser.Consume<DocumentStart>();
            var reading = new Reading(source, parser);
            var node = reading.Node(0);
            parser.Consume<DocumentEnd>();
            if (!parser.Accept<StreamEnd>(out _))
                throw new Refused(reading.At(parser.Current!.Start), "There is a second document; one file holds one.");
            if (node is YamlScalar { IsNull: true })
                return new(top, []);
            if (node is YamlMap map)
                return map;
            errors.Add(new(node.Place, "", "The file must hold options, each as 'name: value'."));
        }
        catch (Refused refused)
        {
            errors.Add(new(refused.Place, "", refused.Message));
        }
        catch (YamlException yaml)
        {
            // The parser's own words start with the place, which is said already, and may quote the text.
            string message = yaml.Message;
            int end = message.IndexOf("): ", StringComparison.Ordinal);
            errors.Add(new(new(source, Math.Max(1, (int)yaml.Start.Line), Math.Max(1, (int)yaml.Start.Column)), "",
                "This isn't YAML: " + OptionError.Shown(end >= 0 ? message[(end + 3)..] : message)));
        }
        catch (Exception fault) when (fault is InvalidOperationException or ArgumentException or OverflowException or FormatException or IndexOutOfRangeException)
        {
            // The scanner has corners where it trips over its own state instead of reporting; the file is no less broken.
            errors.Add(new(top, "", "This isn't YAML."));
        }

        return null;
    }

    sealed class Refused(Place place, string message) : Exception(message)
    {
        public Place Place { get; } = place;
    }

    /// <summary>No escape left half of a pair alone: nothing could store that.</summary>
    static bool IsWhole(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (char.IsSurrogate(text[i]) && !(i + 1 < text.Length && char.IsSurrogatePair(text[i], text[++i])))
                return false;
        }

        return true;
    }

    sealed class Reading(string source, Parser parser)
    {
        int _nodes;

        public Place At(Mark mark) => new(source, Math.Max(1, (int)mark.Line), Math.Max(1, (int)mark.Column));

        public YamlNode Node(int depth)
        {
            var current = parser.Consume<ParsingEvent>();
            var place = At(current.Start);
            if (depth > MaxDepth)
                throw new Refused(place, $"This is nested more than {MaxDepth} deep.");
            if (++_nodes > MaxNodes)
                throw new Refused(place, "The file holds too many values.");
            if (current is AnchorAlias || current is NodeEvent { Anchor.IsEmpty: false })
                throw new Refused(place, "Anchors and aliases (& and *) aren't read; write the value out.");
            if (current is NodeEvent { Tag.IsEmpty: false })
                throw new Refused(place, "Tags (!) aren't read; write the plain value.");
            switch (current)
            {
                case Scalar scalar when scalar.Value.Contains('\0') || !IsWhole(scalar.Value):
                    throw new Refused(place, "This holds half of a character, or one that ends a text (\\ud800, \\0).");
                case Scalar scalar:
                    return new YamlScalar(place, scalar.Value, scalar.Style == ScalarStyle.Plain && scalar.Value is "" or "~" or "null", scalar.Style != ScalarStyle.Plain);
                case SequenceStart:
                    var items = new List<YamlNode>();
                    while (!parser.Accept<SequenceEnd>(out _))
                        items.Add(Node(depth + 1));
                    parser.Consume<SequenceEnd>();
                    return new YamlList(place, items);
                case MappingStart:
                    var entries = new List<(string, Place, YamlNode)>();
                    var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
                    while (!parser.Accept<MappingEnd>(out _))
                    {
                        if (Node(depth + 1) is not YamlScalar key)
                            throw new Refused(place, "A name must be plain text.");
                        if (!seen.Add(key.Text))
                            throw new Refused(key.Place, $"'{OptionError.Shown(key.Text)}' is here twice.");
                        entries.Add((key.Text, key.Place, Node(depth + 1)));
                    }

                    parser.Consume<MappingEnd>();
                    return new YamlMap(place, entries);
                default:
                    throw new Refused(place, "Something else than a value stands here.");
            }
        }
    }
}
