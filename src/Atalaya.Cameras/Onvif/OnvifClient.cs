using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Xml.Linq;
using Atalaya.Media.Rtsp;
using Microsoft.Extensions.Logging;

namespace Atalaya.Cameras.Onvif;

/// <summary>
/// Talks to one ONVIF device (Core, Media, Media2, Events, PTZ and Imaging specifications). Only the host that was asked is ever connected to:
/// devices behind address translation answer with inner addresses, and a hostile answer must not send credentials elsewhere.
/// </summary>
/// <remarks>Thread-safe. Every call may throw an <see cref="OnvifException"/>; replies are read within bounds of size, depth and time.</remarks>
public sealed partial class OnvifClient : IDisposable
{
    /// <summary>The device's clock has moved by so much since it was read: ask again before a password is called wrong. Replies carry whole seconds.</summary>
    static readonly TimeSpan ClockTolerance = TimeSpan.FromSeconds(2);

    readonly OnvifOptions _options;
    readonly HttpClient _http;
    readonly Lock _gate = new();
    readonly RtspAuthenticator? _authenticator;     // under _gate; what HTTP wants is what RTSP took from it
    IReadOnlyList<OnvifService> _services = [];
    volatile IPAddress? _peer;                      // where the host's name led
    volatile string? _shown;                        // SHA-256 of the certificate that was shown last
    TimeSpan? _clockOffset;                         // null: the device hasn't said; under _gate

