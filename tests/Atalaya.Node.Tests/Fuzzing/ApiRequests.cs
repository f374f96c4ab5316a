using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Atalaya.Node.Tests.Fuzzing;

/// <summary>One operation of the API's document.</summary>
sealed record ApiOperation(string Method, string Path, JsonObject Definition)
{
    public IReadOnlyList<(string Name, string In, JsonObject Schema)> Parameters { get; } =
        [.. (Definition["parameters"] as JsonArray ?? []).Select(p => ((string)p!["name"]!, (string)p["in"]!, p["schema"] as JsonObject ?? []))];

    public JsonObject? Body => Definition["requestBody"]?["content"]?["application/json"]?["schema"] as JsonObject;

    /// <summary>The document says that it may answer so.</summary>
    public bool Declares(int status) => (Definition["responses"] as JsonObject)?.ContainsKey(status.ToString(CultureInfo.InvariantCulture)) == true;

    public override string ToString() => $"{Method} {Path}";
}

/// <param name="Target">Path and query as they go over the wire.</param>
sealed record ApiRequest(ApiOperation Operation, string Method, string Target, byte[]? Body, string? ContentType, IReadOnlyList<(string Name, string Value)> Headers)
{
    /// <summary>What is needed to know it again, shortened.</summary>
    public override string ToString()
    {
        string body = Body is null ? "" : $" {ContentType} {Body.Length} bytes: {Encoding.UTF8.GetString(Body, 0, Math.Min(Body.Length, 300))}";
        return $"{Method} {Short(Target)}{string.Concat(Headers.Select(h => $" {h.Name}: {Short(h.Value)}"))}{body}";
    }

    static string Short(string text) => text.Length <= 300 ? text : $"{text[..300]}… ({text.Length})";
}

