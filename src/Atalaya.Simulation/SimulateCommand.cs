using System.Net.Sockets;
using System.Text.Json;
using Atalaya.Media;

namespace Atalaya.Simulation;

/// <summary>What <c>atalaya simulate</c> does.</summary>
public static class SimulateCommand
{
    static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    static readonly TimeSpan MotionEvery = TimeSpan.FromSeconds(20), MotionLength = TimeSpan.FromSeconds(4);

    /// <summary>
    /// Serves until <paramref name="stop"/>, printing the cameras' URLs when it is ready and counts at its end: as text, or as one JSON object each.
    /// </summary>
    /// <param name="onvif">First HTTP port of ONVIF devices, one for each camera of the options: found by search, turned, and reporting motion now and then; null: none.</param>
    /// <param name="control">Lines <c>camera=fault</c>, <c>camera=clear</c>, <c>status</c>; null: none.</param>
    /// <returns>0; 1 if it can't listen or read a file; 2 for options that make no sense. Either is printed.</returns>
    public static async Task<int> RunAsync(SimulatorOptions options, TextWriter output, CancellationToken stop, bool json = false, TextReader? control = null, int? onvif = null)
    {
        RtspSimulator simulator;
        try
        {
            simulator = await RtspSimulator.StartAsync(options, stop: stop);
        }
        catch (ArgumentException wrong)
        {
            await output.WriteLineAsync(wrong.Message);
            return 2;
        }
        catch (Exception wrong) when (wrong is SocketException or IOException)
        {
            await output.WriteLineAsync(wrong is SocketException ? $"Can't listen on {options.Address}:{options.Port}: {wrong.Message}." : wrong.Message);
            return 1;
        }

        await using (simulator)
        {
            var devices = new List<OnvifDevice>();
            try
            {
                if (onvif is { } first)
                    StartDevices(simulator, first, devices);
            }
            catch (SocketException wrong)
            {
                await output.WriteLineAsync($"Can't listen for ONVIF from port {onvif} on: {wrong.Message}.");
                await EndAsync(devices);
                return 1;
            }

            await PrintUrlsAsync(simulator, devices, output, json);
            // A read from the console blocks its thread, whatever it is called, and can't be interrupted: it is left behind and ends with the process.
            if (control is not null)
                _ = Task.Factory.StartNew(() => ObeyAsync(simulator, control, output, json, stop), stop, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var reporting = ReportMotionAsync(devices, stop);
            await using (stop.Register(() => stopped.TrySetResult()))
                await stopped.Task;
            await reporting;
            await EndAsync(devices);
            await PrintStatusAsync(simulator, output, json);
        }

        return 0;
    }

    static void StartDevices(RtspSimulator simulator, int port, List<OnvifDevice> devices)
    {
        foreach (var camera in simulator.Cameras)
        {
            var profiles = new List<OnvifDeviceProfile>();
            foreach (var stream in (StreamKind[])[StreamKind.Main, StreamKind.Sub])
            {
                if (camera.Clip(stream)?.Video?.Format is VideoFormat format)
                    profiles.Add(new(stream == StreamKind.Main ? "main" : "sub", stream == StreamKind.Main ? "Main stream" : "Sub-stream", format.Codec.ToString().ToUpperInvariant(), format.Width, format.Height, camera.Url(stream)));
            }

            devices.Add(OnvifDevice.Start(new()
            {
                Address = simulator.Options.Address,
                Port = port == 0 ? 0 : port + devices.Count,
                Name = camera.Name,
                Users = simulator.Options.Users,
                Profiles = profiles,
                Group = true,
            }));
        }
    }

    static async Task EndAsync(List<OnvifDevice> devices)
    {
        foreach (var device in devices)
            await device.DisposeAsync();
    }

    /// <summary>Motion that begins and ends, on one device after another, as at a quiet post.</summary>
    static async Task ReportMotionAsync(List<OnvifDevice> devices, CancellationToken stop)
    {
        if (devices.Count == 0)
            return;
        try
        {
            for (int turn = 0; ; turn++)
            {
                await Task.Delay(MotionEvery, TimeProvider.System, stop);
                var device = devices[turn % devices.Count];
                device.Emit("RuleEngine/CellMotionDetector/Motion", [("VideoSourceConfigurationToken", "configuration-source-1"), ("Rule", "Motion")], [("IsMotion", "true")]);
                await Task.Delay(MotionLength, TimeProvider.System, stop);
                device.Emit("RuleEngine/CellMotionDetector/Motion", [("VideoSourceConfigurationToken", "configuration-source-1"), ("Rule", "Motion")], [("IsMotion", "false")]);
            }
        }
        catch (OperationCanceledException)
        {
            // The end.
        }
    }

    static async Task PrintUrlsAsync(RtspSimulator simulator, IReadOnlyList<OnvifDevice> devices, TextWriter output, bool json)
    {
        var cameras = simulator.Cameras.Select(c => (c.Name, Main: c.Url(), Sub: c.HasSub ? c.Url(StreamKind.Sub) : null))
            .Concat(simulator.Options.Cameras.Where(c => c.Name.EndsWith("/*", StringComparison.Ordinal))
                .Select(c => (c.Name, Main: simulator.Url(c.Name), Sub: c.SubFile is null ? null : (string?)simulator.Url(c.Name, StreamKind.Sub))))
            .ToList();
        if (json)
        {
            await output.WriteLineAsync(JsonSerializer.Serialize(new { type = "ready", simulator.Port, cameras = cameras.Select(c => new { c.Name, c.Main, c.Sub }), onvif = devices.Select(d => new { d.Options.Name, Url = d.Url.AbsoluteUri }) }, Json));
        }
        else
        {
            foreach (var (name, main, sub) in cameras)
                await output.WriteLineAsync(sub is null ? $"{name}: {main}" : $"{name}: {main} and {sub}");
            foreach (var device in devices)
                await output.WriteLineAsync($"{device.Options.Name}: ONVIF at {device.Url}");
            await output.WriteLineAsync($"Serving on port {simulator.Port}. Ctrl+C ends it.");
        }

        await output.FlushAsync();
    }

    static async Task PrintStatusAsync(RtspSimulator simulator, TextWriter output, bool json)
    {
        var counts = simulator.Counts;
        if (json)
        {
            await output.WriteLineAsync(JsonSerializer.Serialize(
                new
                {
                    type = "status",
                    counts,
                    sessions = simulator.Sessions.Select(s => new
                    {
                        camera = s.Camera.Name,
                        stream = s.Stream.ToString().ToLowerInvariant(),
                        transport = s.IsUdp ? "udp" : "tcp",
                        started = s.Started.ToString(),
                        ended = s.Ended.IsCompletedSuccessfully ? s.Ended.GetAwaiter().GetResult().ToString() : null,
                        s.UserAgent,
                        s.Tracks,
                    }),
                }, Json));
        }
        else
        {
            await output.WriteLineAsync(
                $"{counts.Sessions} sessions, {counts.Packets} packets, {counts.Bytes >> 20} MiB sent; {counts.ClientsDropped} clients dropped that didn't read, {counts.TimedOut} timed out.");
        }

        await output.FlushAsync();
    }

    static async Task ObeyAsync(RtspSimulator simulator, TextReader control, TextWriter output, bool json, CancellationToken stop)
    {
        while (await control.ReadLineAsync(stop) is { } line)
        {
            line = line.Trim();
            if (line.Length == 0)
                continue;
            if (line == "status")
            {
                await PrintStatusAsync(simulator, output, json);
                continue;
            }

            try
            {
                if (line.EndsWith("=clear", StringComparison.Ordinal))
                {
                    simulator.Camera(line[..^"=clear".Length].Trim('/')).Clear();
                }
                else if (!ScheduledFault.TryParse(line, out var fault, out string problem))
                {
                    await output.WriteLineAsync(problem);
                    continue;
                }
                else
                {
                    simulator.Camera(fault!.Camera).Inject(fault.Fault);
                }

                await output.WriteLineAsync(json ? "{\"type\":\"done\"}" : "Done.");
            }
            catch (Exception wrong) when (wrong is KeyNotFoundException or InvalidDataException or IOException)
            {
                await output.WriteLineAsync(wrong.Message);
            }

            await output.FlushAsync(stop);
        }
    }
}
