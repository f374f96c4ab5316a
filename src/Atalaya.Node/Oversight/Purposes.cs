using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

using Atalaya.Media;
using Atalaya.Node.Api;
using Atalaya.Node.Identity;
using Atalaya.Node.Options;
using Atalaya.Node.Store;

using Dapper;

using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Atalaya.Node.Oversight;

/// <summary>What a purpose may be asked for.</summary>
public enum PurposeFor
{
    /// <summary>Footage leaves the node: asked each time.</summary>
    Export,

    /// <summary>Footage that is older than option oversight.purposeAfter.</summary>
    Past,

    /// <summary>What a camera shows now.</summary>
    Live,

    /// <summary>A camera without its masks: asked each time.</summary>
    Unmask,
}

/// <summary>Why somebody looks.</summary>
/// <param name="Id">One of option oversight.purposes.</param>
/// <param name="Reference">Number of a case, or a sentence; may be empty.</param>
sealed record Purpose(string Id, string Reference)
{
    public const int MaxReference = 200;

    public static Purpose None { get; } = new("", "");
}

/// <summary>A purpose that a session or token goes on with.</summary>
sealed record GivenPurpose(Purpose Purpose, WallTime At, WallTime Until);

/// <summary>
/// Who looks for what purpose. It comes with a request (the header, or a field of its body), or was given before for a stretch of time; where the options demand one
/// and there is none, nothing is given, and the answer says how to give one.
/// </summary>
sealed class Purposes(NodeDatabase database, NodeOptions options, TimeProvider clock) : IHostedService
{
    /// <summary><c>Atalaya-Purpose: investigation; 2026%2F118</c>: the purpose, then the reference, percent-encoded as UTF-8.</summary>
    public const string Header = "Atalaya-Purpose";

    /// <summary>The problem's type where one is missing.</summary>
    public const string MissingType = "urn:atalaya:problem:purpose";

    readonly ConcurrentDictionary<string, GivenPurpose> _given = new(StringComparer.Ordinal);  // as in the database

    /// <summary>Words that the page knows in every language.</summary>
    public static IReadOnlyList<string> Shipped { get; } = ["incident", "investigation", "authority", "subject", "technical", "training", "other"];

    public async Task StartAsync(CancellationToken stop)
    {
        await using var connection = await database.Source.OpenConnectionAsync(stop);
        await connection.ExecuteAsync(new CommandDefinition("delete from purposes where until < @now", new { now = WallTime.Now(clock).Microseconds }, cancellationToken: stop));
        foreach (var row in await connection.QueryAsync<Row>(new CommandDefinition("select credential, purpose, reference, given_at as GivenAt, until from purposes", cancellationToken: stop)))
            _given[row.Credential] = new(new(row.Purpose, row.Reference), new(row.GivenAt), new(row.Until));
    }

    public Task StopAsync(CancellationToken stop) => Task.CompletedTask;

    /// <summary>What a session or token goes on with; null: nothing, or its time is over.</summary>
    public GivenPurpose? Of(Caller caller) =>
        _given.TryGetValue(caller.CredentialId, out var given) && given.Until > WallTime.Now(clock) ? given : null;

    public async Task<GivenPurpose> GiveAsync(Caller caller, Purpose purpose, CancellationToken stop)
    {
        var now = WallTime.Now(clock);
        var given = new GivenPurpose(purpose, now, now + options.Oversight.PurposeLasts);
        await using var connection = await database.Source.OpenConnectionAsync(stop);
        // Those of ended sessions go along.
        await connection.ExecuteAsync(new CommandDefinition("delete from purposes where until < @now", new { now = now.Microseconds }, cancellationToken: stop));
        await connection.ExecuteAsync(new CommandDefinition(
            """
            insert into purposes (credential, purpose, reference, given_at, until) values (@Credential, @Purpose, @Reference, @GivenAt, @Until)
            on conflict (credential) do update set purpose = excluded.purpose, reference = excluded.reference, given_at = excluded.given_at, until = excluded.until
            """,
            new Row { Credential = caller.CredentialId, Purpose = purpose.Id, Reference = purpose.Reference, GivenAt = now.Microseconds, Until = given.Until.Microseconds },
            cancellationToken: stop));
        foreach (var (credential, old) in _given)
        {
            if (old.Until < now)
                _given.TryRemove(credential, out _);
        }

        _given[caller.CredentialId] = given;
        return given;
    }

    public async Task EndAsync(Caller caller, CancellationToken stop)
    {
        await using var connection = await database.Source.OpenConnectionAsync(stop);
        await connection.ExecuteAsync(new CommandDefinition("delete from purposes where credential = @id", new { id = caller.CredentialId }, cancellationToken: stop));
        _given.TryRemove(caller.CredentialId, out _);
    }

