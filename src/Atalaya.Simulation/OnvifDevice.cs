using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Xml;
using System.Xml.Linq;

namespace Atalaya.Simulation;

/// <summary>One call that a simulated device was sent.</summary>
/// <param name="Authorization">The HTTP header; null if there was none.</param>
/// <param name="Text">The message as it came.</param>
public sealed record OnvifCall(string Operation, string Path, string? Authorization, string Text);

/// <summary>Where a simulated device looks: pan and tilt −1 … 1, zoom 0 … 1.</summary>
public readonly record struct OnvifLook(double Pan, double Tilt, double Zoom, bool IsMoving);

/// <summary>
/// An ONVIF device made of software: device, media, media2, events, PTZ and imaging over HTTP or HTTPS, and WS-Discovery to who asks it directly or, if wanted, everyone.
/// Its oddities can be changed while it runs.
/// </summary>
/// <remarks>Thread-safe.</remarks>
public sealed class OnvifDevice : IAsyncDisposable
{
    static readonly string[] Open = ["GetSystemDateAndTime", "GetServices", "GetCapabilities"];
    static readonly IPEndPoint Group = new(IPAddress.Parse("239.255.255.250"), 3702);     // WS-Discovery 1.0, 2.4
    static readonly TimeSpan Fresh = TimeSpan.FromMinutes(1);

