using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace Atalaya.Testing;

/// <summary>What a process that has ended left behind.</summary>
public sealed record ProcessResult(int ExitCode, string Output, string Errors);

/// <summary>A child process with its output captured; killed at the latest when disposed. Only ever signals the process that it started.</summary>
public sealed partial class ManagedProcess : IAsyncDisposable
{
    const int SigInt = 2, SigTerm = 15;

    readonly Process _process;
    readonly Lock _gate = new();
    readonly StringBuilder _output = new(), _errors = new();    // under _gate, as what follows
    readonly List<(Func<string, bool> Wanted, TaskCompletionSource<string> Found)> _waiters = [];
    readonly List<string> _lines = [];
    bool _ended;
    Task _reading = Task.CompletedTask;

    ManagedProcess(Process process) => _process = process;

    public int Id { get; private init; }
    public bool HasExited => _process.HasExited;

    /// <summary>Processor time so far, of user and system.</summary>
    public TimeSpan ProcessorTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    public string Output
    {
        get
        {
            lock (_gate)
                return _output.ToString();
        }
    }

    public string Errors
    {
        get
        {
            lock (_gate)
                return _errors.ToString();
        }
    }

    public static ManagedProcess Start(
        string fileName, IEnumerable<string> arguments, IEnumerable<KeyValuePair<string, string?>>? environment = null, string? workingFolder = null)
    {
        var start = new ProcessStartInfo(fileName, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            WorkingDirectory = workingFolder ?? "",
        };
        foreach (var (key, value) in environment ?? [])
            start.Environment[key] = value;
        var process = new Process { StartInfo = start };
        process.Start();
        var managed = new ManagedProcess(process) { Id = process.Id };
        managed._reading = Task.WhenAll(
            managed.ReadAsync(process.StandardOutput, managed._output), managed.ReadAsync(process.StandardError, managed._errors));
        return managed;
    }

    /// <summary>Runs to the end; kills it after <paramref name="limit"/> (60 s if not given) and throws.</summary>
    public static async Task<ProcessResult> RunAsync(
        string fileName, IEnumerable<string> arguments, TimeSpan? limit = null, Func<Stream, Task>? input = null, string? workingFolder = null)
    {
        await using var process = Start(fileName, arguments, workingFolder: workingFolder);
        if (input is not null)
            await input(process._process.StandardInput.BaseStream);
        process.CloseInput();
        return await process.WaitAsync(limit ?? TimeSpan.FromSeconds(60));
    }

    public void WriteLine(string line)
    {
        _process.StandardInput.WriteLine(line);
        _process.StandardInput.Flush();
    }

    public void CloseInput()
    {
        try
        {
            _process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended before it read all that it was given.
        }
    }

    /// <summary>The first line of output or errors, already there or still to come, that is wanted. Throws with all output when the process ends without it.</summary>
    public async Task<string> WaitForLineAsync(Func<string, bool> wanted, TimeSpan? limit = null)
    {
        var found = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            if (_lines.Find(line => wanted(line)) is { } line)
                return line;
            if (_ended)
                throw new InvalidOperationException($"{Describe()} ended without the line that was waited for.");
            _waiters.Add((wanted, found));
        }

        try
        {
            return await found.Task.WaitAsync(limit ?? TimeSpan.FromSeconds(20));
        }
        catch (TimeoutException late)
        {
            throw new TimeoutException($"{Describe()} didn't write the line that was waited for.", late);
        }
    }

    public async Task<ProcessResult> WaitAsync(TimeSpan? limit = null)
    {
        try
        {
            await _process.WaitForExitAsync().WaitAsync(limit ?? TimeSpan.FromSeconds(60));
        }
        catch (TimeoutException late)
        {
            Kill();
            throw new TimeoutException($"{Describe()} was still running.", late);
        }

        await _reading;
        return new(_process.ExitCode, Output, Errors);
    }

    /// <summary>Ctrl+C.</summary>
    public void Interrupt() => Signal(SigInt);

    /// <summary>What an init system sends first.</summary>
    public void Terminate() => Signal(SigTerm);

    /// <summary>kill -9: no handler runs.</summary>
    public void Kill()
    {
        try
        {
            _process.Kill();
        }
        catch (InvalidOperationException)
        {
            // It has ended already.
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            Kill();
        await _process.WaitForExitAsync();
        await _reading;
        _process.Dispose();
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int SendSignal(int pid, int signal);

    void Signal(int signal)
    {
        // An ended child stays a zombie until it is waited for, but the runtime may have done that: then the id may be someone else's.
        if (!_process.HasExited)
            _ = SendSignal(Id, signal);
    }

    async Task ReadAsync(StreamReader from, StringBuilder to)
    {
        while (await from.ReadLineAsync() is { } line)
        {
            lock (_gate)
            {
                to.AppendLine(line);
                _lines.Add(line);
                foreach (var waiter in _waiters.Where(w => w.Wanted(line)).ToArray())
                {
                    waiter.Found.TrySetResult(line);
                    _waiters.Remove(waiter);
                }
            }
        }

        lock (_gate)
        {
            if (!_ended)
            {
                _ended = true;
                return;     // the other stream is still open
            }

            foreach (var (_, found) in _waiters)
                found.TrySetException(new InvalidOperationException($"{Describe()} ended without the line that was waited for."));
            _waiters.Clear();
        }
    }

    string Describe() =>
        $"{_process.StartInfo.FileName} {string.Join(' ', _process.StartInfo.ArgumentList)}\n{Output}{Errors}\n";
}
