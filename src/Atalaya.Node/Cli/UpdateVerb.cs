using System.CommandLine;
using System.Security.Cryptography;

using Atalaya.Evidence;
using Atalaya.Node.Updates;

namespace Atalaya.Node.Cli;

/// <summary><c>atalaya update</c>: versions of the program as signed files, for machines without a network.</summary>
static class UpdateVerb
{
    public static Command Create() => new("update", "Versions of this program as signed files: check one, install it beside what runs, go back; make one, for who releases.")
        { Check(), Install(), Back(), Make(), Key() };

    static Command Check()
    {
        var file = FileArgument();
        var to = RootOption(required: false);
        var key = KeyOption();
        var command = new Command("check", "Says who signed an update, which version it is and what it may follow, and whether it fits here; reads all of it. Exit code 1 if it can't be installed.") { file, to, key };
        command.SetAction((parsed, stop) => GuardAsync(async () =>
        {
            var folder = parsed.GetValue(to) is { } root ? new InstallFolder(root) : null;
            if (Trusted(parsed.GetValue(key), folder) is not { } keys)
                return ExitCode.Usage;
            await using var update = File.OpenRead(parsed.GetRequiredValue(file));
            var (manifest, by) = UpdateFile.Open(update, keys);
            await UpdateFile.TakeAsync(update, manifest, null, stop);
            Console.Out.WriteLine($"version {manifest.Version} for {manifest.RunsOn}, {manifest.Length} bytes\nsigned by {by.Name} ({by})\nfollows {manifest.Replaces} or later; {(folder?.Installed is { } now ? $"{now} is installed" : "nothing is installed here")}");
            if (manifest.Refuse(folder?.Installed, UpdateManifest.Here) is not { } refusal)
                return ExitCode.Done;
            await Console.Error.WriteLineAsync($"atalaya: {refusal}");
            return ExitCode.Failed;
        }));
        return command;
    }

    static Command Install()
    {
        var file = FileArgument();
        var to = RootOption(required: true);
        var key = KeyOption();
        var command = new Command("install", "Checks an update, unpacks it beside the version in use, and puts it in its place from the next start on. What runs goes on.") { file, to, key };
        command.SetAction((parsed, stop) => GuardAsync(async () =>
        {
            var folder = new InstallFolder(parsed.GetRequiredValue(to)!);
            if (Trusted(parsed.GetValue(key), folder) is not { } keys)
                return ExitCode.Usage;
            var before = folder.Installed;
            var manifest = await folder.InstallAsync(parsed.GetRequiredValue(file), keys, stop);
            Console.Out.WriteLine($"{manifest.Version} is installed{(before is null ? "" : $"; {before} is kept for the way back")}. Start the node anew to run it.");
            return ExitCode.Done;
        }));
        return command;
    }

    static Command Back()
    {
        var to = RootOption(required: true);
        var command = new Command("back", "Puts the version before in the place of the one in use, from the next start on. It doesn't take back what the newer one made of the data folder.") { to };
        command.SetAction((parsed, _) => GuardAsync(() =>
        {
            Console.Out.WriteLine($"{new InstallFolder(parsed.GetRequiredValue(to)!).Back()} is in use from the next start on.");
            return Task.FromResult(ExitCode.Done);
        }));
        return command;
    }

    static Command Make()
    {
        var built = new Argument<string>("FOLDER") { Description = "What was built: the executable 'atalaya' and all that it needs." };
        var path = new Option<string>("--out") { Description = "The file to write; it must not exist.", HelpName = "FILE", Required = true };
        var version = new Option<string>("--version-number") { Description = "Three numbers, as 0.2.0.", HelpName = "VERSION", Required = true };
        var replaces = new Option<string>("--replaces") { Description = "The oldest version that it may follow.", HelpName = "VERSION", DefaultValueFactory = _ => "0.0.0" };
        var runsOn = new Option<string>("--runs-on") { Description = "System and processor.", HelpName = "SYSTEM", DefaultValueFactory = _ => UpdateManifest.Here };
        var secret = new Option<string>("--release-key") { Description = "File with the release key, as `atalaya update key` writes it.", HelpName = "FILE", Required = true };
        var command = new Command("make", "Packs a built folder and signs it.") { built, path, version, replaces, runsOn, secret };
        command.SetAction((parsed, stop) => GuardAsync(async () =>
        {
            if (!UpdateManifest.TryVersion(parsed.GetRequiredValue(version), out var number) || !UpdateManifest.TryVersion(parsed.GetRequiredValue(replaces), out var oldest))
                return await UsageAsync("A version is three numbers, as 0.2.0.");
            string folder = parsed.GetRequiredValue(built);
            if (!File.Exists(Path.Combine(folder, "atalaya")))
                return await UsageAsync($"There is no executable 'atalaya' in {folder}.");
            using var signer = ReadKey(parsed.GetRequiredValue(secret));
            var manifest = await UpdateFile.MakeAsync(folder, number, oldest, parsed.GetRequiredValue(runsOn), signer, parsed.GetRequiredValue(path), TimeProvider.System.GetUtcNow(), stop);
            Console.Out.WriteLine($"version {manifest.Version} for {manifest.RunsOn}, {manifest.Length} bytes, signed by {signer.Key}");
            return ExitCode.Done;
        }));
        return command;
    }

