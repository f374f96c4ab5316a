using System.Collections.Concurrent;

using Atalaya.Media;
using Atalaya.Node.Identity;
using Atalaya.Node.Options;

namespace Atalaya.Node.Masks;

/// <summary>On a request that is answered without masks: the access log says so.</summary>
sealed record Unmasked
{
    public static Unmasked Sight { get; } = new();
}

/// <summary>
/// Who sees a camera with its masks: everybody, but who may see without (<see cref="Permission.Unmask"/>) and has asked to, for a while, in this session.
/// Every route that gives pictures asks here.
/// </summary>
/// <remarks>Kept in memory: after a restart everybody sees masks.</remarks>
sealed class Masking : IDisposable
{
    /// <summary>More are forgotten, the oldest first.</summary>
    const int MaxLifted = 10_000;

    readonly MaskBook _book;
    readonly MaskOptions _options;
    readonly TimeProvider _clock;
    readonly ConcurrentDictionary<(string Credential, string Camera), WallTime> _lifted = new();    // until when

    public Masking(MaskBook book, NodeOptions options, TimeProvider clock)
    {
        _book = book;
        _options = options.Masks;
        _clock = clock;
        book.Changed += OnMasks;
    }

    /// <summary>Raised when somebody may see another picture of a camera than before: masks changed, or they were lifted or put back for somebody. Must be quick.</summary>
    public event Action<string>? Changed;

    public void Dispose() => _book.Changed -= OnMasks;

    /// <summary>What is to be painted over for somebody; null: nothing. Without <paramref name="http"/> nothing is noted.</summary>
    public CameraMasks? For(Caller caller, string camera, HttpContext? http = null)
    {
        var masks = _book.Of(camera);
        if (masks is not null && (caller.IsUnmasked || Until(caller, camera) is not null))
        {
            http?.Features.Set(Unmasked.Sight);
            masks = null;
        }

        return CameraMasks.For(camera, masks, caller.Mark);
    }

    /// <summary>Until when somebody sees a camera without masks; null: not now.</summary>
    public WallTime? Until(Caller caller, string camera) =>
        caller.IsSignedIn && _lifted.TryGetValue((caller.CredentialId, camera), out var until) && until > WallTime.Now(_clock) && caller.Can(Permission.Unmask, camera) ? until : null;

    /// <summary>Lifts a camera's masks for one session or token. Whether they may, for what purpose and with whose agreement was looked at before.</summary>
    /// <returns>Until when.</returns>
    public WallTime Lift(Caller caller, string camera)
    {
        var now = WallTime.Now(_clock);
        foreach (var (key, until) in _lifted.OrderBy(l => l.Value.Microseconds).Take(Math.Max(0, _lifted.Count + 1 - MaxLifted)).Concat(_lifted.Where(l => l.Value <= now)).ToArray())
            _lifted.TryRemove(new(key, until));
        var end = now + _options.UnmaskFor;
        _lifted[(caller.CredentialId, camera)] = end;
        Changed?.Invoke(camera);
        return end;
    }

    /// <summary>Puts them back before their time.</summary>
    public void PutBack(Caller caller, string camera)
    {
        if (_lifted.TryRemove((caller.CredentialId, camera), out _))
            Changed?.Invoke(camera);
    }

    void OnMasks(string camera) => Changed?.Invoke(camera);
}
