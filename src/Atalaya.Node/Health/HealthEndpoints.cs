using System.ComponentModel;

using Atalaya.Cameras;
using Atalaya.Node.Analysis;
using Atalaya.Node.Cameras;
using Atalaya.Node.Evidence;
using Atalaya.Node.Federation.Links;
using Atalaya.Node.Footage;
using Atalaya.Node.Identity;
using Atalaya.Node.Security;
using Atalaya.Node.Store;
using Atalaya.Recording;
using Atalaya.Recording.Storage;

using Microsoft.AspNetCore.Http.HttpResults;

namespace Atalaya.Node.Health;

public enum HealthStateJson
{
    Ok,

    /// <summary>It runs, and someone should look.</summary>
    Degraded,

    /// <summary>It doesn't do what it is for.</summary>
    Failed,
}

public sealed record HealthJson(HealthStateJson State, IReadOnlyList<HealthPartJson> Parts);

/// <param name="Detail">What is wrong, a sentence each; empty when all is well.</param>
public sealed record HealthPartJson(
    [property: Description("cameras, recording, storage, store, log, links, analysis, tls or configuration.")] string Name, HealthStateJson State, IReadOnlyList<string> Detail);

static class HealthEndpoints
{
    public static IServiceCollection AddHealth(this IServiceCollection services) => services
        .AddSingleton<NodeMeters>()
        .AddSingleton<Machine>()
        .AddSingleton(s => new MetricsText(s.GetRequiredService<NodeMeters>()))
        .AddStarted<Observation>();

    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
        var health = routes.MapGroup("").WithTags("health");
        health.MapGet("/health", LiveFor).Open().WithName("getHealth").WithSummary("How the node is, part by part. 200 as long as it can answer.")
            .WithDescription("What is wrong, in words, is told to who may see it (viewHealth on the organisation); to others, which part.");
        health.MapGet("/health/ready", ReadyAsync).Open().WithName("getReadiness").WithSummary("200 when it records and answers; 503 when the archive's index or the disk fails.")
            .Produces<HealthJson>().Produces<HealthJson>(StatusCodes.Status503ServiceUnavailable);
        health.MapGet("/api/health", HealthReport.ReadAsync).Needs(Permission.ViewHealth).WithName("getHealthReport").WithSummary("Database, clock, machine, what recording lacks and what waits to be told.");
        health.MapGet("/metrics", (MetricsText metrics) => TypedResults.Text(metrics.Write(), "text/plain; version=0.0.4"))
            .Needs(Permission.ViewHealth).WithName("getMetrics").WithSummary("Figures for Prometheus.").Produces<string>(StatusCodes.Status200OK, "text/plain");
    }

    static HealthJson LiveFor(CameraRoster roster, Recordings recordings, NodeLog log, OwnWitness witness, WitnessRounds rounds, LinkKey link, CameraFile file, AnalysisFeeds analysis, Certificates certificates, Caller caller) =>
        Shown(Live(roster, recordings, log, witness, rounds, link, file, analysis, certificates), caller);

    // The words name cameras and paths.
    static HealthJson Shown(HealthJson health, Caller caller) =>
        caller.Has(Permission.ViewHealth) ? health : health with { Parts = [.. health.Parts.Select(p => p with { Detail = [] })] };

    internal static HealthJson Live(CameraRoster roster, Recordings recordings, NodeLog log, OwnWitness witness, WitnessRounds rounds, LinkKey link, CameraFile file, AnalysisFeeds analysis, Certificates certificates)
    {
        var archive = recordings.Archive.Status();
        HealthPartJson[] parts =
        [
            Part("cameras", HealthStateJson.Degraded, roster.Set.All.Select(c => (c, s: c.Status()))
                .Where(c => c.s.State is not (CameraState.Running or CameraState.Disabled)).Select(c => $"{c.c.Id} is {c.s.State.ToString().ToLowerInvariant()}: {c.s.Reason}")),
            Part("recording", HealthStateJson.Failed, archive.Recorders.Where(r => r.State == RecorderState.DiskFailed).Select(r => $"{r.Camera}: {r.Reason}")),
            Part("storage", HealthStateJson.Degraded,
                [.. recordings.Caretaker.Status.Volumes.Where(v => v.Level != StorageLevel.Ok).Select(v => $"{v.Name}: {v.Detail}"),
                    .. recordings.Caretaker.Status.Fault is { } trouble ? [$"Footage is neither removed nor moved: {trouble}"] : Array.Empty<string>()]),
            Part("store", HealthStateJson.Degraded, archive.StoreFault is { } fault ? [$"The index can't be written: {fault} Recording goes on."] : []),
            Part("log", HealthStateJson.Degraded,
                [.. log.Fault is { } unwritten ? [unwritten] : Array.Empty<string>(), .. witness.Forks,
                    .. rounds.States.Where(w => w.Fault is not null).Select(w => $"The witness {w.Witness.Key.Name} didn't sign: {w.Fault}")]),
            Part("links", HealthStateJson.Degraded, link.Fault is { } closed ? [closed] : []),
            Part("analysis", HealthStateJson.Degraded, analysis.Complaints()),
            Part("tls", HealthStateJson.Degraded, certificates.Complaints()),
            Part("configuration", HealthStateJson.Degraded,
                [.. file.State?.Errors.Select(e => e.ToString()) ?? [], .. file.State?.NeedsRestart == true ? ["Changed options wait for the node's next start."] : Array.Empty<string>()]),
        ];
        return new(parts.Max(p => p.State), parts);

        static HealthPartJson Part(string name, HealthStateJson bad, IEnumerable<string> detail)
        {
            string[] all = [.. detail];
            return new(name, all.Length == 0 ? HealthStateJson.Ok : bad, all);
        }
    }

    static async Task<JsonHttpResult<HealthJson>> ReadyAsync(
        CameraRoster roster, Recordings recordings, NodeLog log, OwnWitness witness, WitnessRounds rounds, LinkKey link, CameraFile file, AnalysisFeeds analysis, Certificates certificates, NodeDatabase database, Caller caller, CancellationToken stop)
    {
        var health = Live(roster, recordings, log, witness, rounds, link, file, analysis, certificates);
        try
        {
            await using var connection = await database.Source.OpenConnectionAsync(stop);
            await using var command = connection.CreateCommand();
            command.CommandText = "select 1";
            await command.ExecuteScalarAsync(stop);
        }
        catch (System.Data.Common.DbException fault)
        {
            health = new(HealthStateJson.Failed, [.. health.Parts, new("database", HealthStateJson.Failed, [fault.Message])]);
        }

        bool ready = health.Parts.All(p => p.State != HealthStateJson.Failed) && health.Parts.First(p => p.Name == "store").State == HealthStateJson.Ok;
        return TypedResults.Json(Shown(health, caller), statusCode: ready ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
    }

    /// <summary>Ties the meters to what they measure, once that is there.</summary>
    sealed class Observation(NodeMeters meters, MetricsText metrics, CameraRoster roster, Recordings recordings, AnalysisHost host, AnalysisFeeds feeds, OnvifLinks onvif, TimeProvider clock) : IHostedService
    {
        public Task StartAsync(CancellationToken stop)
        {
            _ = metrics;    // Made here, so that it hears of everything from the start.
            meters.Observe(roster.Set);
            meters.Observe(recordings, clock);
            meters.Observe(host, feeds);
            meters.Observe(onvif);
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken stop) => Task.CompletedTask;
    }
}
