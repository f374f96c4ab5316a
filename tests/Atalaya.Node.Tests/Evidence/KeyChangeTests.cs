using System.Text;

using Atalaya.Evidence;
using Atalaya.Evidence.Tests;
using Atalaya.Node.Evidence;
using Atalaya.Node.Options;

namespace Atalaya.Node.Tests.Evidence;

/// <summary>Wherever a change of the log's key is interrupted, there is one log, one key in force, and a signed way to it from the one before.</summary>
public sealed class KeyChangeTests
{
    const string Data = "/data", Log = "/data/log";

    static readonly EvidenceOptions Options = new();
    static readonly HurriedClock Clock = new();

    [Theory]
    [InlineData(Survival.Nothing, false)]
    [InlineData(Survival.Nothing, true)]
    [InlineData(Survival.Everything, false)]
    [InlineData(Survival.Everything, true)]
    [InlineData(Survival.Some, false)]
    [InlineData(Survival.Some, true)]
    public async Task A_cut_after_any_step_leaves_one_log_that_goes_on_under_one_key_and_the_change_is_made_once(Survival survival, bool revoke)
    {
        var disk = new PowerLogDisk();
        var (first, shown) = await BeginAsync(disk);
        int begun = disk.Count;
        new KeyChange(revoke ? KeyAct.Revoke : KeyAct.Rotate, "yearly").Write(disk, Data);
        int asked = disk.Count;
        using (var signers = Open(disk))
        {
            using var next = await KeyChange.Read(disk, Data)!.FollowAsync(disk, Data, Options, signers, Clock);
            next.Current.Key.ToString().ShouldNotBe(first.ToString());
            await AppendAsync(disk, next, 10);
        }

        (disk.Count - asked).ShouldBeGreaterThan(15, "keys, statement, name, request, checkpoint, leaves");
        var random = new Random(1);
        for (int cut = begun; cut <= disk.Count; cut++)
        {
            string at = $"cut after {cut} of {disk.Count}:\n{disk.Describe(cut)}";
            var found = disk.After(cut, survival, random);

            // The next start, as the node does it.
            var signers = Open(found);
            if (KeyChange.Read(found, Data) is { } change)
                signers = await change.FollowAsync(found, Data, Options, signers, Clock);
            KeyChange.Read(found, Data).ShouldBeNull(at);
            var history = LogKeys.History(found, Data);
            history.Changes.Count.ShouldBeLessThanOrEqualTo(1, at);
            if (cut >= asked)
                history.Changes.Count.ShouldBe(1, $"it was asked for; {at}");
            history.Follow(first)[^1].ToString().ShouldBe(signers.Current.Key.ToString(), at);
            var head = await AppendAsync(found, signers, 300);
            head.Size.ShouldBeGreaterThanOrEqualTo(shown.Size + 300, at);
            Merkle.IsConsistent(shown.Size, shown.Root, head.Size, head.Root, [.. new LogFolder(Log, found).Tree(head.Size).Consistency(shown.Size)]).ShouldBeTrue(at);
            LogAudit.Run(new(Log, found), [signers.Current.Key], stop: TestContext.Current.CancellationToken).Faults.ShouldBeEmpty(at);
            SignedCheckpoint.TryOpen(found.Read(Log + "/checkpoint"), [first], out _, out _).ShouldBe(history.Changes.Count == 0 || !revoke, at);
            signers.Dispose();

            // And the start after that.
            using var again = Open(found);
            again.Current.Key.ToString().ShouldBe(history.Follow(first)[^1].ToString(), at);
            Encoding.UTF8.GetString(found.Read(LogKeys.PublicFile(Data))!).Trim().ShouldBe(again.Current.Key.ToString(), at);
        }
    }

    [Fact]
    public async Task A_step_that_fails_leaves_the_key_before_or_the_one_after_and_the_log_goes_on()
    {
        int steps = await AttemptAsync(-1);
        steps.ShouldBeGreaterThan(15);
        for (int fail = 0; fail < steps; fail++)
            await AttemptAsync(fail);

        static async Task<int> AttemptAsync(int fail)
        {
            var disk = new PowerLogDisk();
            var (first, shown) = await BeginAsync(disk);
            new KeyChange(KeyAct.Rotate, "yearly").Write(disk, Data);
            int before = disk.Attempts;
            if (fail >= 0)
                disk.FailAt.Add(before + fail);
            using var signers = Open(disk);
            try
            {
                await KeyChange.Read(disk, Data)!.FollowAsync(disk, Data, Options, signers, Clock);
            }
            catch (IOException) when (fail >= 0)
            {
            }

            int after = disk.Attempts;
            using var now = Open(disk);
            LogKeys.History(disk, Data).Follow(first)[^1].ToString().ShouldBe(now.Current.Key.ToString(), $"step {fail}");
            (await AppendAsync(disk, now, 5)).Size.ShouldBe(shown.Size + 5);
            return after - before;
        }
    }

    static LogSigners Open(PowerLogDisk disk) => LogKeys.Open(disk, Data, Options, "North", Clock.GetUtcNow());

    static async Task<(NoteKey Key, Checkpoint Shown)> BeginAsync(PowerLogDisk disk)
    {
        disk.MakeFolder(Data);
        disk.SyncFolder("/");
        disk.MakeFolder(Data + "/keys");
        disk.SyncFolder(Data);
        using var signers = Open(disk);
        return (signers.Current.Key, await AppendAsync(disk, signers, 300));
    }

    static async Task<Checkpoint> AppendAsync(PowerLogDisk disk, LogSigners signers, int leaves)
    {
        await using var log = EvidenceLog.Open(disk, Log, signers.All, signers.Earlier, Clock);
        await log.AppendAsync([.. Enumerable.Range(0, leaves).Select(i => Encoding.UTF8.GetBytes($"leaf {i}"))], TestContext.Current.CancellationToken);
        return log.Head.Checkpoint;
    }
}