    /// <summary>Whether somebody is asked for one.</summary>
    public bool IsAsked(PurposeFor what, Caller caller) =>
        options.Oversight.Purpose.Contains(what) && (options.Oversight.PurposeRoles.Count == 0 || caller.Powers.Any(p => options.Oversight.PurposeRoles.Contains(p.Role, StringComparer.Ordinal)));

    /// <summary>Finds the purpose of a request and notes it there, for the access log.</summary>
    /// <param name="from">Of the footage; null for live pictures.</param>
    /// <param name="sent">In the request's body, which goes before the header.</param>
    /// <param name="each">Whether an export has to say its own; false for taking one that was made.</param>
    /// <returns>Null, or the answer to give instead.</returns>
    public ProblemHttpResult? Find(PurposeFor what, Caller caller, HttpContext http, WallTime? from, PurposeInputJson? sent = null, bool each = true)
    {
        if (!TryRead(http, sent, out var purpose, out var problem))
            return problem;
        // For an export each time: what somebody looks back for isn't always what they take footage out for.
        bool explicitly = each && what is PurposeFor.Export or PurposeFor.Unmask && IsAsked(what, caller);
        if (caller.Credential == Credential.Peer)
            purpose = http.Features.Get<Purpose>();     // As the other node's user gave it there.
        if (purpose is null && !explicitly)
            purpose = Of(caller)?.Purpose;
        if (purpose is not null)
        {
            http.Features.Set(purpose);
            return null;
        }

        bool recent = what == PurposeFor.Past && from is { } at && at > WallTime.Now(clock) - options.Oversight.PurposeAfter;
        return IsAsked(what, caller) && !recent ? Missing(what) : null;
    }

    /// <summary>428 (RFC 6585, 3), with what there is to choose from.</summary>
    public ProblemHttpResult Missing(PurposeFor what) => TypedResults.Problem(new ProblemDetails
    {
        Status = StatusCodes.Status428PreconditionRequired,
        Type = MissingType,
        Title = "Say for what purpose",
        Detail = (what is PurposeFor.Export or PurposeFor.Unmask
                ? $"Send the header {Header} (or the body's field 'purpose') each time"
                : $"Give one with PUT /api/me/purpose, good for {OptionText.Format(options.Oversight.PurposeLasts)}, or send the header {Header} with the request")
            + $": {string.Join(", ", options.Oversight.Purposes)}. The access log keeps it.",
        Extensions = { ["purposes"] = Choices() },
    });

    public IReadOnlyList<PurposeChoiceJson> Choices() =>
        [.. options.Oversight.Purposes.Select(p => new PurposeChoiceJson(p, !Shipped.Contains(p, StringComparer.Ordinal), options.Oversight.PurposeReference.Contains(p, StringComparer.Ordinal)))];

    /// <summary>A purpose that somebody named, checked.</summary>
    public Purpose? Read(PurposeInputJson input, FieldErrors errors, string field)
    {
        string reference = input.Reference?.Trim() ?? "";
        if (input.Purpose is null || !options.Oversight.Purposes.Contains(input.Purpose, StringComparer.Ordinal))
            errors.Add($"{field}purpose", $"must be one of {string.Join(", ", options.Oversight.Purposes)} (option oversight.purposes).");
        else if (reference.Length == 0 && options.Oversight.PurposeReference.Contains(input.Purpose, StringComparer.Ordinal))
            errors.Add($"{field}reference", $"is needed for '{input.Purpose}': the number of the case, or a sentence.");
        if (reference.Length > Purpose.MaxReference || reference.Any(char.IsControl))
            errors.Add($"{field}reference", $"must be at most {Purpose.MaxReference} characters, without line breaks.");
        return errors.Any ? null : new(input.Purpose!, reference);
    }

    bool TryRead(HttpContext http, PurposeInputJson? sent, out Purpose? purpose, [NotNullWhen(false)] out ProblemHttpResult? problem)
    {
        purpose = null;
        problem = null;
        string field = "purpose.";
        if (sent is null)
        {
            if (http.Request.Headers[Header] is not { Count: > 0 } header)
                return true;
            string[] parts = header.ToString().Split(';', 2, StringSplitOptions.TrimEntries);
            sent = new() { Purpose = parts[0], Reference = parts.Length > 1 ? Uri.UnescapeDataString(parts[1]) : null };
            field = Header + ".";
        }

        var errors = new FieldErrors();
        purpose = Read(sent, errors, field);
        if (errors.Any)
            problem = errors.ToProblem();
        return problem is null;
    }

    sealed class Row
    {
        public string Credential { get; init; } = "";
        public string Purpose { get; init; } = "";
        public string Reference { get; init; } = "";
        public long GivenAt { get; init; }
        public long Until { get; init; }
    }
}
