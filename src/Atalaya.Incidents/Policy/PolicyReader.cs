using System.Text.Json;
using System.Text.Json.Serialization;

namespace Atalaya.Incidents.Policy;

/// <summary>Alarm policies as JSON text, as <c>ref/alarm-policy.md</c> has them.</summary>
public static class PolicyReader
{
    /// <summary>How everything of this project is written as JSON.</summary>
    public static JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Web)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        NumberHandling = JsonNumberHandling.Strict,
        RespectNullableAnnotations = true,
        MaxDepth = 16,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false) },
    };

    /// <summary>Never throws, whatever the text is.</summary>
    /// <returns>Null with every fault in <paramref name="faults"/>, or a policy that is sound. Of faults against JSON itself the first is told.</returns>
    public static AlarmPolicy? Read(ReadOnlySpan<byte> json, out IReadOnlyList<PolicyFault> faults)
    {
        AlarmPolicy? policy;
        try
        {
            policy = JsonSerializer.Deserialize<AlarmPolicy>(json, Json);
        }
        catch (JsonException fault)
        {
            string path = fault.Path is { Length: > 2 } at && at.StartsWith("$.", StringComparison.Ordinal) ? at[2..] : "";
            string place = fault.LineNumber is { } line ? $" (line {line + 1}, byte {fault.BytePositionInLine + 1})" : "";
            faults = [new(path, fault.Message.Contains("could not be mapped", StringComparison.Ordinal) ? $"There is no such field{place}." : $"This is not what is expected here{place}.")];
            return null;
        }

        if (policy is null)
        {
            faults = [new("", "A policy must be a JSON object.")];
            return null;
        }

        faults = PolicyCheck.Check(policy);
        return faults.Count == 0 ? policy : null;
    }

    public static string Write(AlarmPolicy policy) => JsonSerializer.Serialize(policy, Json);
}
