using Atalaya.Node.Options;

namespace Atalaya.Node.Tests;

public sealed class OptionsTests
{
    static OptionsReading Read(string yaml, Dictionary<string, string>? environment = null, params (string, string, string)[] set) =>
        new OptionsSource("atalaya.yaml", environment ?? [], set).Read(yaml);

    [Fact]
    public void The_kept_page_of_options_is_what_the_options_say()
    {
        string now = OptionsDocument.Markdown();

        Repository.ReadKept("ref/options.md", now).ShouldBe(now, "Run `atalaya options --markdown > ref/options.md`.");
    }

    [Fact]
    public void Defaults_are_within_their_own_ranges()
    {
        foreach (var entry in OptionReader.Entries(typeof(NodeOptions)).Where(e => e.Default is not null && OptionText.Format(e.Default).Length > 0))
            Read("", null, (entry.Key, OptionText.Format(entry.Default), "")).Errors.ShouldBeEmpty(entry.Key);
    }

    [Fact]
    public void The_command_line_goes_before_the_environment_and_that_before_the_file()
    {
        var environment = new Dictionary<string, string> { ["ATALAYA_RECORDING__SEGMENT"] = "30s", ["ATALAYA_NAME"] = "from the environment", ["PATH"] = "/bin" };

        var reading = Read("name: from the file\nrecording:\n  segment: 20s\n  sync: 7s\n", environment, ("recording.segment", "40s", "--set"));

        reading.Errors.ShouldBeEmpty();
        reading.Options.Recording.Segment.ShouldBe(TimeSpan.FromSeconds(40));
        reading.Options.Name.ShouldBe("from the environment");
        reading.Options.Recording.Sync.ShouldBe(TimeSpan.FromSeconds(7));
    }

    [Fact]
    public void All_errors_are_told_at_once_with_their_places()
    {
        var reading = Read("""
            name: ok
            recordin:
              segment: 60s
            recording:
              segment: 5h
              sync: soon
            live:
              queue: [1, 2]
            cameras:
              - id: Gate
                main: http://10.0.0.1/
              - id: b
                main: rtsp://8.8.8.8/x
              - id: b
                main: rtsp://10.0.0.2/x
                pasword: geheim
            """, new() { ["ATALAYA_NAMES"] = "x" }, ("exports.keep", "-1", "--set exports.keep"));

        string[] told = [.. reading.Errors.Select(e => e.ToString())];
        told.ShouldContain("atalaya.yaml:2:1: recordin: There is no such option. Did you mean 'recording'?");
        told.ShouldContain("atalaya.yaml:5:12: recording.segment: must be at most 10min.");
        told.ShouldContain(e => e.StartsWith("atalaya.yaml:6:9: recording.sync: must be a duration"));
        told.ShouldContain(e => e.StartsWith("atalaya.yaml:8:10: live.queue: must be one value"));
        told.ShouldContain(e => e.StartsWith("atalaya.yaml:10:9: cameras[0].id:"));
        told.ShouldContain(e => e.StartsWith("atalaya.yaml:11:11: cameras[0].main:"));
        told.ShouldContain(e => e.StartsWith("atalaya.yaml:13:11: cameras[1].main: 8.8.8.8 is outside"));
        told.ShouldContain(e => e.StartsWith("atalaya.yaml:14:5: cameras[2].id: 'b' is the id of the camera at atalaya.yaml:12:5"));
        told.ShouldContain("atalaya.yaml:16:5: cameras[2].pasword: There is no such option. Did you mean 'password'?");
        told.ShouldContain("environment variable ATALAYA_NAMES: NAMES: There is no such option. Did you mean 'name'?");
        told.ShouldContain(e => e.StartsWith("command line --set exports.keep: exports.keep: must be"));
    }

    [Theory]
    [InlineData("http://192.168.1.5:80", "in the open")]
    [InlineData("http://0.0.0.0:8480", "in the open")]
    [InlineData("http://[::]:8480", "in the open")]
    [InlineData("http://*:8480", "in the open")]
    [InlineData("https://example.org", "127.0.0.1:8480")]
    [InlineData("http://localhost.evil.example:80", "127.0.0.1:8480")]
    [InlineData("ftp://127.0.0.1:80", "127.0.0.1:8480")]
    [InlineData("127.0.0.1", "127.0.0.1:8480")]
    [InlineData("127.1:80", "127.0.0.1:8480")]
    [InlineData("127.0.0.1:65536", "127.0.0.1:8480")]
    [InlineData("::1:80", "127.0.0.1:8480")]
    [InlineData("http://user:pass@127.0.0.1:80", "'…'")]
    public void Addresses_that_others_would_reach_in_the_open_and_what_is_none_are_refused_with_the_reason(string address, string says)
    {
        var error = Read($"listen: '{address}'").Errors.ShouldHaveSingleItem();

        error.Place.Line.ShouldBe(1);
        error.Message.ShouldContain(says);
    }

    [Theory]
    [InlineData("127.0.0.1:8480", false)]
    [InlineData("http://[::1]:8480", false)]
    [InlineData("localhost:0", false)]
    [InlineData("https://127.0.0.1:8480", true)]
    [InlineData("https://localhost:8480", true)]
    [InlineData("127.255.255.255:1", false)]
    [InlineData("0.0.0.0:8480", true)]
    [InlineData("[::]:443", true)]
    [InlineData("*:443", true)]
    [InlineData("192.0.2.7:443", true)]
    [InlineData("128.0.0.1:80", true)]
    [InlineData("[fd00::1]:443", true)]
    [InlineData("https://192.0.2.7:443/", true)]
    public void Every_address_but_loopback_is_HTTPS(string address, bool tls)
    {
        var reading = Read($"listen: '{address}'");

        reading.Errors.ShouldBeEmpty();
        OptionsSource.ListenAddresses(reading.Options).ShouldHaveSingleItem().Tls.ShouldBe(tls);
    }

