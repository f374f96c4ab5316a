using System.Collections.Concurrent;
using Atalaya.Media;
using Atalaya.Media.H264;
using Atalaya.Media.Mp4;

namespace Atalaya.Simulation;

/// <summary>One picture or stretch of sound of a clip.</summary>
/// <param name="Data">As <see cref="AccessUnit.Data"/>.</param>
/// <param name="Presentation">Zero is the first picture shown.</param>
public readonly record struct ClipUnit(ReadOnlyMemory<byte> Data, MediaTime Decode, MediaTime Presentation, bool IsKey);

/// <summary>A track that can be played for ever.</summary>
public sealed class ClipTrack
{
    readonly ConcurrentDictionary<(int Mtu, bool ParameterSets), TrackPackets> _packets = [];

    /// <param name="units">In decode order, the first one a key frame. Audio: all of the same length, <paramref name="samplesPerUnit"/>.</param>
    public ClipTrack(TrackFormat format, IReadOnlyList<ClipUnit> units, int samplesPerUnit = 0)
    {
        if (units.Count == 0 || !units[0].IsKey)
            throw new ArgumentException("A track needs units, the first of them a key frame.", nameof(units));
        Format = format;
        Units = units;
        SamplesPerUnit = samplesPerUnit;
        ReorderDelay = new(units.Max(u => u.Presentation.Ticks - u.Decode.Ticks));
        Keys = [.. Enumerable.Range(0, units.Count).Where(i => units[i].IsKey)];
    }

    public TrackFormat Format { get; }
    public IReadOnlyList<ClipUnit> Units { get; }
    public bool IsVideo => Format is VideoFormat;

    /// <summary>Audio: samples (per channel) in each unit.</summary>
    public int SamplesPerUnit { get; }

    /// <summary>How far at most a presentation follows its decoding.</summary>
    public MediaTime ReorderDelay { get; }

    /// <summary>Units that a viewer can start with.</summary>
    public IReadOnlyList<int> Keys { get; }

    /// <summary>Made once for all cameras and viewers.</summary>
    internal TrackPackets Packets(int mtu, bool parameterSets) =>
        _packets.GetOrAdd((mtu, parameterSets), static (key, track) => new(track, key.Mtu, key.ParameterSets), this);
}

/// <summary>A file in memory, ready to be played for ever by any number of cameras. Immutable.</summary>
public sealed class Clip
{
    static readonly string[] H264Extensions = [".264", ".h264", ".jsv", ".avc", ".jvt", ".26l"];
    static readonly string[] H265Extensions = [".265", ".h265", ".hevc"];

    /// <param name="period">From the decoding of the first picture to its next time round.</param>
    public Clip(string name, IReadOnlyList<ClipTrack> tracks, MediaTime period)
    {
        if (tracks.Count == 0 || period <= MediaTime.Zero)
            throw new ArgumentException($"{name} has nothing to play.", nameof(tracks));
        Name = name;
        Tracks = tracks;
        Period = period;
    }

    /// <summary>The file's path, or what a test calls it.</summary>
    public string Name { get; }
    public IReadOnlyList<ClipTrack> Tracks { get; }
    public ClipTrack? Video => Tracks.FirstOrDefault(t => t.IsVideo);
    public ClipTrack? Audio => Tracks.FirstOrDefault(t => !t.IsVideo);
    public MediaTime Period { get; }
    public MediaTime ReorderDelay => new(Tracks.Max(t => t.ReorderDelay.Ticks));

    /// <summary>Reads MP4 and QuickTime, or an elementary stream by its extension (<paramref name="frameRate"/> where the stream doesn't say).</summary>
    /// <exception cref="InvalidDataException">There is nothing in it that can be played; the message says why.</exception>
    public static Clip Load(string path, double frameRate = 25)
    {
        string extension = Path.GetExtension(path).ToLowerInvariant();
        return H264Extensions.Contains(extension) ? LoadElementary(path, Codec.H264, frameRate)
            : H265Extensions.Contains(extension) ? LoadElementary(path, Codec.H265, frameRate)
            : LoadMp4(path);
    }

