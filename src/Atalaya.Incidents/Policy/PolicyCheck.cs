namespace Atalaya.Incidents.Policy;

/// <summary>What is wrong with a policy, and where.</summary>
/// <param name="Path">As <c>clauses[2].schedule</c>.</param>
public readonly record struct PolicyFault(string Path, string Message);

/// <summary>Looks a whole policy over and tells every fault at once.</summary>
public static class PolicyCheck
{
    public const int MaxEntries = 200, MaxCameras = 1000, MaxText = 200;

    public static IReadOnlyList<PolicyFault> Check(AlarmPolicy policy)
    {
        var check = new Pass(policy);
        check.All();
        return check.Faults;
    }

    sealed class Pass(AlarmPolicy policy)
    {
        public List<PolicyFault> Faults { get; } = [];

        public void All()
        {
            if (policy.Zone is { } zone && (zone.Length is 0 or > 64 || zone.Any(c => !(char.IsAsciiLetterOrDigit(c) || c is '/' or '_' or '-' or '+'))))
                Fault("zone", "must be a name such as Africa/Nouakchott.");
            Named("days", policy.Days, d => d.Id, d => d.Name, Dates);
            Named("schedules", policy.Schedules, s => s.Id, s => s.Name, Schedule);
            Named("clauses", policy.Clauses, c => c.Id, c => c.Name, Clause);
            Terms();
            Targets();
            Checklists();
        }

        void Dates(SpecialDays days, string path)
        {
            if (days.Dates.Count is 0 or > MaxEntries)
                Fault($"{path}.dates", $"must hold 1 to {MaxEntries} days or stretches.");
            for (int i = 0; i < Math.Min(days.Dates.Count, MaxEntries); i++)
            {
                if (days.Dates[i] is not { } date)
                {
                    Fault($"{path}.dates[{i}]", "must be a day with from.");
                    continue;
                }

                if (date.To < date.From)
                    Fault($"{path}.dates[{i}].to", "must not be before from.");
                else if (date.To is { } to && to.DayNumber - date.From.DayNumber > 365)
                    Fault($"{path}.dates[{i}].to", "must be within a year of from.");
                if (date.Name.Length > 0)
                    Text($"{path}.dates[{i}].name", date.Name);
            }
        }

        void Schedule(AlarmSchedule schedule, string path)
        {
            Windows($"{path}.windows", schedule.Windows, least: 1);
            if (schedule.Exceptions.Count > MaxEntries)
                Fault($"{path}.exceptions", $"must hold at most {MaxEntries} entries.");
            var seen = new HashSet<string>(StringComparer.Ordinal);
            for (int i = 0; i < Math.Min(schedule.Exceptions.Count, MaxEntries); i++)
            {
                string at = $"{path}.exceptions[{i}]";
                if (schedule.Exceptions[i] is not { } exception)
                {
                    Fault(at, "must be a mapping with days.");
                    continue;
                }

                if (policy.Days.All(d => d?.Id != exception.Days))
                    Fault($"{at}.days", "is the id of no special days here.");
                else if (!seen.Add(exception.Days))
                    Fault($"{at}.days", "has its exception already.");
                Windows($"{at}.windows", exception.Windows, least: 0);
                for (int n = 0; n < exception.Windows.Count; n++)
                {
                    if (exception.Windows[n] is { Days.Count: > 0 })
                        Fault($"{at}.windows[{n}].days", "must be empty: the special days say which.");
                }
            }
        }

        void Windows(string path, IReadOnlyList<WeeklyWindow> windows, int least)
        {
            if (windows.Count < least || windows.Count > 100)
                Fault(path, $"must hold {least} to 100 stretches.");
            for (int i = 0; i < windows.Count; i++)
            {
                if (windows[i] is not { } window)
                    Fault($"{path}[{i}]", "must be a stretch with from and to.");
                else
                    Distinct($"{path}[{i}].days", window.Days);
            }
        }

        void Clause(AlarmClause clause, string path)
        {
            Distinct($"{path}.kinds", clause.Kinds);
            Distinct($"{path}.sources", clause.Sources);
            Distinct($"{path}.classes", clause.Classes);
            Distinct($"{path}.types", clause.Types);
            Names($"{path}.rules", clause.Rules, MaxEntries);
            Names($"{path}.cameras", clause.Cameras, MaxCameras);
            Names($"{path}.groups", clause.Groups, MaxEntries);
            if (clause.MinScore is { } score && !(score is >= 0 and <= 1))
                Fault($"{path}.minScore", "must lie between 0 and 1.");
            if (clause.Schedule is { } schedule && policy.Schedules.All(s => s?.Id != schedule))
                Fault($"{path}.schedule", "is the id of no schedule here.");
            if (clause.Severity == AlarmSeverity.Rescue && clause.Type != IncidentType.Rescue)
                Fault($"{path}.severity", "can be 'rescue' only with type 'rescue'.");
            if (clause.Type == IncidentType.Rescue && clause.Severity is not (null or AlarmSeverity.Rescue))
                Fault($"{path}.severity", "must be 'rescue', or absent, with type 'rescue'.");
            if (clause.Action == ClauseAction.Ignore && (clause.Type is not null || clause.Severity is not null || clause.OpensIncident is not null || clause.WhenDisarmed))
                Fault($"{path}.action", "'ignore' goes without type, severity, opensIncident and whenDisarmed.");
        }

