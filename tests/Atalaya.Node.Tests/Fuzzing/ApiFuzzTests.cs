using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;

namespace Atalaya.Node.Tests.Fuzzing;

/// <summary>The API as somebody meets it who wants to break it: every operation of its own document, sent what it doesn't expect.</summary>
public sealed class ApiFuzzTests(ITestOutputHelper report)
{
    /// <summary>What no answer may hold: how the program is made, and where it is.</summary>
    static readonly string[] Traces = ["   at ", ".cs:line", "System.", "Microsoft.", "Exception", "Npgsql", "SQLite", "/src/Atalaya"];

    const string Broken = "the connection broke";

    /// <summary>No more than this in one run, whatever is sent: buffers of a few requests at once, not what they say.</summary>
    const long MayGrow = 256L << 20;

    /// <summary>1,500 here; `make fuzz-api` sends 50,000 (ATALAYA_FUZZ_REQUESTS, ATALAYA_FUZZ_SEED).</summary>
    [Fact]
    public async Task Whatever_is_sent_the_answer_is_an_answer_and_tells_nothing_of_the_inside()
    {
        int count = int.Parse(Environment.GetEnvironmentVariable("ATALAYA_FUZZ_REQUESTS") ?? "1500", CultureInfo.InvariantCulture);
        int seed = int.Parse(Environment.GetEnvironmentVariable("ATALAYA_FUZZ_SEED") ?? "1", CultureInfo.InvariantCulture);
        report.WriteLine($"ATALAYA_FUZZ_SEED={seed} ATALAYA_FUZZ_REQUESTS={count}");
        // Cameras may only be at this machine's own closed ports: what is probed answers at once.
        await using var node = await TestNode.StartAsync(
            "{ rtsp: { allowedNetworks: [127.0.0.1/32] }, cameras: [{ id: gate, main: 'rtsp://user:geheim@127.0.0.1:9/x', enabled: false }, { id: fence, main: 'rtsp://127.0.0.1:9/y', enabled: false }] }");
        var document = (JsonObject)await node.GetAsync("/openapi/v1.json");
        var requests = new ApiRequests(document, new Random(seed), ["gate", "gate", "gate", "fence", "nobody"]);
        requests.Operations.Count.ShouldBeGreaterThan(40);
        var statuses = new SortedDictionary<int, int>();
        var findings = new List<string>();
        // Every fourth comes from somebody who hasn't signed in.
        using var nobody = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { Timeout = TimeSpan.FromSeconds(30) };
        GC.Collect();
        long before = GC.GetTotalMemory(forceFullCollection: true);
        for (int i = 0; i < count && findings.Count < 10; i++)
        {
            var request = requests.Next(requests.Operations[i % requests.Operations.Count]);
            // Again, as on a line that the server closed behind an earlier request that was too large.
            var http = i % 4 == 3 ? nobody : node.Http;
            if (await FaultAsync(node, http, request, statuses) is { } fault && (fault != Broken || await FaultAsync(node, http, request, statuses) is not null))
                findings.Add($"{fault}\n  {request}");
        }

        report.WriteLine(string.Join(", ", statuses.Select(s => $"{s.Key}: {s.Value}")));
        findings.ShouldBeEmpty(string.Join('\n', findings));
        (GC.GetTotalMemory(forceFullCollection: true) - before).ShouldBeLessThan(MayGrow);
        // It is still whole, and its log names no fault of its own.
        ((string)(await node.GetAsync("/health"))["state"]!).ShouldNotBe("failed");
        node.Log.Split('\n').Where(l => l.StartsWith("Error Atalaya.Node.Api", StringComparison.Ordinal)).ShouldBeEmpty();
        statuses.Keys.Count(s => s is >= 200 and < 300).ShouldBeGreaterThan(1, "some requests must come through, or nothing behind the first check was met");
    }

    static async Task<string?> FaultAsync(TestNode node, HttpClient http, ApiRequest request, SortedDictionary<int, int> statuses)
    {
        using var message = new HttpRequestMessage(new(request.Method), new Uri($"{node.Address.GetLeftPart(UriPartial.Authority)}{request.Target}", new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));
        if (request.Body is { } body)
        {
            message.Content = new ByteArrayContent(body);
            if (request.ContentType is { } type && !message.Content.Headers.TryAddWithoutValidation("Content-Type", type))
                message.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        }

        foreach (var (name, value) in request.Headers)
            message.Headers.TryAddWithoutValidation(name, value);
        try
        {
            using var response = await http.SendAsync(message, TestNode.Stop);
            int status = (int)response.StatusCode;
            statuses[status] = statuses.GetValueOrDefault(status) + 1;
            string text = await response.Content.ReadAsStringAsync(TestNode.Stop);
            if (status >= 500 && !(status == 503 && request.Operation.Declares(503)))
                return $"{status}: {text}";
            // What isn't HTTP the server refuses before the node sees it, and without a word.
            bool seen = response.Headers.Contains("X-Frame-Options");
            if (status >= 400 && seen && request.Method != "HEAD" && response.Content.Headers.ContentType?.MediaType != "application/problem+json")
                return $"{status} without a problem: '{text}'";
            // What the request said may come back.
            string ours = text;
            // Where the disks are mounted is what this one is for.
            bool mayName = request.Operation.Path == "/api/storage";
            if (Array.Find(Traces, t => ours.Contains(t, StringComparison.Ordinal) && !request.ToString().Contains(t, StringComparison.Ordinal)) is { } trace)
                return $"{status} says '{trace}': {text[..Math.Min(text.Length, 1000)]}";
            return text.Contains("geheim", StringComparison.Ordinal) || (!mayName && text.Contains(node.Folder, StringComparison.Ordinal)) ? $"{status} discloses: {text}" : null;
        }
        catch (TaskCanceledException) when (!TestNode.Stop.IsCancellationRequested)
        {
            return "no answer in time";
        }
        catch (HttpRequestException)
        {
            // A body that is too large is refused before it has been read; the server then closes.
            return request.Body is { Length: > 64 << 10 } ? null : Broken;
        }
    }
}
