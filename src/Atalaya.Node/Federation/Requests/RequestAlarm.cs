using System.Security.Cryptography;
using System.Text;

using Atalaya.Incidents;
using Atalaya.Node.Api;

namespace Atalaya.Node.Federation.Requests;

/// <summary>A deadline as a scene event: it takes the way of all alarms, to the queue, the sound and the channels, and escalates as they do.</summary>
static class RequestAlarm
{
    /// <param name="isOver">The time for an answer has passed; otherwise little of it is left.</param>
    /// <returns>The same of the same deadline. A clarification gives a request another, and so another alarm.</returns>
    public static SceneEvent Of(RequestRow row, string partner, bool isOver, DateTimeOffset now)
    {
        string due = WireTime.Format(row.Due!.Value.ToDateTimeOffset());
        // Not its subject: alarms reach people, and channels, that requests aren't for.
        string detail = !isOver ? $"{partner}'s request is to be answered by {due}."
            : row.Ours ? $"{partner} hasn't answered our request, due {due}."
            : $"Nobody has answered {partner}'s request, due {due}.";
        return new()
        {
            Id = new(SHA256.HashData(Encoding.UTF8.GetBytes($"request {row.Id} {isOver} {row.Due.Value.Microseconds}")).AsSpan(0, 16)),
            Camera = "",
            At = now,
            Kind = !isOver ? SceneEventKind.RequestDue : row.Ours ? SceneEventKind.AnswerOverdue : SceneEventKind.RequestOverdue,
            Source = SceneEventSource.Node,
            Rule = "request",
            Detail = detail,
            Facts = new Dictionary<string, string> { ["partner"] = partner, ["due"] = due },
            // Without a type a policy takes what isn't seen by a rule for no alarm.
            Type = row.Rescue ? IncidentType.Rescue : IncidentType.Technical,
            Severity = row.Rescue ? AlarmSeverity.Rescue : AlarmSeverity.High,
        };
    }
}
