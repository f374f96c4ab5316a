namespace Atalaya.Analysis.Rules;

/// <summary>Rules from YAML or JSON text.</summary>
public static class RuleReader
{
}
