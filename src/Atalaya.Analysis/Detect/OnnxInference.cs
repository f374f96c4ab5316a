using System.Runtime.InteropServices;

namespace Atalaya.Analysis.Detect;

/// <summary>
/// A model in ONNX Runtime. All tensors are made once, in memory of our own that stays where it is; a run allocates nothing here.
/// </summary>
/// <remarks>
/// Outputs are handed to <c>Run</c> as tensors over our memory rather than through an I/O binding: on a processor it is the same, and a binding copies
/// inputs to a graphics card once, when they are bound, so that it would have to be made again for each picture.
/// </remarks>
sealed unsafe class OnnxInference : Inference
{
    const int DeviceAllocator = 0, DefaultMemory = 0, EnableAllOptimizations = 99;
    const int TypeFloat = 1, TypeInt64 = 7;

    readonly OnnxRuntime _runtime;
    readonly string _model;
    readonly OrtHandle _session, _memory;
    readonly List<TensorBuffer> _inputs = [], _outputs = [];
    readonly int _wantedBatch;
    Binding?[] _bindings = [];      // one for each number of pictures that ran, at its index
    long _pictureLength;

    /// <param name="model">Path of an .onnx file.</param>
    public OnnxInference(OnnxRuntime runtime, string model, DetectorOptions options)
    {
        (_runtime, _model, _wantedBatch) = (runtime, model, options.Batch);
        using var settings = Settings(options);
        nint made;
        fixed (byte* path = OnnxRuntime.Text(model))
            Check(((delegate* unmanaged<nint, byte*, nint, nint*, nint>)F(OrtFunction.CreateSession))(runtime.Environment, path, settings.Value, &made), "loading");
        _session = runtime.Own(made, OrtFunction.ReleaseSession);
        Check(((delegate* unmanaged<int, int, nint*, nint>)F(OrtFunction.CreateCpuMemoryInfo))(DeviceAllocator, DefaultMemory, &made), "describing memory for");
        _memory = runtime.Own(made, OrtFunction.ReleaseMemoryInfo);
        Inputs = Describe(OrtFunction.SessionGetInputCount, OrtFunction.SessionGetInputName, OrtFunction.SessionGetInputTypeInfo);
        Outputs = Describe(OrtFunction.SessionGetOutputCount, OrtFunction.SessionGetOutputName, OrtFunction.SessionGetOutputTypeInfo);
    }

    public override IReadOnlyList<TensorInfo> Inputs { get; }
    public override IReadOnlyList<TensorInfo> Outputs { get; }
    public override int Batch => Math.Max(1, _bindings.Length - 1);

    public override IReadOnlyList<long[]> Prepare(TensorInfo image, IReadOnlyList<long> shape, IReadOnlyDictionary<string, long[]> constants)
    {
        int batch = image.Shape[0] < 0 ? _wantedBatch : 1;
        _bindings = new Binding?[batch + 1];
        foreach (var input in Inputs)
        {
            if (input == image)
            {
                _pictureLength = Product(shape);
                _inputs.Add(new(input, [.. shape], batch));
            }
            else
            {
                var buffer = new TensorBuffer(input, [1, constants[input.Name].Length], batch);
                for (int i = 0; i < batch; i++)
                    constants[input.Name].CopyTo(buffer.Int64(i));
                _inputs.Add(buffer);
            }
        }

        // The first run's outputs are the library's, so that their sizes are known; from then on they are ours.
        var shapes = FirstRun();
        for (int i = 0; i < shapes.Count; i++)
            _outputs.Add(new(Outputs[i], shapes[i], batch));
        return shapes;
    }

    public override Span<float> Input(int picture)
    {
        foreach (var input in _inputs)
        {
            if (input.Info.Type == TensorType.Float)
                return input.Float(picture);
        }

        return [];
    }

    public override void Run(int pictures)
    {
        var binding = _bindings[pictures] ??= new Binding(this, pictures);
        fixed (nint* inputNames = binding.InputNames, inputs = binding.Inputs, outputNames = binding.OutputNames, outputs = binding.Outputs)
        {
            Check(((delegate* unmanaged<nint, nint, nint*, nint*, nuint, nint*, nuint, nint*, nint>)F(OrtFunction.Run))(
                _session.Value, 0, inputNames, inputs, (nuint)binding.Inputs.Length, outputNames, (nuint)binding.Outputs.Length, outputs), "running");
        }
    }

    public override ReadOnlySpan<float> Output(int output, int picture) => _outputs[output].Float(picture);

    public override ReadOnlySpan<long> OutputInt64(int output, int picture) => _outputs[output].Int64(picture);

    public override void Dispose()
    {
        foreach (var binding in _bindings)
            binding?.Dispose();
        foreach (var buffer in _inputs.Concat(_outputs))
            buffer.Dispose();
        _memory.Dispose();
        _session.Dispose();
    }

