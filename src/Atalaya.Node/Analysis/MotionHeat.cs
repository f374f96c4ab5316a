using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Globalization;

using Atalaya.Analysis.Motion;
using Atalaya.Analysis.Painting;
using Atalaya.Incidents;
using Atalaya.Media;
using Atalaya.Node.Masks;
using Atalaya.Recording;

using Microsoft.Win32.SafeHandles;

namespace Atalaya.Node.Analysis;

/// <param name="Fields">Fields of the asked area that moved at once, at most.</param>
sealed record MotionStretch(WallTime From, WallTime To, int Fields);

/// <param name="Moved">When something moved in the area.</param>
/// <param name="Unwatched">When nobody looked.</param>
/// <param name="IsPart">There was more than may be returned; what is here comes first.</param>
sealed record MotionSearch(IReadOnlyList<MotionStretch> Moved, IReadOnlyList<(WallTime From, WallTime To)> Unwatched, bool IsPart);

/// <summary>
/// Where it moved, in steps of five seconds: one file a camera and day, in which each step has its place (<c>ref/motion-files.md</c>). Written in place and without
/// an index, so that a killed node leaves nothing to mend; a day is 1.4 MB at most, less where nothing moves, because files have holes.
/// </summary>
sealed class MotionHeat(string folder, ILogger log)
{
    /// <summary>Seconds. Short enough to find the passage, long enough that a day is read at once.</summary>
    public const int StepSeconds = 5;

    const int Fields = MotionGate.HeatColumns * MotionGate.HeatRows, MaskSize = Fields / 8, EntrySize = 8 + MaskSize, StepsPerDay = 86_400 / StepSeconds;
    const int Version = 1, HeaderSize = EntrySize;
    const long StepMicroseconds = StepSeconds * 1_000_000L, DayMicroseconds = 86_400_000_000L;
    const byte Learning = 1;
    const string Extension = ".heat";

    static ReadOnlySpan<byte> Magic => "ATHEAT\0\0"u8;

    readonly ConcurrentDictionary<(string Camera, bool Past), Step> _steps = [];

    /// <summary>Notes one analysed picture.</summary>
    /// <param name="heat">As <see cref="MotionGate.Heat"/>; empty: nothing moved.</param>
    /// <param name="past">It was recorded, and is looked at beside the live pictures.</param>
    public void Add(string camera, WallTime at, ReadOnlySpan<byte> heat, bool learning, bool past = false)
    {
        var step = _steps.GetOrAdd((camera, past), static _ => new());
        lock (step)
        {
            long index = Math.DivRem(at.Microseconds, StepMicroseconds).Quotient;
            if (index != step.Index)
            {
                Write(camera, step);
                step.Begin(index);
            }

            step.Pictures++;
            if (learning)
                step.Flags |= Learning;
            if (heat.Length != Fields)
                return;
            step.Moving++;
            for (int i = 0; i < Fields; i++)
            {
                if (heat[i] > 0)
                    step.Mask[i >> 3] |= (byte)(1 << (i & 7));
            }
        }
    }

    /// <summary>Writes what was noted so far.</summary>
    public void Flush()
    {
        foreach (var (of, step) in _steps)
        {
            lock (step)
                Write(of.Camera, step);
        }
    }

