namespace Atalaya.Media.Mp4;

/// <summary>Expands the sample tables of an ordinary file (ISO/IEC 14496-12 8.6.1, 8.7) into samples.</summary>
static class SampleTables
{
    /// <summary>Three days of pictures at 100 a second; a table that claims more is broken.</summary>
    const int MaxSamples = 1 << 25;

    /// <summary>Times are media times in the track's timescale, edit list not applied.</summary>
    /// <exception cref="Mp4Exception">The tables contradict each other or the file.</exception>
    public static List<FragmentSample> Expand(MoovTrack track, int index, long fileLength)
    {
        var samples = new List<FragmentSample>();
        if (!track.Stsz.IsThere && !track.Stz2.IsThere)
            return samples;
        var sizes = Sizes(track, out uint sameSize, out int count);
        if (count == 0)
            return samples;

        // QuickTime's PCM: each sample of each channel a sample of the file. Hand it out in stretches of 20 ms instead.
        var entry = track.Entries.Count > 0 ? track.Entries[0] : null;
        bool pcm = entry is { FrameBytes: > 0 } && sizes.IsEmpty && sameSize is > 0 and <= 512;
        int frameBytes = pcm ? Math.Max((int)sameSize, entry!.FrameBytes) : 0;
        int grouped = pcm ? Math.Max(1, entry!.SampleRate / 50) : 1;
        if (sizes.IsEmpty && count * (pcm ? frameBytes : (long)sameSize) > fileLength)
            throw Fail(track, "stsz", track.Stsz, $"{count} samples of {sameSize} bytes are more than the file has");

        var chunks = track.Co64.IsThere ? track.Co64 : track.Stco;
        if (!chunks.IsThere)
            throw Moov.Fail($"{track.Path}/mdia/minf/stbl", track.Stsz.Offset, "there is neither stco nor co64");
        var offsets = Entries(chunks, track.Co64.IsThere ? 8 : 4, track, track.Co64.IsThere ? "co64" : "stco", out int chunkCount);
        var runs = Entries(track.Stsc, 12, track, "stsc", out int runCount);
        var times = new RunReader(Entries(track.Stts, 8, track, "stts", out _));
        var compositions = new RunReader(track.Ctts.IsThere ? Entries(track.Ctts, 8, track, "ctts", out _) : default);
        var keys = track.Stss.IsThere ? Entries(track.Stss, 4, track, "stss", out _) : default;
        int nextKey = 0;
        long decode = 0;
        int sample = 0, run = 0;
        for (int chunk = 0; chunk < chunkCount && sample < count; chunk++)
        {
            while (run + 1 < runCount && UInt(runs, (run + 1) * 12) <= chunk + 1)
                run++;
            if (runCount == 0)
                throw Fail(track, "stsc", track.Stsc, "it is empty");
            uint perChunk = UInt(runs, (run * 12) + 4);
            int description = (int)Math.Min(UInt(runs, (run * 12) + 8), 1u << 16) - 1;
            long offset = track.Co64.IsThere ? (long)(((ulong)UInt(offsets, chunk * 8) << 32) | UInt(offsets, (chunk * 8) + 4)) : UInt(offsets, chunk * 4);
            if (offset < 0)
                throw Fail(track, "co64", track.Co64, $"chunk {chunk} is at a negative offset");
            for (uint i = 0; i < perChunk && sample < count;)
            {
                int together = (int)Math.Min(Math.Min((uint)grouped, perChunk - i), (uint)(count - sample));
                long size = pcm ? (long)together * frameBytes : sizes.IsEmpty ? sameSize : SizeAt(track, sizes, sample);
                if (size > int.MaxValue)
                    throw Fail(track, "stsz", track.Stsz, $"sample {sample} has {size} bytes");
                long duration = 0;
                int composition = 0;
                for (int k = 0; k < together; k++)
                {
                    if (!times.TryNext(out uint one))
                        throw Fail(track, "stts", track.Stts, $"it ends after {sample + k} of {count} samples");
                    duration += one;
                    int offsetOfOne = compositions.TryNext(out uint c) ? (int)c : 0;
                    if (k == 0)
                        composition = offsetOfOne;
                }

                bool isKey = !track.Stss.IsThere;
                while (nextKey * 4 < keys.Length && UInt(keys, nextKey * 4) <= sample + 1)
                    isKey = UInt(keys, nextKey++ * 4) == sample + 1;
                if (samples.Count == MaxSamples)
                    throw Fail(track, "stsz", track.Stsz, "there are too many samples");
                samples.Add(new(index, offset, (int)size, decode, composition, (uint)Math.Min(duration, uint.MaxValue), isKey, description));
                offset += size;
                decode += duration;
                sample += together;
                i += (uint)together;
            }
        }

        if (sample < count)
            throw Fail(track, "stsc", track.Stsc, $"the chunks hold {sample} of {count} samples");
        return samples;
    }

