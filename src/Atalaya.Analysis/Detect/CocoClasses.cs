using Atalaya.Incidents;

namespace Atalaya.Analysis.Detect;

/// <summary>The classes of COCO (arXiv 1405.0312), which most published detectors are trained on.</summary>
static class CocoClasses
{
    /// <summary>In the order of the 80 scores that most models have.</summary>
    public static IReadOnlyList<string> Names80 { get; } =
    [
        "person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat", "traffic light",
        "fire hydrant", "stop sign", "parking meter", "bench", "bird", "cat", "dog", "horse", "sheep", "cow",
        "elephant", "bear", "zebra", "giraffe", "backpack", "umbrella", "handbag", "tie", "suitcase", "frisbee",
        "skis", "snowboard", "sports ball", "kite", "baseball bat", "baseball glove", "skateboard", "surfboard", "tennis racket", "bottle",
        "wine glass", "cup", "fork", "knife", "spoon", "bowl", "banana", "apple", "sandwich", "orange",
        "broccoli", "carrot", "hot dog", "pizza", "donut", "cake", "chair", "couch", "potted plant", "bed",
        "dining table", "toilet", "tv", "laptop", "mouse", "remote", "keyboard", "cell phone", "microwave", "oven",
        "toaster", "sink", "refrigerator", "book", "clock", "vase", "scissors", "teddy bear", "hair drier", "toothbrush",
    ];

    /// <summary>With the background first and ten numbers that COCO never used: the 91 scores of TensorFlow's detectors.</summary>
    public static IReadOnlyList<string> Names91 { get; } = WithGaps();

    /// <summary>What a class is to the rules; null for those that no rule asks for.</summary>
    public static ObjectClass? ClassOf(string name) => name switch
    {
        "person" => ObjectClass.Person,
        "bicycle" or "motorcycle" or "motorbike" => ObjectClass.TwoWheeler,
        "car" or "bus" or "train" or "truck" => ObjectClass.Vehicle,
        "boat" => ObjectClass.Boat,
        "bird" or "cat" or "dog" or "horse" or "sheep" or "cow" or "elephant" or "bear" or "zebra" or "giraffe" => ObjectClass.Animal,
        "backpack" or "handbag" or "suitcase" => ObjectClass.Bag,
        _ => null,
    };

    static string[] WithGaps()
    {
        int[] unused = [0, 12, 26, 29, 30, 45, 66, 68, 69, 71, 83];
        string[] names = new string[91];
        int next = 0;
        for (int i = 0; i < names.Length; i++)
            names[i] = unused.Contains(i) ? $"unused {i}" : Names80[next++];
        return names;
    }
}
