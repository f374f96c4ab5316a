using System.CommandLine;
using System.Text.Json;

using Atalaya.Media.Rtsp;
using Atalaya.Node.Api;
using Atalaya.Node.Cameras;

namespace Atalaya.Node.Cli;

/// <summary><c>atalaya camera probe</c>: asks a camera what it offers.</summary>
static class CameraVerb
{
    public static Command Create()
    {
        var url = new Argument<string>("URL") { Description = "rtsp:// or rtsps://." };
        var user = new Option<string?>("--user") { Description = "User name; its password is asked for on a terminal.", HelpName = "NAME" };
        var password = PasswordArgument.Option();
        var transport = new Option<RtspTransport>("--transport") { Description = "tcp, udp or auto.", DefaultValueFactory = _ => RtspTransport.Auto };
        var json = new Option<bool>("--json") { Description = "Print JSON, as the API gives it." };
        var probe = new Command("probe", "Asks a camera what it offers. Exit code 1 if it can't be reached or offers nothing that can be recorded.") { url, user, password, transport, json };
        var options = new OptionArguments(probe, serves: false);
        probe.SetAction(async (parsed, stop) =>
        {
            if (options.Read(parsed, Console.Error) is not var (reading, _) || !PasswordArgument.TryRead(parsed.GetValue(password), out string? secret, Console.Error))
                return ExitCode.Usage;
            if (!RtspUrl.TryParse(parsed.GetRequiredValue(url), out var address, out string fault))
            {
                await Console.Error.WriteLineAsync($"atalaya: {fault}");
                return ExitCode.Usage;
            }

            string? userName = parsed.GetValue(user) ?? address.UserName;
            secret ??= parsed.GetValue(user) is { } name ? PasswordArgument.Ask(name) : address.Password;
            try
            {
                var result = await CameraProbe.RunAsync(address, userName, secret, parsed.GetValue(transport), null, reading.Options.Rtsp, TimeProvider.System, stop);
                Print(result, parsed.GetValue(json));
                return result.Tracks.Any(t => t is { Kind: "video", Supported: true }) ? ExitCode.Done : ExitCode.Failed;
            }
            catch (RtspException wrong)
            {
                if (parsed.GetValue(json))
                    Console.Out.WriteLine(JsonSerializer.Serialize(new { kind = CameraProbe.Word(wrong.Kind), detail = wrong.Message }));
                else
                    await Console.Error.WriteLineAsync($"atalaya: {wrong.Message}");
                return ExitCode.Failed;
            }
        });
        return new Command("camera", "Works with one camera.") { probe };
    }

    static void Print(ProbeJson result, bool json)
    {
        if (json)
        {
            var options = new JsonSerializerOptions(JsonSerializerDefaults.Web) { WriteIndented = true };
            ApiDocument.Json(options);
            Console.Out.WriteLine(JsonSerializer.Serialize(result, options));
            return;
        }

        Console.Out.WriteLine($"{result.Url} answered in {result.ElapsedMs} ms.");
        foreach (var track in result.Tracks)
        {
            string size = track.Width is null ? "" : $" {track.Width}×{track.Height}";
            string codec = track.CodecString is null ? "" : $" ({track.CodecString})";
            Console.Out.WriteLine($"  {track.Kind} {track.Encoding}{codec}{size}{(track.Supported ? "" : $": not recorded. {track.Reason}")}");
        }
    }
}
