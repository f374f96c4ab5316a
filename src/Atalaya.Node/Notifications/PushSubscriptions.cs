using Atalaya.Media;
using Atalaya.Node.Alarms;

namespace Atalaya.Node.Notifications;

/// <summary>A browser that asked to be told.</summary>
/// <param name="Name">The device, as its owner calls it.</param>
/// <param name="Endpoint">At the browser's push service. Who knows it can address the browser: never shown.</param>
sealed record PushSubscription(Guid Id, string UserId, string Name, string Endpoint, string P256dh, string Auth, WallTime CreatedAt, WallTime? ToldAt);

/// <summary>Subscriptions in the database.</summary>
static class PushRows
{
    const string Columns = "select id, user_id as UserId, name, endpoint, p256dh, auth, created_at as CreatedAt, told_at as ToldAt from push_subscriptions";

    public static async Task<IReadOnlyList<PushSubscription>> SubscriptionsAsync(this CaseSession session, string? user = null) =>
        [.. (await session.QueryAsync<Row>($"{Columns}{(user is null ? "" : " where user_id = @user")} order by created_at, id", new { user })).Select(r => r.Read())];

    public static async Task<PushSubscription?> SubscriptionAsync(this CaseSession session, string id) => (await session.FirstAsync<Row>($"{Columns} where id = @id", new { id }))?.Read();

    /// <summary>A browser has one subscription: who signs in there later takes it over.</summary>
    public static async Task PutSubscriptionAsync(this CaseSession session, PushSubscription subscription)
    {
        await session.KeepAsync("delete from push_subscriptions where endpoint = @Endpoint", new { subscription.Endpoint });
        await session.KeepAsync(
            "insert into push_subscriptions (id, user_id, name, endpoint, p256dh, auth, created_at) values (@id, @UserId, @Name, @Endpoint, @P256dh, @Auth, @at)",
            new { id = CaseSession.Written(subscription.Id), subscription.UserId, subscription.Name, subscription.Endpoint, subscription.P256dh, subscription.Auth, at = subscription.CreatedAt.Microseconds });
    }

    /// <param name="user">Null: whoever's.</param>
    public static Task<int> RemoveSubscriptionAsync(this CaseSession session, Guid id, string? user = null) =>
        session.KeepAsync($"delete from push_subscriptions where id = @id{(user is null ? "" : " and user_id = @user")}", new { id = CaseSession.Written(id), user });

    public static Task<int> ToldAsync(this CaseSession session, Guid id, WallTime at) =>
        session.KeepAsync("update push_subscriptions set told_at = @at where id = @id", new { id = CaseSession.Written(id), at = at.Microseconds });

    sealed class Row
    {
        public string Id { get; init; } = "";
        public string UserId { get; init; } = "";
        public string Name { get; init; } = "";
        public string Endpoint { get; init; } = "";
        public string P256dh { get; init; } = "";
        public string Auth { get; init; } = "";
        public long CreatedAt { get; init; }
        public long? ToldAt { get; init; }

        public PushSubscription Read() => new(Guid.ParseExact(Id, "n"), UserId, Name, Endpoint, P256dh, Auth, new(CreatedAt), ToldAt is { } at ? new(at) : null);
    }
}
