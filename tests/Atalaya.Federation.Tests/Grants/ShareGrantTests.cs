using Atalaya.Federation.Agreements;
using Atalaya.Federation.Grants;

using FsCheck;
using FsCheck.Fluent;

namespace Atalaya.Federation.Tests.Grants;

public sealed class ShareGrantTests
{
    static readonly string Id = Guid.Empty.ToString();
    static DateTimeOffset Noon => GrantExamples.Noon;

    [Fact]
    public void A_grant_that_takes_two_waits_for_the_second_and_never_counts_one_twice()
    {
        var asked = ShareGrant.Ask(Id, GrantExamples.Terms(), "ana", 2, Noon);
        asked.State.ShouldBe(GrantState.Asked);
        asked.Give(Noon).Fault.ShouldBe(GrantFault.OutOfTurn);
        asked.Approve("ana", Noon).Fault.ShouldBe(GrantFault.SamePerson);
        var (approved, fault) = asked.Approve("berta", Noon);
        fault.ShouldBe(GrantFault.None);
        approved.State.ShouldBe(GrantState.Approved);
        approved.Give(Noon).Next.State.ShouldBe(GrantState.Given);
    }

    [Fact]
    public void A_rescue_goes_first_and_is_reviewed_by_somebody_else()
    {
        var given = ShareGrant.Ask(Id, GrantExamples.Terms(ShareKind.Live), "ana", 2, Noon, review: Noon.AddHours(24)).Give(Noon).Next;
        given.IsOpen(Noon).ShouldBeTrue();
        given.CloseReview("ana", right: true, "", Noon).Fault.ShouldBe(GrantFault.SamePerson);
        var (closed, fault) = given.Revoke("over", Noon.AddHours(1)).Next.CloseReview("berta", right: false, "nobody was in the water", Noon.AddHours(30));
        fault.ShouldBe(GrantFault.None);
        closed.Review.ShouldBe(new GrantReview(Noon.AddHours(24), Noon.AddHours(30), "berta", false, "nobody was in the water"));
        closed.CloseReview("carla", right: true, "", Noon.AddHours(31)).Fault.ShouldBe(GrantFault.OutOfTurn);
    }

    [Fact]
    public void One_that_the_other_side_does_not_take_is_refused_whatever_became_of_it_meanwhile()
    {
        var made = ShareGrant.Ask(Id, GrantExamples.Terms(), "ana", 1, Noon);
        made.Refuse("not agreed", Noon).Fault.ShouldBe(GrantFault.OutOfTurn, "nobody was told of it yet");
        var given = made.Give(Noon).Next;
        foreach (var one in new[] { given, given.Use(Noon).Next, given.Revoke("over", Noon).Next, given.At(given.Terms.Expires) })
        {
            var (refused, fault) = one.Refuse("not agreed", Noon.AddDays(30));
            (fault, refused.State, refused.Why, refused.EndedAt).ShouldBe((GrantFault.None, GrantState.Refused, "not agreed", one.EndedAt ?? Noon.AddDays(30)));
            refused.IsOpen(Noon).ShouldBeFalse();
            refused.Use(Noon).Fault.ShouldBe(GrantFault.OutOfTurn);
            refused.Refuse("again", Noon).Fault.ShouldBe(GrantFault.OutOfTurn);
        }
    }

    [Fact]
    public void The_last_moment_is_not_part_of_it()
    {
        var given = ShareGrant.Ask(Id, GrantExamples.Terms(ShareKind.Live), "ana", 1, Noon.AddHours(-1)).Give(Noon.AddHours(-1)).Next;
        given.IsOpen(Noon.AddTicks(-1)).ShouldBeFalse();
        given.Use(Noon.AddTicks(-1)).Fault.ShouldBe(GrantFault.OutOfTime);
        given.IsOpen(Noon).ShouldBeTrue();
        given.IsOpen(given.Terms.Expires.AddTicks(-1)).ShouldBeTrue();
        given.IsOpen(given.Terms.Expires).ShouldBeFalse();
        given.Use(given.Terms.Expires).Fault.ShouldBe(GrantFault.OutOfTime);
        given.At(given.Terms.Expires).State.ShouldBe(GrantState.Expired);
    }

    [Fact]
    public void Whatever_is_done_to_it_an_ended_grant_stays_ended_and_nothing_opens_without_enough_persons()
    {
        var step = Gen.Choose(0, 5).Zip(Gen.Choose(0, 300)).Select(s => (Kind: s.Item1, Minutes: s.Item2));
        var case_ = Gen.Choose(1, 4).Zip(step.ListOf());
        Prop.ForAll(case_.ToArbitrary(), c =>
        {
            var now = Noon.AddHours(-1);
            var grant = ShareGrant.Ask(Id, GrantExamples.Terms(), "p0", c.Item1, now);
            foreach (var (kind, minutes) in c.Item2)
            {
                var before = grant;
                now = now.AddMinutes(minutes % 30);
                (grant, var fault) = kind switch
                {
                    0 or 1 => grant.Approve($"p{minutes % 4}", now),
                    2 => grant.Give(now),
                    3 => grant.Use(now),
                    4 => minutes % 7 == 0 ? grant.Revoke("r", now) : (grant.At(now), GrantFault.None),
                    _ => minutes % 11 == 0 ? grant.End("e", now) : (grant.At(now), GrantFault.None),
                };
                if (before.HasEnded && grant != before)
                    return false;
                if (fault != GrantFault.None && grant != before.At(now))
                    return false;
                if (grant.IsOpen(now) && (grant.Persons.Distinct(StringComparer.Ordinal).Count() < c.Item1 || grant.HasEnded || now >= grant.Terms.Expires || now < grant.Terms.Begins || grant.GivenAt is null))
                    return false;
                if (grant.HasEnded != grant.EndedAt is not null)
                    return false;
            }

            return true;
        }).QuickCheckThrowOnFailure();
    }
}
