using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Atalaya.Analysis.Detect;

/// <summary>A value of a model file, with the line that it stands in.</summary>
abstract record ModelNode(int Line);

sealed record ModelScalar(int Line, string Text) : ModelNode(Line);

sealed record ModelList(int Line, IReadOnlyList<ModelNode> Items) : ModelNode(Line);

sealed record ModelMap(int Line, IReadOnlyDictionary<string, ModelNode> Entries) : ModelNode(Line);

/// <summary>Reads the plain part of YAML: mappings, lists, scalars. Anchors, aliases and tags are refused, and what is large or deep: somebody else may have written the file.</summary>
static class ModelYaml
{
    const int MaxLength = 64 << 10, MaxDepth = 6;

    /// <returns>The top mapping; null, and a sentence in <paramref name="fault"/>, for anything else.</returns>
    public static ModelMap? Read(string text, out string fault)
    {
        fault = "";
        if (text.Length > MaxLength)
        {
            fault = $"The file is larger than {MaxLength >> 10} KiB; a model file has a few dozen lines.";
            return null;
        }

        try
        {
            var parser = new Parser(new Scanner(new StringReader(text), skipComments: true));
            parser.Consume<StreamStart>();
            if (parser.Accept<StreamEnd>(out _))
            {
                fault = "The file is empty.";
                return null;
            }

            parser.Consume<DocumentStart>();
            var top = Node(parser, 0);
            parser.Consume<DocumentEnd>();
            if (!parser.Accept<StreamEnd>(out _))
                throw new FormatException($"Line {parser.Current!.Start.Line}: a second document begins; one file describes one model.");
            if (top is ModelMap map)
                return map;
            fault = "The file must hold a mapping ('name: …', 'input: …').";
        }
        catch (FormatException refused)
        {
            fault = refused.Message;
        }
        catch (YamlException yaml)
        {
            fault = $"Line {Math.Max(1, yaml.Start.Line)}: this isn't YAML.";
        }
        catch (Exception tripped) when (tripped is InvalidOperationException or ArgumentException or OverflowException or IndexOutOfRangeException)
        {
            // The scanner has corners where it trips over its own state instead of reporting.
            fault = "This isn't YAML.";
        }

        return null;
    }

    static ModelNode Node(Parser parser, int depth)
    {
        var current = parser.Consume<ParsingEvent>();
        int line = (int)Math.Max(1, current.Start.Line);
        if (depth > MaxDepth)
            throw new FormatException($"Line {line}: this is nested more than {MaxDepth} deep.");
        if (current is AnchorAlias || current is NodeEvent { Anchor.IsEmpty: false } || current is NodeEvent { Tag.IsEmpty: false })
            throw new FormatException($"Line {line}: anchors, aliases and tags (&, *, !) aren't read; write the value out.");
        switch (current)
        {
            case Scalar scalar:
                return new ModelScalar(line, scalar.Value);
            case SequenceStart:
                var items = new List<ModelNode>();
                while (!parser.Accept<SequenceEnd>(out _))
                    items.Add(Node(parser, depth + 1));
                parser.Consume<SequenceEnd>();
                return new ModelList(line, items);
            case MappingStart:
                var entries = new Dictionary<string, ModelNode>(StringComparer.Ordinal);
                while (!parser.Accept<MappingEnd>(out _))
                {
                    if (Node(parser, depth + 1) is not ModelScalar key)
                        throw new FormatException($"Line {line}: a name must be plain text.");
                    if (!entries.TryAdd(key.Text, Node(parser, depth + 1)))
                        throw new FormatException($"Line {key.Line}: '{ModelFile.Shown(key.Text)}' is here twice.");
                }

                parser.Consume<MappingEnd>();
                return new ModelMap(line, entries);
            default:
                throw new FormatException($"Line {line}: something else than a value stands here.");
        }
    }
}
