using Atalaya.Federation.Agreements;

namespace Atalaya.Federation.Tests.Agreements;

/// <summary>Sound agreements and asks, drawn so that clauses often fit.</summary>
static class RandomAgreement
{
    internal static readonly string[] Sites = ["Crossing", "Harbour"], Cameras = ["gate", "mast"];

    public static Agreement Of(Random random)
    {
        var example = AgreementExample.Convention;
        string[] purposes = [.. example.Purposes.Select(p => p.Id)], categories = [.. example.Categories.Take(3).Select(c => c.Id)];
        var clauses = new List<Clause>();
        int count = random.Next(1, 8);
        for (int i = 0; i < count; i++)
        {
            bool denies = random.Next(5) == 0 || i == 0;
            clauses.Add(new(
                $"{random.Next(1, 12)}.{i}", denies ? ClauseEffect.Deny : ClauseEffect.Allow, random.Next(2) == 0 ? null : new("One", "Uno", "Un", "واحد"),
                Some(["North", "South"], 6), Some(Enum.GetValues<ShareKind>(), denies ? 1 : 2), Some(purposes, 3), Some([.. AgreementCheck.IncidentTypes], 6), Some(categories, 6), Some(Sites, 6),
                Some(Cameras, 6), Some(Enum.GetValues<RequestKind>(), 6), random.Next(8) == 0 && !denies, denies ? example.Grounds[random.Next(example.Grounds.Count)].Id : null, denies && random.Next(3) == 0,
                denies ? null : new(
                    random.Next(2) == 0, Maybe(720), Maybe(random.Next(0, 100)), (HandlingCode)random.Next(4), (OnwardTransfer)random.Next(3), random.Next(0, 4), [], Maybe(24), Maybe(120), random.Next(2) == 0,
                    random.Next(2) == 0)));
        }

        var agreement = example with
        {
            Clauses = clauses,
            Start = new(2026, random.Next(1, 9), 1),
            End = random.Next(2) == 0 ? null : new(2026, random.Next(9, 13), 1),
            Grading = new(Some(Enum.GetValues<SourceGrade>(), 2), random.Next(1, 5)),
        };
        AgreementCheck.Check(agreement).ShouldBeEmpty();
        return agreement;

        // Often empty: any.
        T[] Some<T>(T[] all, int seldom)
        {
            if (random.Next(seldom) != 0)
                return [];
            var some = all.Where(_ => random.Next(2) == 0).ToArray();
            return some.Length == 0 ? [all[random.Next(all.Length)]] : some;
        }

        int? Maybe(int value) => random.Next(3) == 0 ? value : null;
    }

    public static Ask AskOf(Random random, Agreement agreement)
    {
        string[] parties = random.Next(20) == 0 ? ["North", "East"] : random.Next(2) == 0 ? ["North", "South"] : ["South", "North"];
        bool isRescue = random.Next(4) == 0;
        return new(
            parties[0], parties[1], Of(Enum.GetValues<ShareKind>()), random.Next(20) == 0 ? "curiosity" : Of([.. agreement.Purposes.Select(p => p.Id)]),
            random.Next(2) == 0 ? null : Of([.. AgreementCheck.IncidentTypes]), random.Next(2) == 0 ? null : Of([.. agreement.Categories.Take(3).Select(c => c.Id)]), Of(Sites), Of(Cameras),
            random.Next(2) == 0, random.Next(2) == 0 ? null : Of<int>([480, 720, 1080]), random.Next(2) == 0 ? null : TimeSpan.FromDays(random.Next(0, 100)),
            random.Next(2) == 0 ? null : Of(Enum.GetValues<HandlingCode>()), random.Next(2) == 0 ? null : Of(Enum.GetValues<RequestKind>()), isRescue,
            new DateTimeOffset(2026, 8, 1, 0, 0, 0, TimeSpan.Zero).AddDays(random.Next(-60, 60)), random.Next(0, 4), random.Next(2) == 0 ? null : TimeSpan.FromMinutes(random.Next(1, 200)),
            random.Next(4) == 0 ? new Grade(Of(Enum.GetValues<SourceGrade>()), random.Next(1, 5)) : null);

        T Of<T>(T[] all) => all[random.Next(all.Length)];
    }
}
