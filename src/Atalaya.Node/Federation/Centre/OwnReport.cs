using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;

using Atalaya.Cameras;
using Atalaya.Federation.Centre;
using Atalaya.Node.Analysis;
using Atalaya.Node.Cameras;
using Atalaya.Node.Evidence;
using Atalaya.Node.Federation.Links;
using Atalaya.Node.Footage;
using Atalaya.Node.Health;
using Atalaya.Node.Map;
using Atalaya.Node.Masks;
using Atalaya.Node.Options;
using Atalaya.Node.Security;
using Atalaya.Node.Site;
using Atalaya.Node.Store;
using Atalaya.Recording.Storage;

namespace Atalaya.Node.Federation.Centre;

/// <summary>What this node tells its centre of itself: what its own page of health shows, and where its cameras stand.</summary>
sealed class OwnReport(
    CameraRoster roster, CameraView view, Recordings recordings, NodeLog log, OwnWitness witness, WitnessRounds rounds, LinkKey link, CameraFile file, AnalysisFeeds analysis, Certificates certificates, Machine machine, MaskBook masks,
    NodeDatabase database, TimeProvider clock)
{
    readonly MapStore _map = new(database);

    public async Task<SiteReport> ReadAsync(IReadOnlyList<SiteCamera> cameras, CancellationToken stop)
    {
        var head = await log.HeadAsync(stop);
        var health = HealthEndpoints.Live(roster, recordings, log, witness, rounds, link, file, analysis, certificates);
        var measured = machine.Clock();
        return new(
            clock.GetUtcNow(), SiteEndpoints.Version, $"{RuntimeInformation.OSDescription} {RuntimeInformation.OSArchitecture}",
            [.. health.Parts.Take(SiteReport.MaxParts).Select(p => new SitePart(p.Name, Of(p.State), [.. p.Detail.Take(SiteReport.MaxDetail).Select(SiteReport.Short)]))],
            [.. recordings.Caretaker.Status.Volumes.Take(SiteReport.MaxVolumes).Select(v => new SiteVolume(
                SiteReport.Short(v.Name), v.Level switch { StorageLevel.Ok => PartState.Ok, StorageLevel.Warning => PartState.Degraded, _ => PartState.Failed }, v.Capacity > 0 ? v.Capacity : null,
                v.Capacity > 0 ? v.Free : null, v.Oldest?.ToDateTimeOffset()))],
            new(measured.Synchronised, measured.MostErrorSeconds),
            new(head?.Head.Checkpoint.Origin ?? "", head?.Key.ToString() ?? "", head?.Head.Checkpoint.Size ?? 0, log.Fault is { } fault ? SiteReport.Short(fault) : null),
            cameras.Count, cameras.Count(c => c.State is "running" or "disabled"), cameras.Count(c => c.Recording == "recording"), DigestOf(cameras));
    }

    public async Task<IReadOnlyList<SiteCamera>> CamerasAsync(CancellationToken stop)
    {
        var places = await _map.PlacesAsync(stop);
        return [.. view.All().OrderBy(c => c.Id, StringComparer.Ordinal).Select(c => new SiteCamera(
            c.Id, c.Name.Length <= SiteCamera.MaxName ? c.Name : c.Name[..SiteCamera.MaxName], c.Enabled, OptionText.Format(c.Status.State), c.Status.State == CameraState.Running ? "" : SiteReport.Short(c.Status.Reason),
            OptionText.Format(c.Recording.State), c.Sub is not null, masks.Of(c.Id) is not null,
            places.TryGetValue(c.Id, out var at) ? new(at.Latitude, at.Longitude, at.Heading, at.Angle, at.Range) : null))];
    }

    /// <summary>Tells two lists of cameras apart.</summary>
    public static string DigestOf(IReadOnlyList<SiteCamera> cameras) => Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(cameras, CentreJson.Options)))[..32];

    static PartState Of(HealthStateJson state) => state switch { HealthStateJson.Ok => PartState.Ok, HealthStateJson.Degraded => PartState.Degraded, _ => PartState.Failed };
}
