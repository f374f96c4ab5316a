using System.Text.Json.Serialization;

namespace Atalaya.Federation.Centre;

/// <summary>How far a template has come at one site. Both nodes keep it; the site's counts.</summary>
public enum TemplateState
{
    /// <summary>On its way to the site, or waiting there for its dry run.</summary>
    Offered,

    /// <summary>The site has said what it would make other, or what is wrong with it. Nothing was changed.</summary>
    Tried,

    /// <summary>The centre wants it applied.</summary>
    Confirmed,

    Applied,

    /// <summary>The site won't, and says why. Nothing was changed.</summary>
    Refused,

    /// <summary>What was applied is to be taken back.</summary>
    Recalled,

    /// <summary>The site is as it was before.</summary>
    Restored,
}

/// <summary>
/// A template that its centre offers to a site. The site tries it at once and tells what would be other; it is applied when the centre confirms exactly what was tried.
/// </summary>
/// <param name="Id">Of this offer: another one of the same template has another.</param>
/// <param name="By">Who offers it, as the centre knows them.</param>
/// <param name="Digest">SHA-256 of the text's UTF-8, hexadecimal.</param>
public sealed record TemplateOffered(Guid Id, string Name, string By, string Text, string Digest)
{
    /// <summary>Of the text in characters. 16 Ki: with all that JSON makes of it a message still holds it.</summary>
    public const int MaxText = 16 << 10;

    public const int MaxName = 100;

    [JsonIgnore]
    public bool IsSound => IsWords(Name, MaxName) && IsWords(By, CaseDeed.MaxBy) && Text.Length is > 0 and <= MaxText && TemplateConfirmed.IsDigest(Digest);

    /// <summary>One line that can be shown.</summary>
    public static bool IsWords(string? words, int most) => words is { Length: > 0 } && words.Length <= most && !string.IsNullOrWhiteSpace(words) && !words.Any(char.IsControl);
}

/// <summary>Has the site apply what it tried.</summary>
/// <param name="Digest">Of the template's text.</param>
/// <param name="Revision">Of the site's configuration when it was tried, as the site told it.</param>
public sealed record TemplateConfirmed(Guid Id, string Digest, string Revision, string By)
{
    [JsonIgnore]
    public bool IsSound => IsDigest(Digest) && IsDigest(Revision) && TemplateOffered.IsWords(By, CaseDeed.MaxBy);

    public static bool IsDigest(string? text) => text is { Length: 64 } && text.All(char.IsAsciiHexDigitLower);
}

/// <summary>Has the site put back what was before it applied a template.</summary>
public sealed record TemplateRecalled(Guid Id, string By)
{
    [JsonIgnore]
    public bool IsSound => TemplateOffered.IsWords(By, CaseDeed.MaxBy);
}

/// <summary>What became of a template at a site.</summary>
/// <param name="Reason">Why it was refused, or couldn't be taken back; a sentence.</param>
/// <param name="By">Who at the site did it, where somebody there did.</param>
/// <param name="Revision">Of the site's configuration as it was tried with; empty when it wasn't.</param>
/// <param name="Try">What the dry run said; only of one.</param>
public sealed record TemplateTold(Guid Id, TemplateState State, string Reason, string By, string Revision, TemplateTry? Try)
{
    [JsonIgnore]
    public bool IsSound =>
        State is TemplateState.Tried or TemplateState.Applied or TemplateState.Refused or TemplateState.Restored && Reason.Length <= SiteReport.MaxWords && By.Length <= SiteReport.MaxWords
        && (Revision.Length == 0 || TemplateConfirmed.IsDigest(Revision)) && (State == TemplateState.Tried) == (Try is not null) && Try?.IsSound != false;
}

/// <summary>What a dry run says, as far as a message holds it.</summary>
/// <param name="More">Changes that there are besides.</param>
/// <param name="Faults">With any of these it can't be applied.</param>
/// <param name="Kept">What the template names and the site keeps as its own; sentences.</param>
public sealed record TemplateTry(IReadOnlyList<TemplateChange> Changes, int More, IReadOnlyList<TemplateFault> Faults, IReadOnlyList<string> Kept)
{
    public const int MaxChanges = 2000, MaxFaults = 50, MaxKept = 50, MaxFields = 200, MaxValue = 300;

    [JsonIgnore]
    public bool IsSound =>
        Changes.Count <= MaxChanges && More >= 0 && Faults.Count <= MaxFaults && Kept.Count <= MaxKept && Changes.All(c => c is { IsSound: true }) && Faults.All(f => f is { IsSound: true })
        && Kept.All(k => k is { Length: <= SiteReport.MaxWords });
}

/// <param name="Section">As in the configuration's text: cameras, alarmPolicy.</param>
/// <param name="Id">Of the camera.</param>
public sealed record TemplateChange(string Section, string Id, string Name, IReadOnlyList<TemplateField> Fields)
{
    [JsonIgnore]
    public bool IsSound =>
        Section is { Length: <= SiteCamera.MaxId } && Id is { Length: <= SiteCamera.MaxId } && Name is { Length: <= SiteCamera.MaxName } && Fields.Count <= TemplateTry.MaxFields
        && Fields.All(f => f is { Field.Length: <= TemplateTry.MaxValue } && !(f.Before?.Length > TemplateTry.MaxValue) && !(f.After?.Length > TemplateTry.MaxValue));
}

/// <param name="Before">Null: it wasn't set.</param>
/// <param name="After">Null: it won't be.</param>
public sealed record TemplateField(string Field, string? Before, string? After);

/// <param name="Line">Of the template, from 1; 0: it is about the site's own configuration.</param>
public sealed record TemplateFault(int Line, string Field, string Message)
{
    [JsonIgnore]
    public bool IsSound => Line >= 0 && Field is { Length: <= TemplateTry.MaxValue } && Message is { Length: <= SiteReport.MaxWords };
}

/// <summary>Which step follows which.</summary>
public static class TemplateSteps
{
    /// <summary>Whether something is still to be done at the site.</summary>
    public static bool Waits(this TemplateState state) => state is TemplateState.Offered or TemplateState.Confirmed or TemplateState.Recalled;

    /// <summary>Whether a template in one state may be in another next. Whoever tells anything else has mixed things up.</summary>
    public static bool MayBecome(this TemplateState from, TemplateState to) => from switch
    {
        TemplateState.Offered => to is TemplateState.Tried or TemplateState.Refused,
        TemplateState.Tried => to is TemplateState.Confirmed or TemplateState.Refused,
        TemplateState.Confirmed => to is TemplateState.Applied or TemplateState.Refused,
        // Somebody at the site may take it back without being asked.
        TemplateState.Applied => to is TemplateState.Recalled or TemplateState.Restored,
        // What can't be taken back stays applied.
        TemplateState.Recalled => to is TemplateState.Restored or TemplateState.Applied,
        _ => false,
    };
}
