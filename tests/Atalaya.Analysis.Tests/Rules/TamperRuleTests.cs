using Atalaya.Analysis.Rules;
using Atalaya.Incidents;

namespace Atalaya.Analysis.Tests.Rules;

/// <summary>Pictures drawn by formula: what a hand, a knock or a torch does to them is known.</summary>
public sealed class TamperRuleTests
{
    const int Width = 160, Height = 90;
    static readonly TamperRule Rule = new() { Id = "t", Name = "t" };

    [Theory]
    [InlineData(TamperKind.Covered)]
    [InlineData(TamperKind.Defocused)]
    [InlineData(TamperKind.Turned)]
    [InlineData(TamperKind.Blinded)]
    [InlineData(TamperKind.Frozen)]
    public void Each_kind_is_raised_once_as_what_it_is(TamperKind kind)
    {
        var scene = new Scene(Rule);
        Show(scene, 20, Street);
        scene.Events.ShouldBeEmpty();
        double began = scene.Now;
        Show(scene, 40, kind switch
        {
            TamperKind.Covered => (_, _) => 30,
            TamperKind.Defocused => (x, y) => Blurred(x, y),
            TamperKind.Turned => (x, y) => Street(x + 1120, y + 530),
            TamperKind.Blinded => (x, y) => x > 30 ? 250 : Street(x, y),
            _ => Street,
        }, noise: kind == TamperKind.Frozen ? 0 : 2);
        var raised = scene.Events.ShouldHaveSingleItem();
        raised.Kind.ShouldBe(SceneEventKind.Tamper);
        raised.Tamper.ShouldBe(kind);
        raised.At.Seconds.ShouldBe(began, 0.5);
        Show(scene, 30, Street);
        scene.Events.Count.ShouldBe(1);
    }

    [Fact]
    public void A_lorry_before_the_lens_dusk_and_a_cloud_are_no_tampering()
    {
        var scene = new Scene(Rule);
        Show(scene, 20, Street);
        Show(scene, 3, (_, _) => 60);
        Show(scene, 20, Street);
        Show(scene, 5, (x, y) => Street(x, y) * 0.6);
        for (int i = 0; i < 300; i++)
            Show(scene, 1, (x, y) => Street(x, y) * (1 - (i / 400.0)));
        scene.Events.ShouldBeEmpty();
    }

    [Fact]
    public void People_who_walk_about_are_no_tampering()
    {
        var scene = new Scene(Rule);
        for (int i = 0; i < 60; i++)
        {
            int at = i * 2;
            Show(scene, 0.5, (x, y) => Math.Abs(x - at) < 15 && y > 30 ? 20 : Street(x, y));
        }

        scene.Events.ShouldBeEmpty();
    }

    [Fact]
    public void Only_the_kinds_asked_for_are_raised()
    {
        var scene = new Scene(Rule with { Kinds = [TamperKind.Blinded] });
        Show(scene, 20, Street);
        Show(scene, 20, (_, _) => 30);
        scene.Events.ShouldBeEmpty();
    }

    [Fact]
    public void A_thing_that_is_taken_is_raised_and_one_who_stands_before_it_is_not()
    {
        var rule = new RemovedRule { Id = "r", Name = "r", Points = [new(0.4, 0.4), new(0.6, 0.4), new(0.6, 0.7), new(0.4, 0.7)], Seconds = 5 };
        double With(double x, double y) => x is > 64 and < 96 && y is > 36 and < 63 ? ((int)x + (int)y) % 8 * 20 : Street(x, y);
        var scene = new Scene(rule);
        Show(scene, 20, With);
        Show(scene, 20, (x, y) => With(x, y) * 0.7);
        scene.Events.ShouldBeEmpty("a cloud");
        for (int i = 0; i < 100; i++)
            scene.Picture([scene.Track(1, 0.5, 0.8, height: 0.6)], Statistics((x, y) => x is > 60 and < 100 ? 40 : With(x, y), i));
        scene.Events.ShouldBeEmpty("somebody stands before it");
        Show(scene, 10, With);
        scene.Events.ShouldBeEmpty();
        Show(scene, 20, Street);
        scene.Events.ShouldHaveSingleItem().Kind.ShouldBe(SceneEventKind.Removed);
    }

    [Fact]
    public void Lamps_that_go_on_change_all_and_remove_nothing()
    {
        var rule = new RemovedRule { Id = "r", Name = "r", Points = [new(0.4, 0.4), new(0.6, 0.4), new(0.6, 0.7)], Seconds = 5 };
        var scene = new Scene(rule);
        Show(scene, 20, Street);
        Show(scene, 30, (x, y) => 255 - Street(x, y));
        scene.Events.ShouldBeEmpty();
    }

    [Fact]
    public void The_numbers_of_a_picture_are_what_they_say()
    {
        byte[] luma = new byte[64 * 36];
        for (int i = 0; i < luma.Length; i++)
            luma[i] = (byte)(i % 64 < 32 ? 20 : 240);
        var statistics = SceneStatistics.Of(luma, 64, 36, 64, []);
        statistics.Mean.ShouldBe(130, 0.01);
        statistics.Spread.ShouldBe(110, 0.01);
        statistics.Glaring.ShouldBe(0.5, 0.001);
        // One step of 220 a row of 64.
        statistics.Detail.ShouldBe(220 / 64.0, 0.01);
        statistics.CellMeans[0].ShouldBe(20);
        statistics.CellMeans[SceneStatistics.Cells - 1].ShouldBe(240);
        statistics.SameAsBefore.ShouldBeNull();
        SceneStatistics.Of(luma, 64, 36, 64, luma).SameAsBefore.ShouldBe(true);
        byte[] other = [.. luma];
        other[^1]++;
        SceneStatistics.Of(luma, 64, 36, 64, other).SameAsBefore.ShouldBe(false);
    }

    static double Street(double x, double y) =>
        Math.Clamp(110 + (50 * Math.Sin(x / 23)) + (35 * Math.Cos(y / 17)) + (((int)(x / 3) * 7919 ^ (int)(y / 3) * 104729) % 40), 0, 255);

    static double Blurred(double x, double y) => 110 + (50 * Math.Sin(x / 23)) + (35 * Math.Cos(y / 17));

    static void Show(Scene scene, double seconds, Func<double, double, double> picture, int noise = 2)
    {
        byte[]? before = null;
        int number = (int)(scene.Now * 5);
        for (double end = scene.Now + seconds; scene.Now < end;)
        {
            byte[] luma = Draw(picture, noise == 0 ? 0 : number++, noise);
            scene.Picture([], SceneStatistics.Of(luma, Width, Height, Width, before));
            before = luma;
        }
    }

    static SceneStatistics Statistics(Func<double, double, double> picture, int number) => SceneStatistics.Of(Draw(picture, number, 2), Width, Height, Width, []);

    static byte[] Draw(Func<double, double, double> picture, int seed, int noise)
    {
        var random = new Random(seed);
        byte[] luma = new byte[Width * Height];
        for (int y = 0; y < Height; y++)
        {
            for (int x = 0; x < Width; x++)
                luma[(y * Width) + x] = (byte)Math.Clamp(picture(x, y) + (noise == 0 ? 0 : random.Next(-noise, noise + 1)), 0, 255);
        }

        return luma;
    }
}
