using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;

using Atalaya.Analysis.Rules;
using Atalaya.Media;

namespace Atalaya.Analysis.Painting;

/// <summary>
/// An <see cref="AreaPlan"/> as JSON: <c>{"outside":"blur","areas":[{"kind":"fill","from":0,"to":90000,"keys":[{"at":0,"outline":[[0.1,0.2],…]}]}],"mark":"TEXT"}</c>;
/// times in ticks of 90 kHz.
/// </summary>
public static class AreaPlanText
{
    /// <summary>More is no plan that a person or a tracker made.</summary>
    public const int MaxAreas = 10_000, MaxCorners = 256, MaxKeys = 500_000;

    // Fractions: an area may reach beyond the picture by its size some times over.
    const double Reach = 8;

    public static byte[] Write(AreaPlan plan) => JsonSerializer.SerializeToUtf8Bytes(
        new PlanText(
            [.. plan.Areas.Select(a => new AreaText(a.Kind, [.. a.Keys.Select(k => new KeyText(k.At.Ticks, k.Outline))], a.From?.Ticks, a.To?.Ticks))], plan.Outside,
            plan.Mark.Length > 0 ? plan.Mark : null),
        PlanJson.Default.PlanText);

    /// <param name="fault">What is wrong, and where.</param>
    public static bool TryRead(ReadOnlySpan<byte> json, [NotNullWhen(true)] out AreaPlan? plan, out string fault)
    {
        plan = null;
        PlanText? text;
        try
        {
            text = JsonSerializer.Deserialize(json, PlanJson.Default.PlanText);
        }
        catch (JsonException broken)
        {
            fault = $"The plan isn't JSON as expected: {broken.Message}";
            return false;
        }

        if (text is null || text.Areas.Any(a => a is null || a.Keys.Contains(null)))
        {
            fault = "The plan, one of its areas or one of their keys is null.";
            return false;
        }

        var read = new AreaPlan([.. text.Areas.Select(a => Read(a!))]) { Outside = text.Outside, Mark = text.Mark ?? "" };
        fault = Fault(read) ?? "";
        if (fault.Length > 0)
            return false;
        plan = read;
        return true;
    }

    /// <summary>Null if the plan can be painted, otherwise what is wrong, and where.</summary>
    public static string? Fault(AreaPlan plan)
    {
        if (plan.Areas.Count > MaxAreas)
            return $"The plan has {plan.Areas.Count} areas; {MaxAreas} are the most.";
        if (plan.Outside is AreaKind.Keep || (plan.Outside is { } outside && !Enum.IsDefined(outside)))
            return "What is outside can be filled or blurred.";
        if (Watermark.Fault(plan.Mark) is { } mark)
            return mark;
        long keys = 0;
        for (int i = 0; i < plan.Areas.Count; i++)
        {
            var area = plan.Areas[i];
            if (!Enum.IsDefined(area.Kind))
                return $"Area {i + 1} is of no known kind.";
            if (area.Keys.Count == 0)
                return $"Area {i + 1} lies nowhere: it has no keys.";
            if (area.From is { } from && area.To is { } to && to <= from)
                return $"Area {i + 1} ends before it begins.";
            keys += area.Keys.Count;
            if (keys > MaxKeys)
                return $"The plan has more than {MaxKeys} keys.";
            for (int k = 0; k < area.Keys.Count; k++)
            {
                if (k > 0 && area.Keys[k].At <= area.Keys[k - 1].At)
                    return $"Area {i + 1}: key {k + 1} isn't later than the one before.";
                if (FaultOf(area.Keys[k].Outline) is { } fault)
                    return $"Area {i + 1}, key {k + 1}: {fault}";
            }
        }

        return null;
    }

    static string? FaultOf(IReadOnlyList<Point> outline)
    {
        if (outline.Count is < 3 or > MaxCorners)
            return $"an outline of {outline.Count} corners; 3 to {MaxCorners} make one.";
        foreach (var corner in outline)
        {
            if (!(Math.Abs(corner.X) <= Reach && Math.Abs(corner.Y) <= Reach))
                return $"the corner ({corner.X}, {corner.Y}) is too far from the picture, which goes from 0 to 1.";
        }

        return null;
    }

    static Area Read(AreaText area) => new(area.Kind, [.. area.Keys.Select(k => new AreaKey(new(k!.At), k.Outline))])
    {
        From = area.From is { } from ? new MediaTime(from) : null,
        To = area.To is { } to ? new MediaTime(to) : null,
    };
}

sealed record PlanText(IReadOnlyList<AreaText?> Areas, AreaKind? Outside = null, string? Mark = null);

sealed record AreaText(AreaKind Kind, IReadOnlyList<KeyText?> Keys, long? From = null, long? To = null);

sealed record KeyText(long At, IReadOnlyList<Point> Outline);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true, UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(PlanText))]
sealed partial class PlanJson : JsonSerializerContext;
