namespace Atalaya.Media.H264;

/// <summary>
/// Reads bits, most significant first, and the Exp-Golomb codes of H.264 9.1 and H.265 9.2. Beyond the end it returns zeros and says so in
/// <see cref="Failed"/>, so that a parser checks once instead of at each field.
/// </summary>
/// <param name="escaped">The bytes are a NAL unit: a 3 after two zeros is no data (emulation prevention).</param>
ref struct BitReader(ReadOnlySpan<byte> bytes, bool escaped)
{
    readonly ReadOnlySpan<byte> _bytes = bytes;
    int _next;          // byte to load
    int _zeros;         // zero bytes in a row before _next
    uint _current;      // the loaded byte
    int _left;          // bits of _current not yet read

    /// <summary>Something was read that isn't there, or a code made no sense. Stays set.</summary>
    public bool Failed { get; private set; }

    public uint Bits(int count)
    {
        uint value = 0;
        while (count > 0)
        {
            if (_left == 0 && !Load())
                return 0;
            int take = Math.Min(count, _left);
            _left -= take;
            value = (value << take) | ((_current >> _left) & ((1u << take) - 1));
            count -= take;
        }

        return value;
    }

    public bool Flag() => Bits(1) != 0;

    public void Skip(int bits)
    {
        while (bits > 0 && !Failed)
        {
            int take = Math.Min(bits, 32);
            Bits(take);
            bits -= take;
        }
    }

    /// <summary>ue(v).</summary>
    public uint Unsigned()
    {
        int zeros = 0;
        while (!Failed && Bits(1) == 0)
        {
            if (++zeros == 32)
                Failed = true;
        }

        return Failed || zeros == 0 ? 0 : (1u << zeros) - 1 + Bits(zeros);
    }

    /// <summary>ue(v) that the standard bounds: what is above <paramref name="max"/> fails and reads as zero.</summary>
    public int Unsigned(int max)
    {
        uint value = Unsigned();
        if (value <= (uint)max)
            return (int)value;
        Failed = true;
        return 0;
    }

    /// <summary>se(v).</summary>
    public int Signed()
    {
        uint code = Unsigned();
        int half = (int)(code >> 1);
        return (code & 1) != 0 ? half + 1 : -half;
    }

    bool Load()
    {
        if (escaped && _zeros >= 2 && _next < _bytes.Length && _bytes[_next] == 3)
        {
            _next++;
            _zeros = 0;
        }

        if (_next >= _bytes.Length)
        {
            Failed = true;
            return false;
        }

        _current = _bytes[_next++];
        _zeros = _current == 0 ? _zeros + 1 : 0;
        _left = 8;
        return true;
    }
}