    static Command Key()
    {
        var path = new Argument<string>("FILE") { Description = "The file to write, for its owner alone; it must not exist." };
        var name = new Option<string>("--name") { Description = "What the key is called: an address that is yours, without a scheme, such as releases.example.org.", HelpName = "NAME", Required = true };
        var command = new Command("key", "Makes a release key and prints its public half, which sites are given by another way than updates.") { path, name };
        command.SetAction((parsed, stop) => GuardAsync(async () =>
        {
            byte[] seed = RandomNumberGenerator.GetBytes(32);
            string called = parsed.GetRequiredValue(name);
            if (!NoteKey.IsName(called))
                return await UsageAsync("A key's name has no spaces and no plus sign.");
            using var signer = new NoteSigner(called, NoteSignatureKind.Ed25519, seed);
            var how = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
                how.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            await using (var file = new StreamWriter(parsed.GetRequiredValue(path), how))
                await file.WriteAsync($"{called}\n{Convert.ToBase64String(seed)}\n".AsMemory(), stop);
            Console.Out.WriteLine(signer.Key);
            return ExitCode.Done;
        }));
        return command;
    }

    static NoteSigner ReadKey(string path)
    {
        byte[] seed = new byte[32];
        return File.ReadAllText(path).Split('\n') is [var name, var secret, ""] && NoteKey.IsName(name) && Convert.TryFromBase64String(secret, seed, out int length) && length == seed.Length
            ? new(name, NoteSignatureKind.Ed25519, seed)
            : throw new InvalidDataException($"{path} is no release key.");
    }

    /// <summary>Null, and it was told: no key to believe.</summary>
    static IReadOnlyList<NoteKey>? Trusted(string? given, InstallFolder? folder)
    {
        var pinned = folder?.Keys ?? [];
        if (given is null)
        {
            if (pinned.Count > 0)
                return pinned;
            Console.Error.WriteLine("atalaya: No release key is known here yet: give it with --key, as whoever releases told it by another way.");
            return null;
        }

        if (!NoteKey.TryParse(given, out var key))
        {
            Console.Error.WriteLine("atalaya: --key: is not a public key as `atalaya update key` prints it.");
            return null;
        }

        if (pinned.Count == 0 || pinned.Any(p => p.ToString() == key.ToString()))
            return [key];
        Console.Error.WriteLine("atalaya: --key: isn't the release key that this folder knows (release-keys). Who may sign is changed by hand there.");
        return null;
    }

    static Argument<string> FileArgument() => new("FILE") { Description = "The update." };

    static Option<string?> RootOption(bool required) => new("--to") { Description = "Folder of the installed program: versions in it, and the link 'atalaya' to the one in use.", HelpName = "FOLDER", Required = required };

    static Option<string?> KeyOption() => new("--key") { Description = "Public release key; at the first use it is kept in the folder (release-keys) and needed no more.", HelpName = "KEY" };

    static async Task<int> UsageAsync(string why)
    {
        await Console.Error.WriteLineAsync($"atalaya: {why}");
        return ExitCode.Usage;
    }

    static async Task<int> GuardAsync(Func<Task<int>> run)
    {
        try
        {
            return await run();
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or InvalidDataException or CryptographicException)
        {
            await Console.Error.WriteLineAsync($"atalaya: {fault.Message}");
            return ExitCode.Failed;
        }
    }
}
