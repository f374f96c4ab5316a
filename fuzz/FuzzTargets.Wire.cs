using Atalaya.Analysis.Motion;
using Atalaya.Analysis.Wire;
using Atalaya.Incidents;

namespace Atalaya.Fuzz;

public static partial class FuzzTargets
{
    /// <summary>What the analysis process may send to its node once somebody else speaks in its name.</summary>
    public static void AnalysisMessages(ReadOnlySpan<byte> input)
    {
        using var link = new MessageLink(new MemoryStream(input.ToArray()));
        try
        {
            while (link.ReceiveAsync(CancellationToken.None).GetAwaiter().GetResult() is { } message)
            {
                using (message)
                    _ = Head(message);
            }
        }
        catch (IOException)
        {
            // No message, or only a part of one: its process is ended.
        }
    }

    static IEnumerable<byte[]> AnalysisMessagesSeeds()
    {
        var result = new ResultHead(
            3, 90_000, 1_700_000_000_000_000, 5, false, false, true, [new(0.1f, 0.2f, 0.3f, 0.4f)], [new(7, ObjectClass.Person, new(0.1f, 0.2f, 0.3f, 0.4f), 0.9f, false, new(1), new(0.1f, 0.2f, 0.3f, 0.4f), 0, 0)],
            [new() { Rule = "fence", Kind = SceneEventKind.LineCrossed, At = new(1), Wall = new(2), Noticed = new(3), Box = new(0, 0, 1, 1) }], 1);
        yield return Bytes(MessageKind.Result, result, WireJson.Default.ResultHead, new byte[MotionGate.HeatColumns * MotionGate.HeatRows]);
        yield return Bytes(MessageKind.Done, new(3, 12), WireJson.Default.DoneHead, []);
        yield return Bytes(MessageKind.Figures, new(2, 1.5, [new(3, 10, 9, 8, 7, 6, 0.5)]), WireJson.Default.FiguresHead, []);
        yield return Bytes(MessageKind.Ready, new(1, 77, [new("files", true, "Landlock")], []), WireJson.Default.Ready, []);
        yield return Bytes(MessageKind.Sprite, new(9, [true, false], null), WireJson.Default.SpriteMade, [0xFF, 0xD8]);
        yield return Bytes(MessageKind.Stills, new(9, [new(90_000, 2)], null), WireJson.Default.StillsMade, [0xFF, 0xD8]);

        static byte[] Bytes<T>(MessageKind kind, T head, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type, byte[] bytes)
        {
            var stream = new MemoryStream();
            using var link = new MessageLink(stream);
            link.SendAsync(kind, head, type, bytes, CancellationToken.None).GetAwaiter().GetResult();
            return stream.ToArray();
        }
    }

    static object? Head(Message message) => message.Kind switch
    {
        MessageKind.Ready => message.Head(WireJson.Default.Ready),
        MessageKind.Done => message.Head(WireJson.Default.DoneHead),
        MessageKind.Result => message.Head(WireJson.Default.ResultHead) is var r ? r.Moving.Count + r.Tracks.Count + r.Events.Count : null,
        MessageKind.Events => message.Head(WireJson.Default.EventsHead) is var e ? e.Events.Count : null,
        MessageKind.Fault => message.Head(WireJson.Default.FaultHead),
        MessageKind.Figures => message.Head(WireJson.Default.FiguresHead) is var f ? f.Streams.Count : null,
        MessageKind.Sprite => message.Head(WireJson.Default.SpriteMade) is var s ? s.Shown.Count : null,
        MessageKind.Stills => message.Head(WireJson.Default.StillsMade) is var s ? s.Stills.Count : null,
        _ => null,
    };
}
