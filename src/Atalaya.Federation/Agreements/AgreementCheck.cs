using System.Globalization;
using System.Text;

using Atalaya.Evidence;
using Atalaya.Incidents;

namespace Atalaya.Federation.Agreements;

/// <summary>What is wrong with an agreement, and where.</summary>
/// <param name="Path">As <c>clauses[2].purposes[0]</c>; empty: the whole.</param>
/// <param name="Message">What it must be.</param>
public readonly record struct AgreementFault(string Path, string Message)
{
    public override string ToString() => Path.Length == 0 ? Message : $"{Path} {Message}";
}

/// <summary>Looks a whole agreement over and tells every fault at once.</summary>
public static class AgreementCheck
{
    public const int MaxEntries = 200, MaxNames = 500, MaxId = 40, MaxName = 200, MaxText = 2000;

    /// <summary>How incidents' types are spelled in an agreement and in an <see cref="Ask"/>.</summary>
    public static IReadOnlyList<string> IncidentTypes { get; } = [.. Enum.GetNames<IncidentType>().Select(n => char.ToLowerInvariant(n[0]) + n[1..])];

    public static IReadOnlyList<AgreementFault> Check(Agreement agreement)
    {
        var pass = new Pass(agreement);
        pass.All();
        return pass.Faults;
    }

    sealed class Pass(Agreement agreement)
    {
        public List<AgreementFault> Faults { get; } = [];

        public void All()
        {
            if (agreement.Format != Agreement.FormatName)
            {
                Fault("format", $"must be {Agreement.FormatName}; another format needs another program.");
                return;
            }

            Id("id", agreement.Id);
            if (agreement.Version is < 1 or > 10_000)
                Fault("version", "must lie between 1 and 10000.");
            else if (agreement.Version == 1 == agreement.Previous is not null)
                Fault("previous", agreement.Version == 1 ? "must be null in version 1." : "must be the SHA-256 of the version before.");
            if (agreement.Languages.Count == 0)
                Fault("languages", "must name at least one of en, es, fr, ar.");
            Distinct("languages", agreement.Languages);
            Text("title", agreement.Title, MaxName);
            Parties();
            Entries("instruments", agreement.Instruments, 0, i => i.Id, (instrument, path) =>
            {
                Text($"{path}.title", instrument.Title, MaxText);
                Line($"{path}.reference", instrument.Reference, MaxName, mayBeEmpty: true);
            });
            Entries("purposes", agreement.Purposes, 1, p => p.Id, (purpose, path) => Text($"{path}.text", purpose.Text, MaxText));
            Entries("categories", agreement.Categories, 0, c => c.Id, (category, path) => Text($"{path}.text", category.Text, MaxText));
            Entries("grounds", agreement.Grounds, 0, g => g.Id, (ground, path) =>
            {
                Text($"{path}.text", ground.Text, MaxText);
                if (AgreementEvaluator.BuiltInGrounds.Contains(ground.Id))
                    Fault($"{path}.id", "is the name of a built-in ground; choose another.");
            });
            Distinct("grading.sources", agreement.Grading.Sources);
            Range("grading.worstInformation", agreement.Grading.WorstInformation, 1, 4);
            Requests();
            Entries("clauses", agreement.Clauses, 0, c => c.Id, Clause);
            if (agreement.Clauses.Any(c => c.Id is Decision.Default or Decision.OwnOrganisation))
                Fault("clauses", $"must not be numbered '{Decision.Default}' or '{Decision.OwnOrganisation}': decisions without a clause are told so.");
            if (agreement.Start.Year is < 1900 or > 2500)
                Fault("start", "must be a day of the years 1900 to 2500.");
            if (agreement.End is { } end && (end < agreement.Start || end.Year > 2500))
                Fault("end", "must not be before start, nor after the year 2500; null: until it is denounced.");
            Range("noticeMonths", agreement.NoticeMonths, 0, 120);
            Range("reviewMonths", agreement.ReviewMonths, 0, 120);
            if (Faults.Count == 0 && AgreementReader.Write(agreement).Length > Agreement.MaxLength)
                Fault("", $"The agreement is longer than {Agreement.MaxLength >> 10} KiB; shorten its texts.");
        }

