using Atalaya.Testing;

namespace Atalaya.System.Tests;

/// <summary>The executable that users run, built beside these tests.</summary>
static class AtalayaProgram
{
    public static string Path { get; } = Find();

    public static ManagedProcess Start(params IEnumerable<string> arguments) => ManagedProcess.Start(Path, arguments, Environment());

    public static async Task<ProcessResult> RunAsync(params IEnumerable<string> arguments)
    {
        await using var process = Start(arguments);
        process.CloseInput();
        return await process.WaitAsync();
    }

    /// <summary>Settings of these tests, such as ATALAYA_TEST_DATA, are no options of the program: it would refuse to start.</summary>
    static IEnumerable<KeyValuePair<string, string?>> Environment() =>
        global::System.Environment.GetEnvironmentVariables().Keys.Cast<string>().Where(k => k.StartsWith("ATALAYA_", StringComparison.Ordinal))
            .Select(k => KeyValuePair.Create(k, (string?)null));

    static string Find()
    {
        // bin/<configuration>/<framework>/ of this project is that of the executable.
        string[] folders = AppContext.BaseDirectory.TrimEnd('/').Split('/');
        string path = $"{RepositoryRoot.Path}/src/Atalaya.Node/bin/{folders[^2]}/{folders[^1]}/atalaya";
        return File.Exists(path) ? path : throw new FileNotFoundException("The executable isn't built.", path);
    }
}
