using Atalaya.Media;
using Atalaya.Media.Rtsp;

namespace Atalaya.Cameras.Tests;

public sealed class CameraConfigTests
{
    [Theory]
    [InlineData("gate", true)]
    [InlineData("gate-2", true)]
    [InlineData("7", true)]
    [InlineData("", false)]
    [InlineData("-gate", false)]
    [InlineData("Gate", false)]
    [InlineData("..", false)]
    [InlineData("a/b", false)]
    [InlineData("a b", false)]
    [InlineData("puerta-ñ", false)]
    [InlineData(null, false)]
    public void An_id_can_name_a_folder_and_a_path_of_the_api(string? id, bool valid) => CameraConfig.IsId(id).ShouldBe(valid);

    [Fact]
    public void An_id_has_at_most_63_characters()
    {
        CameraConfig.IsId(new string('a', 63)).ShouldBeTrue();
        CameraConfig.IsId(new string('a', 64)).ShouldBeFalse();
    }

    /// <summary>Renaming a camera, or recording another of its streams, must not cost a single picture.</summary>
    [Fact]
    public void Only_what_the_connection_depends_on_needs_a_new_session()
    {
        var config = Config("rtsp://10.0.0.1/main", "rtsp://10.0.0.1/sub");
        (config with { Name = "Other" }).NeedsNewSession(config, StreamKind.Main).ShouldBeFalse();
        (config with { Record = RecordedStreams.Both }).NeedsNewSession(config, StreamKind.Main).ShouldBeFalse();
        (config with { Password = "new" }).NeedsNewSession(config, StreamKind.Main).ShouldBeTrue();
        (config with { Enabled = false }).NeedsNewSession(config, StreamKind.Sub).ShouldBeTrue();
        var moved = Config("rtsp://10.0.0.1/main", "rtsp://10.0.0.1/other");
        moved.NeedsNewSession(config, StreamKind.Main).ShouldBeFalse();
        moved.NeedsNewSession(config, StreamKind.Sub).ShouldBeTrue();
    }

    [Theory]
    [InlineData(RecordedStreams.None, false, false)]
    [InlineData(RecordedStreams.Main, true, false)]
    [InlineData(RecordedStreams.Sub, false, true)]
    [InlineData(RecordedStreams.Both, true, true)]
    public void Recorded_streams_are_those_named(RecordedStreams record, bool main, bool sub)
    {
        var config = Config("rtsp://10.0.0.1/", null) with { Record = record };
        config.Records(StreamKind.Main).ShouldBe(main);
        config.Records(StreamKind.Sub).ShouldBe(sub);
    }

    [Fact]
    public void A_configuration_in_a_log_shows_no_password() =>
        (Config("rtsp://10.0.0.1/", null) with { UserName = "operator", Password = "s3cret" }).ToString().ShouldNotContain("s3cret");

    static CameraConfig Config(string main, string? sub)
    {
        RtspUrl.TryParse(main, out var mainUrl, out _).ShouldBeTrue();
        return new() { Id = "gate", Name = "Gate", Main = mainUrl!, Sub = RtspUrl.TryParse(sub, out var subUrl, out _) ? subUrl : null };
    }
}
