using System.ComponentModel;
using System.Diagnostics;

namespace Atalaya.Node.Oversight;

/// <param name="Pdf">Null: it wasn't made, see <paramref name="Fault"/>.</param>
/// <param name="Fault">A sentence.</param>
sealed record Printed(byte[]? Pdf, string Fault);

/// <summary>Has weasyprint, if it is installed, make a page into PDF: it shapes Arabic and numbers pages. It is given the page alone, and may fetch nothing.</summary>
static class PdfPrinter
{
    static readonly TimeSpan Longest = TimeSpan.FromMinutes(2);

    const int MaxPdf = 64 << 20;

    // One at a time: it is a big process.
    static readonly SemaphoreSlim Turn = new(1, 1);

    public static async Task<Printed> PrintAsync(string html, CancellationToken stop)
    {
        await Turn.WaitAsync(stop);
        try
        {
            return await RunAsync(html, stop);
        }
        finally
        {
            Turn.Release();
        }
    }

    static async Task<Printed> RunAsync(string html, CancellationToken stop)
    {
        var start = new ProcessStartInfo("weasyprint", ["--encoding", "utf-8", "-", "-"])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardInputEncoding = new System.Text.UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
        };
        Process? process;
        try
        {
            process = Process.Start(start);
        }
        catch (Win32Exception)
        {
            process = null;
        }

        if (process is null)
            return new(null, "The program weasyprint isn't installed on the node (Debian's package weasyprint). The report as HTML can be printed by a browser.");
        using var _ = process;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(Longest);
        try
        {
            var errors = process.StandardError.ReadToEndAsync(limit.Token);
            using var pdf = new MemoryStream();
            var reading = CopyAsync(process.StandardOutput.BaseStream, pdf, limit.Token);
            await process.StandardInput.WriteAsync(html.AsMemory(), limit.Token);
            process.StandardInput.Close();
            bool fits = await reading;
            if (!fits)
                return new(null, "The PDF is too large.");
            await process.WaitForExitAsync(limit.Token);
            string said = await errors;
            return process.ExitCode == 0 && pdf.Length > 0 ? new(pdf.ToArray(), "") : new(null, $"weasyprint failed: {said.Split('\n', StringSplitOptions.RemoveEmptyEntries).LastOrDefault()}");
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return new(null, "weasyprint took too long.");
        }
        catch (IOException fault)
        {
            return new(null, $"weasyprint failed: {fault.Message}");
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }
    }

    static async Task<bool> CopyAsync(Stream from, MemoryStream to, CancellationToken stop)
    {
        byte[] piece = new byte[64 << 10];
        while (await from.ReadAsync(piece, stop) is > 0 and var length)
        {
            if (to.Length + length > MaxPdf)
                return false;
            to.Write(piece, 0, length);
        }

        return true;
    }
}
