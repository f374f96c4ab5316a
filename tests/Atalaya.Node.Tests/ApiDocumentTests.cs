using Atalaya.Node.Api;
using Atalaya.Node.Options;

namespace Atalaya.Node.Tests;

public sealed class ApiDocumentTests
{
    [Fact]
    public async Task The_kept_document_is_what_the_node_serves()
    {
        var source = new OptionsSource(null, new Dictionary<string, string>(), []);
        await using var app = NodeHost.Build(source.Read(), source, TimeProvider.System);

        string now = await ApiDocument.TextAsync(app.Services, TestContext.Current.CancellationToken);

        Repository.ReadKept("ref/openapi.json", now).ShouldBe(now, "Run `atalaya openapi > ref/openapi.json`, and generate the page's client anew.");
    }
}
