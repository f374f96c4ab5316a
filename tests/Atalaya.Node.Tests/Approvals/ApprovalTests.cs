using Atalaya.Media;
using Atalaya.Node.Approvals;
using Atalaya.Node.Oversight;

namespace Atalaya.Node.Tests.Approvals;

/// <summary>The second person's rule as pure functions.</summary>
public sealed class ApprovalTests
{
    static readonly WallTime Noon = new(1_772_366_400_000_000);
    static readonly TimeSpan Wait = TimeSpan.FromHours(24), Use = TimeSpan.FromHours(1);

    static Approval Asked() => new("1", ApprovalAction.Export, "digest", "asker", "Asker", ["gate"], Noon, Noon + TimeSpan.FromMinutes(1), "main", Purpose.None, ApprovalState.Waiting, Noon, Noon + Wait);

    [Fact]
    public void What_was_agreed_to_is_done_once()
    {
        var agreed = Step(Asked().Approve("second", "Second", "", Noon, Use));
        var used = Step(agreed.Use("asker", Noon));

        used.Use("asker", Noon).Fault.ShouldBe(ApprovalFault.TooLate);
        // What couldn't be done may be tried again, no longer than before.
        var again = Step(used.GiveBack());
        again.ExpiresAt.ShouldBe(agreed.ExpiresAt);
        Step(again.Use("asker", Noon)).State.ShouldBe(ApprovalState.Used);
    }

    [Fact]
    public void Nobody_agrees_to_their_own_and_nobody_else_uses_it()
    {
        Asked().Approve("asker", "Asker", "", Noon, Use).Fault.ShouldBe(ApprovalFault.NotTheirs);
        Asked().Refuse("asker", "Asker", "x", Noon).Fault.ShouldBe(ApprovalFault.NotTheirs);
        Asked().Withdraw("second", Noon).Fault.ShouldBe(ApprovalFault.NotTheirs);
        Step(Asked().Approve("second", "Second", "", Noon, Use)).Use("second", Noon).Fault.ShouldBe(ApprovalFault.NotTheirs);
    }

    [Fact]
    public void Time_ends_what_waits_and_what_was_agreed_to()
    {
        Asked().At(Noon + Wait).State.ShouldBe(ApprovalState.Expired);
        Asked().Approve("second", "Second", "", Noon + Wait, Use).Fault.ShouldBe(ApprovalFault.TooLate);
        var agreed = Step(Asked().Approve("second", "Second", "", Noon, Use));
        agreed.Use("asker", Noon + Use).Fault.ShouldBe(ApprovalFault.TooLate);
        agreed.At(Noon + Use).State.ShouldBe(ApprovalState.Expired);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Whatever_happens_in_whatever_order_it_is_done_at_most_once_and_only_after_somebody_else_agreed(int seed)
    {
        var random = new Random(seed);
        for (int run = 0; run < 2000; run++)
        {
            var approval = Asked();
            var now = Noon;
            int used = 0, agreed = 0;
            for (int i = 0; i < 12; i++)
            {
                now += TimeSpan.FromMinutes(random.Next(0, 400));
                string who = random.Next(3) switch { 0 => "asker", 1 => "second", _ => "third" };
                int kind = random.Next(4);
                var before = approval.At(now);
                var (next, fault) = kind switch
                {
                    0 => approval.Approve(who, who, "", now, Use),
                    1 => approval.Refuse(who, who, "no", now),
                    2 => approval.Withdraw(who, now),
                    _ => approval.Use(who, now),
                };
                if (fault != ApprovalFault.None)
                {
                    next.ShouldBe(approval, "what isn't possible changes nothing");
                    continue;
                }

                before.HasEnded.ShouldBeFalse("what has ended stays so");
                next.Digest.ShouldBe(approval.Digest);
                next.UserId.ShouldBe("asker");
                agreed += kind == 0 ? 1 : 0;
                used += kind == 3 ? 1 : 0;
                if (next.State is ApprovalState.Approved or ApprovalState.Refused)
                    next.DecidedBy.ShouldNotBe("asker");
                if (next.State == ApprovalState.Used)
                {
                    before.State.ShouldBe(ApprovalState.Approved);
                    (now - next.DecidedAt!.Value).ShouldBeLessThan(Use);
                }

                approval = next;
            }

            used.ShouldBeLessThanOrEqualTo(1);
            agreed.ShouldBeLessThanOrEqualTo(1);
            used.ShouldBeLessThanOrEqualTo(agreed);
        }
    }

    [Fact]
    public void Whatever_is_asked_differently_is_something_else()
    {
        var deed = new Deed(ApprovalAction.Export, ["gate"], Noon, Noon + TimeSpan.FromMinutes(1), "main");
        var purpose = new Purpose("investigation", "2026/118");
        Deed[] others =
        [
            deed with { Action = ApprovalAction.Release }, deed with { Cameras = ["far"] }, deed with { Cameras = ["gate", "far"] }, deed with { Cameras = [] }, deed with { From = null },
            deed with { From = Noon + TimeSpan.FromMilliseconds(1) }, deed with { To = Noon + TimeSpan.FromMinutes(2) }, deed with { Detail = "sub" }, deed with { Exactly = "x" },
        ];

        string[] digests = [deed.Digest(purpose), .. others.Select(d => d.Digest(purpose)), deed.Digest(Purpose.None), deed.Digest(purpose with { Reference = "2026/119" })];

        digests.Distinct().Count().ShouldBe(digests.Length);
        deed.Digest(purpose).ShouldBe((deed with { Cameras = ["gate"] }).Digest(purpose with { }));
    }

    [Theory]
    [InlineData(null, null, 7.0, null, "∞ d → 7 d")]
    [InlineData(30.0, null, 7.0, null, "30 d → 7 d")]
    [InlineData(7.0, null, 30.0, null, null)]
    [InlineData(7.0, null, 7.0, null, null)]
    [InlineData(7.0, null, null, null, null)]
    [InlineData(30.0, 2e9, 30.0, 1e9, "2 GB → 1 GB")]
    [InlineData(30.0, null, 60.0, 1e9, "∞ GB → 1 GB")]
    public void Retention_is_shortened_where_either_limit_becomes_less(double? oldDays, double? oldBytes, double? days, double? bytes, string? less) =>
        ShortenedRetention.Between(Limits(oldDays, oldBytes), Limits(days, bytes)).ShouldBe(less);

    static Recording.Storage.RetentionLimits Limits(double? days, double? bytes) => new(days is { } age ? TimeSpan.FromDays(age) : null, (long?)bytes);

    static Approval Step((Approval Next, ApprovalFault Fault) step)
    {
        step.Fault.ShouldBe(ApprovalFault.None);
        return step.Next;
    }
}
