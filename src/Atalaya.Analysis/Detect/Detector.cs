using Atalaya.Incidents;

namespace Atalaya.Analysis.Detect;

/// <summary>
/// Finds things in pictures with a model. After the first pictures it allocates nothing: tensors, lists and rows are its own and are used again. One thread at a time.
/// </summary>
public sealed class Detector : IDisposable
{
    // A box this close to a crop's edge, in pixels of the model's input, is probably cut by it.
    const float EdgePixels = 2;

    // A thing this long in the model's input can be found in the whole picture; a smaller one would only cost.
    const float SeenPixels = 24;

    readonly Inference _inference;
    readonly OutputDecoder _decoder;
    readonly Preprocessor _preprocessor;
    readonly CropPlan _plan;
    readonly float _least;
    readonly List<PixelArea> _crops = [];
    readonly List<Placement> _batch = [];
    readonly Candidates _found = new();
    readonly List<Detection> _detections = new(Candidates.Limit);
    bool _disposed;

    Detector(ModelFile model, DetectorOptions options, Inference inference, OutputDecoder decoder)
    {
        (Model, _inference, _decoder) = (model, inference, decoder);
        _least = options.MinScore ?? model.Score;
        _preprocessor = new(model);
        _plan = new(model, options.MaxCrops, options.MaxZoom);
    }

    public ModelFile Model { get; }

    /// <summary>Pictures and crops that have gone through the model; how many for one picture tells what crops cost.</summary>
    public long PassCount { get; private set; }

    /// <summary>Pictures that were looked at.</summary>
    public long PictureCount { get; private set; }

    /// <summary>Reads the model into ONNX Runtime and runs it once on nothing, so that whatever doesn't fit shows now.</summary>
    /// <exception cref="DetectorException">No library, or a model that isn't as its file says; every reason that could be found.</exception>
    public static Detector Load(ModelFile model, DetectorOptions options)
    {
        string[] faults = [.. options.Faults()];
        if (faults.Length > 0)
            throw new DetectorException(faults);
        return Load(model, options, new OnnxInference(OnnxRuntime.Load(options.Library), model.Model, options));
    }

    /// <summary>The same with any runtime, which becomes this one's.</summary>
    internal static Detector Load(ModelFile model, DetectorOptions options, Inference inference)
    {
        try
        {
            var faults = new List<string>();
            if (ImageInput(model, inference, faults, out long[] shape, out var constants) is { } image && !RefusesIdentity(model, inference, faults))
            {
                var shapes = inference.Prepare(image, shape, constants);
                if (OutputDecoder.Create(model, inference.Outputs, shapes, faults) is { } decoder)
                    return new(model, options, inference, decoder);
            }

            throw new DetectorException(faults);
        }
        catch
        {
            inference.Dispose();
            throw;
        }
    }

    /// <summary>Finds the model's things in a picture.</summary>
    /// <param name="regions">
    /// Where to look: what moved, and where tracked things are expected, as fractions of the picture. Small ones are looked at enlarged; things that lie in none may
    /// be missed. Empty: everywhere, the picture scaled to the model's input.
    /// </param>
    /// <returns>Best first, boxes within the picture. The list is filled anew by the next call.</returns>
    /// <exception cref="DetectorException">The runtime failed.</exception>
    public IReadOnlyList<Detection> Detect(in Picture picture, ReadOnlySpan<Box> regions = default)
    {
        // The tensors lie outside the collected heap: nothing else would notice.
        ObjectDisposedException.ThrowIf(_disposed, this);
        PictureCount++;
        _found.Clear();
        _detections.Clear();
        _plan.Make(picture.Width, picture.Height, regions, _crops);
        bool cut = false;
        for (int done = 0; done < _crops.Count; done += _inference.Batch)
            cut |= Run(picture, regions, done, Math.Min(_inference.Batch, _crops.Count - done));
        if (cut)
        {
            // A thing that reaches out of its crop was larger than its motion: the whole picture shows it.
            _crops.Clear();
            _crops.Add(PixelArea.Whole(picture));
            Run(picture, regions, 0, 1);
        }

        return Found(picture);
    }

