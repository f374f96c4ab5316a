using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

using Atalaya.Media.Mp4;

namespace Atalaya.Media.Signing;

/// <summary>
/// Judges footage by the signatures that the camera itself put into it (ONVIF Media Signing): each group of pictures is followed by a message with the hashes of its
/// slices, a counter and the hash of the group before, signed with the camera's key.
/// </summary>
/// <remarks>
/// Slices are hashed from their header to their stop bit; each but the first of a group together with the hash of that first one. Parameter sets, delimiters, other
/// SEI units and sound aren't signed; nor, as the reference does it, are data partitions of H.264 and sub-layer and leading pictures of H.265. Messages that sign several
/// groups at once are told as such and not judged. Hashes are SHA-256 until a message says otherwise: what came before that one can't be judged.
/// </remarks>
public sealed class SignedVideoCheck : IDisposable
{
    /// <summary>Minutes of pictures without a signature: footage that isn't signed doesn't pile up.</summary>
    const int MostPending = 20_000;

    readonly Codec _codec;
    readonly List<Slice> _pending = [];
    HashAlgorithmName _algorithm = HashAlgorithmName.SHA256;
    byte[]? _anchor;            // of the group that is coming
    byte[]? _previousFirst;     // of the group judged last, if nothing lies between
    uint _counter;
    bool _synced, _signed;
    string? _chain;
    AsymmetricAlgorithm? _key;
    CameraMaker? _maker;
    long _verified, _missing, _failed, _unsigned, _outside, _uncovered;
    long _dropped;              // of those outside, before anything was verified
    TimeSpan _droppedAt;
    TimeSpan? _faultAt;
    string _fault = "", _hindrance = "";
    DateTimeOffset? _from, _to;

    /// <param name="chain">PEM, from elsewhere in the same recording: cameras may send it only once.</param>
    public SignedVideoCheck(Codec codec, string? chain = null)
    {
        if (codec is not (Codec.H264 or Codec.H265))
            throw new ArgumentException("Media signing is defined for H.264 and H.265.", nameof(codec));
        _codec = codec;
        if (chain is not null)
            TakeChain(chain, TimeSpan.Zero);
    }

    /// <summary>Files of one camera's stream in the order of their times, as recorded: where decode times don't go on from one to the next, footage is missing between.</summary>
    /// <param name="chain">As the constructor's.</param>
    /// <param name="files">Each is disposed of before the next is asked for.</param>
    /// <returns>Null if the first one has no H.264 or H.265; times are counted from its beginning, and over gaps as if they weren't there.</returns>
    /// <exception cref="Mp4Exception">One can't be read.</exception>
    /// <exception cref="IOException">One can't be read any more.</exception>
    public static SignedVideoReport? OfFiles(IEnumerable<Mp4File> files, string? chain = null, CancellationToken stop = default)
    {
        SignedVideoCheck? check = null;
        try
        {
            var begin = TimeSpan.Zero;
            MediaTime? end = null;
            foreach (var opened in files)
            {
                using var file = opened;
                if (file.Video is not { Samples.Count: > 0, Format.Codec: Codec.H264 or Codec.H265 } video)
                {
                    if (check is null)
                        return null;
                    continue;
                }

                check ??= new(video.Format.Codec, chain);
                var first = video.Samples[0].Decode;
                if (end is { } last && last != first)
                    check.Cut();
                for (int i = 0; i < video.Samples.Count; i++)
                {
                    stop.ThrowIfCancellationRequested();
                    check.Add(video.ReadSample(i), begin + (video.Samples[i].Decode - first).ToTimeSpan());
                }

                end = video.Samples[^1].Decode + video.Samples[^1].Duration;
                begin += (end.Value - first).ToTimeSpan();
            }

            return check?.Report();
        }
        finally
        {
            check?.Dispose();
        }
    }

    /// <param name="data">NAL units, each behind its length in four bytes, as <see cref="AccessUnit.Data"/>. What makes no sense is left out: its hash will be missed.</param>
    /// <param name="at">From the beginning of what is judged.</param>
    public void Add(ReadOnlySpan<byte> data, TimeSpan at)
    {
        while (data.Length > 4)
        {
            uint length = BinaryPrimitives.ReadUInt32BigEndian(data);
            data = data[4..];
            if (length > data.Length)
                return;
            AddUnit(data[..(int)length], at);
            data = data[(int)length..];
        }
    }

