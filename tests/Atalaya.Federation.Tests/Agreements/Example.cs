using Atalaya.Evidence;
using Atalaya.Federation.Agreements;

namespace Atalaya.Federation.Tests.Agreements;

/// <summary>The shipped example with keys that sign for its parties, and asks about it.</summary>
static class Example
{
    // The seeds of RFC 8032, 7.1, tests 1 and 2: the example names their public keys.
    static readonly byte[] NorthSeed = Convert.FromHexString("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"),
        SouthSeed = Convert.FromHexString("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");

    public static Agreement Agreement => AgreementExample.Convention;

    public static NoteSigner North { get; } = new("log.north.example", NoteSignatureKind.Ed25519, NorthSeed);
    public static NoteSigner South { get; } = new("log.south.example", NoteSignatureKind.Ed25519, SouthSeed);

    public static DateTimeOffset At { get; } = new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero);

    public static Ask Ask(ShareKind what, string purpose) =>
        new("North", "South", what, purpose, null, null, "Crossing", "gate", Masked: true, null, null, null, null, Rescue: false, At, Approvals: 5);
}
