using System.IO.Compression;
using System.Security.Cryptography;

using Atalaya.Evidence.Packages;
using Atalaya.Testing;

namespace Atalaya.Evidence.Tests.Packages;

/// <summary>What others' tools say of a package: somebody who trusts no program of ours gets as far with them.</summary>
public sealed class StockToolTests
{
    static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Sha256sum_openssl_cms_and_openssl_ts_agree_and_disagree_with_what_was_changed()
    {
        await using var authority = await TimestampAuthority.StartAsync();
        using var http = new HttpClient();
        using var sample = new SamplePackage();
        byte[]? answer = null;
        // The authority is asked once for the manifest's bytes, which stay the same.
        sample.Time = m => answer ??= Timestamp.AskAsync(http, new(authority.Address), m, Stop).GetAwaiter().GetResult();
        byte[] package = await sample.WriteAsync();
        using var folder = new TempFolder("stock");
        await File.WriteAllBytesAsync(folder.File("package.zip"), package, Stop);
        await ZipFile.ExtractToDirectoryAsync(folder.File("package.zip"), folder.Path, Stop);
        await File.WriteAllTextAsync(folder.File("signer.pem"), sample.Certificate.ExportCertificatePem(), Stop);

        var report = SamplePackage.Check(package, sample.Signer.Key);
        report.Verdict.ShouldBe(PackageVerdict.AuthenticWithGaps, string.Join('\n', report.Reasons));
        report.Time!.Authority.ShouldContain("Test clock");
        await AgreesAsync(true, "unzip", "-tqq", "package.zip");
        await AgreesAsync(true, "sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS");
        string[] cms = ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", "manifest.json.p7s", "-content", "manifest.json", "-CAfile", "signer.pem", "-out", "/dev/null"];
        string[] ts = ["openssl", "ts", "-verify", "-data", "manifest.json", "-in", "manifest.json.tsr", "-CAfile", authority.AuthorityFile];
        await AgreesAsync(true, cms);
        await AgreesAsync(true, ts);

        await File.AppendAllTextAsync(folder.File("manifest.json"), " ", Stop);
        await AgreesAsync(false, "sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS");
        await AgreesAsync(false, cms);
        await AgreesAsync(false, ts);

        async Task AgreesAsync(bool wanted, params string[] command)
        {
            if (command[0] == "unzip" && !File.Exists("/usr/bin/unzip"))
                return;     // sha256sum says more.
            var result = await ManagedProcess.RunAsync(command[0], command[1..], workingFolder: folder.Path);
            (result.ExitCode == 0).ShouldBe(wanted, $"{string.Join(' ', command)}: {result.Output}{result.Errors}");
        }
    }

    [Fact]
    public async Task An_authority_that_answers_badly_gives_no_timestamp()
    {
        await using var authority = await TimestampAuthority.StartAsync();
        using var http = new HttpClient();
        byte[] manifest = "{}"u8.ToArray(), other = "[]"u8.ToArray();
        byte[] answer = await Timestamp.AskAsync(http, new(authority.Address), manifest, Stop);
        Timestamp.Read(manifest, answer).ShouldNotBeNull();
        Timestamp.Read(other, answer).ShouldBeNull("it is of another text");

        authority.Instead = (200, answer);      // of the same text, but an earlier question's
        await Should.ThrowAsync<CryptographicException>(() => Timestamp.AskAsync(http, new(authority.Address), manifest, Stop));
        authority.Instead = (200, [0x30, 0x03, 0x02, 0x01]);
        await Should.ThrowAsync<CryptographicException>(() => Timestamp.AskAsync(http, new(authority.Address), manifest, Stop));
        authority.Instead = (200, new byte[Timestamp.MaxLength + 10]);
        await Should.ThrowAsync<CryptographicException>(() => Timestamp.AskAsync(http, new(authority.Address), manifest, Stop));
        authority.Instead = (503, []);
        await Should.ThrowAsync<HttpRequestException>(() => Timestamp.AskAsync(http, new(authority.Address), manifest, Stop));
    }

    [Fact]
    public async Task Age_opens_what_was_encrypted_to_each_of_its_recipients()
    {
        using var folder = new TempFolder("age");
        var recipients = new List<AgeRecipient>();
        foreach (string name in new[] { "rosa", "amina" })
        {
            var made = await ManagedProcess.RunAsync("age-keygen", ["-o", folder.File(name)]);
            made.ExitCode.ShouldBe(0, made.Errors);
            AgeRecipient.TryParse(made.Errors.Trim().Split(' ')[^1], out var recipient).ShouldBeTrue(made.Errors);
            recipients.Add(recipient);
        }

        // Around the pieces of 64 KiB, in which an empty one at the end would be refused.
        foreach (int length in new[] { 0, 1, 65535, 65536, 65537, 200_000 })
        {
            byte[] plain = new byte[length];
            new Random(length).NextBytes(plain);
            await using (var file = File.Create(folder.File("secret.age")))
            await using (var age = new AgeStream(file, recipients))
            {
                for (int at = 0; at < length; at += 30_000)
                    await age.WriteAsync(plain.AsMemory(at, Math.Min(30_000, length - at)), Stop);
                await age.CompleteAsync(Stop);
            }

            foreach (string name in new[] { "rosa", "amina" })
            {
                var opened = await ManagedProcess.RunAsync("age", ["-d", "-i", folder.File(name), "-o", folder.File("plain"), folder.File("secret.age")]);
                opened.ExitCode.ShouldBe(0, $"{length} bytes: {opened.Errors}");
                // It makes no file of nothing.
                (length == 0 ? [] : await File.ReadAllBytesAsync(folder.File("plain"), Stop)).ShouldBe(plain);
            }
        }
    }

    [Theory]
    [InlineData("age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj", true)]
    [InlineData("age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwk", false)]
    [InlineData("AGE1ZVKYG2LQZRAA2LNJVQEJ32NKUU0UES2S82HZRYE869XEEXVN73EQUNUJWJ", false)]
    [InlineData("age1", false)]
    [InlineData("AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX", false)]
    [InlineData("", false)]
    public void A_recipient_is_read_in_one_spelling_and_its_sum_is_checked(string text, bool good)
    {
        AgeRecipient.TryParse(text, out var recipient).ShouldBe(good);
        if (good)
            recipient.ToString().ShouldBe(text);
    }

    [Fact]
    public void Keys_with_which_everybody_agrees_on_the_same_are_no_recipients()
    {
        // RFC 7748, 6.1: all zeros, and one of small order.
        AgeRecipient.TryParse(Bech32.Encode("age", new byte[32]), out _).ShouldBeFalse();
        AgeRecipient.TryParse(Bech32.Encode("age", [1, .. new byte[31]]), out _).ShouldBeFalse();
    }
}
