using Atalaya.Testing;

namespace Atalaya.System.Tests;

/// <summary>The executable that users run, built beside these tests.</summary>
static class AtalayaProgram
{
    public static string Path { get; } = Find();

    public static ManagedProcess Start(params IEnumerable<string> arguments) => ManagedProcess.Start(Path, arguments);

    public static Task<ProcessResult> RunAsync(params IEnumerable<string> arguments) => ManagedProcess.RunAsync(Path, arguments);

    static string Find()
    {
        // bin/<configuration>/<framework>/ of this project is that of the executable.
        string[] folders = AppContext.BaseDirectory.TrimEnd('/').Split('/');
        string path = $"{RepositoryRoot.Path}/src/Atalaya.Node/bin/{folders[^2]}/{folders[^1]}/atalaya";
        return File.Exists(path) ? path : throw new FileNotFoundException("The executable isn't built.", path);
    }
}
