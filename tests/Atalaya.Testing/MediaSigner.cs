using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

using Atalaya.Media;

namespace Atalaya.Testing;

/// <summary>How a <see cref="MediaSigner"/> signs.</summary>
/// <param name="Hashes">With the list of hashes; without it a camera saves bytes.</param>
/// <param name="Escaped">Emulation prevention is applied before hashing.</param>
/// <param name="Delay">Pictures by which each signature comes late, as from slow hardware.</param>
/// <param name="Part">Slices to sign at once; zero: whole groups.</param>
/// <param name="ChainOnce">The certificate comes in a message of its own, at the beginning.</param>
/// <param name="Copies">Of each message.</param>
public sealed record MediaSignerOptions(
    bool Hashes = true, bool Escaped = false, int Delay = 0, int Part = 0, bool ChainOnce = false, int Copies = 1, HashAlgorithmName? Algorithm = null, uint FirstCounter = 0);

/// <summary>A camera that signs what it sends, after ONVIF's Media Signing Specification: written from its text, independently of what checks it.</summary>
public sealed class MediaSigner : IDisposable
{
    static readonly byte[] Uuid = Convert.FromHexString("005bc93f2d715e95ada4796f90877a6f");

    readonly MediaSignerOptions _options;
    readonly Codec _codec;
    readonly HashAlgorithmName _algorithm;
    readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    readonly X509Certificate2 _leaf;
    readonly List<byte[]> _hashes = [];
    readonly Queue<(int Due, byte[] Message)> _waiting = [];
    byte[] _anchor = [], _first = [], _previousFirst;
    int _pictures;
    uint _counter;

    public MediaSigner(Codec codec, MediaSignerOptions? options = null)
    {
        _options = options ?? new();
        _codec = codec;
        _algorithm = _options.Algorithm ?? HashAlgorithmName.SHA256;
        _counter = _options.FirstCounter;
        _previousFirst = new byte[Hash([]).Length];
        using var root = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Camera maker's root", root, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        Root = request.CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(100));
        var leaf = new CertificateRequest("CN=Camera 7, SERIALNUMBER=0042", _key, HashAlgorithmName.SHA256);
        leaf.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        _leaf = leaf.Create(Root, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(99), [1, 2, 3]);
    }

    /// <summary>Of its maker; not in the stream.</summary>
    public X509Certificate2 Root { get; }
    public string Chain => _leaf.ExportCertificatePem() + "\n";

    /// <summary>The same units with signatures among them, and one more at the end.</summary>
    /// <param name="units">As <see cref="AccessUnit.Data"/>, in decode order.</param>
    public List<byte[]> Sign(IEnumerable<byte[]> units)
    {
        var signed = new List<byte[]>();
        if (_options.ChainOnce)
            Queue(Message(0x80, [Cryptography(), Certificates()]));
        foreach (byte[] unit in units)
        {
            _pictures++;
            foreach (byte[] nal in Split(unit))
            {
                var (slice, intra) = Kind(nal);
                bool first = intra && (nal[_codec == Codec.H265 ? 2 : 1] & 0x80) != 0;
                if (slice && (first || (_options.Part > 0 && _hashes.Count == _options.Part)))
                    End(partial: !first);
                if (slice)
                    Take(nal, first);
            }

            signed.Add(WithWaiting(unit));
        }

        End(partial: false);
        _pictures += _options.Delay;
        signed[^1] = [.. signed[^1], .. _waiting.SelectMany(w => Framed(w.Message))];
        _waiting.Clear();
        return signed;
    }

    public void Dispose()
    {
        _key.Dispose();
        _leaf.Dispose();
        Root.Dispose();
    }

    public static IEnumerable<byte[]> Split(byte[] unit)
    {
        for (int at = 0; at < unit.Length;)
        {
            int length = BinaryPrimitives.ReadInt32BigEndian(unit.AsSpan(at));
            yield return unit[(at + 4)..(at + 4 + length)];
            at += 4 + length;
        }
    }

    public static byte[] Join(IEnumerable<byte[]> nals) => [.. nals.SelectMany(Framed)];

    static byte[] Framed(byte[] nal)
    {
        byte[] framed = new byte[nal.Length + 4];
        BinaryPrimitives.WriteInt32BigEndian(framed, nal.Length);
        nal.CopyTo(framed, 4);
        return framed;
    }

    (bool Slice, bool Intra) Kind(byte[] nal)
    {
        int type = _codec == Codec.H265 ? (nal[0] >> 1) & 63 : nal[0] & 31;
        return _codec == Codec.H265 ? (type is 0 or 1 or (>= 16 and <= 21), type is >= 16 and <= 21) : (type is 1 or 5, type == 5);
    }

