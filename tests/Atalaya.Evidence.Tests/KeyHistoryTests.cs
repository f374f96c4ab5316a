using System.Text;

namespace Atalaya.Evidence.Tests;

/// <summary>Who knows one key of a log is led to the one in force, and by nobody but their owners.</summary>
public sealed class KeyHistoryTests
{
    const string Origin = "log.example.org/north";

    static readonly DateTimeOffset At = new(2026, 3, 26, 12, 0, 0, TimeSpan.Zero);
    static readonly NoteSigner[] Keys = [.. Enumerable.Range(1, 4).Select(i => new NoteSigner(Origin, NoteSignatureKind.Ed25519, [.. Enumerable.Repeat((byte)i, 32)]))];

    static KeyHistory History { get; } = KeyHistory.Empty.Add(Change(0, 1, 10), Keys[0], Keys[1]).Add(Change(1, 2, 300, revoked: true), Keys[1], Keys[2]);

    [Fact]
    public void The_file_reads_back_to_the_byte_and_leads_from_each_key_to_the_last()
    {
        KeyHistory.TryParse(History.ToBytes(), out var read).ShouldBeTrue();
        read.ToBytes().ShouldBe(History.ToBytes());
        read.Changes.Select(c => c.Statement.Revoked).ShouldBe([false, true]);
        read.Follow(Keys[0].Key)[^1].ToString().ShouldBe(Keys[2].Key.ToString());
        read.Follow(Keys[1].Key).Count.ShouldBe(2);
        read.Follow(Keys[2].Key).Count.ShouldBe(1);
        read.Follow(Keys[3].Key).ShouldHaveSingleItem("a stranger's key leads nowhere").ShouldBe(Keys[3].Key);
        read.At(Keys[0].Key, 9).ToString().ShouldBe(Keys[0].Key.ToString());
        read.At(Keys[0].Key, 10).ToString().ShouldBe(Keys[1].Key.ToString());
        read.At(Keys[0].Key, 5000).ToString().ShouldBe(Keys[2].Key.ToString());
        KeyHistory.TryParse([], out var none).ShouldBeTrue();
        none.Changes.ShouldBeEmpty();
    }

    [Fact]
    public void A_change_that_one_of_its_keys_did_not_sign_is_refused_as_is_every_other_byte()
    {
        var statement = Change(0, 1, 10);
        var note = new SignedNote(statement.Text, []);
        var (earlier, next, thief) = (Keys[0].Sign(note.TextBytes, At), Keys[1].Sign(note.TextBytes, At), Keys[3].Sign(note.TextBytes, At));
        Parses(earlier, next).ShouldBeTrue();
        Parses(earlier).ShouldBeFalse();
        Parses(next).ShouldBeFalse();
        Parses(thief, next).ShouldBeFalse();

        byte[] file = History.ToBytes();
        for (int i = 0; i < file.Length; i++)
        {
            byte kept = file[i];
            for (int bit = 0; bit < 8; bit++)
            {
                file[i] = (byte)(kept ^ (1 << bit));
                KeyHistory.TryParse(file, out _).ShouldBeFalse($"bit {bit} of byte {i}");
            }

            file[i] = kept;
        }

        for (int length = 1; length < file.Length; length++)
            (KeyHistory.TryParse(file.AsSpan(0, length), out var cut) && cut.Changes.Count != 1).ShouldBeFalse($"cut after {length} bytes");

        bool Parses(params NoteSignature[] signatures) => KeyHistory.TryParse((note with { Signatures = signatures }).ToBytes(), out _);
    }

    [Fact]
    public async Task A_log_goes_on_under_the_next_key_and_only_with_its_history()
    {
        var disk = new PowerLogDisk();
        disk.MakeFolder("/data");
        var clock = new HurriedClock();
        await AppendAsync([Keys[0]], []);
        Should.Throw<InvalidDataException>(() => EvidenceLog.Open(disk, "/log", Keys[1], clock));
        await AppendAsync([Keys[1], Keys[0]], [Keys[0].Key]);
        Opens(Keys[0]).ShouldBeTrue();
        Opens(Keys[1]).ShouldBeTrue();
        await AppendAsync([Keys[2]], [Keys[0].Key, Keys[1].Key]);
        Opens(Keys[0]).ShouldBeFalse();
        Opens(Keys[2]).ShouldBeTrue();

        async Task AppendAsync(NoteSigner[] signers, NoteKey[] earlier)
        {
            await using var log = EvidenceLog.Open(disk, "/log", signers, earlier, clock);
            log.Head.Note.TryVerify([signers[0].Key], out _).ShouldBeTrue("signed anew at once");
            await log.AppendAsync([Encoding.UTF8.GetBytes("leaf")], TestContext.Current.CancellationToken);
        }

        bool Opens(NoteSigner by) => SignedCheckpoint.TryOpen(disk.Read("/log/checkpoint"), [by.Key], out _, out _);
    }

    static KeyStatement Change(int from, int to, long size, bool revoked = false) => new(Origin, Keys[from].Key, Keys[to].Key, size, At, revoked, "yearly");
}
