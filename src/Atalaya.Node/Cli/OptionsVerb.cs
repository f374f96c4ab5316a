using System.CommandLine;
using System.Text.Json;

using Atalaya.Node.Api;
using Atalaya.Node.Identity;
using Atalaya.Node.Options;

namespace Atalaya.Node.Cli;

/// <summary><c>atalaya options</c>: what can be set, with reasons.</summary>
static class OptionsVerb
{
    public static Command Create()
    {
        var markdown = new Option<bool>("--markdown") { Description = "As ref/options.md has it." };
        var json = new Option<bool>("--json") { Description = "As JSON." };
        var command = new Command("options", "Lists every option with its default, its range and its reason.") { markdown, json };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(json))
            {
                Console.Out.WriteLine(JsonSerializer.Serialize(
                    OptionReader.Entries(typeof(NodeOptions)).Select(e => new
                    {
                        key = e.Key,
                        kind = OptionText.TypeName(e.ValueType),
                        list = e.IsList,
                        @default = OptionText.Format(e.Default),
                        min = e.About.Min,
                        max = e.About.Max,
                        reason = e.About.Reason,
                    }),
                    Json.Options));
            }
            else
            {
                Console.Out.Write(parsed.GetValue(markdown) ? OptionsDocument.Markdown() : OptionsDocument.Plain());
            }

            return ExitCode.Done;
        });
        return command;
    }

    public static Command CreatePermissions()
    {
        var command = new Command("permissions", "Writes permissions, roles and what each endpoint demands, as ref/permissions.md has them.") { Hidden = true };
        command.SetAction(async (_, stop) =>
        {
            var source = new OptionsSource(null, new Dictionary<string, string>(), []);
            await using var app = NodeHost.Build(source.Read(), source, TimeProvider.System);
            await Console.Out.WriteAsync(PermissionsDocument.Markdown(app.Services.GetRequiredService<EndpointDataSource>().Endpoints).AsMemory(), stop);
            return ExitCode.Done;
        });
        return command;
    }

    public static Command CreateOpenApi()
    {
        var command = new Command("openapi", "Writes the OpenAPI document of the node's API, as ref/openapi.json has it.") { Hidden = true };
        command.SetAction(async (_, stop) =>
        {
            var source = new OptionsSource(null, new Dictionary<string, string>(), []);
            await using var app = NodeHost.Build(source.Read(), source, TimeProvider.System);
            await Console.Out.WriteAsync(await ApiDocument.TextAsync(app.Services, stop));
            return ExitCode.Done;
        });
        return command;
    }
}