        void Terms()
        {
            Range("merge.seconds", policy.Merge.Seconds, 0, 3600);
            Range("merge.mostSeconds", policy.Merge.MostSeconds, 0, 86_400);
            if (policy.Merge.Neighbours.Count > MaxEntries)
                Fault("merge.neighbours", $"must hold at most {MaxEntries} lists.");
            for (int i = 0; i < policy.Merge.Neighbours.Count; i++)
            {
                if (policy.Merge.Neighbours[i] is not { } place)
                    Fault($"merge.neighbours[{i}]", "must be a list of cameras.");
                else
                    Names($"merge.neighbours[{i}]", place, Alarm.MaxCameras, least: 2);
            }

            Range("flood.alarms", policy.Flood.Alarms, 0, 1000);
            Range("flood.seconds", policy.Flood.Seconds, 1, 86_400);
        }

        void Targets()
        {
            var seen = new HashSet<AlarmSeverity>();
            for (int i = 0; i < policy.Targets.Count; i++)
            {
                string path = $"targets[{i}]";
                if (policy.Targets[i] is not { } target)
                {
                    Fault(path, "must be a mapping with severity.");
                    continue;
                }

                if (!seen.Add(target.Severity))
                    Fault($"{path}.severity", "has its targets already.");
                if (target.AcknowledgeSeconds is { } acknowledge)
                    Range($"{path}.acknowledgeSeconds", acknowledge, 5, 86_400);
                if (target.ResolveSeconds is { } resolve)
                    Range($"{path}.resolveSeconds", resolve, 60, 30 * 86_400);
                if (target.EscalateTo.Count > 10)
                    Fault($"{path}.escalateTo", "must name at most 10.");
                for (int n = 0; n < target.EscalateTo.Count; n++)
                    Text($"{path}.escalateTo[{n}]", target.EscalateTo[n]);
            }
        }

        void Checklists()
        {
            var seen = new HashSet<IncidentType>();
            if (policy.Checklists.Count > MaxEntries)
                Fault("checklists", $"must hold at most {MaxEntries} entries.");
            for (int i = 0; i < policy.Checklists.Count; i++)
            {
                string path = $"checklists[{i}]";
                if (policy.Checklists[i] is not { } list)
                {
                    Fault(path, "must be a mapping with type and items.");
                    continue;
                }

                if (!seen.Add(list.Type))
                    Fault($"{path}.type", "has its checklist already.");
                if (list.Items.Count > 50)
                    Fault($"{path}.items", "must hold at most 50 items.");
                Named($"{path}.items", list.Items, item => item.Id, _ => "", (item, at) =>
                {
                    Text($"{at}.text", item.Text);
                    if (item.Key is { } key && !PolicyDefaults.ItemTexts.ContainsKey(key))
                        Fault($"{at}.key", "is the key of no shipped item; leave it out for words of your own.");
                });
            }
        }

        void Named<T>(string path, IReadOnlyList<T> entries, Func<T, string> id, Func<T, string> name, Action<T, string> rest)
            where T : class
        {
            if (entries.Count > MaxEntries)
                Fault(path, $"must hold at most {MaxEntries} entries.");
            var seen = new HashSet<string>(StringComparer.Ordinal);
            for (int i = 0; i < Math.Min(entries.Count, MaxEntries); i++)
            {
                if (entries[i] is not { } entry)
                {
                    Fault($"{path}[{i}]", "must be a mapping with id.");
                    continue;
                }

                Text($"{path}[{i}].id", id(entry));
                if (name(entry) is { Length: > 0 } words)
                    Text($"{path}[{i}].name", words);
                if (!seen.Add(id(entry) ?? ""))
                    Fault($"{path}[{i}].id", "is here twice.");
                rest(entry, $"{path}[{i}]");
            }
        }

        void Names(string path, IReadOnlyList<string> names, int most, int least = 0)
        {
            if (names.Count < least || names.Count > most)
                Fault(path, $"must hold {least} to {most} entries.");
            Distinct(path, names);
            for (int i = 0; i < Math.Min(names.Count, most); i++)
                Text($"{path}[{i}]", names[i]);
        }

        void Distinct<T>(string path, IReadOnlyList<T> values)
        {
            if (values.Distinct().Count() < values.Count)
                Fault(path, "holds something twice.");
        }

        void Text(string path, string? text)
        {
            if (string.IsNullOrWhiteSpace(text) || text.Length > MaxText || text.Any(char.IsControl))
                Fault(path, $"must be 1 to {MaxText} characters, without line breaks.");
        }

        void Range(string path, int value, int low, int high)
        {
            if (value < low || value > high)
                Fault(path, $"must lie between {low} and {high}.");
        }

        void Fault(string path, string message) => Faults.Add(new(path, message));
    }
}
