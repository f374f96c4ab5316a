using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;

using Atalaya.Node.Store;

using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Identity;

namespace Atalaya.Node.Identity;

/// <summary>What ASP.NET Core Identity asks of a store, answered by <see cref="People"/>.</summary>
sealed class UserStore(NodeDatabase database, TimeProvider clock)
    : IUserPasswordStore<User>, IUserSecurityStampStore<User>, IUserTwoFactorStore<User>, IUserAuthenticatorKeyStore<User>, IUserTwoFactorRecoveryCodeStore<User>, IUserPasskeyStore<User>
{
    readonly People _people = new(database.Source, clock);

    // As the cameras' credentials: it protects copies of the database, not the machine.
    readonly IDataProtector _protector = DataProtectionProvider.Create(new DirectoryInfo(database.Folder.Keys), b => b.SetApplicationName("atalaya"))
        .CreateProtector("Atalaya.Identity.Authenticator.v1");

    public void Dispose()
    {
    }

    public async Task<IdentityResult> CreateAsync(User user, CancellationToken cancellationToken) =>
        await _people.AddAsync(user, cancellationToken) ? IdentityResult.Success : IdentityResult.Failed(new IdentityErrorDescriber().DuplicateUserName(user.Name));

    public async Task<IdentityResult> UpdateAsync(User user, CancellationToken cancellationToken)
    {
        await _people.UpdateAsync(user, cancellationToken);
        return IdentityResult.Success;
    }

    /// <summary>Users are disabled, never deleted: the log of accesses speaks of them.</summary>
    public Task<IdentityResult> DeleteAsync(User user, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<User?> FindByIdAsync(string userId, CancellationToken cancellationToken) => _people.FindAsync(userId, cancellationToken);

    public Task<User?> FindByNameAsync(string normalizedUserName, CancellationToken cancellationToken) => _people.FindByNameAsync(normalizedUserName, cancellationToken);

    public Task<string> GetUserIdAsync(User user, CancellationToken cancellationToken) => Task.FromResult(user.Id);

    public Task<string?> GetUserNameAsync(User user, CancellationToken cancellationToken) => Task.FromResult<string?>(user.Name);

    public Task SetUserNameAsync(User user, string? userName, CancellationToken cancellationToken)
    {
        user.Name = userName ?? "";
        return Task.CompletedTask;
    }

    public Task<string?> GetNormalizedUserNameAsync(User user, CancellationToken cancellationToken) => Task.FromResult<string?>(user.NameKey);

    public Task SetNormalizedUserNameAsync(User user, string? normalizedName, CancellationToken cancellationToken)
    {
        user.NameKey = People.KeyOf(user.Name);
        return Task.CompletedTask;
    }

    public Task SetPasswordHashAsync(User user, string? passwordHash, CancellationToken cancellationToken)
    {
        user.PasswordHash = passwordHash;
        return Task.CompletedTask;
    }

    public Task<string?> GetPasswordHashAsync(User user, CancellationToken cancellationToken) => Task.FromResult(user.PasswordHash);

    public Task<bool> HasPasswordAsync(User user, CancellationToken cancellationToken) => Task.FromResult(user.PasswordHash is not null);

    public Task SetSecurityStampAsync(User user, string stamp, CancellationToken cancellationToken)
    {
        user.Stamp = stamp;
        return Task.CompletedTask;
    }

    public Task<string?> GetSecurityStampAsync(User user, CancellationToken cancellationToken) => Task.FromResult<string?>(user.Stamp);

    public Task SetTwoFactorEnabledAsync(User user, bool enabled, CancellationToken cancellationToken)
    {
        user.TwoFactor = enabled;
        return Task.CompletedTask;
    }

    public Task<bool> GetTwoFactorEnabledAsync(User user, CancellationToken cancellationToken) => Task.FromResult(user.TwoFactor);

    public Task SetAuthenticatorKeyAsync(User user, string key, CancellationToken cancellationToken)
    {
        user.Authenticator = key.Length == 0 ? null : _protector.Protect(key);
        return Task.CompletedTask;
    }

    public Task<string?> GetAuthenticatorKeyAsync(User user, CancellationToken cancellationToken)
    {
        try
        {
            return Task.FromResult(user.Authenticator is { } kept ? _protector.Unprotect(kept) : null);
        }
        catch (CryptographicException)
        {
            return Task.FromResult<string?>(null);  // Other keys than those it was kept with: no code fits, a recovery code or an administrator helps.
        }
    }

    public Task ReplaceCodesAsync(User user, IEnumerable<string> recoveryCodes, CancellationToken cancellationToken)
    {
        user.Recovery = string.Join(';', recoveryCodes.Select(c => Secret.Digest(Plain(c))));
        return Task.CompletedTask;
    }

    public async Task<bool> RedeemCodeAsync(User user, string code, CancellationToken cancellationToken)
    {
        string digest = Secret.Digest(Plain(code)), before = user.Recovery;
        string[] kept = before.Split(';', StringSplitOptions.RemoveEmptyEntries);
        if (!kept.Contains(digest, StringComparer.Ordinal))
            return false;
        string after = string.Join(';', kept.Where(k => k != digest));
        if (!await _people.ReplaceRecoveryAsync(user.Id, before, after, cancellationToken))
            return false;
        user.Recovery = after;
        return true;
    }

    public Task<int> CountCodesAsync(User user, CancellationToken cancellationToken) =>
        Task.FromResult(user.Recovery.Split(';', StringSplitOptions.RemoveEmptyEntries).Length);

    public async Task AddOrUpdatePasskeyAsync(User user, UserPasskeyInfo passkey, CancellationToken cancellationToken)
    {
        var data = new Kept(
            passkey.PublicKey, passkey.SignCount, passkey.Transports, passkey.IsUserVerified, passkey.IsBackupEligible, passkey.IsBackedUp, passkey.AttestationObject, passkey.ClientDataJson);
        await _people.PutPasskeyAsync(
            new(Base64Url.EncodeToString(passkey.CredentialId), user.Id, JsonSerializer.Serialize(data), passkey.Name ?? "", Media.WallTime.From(passkey.CreatedAt).Microseconds), cancellationToken);
    }

    public async Task<IList<UserPasskeyInfo>> GetPasskeysAsync(User user, CancellationToken cancellationToken) =>
        [.. (await _people.PasskeysAsync(user.Id, cancellationToken)).Select(Of)];

    public async Task<User?> FindByPasskeyIdAsync(byte[] credentialId, CancellationToken cancellationToken) =>
        await _people.FindPasskeyAsync(Base64Url.EncodeToString(credentialId), cancellationToken) is { } row ? await _people.FindAsync(row.UserId, cancellationToken) : null;

    public async Task<UserPasskeyInfo?> FindPasskeyAsync(User user, byte[] credentialId, CancellationToken cancellationToken) =>
        await _people.FindPasskeyAsync(Base64Url.EncodeToString(credentialId), cancellationToken) is { } row && row.UserId == user.Id ? Of(row) : null;

    public Task RemovePasskeyAsync(User user, byte[] credentialId, CancellationToken cancellationToken) =>
        _people.RemovePasskeyAsync(user.Id, Base64Url.EncodeToString(credentialId), cancellationToken);

    static UserPasskeyInfo Of(PasskeyRow row)
    {
        var data = JsonSerializer.Deserialize<Kept>(row.Data)!;
        return new(
            Base64Url.DecodeFromChars(row.Credential), data.PublicKey, new Media.WallTime(row.CreatedAt).ToDateTimeOffset(), data.SignCount, data.Transports, data.IsUserVerified,
            data.IsBackupEligible, data.IsBackedUp, data.AttestationObject, data.ClientDataJson)
        { Name = row.Name };
    }

    /// <summary>As it is typed: with or without hyphens, in either case.</summary>
    static string Plain(string code) => string.Concat(code.Where(char.IsAsciiLetterOrDigit)).ToUpperInvariant();

    sealed record Kept(
        byte[] PublicKey, uint SignCount, string[]? Transports, bool IsUserVerified, bool IsBackupEligible, bool IsBackedUp, byte[] AttestationObject, byte[] ClientDataJson);
}
