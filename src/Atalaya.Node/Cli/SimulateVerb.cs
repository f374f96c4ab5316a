using System.CommandLine;
using System.Net;

using Atalaya.Simulation;

namespace Atalaya.Node.Cli;

/// <summary><c>atalaya simulate</c>: its arguments; <see cref="SimulateCommand"/> does the work.</summary>
static class SimulateVerb
{
    public static Command Create()
    {
        var defaults = new SimulatorOptions();
        var cameras = new Argument<string[]>("CAMERA") { Description = "name=file or name=file;sub=file, as in gate=clip.mp4 or camera/*=clip.mp4.", Arity = ArgumentArity.OneOrMore };
        var address = new Option<string>("--address") { Description = "Address to listen on.", DefaultValueFactory = _ => defaults.Address.ToString() };
        var port = new Option<int>("--port") { Description = "0: any free one.", DefaultValueFactory = _ => defaults.Port };
        var users = new Option<string[]>("--user") { Description = "Ask for credentials and accept these; may be given more than once.", HelpName = "NAME:PASSWORD" };
        var transport = new Option<SimulatorTransports>("--transport") { Description = "What is allowed: tcp, udp or both.", DefaultValueFactory = _ => defaults.Transports };
        var start = new Option<LoopStart>("--start") { Description = "Where a viewer comes in: wallClock, beginning or spread.", DefaultValueFactory = _ => defaults.Start };
        var mtu = new Option<int>("--mtu") { Description = "Largest RTP packet in bytes.", DefaultValueFactory = _ => defaults.Mtu };
        var tls = new Option<bool>("--tls") { Description = "rtsps:// with a certificate made at the start." };
        var onvif = new Option<int?>("--onvif") { Description = "Each camera is an ONVIF device as well: found by search, turned, and reporting motion now and then. The first one's HTTP port; the others follow. 0: any free ones.", HelpName = "PORT" };
        var faults = new Option<string[]>("--fault") { Description = "camera=kind[:value][@start][+duration], as in gate=stall:10s@30s; may be given more than once.", HelpName = "FAULT" };
        var control = new Option<bool>("--control") { Description = "Read faults from standard input while it runs: camera=fault, camera=clear, status." };
        var json = new Option<bool>("--json") { Description = "Print addresses and counts as JSON, one object a line." };
        var command = new Command("simulate", "Serves files as RTSP cameras, over and over: to try things out, and to test.")
            { cameras, address, port, users, transport, start, mtu, tls, onvif, faults, control, json };
        command.SetAction(async (parsed, stop) =>
        {
            var wrong = new List<string>();
            var sources = new List<CameraSource>();
            foreach (string text in parsed.GetValue(cameras) ?? [])
            {
                if (CameraSource.TryParse(text, out var source, out string fault))
                    sources.Add(source!);
                else
                    wrong.Add(fault);
            }

            var scheduled = new List<ScheduledFault>();
            foreach (string text in parsed.GetValue(faults) ?? [])
            {
                if (ScheduledFault.TryParse(text, out var fault, out string problem))
                    scheduled.Add(fault!);
                else
                    wrong.Add(problem);
            }

            var credentials = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (string text in parsed.GetValue(users) ?? [])
            {
                string[] parts = text.Split(':', 2);
                if (parts.Length < 2 || parts[0].Length == 0)
                    wrong.Add("--user takes NAME:PASSWORD.");
                else
                    credentials[parts[0]] = parts[1];
            }

            if (!IPAddress.TryParse(parsed.GetValue(address), out var ip))
                wrong.Add($"'{parsed.GetValue(address)}' is no IP address.");
            foreach (string fault in wrong)
                await Console.Error.WriteLineAsync($"atalaya: {fault}");
            if (wrong.Count > 0)
                return ExitCode.Usage;
            return await SimulateCommand.RunAsync(
                new()
                {
                    Address = ip!,
                    Port = parsed.GetValue(port),
                    Cameras = sources,
                    Users = credentials,
                    Transports = parsed.GetValue(transport),
                    Start = parsed.GetValue(start),
                    Mtu = parsed.GetValue(mtu),
                    Tls = parsed.GetValue(tls),
                    Faults = scheduled,
                },
                Console.Out, stop, parsed.GetValue(json), parsed.GetValue(control) ? Console.In : null, parsed.GetValue(onvif));
        });
        return command;
    }
}
