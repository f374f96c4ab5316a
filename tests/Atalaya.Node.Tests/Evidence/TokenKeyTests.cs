using System.Runtime.InteropServices;

using Atalaya.Evidence;
using Atalaya.Testing;

namespace Atalaya.Node.Tests.Evidence;

/// <summary>The log's key can be in a PKCS#11 token: tested with SoftHSM, which signs with Ed25519 as the standard says.</summary>
public sealed partial class TokenKeyTests
{
    const string Module = "/usr/lib/softhsm/libsofthsm2.so", Pin = "1234";

    [Fact]
    public async Task A_log_is_signed_by_a_token_and_changes_from_a_file_to_it()
    {
        Assert.SkipUnless(File.Exists(Module), "softhsm2 isn't installed: scripts/setup.sh test");
        using TempFolder tokens = new("tokens"), first = new("log"), second = new("log");
        string settings = tokens.File("softhsm2.conf"), pin = tokens.File("pin");
        Directory.CreateDirectory(tokens.File("objects"));
        await File.WriteAllTextAsync(settings, $"directories.tokendir = {tokens.File("objects")}\n", TestNode.Stop);
        await File.WriteAllTextAsync(pin, Pin + "\n", TestNode.Stop);
        // The module reads the process's own environment, which .NET has a copy of.
        SetVariable("SOFTHSM2_CONF", settings, 1).ShouldBe(0);
        Environment.SetEnvironmentVariable("SOFTHSM2_CONF", settings);
        await RunAsync("softhsm2-util", "--init-token", "--free", "--label", "atalaya", "--pin", Pin, "--so-pin", "5678");
        // Before anybody is logged in: a process is logged in to a token as a whole.
        Should.Throw<IOException>(() => Pkcs11Token.Open(Module, "atalaya", "0000")).Message.ShouldContain("PIN");
        NoteKey one = await MakeAsync("log", "01"), two = await MakeAsync("next", "02");

        string options = $"evidence: {{ token: {{ module: {Module}, pinFile: '{pin}', key: log }} }}";
        await using (var node = await TestNode.StartAsync(options, first.Path))
        {
            await node.UntilAsync("/api/log", l => (long?)l["size"] > 0, seconds: 60);
            NoteKey.TryParse((string)(await node.GetAsync("/api/log"))["key"]!, out var key).ShouldBeTrue();
            key.PublicKey.ToArray().ShouldBe(one.PublicKey.ToArray());
            SignedCheckpoint.TryOpen(await node.Http.GetByteArrayAsync("/log/checkpoint", TestNode.Stop), [key], out _, out _).ShouldBeTrue();
            Directory.GetFiles(first.File("data", "keys"), "log*.pem").ShouldBeEmpty("no private key is in the folder");
        }

        // From a file to the token: the next key is the token's, and the statement is signed by both.
        await using (var node = await TestNode.StartAsync(folder: second.Path))
            await node.UntilAsync("/api/log", l => (long?)l["size"] > 0, seconds: 60);
        await using (var node = await TestNode.StartAsync(options.Replace("key: log", "key: next", StringComparison.Ordinal), second.Path))
        {
            NoteKey.TryParse((string)(await node.GetAsync("/api/log"))["key"]!, out var before).ShouldBeTrue();
            var answer = await ManagedProcess.RunAsync(Path.Combine(AppContext.BaseDirectory, "atalaya"), ["log", "rotate", "--data", second.File("data"), "--reason", "into the token"]);
            answer.ExitCode.ShouldBe(0, answer.Output + answer.Errors);
            var state = await node.UntilAsync("/api/log", l => (string?)l["key"] != before.ToString(), seconds: 60);
            NoteKey.TryParse((string)state["key"]!, out var key).ShouldBeTrue();
            key.PublicKey.ToArray().ShouldBe(two.PublicKey.ToArray());
            // The only other key of that name is gone: the log goes on with the one it has.
            (await ManagedProcess.RunAsync(Path.Combine(AppContext.BaseDirectory, "atalaya"), ["log", "rotate", "--data", second.File("data"), "--reason", "once more"])).ShouldSatisfyAllConditions(
                r => r.ExitCode.ShouldBe(1), r => r.Errors.ShouldContain("didn't do it"));
            ((string)(await node.GetAsync("/api/log"))["key"]!).ShouldBe(key.ToString());
            KeyHistory.TryParse(await node.Http.GetByteArrayAsync("/log/keys", TestNode.Stop), out var history).ShouldBeTrue();
            history.Follow(before)[^1].ToString().ShouldBe(key.ToString());
        }

        Should.Throw<IOException>(() => Pkcs11Token.Open(Module, "another", Pin)).Message.ShouldContain("no token called 'another'");
        Should.Throw<IOException>(() => Pkcs11Token.Open(Path.Combine(AppContext.BaseDirectory, "Atalaya.Node.Tests.dll"), "atalaya", Pin)).Message.ShouldContain("isn't a PKCS#11 module");

        async Task<NoteKey> MakeAsync(string label, string id)
        {
            string file = tokens.File(label + ".pem"), shown = tokens.File(label + ".der");
            await RunAsync("openssl", "genpkey", "-algorithm", "ed25519", "-out", file);
            await RunAsync("openssl", "pkey", "-in", file, "-pubout", "-outform", "DER", "-out", shown);
            await RunAsync("softhsm2-util", "--import", file, "--token", "atalaya", "--label", label, "--id", id, "--pin", Pin);
            return new("x", NoteSignatureKind.Ed25519, (await File.ReadAllBytesAsync(shown, TestNode.Stop)).AsSpan()[^32..]);
        }
    }

    static async Task RunAsync(string program, params string[] arguments)
    {
        var result = await ManagedProcess.RunAsync(program, arguments);
        result.ExitCode.ShouldBe(0, result.Output + result.Errors);
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetVariable(string name, string value, int overwrite);
}
