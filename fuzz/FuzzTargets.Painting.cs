using Atalaya.Analysis.Codec;
using Atalaya.Analysis.Painting;

namespace Atalaya.Fuzz;

public static partial class FuzzTargets
{
    public static void AreaPlans(ReadOnlySpan<byte> input)
    {
        if (!AreaPlanText.TryRead(input, out var plan, out string fault))
        {
            if (fault.Length == 0)
                throw new InvalidOperationException("A plan was refused without a reason.");
            return;
        }

        // What was let through must be paintable.
        var picture = new PlanarPicture(34, 26);
        var painter = new AreaPainter(plan, 34, 26);
        foreach (long at in (ReadOnlySpan<long>)[long.MinValue / 4, 0, 45_000, long.MaxValue / 4])
            painter.Paint(picture, new(at));
        if (!AreaPlanText.TryRead(AreaPlanText.Write(plan), out _, out fault))
            throw new InvalidOperationException($"A plan that was read is refused when it was written: {fault}");
    }

    static IEnumerable<byte[]> AreaPlansSeeds() =>
    [
        """{"areas":[{"kind":"fill","keys":[{"at":0,"outline":[[0.1,0.1],[0.5,0.1],[0.5,0.6]]}]}]}"""u8.ToArray(),
        """{"outside":"blur","areas":[{"kind":"keep","from":0,"to":90000,"keys":[{"at":0,"outline":[[0,0],[1,0],[1,1],[0,1]]},{"at":90000,"outline":[[0.2,0],[1.2,0],[1.2,1],[0.2,1]]}]}]}"""u8.ToArray(),
        """{"areas":[{"kind":"blur","from":null,"keys":[{"at":-5,"outline":[[-1,0.5],[2,0.5],[0.5,2],[0.5,-1]]},{"at":7,"outline":[[0,0],[1e-9,1],[1,1]]}]}]}"""u8.ToArray(),
    ];
}
