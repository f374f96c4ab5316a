using System.CommandLine;

namespace Atalaya.Node.Cli;

static class CommandLine
{
    public static Task<int> RunAsync(string[] args)
    {
        var root = new RootCommand("Video security for a site: records every camera, shows it live, proves what was recorded.");
        var openApi = new Command("openapi", "Writes the OpenAPI document of the node's API.") { Hidden = true };
        openApi.SetAction(async (_, stop) =>
        {
            await using var app = NodeHost.Build();
            await Console.Out.WriteAsync(await Api.ApiDocument.TextAsync(app.Services, stop));
        });
        root.Subcommands.Add(openApi);
        return root.Parse(args).InvokeAsync();
    }
}
