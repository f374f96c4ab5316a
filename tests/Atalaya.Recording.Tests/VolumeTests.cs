using Atalaya.Media;
using Atalaya.Recording.Storage;

namespace Atalaya.Recording.Tests;

public sealed class VolumeTests
{
    [Fact]
    public async Task A_mount_point_without_its_disk_is_refused_with_what_to_do_and_nothing_is_written_there()
    {
        await using var scene = new StorageScene(StorageScene.Fast("a"), StorageScene.Fast("b"));
        await scene.StartAsync();
        await scene.RecordAsync(6, "gate", "yard", "quay", "hill");
        string path = scene.Config.Volumes[1].Path;
        scene.Segments("yard").Concat(scene.Segments("gate")).ShouldContain(s => s.Volume == "b");
        await scene.StopAsync();
        Directory.Move(path, path + ".unmounted");
        Directory.CreateDirectory(path);

        await scene.StartAsync();
        await scene.RecordAsync(6, "gate", "yard", "quay", "hill");
        Directory.EnumerateFileSystemEntries(path).ShouldBeEmpty();
        await scene.PassAsync();
        var refused = scene.Caretaker.Status.Volumes.Single(v => v.Name == "b");
        (refused.Condition, refused.Level).ShouldBe((VolumeCondition.Refused, StorageLevel.Alarm));
        refused.Detail.ShouldContain("isn't mounted there");
        refused.Detail.ShouldContain("atalaya volume adopt b");

        // The disk is back: what was on it is found, what was recorded elsewhere stays.
        Directory.Delete(path);
        Directory.Move(path + ".unmounted", path);
        scene.Clock.Advance(TimeSpan.FromSeconds(31));
        await scene.PassAsync();
        scene.Caretaker.Status.Volumes.ShouldAllBe(v => v.Condition != VolumeCondition.Refused);
        await scene.ShouldBeWholeAsync(0, "gate", "yard", "quay", "hill");
    }

    [Fact]
    public async Task Without_any_fast_volume_the_archive_doesn_t_open_and_says_why()
    {
        await using var scene = new StorageScene(StorageScene.Fast());
        await scene.StartAsync();
        await scene.RecordAsync(4, "gate");
        await scene.StopAsync();
        string path = scene.Config.Volumes[0].Path;
        Directory.Delete(path, recursive: true);
        (await Should.ThrowAsync<IOException>(scene.StartAsync)).Message.ShouldContain("isn't mounted there");
        Directory.Exists(path).ShouldBeFalse();
    }

    [Theory]
    [InlineData("other", "archive", "id", "is volume 'other'")]
    [InlineData("disk", "foreign", "id", "belongs to another archive")]
    [InlineData("disk", "archive", "second", "isn't the one that was used so far")]
    [InlineData("disk", "archive", "id", null)]
    public void A_disk_is_taken_only_for_what_it_is(string name, string archive, string id, string? refusal)
    {
        var config = StorageScene.Fast("disk") with { Path = "/mnt/disk" };
        string? said = VolumeIdentity.Refusal(config, new(1, id, name, archive, Scene.Noon), new("disk", "id"), "archive", hasFootage: true, expectsFootage: true);
        if (refusal is null)
            said.ShouldBeNull();
        else
            said.ShouldNotBeNull().ShouldContain(refusal);
    }

    [Theory]
    [InlineData(false, false, false, "isn't initialised")]
    [InlineData(true, false, false, "doesn't say whose")]
    [InlineData(true, true, false, null)]
    [InlineData(false, true, false, "isn't mounted")]
    [InlineData(false, false, true, null)]
    [InlineData(false, true, true, "isn't mounted")]
    public void A_disk_that_says_nothing_is_taken_if_it_can_t_be_another(bool hasFootage, bool expected, bool initialise, string? refusal)
    {
        var config = StorageScene.Fast("disk") with { Path = "/mnt/disk", InitialiseWhenEmpty = initialise };
        string? said = VolumeIdentity.Refusal(config, null, null, "archive", hasFootage, expected);
        if (refusal is null)
            said.ShouldBeNull();
        else
            said.ShouldNotBeNull().ShouldContain(refusal);
    }

