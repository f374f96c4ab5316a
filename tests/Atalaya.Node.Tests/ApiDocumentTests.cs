using Atalaya.Node.Api;

namespace Atalaya.Node.Tests;

public sealed class ApiDocumentTests
{
    [Fact]
    public async Task The_kept_document_is_what_the_node_serves()
    {
        await using var app = NodeHost.Build();

        string now = await ApiDocument.TextAsync(app.Services, TestContext.Current.CancellationToken);

        Repository.ReadKept("ref/openapi.json", now).ShouldBe(now, "Run `atalaya openapi > ref/openapi.json`, and generate the page's client anew.");
    }
}
