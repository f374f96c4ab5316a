using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

using Atalaya.Node.Identity;

using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Atalaya.Node.Api;

/// <summary>How JSON looks, and the OpenAPI document that says so.</summary>
static class ApiDocument
{
    public const string Name = "v1";

    public static IServiceCollection AddApi(this IServiceCollection services)
    {
        services.ConfigureHttpJsonOptions(o => Json(o.SerializerOptions));
        return services.AddOpenApi(Name, o =>
        {
            o.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
            o.CreateSchemaReferenceId = type =>
                type.Type == typeof(Stream) ? null
                : type.Type == typeof(Media.Rtsp.RtspTransport) ? "Transport"
                : type.Type == typeof(Atalaya.Cameras.RecordedStreams) ? "Record"
                : OpenApiOptions.CreateDefaultSchemaReferenceId(type)?.Replace("Json", "", StringComparison.Ordinal);
            o.AddSchemaTransformer((schema, context, _) =>
            {
                var type = Nullable.GetUnderlyingType(context.JsonTypeInfo.Type) ?? context.JsonTypeInfo.Type;
                if (type == typeof(DateTimeOffset))
                {
                    bool optional = type != context.JsonTypeInfo.Type;
                    schema.Type = optional ? JsonSchemaType.String | JsonSchemaType.Null : JsonSchemaType.String;
                    schema.Format = "date-time";
                }

                if (type.IsEnum)
                {
                    // Whether it may be null is said where it is used: the words are the same everywhere.
                    schema.Type = JsonSchemaType.String;
                    schema.Enum = [.. Enum.GetNames(type).Select(name => (JsonNode)JsonNamingPolicy.CamelCase.ConvertName(name))];
                }

                if (type.Name.EndsWith("Json", StringComparison.Ordinal) && !IsInput(type))
                    schema.AdditionalPropertiesAllowed = true;  // What the node says may grow; what it is told is read strictly.

                // Numbers come as numbers. The exporter adds "or a string" since the web defaults allow reading them so.
                if (schema.Type is { } t && (t.HasFlag(JsonSchemaType.Integer) || t.HasFlag(JsonSchemaType.Number)))
                {
                    schema.Type = t & ~JsonSchemaType.String;
                    schema.Pattern = null;
                }

                return Task.CompletedTask;
            });
            o.AddOperationTransformer((operation, context, _) =>
            {
                // One endpoint answers GET and HEAD; an operation's id must still be unique.
                if (context.Description.HttpMethod == HttpMethods.Head && operation.OperationId is { } id)
                    operation.OperationId = id.Replace("get", "head", StringComparison.Ordinal);
                if (context.Description.ActionDescriptor.EndpointMetadata.OfType<Access>().LastOrDefault() is { } access)
                    operation.Description = string.IsNullOrEmpty(operation.Description) ? access.ToString() : $"{operation.Description} {access}";
                foreach (var parameter in operation.Parameters ?? [])
                {
                    if (parameter is OpenApiParameter { Name: "from" or "to" } time)
                    {
                        time.Required = true;
                        time.Schema = new OpenApiSchema { Type = JsonSchemaType.String, Format = "date-time" };
                    }
                    else if (parameter is OpenApiParameter { Name: "stream" } stream)
                    {
                        stream.Schema = new OpenApiSchema { Type = JsonSchemaType.String, Enum = ["main", "sub"], Default = "main" };
                    }
                }

                return Task.CompletedTask;
            });
            o.AddDocumentTransformer((document, _, _) =>
            {
                document.Info = new()
                {
                    Title = "Atalaya node",
                    Version = Name,
                    Description = "Cameras, live view, playback and export of one node. Times are RFC 3339 in UTC. Errors are RFC 9457 problems. "
                        + "Sign in with an API token (Authorization: Bearer); 401 asks for one, 403 says what is lacking, and what may not be seen is a 404.",
                };
                document.Servers?.Clear();
                return Task.CompletedTask;
            });
        });
    }

    static bool IsInput(Type type) =>
        type.Name.EndsWith("InputJson", StringComparison.Ordinal) || type.Name.EndsWith("RequestJson", StringComparison.Ordinal);

    public static void Json(JsonSerializerOptions json)
    {
        json.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;  // A misspelt field is an error, not a default.
        json.NumberHandling = JsonNumberHandling.Strict;
        json.MaxDepth = 16;
        json.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false));
        json.Converters.Add(new WireTime());
    }

    /// <summary>The document as it is kept under <c>ref/openapi.json</c>.</summary>
    public static async Task<string> TextAsync(IServiceProvider services, CancellationToken stop)
    {
        var document = await services.GetRequiredKeyedService<IOpenApiDocumentProvider>(Name).GetOpenApiDocumentAsync(stop);
        string json = await document.SerializeAsJsonAsync(OpenApiSpecVersion.OpenApi3_1, stop);
        return JsonNode.Parse(json)!.ToJsonString(Indented) + "\n";
    }

    static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        NewLine = "\n",
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };
}
