using Atalaya.Analysis.Codec;
using Atalaya.Analysis.Painting;
using Atalaya.Analysis.Wire;
using Atalaya.Media;

namespace Atalaya.Analysis.Child;

/// <summary>One stream from its access units to painted ones: decoder, painter, encoder. What can't be painted isn't given, and the reason is told.</summary>
/// <remarks>Used by one thread.</remarks>
sealed class PaintedStream(int channel, MessageLink link) : IDisposable
{
    /// <summary>Units whose pictures may still be inside the decoder: more than any stream reorders.</summary>
    const int MaxPending = 64;

    readonly SortedDictionary<long, UnitHead> _pending = [];    // by presentation
    readonly Dictionary<long, UnitHead> _encoding = [];         // by presentation
    PaintHead _paint = new(channel, true, 23);
    AreaPlan? _plan;
    AreaPainter? _painter;
    PlanarPicture? _picture;
    PictureDecoder? _decoder;
    PictureEncoder? _encoder;
    VideoFormat? _format, _told;
    bool _changed;      // since the last picture: what others were made from mustn't be shown any more
    string _fault = "";

    public void Take(object head, ReadOnlyMemory<byte> bytes)
    {
        switch (head)
        {
            case PaintHead paint:
                Plan(paint, bytes.Span);
                break;
            case FormatHead format:
                Open(format.ToFormat(bytes.ToArray()));
                break;
            case UnitHead unit:
                Decode(unit, bytes.Span);
                Send(MessageKind.Done, new(channel, unit.Sequence), WireJson.Default.DoneHead);
                break;
            case DrainHead drain:
                _decoder?.Flush(OnPicture);
                _encoder?.Flush(OnUnit);
                CloseEncoder();
                _pending.Clear();
                Send(MessageKind.Done, new(channel, drain.Sequence), WireJson.Default.DoneHead);
                break;
            case ChannelHead:
                _decoder?.Flush(static (in _, _) => { });
                _pending.Clear();
                break;
        }
    }

    public void Dispose()
    {
        _decoder?.Dispose();
        CloseEncoder();
    }

    void Plan(PaintHead paint, ReadOnlySpan<byte> json)
    {
        _painter = null;
        if (paint.Live != _paint.Live || paint.Quantizer != _paint.Quantizer)
            CloseEncoder();
        _paint = paint;
        _changed = true;
        // The node checked it; without one nothing is given.
        if (!AreaPlanText.TryRead(json, out _plan, out string fault))
            Report($"What is to be painted can't be read: {fault}");
    }

    void Open(VideoFormat format)
    {
        _format = format;
        _pending.Clear();
        _decoder?.Dispose();
        Report(PictureDecoder.TryOpen(format, new(), out _decoder, out string fault) ? "" : fault);
    }

    void Decode(UnitHead unit, ReadOnlySpan<byte> bytes)
    {
        if (_decoder is null)
            return;
        if (_pending.Count >= MaxPending)
            _pending.Remove(_pending.First().Key);
        _pending[unit.Presentation] = unit;
        _decoder.Decode(bytes, new(unit.Presentation), OnPicture);
    }

    void OnPicture(in Picture picture, MediaTime at)
    {
        if (!_pending.Remove(at.Ticks, out var unit) || _plan is null)
            return;
        // Encoders take even sizes; a last odd row or column is given up.
        int width = picture.Width & ~1, height = picture.Height & ~1;
        if (_picture is null || _picture.Width != width || _picture.Height != height || _picture.FullRange != picture.FullRange)
        {
            CloseEncoder();
            _picture = width < 2 || height < 2 ? null : new(width, height, picture.FullRange);
            _painter = null;
        }

        if (_picture is null)
            return;
        if (_encoder is null)
        {
            var options = new EncoderOptions { Live = _paint.Live, Quantizer = _paint.Quantizer };
            if (_format!.FrameDuration > MediaTime.Zero)
                options = options with { FrameDuration = _format.FrameDuration };
            if (!PictureEncoder.TryOpen(width, height, picture.FullRange, options, out _encoder, out string fault))
            {
                Report(fault);
                return;
            }

            Report("");
        }

        _picture.Take(picture);
        _painter ??= new(_plan, width, height);
        _painter.Paint(_picture, at);
        _encoding[at.Ticks] = unit;
        _encoder.Encode(_picture.AsPicture(), at, unit.Key || _changed, OnUnit);
        _changed = false;
    }

    void OnUnit(AccessUnit painted)
    {
        if (!_encoding.Remove(painted.Presentation.Ticks, out var unit))
            return;
        var format = (VideoFormat)painted.Format;
        if (_told is null || !_told.Equals(format))
        {
            _told = format;
            Send(MessageKind.PaintedFormat, new(channel), WireJson.Default.ChannelHead, format.Configuration);
        }

        Send(MessageKind.Painted, new(channel, unit.Presentation, painted.IsKey, unit.Wall, unit.Arrival), WireJson.Default.PaintedHead, painted.Data);
    }

    void CloseEncoder()
    {
        _encoder?.Dispose();
        _encoder = null;
        _encoding.Clear();
    }

    void Report(string fault)
    {
        if (fault == _fault)
            return;
        _fault = fault;
        Send(MessageKind.Fault, new(channel, fault), WireJson.Default.FaultHead);
    }

    void Send<T>(MessageKind kind, T head, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type, ReadOnlyMemory<byte> bytes = default) =>
        link.SendAsync(kind, head, type, bytes, CancellationToken.None).GetAwaiter().GetResult();
}
