using System.Collections.Immutable;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Xml.Linq;

namespace Atalaya.Cameras.Onvif;

/// <summary>A device that answered. All of it is the device's own claim.</summary>
/// <param name="Endpoint">Its stable name, usually <c>urn:uuid:…</c>.</param>
/// <param name="Name">From its scopes; empty where it says none. So are hardware and location.</param>
/// <param name="Profiles">ONVIF profiles it claims: Streaming, G, T, M …</param>
/// <param name="Addresses">Of its device service, at allowed addresses only; the one it answered from first.</param>
/// <param name="From">Where the answer came from.</param>
public sealed record OnvifFound(
    string Endpoint, string Name, string Hardware, string Location, ImmutableArray<string> Profiles, ImmutableArray<Uri> Addresses, IPAddress From);

/// <param name="Devices">By address.</param>
/// <param name="Forbidden">Answers whose sender or addresses aren't allowed, or are names: an answer may not lead elsewhere.</param>
/// <param name="Malformed">Datagrams that were no answer to what was asked.</param>
public sealed record OnvifDiscoveryResult(IReadOnlyList<OnvifFound> Devices, int Forbidden, int Malformed);

/// <summary>What a search needs to know.</summary>
public sealed record OnvifDiscoveryOptions
{
    /// <summary>How long answers are awaited (0.5 … 30 s). 4 s: devices wait up to half a second before they answer, small ones longer.</summary>
    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(4);

    /// <summary>Own IPv4 addresses over which to ask; null: those of every interface that is up and can multicast, and loopback.</summary>
    public IReadOnlyList<IPAddress>? Interfaces { get; init; }

    /// <summary>Asked for each address in an answer, and for its sender. By default everything is allowed.</summary>
    public Func<IPAddress, bool> AddressAllowed { get; init; } = static _ => true;

    public TimeProvider Clock { get; init; } = TimeProvider.System;
}

/// <summary>
/// WS-Discovery (April 2005) as ONVIF devices speak it. Multicast goes out only when a search is made, never of itself.
/// </summary>
public static class OnvifDiscovery
{
    public const int Port = 3702;

    /// <summary>More devices than one network holds; a flood of invented ones ends here.</summary>
    public const int MaxDevices = 1024;

    const int MaxDatagram = 64 << 10, MaxDatagrams = 16 * MaxDevices;
    static readonly IPEndPoint Group = new(IPAddress.Parse("239.255.255.250"), Port);

    // Datagrams get lost: each question twice (SOAP-over-UDP 1.1, 3.4).
    static readonly TimeSpan Again = TimeSpan.FromMilliseconds(250);

    /// <summary>Asks everyone on the chosen networks.</summary>
    /// <exception cref="SocketException">No interface could be used.</exception>
    public static Task<OnvifDiscoveryResult> FindAsync(OnvifDiscoveryOptions options, CancellationToken stop = default)
    {
        var interfaces = options.Interfaces ?? MulticastInterfaces();
        return SearchAsync([.. interfaces.Select(i => (i, Group))], options, stop);
    }

    /// <summary>Asks one address, also across networks that carry no multicast.</summary>
    public static Task<OnvifDiscoveryResult> FindAsync(IPEndPoint device, OnvifDiscoveryOptions options, CancellationToken stop = default) =>
        options.AddressAllowed(device.Address)
            ? SearchAsync([(device.AddressFamily == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any, device)], options, stop)
            : Task.FromResult(new OnvifDiscoveryResult([], 1, 0));

    /// <summary>Own IPv4 addresses of interfaces that are up and can multicast, and loopback: simulators and relays on this machine answer there.</summary>
    public static IReadOnlyList<IPAddress> MulticastInterfaces() =>
    [
        .. NetworkInterface.GetAllNetworkInterfaces()
            .Where(i => i.NetworkInterfaceType == NetworkInterfaceType.Loopback || (i.OperationalStatus == OperationalStatus.Up && i.SupportsMulticast))
            .SelectMany(i => i.GetIPProperties().UnicastAddresses.Select(a => a.Address))
            .Where(a => a.AddressFamily == AddressFamily.InterNetwork),
    ];

