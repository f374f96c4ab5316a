using Atalaya.Federation.Centre;

namespace Atalaya.Federation.Tests.Centre;

public sealed class TemplateOfferTests
{
    [Fact]
    public void Nothing_is_applied_that_was_not_tried_and_nothing_taken_back_that_was_not_applied()
    {
        foreach (var state in Enum.GetValues<TemplateState>())
        {
            state.MayBecome(TemplateState.Confirmed).ShouldBe(state == TemplateState.Tried);
            state.MayBecome(TemplateState.Recalled).ShouldBe(state == TemplateState.Applied);
            // Who told something tells it once.
            state.MayBecome(state).ShouldBeFalse();
        }

        TemplateState.Offered.MayBecome(TemplateState.Applied).ShouldBeFalse();
        TemplateState.Tried.MayBecome(TemplateState.Applied).ShouldBeFalse();
        TemplateState.Restored.MayBecome(TemplateState.Applied).ShouldBeFalse();
    }

    [Fact]
    public void What_a_site_tells_is_bounded_and_only_a_try_has_one()
    {
        var id = Guid.NewGuid();
        var tried = new TemplateTry([new("cameras", "gate", "Gate", [new("audio", "true", "false")])], 0, [], []);
        string revision = new('a', 64);

        new TemplateTold(id, TemplateState.Tried, "", "", revision, tried).IsSound.ShouldBeTrue();
        new TemplateTold(id, TemplateState.Tried, "", "", revision, null).IsSound.ShouldBeFalse();
        new TemplateTold(id, TemplateState.Applied, "", "", revision, tried).IsSound.ShouldBeFalse();
        new TemplateTold(id, TemplateState.Confirmed, "", "", revision, null).IsSound.ShouldBeFalse();
        new TemplateTold(id, TemplateState.Tried, "", "", "short", tried).IsSound.ShouldBeFalse();
        new TemplateTold(id, TemplateState.Tried, new('x', 501), "", revision, tried).IsSound.ShouldBeFalse();
        new TemplateTold(id, TemplateState.Tried, "", "", revision, tried with { Changes = [.. Enumerable.Repeat(tried.Changes[0], 2001)] }).IsSound.ShouldBeFalse();
        new TemplateOffered(id, "Name", "eva", new('x', 16385), revision).IsSound.ShouldBeFalse();
        new TemplateOffered(id, "Two\nlines", "eva", "x", revision).IsSound.ShouldBeFalse();
    }
}
