namespace Atalaya.Node.Tests;
public sealed class SmokeTests
{
    [Fact]
    public void Runs() => true.ShouldBeTrue();
}
