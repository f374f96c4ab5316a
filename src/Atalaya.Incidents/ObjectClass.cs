namespace Atalaya.Incidents;

/// <summary>What a thing in a picture is, as far as rules tell things apart. A detector's own classes are mapped to these by its model file.</summary>
public enum ObjectClass
{
    Person,

    /// <summary>Car, van, lorry, bus, train.</summary>
    Vehicle,

    /// <summary>Bicycle, motorcycle, scooter; with or without its rider, who is a person of his own.</summary>
    TwoWheeler,
    Boat,
    Animal,

    /// <summary>What is carried and can be left behind: bag, suitcase, box.</summary>
    Bag,

    /// <summary>Anything else that a model or a camera names.</summary>
    Other,
}
