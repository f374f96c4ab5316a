using System.Data.Common;

using Atalaya.Federation.Agreements;
using Atalaya.Federation.Links;
using Atalaya.Media;
using Atalaya.Node.Federation.Centre;
using Atalaya.Node.Federation.Links;
using Atalaya.Node.Identity;
using Atalaya.Node.Live;
using Atalaya.Node.Oversight;
using Atalaya.Node.Store;

using Dapper;

namespace Atalaya.Node.Federation.Grants;

/// <summary>
/// Live pictures under a grant: at the owner's served to the partner's node as to a viewer of its own, with masks and the recipient's name; at the receiver's shown on the page. Each look is a statement of both, and
/// ends with the grant, at both ends.
/// </summary>
sealed class ShareLive(ShareGrants grants, ShareSeats seats, LinkBook links, LinkVideo serving, FarVideo far, NodeDatabase database, TimeProvider clock)
{
    static readonly PermissionSet OfGrant = new(Permission.ViewLive);

    readonly Dictionary<(string Grant, string User), (string Id, DateTimeOffset Begun)> _views = [];    // looks of the last minutes; under its own lock

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/link/1/grants/{id}/live", (string id, string? view, HttpContext http, ShareLive live) => live.ServeAsync(id, view, http)).ByPeers();
        routes.MapGet("/api/shares/{id}/live", (string id, HttpContext http, ShareLive live) => live.WatchAsync(id, http)).NeedsAnywhere(Permission.Cooperate).WithName("watchShare").WithTags("shares")
            .WithSummary("Live pictures of a received grant over a WebSocket, as those of a camera.").Produces(StatusCodes.Status101SwitchingProtocols).ProducesProblem(StatusCodes.Status400BadRequest);
    }

    /// <summary>At the owner's.</summary>
    async Task ServeAsync(string id, string? view, HttpContext http)
    {
        var link = http.Peer();
        if (await grants.FindAsync(id, http.RequestAborted) is not { Ours: true, Terms.What: ShareKind.Live } row || row.Link != link.Id)
        {
            http.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        if (!grants.MayStill(link, row))
        {
            http.Response.StatusCode = StatusCodes.Status403Forbidden;
            return;
        }

        using var seat = seats.Take(link.Id, id);
        if (seat is null)
        {
            http.Response.StatusCode = StatusCodes.Status429TooManyRequests;
            return;
        }

        await using var open = await grants.OpenAsync(row, http.RequestAborted);
        if (open is null)
        {
            http.Response.StatusCode = StatusCodes.Status410Gone;
            return;
        }

        // Denounced, replaced, over: what runs ends with it.
        using var cut = CancellationTokenSource.CreateLinkedTokenSource(open.Ended);
        await using var asking = clock.CreateTimer(_ => ShareGrants.CancelUnless(cut, grants.MayStill(link, row)), null, ShareGrants.AskEvery, ShareGrants.AskEvery);
        var viewer = FarViewer.Read(http) with { IsUnmasked = !row.Terms.Masked, Purpose = new(row.Terms.Purpose, row.Terms.Reference) };
        LinkVideo.Admit(http, serving.CallerOf(link, viewer, OfGrant, new(ScopeKind.Camera, row.Terms.Camera), mayUnmasked: !row.Terms.Masked, row.Terms.Watermark), viewer);
        await serving.ServeLiveAsync(http, link, row.Terms.Camera, row.Source, "false", "false", cut.Token, StateAsync);

        // What can't be stated isn't shown; and what isn't shown is stated nowhere.
        async Task StateAsync(CancellationToken stop)
        {
            try
            {
                if (!await grants.SentAsync(id, Guid.TryParseExact(view, "D", out var known) ? known.ToString() : null, stop))
                    throw new IOException("The grant has ended.");
            }
            catch (DbException fault)
            {
                throw new IOException($"It can't be written down that pictures go out: {fault.Message}", fault);
            }
        }
    }

    // Who looks away and back, or whose line breaks, looks once: as with files.
    string ViewOf(string grant, string user)
    {
        var now = clock.GetUtcNow();
        lock (_views)
        {
            foreach (var (key, old) in _views.ToArray())
            {
                if (now - old.Begun >= ShareGrants.OneLook)
                    _views.Remove(key);
            }

            if (!_views.TryGetValue((grant, user), out var view))
                _views[(grant, user)] = view = (Guid.NewGuid().ToString(), now);
            return view.Id;
        }
    }

    /// <summary>At the receiver's.</summary>
    async Task WatchAsync(string id, HttpContext http)
    {
        if (!http.WebSockets.IsWebSocketRequest)
        {
            await Api.Problems.Of(StatusCodes.Status400BadRequest, "A WebSocket is needed", "This address speaks WebSocket; open it with ws:// instead of http://.").ExecuteAsync(http);
            return;
        }

        using var line = await LiveViews.AcceptAsync(http);
        if (await grants.FindAsync(id, http.RequestAborted) is not { Ours: false, Terms.What: ShareKind.Live } row || !ShareEndpoints.MayActOn(row, http.Caller()) || links.Find(row.Link) is not { State: LinkState.Active } link)
        {
            await far.RefuseAsync(line, "no-grant", "There is no grant of live pictures that concerns you under this number.");
            return;
        }

        await using var open = await grants.OpenAsync(row, http.RequestAborted);
        if (open is null)
        {
            await far.RefuseAsync(line, "ended", "The grant has ended.");
            return;
        }

        http.Features.Set(new Purpose(row.Terms.Purpose, row.Terms.Reference));
        string view = ViewOf(id, http.Caller().UserId);
        await using (var connection = await database.Source.OpenConnectionAsync(http.RequestAborted))
        {
            await connection.ExecuteAsync(
                "insert into share_views (id, grant_id, at_us, user_name) values (@view, @id, @at, @Name) on conflict (id) do nothing", new { view, id, at = WallTime.Now(clock).Microseconds, http.Caller().Name });
        }

        await far.ShowAsync(
            line, http, link, FarVideo.IdOf(link.Id, row.Terms.Camera), $"link/1/grants/{id}/live?view={view}", FarViewer.Of(http, false), caller => caller.Has(Permission.Cooperate), open.Ended);
    }
}
