using System.Collections.Concurrent;

using Atalaya.Analysis.Wire;

namespace Atalaya.Analysis.Child;

/// <summary>The streams that are painted, each with a thread of its own: the system shares out the processor, and a live one never waits for a file.</summary>
sealed class PaintedStreams(MessageLink link) : IDisposable
{
    /// <summary>The node opens fewer.</summary>
    const int MaxStreams = 256;

    /// <summary>Messages of one stream that may wait. The node keeps far below: its credits run out.</summary>
    const int MaxWaiting = 256;

    readonly Dictionary<int, Worker> _workers = [];     // of the loop that reads

    /// <summary>Takes over the message.</summary>
    /// <exception cref="WireException">It isn't for here, is about a stream that isn't known, or there are too many.</exception>
    public void Take(Message message)
    {
        int channel;
        object head;
        switch (message.Kind)
        {
            case MessageKind.Paint:
                var paint = message.Head(WireJson.Default.PaintHead);
                (channel, head) = (paint.Channel, paint);
                break;
            case MessageKind.Format:
                var format = message.Head(WireJson.Default.FormatHead);
                (channel, head) = (format.Channel, format);
                break;
            case MessageKind.Unit:
                var unit = message.Head(WireJson.Default.UnitHead);
                (channel, head) = (unit.Channel, unit);
                break;
            case MessageKind.Drain:
                var drain = message.Head(WireJson.Default.DrainHead);
                (channel, head) = (drain.Channel, drain);
                break;
            case MessageKind.Break or MessageKind.Forget:
                var about = message.Head(WireJson.Default.ChannelHead);
                (channel, head) = (about.Channel, about);
                break;
            default:
                message.Dispose();
                throw new WireException($"The node sent a message {message.Kind}, which isn't for painting.");
        }

        if (!_workers.TryGetValue(channel, out var worker))
        {
            if (head is not PaintHead || _workers.Count >= MaxStreams)
            {
                message.Dispose();
                throw new WireException($"A message {message.Kind} is about channel {channel}, which was never opened, or is one of more than {MaxStreams}.");
            }

            _workers[channel] = worker = new(channel, link);
        }

        if (!worker.TryAdd(message, head))
        {
            message.Dispose();
            throw new WireException($"More than {MaxWaiting} messages of channel {channel} wait.");
        }

        if (message.Kind == MessageKind.Forget)
            _workers.Remove(channel);
    }

    public void Dispose()
    {
        foreach (var worker in _workers.Values)
            worker.Dispose();
    }

    sealed class Worker : IDisposable
    {
        readonly BlockingCollection<(Message Message, object Head)> _waiting = new(MaxWaiting);
        readonly PaintedStream _stream;
        readonly MessageLink _link;
        volatile bool _stopped;

        public Worker(int channel, MessageLink link)
        {
            _stream = new(channel, link);
            _link = link;
            new Thread(() => AnalysisProcess.DieOf(Work)) { IsBackground = true, Name = $"painting {channel}" }.Start();
        }

        public bool TryAdd(Message message, object head) => _waiting.TryAdd((message, head));

        /// <summary>What is in hand is finished; its thread takes the stream along.</summary>
        public void Dispose()
        {
            _stopped = true;
            _waiting.CompleteAdding();
        }

        void Work()
        {
            using (_stream)
            {
                foreach (var (message, head) in _waiting.GetConsumingEnumerable())
                {
                    using (message)
                    {
                        if (_stopped || message.Kind == MessageKind.Forget)
                            return;
                        // Out before the work begins: what is in the socket outlives the process.
                        if (head is UnitHead unit)
                            _link.SendAsync(MessageKind.Begun, new(unit.Channel, unit.Sequence), WireJson.Default.DoneHead, default, CancellationToken.None).GetAwaiter().GetResult();
                        _stream.Take(head, message.Bytes);
                    }
                }
            }
        }
    }
}
