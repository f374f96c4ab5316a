using System.Globalization;

using Atalaya.Node.Identity;
using Atalaya.Node.Oversight;

namespace Atalaya.Node.Federation.Centre;

/// <summary>Somebody at another node who looks at a camera here, as that node tells: its access records and ours name the same person and purpose.</summary>
/// <param name="Name">What they sign in with there.</param>
/// <param name="IsUnmasked">They ask for pictures without masks. Whether they may was looked at there; whether that counts here is the route's to say.</param>
sealed record FarViewer(string Name, Purpose Purpose, bool IsUnmasked)
{
    const string NameHeader = "Atalaya-Viewer", UnmaskedHeader = "Atalaya-Unmasked";

    const int MaxName = 200;

    /// <summary>Who looks at a far camera from here.</summary>
    public static FarViewer Of(HttpContext http, bool unmasked) => new(http.Caller().Name, http.Features.Get<Purpose>() ?? Purpose.None, unmasked);

    /// <summary>Writes it onto a request to the other node.</summary>
    public void Sign(HttpRequestMessage request)
    {
        request.Headers.Add(NameHeader, Uri.EscapeDataString(Name));
        if (Purpose.Id.Length > 0)
            request.Headers.Add(Purposes.Header, $"{Uri.EscapeDataString(Purpose.Id)};{Uri.EscapeDataString(Purpose.Reference)}");
        if (IsUnmasked)
            request.Headers.Add(UnmaskedHeader, "true");
    }

    /// <summary>Reads it from a request of another node. Never throws; what can't be read isn't there.</summary>
    public static FarViewer Read(HttpContext http)
    {
        string[] purpose = http.Request.Headers[Purposes.Header].ToString().Split(';', 2, StringSplitOptions.TrimEntries);
        string id = Words(purpose[0], Purpose.MaxReference);
        return new(
            Words(http.Request.Headers[NameHeader].ToString(), MaxName), id.Length == 0 ? Purpose.None : new(id, purpose.Length > 1 ? Words(purpose[1], Purpose.MaxReference) : ""),
            http.Request.Headers[UnmaskedHeader] == "true");
    }

    static string Words(string header, int most)
    {
        string text = string.Concat(Uri.UnescapeDataString(header).Where(c => !char.IsControl(c) && char.GetUnicodeCategory(c) != UnicodeCategory.Format));
        return text.Length <= most ? text : text[..most];
    }
}
