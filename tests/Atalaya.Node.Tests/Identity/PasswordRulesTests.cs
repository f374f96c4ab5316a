using System.Security.Cryptography;
using System.Text;

using Atalaya.Node.Identity;
using Atalaya.Node.Options;
using Atalaya.Testing;

namespace Atalaya.Node.Tests.Identity;

public sealed class PasswordRulesTests
{
    [Theory]
    [InlineData("password1234")]
    [InlineData("P@ssw0rd2026!")]
    [InlineData("Contraseña2026")]
    [InlineData("qwertyuiop123")]
    [InlineData("azertyuiop2025")]
    [InlineData("aaaaaaaaaaaaaaaa")]
    [InlineData("abcabcabcabcabc")]
    [InlineData("111122223333")]
    [InlineData("123456789012345")]
    [InlineData("0987654321098765")]
    [InlineData("Atalaya-2026-Atalaya")]
    [InlineData("Welcome to Morocco 2026")]
    [InlineData("fatimazahra-bennani1")]
    [InlineData("iloveyou iloveyou")]
    public void What_is_tried_first_is_refused(string password) =>
        PasswordRules.IsGuessable(password, "zahra.bennani", "Fatima Bennani").ShouldBeTrue(password);

    [Theory]
    [InlineData("seven grey herons wait")]
    [InlineData("correct horse battery staple")]
    [InlineData("ثلاثة قوارب عند الفجر")]
    [InlineData("x7Lq92mZpRt4")]
    [InlineData("le tournesol boude jeudi")]
    public void A_sentence_or_a_random_text_is_taken(string password) =>
        PasswordRules.IsGuessable(password, "zahra.bennani").ShouldBeFalse(password);

    [Fact]
    [System.Diagnostics.CodeAnalysis.SuppressMessage("Security", "CA5350", Justification = "What the list is made of.")]
    public async Task A_list_of_stolen_passwords_is_searched_in_its_file()
    {
        using var folder = new TempFolder("breached");
        string[] stolen = [.. Enumerable.Range(0, 2000).Select(i => $"stolen sentence number {i}")];
        string[] lines = [.. stolen.Select(Digest).Order(StringComparer.Ordinal).Select((d, i) => $"{d}:{i * 37}")];
        await File.WriteAllTextAsync(folder.File("list.txt"), string.Join('\n', lines) + "\n", TestContext.Current.CancellationToken);
        var rules = new PasswordRules(new() { SignIn = new() { BreachedList = folder.File("list.txt") } });

        foreach (string password in stolen)
            rules.Fault(password).ShouldNotBeNull(password);
        for (int i = 0; i < 200; i++)
            rules.Fault($"seven grey herons wait {i}").ShouldBeNull();

        static string Digest(string text) => Convert.ToHexString(SHA1.HashData(Encoding.UTF8.GetBytes(text)));
    }

    [Fact]
    public void Length_counts_what_people_count()
    {
        var rules = new PasswordRules(new NodeOptions());
        rules.Fault("kurz xq").ShouldNotBeNull();
        rules.Fault(new string('é', 300)).ShouldNotBeNull();
        rules.Fault("seven grey herons wait").ShouldBeNull();
    }
}
