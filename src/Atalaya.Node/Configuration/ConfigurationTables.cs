using System.Data.Common;

using Atalaya.Cameras;
using Atalaya.Media;
using Atalaya.Node.Alarms;
using Atalaya.Node.Analysis;
using Atalaya.Node.Cameras;
using Atalaya.Node.Identity;
using Atalaya.Node.Map;
using Atalaya.Node.Masks;

using Microsoft.AspNetCore.DataProtection;

namespace Atalaya.Node.Configuration;

/// <summary>The configuration in the store's tables, as one.</summary>
/// <param name="protector">As <see cref="CameraStore.Protector"/> makes it.</param>
sealed class ConfigurationTables(DbDataSource source, IDataProtector protector, TimeProvider clock)
{
    readonly CameraStore _cameras = new(source, protector, clock);
    readonly AnalysisStore _analysis = new(source);
    readonly MapStore _map = new(source);

    /// <param name="ofFile">Ids of the cameras that the node's configuration file defines.</param>
    /// <param name="onBroken">As <see cref="CameraStore.AllAsync"/>.</param>
    public async Task<NodeConfiguration> ReadAsync(IReadOnlyCollection<string> ofFile, Action<string, string> onBroken, CancellationToken stop)
    {
        var settings = await _analysis.SettingsAsync(stop);
        var places = await _map.PlacesAsync(stop);
        var scopes = await CameraScopes.ReadAsync(source, stop);
        await using var connection = await source.OpenConnectionAsync(stop);
        var masks = (await MaskBook.ReadAsync(connection, stop)).ToDictionary(m => m.Camera, m => m.Masks, StringComparer.Ordinal);
        var ofApi = (await _cameras.AllAsync(onBroken, stop)).Where(c => !ofFile.Contains(c.Id)).Select(c => Part(c.Id, c));
        return NodeConfiguration.Of(
            ofApi.Concat(ofFile.Select(id => Part(id, null))),
            (await _map.PlansAsync(stop)).Select(p => new PlanPart(p.Id, p.Name, p.South, p.West, p.North, p.East))) with
        {
            AlarmPolicy = (await PolicyRows.LastAsync(connection, stop))?.Parse(out _),
        };

        CameraPart Part(string id, CameraConfig? config) => new(id, config, settings.GetValueOrDefault(id), places.GetValueOrDefault(id),
            config is null ? null : scopes.GetValueOrDefault(id, CameraScope.None))
        {
            Masks = masks.GetValueOrDefault(id, []),
        };
    }

    /// <summary>Writes what is other, all or nothing.</summary>
    /// <param name="by">Who is said to have done it.</param>
    /// <param name="byId">Their id; empty: nobody who has an account here.</param>
    public async Task WriteAsync(NodeConfiguration before, NodeConfiguration after, string by, string byId, CancellationToken stop)
    {
        var at = WallTime.Now(clock);
        await using var connection = await source.OpenConnectionAsync(stop);
        await using var transaction = await connection.BeginTransactionAsync(stop);
        foreach (var change in ConfigurationDifference.Between(before, after))
        {
            if (change.Section == "plans")
            {
                if (after.Plans.TryGetValue(change.Id, out var plan))
                    await MapStore.PutPlanAsync(connection, transaction, plan.Id, new(plan.Name, plan.South, plan.West, plan.North, plan.East), at, stop);
                else
                    await MapStore.RemovePlanAsync(connection, transaction, change.Id, stop);
                continue;
            }

            if (change.Section == ConfigurationDifference.PolicySection)
            {
                if (after.AlarmPolicy is { } policy)
                    await PolicyRows.AddAsync(connection, transaction, policy, by, at, stop);
                continue;
            }

            var now = after.Cameras.GetValueOrDefault(change.Id);
            if (now?.Config is { } config)
                await _cameras.PutAsync(connection, transaction, config, stop);
            if (now?.Scope is { } scope)
                await CameraScopes.PutAsync(connection, transaction, change.Id, scope, stop);
            else if (now is null)
                await CameraStore.DeleteAsync(connection, transaction, change.Id, stop);
            if (now?.Analysis is { } settings)
                await AnalysisStore.PutAsync(connection, transaction, change.Id, settings, at, stop);
            else
                await AnalysisStore.RemoveAsync(connection, transaction, change.Id, stop);
            if (now?.Place is { } place)
                await MapStore.PutAsync(connection, transaction, change.Id, place, stop);
            else
                await MapStore.RemoveAsync(connection, transaction, change.Id, stop);
            // Those of a camera that goes stay with its footage.
            if (now is not null && !MaskBook.AreSame(now.Masks, before.Cameras.GetValueOrDefault(change.Id)?.Masks ?? []))
                await MaskBook.AddAsync(connection, transaction, change.Id, now.Masks, by, byId, at, stop);
        }

        await transaction.CommitAsync(stop);
    }
}