    static Clip LoadElementary(string path, Codec codec, double frameRate)
    {
        var assumed = MediaTime.FromSeconds(1 / frameRate);
        if (!AnnexB.TryReadUnits(File.ReadAllBytes(path), codec, out var units, out string fault, assumed))
            throw new InvalidDataException($"{path} can't be played: {fault}");
        var video = units.SkipWhile(u => !u.IsKey).ToList();
        if (video.Count == 0)
            throw new InvalidDataException($"{path} can't be played: it has no key frame.");
        return FromVideo(path, video[0].Format, [.. video.Select(u => new ClipUnit(u.Data, u.Decode, u.Presentation, u.IsKey))], video[^1].Duration, null);
    }

    static Clip LoadMp4(string path)
    {
        Mp4File file;
        try
        {
            file = Mp4File.Open(path);
        }
        catch (Mp4Exception wrong)
        {
            throw new InvalidDataException($"{path} can't be played: {wrong.Message}", wrong);
        }

        using (file)
        {
            var audio = file.Audio is { Samples.Count: > 0 } sound ? ReadAudio(sound) : null;
            if (file.Video is not { } video)
            {
                if (audio is null)
                    throw new InvalidDataException($"{path} can't be played: it has no track of a codec that we know. {string.Join(' ', file.Skipped)}");
                return new(path, [audio], MediaTime.FromScale((long)audio.Units.Count * audio.SamplesPerUnit, ((AudioFormat)audio.Format).SampleRate));
            }

            int first = Enumerable.Range(0, video.Samples.Count).FirstOrDefault(i => video.Samples[i].IsKey, -1);
            if (first < 0)
                throw new InvalidDataException($"{path} can't be played: its video has no key frame.");
            var units = new List<ClipUnit>(video.Samples.Count - first);
            for (int i = first; i < video.Samples.Count; i++)
            {
                var sample = video.Samples[i];
                units.Add(new(video.ReadSample(i), sample.Decode, sample.Presentation, sample.IsKey));
            }

            return FromVideo(path, video.Format, units, video.Samples[^1].Duration, audio);
        }
    }

    static Clip FromVideo(string path, TrackFormat format, List<ClipUnit> units, MediaTime lastDuration, ClipTrack? audio)
    {
        if (lastDuration <= MediaTime.Zero)
            lastDuration = units.Count > 1 ? units[^1].Decode - units[^2].Decode : new(MediaTime.TicksPerSecond / 25);
        var period = units[^1].Decode + lastDuration - units[0].Decode;
        var zero = new MediaTime(units.Min(u => u.Presentation.Ticks));
        var video = new ClipTrack(format, [.. units.Select(u => u with { Decode = u.Decode - zero, Presentation = u.Presentation - zero })]);
        return new(path, audio is null ? [video] : [video, audio], period);
    }

    /// <summary>Audio as units of one length, so that it goes on evenly where the picture loops.</summary>
    static ClipTrack ReadAudio(Mp4Track track)
    {
        var format = (AudioFormat)track.Format;
        var units = new List<ClipUnit>();
        int samplesPerUnit;
        if (format.Codec == Codec.Aac)
        {
            samplesPerUnit = track.Samples.Count > 1
                ? (int)(track.Samples[1].Decode - track.Samples[0].Decode).ToScale(format.SampleRate)
                : 1024;
            for (int i = 0; i < track.Samples.Count; i++)
            {
                // What an edit list cuts off primes the decoder: a player of the file doesn't hear it.
                if (track.Samples[i].Presentation >= MediaTime.Zero || i == track.Samples.Count - 1)
                    units.Add(new(track.ReadSample(i), default, default, true));
            }
        }
        else
        {
            // 20 ms: what cameras send in a packet.
            samplesPerUnit = Math.Max(1, format.SampleRate / 50);
            int bytes = samplesPerUnit * format.Channels * (format.Codec == Codec.L16 ? 2 : 1);
            using var all = new MemoryStream();
            for (int i = 0; i < track.Samples.Count; i++)
                all.Write(track.ReadSample(i));
            byte[] sound = all.ToArray();
            for (int at = 0; at + bytes <= sound.Length; at += bytes)
                units.Add(new(sound.AsMemory(at, bytes), default, default, true));
            if (units.Count == 0)
                units.Add(new(new byte[bytes], default, default, true));
        }

        for (int i = 0; i < units.Count; i++)
        {
            var time = MediaTime.FromScale((long)i * samplesPerUnit, format.SampleRate);
            units[i] = units[i] with { Decode = time, Presentation = time };
        }

        return new(format, units, samplesPerUnit);
    }
}
