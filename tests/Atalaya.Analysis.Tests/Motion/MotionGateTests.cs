using Atalaya.Analysis.Codec;
using Atalaya.Analysis.Motion;
using Atalaya.Incidents;
using Atalaya.Media;
using Atalaya.Testing;

namespace Atalaya.Analysis.Tests.Motion;

/// <summary>One kind of trouble each, drawn; then real footage.</summary>
public sealed class MotionGateTests
{
    const int Rows = 90;

    [Fact]
    public void Sensor_noise_on_a_still_scene_is_no_motion()
    {
        var scene = new Painter(1);
        scene.Run(60, 5, (p, _) => p.Noise(4)).ShouldBeLessThan(0.01);
    }

    [Fact]
    public void A_walker_of_two_by_five_cells_is_found_where_he_walks()
    {
        var scene = new Painter(2);
        scene.Run(10, 5, (p, _) => p.Noise(3));
        int hits = 0;
        scene.Run(10, 5, (p, t) =>
        {
            p.Rectangle(20 + (t * 8), 40, 2, 5, 200);
            p.Noise(3);
        }, (gate, t) => hits += gate.Regions.Any(r => Contains(r, (21 + (t * 8)) / MotionGate.Columns, 42.5 / Rows)) ? 1 : 0);
        hits.ShouldBeGreaterThan(42, "of 50 pictures");
    }

    [Fact]
    public void Rain_is_no_motion_and_a_walker_in_it_is()
    {
        var scene = new Painter(3);
        scene.Run(20, 5, Rain);
        scene.Run(30, 5, Rain).ShouldBeLessThan(0.1);
        scene.Run(8, 5, (p, t) =>
        {
            p.Rectangle(30 + (t * 10), 30, 4, 9, 220);
            Rain(p, t);
        }).ShouldBeGreaterThan(0.7);

        static void Rain(Painter p, double t)
        {
            p.Noise(3);
            for (int i = 0; i < 40; i++)
                p.Rectangle(p.Random.Next(MotionGate.Columns), p.Random.Next(Rows - 3), 1, 2, 180);
        }
    }

    [Fact]
    public void A_beam_of_light_that_sweeps_over_the_ground_is_no_motion()
    {
        var scene = new Painter(4);
        scene.Run(10, 5, (p, _) => p.Noise(3));
        scene.Run(6, 5, (p, t) =>
        {
            p.Light(10 + (t * 22), 45, 24, 1.9);
            p.Noise(3);
        }).ShouldBeLessThan(0.25);
    }

    [Fact]
    public void Dusk_and_clouds_are_no_motion()
    {
        var scene = new Painter(5);
        scene.Run(10, 5, (p, _) => p.Noise(3));
        scene.Run(60, 5, (p, t) =>
        {
            p.Scale(1 - (t / 100) + (0.12 * Math.Sin(t)));
            p.Noise(3);
        }).ShouldBeLessThan(0.05);
    }

    [Fact]
    public void A_switch_to_infrared_is_one_change_of_scene_and_then_quiet()
    {
        var scene = new Painter(6);
        scene.Run(10, 5, (p, _) => p.Noise(3));
        int changes = 0;
        double moving = scene.Run(20, 5, (p, _) =>
        {
            p.Invert();
            p.Noise(4);
        }, (gate, _) => changes += gate.SceneChanged ? 1 : 0);
        changes.ShouldBe(1);
        moving.ShouldBeLessThan(0.02);
    }

    [Fact]
    public void A_tree_in_the_wind_is_learned_where_it_stands_and_a_walker_beside_it_is_found()
    {
        var scene = new Painter(7);
        scene.Run(40, 5, Tree);
        scene.Run(30, 5, Tree).ShouldBeLessThan(0.15);
        int hits = 0;
        scene.Run(8, 5, (p, t) =>
        {
            Tree(p, t);
            p.Rectangle(10 + (t * 6), 60, 3, 8, 210);
        }, (gate, t) => hits += gate.Regions.Any(r => Contains(r, (11.5 + (t * 6)) / MotionGate.Columns, 64.0 / Rows)) ? 1 : 0);
        hits.ShouldBeGreaterThan(30, "of 40 pictures");

        static void Tree(Painter p, double t)
        {
            p.Noise(3);
            for (int y = 5; y < 40; y++)
            {
                for (int x = 90; x < 140; x++)
                {
                    int swayed = (int)Math.Round(x + (2.5 * Math.Sin((t * 5) + (y * 0.3))));
                    p.Set(x, y, (((swayed * 7) ^ (y * 13)) & 15) < 7 ? 40 : 130);
                }
            }
        }
    }

