using System.Collections;

using Atalaya.Node.Cameras;
using Atalaya.Node.Security;
using Atalaya.Node.Storage;
using Atalaya.Recording.Database;

namespace Atalaya.Node.Options;

/// <summary>What was read: options and cameras are usable only without errors.</summary>
/// <param name="File">The configuration file, if there is one.</param>
sealed record OptionsReading(NodeOptions Options, IReadOnlyList<CameraEntry> Cameras, IReadOnlyList<OptionError> Errors, string? File);

/// <summary>Gathers options from the file, the environment and the command line.</summary>
/// <param name="File">Null: defaults.</param>
/// <param name="Environment">Variables; those that begin with <c>ATALAYA_</c> are options.</param>
/// <param name="Set">Pairs from the command line, each with its spelling there.</param>
sealed record OptionsSource(
    string? File, IReadOnlyDictionary<string, string> Environment, IReadOnlyList<(string Key, string Value, string Spelling)> Set)
{
    const string Prefix = "ATALAYA_";

    /// <summary>Not options: what tests are told.</summary>
    const string TestPrefix = Prefix + "TEST_";

    /// <summary>Set in the environment, names the file; not an option of its own.</summary>
    public const string FileVariable = Prefix + "CONFIG";

    public static OptionsSource Of(string? file, IReadOnlyList<(string Key, string Value, string Spelling)> set)
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (DictionaryEntry variable in System.Environment.GetEnvironmentVariables())
            environment[(string)variable.Key] = (string?)variable.Value ?? "";
        return new(file ?? environment.GetValueOrDefault(FileVariable), environment, set);
    }

    public OptionsReading Read()
    {
        var errors = new List<OptionError>();
        string? text = null;
        if (File is not null)
        {
            try
            {
                text = System.IO.File.ReadAllText(File);
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
            {
                errors.Add(new(new(File), "", $"The configuration file can't be read: {fault.Message}"));
            }
        }

        return Read(text, errors);
    }

    /// <summary>As <see cref="Read()"/>, with the file's text at hand.</summary>
    public OptionsReading Read(string? text, List<OptionError>? errors = null)
    {
        errors ??= [];
        var options = new NodeOptions();
        IReadOnlyList<CameraEntry> cameras = [];
        if (text is not null && YamlTree.Read(text, File ?? "configuration", errors) is { } map)
        {
            OptionReader.Apply(map, options, "", errors, CameraEntry.Section);
            cameras = CameraEntry.ReadAll(map, errors);
        }

        foreach (var (name, value) in Environment.OrderBy(v => v.Key, StringComparer.Ordinal))
        {
            if (name.StartsWith(Prefix, StringComparison.Ordinal) && name != FileVariable && !name.StartsWith(TestPrefix, StringComparison.Ordinal))
                OptionReader.Apply(name[Prefix.Length..].Replace("__", ".", StringComparison.Ordinal), value, new($"environment variable {name}"), options, errors);
        }

        foreach (var (key, value, spelling) in Set)
            OptionReader.Apply(key, value, new($"command line {spelling}"), options, errors);

        foreach (string address in options.Listen)
        {
            if (!ListenAddress.TryParse(address, out _, out string? fault))
                errors.Add(new(PlaceOf("listen", text), "listen", fault));
        }

        foreach (string address in options.Federation.Listen)
        {
            if (!ListenAddress.TryParse(address, out _, out string? fault))
                errors.Add(new(PlaceOf("federation", text), "federation.listen", fault));
        }

        if (options.Federation.Address.Length > 0 && !Atalaya.Federation.Links.LinkAddress.TryParse(options.Federation.Address, out _, out _))
            errors.Add(new(PlaceOf("federation", text), "federation.address", $"'{OptionError.Shown(options.Federation.Address)}' isn't a host and a port, such as centre.example.org:8443."));
        if (options.Federation.Organisation.Length > 0 && !Atalaya.Federation.Links.NodeCard.IsName(options.Federation.Organisation))
            errors.Add(new(PlaceOf("federation", text), "federation.organisation", "must be one line, without spaces around."));

        foreach (string name in options.Tls.Names)
        {
            if (Uri.CheckHostName(name) is not (UriHostNameType.Dns or UriHostNameType.IPv4 or UriHostNameType.IPv6) || !name.All(char.IsAscii))
                errors.Add(new(PlaceOf("tls", text), "tls.names", $"'{OptionError.Shown(name)}' is neither a host name nor an address; write post7.example.org (a name in another script as xn--…) or 192.0.2.7."));
        }

        if (options.Tls.Key.Length > 0 && options.Tls.Certificate.Length == 0)
            errors.Add(new(PlaceOf("tls", text), "tls.certificate", "is missing, but there is a key (tls.key)."));

        foreach (string origin in options.Requests.AllowedOrigins)
        {
            if (!origin.StartsWith("http://", StringComparison.Ordinal) || origin.EndsWith('/') || !ListenAddress.TryParse(origin, out _, out _))
            {
                errors.Add(new(PlaceOf("requests", text), "requests.allowedOrigins",
                    $"'{Api.Problems.Shown(origin)}' is not the origin of a loopback page; write it as in http://localhost:5173."));
            }
        }

        foreach (string purpose in options.Oversight.Purposes)
        {
            if (purpose.Length is < 1 or > 60 || purpose != purpose.Trim() || purpose.Any(c => char.IsControl(c) || c == ';'))
                errors.Add(new(PlaceOf("oversight", text), "oversight.purposes", $"'{OptionError.Shown(purpose)}' must be 1 to 60 characters, without semicolons and spaces around."));
        }

        if (options.Database.Length > 0 && StoreSource.PostgresFault(options.Database) is { } unusable)
            errors.Add(new(PlaceOf("database", text), "database", unusable));

        foreach (var (key, fault) in Evidence.EvidenceFaults.Of(options.Evidence))
            errors.Add(new(PlaceOf("evidence", text), key, fault));

        foreach (string fault in options.SignIn.Oidc.Faults())
            errors.Add(new(PlaceOf("signIn", text), "signIn.oidc", fault));

        foreach (string fault in StorageSetup.Faults(options.Storage, options.Data))
            errors.Add(new(PlaceOf("storage", text), "storage", fault));

        CameraEntry.Check(cameras, options.Rtsp, errors);
        return new(options, cameras, errors, File);
    }

    /// <summary>Where the node listens.</summary>
    /// <param name="options">Read without errors.</param>
    public static IReadOnlyList<ListenAddress> ListenAddresses(NodeOptions options) =>
        [.. options.Listen.Select(a => ListenAddress.TryParse(a, out var address, out string? fault) ? address : throw new ArgumentException(fault))];

    Place PlaceOf(string key, string? text)
    {
        // Checks across options come after reading; the place is looked up only for an error.
        if (Set.FirstOrDefault(s => s.Key == key) is { Spelling: { } spelling })
            return new($"command line {spelling}");
        string variable = Prefix + key.ToUpperInvariant();
        if (Environment.Keys.Any(k => k.Equals(variable, StringComparison.OrdinalIgnoreCase)))
            return new($"environment variable {variable}");
        var entry = text is null ? default : YamlTree.Read(text, File ?? "configuration", [])?.Entries.FirstOrDefault(e => e.Key.Equals(key, StringComparison.OrdinalIgnoreCase));
        return entry is { Value: { } value } ? value.Place : new(File ?? "defaults");
    }
}
