using Atalaya.Media;

namespace Atalaya.Simulation;

/// <summary>
/// A track played for ever on one media clock: units are counted on through the loops, so that unit <c>n</c> has one decode and one presentation
/// time. Where the clip ends its time goes on without a jump.
/// </summary>
/// <remarks>
/// Video: loop k shows unit i at k · period + its time in the clip. Audio goes on in even steps, whatever the period is; each loop starts with the
/// clip's first unit at the first step in it, so that it is at most one unit away from its picture and never drifts.
/// </remarks>
sealed class Loop(ClipTrack track, MediaTime period)
{
    readonly int _count = track.Units.Count;
    readonly int _rate = track.Format is AudioFormat audio ? audio.SampleRate : 90_000;

    public ClipTrack Track => track;

    /// <summary>The clip's unit that <paramref name="number"/> shows.</summary>
    public int Index(long number)
    {
        if (track.IsVideo)
            return (int)FloorModulo(number, _count);
        long loop = FloorDivide(Samples(number) * 90_000, (Int128)period.Ticks * _rate);
        return (int)Math.Min(number - FirstAudio(loop), _count - 1);
    }

    public MediaTime Decode(long number) => track.IsVideo
        ? new((FloorDivide(number, _count) * period.Ticks) + track.Units[Index(number)].Decode.Ticks)
        : new((long)(Samples(number) * 90_000 / _rate));

    /// <summary>In units of the RTP clock.</summary>
    public long RtpTime(long number) => track.IsVideo
        ? (FloorDivide(number, _count) * period.Ticks) + track.Units[Index(number)].Presentation.Ticks
        : (long)Samples(number);

    /// <summary>The first unit that a viewer can start with, decoded at <paramref name="from"/> or later.</summary>
    public long FirstStart(MediaTime from)
    {
        if (!track.IsVideo)
            return CeilingDivide((Int128)from.Ticks * _rate, (Int128)90_000 * track.SamplesPerUnit);
        for (long loop = FloorDivide(from.Ticks - track.Units[0].Decode.Ticks, period.Ticks); ; loop++)
        {
            foreach (int key in track.Keys)
            {
                if ((loop * period.Ticks) + track.Units[key].Decode.Ticks >= from.Ticks)
                    return (loop * _count) + key;
            }
        }
    }

    Int128 Samples(long number) => (Int128)number * track.SamplesPerUnit;

    long FirstAudio(long loop) => CeilingDivide((Int128)loop * period.Ticks * _rate, (Int128)90_000 * track.SamplesPerUnit);

    static long FloorDivide(Int128 a, Int128 b) => (long)((a / b) - (a % b < 0 ? 1 : 0));
    static long CeilingDivide(Int128 a, Int128 b) => (long)((a / b) + (a % b > 0 ? 1 : 0));
    static long FloorDivide(long a, long b) => (a / b) - (a % b < 0 ? 1 : 0);
    static long FloorModulo(long a, long b) => a % b < 0 ? (a % b) + b : a % b;
}