    static async Task<OnvifDiscoveryResult> SearchAsync(IReadOnlyList<(IPAddress Own, IPEndPoint Target)> ways, OnvifDiscoveryOptions options, CancellationToken stop)
    {
        using var over = new CancellationTokenSource(options.Duration, options.Clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, over.Token);
        var search = new Search(options.AddressAllowed);
        var sockets = new List<Socket>();
        try
        {
            SocketException? failed = null;
            var running = new List<Task>();
            foreach (var (own, target) in ways)
            {
                var socket = new Socket(own.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
                sockets.Add(socket);
                try
                {
                    socket.Bind(new IPEndPoint(own, 0));
                    if (target.Equals(Group))
                    {
                        socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.MulticastInterface, own.GetAddressBytes());
                        // The site's own network and no further.
                        socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.MulticastTimeToLive, 1);
                    }
                }
                catch (SocketException e)
                {
                    failed = e;     // an interface that has just gone; the others are asked
                    continue;
                }

                running.Add(AskAsync(socket, target, search, options.Clock, either.Token));
                running.Add(ListenAsync(socket, target, search, either.Token));
            }

            if (running.Count == 0 && failed is not null)
                throw failed;
            await Task.WhenAll(running);
        }
        finally
        {
            foreach (var socket in sockets)
                socket.Dispose();
        }

