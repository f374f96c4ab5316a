using System.Globalization;

namespace Atalaya.System.Tests;

/// <summary>
/// Kill it anywhere: the node loses at most a second, leaves no file that can't be read, and explains what is missing. <c>make chaos</c> kills
/// it 200 times; ATALAYA_CHAOS_KILLS and ATALAYA_CHAOS_SEED say otherwise.
/// </summary>
[Collection(nameof(Alone))]
public sealed class ChaosTests(ITestOutputHelper output)
{
    static readonly KillMoment[] Every = [KillMoment.Recording, KillMoment.Rotation, KillMoment.StartUp, KillMoment.Shutdown];

    [Fact]
    public async Task A_node_killed_while_it_moves_and_removes_footage_leaves_an_archive_that_agrees_with_its_index()
    {
        int kills = Setting("ATALAYA_CHAOS_KILLS") ?? Every.Length;
        int seed = Setting("ATALAYA_CHAOS_SEED") ?? Environment.TickCount;
        output.WriteLine($"ATALAYA_CHAOS_SEED={seed}");
        await using var harness = await KillHarness.StartAsync(seed, output, small: true);
        // Until there is something to move and to remove.
        await harness.KillAsync(KillMoment.Recording, TimeSpan.FromSeconds(12));
        for (int i = 1; i < kills; i++)
            await harness.KillAsync(Every[i % Every.Length]);
        await harness.FinishAsync();
    }

    [Fact]
    public async Task A_node_killed_anywhere_has_every_picture_but_the_last_second_and_explains_the_rest()
    {
        int kills = Setting("ATALAYA_CHAOS_KILLS") ?? Every.Length;
        int seed = Setting("ATALAYA_CHAOS_SEED") ?? Environment.TickCount;
        output.WriteLine($"ATALAYA_CHAOS_SEED={seed}");
        await using var harness = await KillHarness.StartAsync(seed, output);
        for (int i = 0; i < kills; i++)
            await harness.KillAsync(Every[i % Every.Length]);
        await harness.FinishAsync();
    }

    static int? Setting(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : null;
}

/// <summary>Tests that need the machine to themselves: what a node may lose is a matter of time.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;
