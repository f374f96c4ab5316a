using Atalaya.Analysis.Tracks;

namespace Atalaya.Analysis.Tests.Tracks;

/// <summary>A shaking pole must not look like a crowd that runs.</summary>
public sealed class CameraMotionTests
{
    const int Width = 160, Height = 90;

    [Theory]
    [InlineData(0, 0, 1, 0)]
    [InlineData(3, -2, 1, 0)]
    [InlineData(12.5, 4.25, 1, 0)]
    [InlineData(-16, 7, 1, 0)]
    [InlineData(1, 1, 1.03, 0)]
    [InlineData(-2, 0, 0.97, 0.02)]
    [InlineData(0, 0, 1, -0.03)]
    public void A_known_motion_is_found(double x, double y, double scale, double rotation)
    {
        var motion = CameraMotion.Estimate(Scene(0, 0, 1, 0), Scene(x, y, scale, rotation), Width, Height, Width).ShouldNotBeNull();
        (motion.ShiftX * Width).ShouldBe(x, 0.5);
        (motion.ShiftY * Height).ShouldBe(y, 0.5);
        motion.Scale.ShouldBe(scale, 0.006);
        motion.Rotation.ShouldBe(rotation, 0.006);
        motion.Confidence.ShouldBeGreaterThan(0.7);
    }

    [Theory]
    [InlineData(3.5, -2, 1, 0)]
    [InlineData(-2, 1, 1.03, 0.02)]
    public void What_is_laid_back_is_the_picture_before_and_a_motion_and_its_inverse_are_none(double x, double y, double scale, double rotation)
    {
        byte[] before = Scene(0, 0, 1, 0), now = Scene(x, y, scale, rotation), laid = new byte[before.Length];
        var motion = new CameraMotion(x / Width, y / Height, scale, rotation, 1);
        motion.Align(now, before, laid, Width, Height);
        before.Zip(laid, (a, b) => Math.Abs(a - b)).Average().ShouldBeLessThan(3);
        before.Zip(now, (a, b) => Math.Abs(a - b)).Average().ShouldBeGreaterThan(8);
        var none = motion.Then(motion.Inverse());
        (none.ShiftX * Width).ShouldBe(0, 0.05);
        (none.ShiftY * Height).ShouldBe(0, 0.05);
        (none.Scale, none.Rotation).ShouldBe((1, 0));
    }

    [Fact]
    public void What_moves_by_itself_in_a_third_of_the_picture_is_not_the_camera()
    {
        byte[] before = Scene(0, 0, 1, 0), now = Scene(0, 0, 1, 0), shifted = Scene(9, 0, 1, 0);
        for (int y = 20; y < 75; y++)
            shifted.AsSpan((y * Width) + 30, 60).CopyTo(now.AsSpan((y * Width) + 30));
        var motion = CameraMotion.Estimate(before, now, Width, Height, Width).ShouldNotBeNull();
        motion.ShiftX.ShouldBe(0, 0.003);
        motion.Scale.ShouldBe(1, 0.003);
    }

    [Fact]
    public void A_picture_without_structure_says_nothing()
    {
        CameraMotion.Estimate(new byte[Width * Height], new byte[Width * Height], Width, Height, Width).ShouldBeNull();
        CameraMotion.Estimate(new byte[100], new byte[100], 10, 10, 10).ShouldBeNull();
    }

    [Fact]
    public void A_cut_to_another_scene_is_no_motion()
    {
        CameraMotion.Estimate(Scene(0, 0, 1, 0), Scene(3000, 900, 1, 0), Width, Height, Width).ShouldBeNull();
    }

    [Fact]
    public void Sway_is_borne_and_a_pan_is_not()
    {
        new CameraMotion(0.01, 0.005, 1, 0, 1).IsMoving(0.2).ShouldBeFalse();
        new CameraMotion(0.03, 0, 1, 0, 1).IsMoving(0.2).ShouldBeTrue();
        new CameraMotion(0, 0, 1.05, 0, 1).IsMoving(0.2).ShouldBeTrue();
    }

    // Smooth noise on an endless plane, looked at through a moved window.
    static byte[] Scene(double shiftX, double shiftY, double scale, double rotation)
    {
        byte[] luma = new byte[Width * Height];
        double cos = Math.Cos(-rotation) / scale, sin = Math.Sin(-rotation) / scale;
        for (int y = 0; y < Height; y++)
        {
            for (int x = 0; x < Width; x++)
            {
                double dx = x - (Width / 2.0) - shiftX, dy = y - (Height / 2.0) - shiftY;
                luma[(y * Width) + x] = (byte)(40 + (175 * Plane((cos * dx) - (sin * dy), (sin * dx) + (cos * dy))));
            }
        }

        return luma;
    }

    static double Plane(double x, double y) => ((Noise(x / 5, y / 5) * 2) + Noise(x / 13, y / 13)) / 3;

    static double Noise(double x, double y)
    {
        double left = Math.Floor(x), top = Math.Floor(y), fx = x - left, fy = y - top;
        fx = fx * fx * (3 - (2 * fx));
        fy = fy * fy * (3 - (2 * fy));
        double upper = (Lattice(left, top) * (1 - fx)) + (Lattice(left + 1, top) * fx);
        double lower = (Lattice(left, top + 1) * (1 - fx)) + (Lattice(left + 1, top + 1) * fx);
        return (upper * (1 - fy)) + (lower * fy);
    }

    static double Lattice(double x, double y)
    {
        uint hash = unchecked(((uint)(int)x * 374761393u) + ((uint)(int)y * 668265263u));
        hash = unchecked((hash ^ (hash >> 13)) * 1274126177u);
        return ((hash ^ (hash >> 16)) & 0xFFFF) / 65535.0;
    }
}