        stop.ThrowIfCancellationRequested();
        return search.Result();
    }

    static async Task AskAsync(Socket socket, IPEndPoint target, Search search, TimeProvider clock, CancellationToken stop)
    {
        try
        {
            for (int time = 1; time <= 2; time++)
            {
                foreach (byte[] question in search.Questions)
                    await socket.SendToAsync(question, target, stop);
                if (time == 1)
                    await Task.Delay(Again, clock, stop);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException)
        {
            // Over, or no way out over this interface: what the others hear counts.
        }
    }

    static async Task ListenAsync(Socket socket, IPEndPoint target, Search search, CancellationToken stop)
    {
        byte[] buffer = new byte[MaxDatagram];
        var any = new IPEndPoint(target.AddressFamily == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any, 0);
        try
        {
            for (int datagrams = 0; datagrams < MaxDatagrams;)
            {
                try
                {
                    var received = await socket.ReceiveFromAsync(buffer, any, stop);
                    datagrams++;
                    search.Take(buffer.AsSpan(0, received.ReceivedBytes), ((IPEndPoint)received.RemoteEndPoint).Address);
                }
                catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionRefused or SocketError.ConnectionReset or SocketError.MessageSize)
                {
                    datagrams++;    // Nobody listens there: told by ICMP, and the time to answer isn't over.
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The time is over, or the interface is gone.
        }
    }

    /// <summary>Reads the matches of one answer. Never throws.</summary>
    /// <returns>Null: no answer, or one to somebody else's question.</returns>
    internal static IReadOnlyList<ProbeMatch>? ReadMatches(ReadOnlySpan<byte> datagram, IReadOnlyCollection<Guid> asked)
    {
        if (!SoapEnvelope.TryRead(datagram, out var envelope, out _) || envelope.Body is not { Name.LocalName: "ProbeMatches" } matches)
            return null;
        // Written with uuid: and with urn:uuid: before it, in either case, and by some with neither.
        string? relates = envelope.Header.Text("RelatesTo");
        if (relates is null || !Guid.TryParse(Xml.LocalOf(relates), out var answered) || !asked.Contains(answered))
            return null;
        var found = new List<ProbeMatch>();
        foreach (var match in matches.Children("ProbeMatch").Take(64))
        {
            if (match.Text("EndpointReference", "Address") is { Length: <= 256 } endpoint)
                found.Add(new(endpoint, Words(match.Text("Scopes"), 128), Words(match.Text("XAddrs"), 16)));
        }

        return found;

        static string[] Words(string? text, int most) => [.. (text ?? "").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Where(w => w.Length <= 512).Take(most)];
    }

    internal readonly record struct ProbeMatch(string Endpoint, IReadOnlyList<string> Scopes, IReadOnlyList<string> Addresses)
    {
        /// <summary>What stands behind <c>onvif://www.onvif.org/</c> and <paramref name="kind"/>.</summary>
        public IEnumerable<string> Scope(string kind)
        {
            foreach (string scope in Scopes)
            {
                string start = $"onvif://www.onvif.org/{kind}/";
                if (scope.StartsWith(start, StringComparison.OrdinalIgnoreCase) && Xml.Shown(Uri.UnescapeDataString(scope[start.Length..]), 100) is { } value)
                    yield return value;
            }
        }
    }

    /// <summary>One search: its questions and who has answered. Thread-safe.</summary>
    sealed class Search(Func<IPAddress, bool> allowed)
    {
        readonly Lock _gate = new();
        readonly Dictionary<string, OnvifFound> _found = new(StringComparer.OrdinalIgnoreCase);     // by endpoint
        readonly Guid[] _asked = [Guid.NewGuid(), Guid.NewGuid()];
        int _forbidden, _malformed;     // these too under _gate

        // Some devices answer to the one type only, some to the other.
        public IReadOnlyList<byte[]> Questions => [Question(_asked[0], Names.Network, "NetworkVideoTransmitter"), Question(_asked[1], Names.Device, "Device")];

        public void Take(ReadOnlySpan<byte> datagram, IPAddress from)
        {
            if (!allowed(from))
            {
                lock (_gate)
                    _forbidden++;
                return;
            }

            var matches = ReadMatches(datagram, _asked);
            lock (_gate)
            {
                if (matches is null)
                {
                    _malformed++;
                    return;
                }

                foreach (var match in matches)
                    Take(match, from);
            }
        }

        public OnvifDiscoveryResult Result()
        {
            lock (_gate)
            {
                return new(
                    [.. _found.Values.OrderBy(d => d.Addresses[0].Host, StringComparer.Ordinal).ThenBy(d => d.Endpoint, StringComparer.Ordinal)], _forbidden, _malformed);
            }
        }

        void Take(ProbeMatch match, IPAddress from)
        {
            var addresses = new List<Uri>();
            foreach (string text in match.Addresses)
            {
                // A name could be made to lead anywhere; devices answer with addresses.
                if (OnvifAddress.TryParse(text, out var address, out _) && IPAddress.TryParse(address.DnsSafeHost, out var literal) && allowed(literal))
                    addresses.Add(address);
            }

            if (addresses.Count == 0)
            {
                _forbidden++;
                return;
            }

            // A device with several interfaces answers once on each: one device with all its addresses.
            var before = _found.GetValueOrDefault(match.Endpoint);
            if (before is null && _found.Count >= MaxDevices)
                return;
            IPAddress first = before?.From ?? from;
            _found[match.Endpoint] = new(
                match.Endpoint,
                Or(before?.Name, match.Scope("name")),
                Or(before?.Hardware, match.Scope("hardware")),
                Or(before?.Location, match.Scope("location")),
                [.. (before?.Profiles ?? []).Concat(match.Scope("Profile")).Distinct(StringComparer.OrdinalIgnoreCase).Take(16)],
                [.. (before?.Addresses ?? []).Concat(addresses).Distinct().OrderByDescending(a => a.DnsSafeHost == first.ToString()).Take(16)],
                first);
        }

        // Several scopes of one kind are parts of one place: location/country/…, location/city/….
        static string Or(string? before, IEnumerable<string> scopes) =>
            before is { Length: > 0 } ? before : string.Join(", ", scopes.Distinct(StringComparer.OrdinalIgnoreCase).Take(4));
    }

    internal static byte[] Question(Guid id, XNamespace space, string type) => SoapEnvelope.Write(
        Requests.Probe(space, type),
        new XElement(Names.DiscoveryAddressing + "Action", $"{Names.Discovery.NamespaceName}/Probe"),
        new XElement(Names.DiscoveryAddressing + "MessageID", $"urn:uuid:{id}"),
        new XElement(Names.DiscoveryAddressing + "To", "urn:schemas-xmlsoap-org:ws:2005:04:discovery"));
}
