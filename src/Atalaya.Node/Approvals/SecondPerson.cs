using System.Data.Common;

using Atalaya.Media;
using Atalaya.Node.Api;
using Atalaya.Node.Identity;
using Atalaya.Node.Options;
using Atalaya.Node.Oversight;
using Atalaya.Node.Store;

using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Atalaya.Node.Approvals;

/// <summary>
/// The second person's rule. An endpoint claims what it is about to do; where the rule stands and nobody has agreed to exactly that, the claim makes a request and
/// is refused with it. Once somebody else has agreed, the same call goes through, once. Each step is written together with its line in the access log.
/// </summary>
sealed class SecondPerson(NodeDatabase database, Callers callers, CameraScopes places, AccessLog accesses, NodeOptions options, TimeProvider clock, ILogger<SecondPerson> log) : IHostedService, IDisposable
{
    /// <summary>The problem's type where a second person has to agree.</summary>
    public const string NeededType = "urn:atalaya:problem:approval";

    /// <summary>Requests of one user that may wait at once: more would bury those of others.</summary>
    public const int MaxWaiting = 50;

    const int MostListed = 200, MostNamed = 10;

    static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(15);

    readonly SemaphoreSlim _stepping = new(1, 1);
    ITimer? _timer;

    /// <summary>Raised after every step.</summary>
    public event Action<Approval>? Changed;

    public Task StartAsync(CancellationToken stop)
    {
        _timer = clock.CreateTimer(_ => _ = ExpireAsync(), null, LookEvery, LookEvery);
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken stop)
    {
        if (_timer is not null)
            await _timer.DisposeAsync();
    }

    public void Dispose() => _stepping.Dispose();

    public bool IsNeeded(ApprovalAction action) => options.Approvals.For.Contains(action);

    /// <summary>Takes what was agreed to, if the rule stands; to be done at once.</summary>
    /// <param name="always">Somebody else asks for a second person, whatever the options say: an agreement.</param>
    public async Task<Claim> ClaimAsync(Caller caller, HttpContext http, Deed deed, CancellationToken stop, bool always = false)
    {
        if (!always && !IsNeeded(deed.Action))
            return default;
        var purpose = http.Features.Get<Purpose>() ?? Purpose.None;
        string digest = deed.Digest(purpose);
        var now = WallTime.Now(clock);
        Approval? same;
        await _stepping.WaitAsync(stop);
        try
        {
            await using var connection = await database.Source.OpenConnectionAsync(stop);
            var mine = await ApprovalStore.ReadAsync(
                connection, "user_id = @user and (digest = @digest or state = 'Waiting') and state in ('Waiting', 'Approved', 'Refused') and expires_at > @now order by asked_at desc, id desc",
                new { user = caller.UserId, digest, now = now.Microseconds }, stop);
            same = mine.FirstOrDefault(a => a.Digest == digest);
            if (same is { State: ApprovalState.Approved })
            {
                var (used, _) = same.Use(caller.UserId, now);
                await SaveAsync(connection, used, AccessKindJson.ApprovalUsed, caller, http, isNew: false, stop);
                return new(used, null);
            }

            if (same is null)
            {
                if (mine.Count(a => a.State == ApprovalState.Waiting) >= MaxWaiting)
                    return new(null, Problems.Of(StatusCodes.Status429TooManyRequests, "Too many requests wait", $"{MaxWaiting} of yours wait for a second person already. Withdraw some (DELETE /api/approvals/…)."));
                same = new(
                    Guid.CreateVersion7(now.ToDateTimeOffset()).ToString(), deed.Action, digest, caller.UserId, caller.Name, deed.Cameras, deed.From, deed.To, deed.Shown, purpose,
                    ApprovalState.Waiting, now, now + options.Approvals.Wait)
                {
                    Offices = deed.Offices,
                };
                await SaveAsync(connection, same, AccessKindJson.ApprovalAsked, caller, http, isNew: true, stop);
            }
        }
        finally
        {
            _stepping.Release();
        }

        return new(null, await NeededAsync(same, stop));
    }

    /// <summary>What was claimed couldn't be done: it may be tried again.</summary>
    public async Task GiveBackAsync(Claim claim)
    {
        if (claim.Used is { } used)
            await StepAsync(used.Id, null, null, null, a => a.GiveBack(), CancellationToken.None);
    }

