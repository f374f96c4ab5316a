using System.ComponentModel;

namespace Atalaya.Node.Oversight;

public sealed record LogRecordJson(
    [property: Description("Index of its leaf in the log, from 0.")] long Leaf,
    [property: Description("When it was written into the log.")] DateTimeOffset At,
    [property: Description("What it is about: segment, gap, access, export, hold, deletion, policy, key, user, grant, rule, mask, derived, disclosure, receipt, drill, setting.")] string Kind,
    [property: Description("JSON, to the byte as the leaf commits to it; ref/log.md says what of each kind.")] string Record);

public sealed record LogRecordPageJson(IReadOnlyList<LogRecordJson> Records, [property: Description("For the next page; null: there is none.")] string? Next);

public sealed record LogRecordProofJson(
    [property: Description("atalaya-record-1")] string Format,
    [property: Description("Index of its leaf in the log, from 0.")] long Leaf,
    DateTimeOffset At,
    string Kind,
    [property: Description("JSON, to the byte as the leaf commits to it.")] string Record,
    [property: Description("32 hexadecimal digits. SHA-256 of these 16 bytes and the record is the end of the leaf.")] string Salt,
    [property: Description("The leaf itself, hexadecimal.")] string Entry,
    [property: Description("Hashes from the leaf to the root (RFC 6962, 2.1.1), base64.")] IReadOnlyList<string> Proof,
    [property: Description("The signed checkpoint that the proof leads to, with its witnesses' signatures.")] string Checkpoint,
    [property: Description("The log's public key. Who checks takes the one that they have from before.")] string Key,
    [property: Description("How that key came to be, for who has an earlier one: the log's file 'keys'.")] string Keys);

public sealed record CountJson(string Name, long Count);

public sealed record DayCountJson([property: Description("UTC, yyyy-MM-dd.")] string Day, long Accesses, long Exports, long Changes);

public sealed record RetentionStateJson(
    string Camera,
    [property: Description("Footage goes after so many days; null: not by age.")] double? KeepDays,
    [property: Description("Of the oldest footage that there is; null: there is none.")] DateTimeOffset? Oldest,
    [property: Description("Files of footage that are older than that and kept by a hold.")] long Held,
    [property: Description("Files of footage that are older than that and that nothing keeps: they should be gone.")] long Overdue,
    [property: Description("Stretches that retention removed in the period.")] long Removed);

public sealed record NotableJson(
    [property: Description("refused: a second person refused. released: a hold was ended by somebody. noPurpose: looked back without one. exported: footage was taken out. overdue: footage that should be gone. "
        + "fork: a log has two histories. unwitnessed: a witness didn't sign. keyEnded: a key was followed or revoked. unmasked: pictures without their masks.")] string What,
    long Count,
    [property: Description("A name: of a user, a camera, a log; empty: none.")] string About);

public sealed record OversightJson(
    DateTimeOffset From,
    DateTimeOffset To,
    [property: Description("By kind, as GET /api/accesses has them.")] IReadOnlyList<CountJson> Accesses,
    IReadOnlyList<CountJson> Users,
    [property: Description("Empty name: none was given.")] IReadOnlyList<CountJson> Purposes,
    [property: Description("Of what is in the log, by kind.")] IReadOnlyList<CountJson> Records,
    IReadOnlyList<DayCountJson> Days,
    IReadOnlyList<RetentionStateJson> Retention,
    [property: Description("In force now.")] long Holds,
    [property: Description("Hours that weren't recorded, by cause.")] IReadOnlyList<CountJson> GapHours,
    IReadOnlyList<NotableJson> Notable);