    OnvifClient(Uri device, OnvifOptions options)
    {
        Device = device;
        _options = options;
        _authenticator = options.UserName is null ? null : new(options.UserName, options.Password ?? "");
        _http = new(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            MaxConnectionsPerServer = 4,
            MaxResponseHeadersLength = 32,      // KiB
            MaxResponseDrainSize = 0,
            ConnectTimeout = Timeout.InfiniteTimeSpan,
            ConnectCallback = ConnectAsync,
            SslOptions = new() { RemoteCertificateValidationCallback = IsTrusted, CertificateRevocationCheckMode = X509RevocationMode.NoCheck },
        })
        { Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <summary>The device service's address, as asked.</summary>
    public Uri Device { get; }

    /// <summary>What the device offers and where.</summary>
    public IReadOnlyList<OnvifService> Services => _services;

    /// <summary>By how much the device's clock is ahead of ours; null if it doesn't say.</summary>
    public TimeSpan? ClockOffset
    {
        get
        {
            lock (_gate)
                return _clockOffset;
        }
    }

    /// <summary>Reads the device's clock, without which no credentials can be made, and what it offers.</summary>
    /// <param name="device">As <see cref="OnvifAddress.TryParse"/> makes it.</param>
    /// <exception cref="OnvifException">It can't be reached or understood; the message is for a technician.</exception>
    public static async Task<OnvifClient> ConnectAsync(Uri device, OnvifOptions options, CancellationToken stop = default)
    {
        if (options.UserName?.Any(char.IsControl) == true)
            throw new OnvifException(OnvifFailure.InvalidArgument, device, "The user name holds a control character.");
        var client = new OnvifClient(device, options);
        try
        {
            try
            {
                await client.GetTimeAsync(stop);
            }
            catch (OnvifException e) when (e.Kind is OnvifFailure.Unauthorised or OnvifFailure.WrongClock or OnvifFailure.NotSupported or OnvifFailure.DeviceFault)
            {
                // Must be answered to anyone, but isn't by every device: go on with our own clock.
            }

            client._services = await client.ReadServicesAsync(stop);
            return client;
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    public void Dispose() => _http.Dispose();

    async Task<IReadOnlyList<OnvifService>> ReadServicesAsync(CancellationToken stop)
    {
        IReadOnlyList<(string Namespace, string Address, int Major, int Minor)> answered = [];
        try
        {
            answered = Replies.Services(await CallAsync(Device, Requests.GetServices(), stop));
        }
        catch (OnvifException e) when (e.Kind is OnvifFailure.NotSupported or OnvifFailure.DeviceFault or OnvifFailure.InvalidArgument)
        {
            // Devices of before 2011 have GetCapabilities alone.
        }

        if (answered.Count == 0)
            answered = Replies.Capabilities(await CallAsync(Device, Requests.GetCapabilities(), stop));
        var services = new List<OnvifService>();
        foreach (var (name, address, major, minor) in answered)
        {
            if (AtDevice(address) is { } here)
                services.Add(new(name, here, major, minor));
        }

        return services;
    }

    /// <summary>Where a service of this namespace is.</summary>
    Uri Service(XNamespace name, string what, string operation) => Find(name) ?? throw new OnvifException(
        OnvifFailure.NotSupported, Device, $"The device has no {what} service.", operation);

    Uri? Find(XNamespace name) =>
        _services.FirstOrDefault(s => string.Equals(s.Namespace.TrimEnd('/'), name.NamespaceName, StringComparison.OrdinalIgnoreCase))?.Address;

    /// <summary>An answered address at the host that was asked; null for one that can't be used.</summary>
    internal Uri? AtDevice(string answered)
    {
        if (answered.Length > 2048 || !Uri.TryCreate(Device, answered, out var address) || address.Scheme is not ("http" or "https"))
            return null;
        // The port is believed only together with the host: behind address translation the inner port belongs to another machine, or none.
        var target = new UriBuilder(Device) { Path = address.AbsolutePath, Query = address.Query };
        if (IsDevice(address.IdnHost) && address.Scheme == Device.Scheme)
            target.Port = address.Port;
        return target.Uri;
    }

    bool IsDevice(string host) =>
        string.Equals(host, Device.IdnHost, StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host.Trim('[', ']'), out var literal) && literal.Equals(_peer));

    Task<XElement> CallAsync(Uri address, XElement body, CancellationToken stop) =>
        CallAsync(address, body, $"{body.Name.NamespaceName}/{body.Name.LocalName}", [], TimeSpan.Zero, stop);

    /// <param name="headers">Beside the security header.</param>
    /// <param name="longer">How much longer than usual the device may take, because it was asked to wait.</param>
    async Task<XElement> CallAsync(Uri address, XElement body, string action, IReadOnlyList<XElement> headers, TimeSpan longer, CancellationToken stop)
    {
        string operation = body.Name.LocalName;
        using var limit = new CancellationTokenSource(_options.ReplyTimeout + longer, _options.Clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, limit.Token);
        long began = _options.Clock.GetTimestamp();
        try
        {
            var reply = await AskAsync(address, body, action, headers, operation, either.Token);
            _options.Log.LogDebug("{Operation} at {Device}: {Elapsed:0} ms", operation, Device, _options.Clock.GetElapsedTime(began).TotalMilliseconds);
            return reply;
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            throw new OnvifException(OnvifFailure.Timeout, Device, $"No answer from {Device.Authority} to {operation} within {(_options.ReplyTimeout + longer).TotalSeconds:0.#} s.", operation);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or SocketException)
        {
            throw Failure(e, operation);
        }
    }

    async Task<XElement> AskAsync(Uri address, XElement body, string action, IReadOnlyList<XElement> headers, string operation, CancellationToken stop)
    {
        bool readClockAgain = _authenticator is not null && operation != "GetSystemDateAndTime";
        for (int attempt = 1; ; attempt++)
        {
            var (authorization, token) = Credentials(address, operation);
            var all = token is null ? headers : [token, .. headers];
            byte[] message = SoapEnvelope.Write(body, [.. all]);
            using var request = new HttpRequestMessage(HttpMethod.Post, address) { Content = new ByteArrayContent(message) };
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/soap+xml") { CharSet = "utf-8", Parameters = { new("action", $"\"{action}\"") } };
            if (authorization is not null)
                request.Headers.TryAddWithoutValidation("Authorization", authorization);
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stop);
            byte[] bytes = await ReadAsync(response, operation, stop);

