using System.Collections.Concurrent;

using Microsoft.AspNetCore.Identity;

namespace Atalaya.Node.Identity;

/// <summary>Codes of an authenticator (RFC 6238) and recovery codes. Each counts once.</summary>
sealed class SecondFactors(TimeProvider clock)
{
    /// <summary>Longer than a code can be good: the framework takes it a minute and a half before and after its time.</summary>
    static readonly TimeSpan Remembered = TimeSpan.FromMinutes(5);

    readonly ConcurrentDictionary<(string User, string Code), DateTimeOffset> _used = new();

    public async Task<bool> AcceptsAsync(UserManager<User> users, User user, string code)
    {
        string digits = string.Concat(code.Where(char.IsAsciiDigit));
        if (digits.Length == 6 && digits.Length == code.Count(c => c is not (' ' or '-')))
            return await AcceptsCodeAsync(users, user, digits);
        return (await users.RedeemTwoFactorRecoveryCodeAsync(user, code)).Succeeded;
    }

    /// <summary>A code of the authenticator, which wasn't used before.</summary>
    public async Task<bool> AcceptsCodeAsync(UserManager<User> users, User user, string digits)
    {
        if (!await users.VerifyTwoFactorTokenAsync(user, TokenOptions.DefaultAuthenticatorProvider, digits))
            return false;
        var now = clock.GetUtcNow();
        foreach (var (old, at) in _used)
        {
            if (now - at > Remembered)
                _used.TryRemove(old, out _);
        }

        return _used.TryAdd((user.Id, digits), now);
    }
}
