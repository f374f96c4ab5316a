using System.Runtime.InteropServices;
using System.Text;

namespace Atalaya.Analysis.Detect;

/// <summary>
/// ONNX Runtime's library, reached through the function table of its C API (onnxruntime_c_api.h, <c>OrtGetApiBase</c>). Loaded once a process, as it
/// can't be unloaded, and only in the analysis child.
/// </summary>
/// <remarks>Whatever the library refuses becomes a <see cref="DetectorException"/> with its words; no status goes unread.</remarks>
public sealed unsafe class OnnxRuntime
{
    // GetApi(17): ONNX Runtime 1.17 (January 2024) and everything since.
    const uint ApiVersion = 17;

    static readonly Lock Gate = new();
    static OnnxRuntime? loaded;     // under Gate

    readonly nint* _functions;

    OnnxRuntime(string path, nint* functions, string version)
    {
        (Path, Version) = (path, version);
        _functions = functions;
        nint environment;
        fixed (byte* name = "atalaya\0"u8)
            Check(((delegate* unmanaged<int, byte*, nint*, nint>)Function(OrtFunction.CreateEnv))(LogErrors, name, &environment), "creating its environment");
        // One a process, as the library wants it; never released: sessions may be finalized later than anything here.
        Environment = environment;
        Providers = ReadProviders();
    }

    /// <summary>ORT_LOGGING_LEVEL_ERROR: its warnings are about its own optimizations.</summary>
    const int LogErrors = 3;

    /// <summary>The file that was loaded, or the name that the system resolved.</summary>
    public string Path { get; }

    /// <summary>The library's own, such as <c>1.30.0</c>.</summary>
    public string Version { get; }

    /// <summary>What the library was built with: <c>CPUExecutionProvider</c> and perhaps more.</summary>
    public IReadOnlyList<string> Providers { get; }

    internal nint Environment { get; }

    /// <summary>
    /// Where the library is looked for, in this order, when no option says it: beside the executable, in npm's <c>onnxruntime-node</c> in a
    /// <c>node_modules</c> at or above the executable's folder, then by name wherever the system's loader looks.
    /// </summary>
    public static IEnumerable<string> SearchedPlaces()
    {
        string here = AppContext.BaseDirectory;
        yield return System.IO.Path.Combine(here, FileName);
        string architecture = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "arm64" : "x64";
        for (var folder = new DirectoryInfo(here); folder is not null; folder = folder.Parent)
            yield return System.IO.Path.Combine(folder.FullName, "node_modules", "onnxruntime-node", "bin", "napi-v6", "linux", architecture, FileName);
        yield return FileName;
        yield return "libonnxruntime.so";
    }

    const string FileName = "libonnxruntime.so.1";

    /// <summary>Loads the library. A second call gives the first one's, or throws if another file is asked for.</summary>
    /// <param name="library">Its path; null: the first of <see cref="SearchedPlaces"/> that is there.</param>
    /// <exception cref="DetectorException">There is none, or it isn't one, or it is too old.</exception>
    public static OnnxRuntime Load(string? library = null)
    {
        lock (Gate)
        {
            if (loaded is null)
                loaded = library is null ? Search() : Open(System.IO.Path.GetFullPath(library));
            else if (library is not null && System.IO.Path.GetFullPath(library) != loaded.Path)
                throw new DetectorException($"ONNX Runtime is loaded from {loaded.Path} already; a process can't load a second one from {library}.");
            return loaded;
        }
    }

    static OnnxRuntime Search()
    {
        foreach (string place in SearchedPlaces())
        {
            bool isPath = place.Contains('/', StringComparison.Ordinal);
            if (isPath ? File.Exists(place) : NativeLibrary.TryLoad(place, out _))
                return Open(place);
        }

        throw new DetectorException("ONNX Runtime isn't installed: no libonnxruntime.so.1 beside the executable, in node_modules/onnxruntime-node above it, "
            + "nor among the system's libraries. Install it, or name its file (see guide/models.md).");
    }

    static OnnxRuntime Open(string path)
    {
        if (path.Contains('/', StringComparison.Ordinal) && !File.Exists(path))
            throw new DetectorException($"There is no ONNX Runtime library at {path}. Correct the path, or leave it out to have the usual places searched.");
        nint library;
        try
        {
            library = NativeLibrary.Load(path);
        }
        catch (Exception fault) when (fault is DllNotFoundException or BadImageFormatException)
        {
            throw new DetectorException($"{path} can't be loaded as a library: {FirstLine(fault.Message)}. Is it of this machine's architecture ({RuntimeInformation.ProcessArchitecture}), and are the libraries it needs installed?");
        }

        if (!NativeLibrary.TryGetExport(library, "OrtGetApiBase", out nint getBase))
            throw new DetectorException($"{path} isn't ONNX Runtime: it has no OrtGetApiBase. Name its libonnxruntime.so.");
        nint* apiBase = ((delegate* unmanaged<nint*>)getBase)();
        string version = Marshal.PtrToStringUTF8(((delegate* unmanaged<nint>)apiBase[1])()) ?? "";
        nint* functions = ((delegate* unmanaged<uint, nint*>)apiBase[0])(ApiVersion);
        if (functions is null)
            throw new DetectorException($"{path} is ONNX Runtime {version}; version 1.{ApiVersion} or newer is needed.");
        return new(path, functions, version);
    }

