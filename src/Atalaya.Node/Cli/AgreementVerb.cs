using System.CommandLine;
using System.Globalization;
using System.Text;

using Atalaya.Evidence;
using Atalaya.Federation.Agreements;

namespace Atalaya.Node.Cli;

/// <summary><c>atalaya agreement</c>: documents of agreements as files, without a node.</summary>
static class AgreementVerb
{
    public static Command Create() => new("agreement", "Agreements between organisations as files: check one, read it, ask what it allows, write it as ODRL and back.") { Check(), Read(), Decide(), ToOdrl(), FromOdrl() };

    static Command Check()
    {
        var file = FileArgument();
        var note = new Option<string?>("--signatures") { Description = "File of a signed note, to be checked, too.", HelpName = "FILE" };
        var command = new Command("check", "Says every fault of a document, or its digest; exit code 1 if something is wrong.") { file, note };
        command.SetAction(parsed => Guard(() =>
        {
            if (Load(parsed.GetValue(file)!) is not { } agreement)
                return ExitCode.Failed;
            Console.Out.WriteLine($"{agreement.Id}, version {agreement.Version}\nSHA-256 {Convert.ToHexStringLower(AgreementReader.DigestOf(agreement).ToArray())}");
            if (parsed.GetValue(note) is not { } signatures)
                return ExitCode.Done;
            if (!SignedNote.TryParse(File.ReadAllBytes(signatures), out var parsedNote))
                return Fail($"{signatures} is no signed note.");
            if (!SignedAgreement.TryRead(agreement, parsedNote, out var signed, out string fault))
                return Fail(fault);
            foreach (var party in signed.SignedBy)
                Console.Out.WriteLine($"signed for {party.Organisation}");
            return ExitCode.Done;
        }));
        return command;
    }

    static Command Read()
    {
        var file = FileArgument();
        var language = LanguageOption();
        var command = new Command("read", "Prints a document as a page (HTML) in one of four languages.") { file, language };
        command.SetAction(parsed => Guard(() =>
        {
            if (Load(parsed.GetValue(file)!) is not { } agreement)
                return ExitCode.Failed;
            Console.Out.Write(AgreementPage.Of(agreement, parsed.GetValue(language)).ToHtml());
            return ExitCode.Done;
        }));
        return command;
    }

    static Command Decide()
    {
        var file = FileArgument();
        var from = new Option<string>("--from") { Description = "The organisation that gives.", Required = true };
        var to = new Option<string>("--to") { Description = "The organisation that receives.", Required = true };
        var what = new Option<ShareKind>("--what") { Description = "What is given.", Required = true };
        var purpose = new Option<string>("--purpose") { Description = "Id of a purpose.", Required = true };
        var incident = new Option<string?>("--incident") { Description = "Type of the incident, such as intrusion." };
        var category = new Option<string?>("--category") { Description = "Id of a category." };
        var site = new Option<string>("--site") { Description = "Name of the site.", DefaultValueFactory = _ => "" };
        var camera = new Option<string>("--camera") { Description = "Id of the camera.", DefaultValueFactory = _ => "" };
        var unmasked = new Option<bool>("--unmasked") { Description = "Without masks." };
        var height = new Option<int?>("--height") { Description = "Lines of the picture." };
        var keep = new Option<int?>("--keep") { Description = "Days that the receiver keeps it.", HelpName = "DAYS" };
        var handling = new Option<HandlingCode?>("--handling") { Description = "Handling code." };
        var request = new Option<RequestKind?>("--request") { Description = "Kind of the request that it answers." };
        var rescue = new Option<bool>("--rescue") { Description = "People are in danger." };
        var approvals = new Option<int>("--approvals") { Description = "Persons who have agreed, whoever gives it included." };
        var at = new Option<DateTimeOffset?>("--at") { Description = "When, as 2026-06-01T12:00Z; now without it." };
        var language = LanguageOption();
        var command = new Command("decide", "Says what a document allows, and why. Exit code 1: it is refused.")
            { file, from, to, what, purpose, incident, category, site, camera, unmasked, height, keep, handling, request, rescue, approvals, at, language };
        command.SetAction(parsed => Guard(() =>
        {
            if (Load(parsed.GetValue(file)!) is not { } agreement)
                return ExitCode.Failed;
            var decision = AgreementEvaluator.Decide(agreement, new(
                parsed.GetValue(from)!, parsed.GetValue(to)!, parsed.GetValue(what), parsed.GetValue(purpose)!, parsed.GetValue(incident), parsed.GetValue(category), parsed.GetValue(site)!,
                parsed.GetValue(camera)!, !parsed.GetValue(unmasked), parsed.GetValue(height), parsed.GetValue(keep) is { } days ? TimeSpan.FromDays(Math.Clamp(days, 0, 100_000)) : null,
                parsed.GetValue(handling), parsed.GetValue(request), parsed.GetValue(rescue), parsed.GetValue(at) ?? TimeProvider.System.GetUtcNow(), parsed.GetValue(approvals)));
            Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{(decision.Allowed ? "yes" : "no")}\tclause {decision.Clause}{(decision.Allowed ? "" : $"\tground {decision.Ground}")}"));
            foreach (var reason in decision.Because)
                Console.Out.WriteLine(AgreementWords.Sentence(reason, parsed.GetValue(language)));
            return decision.Allowed ? ExitCode.Done : ExitCode.Failed;
        }));
        return command;
    }

