namespace Atalaya.Recording.Storage;

/// <summary>What was found where a volume should be.</summary>
/// <param name="Id">Of the identity there; null: none.</param>
/// <param name="Refusal">Why it would not be used, and what to do; null: it would.</param>
public sealed record VolumeSight(string Name, VolumeTier Tier, string Place, string? Id, string? Refusal)
{
    internal static VolumeSight Of(VolumeConfig config, VolumeIdentity? identity, string? refusal) =>
        new(config.Name, config.Tier, config.Store?.ToString() ?? config.Path, identity?.Volume, refusal);
}