    internal nint Function(OrtFunction function) => _functions[(int)function];

    /// <summary>Throws when a call returned a status: null means success, anything else is an object with a message, which is released here.</summary>
    /// <param name="doing">For the message: "reading …".</param>
    internal void Check(nint status, string doing)
    {
        if (status == 0)
            return;
        string message = Marshal.PtrToStringUTF8(((delegate* unmanaged<nint, nint>)Function(OrtFunction.GetErrorMessage))(status)) ?? "";
        ((delegate* unmanaged<nint, void>)Function(OrtFunction.ReleaseStatus))(status);
        throw new DetectorException($"ONNX Runtime {Version} failed {doing}: {message}");
    }

    /// <summary>Takes over what a call made; <paramref name="release"/> will be called for it once.</summary>
    internal OrtHandle Own(nint made, OrtFunction release) => new(made, Function(release));

    /// <summary>Zero-terminated UTF-8.</summary>
    internal static byte[] Text(string text)
    {
        byte[] bytes = new byte[Encoding.UTF8.GetByteCount(text) + 1];
        Encoding.UTF8.GetBytes(text, bytes);
        return bytes;
    }

    string[] ReadProviders()
    {
        byte** names;
        int count;
        Check(((delegate* unmanaged<byte***, int*, nint>)Function(OrtFunction.GetAvailableProviders))(&names, &count), "listing its providers");
        string[] providers = new string[count];
        for (int i = 0; i < count; i++)
            providers[i] = Marshal.PtrToStringUTF8((nint)names[i]) ?? "";
        Check(((delegate* unmanaged<byte**, int, nint>)Function(OrtFunction.ReleaseAvailableProviders))(names, count), "listing its providers");
        return providers;
    }

    static string FirstLine(string text) => text.Split('\n')[0].TrimEnd('.');
}

/// <summary>Positions in the <c>OrtApi</c> table. They are fixed from the version on in which a function first shipped.</summary>
enum OrtFunction
{
    GetErrorMessage = 2,
    CreateEnv = 3,
    CreateSession = 7,
    Run = 9,
    CreateSessionOptions = 10,
    SetSessionGraphOptimizationLevel = 23,
    SetIntraOpNumThreads = 24,
    SetInterOpNumThreads = 25,
    SessionGetInputCount = 30,
    SessionGetOutputCount = 31,
    SessionGetInputTypeInfo = 33,
    SessionGetOutputTypeInfo = 34,
    SessionGetInputName = 36,
    SessionGetOutputName = 37,
    CreateTensorWithDataAsOrtValue = 49,
    GetTensorMutableData = 51,
    CastTypeInfoToTensorInfo = 55,
    GetTensorElementType = 60,
    GetDimensionsCount = 61,
    GetDimensions = 62,
    GetTensorTypeAndShape = 65,
    CreateCpuMemoryInfo = 69,
    AllocatorFree = 76,
    GetAllocatorWithDefaultOptions = 78,
    ReleaseStatus = 93,
    ReleaseMemoryInfo = 94,
    ReleaseSession = 95,
    ReleaseValue = 96,
    ReleaseTypeInfo = 98,
    ReleaseTensorTypeAndShapeInfo = 99,
    ReleaseSessionOptions = 100,
    GetAvailableProviders = 125,
    ReleaseAvailableProviders = 126,
    AddSessionConfigEntry = 130,
    AppendExecutionProviderCuda = 204,      // SessionOptionsAppendExecutionProvider_CUDA_V2
    CreateCudaProviderOptions = 205,
    UpdateCudaProviderOptions = 206,
    ReleaseCudaProviderOptions = 208,
    AppendExecutionProvider = 216,          // SessionOptionsAppendExecutionProvider, by name
}

/// <summary>An object that the library made, released by the function that belongs to it.</summary>
sealed unsafe class OrtHandle : SafeHandle
{
    readonly nint _release;

    public OrtHandle(nint made, nint release)
        : base(0, ownsHandle: true)
    {
        _release = release;
        SetHandle(made);
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>For calls; the owner keeps this object alive over them.</summary>
    public nint Value => handle;

    protected override bool ReleaseHandle()
    {
        ((delegate* unmanaged<nint, void>)_release)(handle);
        return true;
    }
}
