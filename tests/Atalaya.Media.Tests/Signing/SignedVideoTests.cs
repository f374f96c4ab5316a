using System.Security.Cryptography;

using Atalaya.Media.H264;
using Atalaya.Media.Signing;
using Atalaya.Testing;

using FsCheck;
using FsCheck.Fluent;

namespace Atalaya.Media.Tests.Signing;

/// <summary>What a camera signed is told from what was changed, lost, added or put elsewhere, however it signs.</summary>
public sealed class SignedVideoTests
{
    public static TheoryData<string> Ways => ["list", "short", "escaped", "late", "partial", "once", "twice", "sha512"];

    static MediaSignerOptions Options(string way) => way switch
    {
        "list" => new(),
        "short" => new(Hashes: false),
        "escaped" => new(Escaped: true),
        "late" => new(Delay: 3),
        "partial" => new(Part: 4),
        "once" => new(ChainOnce: true),
        "twice" => new(Copies: 2, FirstCounter: uint.MaxValue - 1),
        "sha512" => new(Algorithm: HashAlgorithmName.SHA512),
        _ => throw new ArgumentOutOfRangeException(nameof(way)),
    };

    [Theory]
    [MemberData(nameof(Ways))]
    public void What_a_camera_signed_is_authentic_however_it_signs(string way)
    {
        using var signer = new MediaSigner(Codec.H264, Options(way));
        var report = Check(signer.Sign(Groups(5, 10)));
        report.Fault.ShouldBe("");
        report.Verdict.ShouldBe(SignedVideoVerdict.Authentic);
        (report.Missing, report.Failed, report.Unsigned).ShouldBe((0, 0, 0));
        // Other hashes than SHA-256 are known from the first message on: the group before it stays unjudged.
        report.Pending.ShouldBe(way == "sha512" ? 10 : 0);
        (report.Verified + report.Pending).ShouldBe(50);
        report.Maker.ShouldBe(new("1.2", "0042", "Maker"));
        report.CertificateChain.ShouldBe(signer.Chain);
        report.From.ShouldNotBeNull();
    }

