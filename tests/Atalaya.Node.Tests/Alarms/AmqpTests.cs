using System.Text.Json.Nodes;

using Atalaya.Incidents;
using Atalaya.Node.Alarms;

using RabbitMQ.Client;

namespace Atalaya.Node.Tests.Alarms;

/// <summary>Against a real broker.</summary>
public sealed class AmqpTests
{
    [Fact]
    public async Task A_broker_that_was_away_has_every_alarm_once_it_is_back_and_each_says_what_it_is()
    {
        await using var broker = await Broker.StartAsync();
        await using var node = await TestNode.StartAsync(AlarmScene.Yaml);
        var (put, problem) = await node.SendAsync(HttpMethod.Put, "/api/notifications/channels/bus", new { kind = "amqp", url = broker.Url });
        put.ShouldBe(200, problem?.ToJsonString());

        // Nobody listens: the broker would forget it, so it waits.
        var first = AlarmScene.Event();
        await node.SeeAsync(first);
        var waiting = await node.UntilAsync("/api/notifications/outbox", o => o.AsArray().Count == 1 && (int)o[0]!["attempts"]! >= 1);
        ((string?)waiting[0]!["fault"])!.ShouldContain("No queue takes it");
        await using (var connection = await broker.ConnectAsync())
        await using (var channel = await connection.CreateChannelAsync(cancellationToken: TestNode.Stop))
        {
            await channel.QueueDeclareAsync("desk", durable: true, exclusive: false, autoDelete: false, cancellationToken: TestNode.Stop);
            await channel.QueueBindAsync("desk", "atalaya", "alarm.*.*.*.gate", cancellationToken: TestNode.Stop);
            await channel.QueueDeclareAsync("rescues", durable: true, exclusive: false, autoDelete: false, cancellationToken: TestNode.Stop);
            await channel.QueueBindAsync("rescues", "atalaya", "alarm.*.rescue.#", cancellationToken: TestNode.Stop);
        }

        await NowAsync(node);
        await node.UntilAsync("/api/notifications/outbox?state=sent", o => o.AsArray().Count == 1, 30);

        // The broker dies; an alarm comes; it is back with its queues, and the alarm comes after it.
        await broker.StopAsync();
        var second = AlarmScene.Event(seconds: 300, severity: AlarmSeverity.Rescue);
        await node.SeeAsync(second);
        await node.UntilAsync("/api/notifications/outbox?state=waiting", o => o.AsArray().Count == 1 && (int)o[0]!["attempts"]! >= 1, 30);
        await broker.RunAsync();
        await NowAsync(node);
        await node.UntilAsync("/api/notifications/outbox?state=sent", o => o.AsArray().Count == 2, 60);

        await using var reading = await broker.ConnectAsync();
        await using var reader = await reading.CreateChannelAsync(cancellationToken: TestNode.Stop);
        var desk = await AllAsync(reader, "desk");
        desk.Select(m => (string?)m.Event["subject"]).ShouldBe([first.Id.ToString(), second.Id.ToString()]);
        var rescue = (await AllAsync(reader, "rescues")).ShouldHaveSingleItem();
        ((string?)rescue.Event["data"]!["severity"], (string?)rescue.Event["type"]).ShouldBe(("rescue", "org.atalaya.alarm.raised.v1"));
        rescue.Message.RoutingKey.ShouldBe("alarm.raised.rescue.rescue.gate");
        var properties = rescue.Message.BasicProperties;
        (properties.ContentType, properties.DeliveryMode, properties.MessageId).ShouldBe(("application/cloudevents+json; charset=utf-8", DeliveryModes.Persistent, (string)rescue.Event["id"]!));
        // CloudEvents AMQP binding 1.0, 3.1.3: the attributes as application properties too.
        foreach (string attribute in (string[])["specversion", "id", "source", "type", "subject", "time"])
            System.Text.Encoding.UTF8.GetString((byte[])properties.Headers!["cloudEvents:" + attribute]!).ShouldBe((string)rescue.Event[attribute]!);
    }

    static async Task<IReadOnlyList<(BasicGetResult Message, JsonNode Event)>> AllAsync(IChannel channel, string queue)
    {
        var all = new List<(BasicGetResult, JsonNode)>();
        while (await channel.BasicGetAsync(queue, autoAck: true, TestNode.Stop) is { } message)
            all.Add((message, JsonNode.Parse(message.Body.Span)!));
        return all;
    }

    static Task<int> NowAsync(TestNode node) => node.Service<Casebook>().WriteAsync(s => s.WriteAsync("update notification_outbox set next_at = 0"), TestNode.Stop);
}
