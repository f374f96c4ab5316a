namespace Atalaya.Testing;

/// <summary>Where the repository lies, found from the folder that the tests run in.</summary>
public static class RepositoryRoot
{
    static readonly Lazy<string> Found = new(Find);

    /// <summary>Absolute, without a slash at its end.</summary>
    public static string Path => Found.Value;

    /// <summary>A file or folder of the repository.</summary>
    public static string File(params ReadOnlySpan<string> parts) => System.IO.Path.Combine([Path, .. parts]);

    static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (System.IO.File.Exists(System.IO.Path.Combine(folder.FullName, "Atalaya.slnx")))
                return folder.FullName;
        }

        throw new DirectoryNotFoundException($"No folder above {AppContext.BaseDirectory} holds Atalaya.slnx: run the tests from within the repository.");
    }
}
