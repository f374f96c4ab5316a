using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;

using Atalaya.Cameras;
using Atalaya.Incidents.Policy;
using Atalaya.Node.Analysis;
using Atalaya.Node.Cameras;
using Atalaya.Node.Identity;
using Atalaya.Node.Map;
using Atalaya.Node.Masks;
using Atalaya.Node.Options;

namespace Atalaya.Node.Configuration;

/// <summary>What is set for one camera.</summary>
/// <param name="Config">Null: the node's configuration file defines it, and only the rest is set here.</param>
/// <param name="Analysis">With its rules; null: as the options say.</param>
/// <param name="Scope">Site and groups; null: the node's configuration file says them.</param>
sealed record CameraPart(string Id, CameraConfig? Config, CameraAnalysis? Analysis = null, PlaceJson? Place = null, CameraScope? Scope = null)
{
    /// <summary>Privacy masks.</summary>
    public IReadOnlyList<Mask> Masks { get; init; } = [];
}

/// <summary>A plan but for its picture.</summary>
sealed record PlanPart(string Id, string Name, double South, double West, double North, double East);

/// <summary>All that is kept in the store and can be changed in the page: one text holds it, without its secrets. A snapshot.</summary>
sealed record NodeConfiguration(ImmutableSortedDictionary<string, CameraPart> Cameras, ImmutableSortedDictionary<string, PlanPart> Plans)
{
    public const int Version = 1;

    /// <summary>Null: nobody has written one, and the shipped one decides.</summary>
    public AlarmPolicy? AlarmPolicy { get; init; }

    public static NodeConfiguration Of(IEnumerable<CameraPart> cameras, IEnumerable<PlanPart> plans) => new(
        cameras.ToImmutableSortedDictionary(c => c.Id, c => c, StringComparer.Ordinal), plans.ToImmutableSortedDictionary(p => p.Id, p => p, StringComparer.Ordinal));

    /// <summary>Everything, as it is written: the same fields in the same order for the same settings.</summary>
    public JsonObject ToTree()
    {
        var tree = new JsonObject
        {
            ["version"] = Version,
            ["cameras"] = new JsonArray([.. Cameras.Values.Select(c => (JsonNode)ToTree(c))]),
            ["plans"] = new JsonArray([.. Plans.Values.Select(p => (JsonNode)ToTree(p))]),
        };
        if (AlarmPolicy is { } policy)
            tree["alarmPolicy"] = ToTree(policy);
        return tree;
    }

    public static JsonObject ToTree(AlarmPolicy policy) => JsonNode.Parse(PolicyReader.Write(policy))!.AsObject();

    /// <summary>The name under which a secret of a camera is given and kept.</summary>
    public static string SecretName(string camera, string field) => $"{camera}.{field}";

    static JsonObject ToTree(Mask mask)
    {
        var tree = new JsonObject { ["id"] = mask.Id, ["name"] = mask.Name };
        if (mask.Reason.Length > 0)
            tree["reason"] = mask.Reason;
        tree["kind"] = OptionText.Format(mask.Kind);
        tree["points"] = new JsonArray([.. mask.Points.Select(p => (JsonNode)new JsonArray(p.X, p.Y))]);
        return tree;
    }

    public static JsonObject ToTree(PlanPart plan) => new()
    {
        ["id"] = plan.Id,
        ["name"] = plan.Name,
        ["south"] = plan.South,
        ["west"] = plan.West,
        ["north"] = plan.North,
        ["east"] = plan.East,
    };

