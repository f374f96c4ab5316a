using System.CommandLine;
using System.Text.Json;

using Atalaya.Node.Identity;
using Atalaya.Node.Options;
using Atalaya.Node.Security;
using Atalaya.Node.Store;

namespace Atalaya.Node.Cli;

/// <summary>
/// <c>atalaya user</c>, <c>atalaya token</c>: accounts, by whoever may write the data folder. For recovery and scripts; a running node feels it within seconds.
/// </summary>
static class UserVerb
{
    public static Command Create() => new("user", "Users of a node, by whoever may write its data folder. A running node feels it within seconds.") { Add(), List(), Reset(), Disable() };

    public static Command CreateToken() => new("token", "API tokens for programs.") { NewToken(), ListTokens(), Revoke() };

    static Command Add()
    {
        var name = new Argument<string>("NAME") { Description = "What they sign in with." };
        var role = new Option<string>("--role") { Description = "Id of a role on the whole organisation.", DefaultValueFactory = _ => Roles.Administrator, HelpName = "ROLE" };
        var json = Json();
        var command = new Command("add", "Adds a user and prints a one-time link by which they choose their password.") { name, role, json };
        return Run(command, async (parsed, people, options, stop) =>
        {
            string wanted = parsed.GetRequiredValue(name);
            if (UserEndpoints.NameFault(wanted) is { } odd)
                return await FailAsync($"the name {odd}", ExitCode.Usage);
            var roles = await people.RolesAsync(stop);
            if (roles.All(r => r.Id != parsed.GetValue(role)))
                return await FailAsync($"there is no role '{parsed.GetValue(role)}'; there are {string.Join(", ", roles.Select(r => r.Id))}.", ExitCode.Usage);
            var user = UserEndpoints.Make(wanted, "", TimeProvider.System);
            if (!await people.AddAsync(user, stop))
                return await FailAsync($"there is a user '{wanted}' already.", ExitCode.Failed);
            await people.SetGrantsAsync(user.Id, [new(parsed.GetValue(role)!, Scope.Organisation)], stop);
            await LinkAsync(user, people, options, parsed.GetValue(json), stop);
            return ExitCode.Done;
        });
    }

    static Command List()
    {
        var json = Json();
        var command = new Command("list", "Lists users and their roles.") { json };
        return Run(command, async (parsed, people, _, stop) =>
        {
            var grants = await people.GrantsAsync(stop);
            var users = await people.AllAsync(stop);
            if (parsed.GetValue(json))
            {
                Console.Out.WriteLine(JsonSerializer.Serialize(users.Select(u => new
                {
                    id = u.Id,
                    name = u.Name,
                    disabled = u.Disabled,
                    hasPassword = u.PasswordHash is not null,
                    twoFactor = u.TwoFactor,
                    grants = grants[u.Id].Select(Words),
                })));
                return ExitCode.Done;
            }

            foreach (var user in users)
                Console.Out.WriteLine($"{user.Name}\t{(user.Disabled ? "disabled" : user.PasswordHash is null ? "no password" : "enabled")}\t{string.Join(", ", grants[user.Id].Select(Words))}");
            return ExitCode.Done;
        });

        static string Words(Grant grant) => grant.Scope.Kind == ScopeKind.Organisation ? grant.Role : $"{grant.Role} on {grant.Scope.Kind.ToString().ToLowerInvariant()} {grant.Scope.Id}";
    }

    static Command Reset()
    {
        var name = new Argument<string>("NAME") { Description = "The user's name." };
        var json = Json();
        var command = new Command("reset", "Takes password, second factors, sessions and tokens from a user, enables them, and prints a new one-time link.") { name, json };
        return Run(command, async (parsed, people, options, stop) =>
        {
            if (await people.FindByNameAsync(parsed.GetRequiredValue(name), stop) is not { } user)
                return await NoUserAsync(parsed.GetRequiredValue(name));
            user.PasswordHash = null;
            user.TwoFactor = false;
            user.Authenticator = null;
            user.Recovery = "";
            user.Disabled = false;
            user.Stamp = Secret.New();
            await people.UpdateAsync(user, stop);
            foreach (var passkey in await people.PasskeysAsync(user.Id, stop))
                await people.RemovePasskeyAsync(user.Id, passkey.Credential, stop);
            await people.RemoveSessionsAsync(user.Id, "", stop);
            await people.RemoveTokensAsync(user.Id, stop);
            await LinkAsync(user, people, options, parsed.GetValue(json), stop);
            return ExitCode.Done;
        });
    }

    static Command Disable()
    {
        var name = new Argument<string>("NAME") { Description = "The user's name." };
        var command = new Command("disable", "Ends a user's sessions and tokens; they can't sign in any more.") { name };
        return Run(command, async (parsed, people, _, stop) =>
        {
            if (await people.FindByNameAsync(parsed.GetRequiredValue(name), stop) is not { } user)
                return await NoUserAsync(parsed.GetRequiredValue(name));
            user.Disabled = true;
            await people.UpdateAsync(user, stop);
            await people.RemoveSessionsAsync(user.Id, "", stop);
            await people.RemoveTokensAsync(user.Id, stop);
            return ExitCode.Done;
        });
    }