    readonly TimeProvider _clock;
    readonly TcpListener _http;
    readonly Socket _discovery;
    readonly CancellationTokenSource _over = new();
    readonly OnvifReplies _replies;
    readonly RtspAuthentication _digest;
    readonly string _nonce = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(12));
    readonly ConcurrentQueue<OnvifCall> _calls = new();
    readonly ConcurrentDictionary<string, string> _faults = new();      // operation → code
    readonly ConcurrentDictionary<string, bool> _nonces = new();        // each is good once
    readonly Lock _gate = new();
    readonly SortedDictionary<string, XElement> _masks = new(StringComparer.Ordinal);     // these and those below under _gate
    int _lastMask;
    readonly SortedDictionary<string, (string Name, OnvifLook Look)> _presets = new(StringComparer.Ordinal) { ["1"] = ("Puerta", new(0.5, -0.25, 0.5, false)) };     // these under _gate
    OnvifLook _look;                // when it began to move, or came to rest
    (double Pan, double Tilt, double Zoom) _speed;
    double _focusSpeed;
    long _movedAt, _movesUntil;
    readonly Queue<XElement> _events = new();
    TaskCompletionSource _news = new(TaskCreationOptions.RunContinuationsAsynchronously);
    XElement[] _image = [new(OnvifReplies.Schema + "Brightness", 50), new(OnvifReplies.Schema + "ColorSaturation", 40), new(OnvifReplies.Schema + "Contrast", 60), new(OnvifReplies.Schema + "Focus", new XElement(OnvifReplies.Schema + "AutoFocusMode", "AUTO")), new(OnvifReplies.Schema + "IrCutFilter", "AUTO"), new(OnvifReplies.Schema + "Sharpness", 30)];
    TimeSpan _set;                  // by how much somebody has set its clock
    Task _serving = Task.CompletedTask;
    volatile int _quirks;
    int _subscriptions;

    OnvifDevice(OnvifDeviceOptions options, TimeProvider clock)
    {
        Options = options;
        _clock = clock;
        _quirks = (int)options.Quirks;
        _http = new(options.Address, options.Port);
        _discovery = new(options.Address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        if (options.Group)
        {
            // Several devices share the port, each joins the group on its own interface.
            _discovery.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        }

        if (options.Tls)
            Certificate = SelfSigned.Certificate(options.Address, _clock.GetUtcNow());
        _replies = new(options, () => Quirks, Now);
        _digest = new(options.Users, SimulatorAuthentication.DigestMd5);
    }

    public OnvifDeviceOptions Options { get; }

    public OnvifQuirks Quirks
    {
        get => (OnvifQuirks)_quirks;
        set => _quirks = (int)value;
    }

    /// <summary>Of HTTP.</summary>
    public int Port => ((IPEndPoint)_http.LocalEndpoint).Port;
    public Uri Url => new($"{_replies.Scheme}://{Authority}/onvif/device_service");

    /// <summary>What it shows over TLS; null without.</summary>
    public X509Certificate2? Certificate { get; }

    /// <summary>Where it listens for probes.</summary>
    public IPEndPoint Discovery => (IPEndPoint)_discovery.LocalEndPoint!;

    /// <summary>Everything it was sent, in order.</summary>
    public IReadOnlyList<OnvifCall> Calls => [.. _calls];

    /// <summary>Where it looks now.</summary>
    public OnvifLook Look
    {
        get
        {
            lock (_gate)
                return LookNow();
        }
    }

    /// <summary>How its focus moves; 0 when it rests.</summary>
    public double FocusSpeed
    {
        get
        {
            lock (_gate)
                return _focusSpeed;
        }
    }

    /// <summary>Subscriptions that weren't ended.</summary>
    public int Subscriptions => Volatile.Read(ref _subscriptions);

    string Authority => $"{(Options.Address.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{Options.Address}]" : Options.Address)}:{Port}";

    /// <exception cref="SocketException">The port is taken.</exception>
    public static OnvifDevice Start(OnvifDeviceOptions options, TimeProvider? clock = null)
    {
        var device = new OnvifDevice(options, clock ?? TimeProvider.System);
        try
        {
            device._http.Start();
            if (options.Group)
            {
                device._discovery.Bind(new IPEndPoint(Group.Address, Group.Port));
                device._discovery.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.AddMembership, new MulticastOption(Group.Address, options.Address));
            }
            else
            {
                device._discovery.Bind(new IPEndPoint(options.Address, 0));
            }
        }
        catch
        {
            device._http.Dispose();
            device._discovery.Dispose();
            throw;
        }

        device._serving = Task.WhenAll(device.AcceptAsync(), device.AnswerProbesAsync());
        return device;
    }

    /// <summary>From now on it answers <paramref name="operation"/> with a fault, such as <c>ActionNotSupported</c>; null makes it well again.</summary>
    public void Fault(string operation, string? code)
    {
        if (code is null)
            _faults.TryRemove(operation, out _);
        else
            _faults[operation] = code;
    }

    /// <summary>Somebody sets its clock.</summary>
    public void MoveClock(TimeSpan by)
    {
        lock (_gate)
            _set += by;
    }

    /// <summary>Something happens: whoever pulls gets it.</summary>
    /// <param name="topic">Without prefix: <c>RuleEngine/CellMotionDetector/Motion</c>.</param>
    public void Emit(string topic, IEnumerable<(string Name, string Value)> source, IEnumerable<(string Name, string Value)> data)
    {
        var message = _replies.Message(topic, source, data);
        lock (_gate)
        {
            _events.Enqueue(message);
            _news.TrySetResult();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        await _serving;
        // Only now: a listener closed between two accepts says "not listening" to the next.
        _http.Dispose();
        _discovery.Dispose();
        Certificate?.Dispose();
        _over.Dispose();
    }

    DateTimeOffset Now()
    {
        TimeSpan set;
        lock (_gate)
            set = _set;
        return _clock.GetUtcNow() + set - ((Quirks & OnvifQuirks.WrongClock) != OnvifQuirks.None ? TimeSpan.FromHours(2) : TimeSpan.Zero);
    }

    bool Has(OnvifQuirks quirk) => (Quirks & quirk) != OnvifQuirks.None;

    async Task AcceptAsync()
    {
        var connections = new List<Task>();
        try
        {
            while (true)
            {
                var client = await _http.AcceptTcpClientAsync(_over.Token);
                connections.RemoveAll(c => c.IsCompleted);
                connections.Add(ServeAsync(client));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException)
        {
            // It was disposed of.
        }

        await Task.WhenAll(connections);
    }

    async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                Stream stream = client.GetStream();
                if (Certificate is not null)
                {
                    var tls = new SslStream(stream);
                    stream = tls;
                    await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = Certificate }, _over.Token);
                }

                await using var speaking = stream;
                while (await HttpExchange.ReadAsync(stream, _over.Token) is { } request && await AnswerAsync(stream, request))
                {
                }
            }
            catch (Exception e) when (e is OperationCanceledException or IOException or SocketException or ObjectDisposedException or AuthenticationException)
            {
                // The client has gone, or doesn't like the certificate, or the device is switched off.
            }
        }
    }

    /// <returns>False: the connection is over.</returns>
    async Task<bool> AnswerAsync(Stream stream, HttpExchange request)
    {
        string text = Encoding.UTF8.GetString(request.Body);
        request.Headers.TryGetValue("Authorization", out string? authorization);
        XElement? envelope = null;
        try
        {
            envelope = XElement.Parse(text);
        }
        catch (XmlException)
        {
            // Said below.
        }

        var body = envelope?.Element(OnvifReplies.Soap + "Body")?.Elements().FirstOrDefault();
        _calls.Enqueue(new(body?.Name.LocalName ?? "", request.Path, authorization, text));
        if (Has(OnvifQuirks.Silent))
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, _clock, _over.Token);
            return false;
        }

        if (Has(OnvifQuirks.WebPage | OnvifQuirks.Redirects | OnvifQuirks.Malformed | OnvifQuirks.EntityBomb | OnvifQuirks.Deep | OnvifQuirks.Huge))
            return await MisbehaveAsync(stream);
        if (envelope is null || body is null)
        {
            await HttpExchange.AnswerAsync(stream, "400 Bad Request", "text/plain", "No SOAP."u8.ToArray(), [], _over.Token);
            return true;
        }

        if (Has(OnvifQuirks.HttpDigest | OnvifQuirks.HttpBasic) && (!Open.Contains(body.Name.LocalName) || (body.Name.LocalName == "GetSystemDateAndTime" && Has(OnvifQuirks.SecretClock)))
            && !(Has(OnvifQuirks.HttpDigest) && _digest.Accepts(request.Method, request.Path, authorization, _nonce)))
        {
            string challenge = Has(OnvifQuirks.HttpBasic) ? "Basic realm=\"Atalaya simulator\"" : $"Digest realm=\"Atalaya simulator\", nonce=\"{_nonce}\", qop=\"auth\"";
            await HttpExchange.AnswerAsync(stream, "401 Unauthorized", "text/html", "<html>401</html>"u8.ToArray(), [$"WWW-Authenticate: {challenge}"], _over.Token);
            return true;
        }

        var (reply, ok) = await ReplyAsync(envelope, body);
        await HttpExchange.AnswerAsync(stream, ok ? "200 OK" : "400 Bad Request", "application/soap+xml; charset=utf-8", Written(reply), [], _over.Token);
        return true;
    }

    async Task<(XElement Reply, bool Ok)> ReplyAsync(XElement envelope, XElement body)
    {
        string operation = body.Name.LocalName;
        if (_faults.TryGetValue(operation, out string? code))
            return (Refusal(code, "As it was told to."), false);
        bool open = Open.Contains(operation) && !(operation == "GetSystemDateAndTime" && Has(OnvifQuirks.SecretClock));
        if (!open && !Has(OnvifQuirks.HttpDigest) && Options.Users.Count > 0 && !Accepts(envelope))
            return (Refusal("NotAuthorized", "Sender not authorized"), false);
        var reply = body.Name.Namespace.NamespaceName switch
        {
            var n when n == OnvifReplies.Device => OfDevice(body),
            var n when n == OnvifReplies.Media && !Has(OnvifQuirks.NoMedia) => OfMedia(body, media2: false),
            var n when n == OnvifReplies.Media2 && !Has(OnvifQuirks.NoMedia2 | OnvifQuirks.HollowMedia2) => OfMedia(body, media2: true),
            var n when n == OnvifReplies.Ptz => OfPtz(body),
            var n when n == OnvifReplies.Imaging => OfImaging(body),
            var n when n == OnvifReplies.Events || n == OnvifReplies.Notification => await OfEventsAsync(envelope, body),
            _ => null,
        };
        reply ??= Refusal("ActionNotSupported", "Optional action not implemented");
        return (reply, reply.Name.LocalName != "Fault");
    }

    XElement Refusal(string code, string reason) => Has(OnvifQuirks.OldFaults) ? OnvifReplies.OldFault(code, reason) : OnvifReplies.Fault(code, reason);

    XElement? OfDevice(XElement body)
    {
        switch (body.Name.LocalName)
        {
            case "GetSystemDateAndTime":
                return _replies.SystemDateAndTime();
            case "GetDeviceInformation":
                return _replies.DeviceInformation();
            case "GetServices" when !Has(OnvifQuirks.NoGetServices):
                return _replies.Services(Authority);
            case "GetCapabilities":
                return _replies.Capabilities(Authority);
            case "SetSystemDateAndTime":
                if (body.Element(OnvifReplies.Device + "UTCDateTime") is { } utc)
                {
                    int Of(string part, string name) => int.Parse(utc.Element(OnvifReplies.Schema + part)!.Element(OnvifReplies.Schema + name)!.Value, CultureInfo.InvariantCulture);
                    var time = new DateTimeOffset(Of("Date", "Year"), Of("Date", "Month"), Of("Date", "Day"), Of("Time", "Hour"), Of("Time", "Minute"), Of("Time", "Second"), TimeSpan.Zero);
                    MoveClock(time - Now());
                }

                return new(OnvifReplies.Device + "SetSystemDateAndTimeResponse");
            default:
                return null;
        }
    }

    XElement? OfMedia(XElement body, bool media2)
    {
        if (body.Name.LocalName == "GetProfiles")
            return _replies.Profiles(media2);
        if (media2 && body.Name.LocalName.Contains("Mask", StringComparison.Ordinal))
            return OfMasks(body);
        string? token = body.Element(body.Name.Namespace + "ProfileToken")?.Value;
        var profile = Options.Profiles.FirstOrDefault(p => p.Token == token);
        if (profile is null)
            return Refusal("InvalidArgVal", "No such profile");
        return body.Name.LocalName switch
        {
            "GetStreamUri" => _replies.StreamUri(profile, media2),
            "GetSnapshotUri" => _replies.SnapshotUri(Authority, profile, media2),
            _ => null,
        };
    }

    XElement? OfMasks(XElement body)
    {
        const int most = 4;
        string operation = body.Name.LocalName;
        var mask = body.Element(OnvifReplies.Media2 + "Mask");
        string token = mask?.Attribute("token")?.Value ?? body.Element(OnvifReplies.Media2 + "Token")?.Value ?? "";
        lock (_gate)
        {
            switch (operation)
            {
                case "GetMaskOptions":
                    return OnvifReplies.MaskOptions(most);
                case "GetMasks":
                    return new(OnvifReplies.Media2 + "GetMasksResponse", _masks.Values.Select(m => new XElement(m)));
                case "CreateMask" when _masks.Count == most:
                    return Refusal("MaxMasks", "No more masks");
                case "CreateMask" or "SetMask" when mask is null:
                    return Refusal("InvalidArgVal", "No mask");
                case "SetMask" or "DeleteMask" when !_masks.ContainsKey(token):
                    return Refusal("InvalidArgVal", "No such mask");
                case "CreateMask":
                    token = $"mask-{++_lastMask}";
                    break;
                case "DeleteMask":
                    _masks.Remove(token);
                    return new(OnvifReplies.Media2 + "DeleteMaskResponse");
                case "SetMask":
                    break;
                default:
                    return null;
            }

            _masks[token] = new(OnvifReplies.Media2 + "Masks", new XAttribute("token", token), mask!.Elements());
            return new(OnvifReplies.Media2 + $"{operation}Response", operation == "CreateMask" ? new XElement(OnvifReplies.Media2 + "Token", token) : null);
        }
    }

    XElement? OfPtz(XElement body)
    {
        string operation = body.Name.LocalName;
        string? preset = body.Element(OnvifReplies.Ptz + "PresetToken")?.Value;
        lock (_gate)
        {
            var look = LookNow();
            switch (operation)
            {
                case "ContinuousMove":
                    var (pan, tilt, zoom) = Vector(body.Element(OnvifReplies.Ptz + "Velocity"));
                    // An axis that isn't named goes on as it was.
                    Move(look, (pan ?? _speed.Pan, tilt ?? _speed.Tilt, zoom ?? _speed.Zoom), body.Element(OnvifReplies.Ptz + "Timeout")?.Value is { } limit ? XmlConvert.ToTimeSpan(limit) : TimeSpan.FromHours(1));
                    break;
                case "AbsoluteMove":
                    var (toPan, toTilt, toZoom) = Vector(body.Element(OnvifReplies.Ptz + "Position"));
                    Move(new(toPan ?? look.Pan, toTilt ?? look.Tilt, toZoom ?? look.Zoom, false), default, TimeSpan.Zero);
                    break;
                case "Stop":
                    bool turning = body.Element(OnvifReplies.Ptz + "PanTilt")?.Value != "false", zooming = body.Element(OnvifReplies.Ptz + "Zoom")?.Value != "false";
                    Move(look, (turning ? 0 : _speed.Pan, turning ? 0 : _speed.Tilt, zooming ? 0 : _speed.Zoom), TimeSpan.FromHours(1));
                    break;
                case "GetStatus":
                    return _replies.PtzStatus(look);
                case "GetPresets":
                    return OnvifReplies.Presets(_presets.Select(p => KeyValuePair.Create(p.Key, p.Value.Name)));
                case "SetPreset":
                    preset ??= (_presets.Count + 1).ToString(CultureInfo.InvariantCulture);
                    _presets[preset] = (body.Element(OnvifReplies.Ptz + "PresetName")?.Value ?? preset, look with { IsMoving = false });
                    return new(OnvifReplies.Ptz + "SetPresetResponse", new XElement(OnvifReplies.Ptz + "PresetToken", preset));
                case "GotoPreset" or "RemovePreset" when preset is null || !_presets.ContainsKey(preset):
                    return Refusal("InvalidArgVal", "No such preset");
                case "GotoPreset":
                    Move(_presets[preset!].Look, default, TimeSpan.Zero);
                    break;
                case "RemovePreset":
                    _presets.Remove(preset!);
                    break;
                default:
                    return null;
            }
        }

        return new(OnvifReplies.Ptz + $"{operation}Response");
    }

    // From one end to the other in four seconds at full speed.
    const double HalfTurnsPerSecond = 0.5;

    void Move(OnvifLook from, (double Pan, double Tilt, double Zoom) speed, TimeSpan limit)
    {
        _look = from;
        _speed = speed;
        _movedAt = _clock.GetTimestamp();
        _movesUntil = _movedAt + (long)(limit.TotalSeconds * _clock.TimestampFrequency);
    }

    OnvifLook LookNow()
    {
        long now = _clock.GetTimestamp();
        double seconds = Math.Max(0, (double)(Math.Min(now, _movesUntil) - _movedAt) / _clock.TimestampFrequency) * HalfTurnsPerSecond;
        return new(
            Math.Clamp(_look.Pan + (_speed.Pan * seconds), -1, 1), Math.Clamp(_look.Tilt + (_speed.Tilt * seconds), -1, 1), Math.Clamp(_look.Zoom + (_speed.Zoom * seconds), 0, 1),
            _speed != default && now < _movesUntil);
    }

    static (double? Pan, double? Tilt, double? Zoom) Vector(XElement? vector)
    {
        double? Of(string element, string axis) =>
            double.TryParse(vector?.Element(OnvifReplies.Schema + element)?.Attribute(axis)?.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) ? value : null;
        return (Of("PanTilt", "x"), Of("PanTilt", "y"), Of("Zoom", "x"));
    }

    XElement? OfImaging(XElement body)
    {
        lock (_gate)
        {
            switch (body.Name.LocalName)
            {
                case "GetImagingSettings":
                    return new(OnvifReplies.Imaging + "GetImagingSettingsResponse", new XElement(OnvifReplies.Imaging + "ImagingSettings", _image.Select(e => new XElement(e))));
                case "GetOptions":
                    return OnvifReplies.ImagingOptions();
                case "Move":
                    _focusSpeed = double.Parse(body.Descendants(OnvifReplies.Schema + "Speed").First().Value, CultureInfo.InvariantCulture);
                    return new(OnvifReplies.Imaging + "MoveResponse");
                case "Stop":
                    _focusSpeed = 0;
                    return new(OnvifReplies.Imaging + "StopResponse");
                case "SetImagingSettings":
                    var set = body.Element(OnvifReplies.Imaging + "ImagingSettings")?.Elements().ToDictionary(e => e.Name) ?? [];
                    _image = [.. _image.Select(e => set.TryGetValue(e.Name, out var given) ? new XElement(given) : e)];
                    return new(OnvifReplies.Imaging + "SetImagingSettingsResponse");
                default:
                    return null;
            }
        }
    }

    async Task<XElement?> OfEventsAsync(XElement envelope, XElement body)
    {
        var lifetime = TimeSpan.FromMinutes(1);
        if (body.Name.LocalName == "CreatePullPointSubscription")
            return _replies.Subscribed(Authority, Interlocked.Increment(ref _subscriptions), lifetime);
        // What was given with the subscription must come back with every call to it.
        if (!envelope.Descendants().Any(e => e.Name.LocalName == "SubscriptionId"))
            return Refusal("InvalidArgVal", "Unknown subscription");
        switch (body.Name.LocalName)
        {
            case "PullMessages":
                var wait = XmlConvert.ToTimeSpan(body.Element(OnvifReplies.Events + "Timeout")?.Value ?? "PT0S");
                int limit = int.Parse(body.Element(OnvifReplies.Events + "MessageLimit")?.Value ?? "1", CultureInfo.InvariantCulture);
                return _replies.Pulled(await WaitForEventsAsync(wait, limit), lifetime);
            case "Renew":
                return _replies.Renewed(lifetime);
            case "Unsubscribe":
                Interlocked.Decrement(ref _subscriptions);
                return new(OnvifReplies.Notification + "UnsubscribeResponse");
            default:
                return null;
        }
    }

    async Task<List<XElement>> WaitForEventsAsync(TimeSpan wait, int limit)
    {
        using var over = new CancellationTokenSource(wait, _clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(over.Token, _over.Token);
        while (true)
        {
            Task news;
            lock (_gate)
            {
                if (_events.Count > 0 || either.IsCancellationRequested)
                {
                    var taken = new List<XElement>();
                    while (taken.Count < limit && _events.TryDequeue(out var message))
                        taken.Add(message);
                    return taken;
                }

                if (_news.Task.IsCompleted)
                    _news = new(TaskCreationOptions.RunContinuationsAsynchronously);
                news = _news.Task;
            }

            await news.WaitAsync(either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>The token in the message: digest right, near the device's clock, used once.</summary>
    [SuppressMessage("Security", "CA5350", Justification = "The Username Token Profile fixes SHA-1.")]
    bool Accepts(XElement envelope)
    {
        string? Of(string name) => envelope.Descendants().FirstOrDefault(e => e.Name.LocalName == name)?.Value;
        if (Of("Username") is not { } user || Of("Nonce") is not { } nonce || Of("Created") is not { } created || Of("Password") is not { } digest
            || !Options.Users.TryGetValue(user, out string? password)
            || !DateTimeOffset.TryParse(created, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at)
            || (at - Now()).Duration() > Fresh)
            return false;
        byte[] bytes = new byte[nonce.Length];
        return Convert.TryFromBase64String(nonce, bytes, out int length)
            && Convert.ToBase64String(SHA1.HashData([.. bytes.AsSpan(0, length), .. Encoding.UTF8.GetBytes(created + password)])) == digest
            && _nonces.TryAdd(nonce, true);
    }

    byte[] Written(XElement body)
    {
        XNamespace soap = body.Name.Namespace == OnvifReplies.Old ? OnvifReplies.Old : OnvifReplies.Soap;
        var envelope = new XElement(soap + "Envelope", new XElement(soap + "Header"), new XElement(soap + "Body", body));
        if (!Has(OnvifQuirks.DefaultNamespaces))
        {
            (string Prefix, XNamespace Namespace)[] usual =
            [
                ("SOAP-ENV", soap), ("wsa5", OnvifReplies.Addressing), ("wsnt", OnvifReplies.Notification), ("tt", OnvifReplies.Schema), ("tds", OnvifReplies.Device),
                ("trt", OnvifReplies.Media), ("tr2", OnvifReplies.Media2), ("tev", OnvifReplies.Events), ("tptz", OnvifReplies.Ptz), ("timg", OnvifReplies.Imaging),
            ];
            envelope.Add(usual.Select((u, i) => new XAttribute(XNamespace.Xmlns + (Has(OnvifQuirks.NumberedPrefixes) ? $"ns{i + 1}" : u.Prefix), u.Namespace.NamespaceName)));
        }

        // The line break before the declaration is a quirk of its own.
        string start = Has(OnvifQuirks.NumberedPrefixes) ? "\r\n" : "";
        return Encoding.UTF8.GetBytes($"{start}<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{envelope.ToString(SaveOptions.DisableFormatting)}");
    }

    async Task<bool> MisbehaveAsync(Stream stream)
    {
        const string Type = "application/soap+xml; charset=utf-8";
        if (Has(OnvifQuirks.Huge))
        {
            await stream.WriteAsync(Encoding.Latin1.GetBytes($"HTTP/1.1 200 OK\r\nContent-Type: {Type}\r\nConnection: close\r\n\r\n<x>"), _over.Token);
            byte[] more = Encoding.Latin1.GetBytes(string.Concat(Enumerable.Repeat("<y>more</y>", 6000)));
            while (true)
                await stream.WriteAsync(more, _over.Token);
        }

        if (Has(OnvifQuirks.Redirects))
        {
            await HttpExchange.AnswerAsync(stream, "302 Found", "text/html", [], [$"Location: http://{OnvifReplies.InnerHost}/"], _over.Token);
            return true;
        }

        string text = Has(OnvifQuirks.WebPage) ? "<!doctype html><html><body><p>Login<br></body></html>"
            : Has(OnvifQuirks.Malformed) ? "<?xml version=\"1.0\"?><s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\"><s:Body><tds:GetSer"
            : Has(OnvifQuirks.Deep) ? string.Concat(Enumerable.Repeat("<a>", 10_000)) + string.Concat(Enumerable.Repeat("</a>", 10_000))
            : "<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\">"
                + string.Concat(Enumerable.Range('b', 8).Select(c => $"<!ENTITY {(char)c} \"{string.Concat(Enumerable.Repeat($"&{(char)(c - 1)};", 10))}\">")) + "]><x>&i;</x>";
        await HttpExchange.AnswerAsync(stream, "200 OK", Type, Encoding.UTF8.GetBytes(text), [], _over.Token);
        return true;
    }

    async Task AnswerProbesAsync()
    {
        byte[] buffer = new byte[64 << 10];
        try
        {
            while (true)
            {
                var received = await _discovery.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0), _over.Token);
                XElement probe;
                try
                {
                    probe = XElement.Parse(Encoding.UTF8.GetString(buffer, 0, received.ReceivedBytes));
                }
                catch (XmlException)
                {
                    continue;
                }

                if (probe.Descendants().FirstOrDefault(e => e.Name.LocalName == "MessageID")?.Value is not { } id)
                    continue;
                string here = $"{_replies.Scheme}://{_replies.Authority(Authority)}/onvif/device_service";
                await _discovery.SendToAsync(ProbeMatch(id, here), received.RemoteEndPoint, _over.Token);
                if (Has(OnvifQuirks.AnswersTwice))
                    await _discovery.SendToAsync(ProbeMatch(id, $"{here} {_replies.Scheme}://{Authority}/onvif/second"), received.RemoteEndPoint, _over.Token);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // It was disposed of.
        }
    }

    byte[] ProbeMatch(string relatesTo, string addresses)
    {
        XNamespace discovery = "http://schemas.xmlsoap.org/ws/2005/04/discovery", addressing = "http://schemas.xmlsoap.org/ws/2004/08/addressing";
        string name = Uri.EscapeDataString(Options.Name);
        return Written(
            new XElement(
                discovery + "ProbeMatches",
                new XElement(
                    discovery + "ProbeMatch",
                    new XElement(addressing + "EndpointReference", new XElement(addressing + "Address", $"urn:uuid:00000000-0000-4000-8000-{Port:d12}")),
                    new XElement(discovery + "Types", new XAttribute(XNamespace.Xmlns + "dn", "http://www.onvif.org/ver10/network/wsdl"), "dn:NetworkVideoTransmitter"),
                    new XElement(
                        discovery + "Scopes",
                        Has(OnvifQuirks.MissingFields)
                            ? "onvif://www.onvif.org/type/video_encoder"
                            : $"onvif://www.onvif.org/type/video_encoder onvif://www.onvif.org/name/{name} onvif://www.onvif.org/hardware/{Options.Model} "
                                + "onvif://www.onvif.org/location/city/Ceuta onvif://www.onvif.org/Profile/Streaming onvif://www.onvif.org/Profile/T"),
                    new XElement(discovery + "XAddrs", addresses),
                    new XElement(discovery + "MetadataVersion", 1))),
            new XElement(addressing + "RelatesTo", relatesTo));
    }

    byte[] Written(XElement body, XElement header)
    {
        var envelope = XElement.Parse(Encoding.UTF8.GetString(Written(body)).TrimStart());
        envelope.Element(OnvifReplies.Soap + "Header")!.Add(header);
        return Encoding.UTF8.GetBytes(envelope.ToString(SaveOptions.DisableFormatting));
    }
}
