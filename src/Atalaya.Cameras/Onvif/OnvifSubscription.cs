using System.Xml.Linq;

namespace Atalaya.Cameras.Onvif;

public sealed partial class OnvifClient
{
    /// <summary>Subscribes to everything the device reports (a pull point: it sends nothing of itself, it is asked).</summary>
    /// <param name="lifetime">How long it lasts unless renewed, at least 10 s. A minute is what every device grants.</param>
    public async Task<OnvifSubscription> SubscribeAsync(TimeSpan lifetime, CancellationToken stop = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(lifetime, TimeSpan.FromSeconds(10));
        var events = Service(Names.Events, "event", "CreatePullPointSubscription");
        var reply = await EventAsync(
            events, Requests.CreatePullPointSubscription(lifetime), "http://www.onvif.org/ver10/events/wsdl/EventPortType/CreatePullPointSubscriptionRequest", [], TimeSpan.Zero, stop);
        if (Replies.Subscription(reply) is not var (address, parameters, granted) || AtDevice(address) is not { } at)
            throw new OnvifException(OnvifFailure.DeviceFault, Device, "The device accepted the subscription but doesn't say where its events are.", "CreatePullPointSubscription");
        return new(this, at, parameters, granted ?? lifetime);
    }

    internal Task<XElement> EventAsync(Uri address, XElement body, string action, IReadOnlyList<XElement> parameters, TimeSpan longer, CancellationToken stop)
    {
        // Event services insist on WS-Addressing: several subscriptions may share an address.
        List<XElement> headers =
        [
            new(Names.Addressing + "Action", action),
            new(Names.Addressing + "MessageID", $"urn:uuid:{Guid.NewGuid()}"),
            new(Names.Addressing + "To", address.AbsoluteUri),
            .. parameters,
        ];
        return CallAsync(address, body, action, headers, longer, stop);
    }
}

/// <summary>Events of one device, fetched. What is about faces or identities is left out and counted.</summary>
/// <remarks>One caller at a time.</remarks>
public sealed class OnvifSubscription : IAsyncDisposable
{
    readonly OnvifClient _client;
    readonly Uri _address;
    readonly IReadOnlyList<XElement> _parameters;
    bool _over;

    internal OnvifSubscription(OnvifClient client, Uri address, IReadOnlyList<XElement> parameters, TimeSpan granted)
    {
        _client = client;
        _address = address;
        _parameters = parameters;
        Lifetime = granted;
    }

    /// <summary>Granted at the last subscribing, pulling or renewing; renew before it has passed.</summary>
    public TimeSpan Lifetime { get; private set; }

    /// <summary>Left out so far.</summary>
    public OnvifDropped Dropped { get; private set; }

    /// <summary>Waits for events, at most <paramref name="wait"/>; empty if none came.</summary>
    /// <param name="limit">At most so many at once, 1 to 1000; the rest comes with the next call.</param>
    public async Task<IReadOnlyList<OnvifEvent>> PullAsync(TimeSpan wait, int limit = 100, CancellationToken stop = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(wait.Ticks, nameof(wait));
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limit, 1000);
        var reply = await _client.EventAsync(
            _address, Requests.PullMessages(wait, limit), "http://www.onvif.org/ver10/events/wsdl/PullPointSubscription/PullMessagesRequest", _parameters, wait, stop);
        Lifetime = Replies.Lifetime(reply) ?? Lifetime;
        var (events, dropped) = Replies.Events(reply);
        Dropped += dropped;
        return events;
    }

    /// <exception cref="OnvifException"><see cref="OnvifFailure.NotSupported"/>: pulling alone keeps it alive.</exception>
    public async Task RenewAsync(TimeSpan lifetime, CancellationToken stop = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(lifetime, TimeSpan.FromSeconds(10));
        var reply = await _client.EventAsync(
            _address, Requests.Renew(lifetime), "http://docs.oasis-open.org/wsn/bw-2/SubscriptionManager/RenewRequest", _parameters, TimeSpan.Zero, stop);
        Lifetime = Replies.Lifetime(reply) ?? lifetime;
    }

    public async Task UnsubscribeAsync(CancellationToken stop = default)
    {
        _over = true;
        await _client.EventAsync(
            _address, Requests.Unsubscribe(), "http://docs.oasis-open.org/wsn/bw-2/SubscriptionManager/UnsubscribeRequest", _parameters, TimeSpan.Zero, stop);
    }

    /// <summary>Unsubscribes if that wasn't done. A device that can't be reached forgets the subscription by itself.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_over)
            return;
        try
        {
            await UnsubscribeAsync();
        }
        catch (OnvifException)
        {
            // It ends when its time is over.
        }
    }
}
