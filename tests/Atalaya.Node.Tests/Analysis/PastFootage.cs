using Atalaya.Media;
using Atalaya.Media.Mp4;
using Atalaya.Recording;
using Atalaya.Testing;

using Microsoft.Extensions.Logging.Abstractions;

namespace Atalaya.Node.Tests.Analysis;

/// <summary>Footage that lies in a node's archive before the node is started, as recorded at another time.</summary>
static class PastFootage
{
    /// <param name="folder">Of a <see cref="TestNode"/>.</param>
    /// <param name="clip">H.264 or H.265 in MP4.</param>
    /// <param name="seconds">Of the clip; all of it if it is shorter.</param>
    public static async Task RecordAsync(string folder, string camera, StreamKind stream, string clip, DateTimeOffset start, double seconds = double.MaxValue)
    {
        var clock = new ManualClock(start);
        await using var archive = await Archive.OpenAsync(Path.Combine(folder, "data", "archive"), null, RecordingOptions.Default, clock, NullLogger.Instance, TestNode.Stop);
        var hub = new StreamHub();
        archive.Attach(camera, stream, hub);
        using var file = Mp4File.Open(clip);
        var video = file.Video!;
        for (int i = 0; i < video.Samples.Count && video.Samples[i].Decode.Seconds < seconds; i++)
        {
            var sample = video.Samples[i];
            var wall = WallTime.From(start) + sample.Decode.ToTimeSpan();
            if (wall > WallTime.Now(clock))
                clock.Advance(wall - WallTime.Now(clock));
            var unit = new AccessUnit(video.Formats[sample.Description], video.ReadSample(i))
            {
                Decode = sample.Decode,
                Presentation = sample.Presentation,
                IsKey = sample.IsKey,
                Wall = wall,
                Arrival = MonotonicTime.Now(clock),
            };
            hub.Publish(unit);
            unit.Release();
            // Never faster than the disk thread reads.
            if (i % 50 == 0)
                await archive.IdleAsync();
        }

        await archive.IdleAsync();
    }
}
