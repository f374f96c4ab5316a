using Atalaya.Node.Federation.Links;

namespace Atalaya.Node.Federation.Grants;

/// <summary>Places for live views under grants, of each grant and over each link: a partner takes none of this node's own viewers', and begins views no oftener than people do.</summary>
sealed class ShareSeats(TimeProvider clock)
{
    /// <summary>At once. 4: a control room looks at one picture on its wall and at a desk or two. 8: each grant is painted for itself, and masks.streams lets 16 be.</summary>
    public const int MostOfGrant = 4, MostOverLink = 8;

    /// <summary>Views that one grant begins at once, and how many a second after that. A line that breaks is looked at anew every few seconds; each beginning is a line in the access log.</summary>
    public const int Beginnings = 10;

    const double BeginningsPerSecond = 1 / 20.0;

    readonly Lock _counting = new();
    readonly Dictionary<string, int> _taken = new(StringComparer.Ordinal);      // of grants and links; under _counting
    readonly Allowance _beginnings = new(Beginnings, BeginningsPerSecond, clock);

    /// <returns>Null: there is none just now. Otherwise dispose of it at the end.</returns>
    public Taken? Take(string link, string grant)
    {
        string ofGrant = $"grant/{grant}", ofLink = $"link/{link}";
        lock (_counting)
        {
            if (_taken.GetValueOrDefault(ofGrant) >= MostOfGrant || _taken.GetValueOrDefault(ofLink) >= MostOverLink || !_beginnings.Take(grant))
                return null;
            _taken[ofGrant] = _taken.GetValueOrDefault(ofGrant) + 1;
            _taken[ofLink] = _taken.GetValueOrDefault(ofLink) + 1;
        }

        return new(() =>
        {
            lock (_counting)
            {
                foreach (string key in (string[])[ofGrant, ofLink])
                {
                    if (--_taken[key] == 0)
                        _taken.Remove(key);
                }
            }
        });
    }
}