    void Take(byte[] nal, bool first)
    {
        byte[] own = Hash(nal);
        if (first)
            _anchor = own;
        byte[] hash = first || _anchor.Length == 0 ? own : Hash([.. _anchor, .. own]);
        if (_hashes.Count == 0)
            _first = hash;
        _hashes.Add(hash);
    }

    void End(bool partial)
    {
        if (_hashes.Count == 0)
            return;
        byte[] general = [2, 1, 2, 3, (byte)(partial || _options.Part > 0 ? 1 : 0), .. Big(133_000_000_000_000_000, 8), .. Big(133_000_000_010_000_000, 8), .. Big(_counter++, 4), .. Big(_hashes.Count, 2),
            .. Hash([.. _hashes.SelectMany(h => h)]), .. _previousFirst];
        var tags = new List<(byte, byte[])> { (1, general) };
        if (_options.Hashes)
            tags.Add((2, [1, .. _hashes.SelectMany(h => h)]));
        if (!_options.ChainOnce)
            tags.AddRange([Cryptography(), Certificates()]);
        tags.Add((5, [1, 3, .. "1.2"u8, 4, .. "0042"u8, 5, .. "Maker"u8]));
        tags.Add((7, [1, 0, 0, 0, 0, 0]));      // zeros: they need escaping
        for (int i = 0; i < _options.Copies; i++)
            Queue(Message(0, tags));
        _previousFirst = _first;
        _hashes.Clear();
    }

    (byte, byte[]) Cryptography()
    {
        byte last = _algorithm == HashAlgorithmName.SHA512 ? (byte)3 : _algorithm == HashAlgorithmName.SHA384 ? (byte)2 : (byte)1;
        return (4, [1, 11, 6, 9, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, last, 0, 0, 0]);
    }

    (byte, byte[]) Certificates() => (6, [1, 0, .. Encoding.ASCII.GetBytes(Chain)]);

    byte[] Message(byte flags, IReadOnlyList<(byte Tag, byte[] Value)> tags)
    {
        const int most = 80;    // of a DER signature on P-256, with room
        byte[] body = [.. tags.SelectMany(t => (byte[])[t.Tag, .. Big(t.Value.Length, 2), .. t.Value])];
        int size = 16 + 1 + body.Length + 3 + 3 + most;
        byte[] head = _codec == Codec.H265 ? [0x4e, 0x01, 0x05] : [0x06, 0x05];
        byte[] sizes = [.. Enumerable.Repeat((byte)0xFF, size / 255), (byte)(size % 255)];
        byte[] document = [.. head, .. sizes, .. Uuid, (byte)(flags | (_options.Escaped ? 0x40 : 0)), .. body];
        byte[] signature = _key.SignHash(Hash(_options.Escaped ? Escape(document) : document), DSASignatureFormat.Rfc3279DerSequence);
        byte[] padded = [.. signature, .. Enumerable.Repeat((byte)1, most - signature.Length)];
        return Escape([.. document, 3, .. Big(3 + most, 2), 1, .. Big(signature.Length, 2), .. padded, 0x80]);
    }

    void Queue(byte[] message) => _waiting.Enqueue((_pictures + _options.Delay, message));

    byte[] WithWaiting(byte[] unit)
    {
        var messages = new List<byte[]>();
        while (_waiting.TryPeek(out var next) && next.Due <= _pictures)
            messages.Add(_waiting.Dequeue().Message);
        // In front of the picture's slices, as an access unit wants it.
        var nals = Split(unit).ToList();
        int at = nals.FindIndex(n => Kind(n).Slice);
        nals.InsertRange(at < 0 ? nals.Count : at, messages);
        return Join(nals);
    }

    byte[] Hash(byte[] bytes) => CryptographicOperations.HashData(_algorithm, bytes);

    static byte[] Big(long value, int bytes) => [.. Enumerable.Range(0, bytes).Select(i => (byte)(value >> (8 * (bytes - 1 - i))))];

    /// <summary>Emulation prevention, H.264 7.4.1.</summary>
    public static byte[] Escape(byte[] plain)
    {
        var escaped = new List<byte>(plain.Length);
        int zeros = 0;
        foreach (byte b in plain)
        {
            if (zeros == 2 && b <= 3)
            {
                escaped.Add(3);
                zeros = 0;
            }

            zeros = b == 0 ? zeros + 1 : 0;
            escaped.Add(b);
        }

        return [.. escaped];
    }
}
