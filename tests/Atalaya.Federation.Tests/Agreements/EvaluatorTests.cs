using System.Text;

using Atalaya.Federation.Agreements;
using Atalaya.Testing;


namespace Atalaya.Federation.Tests.Agreements;

public sealed class EvaluatorTests
{
    const int Cases = 4000;

    [Fact]
    public void Nothing_is_allowed_that_no_clause_allows() => All((agreement, ask, decision) =>
    {
        if (!decision.Allowed)
            return;
        var clause = agreement.Clauses.Single(c => c.Id == decision.Clause);
        clause.Effect.ShouldBe(ClauseEffect.Allow);
        (clause.What.Count == 0 || clause.What.Contains(ask.What)).ShouldBeTrue();
        (clause.Purposes.Count == 0 || clause.Purposes.Contains(ask.Purpose)).ShouldBeTrue();
        (clause.Sites.Count == 0 || clause.Sites.Contains(ask.Site)).ShouldBeTrue();
        (clause.From.Count == 0 || clause.From.Contains(ask.From)).ShouldBeTrue();
        (!clause.RescueOnly || ask.Rescue).ShouldBeTrue();
        var terms = clause.Terms!;
        bool released = ask.Rescue && terms.ReviewHours is not null;
        (ask.Approvals >= terms.Approvals || released).ShouldBeTrue();
        (decision.Conditions.ReviewAfter is not null).ShouldBe(ask.Approvals < terms.Approvals);
        (ask.What is ShareKind.Alarm or ShareKind.IncidentCard || ask.Masked || !terms.Masked).ShouldBeTrue();
        AgreementEvaluator.Decide(agreement with { Clauses = [.. agreement.Clauses.Where(c => c.Effect == ClauseEffect.Deny)] }, ask).Allowed.ShouldBeFalse();
    });

    [Fact]
    public void What_a_clause_limits_and_an_ask_leaves_open_is_told_and_laid_down_it_isnt() => All((_, ask, decision) =>
    {
        var whole = ask with { Grade = new(SourceGrade.B, 2), Keep = TimeSpan.FromDays(1), Height = 480 };
        decision.Conditions.LeftOpenBy(whole).ShouldBeNull();
        decision.Conditions.LeftOpenBy(whole with { Grade = null }).ShouldBe(decision.Conditions.Graded && !ask.Rescue ? LeftOpen.Grade : null);
        decision.Conditions.LeftOpenBy(whole with { Keep = null }).ShouldBe(decision.Conditions.Keep is not null && ask.What != ShareKind.Live ? LeftOpen.Keep : null);
        decision.Conditions.LeftOpenBy(whole with { Height = null })
            .ShouldBe(decision.Conditions.MaxHeight is not null && (ask.What is ShareKind.Still or ShareKind.Live or ShareKind.Clip or ShareKind.Package) ? LeftOpen.Height : null);
    });

    [Fact]
    public void A_denial_stands_against_every_allowance() => All((agreement, ask, _) =>
    {
        var denial = agreement.Clauses.First(c => c.Effect == ClauseEffect.Deny) with
        {
            Id = "0",
            From = [],
            What = [ask.What],
            Purposes = [],
            IncidentTypes = [],
            Categories = [],
            Sites = [],
            Cameras = [],
            Requests = [],
            RescueOnly = false,
            ExceptRescue = false,
        };
        foreach (Clause[] clauses in (Clause[][])[[denial, .. agreement.Clauses], [.. agreement.Clauses, denial]])
            AgreementEvaluator.Decide(agreement with { Clauses = clauses }, ask).Allowed.ShouldBeFalse();
    });

