namespace Atalaya.Analysis.Tracks;

/// <summary>
/// The linear assignment problem: rows to columns so that the sum of costs is least, where a row may also stay without a column at a
/// fixed price. Shortest augmenting paths with potentials, as in Kuhn (1955) and Jonker and Volgenant (1987); rows² × (rows + columns)
/// steps. Keeps its buffers, so that it allocates only when a picture holds more than any before.
/// </summary>
public sealed class Assignment
{
    double[] _rowPotential = [], _columnPotential = [], _shortest = [];
    int[] _rowOf = [], _cameFrom = [];
    bool[] _reached = [];

    /// <param name="cost">Row by row; what isn't a number counts as too dear.</param>
    /// <param name="limit">The price of staying alone: no pair that costs more is made.</param>
    /// <param name="columnOf">One for each row: the column, or -1.</param>
    public void Solve(ReadOnlySpan<float> cost, int rows, int columns, float limit, Span<int> columnOf)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(cost.Length, rows * columns);
        ArgumentOutOfRangeException.ThrowIfNotEqual(columnOf.Length, rows);
        columnOf.Fill(-1);
        if (rows == 0 || columns == 0)
            return;

        // Beyond the real columns each row finds one of its own to stay alone in. Column 0 and row 0 are the root of each search.
        int all = columns + rows;
        Reserve(rows + 1, all + 1);
        _rowPotential.AsSpan(0, rows + 1).Clear();
        _columnPotential.AsSpan(0, all + 1).Clear();
        _rowOf.AsSpan(0, all + 1).Clear();
        for (int row = 1; row <= rows; row++)
        {
            _shortest.AsSpan(0, all + 1).Fill(double.PositiveInfinity);
            _reached.AsSpan(0, all + 1).Clear();
            _rowOf[0] = row;
            int column = 0;
            do
            {
                _reached[column] = true;
                int from = _rowOf[column];
                var costs = cost.Slice((from - 1) * columns, columns);
                double least = double.PositiveInfinity;
                int next = 0;
                for (int j = 1; j <= all; j++)
                {
                    if (_reached[j])
                        continue;
                    double price = j <= columns ? (costs[j - 1] <= limit ? costs[j - 1] : limit + 1.0) : limit;
                    double reduced = price - _rowPotential[from] - _columnPotential[j];
                    if (reduced < _shortest[j])
                    {
                        _shortest[j] = reduced;
                        _cameFrom[j] = column;
                    }

                    if (_shortest[j] < least)
                    {
                        least = _shortest[j];
                        next = j;
                    }
                }

                for (int j = 0; j <= all; j++)
                {
                    if (_reached[j])
                    {
                        _rowPotential[_rowOf[j]] += least;
                        _columnPotential[j] -= least;
                    }
                    else
                    {
                        _shortest[j] -= least;
                    }
                }

                column = next;
            }
            while (_rowOf[column] != 0);

            while (column != 0)
            {
                int before = _cameFrom[column];
                _rowOf[column] = _rowOf[before];
                column = before;
            }
        }

        for (int j = 1; j <= columns; j++)
        {
            if (_rowOf[j] is > 0 and var row && cost[((row - 1) * columns) + j - 1] <= limit)
                columnOf[row - 1] = j - 1;
        }
    }

    void Reserve(int rows, int columns)
    {
        if (_rowPotential.Length < rows)
            _rowPotential = new double[rows * 2];
        if (_columnPotential.Length < columns)
        {
            _columnPotential = new double[columns * 2];
            _shortest = new double[columns * 2];
            _rowOf = new int[columns * 2];
            _cameFrom = new int[columns * 2];
            _reached = new bool[columns * 2];
        }
    }
}
