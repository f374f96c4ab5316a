using System.Reflection;

using Atalaya.Node.Identity;

using Microsoft.AspNetCore.Http.HttpResults;

namespace Atalaya.Node.Approvals;

/// <summary>The second person's rule for rights, as endpoints of users and roles ask for it: what gives somebody more. What takes away is never held up.</summary>
sealed class Rights(HttpContext http)
{
    /// <param name="what">Exactly what would be changed, for the second person to read.</param>
    /// <returns>Null: it may be done now.</returns>
    public async Task<ProblemHttpResult?> RefusalAsync(string what, CancellationToken stop) =>
        (await http.RequestServices.GetRequiredService<SecondPerson>().ClaimAsync(http.Caller(), http, new(ApprovalAction.Rights, [], null, null, what), stop)).Refusal;

    /// <summary>Minimal APIs make the parameter by this.</summary>
    public static ValueTask<Rights?> BindAsync(HttpContext http, ParameterInfo parameter) => ValueTask.FromResult<Rights?>(new(http));
}
