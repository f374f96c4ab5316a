namespace Atalaya.Node.Identity;

/// <summary>Of whom an endpoint demands something.</summary>
enum AccessKind
{
    /// <summary>Anybody: what is needed to sign in, and whether the node lives.</summary>
    Open,

    /// <summary>Whoever has signed in. The answer is about themselves, or shows only what they may see.</summary>
    SignedIn,

    /// <summary>A permission on the whole organisation.</summary>
    Organisation,

    /// <summary>A permission on one camera at least: the endpoint itself shows and takes only what the permission covers.</summary>
    Anywhere,

    /// <summary>A permission, or any, on the camera that the address names. Who has none there is told that there is no such camera.</summary>
    Camera,

    /// <summary>Another node, over an active link.</summary>
    Peer,

    /// <summary>Any node that shows a key on a link connection: to join.</summary>
    AnyNode,
}

/// <summary>
/// What an endpoint demands of its caller, declared where the endpoint is. <see cref="Gate"/> enforces it; an endpoint without one is answered to nobody, and a
/// test fails on it.
/// </summary>
/// <param name="Permission">Null for <see cref="AccessKind.Camera"/>: any on that camera.</param>
/// <param name="Camera">Name of the route value that holds the camera's id; of another site's, <c>link/camera</c>, the names of both.</param>
/// <param name="Or">Another permission that will do: the endpoint shows what either covers.</param>
/// <param name="Programs">Other programs ask, that know nothing of the page; whoever is signed in counts for nothing there.</param>
sealed record Access(AccessKind Kind, Permission? Permission = null, string? Camera = null, Permission? Or = null, bool Programs = false)
{
    /// <summary>The camera that a request's route names, or of another site <c>link/camera</c>.</summary>
    public string CameraIn(HttpContext http) => string.Join('/', Camera!.Split('/').Select(name => http.GetRouteValue(name) as string ?? ""));

    /// <summary>For the API's document.</summary>
    public override string ToString() => (Kind, Permission) switch
    {
        (AccessKind.Anywhere, { } p) when Or is { } or => $"Needs `{PermissionSet.NameOf(p)}` or `{PermissionSet.NameOf(or)}`; shows only what they cover.",
        (AccessKind.Open, _) => "Open to all.",
        (AccessKind.Peer, _) => "For other nodes, over an active link.",
        (AccessKind.AnyNode, _) => "For other nodes, on link connections.",
        (AccessKind.SignedIn, _) => "For whoever has signed in.",
        (AccessKind.Organisation, { } p) => $"Needs `{PermissionSet.NameOf(p)}` on the organisation.",
        (AccessKind.Anywhere, { } p) => $"Needs `{PermissionSet.NameOf(p)}`; shows and takes only what that covers.",
        (AccessKind.Camera, { } p) => $"Needs `{PermissionSet.NameOf(p)}` on the camera.",
        _ => "Needs any permission on the camera.",
    };
}

static class AccessExtensions
{
    /// <summary>Answered to anybody. For the few that must be.</summary>
    public static T Open<T>(this T endpoint)
        where T : IEndpointConventionBuilder => endpoint.Demands(new(AccessKind.Open));

    /// <summary>Answered to anybody, and to programs by a protocol that isn't ours. What the answer is made of is in the request alone.</summary>
    public static T OpenToPrograms<T>(this T endpoint)
        where T : IEndpointConventionBuilder => endpoint.Demands(new(AccessKind.Open, Programs: true));

    public static T SignedIn<T>(this T endpoint)
        where T : IEndpointConventionBuilder => endpoint.Demands(new(AccessKind.SignedIn));

    /// <summary>On the whole organisation.</summary>
    public static T Needs<T>(this T endpoint, Permission permission)
        where T : IEndpointConventionBuilder => endpoint.Demands(new(AccessKind.Organisation, permission));

    /// <summary>On one camera at least. The handler takes a <c>Caller</c> and shows and takes only what that may.</summary>
    /// <param name="or">Another permission that will do; the handler shows what either covers.</param>
    public static T NeedsAnywhere<T>(this T endpoint, Permission permission, Permission? or = null)
        where T : IEndpointConventionBuilder => endpoint.Demands(new(AccessKind.Anywhere, permission, Or: or));

    /// <summary>On the camera that the route names.</summary>
    public static T NeedsOnCamera<T>(this T endpoint, Permission permission, string parameter = "id")
        where T : IEndpointConventionBuilder => endpoint.Demands(new(AccessKind.Camera, permission, parameter));

    /// <summary>Any permission on the camera that the route names.</summary>
    public static T NeedsToSeeCamera<T>(this T endpoint, string parameter = "id")
        where T : IEndpointConventionBuilder => endpoint.Demands(new(AccessKind.Camera, null, parameter));

    // The last one counts: an endpoint's own after its group's.
    static T Demands<T>(this T endpoint, Access access)
        where T : IEndpointConventionBuilder
    {
        endpoint.Add(builder => builder.Metadata.Add(access));
        return endpoint;
    }
}
