using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;

using Atalaya.Incidents.Policy;

namespace Atalaya.Federation.Centre;

/// <summary>How what travels between a site and its centre is written. Fields that this version doesn't know are passed over: sites are brought to a new version one by one.</summary>
public static class CentreJson
{
    public static JsonSerializerOptions Options { get; } = new(PolicyReader.Json)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Skip,
        RespectRequiredConstructorParameters = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.Never,
    };

    public static JsonElement Write<T>(T value) => JsonSerializer.SerializeToElement(value, Options);

    /// <summary>Never throws, whatever came.</summary>
    public static bool TryRead<T>(JsonElement body, [NotNullWhen(true)] out T? value)
        where T : class
    {
        try
        {
            value = body.Deserialize<T>(Options);
            return value is not null;
        }
        catch (Exception fault) when (fault is JsonException or NotSupportedException or InvalidOperationException)
        {
            value = null;
            return false;
        }
    }
}
