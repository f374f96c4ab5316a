using Atalaya.Incidents;

namespace Atalaya.Cameras.Onvif;

/// <summary>
/// Makes scene events of what a camera reports. Most of it is a state (motion is, isn't) that cameras repeat while it lasts; one event is its
/// beginning.
/// </summary>
/// <remarks>One caller at a time. Topics: ONVIF Analytics Service Specification, Annex A; Imaging and Device IO Service Specifications; makers' own where they are known.</remarks>
sealed class OnvifSceneEvents(string camera, TimeProvider clock)
{
    /// <summary>States remembered; more are rules that come and go.</summary>
    const int MaxStates = 512;

    /// <summary>A state that is said again after so long without a word is a new one: some cameras never say that it ended.</summary>
    static readonly TimeSpan Forgotten = TimeSpan.FromSeconds(60);

    /// <summary>A time that is farther off, after the clocks' difference was allowed for, is no time of the picture.</summary>
    static readonly TimeSpan Believed = TimeSpan.FromMinutes(2);

    // How makers name the value that tells whether a state is.
    static readonly string[] StateNames =
        ["State", "IsMotion", "IsInside", "IsTamper", "LogicalState", "IsLoitering", "IsLeft", "IsObjectLeft", "IsCrossed", "IsSoundDetected", "active", "Alarm"];

    readonly Dictionary<string, long> _since = new(StringComparer.Ordinal);     // states that are, and when they were last said

    /// <param name="offset">By how much the camera's clock is ahead.</param>
    /// <param name="profile">Events that name another camera of the same device are left out.</param>
    /// <returns>Null: nothing that happened in front of the camera, or nothing new.</returns>
    public SceneEvent? Take(OnvifEvent reported, TimeSpan? offset, OnvifProfile? profile)
    {
        if (reported.Change == OnvifChange.Deleted || !IsOfThis(reported, profile) || Kind(reported) is not { } known)
            return null;
        bool leaves = false;
        if (State(reported) is { } state)
        {
            string key = $"{reported.Topic}\n{string.Join('\n', reported.Source.Concat(reported.Key).Select(i => $"{i.Name}={i.Value}"))}";
            if (Turn(key, state) is not { } began || (!began && known.Kind != SceneEventKind.ZoneEntered))
                return null;
            leaves = !began;
        }

        if (reported.Change == OnvifChange.Initial)
            return null;    // What was so before we came began at a time that nobody tells.

        var now = clock.GetUtcNow();
        var at = reported.At is { } said && said - (offset ?? TimeSpan.Zero) is var ours && (ours - now).Duration() <= Believed && ours <= now ? ours : now;
        return new()
        {
            Id = Guid.CreateVersion7(at),
            Camera = camera,
            At = at,
            Kind = leaves ? SceneEventKind.ZoneLeft : known.Kind,
            Source = SceneEventSource.Camera,
            Rule = reported.Topic,
            Class = known.Class ?? ClassOf(reported),
            Detail = Value(reported, "Rule") ?? Value(reported, "RuleName") ?? Value(reported, "InputToken") ?? "",
        };
    }

    /// <returns>True: it is, and wasn't; false: it was, and isn't; null: nothing new.</returns>
    bool? Turn(string key, bool state)
    {
        if (!state)
            return _since.Remove(key) ? false : null;
        long now = clock.GetTimestamp();
        bool was = _since.TryGetValue(key, out long last) && clock.GetElapsedTime(last, now) < Forgotten;
        if (_since.Count >= MaxStates && !_since.ContainsKey(key))
            _since.Remove(_since.MinBy(s => s.Value).Key);
        _since[key] = now;
        return was ? null : true;
    }

