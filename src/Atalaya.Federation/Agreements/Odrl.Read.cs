using System.Globalization;
using System.Text.Json;

namespace Atalaya.Federation.Agreements;

public static partial class Odrl
{
    /// <summary>Reads a policy; never throws, whatever the text is. What <see cref="Write"/> wrote becomes the same agreement again.</summary>
    /// <param name="draft">For what a policy of others doesn't say: parties, grounds, deadlines, duration. Null: such a policy is refused.</param>
    public static OdrlImport Read(ReadOnlyMemory<byte> json, Agreement? draft)
    {
        if (json.Length > 4 * Agreement.MaxLength)
            return new(null, [], [new("", $"The policy has {json.Length >> 10} KiB; at most {4 * Agreement.MaxLength >> 10} are read.")]);
        try
        {
            if (BrokenText(json.Span) is { } offset)
                return new(null, [], [new("", $"The text at byte {offset} isn't Unicode.")]);
            using var document = JsonDocument.Parse(json, new() { MaxDepth = 16, AllowDuplicateProperties = false });
            var pass = new Pass(document.RootElement, draft);
            return pass.All();
        }
        catch (JsonException fault)
        {
            return new(null, [], [new("", $"This is no JSON (line {fault.LineNumber + 1}, byte {fault.BytePositionInLine + 1}).")]);
        }
    }

    /// <summary>Names and texts are looked at once, so that nobody behind this meets half of a surrogate pair.</summary>
    static long? BrokenText(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, new() { MaxDepth = 16 });
        while (reader.Read())
        {
            if (reader.TokenType is not (JsonTokenType.PropertyName or JsonTokenType.String))
                continue;
            try
            {
                reader.GetString();
            }
            catch (InvalidOperationException)
            {
                return reader.TokenStartIndex;
            }
        }

