using System.ComponentModel;

using Atalaya.Federation.Operations;
using Atalaya.Federation.Stories;
using Atalaya.Node.Federation.Links;

namespace Atalaya.Node.Federation.Operations;

public sealed record ProposeOperationInputJson
{
    [Description("Id of the link to the partner. Required.")]
    public string? Link { get; init; }

    [Description("At most 200 characters. Required.")]
    public string? Title { get; init; }

    [Description("What it is to achieve; at most 4000 characters. Required.")]
    public string? Aim { get; init; }

    [Description("Where; at most 200 characters.")]
    public string? Place { get; init; }

    [Description("Article, order, number; at most 200 characters. Required.")]
    public string? LegalBasis { get; init; }

    [Description("Id of one of the agreement's purposes. Required.")]
    public string? Purpose { get; init; }

    [Description("Id of the request that led to it.")]
    public string? Request { get; init; }

    [Description("Required.")]
    public DateTimeOffset? Start { get; init; }

    [Description("Then it is over; at most 92 days after the start. Required.")]
    public DateTimeOffset? End { get; init; }

    [Description("Who takes part for this organisation; 1 to 100 names. Required.")]
    public IReadOnlyList<string>? Members { get; init; }
}

public sealed record OperationMembersInputJson
{
    [Description("All who take part for this organisation; 1 to 100 names. Required.")]
    public IReadOnlyList<string>? Members { get; init; }
}

public sealed record OperationNoteInputJson
{
    [Description("At most 4000 characters.")]
    public string? Note { get; init; }
}

public sealed record OperationMessageInputJson
{
    [Description("Of the text: es, fr, ar, en or another as BCP 47 writes it. Required.")]
    public string? Language { get; init; }

    [Description("At most 4000 characters. Required.")]
    public string? Text { get; init; }
}

public sealed record OperationMarkInputJson
{
    [Description("Required.")]
    public MarkKind? Kind { get; init; }

    [Description("At most 200 characters.")]
    public string? Label { get; init; }

    [Description("Degrees, WGS 84. Required.")]
    public double? Latitude { get; init; }

    [Description("Required.")]
    public double? Longitude { get; init; }
}

public sealed record OperationTaskInputJson
{
    [Description("At most 4000 characters. Required.")]
    public string? Text { get; init; }

    [Description("Who does it; at most 200 characters.")]
    public string? For { get; init; }

    public DateTimeOffset? Due { get; init; }
}

public sealed record OperationGrantInputJson
{
    [Description("Id of a grant that this organisation gave over the same link; it ends with the operation. Required.")]
    public string? Grant { get; init; }

    [Description("What it gives, in words.")]
    public string? What { get; init; }
}

public sealed record OperationLineJson(
    string Id, string Link, [property: Description("The other organisation.")] string Partner, [property: Description("This organisation proposed it.")] bool Ours, string Title, OperationState State,
    DateTimeOffset Start, DateTimeOffset End, [property: Description("Closed, declined, or past its end.")] bool Over, DateTimeOffset ChangedAt,
    [property: Description("When this node had closed what it opened; null: not yet.")] DateTimeOffset? SettledAt)
{
    internal static OperationLineJson Of(OperationRow r, LinkBook links, DateTimeOffset now) => new(
        r.Id, r.Link, links.Find(r.Link)?.Organisation ?? r.Link, r.Ours, r.Title, r.State, r.Start.ToDateTimeOffset(), r.End.ToDateTimeOffset(),
        r.State is OperationState.Closed or OperationState.Declined || r.End.ToDateTimeOffset() <= now, r.ChangedAt.ToDateTimeOffset(), r.SettledAt?.ToDateTimeOffset());
}

public sealed record OperationMessageJson(bool Ours, string By, DateTimeOffset At, string Language, string Text);

public sealed record OperationMarkJson(string Id, MarkKind Kind, string Label, double Latitude, double Longitude, bool Ours, string By, DateTimeOffset At);

public sealed record OperationTaskJson(string Id, string Text, string For, DateTimeOffset? Due, bool Ours, string By, DateTimeOffset At, string? DoneBy, DateTimeOffset? DoneAt, string Note);

public sealed record OperationGrantJson(string Grant, string What, bool Ours, string By, DateTimeOffset At);

public sealed record OperationJson(
    OperationLineJson Line,
    string Aim,
    string Place,
    string LegalBasis,
    string Purpose,
    string? Request,
    string ProposedBy,
    DateTimeOffset ProposedAt,
    DateTimeOffset? JoinedAt,
    IReadOnlyList<string> OurMembers,
    IReadOnlyList<string> TheirMembers,
    [property: Description("Oldest first, each in its writer's language.")] IReadOnlyList<OperationMessageJson> Messages,
    IReadOnlyList<OperationMarkJson> Marks,
    IReadOnlyList<OperationTaskJson> Tasks,
    IReadOnlyList<OperationGrantJson> Grants,
    string Note,
    DateTimeOffset? ClosedAt,
    string? ClosedBy)
{
    internal static OperationJson Of(OperationTold told, LinkBook links, DateTimeOffset now)
    {
        var (o, own) = (told.Operation, told.Own);
        return new(
            OperationLineJson.Of(told.Row, links, now), o.Proposed.Aim, o.Proposed.Place, o.Proposed.LegalBasis, o.Proposed.Purpose, o.Proposed.Request, o.ProposedBy, o.ProposedAt, o.JoinedAt,
            own == Side.First ? o.FirstMembers : o.SecondMembers, own == Side.First ? o.SecondMembers : o.FirstMembers,
            [.. o.Messages.OrderBy(m => m.At).Select(m => new OperationMessageJson(m.Side == own, m.By, m.At, m.Language, m.Text))],
            [.. o.Marks.Select(m => new OperationMarkJson(m.Mark.Id, m.Mark.Kind, m.Mark.Label, m.Mark.Latitude, m.Mark.Longitude, m.Side == own, m.By, m.At))],
            [.. o.Tasks.Select(t => new OperationTaskJson(t.Task.Id, t.Task.Text, t.Task.For, t.Task.Due, t.Side == own, t.By, t.At, t.DoneBy, t.DoneAt, t.Note))],
            [.. o.Grants.Select(g => new OperationGrantJson(g.Grant, g.What, g.Side == own, g.By, g.At))],
            o.Note, o.ClosedAt, o.ClosedBy.Length > 0 ? o.ClosedBy : null);
    }
}
