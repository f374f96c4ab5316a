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

    /// <summary>Two groups of pictures and the beginning of a third.</summary>
    const int KeysToLookAt = 3;

    readonly Codec _codec;
    readonly List<Slice> _pending = [];
    HashAlgorithmName _algorithm = HashAlgorithmName.SHA256;
    byte[]? _anchor;            // of the group that is coming
    byte[]? _previousFirst;     // of the group judged last, if nothing lies between
    uint _counter;
    readonly List<Tally> _parts = [new(default)];
    bool _synced;
    string? _chain;
    AsymmetricAlgorithm? _key;
    CameraMaker? _maker;
    Dictionary<Tally, long> _dropped = [];      // of those outside, before anything was verified
    TimeSpan _droppedAt;
    TimeSpan? _faultAt;
    string _fault = "", _hindrance = "";

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
                check?._parts.Add(new(begin));
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

            return check is null ? null : check.Report() with { Files = [.. check._parts.Select(p => check.Report(p, check._pending.Count(s => s.Part == p), p.FaultAt - p.Begin, p.Fault))] };
        }
        finally
        {
            check?.Dispose();
        }
    }

    /// <summary>Whether there is a signature among the first groups of pictures of a file: a camera that signs does so at each of them, or a few.</summary>
    /// <exception cref="Mp4Exception">It can't be read.</exception>
    /// <exception cref="IOException">It can't be read any more.</exception>
    public static bool Signs(Mp4File file)
    {
        if (file.Video is not { Format.Codec: Codec.H264 or Codec.H265 } video)
            return false;
        int keys = 0;
        for (int i = 0; i < video.Samples.Count && keys < KeysToLookAt; i++)
        {
            keys += video.Samples[i].IsKey ? 1 : 0;
            ReadOnlySpan<byte> data = video.ReadSample(i);
            while (data.Length > 4 && BinaryPrimitives.ReadUInt32BigEndian(data) is var length && length <= data.Length - 4)
            {
                if (SigningSei.IsSigning(data.Slice(4, (int)length), video.Format.Codec))
                    return true;
                data = data[(4 + (int)length)..];
            }
        }

        return false;
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
        foreach (var slice in _pending)
            slice.Part.Outside++;
        _pending.Clear();
        _anchor = _previousFirst = null;
        _synced = false;
        _dropped.Clear();
    }

    /// <summary>No more slices can wait for their signature. Where signatures had come, they don't just end: they were taken out, or pictures were put in.</summary>
    void Drop()
    {
        if (_parts.Exists(p => p.Verified > 0))
        {
            Unsigned(_pending.Count);
            _pending.Clear();
            Cut();
            return;
        }

        // The camera may begin to sign later on; what it signs then says whether it does.
        var (dropped, since) = (new Dictionary<Tally, long>(_dropped), _dropped.Count > 0 ? _droppedAt : _pending[0].At);
        foreach (var slice in _pending)
            dropped[slice.Part] = dropped.GetValueOrDefault(slice.Part) + 1;
        Cut();
        (_dropped, _droppedAt) = (dropped, since);
    }

    /// <summary>The first ones that wait have lost their signature; each file that has some of them is told so.</summary>
    void Unsigned(int count)
    {
        string lost = $"the signature of {count} slices isn't there";
        foreach (var slice in _pending.Take(count))
        {
            slice.Part.Unsigned++;
            Wrong(slice, lost);
        }
    }

    /// <summary>What can be said of all that was added.</summary>
    public SignedVideoReport Report()
    {
        var all = new Tally(default);
        foreach (var part in _parts)
            all.Add(part);
        return Report(all, _pending.Count, _faultAt, _fault) with { Maker = _maker, CertificateChain = _chain };
    }

    SignedVideoReport Report(Tally of, int pending, TimeSpan? faultAt, string fault)
    {
        var verdict = !of.IsSigned ? SignedVideoVerdict.NotSigned
            : fault.Length > 0 ? SignedVideoVerdict.NotAuthentic
            : of.Verified == 0 ? SignedVideoVerdict.Undecided
            : of.Missing > 0 ? SignedVideoVerdict.AuthenticWithMissing
            : SignedVideoVerdict.Authentic;
        string why = verdict == SignedVideoVerdict.Undecided && _hindrance.Length == 0 ? "no signature covers pictures of this stretch" : verdict == SignedVideoVerdict.Undecided ? _hindrance : fault;
        return new(verdict, of.Verified, of.Missing, of.Failed, of.Unsigned, of.Outside + pending, of.Uncovered, faultAt, why, null, null, of.From, of.To);
    }

    public void Dispose() => _key?.Dispose();

    void AddUnit(ReadOnlySpan<byte> nal, TimeSpan at)
    {
        nal = SigningSei.WithoutTrailingZeros(nal);
        if (nal.Length < 3)
            return;
        if (SigningSei.IsSigning(nal, _codec))
        {
            _parts[^1].HasMessage = true;
            if (SigningSei.TryParse(nal, _codec, out var sei, out string fault))
                Take(sei!, at);
            else
                Wrong(at, _parts[^1], $"a signature's message can't be read: {fault}");
            return;
        }

        bool isIntra, isSlice;
        if (_codec == Codec.H265)
        {
            int type = (nal[0] >> 1) & 63;
            (isIntra, isSlice) = (type is >= 16 and <= 21, type is 0 or 1 or (>= 16 and <= 21));
            if (type is >= 2 and <= 9)
                _parts[^1].Uncovered++;
        }
        else
        {
            int type = nal[0] & 31;
            (isIntra, isSlice) = (type == 5, type is 1 or 5);
            if (type is >= 2 and <= 4)
                _parts[^1].Uncovered++;
        }

        if (!isSlice)
            return;
        // first_mb_in_slice is zero, or first_slice_segment_in_pic_flag is set: either way the first bit behind the header.
        bool isFirst = isIntra && (nal[_codec == Codec.H265 ? 2 : 1] & 0x80) != 0;
        byte[] own = Hash(nal);
        if (isFirst)
            _anchor = own;
        _pending.Add(new(own, isFirst, isFirst ? null : _anchor, at, _parts[^1]));
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
            if (_parts.Exists(p => p.Verified > 0))
            {
                Unsigned(_pending.Count);
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
            int about = sei.HasGroup ? GroupEnd(0) : 0;
            var (since, part) = about > 0 ? (_pending[0].At, _pending[0].Part) : (at, _parts[^1]);
            foreach (var slice in _pending.Take(about))
                slice.Part.Failed++;
            _pending.RemoveRange(0, about);
            Wrong(since, part, "a signature isn't by the key of the camera's certificate, or its message was changed");
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
            Wrong(at, _parts[^1], "a signature is older than one before it");
            return;
        }

        if (!IsEmpty(sei.LinkedHash))
        {
            // It had signed before these.
            long all = _dropped.Values.Sum();
            foreach (var (part, count) in _dropped)
            {
                part.Outside -= count;
                part.Unsigned += count;
                Wrong(_droppedAt > part.Begin ? _droppedAt : part.Begin, part, $"the signature of {all} slices isn't there");
            }
        }

        _dropped.Clear();
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
            (_pending.Count > 0 ? _pending[0].Part : _parts[^1]).Missing += _synced && start == 0 ? ahead : 0;
            if (start > 0 && !(IsEmpty(sei.LinkedHash) && !_synced))
            {
                Unsigned(start);
            }
            else
            {
                // The camera began to sign here.
                foreach (var slice in _pending.Take(start))
                    slice.Part.Outside++;
            }
        }
        else if (_previousFirst is not null && !_previousFirst.AsSpan().SequenceEqual(sei.LinkedHash))
        {
            Wrong(_pending.Count > 0 ? _pending[0].At : at, _pending.Count > 0 ? _pending[0].Part : _parts[^1], "a group of pictures doesn't follow the one that was signed before it");
        }

        int end = sei.IsPartial ? Math.Min(start + sei.Units, GroupEnd(start)) : GroupEnd(start);
        byte[]? anchor = AnchorFor(start, sei);
        byte[]? first = start < end ? _pending[start].Linked(anchor, _algorithm) : null;
        if (start < end && GroupHashOf(start, end, anchor).AsSpan().SequenceEqual(sei.GroupHash))
        {
            for (int i = start; i < end; i++)
                _pending[i].Part.Verified++;
            Covered(sei, _pending[start].Part);
        }
        else if (sei.Hashes.Count > 0)
        {
            end = Compare(sei, start, anchor);
        }
        else
        {
            for (int i = start; i < end; i++)
                _pending[i].Part.Failed++;
            (end > start ? _pending[start].Part : _parts[^1]).Missing += Math.Max(0, sei.Units - (end - start));
            if (end > start)
                Wrong(_pending[start], "a group of pictures isn't what was signed");
        }

        _pending.RemoveRange(0, end);
        Follow(sei, sei.Hashes.Count > 0 ? sei.Hashes[0] : first);
    }

    /// <summary>Slice by slice, as the camera's list has them: what isn't in it was changed or added, what isn't there is missing.</summary>
    /// <returns>The end of what it covers.</returns>
    int Compare(SigningSei sei, int start, byte[]? anchor)
    {
        int end = GroupEnd(start), at = start, last = -1, strange = 0;
        var part = start < end ? _pending[start].Part : _parts[^1];
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
                _pending[at].Part.Failed++;
                Wrong(_pending[at], "a slice isn't among those that were signed");
                continue;
            }

            (part = _pending[at].Part).Verified++;
            part.Missing += Math.Max(0, match - last - 1 - strange);
            last = match;
            strange = 0;
        }

        part.Missing += Math.Max(0, sei.Hashes.Count - 1 - last - strange);
        if (last >= 0)
            Covered(sei, part);
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

    static void Covered(SigningSei sei, Tally part)
    {
        part.From ??= sei.From;
        part.To = sei.To ?? part.To;
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
            Wrong(at, _parts[^1], "the camera's certificate can't be read, or its key is of a kind that isn't known here");
            return;
        }

        if (_chain is not null)
            Wrong(at, _parts[^1], "the camera's certificate changed");
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

    void Wrong(Slice first, string what) => Wrong(first.At, first.Part, what);

    void Wrong(TimeSpan at, Tally part, string what)
    {
        if (part.Fault.Length == 0)
            (part.FaultAt, part.Fault) = (at, what);
        if (_fault.Length == 0)
            (_faultAt, _fault) = (at, what);
    }

    /// <summary>What was found in one file.</summary>
    sealed class Tally(TimeSpan begin)
    {
        public TimeSpan Begin => begin;
        public long Verified, Missing, Failed, Unsigned, Outside, Uncovered;
        public bool HasMessage;
        public TimeSpan? FaultAt;
        public string Fault = "";
        public DateTimeOffset? From, To;

        /// <summary>The message about a file's pictures may be in the next one.</summary>
        public bool IsSigned => HasMessage || Verified + Failed + Unsigned > 0;

        public void Add(Tally other)
        {
            Verified += other.Verified;
            Missing += other.Missing;
            Failed += other.Failed;
            Unsigned += other.Unsigned;
            Outside += other.Outside;
            Uncovered += other.Uncovered;
            HasMessage |= other.HasMessage;
            From ??= other.From;
            To = other.To ?? To;
        }
    }

    /// <param name="Own">Hash of the slice alone.</param>
    /// <param name="Anchor">Own hash of the last first slice that was seen, which is another group's if its own was lost; null of a first slice.</param>
    /// <param name="Part">Of the file that it is in.</param>
    readonly record struct Slice(byte[] Own, bool IsFirst, byte[]? Anchor, TimeSpan At, Tally Part)
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