    /// <summary>Footage is missing from here on, or the camera began anew: what follows hangs together with nothing before.</summary>
    public void Cut()
    {
        _outside += _pending.Count;
        _pending.Clear();
        _anchor = _previousFirst = null;
        _synced = false;
        _dropped = 0;
    }

    /// <summary>No more slices can wait for their signature. Where signatures had come, they don't just end: they were taken out, or pictures were put in.</summary>
    void Drop()
    {
        long count = _pending.Count;
        var from = _pending[0].At;
        if (_verified > 0)
        {
            Unsigned(from, count);
            _pending.Clear();
            Cut();
            return;
        }

        // The camera may begin to sign later on; what it signs then says whether it does.
        (count, from) = _dropped > 0 ? (count + _dropped, _droppedAt) : (count, from);
        Cut();
        (_dropped, _droppedAt) = (count, from);
    }

    void Unsigned(TimeSpan from, long count)
    {
        Wrong(from, $"the signature of {count} slices isn't there");
        _unsigned += count;
    }

    /// <summary>What can be said of all that was added.</summary>
    public SignedVideoReport Report()
    {
        var verdict = !_signed ? SignedVideoVerdict.NotSigned
            : _fault.Length > 0 ? SignedVideoVerdict.NotAuthentic
            : _verified == 0 ? SignedVideoVerdict.Undecided
            : _missing > 0 ? SignedVideoVerdict.AuthenticWithMissing
            : SignedVideoVerdict.Authentic;
        string why = verdict == SignedVideoVerdict.Undecided && _hindrance.Length == 0 ? "no signature covers pictures of this stretch" : verdict == SignedVideoVerdict.Undecided ? _hindrance : _fault;
        return new(verdict, _verified, _missing, _failed, _unsigned, _outside + _pending.Count, _uncovered, _faultAt, why, _maker, _chain, _from, _to);
    }

    public void Dispose() => _key?.Dispose();

    void AddUnit(ReadOnlySpan<byte> nal, TimeSpan at)
    {
        nal = SigningSei.WithoutTrailingZeros(nal);
        if (nal.Length < 3)
            return;
        if (SigningSei.IsSigning(nal, _codec))
        {
            _signed = true;
            if (SigningSei.TryParse(nal, _codec, out var sei, out string fault))
                Take(sei!, at);
            else
                Wrong(at, $"a signature's message can't be read: {fault}");
            return;
        }

        bool isIntra, isSlice;
        if (_codec == Codec.H265)
        {
            int type = (nal[0] >> 1) & 63;
            (isIntra, isSlice) = (type is >= 16 and <= 21, type is 0 or 1 or (>= 16 and <= 21));
            if (type is >= 2 and <= 9)
                _uncovered++;
        }
        else
        {
            int type = nal[0] & 31;
            (isIntra, isSlice) = (type == 5, type is 1 or 5);
            if (type is >= 2 and <= 4)
                _uncovered++;
        }

        if (!isSlice)
            return;
        // first_mb_in_slice is zero, or first_slice_segment_in_pic_flag is set: either way the first bit behind the header.
        bool isFirst = isIntra && (nal[_codec == Codec.H265 ? 2 : 1] & 0x80) != 0;
        byte[] own = Hash(nal);
        if (isFirst)
            _anchor = own;
        _pending.Add(new(own, isFirst, isFirst ? null : _anchor, at));
        if (_pending.Count > MostPending)
            Drop();
    }

    void Take(SigningSei sei, TimeSpan at)
    {
        if (sei.Algorithm is { } algorithm && algorithm != _algorithm)
        {
            if (algorithm.Name is null or "")
            {
                _hindrance = "its hashes are of an algorithm that isn't known here";
                return;
            }

            // Hashes of another kind aren't worth anything now. Who says so hasn't signed it yet.
            if (_verified > 0 && _pending.Count > 0)
            {
                Unsigned(_pending[0].At, _pending.Count);
                _pending.Clear();
            }

            _algorithm = algorithm;
            Cut();
        }

        _maker = sei.Maker ?? _maker;
        if (sei.CertificateChain is { } chain)
            TakeChain(chain, at);
        if (sei.Signature is not { } signature)
        {
            _hindrance = "it signs several groups at once, which isn't judged here";
            return;
        }

        if (_key is null)
        {
            if (_hindrance.Length == 0)
                _hindrance = "the camera's certificate isn't in this stretch";
            return;
        }

        if (!Verifies(_key, Hash(sei.Document), signature))
        {
            _failed += sei.HasGroup ? Math.Min(_pending.Count, GroupEnd(0)) : 0;
            _pending.RemoveRange(0, sei.HasGroup ? GroupEnd(0) : 0);
            Wrong(at, "a signature isn't by the key of the camera's certificate, or its message was changed");
            return;
        }

        if (sei.HasGroup && !sei.IsCertificateOnly)
            Judge(sei, at);
    }

