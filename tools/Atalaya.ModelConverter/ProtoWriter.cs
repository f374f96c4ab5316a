using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Atalaya.ModelConverter;

/// <summary>Writes protobuf's wire form: what an ONNX file is made of.</summary>
sealed class ProtoWriter
{
    const int Varint = 0, LengthDelimited = 2, Fixed32 = 5;

    readonly ArrayBufferWriter<byte> _buffer = new();

    public ReadOnlySpan<byte> Written => _buffer.WrittenSpan;

    public ProtoWriter Int(int field, long value)
    {
        Tag(field, Varint);
        Raw((ulong)value);
        return this;
    }

    public ProtoWriter Float(int field, float value)
    {
        Tag(field, Fixed32);
        BinaryPrimitives.WriteSingleLittleEndian(_buffer.GetSpan(4), value);
        _buffer.Advance(4);
        return this;
    }

    public ProtoWriter Text(int field, string value) => Bytes(field, Encoding.UTF8.GetBytes(value));

    public ProtoWriter Message(int field, ProtoWriter message) => Bytes(field, message.Written);

    public ProtoWriter Bytes(int field, ReadOnlySpan<byte> value)
    {
        Tag(field, LengthDelimited);
        Raw((ulong)value.Length);
        _buffer.Write(value);
        return this;
    }

    void Tag(int field, int wire) => Raw((ulong)((field << 3) | wire));

    void Raw(ulong value)
    {
        var to = _buffer.GetSpan(10);
        int length = 0;
        for (; value >= 0x80; value >>= 7)
            to[length++] = (byte)(value | 0x80);
        to[length++] = (byte)value;
        _buffer.Advance(length);
    }
}
