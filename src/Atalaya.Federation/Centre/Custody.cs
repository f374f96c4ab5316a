using System.Text.Json.Serialization;

namespace Atalaya.Federation.Centre;

/// <summary>Who works an incident of a site.</summary>
public enum CaseHolder
{
    Site,
    Centre,
}

public enum CustodyRefusal
{
    None,

    /// <summary>The one who asks has it already.</summary>
    Held,

    /// <summary>It isn't with the one who wants to give it back.</summary>
    NotHeld,

    /// <summary>It changed hands since the one who asks looked.</summary>
    Outdated,
}

/// <summary>
/// Who has an incident: its site's record, kept there alone. All deeds are done at the site by the site's rules, and each from the centre says which hand-over it counts on; so there is one who may
/// at any time, however late messages come: what the centre believes to have and hasn't any more is refused by its <see cref="Epoch"/>.
/// </summary>
/// <param name="Epoch">How often it changed hands.</param>
/// <param name="By">Who did it last.</param>
public sealed record Custody(CaseHolder Holder, long Epoch, string By)
{
    public static Custody AtSite { get; } = new(CaseHolder.Site, 0, "");

    [JsonIgnore]
    public bool IsSound => Enum.IsDefined(Holder) && Epoch >= 0 && By.Length <= SiteAlarm.MaxWords;

    /// <summary>The centre takes it over.</summary>
    /// <param name="seen">The epoch that the centre knew.</param>
    public (Custody Custody, CustodyRefusal Refusal) TakeOver(long seen, string by) =>
        Holder == CaseHolder.Centre ? (this, CustodyRefusal.Held) : seen != Epoch ? (this, CustodyRefusal.Outdated) : (new(CaseHolder.Centre, Epoch + 1, by), CustodyRefusal.None);

    /// <summary>The centre gives it back.</summary>
    public (Custody Custody, CustodyRefusal Refusal) HandBack(long seen, string by) =>
        Holder == CaseHolder.Site ? (this, CustodyRefusal.NotHeld) : seen != Epoch ? (this, CustodyRefusal.Outdated) : (new(CaseHolder.Site, Epoch + 1, by), CustodyRefusal.None);

    /// <summary>The site takes it back by itself: it answers for what happens there, and may be cut off from its centre.</summary>
    public (Custody Custody, CustodyRefusal Refusal) TakeBack(string by) =>
        Holder == CaseHolder.Site ? (this, CustodyRefusal.Held) : (new(CaseHolder.Site, Epoch + 1, by), CustodyRefusal.None);

    /// <summary>Whether somebody at the centre may do something with the incident now.</summary>
    public CustodyRefusal RefuseCentre(long seen) => Holder != CaseHolder.Centre ? CustodyRefusal.NotHeld : seen != Epoch ? CustodyRefusal.Outdated : CustodyRefusal.None;
}
