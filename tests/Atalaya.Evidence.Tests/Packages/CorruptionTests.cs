using System.Globalization;
using System.IO.Compression;
using System.Text;

using Atalaya.Evidence.Packages;

namespace Atalaya.Evidence.Tests.Packages;

/// <summary>Nothing that somebody without the log's key does to a package goes unnoticed, and nothing they do makes the check fail itself.</summary>
/// <remarks>2,000 damages here; <c>make corrupt</c> does more (environment variables ATALAYA_CORRUPTIONS and ATALAYA_CORRUPTIONS_SEED).</remarks>
public sealed class CorruptionTests
{
    static readonly string[] Kinds =
    [
        "bit", "byte", "truncated", "longer", "inserted", "removed", "swapped", "doubled", "zeroed", "reordered", "dropped", "added", "rezipped", "proof", "manifest", "file and sums", "signed by another", "of another package",
    ];

    [Fact]
    public async Task Every_damage_is_refused_and_none_breaks_the_check()
    {
        int count = Number("ATALAYA_CORRUPTIONS", 2000), seed = Number("ATALAYA_CORRUPTIONS_SEED", 1);
        using var sample = new SamplePackage { FileLength = 1500 };
        using var attacker = new SamplePackage(seed: 66) { FileLength = 1500 };
        byte[] package = await sample.WriteAsync(), other = await attacker.WriteAsync();
        sample.Index = "<p>another page</p>"u8.ToArray();
        byte[] sister = await sample.WriteAsync();
        SamplePackage.Check(package, sample.Signer.Key).Verdict.ShouldBe(PackageVerdict.AuthenticWithGaps);
        var known = sample.Signer.Key;
        var random = new Random(seed);
        var verdicts = new Dictionary<PackageVerdict, int>();
        for (int i = 0; i < count; i++)
        {
            string kind = Kinds[i % Kinds.Length];
            byte[] damaged = Damage(kind, package, kind == "of another package" ? sister : other, random);
            if (damaged.AsSpan().SequenceEqual(package))
                continue;
            var report = SamplePackage.Check(damaged, known);
            if (report.Verdict is PackageVerdict.Authentic or PackageVerdict.AuthenticWithGaps)
                Assert.Fail($"Damage {i} ({kind}, seed {seed}) goes unnoticed.");
            report.ExitCode.ShouldNotBe(0);
            report.Reasons.ShouldNotBeEmpty();
            verdicts[report.Verdict] = verdicts.GetValueOrDefault(report.Verdict) + 1;
        }

        verdicts.ShouldContainKey(PackageVerdict.Altered);
        verdicts.ShouldContainKey(PackageVerdict.Incomplete);
        verdicts.ShouldContainKey(PackageVerdict.UnknownSigner, "a whole package of somebody else");
        TestContext.Current.SendDiagnosticMessage($"{count} damages: {string.Join(", ", verdicts.Select(v => $"{v.Key} {v.Value}"))}");
    }

    [Fact]
    public async Task Every_single_byte_of_a_package_counts()
    {
        using var sample = new SamplePackage { FileLength = 60 };
        byte[] package = await sample.WriteAsync();
        var known = sample.Signer.Key;
        for (int at = 0; at < package.Length; at += 3)
        {
            byte[] damaged = [.. package];
            damaged[at] ^= (byte)(1 << (at & 7));
            SamplePackage.Check(damaged, known).ExitCode.ShouldNotBe(0, $"byte {at} of {package.Length}");
        }
    }

