using Atalaya.Federation.Links;
using Atalaya.Node.Federation.Links;

namespace Atalaya.Node.Tests.Federation;

/// <summary>Two nodes that know each other, as two administrators would have made them.</summary>
static class Linked
{
    /// <summary>What a node needs to be dialled.</summary>
    public const string Listens = "federation: { organisation: Guardia, listen: ['127.0.0.1:0'] }\nname: Centre\n";

    public static string Dials(string organisation = "Guardia", string site = "North") => $"federation: {{ organisation: {organisation} }}\nname: {site}\n";

    /// <summary>Invites, joins, compares, and waits until messages go over both ways.</summary>
    /// <param name="joinerIs">What the node that joins is to the one that invites.</param>
    /// <returns>The link as each end sees it.</returns>
    public static async Task<(Link AtInviter, Link AtJoiner)> LinkAsync(TestNode inviter, TestNode joiner, LinkKind joinerIs)
    {
        string id = await JoinAsync(inviter, joiner, joinerIs);
        foreach (var node in new[] { inviter, joiner })
        {
            var (status, text) = await node.SendAsync(HttpMethod.Post, $"/api/links/{id}/confirm", new { digits = node.Service<LinkBook>().Find(id)!.Digits });
            status.ShouldBe(200, text?.ToString());
        }

        await UpAsync(inviter, id);
        await UpAsync(joiner, id);
        return (inviter.Service<LinkBook>().Find(id)!, joiner.Service<LinkBook>().Find(id)!);
    }

    /// <summary>As far as the digits.</summary>
    public static async Task<string> JoinAsync(TestNode inviter, TestNode joiner, LinkKind joinerIs)
    {
        var (invited, invitation) = await inviter.SendAsync(HttpMethod.Post, "/api/links/invitations", new { kind = joinerIs.ToString().ToLowerInvariant() });
        invited.ShouldBe(201, invitation?.ToString());
        var (joined, link) = await joiner.SendAsync(HttpMethod.Post, "/api/links/join", new { code = (string)invitation!["code"]!, kind = joinerIs.Opposite().ToString().ToLowerInvariant() });
        joined.ShouldBe(201, link?.ToString());
        return (string)link!["id"]!;
    }

    public static async Task UpAsync(TestNode node, string id)
    {
        try
        {
            await node.Service<LinkBook>().UntilAsync(b => b.HealthOf(id).IsUp);
        }
        catch (OperationCanceledException late) when (!TestNode.Stop.IsCancellationRequested)
        {
            throw new TimeoutException($"The link isn't up. {node.Service<LinkBook>().HealthOf(id).Fault}\n{string.Join('\n', node.Log.Split('\n').TakeLast(60))}", late);
        }
    }

    /// <summary>Asks again and again, for a minute.</summary>
    public static async Task UntilAsync<T>(this T subject, Func<T, bool> isSo)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(TestNode.Stop);
        over.CancelAfter(TimeSpan.FromMinutes(1));
        while (!isSo(subject))
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, over.Token);
    }

    public static async Task UntilAsync(Func<Task<bool>> isSo)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(TestNode.Stop);
        over.CancelAfter(TimeSpan.FromMinutes(1));
        while (!await isSo())
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, over.Token);
    }
}
