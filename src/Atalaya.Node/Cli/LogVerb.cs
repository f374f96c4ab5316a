using System.CommandLine;
using System.Data.Common;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;

using Atalaya.Evidence;
using Atalaya.Media;
using Atalaya.Node.Evidence;
using Atalaya.Node.Store;

using Dapper;

namespace Atalaya.Node.Cli;

/// <summary><c>atalaya log</c>: what an auditor does with the evidence log, and a witness.</summary>
static class LogVerb
{
    /// <summary>A seal follows the segment's end within seconds; an hour is a fault.</summary>
    static readonly TimeSpan Overdue = TimeSpan.FromHours(1);

    const int MaxFaults = 100;

    public static Command Create() => new("log", "The evidence log: check it, ask a witness to sign it, be a witness of another's.") { Verify(), Key(), WitnessKey(), CheckProof(), Rotate(), BeginAnew(), Request(), Cosign() };

    static Command Verify()
    {
        var trusted = new Option<string?>("--key")
        {
            Description = "The log's public key as somebody else kept it. Without it the one in the data folder is believed, which whoever forged the log would have exchanged, too.",
            HelpName = "KEY",
        };
        var json = new Option<bool>("--json") { Description = "Print the result as JSON." };
        var command = new Command(
            "verify", "Reads the whole log: hashes every leaf again, compares every tile, checks root and signature, then every record with its leaf and every segment with its seal. "
            + "Works beside a running node. Exit code 1 if something is wrong.")
            { trusted, json };
        var options = new OptionArguments(command, serves: false);
        command.SetAction((parsed, stop) => GuardAsync(async () =>
        {
            if (options.Read(parsed, Console.Error) is not var (reading, _))
                return ExitCode.Usage;
            string data = Existing(reading.Options.Data);
            string key = parsed.GetValue(trusted) ?? (await File.ReadAllTextAsync(LogKeys.PublicFile(data), stop)).Trim();
            if (!NoteKey.TryParse(key, out var parsedKey))
            {
                await Console.Error.WriteLineAsync("atalaya: --key: is not a public key as `atalaya log key` prints it.");
                return ExitCode.Usage;
            }

            await using var store = NodeStore.Open(reading.Options, data);
            using var line = new ProgressLine("Verifying");
            // A key from before is followed by its own statements.
            var result = Compare(new LogFolder(DataFolder.LogOf(data)), LogKeys.History(new LocalLogDisk(), data).Follow(parsedKey)[^1], store, TimeProvider.System, line, stop);
            if (parsed.GetValue(json))
            {
                Console.Out.WriteLine(JsonSerializer.Serialize(result, Json.Options));
            }
            else
            {
                foreach (string fault in result.Faults)
                    Console.Out.WriteLine(fault);
                Console.Out.WriteLine($"{result.Origin}: {result.Leaves} leaves, {result.Records} records with them, {result.Segments} segments of which {result.Unsealed} wait for their seal, {result.Faults.Count} faults");
            }

            return result.Faults.Count == 0 ? ExitCode.Done : ExitCode.Failed;
        }));
        return command;
    }

    /// <param name="Records">That a leaf was found for, and is true to. The others are gone, and their leaves mute.</param>
    internal sealed record Result(string Origin, long Leaves, string? Root, long Records, long Segments, long Unsealed, IReadOnlyList<string> Faults);

    /// <summary>The log by itself, then what the database has beside it.</summary>
    internal static Result Compare(LogFolder log, NoteKey key, DbDataSource store, TimeProvider clock, IProgress<double>? progress, CancellationToken stop)
    {
        using var connection = store.OpenConnection();
        // Both in the order of leaves. Leaves that a running node adds meanwhile count as ones without a record.
        using var rows = connection.Query<LogRow>($"select {NodeLog.Columns} from log_records order by leaf", buffered: false).GetEnumerator();
        bool more = rows.MoveNext();
        long records = 0, segments = 0, unsealed = 0;
        var wrong = new List<string>();
        var found = LogAudit.Run(log, [key], Visit, progress, stop);
        long late = (WallTime.Now(clock) - Overdue).Microseconds;
        // Records may be left to read, of leaves that nobody could look at: PostgreSQL reads one question at a time on a connection.
        using var beside = store.OpenConnection();
        foreach (var (now, end, record, leaf) in LogSources.Sealed(beside))
        {
            stop.ThrowIfCancellationRequested();
            segments++;
            bool waits = leaf is not { } number || number >= found.Size;
            unsealed += waits ? 1 : 0;
            if (waits && end < late)
                Wrong($"{now.Reference}: the segment has no seal.");
            else if (record is not null && record != now.Text)
                Wrong($"{now.Reference}: the segment isn't what was sealed: {record} then, {now.Text} now.");
        }

        return new(key.Name, found.Size, found.Head?.Checkpoint.Root.ToString(), records, segments, unsealed, [.. found.Faults, .. wrong]);

        void Visit(long index, ReadOnlyMemory<byte> entry)
        {
            if (!Leaf.TryDecode(entry.Span, out var leaf))
                Wrong($"Leaf {index} is none that this version knows.");
            if (!more || rows.Current.Leaf != index)
                return;
            if (rows.Current.ToLeaf() == leaf)
                records++;
            else
                Wrong($"The record of leaf {index} isn't the one that the leaf commits to: it was changed.");
            more = rows.MoveNext();
        }

        void Wrong(string text)
        {
            if (wrong.Count < MaxFaults)
                wrong.Add(text);
        }
    }

