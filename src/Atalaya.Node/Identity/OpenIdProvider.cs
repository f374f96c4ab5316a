using System.Buffers.Text;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

using Atalaya.Node.Options;

using Microsoft.AspNetCore.WebUtilities;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

namespace Atalaya.Node.Identity;

/// <summary>Why nobody was signed in by the OpenID provider. The page has words for each.</summary>
enum OpenIdRefusal
{
    /// <summary>The provider doesn't answer, or not as one does.</summary>
    Unreachable,

    /// <summary>Begun too long ago, in another browser, or finished already.</summary>
    Stale,

    /// <summary>The provider says no.</summary>
    Refused,

    /// <summary>What it says of who somebody is can't be believed.</summary>
    Unbelievable,

    /// <summary>They lack the claim that is required.</summary>
    NotAllowed,

    /// <summary>Nothing they have at the provider gives a role.</summary>
    NoRole,

    /// <summary>No user here has their name.</summary>
    Unknown,

    /// <summary>The user here with their name signs in here alone.</summary>
    NotByProvider,

    /// <summary>The user here with their name is somebody else at the provider.</summary>
    SomebodyElse,

    /// <summary>The user is disabled.</summary>
    Disabled,
}

/// <summary>A sign-in under way at the provider.</summary>
/// <param name="State">Ties the answer to this browser (RFC 6749, 10.12).</param>
/// <param name="Nonce">Ties the ID token to this sign-in.</param>
/// <param name="Verifier">Ties the code to it (PKCE, RFC 7636).</param>
/// <param name="Redirect">Where the provider sends the browser back to.</param>
sealed record OpenIdAttempt(string State, string Nonce, string Verifier, string Redirect);

/// <summary>Who somebody is, by the provider's word.</summary>
sealed record OpenIdPerson(string Issuer, string Subject, ILookup<string, string> Claims);

/// <summary>What came of asking the provider.</summary>
/// <param name="Detail">For the log; it holds no token.</param>
readonly record struct OpenIdAnswer(OpenIdPerson? Person, OpenIdRefusal Refusal = default, string Detail = "");

/// <summary>
/// The provider at which people may sign in: OpenID Connect Core 1.0 by authorization code with PKCE. What it publishes is kept for an hour and fetched anew when it signs
/// with a key that isn't known.
/// </summary>
sealed class OpenIdProvider(NodeOptions all, TimeProvider clock, ILogger<OpenIdProvider> log) : IDisposable
{
    const int MaxAnswer = 1 << 20;

    static readonly TimeSpan Keep = TimeSpan.FromHours(1), Patience = TimeSpan.FromSeconds(10), ClockSkew = TimeSpan.FromMinutes(2);

    // Asymmetric ones alone: with HS256 whoever has the client's secret could be anybody.
    static readonly string[] Algorithms =
    [
        SecurityAlgorithms.RsaSha256, SecurityAlgorithms.RsaSha384, SecurityAlgorithms.RsaSha512, SecurityAlgorithms.RsaSsaPssSha256, SecurityAlgorithms.RsaSsaPssSha384,
        SecurityAlgorithms.RsaSsaPssSha512, SecurityAlgorithms.EcdsaSha256, SecurityAlgorithms.EcdsaSha384, SecurityAlgorithms.EcdsaSha512,
    ];

    static readonly JsonWebTokenHandler Tokens = new() { MapInboundClaims = false };