    void Judge(SigningSei sei, TimeSpan at)
    {
        int ahead = unchecked((int)(sei.Counter - _counter - 1));
        if (_synced && ahead == -1)
            return;     // sent twice, against loss
        if (_synced && ahead < 0)
        {
            Wrong(at, "a signature is older than one before it");
            return;
        }

        if (_dropped > 0 && !IsEmpty(sei.LinkedHash))
        {
            // It had signed before these.
            _outside -= _dropped;
            Unsigned(_droppedAt, _dropped);
        }

        _dropped = 0;
        int start = 0;
        if (!_synced || ahead > 0)
        {
            start = Find(sei);
            if (start < 0 && !_synced)
            {
                // Of what lies before the stretch, as the first one usually is.
                Follow(sei, sei.Hashes.Count > 0 ? sei.Hashes[0] : null);
                return;
            }

            start = Math.Max(start, 0);
            // Each message that isn't here signed a group: if its pictures aren't either, at least one for each is missing.
            _missing += _synced && start == 0 ? ahead : 0;
            if (start > 0 && !(IsEmpty(sei.LinkedHash) && !_synced))
            {
                Unsigned(_pending[0].At, start);
            }
            else
            {
                // The camera began to sign here.
                _outside += start;
            }
        }
        else if (_previousFirst is not null && !_previousFirst.AsSpan().SequenceEqual(sei.LinkedHash))
        {
            Wrong(_pending.Count > 0 ? _pending[0].At : at, "a group of pictures doesn't follow the one that was signed before it");
        }

        int end = sei.IsPartial ? Math.Min(start + sei.Units, GroupEnd(start)) : GroupEnd(start);
        byte[]? anchor = AnchorFor(start, sei);
        byte[]? first = start < end ? _pending[start].Linked(anchor, _algorithm) : null;
        if (start < end && GroupHashOf(start, end, anchor).AsSpan().SequenceEqual(sei.GroupHash))
        {
            _verified += end - start;
            Covered(sei);
        }
        else if (sei.Hashes.Count > 0)
        {
            end = Compare(sei, start, anchor);
        }
        else
        {
            _failed += end - start;
            _missing += Math.Max(0, sei.Units - (end - start));
            if (end > start)
                Wrong(_pending[start].At, "a group of pictures isn't what was signed");
        }

        _pending.RemoveRange(0, end);
        Follow(sei, sei.Hashes.Count > 0 ? sei.Hashes[0] : first);
    }

    /// <summary>Slice by slice, as the camera's list has them: what isn't in it was changed or added, what isn't there is missing.</summary>
    /// <returns>The end of what it covers.</returns>
    int Compare(SigningSei sei, int start, byte[]? anchor)
    {
        int end = GroupEnd(start), at = start, last = -1, strange = 0;
        for (; at < end && !(sei.IsPartial && last + 1 + strange >= sei.Hashes.Count); at++)
        {
            byte[] hash = _pending[at].Linked(anchor, _algorithm);
            int match = -1;
            for (int i = last + 1; i < sei.Hashes.Count && match < 0; i++)
            {
                if (hash.AsSpan().SequenceEqual(sei.Hashes[i]))
                    match = i;
            }

            if (match < 0)
            {
                strange++;
                _failed++;
                Wrong(_pending[at].At, "a slice isn't among those that were signed");
                continue;
            }

            _verified++;
            _missing += Math.Max(0, match - last - 1 - strange);
            last = match;
            strange = 0;
        }

        _missing += Math.Max(0, sei.Hashes.Count - 1 - last - strange);
        if (last >= 0)
            Covered(sei);
        return at;
    }

