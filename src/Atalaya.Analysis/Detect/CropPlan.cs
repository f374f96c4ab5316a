using Atalaya.Incidents;

namespace Atalaya.Analysis.Detect;

/// <summary>
/// Which parts of a picture go through the model. A model sees a 1080p picture at a fifth of its size, where a person who is 20 pixels high has 4 left; a crop around what
/// moves shows it at its own size or larger. Each crop costs what the whole picture costs, so neighbours share one as long as they stay large enough.
/// </summary>
sealed class CropPlan(ModelFile model, int maxCrops, float maxZoom)
{
    // Around a region on each side: motion shows a part of a thing, and a detector wants to see what it stands on. Half the region, and at least this.
    const int LeastMargin = 16;

    // The longer side of a region in the model's input. 64: published detectors find most of what is that large (COCO's middle sizes).
    const float WantedPixels = 64;

    // So much smaller than wanted a region may become for the sake of a shared crop.
    const float Tolerance = 0.75f;

    // More than a motion gate gives; beyond it the whole picture is looked at.
    const int MaxRegions = 64;

    readonly List<Group> _groups = new(MaxRegions);

    /// <param name="Needed">What must be in the crop.</param>
    /// <param name="Wanted">Input pixels for a pixel of the picture.</param>
    readonly record struct Group(PixelArea Needed, float Wanted);

    /// <summary>Fills <paramref name="crops"/>; the whole picture alone when no region is given.</summary>
    /// <param name="width">Of the picture; with <paramref name="height"/> at least 2.</param>
    public void Make(int width, int height, ReadOnlySpan<Box> regions, List<PixelArea> crops)
    {
        crops.Clear();
        var whole = new PixelArea(0, 0, width, height);
        float wholeScale = Possible(whole);
        _groups.Clear();
        if (regions.Length <= MaxRegions)
        {
            foreach (var region in regions)
            {
                if (Needed(region, width, height) is { } needed)
                    _groups.Add(new(needed, Math.Clamp(WantedPixels / Math.Max(1, Math.Max(region.Width * width, region.Height * height)), wholeScale, Math.Max(wholeScale, maxZoom))));
            }
        }

        Share();
        foreach (var group in _groups)
        {
            var crop = Window(group, whole);
            // Another may have grown over it at no less resolution.
            bool superfluous = false;
            for (int i = crops.Count - 1; i >= 0; i--)
            {
                if (crop.Contains(crops[i]) && Possible(crop) >= Possible(crops[i]) * Tolerance)
                    crops.RemoveAt(i);
                else
                    superfluous |= crops[i].Contains(crop) && Possible(crops[i]) >= Possible(crop) * Tolerance;
            }

            if (!superfluous)
                crops.Add(crop);
        }

        if (crops.Count == 0)
            crops.Add(whole);
    }

    /// <summary>Joins groups while that costs nobody more than the tolerance, then whatever costs least until there are few enough.</summary>
    void Share()
    {
        while (_groups.Count > 1)
        {
            (int first, int second, float left) = (0, 1, -1);
            for (int i = 0; i < _groups.Count; i++)
            {
                for (int k = i + 1; k < _groups.Count; k++)
                {
                    var (a, b) = (_groups[i], _groups[k]);
                    float share = Possible(PixelArea.Union(a.Needed, b.Needed)) / Math.Max(a.Wanted, b.Wanted);
                    if (share > left)
                        (first, second, left) = (i, k, share);
                }
            }

            if (left < Tolerance && _groups.Count <= maxCrops)
                return;
            var (one, other) = (_groups[first], _groups[second]);
            _groups[first] = new(PixelArea.Union(one.Needed, other.Needed), Math.Max(one.Wanted, other.Wanted));
            _groups.RemoveAt(second);
        }
    }

    /// <summary>The crop of a group: of the input's proportions, around what is needed, inside the picture.</summary>
    PixelArea Window(Group group, PixelArea whole)
    {
        float scale = Math.Min(group.Wanted, Possible(group.Needed));
        int width = Math.Min(whole.Width, Even((int)MathF.Ceiling(model.Width / scale))), height = Math.Min(whole.Height, Even((int)MathF.Ceiling(model.Height / scale)));
        width = Math.Max(width, group.Needed.Width);
        height = Math.Max(height, group.Needed.Height);
        int left = Math.Clamp(group.Needed.Left - ((width - group.Needed.Width) / 2), 0, whole.Width - width);
        int top = Math.Clamp(group.Needed.Top - ((height - group.Needed.Height) / 2), 0, whole.Height - height);
        return new(left & ~1, top & ~1, width, height);
    }

    /// <summary>Largest scale at which an area fits the model's input.</summary>
    float Possible(PixelArea area) => Math.Min((float)model.Width / area.Width, (float)model.Height / area.Height);

    /// <summary>A region with its margin in even pixels inside the picture; null for one that is no box or lies outside.</summary>
    static PixelArea? Needed(Box region, int width, int height)
    {
        if (!(region.Width > 0 && region.Height > 0) || !float.IsFinite(region.X + region.Y + region.Right + region.Bottom))
            return null;
        float marginX = Math.Max(LeastMargin, region.Width * width / 2), marginY = Math.Max(LeastMargin, region.Height * height / 2);
        int left = (int)Math.Clamp((region.X * width) - marginX, 0, width), right = (int)Math.Clamp((region.Right * width) + marginX, 0, width);
        int top = (int)Math.Clamp((region.Y * height) - marginY, 0, height), bottom = (int)Math.Clamp((region.Bottom * height) + marginY, 0, height);
        (left, top) = (left & ~1, top & ~1);
        (right, bottom) = (Math.Min(width, Even(right)), Math.Min(height, Even(bottom)));
        return right - left >= 2 && bottom - top >= 2 ? new(left, top, right - left, bottom - top) : null;
    }

    static int Even(int value) => (value + 1) & ~1;
}
