using Atalaya.Media;
using Atalaya.Media.Signing;

namespace Atalaya.Fuzz;

public static partial class FuzzTargets
{
    /// <summary>A camera's signature message, as one unit and as a stream of access units.</summary>
    public static void SigningMessage(ReadOnlySpan<byte> input)
    {
        foreach (var codec in (ReadOnlySpan<Codec>)[Codec.H264, Codec.H265])
        {
            if (SigningSei.IsSigning(input, codec) && SigningSei.TryParse(input, codec, out var sei, out _) && sei!.Document.Length > input.Length)
                throw new InvalidOperationException("More is signed than there is.");
            using var check = new SignedVideoCheck(codec);
            check.Add([0, 0, 0, 4, 0x65, 0x88, 1, 0x80], TimeSpan.Zero);
            byte[] framed = new byte[input.Length + 4];
            System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(framed, input.Length);
            input.CopyTo(framed.AsSpan(4));
            check.Add(framed, TimeSpan.Zero);
            check.Add(input, TimeSpan.Zero);
            if (check.Report().Verdict is SignedVideoVerdict.Authentic or SignedVideoVerdict.AuthenticWithMissing)
                throw new InvalidOperationException("Nobody signed this.");
        }
    }

    static IEnumerable<byte[]> SigningMessageSeeds()
    {
        byte[] general = [1, 0, 83, 2, 1, 0, 0, 0, .. new byte[8], .. new byte[8], 0, 0, 0, 1, 0, 1, .. new byte[64]];
        byte[] tags = [.. general, 2, 0, 33, 1, .. new byte[32], 4, 0, 16, 1, 11, 6, 9, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 1, 0, 0, 0, 5, 0, 7, 1, 1, 65, 1, 66, 1, 67, 6, 0, 3, 1, 0, 45, 3, 0, 5, 1, 0, 2, 1, 1];
        byte[] uuid = Convert.FromHexString("005bc93f2d715e95ada4796f90877a6f");
        foreach (byte flags in (byte[])[0, 0x40, 0x80])
        {
            byte[] payload = [.. uuid, flags, .. tags];
            byte[] sized = payload.Length >= 255 ? [0xFF, (byte)(payload.Length - 255), .. payload] : [(byte)payload.Length, .. payload];
            yield return [0x06, 0x05, .. sized, 0x80];
            yield return [0x4e, 0x01, 0x05, .. sized, 0x80];
        }
    }
}
