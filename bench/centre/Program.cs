using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

using Atalaya.CentreBench;
using Atalaya.Evidence;

// What a site costs its centre: one real node in a process of its own, and sites that speak the real link to it from here.
int sites = 100, cameras = 35, seconds = 45;
double perCamera = 60;       // alarms a camera and hour
for (int i = 0; i + 1 < args.Length; i += 2)
{
    switch (args[i])
    {
        case "--sites":
            sites = int.Parse(args[i + 1], CultureInfo.InvariantCulture);
            break;
        case "--cameras":
            cameras = int.Parse(args[i + 1], CultureInfo.InvariantCulture);
            break;
        case "--seconds":
            seconds = int.Parse(args[i + 1], CultureInfo.InvariantCulture);
            break;
        case "--alarms":
            perCamera = double.Parse(args[i + 1], CultureInfo.InvariantCulture);
            break;
        default:
            Console.Error.WriteLine("Usage: [--sites 100] [--cameras 35] [--seconds 45] [--alarms 60, of a camera and hour]");
            return 2;
    }
}

string atalaya = Path.Combine(AppContext.BaseDirectory, "../../../../../src/Atalaya.Node/bin/Release/net10.0/atalaya");
string folder = Directory.CreateTempSubdirectory("atalaya-centre-").FullName;
string config = Path.Combine(folder, "atalaya.yaml");
int page = FreePort(), link = FreePort();
await File.WriteAllTextAsync(config, $"name: Centre\nlisten: \"127.0.0.1:{page}\"\ndata: \"{folder}/data\"\nfederation: {{ organisation: Guardia, listen: [\"127.0.0.1:{link}\"] }}\n");
await RunAsync("user", "add", "bench", "--config", config);
string token = (await RunAsync("token", "create", "bench", "--config", config)).Trim();
using var centre = Start("serve", "--config", config);
var drained = centre.StandardOutput.ReadToEndAsync();
var told = centre.StandardError.ReadToEndAsync();
var peers = new List<Site>();
try
{
    using var http = new HttpClient { BaseAddress = new($"http://127.0.0.1:{page}"), DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", token) } };
    var card = await AnswerAsync();
    if (!Digest.TryParse(Convert.ToBase64String(Convert.FromHexString((string)card["pin"]!)), out var pin))
        throw new InvalidDataException("The centre's key can't be read.");
    long alone = Memory();
    var joining = Stopwatch.StartNew();
    for (int n = 1; n <= sites; n++)
    {
        var site = new Site(n, cameras, link);
        peers.Add(site);
        await site.JoinAsync(http, pin);
    }

    Console.WriteLine($"{sites} sites joined in {joining.Elapsed.TotalSeconds:0} s.");
    using var stop = new CancellationTokenSource();
    double alarms = perCamera * cameras / 3600;
    var running = peers.Select(p => p.RunAsync(alarms, TimeSpan.FromSeconds(5), stop.Token)).ToList();
    // Cameras and first states go over, and every alarm of this minute finds its place.
    await Task.WhenAny(Task.WhenAny(running), Task.Delay(TimeSpan.FromSeconds(15), TimeProvider.System));
    var (cpu, from) = (Cpu(), Stopwatch.GetTimestamp());
    var (batches, changes, bytes, stored) = (peers.Sum(p => p.Batches), peers.Sum(p => p.Alarms), peers.Sum(p => p.Bytes), Stored());
    await Task.WhenAny(Task.WhenAny(running), Task.Delay(TimeSpan.FromSeconds(seconds), TimeProvider.System));
    double took = Stopwatch.GetElapsedTime(from).TotalSeconds;
    double used = (Cpu() - cpu).TotalSeconds;
    long memory = Memory();
    if (running.FirstOrDefault(r => r.IsCompleted) is { } ended)
        await ended;        // Says why.
    await stop.CancelAsync();
    await Task.WhenAll(running.Select(r => r.ContinueWith(_ => { }, TaskScheduler.Default)));
    (batches, changes, bytes) = (peers.Sum(p => p.Batches) - batches, peers.Sum(p => p.Alarms) - changes, peers.Sum(p => p.Bytes) - bytes);

    int known = (await http.GetFromJsonAsync<JsonArray>("/api/sites"))!.Count(s => s!["report"] is not null);
    int seen = (await http.GetFromJsonAsync<JsonArray>("/api/sites/cameras"))!.Count;
    if (known != sites || seen != sites * cameras)
        throw new InvalidDataException($"The centre knows {known} sites and {seen} cameras.");
    Console.WriteLine($"{sites} sites × {cameras} cameras for {took:0} s: {batches} batches, {changes} states of alarms ({changes / took:0.0} a second), each confirmed.");
    Console.WriteLine($"centre, processor: {used / took * 100:0.0} % of one, {used / took / sites * 1000:0.00} ms a second and site");
    Console.WriteLine($"centre, memory: {memory / 1048576.0:0} MiB resident, {alone / 1048576.0:0} MiB without sites: {(memory - alone) / 1024.0 / sites:0} KiB a site");
    Console.WriteLine($"database: {Stored() / 1048576.0:0.0} MiB after all, {(Stored() - stored) / Math.Max(1.0, changes):0} bytes a state of an alarm");
    Console.WriteLine($"messages: {bytes / took / sites:0} bytes a second and site, without TLS and HTTP");
    return 0;
}
finally
{
    foreach (var peer in peers)
        peer.Dispose();
    if (!centre.HasExited)
        centre.Kill();
    await centre.WaitForExitAsync();
    await Task.WhenAll(drained, told);
    Directory.Delete(folder, recursive: true);
}

async Task<JsonNode> AnswerAsync()
{
    using var http = new HttpClient { BaseAddress = new($"http://127.0.0.1:{page}"), DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", token) } };
    for (int tries = 0; ; tries++)
    {
        try
        {
            return (await http.GetFromJsonAsync<JsonNode>("/api/links/self"))!;
        }
        catch (HttpRequestException) when (tries < 100 && !centre.HasExited)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System);
        }
    }
}

TimeSpan Cpu()
{
    centre.Refresh();
    return centre.TotalProcessorTime;
}

long Memory()
{
    centre.Refresh();
    return centre.WorkingSet64;
}

long Stored() => new DirectoryInfo(Path.Combine(folder, "data")).EnumerateFiles("*.db*", SearchOption.AllDirectories).Sum(f => f.Length);

Process Start(params string[] words) => Process.Start(new ProcessStartInfo(atalaya, words) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true }) ?? throw new InvalidOperationException($"{atalaya} can't be started.");

async Task<string> RunAsync(params string[] words)
{
    using var process = Start(words);
    var errors = process.StandardError.ReadToEndAsync();
    string output = await process.StandardOutput.ReadToEndAsync();
    await process.WaitForExitAsync();
    return process.ExitCode == 0 ? output : throw new InvalidOperationException($"atalaya {words[0]}: {await errors}");
}

static int FreePort()
{
    using var socket = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
    socket.Start();
    return ((System.Net.IPEndPoint)socket.LocalEndpoint).Port;
}
