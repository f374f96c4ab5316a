using System.Text;
using Atalaya.Testing;

namespace Atalaya.Evidence.Tests;

/// <summary>The log keeps what it acknowledged and never has two histories, wherever it was interrupted.</summary>
public sealed class EvidenceLogTests
{
    const string Folder = "/log";

    static readonly NoteSigner Signer = new("log.example.org/north", NoteSignatureKind.Ed25519, [.. Enumerable.Repeat((byte)1, 32)]);

    static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>Batches that end before, at and behind the edges of tiles; power goes after each step of the disk, leaving nothing, all or some of what wasn't synced.</summary>
    [Theory]
    [InlineData(Survival.Nothing)]
    [InlineData(Survival.Everything)]
    [InlineData(Survival.Some)]
    public async Task A_cut_after_any_step_loses_no_acknowledged_leaf_and_makes_no_second_history(Survival survival)
    {
        var disk = new PowerLogDisk();
        var all = new List<byte[]>();
        var known = new List<(int Step, Checkpoint Head)>();     // shown to others, and from which step on
        int[] batches = [1, 3, 250, 2, 1, 255, 1, 600, 44];
        for (int session = 0; session < batches.Length; session += 3)
        {
            await using var log = EvidenceLog.Open(disk, Folder, Signer, new HurriedClock());
            known.Add((disk.Count, log.Head.Checkpoint));
            foreach (int count in batches.Skip(session).Take(3))
            {
                byte[][] leaves = Leaves(all.Count, count);
                (await log.AppendAsync(leaves, Stop)).ShouldBe(all.Count);
                all.AddRange(leaves);
                known.Add((disk.Count, log.Head.Checkpoint));
            }
        }

        var random = new Random(1);
        for (int cut = 0; cut <= disk.Count; cut++)
        {
            var found = disk.After(cut, survival, random);
            string at = $"cut after {cut} of {disk.Count}:\n{disk.Describe(cut)}";
            var shown = known.LastOrDefault(k => k.Step <= cut).Head;
            await using (var log = EvidenceLog.Open(found, Folder, Signer, new HurriedClock()))
            {
                long size = log.Head.Checkpoint.Size;
                size.ShouldBeGreaterThanOrEqualTo(shown?.Size ?? 0, at);
                log.Head.Checkpoint.Root.ShouldBe(Merkle.Root([.. all.Take((int)size).Select(l => Merkle.Leaf(l))]), at);
                // Whoever saw a checkpoint sees it go on.
                byte[][] more = [Encoding.UTF8.GetBytes($"after {cut}"), .. Leaves(5000, 300)];
                (await log.AppendAsync(more, Stop)).ShouldBe(size, at);
                var head = log.Head.Checkpoint;
                var proof = new LogFolder(Folder, found).Tree(head.Size).Consistency(shown?.Size ?? 0);
                Merkle.IsConsistent(shown?.Size ?? 0, shown?.Root ?? Merkle.EmptyRoot, head.Size, head.Root, [.. proof]).ShouldBeTrue(at);
            }

            LogAudit.Run(new(Folder, found), [Signer.Key], stop: Stop).Faults.ShouldBeEmpty(at);
        }
    }

    /// <summary>A checkpoint that reached the disk though the disk said no must not get a rival.</summary>
    [Fact]
    public async Task A_step_that_fails_is_made_good_with_the_same_leaves()
    {
        int steps = await AttemptsAsync([]);
        for (int fail = 10; fail < steps; fail++)
            await AttemptsAsync([fail, fail + 1, fail + 3]);

        static async Task<int> AttemptsAsync(HashSet<int> failing)
        {
            var disk = new PowerLogDisk { FailAt = failing };
            var seen = new List<byte[]>();       // every checkpoint that was ever in its file, shown or not
            disk.Stepped = _ =>
            {
                if (disk.Read(Folder + "/checkpoint") is { } note && (seen.Count == 0 || !seen[^1].AsSpan().SequenceEqual(note)))
                    seen.Add(note);
            };
            await using var log = EvidenceLog.Open(disk, Folder, Signer, new HurriedClock());
            for (int i = 0; i < 4; i++)
                (await log.AppendAsync(Leaves(i * 100, 100), Stop)).ShouldBe(i * 100);
            log.Fault.ShouldBeNull("it went on");
            var head = log.Head.Checkpoint;
            foreach (byte[] note in seen)
            {
                SignedCheckpoint.TryOpen(note, [Signer.Key], out var earlier, out _).ShouldBeTrue();
                var proof = new LogFolder(Folder, disk).Tree(head.Size).Consistency(earlier.Checkpoint.Size);
                Merkle.IsConsistent(earlier.Checkpoint.Size, earlier.Checkpoint.Root, head.Size, head.Root, [.. proof]).ShouldBeTrue($"failing at {string.Join(' ', failing)}");
            }

            LogAudit.Run(new(Folder, disk), [Signer.Key], stop: Stop).Faults.ShouldBeEmpty();
            return disk.Count;
        }
    }

    [Fact]
    public async Task Leaves_wait_for_each_other_at_most_a_second()
    {
        var clock = new ManualClock();
        var disk = new PowerLogDisk();
        await using var log = EvidenceLog.Open(disk, Folder, Signer, clock);
        int before = disk.Count;
        var first = log.AppendAsync(Leaves(0, 1), Stop);
        while (clock.Timers == 0)
            await Task.Yield();
        var second = log.AppendAsync(Leaves(1, 1), Stop);
        first.IsCompleted.ShouldBeFalse();
        log.Pending.ShouldBe(2);
        disk.Count.ShouldBe(before);
        clock.Advance(EvidenceLog.Gather);
        (await first, await second).ShouldBe((0, 1));
        log.Head.Checkpoint.Size.ShouldBe(2);
        log.Pending.ShouldBe(0);
    }

