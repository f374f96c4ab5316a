using Atalaya.Media;
using Atalaya.Media.Mp4;
using Atalaya.Testing;

namespace Atalaya.Recording.Tests;

/// <summary>
/// A camera's stream as a hub gets it: a clip over and over on one media clock, with wall and monotonic time as the test sets them.
/// </summary>
sealed class Footage
{
    readonly List<(TrackFormat Format, byte[] Data, long Decode, long Presentation, bool IsKey)> _units = [];
    readonly long _length;

    Footage(Mp4File file, bool audio)
    {
        foreach (var track in file.Tracks.Where(t => t.IsVideo || audio))
        {
            for (int i = 0; i < track.Samples.Count; i++)
            {
                var sample = track.Samples[i];
                _units.Add((track.Formats[sample.Description], track.ReadSample(i), sample.Decode.Ticks, sample.Presentation.Ticks, sample.IsKey));
            }

            if (track.IsVideo || !file.Tracks.Any(t => t.IsVideo))
                _length = track.Samples[^1].Decode.Ticks + track.Samples[^1].Duration.Ticks - track.Samples[0].Decode.Ticks;
        }

        long first = _units.Min(u => u.Decode);
        _units = [.. _units.Select(u => u with { Decode = u.Decode - first, Presentation = u.Presentation - first }).Where(u => u.Decode < _length).OrderBy(u => u.Decode)];
    }

    public static async Task<Footage> OfAsync(ClipRecipe recipe)
    {
        using var file = Mp4File.Open(await Ffmpeg.ClipAsync(recipe));
        return new(file, recipe.Audio is not null);
    }

    /// <summary>100 pictures at 25 a second, a key frame every second.</summary>
    public static Task<Footage> PlainAsync() => OfAsync(new());

    public VideoFormat Format => (VideoFormat)_units.First(u => u.Format is VideoFormat).Format;

    /// <summary>Units whose decode time lies in [from, to) seconds of the endless stream.</summary>
    /// <param name="wall">Of media time zero.</param>
    /// <param name="mediaOffset">Added to media times: another session's clock.</param>
    public IEnumerable<AccessUnit> Units(double from, double to, DateTimeOffset wall, double mediaOffset = 0, TimeSpan monotonicOffset = default)
    {
        long start = MediaTime.FromSeconds(from).Ticks, end = MediaTime.FromSeconds(to).Ticks, shift = MediaTime.FromSeconds(mediaOffset).Ticks;
        for (long loop = start / _length; loop * _length < end; loop++)
        {
            foreach (var (format, data, decode, presentation, isKey) in _units)
            {
                long at = decode + (loop * _length);
                if (at < start || at >= end)
                    continue;
                var arrival = WallTime.From(wall) + new MediaTime(at).ToTimeSpan();
                yield return new(format, data)
                {
                    Decode = new(at + shift),
                    Presentation = new(presentation + (loop * _length) + shift),
                    IsKey = isKey,
                    Wall = arrival,
                    Arrival = new((arrival.Microseconds * 1000) - 1_000_000_000_000_000 + (monotonicOffset.Ticks * 100)),
                };
            }
        }
    }
}
