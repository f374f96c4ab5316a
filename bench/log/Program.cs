using System.Diagnostics;
using Atalaya.Evidence;

// atalaya-log-bench FOLDER [LEAVES]: fills a log, then starts on it and proves leaves; 10,000,000 leaves unless told otherwise.
if (args is not [var folder, ..] || Directory.Exists(folder))
{
    Console.Error.WriteLine("Usage: FOLDER [LEAVES]; the folder must not exist, and is left for a look.");
    return 2;
}

long leaves = args.Length > 1 ? long.Parse(args[1]) : 10_000_000;
using var signer = new NoteSigner("bench.example.org", NoteSignatureKind.Ed25519, new byte[32]);
var salt = new byte[Leaf.SaltLength];
var commitment = Leaf.Commit(salt, "a record"u8);
long began = Stopwatch.GetTimestamp();
await using (var log = EvidenceLog.Open(new LocalLogDisk(), folder, signer, TimeProvider.System))
{
    // As many batches on their way as the log takes: what is measured is the log.
    var pending = new Queue<Task<long>>();
    for (long at = 0; at < leaves; at += EvidenceLog.MaxBatch)
    {
        pending.Enqueue(log.AppendAsync([.. Enumerable.Range(0, (int)Math.Min(EvidenceLog.MaxBatch, leaves - at)).Select(i => new Leaf(LeafKind.Segment, at + i, commitment).Encode())]));
        if (pending.Count > 3)
            await pending.Dequeue();
    }

    while (pending.TryDequeue(out var last))
        await last;
}

double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
Console.WriteLine($"{leaves} leaves in {seconds:0.0} s, durable: {leaves / seconds:0} a second");

began = Stopwatch.GetTimestamp();
await using (var log = EvidenceLog.Open(new LocalLogDisk(), folder, signer, TimeProvider.System))
    Console.WriteLine($"start-up: {Stopwatch.GetElapsedTime(began).TotalMilliseconds:0.0} ms");

var files = new LogFolder(folder);
SignedCheckpoint.TryOpen(files.Checkpoint(), [signer.Key], out var head, out _);
var random = new Random(1);
var inclusion = new List<double>();
var consistency = new List<double>();
for (int i = 0; i < 1000; i++)
{
    long index = random.NextInt64(leaves), earlier = random.NextInt64(1, leaves);
    began = Stopwatch.GetTimestamp();
    Digest[] proof = [.. files.Tree(leaves).Inclusion(index)];
    inclusion.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
    if (!Merkle.IsIncluded(Merkle.Leaf(files.Entry(index, leaves).Span), index, leaves, proof, head.Checkpoint.Root))
        throw new InvalidDataException($"Leaf {index} isn't proved.");
    began = Stopwatch.GetTimestamp();
    _ = files.Tree(leaves).Consistency(earlier);
    consistency.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
}

Console.WriteLine($"inclusion proof:   {Quantiles(inclusion)}");
Console.WriteLine($"consistency proof: {Quantiles(consistency)}");
return 0;

static string Quantiles(List<double> times)
{
    times.Sort();
    return $"median {times[times.Count / 2]:0.00} ms, p99 {times[times.Count * 99 / 100]:0.00} ms, longest {times[^1]:0.00} ms";
}