    static Command ToOdrl()
    {
        var file = FileArgument();
        var command = new Command("odrl", "Prints a document as a policy of ODRL; standard error lists what ODRL's own words don't say.") { file };
        command.SetAction(parsed => Guard(() =>
        {
            if (Load(parsed.GetValue(file)!) is not { } agreement)
                return ExitCode.Failed;
            Console.Out.Write(Encoding.UTF8.GetString(Odrl.Write(agreement, out var lost)));
            foreach (string sentence in lost)
                Console.Error.WriteLine($"atalaya: {sentence}");
            return ExitCode.Done;
        }));
        return command;
    }

    static Command FromOdrl()
    {
        var file = FileArgument();
        var draft = new Option<string?>("--draft") { Description = "An agreement for what a policy of others doesn't say: parties, grounds, deadlines, duration.", HelpName = "FILE" };
        var command = new Command("from-odrl", "Reads a policy of ODRL and prints the agreement; standard error lists what wasn't taken over.") { file, draft };
        command.SetAction(parsed => Guard(() =>
        {
            Agreement? onto = null;
            if (parsed.GetValue(draft) is { } name && (onto = Load(name)) is null)
                return ExitCode.Failed;
            var read = Odrl.Read(File.ReadAllBytes(parsed.GetValue(file)!), onto);
            foreach (string sentence in read.Lost)
                Console.Error.WriteLine($"atalaya: {sentence}");
            if (read.Agreement is null)
                return Fail([.. read.Faults.Select(f => f.ToString())]);
            Console.Out.Write(Encoding.UTF8.GetString(AgreementReader.Write(read.Agreement)));
            return ExitCode.Done;
        }));
        return command;
    }

    static Argument<string> FileArgument() => new("file") { Description = "The document.", HelpName = "FILE" };

    static Option<Language> LanguageOption() => new("--language") { Description = "en, es, fr or ar.", DefaultValueFactory = _ => Language.En };

    static Agreement? Load(string file)
    {
        var agreement = AgreementReader.Read(File.ReadAllBytes(file), out var faults);
        if (agreement is null)
            Fail([.. faults.Select(f => $"{file}: {f}")]);
        return agreement;
    }

    static int Guard(Func<int> run)
    {
        try
        {
            return run();
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return Fail(fault.Message);
        }
    }

    static int Fail(params IReadOnlyList<string> messages)
    {
        foreach (string message in messages)
            Console.Error.WriteLine($"atalaya: {message}");
        return ExitCode.Failed;
    }
}
