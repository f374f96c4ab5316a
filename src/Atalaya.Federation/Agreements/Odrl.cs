using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Atalaya.Federation.Agreements;

/// <summary>What came out of a policy: an agreement, and what of the policy isn't in it.</summary>
/// <param name="Agreement">Sound; null: see <paramref name="Faults"/>.</param>
/// <param name="Lost">What couldn't be taken over, sentences. A permission that says something that an agreement can't is left out whole: without it, it would allow more.</param>
public sealed record OdrlImport(Agreement? Agreement, IReadOnlyList<string> Lost, IReadOnlyList<AgreementFault> Faults);

/// <summary>
/// Agreements as policies of the Open Digital Rights Language (W3C ODRL 2.2, JSON-LD), with a profile for what its own words don't say. <c>ref/agreement.md</c> lists which member becomes
/// what. JSON-LD is read in the compact form that ODRL's own context gives, not in every form that the standard knows.
/// </summary>
public static partial class Odrl
{
    /// <summary>The profile's name, and the start of its words.</summary>
    public const string Profile = "urn:atalaya:agreement:1";

    const string Context = "http://www.w3.org/ns/odrl.jsonld", Asset = "urn:atalaya:footage", Prefix = "atalaya:";

    static readonly JsonSerializerOptions Spelling = new(JsonSerializerDefaults.General) { WriteIndented = true, IndentSize = 1, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    static readonly (string Action, ShareKind What)[] Actions =
    [
        ("atalaya:alarm", ShareKind.Alarm), ("atalaya:incidentCard", ShareKind.IncidentCard), ("atalaya:still", ShareKind.Still), ("atalaya:live", ShareKind.Live), ("atalaya:clip", ShareKind.Clip),
        ("atalaya:package", ShareKind.Package),
    ];

    /// <param name="lost">What a reader who knows ODRL but not the profile doesn't see, sentences.</param>
    public static byte[] Write(Agreement agreement, out IReadOnlyList<string> lost)
    {
        var unseen = new SortedDictionary<string, List<string>>(StringComparer.Ordinal);
        var policy = new JsonObject
        {
            ["@context"] = new JsonArray(Context, new JsonObject { ["atalaya"] = $"{Profile}:", ["dct"] = "http://purl.org/dc/terms/", ["skos"] = "http://www.w3.org/2004/02/skos/core#" }),
            ["@type"] = "Agreement",
            ["uid"] = Uid(agreement),
            ["profile"] = Profile,
            // What is prohibited stands against every permission: ODRL's own word for it.
            ["conflict"] = "prohibit",
            ["dct:title"] = Texts(agreement.Title),
            ["dct:language"] = Names(agreement.Languages),
            ["target"] = Asset,
            ["assigner"] = new JsonArray([.. agreement.Parties.Select(p => JsonValue.Create(p.Organisation))]),
            ["assignee"] = new JsonArray([.. agreement.Parties.Select(p => JsonValue.Create(p.Organisation))]),
            ["atalaya:previous"] = agreement.Previous is { } before ? $"urn:sha256:{HexDigest.Of(before)}" : null,
            ["atalaya:party"] = new JsonArray([.. agreement.Parties.Select(p => new JsonObject
            {
                ["uid"] = p.Organisation, ["dct:title"] = Texts(p.Name), ["atalaya:key"] = p.Key, ["atalaya:signedFor"] = Texts(p.SignedFor),
            })]),
            ["atalaya:instrument"] = new JsonArray([.. agreement.Instruments.Select(i => new JsonObject { ["uid"] = i.Id, ["dct:title"] = Texts(i.Title), ["dct:identifier"] = i.Reference })]),
            ["atalaya:purpose"] = Terms(agreement.Purposes),
            ["atalaya:category"] = Terms(agreement.Categories),
            ["atalaya:ground"] = new JsonArray([.. agreement.Grounds.Select(g => new JsonObject { ["uid"] = g.Id, ["atalaya:refusal"] = Camel(g.Kind), ["skos:prefLabel"] = Texts(g.Text) })]),
            ["atalaya:grading"] = new JsonObject
            {
                ["atalaya:source"] = new JsonArray([.. agreement.Grading.Sources.Select(s => JsonValue.Create(s.ToString()))]),
                ["atalaya:worstInformation"] = agreement.Grading.WorstInformation,
            },
            ["atalaya:request"] = new JsonArray([.. agreement.Requests.Select(r => new JsonObject
            {
                ["uid"] = Camel(r.Kind), ["atalaya:urgentHours"] = r.UrgentHours, ["atalaya:promptHours"] = r.PromptHours, ["atalaya:routineHours"] = r.RoutineHours,
            })]),
            ["atalaya:start"] = Day(agreement.Start),
            ["atalaya:end"] = agreement.End is { } end ? Day(end) : null,
            ["atalaya:noticeMonths"] = agreement.NoticeMonths,
            ["atalaya:reviewMonths"] = agreement.ReviewMonths,
        };
        var permissions = new JsonArray();
        var prohibitions = new JsonArray();
        for (int i = 0; i < agreement.Clauses.Count; i++)
        {
            var clause = agreement.Clauses[i];
            var rule = Rule(agreement, clause, i, what => (unseen.TryGetValue(what, out var clauses) ? clauses : unseen[what] = []).Add(clause.Id));
            (clause.Effect == ClauseEffect.Allow ? permissions : prohibitions).Add(rule);
        }

        policy["permission"] = permissions;
        policy["prohibition"] = prohibitions;
        lost =
        [
            "Both parties' keys, legal instruments, grounds of refusal, grading, deadlines of requests, notice and review are told in words of the profile alone.",
            "Signatures aren't part of a policy.",
            .. unseen.Select(u => $"{u.Key} is told in words of the profile alone: clauses {string.Join(", ", u.Value)}."),
        ];
        return [.. JsonSerializer.SerializeToUtf8Bytes<JsonNode>(policy, Spelling), (byte)'\n'];
    }

    static JsonObject Rule(Agreement agreement, Clause clause, int place, Action<string> unseen)
    {
        var constraints = new JsonArray(Constraint("dateTime", "gteq", $"{Day(agreement.Start)}T00:00:00Z"));
        if (agreement.End is { } end)
            constraints.Add(Constraint("dateTime", "lt", $"{Day(end.AddDays(1))}T00:00:00Z"));
        Any("purpose", clause.Purposes);
        Any("spatial", clause.Sites);
        Any("atalaya:incidentType", clause.IncidentTypes, "The type of incident");
        Any("atalaya:category", clause.Categories, "The category of crime");
        Any("atalaya:camera", clause.Cameras, "The camera");
        Any("atalaya:requestKind", [.. clause.Requests.Select(r => Camel(r))], "The kind of request");
        if (clause.RescueOnly || clause.ExceptRescue)
        {
            constraints.Add(Constraint("atalaya:rescue", "eq", clause.RescueOnly));
            unseen("Whether people are in danger");
        }

        var rule = new JsonObject
        {
            ["uid"] = $"{Uid(agreement)}:clause:{clause.Id}",
            // Permissions and prohibitions are two lists; this is the document's order.
            ["atalaya:place"] = place,
            ["action"] = clause.What.Count == 0 ? "use" : new JsonArray([.. clause.What.Select(w => JsonValue.Create(Actions.First(a => a.What == w).Action))]),
        };
        if (clause.Text is { } text)
            rule["dct:description"] = Texts(text);
        if (clause.From.Count > 0)
            rule["assigner"] = new JsonArray([.. clause.From.Select(f => JsonValue.Create(f))]);
        if (clause.Ground is { } ground)
            rule["atalaya:ground"] = ground;
        if (clause.Terms is { } terms)
            Conditions(terms);
        rule["constraint"] = constraints;
        return rule;

        void Any(string operand, IReadOnlyList<string> values, string? profile = null)
        {
            if (values.Count == 0)
                return;
            constraints.Add(Constraint(operand, "isAnyOf", new JsonArray([.. values.Select(v => JsonValue.Create(v))])));
            if (profile is not null)
                unseen(profile);
        }

        void Conditions(ClauseTerms terms)
        {
            if (terms.MaxHeight is { } lines)
                constraints.Add(Constraint("resolution", "lteq", lines, ("unit", "atalaya:lines")));
            if (terms.LiveMinutes is { } minutes)
                constraints.Add(Constraint("elapsedTime", "lteq", $"PT{minutes}M"));
            if (terms.Masked)
            {
                constraints.Add(Constraint("atalaya:masked", "eq", true));
                unseen("That masks are painted");
            }

            var duties = new JsonArray();
            if (terms.KeepDays is { } days)
                duties.Add(new JsonObject { ["action"] = "delete", ["constraint"] = new JsonArray(Constraint("delayPeriod", "lteq", $"P{days}D")) });
            if (terms.Approvals > 0)
                duties.Add(new JsonObject { ["action"] = "obtainConsent", ["atalaya:persons"] = terms.Approvals, ["atalaya:approver"] = new JsonArray([.. terms.Approvers.Select(a => JsonValue.Create(a))]) });
            if (terms.ReviewHours is { } hours)
                duties.Add(new JsonObject { ["action"] = "atalaya:reviewAfterRescue", ["constraint"] = new JsonArray(Constraint("delayPeriod", "lteq", $"PT{hours}H")) });
            if (terms.Watermark)
                duties.Add(new JsonObject { ["action"] = "watermark" });
            if (terms.Graded)
                duties.Add(new JsonObject { ["action"] = "atalaya:grade" });
            if (duties.Count > 0)
                rule["duty"] = duties;
            rule["atalaya:handling"] = terms.Handling.ToString();
            rule["atalaya:onward"] = Camel(terms.Onward);
            unseen("The handling code, onward transfer, and how many must agree");
        }
    }

    static JsonObject Constraint(string operand, string comparison, JsonNode value, params (string Name, string Value)[] more)
    {
        var constraint = new JsonObject { ["leftOperand"] = operand, ["operator"] = comparison, ["rightOperand"] = value };
        foreach (var (name, text) in more)
            constraint[name] = text;
        return constraint;
    }

    static string Uid(Agreement agreement) => $"urn:atalaya:agreement:{agreement.Id}:{agreement.Version}";

    static JsonArray Texts(Words words) =>
        new([.. Enum.GetValues<Language>().Where(l => words.In(l) is not null).Select(l => new JsonObject { ["@language"] = Camel(l), ["@value"] = words.In(l) })]);

    static JsonArray Terms(IReadOnlyList<Term> terms) => new([.. terms.Select(t => new JsonObject { ["uid"] = t.Id, ["skos:prefLabel"] = Texts(t.Text) })]);

    static JsonArray Names<T>(IReadOnlyList<T> values)
        where T : struct, Enum => new([.. values.Select(v => JsonValue.Create(Camel(v)))]);

    static string Camel<T>(T value)
        where T : struct, Enum => value.ToString() is var name ? char.ToLowerInvariant(name[0]) + name[1..] : "";

    static string Day(DateOnly day) => day.ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture);
}