    public Task<(Approval? Approval, ApprovalFault Fault)> ApproveAsync(string id, Caller caller, HttpContext http, string reason, CancellationToken stop) =>
        StepAsync(id, AccessKindJson.Approved, caller, http, a => a.Approve(caller.UserId, caller.Name, reason, WallTime.Now(clock), options.Approvals.Use), stop);

    public Task<(Approval? Approval, ApprovalFault Fault)> RefuseAsync(string id, Caller caller, HttpContext http, string reason, CancellationToken stop) =>
        StepAsync(id, AccessKindJson.ApprovalRefused, caller, http, a => a.Refuse(caller.UserId, caller.Name, reason, WallTime.Now(clock)), stop);

    public Task<(Approval? Approval, ApprovalFault Fault)> WithdrawAsync(string id, Caller caller, HttpContext http, CancellationToken stop) =>
        StepAsync(id, AccessKindJson.ApprovalWithdrawn, caller, http, a => a.Withdraw(caller.UserId, WallTime.Now(clock)), stop);

    /// <summary>As it is now; null: there is none.</summary>
    public async Task<Approval?> FindAsync(string id, CancellationToken stop)
    {
        await using var connection = await database.Source.OpenConnectionAsync(stop);
        return (await ApprovalStore.ReadAsync(connection, "id = @id", new { id }, stop)).SingleOrDefault()?.At(WallTime.Now(clock));
    }

    /// <summary>The newest first.</summary>
    /// <param name="ended">Also those to which nothing more happens.</param>
    public async Task<IReadOnlyList<Approval>> ListAsync(bool ended, CancellationToken stop)
    {
        var now = WallTime.Now(clock);
        await using var connection = await database.Source.OpenConnectionAsync(stop);
        var rows = await ApprovalStore.ReadAsync(
            connection, $"{(ended ? "0 = 0" : "state in ('Waiting', 'Approved') and expires_at > @now")} order by asked_at desc, id desc limit {MostListed}", new { now = now.Microseconds }, stop);
        return [.. rows.Select(a => a.At(now))];
    }

    /// <summary>Whether somebody has what deciding takes: the permission of the deed itself, as far back as it reaches, and the offices that it asks for. Never who asked.</summary>
    public static bool MayDecide(Approval approval, Caller caller)
    {
        if (!caller.IsSignedIn || caller.UserId == approval.UserId || !approval.Offices.All(o => caller.Holds(o, approval.Cameras)))
            return false;
        var permission = PermissionOf(approval.Action);
        return approval.Cameras.Count == 0
            ? caller.Has(permission)
            : approval.Cameras.All(c => approval is { Action: ApprovalAction.Export or ApprovalAction.Disclosure or ApprovalAction.Share, From: { } from } ? caller.RefusalOfPast(c, from, permission) is null : caller.Can(permission, c));
    }

    public static Permission PermissionOf(ApprovalAction action) => action switch
    {
        ApprovalAction.Export => Permission.Export,
        ApprovalAction.Retention => Permission.ManageCameras,
        ApprovalAction.Release => Permission.ManageHolds,
        ApprovalAction.Disclosure => Permission.Release,
        ApprovalAction.Unmask => Permission.Unmask,
        ApprovalAction.Share => Permission.Cooperate,
        _ => Permission.ManageUsers,
    };

    /// <summary>Names of those who can sign in and may decide, some of them.</summary>
    public async Task<IReadOnlyList<string>> DecidersAsync(Approval approval, CancellationToken stop)
    {
        var people = callers.People;
        var names = new List<string>();
        foreach (var user in await people.AllAsync(stop))
        {
            if (user.Disabled || user.Id == approval.UserId || names.Count == MostNamed)
                continue;
            var caller = new Caller(user.Id, user.Name, Credential.Session, "", await people.PowersAsync(user.Id, stop), places, clock);
            if (MayDecide(approval, caller) && (user.PasswordHash is not null || (await people.PasskeysAsync(user.Id, stop)).Count > 0))
                names.Add(user.Name);
        }

        return names;
    }

