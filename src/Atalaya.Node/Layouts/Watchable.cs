using Atalaya.Node.Cameras;
using Atalaya.Node.Federation.Centre;
using Atalaya.Node.Identity;

namespace Atalaya.Node.Layouts;

/// <summary>Which cameras there are to be put on a wall: those of this node, and those that linked sites told of, whether or not their link is there just now.</summary>
sealed class Watchable(CameraRoster roster, SiteBook sites, FarVideo video)
{
    /// <summary>Tells of a camera's id, here or as <c>link/camera</c>, whether it is there and somebody may watch it.</summary>
    public async Task<Func<string, bool>> ByAsync(Caller caller, CancellationToken stop)
    {
        var far = (await sites.CamerasAsync(stop)).Where(s => video.Site(s.Key) is not null).SelectMany(s => s.Value.Select(c => FarVideo.IdOf(s.Key, c.Id))).ToHashSet(StringComparer.Ordinal);
        return camera => (roster.Find(camera) is not null || far.Contains(camera)) && caller.Can(Permission.ViewLive, camera);
    }
}
