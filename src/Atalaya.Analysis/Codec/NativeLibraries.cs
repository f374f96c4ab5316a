using System.Reflection;
using System.Runtime.InteropServices;

namespace Atalaya.Analysis.Codec;

/// <summary>
/// Finds the codec libraries. FFmpeg's come as a set: libavcodec 59 works only beside libavutil 57 and libswscale 6. They are loaded when first
/// asked for, which only the analysis process does.
/// </summary>
static class NativeLibraries
{
    // Tested with the first; the others keep the fields that we read where they are, which is looked at before anything is decoded.
    static readonly (string Codec, string Util, string Scale)[] Sets =
    [
        ("libavcodec.so.59", "libavutil.so.57", "libswscale.so.6"),
        ("libavcodec.so.60", "libavutil.so.58", "libswscale.so.7"),
        ("libavcodec.so.61", "libavutil.so.59", "libswscale.so.8"),
    ];

    static readonly Lazy<string?> LibAvFault = new(LoadLibAv), TurboJpegFault = new(LoadTurboJpeg);
    static nint _codec, _util, _scale, _jpeg;   // written once by the two above

    // Once for the assembly: whatever else it imports is found in the ordinary way.
    static NativeLibraries() => NativeLibrary.SetDllImportResolver(Assembly.GetExecutingAssembly(), static (name, _, _) => name switch
    {
        LibAv.Codec => _codec,
        LibAv.Util => _util,
        LibAv.Scale => _scale,
        TurboJpeg.Library => _jpeg,
        _ => 0,
    });

    /// <param name="fault">What is missing or doesn't fit, and what to do.</param>
    public static bool TryLoadLibAv(out string fault)
    {
        fault = LibAvFault.Value ?? "";
        return fault.Length == 0;
    }

    /// <param name="fault">What is missing, and what to do.</param>
    public static bool TryLoadTurboJpeg(out string fault)
    {
        fault = TurboJpegFault.Value ?? "";
        return fault.Length == 0;
    }

    static string? LoadLibAv()
    {
        foreach (var set in Sets)
        {
            if (!NativeLibrary.TryLoad(set.Codec, out _codec))
                continue;
            // They are linked to each other: where the first is, the second is of the same release.
            if (!NativeLibrary.TryLoad(set.Util, out _util))
                return $"{set.Codec} is installed but {set.Util} isn't: install FFmpeg's libraries again.";
            if (!NativeLibrary.TryLoad(set.Scale, out _scale))
                return $"{set.Codec} is installed but {set.Scale} isn't: install FFmpeg's libswscale of the same release (Debian 12: libswscale6).";
            LibAv.LogLevel(LibAv.LogQuiet);     // Damaged pictures are ordinary here; they are counted.
            return LibAv.LayoutFault() is { } moved
                ? $"{set.Codec} keeps its data in another way than this program knows ({moved}): install libavcodec 59, 60 or 61 as released by FFmpeg."
                : null;
        }

        return $"None of {string.Join(", ", Sets.Select(s => s.Codec))} is installed: install FFmpeg's libavcodec and libswscale (Debian 12: libavcodec59 and libswscale6).";
    }

    static string? LoadTurboJpeg() =>
        NativeLibrary.TryLoad("libturbojpeg.so.0", out _jpeg) ? null : "libturbojpeg.so.0 isn't installed: install TurboJPEG (Debian: libturbojpeg0).";
}