    static Command CheckProof()
    {
        var file = new Argument<string>("file") { Description = "A record's proof, as the page saves it." };
        var keys = new Option<string[]>("--key") { Description = "Public key of the log, as you have it from before; the one in the file proves nothing.", Required = true, HelpName = "KEY" };
        var command = new Command("check-proof", "Checks offline that a record is in a log, by its proof and the log's key. Exit code 1 if it was changed, 3 if another key signed.") { file, keys };
        command.SetAction((parsed, stop) => GuardAsync(async () =>
        {
            var known = new List<NoteKey>();
            foreach (string text in parsed.GetRequiredValue(keys))
            {
                if (!NoteKey.TryParse(text.Trim(), out var key))
                {
                    await Console.Error.WriteLineAsync($"atalaya: --key: '{text}' is not a public key as `atalaya log key` prints it.");
                    return ExitCode.Usage;
                }

                known.Add(key);
            }

            string path = parsed.GetRequiredValue(file);
            if (new FileInfo(path).Length > RecordProof.MaxLength || !RecordProof.TryParse(await File.ReadAllBytesAsync(path, stop), out var proof))
                throw new InvalidDataException($"{path} isn't a record's proof, or was damaged.");
            var verdict = proof.Check(known, out string why);
            if (verdict == RecordVerdict.Proven)
            {
                Console.Out.WriteLine($"proven: leaf {proof.Leaf} of {known[0].Name}");
                Console.Out.WriteLine(proof.Record);
                return ExitCode.Done;
            }

            await Console.Error.WriteLineAsync($"atalaya: {(verdict == RecordVerdict.Altered ? "altered" : "unknown signer")}: {why}.");
            return verdict == RecordVerdict.Altered ? ExitCode.Failed : UnknownSigner;
        }));
        return command;
    }

    /// <summary>As `atalaya-verify` ends then.</summary>
    const int UnknownSigner = 3;

    static Command Key() => Print("key", "Prints the log's public key, to hand to partners, auditors and witnesses.", LogKeys.PublicFile);

    static Command WitnessKey() => Print("witness-key", "Prints this node's public key as a witness, to hand to those whose logs it witnesses.", OwnWitness.PublicFile);

    static Command Print(string name, string what, Func<string, string> file)
    {
        var command = new Command(name, what);
        var options = new OptionArguments(command, serves: false);
        command.SetAction((parsed, stop) => GuardAsync(async () =>
        {
            if (options.Read(parsed, Console.Error) is not var (reading, _))
                return ExitCode.Usage;
            Console.Out.Write(await File.ReadAllTextAsync(file(Existing(reading.Options.Data)), stop));
            return ExitCode.Done;
        }));
        return command;
    }

    static Command Rotate()
    {
        var reason = Reason();
        var revoke = new Option<bool>("--revoke") { Description = "Somebody else may have the key: from now on it counts for nothing, and doesn't sign beside the next one." };
        var command = new Command(
            "rotate", "Has the log's key followed by a new one; both sign that it is so (log/keys). A running node does it within seconds, otherwise its next start. "
            + "Give the new key to those who check the log; who knows the earlier one is led to it.")
            { reason, revoke };
        var options = new OptionArguments(command, serves: false);
        command.SetAction((parsed, stop) => GuardAsync(() => AskAsync(
            options, parsed, data => new KeyChange(parsed.GetValue(revoke) ? KeyAct.Revoke : KeyAct.Rotate, KeyStatement.Line(parsed.GetRequiredValue(reason))), stop)));
        return command;
    }

