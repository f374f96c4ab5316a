using Atalaya.Fuzz;

namespace Atalaya.Analysis.Tests.Fuzzing;

public sealed class FuzzTests
{
    public static TheoryData<string> Targets => [.. FuzzTargets.All.Select(t => t.Name)];

    /// <summary>A short run with a fixed seed; the long ones are fuzz/Atalaya.Fuzz.</summary>
    [Theory]
    [MemberData(nameof(Targets))]
    public void A_parser_returns_whatever_it_is_given(string target) =>
        Mutator.Run(FuzzTargets.All.Single(t => t.Name == target), inputs: 2000, seed: 1)?.ToString().ShouldBeNull();
}
