namespace Atalaya.Node.Identity;

/// <summary>While nobody can sign in and manage users: a one-time link, new at each start, for whoever sees what the node prints.</summary>
sealed class FirstStart(Callers callers) : IHostedService
{
    /// <summary>Long enough to walk to the other room, short enough that a log that is read next week opens nothing.</summary>
    public static readonly TimeSpan Valid = TimeSpan.FromHours(1);

    /// <summary>Path and fragment of the link; null when there is an administrator. The fragment isn't sent to any server.</summary>
    public string? Link { get; private set; }

    public static string PathOf(string code) => "/start#" + code;

    public async Task StartAsync(CancellationToken stop) =>
        Link = await callers.People.HasAdministratorAsync(stop) ? null : PathOf(await callers.People.NewCodeAsync(null, Valid, stop));

    public Task StopAsync(CancellationToken stop) => Task.CompletedTask;
}
