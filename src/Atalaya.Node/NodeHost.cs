using Atalaya.Node.Api;
using Atalaya.Node.Cameras;
using Atalaya.Node.Exports;
using Atalaya.Node.Playback;
using Atalaya.Node.Site;

namespace Atalaya.Node;

/// <summary>Puts the features together into one application.</summary>
static class NodeHost
{
    public static WebApplication Build()
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ApplicationName = "atalaya" });
        builder.Services.AddSingleton(TimeProvider.System).AddProblems().AddApi();
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.UseExceptionHandler();
        app.UseStatusCodePages();
        app.UseRouting();
        app.MapOpenApi();
        app.MapSite("site", TimeProvider.System);
        app.MapCameras();
        app.MapPlayback();
        app.MapExports();
        Publish(app);
        return app;
    }

    // Makes the endpoints known before the server starts, so that the API document can be written without one.
    static void Publish(IApplicationBuilder app) => app.UseEndpoints(_ => { });
}