    [Fact]
    public async Task What_waits_when_the_log_is_closed_is_written()
    {
        var disk = new PowerLogDisk();
        var log = EvidenceLog.Open(disk, Folder, Signer, new ManualClock());
        var leaves = Enumerable.Range(0, 10).Select(i => log.AppendAsync(Leaves(i, 1), Stop)).ToArray();
        await log.DisposeAsync();
        (await Task.WhenAll(leaves)).ShouldBe(Enumerable.Range(0, 10).Select(i => (long)i));
        await Should.ThrowAsync<ObjectDisposedException>(() => log.AppendAsync(Leaves(0, 1), Stop));
    }

    [Fact]
    public async Task Partial_tiles_go_when_they_are_full()
    {
        using var temp = new TempFolder("log");
        string folder = temp.File("log");
        await using (var log = EvidenceLog.Open(new LocalLogDisk(), folder, Signer, new HurriedClock()))
        {
            await log.AppendAsync(Leaves(0, 200), Stop);
            File.Exists(Path.Combine(folder, "tile/0/000.p/200")).ShouldBeTrue();
            await log.AppendAsync(Leaves(200, 200), Stop);
            await log.AppendAsync(Leaves(400, 1), Stop);
            Directory.Exists(Path.Combine(folder, "tile/0/000.p")).ShouldBeFalse();
            Directory.Exists(Path.Combine(folder, "tile/entries/000.p")).ShouldBeFalse();
            Directory.GetFiles(Path.Combine(folder, "tile/0/001.p")).Length.ShouldBe(2);
            // A checkpoint of before is still proved: the full tile holds the partial one.
            new LogFolder(folder).Tree(200).Root().ShouldBe(Merkle.Root([.. Leaves(0, 200).Select(l => Merkle.Leaf(l))]));
        }

        var seen = new List<byte[]>();
        LogAudit.Run(new(folder), [Signer.Key], (_, leaf) => seen.Add(leaf.ToArray()), stop: Stop).Faults.ShouldBeEmpty();
        seen.ShouldBe([.. Leaves(0, 400), .. Leaves(400, 1)]);
        new LogFolder(folder).Entry(300, 401).ToArray().ShouldBe(Leaves(300, 1)[0]);
    }

    [Theory]
    [InlineData("tile/0/000")]
    [InlineData("tile/1/000.p/1")]
    [InlineData("tile/entries/000")]
    [InlineData("tile/entries/001.p/44")]
    [InlineData("checkpoint")]
    public async Task An_audit_finds_a_bit_that_was_changed_and_a_file_that_is_gone(string file)
    {
        using var temp = new TempFolder("log");
        string folder = temp.File("log"), path = Path.Combine(folder, file);
        await using (var log = EvidenceLog.Open(new LocalLogDisk(), folder, Signer, new HurriedClock()))
            await log.AppendAsync(Leaves(0, 300), Stop);
        byte[] bytes = await File.ReadAllBytesAsync(path, Stop);
        bytes[bytes.Length / 2] ^= 1;
        await File.WriteAllBytesAsync(path, bytes, Stop);
        LogAudit.Run(new(folder), [Signer.Key], stop: Stop).Faults.ShouldNotBeEmpty();
        File.Delete(path);
        LogAudit.Run(new(folder), [Signer.Key], stop: Stop).Faults.ShouldNotBeEmpty();
    }

    [Fact]
    public async Task A_damaged_or_foreign_log_is_not_gone_on_with()
    {
        using var temp = new TempFolder("log");
        string folder = temp.File("log");
        await using (var log = EvidenceLog.Open(new LocalLogDisk(), folder, Signer, new HurriedClock()))
        {
            await log.AppendAsync(Leaves(0, 300), Stop);
            Should.Throw<IOException>(() => EvidenceLog.Open(new LocalLogDisk(), folder, Signer, TimeProvider.System), "two writers are two histories");
        }

        using var other = new NoteSigner(Signer.Key.Name, NoteSignatureKind.Ed25519, new byte[32]);
        Should.Throw<InvalidDataException>(() => EvidenceLog.Open(new LocalLogDisk(), folder, other, TimeProvider.System)).Message.ShouldContain("signed");
        foreach (var (file, said) in new[] { ("tile/entries/001.p/44", "leaves"), ("tile/0/001.p/44", "tiles") })
        {
            string edge = Path.Combine(folder, file);
            byte[] bytes = await File.ReadAllBytesAsync(edge, Stop);
            bytes[7] ^= 1;
            await File.WriteAllBytesAsync(edge, bytes, Stop);
            Should.Throw<InvalidDataException>(() => EvidenceLog.Open(new LocalLogDisk(), folder, Signer, TimeProvider.System)).Message.ShouldContain(said);
            bytes[7] ^= 1;
            await File.WriteAllBytesAsync(edge, bytes, Stop);
        }

        File.Delete(Path.Combine(folder, "checkpoint"));
        Should.Throw<InvalidDataException>(() => EvidenceLog.Open(new LocalLogDisk(), folder, Signer, TimeProvider.System)).Message.ShouldContain("lost");
    }

    static byte[][] Leaves(int from, int count) => [.. Enumerable.Range(from, count).Select(i => Encoding.UTF8.GetBytes($"leaf {i}"))];
}