    [Fact]
    public void Leaving_out_the_category_gets_nothing_that_a_denial_forbids_for_one() => All((agreement, ask, _) =>
    {
        var silent = AgreementEvaluator.Decide(agreement, ask with { Category = null });
        if (silent.Ground == AgreementEvaluator.CategoryMissing)
            agreement.Clauses.Single(c => c.Id == silent.Clause).Categories.ShouldNotBeEmpty();
        if (!silent.Allowed)
            return;
        foreach (var category in agreement.Categories)
        {
            var named = AgreementEvaluator.Decide(agreement, ask with { Category = category.Id });
            agreement.Clauses.ShouldNotContain(c => c.Id == named.Clause && c.Effect == ClauseEffect.Deny, category.Id);
        }
    });

    [Fact]
    public void Leaving_out_what_a_denial_names_gets_nothing_that_it_forbids() => All((agreement, ask, decision) =>
    {
        if (ask is { IncidentType: not null, Category: not null })
            NeedsName.ShouldNotContain(decision.Ground, "everything is named");
        bool hasSite = ask.What != ShareKind.IncidentCard, hasCamera = ask.What is not (ShareKind.Alarm or ShareKind.IncidentCard);
        for (int left = 1; left < 16; left++)
        {
            bool type = (left & 1) != 0, category = (left & 2) != 0, site = (left & 4) != 0, camera = (left & 8) != 0;
            if ((site && !hasSite) || (camera && !hasCamera))
                continue;
            var silent = ask with
            {
                IncidentType = type ? null : ask.IncidentType,
                Category = category ? null : ask.Category,
                Site = site ? "" : ask.Site,
                Camera = camera ? "" : ask.Camera,
            };
            var said = AgreementEvaluator.Decide(agreement, silent);
            if (NeedsName.Contains(said.Ground))
            {
                var clause = agreement.Clauses.Single(c => c.Id == said.Clause);
                clause.Effect.ShouldBe(ClauseEffect.Deny);
                (said.Ground switch
                {
                    AgreementEvaluator.IncidentTypeMissing => clause.IncidentTypes,
                    AgreementEvaluator.CategoryMissing => clause.Categories,
                    AgreementEvaluator.SiteMissing => clause.Sites,
                    _ => clause.Cameras,
                }).ShouldNotBeEmpty();
            }

            if (!said.Allowed)
                continue;
            var named = from t in type ? [.. AgreementCheck.IncidentTypes] : (string?[])[ask.IncidentType]
                        from k in category ? [.. agreement.Categories.Take(3).Select(c => c.Id)] : (string?[])[ask.Category]
                        from s in site ? RandomAgreement.Sites : [ask.Site]
                        from c in camera ? RandomAgreement.Cameras : [ask.Camera]
                        select silent with { IncidentType = t, Category = k, Site = s, Camera = c };
            foreach (var one in named)
            {
                string clause = AgreementEvaluator.Decide(agreement, one).Clause;
                agreement.Clauses.ShouldNotContain(c => c.Id == clause && c.Effect == ClauseEffect.Deny, $"{one}");
            }
        }
    });

    static readonly string[] NeedsName = [AgreementEvaluator.IncidentTypeMissing, AgreementEvaluator.CategoryMissing, AgreementEvaluator.SiteMissing, AgreementEvaluator.CameraMissing];

