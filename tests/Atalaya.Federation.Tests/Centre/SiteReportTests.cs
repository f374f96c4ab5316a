using System.Text.Json;

using Atalaya.Federation.Centre;

namespace Atalaya.Federation.Tests.Centre;

/// <summary>What a site tells of itself.</summary>
public sealed class SiteReportTests
{
    internal static SiteReport Report(DateTimeOffset at) => new(
        at, "0.5", "Linux X64", [new("storage", PartState.Degraded, ["disk: filling"]), new("cameras", PartState.Ok, [])], [new("disk", PartState.Degraded, 1000, 10, at)], new(true, 0.01),
        new("ceuta.example/log", "ceuta.example/log+1+x", 7, null), 35, 34, 33, "abc");

    [Fact]
    public void A_report_is_read_as_it_was_written_with_fields_of_a_later_version_passed_over()
    {
        var report = Report(DateTimeOffset.UnixEpoch);
        string text = JsonSerializer.Serialize(report, CentreJson.Options);
        using var json = JsonDocument.Parse(text.Replace("{\"at\"", "{\"invented\":{\"later\":1},\"at\"", StringComparison.Ordinal));

        CentreJson.TryRead<SiteReport>(json.RootElement, out var read).ShouldBeTrue();

        read!.IsSound.ShouldBeTrue();
        read.State.ShouldBe(PartState.Degraded);
        JsonSerializer.Serialize(read, CentreJson.Options).ShouldBe(text);
    }

    [Fact]
    public void A_list_of_cameras_goes_in_pages_that_fit_and_is_whole_behind_them()
    {
        var cameras = Enumerable.Range(0, 250).Select(n => new SiteCamera($"cam-{n}", new string('ñ', 200), true, "running", new string('r', 100), "recording", true, false, new(35.9, -5.3, 10, 60, 80))).ToList();

        var pages = SiteCameras.Split("d", cameras);

        pages.Select(p => p.Page).ShouldBe(Enumerable.Range(0, pages.Count));
        pages.ShouldAllBe(p => p.IsSound && p.Pages == pages.Count);
        pages.SelectMany(p => p.Cameras).ShouldBe(cameras);
        pages.ShouldAllBe(p => JsonSerializer.SerializeToUtf8Bytes(p, CentreJson.Options).Length < 60 << 10);
        SiteCameras.Split("d", []).ShouldHaveSingleItem().Cameras.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("../etc")]
    [InlineData("")]
    [InlineData("a/b")]
    public void A_camera_whose_id_is_no_id_is_refused(string id) =>
        new SiteCamera(id, "x", true, "running", "", "recording", false, false, null).IsSound.ShouldBeFalse();
}
