using System.Collections.Immutable;
using Atalaya.Media.Rtp;

namespace Atalaya.Media.Rtsp;

/// <summary>Counts since the run began; a snapshot.</summary>
/// <param name="Bytes">Read from the sockets, framing included.</param>
/// <param name="Reads">Reads of a socket: how finely the data came.</param>
/// <param name="Stray">Interleaved frames of channels that nobody asked for.</param>
/// <param name="Tracks">Of the tracks that are played, in their order.</param>
public sealed record RtspStatistics(long Bytes, long Reads, long Stray, ImmutableArray<RtpStatistics> Tracks);
