using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;

using Atalaya.Incidents;
using Atalaya.Node.Identity;

namespace Atalaya.Node.Tests.Alarms;

/// <summary>Two people on one case know of each other, and nobody learns of a case that they may not see.</summary>
public sealed class PresenceTests
{
    [Fact]
    public async Task Who_has_an_incident_open_is_told_who_else_has_until_they_leave()
    {
        await using var node = await TestNode.StartAsync(AlarmScene.Yaml);
        await node.SeeAsync(AlarmScene.Event("gate", severity: AlarmSeverity.Rescue));
        string incident = (string)(await node.GetAsync("/api/incidents"))["incidents"]!.AsArray().ShouldHaveSingleItem()!["id"]!;
        using var ana = await PageAsync(node, "ana", Scope.Organisation);
        using var luis = await PageAsync(node, "luis", Scope.Organisation);
        using var wall = await PageAsync(node, "wall", new Scope(ScopeKind.Camera, "wall"));

        await AttendAsync(ana, incident);
        (await PeopleAsync(ana, incident)).ShouldBe(["ana"]);
        // They see another camera only: as if there were no such incident.
        await AttendAsync(wall, incident);
        await AttendAsync(luis, incident);
        (await PeopleAsync(ana, incident)).ShouldBe(["ana", "luis"]);
        (await PeopleAsync(luis, incident)).ShouldBe(["ana", "luis"]);

        await AttendAsync(luis, null);
        (await PeopleAsync(ana, incident)).ShouldBe(["ana"]);
        await AttendAsync(luis, incident);
        (await PeopleAsync(ana, incident)).ShouldBe(["ana", "luis"]);
        luis.Abort();
        (await PeopleAsync(ana, incident)).ShouldBe(["ana"]);
    }

    static async Task<ClientWebSocket> PageAsync(TestNode node, string name, Scope scope)
    {
        var socket = await node.ConnectAsync("/api/events", token: await node.TokenAsync(name, new Grant("operator", scope)));
        await SendAsync(socket, """{"protocol":"json","version":1}""");
        return socket;
    }

    static Task AttendAsync(ClientWebSocket page, string? incident) =>
        SendAsync(page, new JsonObject { ["type"] = 1, ["target"] = "Attend", ["arguments"] = new JsonArray(incident) }.ToJsonString());

    static Task SendAsync(ClientWebSocket page, string message) => page.SendAsync(Encoding.UTF8.GetBytes(message + "\u001e"), WebSocketMessageType.Text, true, TestNode.Stop);

    /// <summary>What the page is told next.</summary>
    static async Task<string[]> PeopleAsync(ClientWebSocket page, string incident)
    {
        while (await page.NextAsync() is { } message)
        {
            foreach (string text in Encoding.UTF8.GetString(message.Bytes).Split('\u001e', StringSplitOptions.RemoveEmptyEntries))
            {
                var told = JsonNode.Parse(text)!;
                if ((string?)told["target"] != "presenceChanged")
                    continue;
                ((string?)told["arguments"]![0]!["incident"]).ShouldBe(incident);
                return [.. told["arguments"]![0]!["people"]!.AsArray().Select(p => (string)p!)];
            }
        }

        throw new InvalidOperationException("The node closed the connection.");
    }
}
