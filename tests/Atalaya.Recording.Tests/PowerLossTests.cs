using Atalaya.Media;
using Atalaya.Media.Mp4;
using Atalaya.Testing;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;

namespace Atalaya.Recording.Tests;

/// <summary>
/// The power goes after every single operation on the disk, and every single operation fails: what was promised is there, and everything that is
/// there can be read.
/// </summary>
/// <remarks>
/// Promised is what a sync has confirmed: a closed segment once its name was, of an open file its whole fragments. The index is a cache; it is as old
/// as can be, gone.
/// </remarks>
public sealed class PowerLossTests
{
    static readonly RecordingOptions Options = new() { SegmentLength = TimeSpan.FromSeconds(2), SyncInterval = TimeSpan.FromSeconds(1) };

    [Theory]
    [InlineData(Survival.Nothing)]
    [InlineData(Survival.Everything)]
    [InlineData(Survival.Names)]
    [InlineData(Survival.Zeros)]
    [InlineData(Survival.Some)]
    internal async Task What_was_promised_survives_a_loss_of_power_after_any_operation(Survival survival)
    {
        using var folder = new TempFolder("power");
        var disk = new PowerDisk(folder.File("archive"));
        await RecordAsync(folder.File("archive"), disk);

        int kept = 0;
        for (int count = 0; count <= disk.Count; count++)
        {
            string left = folder.File($"left-{count}");
            disk.Rebuild(count, survival, new(count), left);
            kept = Math.Max(kept, await ShouldBeKeptAsync(left, new LocalDisk(), disk.Promised(count), () => disk.Describe(count)));
            Directory.Delete(left, recursive: true);
        }

        kept.ShouldBe(5 * 25);
    }

    [Theory]
    [InlineData(Survival.Nothing)]
    [InlineData(Survival.Some)]
    internal async Task So_it_does_of_main_and_sub_stream_with_sound(Survival survival)
    {
        using var folder = new TempFolder("power");
        var disk = new PowerDisk(folder.File("archive"));
        await RecordAsync(folder.File("archive"), disk, both: true);

        int kept = 0;
        for (int count = 0; count <= disk.Count; count += 2)
        {
            string left = folder.File($"left-{count}");
            disk.Rebuild(count, survival, new(count), left);
            kept = Math.Max(kept, await ShouldBeKeptAsync(left, new LocalDisk(), disk.Promised(count), () => disk.Describe(count)));
            Directory.Delete(left, recursive: true);
        }

        kept.ShouldBeGreaterThan(2 * 4 * 25);
    }

    [Fact]
    public async Task What_was_promised_survives_a_loss_of_power_during_recovery()
    {
        using var folder = new TempFolder("power");
        var disk = new PowerDisk(folder.File("archive"));
        await RecordAsync(folder.File("archive"), disk);

        for (int count = 3; count <= disk.Count; count += 5)
        {
            string left = folder.File($"left-{count}");
            disk.Rebuild(count, Survival.Some, new(count), left);
            var recovering = new PowerDisk(left);
            var promised = disk.Promised(count);
            await ShouldBeKeptAsync(left, recovering, promised, () => disk.Describe(count));
            for (int again = recovering.Initial; again < recovering.Count; again++)
            {
                string rest = folder.File($"rest-{count}-{again}");
                recovering.Rebuild(again, (Survival)(again % 5), new(again), rest);
                await ShouldBeKeptAsync(rest, new LocalDisk(), promised, () => $"{disk.Describe(count)}\nRecovery:\n{recovering.Describe(again)}");
                Directory.Delete(rest, recursive: true);
            }

            Directory.Delete(left, recursive: true);
        }
    }

