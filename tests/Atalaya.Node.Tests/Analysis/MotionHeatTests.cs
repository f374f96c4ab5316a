using Atalaya.Analysis.Motion;
using Atalaya.Analysis.Painting;
using Atalaya.Analysis.Rules;
using Atalaya.Incidents;
using Atalaya.Media;
using Atalaya.Node.Analysis;
using Atalaya.Node.Masks;
using Atalaya.Testing;

using Microsoft.Extensions.Logging.Abstractions;

namespace Atalaya.Node.Tests.Analysis;

public sealed class MotionHeatTests : IDisposable
{
    static readonly WallTime Midnight = WallTime.From(new(2026, 3, 28, 0, 0, 0, TimeSpan.Zero));
    static readonly Box Everywhere = new(0, 0, 1, 1);

    readonly TempFolder _folder = new("heat");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_moved_in_the_area_is_found_and_what_moved_elsewhere_is_not()
    {
        var heat = Heat();
        for (int second = 0; second < 120; second++)
            heat.Add("gate", At(second), second is >= 30 and < 40 ? Field(5, 5) : second is >= 60 and < 65 ? Field(20, 10) : [], learning: false);
        var all = heat.Find("gate", At(0), At(120), Everywhere, 100);
        all.Moved.Select(m => (m.From, m.To)).ShouldBe([(At(30), At(40)), (At(60), At(65))]);
        all.Unwatched.ShouldBeEmpty();
        // Field 20,10 of 32 × 18 lies around 0.64, 0.58.
        heat.Find("gate", At(0), At(120), new(0.6f, 0.5f, 0.1f, 0.2f), 100).Moved.Select(m => m.From).ShouldBe([At(60)]);
        heat.Find("gate", At(0), At(120), new(0.9f, 0.9f, 0.1f, 0.1f), 100).Moved.ShouldBeEmpty();
    }

    [Fact]
    public void What_moved_under_a_filled_mask_is_nobody_s_business_who_sees_masks()
    {
        var heat = Heat();
        heat.Add("gate", At(0), Field(5, 5), learning: false);
        heat.Add("gate", At(10), Field(20, 10), learning: false);
        // Around field 20,10.
        Point[] corners = [new(0.6, 0.5), new(0.7, 0.5), new(0.7, 0.7), new(0.6, 0.7)];
        heat.Find("gate", At(0), At(20), Everywhere, 100, Masks(AreaKind.Fill)).Moved.Select(m => m.From).ShouldBe([At(0)]);
        heat.Find("gate", At(0), At(20), Everywhere, 100, Masks(AreaKind.Fill)).Unwatched.ShouldBe(heat.Find("gate", At(0), At(20), Everywhere, 100).Unwatched, "it was looked at, and nothing is told of it");
        heat.Find("gate", At(0), At(20), new(0.62f, 0.55f, 0.05f, 0.1f), 100, Masks(AreaKind.Fill)).Moved.ShouldBeEmpty();
        heat.Find("gate", At(0), At(20), Everywhere, 100, Masks(AreaKind.Blur)).Moved.Select(m => m.From).ShouldBe([At(0), At(10)], "a blur shows that something moves");

        CameraMasks Masks(AreaKind kind) => new("gate", 1, At(0), "", "", [new("yard", "Yard", "", kind, corners)]);
    }

    [Fact]
    public void When_nobody_looked_is_told_apart_from_when_nothing_moved()
    {
        var heat = Heat();
        heat.Add("gate", At(50), [], learning: false);
        heat.Add("gate", At(100), Field(1, 1), learning: false);
        var found = heat.Find("gate", At(0), At(200), Everywhere, 100);
        found.Unwatched.ShouldBe([(At(0), At(50)), (At(55), At(100)), (At(105), At(200))]);
        heat.Find("yard", At(0), At(200), Everywhere, 100).Unwatched.ShouldBe([(At(0), At(200))]);
    }