    /// <summary>When anything moved within a part of the picture.</summary>
    /// <param name="area">As fractions of the picture.</param>
    /// <param name="limit">Stretches at most.</param>
    /// <param name="masks">Under which whoever asks mustn't look; null: none.</param>
    public MotionSearch Find(string camera, WallTime from, WallTime to, Box area, int limit, CameraMasks? masks = null)
    {
        Flush();
        byte[] wanted = MaskOf(area);
        if (masks is not null)
            Hide(wanted, masks);
        var moved = new List<MotionStretch>();
        var unwatched = new List<(WallTime From, WallTime To)>();
        bool part = false;
        long last = (to.Microseconds + StepMicroseconds - 1) / StepMicroseconds;
        byte[] day = new byte[HeaderSize + (StepsPerDay * EntrySize)];
        for (long step = from.Microseconds / StepMicroseconds; step < last && !part;)
        {
            long inDay = step % StepsPerDay, end = Math.Min(last, step - inDay + StepsPerDay);
            int length = Read(camera, step, day);
            for (; step < end; step++, inDay++)
            {
                int at = HeaderSize + (int)(inDay * EntrySize);
                var entry = at + EntrySize <= length ? day.AsSpan(at, EntrySize) : [];
                var begin = new WallTime(Math.Max(from.Microseconds, step * StepMicroseconds));
                var finish = new WallTime(Math.Min(to.Microseconds, (step + 1) * StepMicroseconds));
                if (entry.IsEmpty || entry[0] == 0)
                {
                    if (unwatched.Count > 0 && unwatched[^1].To == begin)
                        unwatched[^1] = (unwatched[^1].From, finish);
                    else if (unwatched.Count < limit)
                        unwatched.Add((begin, finish));
                    else
                        part = true;
                    continue;
                }

                int fields = entry[1] == 0 ? 0 : Common(entry[8..], wanted);
                if (fields == 0)
                    continue;
                if (moved.Count > 0 && moved[^1].To == begin)
                    moved[^1] = moved[^1] with { To = finish, Fields = Math.Max(moved[^1].Fields, fields) };
                else if (moved.Count < limit)
                    moved.Add(new(begin, finish, fields));
                else
                    part = true;
            }
        }

        return new(moved, unwatched, part);
    }

    /// <summary>Removes the days before <paramref name="before"/> of one camera; with no time, all of it.</summary>
    public void Forget(string camera, WallTime? before)
    {
        string mine = Path.Combine(folder, camera);
        if (!Directory.Exists(mine))
            return;
        foreach (string file in Directory.EnumerateFiles(mine, "*" + Extension))
        {
            if (DateOnly.TryParseExact(Path.GetFileNameWithoutExtension(file), "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day)
                && (before is null || day.AddDays(1) <= DateOnly.FromDateTime(before.Value.ToDateTimeOffset().UtcDateTime)))
                File.Delete(file);
        }

        if (before is null && !Directory.EnumerateFileSystemEntries(mine).Any())
            Directory.Delete(mine);
    }

    /// <summary>Cameras that have files.</summary>
    public IEnumerable<string> Cameras() =>
        Directory.Exists(folder) ? Directory.EnumerateDirectories(folder).Select(d => Path.GetFileName(d)!).Where(SegmentName.IsCamera) : [];

    string FileOf(string camera, long step) =>
        Path.Combine(folder, camera, new WallTime(step / StepsPerDay * DayMicroseconds).ToDateTimeOffset().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) + Extension);

    // Under the step.
    void Write(string camera, Step step)
    {
        if (step.Pictures == 0 || step.Pictures == step.Written)
            return;
        Span<byte> entry = stackalloc byte[EntrySize];
        try
        {
            using var file = Open(FileOf(camera, step.Index));
            long offset = HeaderSize + (step.Index % StepsPerDay * EntrySize);
            // What an earlier node saw of the same five seconds stays.
            if (step.Written == 0 && RandomAccess.Read(file, entry, offset) == EntrySize && entry[0] > 0)
                step.Join(entry);
            entry.Clear();
            entry[0] = (byte)Math.Min(255, step.Pictures);
            entry[1] = (byte)Math.Min(255, step.Moving);
            entry[2] = step.Flags;
            step.Mask.CopyTo(entry[8..]);
            RandomAccess.Write(file, entry, offset);
            step.Written = step.Pictures;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            if (!step.Told)
                log.LogWarning("{Camera}: where it moved can't be written: {Fault}", camera, fault.Message);
            step.Told = true;
        }
    }