    [Fact]
    public async Task An_archive_from_before_there_were_volumes_opens_unchanged()
    {
        await using var scene = await Scene.OpenAsync();
        var footage = await Footage.PlainAsync();
        await scene.PublishAsync(footage.Units(0, 4, Scene.Noon));
        await scene.StopAsync();
        File.Delete(Path.Combine(scene.Root, VolumeIdentity.FileName));
        using (var connection = scene.Index.Open())
        {
            using var command = connection.CreateCommand();
            command.CommandText = "delete from volumes; delete from archive";
            command.ExecuteNonQuery();
        }

        await scene.StartAsync(attach: false);
        scene.Segments().ShouldNotBeEmpty();
        scene.Segments().ShouldAllBe(s => s.Volume == VolumeConfig.DefaultName);
        VolumeIdentity.Read(scene.Root).ShouldNotBeNull().Name.ShouldBe(VolumeConfig.DefaultName);
        (await scene.CheckAsync()).Faults.ShouldBeEmpty();
    }

    [Fact]
    public async Task When_a_disk_fails_its_cameras_go_on_on_the_other_one_and_the_gap_tells()
    {
        await using var scene = new StorageScene(StorageScene.Fast("a"), StorageScene.Fast("b"));
        await scene.StartAsync();
        await scene.RecordAsync(6, "gate");
        string first = scene.Segments()[0].Volume, other = first == "a" ? "b" : "a";
        scene.Disks[first].WriteFault = "Input/output error";
        await scene.RecordAsync(8, "gate");
        scene.Segments()[^1].Volume.ShouldBe(other);
        scene.Gaps().ShouldContain(g => g.Cause == GapCause.Disk && g.To != null);
        scene.Disks[first].WriteFault = null;
        await scene.StopAsync();
        await scene.StartAsync();
        // Stable: where the last segment went the next one goes.
        await scene.RecordAsync(4, "gate");
        scene.Segments()[^1].Volume.ShouldBe(other);
        await scene.ShouldBeWholeAsync();
        var exported = await scene.Archive.ExportAsync(
            new("gate", StreamKind.Main, scene.At(0), scene.At(14)), Path.Combine(scene.Config.Volumes[0].Path, "clip.mp4"));
        exported.Frames.ShouldBeGreaterThan(200);
        (await scene.Archive.PlaylistAsync("gate", StreamKind.Main, scene.At(0), scene.At(14))).ShouldNotBeNull();
        foreach (var segment in scene.Segments())
        {
            using var file = await scene.Archive.OpenSegmentAsync("gate", segment.Name);
            file.ShouldNotBeNull().Length.ShouldBe(segment.Bytes);
        }
    }

    [Fact]
    public async Task A_disk_that_stalls_holds_up_its_own_cameras_only()
    {
        await using var scene = new StorageScene(StorageScene.Fast("a"), StorageScene.Fast("b"));
        await scene.StartAsync();
        await scene.RecordAsync(4, "gate", "yard");
        var places = new[] { "gate", "yard" }.ToDictionary(c => scene.Segments(c)[0].Volume);
        places.Count.ShouldBe(2);
        using var stall = new ManualResetEventSlim();
        scene.Disks["a"].Stall = stall;
        var footage = await Footage.PlainAsync();
        var hub = new StreamHub();
        var stuck = scene.Archive.Attach("stuck", StreamKind.Main, hub);
        scene.Disks["a"].Capacity = long.MaxValue / 2;
        foreach (var unit in footage.Units(0, 6, scene.Clock.GetUtcNow()))
        {
            hub.Publish(unit);
            unit.Release();
        }

        string working = places["b"];
        int before = scene.Segments(working).Count;
        await scene.RecordWithoutWaitingAsync(6, working, "b");
        scene.Segments(working).Count.ShouldBeGreaterThan(before);
        stall.Set();
        scene.Disks["a"].Stall = null;
        await scene.Archive.IdleAsync();
        stuck.Status().State.ShouldNotBe(RecorderState.Stopped);
    }

