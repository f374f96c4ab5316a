namespace Atalaya.Media.Tests.H264;

/// <summary>Writes bits and Exp-Golomb codes: headers made to measure.</summary>
sealed class Bits
{
    readonly List<bool> _bits = [];

    public Bits U(int count, uint value)
    {
        for (int i = count - 1; i >= 0; i--)
            _bits.Add((value >> i & 1) != 0);
        return this;
    }

    public Bits Ue(uint value)
    {
        int length = 32 - System.Numerics.BitOperations.LeadingZeroCount(value + 1);
        return U(length - 1, 0).U(length, value + 1);
    }

    public Bits Se(int value) => Ue(value > 0 ? (uint)(2 * value) - 1 : (uint)(-2 * value));

    /// <summary>With stop bit and emulation prevention, behind <paramref name="header"/>.</summary>
    public byte[] ToNal(params byte[] header)
    {
        var raw = new List<byte>();
        List<bool> bits = [.. _bits, true];
        while (bits.Count % 8 != 0)
            bits.Add(false);
        for (int i = 0; i < bits.Count; i += 8)
            raw.Add((byte)Enumerable.Range(0, 8).Sum(b => bits[i + b] ? 128 >> b : 0));
        var nal = new List<byte>(header);
        int zeros = 0;
        foreach (byte b in raw)
        {
            if (zeros >= 2 && b <= 3)
            {
                nal.Add(3);
                zeros = 0;
            }

            nal.Add(b);
            zeros = b == 0 ? zeros + 1 : 0;
        }

        return [.. nal];
    }
}

/// <summary>NAL units of a stream that doesn't exist: 176×144, order count type 2 (no reordering) or 0.</summary>
static class Synthetic
{
    public static byte[] Sps(uint widthMbs = 11, uint heightMbs = 9, uint pocType = 2, byte profile = 77)
    {
        var bits = new Bits().Ue(0).Ue(0).Ue(pocType);
        if (pocType == 0)
            bits.Ue(4);
        return bits.Ue(4).U(1, 0).Ue(widthMbs - 1).Ue(heightMbs - 1).U(1, 1).U(1, 1).U(1, 0).U(1, 0).ToNal(0x67, profile, 0, 30);
    }

    public static byte[] Pps(uint id = 0, int qp = 0) =>
        new Bits().Ue(id).Ue(0).U(2, 0).Ue(0).Ue(0).Ue(0).U(3, 0).Se(qp).Se(0).Se(0).U(3, 0).ToNal(0x68);

    /// <param name="kind">0 P, 1 B, 2 I.</param>
    /// <param name="lsb">Order count, for type 0.</param>
    public static byte[] Slice(uint first, uint frameNum, bool idr = false, uint kind = 0, int size = 40, uint? lsb = null, byte fill = 0x55)
    {
        var bits = new Bits().Ue(first).Ue(idr ? 7 : kind).Ue(0).U(4, frameNum & 15);
        if (idr)
            bits.Ue(0);
        if (lsb is { } l)
            bits.U(8, l & 255);
        byte[] header = bits.ToNal((byte)(idr ? 0x65 : 0x41));
        return [.. header, .. Enumerable.Repeat(fill, size)];
    }

    public static byte[] RecoveryPoint(uint frames) => [0x06, 6, 1, .. new Bits().Ue(frames).U(4, 0).ToNal(), 0x80];
}
