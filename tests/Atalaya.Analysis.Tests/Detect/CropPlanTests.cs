using Atalaya.Analysis.Detect;
using Atalaya.Incidents;

namespace Atalaya.Analysis.Tests.Detect;

/// <summary>Crops show every region, lie in the picture and are few.</summary>
public sealed class CropPlanTests
{
    [Fact]
    public void Whatever_the_regions_each_lies_in_a_crop_and_crops_lie_in_the_picture()
    {
        var random = new Random(7);
        var crops = new List<PixelArea>();
        for (int round = 0; round < 2000; round++)
        {
            int width = random.Next(2, 4000), height = random.Next(2, 3000), most = random.Next(1, 8);
            var plan = new CropPlan(Models.File("yolox", side: 416), most, 1 + (3 * random.NextSingle()));
            Box[] regions = [.. Enumerable.Range(0, random.Next(1, 40)).Select(_ => new Box(random.NextSingle(), random.NextSingle(), random.NextSingle() * random.NextSingle(), random.NextSingle() * random.NextSingle()))];

            plan.Make(width, height, regions, crops);

            crops.Count.ShouldBeInRange(1, most);
            foreach (var crop in crops)
            {
                (crop.Left >= 0 && crop.Top >= 0 && crop.Right <= width && crop.Bottom <= height && crop.Width > 0 && crop.Height > 0).ShouldBeTrue($"{crop} of {width} × {height}");
                (crop.Left % 2, crop.Top % 2).ShouldBe((0, 0), "chroma has half the samples");
            }

            foreach (var region in regions)
            {
                float right = Math.Min(1, region.Right) * width, bottom = Math.Min(1, region.Bottom) * height;
                // A region of less than two pixels isn't one.
                if (right - (region.X * width) >= 2 && bottom - (region.Y * height) >= 2)
                    crops.ShouldContain(c => c.Left <= region.X * width && c.Right >= right - 1 && c.Top <= region.Y * height && c.Bottom >= bottom - 1, $"{region} of {width} × {height} in {string.Join(", ", crops)}");
            }
        }
    }

    [Fact]
    public void Without_regions_and_with_none_that_is_one_the_whole_picture_is_looked_at()
    {
        ShouldBeWhole([]);
        ShouldBeWhole([new(0.5f, 0.5f, 0, 0.1f), new(float.NaN, 0, 1, 1), new(0, 0, float.PositiveInfinity, 1), new(2, 2, 0.1f, 0.1f)]);
        ShouldBeWhole([.. Enumerable.Repeat(new Box(0.1f, 0.1f, 0.01f, 0.01f), 1000)]);

        static void ShouldBeWhole(Box[] regions)
        {
            var crops = new List<PixelArea>();
            new CropPlan(Models.File("yolox", side: 416), 4, 2).Make(1920, 1080, regions, crops);
            crops.ShouldHaveSingleItem().ShouldBe(new(0, 0, 1920, 1080));
        }
    }

    [Fact]
    public void Far_people_side_by_side_share_a_crop_and_a_near_one_elsewhere_gets_its_own()
    {
        var crops = new List<PixelArea>();
        var plan = new CropPlan(Models.File("yolox", side: 416), 4, 2);
        plan.Make(1920, 1080, [Pixels(100, 100, 10, 20), Pixels(140, 110, 10, 20), Pixels(1500, 400, 150, 400)], crops);

        crops.Count.ShouldBe(2);
        crops.ShouldContain(c => c.Width == 208 && c.Height == 208, "enlarged twice");
        crops.ShouldContain(c => c.Width > 416, "made smaller");
    }

    [Fact]
    public void A_region_as_large_as_the_picture_is_the_picture()
    {
        var crops = new List<PixelArea>();
        new CropPlan(Models.File("yolox", side: 416), 4, 2).Make(704, 576, [new(0, 0, 1, 1), new(0.4f, 0.4f, 0.3f, 0.5f)], crops);
        crops.ShouldHaveSingleItem().ShouldBe(new(0, 0, 704, 576));
    }

    static Box Pixels(float left, float top, float width, float height) => new(left / 1920, top / 1080, width / 1920, height / 1080);
}