    [Fact]
    public void What_is_put_down_and_stays_becomes_background()
    {
        var scene = new Painter(8);
        scene.Run(10, 5, (p, _) => p.Noise(3));
        scene.Run(3, 5, Bag).ShouldBeGreaterThan(0.3);
        scene.Run(120, 5, Bag);
        scene.Run(20, 5, Bag).ShouldBeLessThan(0.05);

        static void Bag(Painter p, double t)
        {
            p.Rectangle(70, 50, 6, 6, 230);
            p.Noise(3);
        }
    }

    [Fact]
    public void Heat_lies_in_the_field_that_moved()
    {
        var scene = new Painter(9);
        scene.Run(10, 5, (p, _) => p.Noise(3));
        var fields = new HashSet<(int, int)>();
        scene.Run(3, 5, (p, t) =>
        {
            p.Rectangle(42 + (t * 2), 61, 4, 8, 220);
            p.Noise(3);
        }, (gate, _) =>
        {
            for (int i = 0; i < gate.Heat.Length; i++)
            {
                if (gate.Heat[i] > 0)
                    fields.Add((i % MotionGate.HeatColumns, i / MotionGate.HeatColumns));
            }
        });
        fields.ShouldNotBeEmpty();
        fields.ShouldAllBe(f => f.Item1 >= 8 && f.Item1 <= 10 && f.Item2 >= 12 && f.Item2 <= 13);
    }

