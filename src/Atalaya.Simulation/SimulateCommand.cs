namespace Atalaya.Simulation;

/// <summary>What <c>atalaya simulate</c> does.</summary>
public static class SimulateCommand
{
    /// <summary>
    /// Serves until <paramref name="stop"/>, printing the cameras' URLs when it is ready and counts at its end: as text, or as one JSON object each.
    /// </summary>
    /// <param name="control">Lines <c>camera=fault</c>, <c>camera=clear</c>, <c>status</c>; null: none.</param>
    /// <returns>0; 2 for options that make no sense, which are printed.</returns>
    public static Task<int> RunAsync(SimulatorOptions options, TextWriter output, CancellationToken stop, bool json = false, TextReader? control = null) =>
        throw new NotSupportedException();
}