    public static JsonObject ToTree(CameraPart part)
    {
        var tree = new JsonObject { ["id"] = part.Id };
        if (part.Config is not { } config)
        {
            tree["definedBy"] = "file";
        }
        else
        {
            tree["name"] = config.Name;
            if (part.Scope is { Site.Length: > 0 } there)
                tree["site"] = there.Site;
            if (part.Scope is { Groups.Count: > 0 } grouped)
                tree["groups"] = new JsonArray([.. grouped.Groups.Select(g => (JsonNode)g)]);
            tree["enabled"] = config.Enabled;
            tree["main"] = Address(config.Main, "main");
            if (config.Sub is { } sub)
                tree["sub"] = Address(sub, "sub");
            if (config.UserName is { } user)
                tree["userName"] = user;
            if (config.Password is not null)
                tree["password"] = Secret("password");
            tree["transport"] = OptionText.Format(config.Transport);
            tree["record"] = OptionText.Format(config.Record);
            tree["audio"] = config.Audio;
            if (config.Fingerprint is { } fingerprint)
                tree["fingerprint"] = fingerprint;
            if (config.Onvif is { } onvif)
            {
                tree["onvif"] = onvif.Device.AbsoluteUri;
                if (onvif.Profile is { } profile)
                    tree["onvifProfile"] = profile;
            }

            if (config is { KeepFor: not null } or { KeepBytes: not null })
            {
                var retention = new JsonObject();
                if (config.KeepFor is { } age)
                    retention["days"] = age.TotalDays;
                if (config.KeepBytes is { } bytes)
                    retention["bytes"] = new ByteSize(bytes).ToString();
                tree["retention"] = retention;
            }
        }

        if (part.Place is { } place)
        {
            var at = new JsonObject { ["latitude"] = place.Latitude, ["longitude"] = place.Longitude };
            if (place.Heading is { } heading)
                at["heading"] = heading;
            if (place.Angle is { } angle)
                at["angle"] = angle;
            if (place.Range is { } range)
                at["range"] = range;
            tree["place"] = at;
        }

        if (part.Analysis is { } analysis)
        {
            var how = new JsonObject { ["enabled"] = analysis.Enabled, ["rate"] = analysis.Rate };
            if (analysis.Stream is { } stream)
                how["stream"] = OptionText.Format(stream);
            how["priority"] = analysis.Priority;
            if (analysis.Classes.Count > 0)
                how["classes"] = new JsonArray([.. analysis.Classes.Select(c => (JsonNode)OptionText.Format(c))]);
            tree["analysis"] = how;
            if (analysis.Rules.Length > 0)
            {
                using var rules = JsonDocument.Parse(analysis.Rules);
                if (rules.RootElement.TryGetProperty("rules", out var list) && list.GetArrayLength() > 0)
                    tree["rules"] = WithoutNulls(JsonNode.Parse(list.GetRawText()));
                if (rules.RootElement.TryGetProperty("ground", out var ground) && ground.ValueKind == JsonValueKind.Object)
                    tree["ground"] = WithoutNulls(JsonNode.Parse(ground.GetRawText()));
            }
        }

        if (part.Masks.Count > 0)
            tree["masks"] = new JsonArray([.. part.Masks.Select(m => (JsonNode)ToTree(m))]);
        return tree;

        JsonObject Secret(string field) => new() { ["secret"] = SecretName(part.Id, field) };

        // One that would be starred out for people is a secret whole.
        JsonNode Address(Media.Rtsp.RtspUrl url, string field) =>
            CameraAddress.WithoutCredentials(url) is var bare && CameraAddress.Shown(bare) == bare ? bare : Secret(field);
    }

    /// <summary>What isn't set isn't written.</summary>
    static JsonNode? WithoutNulls(JsonNode? node)
    {
        if (node is JsonObject map)
        {
            foreach (string unset in map.Where(e => e.Value is null).Select(e => e.Key).ToArray())
                map.Remove(unset);
        }

        foreach (var inner in node is JsonObject o ? o.Select(e => e.Value) : node as JsonArray ?? [])
            WithoutNulls(inner);
        return node;
    }

    /// <summary>What hides behind the name of a secret; null where there is none.</summary>
    public string? Find(string secret)
    {
        int dot = secret.LastIndexOf('.');
        return dot < 1 || !Cameras.TryGetValue(secret[..dot], out var part) || part.Config is not { } config ? null : secret[(dot + 1)..] switch
        {
            "password" => config.Password,
            "main" => CameraAddress.WithoutCredentials(config.Main),
            "sub" when config.Sub is { } sub => CameraAddress.WithoutCredentials(sub),
            _ => null,
        };
    }

    /// <summary>Names of all secrets that <see cref="ToTree()"/> leaves out.</summary>
    public IEnumerable<string> Secrets() =>
        from part in Cameras.Values
        from field in ToTree(part)
        where field.Value is JsonObject { Count: 1 } value && value.ContainsKey("secret")
        select SecretName(part.Id, field.Key);
}
