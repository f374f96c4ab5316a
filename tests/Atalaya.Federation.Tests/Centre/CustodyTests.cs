using Atalaya.Federation.Centre;

namespace Atalaya.Federation.Tests.Centre;

/// <summary>An incident that two nodes can work has one who does, whatever the link between them does to their messages.</summary>
public sealed class CustodyTests
{
    [Fact]
    public void What_the_centre_takes_over_is_the_sites_no_longer_and_comes_back_by_either()
    {
        var (taken, none) = Custody.AtSite.TakeOver(0, "ana");

        (taken, none).ShouldBe((new(CaseHolder.Centre, 1, "ana"), CustodyRefusal.None));
        taken.TakeOver(1, "eva").Refusal.ShouldBe(CustodyRefusal.Held);
        taken.HandBack(1, "ana").Custody.ShouldBe(new(CaseHolder.Site, 2, "ana"));
        taken.TakeBack("omar").Custody.ShouldBe(new(CaseHolder.Site, 2, "omar"));
        Custody.AtSite.HandBack(0, "ana").Refusal.ShouldBe(CustodyRefusal.NotHeld);
        Custody.AtSite.TakeBack("omar").Refusal.ShouldBe(CustodyRefusal.Held);
    }

    /// <summary>
    /// A site and a centre that act as they like on what they know, over a link that delays, and that delivers each lane in its order, once. At the site deeds of both are only done by whoever has the case,
    /// and when all has arrived both know the same.
    /// </summary>
    [Fact]
    public void However_late_messages_are_only_one_side_may_work_the_case_and_both_end_up_agreed()
    {
        for (int seed = 0; seed < 2000; seed++)
        {
            var random = new Random(seed);
            var site = Custody.AtSite;
            var known = Custody.AtSite;     // at the centre
            var toSite = new Queue<(string What, long Epoch)>();
            var toCentre = new Queue<Custody>();
            long lastEpoch = 0;
            for (int step = 0; step < 60; step++)
            {
                switch (random.Next(7))
                {
                    case 0:
                        toSite.Enqueue(("take", known.Epoch));
                        break;
                    case 1:
                        toSite.Enqueue(("give", known.Epoch));
                        break;
                    case 2:
                        toSite.Enqueue(("work", known.Epoch));
                        break;
                    case 3 when random.Next(3) == 0 && site.TakeBack("site") is { Refusal: CustodyRefusal.None } back:
                        Become(back.Custody);
                        break;
                    case 4 or 5 when toSite.TryDequeue(out var asked):
                        if (asked.What == "work")
                        {
                            if (site.RefuseCentre(asked.Epoch) != CustodyRefusal.None)
                                break;
                            site.Holder.ShouldBe(CaseHolder.Centre, $"seed {seed}: the centre worked what it hasn't");
                            asked.Epoch.ShouldBe(site.Epoch, $"seed {seed}: it worked on the word of an earlier hand-over");
                            break;
                        }

                        var (after, refusal) = asked.What == "take" ? site.TakeOver(asked.Epoch, "centre") : site.HandBack(asked.Epoch, "centre");
                        if (refusal == CustodyRefusal.None)
                            Become(after);
                        else
                            after.ShouldBe(site, $"seed {seed}: what is refused changes nothing");
                        break;
                    case 6 when toCentre.TryDequeue(out var told):
                        known = told;
                        break;
                }
            }

            while (toCentre.TryDequeue(out var told))
                known = told;
            known.ShouldBe(site, $"seed {seed}");

            void Become(Custody next)
            {
                next.Epoch.ShouldBe(lastEpoch + 1, $"seed {seed}: each hand-over is counted once");
                next.Holder.ShouldNotBe(site.Holder, $"seed {seed}: a hand-over changes who has it");
                lastEpoch = next.Epoch;
                site = next;
                toCentre.Enqueue(next);
            }
        }
    }
}
