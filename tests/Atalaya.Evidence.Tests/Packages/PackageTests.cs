using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;

using Atalaya.Evidence.Packages;

namespace Atalaya.Evidence.Tests.Packages;

/// <summary>What a package's check says of packages that are whole, and of those that aren't.</summary>
public sealed class PackageTests
{
    [Fact]
    public async Task A_whole_package_is_authentic_with_its_stated_gap_to_who_knows_the_logs_key()
    {
        using var sample = new SamplePackage();
        byte[] package = await sample.WriteAsync();

        var report = SamplePackage.Check(package, sample.Signer.Key, sample.Witness.Key);

        report.Verdict.ShouldBe(PackageVerdict.AuthenticWithGaps, string.Join('\n', report.Reasons));
        report.ExitCode.ShouldBe(0);
        var gap = report.Reasons.ShouldHaveSingleItem();
        gap.Kind.ShouldBe(FindingKind.Gap);
        gap.Text.ShouldContain("Pier (pier)");
        gap.Text.ShouldContain("It was unplugged.");
        report.Witnesses.ShouldHaveSingleItem().Key.ShouldBe(sample.Witness.Key.ToString());
        report.Manifest!.Video.Count.ShouldBe(5);
    }

    [Fact]
    public async Task Without_a_gap_it_is_authentic_and_without_a_known_key_its_signer_is_unknown()
    {
        using var sample = new SamplePackage { Change = m => m with { Stretches = [.. m.Stretches.Take(1)], Gaps = [] } };
        byte[] package = await sample.WriteAsync();
        using var stranger = new SamplePackage(seed: 8);

        SamplePackage.Check(package, sample.Signer.Key).Verdict.ShouldBe(PackageVerdict.Authentic);
        var unknown = SamplePackage.Check(package, stranger.Signer.Key);
        unknown.Verdict.ShouldBe(PackageVerdict.UnknownSigner);
        unknown.ExitCode.ShouldBe(3);
        unknown.Reasons.ShouldHaveSingleItem().Text.ShouldContain(sample.Signer.Key.ToString());
    }

    [Fact]
    public async Task A_key_from_before_a_change_leads_to_the_one_that_signed()
    {
        using var earlier = new SamplePackage(seed: 1);
        using var sample = new SamplePackage(seed: 2);
        sample.Keys = KeyHistory.Empty.Add(new(sample.Signer.Key.Name, earlier.Signer.Key, sample.Signer.Key, 3, new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero), Revoked: false, "yearly"), earlier.Signer, sample.Signer);
        byte[] package = await sample.WriteAsync();

        var report = SamplePackage.Check(package, earlier.Signer.Key);

