using Atalaya.Analysis.Codec;
using Atalaya.Analysis.Painting;

namespace Atalaya.Analysis.Tests.Painting;

public sealed class WatermarkTests
{
    const int Width = 640, Height = 360;

    static PlanarPicture Grey(byte luma = 90)
    {
        var picture = new PlanarPicture(Width, Height, fullRange: false);
        picture.Luma.Fill(luma);
        picture.Cb.Fill(128);
        picture.Cr.Fill(128);
        return picture;
    }

    static byte[] Painted(string mark, byte luma = 90, params Area[] areas)
    {
        var picture = Grey(luma);
        new AreaPainter(new(areas) { Mark = mark }, Width, Height).Paint(picture, default);
        return picture.Luma.ToArray();
    }

    [Theory]
    [InlineData(16)]
    [InlineData(128)]
    [InlineData(235)]
    public void It_is_in_every_part_of_the_picture_on_any_ground(byte luma)
    {
        byte[] marked = Painted("SUR 0196A0B4", luma);
        int stride = Grey().LumaStride;
        for (int part = 0; part < 8; part++)
        {
            int top = part / 2 * (Height / 4), left = part % 2 * (Width / 2), seen = 0;
            for (int y = top; y < top + (Height / 4); y++)
            {
                for (int x = left; x < left + (Width / 2); x++)
                    seen += Math.Abs(marked[(y * stride) + x] - luma) > 40 ? 1 : 0;
            }

            seen.ShouldBeGreaterThan(200, $"part {part}");
        }
    }

    [Fact]
    public void Each_letter_is_told_from_every_other()
    {
        const string letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.:/";
        letters.Select(l => Convert.ToBase64String(Painted(l.ToString()))).Distinct(StringComparer.Ordinal).Count().ShouldBe(letters.Length);
    }

    [Fact]
    public void What_is_filled_stays_hidden_under_it()
    {
        var area = Area.Always(AreaKind.Fill, Area.Corners(0, 0, 1, 1));
        Painted("SUR", 30, area).ShouldBe(Painted("SUR", 200, area));
    }

    [Theory]
    [InlineData("Policía Marítima", "0196a0b4", "POLICIA MARITIMA 0196A0B4")]
    [InlineData("شرطة الجنوب", "0196a0b4", "0196A0B4")]
    [InlineData("A\t<b> & c", "1", "A B C 1")]
    public void A_name_is_shown_as_far_as_it_can_be_and_the_number_always(string name, string number, string shown) => WatermarkText.Of(name, number).ShouldBe(shown);

    [Fact]
    public void Whatever_the_name_the_text_can_be_written()
    {
        var random = new Random(3);
        for (int i = 0; i < 2000; i++)
        {
            string name = string.Concat(Enumerable.Range(0, random.Next(0, 200)).Select(_ => (char)random.Next(1, 0x2FF)));
            var plan = new AreaPlan([]) { Mark = WatermarkText.Of(name, "0196a0b4") };
            AreaPlanText.Fault(plan).ShouldBeNull();
            AreaPlanText.TryRead(AreaPlanText.Write(plan), out var read, out _).ShouldBeTrue();
            read!.Mark.ShouldBe(plan.Mark);
        }
    }

    [Fact]
    public void What_can_not_be_written_is_refused_not_left_out() => AreaPlanText.Fault(new([]) { Mark = "señal" }).ShouldNotBeNull();
}
