using System.Globalization;

namespace Atalaya.Simulation;

/// <summary>What can go wrong with a camera. The word in the fault's text is this name in kebab case: <c>wrong-sequence</c>.</summary>
public enum FaultKind
{
    /// <summary>Packets are left out: a share of them (<see cref="Fault.Rate"/>) or the next so many (<see cref="Fault.Count"/>).</summary>
    Drop,

    /// <summary>Nothing is sent, and what should have been is lost.</summary>
    Stall,

    /// <summary>Random bytes between the packets (TCP), or as datagrams (UDP): <see cref="Fault.Count"/> times.</summary>
    Garbage,

    /// <summary>Connections are closed at their first request for the camera.</summary>
    Refuse,

    /// <summary>Good credentials are answered with 401.</summary>
    Unauthorised,

    /// <summary>The connections of all viewers are closed; new ones are welcome.</summary>
    Close,

    /// <summary>RTP timestamps jump by <see cref="Fault.Value"/>, which may be negative.</summary>
    JumpTimestamps,

    /// <summary>Sequence numbers jump by <see cref="Fault.Count"/>.</summary>
    WrongSequence,

    /// <summary>A share of the packets changes place with the one after it.</summary>
    Reorder,

    /// <summary>A share of the packets comes twice.</summary>
    Duplicate,

    /// <summary>The session description makes no sense.</summary>
    BadSdp,

    /// <summary>Replies are no RTSP.</summary>
    Nonsense,

    /// <summary>Replies come late by <see cref="Fault.Value"/>.</summary>
    Slow,

    /// <summary>From its next picture on the camera serves <see cref="Fault.File"/>, from that file's first key frame.</summary>
    Switch,

    /// <summary>No packet has the marker bit.</summary>
    NoMarker,
}

/// <summary>One thing that goes wrong, and how much of it.</summary>
/// <param name="Duration">How long it lasts; null: until it is cleared. Meaningless for what happens once (close, jump, wrong sequence).</param>
public sealed record Fault(FaultKind Kind, TimeSpan? Duration = null)
{
    /// <summary>0 to 1: the share of packets.</summary>
    public double Rate { get; init; } = 1;

    /// <summary>How many; for drop null means by rate.</summary>
    public int? Count { get; init; }

    /// <summary>How much later, or how far.</summary>
    public TimeSpan Value { get; init; }

    /// <summary>Of a switch.</summary>
    public string? File { get; init; }