    static ReadOnlySpan<byte> Sizes(MoovTrack track, out uint same, out int count)
    {
        bool compact = track.Stz2.IsThere;
        var table = compact ? track.Stz2 : track.Stsz;
        var bytes = table.Bytes.Span;
        same = compact ? 0 : UInt(bytes, 0);
        uint claimed = UInt(bytes, 4);
        if (bytes.Length < 8 || claimed > int.MaxValue)
            throw Fail(track, compact ? "stz2" : "stsz", table, "its count makes no sense");
        count = (int)claimed;
        if (same != 0)
            return default;
        int bits = compact ? bytes[3] : 32;
        if (bits is not (4 or 8 or 16 or 32))
            throw Fail(track, "stz2", table, $"sizes of {bits} bits are not allowed");
        if (((claimed * (long)bits) + 7) / 8 > bytes.Length - 8)
            throw Fail(track, compact ? "stz2" : "stsz", table, $"it is too short for {count} sizes");
        return bytes[8..];
    }

    static long SizeAt(MoovTrack track, ReadOnlySpan<byte> sizes, int index)
    {
        if (!track.Stz2.IsThere)
            return UInt(sizes, index * 4);
        return track.Stz2.Bytes.Span[3] switch
        {
            4 => (sizes[index / 2] >> (index % 2 == 0 ? 4 : 0)) & 0xF,
            8 => sizes[index],
            16 => (sizes[index * 2] << 8) | sizes[(index * 2) + 1],
            _ => UInt(sizes, index * 4),
        };
    }

    /// <summary>The entries behind the table's count, checked to be all there.</summary>
    static ReadOnlySpan<byte> Entries(MoovTable table, int each, MoovTrack track, string name, out int count)
    {
        if (!table.IsThere)
            throw Moov.Fail($"{track.Path}/mdia/minf/stbl", track.Stsz.IsThere ? track.Stsz.Offset : track.Stz2.Offset, $"there is no {name}");
        var bytes = table.Bytes.Span;
        uint claimed = UInt(bytes, 0);
        if (claimed > (bytes.Length - 4) / each)
            throw Fail(track, name, table, $"it is too short for {claimed} entries");
        count = (int)claimed;
        return bytes.Slice(4, count * each);
    }

    static uint UInt(ReadOnlySpan<byte> bytes, int at) =>
        at + 4 <= bytes.Length ? System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(bytes[at..]) : 0;

    static Mp4Exception Fail(MoovTrack track, string name, MoovTable table, string what) =>
        Moov.Fail($"{track.Path}/mdia/minf/stbl/{name}", table.Offset, what);

    /// <summary>Entries of a count and a value, one value at a time.</summary>
    ref struct RunReader(ReadOnlySpan<byte> entries)
    {
        readonly ReadOnlySpan<byte> _entries = entries;
        int _position;
        uint _left, _value;

        public bool TryNext(out uint value)
        {
            while (_left == 0)
            {
                if (_position + 8 > _entries.Length)
                {
                    value = 0;
                    return false;
                }

                _left = UInt(_entries, _position);
                _value = UInt(_entries, _position + 4);
                _position += 8;
            }

            _left--;
            value = _value;
            return true;
        }
    }
}
