using Atalaya.Federation.Agreements;
using Atalaya.Media;

namespace Atalaya.Node.Federation.Agreements;

enum AgreementState
{
    /// <summary>Written here, seen by nobody else.</summary>
    Draft,

    /// <summary>Signed here and sent; the partner hasn't signed.</summary>
    Offered,

    /// <summary>Signed by the partner; nobody here has.</summary>
    Received,

    /// <summary>Signed by both.</summary>
    Binding,
}

/// <summary>A version of an agreement as it is kept here. A snapshot: a change makes a new one.</summary>
/// <param name="Link">Id of the partner's link.</param>
/// <param name="Digest">Lower-case hexadecimal.</param>
/// <param name="Own">This organisation, as the document calls it.</param>
/// <param name="Other">The partner.</param>
/// <param name="WrittenBy">Empty: the partner.</param>
/// <param name="SignedBy">Who signed here; empty: nobody.</param>
/// <param name="Denunciation">Signed note; empty: nobody denounced it.</param>
/// <param name="DenouncedBy">A person here, or the partner's organisation.</param>
/// <param name="LastDay">By the denunciation.</param>
sealed record StoredAgreement(
    string Link, string Digest, SignedAgreement Signed, AgreementState State, string Own, string Other, WallTime WrittenAt, string WrittenBy, WallTime? SignedAt, string SignedBy, WallTime? BoundAt,
    string Denunciation, string DenouncedBy, DateOnly? LastDay)
{
    public Agreement Document => Signed.Agreement;

    public string Id => Document.Id;

    public int Version => Document.Version;

    /// <summary>The document as it decides: until its own end, or that of its notice.</summary>
    public Agreement Effective => LastDay is { } last ? Document with { End = last } : Document;
}
