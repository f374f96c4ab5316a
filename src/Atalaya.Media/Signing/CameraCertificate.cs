using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Atalaya.Media.Signing;

/// <summary>Whether a camera's certificate is who it says.</summary>
public enum CameraTrust
{
    /// <summary>No maker's root was given to judge by: anybody could have made it.</summary>
    NoRoots,

    /// <summary>It leads to none of the roots given, or wasn't valid when it signed.</summary>
    Untrusted,

    /// <summary>It leads to a maker's root.</summary>
    Trusted,
}

/// <summary>The certificate that a camera's signatures are by.</summary>
/// <param name="Subject">Who it says it is.</param>
/// <param name="Fingerprint">SHA-256 of it, lower-case hexadecimal: what can be compared with the camera's own page.</param>
public sealed record CameraCertificate(string Subject, string Fingerprint, CameraTrust Trust)
{
    /// <param name="chain">PEM as the camera sends it, its own certificate first.</param>
    /// <param name="roots">Certificates of makers that are trusted; may be none.</param>
    /// <param name="at">When it signed: old footage isn't less true because a certificate has run out since.</param>
    /// <returns>Null of what is no certificate.</returns>
    public static CameraCertificate? Read(string chain, X509Certificate2Collection roots, DateTimeOffset at)
    {
        X509Certificate2Collection sent = [];
        try
        {
            sent.ImportFromPem(chain);
            if (sent.Count == 0)
                return null;
            var trust = CameraTrust.NoRoots;
            if (roots.Count > 0)
            {
                using var path = new X509Chain();
                path.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
                path.ChainPolicy.CustomTrustStore.AddRange(roots);
                path.ChainPolicy.ExtraStore.AddRange(sent);
                path.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
                path.ChainPolicy.DisableCertificateDownloads = true;
                path.ChainPolicy.VerificationTime = at.UtcDateTime;
                trust = path.Build(sent[0]) ? CameraTrust.Trusted : CameraTrust.Untrusted;
            }

            return new(sent[0].Subject, sent[0].GetCertHashString(HashAlgorithmName.SHA256).ToLowerInvariant(), trust);
        }
        catch (CryptographicException)
        {
            return null;
        }
        finally
        {
            foreach (var certificate in sent)
                certificate.Dispose();
        }
    }
}
