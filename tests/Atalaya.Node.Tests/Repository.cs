namespace Atalaya.Node.Tests;

/// <summary>Files of the repository that tests compare with.</summary>
static class Repository
{
    public static string Root { get; } = Find();

    /// <summary>The kept text; with <c>UPDATE_REF=1</c> it is replaced by <paramref name="now"/> first.</summary>
    public static string ReadKept(string path, string now)
    {
        string file = Path.Combine(Root, path);
        if (Environment.GetEnvironmentVariable("UPDATE_REF") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllText(file, now);
        }

        return File.Exists(file) ? File.ReadAllText(file) : "";
    }

    static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Atalaya.slnx")))
                return folder.FullName;
        }

        throw new InvalidOperationException($"No folder above {AppContext.BaseDirectory} holds Atalaya.slnx.");
    }
}