    [Fact]
    public void What_is_of_several_sites_or_cameras_names_each_where_a_denial_names_one_and_a_card_is_of_none()
    {
        var clip = Example.Ask(ShareKind.Clip, "investigation") with { Category = "drugs", Request = RequestKind.Footage };
        foreach (var (denial, silent, ground) in new (Func<Clause, Clause>, Ask, string)[]
        {
            (c => c with { Cameras = ["mast"] }, clip with { Camera = "" }, AgreementEvaluator.CameraMissing),
            (c => c with { Sites = ["Harbour"] }, clip with { Site = "" }, AgreementEvaluator.SiteMissing),
            (c => c with { IncidentTypes = ["crowd"] }, clip, AgreementEvaluator.IncidentTypeMissing),
        })
        {
            var template = Example.Agreement.Clauses.First(c => c.Effect == ClauseEffect.Deny);
            var agreement = Example.Agreement with
            {
                Clauses = [.. Example.Agreement.Clauses, denial(template with { Id = "9.1", What = [], Purposes = [], IncidentTypes = [], Categories = [], ExceptRescue = true })],
            };
            AgreementEvaluator.Decide(Example.Agreement, silent).Allowed.ShouldBeTrue(ground);
            var refused = AgreementEvaluator.Decide(agreement, silent);
            (refused.Clause, refused.Ground, refused.Refusal).ShouldBe(("9.1", ground, RefusalKind.Conditional));
            AgreementEvaluator.Decide(agreement, silent with { Camera = "gate", Site = "Crossing", IncidentType = "crossing" }).Allowed.ShouldBeTrue(ground);
            AgreementEvaluator.Decide(agreement, Example.Ask(ShareKind.Live, "rescue") with { Rescue = true, Masked = false, Camera = "", Site = "" }).Allowed.ShouldBeTrue("it excepts a rescue");
            if (ground != AgreementEvaluator.IncidentTypeMissing)
                AgreementEvaluator.Decide(agreement, Example.Ask(ShareKind.IncidentCard, "investigation") with { IncidentType = "crossing", Camera = "", Site = "" }).Allowed.ShouldBeTrue("a card is of no camera");
        }
    }

    [Fact]
    public void A_live_view_that_may_not_be_of_some_categories_has_to_name_its_own()
    {
        var ask = Example.Ask(ShareKind.Live, "investigation") with { Request = RequestKind.LiveAssistance };
        var silent = AgreementEvaluator.Decide(Example.Agreement, ask);
        (silent.Allowed, silent.Clause, silent.Ground, silent.Refusal).ShouldBe((false, "5.3", AgreementEvaluator.CategoryMissing, RefusalKind.Conditional));
        AgreementEvaluator.Decide(Example.Agreement, ask with { Category = "drugs" }).Allowed.ShouldBeTrue();
        AgreementEvaluator.Decide(Example.Agreement, ask with { Category = "terrorism" }).Ground.ShouldBe("running-case");
        AgreementEvaluator.Decide(Example.Agreement, Example.Ask(ShareKind.Live, "rescue") with { Rescue = true, Masked = false }).Allowed.ShouldBeTrue("a rescue waits for no category");
    }

    [Fact]
    public void The_order_of_clauses_says_nothing() => All((agreement, ask, decision) =>
    {
        var turned = agreement with { Clauses = [.. agreement.Clauses.Reverse()] };
        Same(AgreementEvaluator.Decide(turned, ask), decision);
        var mixed = agreement with { Clauses = [.. agreement.Clauses.OrderBy(c => (c.Id.GetHashCode(StringComparison.Ordinal) * 31) ^ ask.Approvals)] };
        Same(AgreementEvaluator.Decide(mixed, ask), decision);
    });

    [Fact]
    public void What_is_allowed_on_two_days_is_allowed_alike_on_those_between_and_never_again_after_the_end() => All((agreement, ask, decision) =>
    {
        foreach (int days in (int[])[-4000, -100, -1, 0, 1, 100, 4000])
        {
            var other = AgreementEvaluator.Decide(agreement, ask with { At = ask.At.AddDays(days) });
            if (decision.Allowed && other.Allowed)
                Same(AgreementEvaluator.Decide(agreement, ask with { At = ask.At.AddDays(days / 2.0) }), decision);
        }

        var ended = agreement with { Start = new(2000, 1, 1), End = DateOnly.FromDateTime(ask.At.UtcDateTime).AddDays(-1) };
        var refused = AgreementEvaluator.Decide(ended, ask);
        refused.Allowed.ShouldBeFalse();
        if (agreement.PartyOf(ask.From) is not null && ask.From != ask.To && agreement.PartyOf(ask.To) is not null)
            refused.Ground.ShouldBe(AgreementEvaluator.NotInForce);
    });

