using System.Collections.Concurrent;

using Atalaya.Analysis.Painting;
using Atalaya.Media;

namespace Atalaya.Node.Masks;

/// <summary>Has recorded units painted, as fast as the process goes. A few at once; live streams have threads of their own there.</summary>
sealed class FootagePainter(PaintHost host, TimeProvider clock) : IDisposable
{
    // Two: one is read and written while the other is painted. More would take the processor from those who watch.
    const int AtOnce = 2;

    readonly SemaphoreSlim _jobs = new(AtOnce, AtOnce);

    /// <summary>Paints units of one run, and hands over what comes back in the order shown.</summary>
    /// <param name="camera">Whose pictures they are.</param>
    /// <param name="units">In decode order, from a key frame on; each is released here.</param>
    /// <param name="quick">Somebody waits for it: little effort for each picture.</param>
    /// <param name="isKey">Whether a unit's painted picture shall be a key frame.</param>
    /// <param name="onUnit">On the caller's side, one at a time.</param>
    /// <exception cref="PaintException">Nothing can be painted.</exception>
    /// <exception cref="OperationCanceledException">Only through <paramref name="stop"/>.</exception>
    public async Task PaintAsync(string camera, AreaPlan plan, bool quick, IEnumerable<AccessUnit> units, Func<AccessUnit, bool> isKey, Action<AccessUnit> onUnit, CancellationToken stop)
    {
        await _jobs.WaitAsync(stop);
        try
        {
            var line = await host.OpenAsync(camera, plan, live: quick, stop);
            using var both = CancellationTokenSource.CreateLinkedTokenSource(stop, line.Ended);
            var painted = new ConcurrentQueue<AccessUnit>();
            string fault = "";
            line.OnUnit = painted.Enqueue;
            line.OnFault = f => Volatile.Write(ref fault, f);
            try
            {
                foreach (var unit in units)
                {
                    try
                    {
                        await line.SendAsync(unit, isKey(unit), clock.GetTimestamp(), both.Token);
                    }
                    finally
                    {
                        unit.Release();
                    }

                    Give();
                }

                await line.DrainAsync(clock.GetTimestamp(), both.Token);
                Give();
            }
            catch (Exception ended) when (ended is ObjectDisposedException || (ended is not PaintException and (IOException or OperationCanceledException) && line.Ended.IsCancellationRequested && !stop.IsCancellationRequested))
            {
                throw new PaintException("The process that paints masks ended while it worked on this.");
            }
            finally
            {
                host.Close(line);
            }

            void Give()
            {
                if (Volatile.Read(ref fault) is { Length: > 0 } why)
                    throw new PaintException(why);
                while (painted.TryDequeue(out var one))
                    onUnit(one);
            }
        }
        finally
        {
            _jobs.Release();
        }
    }

    public void Dispose() => _jobs.Dispose();
}
