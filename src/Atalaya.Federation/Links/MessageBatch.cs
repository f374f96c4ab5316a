using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace Atalaya.Federation.Links;

/// <summary>Messages as one body of a request: for each the length of its bytes (32 bits, most significant first), the signature (64 bytes), the bytes.</summary>
public static class MessageBatch
{
    /// <summary>Of a batch, bytes.</summary>
    public const int MaxLength = 512 << 10;

    /// <summary>In a batch.</summary>
    public const int MaxMessages = 100;

    const int Head = 4 + SealedMessage.SignatureLength;

    /// <summary>In a batch, bytes.</summary>
    public static int LengthOf(SealedMessage message) => Head + message.Bytes.Length;

    public static byte[] Write(IReadOnlyList<SealedMessage> messages)
    {
        byte[] batch = new byte[messages.Sum(LengthOf)];
        int at = 0;
        foreach (var message in messages)
        {
            BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(at), message.Bytes.Length);
            message.Signature.CopyTo(batch, at + 4);
            message.Bytes.CopyTo(batch, at + Head);
            at += LengthOf(message);
        }

        return batch;
    }

    /// <param name="fault">What is wrong, a sentence.</param>
    public static bool TryRead(ReadOnlyMemory<byte> batch, [NotNullWhen(true)] out IReadOnlyList<SealedMessage>? messages, [NotNullWhen(false)] out string? fault)
    {
        (messages, fault) = (null, "The batch of messages is cut off or too long.");
        if (batch.Length > MaxLength)
            return false;
        var read = new List<SealedMessage>();
        while (batch.Length > 0)
        {
            if (batch.Length < Head || read.Count == MaxMessages)
                return false;
            int length = BinaryPrimitives.ReadInt32BigEndian(batch.Span);
            if (length < 0 || length > SealedMessage.MaxLength || length > batch.Length - Head)
                return false;
            read.Add(new(batch.Slice(4, SealedMessage.SignatureLength).ToArray(), batch.Slice(Head, length).ToArray()));
            batch = batch[(Head + length)..];
        }

        (messages, fault) = (read, null);
        return true;
    }
}
