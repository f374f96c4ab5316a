using System.Globalization;
using System.Net;
using System.Text;

using Atalaya.Evidence;
using Atalaya.Node.Federation.Links;
using Atalaya.Node.Options;

namespace Atalaya.Node.Evidence;

/// <summary>How asking one witness goes.</summary>
/// <param name="Size">Leaves that it signed last.</param>
/// <param name="Fault">Why it didn't sign when it was asked last, a sentence; null: it did, or wasn't asked yet.</param>
/// <param name="Contradicts">It knows another history of this log than the one that is here.</param>
sealed record WitnessState(WitnessAddress Witness, long Size, DateTimeOffset? SignedAt, string? Fault, bool Contradicts);

/// <summary>
/// Has witnesses, those of the options and the nodes that this one is linked with, sign the log's checkpoints: all of them the same one, every few seconds while the log grows. Who doesn't answer is left out, and asked again ever more seldom.
/// </summary>
sealed class WitnessRounds(NodeLog log, LinkBook links, Peers peers, NodeOptions options, TimeProvider clock, ILogger<WitnessRounds> logger) : IHostedService, IAsyncDisposable
{
    static readonly TimeSpan Every = TimeSpan.FromSeconds(10), Patience = TimeSpan.FromSeconds(10), LongestPause = TimeSpan.FromMinutes(10);

    /// <summary>A witness that signs the same again tells that it is still there, and when.</summary>
    static readonly TimeSpan AtLeast = TimeSpan.FromHours(1);

    /// <summary>Of an answer, bytes.</summary>
    const int MaxAnswer = 16 << 10;

