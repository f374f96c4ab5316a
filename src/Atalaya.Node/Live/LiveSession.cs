using System.Buffers;
using System.Text.Json;

using Atalaya.Media;
using Atalaya.Media.Mp4;
using Atalaya.Node.Health;
using Atalaya.Node.Options;

namespace Atalaya.Node.Live;

/// <summary>How a viewer left.</summary>
enum LiveEnd
{
    /// <summary>The page closed it, or went away.</summary>
    ViewerLeft,
    CameraRemoved,
    NodeStopping,

    /// <summary>Signed out, or the right to see the camera was taken.</summary>
    Revoked,

    /// <summary>What it was shown under has ended: a grant, a link.</summary>
    Ended,

    /// <summary>It took nothing for too long.</summary>
    TooSlow,

    /// <summary>Masks came or went for this viewer: to be opened again.</summary>
    MasksChanged,

    /// <summary>Masks can't be painted.</summary>
    NotPainted,
}

/// <summary>
/// One viewer of one stream: reads the hub, wraps each access unit into a fragment of its own and sends it at once. A slow viewer loses
/// pictures up to the next key frame and is told so; it never holds up anyone else.
/// </summary>
/// <remarks>One loop owns all fields; a second one waits for the viewer's end.</remarks>
sealed class LiveSession : IDisposable
{
    static readonly TimeSpan ClockEvery = TimeSpan.FromSeconds(1);

    readonly LiveLine _line;
    readonly HubReader _reader;
    readonly StreamKind _stream;
    readonly bool _masked;
    readonly bool _wantsAudio;
    readonly LiveObjects? _objects;
    readonly LiveOptions _options;
    readonly TimeProvider _clock;
    readonly NodeMeters _meters;
    readonly JsonSerializerOptions _json;
    readonly ArrayBufferWriter<byte> _message = new(64 << 10);  // One message at a time; grows to the largest key frame and stays.
    FragmentMuxer? _muxer;
    AudioFormat? _audio;            // Of this run or the last one: a browser must know of sound before the first picture.
    long _clockSent;

    public LiveSession(
        LiveLine line, StreamHub hub, StreamKind stream, bool masked, bool wantsAudio, LiveObjects? objects, LiveOptions options, TimeProvider clock, NodeMeters meters, JsonSerializerOptions json)
    {
        _line = line;
        _stream = stream;
        _masked = masked;
        _wantsAudio = wantsAudio;
        _objects = objects;
        _options = options;
        _clock = clock;
        _meters = meters;
        _json = json;
        _reader = hub.Open(options.Queue, Overflow.SkipToKeyFrame, default, options.QueueBytes.Bytes);
    }

    /// <summary>Sends until <paramref name="stop"/>, or until the viewer leaves.</summary>
    /// <exception cref="OperationCanceledException">Stopped.</exception>
    /// <exception cref="TimeoutException">The viewer took nothing for <see cref="LiveOptions.SendTimeout"/>.</exception>
    /// <exception cref="System.Net.WebSockets.WebSocketException">The viewer went away.</exception>
    /// <exception cref="IOException">The viewer went away.</exception>
    public async Task RunAsync(CancellationToken stop)
    {
        if (_wantsAudio)
            await PrimeAsync(stop);
        while (await _reader.WaitAsync(stop))
        {
            while (_reader.TryRead(out var item))
                await TakeAsync(item, stop);
        }
    }

    public void Dispose()
    {
        _reader.Dispose();
        _muxer?.Reset();
    }

    /// <summary>Looks through what the hub kept for its sound, so that the first init segment names it.</summary>
    async Task PrimeAsync(CancellationToken stop)
    {
        var kept = new List<HubItem>();
        try
        {
            while (_reader.TryRead(out var item))
            {
                kept.Add(item);
                if (item.Unit?.Format is AudioFormat { Codec: Codec.Aac } audio)
                    _audio ??= audio;
            }
        }
        finally
        {
            for (int i = 0; i < kept.Count; i++)
            {
                if (stop.IsCancellationRequested)
                    kept[i].Unit?.Release();
                else
                    await TakeAsync(kept[i], stop);
            }
        }
    }

