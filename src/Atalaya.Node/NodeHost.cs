using Atalaya.Node.Alarms;
using Atalaya.Node.Analysis;
using Atalaya.Node.Api;
using Atalaya.Node.Approvals;
using Atalaya.Node.Cameras;
using Atalaya.Node.Checks;
using Atalaya.Node.Configuration;
using Atalaya.Node.Events;
using Atalaya.Node.Evidence;
using Atalaya.Node.Exports;
using Atalaya.Node.Federation.Agreements;
using Atalaya.Node.Federation.Grants;
using Atalaya.Node.Federation.Centre;
using Atalaya.Node.Federation.Links;
using Atalaya.Node.Federation.Operations;
using Atalaya.Node.Federation.Reports;
using Atalaya.Node.Federation.Requests;
using Atalaya.Node.Footage;
using Atalaya.Node.Health;
using Atalaya.Node.Identity;
using Atalaya.Node.Incidents;
using Atalaya.Node.Layouts;
using Atalaya.Node.Live;
using Atalaya.Node.Map;
using Atalaya.Node.Masks;
using Atalaya.Node.Notifications;
using Atalaya.Node.Options;
using Atalaya.Node.Oversight;
using Atalaya.Node.Packages;
using Atalaya.Node.Playback;
using Atalaya.Node.Previews;
using Atalaya.Node.Redactions;
using Atalaya.Node.Releases;
using Atalaya.Node.Scene;
using Atalaya.Node.Security;
using Atalaya.Node.Site;
using Atalaya.Node.Storage;
using Atalaya.Node.Store;
using Atalaya.Node.Tracks;

using Microsoft.Extensions.Logging.Console;

namespace Atalaya.Node;

/// <summary>Puts the features together into one application. What each needs and serves it says itself.</summary>
static class NodeHost
{
    /// <param name="reading">Options and cameras, without errors.</param>
    /// <param name="source">Where they came from, to read the cameras again.</param>
    /// <param name="logging">For tests: what to add to the log.</param>
    public static WebApplication Build(OptionsReading reading, OptionsSource source, TimeProvider clock, Action<ILoggingBuilder>? logging = null)
    {
        var options = reading.Options;
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "atalaya" });
        AddLog(builder.Logging, options.Log);
        logging?.Invoke(builder.Logging);
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(k => k.Limit(options.Requests));
        // Long enough to close every open segment on a slow disk; systemd waits 90 s.
        builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = TimeSpan.FromSeconds(30));
        builder.Services
            .AddRouting()
            .AddSingleton(clock)
            .AddSingleton(options)
            .AddSingleton(source)
            .AddSingleton(reading.Cameras)
            .AddProblems()
            .AddApi()
            // Started in this order and stopped against it: the database outlives the archive, the archive the cameras, the cameras the viewers.
            .AddStore()
            .AddTls()
            .AddIdentityOfNode()
            .AddOversight()
            .AddApprovals()
            .AddScene()
            .AddRecordings()
            .AddLinks()
            .AddEvidence()
            .AddSignatures()
            .AddAgreements()
            .AddRequests()
            .AddMasks()
            .AddCameras()
            .AddAnalysis()
            .AddTracks()
            .AddReanalyses()
            .AddAlarms()
            .AddHealth()
            .AddPreviews()
            .AddExports()
            .AddRedactions()
            .AddPackages()
            .AddReleases()
            .AddShares()
            .AddOperations()
            .AddEvaluation()
            .AddChecks()
            .AddConfigurations()
            .AddMap()
            .AddLayouts()
            .AddLive()
            .AddEvents()
            .AddAlarmFeed()
            .AddCentre();

        var app = builder.Build();
        app.UseMiddleware<LinkGuard>();
        app.UseWhen(http => http.Features.Get<LinkConnection>() is null, page => page.UseMiddleware<RequestGuard>());
        app.UseExceptionHandler();
        app.UseStatusCodePages();
        app.UseWebSockets();
        app.UseMiddleware<Http2WebSockets>();
        app.UsePageFiles(options.Web);
        app.UseRouting();
        app.UseMiddleware<Gate>();
        app.UseMiddleware<Deeds>();
        app.MapOpenApi().SignedIn().DisableHttpMetrics();
        app.MapIdentity();
        app.MapOversight();
        app.MapApprovals();
        app.MapSite(options.Name, clock);
        app.MapCameras();
        app.MapCameraControl();
        app.MapScene();
        app.MapAlarms();
        app.MapAlarmPolicy();
        app.MapIncidents();
        app.MapHandOver();
        app.MapNotifications();
        app.MapPush();
        app.MapAnalysis();
        app.MapRules();
        app.MapMasks();
        app.MapTracks();
        app.MapReanalyses();
        app.MapMap();
        app.MapLayouts();
        app.MapLive();
        app.MapPlayback();
        app.MapPreviews();
        app.MapEvidence();
        app.MapSignatures();
        app.MapLinks();
        app.MapAgreements();
        app.MapRequests();
        app.MapOperations();
        app.MapEvaluation();
        app.MapStorage();
        app.MapExports();
        app.MapRedactions();
        app.MapPackages();
        app.MapPackageViewer();
        app.MapReleases();
        app.MapShares();
        app.MapChecks();
        app.MapConfiguration();
        app.MapEvents();
        app.MapCentre();
        app.MapHealth();
        app.MapPage(options.Web);
        Publish(app);
        return app;
    }

    // Makes the endpoints known before the server starts, so that the API document can be written without one.
    static void Publish(IApplicationBuilder app) => app.UseEndpoints(_ => { });

    /// <summary>Standard error, so that standard output holds the address alone.</summary>
    static void AddLog(ILoggingBuilder logging, LogOptions options)
    {
        logging.SetMinimumLevel(options.Level)
            .AddFilter("Microsoft", LogLevel.Warning)
            .AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None)    // A start that fails: ServeVerb says it in one line.
            .AddFilter("Microsoft.AspNetCore.Diagnostics.ExceptionHandlerMiddleware", LogLevel.None)  // Our handler logs what is ours, once.
            .Services.Configure<ConsoleLoggerOptions>(o => o.LogToStandardErrorThreshold = LogLevel.Trace);
        if (options.Format == LogFormat.Json)
        {
            logging.AddJsonConsole(o =>
            {
                o.UseUtcTimestamp = true;
                o.TimestampFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";
            });
        }
        else
        {
            logging.AddSimpleConsole(o =>
            {
                o.SingleLine = true;
                o.UseUtcTimestamp = true;
                o.TimestampFormat = "HH:mm:ss.fff ";
            });
        }
    }
}