    List<long[]> FirstRun()
    {
        using var binding = new Binding(this, 1, givesOutputs: false);
        var values = new nint[Outputs.Count];
        fixed (nint* inputNames = binding.InputNames, inputs = binding.Inputs, outputNames = binding.OutputNames, outputs = values)
        {
            Check(((delegate* unmanaged<nint, nint, nint*, nint*, nuint, nint*, nuint, nint*, nint>)F(OrtFunction.Run))(
                _session.Value, 0, inputNames, inputs, (nuint)binding.Inputs.Length, outputNames, (nuint)values.Length, outputs), "running for the first time");
        }

        var shapes = new List<long[]>();
        foreach (nint value in values)
        {
            using var owned = _runtime.Own(value, OrtFunction.ReleaseValue);
            nint made;
            Check(((delegate* unmanaged<nint, nint*, nint>)F(OrtFunction.GetTensorTypeAndShape))(value, &made), "measuring an output of");
            using var shape = _runtime.Own(made, OrtFunction.ReleaseTensorTypeAndShapeInfo);
            shapes.Add(Dimensions(shape.Value));
        }

        return shapes;
    }

    OrtHandle Settings(DetectorOptions options)
    {
        nint made;
        Check(((delegate* unmanaged<nint*, nint>)F(OrtFunction.CreateSessionOptions))(&made), "making options for");
        var settings = _runtime.Own(made, OrtFunction.ReleaseSessionOptions);
        Check(((delegate* unmanaged<nint, int, nint>)F(OrtFunction.SetSessionGraphOptimizationLevel))(made, EnableAllOptimizations), "setting the optimization of");
        Check(((delegate* unmanaged<nint, int, nint>)F(OrtFunction.SetIntraOpNumThreads))(made, options.Threads), "setting the threads of");
        Check(((delegate* unmanaged<nint, int, nint>)F(OrtFunction.SetInterOpNumThreads))(made, 1), "setting the threads of");
        // Threads that wait spin otherwise: they would burn what recording and other cameras need.
        fixed (byte* key = "session.intra_op.allow_spinning\0"u8, value = "0\0"u8)
            Check(((delegate* unmanaged<nint, byte*, byte*, nint>)F(OrtFunction.AddSessionConfigEntry))(made, key, value), "setting the threads of");
        switch (options.Provider)
        {
            case ExecutionProvider.Cuda:
                Require("CUDAExecutionProvider", options);
                nint cuda;
                Check(((delegate* unmanaged<nint*, nint>)F(OrtFunction.CreateCudaProviderOptions))(&cuda), "preparing CUDA for");
                using (_runtime.Own(cuda, OrtFunction.ReleaseCudaProviderOptions))
                {
                    fixed (byte* key = "device_id\0"u8, value = OnnxRuntime.Text($"{options.Device}"))
                        Check(((delegate* unmanaged<nint, byte**, byte**, nuint, nint>)F(OrtFunction.UpdateCudaProviderOptions))(cuda, &key, &value, 1), "choosing the CUDA device of");
                    Check(((delegate* unmanaged<nint, nint, nint>)F(OrtFunction.AppendExecutionProviderCuda))(made, cuda), "starting CUDA for");
                }

                break;
            case ExecutionProvider.OpenVino:
                Require("OpenVINOExecutionProvider", options);
                string device = options.Device == 0 ? "AUTO" : $"GPU.{options.Device - 1}";
                fixed (byte* name = "OpenVINO\0"u8, key = "device_type\0"u8, value = OnnxRuntime.Text(device))
                    Check(((delegate* unmanaged<nint, byte*, byte**, byte**, nuint, nint>)F(OrtFunction.AppendExecutionProvider))(made, name, &key, &value, 1), "starting OpenVINO for");
                break;
        }

        return settings;
    }

    void Require(string provider, DetectorOptions options)
    {
        if (!_runtime.Providers.Contains(provider))
        {
            throw new DetectorException($"{_runtime.Path} (ONNX Runtime {_runtime.Version}) was built without {options.Provider}; it has {string.Join(", ", _runtime.Providers)}. "
                + "Name a library that was built with it, or use the processor.");
        }
    }

    List<TensorInfo> Describe(OrtFunction countOf, OrtFunction nameOf, OrtFunction typeOf)
    {
        nuint count;
        Check(((delegate* unmanaged<nint, nuint*, nint>)F(countOf))(_session.Value, &count), "reading");
        nint allocator;
        Check(((delegate* unmanaged<nint*, nint>)F(OrtFunction.GetAllocatorWithDefaultOptions))(&allocator), "reading");
        var list = new List<TensorInfo>();
        for (nuint i = 0; i < count; i++)
        {
            nint text;
            Check(((delegate* unmanaged<nint, nuint, nint, nint*, nint>)F(nameOf))(_session.Value, i, allocator, &text), "reading");
            string name = Marshal.PtrToStringUTF8(text) ?? "";
            Check(((delegate* unmanaged<nint, nint, nint>)F(OrtFunction.AllocatorFree))(allocator, text), "reading");
            nint made, tensor;
            Check(((delegate* unmanaged<nint, nuint, nint*, nint>)F(typeOf))(_session.Value, i, &made), "reading");
            using var type = _runtime.Own(made, OrtFunction.ReleaseTypeInfo);
            Check(((delegate* unmanaged<nint, nint*, nint>)F(OrtFunction.CastTypeInfoToTensorInfo))(type.Value, &tensor), "reading");
            int element = 0;
            // Null for sequences and maps; the tensor belongs to the type.
            if (tensor != 0)
                Check(((delegate* unmanaged<nint, int*, nint>)F(OrtFunction.GetTensorElementType))(tensor, &element), "reading");
            list.Add(new(name, element switch { TypeFloat => TensorType.Float, TypeInt64 => TensorType.Int64, _ => TensorType.Other }, tensor == 0 ? [] : Dimensions(tensor)));
        }

        return list;
    }

