using System.CommandLine;

using Atalaya.Analysis.Child;

namespace Atalaya.Node.Cli;

/// <summary><c>atalaya analyze</c>: the process that decodes and detects. Nodes start it, people don't.</summary>
static class AnalyzeVerb
{
    public static Command Create()
    {
        var socket = new Option<string>("--socket") { Description = "Unix socket of the node.", Required = true, HelpName = "PATH" };
        var parent = new Option<int>("--parent") { Description = "Process id of the node: without it this process ends.", Required = true, HelpName = "PID" };
        var unconfined = new Option<bool>("--unconfined") { Description = "Keep privileges, files and network: to look for faults." };
        var model = new Option<string?>("--model") { Description = "The detector's model.yaml; without it only motion is found.", HelpName = "FILE" };
        var faces = new Option<string?>("--faces") { Description = "The model.yaml of what finds faces to be covered.", HelpName = "FILE" };
        var runtime = new Option<string?>("--runtime") { Description = "ONNX Runtime's library, if it isn't where it usually is.", HelpName = "FILE" };
        var paints = new Option<bool>("--paint") { Description = "Paint masks over pictures instead of looking for anything." };
        var descriptor = new Option<int?>("--descriptor") { Hidden = true };
        var held = new Option<string[]>("--held") { Hidden = true };
        var command = new Command("analyze", "Decodes, detects and paints masks for a node, which starts it and ends it; of no use alone.") { socket, parent, unconfined, model, faces, runtime, paints, descriptor, held };
        command.SetAction(async (parsed, stop) =>
        {
            string? fault = await AnalysisProcess.RunAsync(
                new(parsed.GetValue(socket)!, parsed.GetValue(parent), !parsed.GetValue(unconfined), parsed.GetValue(model), parsed.GetValue(faces), parsed.GetValue(runtime),
                    parsed.GetValue(descriptor), parsed.GetValue(held) ?? [])
                {
                    Paints = parsed.GetValue(paints),
                }, stop);
            if (fault is null)
                return ExitCode.Done;
            await Console.Error.WriteLineAsync($"atalaya: {fault}");
            return ExitCode.Failed;
        });
        return command;
    }
}
