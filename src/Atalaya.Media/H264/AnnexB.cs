using System.Buffers.Binary;
using Atalaya.Media.H265;
using Atalaya.Media.Rtp;

namespace Atalaya.Media.H264;

/// <summary>Elementary streams with start codes: Annex B of H.264 and of H.265.</summary>
public static class AnnexB
{
    /// <summary>Takes the next NAL unit off <paramref name="rest"/>: without its start code and the zeros behind it. False at the end.</summary>
    public static bool TryNextNal(ref ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> nal)
    {
        nal = default;
        while (nal.IsEmpty)
        {
            int start = rest.IndexOf((ReadOnlySpan<byte>)[0, 0, 1]);
            if (start < 0)
            {
                rest = default;
                return false;
            }

            rest = rest[(start + 3)..];
            int end = rest.IndexOf((ReadOnlySpan<byte>)[0, 0, 1]);
            nal = (end < 0 ? rest : rest[..end]).TrimEnd((byte)0);
            rest = end < 0 ? default : rest[end..];
        }

        return true;
    }

    /// <summary>
    /// Reads a whole stream (a <c>.264</c>, <c>.h264</c> or <c>.265</c> file) into access units with the times of an even frame rate, in
    /// decode order; the two fields of a frame are one unit. The units lie in memory of the garbage collector.
    /// </summary>
    /// <param name="codec"><see cref="Codec.H264"/> or <see cref="Codec.H265"/>.</param>
    /// <param name="frameDuration">Zero: what the stream's own timing says, or 1/25 s.</param>
    /// <param name="fault">Why nothing could be read; empty on success.</param>
    public static bool TryReadUnits(ReadOnlySpan<byte> stream, Codec codec, out List<AccessUnit> units, out string fault, MediaTime frameDuration = default)
    {
        units = [];
        using VideoDepacketizer? grouping = codec switch
        {
            Codec.H264 => new H264Depacketizer(new BlockPool(maxIdleBytes: 1 << 20)),
            Codec.H265 => new H265Depacketizer(new BlockPool(maxIdleBytes: 1 << 20)),
            _ => throw new ArgumentOutOfRangeException(nameof(codec), codec, "Only H.264 and H.265 have Annex B."),
        };
        var pictures = new List<Picture>();
        var orders = new Orders(codec);
        int nalUnits = 0;
        while (TryNextNal(ref stream, out var nal))
        {
            nalUnits++;
            grouping.PushNal(nal, default);
            Collect();
        }

        grouping.Flush();
        Collect();
        fault = pictures.Count > 0
            ? ""
            : nalUnits == 0
                ? "There is no start code in it: this is no elementary stream."
                : $"None of its {nalUnits} NAL units makes a picture with parameter sets: is it {codec}?";
        if (pictures.Count == 0)
            return false;
        units = Time(pictures, orders.Depth, frameDuration);
        return true;

        void Collect()
        {
            while (grouping.TryPull(out var unit))
            {
                pictures.Add(orders.Next((VideoFormat)unit.Format, unit.Data.ToArray(), unit.IsKey));
                unit.Release();
            }
        }
    }

    /// <param name="Sequence">Order counts compare within one of these only.</param>
    readonly record struct Picture(VideoFormat Format, byte[] Data, bool IsKey, int Sequence, int Order);

    static List<AccessUnit> Time(List<Picture> pictures, int declaredDepth, MediaTime frameDuration)
    {
        var first = pictures[0].Format;
        var frame = frameDuration > MediaTime.Zero ? frameDuration : first.FrameDuration > MediaTime.Zero ? first.FrameDuration : new(3600);
        int[] shown = [.. Enumerable.Range(0, pictures.Count).OrderBy(i => pictures[i].Sequence).ThenBy(i => pictures[i].Order).ThenBy(i => i)];
        var position = new int[pictures.Count];
        for (int i = 0; i < shown.Length; i++)
            position[shown[i]] = i;

        int depth = Math.Max(declaredDepth, Math.Min(DeepestReorder(position), DecodeClock.MaxDepth));
        var delay = DecodeClock.DelayFor(depth, frame);
        var clock = new DecodeClock(depth, frame);
        var units = new List<AccessUnit>(pictures.Count);
        VideoFormat? from = null, format = null;
        for (int i = 0; i < pictures.Count; i++)
        {
            var p = pictures[i];
            if (!ReferenceEquals(p.Format, from))
            {
                from = p.Format;
                format = new(from.Codec, from.Configuration, from.CodecString, from.Width, from.Height, delay, frame);
            }

            var times = clock.Next(new(position[i] * frame.Ticks));
            units.Add(new(format!, p.Data) { Presentation = times.Presentation, Decode = times.Decode, Duration = frame, IsKey = p.IsKey });
        }

        return units;
    }

