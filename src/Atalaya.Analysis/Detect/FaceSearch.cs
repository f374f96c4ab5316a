using System.Runtime.InteropServices;

using Atalaya.Analysis.Tracks;
using Atalaya.Incidents;
using Atalaya.Media;

namespace Atalaya.Analysis.Detect;

/// <summary>
/// Looks for faces to be covered: in the whole picture, in overlapping squares of it, and enlarged where the head of each person would be, because models for faces know large ones.
/// Finds are followed from picture to picture by where they are; nothing about a face but its place is ever computed.
/// </summary>
/// <remarks>One thread at a time.</remarks>
public sealed class FaceSearch
{
    // A square's side as a part of the picture's height, and how much of it neighbours share: a face on an edge lies whole in the next.
    const float Square = 0.5f, Shared = 0.25f;

    // Of a person's box: the head lies in this part of its height.
    const float Head = 0.4f;

    // Smaller squares would be blown up to blur.
    const int LeastSquare = 48;

    // Persons that are looked at enlarged; a crowd's faces are found in squares, or drawn by whoever corrects.
    const int MaxHeads = 32;

    // Two pictures agree. A false find costs a click, a missed face somebody what they were promised: so low scores carry on what better ones began.
    static readonly TrackerOptions Options = TrackerOptions.Default with { HighScore = 0.65f, LowScore = 0.5f, Evidence = 1, Coast = TimeSpan.FromSeconds(1) };

    readonly List<PixelArea> _where = [];
    readonly List<Detection> _found = [];
    Tracker? _tracker;
    double _aspect;

    /// <summary>The next picture has nothing to do with the last.</summary>
    public void EndRun() => _tracker = null;

    /// <param name="faces">Made from a file that was read for <see cref="ModelUse.Faces"/>.</param>
    /// <param name="people">What is followed in the same picture; others than persons are passed by.</param>
    /// <returns>Valid until the next call.</returns>
    public IReadOnlyList<Track> Look(in Picture picture, MediaTime at, Detector faces, IReadOnlyList<Track> people)
    {
        double aspect = picture.Width / (double)picture.Height;
        if (_tracker is null || aspect != _aspect)
            _tracker = new(Options with { Aspect = _aspect = aspect });
        return _tracker.Update(CollectionsMarshal.AsSpan(Find(picture, faces, people)), at);
    }

    /// <summary>The faces of one picture.</summary>
    /// <returns>Valid until the next call.</returns>
    public List<Detection> Find(in Picture picture, Detector faces, IReadOnlyList<Track> people)
    {
        _where.Clear();
        _where.Add(PixelArea.Whole(picture));
        AddSquares(picture.Width, picture.Height);
        AddHeads(picture.Width, picture.Height, people);
        _found.Clear();
        _found.AddRange(faces.DetectIn(picture, CollectionsMarshal.AsSpan(_where)));
        return _found;
    }

    void AddSquares(int width, int height)
    {
        int side = Math.Max(LeastSquare, (int)(Math.Min(width, height) * Square)) & ~1;
        int step = Math.Max(2, (int)(side * (1 - Shared)));
        for (int y = 0; ; y += step)
        {
            int top = Math.Max(0, Math.Min(y, height - side)) & ~1;
            for (int x = 0; ; x += step)
            {
                int left = Math.Max(0, Math.Min(x, width - side)) & ~1;
                _where.Add(new(left, top, Math.Min(side, width - left), Math.Min(side, height - top)));
                if (x + side >= width)
                    break;
            }

            if (y + side >= height)
                break;
        }
    }

    void AddHeads(int width, int height, IReadOnlyList<Track> people)
    {
        int heads = 0;
        foreach (var person in people)
        {
            if (person.Class != ObjectClass.Person || heads++ >= MaxHeads)
                continue;
            int side = Math.Min((int)Math.Max(LeastSquare, Math.Max(person.Box.Width * width * 1.2f, person.Box.Height * height * Head)), Math.Min(width, height)) & ~1;
            // A fifth of the square above the box: detectors cut hair off.
            int left = (int)Math.Clamp((person.Box.Centre.X * width) - (side / 2), 0, width - side), top = (int)Math.Clamp((person.Box.Y * height) - (side / 5), 0, height - side);
            _where.Add(new(left & ~1, top & ~1, side, side));
        }
    }
}
