using Atalaya.Analysis.Evaluation;
using Atalaya.Incidents;

namespace Atalaya.Analysis.Tests.Evaluation;

/// <summary>The evaluator gives the figures that are worked out by hand.</summary>
public sealed class AveragePrecisionTests
{
    static readonly Box Here = new(0.1f, 0.1f, 0.2f, 0.4f), There = new(0.6f, 0.1f, 0.2f, 0.4f), Nowhere = new(0.4f, 0.7f, 0.1f, 0.1f);

    [Fact]
    public void All_found_and_nothing_else_is_one()
    {
        var precision = new AveragePrecision();
        precision.Add([Person(Here, 0.9f), Person(There, 0.4f)], [True(Here), True(There)]);
        precision.Of(ObjectClass.Person).ShouldBe(1);
    }

    [Fact]
    public void A_false_one_between_costs_precision_from_there_on()
    {
        // By score: hit (1/1), false (1/2), hit (2/3); three are there. Area: 1/3 × 1 + 1/3 × 2/3.
        var precision = new AveragePrecision();
        precision.Add([Person(Here, 0.9f), Person(Nowhere, 0.8f), Person(There, 0.7f)], [True(Here), True(There), True(new(0, 0.8f, 0.1f, 0.2f))]);
        precision.Of(ObjectClass.Person).ShouldBe((1 / 3.0) + (2 / 9.0), 1e-9);
    }

    [Fact]
    public void Precision_never_rises_with_recall()
    {
        // False (0/1), hit (1/2), hit (2/3): the envelope is 2/3 everywhere.
        var precision = new AveragePrecision();
        precision.Add([Person(Nowhere, 0.9f), Person(Here, 0.8f), Person(There, 0.7f)], [True(Here), True(There)]);
        precision.Of(ObjectClass.Person).ShouldBe(2 / 3.0, 1e-9);
    }

    [Fact]
    public void A_second_box_on_the_same_thing_is_false()
    {
        var precision = new AveragePrecision();
        precision.Add([Person(Here, 0.9f), Person(Here, 0.8f), Person(There, 0.7f)], [True(Here), True(There)]);
        precision.Of(ObjectClass.Person).ShouldBe(0.5 + (0.5 * 2 / 3), 1e-9);
        precision.FalseCount(ObjectClass.Person, 0.75f).ShouldBe(1);
        precision.FalseCount(ObjectClass.Person, 0.85f).ShouldBe(0);
    }

    [Fact]
    public void Scores_are_compared_over_all_pictures()
    {
        // One picture alone would be perfect; its low scored hit comes after the other's false one.
        var precision = new AveragePrecision();
        precision.Add([Person(Here, 0.3f)], [True(Here)]);
        precision.Add([Person(Nowhere, 0.9f)], []);
        precision.Of(ObjectClass.Person).ShouldBe(0.5);
        precision.Recall(ObjectClass.Person, 0.2f).ShouldBe(1);
        precision.Recall(ObjectClass.Person, 0.5f).ShouldBe(0);
    }

    [Fact]
    public void Equal_scores_are_one_threshold_whatever_their_order()
    {
        var one = new AveragePrecision();
        one.Add([Person(Here, 0.5f), Person(Nowhere, 0.5f)], [True(Here)]);
        var other = new AveragePrecision();
        other.Add([Person(Nowhere, 0.5f), Person(Here, 0.5f)], [True(Here)]);
        (one.Of(ObjectClass.Person), other.Of(ObjectClass.Person)).ShouldBe((0.5, 0.5));
    }

    [Fact]
    public void A_box_counts_from_half_overlap_on_and_for_its_own_class_only()
    {
        var precision = new AveragePrecision();
        var half = Here with { Height = 0.2f };     // exactly half of it
        precision.Add([Person(half, 0.9f)], [True(Here)]);
        precision.Of(ObjectClass.Person).ShouldBe(1);
        var less = new AveragePrecision();
        less.Add([Person(Here with { Height = 0.19f }, 0.9f)], [True(Here)]);
        less.Of(ObjectClass.Person).ShouldBe(0);
        var other = new AveragePrecision();
        other.Add([new(Here, ObjectClass.Vehicle, 0.9f)], [True(Here)]);
        other.Of(ObjectClass.Person).ShouldBe(0);
        other.FalseCount(ObjectClass.Vehicle, 0).ShouldBe(1);
        double.IsNaN(other.Of(ObjectClass.Vehicle)).ShouldBeTrue();
        other.Classes.ShouldBe([ObjectClass.Person, ObjectClass.Vehicle]);
    }

    static Detection Person(Box box, float score) => new(box, ObjectClass.Person, score);

    static TrueBox True(Box box) => new(box, ObjectClass.Person);
}