    async Task TakeAsync(HubItem item, CancellationToken stop)
    {
        try
        {
            if (item.Skipped > 0)
            {
                _meters.LiveSkipped.Add(item.Skipped);
                await SendAsync(new SkippedMessage(item.Skipped), stop);
            }

            if (item.Break is { } reason)
            {
                // A new run has a new media clock, and maybe another format.
                _muxer = null;
                await SendAsync(new BreakMessage(reason.Cause, reason.Detail, reason.At.ToDateTimeOffset()), stop);
            }
            else if (item.Unit is { } unit)
            {
                await TakeAsync(unit, stop);
            }
        }
        finally
        {
            item.Unit?.Release();
        }
    }

    async Task TakeAsync(AccessUnit unit, CancellationToken stop)
    {
        if (unit.Format is AudioFormat audio)
        {
            // Browsers play AAC from a media source; G.711 and L16 they don't.
            if (!_wantsAudio || audio.Codec != Codec.Aac)
                return;
            _audio = audio;
        }

        if (unit.IsVideo && (_muxer is null || !_muxer.Accepts(unit.Format) || (unit.IsKey && _audio is not null && !_muxer.Accepts(_audio))))
        {
            if (!unit.IsKey)
                return;
            await BeginAsync((VideoFormat)unit.Format, stop);
            _clockSent = 0;
        }

        if (_muxer is null || !_muxer.Accepts(unit.Format))
            return;
        if (unit.IsVideo && (_clockSent == 0 || _clock.GetElapsedTime(_clockSent) >= ClockEvery))
        {
            _clockSent = _clock.GetTimestamp();
            await SendAsync(new ClockMessage(Math.Round(unit.Presentation.Seconds, 6), unit.Wall.ToDateTimeOffset()), stop);
            if (_objects?.Status() is { } analysis)
                await SendAsync(analysis, stop);
        }

        // What was seen is about earlier pictures, and viewers show the live stream a little late: it comes in time.
        if (unit.IsVideo && _objects?.Next() is { } seen)
            await SendAsync(seen, stop);

        _muxer.Add(unit);
        var fragment = _muxer.End();
        try
        {
            // Gathered into one message: a second send would cost a system call, the copy costs a few microseconds.
            _message.ResetWrittenCount();
            fragment.CopyTo(_message);
        }
        finally
        {
            fragment.Release();
        }

        await SendAsync(LiveFrameKind.Fragment, stop);
        _meters.LiveFragments.Add(1);
        if (unit.Arrival != default)
            _meters.LiveLatency.Record((MonotonicTime.Now(_clock) - unit.Arrival).TotalSeconds);
    }

    async Task BeginAsync(VideoFormat video, CancellationToken stop)
    {
        _muxer?.Reset();
        _muxer = new(_wantsAudio && _audio is not null ? [video, _audio] : [video]);
        await SendAsync(new InitMessage(_muxer.MimeType, video.CodecString, video.Width, video.Height, _stream, _masked), stop);
        _message.ResetWrittenCount();
        _muxer.WriteInit(_message);
        await SendAsync(LiveFrameKind.Fragment, stop);
    }

    ValueTask SendAsync<T>(T message, CancellationToken stop)
    {
        _message.ResetWrittenCount();
        using (var writer = new Utf8JsonWriter(_message))
            JsonSerializer.Serialize(writer, message, _json);
        return SendAsync(LiveFrameKind.Message, stop);
    }

    // Usually the socket takes it at once and nothing is allocated; only a send that must wait is timed.
    ValueTask SendAsync(LiveFrameKind kind, CancellationToken stop)
    {
        var sent = _line.SendAsync(kind, _message.WrittenMemory, stop);
        return sent.IsCompletedSuccessfully ? default : new(sent.AsTask().WaitAsync(_options.SendTimeout, _clock, stop));
    }
}
