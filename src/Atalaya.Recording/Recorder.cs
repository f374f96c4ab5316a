using Atalaya.Media;

namespace Atalaya.Recording;

/// <summary>Takes one stream from its hub to the disk.</summary>
public sealed class Recorder
{
    internal Recorder(string camera, StreamKind stream)
    {
        Camera = camera;
        Stream = stream;
    }

    public string Camera { get; }
    public StreamKind Stream { get; }

    public RecorderStatus Status() => throw new NotSupportedException();

    /// <summary>Ends the segment and opens a gap. Done when the segment is on the disk.</summary>
    /// <param name="cause">Of the gap that opens: <see cref="GapCause.Operator"/> or <see cref="GapCause.Policy"/>.</param>
    /// <param name="detail">One sentence.</param>
    public Task StopAsync(GapCause cause, string detail) => throw new NotSupportedException();
}