    static Command BeginAnew()
    {
        var reason = Reason();
        var command = new Command(
            "begin-anew", "Only when the log's keys or files are gone for good: puts what is left aside and begins another log, with another name and key, whose first record says which log it "
            + "follows and why. Everybody who kept the earlier key sees that. A log that still opens is left as it is.")
            { reason };
        var options = new OptionArguments(command, serves: false);
        command.SetAction((parsed, stop) => GuardAsync(() => AskAsync(options, parsed, _ => new KeyChange(KeyAct.BeginAnew, KeyStatement.Line(parsed.GetRequiredValue(reason))), stop)));
        return command;
    }

    static Option<string> Reason() => new("--reason") { Description = "Why, in a sentence; it stands in the log for good.", Required = true, HelpName = "TEXT" };

    /// <summary>Leaves the request where the node finds it, and waits for a running one.</summary>
    static async Task<int> AskAsync(OptionArguments options, ParseResult parsed, Func<string, KeyChange> ask, CancellationToken stop)
    {
        if (options.Read(parsed, Console.Error) is not var (reading, _))
            return ExitCode.Usage;
        string data = Path.GetFullPath(reading.Options.Data);
        if (!Directory.Exists(Path.Combine(data, "keys")))
            throw new IOException($"There is no node's data in {data}. Name the node's data folder with --data or --config.");
        if (KeyChange.Read(new LocalLogDisk(), data) is { Lost: not null })
            throw new IOException("A lost log is just being followed by another; start the node to let it finish.");
        string? before = File.Exists(LogKeys.PublicFile(data)) ? await File.ReadAllTextAsync(LogKeys.PublicFile(data), stop) : null;
        ask(data).Write(new LocalLogDisk(), data);
        if (!DataFolder.IsInUse(data))
        {
            Console.Out.WriteLine("The node isn't running; it does it at its next start.");
            return ExitCode.Done;
        }

        for (long begun = TimeProvider.System.GetTimestamp(); File.Exists(KeyChange.File(data));)
        {
            if (TimeProvider.System.GetElapsedTime(begun) > AnswerWithin)
                throw new IOException($"The node hasn't done it; its log says why. It goes on trying, until {KeyChange.File(data)} is removed.");
            await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System, stop);
        }

