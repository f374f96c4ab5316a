using System.ComponentModel;
using System.Text.Json;

using Atalaya.Incidents;
using Atalaya.Node.Scene;
using Atalaya.Node.Tracks;

namespace Atalaya.Node.Analysis;

[Description("What shall be noticed on a camera. Each rule as ref/rules.md has it: type, id, name, points and more.")]
public sealed record RulesJson(
    IReadOnlyList<JsonElement> Rules,
    [property: Description("How the picture lies on the ground; null: not measured.")] JsonElement? Ground);

public sealed record RulesInputJson
{
    [Description("Takes the place of all the camera's rules. Required.")]
    public IReadOnlyList<JsonElement>? Rules { get; init; }

    [Description("How the picture lies on the ground: four marks or more, or how the camera hangs.")]
    public JsonElement? Ground { get; init; }
}

public sealed record RuleTrialRequestJson
{
    [Description("Rules to try; they aren't kept. Required.")]
    public IReadOnlyList<JsonElement>? Rules { get; init; }

    public JsonElement? Ground { get; init; }

    [Description("Start of the stretch. Required.")]
    public DateTimeOffset? From { get; init; }

    [Description("End, at most seven days after from. Required.")]
    public DateTimeOffset? To { get; init; }
}

public sealed record RuleTrialJson(
    [property: Description("What would have been raised, in order.")] IReadOnlyList<TriedEventJson> Events,
    [property: Description("There was more; what is here comes first.")] bool IsPart,
    [property: Description("Stretches in which nobody looked: nothing can be said of them.")] IReadOnlyList<TrackAbsenceJson> Unwatched,
    [property: Description("Seconds of those that are recorded: a reanalysis can look at them.")] double FootageSeconds,
    [property: Description("Ids of rules that can't be tried: they need pictures, and tracks alone are kept.")] IReadOnlyList<string> Untried,
    [property: Description("Analysed pictures that the rules were shown.")] long Pictures,
    [property: Description("How long it took.")] double Milliseconds);

public sealed record TriedEventJson(
    string Rule,
    DateTimeOffset At,
    SceneEventKind Kind,
    ObjectClass? Class,
    long? Track,
    BoxJson? Box,
    [property: Description("As its rule says; null: the alarm policy decides.")] AlarmSeverity? Severity,
    [property: Description("What its rule says that it is about; null: the alarm policy decides.")] IncidentType? Type,
    [property: Description("Direction or number, as one word; may be empty.")] string Detail);
