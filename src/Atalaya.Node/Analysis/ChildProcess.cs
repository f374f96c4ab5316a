using System.Collections;
using System.Diagnostics;

namespace Atalaya.Node.Analysis;

/// <summary>
/// A running <c>atalaya analyze</c>. A thread of its own starts it and waits for it: the kernel ends a process that asked for it when the thread that
/// made it ends, and threads of the pool come and go.
/// </summary>
sealed class ChildProcess : IDisposable
{
    readonly Process _process;
    readonly TaskCompletionSource<int> _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);

    ChildProcess(Process process) => _process = process;

    public int Id { get; private set; }

    /// <summary>Its exit code; 128 and the signal if one ended it.</summary>
    public Task<int> Exited => _exited.Task;

    /// <param name="onLine">Takes each line of its standard error.</param>
    /// <exception cref="IOException">It can't be started.</exception>
    public static async Task<ChildProcess> StartAsync(string program, IEnumerable<string> arguments, Action<string> onLine)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardInput = true, RedirectStandardOutput = true, UseShellExecute = false, WorkingDirectory = "/" };
        // Nothing of the node's environment but what the runtime needs: options may carry passwords.
        start.Environment.Clear();
        foreach (DictionaryEntry variable in Environment.GetEnvironmentVariables())
        {
            string name = (string)variable.Key;
            if (name is "PATH" or "HOME" or "LD_LIBRARY_PATH" || name.StartsWith("DOTNET_", StringComparison.Ordinal))
                start.Environment[name] = (string?)variable.Value;
        }

        start.Environment["DOTNET_EnableDiagnostics"] = "0";        // Sockets and files under /tmp that a confined process may not have.
        start.Environment["DOTNET_gcConcurrent"] = "0";
        start.Environment["DOTNET_TieredPGO"] = "0";
        var child = new ChildProcess(new() { StartInfo = start });
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() => child.Run(started, onLine)) { IsBackground = true, Name = "analysis child" };
        thread.Start();
        try
        {
            await started.Task;
        }
        catch (System.ComponentModel.Win32Exception fault)
        {
            throw new IOException($"{program} can't be started: {fault.Message}", fault);
        }

        return child;
    }

    /// <summary>Bytes of resident memory; null when it has ended.</summary>
    public long? Resident()
    {
        try
        {
            // Second number of statm: resident pages.
            return long.Parse(File.ReadAllText($"/proc/{Id}/statm").Split(' ')[1]) * Environment.SystemPageSize;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or FormatException or IndexOutOfRangeException)
        {
            return null;
        }
    }

    public void Kill()
    {
        try
        {
            _process.Kill();
        }
        catch (Exception fault) when (fault is InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            // It has ended already.
        }
    }

    public void Dispose()
    {
        if (!_exited.Task.IsCompleted)
            Kill();
    }

    void Run(TaskCompletionSource started, Action<string> onLine)
    {
        try
        {
            _process.Start();
            Id = _process.Id;
            started.SetResult();
        }
        catch (Exception fault)
        {
            started.SetException(fault);
            _exited.SetResult(-1);
            return;
        }

        using (_process)
        {
            while (_process.StandardError.ReadLine() is { } line)
                onLine(line);
            _process.WaitForExit();
            _exited.SetResult(_process.ExitCode);
        }
    }
}