    /// <summary>Where the group begins that a message is about, which may not be the first one here; -1: nowhere.</summary>
    int Find(SigningSei sei)
    {
        for (int i = 0; i < _pending.Count; i++)
        {
            if (i > 0 && !_pending[i].IsFirst && !sei.IsPartial)
                continue;
            int end = sei.IsPartial ? Math.Min(i + sei.Units, GroupEnd(i)) : GroupEnd(i);
            var anchor = AnchorFor(i, sei);
            if (GroupHashOf(i, end, anchor).AsSpan().SequenceEqual(sei.GroupHash))
                return i;
            for (int j = i; j < end && sei.Hashes.Count > 0; j++)
            {
                byte[] hash = _pending[j].Linked(anchor, _algorithm);
                if (sei.Hashes.Any(h => h.AsSpan().SequenceEqual(hash)))
                    return i;
            }
        }

        return -1;
    }

    /// <summary>Whose hash the others are hashed with: if the first slice is lost, the list still has its hash.</summary>
    byte[]? AnchorFor(int start, SigningSei sei) =>
        start < _pending.Count && _pending[start] is { IsFirst: false } && !sei.IsPartial && sei.Hashes.Count > 0 ? sei.Hashes[0] : null;

    byte[] GroupHashOf(int start, int end, byte[]? anchor)
    {
        using var sha = IncrementalHash.CreateHash(_algorithm);
        for (int i = start; i < end; i++)
            sha.AppendData(_pending[i].Linked(anchor, _algorithm));
        return sha.GetHashAndReset();
    }

    int GroupEnd(int start)
    {
        int end = start + 1;
        while (end < _pending.Count && !_pending[end].IsFirst)
            end++;
        return Math.Min(end, _pending.Count);
    }

    void Follow(SigningSei sei, byte[]? first)
    {
        _synced = true;
        _counter = sei.Counter;
        _previousFirst = first;
    }

    void Covered(SigningSei sei)
    {
        _from ??= sei.From;
        _to = sei.To ?? _to;
    }

    void TakeChain(string chain, TimeSpan at)
    {
        if (chain == _chain)
            return;
        AsymmetricAlgorithm? key;
        try
        {
            X509Certificate2Collection certificates = [];
            certificates.ImportFromPem(chain);
            key = certificates.Count == 0 ? null : (AsymmetricAlgorithm?)certificates[0].GetECDsaPublicKey() ?? certificates[0].GetRSAPublicKey();
            foreach (var certificate in certificates)
                certificate.Dispose();
        }
        catch (CryptographicException)
        {
            key = null;
        }

        if (key is null)
        {
            Wrong(at, "the camera's certificate can't be read, or its key is of a kind that isn't known here");
            return;
        }

        if (_chain is not null)
            Wrong(at, "the camera's certificate changed");
        _key?.Dispose();
        _key = key;
        _chain = chain;
    }

    bool Verifies(AsymmetricAlgorithm key, byte[] hash, byte[] signature)
    {
        try
        {
            return key switch
            {
                ECDsa ec => ec.VerifyHash(hash, signature, DSASignatureFormat.Rfc3279DerSequence),
                RSA rsa => rsa.VerifyHash(hash, signature, _algorithm, RSASignaturePadding.Pkcs1),
                _ => false,
            };
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    byte[] Hash(ReadOnlySpan<byte> bytes) => CryptographicOperations.HashData(_algorithm, bytes);

    static bool IsEmpty(byte[] hash) => hash.AsSpan().IndexOfAnyExcept((byte)0) < 0 || hash.AsSpan().IndexOfAnyExcept((byte)0xFF) < 0;

    void Wrong(TimeSpan at, string what)
    {
        if (_fault.Length > 0)
            return;
        _faultAt = at;
        _fault = what;
    }

    /// <param name="Own">Hash of the slice alone.</param>
    /// <param name="Anchor">Own hash of the last first slice that was seen, which is another group's if its own was lost; null of a first slice.</param>
    readonly record struct Slice(byte[] Own, bool IsFirst, byte[]? Anchor, TimeSpan At)
    {
        /// <summary>The hash that the camera signs.</summary>
        public byte[] Linked(byte[]? lostAnchor, HashAlgorithmName algorithm)
        {
            if (IsFirst || (lostAnchor ?? Anchor) is not { } anchor)
                return Own;
            using var sha = IncrementalHash.CreateHash(algorithm);
            sha.AppendData(anchor);
            sha.AppendData(Own);
            return sha.GetHashAndReset();
        }
    }
}
