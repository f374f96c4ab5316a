namespace Atalaya.Recording;

/// <summary>How the archive is written. A snapshot: a change makes a new one and holds for recorders attached from then on.</summary>
public sealed record RecordingOptions
{
    public static RecordingOptions Default { get; } = new();

    /// <summary>
    /// Media in one fragment, the unit that reaches the operating system. 0.5 s: what a killed process loses and what memory holds follow it;
    /// halving it again costs more system calls than it saves. From 0.1 s to 1 s.
    /// </summary>
    public TimeSpan FragmentLength { get; init; } = TimeSpan.FromSeconds(0.5);

    /// <summary>
    /// Media in one segment, cut at the last key frame that keeps it below. 60 s: a seek reads one file, a month of a camera is 43,200 of them.
    /// From 2 s to 10 min.
    /// </summary>
    public TimeSpan SegmentLength { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// How often an open file is forced to the disk. 5 s: what a power cut may cost; oftener wears a flash disk and holds up a spinning one.
    /// From 1 s to 60 s.
    /// </summary>
    public TimeSpan SyncInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Every fault at once, as sentences; none when the options can be used.</summary>
    public IEnumerable<string> Faults()
    {
        if (FragmentLength < TimeSpan.FromSeconds(0.1) || FragmentLength > TimeSpan.FromSeconds(1))
            yield return $"fragmentLength is {FragmentLength.TotalSeconds} s; it must be from 0.1 s to 1 s.";
        if (SegmentLength < TimeSpan.FromSeconds(2) || SegmentLength > TimeSpan.FromMinutes(10))
            yield return $"segmentLength is {SegmentLength.TotalSeconds} s; it must be from 2 s to 600 s.";
        if (SyncInterval < TimeSpan.FromSeconds(1) || SyncInterval > TimeSpan.FromSeconds(60))
            yield return $"syncInterval is {SyncInterval.TotalSeconds} s; it must be from 1 s to 60 s.";
    }
}
