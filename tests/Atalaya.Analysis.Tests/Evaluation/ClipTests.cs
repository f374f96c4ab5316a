using Atalaya.Analysis.Evaluation;
using Atalaya.Analysis.Rules;
using Atalaya.Analysis.Tests.Detect;
using Atalaya.Testing;

namespace Atalaya.Analysis.Tests.Evaluation;

public sealed class ClipTests
{
    const string Fence = "rules: [{name: fence, type: line, points: [[0.5, 0], [0.5, 1]], classes: [person]}]\n";

    [Fact]
    public void Rules_and_events_are_read_in_order_of_time()
    {
        var read = ClipEvents.Read(Fence + "events:\n  - {rule: fence, t: 7.5}\n  - {rule: fence, t: 3.2}\n", out var faults).ShouldNotBeNull(string.Join('\n', faults));
        read.Config.Rules.ShouldHaveSingleItem().ShouldBeOfType<LineRule>();
        read.Events.ShouldBe([new("fence", 3.2), new("fence", 7.5)]);
    }

    [Theory]
    [InlineData("events: []\n")]
    [InlineData("events:\n")]
    [InlineData("")]
    public void No_events_is_a_clip_in_which_nothing_happens(string events) => ClipEvents.Read(Fence + events, out _).ShouldNotBeNull().Events.ShouldBeEmpty();

    [Theory]
    [InlineData("events: [{rule: gate, t: 1}]", "'gate' is none of the rules: fence")]
    [InlineData("events: [{rule: fence, t: -1}]", "must be seconds from the first picture")]
    [InlineData("events: [{rule: fence, t: soon}]", "must be a number, not 'soon'")]
    [InlineData("events: [{rule: fence}]", "'t' is missing")]
    [InlineData("events: [{rule: fence, t: 1, who: me}]", "'who' isn't known here")]
    [InlineData("events: 3", "must be a list")]
    [InlineData("event: []", "'event' isn't known here; known are rules, ground, events")]
    public void What_is_wrong_is_said_with_its_line(string events, string expected)
    {
        ClipEvents.Read(Fence + events, out var faults).ShouldBeNull();
        string all = string.Join('\n', faults);
        all.ShouldContain(expected);
        all.ShouldContain("line 2");
    }

    [Fact]
    public void A_file_without_rules_could_never_be_wrong_and_is_refused()
    {
        ClipEvents.Read("events: []", out var faults).ShouldBeNull();
        faults.ShouldHaveSingleItem().Message.ShouldContain("must be one at least");
    }

    [Fact]
    public void A_folder_gives_its_clips_with_events_and_names_those_without()
    {
        using var folder = new TempFolder();
        foreach (string name in (string[])["b.mp4", "a.AVI", "notes.txt", "bare.mkv", "still.jpg"])
            File.WriteAllText(folder.File(name), "");
        foreach (string name in (string[])["a", "b", "still"])
            File.WriteAllText(folder.File(name + ".events.yaml"), Fence);
        var clips = Clip.Find([folder.Path], null, out var without, out var faults);
        faults.ShouldBeEmpty();
        clips.Select(c => c.Name).ShouldBe(["a.AVI", "b.mp4", "still.jpg"]);
        without.ShouldHaveSingleItem().ShouldEndWith("bare.mkv");
    }

    [Fact]
    public void All_broken_files_are_told_before_anything_is_decoded()
    {
        using var folder = new TempFolder();
        foreach (string name in (string[])["a", "b"])
        {
            File.WriteAllText(folder.File(name + ".mp4"), "");
            File.WriteAllText(folder.File(name + ".events.yaml"), "rules: [{type: wall}]");
        }

        Clip.Find([folder.Path, folder.File("gone")], null, out _, out var faults).ShouldBeEmpty();
        faults.Count.ShouldBe(3);
        faults[0].ShouldContain("a.events.yaml, line 1, rules[0].type: 'wall' is no type of rule");
        faults[2].ShouldContain("There is no clip and no folder");
    }

    [Fact]
    public void A_folder_without_events_says_what_is_wanted()
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder.File("a.mp4"), "");
        Clip.Find([folder.Path], null, out _, out var faults).ShouldBeEmpty();
        faults.ShouldHaveSingleItem().ShouldContain("NAME.events.yaml beside it");
    }

    [Fact]
    public async Task Pictures_come_at_the_rate_that_was_asked_for_whatever_the_clip_has()
    {
        using var folder = new TempFolder();
        string clip = folder.File("c.mkv");
        await Ffmpeg.RunAsync(["-f", "lavfi", "-i", "testsrc=size=161x91:rate=12:duration=3", clip]);
        using var reader = await ClipReader.OpenAsync(clip, 5, 1, TestContext.Current.CancellationToken);
        (reader.Width, reader.Height).ShouldBe((161, 91));
        int pictures = 0;
        while (await reader.NextAsync(TestContext.Current.CancellationToken))
        {
            reader.At.Seconds.ShouldBe(pictures++ / 5.0, 1e-4);
            reader.Picture.Cb.Length.ShouldBe(81 * 46);
        }

        pictures.ShouldBe(15);
    }

    [Fact]
    public async Task A_still_is_shown_for_as_long_as_was_asked()
    {
        using var folder = new TempFolder();
        string still = folder.File("s.png");
        await Ffmpeg.RunAsync(["-f", "lavfi", "-i", "testsrc=size=160x90", "-frames:v", "1", still]);
        using var reader = await ClipReader.OpenAsync(still, 5, 2, TestContext.Current.CancellationToken);
        int pictures = 0;
        while (await reader.NextAsync(TestContext.Current.CancellationToken))
            pictures++;
        pictures.ShouldBe(10);
    }

    [Fact]
    public async Task What_is_no_clip_says_so_and_ends()
    {
        using var folder = new TempFolder();
        string clip = folder.File("c.mp4");
        await File.WriteAllTextAsync(clip, "not a video", TestContext.Current.CancellationToken);
        (await Should.ThrowAsync<IOException>(() => ClipReader.OpenAsync(clip, 5, 1, TestContext.Current.CancellationToken))).Message.ShouldContain(clip);
        (await Should.ThrowAsync<IOException>(() => ClipReader.OpenAsync(folder.File("gone.mp4"), 5, 1, TestContext.Current.CancellationToken))).Message.ShouldContain("There is no file");
    }

    /// <summary>Through everything: decoder, gate, detector, tracker, rules and score, on half a minute of real people.</summary>
    [Fact]
    public async Task People_who_come_to_a_table_and_go_are_raised_and_nothing_else_is()
    {
        string clip = TestData.Path("video/intel_one-by-one-person-detection.mp4");
        using var detector = Models.Default(Models.Options with { MinScore = 0.1f, Threads = 2 });
        using var folder = new TempFolder();
        string part = folder.File("part.mp4");
        await Ffmpeg.RunAsync(["-t", "46", "-i", clip, "-c", "copy", part]);
        var events = ClipEvents.Read(await File.ReadAllTextAsync(RepositoryRoot.File("eval", "intel_one-by-one-person-detection.events.yaml"), TestContext.Current.CancellationToken), out _).ShouldNotBeNull();
        events = events with { Events = [.. events.Events.Where(e => e.Seconds < 46)] };
        var trial = await ClipTrial.RunAsync(new(part, events), detector, new(), TestContext.Current.CancellationToken);
        trial.Score.FalsePositives.ShouldBe(0);
        trial.Score.Misses.ShouldBe(0);
        trial.Score.TruePositives.ShouldBe(6);
    }
}
