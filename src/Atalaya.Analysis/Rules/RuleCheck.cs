namespace Atalaya.Analysis.Rules;

/// <summary>Whether rules make sense.</summary>
public static class RuleCheck
{
}