    [Fact]
    public async Task Any_operation_may_fail_once_and_costs_no_more_than_the_open_segment()
    {
        using var folder = new TempFolder("power");
        var whole = new PowerDisk(folder.File("whole"));
        await RecordAsync(folder.File("whole"), whole);

        // The first ones open the archive and write the volume's identity; if they fail, nobody is told that anything is recorded.
        for (int attempt = 7; attempt < whole.Attempts; attempt++)
        {
            string root = folder.File($"failed-{attempt}");
            var disk = new PowerDisk(root) { FailAt = attempt };
            await RecordAsync(root, disk);
            string story() => $"Attempt {attempt} failed: {disk.Failed}\n{disk.Describe(disk.Count)}";

            // Of 125 pictures at most a second's until the next attempt, one's until the key frame after it, and what was in memory.
            string left = folder.File("left");
            disk.Rebuild(disk.Count, Survival.Nothing, new(attempt), left);
            (await ShouldBeKeptAsync(left, new LocalDisk(), disk.Promised(disk.Count), story)).ShouldBeGreaterThanOrEqualTo(60, story());
            Directory.Delete(left, recursive: true);
            await ShouldBeKeptAsync(root, new LocalDisk(), disk.Promised(disk.Count), story);
            Directory.Delete(root, recursive: true);
        }
    }

    /// <summary>Five seconds of one camera in segments of two, in real time by the clock, and an orderly end.</summary>
    /// <param name="both">Main and sub stream, with sound.</param>
    static async Task RecordAsync(string root, PowerDisk disk, bool both = false)
    {
        var footage = both ? await Footage.OfAsync(new(Audio: Codec.Aac)) : await Footage.PlainAsync();
        var clock = new ManualClock(Scene.Noon);
        await using var archive = await Archive.OpenAsync(root, null, Options, disk, clock, NullLogger.Instance);
        StreamHub[] hubs = both ? [new(), new()] : [new()];
        for (int i = 0; i < hubs.Length; i++)
            archive.Attach("gate", (StreamKind)i, hubs[i]);
        for (int step = 0; step < 25; step++)
        {
            foreach (var hub in hubs)
            {
                foreach (var unit in footage.Units(step * 0.2, (step + 1) * 0.2, Scene.Noon))
                {
                    hub.Publish(unit);
                    unit.Release();
                }
            }

            clock.Advance(TimeSpan.FromSeconds(0.2));
            await archive.IdleAsync();
            await archive.Volumes.Local[0].Publisher.DrainAsync();
        }
    }

    /// <summary>Opens the archive and compares; returns the pictures that are in it.</summary>
    static async Task<int> ShouldBeKeptAsync(string root, SegmentDisk disk, IReadOnlyList<(string Path, byte[] Bytes, bool IsClosed)> promised, Func<string> story)
    {
        await using var store = SqliteFactory.Instance.CreateDataSource($"Data Source=power-{Guid.NewGuid():N};Mode=Memory;Cache=Shared");
        await using var memory = await store.OpenConnectionAsync();
        await using var archive = await Archive.OpenAsync(root, store, Options, disk, new ManualClock(Scene.Noon.AddMinutes(1)), NullLogger.Instance);
        await archive.SettleAsync();
        archive.Volumes.Local[0].Folder.OpenFiles().ShouldBeEmpty(story());
        (await archive.CheckAsync(new())).Faults.ShouldBeEmpty(story());
        var index = new SegmentIndex(store);
        List<Segment> segments =
            [.. index.Segments("gate", StreamKind.Main, default, new(long.MaxValue)), .. index.Segments("gate", StreamKind.Sub, default, new(long.MaxValue))];
        foreach (var (path, bytes, isClosed) in promised)
        {
            string name = Path.GetFileNameWithoutExtension(path).Split('~')[^1];
            var whole = Scan(bytes);
            if (whole.Fragments.Count == 0)
                continue;
            var segment = segments.FirstOrDefault(s => s.Name == name).ShouldNotBeNull($"{path} is lost.\n{story()}");
            byte[] found = await File.ReadAllBytesAsync(archive.Volumes.Local[0].Folder.PathOf("gate", new(segment.Start.Milliseconds, segment.Stream)));
            int same = (int)(isClosed ? bytes.Length : whole.WholeEnd);
            found.Length.ShouldBeGreaterThanOrEqualTo(same, $"{path} has lost its end.\n{story()}");
            found.AsSpan(0, same).SequenceEqual(bytes.AsSpan(0, same)).ShouldBeTrue($"{path} has other bytes.\n{story()}");
            if (isClosed)
                found.Length.ShouldBe(bytes.Length, $"{path} was changed.\n{story()}");
        }

        return segments.Sum(s => s.Frames);
    }

    static SegmentScan Scan(byte[] bytes)
    {
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(path, bytes);
            using var file = File.OpenHandle(path);
            return SegmentScan.Read(file);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