    /// <summary>Finds the model's things in given parts of a picture; what a part's edge cuts is left to the part beside it.</summary>
    /// <returns>As of <see cref="Detect"/>.</returns>
    internal IReadOnlyList<Detection> DetectIn(in Picture picture, ReadOnlySpan<PixelArea> parts)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        PictureCount++;
        _found.Clear();
        _detections.Clear();
        _crops.Clear();
        _crops.AddRange(parts);
        for (int done = 0; done < _crops.Count; done += _inference.Batch)
            Run(picture, [], done, Math.Min(_inference.Batch, _crops.Count - done));
        return Found(picture);
    }

    IReadOnlyList<Detection> Found(in Picture picture)
    {
        _found.Suppress(Model.Overlap, Model.Classes);
        foreach (ref readonly var candidate in _found.Span)
        {
            float left = candidate.Left / picture.Width, top = candidate.Top / picture.Height;
            _detections.Add(new(new(left, top, (candidate.Right / picture.Width) - left, (candidate.Bottom / picture.Height) - top), Model.Classes[candidate.Class]!.Value, Math.Min(1, candidate.Score))
            {
                Label = Model.Names[candidate.Class],
            });
        }

        return _detections;
    }

    /// <summary>How often the model ran so far.</summary>
    internal long Runs { get; private set; }

    /// <summary>The runtime alone on what the last picture left in the input: what the rest of <see cref="Detect"/> is measured against.</summary>
    internal void RunBare() => _inference.Run(1);

    public void Dispose()
    {
        _disposed = true;
        _inference.Dispose();
    }

    /// <returns>Whether something in a region is cut by its crop.</returns>
    bool Run(in Picture picture, ReadOnlySpan<Box> regions, int first, int count)
    {
        _batch.Clear();
        for (int i = 0; i < count; i++)
        {
            var placement = _preprocessor.Place(_crops[first + i]);
            _preprocessor.Fill(picture, placement, _inference.Input(i));
            _batch.Add(placement);
        }

        _inference.Run(count);
        Runs++;
        PassCount += count;
        bool cut = false;
        for (int i = 0; i < count; i++)
        {
            int before = _found.Count;
            _decoder.Decode(_inference, i, _least, _found);
            cut |= ToPicture(picture.Width, picture.Height, regions, _batch[i], before);
        }

        return cut;
    }

    /// <summary>Moves new boxes from the model's input to the picture, and leaves out those that a crop's edge cuts.</summary>
    bool ToPicture(int width, int height, ReadOnlySpan<Box> regions, Placement placement, int from)
    {
        var source = placement.Source;
        float edgeX = EdgePixels / placement.ScaleX, edgeY = EdgePixels / placement.ScaleY;
        var span = _found.Span;
        int kept = from;
        bool cut = false;
        float wholeScale = Math.Min((float)Model.Width / width, (float)Model.Height / height);
        for (int i = from; i < span.Length; i++)
        {
            var box = span[i];
            float left = source.Left + (box.Left / placement.ScaleX), right = source.Left + (box.Right / placement.ScaleX);
            float top = source.Top + (box.Top / placement.ScaleY), bottom = source.Top + (box.Bottom / placement.ScaleY);
            bool outside = (source.Left > 0 && left < source.Left + edgeX) || (source.Right < width && right > source.Right - edgeX)
                || (source.Top > 0 && top < source.Top + edgeY) || (source.Bottom < height && bottom > source.Bottom - edgeY);
            var inside = box with { Left = Math.Clamp(left, 0, width), Right = Math.Clamp(right, 0, width), Top = Math.Clamp(top, 0, height), Bottom = Math.Clamp(bottom, 0, height) };
            if (outside)
                cut = cut || (inside.Score >= Model.Score && Math.Max(inside.Right - inside.Left, inside.Bottom - inside.Top) * wholeScale >= SeenPixels && Touches(regions, inside, width, height));
            else if (inside.Area > 0)
                span[kept++] = inside;
        }

        _found.Truncate(kept);
        return cut;
    }

    static bool Touches(ReadOnlySpan<Box> regions, in Candidate box, int width, int height)
    {
        foreach (var region in regions)
        {
            if (box.Left < region.Right * width && box.Right > region.X * width && box.Top < region.Bottom * height && box.Bottom > region.Y * height)
                return true;
        }

        return false;
    }

    /// <summary>The input that takes the picture, with its shape, and what the others get; null, and faults, for inputs that aren't as the file says.</summary>
    static TensorInfo? ImageInput(ModelFile model, Inference inference, List<string> faults, out long[] shape, out Dictionary<string, long[]> constants)
    {
        shape = model.Layout == TensorLayout.Nchw ? [1, 3, model.Height, model.Width] : [1, model.Height, model.Width, 3];
        constants = [];
        TensorInfo? image = null;
        foreach (var input in inference.Inputs)
        {
            if (input.Shape.Count == 4 && image is null)
            {
                image = input;
                if (input.Type != TensorType.Float)
                    faults.Add($"{model.Source}: input: {model.Model} takes {input}, but pictures are given as 32-bit floats. Export it with a float input.");
                bool fits = input.Shape[0] is -1 or 1;
                for (int i = 1; i < 4; i++)
                    fits &= input.Shape[i] < 0 || input.Shape[i] == shape[i];
                if (!fits)
                {
                    faults.Add($"{model.Source}: input: width, height and layout make [1, {string.Join(", ", shape[1..])}], but {model.Model} takes {input}. "
                        + "Correct the file; a model for several pictures at once must leave their number free.");
                }
            }
            else if (input.Type == TensorType.Int64 && input.Shape is [_, 2] && model.Decoding == OutputDecoding.Detr)
            {
                // orig_target_sizes: boxes come in pixels of this size.
                constants[input.Name] = [model.Width, model.Height];
            }
            else
            {
                faults.Add($"{model.Source}: input: {model.Model} also wants {input}, which nothing here gives. Export it with the picture as its only input.");
            }
        }

        if (image is null)
            faults.Add($"{model.Source}: input: {model.Model} takes no picture (no input with four sizes), but {string.Join(", ", inference.Inputs)}.");
        return faults.Count == 0 ? image : null;
    }

    /// <summary>A head that tells people apart must not run even if nobody reads it.</summary>
    static bool RefusesIdentity(ModelFile model, Inference inference, List<string> faults)
    {
        foreach (var output in inference.Outputs.Where(o => IdentityClasses.NamesOutput(o.Name)))
        {
            faults.Add($"{model.Model} has the output '{ModelFile.Shown(output.Name)}', which is about faces or identities. Atalaya detects things and never who somebody is; "
                + "no option changes that. Use a model without it.");
        }

        return faults.Count > 0;
    }
}