    static (SceneEventKind Kind, ObjectClass? Class)? Kind(OnvifEvent reported)
    {
        string topic = reported.Topic;
        bool Is(string start) => topic.StartsWith(start, StringComparison.OrdinalIgnoreCase);
        bool Has(string part) => topic.Contains(part, StringComparison.OrdinalIgnoreCase);
        if (Is("VideoSource/MotionAlarm") || Is("RuleEngine/CellMotionDetector") || Is("RuleEngine/MotionRegionDetector") || Is("VideoAnalytics/Motion") || Has("/VMD"))
            return (SceneEventKind.Motion, null);
        if (Is("VideoSource/SignalLoss") || Is("VideoSource/ConnectionFailed"))
            return (SceneEventKind.StreamLost, null);
        if (Is("VideoSource/GlobalSceneChange") || Is("VideoSource/ImageToo") || Is("RuleEngine/TamperDetector") || Has("Tamper"))
            return (SceneEventKind.Tamper, null);
        if (Is("Device/Trigger/DigitalInput") || Is("Device/IO/VirtualInput"))
            return (SceneEventKind.Sensor, null);
        if (!Is("RuleEngine/") && !Is("VideoAnalytics/") && !Is("AudioAnalytics/"))
            return null;    // The device about itself: fans, disks, jobs, settings.
        if (Is("RuleEngine/CountAggregation") || Has("Counter") || Has("LicensePlate"))
            return null;    // Readings, not happenings.
        if (Has("LineDetector") || Has("CrossLine") || Has("LineCross") || Has("Tripwire"))
            return (SceneEventKind.LineCrossed, null);
        if (Has("Loiter"))
            return (SceneEventKind.Loitering, null);
        if (Has("Crowd"))
            return (SceneEventKind.Crowd, null);
        if (Has("ObjectLeft") || Has("LeftBehind") || Has("Unattended") || Has("Abandon"))
            return (SceneEventKind.LeftBehind, null);
        if (Has("Removed") || Has("Missing") || Has("TakenAway"))
            return (SceneEventKind.Removed, null);
        if (Has("FieldDetector") || Has("Intrusion") || Has("RegionEntrance") || Has("EnterRegion"))
            return (SceneEventKind.ZoneEntered, null);
        if (Has("PeopleDetect") || Has("HumanDetect") || Has("PersonDetect"))
            return (SceneEventKind.Motion, ObjectClass.Person);
        if (Has("VehicleDetect"))
            return (SceneEventKind.Motion, ObjectClass.Vehicle);
        if (Has("DogCatDetect") || Has("AnimalDetect"))
            return (SceneEventKind.Motion, ObjectClass.Animal);
        return (SceneEventKind.Other, null);
    }

    static bool? State(OnvifEvent reported)
    {
        foreach (var item in reported.Data)
        {
            if (StateNames.Contains(item.Name, StringComparer.OrdinalIgnoreCase))
                return item.Value.Trim().ToUpperInvariant() switch { "TRUE" or "1" or "ON" or "ACTIVE" => true, "FALSE" or "0" or "OFF" or "INACTIVE" => false, _ => null };
        }

        return null;
    }

    static ObjectClass? ClassOf(OnvifEvent reported)
    {
        foreach (var item in reported.Data)
        {
            if (!item.Name.Contains("Class", StringComparison.OrdinalIgnoreCase) && !item.Name.Contains("ObjectType", StringComparison.OrdinalIgnoreCase))
                continue;
            return item.Value.Trim().ToUpperInvariant() switch
            {
                "HUMAN" or "PERSON" or "PEDESTRIAN" => ObjectClass.Person,
                "VEHICLE" or "VEHICAL" or "CAR" or "TRUCK" or "BUS" => ObjectClass.Vehicle,     // The second as the specification once misspelt it.
                "BICYCLE" or "BIKE" or "MOTORCYCLE" => ObjectClass.TwoWheeler,
                "ANIMAL" => ObjectClass.Animal,
                "BOAT" or "SHIP" => ObjectClass.Boat,
                _ => null,
            };
        }

        return null;
    }

    /// <summary>A device with several cameras tells everyone about all of them.</summary>
    static bool IsOfThis(OnvifEvent reported, OnvifProfile? profile)
    {
        if (profile is null)
            return true;
        foreach (var item in reported.Source)
        {
            string? own = item.Name switch
            {
                "VideoSourceToken" or "VideoSource" => profile.SourceToken,
                "VideoSourceConfigurationToken" => profile.SourceConfigurationToken,
                "Source" when reported.Topic.StartsWith("VideoSource/", StringComparison.OrdinalIgnoreCase) => profile.SourceToken,
                _ => null,
            };
            // Makers write the one where the other belongs; either will do.
            if (own is not null && item.Value != profile.SourceToken && item.Value != profile.SourceConfigurationToken)
                return false;
        }

        return true;
    }

    static string? Value(OnvifEvent reported, string name)
    {
        foreach (var item in reported.Source)
        {
            if (string.Equals(item.Name, name, StringComparison.OrdinalIgnoreCase) && item.Value.Length > 0)
                return item.Value.Length <= 100 ? item.Value : item.Value[..100];
        }

        return null;
    }
}
