using System.Xml.Linq;

namespace Atalaya.House.Tests;

/// <summary>A project is a dependency boundary: who may know whom is written here and nowhere else.</summary>
public sealed class ReferenceEdgeTests
{
    // Project → projects it may reference. The same list as design/overview.md gives with its reasons.
    static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Atalaya.Media"] = [],
        ["Atalaya.Incidents"] = [],
        ["Atalaya.Evidence"] = [],
        ["Atalaya.Cameras"] = ["Atalaya.Media", "Atalaya.Incidents"],
        ["Atalaya.Recording"] = ["Atalaya.Media"],
        ["Atalaya.Analysis"] = ["Atalaya.Media", "Atalaya.Incidents"],
        ["Atalaya.Simulation"] = ["Atalaya.Media"],
        ["Atalaya.Federation"] = ["Atalaya.Incidents", "Atalaya.Evidence"],
        ["Atalaya.Node"] = ["Atalaya.Media", "Atalaya.Incidents", "Atalaya.Evidence", "Atalaya.Federation", "Atalaya.Cameras", "Atalaya.Recording", "Atalaya.Analysis", "Atalaya.Simulation"],
    };

    // Packages beyond the base library that a project may use. Media has none: it is what others build on.
    static readonly Dictionary<string, string[]> AllowedPackages = new()
    {
        ["Atalaya.Media"] = [],
        ["Atalaya.Incidents"] = [],
        ["Atalaya.Evidence"] = ["System.Security.Cryptography.Pkcs"],
        ["Atalaya.Analysis"] = ["Microsoft.Extensions.Logging.Abstractions", "YamlDotNet"],
        ["Atalaya.Cameras"] = ["Microsoft.Extensions.Logging.Abstractions"],
        ["Atalaya.Simulation"] = [],
        ["Atalaya.Federation"] = [],
        ["Atalaya.Recording"] = ["Dapper", "Microsoft.Data.Sqlite", "Microsoft.Extensions.Logging.Abstractions", "AWSSDK.S3", "Npgsql", "SQLitePCLRaw.core", "SQLitePCLRaw.bundle_e_sqlite3"],
    };

    [Fact]
    public void Projects_reference_only_what_the_design_allows()
    {
        var projects = Repository.Files.Where(f => f.StartsWith("src/", StringComparison.Ordinal) && f.EndsWith(".csproj", StringComparison.Ordinal)).ToList();
        projects.Select(Path.GetFileNameWithoutExtension).ShouldBe(Allowed.Keys, ignoreOrder: true, "a project without a line in this list");
        foreach (string file in projects)
        {
            string project = Path.GetFileNameWithoutExtension(file);
            var referenced = Items(file, "ProjectReference").Select(p => Path.GetFileNameWithoutExtension(p.Replace('\\', '/')));
            referenced.Except(Allowed[project]).ShouldBeEmpty($"{project} references what it may not know");
        }
    }

    [Fact]
    public void Projects_use_only_the_packages_they_were_granted()
    {
        foreach (var (project, granted) in AllowedPackages)
            Items($"src/{project}/{project}.csproj", "PackageReference").Except(granted).ShouldBeEmpty($"{project} uses a package it was not granted");
    }

    /// <summary>Who checks a package needs to read, and believe, no more than what makes the log; who compares receipts, the documents besides; who asks what a camera signed, how video is
    /// stored.</summary>
    [Fact]
    public void The_tool_that_checks_packages_and_receipts_knows_their_documents_and_formats_and_nothing_else()
    {
        const string tool = "tools/Atalaya.Verify/Atalaya.Verify.csproj";
        Items(tool, "ProjectReference").Select(p => Path.GetFileNameWithoutExtension(p)).ShouldBe(["Atalaya.Evidence", "Atalaya.Federation", "Atalaya.Media"]);
        Items(tool, "PackageReference").ShouldBeEmpty();
    }

    /// <summary>Recording must stand when everything else falls: no codec library and no inference is loaded where it runs.</summary>
    [Fact]
    public void No_project_but_the_analysis_imports_a_native_codec()
    {
        var offenders = Repository.Files
            .Where(f => f.StartsWith("src/", StringComparison.Ordinal) && f.EndsWith(".cs", StringComparison.Ordinal) && !f.StartsWith("src/Atalaya.Analysis/", StringComparison.Ordinal))
            .Where(f => Repository.Read(f) is var text && (text.Contains("avcodec", StringComparison.Ordinal) || text.Contains("onnxruntime", StringComparison.Ordinal)));
        offenders.ShouldBeEmpty();
    }

    static IEnumerable<string> Items(string file, string kind) =>
        XDocument.Load(Path.Combine(Repository.Root, file)).Descendants(kind).Select(e => (string)e.Attribute("Include")!);
}
