using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace Atalaya.Node.Health;

/// <summary>
/// Everything that the meters named <c>Atalaya…</c> measure, as Prometheus reads it (text format 0.0.4), and a few numbers of the process.
/// Counters of the runtime's meters are added up here; gauges are asked when a page is written.
/// </summary>
sealed class MetricsText : IDisposable
{
    /// <summary>Seconds; for histograms without advice. From a fast packet to a slow disk.</summary>
    static readonly double[] DefaultBounds = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

    readonly MeterListener _listener = new();
    readonly ConcurrentDictionary<Instrument, Family> _families = new();
    readonly Lock _writing = new();     // One page at a time: observable values are gathered into the families.

    /// <param name="scope">Meters with another scope than this or none belong to another node.</param>
    public MetricsText(object scope)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name.StartsWith("Atalaya", StringComparison.Ordinal) && (instrument.Meter.Scope is null || instrument.Meter.Scope == scope))
                listener.EnableMeasurementEvents(instrument, _families.GetOrAdd(instrument, i => new Family(i)));
        };
        _listener.SetMeasurementEventCallback<long>((_, value, tags, state) => ((Family)state!).Take(value, tags));
        _listener.SetMeasurementEventCallback<int>((_, value, tags, state) => ((Family)state!).Take(value, tags));
        _listener.SetMeasurementEventCallback<double>((_, value, tags, state) => ((Family)state!).Take(value, tags));
        _listener.MeasurementsCompleted = (instrument, _) => _families.TryRemove(instrument, out Family? _);
        _listener.Start();
    }

    public string Write()
    {
        var text = new StringBuilder();
        lock (_writing)
        {
            foreach (var family in _families.Values)
                family.Forget();
            _listener.RecordObservableInstruments();
            // Two meters may have an instrument of one name (two nodes in one process); a family may be written only once.
            foreach (var group in _families.Values.GroupBy(f => f.Name).OrderBy(g => g.Key, StringComparer.Ordinal))
            {
                group.First().WriteHead(text);
                foreach (var family in group)
                    family.WriteSamples(text);
            }
        }

        WriteProcess(text);
        return text.ToString();
    }

    public void Dispose() => _listener.Dispose();

    static void WriteProcess(StringBuilder text)
    {
        using var process = Process.GetCurrentProcess();
        One("process_cpu_seconds_total", "counter", "Processor time, user and system.", process.TotalProcessorTime.TotalSeconds);
        One("process_resident_memory_bytes", "gauge", "Resident memory.", process.WorkingSet64);
        One("process_threads", "gauge", "Threads.", process.Threads.Count);
        One("process_start_time_seconds", "gauge", "When the process started, seconds since 1970.",
            (process.StartTime.ToUniversalTime() - DateTime.UnixEpoch).TotalSeconds);
        if (Directory.Exists("/proc/self/fd"))
            One("process_open_fds", "gauge", "Open files and sockets.", Directory.EnumerateFileSystemEntries("/proc/self/fd").Count());
        One("dotnet_gc_heap_bytes", "gauge", "Managed memory after the last collection.", GC.GetGCMemoryInfo().HeapSizeBytes);
        One("dotnet_gc_collections_total", "counter", "Collections of the oldest generation.", GC.CollectionCount(2));
        One("dotnet_gc_allocated_bytes_total", "counter", "Bytes allocated.", GC.GetTotalAllocatedBytes());

        void One(string name, string kind, string help, double value) =>
            text.Append($"# HELP {name} {help}\n# TYPE {name} {kind}\n{name} ").Append(value.ToString("R", CultureInfo.InvariantCulture)).Append('\n');
    }

    sealed class Family
    {
        readonly ConcurrentDictionary<string, Series> _series = new(StringComparer.Ordinal);
        readonly string _help, _kind;
        readonly bool _observed, _adds;
        readonly double[] _bounds;

        public Family(Instrument instrument)
        {
            Name = instrument.Name.Replace('.', '_').Replace('-', '_');
            _help = (instrument.Description ?? instrument.Name).Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", " ", StringComparison.Ordinal);
            var type = instrument.GetType().GetGenericTypeDefinition();
            _observed = instrument.IsObservable;
            _adds = type == typeof(Counter<>) || type == typeof(UpDownCounter<>);
            _kind = type == typeof(Counter<>) || type == typeof(ObservableCounter<>) ? "counter" : type == typeof(Histogram<>) ? "histogram" : "gauge";
            _bounds = _kind == "histogram" ? (instrument as Histogram<double>)?.Advice?.HistogramBucketBoundaries?.ToArray() ?? DefaultBounds : [];
        }

        public string Name { get; }

        public void Take(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            string labels = Labels(tags);
            var series = _series.GetOrAdd(labels, static (_, bounds) => new Series(new long[bounds.Length + 1]), _bounds);
            lock (series)
            {
                if (_bounds.Length > 0)
                {
                    int bucket = Array.FindIndex(_bounds, b => value <= b);
                    series.Buckets[bucket < 0 ? _bounds.Length : bucket]++;
                    series.Value += value;
                    series.Count++;
                }
                else
                {
                    series.Value = _adds ? series.Value + value : value;
                }
            }
        }

        /// <summary>What is observed is told anew for each page; a camera that is gone must go from it as well.</summary>
        public void Forget()
        {
            if (_observed)
                _series.Clear();
        }

        public void WriteHead(StringBuilder text) => text.Append($"# HELP {Name} {_help}\n# TYPE {Name} {_kind}\n");

        public void WriteSamples(StringBuilder text)
        {
            foreach (var (labels, series) in _series.OrderBy(s => s.Key, StringComparer.Ordinal))
            {
                lock (series)
                {
                    if (_bounds.Length == 0)
                    {
                        Sample(text, "", labels, "", series.Value);
                        continue;
                    }

                    long count = 0;
                    for (int i = 0; i <= _bounds.Length; i++)
                    {
                        count += series.Buckets[i];
                        string bound = i == _bounds.Length ? "+Inf" : _bounds[i].ToString("R", CultureInfo.InvariantCulture);
                        Sample(text, "_bucket", labels, $"le=\"{bound}\"", count);
                    }

                    Sample(text, "_sum", labels, "", series.Value);
                    Sample(text, "_count", labels, "", series.Count);
                }
            }
        }

        void Sample(StringBuilder text, string suffix, string labels, string more, double value)
        {
            text.Append(Name).Append(suffix);
            if (labels.Length + more.Length > 0)
                text.Append('{').Append(labels).Append(labels.Length > 0 && more.Length > 0 ? "," : "").Append(more).Append('}');
            text.Append(' ').Append(value.ToString("R", CultureInfo.InvariantCulture)).Append('\n');
        }

        static string Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            if (tags.Length == 0)
                return "";
            var text = new StringBuilder();
            foreach (var (key, value) in tags)
            {
                string escaped = Convert.ToString(value, CultureInfo.InvariantCulture)?
                    .Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal) ?? "";
                text.Append(text.Length > 0 ? "," : "").Append(key.Replace('.', '_')).Append("=\"").Append(escaped).Append('"');
            }

            return text.ToString();
        }

        sealed class Series(long[] buckets)
        {
            public long[] Buckets { get; } = buckets;
            public double Value { get; set; }
            public long Count { get; set; }
        }
    }
}
