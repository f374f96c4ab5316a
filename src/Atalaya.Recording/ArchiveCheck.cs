namespace Atalaya.Recording;

public enum CheckFaultKind
{
    /// <summary>The index knows it, the disk doesn't.</summary>
    Missing,

    /// <summary>Another length than the index says.</summary>
    WrongSize,

    /// <summary>Boxes that make no whole segment.</summary>
    Damaged,

    /// <summary>Another content than was written.</summary>
    WrongDigest,

    /// <summary>On the disk, unknown to the index; <c>--repair</c> adds it.</summary>
    NotIndexed,

    /// <summary>A file that is no segment, or lies where its name doesn't belong.</summary>
    Stray,

    /// <summary>Left open by a crash; the next start up recovers it.</summary>
    Unfinished,

    /// <summary>The index says that two segments, or a segment and a gap, hold the same time.</summary>
    Overlap,

    /// <summary>Neither a segment nor a gap: nobody knows what happened.</summary>
    Unexplained,
}

/// <param name="Path">Relative to the archive's folder.</param>
/// <param name="Repaired">True when <c>--repair</c> put it right.</param>
public sealed record CheckFault(CheckFaultKind Kind, string Path, string Detail, bool Repaired);

/// <param name="Digests">Read every byte and compare SHA-256. Without it presence, size and structure only.</param>
/// <param name="Repair">Put unindexed files into the index. Nothing is ever deleted or changed on the disk.</param>
public sealed record CheckOptions(bool Digests = true, bool Repair = false);

public sealed record CheckProgress(long Files, long FilesTotal, long Bytes);

public sealed record CheckResult(long Segments, long Bytes, long Gaps, IReadOnlyList<CheckFault> Faults)
{
    /// <summary>0: all is well, or was put right. 1: faults are left.</summary>
    public int ExitCode => Faults.All(f => f.Repaired) ? 0 : 1;
}
