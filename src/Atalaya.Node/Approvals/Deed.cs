using System.Security.Cryptography;
using System.Text.Json;

using Atalaya.Media;
using Atalaya.Node.Oversight;

namespace Atalaya.Node.Approvals;

/// <summary>Something that somebody wants to do, as far as the second person's agreement is bound to it.</summary>
/// <param name="Detail">What else a person has to know to decide.</param>
/// <param name="Exactly">What the detail leaves out, so that another one isn't the same.</param>
sealed record Deed(ApprovalAction Action, IReadOnlyList<string> Cameras, WallTime? From, WallTime? To, string Detail, string Exactly = "")
{
    /// <summary>Roles, by name or id, that whoever agrees must have: an agreement asks for them.</summary>
    public IReadOnlyList<string> Offices { get; init; } = [];

    const int MaxDetail = 1000;

    /// <summary>Lower-case hexadecimal SHA-256 over all of it and the purpose.</summary>
    public string Digest(Purpose purpose) => Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(
        new object?[] { Action.ToString(), Cameras.Order(StringComparer.Ordinal), From?.Microseconds, To?.Microseconds, Detail, Exactly, purpose.Id, purpose.Reference, Offices })));

    /// <summary>The detail, short enough to be kept.</summary>
    public string Shown => Detail.Length <= MaxDetail ? Detail : Detail[..MaxDetail] + "…";
}