    async Task<ProblemHttpResult> NeededAsync(Approval approval, CancellationToken stop)
    {
        var deciders = await DecidersAsync(approval, stop);
        string detail = approval.State == ApprovalState.Refused
            ? $"{approval.DecidedName} refused this: {approval.Reason} The refusal stands until {WireTime.Format(approval.ExpiresAt.ToDateTimeOffset())}; something else can be asked for at any time."
            : $"Request {approval.Id} waits until {WireTime.Format(approval.ExpiresAt.ToDateTimeOffset())}. "
                + (deciders.Count > 0
                    ? $"Those who may agree: {string.Join(", ", deciders)}. Then send the same again."
                    : $"But nobody except you may agree to it: that takes another user with the permission {PermissionSet.NameOf(PermissionOf(approval.Action))}"
                        + (approval.Offices.Count > 0 ? $" and the role {string.Join(", ", approval.Offices.Select(o => $"‘{o}’"))}, as the agreement says" : "")
                        + ", which whoever manages users can give. "
                        + "Without a second person the rule has to be changed for everybody to see, in option approvals.for.");
        return TypedResults.Problem(new ProblemDetails
        {
            Status = StatusCodes.Status409Conflict,
            Type = NeededType,
            Title = approval.State == ApprovalState.Refused ? "A second person refused it" : "A second person must agree first",
            Detail = detail,
            Extensions = { ["approval"] = ApprovalJson.Of(approval), ["deciders"] = deciders },
        });
    }

    /// <param name="kind">Of the line in the access log; null: a step that undoes one.</param>
    async Task<(Approval? Approval, ApprovalFault Fault)> StepAsync(
        string id, AccessKindJson? kind, Caller? caller, HttpContext? http, Func<Approval, (Approval Next, ApprovalFault Fault)> step, CancellationToken stop)
    {
        await _stepping.WaitAsync(stop);
        try
        {
            await using var connection = await database.Source.OpenConnectionAsync(stop);
            if ((await ApprovalStore.ReadAsync(connection, "id = @id", new { id }, stop)).SingleOrDefault() is not { } approval)
                return (null, ApprovalFault.TooLate);
            var (next, fault) = step(approval);
            if (fault == ApprovalFault.None)
                await SaveAsync(connection, next, kind, caller, http, isNew: false, stop);
            return (next.At(WallTime.Now(clock)), fault);
        }
        finally
        {
            _stepping.Release();
        }
    }

    async Task SaveAsync(DbConnection connection, Approval approval, AccessKindJson? kind, Caller? caller, HttpContext? http, bool isNew, CancellationToken stop)
    {
        await using (var transaction = await connection.BeginTransactionAsync(stop))
        {
            if (isNew)
                await ApprovalStore.InsertAsync(connection, transaction, approval, stop);
            else
                await ApprovalStore.UpdateAsync(connection, transaction, approval, stop);
            if (kind is { } told)
            {
                foreach (string camera in approval.Cameras.DefaultIfEmpty(""))
                    await accesses.WriteAsync(connection, transaction, caller, http, camera, told, approval, stop);
            }

            await transaction.CommitAsync(stop);
        }

        Changed?.Invoke(approval);
    }

    async Task ExpireAsync()
    {
        try
        {
            if (!await _stepping.WaitAsync(TimeSpan.Zero))
                return;     // The next look comes soon.
            try
            {
                var now = WallTime.Now(clock);
                await using var connection = await database.Source.OpenConnectionAsync();
                foreach (var approval in await ApprovalStore.ReadAsync(connection, "state in ('Waiting', 'Approved') and expires_at <= @now", new { now = now.Microseconds }, CancellationToken.None))
                    await SaveAsync(connection, approval.At(now), AccessKindJson.ApprovalExpired, null, null, isNew: false, CancellationToken.None);
            }
            finally
            {
                _stepping.Release();
            }
        }
        catch (Exception fault) when (fault is DbException or InvalidOperationException or ObjectDisposedException)
        {
            log.LogWarning(fault, "Requests whose time is over couldn't be ended; it is tried again.");
        }
    }
}

/// <summary>Whether something may be done now.</summary>
/// <param name="Used">What was agreed to and is used up with it; null where no rule stands.</param>
/// <param name="Refusal">Null: it may.</param>
readonly record struct Claim(Approval? Used, ProblemHttpResult? Refusal);
