using System.Formats.Asn1;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Security.Cryptography.Pkcs;

namespace Atalaya.Evidence.Packages;

/// <summary>What an authority said about the time of a manifest.</summary>
/// <param name="Authority">Subject of the certificate that signed it. Whether that authority is to be believed isn't judged here.</param>
public sealed record StatedTime(DateTimeOffset At, string Authority);

/// <summary>Timestamps of RFC 3161: that a manifest existed at a time, in the word of somebody else.</summary>
public static class Timestamp
{
    /// <summary>Of an answer, in bytes; real ones have some thousands.</summary>
    public const int MaxLength = 256 << 10;

    /// <summary>The authority's answer (TimeStampResp, DER), checked.</summary>
    /// <exception cref="HttpRequestException">The authority can't be reached or refuses.</exception>
    /// <exception cref="CryptographicException">Its answer isn't a timestamp of this manifest.</exception>
    public static async Task<byte[]> AskAsync(HttpClient http, Uri authority, ReadOnlyMemory<byte> manifest, CancellationToken stop)
    {
        var request = Rfc3161TimestampRequest.CreateFromData(manifest.Span, HashAlgorithmName.SHA256, nonce: RandomNumberGenerator.GetBytes(8), requestSignerCertificates: true);
        using var body = new ReadOnlyMemoryContent(request.Encode());
        body.Headers.ContentType = new MediaTypeHeaderValue("application/timestamp-query");
        using var message = new HttpRequestMessage(HttpMethod.Post, authority) { Content = body };
        using var response = await http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, stop);
        response.EnsureSuccessStatusCode();
        await using var stream = await response.Content.ReadAsStreamAsync(stop);
        byte[] answer = new byte[MaxLength + 1];
        int length = await stream.ReadAtLeastAsync(answer, answer.Length, throwOnEndOfStream: false, stop);
        if (length > MaxLength)
            throw new CryptographicException("The authority's answer is too long.");
        answer = answer[..length];
        request.ProcessResponse(answer, out int read);
        if (read != length || Read(manifest, answer) is null)
            throw new CryptographicException("The authority's answer isn't a timestamp.");
        return answer;
    }

    /// <summary>What the answer says, if it holds for this manifest; otherwise null.</summary>
    public static StatedTime? Read(ReadOnlyMemory<byte> manifest, ReadOnlyMemory<byte> answer)
    {
        try
        {
            var reader = new AsnReader(answer, AsnEncodingRules.DER);
            var response = reader.ReadSequence();
            var status = response.ReadSequence();
            // 0: granted; 1: granted with modifications.
            if (reader.HasData || !status.TryReadInt32(out int said) || said is not (0 or 1) || !response.HasData)
                return null;
            var bytes = response.ReadEncodedValue();
            if (response.HasData || !Rfc3161TimestampToken.TryDecode(bytes, out var token, out int read) || read != bytes.Length
                || !token.VerifySignatureForData(manifest.Span, out var certificate))
            {
                return null;
            }

            return new(token.TokenInfo.Timestamp, certificate.Subject);
        }
        catch (Exception e) when (e is AsnContentException or CryptographicException or ArgumentException or InvalidOperationException)
        {
            return null;
        }
    }
}
