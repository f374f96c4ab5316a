using System.Reflection;

namespace Atalaya.Fuzz;

/// <summary>
/// Every parser that reads what came over a wire or lies on a disk. Each public static method that takes one
/// <c>ReadOnlySpan&lt;byte&gt;</c> is a target and must return, whatever it is given: an exception is a finding.
/// </summary>
/// <remarks>
/// One file for each folder of parsers (<c>FuzzTargets.Rtsp.cs</c> …). Seeds: <see cref="SeedsAttribute"/> names files under the test
/// data, and a method <c>NameSeeds</c> without parameters returns seeds of its own as <c>IEnumerable&lt;byte[]&gt;</c>.
/// </remarks>
public static partial class FuzzTargets
{
    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        .. typeof(FuzzTargets).GetMethods(BindingFlags.Public | BindingFlags.Static)
            .Where(m => m.ReturnType == typeof(void) && m.GetParameters() is [{ ParameterType: var type }] && type == typeof(ReadOnlySpan<byte>))
            .OrderBy(m => m.Name, StringComparer.Ordinal)
            .Select(m => new FuzzTarget(m)),
    ];
}

/// <summary>Seeds from the test data: a folder and a pattern, for instance <c>[Seeds("rtsp", "*.txt")]</c>. Absent data is no fault.</summary>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
public sealed class SeedsAttribute(string folder, string pattern) : Attribute
{
    public string Folder { get; } = folder;
    public string Pattern { get; } = pattern;
}

public sealed class FuzzTarget(MethodInfo method)
{
    delegate void Body(ReadOnlySpan<byte> input);

    readonly Body _body = method.CreateDelegate<Body>();

    public string Name => method.Name;

    public void Run(byte[] input) => _body(input);

    public IReadOnlyList<byte[]> Seeds()
    {
        var seeds = new List<byte[]>();
        if (method.DeclaringType!.GetMethod($"{Name}Seeds", BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic) is { } own)
            seeds.AddRange((IEnumerable<byte[]>)own.Invoke(null, null)!);
        foreach (var from in method.GetCustomAttributes<SeedsAttribute>())
        {
            if (DataFolder() is { } data && Directory.Exists(Path.Combine(data, from.Folder)))
            {
                // Ordered, and no larger than an input may get, so that a seed number means the same everywhere.
                foreach (string file in Directory.EnumerateFiles(Path.Combine(data, from.Folder), from.Pattern, SearchOption.AllDirectories).Order(StringComparer.Ordinal).Take(200))
                {
                    using var stream = File.OpenRead(file);
                    var bytes = new byte[Math.Min(stream.Length, 64 << 10)];
                    stream.ReadExactly(bytes);
                    seeds.Add(bytes);
                }
            }
        }

        return seeds;
    }

    public override string ToString() => Name;

    /// <summary><c>../shared/data</c> next to the repository that holds the running program.</summary>
    internal static string? DataFolder()
    {
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "Atalaya.slnx")) && at.Parent is { } above)
            {
                string data = Path.Combine(above.FullName, "shared", "data");
                return Directory.Exists(data) ? data : null;
            }
        }

        return null;
    }
}
