using System.Security.Cryptography;
using System.Text;

using Atalaya.Node.Alarms;
using Atalaya.Node.Analysis;
using Atalaya.Node.Approvals;
using Atalaya.Node.Cameras;
using Atalaya.Node.Footage;
using Atalaya.Node.Identity;
using Atalaya.Node.Masks;
using Atalaya.Node.Options;
using Atalaya.Node.Store;

namespace Atalaya.Node.Configuration;

/// <summary>How a text was taken.</summary>
enum ConfigurationEnd
{
    Done,

    /// <summary>It has errors; nothing was changed.</summary>
    Refused,

    /// <summary>What is in force isn't what the caller had seen.</summary>
    Outdated,

    /// <summary>It would change what the caller may not.</summary>
    NotPermitted,

    /// <summary>It would hide less of a camera than the caller may see.</summary>
    Shows,

    /// <summary>A second person has to agree first; nothing was changed.</summary>
    Waits,
}

/// <param name="Revision">Of what is in force now, or would be.</param>
sealed record ConfigurationResult(ConfigurationEnd End, IReadOnlyList<ObjectChange> Changes, IReadOnlyList<OptionError> Errors, string Revision);

/// <summary>The running node's configuration as one text.</summary>
sealed class NodeConfigurations(
    NodeDatabase database, CameraRoster roster, Recordings recordings, AnalysisFeeds feeds, CameraScopes scopes, Standing standing, MaskBook masks, NodeOptions options, TimeProvider clock, ILogger<NodeConfigurations> log)
{
    /// <summary>What places in errors are called after.</summary>
    public const string Source = "configuration";

    /// <summary>Longest text, bytes. 1 MiB: some thousand cameras with rules.</summary>
    public const int MaxBytes = 1 << 20;

    // A digest of secrets that nobody can compare with guesses: the key is this process's own.
    readonly byte[] _key = RandomNumberGenerator.GetBytes(32);

    /// <param name="withAlarms">Also what only those may see who manage alarms.</param>
    public async Task<(string Text, string Revision)> ReadAsync(bool withAlarms, CancellationToken stop)
    {
        var now = await CurrentAsync(stop);
        return (ConfigurationText.Write(withAlarms ? now : now with { AlarmPolicy = null }, options.Name), RevisionOf(now));
    }

    /// <param name="dryRun">Only compared.</param>
    /// <param name="seen">Revision that the caller compared with; null: whatever is in force.</param>
    /// <param name="mayAlarms">Whether the alarm policy may be another.</param>
    /// <param name="caller">Who does it.</param>
    /// <param name="agreed">Asks for the agreement that a shorter retention takes; false: it isn't there.</param>
    public Task<ConfigurationResult> TakeAsync(string text, bool dryRun, string? seen, bool mayAlarms, Caller caller, Func<Deed, Task<bool>> agreed, CancellationToken stop) => ChangeAsync(
        (before, errors) => ConfigurationReader.Read(text, Source, before, options, errors), dryRun, before => seen is null || seen == RevisionOf(before), mayAlarms, caller.Name, agreed,
        (_, _) => Task.CompletedTask, stop, caller);

    /// <summary>Says what a template would make other here.</summary>
    /// <returns>With the digest of what it was compared with, and what the site keeps as its own.</returns>
    public async Task<(ConfigurationResult Result, string Digest, IReadOnlyList<string> Kept)> TryAsync(string template, CancellationToken stop)
    {
        string digest = "";
        IReadOnlyList<string> kept = [];
        var result = await ChangeAsync(
            (before, errors) =>
            {
                digest = DigestOf(before);
                return ConfigurationTemplate.Read(template, options, errors)?.Apply(before, options, errors, out kept);
            },
            dryRun: true, _ => true, mayAlarms: true, "", _ => Task.FromResult(true), (_, _) => Task.CompletedTask, stop);
        return (result, digest, kept);
    }

    /// <summary>Applies a template.</summary>
    /// <param name="seen">Digest of what it was tried with.</param>
    /// <param name="keep">Before anything is changed: the text that takes it back, and the digest of what will be.</param>
    public Task<ConfigurationResult> ApplyAsync(string template, string seen, string by, Func<Deed, Task<bool>> agreed, Func<string, string, Task> keep, CancellationToken stop) => ChangeAsync(
        (before, errors) => ConfigurationTemplate.Read(template, options, errors)?.Apply(before, options, errors, out _),
        dryRun: false, before => seen == DigestOf(before), mayAlarms: true, by, agreed, (before, after) => keep(TextOf(before), DigestOf(after)), stop);

    /// <summary>Puts back what was before a template.</summary>
    /// <param name="seen">Digest of what it led to: what was changed since isn't overwritten.</param>
    public Task<ConfigurationResult> RestoreAsync(string text, string seen, string by, Func<Deed, Task<bool>> agreed, CancellationToken stop) => ChangeAsync(
        (before, errors) => ConfigurationReader.Read(text, Source, before, options, errors), dryRun: false, before => seen == DigestOf(before), mayAlarms: true, by, agreed, (_, _) => Task.CompletedTask, stop);

    public async Task<string> DigestAsync(CancellationToken stop) => DigestOf(await CurrentAsync(stop));

    /// <summary>All that this node's people set, but for secrets: what a template can't reach may differ unnoticed.</summary>
    static string DigestOf(NodeConfiguration configuration) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(configuration.ToTree().ToJsonString())));

    static string TextOf(NodeConfiguration configuration)
    {
        var tree = configuration.ToTree();
        // Without a policy of its own the shipped one is in force; that is said, since a section that isn't there would leave what is.
        tree["alarmPolicy"] ??= new System.Text.Json.Nodes.JsonObject();
        return YamlWriter.Write(tree);
    }

    async Task<ConfigurationResult> ChangeAsync(
        Func<NodeConfiguration, List<OptionError>, NodeConfiguration?> read, bool dryRun, Func<NodeConfiguration, bool> isSeen, bool mayAlarms, string by, Func<Deed, Task<bool>> agreed,
        Func<NodeConfiguration, NodeConfiguration, Task> keep, CancellationToken stop, Caller? caller = null)
    {
        ConfigurationResult? result = null;
        await roster.ChangeManyAsync(async () =>
        {
            var before = await CurrentAsync(stop);
            var errors = new List<OptionError>();
            if (!isSeen(before))
            {
                result = new(ConfigurationEnd.Outdated, [], [], RevisionOf(before));
                return null;
            }

            if (read(before, errors) is not { } after)
            {
                result = new(ConfigurationEnd.Refused, [], errors, RevisionOf(before));
                return null;
            }

            var changes = ConfigurationDifference.Between(before, after);
            if (!mayAlarms && changes.Any(c => c.Section == ConfigurationDifference.PolicySection))
            {
                result = new(ConfigurationEnd.NotPermitted, [], [], RevisionOf(before));
                return null;
            }

            // Nobody gives themselves by a text what they don't have: less hidden is more seen.
            if (caller is not null && after.Cameras.Values.FirstOrDefault(c =>
                (before.Cameras.GetValueOrDefault(c.Id)?.Masks ?? []).Any(b => !c.Masks.Any(m => m.Covers(b))) && !caller.Can(Permission.Unmask, c.Id)) is { } shown)
            {
                result = new(ConfigurationEnd.Shows, [], [new(new(Source, 1, 1), $"cameras[{shown.Id}].masks", "")], RevisionOf(before));
                return null;
            }

            result = new(ConfigurationEnd.Done, changes, [], RevisionOf(dryRun ? before : after));
            if (dryRun || changes.Count == 0)
                return null;
            if (Shortened(before, after) is { } deed && !await agreed(deed))
            {
                result = new(ConfigurationEnd.Waits, changes, [], RevisionOf(before));
                return null;
            }

            await keep(before, after);
            var tables = new ConfigurationTables(database.Source, CameraStore.Protector(database.Folder.Keys), clock);
            if (!await masks.TakeAsync(before.Cameras.Values.ToDictionary(c => c.Id, c => c.Masks, StringComparer.Ordinal), () => tables.WriteAsync(before, after, by, caller?.UserId ?? "", stop), stop))
            {
                result = new(ConfigurationEnd.Outdated, [], [], RevisionOf(before));
                return null;
            }

            await scopes.LoadAsync(stop);
            if (changes.Any(c => c.Section == ConfigurationDifference.PolicySection))
                await standing.LoadAsync(stop);
            foreach (var change in changes.Where(c => c.Section == "cameras"))
                feeds.Take(change.Id, after.Cameras.GetValueOrDefault(change.Id)?.Analysis);
            log.LogInformation("A configuration was applied: {Changes}", string.Join(", ", changes.Select(c => $"{c.Section}/{c.Id} {c.Kind.ToString().ToLowerInvariant()}")));
            return ([.. changes.Where(c => c.Section == "cameras").Select(c => after.Cameras.GetValueOrDefault(c.Id)?.Config).OfType<Atalaya.Cameras.CameraConfig>()],
                [.. changes.Where(c => c is { Section: "cameras", Kind: ChangeKindJson.Removed }).Select(c => c.Id)]);
        });
        return result!;
    }

    /// <summary>Where footage that there is would go earlier; null: nowhere.</summary>
    Deed? Shortened(NodeConfiguration before, NodeConfiguration after)
    {
        var node = options.Storage.Retention.ToLimits();
        var less = new List<(string Id, string Text)>();
        foreach (string id in before.Cameras.Keys.Union(after.Cameras.Keys).Where(recordings.Archive.Knows).Order(StringComparer.Ordinal))
        {
            // A camera of the file has its limits there.
            if (before.Cameras.GetValueOrDefault(id) is { Config: null } || after.Cameras.GetValueOrDefault(id) is { Config: null })
                continue;
            if (ShortenedRetention.Between(ShortenedRetention.Of(before.Cameras.GetValueOrDefault(id)?.Config, node), ShortenedRetention.Of(after.Cameras.GetValueOrDefault(id)?.Config, node)) is { } text)
                less.Add((id, $"{id}: {text}"));
        }

        return less.Count == 0 ? null : new(ApprovalAction.Retention, [.. less.Select(l => l.Id)], null, null, string.Join("; ", less.Select(l => l.Text)));
    }

    Task<NodeConfiguration> CurrentAsync(CancellationToken stop) =>
        new ConfigurationTables(database.Source, CameraStore.Protector(database.Folder.Keys), clock).ReadAsync(
            [.. roster.All.Where(c => c.Source == CameraSource.File).Select(c => c.Config.Id)],
            (id, reason) => log.LogError("Camera {Camera} isn't in the configuration's text. {Reason}", id, reason), stop);

    string RevisionOf(NodeConfiguration configuration)
    {
        var text = new StringBuilder(configuration.ToTree().ToJsonString());
        foreach (string secret in configuration.Secrets())
            text.Append('\0').Append(configuration.Find(secret));
        return Convert.ToHexStringLower(HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes(text.ToString())))[..32];
    }
}

/// <summary>A configuration as a text for people.</summary>
static class ConfigurationText
{
    /// <param name="site">What people call the site.</param>
    public static string Write(NodeConfiguration configuration, string site)
    {
        string name = string.Concat(site.Where(c => !char.IsControl(c)));
        var text = new StringBuilder($"# Configuration of {name}. Taken back, a section that is here is complete: what it doesn't name is removed; one that isn't here stays as it is.\n");
        string[] secrets = [.. configuration.Secrets()];
        if (secrets.Length > 0)
        {
            text.Append("# Passwords and what else is secret aren't here. A node that keeps them under these names goes on with them; for another one add them:\n# secrets:\n");
            foreach (string secret in secrets)
                text.Append($"#   {secret}: …\n");
        }

        return text.Append(YamlWriter.Write(configuration.ToTree())).ToString();
    }
}