    /// <summary>The most pictures that precede one in decoding and follow it in showing.</summary>
    static int DeepestReorder(int[] position)
    {
        // In decode order, keep the positions that are ahead of what is complete: seldom more than a few.
        var ahead = new SortedSet<int>();
        int complete = 0, deepest = 0;
        foreach (int p in position)
        {
            deepest = Math.Max(deepest, ahead.GetViewBetween(p, int.MaxValue).Count);
            ahead.Add(p);
            while (ahead.Remove(complete))
                complete++;
        }

        return deepest;
    }

    /// <summary>Reads each picture's place from its first slice.</summary>
    sealed class Orders(Codec codec)
    {
        readonly H264PictureOrder _h264 = new();
        readonly H265PictureOrder _h265 = new();
        VideoFormat? _format;
        H264ParameterSets _h264Sets = new();
        H265ParameterSets _h265Sets = new();
        int _sequence;

        /// <summary>The largest reorder depth that the parameter sets so far declare.</summary>
        public int Depth { get; private set; }

        public Picture Next(VideoFormat format, byte[] data, bool isKey)
        {
            if (!ReferenceEquals(format, _format))
                TakeOver(format);
            int order = int.MaxValue;
            for (int at = 0; at + 4 < data.Length;)
            {
                int length = BinaryPrimitives.ReadInt32BigEndian(data.AsSpan(at));
                var nal = data.AsSpan(at + 4, length);
                at += 4 + length;
                if (codec == Codec.H264 ? TryOrder264(nal, out order) : TryOrder265(nal, out order))
                    break;
            }

            return new(format, data, isKey, _sequence, order);
        }

        void TakeOver(VideoFormat format)
        {
            _format = format;
            if (codec == Codec.H264 && H264ParameterSets.TryRead(format.Configuration.Span, out var h264, out _))
            {
                _h264Sets = h264;
                Depth = Math.Max(Depth, h264.FirstSps.ReorderDepth ?? 0);
            }
            else if (codec == Codec.H265 && H265ParameterSets.TryRead(format.Configuration.Span, out var h265, out _))
            {
                _h265Sets = h265;
                Depth = Math.Max(Depth, h265.FirstSps.ReorderDepth);
            }
        }

        bool TryOrder264(ReadOnlySpan<byte> nal, out int order)
        {
            order = int.MaxValue;
            int type = nal[0] & 31;
            if (type is 7 or 8)
                _h264Sets.TryAdd(nal, out _);
            if (type is not (1 or 2 or 5) || !H264Slice.TryParse(nal, _h264Sets, out var slice) || !_h264Sets.TryGet(slice.PpsId, out _, out var sps))
                return false;
            if (slice.IsIdr)
                _sequence++;
            order = _h264.Next(slice, sps);
            return true;
        }

        bool TryOrder265(ReadOnlySpan<byte> nal, out int order)
        {
            order = int.MaxValue;
            int type = (nal[0] >> 1) & 63;
            if (type is 32 or 33 or 34)
                _h265Sets.TryAdd(nal, out _);
            if (type >= 32 || !H265Slice.TryParse(nal, _h265Sets, out var slice) || !_h265Sets.TryGet(slice.PpsId, out _, out var sps))
                return false;
            order = _h265.Next(slice, sps, out bool restarts);
            if (restarts)
                _sequence++;
            return true;
        }
    }
}
