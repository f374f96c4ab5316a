using Atalaya.Analysis.Rules;
using Atalaya.Incidents;

namespace Atalaya.Analysis.Tests.Rules;

public sealed class GroundPlaneTests
{
    const double Aspect = 16 / 9.0;

    // On a mast of 6 m, looking down by 20°.
    static readonly CameraPose Pose = new() { Height = 6, Tilt = 20, FieldOfView = 70 };

    [Fact]
    public void The_middle_of_the_picture_is_where_the_lens_points()
    {
        var ground = Plane(new() { Camera = Pose }).ToGround(0.5, 0.5).ShouldNotBeNull();
        ground.X.ShouldBe(0, 1e-9);
        ground.Y.ShouldBe(6 / Math.Tan(double.DegreesToRadians(20)), 1e-6);
    }

    [Fact]
    public void What_goes_to_the_ground_comes_back()
    {
        var plane = Plane(new() { Camera = Pose });
        foreach (var (x, y) in (ReadOnlySpan<(double, double)>)[(0.1, 0.9), (0.5, 0.5), (0.9, 0.3)])
        {
            var back = plane.ToPicture(plane.ToGround(x, y).ShouldNotBeNull()).ShouldNotBeNull();
            back.X.ShouldBe(x, 1e-6);
            back.Y.ShouldBe(y, 1e-6);
        }
    }

    [Fact]
    public void The_sky_is_nowhere()
    {
        Plane(new() { Camera = Pose }).ToGround(0.5, 0.0).ShouldBeNull();
        Plane(new() { Camera = Pose }).ToGround(double.NaN, 0.5).ShouldBeNull();
    }

    [Fact]
    public void Four_marks_give_the_same_ground_as_the_pose_they_were_measured_with()
    {
        var pose = Plane(new() { Camera = Pose });
        var marks = Plane(new() { Marks = Marks(pose) });
        var expected = pose.ToGround(0.6, 0.7).ShouldNotBeNull();
        var found = marks.ToGround(0.6, 0.7).ShouldNotBeNull();
        found.X.ShouldBe(expected.X, 1e-6);
        found.Y.ShouldBe(expected.Y, 1e-6);
        marks.ToGround(0.5, 0.0).ShouldBeNull();
    }

    [Fact]
    public void A_man_is_as_tall_near_as_far()
    {
        var pose = Plane(new() { Camera = Pose });
        var marks = Plane(new() { Marks = Marks(pose) });
        foreach (double distance in (double[])[8, 15, 40])
        {
            var box = Man(distance, 1.8);
            pose.HeightOf(box).ShouldNotBeNull().ShouldBe(1.8, 0.01);
            marks.HeightOf(box).ShouldNotBeNull().ShouldBe(1.8, 0.25);
        }
    }

    [Fact]
    public void Speed_is_over_ground()
    {
        var plane = Plane(new() { Camera = Pose });
        // 1.5 m/s to the right, 20 m off.
        var from = plane.ToPicture(new(0, 20)).ShouldNotBeNull();
        var to = plane.ToPicture(new(1.5, 20)).ShouldNotBeNull();
        var scene = new Scene();
        var track = scene.Track(1, from.X, from.Y) with { VelocityX = (float)(to.X - from.X), VelocityY = (float)(to.Y - from.Y) };
        plane.SpeedOf(track).ShouldNotBeNull().ShouldBe(1.5, 0.02);
    }

    [Fact]
    public void Metres_filter_what_fractions_cannot()
    {
        var plane = Plane(new() { Camera = Pose });
        var rule = new LineRule { Id = "l", Name = "l", Points = [new(0.5, 0), new(0.5, 1)], MinMetres = 1.2, MaxMetres = 2.5 };
        Crossings(1.8, 10).ShouldBe(1);
        Crossings(1.8, 50).ShouldBe(1);
        Crossings(0.4, 10).ShouldBe(0);
        Crossings(0.4, 50).ShouldBe(0);

        int Crossings(double metres, double distance)
        {
            var scene = new Scene { Set = new([rule], plane, TimeZoneInfo.Utc, Aspect) };
            for (double x = -2; x < 2; x += 0.1)
            {
                var man = Man(distance, metres, x);
                scene.Picture([scene.Track(1, man.Foot.X, man.Foot.Y, height: man.Height) with { Box = man }]);
            }

            return scene.Events.Count;
        }
    }

