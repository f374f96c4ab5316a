using System.Text;
using System.Text.Json;

using Atalaya.Federation.Centre;
using Atalaya.Incidents;

namespace Atalaya.Federation.Tests.Centre;

/// <summary>What a site tells its centre of its cases: each state once, in messages that fit, and nothing that comes is believed unread.</summary>
public sealed class CaseReportTests
{
    static readonly DateTimeOffset At = new(2026, 11, 22, 3, 4, 5, TimeSpan.Zero);

    static SiteAlarm Alarm(int number, long change, int words = 20) => new(change, new()
    {
        Id = new(number, 0, 0, new byte[8]),
        Type = IncidentType.Crossing,
        Severity = AlarmSeverity.High,
        Camera = "gate",
        Cameras = ["gate", "yard"],
        Rule = "line",
        Kind = SceneEventKind.LineCrossed,
        Detail = new('x', words),
        At = At,
        LastAt = At,
        RaisedAt = At,
        Clause = "c1",
    });

    [Fact]
    public void An_alarm_is_read_as_it_was_written()
    {
        var written = new AlarmsChanged([Alarm(1, 7)]);

        CentreJson.TryRead<AlarmsChanged>(CentreJson.Write(written), out var read).ShouldBeTrue();

        read!.IsSound.ShouldBeTrue();
        JsonSerializer.Serialize(read, CentreJson.Options).ShouldBe(JsonSerializer.Serialize(written, CentreJson.Options));
    }

    [Fact]
    public void Bodies_fit_and_hold_all_of_it_in_order()
    {
        var random = new Random(1);
        for (int round = 0; round < 50; round++)
        {
            var alarms = Enumerable.Range(1, random.Next(1, 400)).Select(n => Alarm(n, n, random.Next(0, 1500))).ToList();

            var parts = CaseMerge.Cut(alarms, 48 << 10).ToList();

            parts.SelectMany(p => p).ShouldBe(alarms);
            foreach (var part in parts)
                JsonSerializer.SerializeToUtf8Bytes(new AlarmsChanged(part), CentreJson.Options).Length.ShouldBeLessThan(49 << 10);
        }
    }

    /// <summary>A site that changes cases faster than it tells them, is cut off for long, and is read in batches: at the end the centre has each case as it is, and no change was passed by.</summary>
    [Fact]
    public void A_site_that_was_away_for_weeks_catches_up_with_each_case_once()
    {
        const int limit = 5;
        for (int seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            var site = new Dictionary<int, long>();     // case -> its last change
            var centre = new Dictionary<int, long>();
            long last = 0, cursor = 0;
            int told = 0;
            void Change(int most)
            {
                // One change may touch several cases.
                for (int i = random.Next(most); i > 0; i--)
                {
                    last++;
                    for (int j = random.Next(1, 3); j > 0; j--)
                        site[random.Next(40)] = last;
                }
            }

            void Tell()
            {
                var read = site.Where(c => c.Value > cursor).OrderBy(c => c.Value).ThenBy(c => c.Key).Take(limit).ToList();
                long upTo = CaseMerge.UpTo([.. read.Select(c => c.Value)], [], limit, last);
                foreach (var (id, change) in read.Where(c => c.Value <= upTo))
                {
                    centre[id] = change;
                    told++;
                }

                upTo.ShouldBeGreaterThanOrEqualTo(cursor, $"seed {seed}");
                cursor = upTo;
            }

            for (int i = 0; i < 20; i++)
            {
                Change(4);
                if (random.Next(3) == 0)
                    Tell();
            }

            Change(400);     // weeks
            int before = told;
            for (int i = 0; cursor < last; i++)
            {
                i.ShouldBeLessThan(100, $"seed {seed}: the cursor stands still");
                Tell();
            }

            centre.OrderBy(c => c.Key).ShouldBe(site.OrderBy(c => c.Key), $"seed {seed}");
            (told - before).ShouldBeLessThanOrEqualTo(site.Count, $"seed {seed}: a case is told once, however often it changed");
        }
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("{\"alarms\":[]}")]
    [InlineData("{\"alarms\":[null]}")]
    [InlineData("{\"alarms\":[{\"change\":1}]}")]
    [InlineData("{\"alarms\":[{\"change\":0,\"alarm\":null}]}")]
    [InlineData("[1,2]")]
    [InlineData("\"x\"")]
    public void What_is_no_alarm_is_refused_and_nothing_is_thrown(string body)
    {
        using var json = JsonDocument.Parse(body);

        (CentreJson.TryRead<AlarmsChanged>(json.RootElement, out var read) && read.IsSound).ShouldBeFalse();
    }

    [Fact]
    public void Damaged_messages_are_refused_and_nothing_is_thrown()
    {
        var deed = new CaseDeed(Guid.Empty, "ana", Incident: new(Guid.Empty, 1, Event: new Dispatched("patrol 2", "look")));
        byte[] good = JsonSerializer.SerializeToUtf8Bytes(new { alarms = new[] { Alarm(1, 3) }, deed, report = SiteReportTests.Report(At) }, CentreJson.Options);
        var random = new Random(5);
        for (int round = 0; round < 20_000; round++)
        {
            byte[] bytes = [.. good];
            for (int i = random.Next(1, 4); i > 0; i--)
                bytes[random.Next(bytes.Length)] = (byte)"{}[]\",:0-9tnullx-1e99"[random.Next(20)];
            JsonDocument json;
            try
            {
                json = JsonDocument.Parse(Encoding.UTF8.GetString(bytes));
            }
            catch (JsonException)
            {
                continue;
            }

            using (json)
            {
                foreach (var part in json.RootElement.EnumerateObject().Select(p => p.Value).Prepend(json.RootElement))
                {
                    _ = CentreJson.TryRead<AlarmsChanged>(part, out var alarms) && alarms.IsSound;
                    _ = CentreJson.TryRead<CaseDeed>(part, out var read) && read.IsSound;
                    _ = CentreJson.TryRead<SiteReport>(part, out var report) && report.IsSound;
                    _ = CentreJson.TryRead<SiteCameras>(part, out var cameras) && cameras.IsSound;
                }
            }
        }
    }
}