    /// <summary>A hostile or broken clock mustn't confuse it for good.</summary>
    [Fact]
    public void Steps_of_time_back_and_forth_begin_anew()
    {
        var gate = new MotionGate();
        var painter = new Painter(10);
        foreach (long ticks in new long[] { 0, 90_000, -5, long.MaxValue / 4, 0, 0, 18_000 })
            gate.Update(painter.Clean(), Rows, new(ticks));
        gate.Regions.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_real_swaying_tree_is_gated_down()
    {
        var pictures = await FootageAsync("video/tree.avi");
        // Ten seconds are for learning; at 23 s a hand comes into the picture.
        // It fills the picture, and gusts come that are stronger than all before.
        var (share, area) = Moving(pictures, from: 50, to: 115);
        share.ShouldBeLessThan(0.45);
        area.ShouldBeLessThan(0.01);
        Moving(pictures, from: 125, to: 145).Pictures.ShouldBeGreaterThan(0.7);
    }

    [Fact]
    public async Task Real_people_are_found()
    {
        var pictures = await FootageAsync("video/vtest.avi");
        Moving(pictures, from: 10).Pictures.ShouldBeGreaterThan(0.9);
    }

    [Fact]
    public void A_still_photograph_by_day_or_infrared_with_noise_is_no_motion()
    {
        foreach (string file in TestData.Files("negative", "*.jpg").Take(3))
        {
            var scene = new Painter(11) { Backdrop = Photograph(file) };
            scene.Run(20, 5, (p, _) => p.Noise(4)).ShouldBeLessThan(0.02, file);
        }
    }

    /// <returns>Share of the pictures with motion, and of the picture that moves, on average.</returns>
    static (double Pictures, double Area) Moving(List<byte[]> pictures, int from, int? to = null)
    {
        to ??= pictures.Count;
        var gate = new MotionGate();
        int moving = 0;
        double area = 0;
        for (int i = 0; i < pictures.Count; i++)
        {
            if (gate.Update(pictures[i], pictures[i].Length / MotionGate.Columns, MediaTime.FromSeconds(i / 5.0)) && i >= from && i < to)
            {
                moving++;
                area += gate.Regions.Sum(r => r.Area);
            }
        }

        return (moving / (double)(to.Value - from), area / (to.Value - from));
    }

    static async Task<List<byte[]>> FootageAsync(string name)
    {
        string path = TestData.Path(name);
        using var folder = new TempFolder("motion");
        string raw = folder.File("gray");
        const int Height = 480, Width = 640;
        await Ffmpeg.RunAsync(["-i", path, "-vf", $"fps=5,scale={Width}:{Height}", "-pix_fmt", "gray", "-f", "rawvideo", raw]);
        return Shrunk(await File.ReadAllBytesAsync(raw, TestContext.Current.CancellationToken), Width, Height);
    }

    static byte[] Photograph(string file)
    {
        using var folder = new TempFolder("motion");
        string raw = folder.File("gray");
        Ffmpeg.RunAsync(["-i", file, "-vf", "scale=640:360", "-pix_fmt", "gray", "-f", "rawvideo", raw]).GetAwaiter().GetResult();
        return Shrunk(File.ReadAllBytes(raw), 640, 360)[0];
    }

    static List<byte[]> Shrunk(byte[] all, int width, int height)
    {
        var shrinker = new LumaShrinker();
        int rows = MotionGate.RowsFor(width, height);
        var pictures = new List<byte[]>();
        for (int at = 0; at + (width * height) <= all.Length; at += width * height)
        {
            byte[] cells = new byte[MotionGate.Columns * rows];
            shrinker.Shrink(new() { Width = width, Height = height, Luma = all.AsSpan(at, width * height), LumaStride = width }, cells, MotionGate.Columns, rows);
            pictures.Add(cells);
        }

        return pictures;
    }

    static bool Contains(Box box, double x, double y) => x >= box.X && x <= box.Right && y >= box.Y && y <= box.Bottom;

    /// <summary>Draws small pictures of a scene with texture, and shows them to a gate.</summary>
    sealed class Painter
    {
        readonly byte[] _picture = new byte[MotionGate.Columns * Rows];
        readonly MotionGate _gate = new();
        double _time;

        public Painter(int seed)
        {
            Random = new(seed);
            // Ground of coarse and fine texture, from dark to light.
            for (int y = 0; y < Rows; y++)
            {
                for (int x = 0; x < MotionGate.Columns; x++)
                    Backdrop[(y * MotionGate.Columns) + x] = (byte)(60 + (x / 4) + (20 * Math.Sin(x * 0.35) * Math.Sin(y * 0.4)) + Random.Next(12));
            }
        }

        public Random Random { get; }
        public byte[] Backdrop { get; init; } = new byte[MotionGate.Columns * Rows];

        /// <returns>Share of the pictures in which something moved.</returns>
        public double Run(double seconds, double rate, Action<Painter, double> paint, Action<MotionGate, double>? look = null)
        {
            int moving = 0, count = (int)(seconds * rate);
            for (int i = 0; i < count; i++)
            {
                Backdrop.CopyTo(_picture, 0);
                paint(this, i / rate);
                moving += _gate.Update(_picture, Rows, MediaTime.FromSeconds(_time)) ? 1 : 0;
                look?.Invoke(_gate, i / rate);
                _time += 1 / rate;
            }

            return moving / (double)count;
        }

        public byte[] Clean() => Backdrop;

        public void Noise(int strength)
        {
            foreach (ref byte cell in _picture.AsSpan())
                cell = Clamp(cell + Random.Next(-strength, strength + 1));
        }

        public void Set(int x, int y, int value) => _picture[(y * MotionGate.Columns) + x] = Clamp(value);

        public void Rectangle(double left, double top, int width, int height, int value)
        {
            for (int y = (int)top; y < Math.Min(Rows, top + height); y++)
            {
                for (int x = (int)left; x < Math.Min(MotionGate.Columns, left + width); x++)
                    Set(x, y, value);
            }
        }

        public void Light(double x, double y, double reach, double gain)
        {
            for (int row = 0; row < Rows; row++)
            {
                for (int column = 0; column < MotionGate.Columns; column++)
                {
                    double distance = Math.Sqrt(((column - x) * (column - x)) + ((row - y) * (row - y))) / reach;
                    int i = (row * MotionGate.Columns) + column;
                    _picture[i] = Clamp((int)(_picture[i] * (1 + ((gain - 1) * Math.Exp(-distance * distance)))));
                }
            }
        }

        public void Scale(double by)
        {
            foreach (ref byte cell in _picture.AsSpan())
                cell = Clamp((int)(cell * by));
        }

        public void Invert()
        {
            for (int i = 0; i < _picture.Length; i++)
                _picture[i] = Clamp(220 - (_picture[i] / 2) - (i % 7 * 6));
        }

        static byte Clamp(int value) => (byte)Math.Clamp(value, 0, 255);
    }
}