    static Command NewToken()
    {
        var user = new Argument<string>("USER") { Description = "Whose rights it has." };
        var name = new Option<string>("--name") { Description = "What it is for.", DefaultValueFactory = _ => "command line", HelpName = "NAME" };
        var permissions = new Option<string[]>("--permission") { Description = "What it may do of what its user may; several by repeating. Default: all.", HelpName = "PERMISSION" };
        var days = new Option<int>("--days") { Description = "How long it counts, 1 to 3650 days.", DefaultValueFactory = _ => 1, HelpName = "DAYS" };
        var command = new Command("create", "Makes a token and prints it, alone on a line. It isn't kept and can't be shown again.") { user, name, permissions, days };
        return Run(command, async (parsed, people, _, stop) =>
        {
            if (await people.FindByNameAsync(parsed.GetRequiredValue(user), stop) is not { Disabled: false } owner)
                return await NoUserAsync(parsed.GetRequiredValue(user));
            PermissionSet? only = null;
            foreach (string text in parsed.GetValue(permissions) ?? [])
            {
                if (!PermissionSet.TryName(text, out var permission))
                    return await FailAsync($"there is no permission '{text}'; there are {PermissionSet.All}.", ExitCode.Usage);
                only = (only ?? default) | new PermissionSet(permission);
            }

            if (parsed.GetValue(days) is < 1 or > 3650 || !CameraScope.IsName(parsed.GetValue(name)))
                return await FailAsync("--days must lie between 1 and 3650, and --name be 1 to 63 characters.", ExitCode.Usage);
            string secret = Secret.New(Secret.TokenPrefix);
            long now = Media.WallTime.Now(TimeProvider.System).Microseconds;
            await people.AddTokenAsync(
                new(Secret.Digest(secret), owner.Id, parsed.GetValue(name)!, only, now, now + (long)TimeSpan.FromDays(parsed.GetValue(days)).TotalMicroseconds, null), stop);
            Console.Out.WriteLine(secret);
            return ExitCode.Done;
        });
    }

    static Command ListTokens()
    {
        var command = new Command("list", "Lists tokens: an id, whose, what for, until when. Never the token itself.");
        return Run(command, async (_, people, _, stop) =>
        {
            foreach (var user in await people.AllAsync(stop))
            {
                foreach (var token in await people.TokensAsync(user.Id, stop))
                {
                    Console.Out.WriteLine(
                        $"{token.Id[..16]}\t{user.Name}\t{token.Name}\t{(token.ExpiresAt is { } at ? new Media.WallTime(at).ToDateTimeOffset().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'") : "never ends")}\t{token.Permissions?.ToString() ?? "all"}");
                }
            }

            return ExitCode.Done;
        });
    }

    static Command Revoke()
    {
        var id = new Argument<string>("ID") { Description = "As list prints it." };
        var command = new Command("revoke", "Ends a token.") { id };
        return Run(command, async (parsed, people, _, stop) =>
        {
            string begin = parsed.GetRequiredValue(id);
            foreach (var user in begin.Length >= 8 ? await people.AllAsync(stop) : [])
            {
                foreach (var token in (await people.TokensAsync(user.Id, stop)).Where(t => t.Id.StartsWith(begin, StringComparison.Ordinal)))
                {
                    await people.RemoveTokenAsync(user.Id, token.Id, stop);
                    return ExitCode.Done;
                }
            }

            return await FailAsync($"there is no token '{begin}'.", ExitCode.Failed);
        });
    }

    static Option<bool> Json() => new("--json") { Description = "Print JSON." };

    static async Task LinkAsync(User user, People people, NodeOptions options, bool json, CancellationToken stop)
    {
        var listen = OptionsSource.ListenAddresses(options);
        string link = listen[0].Url(OwnCertificate.Names(options, listen)[0]) + FirstStart.PathOf(await people.NewCodeAsync(user.Id, UserEndpoints.LinkValid, stop));
        Console.Out.WriteLine(json ? JsonSerializer.Serialize(new { id = user.Id, name = user.Name, link }) : $"{user.Name} chooses a password at {link} within {UserEndpoints.LinkValid.TotalDays:0} days.");
    }

    static Task<int> NoUserAsync(string name) => FailAsync($"there is no user '{name}' who may sign in. `atalaya user list` lists them.", ExitCode.Failed);

    static async Task<int> FailAsync(string message, int code)
    {
        await Console.Error.WriteLineAsync($"atalaya: {message}");
        return code;
    }

    static Command Run(Command command, Func<ParseResult, People, NodeOptions, CancellationToken, Task<int>> run)
    {
        var arguments = new OptionArguments(command, serves: false);
        command.SetAction(async (parsed, stop) =>
        {
            if (arguments.Read(parsed, Console.Error) is not var (reading, _))
                return ExitCode.Usage;
            string folder = Path.GetFullPath(reading.Options.Data);
            try
            {
                // Beside a running node the folder and its tables are there; without one they are made, as a node would.
                if (!DataFolder.IsInUse(folder))
                    DataFolder.Open(folder).Dispose();
                await using var store = NodeStore.Open(reading.Options, folder);
                await NodeStore.MigrateAsync(store, TimeProvider.System, stop);
                return await run(parsed, new(store, TimeProvider.System), reading.Options, stop);
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or InvalidOperationException or System.Data.Common.DbException)
            {
                return await FailAsync(fault.Message, ExitCode.Failed);
            }
        });
        return command;
    }
}
