using System.Text.Json;

using Atalaya.Incidents;

using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Atalaya.Node.Notifications;

/// <summary>
/// Publishes to an AMQP 0-9-1 broker: one connection for each channel, kept until it breaks, then opened anew with the next message. The broker confirms each message; what it
/// doesn't confirm waits in the outbox, so the client's own recovery, which would hide what was lost, is off.
/// </summary>
sealed class AmqpWay(string site) : IAsyncDisposable
{
    public const string UsualExchange = "atalaya";

    static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(30), Patience = TimeSpan.FromSeconds(10);

    readonly SemaphoreSlim _one = new(1, 1);
    readonly Dictionary<string, Link> _links = new(StringComparer.Ordinal);    // touched under _one

    /// <summary>From what a binding chooses: <c>alarm.raised.rescue.rescue.gate</c>, or <c>test</c>.</summary>
    public static string RoutingKey(NotificationOccasion occasion, Alarm? alarm) =>
        alarm is null ? "test" : $"alarm.{Word(occasion)}.{Word(alarm.Severity)}.{Word(alarm.Type)}.{(alarm.Camera.Length == 0 ? "node" : alarm.Camera)}";

    public async Task<Delivered> TellAsync(KnownChannel known, Notification notification, byte[] body, string type, CancellationToken stop)
    {
        await _one.WaitAsync(stop);
        try
        {
            var link = await OpenAsync(known, stop);
            var properties = new BasicProperties
            {
                MessageId = notification.Id.ToString(),
                ContentType = type,
                DeliveryMode = DeliveryModes.Persistent,
                Timestamp = new(notification.CreatedAt.ToDateTimeOffset().ToUnixTimeSeconds()),
                AppId = "atalaya",
                Headers = Headers(notification),
            };
            try
            {
                // Mandatory: without a queue behind the exchange the broker would confirm and forget it.
                await link.Channel.BasicPublishAsync(known.Channel.Exchange ?? UsualExchange, RoutingKey(notification.Occasion, notification.Alarm), mandatory: true, properties, body, stop);
                return Delivered.Taken;
            }
            catch (PublishException refused)
            {
                return new(Delivery.Failed, refused.IsReturn
                    ? $"No queue takes it: bind one to exchange '{known.Channel.Exchange ?? UsualExchange}'."
                    : "The broker couldn't take it.");
            }
        }
        catch (Exception fault) when (fault is RabbitMQClientException or IOException or ObjectDisposedException)
        {
            await CloseAsync(known.Channel.Id);
            return new(Delivery.Failed, fault is BrokerUnreachableException { InnerException: { } inner } ? $"{fault.Message} {inner.Message}" : fault.Message);
        }
        catch (OperationCanceledException)
        {
            // Whether it arrived nobody knows, nor what the broker still says of it.
            await CloseAsync(known.Channel.Id);
            throw;
        }
        finally
        {
            _one.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (string channel in _links.Keys.ToList())
            await CloseAsync(channel);
        _one.Dispose();
    }

    /// <summary>Attributes as the CloudEvents AMQP binding names them; brokers hand headers to AMQP 1.0 clients as application properties.</summary>
    Dictionary<string, object?> Headers(Notification notification) =>
        CloudEvent.Attributes(notification.Id, notification.Occasion, notification.Alarm, site, notification.CreatedAt.ToDateTimeOffset())
            .ToDictionary(a => "cloudEvents:" + a.Key, object? (a) => a.Value, StringComparer.Ordinal);

    async Task<Link> OpenAsync(KnownChannel known, CancellationToken stop)
    {
        if (_links.TryGetValue(known.Channel.Id, out var open))
        {
            if (open.Version == known.Version && open.Connection.IsOpen && open.Channel.IsOpen)
                return open;
            await CloseAsync(known.Channel.Id);
        }

        var address = new Uri(known.Channel.Url!);
        bool secure = address.Scheme == "amqps";
        var factory = new ConnectionFactory
        {
            HostName = address.IdnHost,
            Port = address.Port > 0 ? address.Port : secure ? 5671 : 5672,
            VirtualHost = address.AbsolutePath.Length > 1 ? Uri.UnescapeDataString(address.AbsolutePath[1..]) : "/",
            AutomaticRecoveryEnabled = false,
            TopologyRecoveryEnabled = false,
            RequestedHeartbeat = Heartbeat,
            RequestedConnectionTimeout = Patience,
            ClientProvidedName = $"atalaya {site}",
        };
        if (known.Channel.User is { Length: > 0 } user)
            (factory.UserName, factory.Password) = (user, known.Secret ?? "");
        if (secure)
        {
            factory.Ssl = new() { Enabled = true, ServerName = address.IdnHost };
            if (known.Channel.Fingerprint is { } fingerprint)
                factory.Ssl.CertificateValidationCallback = (_, certificate, _, _) => SmtpSession.IsThat(certificate, fingerprint);
        }

        var connection = await factory.CreateConnectionAsync(stop);
        try
        {
            var channel = await connection.CreateChannelAsync(new(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true), stop);
            await channel.ExchangeDeclareAsync(known.Channel.Exchange ?? UsualExchange, ExchangeType.Topic, durable: true, autoDelete: false, cancellationToken: stop);
            return _links[known.Channel.Id] = new(known.Version, connection, channel);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    async Task CloseAsync(string channel)
    {
        if (!_links.Remove(channel, out var link))
            return;
        try
        {
            await link.Channel.DisposeAsync();
            await link.Connection.DisposeAsync();
        }
        catch (Exception fault) when (fault is RabbitMQClientException or IOException or ObjectDisposedException)
        {
            // It was broken already.
        }
    }

    static string Word<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.CamelCase.ConvertName(value.ToString());

    sealed record Link(long Version, IConnection Connection, IChannel Channel);
}
