using System.Net;
using Atalaya.Media;
using Microsoft.Extensions.Logging;

namespace Atalaya.Cameras;

/// <summary>What all cameras of a node share.</summary>
/// <param name="AddressAllowed">Whether a camera may be at this address; asked at each connection, after the name was resolved.</param>
/// <param name="DataTimeout">Without media for so long, a session is given up and begun anew.</param>
/// <param name="KeepGroups">Hubs keep the current group of pictures, so that a viewer sees one at once. Costs its memory.</param>
public sealed record CameraServices(
    BlockPool Pool,
    TimeProvider Clock,
    ILogger Log,
    Func<IPAddress, bool> AddressAllowed,
    TimeSpan DataTimeout,
    bool KeepGroups);