    [Fact]
    public void Asking_for_less_never_turns_a_yes_into_a_no() => All((agreement, ask, decision) =>
    {
        if (!decision.Allowed)
            return;
        AgreementEvaluator.Decide(agreement, ask with { Masked = true }).Allowed.ShouldBeTrue();
        AgreementEvaluator.Decide(agreement, ask with { Approvals = ask.Approvals + 1 }).Allowed.ShouldBeTrue();
        AgreementEvaluator.Decide(agreement, ask with { Keep = TimeSpan.Zero, Height = 16, Lasts = TimeSpan.FromSeconds(1), Handling = HandlingCode.H3 }).Allowed.ShouldBeTrue();
    });

    [Fact]
    public void What_lacks_conditions_is_allowed_once_they_are_met() => All((agreement, ask, decision) =>
    {
        if (decision.Refusal != RefusalKind.Conditional || decision.Conditions == Conditions.Strictest)
            return;
        var met = decision.Conditions;
        AgreementEvaluator.Decide(agreement, ask with
        {
            Masked = met.Masked || ask.Masked,
            Height = met.MaxHeight ?? ask.Height,
            Keep = met.Keep ?? ask.Keep,
            Handling = met.Handling,
            Approvals = Math.Max(met.ApprovalsNeeded, ask.Approvals),
            Lasts = met.MaxDuration ?? ask.Lasts,
        }).Allowed.ShouldBeTrue();
    });

    [Fact]
    public void A_rescue_waits_for_no_approval_where_a_clause_says_so_and_is_reviewed_after()
    {
        var ask = Example.Ask(ShareKind.Live, "rescue") with { Rescue = true, Masked = false, Approvals = 0 };
        var decision = AgreementEvaluator.Decide(Example.Agreement, ask);
        decision.Allowed.ShouldBeTrue();
        decision.Clause.ShouldBe("4.1");
        decision.Conditions.ReviewAfter.ShouldBe(TimeSpan.FromHours(24));
        var without = Example.Agreement with { Clauses = [.. Example.Agreement.Clauses.Select(c => c.Id == "4.1" ? c with { Terms = c.Terms! with { ReviewHours = null } } : c)] };
        AgreementEvaluator.Decide(without, ask).Ground.ShouldBe(AgreementEvaluator.ApprovalsMissing);
        AgreementEvaluator.Decide(Example.Agreement, ask with { Rescue = false }).Allowed.ShouldBeFalse();
    }

    [Fact]
    public void Every_decision_says_why_in_every_language() => All((agreement, ask, decision) =>
    {
        decision.Reasons.Count.ShouldBeGreaterThan(0);
        decision.Reasons.Count.ShouldBe(decision.Because.Count);
        (decision.Ground.Length == 0).ShouldBe(decision.Allowed);
        (decision.Refusal is null).ShouldBe(decision.Allowed);
        foreach (var language in Enum.GetValues<Language>())
        {
            foreach (var reason in decision.Because)
                AgreementWords.Sentence(reason, language).ShouldNotContain('{');
        }
    });

    [Fact]
    public void The_example_decides_as_its_table_says()
    {
        var table = new StringBuilder("what\tpurpose\tcircumstance\tdecision\tclause\tground\tconditions\n");
        foreach (var what in Enum.GetValues<ShareKind>())
        {
            foreach (string purpose in Example.Agreement.Purposes.Select(p => p.Id))
            {
                foreach (var (name, change) in Circumstances)
                {
                    var decision = AgreementEvaluator.Decide(Example.Agreement, change(Example.Ask(what, purpose)));
                    var c = decision.Conditions;
                    string conditions = decision.Clause == Decision.Default || c == Conditions.Strictest ? "" : string.Join(' ', new[]
                    {
                        c.Masked ? "masked" : "unmasked", c.MaxHeight is { } lines ? $"≤{lines}" : "", c.Keep is { } keep ? $"{keep.TotalDays:0}d" : "", $"{c.Handling}", $"onward={c.Onward}", $"approvals={c.ApprovalsNeeded}",
                        c.ReviewAfter is { } review ? $"review={review.TotalHours:0}h" : "", c.MaxDuration is { } most ? $"live≤{most.TotalMinutes:0}min" : "", c.Graded ? "graded" : "",
                    }.Where(w => w.Length > 0));
                    table.Append($"{what}\t{purpose}\t{name}\t{(decision.Allowed ? "yes" : decision.Refusal)}\t{decision.Clause}\t{decision.Ground}\t{conditions}\n");
                }
            }
        }

        string file = Path.Combine(RepositoryRoot.Path, "tests/Atalaya.Federation.Tests/Agreements/decisions.tsv");
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
            File.WriteAllText(file, table.ToString());
        table.ToString().ShouldBe(File.ReadAllText(file), "UPDATE_GOLDEN=1 writes it anew; read what changed");
    }

