using System.ComponentModel;

using Atalaya.Incidents;

namespace Atalaya.Node.Notifications;

public enum ChannelKind
{
    Email,
    Webhook,

    /// <summary>A message broker, by AMQP 0-9-1.</summary>
    Amqp,

    /// <summary>Browsers that asked for it, by Web Push. There is one such channel at most.</summary>
    Push,
}

public enum NotificationFormat
{
    /// <summary>CloudEvents 1.0 in JSON.</summary>
    CloudEvents,

    /// <summary>Common Alerting Protocol 1.2; rescues and tests alone.</summary>
    Cap,
}

/// <summary>Why somebody is told.</summary>
public enum NotificationOccasion
{
    Raised,
    Escalated,

    /// <summary>Somebody tries the channel; there is no alarm.</summary>
    Test,
}

/// <summary>One who may be on call.</summary>
public sealed record OnCall
{
    [Description("1 to 200 characters.")]
    public required string Name { get; init; }

    [Description("E-mail address.")]
    public required string Address { get; init; }

    [Description("When they are on call, by the site's clock; empty: always.")]
    public IReadOnlyList<WeeklyWindow> Windows { get; init; } = [];
}

/// <summary>A way to tell people or systems of alarms, as it is kept. Immutable; its secret is kept apart.</summary>
public sealed record Channel
{
    public required string Id { get; init; }
    public string Name { get; init; } = "";
    public required ChannelKind Kind { get; init; }
    public bool Enabled { get; init; } = true;

    /// <summary>Alarms at least so urgent.</summary>
    public AlarmSeverity AtLeast { get; init; } = AlarmSeverity.High;

    /// <summary>Empty: all.</summary>
    public IReadOnlyList<IncidentType> Types { get; init; } = [];

    /// <summary>In these hours only rescue and critical ones are told; others wait for their end.</summary>
    public IReadOnlyList<WeeklyWindow> Quiet { get; init; } = [];

    /// <summary>Of a webhook, or of a broker: amqps://host:port/virtual-host.</summary>
    public string? Url { get; init; }
    public NotificationFormat Format { get; init; }

    /// <summary>Of e-mail.</summary>
    public string? Server { get; init; }
    public int Port { get; init; } = 587;

    /// <summary>STARTTLS, or TLS from the start; without it nothing is sent but to this machine.</summary>
    public bool Tls { get; init; } = true;

    /// <summary>TLS from the first byte on (port 465) instead of STARTTLS.</summary>
    public bool ImplicitTls { get; init; }

    /// <summary>SHA-256 of the mail server's or broker's certificate, in hexadecimal digits: that one alone is accepted. Null: what the system trusts.</summary>
    public string? Fingerprint { get; init; }

    /// <summary>Of a broker: name of the durable topic exchange; null: <see cref="AmqpWay.UsualExchange"/>.</summary>
    public string? Exchange { get; init; }

    /// <summary>Who signs in at a mail server or broker.</summary>
    public string? User { get; init; }

    /// <summary>Sender of e-mail; whom push services can write to (RFC 8292, 2.1).</summary>
    public string? From { get; init; }

    /// <summary>Told always.</summary>
    public IReadOnlyList<string> To { get; init; } = [];

    /// <summary>The first who is on call is told besides; at the n-th escalation the n-th after.</summary>
    public IReadOnlyList<OnCall> Rota { get; init; } = [];

    public bool Wants(Alarm alarm) =>
        Enabled && alarm.Severity <= AtLeast && (Types.Count == 0 || Types.Contains(alarm.Type)) && (Format != NotificationFormat.Cap || alarm.Type == IncidentType.Rescue);

    /// <summary>Whether it must wait for the end of quiet hours.</summary>
    public bool Waits(AlarmSeverity severity, DateTimeOffset now, TimeZoneInfo zone) => severity > AlarmSeverity.Critical && WeeklyWindow.Covers(Quiet, now, zone);

    /// <summary>Addresses of an e-mail, each once.</summary>
    /// <param name="level">How often the alarm was escalated.</param>
    public IReadOnlyList<string> Recipients(int level, DateTimeOffset now, TimeZoneInfo zone)
    {
        var onCall = Rota.Where(r => r.Windows.Count == 0 || WeeklyWindow.Covers(r.Windows, now, zone)).ToList();
        IEnumerable<string> called = onCall.Count == 0 ? [] : [onCall[level % onCall.Count].Address];
        return [.. To.Concat(called).Distinct(StringComparer.OrdinalIgnoreCase)];
    }
}
