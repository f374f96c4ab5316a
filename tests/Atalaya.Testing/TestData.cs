using Xunit;

namespace Atalaya.Testing;

/// <summary>
/// Test data that the repository doesn't hold: in <c>../shared/data</c> beside it, or where ATALAYA_TEST_DATA says. A test that needs a
/// file which isn't there is skipped and says which.
/// </summary>
public static class TestData
{
    public static string Root { get; } =
        Environment.GetEnvironmentVariable("ATALAYA_TEST_DATA") is { Length: > 0 } set
            ? System.IO.Path.GetFullPath(set)
            : System.IO.Path.GetFullPath(System.IO.Path.Combine(RepositoryRoot.Path, "..", "shared", "data"));

    /// <summary>The absolute path of a file or folder such as <c>video/vtest.avi</c>; skips the running test if there is none.</summary>
    public static string Path(string relative)
    {
        string path = System.IO.Path.Combine(Root, relative);
        if (!File.Exists(path) && !Directory.Exists(path))
            Assert.Skip($"Test data {path} isn't there: put it there or set ATALAYA_TEST_DATA to the folder that holds {relative}.");
        return path;
    }

    /// <summary>Every file of a folder whose name matches; skips the running test if there is none.</summary>
    public static IReadOnlyList<string> Files(string folder, string pattern = "*", bool recursive = false)
    {
        string path = Path(folder);
        string[] files = Directory.GetFiles(path, pattern, recursive ? SearchOption.AllDirectories : SearchOption.TopDirectoryOnly);
        if (files.Length == 0)
            Assert.Skip($"The test data folder {path} holds no {pattern}.");
        Array.Sort(files, StringComparer.Ordinal);
        return files;
    }
}