    static int Number(string variable, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : otherwise;

    static byte[] Damage(string kind, byte[] package, byte[] other, Random random)
    {
        byte[] copy = [.. package];
        int at = random.Next(copy.Length), length = Math.Min(copy.Length - at, random.Next(1, 300));
        switch (kind)
        {
            case "bit":
                copy[at] ^= (byte)(1 << random.Next(8));
                return copy;
            case "byte":
                copy[at] = (byte)random.Next(256);
                return copy;
            case "truncated":
                return copy[..at];
            case "longer":
                return [.. copy, .. new byte[random.Next(1, 40)]];
            case "inserted":
                return [.. copy[..at], (byte)random.Next(256), .. copy[at..]];
            case "removed":
                return [.. copy[..at], .. copy[(at + length)..]];
            case "swapped":
                int second = random.Next(copy.Length - length + 1);
                copy.AsSpan(second, length).CopyTo(copy.AsSpan(at));
                package.AsSpan(at, length).CopyTo(copy.AsSpan(second));
                return copy;
            case "doubled":
                return [.. copy[..(at + length)], .. copy[at..]];
            case "zeroed":
                copy.AsSpan(at, length).Clear();
                return copy;
            case "rezipped":
                return Rezipped(package, random.Next(2) == 0 ? CompressionLevel.Fastest : CompressionLevel.NoCompression);
            default:
                return Rebuilt(kind, Entries(package), Entries(other), random);
        }
    }

    /// <summary>By somebody who knows the format and writes a canonical ZIP, but hasn't the key.</summary>
    static byte[] Rebuilt(string kind, List<(string Name, byte[] Data)> entries, List<(string Name, byte[] Data)> other, Random random)
    {
        int at = random.Next(entries.Count), second = random.Next(entries.Count);
        switch (kind)
        {
            case "reordered":
                (entries[at], entries[second]) = (entries[second], entries[at]);
                break;
            case "dropped":
                entries.RemoveAt(at);
                break;
            case "added":
                entries.Insert(at, (random.Next(2) == 0 ? entries[second].Name : "video/gate/main/1774526580000.mp4", entries[second].Data));
                break;
            case "proof":
                // A proof of the manifest loses or changes a digit, or another takes its place.
                Edit(PackageEntry.Manifest, text =>
                {
                    int from = text.IndexOf("\"proof\"", random.Next(text.Length / 2), StringComparison.Ordinal) + 12;
                    int digit = text.IndexOf('"', from) + 1 + random.Next(64);
                    return text[..digit] + (text[digit] == 'a' ? 'b' : 'a') + text[(digit + 1)..];
                });
                break;
            case "manifest":
                Edit(PackageEntry.Manifest, text => random.Next(3) switch
                {
                    0 => text.Replace("rosa", "rosb", StringComparison.Ordinal),
                    1 => text.Replace("12:00:10", "12:00:11", StringComparison.Ordinal),
                    _ => text.Replace("\n ", "\n  ", StringComparison.Ordinal),
                });
                break;
            case "file and sums":
                int video = entries.FindIndex(e => e.Name.StartsWith("video/", StringComparison.Ordinal));
                string before = Convert.ToHexStringLower(Digest.Of(entries[video].Data).ToArray());
                byte[] changed = [.. entries[video].Data];
                changed[random.Next(changed.Length)] ^= 1;
                entries[video] = (entries[video].Name, changed);
                string after = Convert.ToHexStringLower(Digest.Of(changed).ToArray());
                Edit(PackageEntry.Manifest, text => text.Replace(before, after, StringComparison.Ordinal));
                Edit(PackageEntry.Sums, text => text.Replace(before, after, StringComparison.Ordinal));
                break;
            case "signed by another":
                // Everything is theirs, but for some files that are kept.
                string[] kept = random.Next(2) == 0 ? [] : [PackageEntry.Checkpoint, PackageEntry.Seal, PackageEntry.Signature];
                entries = [.. other.Select(o => kept.Contains(o.Name, StringComparer.Ordinal) ? entries.Find(e => e.Name == o.Name) : o)];
                break;
            default:
                // One entry is from another package of the same log.
                entries[at] = other.Find(o => o.Name == entries[at].Name) is { Name: not null } there ? there : entries[at];
                break;
        }

        return Zip(entries);

        void Edit(string name, Func<string, string> change)
        {
            int index = entries.FindIndex(e => e.Name == name);
            entries[index] = (name, Encoding.UTF8.GetBytes(change(Encoding.UTF8.GetString(entries[index].Data))));
        }
    }

    internal static List<(string Name, byte[] Data)> Entries(byte[] package)
    {
        using var zip = new ZipArchive(new MemoryStream(package), ZipArchiveMode.Read);
        var entries = new List<(string, byte[])>();
        foreach (var entry in zip.Entries)
        {
            using var from = entry.Open();
            using var data = new MemoryStream();
            from.CopyTo(data);
            entries.Add((entry.FullName, data.ToArray()));
        }

        return entries;
    }

    internal static byte[] Zip(List<(string Name, byte[] Data)> entries)
    {
        uint time = CanonicalZip.Time(new(2026, 3, 26, 13, 0, 0, TimeSpan.Zero));
        ZipEntry[] list = [.. entries.Select(e => new ZipEntry(e.Name, e.Data.Length, Crc32.Of(e.Data)))];
        return [.. list.Zip(entries).SelectMany(e => (byte[])[.. CanonicalZip.LocalHeader(e.First, time), .. e.Second.Data]), .. CanonicalZip.Directory(list, time)];
    }

    static byte[] Rezipped(byte[] package, CompressionLevel level)
    {
        using var target = new MemoryStream();
        using (var zip = new ZipArchive(target, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, data) in Entries(package))
            {
                using var to = zip.CreateEntry(name, level).Open();
                to.Write(data);
            }
        }

        return target.ToArray();
    }
}