    [Fact]
    public void North_is_up_on_the_map_and_bearing_turns_it()
    {
        var north = Plane(new() { Camera = Pose, Map = new() { Latitude = 36, Longitude = -5 } });
        var (latitude, longitude) = north.ToMap(new(0, 1000)).ShouldNotBeNull();
        latitude.ShouldBe(36 + (1 / 111.195), 1e-4);
        longitude.ShouldBe(-5, 1e-6);
        var east = Plane(new() { Camera = Pose, Map = new() { Latitude = 36, Longitude = -5, Bearing = 90 } });
        (latitude, longitude) = east.ToMap(new(0, 1000)).ShouldNotBeNull();
        latitude.ShouldBe(36, 1e-6);
        longitude.ShouldBeGreaterThan(-5);
    }

    [Fact]
    public void Marks_in_a_line_or_at_odds_are_refused_in_words()
    {
        Fault(Mark(0.1, 0.5, 0, 0), Mark(0.2, 0.5, 1, 0), Mark(0.3, 0.5, 2, 0), Mark(0.4, 0.5, 3, 0)).ShouldContain("in a line");
        Fault(Mark(0.1, 0.9, 0, 0), Mark(0.9, 0.9, 10, 0), Mark(0.9, 0.3, 10, 10)).ShouldContain("4 to 100");
        Fault(Mark(0.1, 0.9, 0, 0), Mark(0.9, 0.9, 10, 0), Mark(0.8, 0.3, 10, 10), Mark(0.2, 0.3, 0, 10), Mark(0.5, 0.5, 9, 2)).ShouldContain("contradict");
        GroundPlane.Of(new() { Camera = Pose with { Tilt = 0 } }, Aspect, out string fault).ShouldBeNull();
        fault.ShouldContain("tilt");

        static string Fault(params GroundMark[] marks)
        {
            GroundPlane.Of(new() { Marks = marks }, Aspect, out string fault).ShouldBeNull();
            return fault;
        }
    }

    static GroundPlane Plane(GroundCalibration calibration) => GroundPlane.Of(calibration, Aspect, out string fault).ShouldNotBeNull(fault);

    static GroundMark Mark(double x, double y, double east, double north) => new() { At = new(x, y), Metres = new(east, north) };

    static GroundMark[] Marks(GroundPlane plane) =>
        [.. new (double X, double Y)[] { (0.1, 0.9), (0.9, 0.85), (0.75, 0.4), (0.2, 0.45) }
            .Select(p => plane.ToGround(p.X, p.Y) is { } ground ? Mark(p.X, p.Y, ground.X, ground.Y) : throw new InvalidOperationException())];

    // By projecting feet and head separately, not by what is tested.
    static Box Man(double distance, double metres, double aside = 0)
    {
        double focal = Aspect / 2 / Math.Tan(double.DegreesToRadians(Pose.FieldOfView) / 2), tilt = double.DegreesToRadians(Pose.Tilt);
        (double X, double Y) Project(double height)
        {
            double down = Pose.Height - height, ahead = (distance * Math.Cos(tilt)) + (down * Math.Sin(tilt));
            return (0.5 + (aside / ahead * focal / Aspect), 0.5 + (((down * Math.Cos(tilt)) - (distance * Math.Sin(tilt))) / ahead * focal));
        }

        var (x, foot) = Project(0);
        double head = Project(metres).Y;
        return new((float)(x - 0.01), (float)head, 0.02f, (float)(foot - head));
    }
}