    [Fact]
    public async Task A_second_copy_is_told_and_goes_only_when_that_is_asked_for_and_both_are_what_was_recorded()
    {
        await using var scene = new StorageScene(c => c with { LargeAfter = TimeSpan.FromSeconds(10) }, StorageScene.Fast(), StorageScene.Large());
        await scene.StartAsync();
        await scene.RecordAsync(30, "gate");
        await scene.PassAsync(3);
        var moved = scene.Segments().Where(s => s.Volume == "large").Take(2).ToList();
        string[] copies = [.. moved.Select(row =>
        {
            var name = new SegmentName(row.Start.Milliseconds, row.Stream);
            string copy = scene.Archive.Volumes.Find("fast")!.Folder.PathOf("gate", name);
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(scene.Archive.Volumes.Find("large")!.Folder.PathOf("gate", name), copy);
            return copy;
        })];
        // The second one's original is damaged since: the copy may be all there is.
        string original = scene.Archive.Volumes.Find("large")!.Folder.PathOf("gate", new(moved[1].Start.Milliseconds, moved[1].Stream));
        byte[] bytes = await File.ReadAllBytesAsync(original, TestContext.Current.CancellationToken);
        bytes[bytes.Length / 2] ^= 1;
        await File.WriteAllBytesAsync(original, bytes, TestContext.Current.CancellationToken);

        foreach (var options in new CheckOptions[] { new(), new(Repair: true), new(Repair: true, DeleteUnreadable: true), new(DeleteCopies: true) })
        {
            (await scene.Archive.CheckAsync(options)).Faults.Count(f => f.Kind == CheckFaultKind.Stray && f.Detail.Contains("second copy") && !f.Repaired).ShouldBe(2);
            copies.ShouldAllBe(c => File.Exists(c));
        }

        var told = (await scene.Archive.CheckAsync(new(Repair: true, DeleteCopies: true))).Faults.Where(f => f.Kind == CheckFaultKind.Stray).ToList();
        told.Select(f => f.Repaired).ShouldBe([true, false], ignoreOrder: true);
        copies.Select(c => File.Exists(c)).ShouldBe([false, true]);
        File.Exists(original).ShouldBeTrue();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task When_a_disk_hangs_in_a_call_the_streams_of_others_go_elsewhere_and_nothing_is_told_twice(bool forGood)
    {
        await using var scene = new StorageScene(StorageScene.Fast("a"), StorageScene.Fast("b"));
        await scene.StartAsync();
        string[] cameras = ["gate", "yard", "quay", "road"];
        await scene.RecordAsync(4, cameras);
        string[] onA = [.. cameras.Where(c => scene.Segments(c)[^1].Volume == "a")], onB = [.. cameras.Except(onA)];
        (onA.Length, onB.Length).ShouldBe((2, 2));
        using var stall = new ManualResetEventSlim();
        scene.Disks["a"].Stall = stall;
        await scene.RecordBesideAsync(1, cameras, "b");
        await scene.Disks["a"].Stalled;
        await scene.RecordBesideAsync(11, cameras, "b");

        var states = scene.Archive.Status().Recorders.ToDictionary(r => r.Camera);
        onB.ShouldAllBe(c => states[c].State == RecorderState.Recording);
        string moved = onA.Single(c => states[c].State == RecorderState.Recording), stuck = onA.Single(c => c != moved);
        states[stuck].State.ShouldBe(RecorderState.DiskFailed);
        states[stuck].Reason.ShouldContain("volume 'a' hasn't come back");
        scene.Segments(moved)[^1].Volume.ShouldBe("b");
        scene.Gaps(moved).ShouldContain(g => g.Cause == GapCause.Disk && g.Detail.Contains("hasn't come back") && g.To != null);
        onB.ShouldAllBe(c => scene.Gaps(c).Count == 0);
        await scene.Caretaker.PassAsync(TestContext.Current.CancellationToken);
        var sick = scene.Caretaker.Status.Volumes.Single(v => v.Name == "a");
        (sick.Condition, sick.Level).ShouldBe((VolumeCondition.Unreachable, StorageLevel.Alarm));

        if (forGood)
            scene.Disks["a"].WriteFault = "Input/output error";
        scene.Disks["a"].Stall = null;
        stall.Set();
        await scene.Archive.IdleAsync();
        await scene.RecordAsync(4, cameras);
        scene.Archive.Status().Recorders.ShouldAllBe(r => r.State == RecorderState.Recording);
        scene.Disks["a"].WriteFault = null;
        scene.Clock.Advance(TimeSpan.FromSeconds(31));
        await scene.RecordAsync(4, cameras);
        await scene.ShouldBeWholeAsync(0, cameras);
    }

    [Fact]
    public async Task A_disk_that_hangs_and_is_the_only_one_is_told_while_it_hangs()
    {
        await using var scene = new StorageScene(StorageScene.Fast("a"));
        await scene.StartAsync();
        await scene.RecordAsync(4, "gate", "yard");
        using var stall = new ManualResetEventSlim();
        scene.Disks["a"].Stall = stall;
        await scene.RecordBesideAsync(1, ["gate", "yard"], null);
        await scene.Disks["a"].Stalled;
        await scene.RecordBesideAsync(60, ["gate", "yard"], null);
        scene.Archive.Status().Recorders.ShouldAllBe(r => r.State == RecorderState.DiskFailed && r.Reason.Contains("hasn't come back"));
        scene.Disks["a"].Stall = null;
        stall.Set();
        await scene.Archive.IdleAsync();
        await scene.RecordAsync(6, "gate", "yard");
        scene.Archive.Status().Recorders.ShouldAllBe(r => r.State == RecorderState.Recording);
        // What waited in memory when it came back is there; what didn't fit is a gap.
        foreach (string camera in (string[])["gate", "yard"])
            scene.Gaps(camera).ShouldContain(g => g.Cause == GapCause.Disk && g.To != null);
        await scene.ShouldBeWholeAsync(0, "gate", "yard");
    }

    [Fact]
    public async Task Footage_moves_on_by_age_and_is_found_wherever_it_is()
    {
        await using var scene = new StorageScene(c => c with { LargeAfter = TimeSpan.FromSeconds(10) }, StorageScene.Fast(), StorageScene.Large());
        await scene.StartAsync();
        await scene.RecordAsync(30, "gate");
        int all = scene.Segments().Count;
        await scene.PassAsync(3);
        scene.Segments().Count.ShouldBe(all);
        scene.Segments().ShouldContain(s => s.Volume == "large");
        scene.Segments().ShouldContain(s => s.Volume == "fast");
        scene.Files("fast").Count().ShouldBe(scene.Segments().Count(s => s.Volume == "fast"));
        scene.Files("large").Count().ShouldBe(scene.Segments().Count(s => s.Volume == "large"));
        foreach (var segment in scene.Segments())
        {
            using var file = await scene.Archive.OpenSegmentAsync("gate", segment.Name);
            file.ShouldNotBeNull().Sha256.ShouldBe(segment.Sha256);
        }

        await scene.ShouldBeWholeAsync();
    }

    [Fact]
    public async Task Footage_moves_on_before_a_full_disk_removes_it()
    {
        await using var scene = new StorageScene(StorageScene.Fast(reserve: new(1)), StorageScene.Large());
        await scene.StartAsync();
        await scene.RecordAsync(30, "gate");
        int all = scene.Segments().Count;
        scene.Disks["fast"].Capacity = scene.Segments().Sum(s => s.Bytes);
        await scene.PassAsync(3);
        scene.Segments().Count.ShouldBe(all);
        scene.Disks["fast"].Space("").Free.ShouldBeGreaterThan(0);
        scene.Segments()[0].Volume.ShouldBe("large");
        await scene.ShouldBeWholeAsync();
    }

    [Fact]
    public async Task A_segment_that_isn_t_what_was_recorded_stays_where_it_is()
    {
        await using var scene = new StorageScene(c => c with { LargeAfter = TimeSpan.FromSeconds(1) }, StorageScene.Fast(), StorageScene.Large());
        await scene.StartAsync();
        await scene.RecordAsync(10, "gate");
        var first = scene.Segments()[0];
        string path = scene.Archive.Volumes.PathOf("gate", new(first.Start.Milliseconds, StreamKind.Main), "fast")!;
        byte[] bytes = await File.ReadAllBytesAsync(path);
        bytes[bytes.Length / 2] ^= 1;
        await File.WriteAllBytesAsync(path, bytes);
        await scene.PassAsync(2);
        scene.Segments()[0].Volume.ShouldBe("fast");
        File.Exists(path).ShouldBeTrue();
        scene.Segments()[1].Volume.ShouldBe("large");
        (await scene.Archive.CheckAsync(new())).Faults.ShouldHaveSingleItem().Kind.ShouldBe(CheckFaultKind.WrongDigest);
    }
}