    /// <summary>
    /// Reads <c>kind[:value][@start][+duration]</c>: <c>stall:10s@30s</c>, <c>drop:5%+20s</c>, <c>drop:100</c>, <c>slow:500ms</c>, <c>switch:other.mp4@1m</c>.
    /// A stall's value is its duration.
    /// </summary>
    public static bool TryParse(string text, out Fault? fault, out TimeSpan start, out string problem)
    {
        fault = null;
        start = TimeSpan.Zero;
        string rest = text.Trim();
        TimeSpan? duration = null;
        if (rest.LastIndexOf('+') is var plus and > 0)
        {
            if (!TryParseSpan(rest[(plus + 1)..], out var span))
                return No(out problem, $"'{rest[(plus + 1)..]}' in '{text}' is no duration");
            duration = span;
            rest = rest[..plus];
        }

        if (rest.LastIndexOf('@') is var at and > 0)
        {
            if (!TryParseSpan(rest[(at + 1)..], out start))
                return No(out problem, $"'{rest[(at + 1)..]}' in '{text}' is no time");
            rest = rest[..at];
        }

        string[] parts = rest.Split(':', 2);
        string value = parts.Length > 1 ? parts[1] : "";
        if (!Enum.TryParse<FaultKind>(parts[0].Replace("-", ""), ignoreCase: true, out var kind) || char.IsAsciiDigit(parts[0][0]))
            return No(out problem, $"'{parts[0]}' is no fault; there are {string.Join(", ", Enum.GetValues<FaultKind>().Select(Word))}");
        var made = new Fault(kind, duration);
        switch (kind)
        {
            case FaultKind.Switch when value.Length > 0:
                made = made with { File = value };
                break;
            case FaultKind.Switch:
                return No(out problem, $"'{text}' doesn't say which file to switch to");
            case FaultKind.Stall when value.Length > 0:
                if (!TryParseSpan(value, out var stall))
                    return No(out problem, $"'{value}' in '{text}' is no duration");
                made = made with { Duration = stall };
                break;
            case FaultKind.Slow or FaultKind.JumpTimestamps:
                if (!TryParseSpan(value, out var by))
                    return No(out problem, $"'{text}' needs a time such as {Word(kind)}:500ms");
                made = made with { Value = by };
                break;
            case FaultKind.Drop or FaultKind.Reorder or FaultKind.Duplicate or FaultKind.Garbage or FaultKind.WrongSequence when value.EndsWith('%'):
                if (!double.TryParse(value[..^1], CultureInfo.InvariantCulture, out double percent) || percent is not (> 0 and <= 100))
                    return No(out problem, $"'{value}' in '{text}' is no share between 0 and 100%");
                made = made with { Rate = percent / 100 };
                break;
            case FaultKind.Drop or FaultKind.Reorder or FaultKind.Duplicate or FaultKind.Garbage or FaultKind.WrongSequence when value.Length > 0:
                if (!int.TryParse(value, NumberStyles.Integer, CultureInfo.InvariantCulture, out int count) || count == 0)
                    return No(out problem, $"'{value}' in '{text}' is no number of packets");
                made = made with { Count = count };
                break;
            default:
                if (value.Length > 0)
                    return No(out problem, $"{Word(kind)} takes no value, and '{text}' gives it one");
                break;
        }

        fault = made;
        problem = "";
        return true;
    }

    /// <summary>The word for it in texts.</summary>
    public static string Word(FaultKind kind) =>
        string.Concat(kind.ToString().Select((c, i) => char.IsUpper(c) && i > 0 ? $"-{char.ToLowerInvariant(c)}" : $"{char.ToLowerInvariant(c)}"));

    static bool TryParseSpan(string text, out TimeSpan span)
    {
        span = default;
        double unit = text switch
        {
            _ when text.EndsWith("ms", StringComparison.Ordinal) => 0.001,
            _ when text.EndsWith('s') => 1,
            _ when text.EndsWith('m') => 60,
            _ when text.EndsWith('h') => 3600,
            _ => 0,
        };
        if (unit == 0 || !double.TryParse(text.AsSpan().TrimEnd("msh"), CultureInfo.InvariantCulture, out double value) || Math.Abs(value * unit) > 1e8)
            return false;
        span = TimeSpan.FromSeconds(value * unit);
        return true;
    }

    static bool No(out string problem, string what)
    {
        problem = $"{what}. Write kind[:value][@start][+duration], for instance stall:10s@30s or drop:5%+20s.";
        return false;
    }
}

/// <summary>A fault of one camera, a time after the simulator started.</summary>
public sealed record ScheduledFault(string Camera, TimeSpan Start, Fault Fault)
{
    /// <summary>Reads <c>camera=fault</c>, for instance <c>camera/3=stall:10s@30s</c>.</summary>
    public static bool TryParse(string text, out ScheduledFault? scheduled, out string problem)
    {
        scheduled = null;
        string[] parts = text.Split('=', 2);
        if (parts.Length < 2 || parts[0].Length == 0)
        {
            problem = $"'{text}' names no camera. Write camera=fault, for instance camera/3=stall:10s@30s.";
            return false;
        }

        if (!Fault.TryParse(parts[1], out var fault, out var start, out problem))
            return false;
        scheduled = new(parts[0].Trim('/'), start, fault!);
        return true;
    }
}
