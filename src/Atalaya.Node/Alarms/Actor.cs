using System.Reflection;

using Atalaya.Node.Cameras;
using Atalaya.Node.Identity;

namespace Atalaya.Node.Alarms;

/// <summary>Who acts on alarms and incidents, and on which cameras they may.</summary>
sealed class Actor(HttpContext http)
{
    /// <summary>What is written into the story.</summary>
    public string Name => http.User.Identity?.Name is { Length: > 0 } name ? name : "local";

    public bool Can(Permission permission, string camera) => true;

    /// <summary>Cameras of which they may see alarms; null: all, and the node's own.</summary>
    public IReadOnlyList<string>? Cameras(Permission permission, CameraRoster roster) => null;

    /// <summary>Minimal APIs make the parameter by this.</summary>
    public static ValueTask<Actor?> BindAsync(HttpContext http, ParameterInfo parameter) => ValueTask.FromResult<Actor?>(new(http));
}
