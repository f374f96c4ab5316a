using System.Text;

using Atalaya.Analysis.Codec;
using Atalaya.Analysis.Painting;
using Atalaya.Node.Api;
using Atalaya.Node.Redactions;

namespace Atalaya.Fuzz;

public static partial class FuzzTargets
{
    /// <summary>A plan as a page sends it: refused with its faults, or painted.</summary>
    public static void RedactionPlans(ReadOnlySpan<byte> input)
    {
        if (RedactionStore.ReadPlan(Encoding.UTF8.GetString(input)) is not { } plan)
            return;
        var errors = new FieldErrors();
        RedactionPlan.Check(plan, 10_000_000, errors);
        if (errors.Any)
            return;
        var painter = new AreaPainter(RedactionPlan.ToAreas(plan), 32, 24);
        var picture = new PlanarPicture(32, 24);
        foreach (long at in (long[])[0, 5_000_000, 9_999_999])
            painter.Paint(picture, RedactionPlan.TimeOf(at));
    }

    static IEnumerable<byte[]> RedactionPlansSeeds()
    {
        yield return """
            {"style":"blur","everythingElse":false,"things":[
              {"id":"f1","kind":"face","found":true,"deed":"cover","style":null,"from":0,"to":9000000,"keys":[{"at":0,"x":0.1,"y":0.2,"w":0.1,"h":0.1},{"at":500000,"x":0.3,"y":0.2,"w":0.1,"h":0.2}]},
              {"id":"a1","kind":"area","deed":"keep","style":"fill","from":1,"to":2,"keys":[{"at":0,"x":-0.5,"y":0,"w":2,"h":0.01}]}]}
            """u8.ToArray();
        yield return """{"everythingElse":true,"style":"fill","things":[]}"""u8.ToArray();
    }
}
