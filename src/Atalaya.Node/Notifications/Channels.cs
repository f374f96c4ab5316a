using System.Text.Json;

using Atalaya.Incidents;
using Atalaya.Incidents.Policy;
using Atalaya.Media;
using Atalaya.Node.Alarms;
using Atalaya.Node.Store;

using Microsoft.AspNetCore.DataProtection;

namespace Atalaya.Node.Notifications;

/// <summary>A channel with what it is known by. The secret is never logged and never leaves but towards its server.</summary>
sealed record KnownChannel(Channel Channel, string? Secret, long Version);

/// <summary>The channels there are, and what is to be told by them. A snapshot that is swapped; the database has the truth.</summary>
sealed class Channels(NodeDatabase database, Casebook book, TimeProvider clock, ILogger<Channels> log) : IHostedService
{
    volatile IReadOnlyList<KnownChannel> _all = [];
    IDataProtector? _protector;

    public IReadOnlyList<KnownChannel> All => _all;

    public KnownChannel? Find(string id) => _all.FirstOrDefault(c => c.Channel.Id == id);

    public async Task StartAsync(CancellationToken stop)
    {
        _protector = DataProtectionProvider.Create(new DirectoryInfo(database.Folder.Keys), b => b.SetApplicationName("atalaya")).CreateProtector("Atalaya.Notifications.Secret.v1");
        await LoadAsync(stop);
    }

    public Task StopAsync(CancellationToken stop) => Task.CompletedTask;

    /// <param name="secret">Null: as it is; empty: none any more.</param>
    /// <param name="seen">Of If-Match; null: whatever there is.</param>
    /// <returns>False: somebody was faster.</returns>
    public async Task<bool> PutAsync(Channel channel, string? secret, long? seen, CancellationToken stop)
    {
        bool done = await book.WriteAsync(async session =>
        {
            long version = await session.FirstAsync<long>("select coalesce(max(version), 0) from notification_channels where id = @Id", new { channel.Id });
            if (seen is { } known && known != version)
                return false;
            await session.KeepAsync(
                $"""
                insert into notification_channels (id, body, secret, version, changed_at) values (@Id, @body, @secret, @version, @at)
                on conflict (id) do update set body = excluded.body,{(secret is null ? "" : " secret = excluded.secret,")} version = excluded.version, changed_at = excluded.changed_at
                """,
                new
                {
                    channel.Id,
                    body = JsonSerializer.Serialize(channel, PolicyReader.Json),
                    secret = string.IsNullOrEmpty(secret) ? null : _protector!.Protect(secret),
                    version = version + 1,
                    at = WallTime.Now(clock).Microseconds,
                });
            return true;
        }, stop);
        await LoadAsync(stop);
        return done;
    }

    /// <summary>What waits for it is told to nobody any more.</summary>
    public async Task<bool> RemoveAsync(string id, CancellationToken stop)
    {
        bool removed = await book.WriteAsync(async session =>
        {
            await session.KeepAsync("delete from notification_outbox where channel = @id and state <> 'sent'", new { id });
            // Browsers subscribed with this channel's key; another one can't tell them anything.
            if (Find(id)?.Channel.Kind == ChannelKind.Push)
                await session.KeepAsync("delete from push_subscriptions");
            return await session.KeepAsync("delete from notification_channels where id = @id", new { id }) > 0;
        }, stop);
        await LoadAsync(stop);
        return removed;
    }

    /// <summary>Notes what is to be told of an alarm, in the transaction that raised or escalated it.</summary>
    public async Task EnqueueAsync(CaseSession session, Alarm alarm, NotificationOccasion occasion)
    {
        foreach (var known in _all)
        {
            if (known.Channel.Wants(alarm))
                await EnqueueAsync(session, known.Channel, $"{CaseSession.Written(alarm.Id)} {alarm.Version} {occasion}", occasion, alarm);
        }
    }

    /// <summary>Tries a channel.</summary>
    /// <returns>Null: nobody would be told.</returns>
    public Task<Guid?> TestAsync(Channel channel, CancellationToken stop) =>
        book.WriteAsync(s => EnqueueAsync(s, channel, $"test {Guid.NewGuid():n}", NotificationOccasion.Test, null), stop);

    /// <returns>The first; null: there is nobody to tell.</returns>
    async Task<Guid?> EnqueueAsync(CaseSession session, Channel channel, string item, NotificationOccasion occasion, Alarm? alarm)
    {
        if (channel.Kind != ChannelKind.Push)
            return await EnqueueAsync(session, channel.Id, item, null, occasion, alarm);
        // Each browser takes its message or doesn't, so each has its own.
        Guid? first = null;
        foreach (var browser in await session.SubscriptionsAsync())
        {
            string target = CaseSession.Written(browser.Id);
            var made = await EnqueueAsync(session, channel.Id, $"{item} {target}", target, occasion, alarm);
            first ??= made;
        }

        return first;
    }

    async Task<Guid> EnqueueAsync(CaseSession session, string channel, string item, string? target, NotificationOccasion occasion, Alarm? alarm)
    {
        var now = clock.GetUtcNow();
        var id = Guid.CreateVersion7(now);
        await session.KeepAsync(
            """
            insert into notification_outbox (id, channel, item, occasion, severity, level, body, state, attempts, next_at, created_at, target)
            values (@id, @channel, @item, @occasion, @severity, @level, @body, 'waiting', 0, @at, @at, @target) on conflict (channel, item) do nothing
            """,
            new
            {
                id = CaseSession.Written(id),
                channel,
                item,
                occasion = occasion.ToString(),
                severity = (long)(alarm?.Severity ?? AlarmSeverity.Rescue),
                level = (long)(alarm?.Level ?? 0),
                body = alarm is null ? "" : JsonSerializer.Serialize(alarm, PolicyReader.Json),
                at = WallTime.From(now).Microseconds,
                target,
            });
        return id;
    }

    async Task LoadAsync(CancellationToken stop)
    {
        var rows = await book.ReadAsync(s => s.QueryAsync<Row>("select id, body, secret, version from notification_channels order by id"), stop);
        var all = new List<KnownChannel>();
        foreach (var row in rows)
        {
            string? secret = null;
            try
            {
                secret = row.Secret is null ? null : _protector!.Unprotect(row.Secret);
            }
            catch (System.Security.Cryptography.CryptographicException)
            {
                log.LogError("The secret of channel {Channel} can't be read: the keys are others than those it was written with. Enter it again.", row.Id);
            }

            all.Add(new(JsonSerializer.Deserialize<Channel>(row.Body, PolicyReader.Json)!, secret, row.Version));
        }

        _all = all;
    }

    sealed class Row
    {
        public string Id { get; init; } = "";
        public string Body { get; init; } = "";
        public string? Secret { get; init; }
        public long Version { get; init; }
    }
}