    SafeFileHandle Open(string path)
    {
        if (!File.Exists(path))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            Span<byte> header = stackalloc byte[HeaderSize];
            header.Clear();
            Magic.CopyTo(header);
            BinaryPrimitives.WriteUInt16LittleEndian(header[8..], Version);
            BinaryPrimitives.WriteUInt16LittleEndian(header[10..], StepSeconds);
            BinaryPrimitives.WriteUInt16LittleEndian(header[12..], MotionGate.HeatColumns);
            BinaryPrimitives.WriteUInt16LittleEndian(header[14..], MotionGate.HeatRows);
            var made = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
            RandomAccess.Write(made, header, 0);
            return made;
        }

        return File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
    }

    /// <returns>Bytes that are there; 0 for no file, or one of another version.</returns>
    int Read(string camera, long step, byte[] day)
    {
        try
        {
            using var file = File.OpenHandle(FileOf(camera, step), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            int length = 0;
            while (length < day.Length && RandomAccess.Read(file, day.AsSpan(length), length) is > 0 and var read)
                length += read;
            return length >= HeaderSize && day.AsSpan().StartsWith(Magic) && BinaryPrimitives.ReadUInt16LittleEndian(day.AsSpan(8)) == Version ? length : 0;
        }
        catch (Exception fault) when (fault is FileNotFoundException or DirectoryNotFoundException)
        {
            return 0;
        }
    }

    /// <summary>What a filled mask hides, nobody is told of who sees masks. A blurred area shows that something moves in it.</summary>
    static void Hide(byte[] wanted, CameraMasks masks)
    {
        var filled = masks with { Masks = [.. masks.Masks.Where(m => m.Kind == AreaKind.Fill)] };
        for (int i = 0; i < Fields; i++)
        {
            int x = i % MotionGate.HeatColumns, y = i / MotionGate.HeatColumns;
            if (filled.Hides(new(x / (float)MotionGate.HeatColumns, y / (float)MotionGate.HeatRows, 1f / MotionGate.HeatColumns, 1f / MotionGate.HeatRows)))
                wanted[i >> 3] &= (byte)~(1 << (i & 7));
        }
    }

    static byte[] MaskOf(Box area)
    {
        byte[] mask = new byte[MaskSize];
        int left = Math.Clamp((int)(area.X * MotionGate.HeatColumns), 0, MotionGate.HeatColumns - 1), top = Math.Clamp((int)(area.Y * MotionGate.HeatRows), 0, MotionGate.HeatRows - 1);
        int right = Math.Clamp((int)Math.Ceiling(area.Right * MotionGate.HeatColumns), left + 1, MotionGate.HeatColumns);
        int bottom = Math.Clamp((int)Math.Ceiling(area.Bottom * MotionGate.HeatRows), top + 1, MotionGate.HeatRows);
        for (int y = top; y < bottom; y++)
        {
            for (int i = (y * MotionGate.HeatColumns) + left; i < (y * MotionGate.HeatColumns) + right; i++)
                mask[i >> 3] |= (byte)(1 << (i & 7));
        }

        return mask;
    }

    static int Common(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b)
    {
        int count = 0;
        for (int i = 0; i < MaskSize; i++)
            count += System.Numerics.BitOperations.PopCount((uint)(a[i] & b[i]));
        return count;
    }

    /// <summary>The five seconds that run. Under itself.</summary>
    sealed class Step
    {
        public long Index { get; private set; } = -1;
        public int Pictures { get; set; }
        public int Moving { get; set; }
        public byte Flags { get; set; }
        public byte[] Mask { get; } = new byte[MaskSize];

        /// <summary>Pictures that are in the file.</summary>
        public int Written { get; set; }
        public bool Told { get; set; }

        public void Begin(long index)
        {
            Index = index;
            Pictures = Moving = Written = 0;
            Flags = 0;
            Array.Clear(Mask);
        }

        public void Join(ReadOnlySpan<byte> entry)
        {
            Pictures += entry[0];
            Moving += entry[1];
            for (int i = 0; i < MaskSize; i++)
                Mask[i] |= entry[8 + i];
        }
    }
}
