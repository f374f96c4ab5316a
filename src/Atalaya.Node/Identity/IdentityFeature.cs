using Atalaya.Node.Store;

using Microsoft.AspNetCore.Identity;

namespace Atalaya.Node.Identity;

static class IdentityFeature
{
    public static IServiceCollection AddIdentityOfNode(this IServiceCollection services)
    {
        services.AddStarted<CameraScopes>().AddStarted<Callers>().AddStarted<Watch>().AddStarted<FirstStart>()
            .AddSingleton<SignInThrottle>().AddSingleton<SecondFactors>().AddSingleton<SignIns>().AddSingleton<Passkeys>().AddSingleton<PasswordRules>()
            .AddSingleton<OpenIdProvider>().AddSingleton<OpenIdPeople>().AddSingleton<OpenIdAttempts>();
        services.AddIdentityCore<User>(o =>
            {
                // Our own rules judge passwords, whole; names may be in any script.
                o.Password.RequireDigit = o.Password.RequireLowercase = o.Password.RequireUppercase = o.Password.RequireNonAlphanumeric = false;
                o.Password.RequiredLength = 1;
                o.User.AllowedUserNameCharacters = "";
            })
            .AddUserStore<UserStore>()
            .AddTokenProvider<AuthenticatorTokenProvider<User>>(TokenOptions.DefaultAuthenticatorProvider);
        services.AddScoped<IPasskeyHandler<User>, PasskeyHandler<User>>();
        // A passkey alone signs in: it must have checked who holds it, and be found without a name.
        services.Configure<IdentityPasskeyOptions>(o =>
        {
            o.UserVerificationRequirement = "required";
            o.ResidentKeyRequirement = "required";
        });
        // OWASP's number for PBKDF2 with SHA-512.
        services.Configure<PasswordHasherOptions>(o => o.IterationCount = 210_000);
        return services;
    }

    public static void MapIdentity(this IEndpointRouteBuilder routes)
    {
        routes.MapSessions();
        routes.MapOpenId();
        routes.MapUsers();
        routes.MapAccount();
        routes.MapFactors();
    }
}