            if (response.StatusCode == HttpStatusCode.Unauthorized && attempt < 3 && Adopt(response))
                continue;
            if (!SoapEnvelope.TryRead(bytes, out var envelope, out string malformed))
                throw NotSoap(response, malformed, operation);
            if (envelope.Fault is { } fault)
            {
                if (IsRefusal(fault, response) && token is not null && readClockAgain)
                {
                    // Somebody may have set the device's clock since. A second try costs one of few that a device grants, so only if it did move.
                    readClockAgain = false;
                    var before = ClockOffset;
                    await ReadClockQuietlyAsync(stop);
                    if (ClockOffset is { } now && (before is null || (now - before.Value).Duration() > ClockTolerance))
                        continue;
                }

                throw Failure(fault, response, operation);
            }

            if (!response.IsSuccessStatusCode)
                throw NotSoap(response, "", operation);
            if (envelope.Body is null || envelope.Body.Name.LocalName != operation + "Response")
                throw new OnvifException(OnvifFailure.NotOnvif, Device, $"{Device.Authority} answers {operation} with something else.", operation);
            lock (_gate)
            {
                if (authorization is not null)
                    _authenticator!.Proven = true;
            }

            return envelope.Body;
        }
    }

    /// <summary>What a request carries: an HTTP header once the device has asked for that, before it a token in the message.</summary>
    (string? Authorization, XElement? Token) Credentials(Uri address, string operation)
    {
        if (_authenticator is null)
            return default;
        lock (_gate)
        {
            if (_authenticator.Authorize("POST", address.PathAndQuery, []) is { } authorization)
                return (authorization, null);
            // The clock is asked for without credentials, for they can't be made without it.
            if (operation == "GetSystemDateAndTime")
                return default;
            var created = _options.Clock.GetUtcNow() + (_clockOffset ?? TimeSpan.Zero);
            return (null, SoapEnvelope.UsernameToken(_options.UserName!, _options.Password ?? "", RandomNumberGenerator.GetBytes(16), created));
        }
    }

    bool Adopt(HttpResponseMessage response)
    {
        if (_authenticator is null)
            return false;
        var offered = Challenges(response);
        // Basic shows the password to whoever listens: inside TLS only.
        if (Device.Scheme != "https")
            offered.RemoveAll(c => c.Scheme == AuthScheme.Basic);
        // A body's hash is wanted by none that we know, and auth-int stands for a request that was signed without it.
        offered.RemoveAll(c => c.Qop == "auth-int");
        lock (_gate)
            return _authenticator.Adopt(offered);
    }

    static List<AuthChallenge> Challenges(HttpResponseMessage response) =>
        response.Headers.NonValidated.TryGetValues("WWW-Authenticate", out var values) ? [.. values.Take(8).SelectMany(AuthChallenge.Parse)] : [];

    async Task ReadClockQuietlyAsync(CancellationToken stop)
    {
        try
        {
            await GetTimeAsync(stop);
        }
        catch (OnvifException)
        {
            // What was refused before is what is told.
        }
    }

    async Task<byte[]> ReadAsync(HttpResponseMessage response, string operation, CancellationToken stop)
    {
        if (response.Content.Headers.ContentLength > _options.MaxReplyBytes)
            throw TooLarge(operation);
        await using var body = await response.Content.ReadAsStreamAsync(stop);
        using var bytes = new MemoryStream();
        byte[] buffer = new byte[16 << 10];
        for (int read; (read = await body.ReadAsync(buffer, stop)) > 0;)
        {
            if (bytes.Length + read > _options.MaxReplyBytes)
                throw TooLarge(operation);
            bytes.Write(buffer, 0, read);
        }

        return bytes.ToArray();
    }

    async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken stop)
    {
        using var limit = new CancellationTokenSource(_options.ConnectTimeout, _options.Clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, limit.Token);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            var addresses = await Dns.GetHostAddressesAsync(context.DnsEndPoint.Host, either.Token);
            var allowed = addresses.Where(_options.AddressAllowed).ToArray();
            if (allowed.Length == 0)
            {
                throw new OnvifException(
                    OnvifFailure.AddressForbidden, Device,
                    addresses.Length == 0 ? $"{Device.Host} has no address." : $"{addresses[0]} isn't among the networks that cameras may be in.");
            }

            await socket.ConnectAsync(allowed, context.DnsEndPoint.Port, either.Token);
            _peer = ((IPEndPoint)socket.RemoteEndPoint!).Address is { IsIPv4MappedToIPv6: true } mapped ? mapped.MapToIPv4() : ((IPEndPoint)socket.RemoteEndPoint!).Address;
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            socket.Dispose();
            throw new OnvifException(OnvifFailure.Timeout, Device, $"{Device.Authority} doesn't answer within {_options.ConnectTimeout.TotalSeconds:0.#} s: check address, power and cable.");
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    bool IsTrusted(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        _shown = certificate?.GetCertHashString(HashAlgorithmName.SHA256);
        return _options.Trust.Kind switch
        {
            RtspTrustKind.Any => true,
            RtspTrustKind.Pinned => _shown == _options.Trust.Fingerprint,
            _ => errors == SslPolicyErrors.None,
        };
    }

    OnvifException TooLarge(string operation) => new(
        OnvifFailure.TooLarge, Device, $"{Device.Authority} answers {operation} with more than {_options.MaxReplyBytes >> 10:N0} KiB; no more is read.", operation);

    OnvifException NotSoap(HttpResponseMessage response, string malformed, string operation)
    {
        int status = (int)response.StatusCode;
        return response.StatusCode switch
        {
            HttpStatusCode.Unauthorized when _authenticator is not null && Challenges(response) is { Count: > 0 } offered && offered.All(c => c.Scheme == AuthScheme.Basic) && Device.Scheme != "https" =>
                new(OnvifFailure.Unauthorised, Device, "The device wants the password in the clear. That is done over https only: write the address with https://, or choose digest authentication in the device.", operation),
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => Refused(operation, $"HTTP {status}"),
            >= HttpStatusCode.MultipleChoices and < HttpStatusCode.BadRequest => new(
                OnvifFailure.NotOnvif, Device,
                response.Headers.Location is { IsAbsoluteUri: true, Scheme: "https" } && Device.Scheme == "http"
                    ? "The device is to be asked over https: write the address with https://."
                    : $"{Device.Authority} sends us elsewhere (HTTP {status}), which isn't followed: give the device's own address.",
                operation),
            HttpStatusCode.OK => new(OnvifFailure.NotOnvif, Device, $"{Device.Authority} answers {operation}, but not as ONVIF. {malformed}", operation),
            _ => new(OnvifFailure.NotOnvif, Device, $"{Device.Authority} answers HTTP {status} where ONVIF should be. Is ONVIF switched on in the device, and on this port?", operation),
        };
    }

    static bool IsRefusal(SoapFault fault, HttpResponseMessage response) =>
        fault.Is("NotAuthorized") || fault.Is("FailedAuthentication") || fault.Is("InvalidSecurity") || fault.Is("FailedCheck") || fault.Is("MessageExpired")
        || response.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden
        || (fault.Reason is { } reason && (reason.Contains("not authorized", StringComparison.OrdinalIgnoreCase) || reason.Contains("unauthorized", StringComparison.OrdinalIgnoreCase)));

    OnvifException Failure(SoapFault fault, HttpResponseMessage response, string operation)
    {
        string code = string.Join('/', fault.Codes);
        string said = fault.Reason is null ? "" : $" It says: {fault.Reason}";
        if (IsRefusal(fault, response))
            return Refused(operation, code, fault);
        if (fault.Is("ActionNotSupported") || fault.Is("NoSuchService") || fault.Is("OptionalActionNotImplemented"))
            return new(OnvifFailure.NotSupported, Device, $"The device doesn't know {operation}.{said}", operation, code);
        if (fault.Is("InvalidArgVal") || fault.Is("InvalidArgs") || fault.Is("InvalidArgument"))
            return new(OnvifFailure.InvalidArgument, Device, $"The device refuses what {operation} asks for.{said}", operation, code);
        return new(OnvifFailure.DeviceFault, Device, $"The device reports an error on {operation}{(code.Length == 0 ? "" : $" ({code})")}.{said}", operation, code);
    }

    OnvifException Refused(string operation, string code, SoapFault? fault = null)
    {
        if (_authenticator is null)
            return new(OnvifFailure.Unauthorised, Device, "The device wants a user name and password.", operation, code);
        var offset = ClockOffset;
        bool digest;
        lock (_gate)
            digest = _authenticator.Scheme is not null;
        if (!digest && (offset is null || fault?.Is("MessageExpired") == true))
        {
            return new(
                OnvifFailure.WrongClock, Device,
                offset is null
                    ? "The device refuses the user name or password, or its clock is wrong: it doesn't tell its time, and a password is good only near it. Set its clock, then check user name and password."
                    : $"The device finds our message too old or too new: its clock is {Words(offset.Value)} ours. Set its clock.",
                operation, code);
        }

        string clock = offset is { } by && by.Duration() > TimeSpan.FromSeconds(30) ? $" (Its clock is {Words(by)} ours; that was allowed for.)" : "";
        return new(
            OnvifFailure.Unauthorised, Device,
            $"The device refuses the user name or password. ONVIF users are often kept apart from those of its web page: look in its ONVIF settings.{clock}", operation, code);
    }

    /// <summary>Three hours behind, two minutes ahead of.</summary>
    static string Words(TimeSpan offset)
    {
        var by = offset.Duration();
        string much = by.TotalDays >= 2 ? $"{by.TotalDays:0} days" : by.TotalHours >= 2 ? $"{by.TotalHours:0.#} hours" : by.TotalMinutes >= 2 ? $"{by.TotalMinutes:0} minutes" : $"{by.TotalSeconds:0} seconds";
        return $"{much} {(offset < TimeSpan.Zero ? "behind" : "ahead of")}";
    }

    string TlsFault() => _shown is not { } shown ? $"{Device.Authority} doesn't speak TLS: write the address with http://, or give the device's TLS port."
        : _options.Trust.Kind == RtspTrustKind.Pinned
            ? $"The certificate of {Device.Authority} isn't the one that was pinned: its SHA-256 is {shown}. If it wasn't renewed, someone else answers there."
        : $"The certificate of {Device.Authority} isn't signed by an authority that this machine trusts. If the device signs its own, pin its SHA-256: {shown}";

    OnvifException Failure(Exception e, string operation)
    {
        for (var inner = e; inner is not null; inner = inner.InnerException)
        {
            if (inner is OnvifException known)
                return new(known.Kind, Device, known.Message, operation, inner: e) { Certificate = known.Certificate };
        }

        var error = (e as HttpRequestException)?.HttpRequestError;
        var socket = (e.InnerException ?? e) as SocketException;
        return error switch
        {
            HttpRequestError.SecureConnectionError => new(OnvifFailure.Tls, Device, TlsFault(), operation, inner: e) { Certificate = _shown },
            HttpRequestError.NameResolutionError => new(OnvifFailure.Unreachable, Device, $"There is no machine named {Device.Host}.", operation, inner: e),
            _ when socket?.SocketErrorCode is SocketError.HostNotFound or SocketError.NoData => new(OnvifFailure.Unreachable, Device, $"There is no machine named {Device.Host}.", operation, inner: e),
            HttpRequestError.ConnectionError => new(
                OnvifFailure.Unreachable, Device,
                socket?.SocketErrorCode == SocketError.ConnectionRefused
                    ? $"{Device.Host} is there, but nothing listens on port {Device.Port}: is ONVIF switched on, and on this port?"
                    : $"{Device.Authority} can't be reached: check address, power and cable.",
                operation, inner: e),
            _ => new(OnvifFailure.NotOnvif, Device, $"{Device.Authority} breaks off its answer to {operation}, or doesn't answer as HTTP.", operation, inner: e),
        };
    }
}
