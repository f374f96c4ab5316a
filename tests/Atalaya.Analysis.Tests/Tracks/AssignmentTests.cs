using Atalaya.Analysis.Tracks;

namespace Atalaya.Analysis.Tests.Tracks;

/// <summary>Who is who rests on this being the best matching and not a good one.</summary>
public sealed class AssignmentTests
{
    readonly Assignment _assignment = new();

    [Fact]
    public void Takes_the_pairs_that_are_cheapest_together()
    {
        // The greedy choice, 1 for the first row, would cost 1 + 9.
        Solve([1, 2, 2, 9], 2, 2, 100).ShouldBe([1, 0]);
    }

    [Fact]
    public void Leaves_alone_what_would_cost_more_than_staying_alone()
    {
        Solve([0.9f, 0.95f], 2, 1, 0.8f).ShouldBe([-1, -1]);
        Solve([0.9f, 0.2f], 2, 1, 0.8f).ShouldBe([-1, 0]);
        Solve([float.NaN, 0.2f], 1, 2, 0.8f).ShouldBe([1]);
    }

    [Fact]
    public void Nothing_to_match_is_no_fault()
    {
        Solve([], 0, 3, 1).ShouldBe([]);
        Solve([], 3, 0, 1).ShouldBe([-1, -1, -1]);
    }

    [Fact]
    public void Is_as_cheap_as_the_best_of_all_matchings()
    {
        var random = new Random(1);
        for (int n = 0; n < 500; n++)
        {
            int rows = random.Next(1, 6), columns = random.Next(1, 6);
            float[] cost = [.. Enumerable.Range(0, rows * columns).Select(_ => random.NextSingle() * 2)];
            int[] found = Solve(cost, rows, columns, 1);
            found.Where(c => c >= 0).ShouldBeUnique();
            Price(cost, columns, found).ShouldBe(Best(cost, rows, columns, 0, 0), 1e-5);
        }
    }

    static double Price(float[] cost, int columns, int[] found) => found.Select((c, r) => c < 0 ? 1.0 : cost[(r * columns) + c]).Sum();

    static double Best(float[] cost, int rows, int columns, int row, int taken)
    {
        if (row == rows)
            return 0;
        double best = 1 + Best(cost, rows, columns, row + 1, taken);
        for (int c = 0; c < columns; c++)
        {
            if ((taken & (1 << c)) == 0)
                best = Math.Min(best, cost[(row * columns) + c] + Best(cost, rows, columns, row + 1, taken | (1 << c)));
        }

        return best;
    }

    int[] Solve(float[] cost, int rows, int columns, float limit)
    {
        int[] found = new int[rows];
        _assignment.Solve(cost, rows, columns, limit, found);
        return found;
    }
}