    static readonly (string Name, Func<Ask, Ask> Change)[] Circumstances =
    [
        ("intrusion", a => a with { IncidentType = "intrusion" }),
        ("no incident", a => a),
        ("one approval", a => a with { IncidentType = "crossing", Approvals = 1 }),
        ("unmasked, full size", a => a with { IncidentType = "crossing", Masked = false, Height = 2160 }),
        ("rescue, no approval", a => a with { IncidentType = "rescue", Rescue = true, Approvals = 0, Masked = false }),
        ("footage of drugs case", a => a with { Category = "drugs", Request = RequestKind.Footage }),
        ("footage, no category", a => a with { Request = RequestKind.Footage }),
        ("live assistance on drugs", a => a with { Category = "drugs", Request = RequestKind.LiveAssistance }),
        ("live assistance", a => a with { IncidentType = "intrusion", Request = RequestKind.LiveAssistance }),
        ("joint operation on weapons, unmasked", a => a with { Category = "weapons", Request = RequestKind.JointOperation, Masked = false }),
        ("joint operation on terrorism", a => a with { Category = "terrorism", Request = RequestKind.JointOperation }),
        ("support file on a killing", a => a with { Category = "life", Request = RequestKind.SupportFile, Masked = false }),
        ("tampering", a => a with { IncidentType = "tamper" }),
        ("kept for ten years", a => a with { IncidentType = "vehicle", Category = "vehicles", Request = RequestKind.Footage, Keep = TimeSpan.FromDays(3650) }),
        ("before it begins", a => a with { IncidentType = "intrusion", At = new(2025, 12, 31, 23, 59, 59, TimeSpan.Zero) }),
        ("unknown category", a => a with { Category = "gossip" }),
        ("to a third country", a => a with { To = "East" }),
    ];

    static void Same(Decision one, Decision other)
    {
        one.Allowed.ShouldBe(other.Allowed);
        one.Clause.ShouldBe(other.Clause);
        one.Ground.ShouldBe(other.Ground);
        one.Reasons[0].ShouldBe(other.Reasons[0]);
        (one.Conditions with { Approvers = null }).ShouldBe(other.Conditions with { Approvers = null });
    }

    /// <summary>Random sound agreements and asks about them.</summary>
    static void All(Action<Agreement, Ask, Decision> holds)
    {
        int allowed = 0;
        for (int seed = 0; seed < Cases; seed++)
        {
            var random = new Random(seed);
            var agreement = RandomAgreement.Of(random);
            var ask = RandomAgreement.AskOf(random, agreement);
            var decision = AgreementEvaluator.Decide(agreement, ask);
            allowed += decision.Allowed ? 1 : 0;
            try
            {
                holds(agreement, ask, decision);
            }
            catch (Exception fault)
            {
                throw new InvalidOperationException($"seed {seed}: {ask}\n{string.Join('\n', decision.Reasons)}", fault);
            }
        }

        // Properties of what never happens hold of nothing.
        allowed.ShouldBeInRange(Cases / 20, Cases * 19 / 20);
    }
}