        void Parties()
        {
            if (agreement.Parties.Count != 2)
            {
                Fault("parties", "must be two.");
                return;
            }

            for (int i = 0; i < 2; i++)
            {
                string path = $"parties[{i}]";
                var party = agreement.Parties[i];
                Line($"{path}.organisation", party.Organisation, MaxName);
                Text($"{path}.name", party.Name, MaxName);
                Text($"{path}.signedFor", party.SignedFor, MaxName);
                if (!NoteKey.TryParse(party.Key, out var key) || key.Kind != NoteSignatureKind.Ed25519 || party.Key != key.ToString())
                    Fault($"{path}.key", "must be the key of the organisation's log, as name+id+base64 (the page shows it under Oversight).");
            }

            if (agreement.Parties[0].Organisation == agreement.Parties[1].Organisation)
                Fault("parties[1].organisation", "must be another organisation.");
            if (NoteKey.TryParse(agreement.Parties[0].Key, out var first) && NoteKey.TryParse(agreement.Parties[1].Key, out var second)
                && (first.PublicKey.SequenceEqual(second.PublicKey) || first.Name == second.Name))
            {
                Fault("parties[1].key", "must be another key, of another log.");
            }
        }

        void Requests()
        {
            if (agreement.Requests.Select(r => r.Kind).Distinct().Count() < agreement.Requests.Count)
                Fault("requests", "has a kind twice.");
            for (int i = 0; i < agreement.Requests.Count; i++)
            {
                var terms = agreement.Requests[i];
                Range($"requests[{i}].urgentHours", terms.UrgentHours, 1, 8760);
                Range($"requests[{i}].promptHours", terms.PromptHours, terms.UrgentHours, 8760);
                Range($"requests[{i}].routineHours", terms.RoutineHours, terms.PromptHours, 8760);
            }
        }

        void Clause(Clause clause, string path)
        {
            if (clause.Text is { } text)
                Text($"{path}.text", text, MaxText);
            Known($"{path}.from", clause.From, id => agreement.PartyOf(id) is not null, "is none of the parties' organisations.");
            Distinct($"{path}.what", clause.What);
            Known($"{path}.purposes", clause.Purposes, id => agreement.Purposes.Any(p => p?.Id == id), "is the id of no purpose here.");
            Known($"{path}.incidentTypes", clause.IncidentTypes, IncidentTypes.Contains, $"must be one of {string.Join(", ", IncidentTypes)}.");
            Known($"{path}.categories", clause.Categories, id => agreement.Categories.Any(c => c?.Id == id), "is the id of no category here.");
            Names($"{path}.sites", clause.Sites);
            Names($"{path}.cameras", clause.Cameras);
            Distinct($"{path}.requests", clause.Requests);
            for (int i = 0; i < clause.Requests.Count; i++)
            {
                if (agreement.Requests.All(r => r.Kind != clause.Requests[i]))
                    Fault($"{path}.requests[{i}]", "is a kind that requests here don't name.");
            }

            if (clause.Effect == ClauseEffect.Deny)
            {
                if (clause.Terms is not null)
                    Fault($"{path}.terms", "must be null: what is denied has none.");
                if (clause.Ground is null || agreement.Grounds.All(g => g?.Id != clause.Ground))
                    Fault($"{path}.ground", "must be the id of a ground here.");
                if (clause.ExceptRescue && clause.RescueOnly)
                    Fault($"{path}.exceptRescue", "can't be true beside rescueOnly: the clause would never apply.");
                return;
            }

            if (clause.Ground is not null)
                Fault($"{path}.ground", "must be null: only a denial has one.");
            if (clause.ExceptRescue)
                Fault($"{path}.exceptRescue", "must be false: only a denial excepts a rescue.");
            if (clause.Terms is { } terms)
                Terms(terms, $"{path}.terms");
            else
                Fault($"{path}.terms", "must say under which conditions.");
        }

