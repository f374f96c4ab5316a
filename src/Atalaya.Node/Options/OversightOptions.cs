using Atalaya.Node.Approvals;
using Atalaya.Node.Oversight;

namespace Atalaya.Node.Options;

public sealed record OversightOptions
{
    [Option("For what somebody has to say why: 'export' and 'unmask' (a camera without its masks) each time, 'past' and 'live' once for a stretch of time (oversight.purposeLasts). Live alarms are never among them: what happened within "
        + "oversight.purposeAfter belongs to watching. An empty list: nobody is asked. Default: what leaves the node, looking back, and looking under masks.", Max = "4")]
    public IReadOnlyList<PurposeFor> Purpose { get; init; } = [PurposeFor.Export, PurposeFor.Past, PurposeFor.Unmask];

    [Option("Ids of the roles whose holders are asked. Empty: everybody.", Max = "50")]
    public IReadOnlyList<string> PurposeRoles { get; init; } = [];

    [Option("What there is to choose from. These words the page shows in the reader's language; any other is shown as it is written here.", Min = "1", Max = "30")]
    public IReadOnlyList<string> Purposes { get; init; } = [.. Oversight.Purposes.Shipped];

    [Option("Those to which a reference must be given, such as the number of a case, or a sentence.", Max = "30")]
    public IReadOnlyList<string> PurposeReference { get; init; } = ["investigation", "authority", "other"];

    [Option("How long a purpose that was given for looking back counts, in the same session. 12 h: a shift.", Min = "1min", Max = "30d")]
    public TimeSpan PurposeLasts { get; init; } = TimeSpan.FromHours(12);

    [Option("From which age on footage is the past that a purpose is asked for. 15 min: an alarm is looked at, and a live view wound back, without a question.", Min = "0s", Max = "1d")]
    public TimeSpan PurposeAfter { get; init; } = TimeSpan.FromMinutes(15);
}

public sealed record ApprovalOptions
{
    [Option("What a second person has to agree to: 'export' (footage leaves the node), 'retention' (footage goes earlier than it would have), 'release' (a hold ends), 'rights' (users and roles), "
        + "'disclosure' (a package is handed to somebody outside), 'unmask' (a camera seen without its masks), 'share' (pictures or cards are given to a linked organisation). It is another user with the same permission, never the one who asks. An empty list: nothing. Default: what can't be taken back.", Max = "7")]
    public IReadOnlyList<ApprovalAction> For { get; init; } = [ApprovalAction.Export, ApprovalAction.Retention, ApprovalAction.Disclosure];

    [Option("How long a request waits for somebody; a refusal stands as long. 24 h: the next shifts see it.", Min = "1min", Max = "30d")]
    public TimeSpan Wait { get; init; } = TimeSpan.FromHours(24);

    [Option("How long what was agreed to may then be done, once. 1 h.", Min = "1min", Max = "7d")]
    public TimeSpan Use { get; init; } = TimeSpan.FromHours(1);
}
