using System.Text;
using System.Text.Json.Nodes;

using Atalaya.Federation.Agreements;
using Atalaya.Testing;

namespace Atalaya.Federation.Tests.Agreements;

public sealed class OdrlTests
{
    [Fact]
    public void What_we_write_is_read_as_the_same_agreement()
    {
        foreach (var agreement in (IEnumerable<Agreement>)
            [Example.Agreement, Example.Agreement with { Version = 3, Previous = AgreementReader.DigestOf(Example.Agreement), End = new(2030, 12, 31) }, .. Enumerable.Range(0, 500).Select(s => RandomAgreement.Of(new Random(s)))])
        {
            var read = Odrl.Read(Odrl.Write(agreement, out var lost), draft: null);
            read.Faults.ShouldBeEmpty();
            read.Lost.ShouldBeEmpty();
            Encoding.UTF8.GetString(AgreementReader.Write(read.Agreement!)).ShouldBe(Encoding.UTF8.GetString(AgreementReader.Write(agreement)));
            lost.ShouldNotBeEmpty();
        }
    }

    [Fact]
    public void What_ODRL_itself_doesnt_say_is_listed()
    {
        Odrl.Write(Example.Agreement, out var lost);
        lost.ShouldContain("That masks are painted is told in words of the profile alone: clauses 1.1, 1.2, 2.1, 2.2, 3.1.");
        lost.ShouldContain(l => l.StartsWith("Signatures", StringComparison.Ordinal));
    }

    [Fact]
    public void A_policy_of_others_becomes_a_draft_with_what_it_says_and_a_list_of_what_is_lost()
    {
        var read = Odrl.Read(Encoding.UTF8.GetBytes("""
            {"@context":"http://www.w3.org/ns/odrl.jsonld","@type":"Offer","uid":"http://example.org/policy/7","ex:colour":"blue",
             "permission":[
              {"uid":"http://example.org/policy/7#view","target":"gate","assigner":"North","assignee":"South","action":"odrl:stream",
               "constraint":[{"leftOperand":"purpose","operator":"isAnyOf","rightOperand":["http://example.org/purposes#traffic"]},{"leftOperand":"resolution","operator":"lteq","rightOperand":480}],
               "duty":{"action":"delete","constraint":{"leftOperand":"delayPeriod","operator":"lteq","rightOperand":"P5D"}}},
              {"uid":"http://example.org/policy/7#count","target":"gate","action":"play","constraint":{"leftOperand":"count","operator":"lteq","rightOperand":3}},
              {"uid":"http://example.org/policy/7#print","target":"gate","action":{"@id":"odrl:play","refinement":[]}},
              {"uid":"http://example.org/policy/7#third","target":"gate","assignee":"East","action":"play"}],
             "prohibition":[{"uid":"http://example.org/policy/7#never","target":"yard","action":"use","constraint":{"leftOperand":"count","operator":"gt","rightOperand":3}}],
             "obligation":[{"action":"compensate"}]}
            """), Example.Agreement);
        read.Faults.ShouldBeEmpty();
        read.Agreement!.Clauses.Select(c => c.Id).ShouldBe(["view", "never"]);
        var view = read.Agreement.Clauses[0];
        view.What.ShouldBe([ShareKind.Live]);
        view.From.ShouldBe(["North"]);
        view.Cameras.ShouldBe(["gate"]);
        view.Purposes.ShouldBe(["traffic"]);
        view.Terms!.MaxHeight.ShouldBe(480);
        view.Terms.KeepDays.ShouldBe(5);
        // What it doesn't say is the strict way.
        view.Terms.Masked.ShouldBeTrue();
        view.Terms.Approvals.ShouldBe(2);
        read.Agreement.Clauses[1].Effect.ShouldBe(ClauseEffect.Deny);
        read.Agreement.Clauses[1].Cameras.ShouldBe(["yard"]);
        foreach (string lost in (string[])["'ex:colour'", "#count", "#print", "#third", "#never", "obligations"])
            read.Lost.ShouldContain(l => l.Contains(lost), lost);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[1]")]
    [InlineData("{}")]
    [InlineData("{\"@type\":\"Agreement\",\"profile\":\"urn:atalaya:agreement:1\",\"uid\":\"x\"}")]
    [InlineData("{\"@type\":\"Agreement\",\"uid\":\"x\"}")]
    public void What_is_no_policy_is_refused_with_a_reason(string text)
    {
        var read = Odrl.Read(Encoding.UTF8.GetBytes(text), draft: null);
        read.Agreement.ShouldBeNull();
        read.Faults.ShouldNotBeEmpty();
    }
}

/// <summary>The schema that others write agreements by says what the parser says.</summary>
public sealed class SchemaTests
{
    static readonly JsonNode Schema = JsonNode.Parse(File.ReadAllText(RepositoryRoot.File("ref/agreement.schema.json")))!;

    [Fact]
    public void What_we_write_is_as_the_schema_says()
    {
        JsonSchema.Faults(Schema, JsonNode.Parse(File.ReadAllText(RepositoryRoot.File("ref/agreement.example.json")))).ShouldBeEmpty();
        for (int seed = 0; seed < 100; seed++)
            JsonSchema.Faults(Schema, JsonNode.Parse(AgreementReader.Write(RandomAgreement.Of(new Random(seed))))).ShouldBeEmpty($"seed {seed}");
    }

    /// <summary>Every member taken away, every member given another type, and a stranger added, in every object of the example.</summary>
    [Fact]
    public void What_the_schema_refuses_the_parser_refuses()
    {
        int tried = 0;
        foreach (string path in Paths(JsonNode.Parse(AgreementReader.Write(Example.Agreement))!, ""))
        {
            foreach (string change in (string[])["remove", "object", "stranger"])
            {
                var document = JsonNode.Parse(AgreementReader.Write(Example.Agreement))!;
                if (!Change(document, path, change))
                    continue;
                tried++;
                JsonSchema.Faults(Schema, document).ShouldNotBeEmpty($"{change} {path}");
                AgreementReader.Read(Encoding.UTF8.GetBytes(document.ToJsonString()), out _).ShouldBeNull($"{change} {path}");
            }
        }

        tried.ShouldBeGreaterThan(200);
    }

    static IEnumerable<string> Paths(JsonNode node, string at)
    {
        if (node is JsonObject map)
        {
            foreach (var (name, value) in map)
            {
                yield return $"{at}/{name}";
                foreach (string inner in value is null ? [] : Paths(value, $"{at}/{name}"))
                    yield return inner;
            }
        }
        else if (node is JsonArray { Count: > 0 } list)
        {
            // The others are alike.
            foreach (string inner in list[0] is { } first ? Paths(first, $"{at}/0") : [])
                yield return inner;
        }
    }

    static bool Change(JsonNode document, string path, string change)
    {
        string[] steps = path[1..].Split('/');
        var at = document;
        foreach (string step in steps[..^1])
            at = at is JsonArray list ? list[int.Parse(step, System.Globalization.CultureInfo.InvariantCulture)]! : at[step]!;
        if (at is not JsonObject map)
            return false;
        if (change == "remove")
            return map.Remove(steps[^1]);
        if (change == "object")
            map[steps[^1]] = new JsonObject { ["x"] = 1 };
        else
            map["stranger"] = 1;
        return true;
    }
}
