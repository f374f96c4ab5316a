using System.Net.Sockets;
using Atalaya.Media;

namespace Atalaya.Simulation;

/// <summary>
/// What goes to one client over its connection. Nobody waits for it: what the socket doesn't take at once is kept, up to a bound, and sent by one
/// task of its own.
/// </summary>
/// <remarks>Thread-safe; messages stay whole and in order.</remarks>
sealed class ClientOutput(Socket socket, Stream? encrypted, int capacity, TimeProvider clock)
{
    readonly Lock _gate = new();
    byte[] _waiting = [];       // under _gate, as what follows
    byte[] _sending = [];
    int _waitingBytes, _sendingBytes;
    bool _flushing;
    long _progress = MonotonicTime.Now(clock).Nanoseconds;

    /// <summary>Bytes that wait.</summary>
    public int Queued
    {
        get
        {
            lock (_gate)
                return _waitingBytes + _sendingBytes;
        }
    }

    /// <summary>Nothing more can be sent.</summary>
    public bool Broken { get; private set; }

    /// <summary>Before the socket is disposed of: whoever still has something to say is refused instead of meeting a dead socket.</summary>
    public void Break()
    {
        lock (_gate)
            Broken = true;
    }

    /// <summary>For how long bytes have waited and none was taken; zero if none waits.</summary>
    public TimeSpan Stuck(MonotonicTime now)
    {
        lock (_gate)
            return _flushing ? now - new MonotonicTime(_progress) : TimeSpan.Zero;
    }

    /// <summary>False, and nothing sent, if so much waits already that it doesn't fit.</summary>
    /// <param name="reply">Goes in any case: there is one for each request, and those are bounded.</param>
    public bool TrySend(ReadOnlySpan<byte> bytes, bool reply = false)
    {
        lock (_gate)
        {
            if (Broken)
                return false;
            if (!_flushing && encrypted is null)
            {
                int sent = socket.Send(bytes, SocketFlags.None, out var error);
                if (error is not (SocketError.Success or SocketError.WouldBlock))
                {
                    Broken = true;
                    return false;
                }

                if (error == SocketError.Success)
                    bytes = bytes[sent..];
                if (bytes.IsEmpty)
                    return true;
            }
            else if (!reply && _waitingBytes + _sendingBytes + bytes.Length > capacity)
            {
                return false;
            }

            if (_waiting.Length < _waitingBytes + bytes.Length)
                Array.Resize(ref _waiting, Math.Max(_waitingBytes + bytes.Length, Math.Min(_waiting.Length * 2, capacity)));
            bytes.CopyTo(_waiting.AsSpan(_waitingBytes));
            _waitingBytes += bytes.Length;
            if (!_flushing)
            {
                _flushing = true;
                _progress = MonotonicTime.Now(clock).Nanoseconds;
                _ = FlushAsync();
            }
        }

        return true;
    }

    async Task FlushAsync()
    {
        await Task.Yield();     // out of the caller's lock
        try
        {
            while (true)
            {
                lock (_gate)
                {
                    if (_waitingBytes == 0)
                    {
                        _sendingBytes = 0;
                        _flushing = false;
                        return;
                    }

                    (_waiting, _sending) = (_sending, _waiting);
                    (_waitingBytes, _sendingBytes) = (0, _waitingBytes);
                }

                for (int sent = 0; sent < _sendingBytes;)
                {
                    int end = Math.Min(_sendingBytes, sent + (64 << 10));
                    if (encrypted is null)
                    {
                        sent += await socket.SendAsync(_sending.AsMemory(sent..end), SocketFlags.None);
                    }
                    else
                    {
                        await encrypted.WriteAsync(_sending.AsMemory(sent..end));
                        sent = end;
                    }

                    lock (_gate)
                        _progress = MonotonicTime.Now(clock).Nanoseconds;
                }
            }
        }
        catch (Exception gone) when (gone is SocketException or ObjectDisposedException or IOException or InvalidOperationException)
        {
            lock (_gate)
                Broken = true;
        }
    }
}
