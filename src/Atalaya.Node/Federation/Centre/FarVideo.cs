using System.Data.Common;
using System.Net;
using System.Net.WebSockets;
using System.Text.Json;

using Atalaya.Federation.Links;
using Atalaya.Node.Api;
using Atalaya.Node.Federation.Links;
using Atalaya.Node.Identity;
using Atalaya.Node.Live;
using Atalaya.Node.Masks;
using Atalaya.Node.Options;
using Atalaya.Node.Oversight;

using Microsoft.Extensions.Options;

namespace Atalaya.Node.Federation.Centre;

/// <summary>
/// Shows cameras of other nodes to this node's people: one request through the link starts a stream, and what it gives goes to the page as it comes. Who looks, and for what, is written down here before
/// and there as well.
/// </summary>
sealed class FarVideo(
    Peers peers, LinkBook links, AccessLog accesses, Purposes purposes, Masking masking, Watch watch, NodeOptions options, TimeProvider clock,
    IOptions<Microsoft.AspNetCore.Http.Json.JsonOptions> json, IHostApplicationLifetime lifetime, ILogger<FarVideo> log)
{
    /// <summary>Until the other node begins to answer. 10 s: ten round trips of a satellite, and nobody looks longer at nothing.</summary>
    static readonly TimeSpan AnswerWait = TimeSpan.FromSeconds(10);

    /// <summary>Until the last byte of a document, over slow lines, too.</summary>
    static readonly TimeSpan DocumentWait = TimeSpan.FromMinutes(1);

    /// <summary>Of a document, bytes: a timeline of a month with thousands of gaps is smaller.</summary>
    const int MaxDocument = 16 << 20;

    static readonly TimeSpan CloseWait = TimeSpan.FromSeconds(1);

    readonly LiveOptions _options = options.Live;
    readonly JsonSerializerOptions _json = json.Value.SerializerOptions;
    int _viewers;

    /// <summary>The id that a site's camera has here.</summary>
    public static string IdOf(string link, string camera) => $"{link}/{camera}";

    /// <summary>A link to a site of ours; null: there is none of this id.</summary>
    public Link? Site(string id) => links.Find(id) is { Kind: LinkKind.Site, State: LinkState.Active } link ? link : null;

    /// <summary>Begins a live view at the other node: one round trip.</summary>
    /// <param name="address">There, such as <c>link/1/video/gate/live?stream=sub</c>.</param>
    /// <exception cref="HttpRequestException">The other node can't be reached, or refuses.</exception>
    /// <exception cref="OperationCanceledException">Stopped; or, while <paramref name="stop"/> isn't, it doesn't answer.</exception>
    public async Task<FarLive> OpenLiveAsync(Link link, string address, FarViewer viewer, CancellationToken stop)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        viewer.Sign(request);
        var response = await SendAsync(link, request, stop);
        try
        {
            response.EnsureSuccessStatusCode();
            return new(response, await response.Content.ReadAsStreamAsync(stop));
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }

    /// <summary>A live view of a site's camera on a page's WebSocket, as <see cref="LiveViews"/> gives one of a camera here.</summary>
    public async Task WatchAsync(HttpContext http, string site, string id, string? stream, string? audio, string? objects)
    {
        using var line = await LiveViews.AcceptAsync(http);
        var caller = http.Caller();
        string camera = IdOf(site, id);
        if (Site(site) is not { } link)
        {
            await RefuseAsync(line, "no-camera", $"There is no site '{Problems.Shown(site)}'.");
            return;
        }

        if (stream is not (null or "main" or "sub") || audio is not (null or "true" or "false") || objects is not (null or "true" or "false"))
        {
            await RefuseAsync(line, "bad-request", "stream must be main or sub, audio and objects true or false.");
            return;
        }

        if (purposes.Find(PurposeFor.Live, caller, http, null) is { } missing)
        {
            await RefuseAsync(line, "purpose", missing.ProblemDetails.Detail ?? "");
            return;
        }

        bool unmasked = masking.Until(caller, camera) is not null;
        if (unmasked)
            http.Features.Set(Unmasked.Sight);
        string address = $"link/1/video/{Uri.EscapeDataString(id)}/live?stream={stream ?? "main"}&audio={audio ?? "false"}&objects={objects ?? "false"}";
        await ShowAsync(
            line, http, link, camera, address, FarViewer.Of(http, unmasked),
            now => now.Can(Permission.ViewLive, camera) && masking.Until(now, camera) is not null == unmasked, CancellationToken.None);
    }

    /// <summary>Shows a live view of another node on a page's line until either ends it. What the page may was looked at before; it is written into the access log first.</summary>
    /// <param name="camera">As the access log names it.</param>
    /// <param name="may">Whether the viewer still may, by their rights of now.</param>
    /// <param name="ended">When it no longer may be shown.</param>
    public async Task ShowAsync(LiveLine line, HttpContext http, Link link, string camera, string address, FarViewer viewer, Func<Caller, bool> may, CancellationToken ended)
    {
        if (Interlocked.Increment(ref _viewers) > _options.MaxViewers)
        {
            Interlocked.Decrement(ref _viewers);
            await RefuseAsync(line, "too-many", $"{_options.MaxViewers} live views of other sites are open already (option live.maxViewers). Close some.");
            return;
        }

        try
        {
            await using var access = await accesses.BeginAsync(http.Caller(), http, camera, AccessKindJson.Live, CancellationToken.None);
            await RelayAsync(line, http, link, camera, address, viewer, may, ended);
        }
        catch (DbException fault)
        {
            log.LogError(fault, "A live view of {Camera} is refused: it can't be written down who looks", camera);
            await RefuseAsync(line, "unavailable", "The node can't write down who looks just now, and shows nothing without that. Try again in a moment.");
        }
        finally
        {
            Interlocked.Decrement(ref _viewers);
        }
    }

    async Task RelayAsync(LiveLine line, HttpContext http, Link link, string camera, string address, FarViewer viewer, Func<Caller, bool> may, CancellationToken ended)
    {
        using var left = new CancellationTokenSource();
        using var over = CancellationTokenSource.CreateLinkedTokenSource(ended);
        using var linked = links.CutWith(link.Id, over.Cancel);
        using var revoked = CancellationTokenSource.CreateLinkedTokenSource(over.Token);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource([left.Token, revoked.Token, lifetime.ApplicationStopping, http.RequestAborted]);
        using var watched = watch.Add(http.Caller(), may, revoked.Cancel, shows: true);
        var receiving = LeftAsync();
        var end = LiveEnd.ViewerLeft;
        string trouble = "";
        try
        {
            await using var far = await OpenLiveAsync(link, address, viewer, stop.Token);
            while (await far.ReadAsync(stop.Token) is { } frame)
            {
                var sent = line.SendAsync(frame.Kind, frame.Bytes, stop.Token);
                if (!sent.IsCompletedSuccessfully)
                    await sent.AsTask().WaitAsync(_options.SendTimeout, clock, stop.Token);
            }
        }
        catch (OperationCanceledException)
        {
            end = lifetime.ApplicationStopping.IsCancellationRequested ? LiveEnd.NodeStopping : over.IsCancellationRequested ? LiveEnd.Ended : revoked.IsCancellationRequested ? LiveEnd.Revoked : LiveEnd.ViewerLeft;
            if (!stop.IsCancellationRequested)
                trouble = $"{link.Site} doesn't answer.";
        }
        catch (TimeoutException)
        {
            end = LiveEnd.TooSlow;
        }
        catch (HttpRequestException fault) when (fault.StatusCode == HttpStatusCode.Gone)
        {
            end = LiveEnd.Ended;
        }
        catch (HttpRequestException fault)
        {
            trouble = fault.StatusCode == HttpStatusCode.Forbidden ? $"{link.Site} doesn't let this be seen now." : fault.StatusCode is { } status ? $"{link.Site} refuses it: {(int)status}." : $"{link.Site} can't be reached just now. It goes on recording by itself.";
        }
        catch (Exception fault) when (fault is IOException or InvalidDataException)
        {
            trouble = $"The connection to {link.Site} was lost.";
        }
        catch (Exception fault) when (fault is WebSocketException or ObjectDisposedException)
        {
            // The page went away.
        }

        log.LogDebug("A viewer of {Camera} left: {End} {Trouble}", camera, end, trouble);
        if (trouble.Length > 0)
            await RefuseAsync(line, "link", trouble, WebSocketCloseStatus.EndpointUnavailable);
        else if (end == LiveEnd.Ended)
            await RefuseAsync(line, "ended", "What this camera was shown under has ended.");
        else if (end == LiveEnd.Revoked)
            await RefuseAsync(line, "revoked", "You may no longer see this camera so, or have been signed out.");
        else if (end == LiveEnd.NodeStopping)
            await RefuseAsync(line, "stopping", "The node is being stopped.", WebSocketCloseStatus.EndpointUnavailable);
        else if (end == LiveEnd.TooSlow)
            line.Abort();
        else
            await CloseAsync(line, WebSocketCloseStatus.NormalClosure, null);
        await Task.WhenAny(receiving, Task.Delay(CloseWait, clock, CancellationToken.None));
        line.Abort();
        await receiving;

        async Task LeftAsync()
        {
            await line.LeftAsync();
            try
            {
                await left.CancelAsync();
            }
            catch (ObjectDisposedException)
            {
                // The view has ended already.
            }
        }
    }

    async Task<HttpResponseMessage> SendAsync(Link link, HttpRequestMessage request, CancellationToken stop)
    {
        using var limit = new CancellationTokenSource(AnswerWait, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, limit.Token);
        return await peers.For(link).SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
    }

    /// <summary>Passes a request on to the other node and its answer back: a playlist, a segment or a range of it, a timeline.</summary>
    public async Task<IResult> PassAsync(HttpContext http, Link link, string address, FarViewer viewer, CancellationToken stop)
    {
        using var request = new HttpRequestMessage(new(http.Request.Method), address);
        viewer.Sign(request);
        foreach (string name in (string[])["Range", "If-Range", "If-None-Match"])
        {
            if (http.Request.Headers.TryGetValue(name, out var value))
                request.Headers.TryAddWithoutValidation(name, value.ToArray());
        }

        HttpResponseMessage response;
        try
        {
            response = await SendAsync(link, request, stop);
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException || (fault is OperationCanceledException && !stop.IsCancellationRequested))
        {
            return Away(link);
        }

        using (response)
        {
            http.Response.StatusCode = (int)response.StatusCode;
            foreach (string name in (string[])["Content-Type", "Content-Length", "Content-Range", "Accept-Ranges", "ETag", "Cache-Control", "Retry-After"])
            {
                if (response.Headers.TryGetValues(name, out var values) || response.Content.Headers.TryGetValues(name, out values))
                    http.Response.Headers[name] = values.ToArray();
            }

            try
            {
                if (!HttpMethods.IsHead(http.Request.Method))
                    await response.Content.CopyToAsync(http.Response.Body, stop);
            }
            catch (Exception fault) when (fault is HttpRequestException or IOException)
            {
                http.Abort();   // A part of it is with the page: that it isn't all must be seen.
            }
        }

        return Results.Empty;
    }

    /// <summary>Asks the other node for a document; null: it can't be reached, or answered something else.</summary>
    public async Task<T?> AskAsync<T>(Link link, string address, FarViewer viewer, CancellationToken stop)
        where T : class
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, address);
            viewer.Sign(request);
            using var limit = new CancellationTokenSource(DocumentWait, clock);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, limit.Token);
            using var response = await SendAsync(link, request, either.Token);
            response.EnsureSuccessStatusCode();
            return JsonSerializer.Deserialize<T>(await Peers.ReadAsync(response, MaxDocument, either.Token), _json);
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException or JsonException or NotSupportedException || (fault is OperationCanceledException && !stop.IsCancellationRequested))
        {
            return null;
        }
    }

    /// <summary>503: the other node can't be reached.</summary>
    public static IResult Away(Link link) =>
        Problems.Of(StatusCodes.Status503ServiceUnavailable, "The site can't be reached", $"There is no connection with {link.Site} just now. It goes on recording by itself; ask again when it is back.");

    /// <summary>Tells a page why it gets no pictures: it can't read the body of a refused upgrade.</summary>
    public Task RefuseAsync(LiveLine line, string code, string detail, WebSocketCloseStatus status = WebSocketCloseStatus.PolicyViolation) => CloseAsync(line, status, new(code, detail));

    async Task CloseAsync(LiveLine line, WebSocketCloseStatus status, ErrorMessage? error)
    {
        using var limit = new CancellationTokenSource(CloseWait, clock);
        try
        {
            if (error is not null)
                await line.SendAsync(LiveFrameKind.Message, JsonSerializer.SerializeToUtf8Bytes(error, _json), limit.Token);
            await line.CloseAsync(status, error?.Code, limit.Token);
        }
        catch (Exception fault) when (fault is WebSocketException or IOException or OperationCanceledException or ObjectDisposedException)
        {
            line.Abort();
        }
    }
}