        return null;
    }

    sealed class Pass(JsonElement policy, Agreement? draft)
    {
        static readonly string[] Known =
        [
            "@context", "@type", "type", "uid", "@id", "profile", "conflict", "dct:title", "dct:language", "target", "assigner", "assignee", "permission", "prohibition", "atalaya:previous", "atalaya:party",
            "atalaya:instrument", "atalaya:purpose", "atalaya:category", "atalaya:ground", "atalaya:grading", "atalaya:request", "atalaya:start", "atalaya:end", "atalaya:noticeMonths",
            "atalaya:reviewMonths",
        ];

        readonly List<string> _lost = [];
        readonly List<AgreementFault> _faults = [];
        readonly List<Term> _purposes = [];

        public OdrlImport All()
        {
            if (policy.ValueKind != JsonValueKind.Object || Word(policy, "@type") is var type && type is not ("Agreement" or "Offer" or "Set" or "Policy") && Word(policy, "type") is null)
                return new(null, [], [new("@type", "must be Agreement, Offer, Set or Policy: this is no ODRL policy.")]);
            bool own = Word(policy, "profile") == Profile;
            if (!own && draft is null)
                return new(null, [], [new("profile", $"isn't {Profile}: a policy of another profile is read onto a draft that names the parties.")]);
            if (Word(policy, "conflict") is { } conflict and not "prohibit")
                _lost.Add($"Its strategy for conflicts is '{conflict}'; in an agreement a prohibition always stands.");
            foreach (var member in policy.EnumerateObject().Where(m => !Known.Contains(Plain(m.Name))))
                _lost.Add($"'{member.Name}' of the policy: an agreement has nothing like it.");

            var agreement = own ? Own() : draft! with { Version = 1, Previous = null, Clauses = [] };
            if (agreement is null)
                return new(null, _lost, _faults);
            if (!own)
                _purposes.AddRange(agreement.Purposes);
            var clauses = new List<(int Place, Clause Clause)>();
            foreach (var (list, effect) in (IEnumerable<(string, ClauseEffect)>)[("permission", ClauseEffect.Allow), ("prohibition", ClauseEffect.Deny)])
            {
                int number = 0;
                foreach (var rule in List(policy, list))
                {
                    string path = $"{list}[{number++}]";
                    if (rule.ValueKind != JsonValueKind.Object)
                        _faults.Add(new(path, "must be an object."));
                    else if (RuleOf(agreement, rule, effect, path, own) is { } clause)
                        clauses.Add((Number(rule, "atalaya:place") ?? int.MaxValue, clause));
                }
            }

            if (List(policy, "obligation").Any())
                _lost.Add("Its obligations: an agreement has duties within its clauses alone.");
            agreement = agreement with { Clauses = [.. clauses.OrderBy(c => c.Place).Select(c => c.Clause)] };
            if (!own)
                agreement = agreement with { Purposes = _purposes };
            _faults.AddRange(AgreementCheck.Check(agreement));
            return new(_faults.Count == 0 ? agreement : null, _lost, _faults);
        }

        Agreement? Own()
        {
            string[] uid = (Word(policy, "uid") ?? "").Split(':');
            if (uid is not ["urn", "atalaya", "agreement", var id, var text] || !int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int version))
            {
                _faults.Add(new("uid", "must be urn:atalaya:agreement:ID:VERSION."));
                return null;
            }

            Evidence.Digest? previous = null;
            if (Word(policy, "atalaya:previous") is { } before)
            {
                if (!HexDigest.TryRead(before.StartsWith("urn:sha256:", StringComparison.Ordinal) ? before["urn:sha256:".Length..] : null, out var digest))
                    _faults.Add(new("atalaya:previous", "must be urn:sha256: and 64 hexadecimal digits."));
                previous = digest;
            }

            var grading = policy.TryGetProperty("atalaya:grading", out var found) ? found : default;
            var agreement = new Agreement(
                Agreement.FormatName, id, version, previous, Texts(policy, "dct:title"), Values<Language>(policy, "dct:language"),
                [.. List(policy, "atalaya:party").Select(p => new Party(Word(p, "uid") ?? "", Texts(p, "dct:title"), Word(p, "atalaya:key") ?? "", Texts(p, "atalaya:signedFor")))],
                [.. List(policy, "atalaya:instrument").Select(i => new Instrument(Word(i, "uid") ?? "", Texts(i, "dct:title"), Word(i, "dct:identifier") ?? ""))],
                Terms("atalaya:purpose"), Terms("atalaya:category"),
                [.. List(policy, "atalaya:ground").Select(g => new Ground(Word(g, "uid") ?? "", Value<RefusalKind>(Word(g, "atalaya:refusal"), "atalaya:refusal"), Texts(g, "skos:prefLabel")))],
                new(Values<SourceGrade>(grading, "atalaya:source"), Number(grading, "atalaya:worstInformation") ?? 4),
                [.. List(policy, "atalaya:request").Select(r => new RequestTerms(
                    Value<RequestKind>(Word(r, "uid"), "atalaya:request"), Number(r, "atalaya:urgentHours") ?? 0, Number(r, "atalaya:promptHours") ?? 0, Number(r, "atalaya:routineHours") ?? 0))],
                [], DayOf("atalaya:start") ?? default, DayOf("atalaya:end"), Number(policy, "atalaya:noticeMonths") ?? -1, Number(policy, "atalaya:reviewMonths") ?? -1);
            return agreement;
        }

        Clause? RuleOf(Agreement agreement, JsonElement rule, ClauseEffect effect, string path, bool own)
        {
            string uid = Word(rule, "uid") ?? Word(rule, "@id") ?? path;
            string id = own && uid.LastIndexOf(':') is >= 0 and var colon ? uid[(colon + 1)..] : Slug(uid);
            var reading = new RuleReading();
            foreach (var member in rule.EnumerateObject().Where(m => Plain(m.Name) is not ("uid" or "@id" or "@type" or "action" or "constraint" or "duty" or "assigner" or "assignee" or "target"
                or "dct:description" or "atalaya:place" or "atalaya:ground" or "atalaya:handling" or "atalaya:onward")))
            {
                reading.Unread.Add($"'{member.Name}'");
            }

            var what = new List<ShareKind>();
            foreach (var action in List(rule, "action"))
            {
                // An action that is refined says less than its name.
                string word = action.ValueKind == JsonValueKind.Object && action.EnumerateObject().Count() > 1 ? "with a refinement" : Plain(Text(action) ?? "");
                if (word == "use")
                    continue;
                var known = Actions.FirstOrDefault(a => a.Action == word);
                var kind = known.Action is not null ? known.What : word switch { "stream" => ShareKind.Live, "play" => ShareKind.Clip, "display" => ShareKind.Still, _ => (ShareKind?)null };
                if (kind is { } one)
                    what.Add(one);
                else
                    reading.Unread.Add($"action '{word}'");
            }

            foreach (var constraint in List(rule, "constraint"))
                ConstraintOf(agreement, constraint, reading);
            if (Inherited(rule, "target").Where(t => t != Asset).ToArray() is { Length: > 0 } targets && !reading.Lists.TryAdd("atalaya:camera", targets))
                reading.Unread.Add("target");
            if (Inherited(rule, "assignee").Any(a => agreement.PartyOf(a) is null))
                reading.Unread.Add("assignee");
            int approvals = own ? 0 : 2;
            var approvers = new List<string>();
            bool watermark = false, graded = false;
            int? keepDays = null, review = null;
            foreach (var duty in List(rule, "duty"))
            {
                switch (Plain(Word(duty, "action") ?? ""))
                {
                    case "delete":
                        keepDays = Delay(duty, 'D');
                        if (keepDays is null)
                            reading.Unread.Add("duty 'delete' without a delay in days");
                        break;
                    case "obtainConsent":
                        approvals = Number(duty, "atalaya:persons") ?? 2;
                        approvers.AddRange(List(duty, "atalaya:approver").Select(Text).OfType<string>());
                        break;
                    case "atalaya:reviewAfterRescue":
                        review = Delay(duty, 'H');
                        break;
                    case "watermark":
                        watermark = true;
                        break;
                    case "atalaya:grade":
                        graded = true;
                        break;
                    case var other:
                        reading.Unread.Add($"duty '{other}'");
                        break;
                }
            }

            if (effect == ClauseEffect.Allow && reading.Unread.Count > 0)
            {
                _lost.Add($"{path} ('{uid}') is left out: {string.Join(", ", reading.Unread)} can't be said in an agreement, and without it would allow more.");
                return null;
            }

            // A prohibition that loses a condition forbids more.
            if (reading.Unread.Count > 0)
                _lost.Add($"{path} ('{uid}') forbids without {string.Join(", ", reading.Unread)}.");
            if (what.Count == 0 && List(rule, "action").All(a => Plain(Text(a) ?? "") != "use"))
            {
                _lost.Add($"{path} ('{uid}') is left out: none of its actions is one of an agreement.");
                return null;
            }

            string? ground = Word(rule, "atalaya:ground") ?? (effect == ClauseEffect.Deny ? agreement.Grounds.FirstOrDefault(g => g.Kind == RefusalKind.Total)?.Id : null);
            return new(
                id, effect, rule.TryGetProperty("dct:description", out _) ? Texts(rule, "dct:description") : null, From(rule, agreement, own), what, reading.Of("purpose"), reading.Of("atalaya:incidentType"),
                reading.Of("atalaya:category"), reading.Of("spatial"), reading.Of("atalaya:camera"), [.. reading.Of("atalaya:requestKind").Select(k => Value<RequestKind>(k, $"{path}.atalaya:requestKind"))],
                reading.Rescue == true, ground, reading.Rescue == false, effect == ClauseEffect.Deny ? null : new(
                    reading.IsMasked || !own, reading.MaxHeight, keepDays, Word(rule, "atalaya:handling") is { } handling ? Value<HandlingCode>(handling, $"{path}.atalaya:handling") : HandlingCode.H0,
                    Word(rule, "atalaya:onward") is { } onward ? Value<OnwardTransfer>(onward, $"{path}.atalaya:onward") : OnwardTransfer.Never, approvals, approvers, review, reading.LiveMinutes, watermark || !own,
                    graded));
        }

        /// <summary>Who gives; empty: either party. A policy of others may name somebody who is no party, which the check tells.</summary>
        string[] From(JsonElement rule, Agreement agreement, bool own)
        {
            if (own && List(rule, "assigner").Any())
                return Parties(List(rule, "assigner"));
            string[] givers = Inherited(rule, "assigner"), receivers = Inherited(rule, "assignee");
            // Who receives says who gives, where there are two.
            if (givers.Length == 0 && receivers.Length == 1)
                givers = [.. agreement.Parties.Select(p => p.Organisation).Where(o => o != receivers[0])];
            return agreement.Parties.All(p => givers.Contains(p.Organisation)) ? [] : givers;
        }

        /// <summary>Of a rule, or of the policy where the rule says nothing.</summary>
        string[] Inherited(JsonElement rule, string name) => Parties(List(rule, name).Any() ? List(rule, name) : List(policy, name));

        static string[] Parties(IEnumerable<JsonElement> named) => [.. named.Select(a => Text(a) ?? Word(a, "uid") ?? "")];

        void ConstraintOf(Agreement agreement, JsonElement constraint, RuleReading reading)
        {
            string operand = Plain(Word(constraint, "leftOperand") ?? ""), comparison = Plain(Word(constraint, "operator") ?? "");
            var right = constraint.ValueKind == JsonValueKind.Object && constraint.TryGetProperty("rightOperand", out var found) ? found : default;
            string told = $"constraint '{operand} {comparison}'";
            switch (operand, comparison)
            {
                case ("purpose" or "spatial" or "atalaya:incidentType" or "atalaya:category" or "atalaya:camera" or "atalaya:requestKind", "isAnyOf" or "eq") when !reading.Lists.ContainsKey(operand):
                    var all = List(constraint, "rightOperand").Select(Text).ToArray();
                    string[] values = [.. all.OfType<string>()];
                    if (values.Length == 0 || values.Length < all.Length)
                    {
                        reading.Unread.Add(told);
                        break;
                    }

                    reading.Lists[operand] = operand == "purpose" ? [.. values.Select(v => PurposeOf(agreement, v))] : values;
                    break;
                case ("resolution", "lteq") when right.ValueKind == JsonValueKind.Number && right.TryGetInt32(out int lines):
                    reading.MaxHeight = lines;
                    break;
                case ("elapsedTime", "lteq") when Period(Text(right), 'M') is { } minutes:
                    reading.LiveMinutes = minutes;
                    break;
                case ("atalaya:masked", "eq") when right.ValueKind == JsonValueKind.True:
                    reading.IsMasked = true;
                    break;
                case ("atalaya:rescue", "eq") when right.ValueKind is JsonValueKind.True or JsonValueKind.False:
                    reading.Rescue = right.ValueKind == JsonValueKind.True;
                    break;
                // The agreement's own days; a clause has none of its own.
                case ("dateTime", "gteq") when Text(right) == $"{Day(agreement.Start)}T00:00:00Z":
                case ("dateTime", "lt") when agreement.End is { } end && end < DateOnly.MaxValue && Text(right) == $"{Day(end.AddDays(1))}T00:00:00Z":
                    break;
                default:
                    reading.Unread.Add(told);
                    break;
            }
        }

        /// <summary>Purposes of another's policy become the draft's.</summary>
        string PurposeOf(Agreement agreement, string purpose)
        {
            if (agreement.Purposes.Any(p => p.Id == purpose) || _purposes.Any(p => p.Id == purpose))
                return purpose;
            if (Word(policy, "profile") == Profile)
                return purpose;
            string id = Slug(purpose);
            if (_purposes.All(p => p.Id != id))
                _purposes.Add(new(id, new(purpose, purpose, purpose, purpose)));
            return id;
        }

        static int? Delay(JsonElement duty, char unit) =>
            List(duty, "constraint").Where(c => Plain(Word(c, "leftOperand") ?? "") == "delayPeriod" && Plain(Word(c, "operator") ?? "") == "lteq").Select(c => Period(Word(c, "rightOperand"), unit)).FirstOrDefault();

        /// <summary>Of an XSD duration those in one unit: P30D, PT24H, PT90M.</summary>
        static int? Period(string? text, char unit)
        {
            string start = unit == 'D' ? "P" : "PT";
            return text is not null && text.StartsWith(start, StringComparison.Ordinal) && text.EndsWith(unit)
                && int.TryParse(text.AsSpan(start.Length, text.Length - start.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : null;
        }

        Term[] Terms(string name) => [.. List(policy, name).Select(t => new Term(Word(t, "uid") ?? "", Texts(t, "skos:prefLabel")))];

        DateOnly? DayOf(string name)
        {
            if (Word(policy, name) is not { } text)
                return null;
            if (DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day))
                return day;
            _faults.Add(new(name, "must be a day as 2026-01-31."));
            return null;
        }

        T[] Values<T>(JsonElement of, string name)
            where T : struct, Enum => [.. List(of, name).Select(v => Value<T>(Text(v), name))];

        T Value<T>(string? text, string path)
            where T : struct, Enum
        {
            foreach (var value in Enum.GetValues<T>())
            {
                if (text == Camel(value) || text == value.ToString())
                    return value;
            }

            _faults.Add(new(path, $"must be one of {string.Join(", ", Enum.GetValues<T>().Select(Camel))}."));
            return default;
        }

        static Words Texts(JsonElement of, string name)
        {
            var texts = new Words(null, null, null, null);
            foreach (var text in List(of, name))
            {
                string? value = Word(text, "@value");
                texts = Word(text, "@language") switch { "en" => texts with { En = value }, "es" => texts with { Es = value }, "fr" => texts with { Fr = value }, "ar" => texts with { Ar = value }, _ => texts };
            }

            return texts;
        }

        /// <summary>JSON-LD writes one value without brackets.</summary>
        static IEnumerable<JsonElement> List(JsonElement of, string name)
        {
            if (of.ValueKind != JsonValueKind.Object || !(of.TryGetProperty(name, out var found) || of.TryGetProperty($"odrl:{name}", out found)))
                return [];
            return found.ValueKind switch { JsonValueKind.Array => found.EnumerateArray(), JsonValueKind.Null => [], _ => [found] };
        }

        static string? Word(JsonElement of, string name) => List(of, name).Select(Text).FirstOrDefault();

        static int? Number(JsonElement of, string name) =>
            List(of, name).Where(v => v.ValueKind == JsonValueKind.Number).Select(v => v.TryGetInt32(out int number) ? number : (int?)null).FirstOrDefault();

        static string? Text(JsonElement value)
        {
            return value.ValueKind switch
            {
                JsonValueKind.String => value.GetString(),
                JsonValueKind.Object when value.TryGetProperty("@id", out var id) && id.ValueKind == JsonValueKind.String => id.GetString(),
                _ => null,
            };
        }

        /// <summary>Without the ways to name ODRL's own words.</summary>
        static string Plain(string word)
        {
            foreach (string start in (string[])["odrl:", "http://www.w3.org/ns/odrl/2/"])
            {
                if (word.StartsWith(start, StringComparison.Ordinal))
                    return word[start.Length..];
            }

            return word;
        }

        static string Slug(string text)
        {
            string last = text[(text.LastIndexOfAny(['/', '#', ':']) + 1)..];
            string slug = string.Concat((last.Length > 0 ? last : text).Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' ? c : '-'));
            return slug.Length > AgreementCheck.MaxId ? slug[..AgreementCheck.MaxId] : slug;
        }
    }

    sealed class RuleReading
    {
        public Dictionary<string, string[]> Lists { get; } = new(StringComparer.Ordinal);
        public List<string> Unread { get; } = [];
        public int? MaxHeight { get; set; }
        public int? LiveMinutes { get; set; }
        public bool IsMasked { get; set; }
        public bool? Rescue { get; set; }

        public string[] Of(string operand) => Lists.GetValueOrDefault(operand) ?? [];
    }
}
