namespace Atalaya.Analysis.Detect;

/// <summary>No detector can be had from this model, this library or these options. Every reason that was found, each with what, where and what to do.</summary>
public sealed class DetectorException : Exception
{
    public DetectorException(IReadOnlyList<string> reasons)
        : base(string.Join('\n', reasons)) => Reasons = reasons;

    public DetectorException(string reason)
        : this([reason])
    {
    }

    /// <summary>At least one; whole sentences.</summary>
    public IReadOnlyList<string> Reasons { get; }
}
