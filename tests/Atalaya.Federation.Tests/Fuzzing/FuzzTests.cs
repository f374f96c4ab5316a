using Atalaya.Fuzz;

namespace Atalaya.Federation.Tests.Fuzzing;

/// <summary>Some thousand inputs for each target on every run; `make fuzz` gives more.</summary>
public sealed class FuzzTests
{
    [Theory]
    [MemberData(nameof(Targets))]
    public void No_input_makes_a_reader_throw(string name) =>
        Mutator.Run(FuzzTargets.All.Single(t => t.Name == name), inputs: 3000, seed: 1).ShouldBeNull();

    public static TheoryData<string> Targets() => [.. FuzzTargets.All.Select(t => t.Name)];
}