    readonly OidcOptions _options = all.SignIn.Oidc;
    readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5) })
    {
        Timeout = Patience,
        MaxResponseContentBufferSize = MaxAnswer,
    };

    (OpenIdConnectConfiguration Metadata, long At)? _known;     // replaced whole

    public bool IsUsed => _options.IsUsed;

    public string Name => _options.DisplayName.Length > 0 ? _options.DisplayName : new Uri(_options.Authority).Host;

    public void Dispose() => _http.Dispose();

    /// <summary>Where the browser is sent; null when the provider doesn't answer.</summary>
    public async Task<string?> AuthorizationAsync(OpenIdAttempt attempt, CancellationToken stop)
    {
        if (await MetadataAsync(stop) is not { } metadata)
            return null;
        return QueryHelpers.AddQueryString(metadata.AuthorizationEndpoint, new Dictionary<string, string?>
        {
            ["response_type"] = "code",
            ["client_id"] = _options.ClientId,
            ["redirect_uri"] = attempt.Redirect,
            ["scope"] = string.Join(' ', _options.Scopes.Prepend("openid").Distinct(StringComparer.Ordinal)),
            ["state"] = attempt.State,
            ["nonce"] = attempt.Nonce,
            ["code_challenge"] = Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(attempt.Verifier))),
            ["code_challenge_method"] = "S256",
        });
    }

    /// <summary>Where the browser is sent to sign out there too; null when the provider has no such place or doesn't answer.</summary>
    public async Task<string?> EndSessionAsync(string back, CancellationToken stop) =>
        await MetadataAsync(stop) is { EndSessionEndpoint: { Length: > 0 } end }
            ? QueryHelpers.AddQueryString(end, new Dictionary<string, string?> { ["client_id"] = _options.ClientId, ["post_logout_redirect_uri"] = back })
            : null;

    /// <summary>Exchanges a code for who signed in.</summary>
    /// <param name="issuer">As the answer named it (RFC 9207); null when it didn't.</param>
    public async Task<OpenIdAnswer> RedeemAsync(string code, string? issuer, OpenIdAttempt attempt, CancellationToken stop)
    {
        if (await MetadataAsync(stop) is not { } metadata)
            return new(null, OpenIdRefusal.Unreachable, "Its metadata can't be read.");
        if (issuer is not null && issuer != metadata.Issuer)
            return new(null, OpenIdRefusal.Unbelievable, $"The answer names another issuer, {Api.Problems.Shown(issuer)}.");
        JsonElement granted;
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, metadata.TokenEndpoint);
            var form = new Dictionary<string, string>
            {
                ["grant_type"] = "authorization_code",
                ["code"] = code,
                ["redirect_uri"] = attempt.Redirect,
                ["code_verifier"] = attempt.Verifier,
            };
            Authenticate(request, form, metadata);
            request.Content = new FormUrlEncodedContent(form);
            using var response = await _http.SendAsync(request, stop);
            granted = await JsonAsync(response, stop);
            if (!response.IsSuccessStatusCode)
                return new(null, (int)response.StatusCode is 400 or 401 ? OpenIdRefusal.Refused : OpenIdRefusal.Unreachable, $"The code was refused: {(int)response.StatusCode} {TextOf(granted, "error")}.");
        }
        catch (Exception fault) when (IsAway(fault, stop))
        {
            return new(null, OpenIdRefusal.Unreachable, fault.Message);
        }

        if (TextOf(granted, "id_token") is not { } text)
            return new(null, OpenIdRefusal.Unbelievable, "There is no ID token.");
        var (token, wrong) = await ValidateAsync(text, attempt.Nonce, stop);
        if (token is null)
            return new(null, OpenIdRefusal.Unbelievable, wrong);
        var claims = token.Claims.Select(c => (c.Type, c.Value)).ToList();
        if (Lacks(claims) && metadata.UserInfoEndpoint is { Length: > 0 } place && TextOf(granted, "access_token") is { } access)
        {
            if (await UserInfoAsync(place, access, token.Subject, stop) is not { } more)
                return new(null, OpenIdRefusal.Unreachable, "What it knows of the user can't be read.");
            claims.AddRange(more);
        }

        return new(new(token.Issuer, token.Subject, claims.Distinct().ToLookup(c => c.Type, c => c.Value, StringComparer.Ordinal)));
    }

    /// <summary>An ID token's signature, issuer, audience, times and nonce (OpenID Connect Core 1.0, 3.1.3.7).</summary>
    /// <returns>The token, or why it isn't believed.</returns>
    public async Task<(JsonWebToken? Token, string Fault)> ValidateAsync(string text, string nonce, CancellationToken stop)
    {
        if (await MetadataAsync(stop) is not { } metadata)
            return (null, "The provider's keys can't be read.");
        var result = await Tokens.ValidateTokenAsync(text, Parameters(metadata));
        if (result.Exception is SecurityTokenInvalidSignatureException && await MetadataAsync(stop, fresh: true) is { } newer)
            result = await Tokens.ValidateTokenAsync(text, Parameters(newer));  // It signs with a new key.
        if (!result.IsValid)
            return (null, result.Exception?.GetType().Name is { } kind ? $"{kind}: {result.Exception.Message}" : "It isn't valid.");
        var token = (JsonWebToken)result.SecurityToken;
        if (string.IsNullOrEmpty(token.Subject))
            return (null, "It names no subject.");
        if (!token.TryGetPayloadValue("nonce", out string? sent) || !CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(sent ?? ""), Encoding.UTF8.GetBytes(nonce)))
            return (null, "Its nonce is that of another sign-in.");
        bool named = token.TryGetPayloadValue("azp", out string? party);
        if ((named || token.Audiences.Skip(1).Any()) && party != _options.ClientId)
            return (null, "It was made for another party.");
        return (token, "");
    }

    TokenValidationParameters Parameters(OpenIdConnectConfiguration metadata) => new()
    {
        ValidIssuer = metadata.Issuer,
        ValidAudience = _options.ClientId,
        IssuerSigningKeys = metadata.SigningKeys,
        ValidAlgorithms = Algorithms,
        RequireSignedTokens = true,
        RequireExpirationTime = true,
        ValidateIssuer = true,
        ValidateAudience = true,
        ValidateIssuerSigningKey = true,
        LifetimeValidator = (from, until, _, _) => clock.GetUtcNow().UtcDateTime is var now && until > now - ClockSkew && (from is null || from <= now + ClockSkew),
    };

    // What it is asked for anything that is needed here and isn't in the ID token: some providers put little there.
    bool Lacks(List<(string Type, string Value)> claims) =>
        new[] { _options.NameClaim, _options.Roles.Count > 0 ? _options.RolesClaim : null, _options.Require.Length > 0 ? _options.Require.Split('=')[0] : null }
            .Any(name => name is not null && claims.All(c => c.Type != name));

    async Task<IReadOnlyList<(string Type, string Value)>?> UserInfoAsync(string place, string access, string subject, CancellationToken stop)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, place);
            request.Headers.Authorization = new("Bearer", access);
            request.Headers.Accept.Add(new("application/json"));
            using var response = await _http.SendAsync(request, stop);
            var about = await JsonAsync(response, stop);
            // 5.3.2: of another subject it isn't used.
            if (!response.IsSuccessStatusCode || TextOf(about, "sub") != subject)
                return null;
            return [.. about.EnumerateObject().SelectMany(p => p.Value.ValueKind == JsonValueKind.Array
                ? p.Value.EnumerateArray().Select(v => (p.Name, v.ToString()))
                : [(p.Name, p.Value.ToString())])];
        }
        catch (Exception fault) when (IsAway(fault, stop))
        {
            log.LogWarning("The OpenID provider's user information can't be read: {Fault}", fault.Message);
            return null;
        }
    }

    // client_secret_basic unless it takes client_secret_post alone; with no secret the id alone.
    void Authenticate(HttpRequestMessage request, Dictionary<string, string> form, OpenIdConnectConfiguration metadata)
    {
        var methods = metadata.TokenEndpointAuthMethodsSupported;
        if (_options.ClientSecret.Length > 0 && (methods.Count == 0 || methods.Contains("client_secret_basic")))
        {
            // RFC 6749, 2.3.1: both are form-encoded first.
            string pair = $"{Uri.EscapeDataString(_options.ClientId)}:{Uri.EscapeDataString(_options.ClientSecret)}";
            request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(pair)));
            return;
        }

        form["client_id"] = _options.ClientId;
        if (_options.ClientSecret.Length > 0)
            form["client_secret"] = _options.ClientSecret;
    }

    async Task<OpenIdConnectConfiguration?> MetadataAsync(CancellationToken stop, bool fresh = false)
    {
        if (!fresh && _known is { } known && clock.GetElapsedTime(known.At) < Keep)
            return known.Metadata;
        string authority = _options.Authority.TrimEnd('/');
        try
        {
            var documents = new HttpDocumentRetriever(_http) { RequireHttps = authority.StartsWith("https:", StringComparison.OrdinalIgnoreCase) };
            var metadata = await OpenIdConnectConfigurationRetriever.GetAsync(authority + "/.well-known/openid-configuration", documents, stop);
            // OpenID Connect Discovery 1.0, 4.3.
            if (metadata.Issuer?.TrimEnd('/') != authority)
            {
                log.LogError("The OpenID provider at {Authority} calls itself {Issuer}: option signIn.oidc.authority must be its issuer.", authority, metadata.Issuer);
                return null;
            }

            if (metadata.AuthorizationEndpoint is not { Length: > 0 } || metadata.TokenEndpoint is not { Length: > 0 } || metadata.SigningKeys.Count == 0)
            {
                log.LogError("The OpenID provider at {Authority} publishes no endpoints or no keys.", authority);
                return null;
            }

            _known = (metadata, clock.GetTimestamp());
            return metadata;
        }
        catch (Exception fault) when (IsAway(fault, stop))
        {
            log.LogWarning("The OpenID provider at {Authority} can't be asked: {Fault}", authority, fault.GetBaseException().Message);
            return _known?.Metadata;    // Old keys sign in better than none; a new one isn't believed until it is read.
        }
    }

    /// <summary>Ways in which a server elsewhere fails. The retriever wraps what its client throws.</summary>
    static bool IsAway(Exception fault, CancellationToken stop) =>
        !stop.IsCancellationRequested && fault is HttpRequestException or IOException or TaskCanceledException or JsonException or InvalidOperationException or ArgumentException;

    static async Task<JsonElement> JsonAsync(HttpResponseMessage response, CancellationToken stop)
    {
        using var document = await JsonDocument.ParseAsync(await response.Content.ReadAsStreamAsync(stop), cancellationToken: stop);
        return document.RootElement.ValueKind == JsonValueKind.Object ? document.RootElement.Clone() : throw new JsonException("It isn't a JSON object.");
    }

    static string? TextOf(JsonElement body, string name) => body.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
