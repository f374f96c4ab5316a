using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Atalaya.Evidence.Packages;

/// <summary>The checksum that ZIP has (CRC-32 of ISO 3309). It protects against nothing but accidents; a package needs it because stock tools do.</summary>
struct Crc32
{
    static readonly uint[] Table = MakeTable();

    uint _state;    // inverted: zero is the start

    public readonly uint Value => _state;

    public static uint Of(ReadOnlySpan<byte> data)
    {
        var crc = default(Crc32);
        crc.Append(data);
        return crc.Value;
    }

    public void Append(ReadOnlySpan<byte> data)
    {
        uint crc = ~_state;
        if (Pclmulqdq.IsSupported && data.Length >= 64)
        {
            int whole = data.Length & ~15;
            crc = Fold(crc, data[..whole]);
            data = data[whole..];
        }

        _state = ~Slice(crc, data);
    }

    /// <summary>Eight bytes at a time.</summary>
    internal static uint Slice(uint crc, ReadOnlySpan<byte> data)
    {
        var table = Table;
        while (data.Length >= 8)
        {
            uint low = BinaryPrimitives.ReadUInt32LittleEndian(data) ^ crc, high = BinaryPrimitives.ReadUInt32LittleEndian(data[4..]);
            crc = table[0x700 + (low & 0xff)] ^ table[0x600 + ((low >> 8) & 0xff)] ^ table[0x500 + ((low >> 16) & 0xff)] ^ table[0x400 + (low >> 24)]
                ^ table[0x300 + (high & 0xff)] ^ table[0x200 + ((high >> 8) & 0xff)] ^ table[0x100 + ((high >> 16) & 0xff)] ^ table[high >> 24];
            data = data[8..];
        }

        foreach (byte b in data)
            crc = table[(crc ^ b) & 0xff] ^ (crc >> 8);
        return crc;
    }

    /// <summary>Gopal et al., "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ", Intel 2009: four folds of 128 bits at once, then a reduction.</summary>
    /// <param name="data">At least 64 bytes, a multiple of 16.</param>
    static uint Fold(uint crc, ReadOnlySpan<byte> data)
    {
        ref byte at = ref MemoryMarshal.GetReference(data);
        int left = data.Length;
        var four = Vector128.Create(0x0154442bd4UL, 0x01c6e41596UL);
        var one = Vector128.Create(0x01751997d0UL, 0x00ccaa009eUL);
        var a = Load(ref at, 0) ^ Vector128.CreateScalar((ulong)crc);
        var b = Load(ref at, 16);
        var c = Load(ref at, 32);
        var d = Load(ref at, 48);
        at = ref Unsafe.Add(ref at, 64);
        left -= 64;
        while (left >= 64)
        {
            a = Step(a, four) ^ Load(ref at, 0);
            b = Step(b, four) ^ Load(ref at, 16);
            c = Step(c, four) ^ Load(ref at, 32);
            d = Step(d, four) ^ Load(ref at, 48);
            at = ref Unsafe.Add(ref at, 64);
            left -= 64;
        }

        a = Step(a, one) ^ b;
        a = Step(a, one) ^ c;
        a = Step(a, one) ^ d;
        while (left >= 16)
        {
            a = Step(a, one) ^ Load(ref at, 0);
            at = ref Unsafe.Add(ref at, 16);
            left -= 16;
        }

        // 128 bits to 64, to 32 (Barrett).
        var mask = Vector128.Create(0xffffffffUL, 0xffffffffUL);
        var low = Pclmulqdq.CarrylessMultiply(a, one, 0x10);
        a = Sse2.ShiftRightLogical128BitLane(a, 8) ^ low;
        var next = Sse2.ShiftRightLogical128BitLane(a, 4);
        a = Pclmulqdq.CarrylessMultiply(a & mask, Vector128.CreateScalar(0x0163cd6124UL), 0x00) ^ next;
        var polynomial = Vector128.Create(0x01db710641UL, 0x01f7011641UL);
        var quotient = Pclmulqdq.CarrylessMultiply(a & mask, polynomial, 0x10);
        quotient = Pclmulqdq.CarrylessMultiply(quotient & mask, polynomial, 0x00);
        return (a ^ quotient).AsUInt32().GetElement(1);

        static Vector128<ulong> Load(ref byte at, nuint offset) => Vector128.LoadUnsafe(ref at, offset).AsUInt64();

        static Vector128<ulong> Step(Vector128<ulong> value, Vector128<ulong> by) => Pclmulqdq.CarrylessMultiply(value, by, 0x00) ^ Pclmulqdq.CarrylessMultiply(value, by, 0x11);
    }

    static uint[] MakeTable()
    {
        var table = new uint[8 * 256];
        for (uint i = 0; i < 256; i++)
        {
            uint value = i;
            for (int bit = 0; bit < 8; bit++)
                value = (value & 1) != 0 ? (value >> 1) ^ 0xedb88320 : value >> 1;
            table[i] = value;
        }

        for (int i = 256; i < table.Length; i++)
            table[i] = (table[i - 256] >> 8) ^ table[table[i - 256] & 0xff];
        return table;
    }
}