        report.Verdict.ShouldBe(PackageVerdict.AuthenticWithGaps, string.Join('\n', report.Reasons));
        report.KnownBy!.ToString().ShouldBe(earlier.Signer.Key.ToString());
    }

    [Fact]
    public async Task A_changed_picture_is_found_to_the_fragment()
    {
        using var sample = new SamplePackage();
        byte[] package = await sample.WriteAsync();
        int at = IndexOf(package, "video/gate/main/1774526460000.mp4") + "video/gate/main/1774526460000.mp4".Length + 2500;
        package[at] ^= 1;

        var report = SamplePackage.Check(package, sample.Signer.Key);

        report.Verdict.ShouldBe(PackageVerdict.Altered);
        var changed = report.Reasons[0];
        changed.File.ShouldBe("video/gate/main/1774526460000.mp4");
        changed.From.ShouldBe(new DateTimeOffset(2026, 3, 26, 12, 1, 30, TimeSpan.Zero));
        changed.To.ShouldBe(new DateTimeOffset(2026, 3, 26, 12, 1, 45, TimeSpan.Zero));
        changed.Text.ShouldContain("12:01:30.000");
    }

    [Fact]
    public async Task What_was_asked_for_and_is_neither_there_nor_stated_makes_it_incomplete()
    {
        using var sample = new SamplePackage { Change = m => m with { Gaps = [] } };
        byte[] package = await sample.WriteAsync();

        var report = SamplePackage.Check(package, sample.Signer.Key);

        report.Verdict.ShouldBe(PackageVerdict.Incomplete);
        report.ExitCode.ShouldBe(4);
        report.Reasons.ShouldHaveSingleItem().From.ShouldBe(new DateTimeOffset(2026, 3, 26, 12, 1, 0, TimeSpan.Zero));
        SamplePackage.Check(package[..(package.Length / 2)], sample.Signer.Key).Verdict.ShouldBe(PackageVerdict.Incomplete, "a download that ended early");
    }

    [Fact]
    public async Task Whoever_holds_the_sealing_key_alone_cannot_state_what_the_log_does_not()
    {
        // Signed and sealed by the right key, but telling something else than the log's leaves.
        foreach (var (lie, change) in new Dictionary<string, Func<PackageManifest, PackageManifest>>
        {
            ["another camera"] = m => m with { Video = [m.Video[0] with { Seal = m.Video[1].Seal }, .. m.Video.Skip(1)] },
            ["another time"] = m => m with { Video = [m.Video[0] with { Start = m.Video[0].Start.AddSeconds(-1) }, .. m.Video.Skip(1)] },
            ["a wider gap"] = m => m with { Gaps = [m.Gaps[0] with { To = m.Gaps[0].To.AddSeconds(1) }] },
            ["a hold's leaf as a gap's"] = m => m with { Gaps = [m.Gaps[0] with { Seal = m.Custody[0].Seal }] },
            ["another word on a gap"] = m => m with { Gaps = [m.Gaps[0] with { Detail = "It was at night." }] },
            ["a deed that never was"] = m => m with { Custody = [m.Custody[0] with { Seal = m.Custody[0].Seal! with { Record = "{}" } }] },
            ["a deed with the seal of footage"] = m => m with { Custody = [m.Custody[0] with { Seal = m.Video[0].Seal }] },
            ["another deed with the seal of a hold"] = m => m with { Custody = [m.Custody[0] with { What = "agreed" }] },
            ["a hold by somebody else"] = m => m with { Custody = [m.Custody[0] with { By = "amina" }] },
            ["a hold for another reason"] = m => m with { Custody = [m.Custody[0] with { Detail = "none" }] },
            ["a hold at another time"] = m => m with { Custody = [m.Custody[0] with { At = m.Custody[0].At.AddDays(-1) }] },
            ["another certificate"] = m => m with { Certificate = Digest.Of("x"u8) },
        })
        {
            using var sample = new SamplePackage { Change = change };
            SamplePackage.Check(await sample.WriteAsync(), sample.Signer.Key).Verdict.ShouldBe(PackageVerdict.Altered, lie);
        }
    }

    [Fact]
    public async Task A_masked_file_is_authentic_as_what_its_originals_and_its_record_say_and_as_nothing_else()
    {
        using var honest = new SamplePackage { IsMasked = true };
        var whole = SamplePackage.Check(await honest.WriteAsync(), honest.Signer.Key);
        whole.Verdict.ShouldBe(PackageVerdict.AuthenticWithGaps, string.Join('\n', whole.Reasons));
        whole.Manifest!.Video[0].Derived!.What.ShouldBe("a door");

        Func<ManifestVideo, ManifestVideo> Derived(Func<ManifestDerivation, ManifestDerivation> change) => v => v with { Derived = change(v.Derived!) };
        const string pier = "video/pier/main/1774526460000.mp4", sub = "video/gate/sub/1774526400000.mp4";
        foreach (var (lie, path, change) in new (string, string?, Func<ManifestVideo, ManifestVideo>)[]
        {
            ("no originals", null, Derived(d => d with { From = [] })),
            ("another reason", null, Derived(d => d with { Why = "redaction" })),
            ("nothing that matters was hidden", null, Derived(d => d with { What = "dust" })),
            ("recorded, not derived", null, v => v with { Derived = null }),
            ("an original that it wasn't made from", null, Derived(d => d with { From = [d.From[0] with { Sha256 = Digest.Of("x"u8) }] })),
            ("another camera", pier, v => v with { Path = pier, Camera = "pier" }),
            ("another stream", sub, v => v with { Path = sub, Stream = "sub" }),
            ("another day", null, v => v with { Start = v.Start.AddDays(1), End = v.End.AddDays(1) }),
            ("it began earlier", null, v => v with { Start = v.Start.AddSeconds(-1) }),
            ("it ended later", null, v => v with { End = v.End.AddSeconds(1) }),
        })
        {
            using var sample = new SamplePackage { IsMasked = true, FirstPath = path, Change = m => m with { Video = [change(m.Video[0]), .. m.Video.Skip(1)] } };
            var report = SamplePackage.Check(await sample.WriteAsync(), sample.Signer.Key);
            report.Verdict.ShouldBe(PackageVerdict.Altered, lie);
            report.Reasons.ShouldContain(r => r.Kind == FindingKind.Proof, lie);
            report.Reasons.ShouldAllBe(r => r.Kind == FindingKind.Proof || r.Kind == FindingKind.Coverage || r.Kind == FindingKind.Gap, lie);
        }

        // Over what a gap states a copy may last.
        using var longer = new SamplePackage
        {
            IsMasked = true,
            Change = m => m with
            {
                Video = [m.Video[0] with { Start = m.Video[0].Start.AddSeconds(-5) }, .. m.Video.Skip(1)],
                Gaps = [new("gate", "main", m.Video[0].Start.AddSeconds(-5), m.Video[0].Start, "None", "", null), .. m.Gaps],
            },
        };
        SamplePackage.Check(await longer.WriteAsync(), longer.Signer.Key).Verdict.ShouldBe(PackageVerdict.AuthenticWithGaps);
    }

    [Fact]
    public async Task A_key_that_the_package_itself_says_was_followed_or_revoked_isnt_known()
    {
        using var earlier = new SamplePackage(seed: 1);
        using var next = new SamplePackage(seed: 2);
        foreach (var (size, revoked, verdict) in new[] { (3, false, PackageVerdict.UnknownSigner), (1000, false, PackageVerdict.AuthenticWithGaps), (1000, true, PackageVerdict.UnknownSigner) })
        {
            earlier.Keys = KeyHistory.Empty.Add(new(earlier.Signer.Key.Name, earlier.Signer.Key, next.Signer.Key, size, new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero), revoked, "lost"), earlier.Signer, next.Signer);
            var report = SamplePackage.Check(await earlier.WriteAsync(), earlier.Signer.Key);
            report.Verdict.ShouldBe(verdict, $"size {size}, revoked: {revoked}");
            report.IsSignerSpent.ShouldBe(verdict == PackageVerdict.UnknownSigner);
        }
    }

    [Fact]
    public async Task As_many_stretches_gaps_and_files_as_a_manifest_may_have_are_compared_once()
    {
        // Any two compared with each other, it would be some hours.
        const int many = 190_000;
        using var sample = new SamplePackage
        {
            Change = m => m with
            {
                Stretches = [.. Enumerable.Range(0, many).Select(i => m.Stretches[1] with { From = m.Stretches[1].From.AddMilliseconds(-i - 1) })],
                Gaps = [.. m.Gaps, .. Enumerable.Range(0, many).Select(i => m.Gaps[0] with { From = m.Stretches[1].From.AddDays(-2).AddMilliseconds(i), To = m.Stretches[1].From.AddDays(-2).AddMilliseconds(i + 1), Seal = null })],
            },
        };

        var report = SamplePackage.Check(await sample.WriteAsync(), sample.Signer.Key);

        report.Verdict.ShouldBe(PackageVerdict.Incomplete);
        report.Reasons.ShouldContain(r => r.Kind == FindingKind.Coverage);
    }

    [Fact]
    public async Task A_manifest_with_nothing_in_place_of_something_is_refused()
    {
        using var sample = new SamplePackage { IsMasked = true };
        var entries = CorruptionTests.Entries(await sample.WriteAsync());
        int manifest = entries.FindIndex(e => e.Name == PackageEntry.Manifest);
        foreach (var list in new Func<JsonNode, JsonNode?>[]
        {
            m => m["stretches"], m => m["video"], m => m["gaps"], m => m["custody"], m => m["files"], m => m["video"]![1]!["fragments"], m => m["video"]![0]!["derived"]!["from"],
            m => m["video"]![0]!["seal"]!["proof"],
        })
        {
            foreach (bool isAlone in new[] { false, true })
            {
                var root = JsonNode.Parse(entries[manifest].Data)!;
                var elements = list(root)!.AsArray();
                if (isAlone)
                    elements.Clear();
                elements.Add(null);
                var report = SamplePackage.Check(
                    CorruptionTests.Zip([.. entries.Select((e, i) => i == manifest ? (e.Name, Encoding.UTF8.GetBytes(root.ToJsonString())) : e)]), sample.Signer.Key);
                report.Verdict.ShouldBe(PackageVerdict.Altered, elements.GetPath());
                report.Reasons.ShouldHaveSingleItem().Kind.ShouldBe(FindingKind.Manifest, elements.GetPath());
            }
        }
    }

    [Fact]
    public async Task A_package_is_an_ordinary_zip_to_others_and_the_same_files_zipped_by_them_are_no_package()
    {
        using var sample = new SamplePackage();
        byte[] package = await sample.WriteAsync();
        using var zip = new ZipArchive(new MemoryStream(package), ZipArchiveMode.Read);

        zip.Entries.Select(e => e.FullName).Take(6).ShouldBe(["index.html", "manifest.json", "manifest.json.p7s", "SHA256SUMS", "log/checkpoint", "log/keys"]);
        zip.Entries[^1].FullName.ShouldBe("seal");
        using var again = new MemoryStream();
        using (var other = new ZipArchive(again, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var entry in zip.Entries)
            {
                await using var from = await entry.OpenAsync(TestContext.Current.CancellationToken);
                var copy = other.CreateEntry(entry.FullName, CompressionLevel.NoCompression);
                copy.LastWriteTime = entry.LastWriteTime;
                await using var to = await copy.OpenAsync(TestContext.Current.CancellationToken);
                await from.CopyToAsync(to, TestContext.Current.CancellationToken);
            }
        }

        SamplePackage.Check(again.ToArray(), sample.Signer.Key).Verdict.ShouldBe(PackageVerdict.Altered);
    }

    [Fact]
    public void Sizes_beyond_four_gigabytes_are_written_as_zip64_and_nowhere_else()
    {
        var entries = new ZipEntry[] { new("a", 10, 1), new("b", uint.MaxValue, 2), new("c", 5, 3) };
        byte[] header = CanonicalZip.LocalHeader(entries[1], 0);
        header.Length.ShouldBe(30 + 1 + 20);
        CanonicalZip.TryReadHeader(header, out var read, out _).ShouldBeTrue();
        read.ShouldBe(entries[1]);
        CanonicalZip.LocalHeader(entries[0], 0).Length.ShouldBe(31);
        byte[] directory = CanonicalZip.Directory(entries, 0);
        // The third lies behind four gigabytes: its offset takes ZIP64, its length doesn't; and so does the end.
        directory.Length.ShouldBe(47 + (47 + 20) + (47 + 12) + 56 + 20 + 22);
        CanonicalZip.Directory([.. Enumerable.Range(0, 65535).Select(i => new ZipEntry($"{i}", 0, 0))], 0).AsSpan()[^(22 + 20)..].IndexOf("PK"u8).ShouldBe(0, "so many entries take ZIP64");
    }

    [Fact]
    public void The_checksum_is_that_of_zip_for_every_length_and_beginning()
    {
        Crc32.Of("123456789"u8).ShouldBe(0xcbf43926u);
        byte[] bytes = new byte[1000];
        new Random(3).NextBytes(bytes);
        for (int length = 0; length < bytes.Length; length++)
        {
            uint plain = ~Crc32.Slice(~0u, bytes.AsSpan(0, length));
            Crc32.Of(bytes.AsSpan(0, length)).ShouldBe(plain, $"{length} bytes");
            var parts = default(Crc32);
            parts.Append(bytes.AsSpan(0, length / 3));
            parts.Append(bytes.AsSpan(length / 3, length - (length / 3)));
            parts.Value.ShouldBe(plain, $"{length} bytes in two parts");
        }
    }

    [Fact]
    public async Task A_file_that_changes_while_it_is_packed_fails_the_package()
    {
        var file = await PackedFile.ReadAsync(new MemoryStream([1, 2, 3]), [(0, 0)], TestContext.Current.CancellationToken);
        file.Fragments.ShouldHaveSingleItem().Length.ShouldBe(3);
        using var sample = new SamplePackage { Change = m => m with { Video = [m.Video[0] with { Fragments = [m.Video[0].Fragments[0]] }, .. m.Video.Skip(1)] } };
        var fault = await Should.ThrowAsync<InvalidDataException>(sample.WriteAsync);
        fault.Message.ShouldContain("add up");
    }

    internal static int IndexOf(byte[] package, string text) => package.AsSpan().IndexOf(Encoding.ASCII.GetBytes(text + "\0")) is var plain && plain >= 0 ? plain : FirstData(package, text);

    // The first time that a name stands in the ZIP outside of the manifest is its header: 30 bytes behind "PK\3\4".
    static int FirstData(byte[] package, string text)
    {
        byte[] name = Encoding.ASCII.GetBytes(text);
        for (int at = 30; at < package.Length - name.Length; at++)
        {
            if (package.AsSpan(at, name.Length).SequenceEqual(name) && package.AsSpan(at - 30, 4).SequenceEqual("PK\u0003\u0004"u8))
                return at;
        }

        throw new InvalidOperationException($"{text} isn't there.");
    }
}
