using System.Buffers;

using Atalaya.Analysis.Tracks;
using Atalaya.Incidents;
using Atalaya.Media;

namespace Atalaya.Fuzz;

public static partial class FuzzTargets
{
    /// <summary>A file of tracks gives blocks that could be written again, whatever lies on the disk.</summary>
    public static void TrackFiles(ReadOnlySpan<byte> input)
    {
        var blocks = TrackFile.Read(input, new(long.MinValue), new(long.MaxValue), out long damaged);
        if (damaged < 0 || damaged > input.Length)
            throw new InvalidOperationException($"{damaged} of {input.Length} bytes are said to be damaged.");
        foreach (var block in blocks)
            TrackFile.Write(block, new ArrayBufferWriter<byte>());
    }

    static IEnumerable<byte[]> TrackFilesSeeds()
    {
        var at = new WallTime(1_774_747_800_000_000);
        var block = new ArrayBufferWriter<byte>();
        TrackFile.Write(
            new(StreamKind.Main, 640, 360, true,
            [
                new(at, true, []),
                new(at + TimeSpan.FromSeconds(1), false, [new(1, ObjectClass.Person, new(0.1f, 0.1f, 0.1f, 0.2f), 0.7f, false, at, new(0.1f, 0.1f, 0.1f, 0.2f), 0.1f, 0)]),
                new(at + TimeSpan.FromSeconds(2), false, [new(1, ObjectClass.Person, new(0.2f, 0.1f, 0.1f, 0.2f), 0.7f, true, at, new(0.1f, 0.1f, 0.1f, 0.2f), 0.1f, 0)]),
            ]),
            block);
        return [[.. TrackFile.Header(), .. block.WrittenSpan], [.. TrackFile.Header(), .. block.WrittenSpan, .. block.WrittenSpan]];
    }
}
