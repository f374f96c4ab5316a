using System.Buffers.Binary;
using System.Diagnostics;

namespace Atalaya.Fuzz;

/// <summary>Makes hostile inputs out of good ones, the same ones for the same seed.</summary>
public sealed class Mutator(int seed, IReadOnlyList<byte[]> corpus)
{
    /// <summary>Longer inputs find nothing that shorter ones don't (bytes).</summary>
    const int MaxLength = 64 << 10;

    static readonly byte[][] Tokens =
    [
        [0], [0xFF], [0, 0, 1], [0, 0, 0, 1], [0, 0, 3], [0xFF, 0xFF, 0xFF, 0xFF], [0x7F, 0xFF, 0xFF, 0xFF], [0x80, 0, 0, 0],
        "\r\n"u8.ToArray(), "\r\n\r\n"u8.ToArray(), ":"u8.ToArray(), "="u8.ToArray(), ";"u8.ToArray(), ","u8.ToArray(), "\""u8.ToArray(),
        "-1"u8.ToArray(), "4294967296"u8.ToArray(), "99999999999999999999"u8.ToArray(), "%"u8.ToArray(), "$"u8.ToArray(),
        "moov"u8.ToArray(), "moof"u8.ToArray(), "mdat"u8.ToArray(),
    ];

    readonly Random _random = new(seed);

    public byte[] Next()
    {
        // Now and then something that no seed led to.
        if (corpus.Count == 0 || _random.Next(50) == 0)
        {
            var noise = new byte[_random.Next(_random.Next(2) == 0 ? 32 : 2048)];
            _random.NextBytes(noise);
            return noise;
        }

        var bytes = new List<byte>(Pick());
        for (int changes = 1 + _random.Next(_random.Next(3) == 0 ? 24 : 4); changes > 0; changes--)
            Change(bytes);
        if (bytes.Count > MaxLength)
            bytes.RemoveRange(MaxLength, bytes.Count - MaxLength);
        return [.. bytes];
    }

    byte[] Pick() => corpus[_random.Next(corpus.Count)];

    void Change(List<byte> bytes)
    {
        int at = _random.Next(bytes.Count + 1), left = bytes.Count - at;
        switch (_random.Next(10))
        {
            case 0 when left > 0:
                bytes[at] ^= (byte)(1 << _random.Next(8));
                break;
            case 1 when left > 0:
                bytes[at] = (byte)_random.Next(256);
                break;
            case 2:     // cut off
                bytes.RemoveRange(at, left);
                break;
            case 3:
                bytes.RemoveRange(at, _random.Next(Math.Min(left, 64) + 1));
                break;
            case 4:     // say something twice
                bytes.InsertRange(at, bytes.GetRange(at, _random.Next(Math.Min(left, 128) + 1)));
                break;
            case 5 or 6:
                bytes.InsertRange(at, Tokens[_random.Next(Tokens.Length)]);
                break;
            case 7 when left >= 4:      // lengths and counts at their edges
                Span<byte> edge = stackalloc byte[4];
                uint[] edges = [0, 1, 7, 8, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, uint.MaxValue, (uint)left];
                BinaryPrimitives.WriteUInt32BigEndian(edge, edges[_random.Next(edges.Length)]);
                int width = _random.Next(2) == 0 ? 4 : 2;
                for (int i = 0; i < width; i++)
                    bytes[at + i] = edge[4 - width + i];
                break;
            case 8:     // graft another seed on
                byte[] other = Pick();
                int from = _random.Next(other.Length + 1);
                bytes.InsertRange(at, other.AsSpan(from, _random.Next(Math.Min(other.Length - from, 512) + 1)));
                break;
            default:
                for (int i = Math.Min(left, _random.Next(8)); i > 0; i--)
                    bytes[at + i - 1] = (byte)_random.Next(256);
                break;
        }
    }

    /// <summary>Runs a target over its seeds and then over <paramref name="inputs"/> mutations. Null if all went well.</summary>
    public static FuzzFinding? Run(FuzzTarget target, int inputs, int seed)
    {
        var corpus = target.Seeds();
        var mutator = new Mutator(seed, corpus);
        for (int i = -corpus.Count; i < inputs; i++)
        {
            byte[] input = i < 0 ? corpus[i + corpus.Count] : mutator.Next();
            long start = Stopwatch.GetTimestamp();
            try
            {
                target.Run(input);
            }
            catch (Exception e)
            {
                return new(target.Name, i, input, e.ToString());
            }

            // Two seconds for at most 64 KiB is a denial of service, however busy the machine.
            if (Stopwatch.GetElapsedTime(start) > TimeSpan.FromSeconds(2))
                return new(target.Name, i, input, $"It took {Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s.");
        }

        return null;
    }
}

/// <param name="Index">Of the mutation; negative for a seed.</param>
public sealed record FuzzFinding(string Target, int Index, byte[] Input, string Fault)
{
    public override string ToString() => $"{Target}, input {Index}: {Fault}\nas base64: {Convert.ToBase64String(Input)}";
}