        void Terms(ClauseTerms terms, string path)
        {
            if (terms.MaxHeight is { } lines)
                Range($"{path}.maxHeight", lines, 16, 16_384);
            if (terms.KeepDays is { } days)
                Range($"{path}.keepDays", days, 0, 36_500);
            Range($"{path}.approvals", terms.Approvals, 0, 5);
            Names($"{path}.approvers", terms.Approvers);
            if (terms.Approvers.Count > 0 && terms.Approvals == 0)
                Fault($"{path}.approvers", "must be empty where nobody has to agree.");
            if (terms.ReviewHours is { } hours)
                Range($"{path}.reviewHours", hours, 1, 8760);
            if (terms.LiveMinutes is { } minutes)
                Range($"{path}.liveMinutes", minutes, 1, 44_640);
        }

        void Entries<T>(string path, IReadOnlyList<T> entries, int least, Func<T, string> id, Action<T, string> rest)
        {
            if (entries.Count < least || entries.Count > MaxEntries)
            {
                Fault(path, $"must hold {least} to {MaxEntries} entries.");
                return;
            }

            var seen = new HashSet<string>(StringComparer.Ordinal);
            for (int i = 0; i < entries.Count; i++)
            {
                Id($"{path}[{i}].id", id(entries[i]));
                if (!seen.Add(id(entries[i])))
                    Fault($"{path}[{i}].id", "is here twice.");
                rest(entries[i], $"{path}[{i}]");
            }
        }

        void Known(string path, IReadOnlyList<string> ids, Func<string, bool> isKnown, string message)
        {
            Distinct(path, ids);
            for (int i = 0; i < ids.Count; i++)
            {
                if (!isKnown(ids[i]))
                    Fault($"{path}[{i}]", message);
            }
        }

        void Names(string path, IReadOnlyList<string> names)
        {
            if (names.Count > MaxNames)
            {
                Fault(path, $"must hold at most {MaxNames} entries.");
                return;
            }

            Distinct(path, names);
            for (int i = 0; i < names.Count; i++)
                Line($"{path}[{i}]", names[i], MaxName);
        }

        void Distinct<T>(string path, IReadOnlyList<T> values)
        {
            if (values.Distinct().Count() < values.Count)
                Fault(path, "holds something twice.");
        }

        void Id(string path, string id)
        {
            if (id.Length is 0 or > MaxId || id.Any(c => !(char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_')))
                Fault(path, $"must be 1 to {MaxId} of A–Z, a–z, 0–9, '.', '-' and '_'.");
        }

        void Text(string path, Words words, int most)
        {
            foreach (var language in Enum.GetValues<Language>())
            {
                string name = $"{path}.{language.ToString().ToLowerInvariant()}";
                if (words.In(language) is { } text)
                    Line(name, text, most);
                else if (agreement.Languages.Contains(language))
                    Fault(name, "is missing: the agreement says that it is authentic in this language.");
            }

            if (words == new Words(null, null, null, null))
                Fault(path, "must be there in at least one language.");
        }

        /// <summary>Nothing that a reader doesn't see may be signed: no control characters, no marks that turn the direction of a text.</summary>
        void Line(string path, string text, int most, bool mayBeEmpty = false)
        {
            if ((text.Length == 0 && !mayBeEmpty) || text.Length > most || (text.Length > 0 && string.IsNullOrWhiteSpace(text)))
                Fault(path, $"must be {(mayBeEmpty ? 0 : 1)} to {most} characters.");
            else if (text.EnumerateRunes().Any(IsHidden))
                Fault(path, "must hold no line breaks, control characters or invisible marks.");
        }

        // U+200C, U+200D and U+200E/F belong to ordinary text of some scripts.
        static bool IsHidden(Rune rune) =>
            Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.PrivateUse or UnicodeCategory.Surrogate
                or UnicodeCategory.OtherNotAssigned
            || rune == Rune.ReplacementChar || (Rune.GetUnicodeCategory(rune) == UnicodeCategory.Format && rune.Value is not (0x200C or 0x200D or 0x200E or 0x200F));

        void Range(string path, int value, int low, int high)
        {
            if (value < low || value > high)
                Fault(path, $"must lie between {low} and {high}.");
        }

        void Fault(string path, string message) => Faults.Add(new(path, message));
    }
}
