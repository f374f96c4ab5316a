namespace Atalaya.Federation.Links;

/// <summary>What the other node of a link is to this one.</summary>
public enum LinkKind
{
    /// <summary>A site of the same organisation; this node is its centre.</summary>
    Site = 1,

    /// <summary>The same organisation's centre.</summary>
    Centre = 2,

    /// <summary>Another organisation's node. Only what an agreement allows goes there.</summary>
    Partner = 3,
}

/// <summary>How far a link has come, as this end sees it.</summary>
public enum LinkState
{
    /// <summary>The other node joined; a person has yet to compare the short authentication string. Nothing goes over it.</summary>
    Confirming = 1,

    Active = 2,

    /// <summary>Switched off by a person here; what is to be sent waits.</summary>
    Suspended = 3,

    /// <summary>For good.</summary>
    Ended = 4,
}

/// <summary>Messages of a lane arrive in their order; lanes don't wait for each other. Bulk isn't sent as messages: whoever wants it fetches it.</summary>
public enum Lane
{
    /// <summary>Alarms, incidents, requests, grants and their ends.</summary>
    Urgent = 0,

    /// <summary>States, checkpoints, receipts, history.</summary>
    Records = 1,
}

public static class LinkKinds
{
    /// <summary>What this node is to the other one.</summary>
    public static LinkKind Opposite(this LinkKind kind) => kind switch
    {
        LinkKind.Site => LinkKind.Centre,
        LinkKind.Centre => LinkKind.Site,
        _ => LinkKind.Partner,
    };
}
