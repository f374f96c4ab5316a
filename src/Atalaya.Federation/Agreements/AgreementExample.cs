namespace Atalaya.Federation.Agreements;

/// <summary>The agreement that ships as an example, <c>ref/agreement.example.json</c>: a convention of two police forces at a common border, in our own words. A draft begins as it.</summary>
public static class AgreementExample
{
    static readonly Lazy<Agreement> Read = new(() =>
    {
        using var text = typeof(AgreementExample).Assembly.GetManifestResourceStream("agreement.example.json")!;
        byte[] bytes = new byte[text.Length];
        text.ReadExactly(bytes);
        return AgreementReader.Read(bytes, out var faults) ?? throw new InvalidDataException($"The example isn't sound: {string.Join(' ', faults)}");
    });

    public static Agreement Convention => Read.Value;

    /// <summary>The example as a first draft between two parties.</summary>
    public static Agreement Draft(string id, Party own, Party other, DateOnly start) => Convention with { Id = id, Parties = [own, other], Start = start };
}