    long[] Dimensions(nint shape)
    {
        nuint count;
        Check(((delegate* unmanaged<nint, nuint*, nint>)F(OrtFunction.GetDimensionsCount))(shape, &count), "reading");
        long[] sizes = new long[count];
        fixed (long* to = sizes)
            Check(((delegate* unmanaged<nint, long*, nuint, nint>)F(OrtFunction.GetDimensions))(shape, to, count), "reading");
        return sizes;
    }

    nint F(OrtFunction function) => _runtime.Function(function);

    void Check(nint status, string doing)
    {
        // The message is put together only for a failure: this stands in the path of every picture.
        if (status != 0)
            _runtime.Check(status, $"{doing} {_model}");
    }

    static long Product(IEnumerable<long> sizes) => sizes.Aggregate(1L, (product, size) => checked(product * size));

    /// <summary>Memory of one input or output, for a whole batch, aligned for the widest vectors and outside the collected heap.</summary>
    sealed class TensorBuffer : IDisposable
    {
        void* _memory;      // null once freed
        readonly int _length;

        public TensorBuffer(TensorInfo info, long[] shape, int batch)
        {
            Info = info;
            Shape = shape;
            _length = checked((int)Product(shape));
            ElementSize = info.Type == TensorType.Float ? sizeof(float) : sizeof(long);
            nuint bytes = checked((nuint)_length * (nuint)batch * (nuint)ElementSize);
            _memory = NativeMemory.AlignedAlloc(Math.Max(bytes, 64), 64);
            NativeMemory.Clear(_memory, bytes);
        }

        public TensorInfo Info { get; }

        /// <summary>Of one picture.</summary>
        public long[] Shape { get; }
        public int ElementSize { get; }
        public void* Memory => _memory;
        public int Bytes => _length * ElementSize;

        public Span<float> Float(int picture) => new((float*)_memory + ((long)picture * _length), _length);

        public Span<long> Int64(int picture) => new((long*)_memory + ((long)picture * _length), _length);

        public void Dispose()
        {
            NativeMemory.AlignedFree(_memory);
            _memory = null;
        }
    }

    /// <summary>Names and tensors of a run with so many pictures: the first so many of the buffers.</summary>
    sealed class Binding : IDisposable
    {
        readonly List<OrtHandle> _values = [];
        readonly List<GCHandle> _names = [];

        public Binding(OnnxInference owner, int pictures, bool givesOutputs = true)
        {
            InputNames = [.. owner._inputs.Select(b => Pin(b.Info.Name))];
            Inputs = [.. owner._inputs.Select(b => Tensor(owner, b, pictures))];
            OutputNames = [.. owner.Outputs.Select(o => Pin(o.Name))];
            Outputs = givesOutputs ? [.. owner._outputs.Select(b => Tensor(owner, b, pictures))] : [];
        }

        public nint[] InputNames { get; }
        public nint[] Inputs { get; }
        public nint[] OutputNames { get; }
        public nint[] Outputs { get; }

        public void Dispose()
        {
            foreach (var value in _values)
                value.Dispose();
            foreach (var name in _names)
                name.Free();
            _names.Clear();
        }

        nint Pin(string name)
        {
            var pinned = GCHandle.Alloc(OnnxRuntime.Text(name), GCHandleType.Pinned);
            _names.Add(pinned);
            return pinned.AddrOfPinnedObject();
        }

        nint Tensor(OnnxInference owner, TensorBuffer buffer, int pictures)
        {
            long[] shape = [.. buffer.Shape];
            // A shape without a batch (a free first size of 1 in all outputs that are decoded) is refused before this.
            if (shape.Length > 0)
                shape[0] *= pictures;
            nint made;
            fixed (long* sizes = shape)
            {
                owner.Check(((delegate* unmanaged<nint, void*, nuint, long*, nuint, int, nint*, nint>)owner.F(OrtFunction.CreateTensorWithDataAsOrtValue))(
                    owner._memory.Value, buffer.Memory, (nuint)((long)buffer.Bytes * pictures), sizes, (nuint)shape.Length,
                    buffer.Info.Type == TensorType.Float ? TypeFloat : TypeInt64, &made), "making tensors for");
            }

            _values.Add(owner._runtime.Own(made, OrtFunction.ReleaseValue));
            return made;
        }
    }
}
