using System.Security.Cryptography;
using System.Security.Cryptography.Pkcs;
using System.Security.Cryptography.X509Certificates;

namespace Atalaya.Evidence.Packages;

/// <summary>The detached CMS signature of a manifest (RFC 5652), DER, as <c>openssl cms -verify</c> takes it.</summary>
public static class ManifestSignature
{
    /// <param name="certificate">With its private key.</param>
    /// <param name="chain">Those that lead from it to its authority; go into the signature.</param>
    public static byte[] Sign(ReadOnlyMemory<byte> manifest, X509Certificate2 certificate, IEnumerable<X509Certificate2> chain, DateTimeOffset at)
    {
        var cms = new SignedCms(new ContentInfo(manifest.ToArray()), detached: true);
        var signer = new CmsSigner(SubjectIdentifierType.IssuerAndSerialNumber, certificate)
        {
            DigestAlgorithm = new(HashAlgorithmName.SHA256.ToOid()),
            IncludeOption = X509IncludeOption.EndCertOnly,
        };
        signer.SignedAttributes.Add(new Pkcs9SigningTime(at.UtcDateTime));
        foreach (var link in chain)
            signer.Certificates.Add(link);
        cms.ComputeSignature(signer, silent: true);
        return cms.Encode();
    }

    /// <summary>The certificate whose key signed the manifest; null, with a clause that says why, if none did.</summary>
    public static X509Certificate2? Verify(ReadOnlyMemory<byte> manifest, ReadOnlySpan<byte> signature, out string fault)
    {
        fault = "";
        try
        {
            var cms = new SignedCms(new ContentInfo(manifest.ToArray()), detached: true);
            cms.Decode(signature);
            if (cms.SignerInfos is not [{ Certificate: { } certificate } signer])
            {
                fault = "isn't the signature of one signer with its certificate";
                return null;
            }

            signer.CheckSignature(verifySignatureOnly: true);
            return certificate;
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException or InvalidOperationException)
        {
            fault = "doesn't hold: it is of another text, or damaged";
            return null;
        }
    }

    public static Digest Fingerprint(X509Certificate2 certificate) => Digest.Of(certificate.RawData);

    static Oid ToOid(this HashAlgorithmName name) => name == HashAlgorithmName.SHA256 ? new("2.16.840.1.101.3.4.2.1") : throw new ArgumentOutOfRangeException(nameof(name));
}
