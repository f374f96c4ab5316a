using System.Text;

using Atalaya.Analysis.Painting;
using Atalaya.Federation.Agreements;
using Atalaya.Federation.Grants;
using Atalaya.Federation.Links;
using Atalaya.Incidents;
using Atalaya.Media;
using Atalaya.Node.Alarms;
using Atalaya.Node.Api;
using Atalaya.Node.Approvals;
using Atalaya.Node.Cameras;
using Atalaya.Node.Federation.Agreements;
using Atalaya.Node.Federation.Links;
using Atalaya.Node.Footage;
using Atalaya.Node.Identity;
using Atalaya.Node.Incidents;
using Atalaya.Node.Map;
using Atalaya.Node.Masks;
using Atalaya.Node.Options;
using Atalaya.Node.Packages;

using Microsoft.AspNetCore.Http.HttpResults;

namespace Atalaya.Node.Federation.Grants;

/// <summary>Something that somebody wants to give, looked at: theirs to give, and what the agreement says to it.</summary>
/// <param name="NeedsSecond">Another person must agree first.</param>
/// <param name="Review">Within what another person has to look at it afterwards, since it goes before all have agreed; null: it doesn't.</param>
sealed record ShareWish(Link Link, ShareTerms Terms, Decision Decision, bool NeedsSecond, TimeSpan? Review, string Source, string? Card, string Id);

