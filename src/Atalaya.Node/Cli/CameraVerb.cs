using System.CommandLine;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;

using Atalaya.Cameras.Onvif;
using Atalaya.Media.Rtsp;
using Atalaya.Node.Api;
using Atalaya.Node.Cameras;

namespace Atalaya.Node.Cli;

/// <summary><c>atalaya camera</c>: finds cameras and asks them what they offer, over RTSP or ONVIF.</summary>
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
        return new Command("camera", "Finds cameras and asks them what they offer.") { probe, CreateDiscover(), CreateOnvif() };
    }

    static Command CreateDiscover()
    {
        var only = new Argument<string?>("ADDRESS") { Description = "Ask this one IP address, without multicast. Default: everyone on this machine's networks.", Arity = ArgumentArity.ZeroOrOne };
        var seconds = new Option<int>("--timeout") { Description = $"Seconds to await answers, {OnvifProbe.ShortestSearch} to {OnvifProbe.LongestSearch}.", DefaultValueFactory = _ => OnvifProbe.UsualSearch, HelpName = "SECONDS" };
        var json = new Option<bool>("--json") { Description = "Print JSON, as the API gives it." };
        var discover = new Command("discover", "Searches the networks for devices that speak ONVIF. Exit code 1 if none answers.") { only, seconds, json };
        var options = new OptionArguments(discover, serves: false);
        discover.SetAction(async (parsed, stop) =>
        {
            if (options.Read(parsed, Console.Error) is not var (reading, _))
                return ExitCode.Usage;
            IPAddress? address = null;
            if (parsed.GetValue(only) is { } text && !IPAddress.TryParse(text, out address))
            {
                await Console.Error.WriteLineAsync("atalaya: the address to ask must be an IP address.");
                return ExitCode.Usage;
            }

            if (parsed.GetValue(seconds) is < OnvifProbe.ShortestSearch or > OnvifProbe.LongestSearch)
            {
                await Console.Error.WriteLineAsync($"atalaya: --timeout must lie between {OnvifProbe.ShortestSearch} and {OnvifProbe.LongestSearch}.");
                return ExitCode.Usage;
            }

            try
            {
                var found = await OnvifProbe.FindAsync(address, TimeSpan.FromSeconds(parsed.GetValue(seconds)), reading.Options.Rtsp, TimeProvider.System, stop);
                if (parsed.GetValue(json))
                    PrintJson(found);
                foreach (var device in parsed.GetValue(json) ? [] : found)
                    Console.Out.WriteLine($"{device.Address}  {device.Name}  {device.Hardware}  {device.Xaddr}");
                if (found.Count == 0)
                    await Console.Error.WriteLineAsync("atalaya: no device answered. Multicast doesn't cross routers: name the address of one that is elsewhere.");
                return found.Count > 0 ? ExitCode.Done : ExitCode.Failed;
            }
            catch (SocketException wrong)
            {
                await Console.Error.WriteLineAsync($"atalaya: no network could be searched: {wrong.Message}");
                return ExitCode.Failed;
            }
        });
        return discover;
    }

    static Command CreateOnvif()
    {
        var host = new Argument<string>("HOST") { Description = "Host, host:port, or the http(s):// address of the device's ONVIF service." };
        var user = new Option<string?>("--user") { Description = "User name; its password is asked for on a terminal.", HelpName = "NAME" };
        var password = PasswordArgument.Option();
        var json = new Option<bool>("--json") { Description = "Print JSON, as the API gives it." };
        var onvif = new Command("onvif", "Asks a device over ONVIF for its streams, and proposes which to use. Exit code 1 if it can't be used.") { host, user, password, json };
        var options = new OptionArguments(onvif, serves: false);
        onvif.SetAction(async (parsed, stop) =>
        {
            if (options.Read(parsed, Console.Error) is not var (reading, _) || !PasswordArgument.TryRead(parsed.GetValue(password), out string? secret, Console.Error))
                return ExitCode.Usage;
            if (!OnvifAddress.TryParse(parsed.GetRequiredValue(host), out var device, out string fault))
            {
                await Console.Error.WriteLineAsync($"atalaya: {fault}");
                return ExitCode.Usage;
            }

            if (parsed.GetValue(user) is { } name)
                secret ??= PasswordArgument.Ask(name);
            try
            {
                var result = await OnvifProbe.RunAsync(
                    device, parsed.GetValue(user), secret, null, reading.Options.Rtsp, TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance, stop);
                if (parsed.GetValue(json))
                    PrintJson(result);
                else
                    Print(result);
                return result.Proposal.Main is null ? ExitCode.Failed : ExitCode.Done;
            }
            catch (OnvifException wrong)
            {
                if (parsed.GetValue(json))
                    Console.Out.WriteLine(JsonSerializer.Serialize(new { kind = OnvifProbe.Word(wrong.Kind), detail = wrong.Message }));
                else
                    await Console.Error.WriteLineAsync($"atalaya: {wrong.Message}");
                return ExitCode.Failed;
            }
        });
        return onvif;
    }

    static void Print(OnvifJson result)
    {
        Console.Out.WriteLine($"{result.Device.Manufacturer} {result.Device.Model}, firmware {result.Device.Firmware}, serial number {result.Device.SerialNumber}");
        if (result.ClockOffsetSeconds is { } offset && Math.Abs(offset) > 2)
            Console.Out.WriteLine($"  Its clock is {Math.Abs(offset)} s {(offset < 0 ? "behind" : "ahead")}.");
        foreach (var profile in result.Profiles)
            Console.Out.WriteLine($"  {profile.Name}: {profile.Encoding ?? "no video"} {profile.Width}×{profile.Height} {profile.Fps} fps {profile.Kbps} kbit/s  {profile.Url}");
        Console.Out.WriteLine($"main: {result.Proposal.Main ?? "none"}");
        Console.Out.WriteLine($"sub:  {result.Proposal.Sub ?? "none"}");
        Console.Out.WriteLine(result.Proposal.Reason);
    }

    static void PrintJson<T>(T result)
    {
        var options = new JsonSerializerOptions(JsonSerializerDefaults.Web) { WriteIndented = true };
        ApiDocument.Json(options);
        Console.Out.WriteLine(JsonSerializer.Serialize(result, options));
    }

    static void Print(ProbeJson result, bool json)
    {
        if (json)
        {
            PrintJson(result);
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
