using Atalaya.Media;
using Atalaya.Media.Mp4;

namespace Atalaya.Analysis.Tests.Codec;

/// <summary>The pictures of a clip as a decoder gets them, in decode order.</summary>
sealed record ClipUnits(VideoFormat Format, IReadOnlyList<AccessUnit> Units)
{
    public static ClipUnits Read(string path)
    {
        using var file = Mp4File.Open(path);
        var track = file.Tracks.First(t => t.Formats[0] is VideoFormat);
        var units = track.Samples.Select((sample, i) => new AccessUnit(track.Formats[sample.Description], track.ReadSample(i))
        {
            Presentation = sample.Presentation,
            Decode = sample.Decode,
            IsKey = sample.IsKey,
        }).ToList();
        return new((VideoFormat)track.Formats[0], units);
    }

    public IEnumerable<AccessUnit> Keys => Units.Where(u => u.IsKey);
}