    [Fact]
    public async Task Pictures_of_real_encoders_with_slices_and_B_frames_are_judged()
    {
        foreach (var codec in (Codec[])[Codec.H264, Codec.H265])
        {
            var recipe = new ClipRecipe(Video: codec, Frames: 60, KeyInterval: 20, BFrames: codec == Codec.H264 ? 2 : 0, Extension: codec == Codec.H264 ? "264" : "265")
            {
                More = codec == Codec.H264 ? ["-x264-params", "sliced-threads=1:slices=3"] : ["-x265-params", "slices=2"],
            };
            string path = await Ffmpeg.ClipAsync(recipe);
            AnnexB.TryReadUnits(await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken), codec, out var units, out string fault).ShouldBeTrue(fault);
            using var signer = new MediaSigner(codec, new(Delay: 2));
            var signed = signer.Sign(units.Select(u => u.Data.ToArray()));
            var report = Check(signed, codec);
            report.Fault.ShouldBe("", codec.ToString());
            report.Verdict.ShouldBe(SignedVideoVerdict.Authentic, codec.ToString());
            report.Verified.ShouldBeGreaterThanOrEqualTo(60);
        }
    }

    [Fact]
    public void Footage_without_signatures_is_not_signed() =>
        Check(Groups(3, 5)).ShouldSatisfyAllConditions(r => r.Verdict.ShouldBe(SignedVideoVerdict.NotSigned), r => r.Fault.ShouldBe(""));

    [Fact]
    public void A_stretch_out_of_the_middle_is_authentic_and_its_ends_are_told()
    {
        using var signer = new MediaSigner(Codec.H264);
        var report = Check([.. signer.Sign(Groups(6, 10)).Skip(10).Take(40)]);
        report.Verdict.ShouldBe(SignedVideoVerdict.Authentic);
        // The signature of the last group comes with the picture behind it.
        report.Verified.ShouldBe(30);
        report.Pending.ShouldBe(10);
    }

    [Fact]
    public void A_stretch_without_the_certificate_is_judged_with_one_from_elsewhere()
    {
        using var signer = new MediaSigner(Codec.H264, new(ChainOnce: true));
        var stretch = signer.Sign(Groups(6, 10)).Skip(20).ToList();
        Check(stretch).ShouldSatisfyAllConditions(r => r.Verdict.ShouldBe(SignedVideoVerdict.Undecided), r => r.Fault.ShouldContain("certificate"));
        Check(stretch, chain: signer.Chain).Verdict.ShouldBe(SignedVideoVerdict.Authentic);
    }

    [Fact]
    public void A_change_of_any_bit_of_a_slice_is_found_and_its_time_told()
    {
        using var signer = new MediaSigner(Codec.H264);
        var signed = signer.Sign(Groups(3, 6));
        Prop.ForAll(Gen.Choose(0, signed.Count - 1).ToArbitrary(), Gen.Choose(0, 100_000).ToArbitrary(), (picture, bit) =>
        {
            var nals = MediaSigner.Split(signed[picture]).ToList();
            int slice = nals.FindIndex(n => (n[0] & 31) is 1 or 5);
            // Behind the byte that says whether it is the first slice; before the stop bit, behind which zeros are nobody's.
            byte[] changed = [.. nals[slice]];
            int at = 2 + (bit / 8 % (changed.Length - 3));
            changed[at] ^= (byte)(1 << (bit % 8));
            var tampered = signed.ToList();
            tampered[picture] = MediaSigner.Join(nals.Select((n, i) => i == slice ? changed : n));
            var report = Check(tampered);
            report.Verdict.ShouldBe(SignedVideoVerdict.NotAuthentic);
            report.Failed.ShouldBeGreaterThan(0);
            report.FaultAt.ShouldNotBeNull();
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void A_change_of_any_bit_of_a_signature_is_never_taken_for_authentic_pictures()
    {
        using var signer = new MediaSigner(Codec.H264, new(Hashes: false));
        var signed = signer.Sign(Groups(3, 3));
        var whole = Check(signed);
        Prop.ForAll(Gen.Choose(0, 1_000_000).ToArbitrary(), bit =>
        {
            int picture = signed.FindIndex(5, u => MediaSigner.Split(u).Any(n => SigningSei.IsSigning(n, Codec.H264)));
            var nals = MediaSigner.Split(signed[picture]).ToList();
            int sei = nals.FindIndex(n => SigningSei.IsSigning(n, Codec.H264));
            byte[] changed = [.. nals[sei]];
            // What is behind a signature of given length is padding, which isn't signed.
            int at = bit / 8 % (changed.Length - 90);
            changed[at] ^= (byte)(1 << (bit % 8));
            var tampered = signed.ToList();
            tampered[picture] = MediaSigner.Join(nals.Select((n, i) => i == sei ? changed : n));
            var report = Check(tampered);
            (report.Verdict == SignedVideoVerdict.Authentic && report.Verified == whole.Verified).ShouldBeFalse();
        }).QuickCheckThrowOnFailure();
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void A_lost_picture_is_missing_where_hashes_are_listed_and_a_fault_where_they_are_not(string way)
    {
        using var signer = new MediaSigner(Codec.H264, Options(way));
        var signed = signer.Sign(Groups(4, 10));
        int lost = 15;
        var nals = MediaSigner.Split(signed[lost]).Where(n => (n[0] & 31) is not 1).ToList();
        signed[lost] = MediaSigner.Join(nals);
        var report = Check(signed);
        report.Verdict.ShouldBe(way == "short" ? SignedVideoVerdict.NotAuthentic : SignedVideoVerdict.AuthenticWithMissing, report.Fault);
        if (way != "short")
            (report.Verified + report.Pending, report.Missing, report.Failed).ShouldBe((39, 1, 0));
    }

    [Fact]
    public void A_lost_first_picture_of_a_group_is_missing_and_the_others_are_still_verified()
    {
        using var signer = new MediaSigner(Codec.H264);
        var signed = signer.Sign(Groups(4, 10));
        signed[20] = MediaSigner.Join(MediaSigner.Split(signed[20]).Where(n => (n[0] & 31) != 5));
        var report = Check(signed);
        report.Verdict.ShouldBe(SignedVideoVerdict.AuthenticWithMissing, report.Fault);
        (report.Verified, report.Missing, report.Failed).ShouldBe((39, 1, 0));
    }

    [Fact]
    public void Groups_put_in_another_order_are_not_authentic()
    {
        using var signer = new MediaSigner(Codec.H264);
        var signed = signer.Sign(Groups(6, 4));
        List<byte[]> swapped = [.. signed[..8], .. signed[12..16], .. signed[8..12], .. signed[16..]];
        Check(swapped).Verdict.ShouldBe(SignedVideoVerdict.NotAuthentic);
    }

    [Fact]
    public void A_group_taken_out_with_its_signature_is_missing()
    {
        using var signer = new MediaSigner(Codec.H264);
        var signed = signer.Sign(Groups(6, 4));
        // From one signature to the next: the group's slices and the message about them.
        List<byte[]> cut = [.. signed[..8], .. signed[12..]];
        cut[8] = MediaSigner.Join(MediaSigner.Split(cut[8]).Where(n => !SigningSei.IsSigning(n, Codec.H264)).Concat(MediaSigner.Split(signed[8]).Where(n => SigningSei.IsSigning(n, Codec.H264))).Order(Comparer<byte[]>.Create((a, b) => (b[0] & 31).CompareTo(a[0] & 31))));
        var report = Check(cut);
        report.Verdict.ShouldBe(SignedVideoVerdict.AuthenticWithMissing, report.Fault);
        report.Missing.ShouldBeGreaterThan(0);
    }

    [Fact]
    public void Pictures_whose_signature_was_taken_out_are_not_authentic()
    {
        using var signer = new MediaSigner(Codec.H264);
        var signed = signer.Sign(Groups(6, 4));
        signed[12] = MediaSigner.Join(MediaSigner.Split(signed[12]).Where(n => !SigningSei.IsSigning(n, Codec.H264)));
        var report = Check(signed);
        report.Verdict.ShouldBe(SignedVideoVerdict.NotAuthentic);
        report.Unsigned.ShouldBe(4);
    }

    [Fact]
    public void However_many_pictures_are_put_between_signed_ones_or_before_them_they_are_not_authentic()
    {
        const int many = 20_500;        // more than wait for a signature
        using var signer = new MediaSigner(Codec.H264, new());
        var signed = signer.Sign(Groups(6, 10));
        var forged = Groups(1, many);
        foreach (var (before, from) in new[] { (0, 15), (0, 20), (20, 20), (33, 33), (signed.Count, signed.Count) })
        {
            var report = Check([.. signed[..before], .. forged, .. signed[from..]], chain: signer.Chain);
            string what = $"{many} between {before} and {from}";
            report.Verdict.ShouldBe(SignedVideoVerdict.NotAuthentic, what);
            report.Unsigned.ShouldBeGreaterThan(20_000, what);
            report.Fault.ShouldContain("isn't there");
        }
    }

    [Fact]
    public void A_camera_that_begins_to_sign_after_very_many_pictures_is_authentic_from_there_on()
    {
        using var signer = new MediaSigner(Codec.H264, new());
        var report = Check([.. Groups(1, 20_500), .. signer.Sign(Groups(3, 10))]);
        report.Verdict.ShouldBe(SignedVideoVerdict.Authentic, report.Fault);
        report.Pending.ShouldBe(20_500);
        report.Unsigned.ShouldBe(0);
    }

    [Fact]
    public void A_picture_that_was_added_is_found()
    {
        using var signer = new MediaSigner(Codec.H264);
        var signed = signer.Sign(Groups(4, 6));
        signed.Insert(9, Groups(1, 2)[1]);
        var report = Check(signed);
        report.Verdict.ShouldBe(SignedVideoVerdict.NotAuthentic);
        report.Failed.ShouldBe(1);
    }

    [Fact]
    public void Another_camera_s_footage_behind_this_one_s_is_not_authentic()
    {
        using var one = new MediaSigner(Codec.H264);
        using var other = new MediaSigner(Codec.H264);
        var report = Check([.. one.Sign(Groups(3, 4)), .. other.Sign(Groups(3, 4))]);
        report.Verdict.ShouldBe(SignedVideoVerdict.NotAuthentic);
        report.Fault.ShouldContain("changed");
    }

    [Fact]
    public void Behind_a_cut_a_camera_may_begin_anew()
    {
        using var signer = new MediaSigner(Codec.H264);
        using var check = new SignedVideoCheck(Codec.H264);
        var signed = signer.Sign(Groups(8, 4));
        Feed(check, signed[..9]);
        check.Cut();
        Feed(check, signed[24..]);
        check.Report().ShouldSatisfyAllConditions(r => r.Verdict.ShouldBe(SignedVideoVerdict.Authentic), r => r.Verified.ShouldBe(16));
    }

    static SignedVideoReport Check(List<byte[]> units, Codec codec = Codec.H264, string? chain = null)
    {
        using var check = new SignedVideoCheck(codec, chain);
        Feed(check, units);
        return check.Report();
    }

    static void Feed(SignedVideoCheck check, List<byte[]> units)
    {
        for (int i = 0; i < units.Count; i++)
            check.Add(units[i], TimeSpan.FromSeconds(i / 25.0));
    }

    /// <summary>Groups of pictures of one slice each: their content is nobody's business here.</summary>
    static List<byte[]> Groups(int count, int length)
    {
        var random = new Random(count * 100 + length);
        var units = new List<byte[]>();
        for (int i = 0; i < count * length; i++)
        {
            byte[] content = new byte[40 + random.Next(60)];
            random.NextBytes(content);
            byte[] slice = MediaSigner.Escape([(byte)(i % length == 0 ? 0x65 : 0x41), 0x88, .. content, 0x80]);
            units.Add(i % length == 0 ? MediaSigner.Join([[0x67, 1, 2, 3], [0x68, 4, 5], slice]) : MediaSigner.Join([slice]));
        }

        return units;
    }
}
