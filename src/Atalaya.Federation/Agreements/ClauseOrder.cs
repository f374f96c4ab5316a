namespace Atalaya.Federation.Agreements;

/// <summary>Clause numbers as people order them: 4.2 before 4.10, 9 before 10. Ids that read alike (4.01, 4.1) go by their characters.</summary>
sealed class ClauseOrder : IComparer<string>
{
    public static ClauseOrder Instance { get; } = new();

    public int Compare(string? x, string? y)
    {
        ReadOnlySpan<char> a = x, b = y;
        while (!a.IsEmpty && !b.IsEmpty)
        {
            int digitsA = Digits(a), digitsB = Digits(b);
            int order, takeA = 1, takeB = 1;
            if (digitsA > 0 && digitsB > 0)
            {
                var numberA = a[..digitsA].TrimStart('0');
                var numberB = b[..digitsB].TrimStart('0');
                order = numberA.Length != numberB.Length ? numberA.Length - numberB.Length : numberA.SequenceCompareTo(numberB);
                (takeA, takeB) = (digitsA, digitsB);
            }
            else
            {
                order = a[0] - b[0];
            }

            if (order != 0)
                return order;
            a = a[takeA..];
            b = b[takeB..];
        }

        return a.Length != b.Length ? a.Length - b.Length : string.CompareOrdinal(x, y);
    }

    static int Digits(ReadOnlySpan<char> text)
    {
        int end = text.IndexOfAnyExceptInRange('0', '9');
        return end < 0 ? text.Length : end;
    }
}
