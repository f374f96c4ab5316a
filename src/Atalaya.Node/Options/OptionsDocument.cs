using System.Text;

namespace Atalaya.Node.Options;

/// <summary>The options as people read about them: <c>ref/options.md</c>, and <c>atalaya options</c>.</summary>
static class OptionsDocument
{
    public static string Markdown()
    {
        var text = new StringBuilder();
        text.Append("""
            # Options

            `atalaya options --markdown` writes this page from the options themselves; edit it there.

            A node reads its options from a YAML file (`--config atalaya.yaml`, or the environment variable `ATALAYA_CONFIG`), then from environment variables, then
            from the command line; the later wins. `recording.segment` is

            - in the file `recording:` and, indented below it, `segment: 60s`,
            - in the environment `ATALAYA_RECORDING__SEGMENT=60s`,
            - on the command line `--set recording.segment=60s`.

            Lists are written with commas in the environment and on the command line. Durations are written as `500ms`, `60s`, `5min`, `12h`, `30d`; sizes as `64KiB`,
            `500MB`, `10GiB`. An unknown name or a value out of range stops the start, and all such errors are told at once, with file, line and column.


            """.ReplaceLineEndings("\n"));
        Table(text, "Node", OptionReader.Entries(typeof(NodeOptions)));
        text.Append("""
            ## Volumes

            `storage.volumes` is a list in the file; it isn't read from the environment or the command line. Each disk is taken into use once with
            `atalaya volume adopt NAME`, which writes its identity on it.

            ```yaml
            storage:
              retention: { days: 30 }
              volumes:
                - { name: fast, path: /mnt/nvme/atalaya, reserve: 20GiB }
                - { name: large, tier: large, path: /mnt/raid/atalaya }
                - { name: far, tier: object, endpoint: 'https://s3.example.org', bucket: footage }
            ```


            """.ReplaceLineEndings("\n"));
        Table(text, "One volume", OptionReader.Entries(typeof(VolumeEntry)));
        text.Append("""
            ## OpenID Connect

            `signIn.oidc.roles` is a list in the file; it isn't read from the environment or the command line. [How to](../guide/people.md#signing-in-at-an-openid-connect-provider).

            ```yaml
            signIn:
              oidc:
                authority: https://login.example.org/realms/border
                clientId: atalaya
                displayName: Border police
                scopes: [openid, profile, groups]
                roles:
                  - { value: post-north-operators, role: operator, scope: site, of: north }
                  - { value: administrators, role: administrator }
            ```


            """.ReplaceLineEndings("\n"));
        Table(text, "One role of the provider", OptionReader.Entries(typeof(OidcRoleEntry)));
        text.Append("""
            ## Cameras

            The file may list cameras under `cameras:`. It is watched: a change is taken over within a second, without touching the cameras that stay the same. A file
            with an error is refused whole, the log and `/health` say why, and the cameras go on as they were. Options other than cameras are read at the start only.

            ```yaml
            cameras:
              - id: gate-1
                name: Gate 1, lane in
                main: rtsp://10.20.0.11/stream1
                sub: rtsp://10.20.0.11/stream2
                userName: atalaya
                password: 'secret'
            ```


            """.ReplaceLineEndings("\n"));
        Table(text, "One camera", OptionReader.Entries(typeof(Cameras.CameraEntry)));
        return text.ToString().TrimEnd('\n') + "\n";
    }

    public static string Plain()
    {
        var text = new StringBuilder();
        foreach (var entry in OptionReader.Entries(typeof(NodeOptions)))
            text.Append($"{entry.Key} = {OptionText.Format(entry.Default)}\n    {entry.About.Reason}\n    {Kind(entry)}{Range(entry, "; ")}\n");
        return text.ToString();
    }

    static void Table(StringBuilder text, string title, IEnumerable<OptionEntry> entries)
    {
        text.Append($"## {title}\n\n| option | kind | default | range | why |\n|---|---|---|---|---|\n");
        foreach (var entry in entries)
        {
            string value = OptionText.Format(entry.Default);
            text.Append($"| `{entry.Key}` | {Kind(entry)} | {(value.Length == 0 ? "" : $"`{value}`")} | {Range(entry, "")} | {entry.About.Reason} |\n");
        }

        text.Append('\n');
    }

    static string Kind(OptionEntry entry) => (entry.IsList ? "list of " : "") + OptionText.TypeName(entry.ValueType);

    static string Range(OptionEntry entry, string lead)
    {
        string unit = entry.IsList ? " entries" : entry.ValueType == typeof(string) ? " characters" : "";
        return (entry.About.Min, entry.About.Max) switch
        {
            (null, null) => "",
            ({ } min, null) => $"{lead}at least {min}{unit}",
            (null, { } max) => $"{lead}at most {max}{unit}",
            var (min, max) => $"{lead}{min} to {max}{unit}",
        };
    }
}
