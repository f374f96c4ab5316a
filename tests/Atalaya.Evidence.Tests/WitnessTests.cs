using System.Text;

namespace Atalaya.Evidence.Tests;

/// <summary>A witness signs one history of a log, whatever it is asked.</summary>
public sealed class WitnessTests : IDisposable
{
    const string Origin = "log.example.org/north";

    readonly NoteSigner _log = new(Origin, NoteSignatureKind.Ed25519, [.. Enumerable.Repeat((byte)1, 32)]);
    readonly NoteSigner _signer = new("witness.example.net", NoteSignatureKind.Cosignature, [.. Enumerable.Repeat((byte)2, 32)]);
    readonly PowerLogDisk _disk = new();
    readonly HurriedClock _clock = new();

    [Fact]
    public void It_signs_what_grows_and_answers_the_rest_with_what_it_knows()
    {
        using var witness = Open(_disk);
        var answer = witness.Add(Ask(0, 5));
        answer.Verdict.ShouldBe(WitnessVerdict.Signed);
        Confirms(answer, 5);
        witness.Add(Ask(5, 300)).Verdict.ShouldBe(WitnessVerdict.Signed);
        witness.Add(Ask(300, 300)).Verdict.ShouldBe(WitnessVerdict.Signed, "the same again is no news, and true");
        witness.Add(Ask(5, 400)).ShouldBe(new(WitnessVerdict.Conflict, 300));
        witness.Add(Ask(5, 200)).ShouldBe(new(WitnessVerdict.Conflict, 300), "back to a smaller tree");
        witness.Add(Ask(300, 200)).Verdict.ShouldBe(WitnessVerdict.Malformed);
        witness.Add(Ask(300, 400, proof: [Merkle.EmptyRoot])).ShouldBe(new(WitnessVerdict.NotConsistent, 300));
        witness.Add("nonsense"u8).Verdict.ShouldBe(WitnessVerdict.Malformed);
        using var stranger = new NoteSigner("log.example.org/south", NoteSignatureKind.Ed25519, [.. Enumerable.Repeat((byte)3, 32)]);
        witness.Add(Ask(0, 5, signer: stranger)).Verdict.ShouldBe(WitnessVerdict.UnknownLog);
        using var impostor = new NoteSigner(Origin, NoteSignatureKind.Ed25519, [.. Enumerable.Repeat((byte)3, 32)]);
        witness.Add(Ask(300, 400, signer: impostor)).Verdict.ShouldBe(WitnessVerdict.NotSigned);
        witness.Add(Ask(300, 400)).Verdict.ShouldBe(WitnessVerdict.Signed, "nothing of that was believed");
    }

    [Fact]
    public void It_keeps_two_checkpoints_that_contradict_each_other()
    {
        using var witness = Open(_disk);
        witness.Add(Ask(0, 5)).Verdict.ShouldBe(WitnessVerdict.Signed);
        var answer = witness.Add(Ask(5, 5, history: 1));
        answer.Verdict.ShouldBe(WitnessVerdict.Conflict);
        string evidence = Encoding.UTF8.GetString(_disk.Read(answer.Fork!)!);
        string[] notes = evidence.Split("\n\n— ");
        notes.Length.ShouldBe(3, "two notes with their signatures");
        evidence.ShouldContain(Root(5, 0).ToString());
        evidence.ShouldContain(Root(5, 1).ToString());
        witness.Add(Ask(5, 9, history: 1)).Verdict.ShouldBe(WitnessVerdict.NotConsistent);
        witness.Add(Ask(5, 9)).Verdict.ShouldBe(WitnessVerdict.Signed);
    }

    [Fact]
    public void What_it_signed_it_knows_after_a_loss_of_power()
    {
        var signed = new List<(int Step, long Size)>();
        using (var witness = Open(_disk))
        {
            for (int size = 1; size < 6; size++)
            {
                witness.Add(Ask(size - 1, size)).Verdict.ShouldBe(WitnessVerdict.Signed);
                signed.Add((_disk.Count, size));
            }
        }

        var random = new Random(1);
        foreach (var survival in Enum.GetValues<Survival>())
        {
            for (int cut = signed[0].Step; cut <= _disk.Count; cut++)
            {
                using var again = Open(_disk.After(cut, survival, random));
                again.Add(Ask(0, 0)).Size.ShouldBeGreaterThanOrEqualTo(signed.Last(s => s.Step <= cut).Size, $"{survival}, cut after {cut}:\n{_disk.Describe(cut)}");
            }
        }
    }

    public void Dispose()
    {
        _log.Dispose();
        _signer.Dispose();
    }

    Witness Open(PowerLogDisk disk) => new(disk, "/witness", _signer, new Dictionary<string, IReadOnlyList<NoteKey>>(StringComparer.Ordinal) { [Origin] = [_log.Key] }, _clock);

    void Confirms(WitnessAnswer answer, int size)
    {
        var note = new SignedNote(new Checkpoint(Origin, size, Root(size, 0)).Text, [answer.Signature!]);
        note.TryVerify([_signer.Key], out var verified).ShouldBeTrue();
        verified.ShouldHaveSingleItem().Time.ShouldBe(_clock.GetUtcNow());
    }

    byte[] Ask(int old, int size, int history = 0, NoteSigner? signer = null, Digest[]? proof = null)
    {
        signer ??= _log;
        var signed = SignedCheckpoint.Sign(new(signer.Key.Name, size, Root(size, history)), signer, _clock.GetUtcNow());
        return Encoding.UTF8.GetBytes(new AddCheckpoint(old, proof ?? ProofOf(old, size, history), signed.Note).ToString());
    }

    // By the definition of RFC 6962, section 2.1.2.
    static IReadOnlyList<Digest> ProofOf(int old, int size, int history)
    {
        return old == 0 || old >= size ? [] : Sub(old, Leaves(size, history), whole: true);

        static List<Digest> Sub(int old, Digest[] leaves, bool whole)
        {
            if (old == leaves.Length)
                return whole ? [] : [Merkle.Root(leaves)];
            int split = (int)Merkle.Split(leaves.Length);
            return old <= split
                ? [.. Sub(old, leaves[..split], whole), Merkle.Root(leaves.AsSpan(split))]
                : [.. Sub(old - split, leaves[split..], whole: false), Merkle.Root(leaves.AsSpan(0, split))];
        }
    }

    static Digest Root(int size, int history) => Merkle.Root(Leaves(size, history));

    static Digest[] Leaves(int size, int history) => [.. Enumerable.Range(0, size).Select(i => Merkle.Leaf(BitConverter.GetBytes(i + (history * 1000))))];
}