    // Who answers proves it with the signature; a certificate would add nothing, and witnesses in closed networks have their own.
    readonly HttpClient _http = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        ResponseDrainTimeout = TimeSpan.Zero,       // Of an answer that is too long nothing more is read.
        SslOptions = { RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate is not null },
    })
    { Timeout = Patience };

    readonly CancellationTokenSource _stop = new();
    volatile IReadOnlyList<Asked> _asked = [.. options.Evidence.Witnesses.Select(t => WitnessAddress.TryParse(t, out var witness, out _) ? new Asked(witness, null) : throw new ArgumentException(t))];
    Task _loop = Task.CompletedTask;

    public IReadOnlyList<WitnessState> States => [.. _asked.Select(a => a.State)];

    public Task StartAsync(CancellationToken stop)
    {
        _loop = Task.Run(RunAsync, CancellationToken.None);
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken stop) => await DisposeAsync();

    public async ValueTask DisposeAsync()
    {
        if (!_stop.IsCancellationRequested)
            await _stop.CancelAsync();
        await _loop;
        _http.Dispose();
    }

    async Task RunAsync()
    {
        using var beat = new PeriodicTimer(Every, clock);
        try
        {
            do
            {
                try
                {
                    await RoundAsync();
                }
                catch (Exception fault) when (fault is IOException or InvalidDataException)
                {
                    logger.LogWarning("No witness can be asked: {Reason}", fault.Message);      // The log's own files; its state is told elsewhere.
                }
                catch (Exception fault) when (!_stop.IsCancellationRequested)
                {
                    // Whatever it is: the next round asks again, and nobody is told that witnesses sign who don't.
                    logger.LogError(fault, "A round of asking witnesses failed.");
                }
            }
            while (await beat.WaitForNextTickAsync(_stop.Token));
        }
        catch (OperationCanceledException)
        {
            // The node is stopping.
        }
    }

    /// <summary>Nodes that came by a link, as soon as they say what their key as a witness is.</summary>
    async Task MeetAsync()
    {
        var active = links.Active;
        var kept = _asked.Where(a => a.Link is null || active.Contains(a.Link)).ToList();
        foreach (var link in active.Where(l => kept.All(a => a.Link?.Id != l.Id) && links.HealthOf(l.Id).IsUp))
        {
            try
            {
                using var patience = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
                using var timer = clock.CreateTimer(_ => patience.Cancel(), null, Patience, Timeout.InfiniteTimeSpan);
                using var answer = await peers.For(link).GetAsync("link/1/witness/key", HttpCompletionOption.ResponseHeadersRead, patience.Token);
                if (answer.IsSuccessStatusCode && NoteKey.TryParse((await ReadAsync(answer, patience.Token)).Trim(), out var key) && key.Kind == NoteSignatureKind.Cosignature)
                {
                    kept.Add(new(new(key, new("http://link/link/1/witness/")), link));
                }
            }
            catch (Exception fault) when (fault is HttpRequestException or IOException || (fault is OperationCanceledException && !_stop.IsCancellationRequested))
            {
                logger.LogDebug("{Link} doesn't say what its key as a witness is: {Reason}", link.Name, fault.Message);
            }
        }

        _asked = kept;
    }

    async Task RoundAsync()
    {
        await MeetAsync();
        if (log.Newest is not { } head)
            return;
        var now = clock.GetUtcNow();
        var due = _asked.Where(a => now >= a.NotBefore && (a.State.Size != head.Checkpoint.Size || a.State.SignedAt is not { } at || now - at >= AtLeast)).ToArray();
        if (due.Length == 0)
            return;
        var signatures = (await Task.WhenAll(due.Select(a => AskAsync(a, head)))).OfType<NoteSignature>().ToArray();
        if (signatures.Length > 0)
            log.Witnessed(head with { Note = head.Note with { Signatures = [.. head.Note.Signatures, .. signatures] } });
    }

    async Task<NoteSignature?> AskAsync(Asked asked, SignedCheckpoint head)
    {
        try
        {
            // What it knows is asked by asking: it answers a wrong size with the right one.
            for (int attempt = 0; ; attempt++)
            {
                long size = head.Checkpoint.Size, old = Math.Min(asked.Known, size);
                var request = new AddCheckpoint(old, new LogFolder(log.Folder).Tree(size).Consistency(old), head.Note);
                using var message = new HttpRequestMessage(HttpMethod.Post, new Uri(asked.State.Witness.Address, "add-checkpoint")) { Content = new ByteArrayContent(Encoding.UTF8.GetBytes(request.ToString())) };
                using var patience = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
                using var timer = clock.CreateTimer(_ => patience.Cancel(), null, Patience, Timeout.InfiniteTimeSpan);
                using var answer = await (asked.Link is null ? _http : peers.For(asked.Link)).SendAsync(message, HttpCompletionOption.ResponseHeadersRead, patience.Token);
                string text = await ReadAsync(answer, patience.Token);
                switch (answer.StatusCode)
                {
                    case HttpStatusCode.OK:
                        if (Signature(asked.State.Witness.Key, head.Note, text) is not { } signature)
                        {
                            Failed(asked, "It answers with a signature that isn't its own.");
                            return null;
                        }

                        (asked.Known, asked.Failures, asked.NotBefore) = (size, 0, default);
                        if (asked.State.Fault is not null)
                            logger.LogInformation("The witness {Witness} signs again.", asked.State.Witness.Key.Name);
                        asked.State = new(asked.State.Witness, size, clock.GetUtcNow(), null, false);
                        return signature;

                    case HttpStatusCode.Conflict when long.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out long known):
                        if (known <= size && known != old && attempt == 0)
                        {
                            asked.Known = known;
                            continue;
                        }

                        Failed(
                            asked,
                            known > size
                                ? $"It signed {known} leaves of this log, here are {size}: the log is from an older copy than what was shown to others."
                                : $"It signed {known} leaves of this log that aren't the ones here: there are two histories of this log.",
                            contradicts: true);
                        return null;

                    case HttpStatusCode.UnprocessableEntity:
                        Failed(asked, $"What it signed of this log, {old} leaves, isn't the beginning of what is here: there are two histories of this log.", contradicts: true);
                        return null;

                    case HttpStatusCode.NotFound:
                        Failed(asked, "It doesn't know this log; give it the log's key.");
                        return null;

                    case HttpStatusCode.Forbidden:
                        Failed(asked, "It knows another key of this log; give it the one in force.");
                        return null;

                    default:
                        Failed(asked, $"It answers with {(int)answer.StatusCode}.");
                        return null;
                }
            }
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException or InvalidDataException || (fault is OperationCanceledException && !_stop.IsCancellationRequested))
        {
            Failed(asked, fault is OperationCanceledException ? "It doesn't answer in time." : fault.Message);
            return null;
        }
    }

    // Signatures begin with a dash that isn't ASCII.
    static async Task<string> ReadAsync(HttpResponseMessage answer, CancellationToken stop) => Encoding.UTF8.GetString(await Peers.ReadAsync(answer, MaxAnswer, stop));

    /// <summary>The line that the witness's key made, among those that it may answer with.</summary>
    static NoteSignature? Signature(NoteKey key, SignedNote note, string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Take(100)
        .Select(l => NoteSignature.TryParse(l, out var signature) ? signature : null)
        .FirstOrDefault(s => s is not null && s.KeyId == key.Id && s.Name == key.Name && key.Verify(note.TextBytes, s.Bytes, out _));

    void Failed(Asked asked, string fault, bool contradicts = false)
    {
        if (asked.State.Fault != fault)
            logger.Log(contradicts ? LogLevel.Error : LogLevel.Warning, "The witness {Witness} didn't sign: {Reason}", asked.State.Witness.Key.Name, fault);
        asked.State = asked.State with { Fault = fault, Contradicts = contradicts };
        var pause = TimeSpan.FromSeconds(Every.TotalSeconds * Math.Pow(2, Math.Min(asked.Failures++, 16)));
        asked.NotBefore = clock.GetUtcNow() + (pause < LongestPause ? pause : LongestPause);
    }

    // One round touches it at a time; the state is read by others.
    sealed class Asked(WitnessAddress witness, Link? link)
    {
        volatile WitnessState _state = new(witness, 0, null, null, false);

        /// <summary>Over which it is asked; null: it has an address of its own.</summary>
        public Link? Link => link;

        public WitnessState State
        {
            get => _state;
            set => _state = value;
        }

        public long Known { get; set; }
        public int Failures { get; set; }
        public DateTimeOffset NotBefore { get; set; }
    }
}
