using Atalaya.Evidence;
using Atalaya.Node.Evidence;
using Atalaya.Node.Masks;
using Atalaya.Node.Options;

namespace Atalaya.Node.Packages;

/// <summary>A recorded file with masks painted into it, in place of which it goes into a package.</summary>
/// <param name="What">What was done, as the log has it.</param>
sealed record PaintedSegment(DerivedClip Clip, string What);

/// <summary>Paints masks into the footage of packages for who may not see without them, and has the log say what was made from what.</summary>
sealed class PackagePainter(MaskedFootage masked, DerivedFootage derived, MaskBook book, NodeLog nodeLog, NodeOptions options, TimeProvider clock)
{
    static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    /// <summary>Pictures that lack at an end of a file would be a gap that nobody stated; what is less is rounding.</summary>
    static readonly TimeSpan Slack = TimeSpan.FromMilliseconds(200);

    /// <param name="folder">For painted files; made here, removed by who asked.</param>
    /// <param name="package">With the versions of masks that were painted.</param>
    /// <returns>By camera and name of the segment; nothing of cameras without masks.</returns>
    /// <exception cref="PackageException">It can't be painted, or isn't sealed within option packages.patience.</exception>
    public async Task<IReadOnlyDictionary<(string Camera, string Name), PaintedSegment>> PaintAsync(
        EvidencePackage package, IReadOnlyList<SealedSegment> footage, string folder, Action<EvidencePackage> now, Action<string?> say, IProgress<double> progress, CancellationToken stop)
    {
        // As the camera is hidden now: who asked sees no more than what may be seen.
        var masks = package.Stretches.Where(s => s.Masks > 0).Select(s => s.Camera).Distinct(StringComparer.Ordinal).ToDictionary(c => c, book.Of, StringComparer.Ordinal);
        var painted = new Dictionary<(string Camera, string Name), PaintedSegment>();
        if (masks.Count == 0)
            return painted;
        now(package with { Stretches = [.. package.Stretches.Select(s => s.Masks > 0 ? s with { Masks = masks[s.Camera]?.Version ?? 0 } : s)] });
        Directory.CreateDirectory(folder);
        foreach (var (segment, _) in footage)
        {
            if (masks.GetValueOrDefault(segment.Camera) is not { } these)
                continue;
            try
            {
                var clip = await masked.MakeAsync(segment, these, segment.Start, segment.End, Path.Combine(folder, $"{painted.Count}.mp4"), stop);
                if (clip is null || clip.From - segment.Start > Slack || segment.End - clip.To > Slack)
                    throw new PackageException($"{segment.Camera} {segment.Start}: not all of its pictures could be decoded and painted. Leave this minute out, or have the masks lifted.");
                painted[(segment.Camera, segment.Name)] = new(clip, MaskedFootage.Describe(these));
                await derived.NoteAsync(clip.Sha256, "mask", MaskedFootage.Describe(these), [clip.Source], stop);
            }
            catch (PaintException fault)
            {
                throw new PackageException($"{segment.Camera} has masks, and they can't be painted: {fault.Message}");
            }

            progress.Report(0.4 * painted.Count / footage.Count);
        }

        await SealAsync([.. painted.Values.Select(p => p.Clip.Sha256)], say, stop);
        return painted;
    }

    /// <summary>Waits until the log says of all these files what they were made from.</summary>
    async Task SealAsync(IReadOnlyList<string> digests, Action<string?> say, CancellationToken stop)
    {
        for (long begun = clock.GetTimestamp(); ;)
        {
            nodeLog.LookSoon();
            long size = await nodeLog.HeadAsync(stop) is var (head, key) && head.Note.TryVerify([key], out _) ? head.Checkpoint.Size : 0;
            int left = 0;
            foreach (string digest in digests)
                left += await nodeLog.FindAsync(LeafKind.Derived, digest, stop) is { } row && row.Leaf < size ? 0 : 1;
            if (left == 0)
                break;
            if (clock.GetElapsedTime(begun) > options.Packages.Patience)
                throw new PackageException($"{left} painted files weren't sealed in the log after {OptionText.Format(options.Packages.Patience)} (option packages.patience). {nodeLog.Fault}");
            say(nodeLog.Fault ?? "Waits until its painted footage is sealed in the log.");
            await Task.Delay(Look, clock, stop);
        }

        say(null);
    }
}
