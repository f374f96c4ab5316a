using System.Text.Json;
using System.Text.Json.Serialization;

namespace Atalaya.Analysis.Rules;

/// <summary>A place in a picture, as fractions of its width and height from the upper left corner. In JSON and YAML: <c>[x, y]</c>.</summary>
[JsonConverter(typeof(PointConverter))]
public readonly record struct Point(double X, double Y);

/// <summary>Writes a point as <c>[x, y]</c>.</summary>
public sealed class PointConverter : JsonConverter<Point>
{
    public override Point Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
            throw new JsonException("A point is two numbers: [x, y].");
        var point = new Point(Next(ref reader), Next(ref reader));
        if (!reader.Read() || reader.TokenType != JsonTokenType.EndArray)
            throw new JsonException("A point is two numbers: [x, y].");
        return point;
    }

    public override void Write(Utf8JsonWriter writer, Point value, JsonSerializerOptions options)
    {
        writer.WriteStartArray();
        writer.WriteNumberValue(value.X);
        writer.WriteNumberValue(value.Y);
        writer.WriteEndArray();
    }

    static double Next(ref Utf8JsonReader reader) =>
        reader.Read() && reader.TokenType == JsonTokenType.Number ? reader.GetDouble() : throw new JsonException("A point is two numbers: [x, y].");
}
