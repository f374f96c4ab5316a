namespace Atalaya.Node.Federation.Links;

/// <summary>Something that was taken, and is given back when this is disposed of.</summary>
sealed class Taken(Action giveBack) : IDisposable
{
    public void Dispose() => giveBack();
}
