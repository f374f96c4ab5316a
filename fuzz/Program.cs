using Atalaya.Fuzz;

// atalaya-fuzz [--inputs N] [--seed S] [--target T]: exit code 1 and the input as base64 if a parser threw or took too long.
int inputs = 20_000, seed = 1;
string? only = null;
for (int i = 0; i < args.Length; i++)
{
    string? value = i + 1 < args.Length ? args[i + 1] : null;
    switch (args[i])
    {
        case "--inputs" when int.TryParse(value, out int n) && n >= 0:
            inputs = n;
            i++;
            break;
        case "--seed" when int.TryParse(value, out int n):
            seed = n;
            i++;
            break;
        case "--target" when FuzzTargets.All.Any(t => t.Name == value):
            only = value;
            i++;
            break;
        default:
            Console.Error.WriteLine($"Usage: [--inputs N] [--seed S] [--target {string.Join('|', FuzzTargets.All)}]");
            return 2;
    }
}

int failed = 0;
foreach (var target in FuzzTargets.All.Where(t => only is null || t.Name == only))
{
    var finding = Mutator.Run(target, inputs, seed);
    Console.WriteLine(finding is null ? $"ok    {target}, {inputs} inputs" : $"FAULT {finding}");
    failed += finding is null ? 0 : 1;
}

return failed == 0 ? 0 : 1;