    /// <summary>A node that was killed in the middle of five seconds, and the one after it.</summary>
    [Fact]
    public void It_survives_a_restart_and_a_step_that_two_nodes_share_holds_what_both_saw()
    {
        var first = Heat();
        first.Add("gate", At(1), Field(1, 1), learning: false);
        first.Flush();
        var second = Heat();
        second.Add("gate", At(3), Field(30, 17), learning: false);
        second.Flush();
        var found = Heat();
        found.Find("gate", At(0), At(5), new(0, 0, 0.1f, 0.2f), 10).Moved.Count.ShouldBe(1);
        found.Find("gate", At(0), At(5), new(0.9f, 0.9f, 0.1f, 0.1f), 10).Moved.Count.ShouldBe(1);
    }

    [Fact]
    public void A_stretch_over_midnight_reads_both_days_and_a_forgotten_day_is_unwatched()
    {
        var heat = Heat();
        for (int second = -30; second < 30; second++)
            heat.Add("gate", At(second), Field(3, 3), learning: false);
        heat.Find("gate", At(-30), At(30), Everywhere, 10).Moved.Select(m => (m.From, m.To)).ShouldBe([(At(-30), At(30))]);
        heat.Forget("gate", Midnight);
        heat.Find("gate", At(-30), At(30), Everywhere, 10).Moved.Select(m => (m.From, m.To)).ShouldBe([(Midnight, At(30))]);
        heat.Cameras().ShouldBe(["gate"]);
        heat.Forget("gate", null);
        heat.Cameras().ShouldBeEmpty();
    }

    [Fact]
    public void More_than_may_be_returned_is_said_to_be_a_part()
    {
        var heat = Heat();
        for (int second = 0; second < 1000; second += 5)
            heat.Add("gate", At(second), second % 10 == 0 ? Field(3, 3) : [], learning: false);
        var found = heat.Find("gate", At(0), At(1000), Everywhere, 7);
        found.IsPart.ShouldBeTrue();
        found.Moved.Count.ShouldBe(7);
    }

    [Fact]
    public void A_damaged_or_foreign_file_counts_as_nothing_known()
    {
        var heat = Heat();
        heat.Add("gate", At(1), Field(1, 1), learning: false);
        heat.Flush();
        string file = Directory.GetFiles(_folder.Path, "*", SearchOption.AllDirectories).ShouldHaveSingleItem();
        byte[] bytes = File.ReadAllBytes(file);
        bytes[0] ^= 1;
        File.WriteAllBytes(file, bytes);
        Heat().Find("gate", At(0), At(5), Everywhere, 10).Unwatched.ShouldBe([(At(0), At(5))]);
    }

    /// <summary>The form on disk is a promise (ref/motion-files.md): a change needs another version.</summary>
    [Fact]
    public void The_file_is_as_its_reference_says()
    {
        var heat = Heat();
        heat.Add("gate", At(12), Field(9, 2), learning: true);
        heat.Flush();
        byte[] bytes = File.ReadAllBytes(Path.Combine(_folder.Path, "gate", "2026-03-28.heat"));
        Convert.ToHexStringLower(bytes.AsSpan(0, 16)).ShouldBe("4154484541540000" + "0100" + "0500" + "2000" + "1200");
        var entry = bytes.AsSpan(80 + (2 * 80), 80);
        Convert.ToHexStringLower(entry[..8]).ShouldBe("0101010000000000");
        int field = (2 * 32) + 9;
        entry[8 + (field / 8)].ShouldBe((byte)(1 << (field % 8)));
        entry[8..].ToArray().Count(b => b != 0).ShouldBe(1);
    }

    MotionHeat Heat() => new(_folder.Path, NullLogger.Instance);

    static WallTime At(int second) => Midnight + TimeSpan.FromSeconds(second);

    static byte[] Field(int column, int row)
    {
        byte[] heat = new byte[MotionGate.HeatColumns * MotionGate.HeatRows];
        heat[(row * MotionGate.HeatColumns) + column] = 200;
        return heat;
    }
}