    [Theory]
    [InlineData("tls: { names: ['post 7'] }", "tls.names")]
    [InlineData("tls: { names: ['*.example.org'] }", "tls.names")]
    [InlineData("tls: { names: ['https://post7'] }", "tls.names")]
    [InlineData("tls: { key: /etc/key.pem }", "tls.certificate")]
    public void What_a_certificate_can_t_be_made_out_to_is_told(string yaml, string key) => Read(yaml).Errors.ShouldHaveSingleItem().Key.ShouldBe(key);

    [Theory]
    [InlineData("database: Host=db.example.org;Database=atalaya;Password=geheim", "encryption")]
    [InlineData("database: geheim", "not a connection string")]
    [InlineData("database: { password: geheim }", "one value")]
    public void A_database_that_can_t_be_used_is_told_without_what_opens_it(string yaml, string says)
    {
        var error = Read(yaml).Errors.ShouldHaveSingleItem();

        error.Key.ShouldBe("database");
        error.Place.Line.ShouldBe(1);
        error.Message.ShouldContain(says);
        error.Message.ShouldNotContain("geheim");
    }

    [Theory]
    [InlineData("60s", 60)]
    [InlineData("1.5min", 90)]
    [InlineData("500 ms", 0.5)]
    [InlineData("2h", 7200)]
    [InlineData("30d", 2592000)]
    public void Durations_are_read_as_people_write_them(string text, double seconds)
    {
        OptionText.TryDuration(text, out var span).ShouldBeTrue();
        span.TotalSeconds.ShouldBe(seconds);
        OptionText.TryDuration(OptionText.Format(span), out var again).ShouldBeTrue();
        again.ShouldBe(span);
    }

    [Theory]
    [InlineData("10GiB", 10L << 30)]
    [InlineData("64 KiB", 64 << 10)]
    [InlineData("1.5MB", 1_500_000)]
    [InlineData("512", 512)]
    public void Sizes_are_read_as_people_write_them(string text, long bytes)
    {
        ByteSize.TryParse(text, out var size).ShouldBeTrue();
        size.Bytes.ShouldBe(bytes);
        ByteSize.TryParse(size.ToString(), out var again).ShouldBeTrue();
        again.ShouldBe(size);
    }

    [Theory]
    [InlineData("60")]
    [InlineData("s")]
    [InlineData("-5s")]
    [InlineData("1e9d")]
    [InlineData("99999999999999999999d")]
    public void What_is_no_duration_is_refused(string text) => OptionText.TryDuration(text, out _).ShouldBeFalse();

    [Theory]
    [InlineData("a: &x 1\nb: *x", "Anchors")]
    [InlineData("name: !!str x", "Tags")]
    [InlineData("name: x\nname: y", "twice")]
    [InlineData("- a\n- b", "must hold options")]
    [InlineData("name: x\n---\nname: y", "second document")]
    [InlineData("name: [", "isn't YAML")]
    public void Parts_of_YAML_that_nobody_needs_are_refused_with_their_line(string yaml, string why)
    {
        var error = Read(yaml).Errors.ShouldHaveSingleItem();

        error.Message.ShouldContain(why);
        error.Place.Line.ShouldBeGreaterThan(0);
    }

    [Fact]
    public void A_file_that_nests_deeply_is_refused_and_not_recursed_into() =>
        Read("a: " + new string('[', 5000) + new string(']', 5000)).Errors.ShouldNotBeEmpty();

    [Fact]
    public void Ten_thousand_damaged_files_are_read_or_refused_with_a_line_and_never_crash()
    {
        const string Good = """
            name: "Post 7"      # a comment
            listen: [127.0.0.1:8480, "http://[::1]:8480"]
            recording: { segment: 60s, sync: 5s }
            rtsp:
              allowedNetworks:
                - 10.0.0.0/8
                - 192.168.0.0/16
            exports:
              maxBytes: 20GiB
            cameras:
              - id: gate-1
                name: 'Gate 1, lane in'
                main: rtsp://user:pa%40ss@10.20.0.11/stream1
                sub: rtsp://10.20.0.11/stream2
                record: both
              - id: fence
                main: rtsp://10.20.0.12:8554/
                transport: udp
                enabled: no
            """;
        const string Salt = "{}[]:,-&*!|>'\"%@`#?\n\t \0\u00e9\ud83d~0a=";
        var random = new Random(20260301);
        int refused = 0;
        for (int i = 0; i < 10_000; i++)
        {
            var text = new System.Text.StringBuilder(Good);
            for (int changes = random.Next(1, 6); changes > 0; changes--)
            {
                int at = random.Next(text.Length);
                switch (random.Next(4))
                {
                    case 0: text[at] = Salt[random.Next(Salt.Length)]; break;
                    case 1: text.Insert(at, Salt[random.Next(Salt.Length)]); break;
                    case 2: text.Remove(at, Math.Min(random.Next(1, 12), text.Length - at)); break;
                    default: text.Insert(at, text.ToString(random.Next(text.Length / 2), random.Next(1, 40))); break;
                }
            }

            var reading = Read(text.ToString());
            refused += reading.Errors.Count > 0 ? 1 : 0;
            foreach (var error in reading.Errors)
            {
                string told = error.ToString();
                if (error.Place.Line <= 0 || error.Message.Length == 0 || told.Contains("pa%40ss", StringComparison.Ordinal) || told.Contains("pa@ss", StringComparison.Ordinal))
                    Assert.Fail($"Told: {told}\nof:\n{text}");
            }
        }

        refused.ShouldBeInRange(1000, 9999);
    }
}
