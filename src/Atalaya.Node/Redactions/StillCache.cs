namespace Atalaya.Node.Redactions;

/// <summary>A picture of a draft as a page is shown it.</summary>
/// <param name="Revision">Of the plan that was painted; 0: nothing was.</param>
/// <param name="Width">Pixels at most.</param>
/// <param name="Index">Among the pictures of the stretch.</param>
readonly record struct StillKey(string Draft, long Revision, int Width, int Index);

/// <summary>The last pictures that pages were shown, of all drafts, so that stepping back and forth decodes nothing.</summary>
/// <param name="most">Bytes of all that is kept; the oldest go first.</param>
sealed class StillCache(long most)
{
    readonly Lock _gate = new();
    readonly Dictionary<StillKey, byte[]> _kept = [];
    readonly Queue<StillKey> _order = [];
    long _bytes;

    public byte[]? Find(StillKey key)
    {
        lock (_gate)
            return _kept.GetValueOrDefault(key);
    }

    /// <summary>Keeps it, and the newest always, however large.</summary>
    public void Put(StillKey key, byte[] jpeg)
    {
        lock (_gate)
        {
            if (!_kept.TryAdd(key, jpeg))
                return;
            _order.Enqueue(key);
            _bytes += jpeg.Length;
            while (_bytes > most && _order.Count > 1 && _order.TryDequeue(out var oldest) && _kept.Remove(oldest, out byte[]? gone))
                _bytes -= gone.Length;
        }
    }
}
