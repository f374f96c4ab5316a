using System.Globalization;
using System.Net;
using System.Text.Json;

using Atalaya.Recording.Storage;

namespace Atalaya.Node.Options;

/// <summary>A count of bytes, written as people do: <c>64KiB</c>, <c>500MB</c>, <c>10GiB</c>.</summary>
public readonly record struct ByteSize(long Bytes) : IComparable<ByteSize>, IComparable
{
    static readonly (string Suffix, long Factor)[] Units =
    [
        ("TiB", 1L << 40), ("GiB", 1L << 30), ("MiB", 1L << 20), ("KiB", 1L << 10),
        ("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000), ("B", 1), ("", 1),
    ];

    public static bool TryParse(string text, out ByteSize size)
    {
        size = default;
        text = text.Trim();
        foreach (var (suffix, factor) in Units)
        {
            if (!text.EndsWith(suffix, StringComparison.OrdinalIgnoreCase))
                continue;
            if (!decimal.TryParse(text[..^suffix.Length].TrimEnd(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal number)
                || number > long.MaxValue / factor)
                return false;
            size = new((long)(number * factor));
            return true;
        }

        return false;
    }

    public int CompareTo(ByteSize other) => Bytes.CompareTo(other.Bytes);
    public static bool operator <(ByteSize a, ByteSize b) => a.Bytes < b.Bytes;
    public static bool operator >(ByteSize a, ByteSize b) => a.Bytes > b.Bytes;
    public static bool operator <=(ByteSize a, ByteSize b) => a.Bytes <= b.Bytes;
    public static bool operator >=(ByteSize a, ByteSize b) => a.Bytes >= b.Bytes;
    public int CompareTo(object? obj) => obj is ByteSize other ? CompareTo(other) : 1;

    public override string ToString()
    {
        foreach (var (suffix, factor) in Units)
        {
            if (Bytes >= factor && Bytes % factor == 0)
                return $"{Bytes / factor}{suffix}";
        }

        return $"{Bytes}B";
    }
}

/// <summary>Values of options as text: reading with a reason when it fails, and writing back what would be read the same.</summary>
static class OptionText
{
    static readonly (string Suffix, long Ticks)[] DurationUnits =
    [
        ("ms", TimeSpan.TicksPerMillisecond), ("min", TimeSpan.TicksPerMinute), ("m", TimeSpan.TicksPerMinute), ("s", TimeSpan.TicksPerSecond),
        ("h", TimeSpan.TicksPerHour), ("d", TimeSpan.TicksPerDay),
    ];

    public static bool TryParse(Type type, string text, out object? value, out string error)
    {
        error = "";
        value = null;
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type == typeof(string))
        {
            value = text;
        }
        else if (type == typeof(bool))
        {
            value = text.ToLowerInvariant() switch { "true" or "yes" or "on" => true, "false" or "no" or "off" => false, _ => null };
            error = "must be true or false";
        }
        else if (type == typeof(int))
        {
            value = int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number) ? number : null;
            error = "must be a whole number";
        }
        else if (type == typeof(double))
        {
            value = double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number) ? number : null;
            error = "must be a number";
        }
        else if (type == typeof(TimeSpan))
        {
            value = TryDuration(text, out var span) ? span : null;
            error = "must be a duration such as 500ms, 60s, 5min, 12h or 30d";
        }
        else if (type == typeof(ByteSize))
        {
            value = ByteSize.TryParse(text, out var size) ? size : null;
            error = "must be a size such as 64KiB, 500MB or 10GiB";
        }
        else if (type == typeof(IPNetwork))
        {
            value = IPNetwork.TryParse(text, out var network) ? network
                : IPAddress.TryParse(text, out var address) ? new IPNetwork(address, address.GetAddressBytes().Length * 8) : null;
            error = "must be a network such as 192.168.0.0/16 or fd00::/8 (with no bits set behind the prefix), or one address";
        }
        else if (type == typeof(VolumeShare))
        {
            string number = text.Trim();
            if (number.EndsWith('%'))
                value = double.TryParse(number[..^1], NumberStyles.Float, CultureInfo.InvariantCulture, out double percent) && percent is >= 0 and <= 90 ? new VolumeShare(0, percent / 100) : null;
            else
                value = ByteSize.TryParse(number, out var size) ? new VolumeShare(size.Bytes) : null;
            error = "must be a size such as 20GiB, or a percentage up to 90%";
        }
        else if (type.IsEnum)
        {
            value = Enum.GetNames(type).Contains(text, StringComparer.OrdinalIgnoreCase) ? Enum.Parse(type, text, ignoreCase: true) : null;
            error = "must be one of " + Names(type);
        }
        else
        {
            throw new NotSupportedException($"Options of type {type} aren't read.");
        }

        if (value is not null)
            error = "";
        return value is not null;
    }

    public static string Names(Type type) => string.Join(", ", Enum.GetNames(type).Select(JsonNamingPolicy.CamelCase.ConvertName));

    public static string Format(object? value) => value switch
    {
        null => "",
        bool b => b ? "true" : "false",
        TimeSpan span => Duration(span),
        Enum e => JsonNamingPolicy.CamelCase.ConvertName(e.ToString()),
        string s => s,
        VolumeShare { Fraction: > 0 } share => string.Create(CultureInfo.InvariantCulture, $"{share.Fraction * 100}%"),
        VolumeShare share => new ByteSize(share.Bytes).ToString(),
        System.Collections.IEnumerable list => string.Join(", ", list.Cast<object>().Select(Format)),
        _ => string.Create(CultureInfo.InvariantCulture, $"{value}"),
    };

    /// <summary>What the option's type is called in the documentation.</summary>
    public static string TypeName(Type type)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        return type == typeof(string) ? "text"
            : type == typeof(bool) ? "true or false"
            : type == typeof(int) || type == typeof(double) ? "number"
            : type == typeof(TimeSpan) ? "duration"
            : type == typeof(ByteSize) ? "size"
            : type == typeof(IPNetwork) ? "network"
            : type == typeof(VolumeShare) ? "size or percentage"
            : type == typeof(VolumeEntry) ? "volumes"
            : type == typeof(OidcRoleEntry) ? "roles"
            : Names(type);
    }

    public static bool TryDuration(string text, out TimeSpan span)
    {
        span = default;
        text = text.Trim();
        foreach (var (suffix, ticks) in DurationUnits)
        {
            if (!text.EndsWith(suffix, StringComparison.Ordinal))
                continue;
            if (!decimal.TryParse(text[..^suffix.Length].TrimEnd(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal number)
                || number > TimeSpan.MaxValue.Ticks / ticks)
                return false;
            span = new((long)(number * ticks));
            return true;
        }

        return false;
    }

    static string Duration(TimeSpan span)
    {
        if (span == TimeSpan.Zero)
            return "0s";
        foreach (var (suffix, ticks) in DurationUnits.Where(u => u.Suffix != "m").OrderByDescending(u => u.Ticks))
        {
            if (span.Ticks % ticks == 0)
                return $"{span.Ticks / ticks}{suffix}";
        }

        return $"{span.TotalMilliseconds.ToString(CultureInfo.InvariantCulture)}ms";
    }
}