/// <summary>
/// Requests for every operation of the API's own document: what it asks for, damaged in one to three places. The same seed makes the same requests.
/// </summary>
/// <param name="ids">Of things that are there: some of them somebody else's.</param>
sealed class ApiRequests(JsonObject document, Random random, IReadOnlyList<string> ids)
{
    static readonly string[] Methods = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "PROPFIND"];

    static readonly string[] Texts =
    [
        "", " ", "x", "0", "-1", "null", "true", "NaN", "1e999", "99999999999999999999999", "-9223372036854775808", "9223372036854775807", "2147483648", "0.1", "[]", "{}",
        "..", "../../../../etc/passwd", "..\\..\\windows\\win.ini", "....//....//etc/passwd", "/etc/passwd", "file:///etc/passwd", "atalaya.db", "keys",
        "\0", "a\0b", "\u0001\u001b[31m", "\r\nX-Injected: 1", "'; drop table node_camera; --", "\" or 1=1 --", "%s%n%x", "{{7*7}}", "${jndi:ldap://127.0.0.1/}",
        "<script>alert(1)</script>", "\u202e\u2066مرحبا", "é", "e\u0301", "\ufeff", "\uffff", "😀😀😀", "ﷺ", "İı", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00",
        "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.9999999Z", "2026-02-30T00:00:00Z", "2026-01-01T00:00:00+14:00", "-00001-01-01T00:00:00Z",
        "rtsp://127.0.0.1:1/x", "rtsp://[::1]:1/x", "rtsp://user:pass@127.0.0.1:1/x", "rtsp://127.0.0.1:99999/x", "http://127.0.0.1:1/onvif/device_service", "rtsp://" + "\u00e9.example/x",
        "00000000-0000-0000-0000-000000000000", "0 0 1 1", "1767225600000", "1767225600000-sub",
    ];

    static readonly string[] ContentTypes =
    [
        "application/json; charset=utf-16", "application/json; charset=nonsense", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml",
        "application/yaml", "application/problem+json", "*/*", "application/json;;;", "x",
    ];

    /// <summary>Every operation of the document, in its order.</summary>
    public IReadOnlyList<ApiOperation> Operations { get; } =
    [
        .. from path in document["paths"]!.AsObject()
           from operation in path.Value!.AsObject()
           where operation.Value is JsonObject o && o.ContainsKey("responses")
           select new ApiOperation(operation.Key.ToUpperInvariant(), path.Key, operation.Value!.AsObject()),
    ];

    public ApiRequest Next(ApiOperation operation)
    {
        // Half of all keep what leads to the operation, so that its own checks are met and not always the same first one.
        bool sound = random.Next(2) == 0;
        string target = operation.Path;
        var query = new List<string>();
        foreach (var (name, place, schema) in operation.Parameters)
        {
            string value = sound || random.Next(3) > 0 ? Fitting(schema, name) : Text();
            if (place == "path")
                target = target.Replace($"{{{name}}}", Escaped(value.Length == 0 ? "x" : value), StringComparison.Ordinal);
            else if (place == "query" && random.Next(8) > 0)
                query.Add($"{name}={Escaped(value)}");
        }

        if (!sound && random.Next(6) == 0)
            query.Add($"{Escaped(Text())}={Escaped(Text())}");
        if (!sound && query.Count > 0 && random.Next(6) == 0)
            query.Add(query[random.Next(query.Count)]);
        if (query.Count > 0)
            target += "?" + string.Join('&', query);

        string method = sound || random.Next(8) > 0 ? operation.Method : Methods[random.Next(Methods.Length)];
        byte[]? body = null;
        string? type = null;
        if (operation.Body is { } wanted || (!sound && random.Next(10) == 0))
        {
            body = Body(operation.Body);
            type = random.Next(10) > 0 ? "application/json" : random.Next(5) == 0 ? null : ContentTypes[random.Next(ContentTypes.Length)];
        }

        var headers = new List<(string, string)>();
        if (random.Next(6) == 0)
        {
            headers.Add(random.Next(7) switch
            {
                0 => ("Range", $"bytes={random.Next(-5, 100)}-{random.Next(-5, 100)}"),
                1 => ("Range", "bytes=0-0,1-1,2-2,-1,99999999999999999999-"),
                2 => ("If-None-Match", "\"" + new string('x', random.Next(2000)) + "\""),
                3 => ("Accept", "application/xml;q=" + random.Next(-5, 5)),
                4 => ("Accept-Language", new string('a', random.Next(3000))),
                5 => ("Cookie", "a=" + new string('b', random.Next(3000))),
                _ => ("If-Modified-Since", "yesterday"),
            });
        }

        return new(operation, method, target, body, type, headers);
    }

    byte[] Body(JsonObject? schema)
    {
        var sound = Make(schema, 0);
        switch (random.Next(14))
        {
            case 0: return [];
            case 1: return Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(random.Next(2) == 0 ? "[" : "{\"a\":", random.Next(1, 20_000))));
            case 2: return Encoding.UTF8.GetBytes($"{{\"{Name(sound)}\": \"{new string('x', random.Next(1, 200_000))}\"}}");
            case 3:
                {
                    byte[] cut = Bytes(sound);
                    return cut[..random.Next(cut.Length)];
                }

            case 4:
                {
                    byte[] damaged = Bytes(sound);
                    for (int i = random.Next(1, 6); i > 0; i--)
                        damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
                    return damaged;
                }

            case 5: return [0xef, 0xbb, 0xbf, .. Bytes(sound)];
            case 6: return Encoding.UTF8.GetBytes(Text());
            case 7: return Encoding.UTF8.GetBytes($"{{\"{Name(sound)}\": {Odd()}, \"{Name(sound)}\": {Odd()}}}");
            case 8: return Encoding.UTF8.GetBytes($"[{string.Join(',', Enumerable.Repeat(Encoding.UTF8.GetString(Bytes(sound)), random.Next(1, 50)))}]");
            case 9: return Bytes(sound);
            default:
                for (int i = random.Next(1, 4); i > 0; i--)
                    sound = Damage(sound);
                // What a text of JSON can say and no text can hold is written as it would be sent.
                return Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(Bytes(sound)).Replace("LONE", random.Next(2) == 0 ? "\\ud800" : "\\udc00\\ud800", StringComparison.Ordinal));
        }
    }

    /// <summary>One value somewhere within is another.</summary>
    JsonNode? Damage(JsonNode? node)
    {
        if (node is JsonObject o && o.Count > 0 && random.Next(6) > 0)
        {
            string name = o.ElementAt(random.Next(o.Count)).Key;
            switch (random.Next(8))
            {
                case 0: o.Remove(name); break;
                case 1: o[Text()] = Value(); break;
                default: o[name] = Damage(o[name]?.DeepClone()); break;
            }

            return o;
        }

        if (node is JsonArray a && a.Count > 0 && random.Next(4) > 0)
        {
            int at = random.Next(a.Count);
            if (random.Next(5) == 0)
            {
                for (int i = random.Next(1, 300); i > 0; i--)
                    a.Add(a[at]?.DeepClone());
            }
            else
            {
                a[at] = Damage(a[at]?.DeepClone());
            }

            return a;
        }

        return Value();
    }

    JsonNode? Value() => random.Next(9) switch
    {
        0 => null,
        1 => JsonValue.Create(random.Next(2) == 0),
        2 => JsonValue.Create(random.NextInt64(long.MinValue, long.MaxValue)),
        3 => JsonValue.Create((random.NextDouble() - 0.5) * Math.Pow(10, random.Next(-300, 300))),
        4 => new JsonArray(Enumerable.Range(0, random.Next(20)).Select(_ => (JsonNode?)JsonValue.Create(Text())).ToArray()),
        5 => new JsonObject { [Text()] = Text() },
        6 => JsonValue.Create("LONE"),
        7 => JsonValue.Create(new string('x', random.Next(1, 5000))),
        _ => JsonValue.Create(Text()),
    };

    string Odd() => random.Next(8) switch
    {
        0 => "1e999",
        1 => "-0",
        2 => "01",
        3 => "NaN",
        4 => new string('9', 400),
        5 => "\"\\ud800\"",
        6 => "\"\\u0000\"",
        _ => JsonSerializer.Serialize(Text()),
    };

    /// <summary>Something of the kind that a schema asks for.</summary>
    JsonNode? Make(JsonObject? schema, int depth)
    {
        if (schema is null || depth > 6)
            return null;
        if ((string?)schema["$ref"] is { } reference)
            return Make(document["components"]!["schemas"]![reference.Split('/')[^1]] as JsonObject, depth + 1);
        foreach (string choice in (string[])["oneOf", "anyOf", "allOf"])
        {
            if (schema[choice] is JsonArray { Count: > 0 } choices)
                return Make(choices[random.Next(choices.Count)] as JsonObject, depth + 1);
        }

        if (schema["enum"] is JsonArray { Count: > 0 } values)
            return values[random.Next(values.Count)]?.DeepClone();
        if (schema["properties"] is JsonObject properties)
        {
            var made = new JsonObject();
            foreach (var (name, property) in properties)
            {
                if (random.Next(5) > 0)
                    made[name] = property is JsonObject p && IsText(p) ? Fitting(p, name) : Make(property as JsonObject, depth + 1);
            }

            return made;
        }

        return Kind(schema) switch
        {
            "array" => new JsonArray(Enumerable.Range(0, random.Next(4)).Select(_ => Make(schema["items"] as JsonObject, depth + 1)).ToArray()),
            "integer" => JsonValue.Create(random.Next(-2, 100)),
            "number" => JsonValue.Create(random.NextDouble() * 2),
            "boolean" => JsonValue.Create(random.Next(2) == 0),
            "string" => Fitting(schema, ""),
            "object" => new JsonObject { ["x"] = Fitting([], "") },
            _ => null,
        };
    }

    static bool IsText(JsonObject schema) => Kind(schema) == "string" && !schema.ContainsKey("enum");

    static string? Kind(JsonObject schema) => schema["type"] switch
    {
        JsonArray several => several.Select(t => (string?)t).FirstOrDefault(t => t != "null"),
        { } one => (string?)one,
        _ => null,
    };

    /// <summary>A text as a caller would send it under this name.</summary>
    string Fitting(JsonObject schema, string name)
    {
        if (schema["enum"] is JsonArray { Count: > 0 } values)
            return values[random.Next(values.Count)]?.ToString() ?? "";
        string kind = Kind(schema) ?? "string";
        if (kind is "integer" or "number")
            return random.Next(-1, 1000).ToString(CultureInfo.InvariantCulture);
        if (kind == "boolean")
            return random.Next(2) == 0 ? "true" : "false";
        return name switch
        {
            "from" => "2026-01-01T00:00:00Z",
            "to" or "expires" or "until" => random.Next(2) == 0 ? "2026-01-01T01:00:00Z" : "2036-01-01T01:00:00Z",
            "at" or "time" => "2026-01-01T00:00:00Z",
            "minute" => "29454000",
            "name" when random.Next(2) == 0 => "1767225600000",
            "url" or "device" => "rtsp://127.0.0.1:1/x",
            _ when schema["format"] is { } format && (string?)format == "date-time" => "2026-01-01T00:00:00Z",
            _ when schema["format"] is { } format && (string?)format == "uuid" => new Guid(random.Next(), 0, 0, [1, 2, 3, 4, 5, 6, 7, 8]).ToString(),
            _ when name is "id" or "camera" or "cameras" || name.EndsWith("Id", StringComparison.Ordinal) => ids[random.Next(ids.Count)],
            _ => random.Next(3) == 0 ? Text() : ids[random.Next(ids.Count)],
        };
    }

    string Text() => random.Next(12) switch
    {
        0 => new string((char)('a' + random.Next(26)), random.Next(1, 2500)),
        1 => string.Concat(Enumerable.Range(0, random.Next(1, 40)).Select(_ => char.ConvertFromUtf32(random.Next(2) == 0 ? random.Next(1, 0xd800) : random.Next(0xe000, 0x10ffff)))),
        2 => ids[random.Next(ids.Count)],
        _ => Texts[random.Next(Texts.Length)],
    };

    /// <summary>Percent-encoded; now and then not, or as bytes that no character has, or a surrogate on its own.</summary>
    string Escaped(string text) => random.Next(40) switch
    {
        0 => "%ED%A0%80",
        1 => "%ff%fe%00",
        2 => "%",
        3 => "%zz",
        4 => "%252e%252e%252f",
        5 => "..%2f..%2f" + Uri.EscapeDataString(text),
        _ => Uri.EscapeDataString(text.Length > 1500 ? text[..1500] : text),
    };

    static string Name(JsonNode? sound) => sound is JsonObject { Count: > 0 } o ? o.First().Key : "name";

    static byte[] Bytes(JsonNode? node) => Encoding.UTF8.GetBytes(node?.ToJsonString() ?? "null");
}