/// <summary>From what somebody asks for to the terms of a grant: whether it is theirs to give, and whether the agreement lets them.</summary>
sealed class ShareDesk(
    ShareGrants grants, LinkBook links, AgreementBook agreements, CameraRoster roster, CameraScopes places, MaskBook masks, Recordings recordings, PackageJobs packages, Casebook cases, MapStore map, SecondPerson second,
    NodeOptions options, TimeProvider clock)
{
    const int MaxText = 200, LiveMinutes = 120, FileMinutes = 7 * 24 * 60, MostMinutes = 365 * 24 * 60;

    /// <summary>Of a rescue that no agreement lets go first, but which the node's own rule of two doesn't hold up.</summary>
    static readonly TimeSpan OwnReview = TimeSpan.FromHours(24);

    static readonly TimeSpan LongestClip = TimeSpan.FromHours(2), LongestKeep = TimeSpan.FromDays(365);

    /// <summary>Nothing in an agreement is asked with more: two persons is what a node can tell apart.</summary>
    const int Two = 2;

    public async Task<(ShareWish? Wish, ProblemHttpResult? Problem)> LookAsync(ShareInputJson input, Caller caller, CancellationToken stop)
    {
        var errors = new FieldErrors();
        var now = clock.GetUtcNow();
        if (input.What is null or ShareKind.Alarm)
            errors.Add("what", "must be incidentCard, still, live, clip or package.");
        string purpose = Text("purpose", input.Purpose, 1, errors), reference = Text("reference", input.Reference, 0, errors), title = Text("title", input.Title, 0, errors), category = Text("category", input.Category, 0, errors);
        int minutes = input.Minutes ?? (input.What == ShareKind.Live ? LiveMinutes : FileMinutes);
        if (minutes is < 1 or > MostMinutes)
            errors.Add("minutes", $"must be between 1 and {MostMinutes}.");
        if (input.Grade is { } grade && !ShareTerms.TryGrade(grade, out _))
            errors.Add("grade", "must be A, B, C or X and 1, 2, 3 or 4, such as B2.");
        if (input.KeepDays is < 1 or > 3650)
            errors.Add("keepDays", "must be between 1 and 3650.");
        var link = links.Active.FirstOrDefault(l => l.Id == input.Link);
        if (link is null)
            errors.Add("link", "must be that of an active link. GET /api/shares/partners lists them.");
        WallTime from = default, to = default;
        if (input.What == ShareKind.Clip && CaseRequests.Moment("from", input.From ?? "", errors) is { } first && CaseRequests.Moment("to", input.To ?? "", errors) is { } last)
        {
            (from, to) = (first, last);
            Playback.Stretch.Check(from, to, LongestClip, errors);
        }
        else if (input.What == ShareKind.Still && CaseRequests.Moment("to", input.To ?? "", errors) is { } moment)
        {
            (from, to) = (moment - TimeSpan.FromSeconds(5), moment + TimeSpan.FromMilliseconds(1));
        }

        bool hasCamera = input.What is ShareKind.Live or ShareKind.Clip or ShareKind.Still;
        if (hasCamera && string.IsNullOrEmpty(input.Camera))
            errors.Add("camera", "is missing.");
        if (input.What == ShareKind.IncidentCard && input.Incident is null)
            errors.Add("incident", "is missing.");
        if (input.What == ShareKind.Package && string.IsNullOrEmpty(input.Package))
            errors.Add("package", "is missing.");
        if (errors.Any)
            return (null, errors.ToProblem());

        bool masked = input.Masked ?? input.What != ShareKind.Package;
        var stream = input.Stream ?? (input.What == ShareKind.Live ? StreamKind.Sub : StreamKind.Main);
        string camera = hasCamera ? input.Camera! : "", source = stream == StreamKind.Sub ? "sub" : "main", id = Guid.CreateVersion7(now).ToString();
        string? card = null;
        Incident? incident = null;
        IReadOnlyList<string> cameras = hasCamera ? [camera] : [];
        int? height = null;
        if (hasCamera)
        {
            var entry = roster.Find(camera);
            if (entry is null || !caller.Sees(camera))
                return (null, Problems.NoCamera(camera));
            if (caller.Refusal(Permission.Cooperate, camera) is { } lacks)
                return (null, lacks);
            // What somebody may not see they don't hand out.
            if ((input.What == ShareKind.Live ? caller.Refusal(Permission.ViewLive, camera) : caller.RefusalOfPast(camera, from)) is { } refusal)
                return (null, refusal);
            if (!masked && caller.Refusal(Permission.Unmask, camera) is { } unmask)
                return (null, unmask);
            if (input.What == ShareKind.Live && stream == StreamKind.Sub && entry.Config.Url(StreamKind.Sub) is null)
                source = "main";
            title = title.Length > 0 ? title : ShareDocument.Clean(entry.Config.Name);
            height = await HeightAsync(camera, source == "sub" ? StreamKind.Sub : StreamKind.Main, input.What == ShareKind.Live ? null : (from, to), stop);
        }

        if (input.Incident is { } case_)
        {
            incident = await cases.ReadAsync(session => IncidentEndpoints.SeenAsync(session, case_, new(caller), roster, Permission.ViewPast), stop);
            if (incident is null)
                return (null, CaseRequests.NoIncident(case_));
            // Nobody gives footage alone because there was a rescue once.
            if (incident is { Type: IncidentType.Rescue, IsOpen: false })
                return (null, Problems.Invalid("incident", "is a rescue that is over. Give it as what it is needed for now, without the incident, or reopen it."));
        }

        if (input.What == ShareKind.IncidentCard)
        {
            // A card tells of every camera that its incident concerns.
            if (await RefusalOfCardAsync(incident!, caller, stop) is { } refusal)
                return (null, refusal);
            title = title.Length > 0 ? title : ShareDocument.Clean(incident!.Title);
            card = (await CardAsync(incident!, "", stop)).Text();
            cameras = CamerasOf(await AlarmsAsync(incident!, stop));
        }

        if (input.What == ShareKind.Package)
        {
            if (packages.Find(input.Package!) is not { } package || package.Stretches.Any(s => !caller.Sees(s.Camera)))
                return (null, Problems.NotFound("No such package", $"There is no package '{Problems.Shown(input.Package!)}'. GET /api/packages lists those there are."));
            if (package.Stretches.Select(s => caller.RefusalOfPast(s.Camera, WallTime.From(s.From), Permission.Release) ?? caller.Refusal(Permission.Cooperate, s.Camera)).FirstOrDefault(r => r is not null) is { } refusal)
                return (null, refusal);
            // It holds what was recorded; a release copy what its maker left in it.
            if (package.Stretches.Where(s => s.Redaction is null && masks.Of(s.Camera) is not null).Select(s => caller.Refusal(Permission.Unmask, s.Camera)).FirstOrDefault(r => r is not null) is { } unmask)
                return (null, unmask);
            if (packages.FileOf(package.Id) is null)
                return (null, Problems.Conflict("There is no file", "The package isn't ready, or its file is gone. GET /api/packages tells."));
            if (masked)
                return (null, Problems.Invalid("masked", "must be false: a package holds what was recorded. Give a clip where masks are wanted."));
            foreach (var s in package.Stretches)
                height = Math.Max(height ?? 0, await HeightAsync(s.Camera, s.Stream, (WallTime.From(s.From), WallTime.From(s.To)), stop) ?? int.MaxValue);
            (from, to, source) = (WallTime.From(package.Stretches.Min(s => s.From)), WallTime.From(package.Stretches.Max(s => s.To)), package.Id);
            title = title.Length > 0 ? title : ShareDocument.Clean(package.Title);
            cameras = [.. package.Stretches.Select(s => s.Camera).Distinct(StringComparer.Ordinal)];
            camera = cameras.Count == 1 ? cameras[0] : "";
        }

        string[] sites = [.. cameras.Select(SiteOf).Distinct(StringComparer.Ordinal)];
        string site = sites.Length switch { 0 => options.Name, 1 => sites[0], _ => "" };
        var expires = now + TimeSpan.FromMinutes(minutes);
        byte[] bytes = Encoding.UTF8.GetBytes(card ?? "");
        var agreement = agreements.InForce(link!);
        var terms = new ShareTerms(
            input.What!.Value, grants.Organisation, link!.Organisation, agreement is null ? "" : $"{agreement.Id}/{agreement.Version}", "", purpose, reference, incident is null ? "" : Name(incident.Type),
            category, input.Request is { } request ? Name(request) : "", input.Grade ?? "", site, camera, title, to == default ? null : from.ToDateTimeOffset(), to == default ? null : to.ToDateTimeOffset(),
            incident?.Id.ToString() ?? "", now, expires, null, masked, "", input.Handling ?? HandlingCode.H0, OnwardTransfer.Never, 1, false, card is null ? null : bytes.Length,
            card is null ? "" : ShareDocument.DigestOf(card), card is null ? "" : "card.json");
        var ask = terms.ToAsk(now, 1, height) with { Keep = input.KeepDays is { } days && input.What != ShareKind.Live ? TimeSpan.FromDays(days) : null, Handling = input.Handling };
        // What is of several is asked of each, too: what is forbidden of one of them isn't given among others.
        var (decision, needsSecond, review) = Decide(link, [ask, .. cameras.Where(c => c != camera).Select(c => ask with { Camera = c, Site = SiteOf(c) })]);
        var conditions = decision.Conditions;
        // How long it is kept is laid down below.
        if (decision.Allowed && conditions.LeftOpenBy(ask with { Keep = ask.Keep ?? LongestKeep }) is { } open)
        {
            return (null, open == LeftOpen.Grade
                ? Problems.Invalid("grade", $"is missing: clause {decision.Clause} wants one for source and information, such as B2.")
                : Problems.Conflict(
                    "It isn't known how large its pictures are", $"Clause {decision.Clause} lets pictures of {conditions.MaxHeight} lines at most go, and the node knows the size of what it receives or has recorded. See that the camera runs."));
        }

        bool isPicture = input.What is ShareKind.Live or ShareKind.Clip or ShareKind.Still;
        terms = terms with
        {
            Clause = decision.Clause,
            KeepUntil = input.What == ShareKind.Live ? null : now + (ask.Keep ?? conditions.Keep ?? LongestKeep),
            // A partner's pictures say whose they are, whatever the agreement leaves open.
            Watermark = isPicture && (conditions.Watermark || link.Kind == LinkKind.Partner) ? WatermarkText.Of(link.Organisation, id[^8..]) : "",
            Handling = input.Handling ?? conditions.Handling,
            Onward = conditions.Onward,
            Persons = needsSecond ? Two : 1,
            Released = conditions.ReviewAfter is not null,
        };
        // What an agreement or a name brings in may hold what a signed document can't.
        return new ShareDocument(id, id, ShareAct.Given, grants.Organisation, now, Terms: terms).IsReadable && (card is null || IncidentCard.TryRead(card, out _))
            ? (new(link, terms, decision, needsSecond, review, source, card, id), null)
            : (null, Problems.Invalid("what", "can't be written into a signed document: a name in it (of the organisation, the site or the agreement's clause) has line breaks or other characters that can't be shown, or is too long."));
    }

    /// <summary>What the agreement says to one person, and if not to one, then to two.</summary>
    /// <param name="asks">What is given, and each part of it that could be forbidden by itself.</param>
    (Decision Decision, bool NeedsSecond, TimeSpan? Review) Decide(Link link, IReadOnlyList<Ask> asks)
    {
        var alone = Of(1);
        if (alone.Allowed)
        {
            // The node's own rule doesn't hold up a rescue either: somebody looks at it afterwards.
            bool own = second.IsNeeded(ApprovalAction.Share), rescue = asks[0].Rescue;
            return (alone, own && !rescue, alone.Conditions.ReviewAfter ?? (own && rescue ? OwnReview : null));
        }

        var both = Of(Two);
        return (both.Allowed ? both : alone, both.Allowed, null);

        Decision Of(int persons)
        {
            Decision[] decisions = [.. asks.Select(a => agreements.Decide(link, a with { Approvals = persons }))];
            return decisions.FirstOrDefault(d => !d.Allowed) ?? decisions[0];
        }
    }

    /// <summary>What the other side is told of an incident, with where it was seen last.</summary>
    public async Task<IncidentCard> CardAsync(Incident incident, string note, CancellationToken stop)
    {
        var alarms = await AlarmsAsync(incident, stop);
        var stand = await map.PlacesAsync(stop);
        string NameOf(string camera) => roster.Find(camera)?.Config.Name ?? camera;
        var latest = alarms.Where(a => stand.ContainsKey(a.Camera)).MaxBy(a => a.LastAt);
        var position = latest is null ? null : new CardPosition(stand[latest.Camera].Latitude, stand[latest.Camera].Longitude, latest.LastAt, NameOf(latest.Camera));
        return new(
            IncidentCard.FormatName, incident.Id, options.Name, incident.Type, incident.Severity, incident.State, incident.Title, incident.OpenedAt, alarms.Select(a => a.LastAt).DefaultIfEmpty(incident.OpenedAt).Max(),
            incident.Outcome, [.. CamerasOf(alarms).Take(20).Select(NameOf)], position, note);
    }

    Task<List<Alarm>> AlarmsAsync(Incident incident, CancellationToken stop) => cases.ReadAsync(async session =>
    {
        var read = new List<Alarm>();
        foreach (var alarm in incident.Alarms)
        {
            if (await session.AlarmAsync(alarm) is { } one)
                read.Add(one);
        }

        return read;
    }, stop);

    // One without any camera is the whole organisation's.
    async Task<ProblemHttpResult?> RefusalOfCardAsync(Incident incident, Caller caller, CancellationToken stop)
    {
        if (caller.Has(Permission.Cooperate))
            return null;
        string[] cameras = [.. (await AlarmsAsync(incident, stop)).SelectMany(a => a.Cameras).Distinct(StringComparer.Ordinal)];
        return cameras.Length > 0 && cameras.All(c => c.Length > 0 && caller.Can(Permission.Cooperate, c)) ? null : Gate.Lacks(Permission.Cooperate);
    }

    static IReadOnlyList<string> CamerasOf(IEnumerable<Alarm> alarms) => [.. alarms.Select(a => a.Camera).Where(c => c.Length > 0).Distinct(StringComparer.Ordinal)];

    string SiteOf(string camera) => places.Of(camera).Site is { Length: > 0 } place ? place : options.Name;

    // Of what is given: the largest picture in it; null: nothing tells.
    async Task<int?> HeightAsync(string camera, StreamKind stream, (WallTime From, WallTime To)? stretch, CancellationToken stop)
    {
        if (stretch is null && roster.Set.Find(camera)?.Status().Streams.FirstOrDefault(s => s.Stream == stream)?.Format is { } running)
            return running.Height;
        var now = WallTime.Now(clock);
        var (from, to) = stretch ?? (now - TimeSpan.FromMinutes(10), now);
        return (await recordings.Archive.SegmentsAsync(camera, stream, from, to, stop)).Select(s => (int?)s.Height).Max();
    }

    static string Name<T>(T value)
        where T : struct, Enum => value.ToString() is var name ? char.ToLowerInvariant(name[0]) + name[1..] : "";

    public static string Text(string field, string? text, int least, FieldErrors errors, int most = MaxText)
    {
        string trimmed = text?.Trim() ?? "";
        if (trimmed.Length < least)
            errors.Add(field, "is missing.");
        else if (trimmed.Length > most)
            errors.Add(field, $"has {trimmed.Length} characters; {most} are the most.");
        else if (trimmed.Any(char.IsControl))
            errors.Add(field, "has characters that can't be shown.");
        return trimmed;
    }
}