        string now = await File.ReadAllTextAsync(LogKeys.PublicFile(data), stop);
        if (now == before)
            throw new IOException("The node didn't do it; its own log (standard error, journal) says why.");
        Console.Out.Write(now);
        return ExitCode.Done;
    }

    /// <summary>A node that can't write its log looks again every ten seconds.</summary>
    static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(60);

    static Command Request()
    {
        var old = new Option<long>("--old") { Description = "Leaves that the log had when the witness signed it last; 0: never.", HelpName = "SIZE" };
        var command = new Command("request", "Prints what a witness is to sign: the log's checkpoint, and the proof that it grew out of the one it knows (C2SP tlog-witness, add-checkpoint).") { old };
        var options = new OptionArguments(command, serves: false);
        command.SetAction((parsed, stop) => GuardAsync(async () =>
        {
            if (options.Read(parsed, Console.Error) is not var (reading, _))
                return ExitCode.Usage;
            var log = new LogFolder(DataFolder.LogOf(Existing(reading.Options.Data)));
            if (log.Checkpoint() is not { } bytes || !SignedNote.TryParse(bytes, out var note) || !Checkpoint.TryParse(note.Text, out var checkpoint))
                throw new InvalidDataException($"{log.Path} holds no log.");
            long size = parsed.GetValue(old);
            if (size < 0 || size > checkpoint.Size)
            {
                await Console.Error.WriteLineAsync($"atalaya: --old: must lie between 0 and {checkpoint.Size}, the leaves there are.");
                return ExitCode.Usage;
            }

            Console.Out.Write(new AddCheckpoint(size, log.Tree(checkpoint.Size).Consistency(size), note));
            return ExitCode.Done;
        }));
        return command;
    }

    static Command Cosign()
    {
        var state = new Option<string>("--state") { Description = "Folder of this witness: its key, and what it signed last of each log. Made when absent.", Required = true, HelpName = "FOLDER" };
        var name = new Option<string>("--name") { Description = "Name of this witness, as in witness.example.org; fixed when the folder is made.", DefaultValueFactory = _ => "witness", HelpName = "NAME" };
        var keys = new Option<string[]>("--key") { Description = "Public key of a log that is to be signed, as `atalaya log key` prints it.", Required = true, HelpName = "KEY" };
        var asked = new Option<string?>("--request") { Description = "File with what `atalaya log request` printed; standard input without it.", HelpName = "FILE" };
        var passphrase = new Option<string>("--passphrase-file") { Description = "File with the passphrase of the witness's key.", Required = true, HelpName = "FILE" };
        var command = new Command(
            "cosign", "Signs as a witness what `atalaya log request` printed, if it begins with all that was signed before; prints the signature. "
            + "For oversight and partners, on a machine of their own. Exit code 1 if it isn't signed.")
            { state, name, keys, passphrase, asked };
        command.SetAction((parsed, stop) => GuardAsync(async () =>
        {
            var logs = new List<NoteKey>();
            foreach (string text in parsed.GetRequiredValue(keys))
            {
                if (!NoteKey.TryParse(text, out var key))
                {
                    await Console.Error.WriteLineAsync($"atalaya: --key: '{text}' is not a public key as `atalaya log key` prints it.");
                    return ExitCode.Usage;
                }

                logs.Add(key);
            }

            string folder = Path.GetFullPath(parsed.GetRequiredValue(state));
            Directory.CreateDirectory(folder);
            using var signer = await WitnessKeyAsync(folder, parsed.GetRequiredValue(name), parsed.GetRequiredValue(passphrase), stop);
            using var witness = new Witness(
                new LocalLogDisk(), folder, signer, logs.GroupBy(k => k.Name, StringComparer.Ordinal).ToDictionary(g => g.Key, g => (IReadOnlyList<NoteKey>)[.. g], StringComparer.Ordinal), TimeProvider.System);
            using var body = new MemoryStream();
            await using (var input = parsed.GetValue(asked) is { } file ? File.OpenRead(file) : Console.OpenStandardInput())
                await input.CopyToAsync(body, stop);
            var answer = witness.Add(body.ToArray());
            if (answer.Signature is { } signature)
            {
                Console.Out.WriteLine(signature);
                return ExitCode.Done;
            }

            await Console.Error.WriteLineAsync("atalaya: not signed: " + answer.Verdict switch
            {
                WitnessVerdict.UnknownLog => "it is of a log whose key wasn't given with --key.",
                WitnessVerdict.NotSigned => "the log's key didn't sign it.",
                WitnessVerdict.Conflict when answer.Fork is { } fork => $"it contradicts what was signed before: the log has two histories. Both checkpoints are kept in {fork}.",
                WitnessVerdict.Conflict => $"this witness knows the log with {answer.Size.ToString(CultureInfo.InvariantCulture)} leaves; ask for it with `atalaya log request --old {answer.Size}`.",
                WitnessVerdict.NotConsistent => $"the proof doesn't show that it begins with the {answer.Size} leaves that were signed before. Ask once more; if that fails, the log was changed.",
                _ => "it isn't what `atalaya log request` prints.",
            });
            return ExitCode.Failed;
        }));
        return command;
    }

    /// <summary>The witness's key, made with its folder. Its public part is printed once, for those who shall believe it.</summary>
    static async Task<NoteSigner> WitnessKeyAsync(string folder, string name, string passphraseFile, CancellationToken stop)
    {
        string secret = Path.Combine(folder, "witness.pem"), shown = Path.Combine(folder, "witness.vkey");
        string passphrase = (await File.ReadAllTextAsync(passphraseFile, stop)).Trim();
        if (passphrase.Length == 0)
            throw new IOException($"{passphraseFile} holds no passphrase.");
        if (File.Exists(shown))
        {
            if (!NoteKey.TryParse((await File.ReadAllTextAsync(shown, stop)).Trim(), out var key))
                throw new InvalidDataException($"{shown} isn't a public key.");
            return new(key.Name, NoteSignatureKind.Cosignature, KeyFile.Decrypt(await File.ReadAllTextAsync(secret, stop), passphrase));
        }

        if (!NoteKey.IsName(name))
            throw new InvalidDataException($"--name: '{name}' can't name a witness: no spaces, no plus signs.");
        byte[] seed = KeyFile.NewSeed();
        var signer = new NoteSigner(name, NoteSignatureKind.Cosignature, seed);
        await File.WriteAllTextAsync(secret, KeyFile.Encrypt(seed, passphrase), stop);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(secret, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await File.WriteAllTextAsync(shown, signer.Key + "\n", stop);
        await Console.Error.WriteLineAsync($"atalaya: this witness is {signer.Key}");
        return signer;
    }

    static string Existing(string data)
    {
        data = Path.GetFullPath(data);
        return Directory.Exists(DataFolder.LogOf(data)) ? data : throw new IOException($"There is no log in {data}. Name the node's data folder with --data or --config.");
    }

    static async Task<int> GuardAsync(Func<Task<int>> run)
    {
        try
        {
            return await run();
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or InvalidDataException or CryptographicException or DbException)
        {
            await Console.Error.WriteLineAsync($"atalaya: {fault.Message}");
            return ExitCode.Failed;
        }
        catch (OperationCanceledException)
        {
            return ExitCode.Failed;
        }
    }
}
