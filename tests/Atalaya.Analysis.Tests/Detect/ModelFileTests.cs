using Atalaya.Analysis.Detect;
using Atalaya.Incidents;
using Atalaya.Testing;

namespace Atalaya.Analysis.Tests.Detect;

/// <summary>A model file is read whole or refused with everything that is wrong, said so that its author can put it right.</summary>
public sealed class ModelFileTests
{
    [Fact]
    public void The_model_files_that_are_shipped_can_be_read()
    {
        string[] files = Directory.GetFiles(RepositoryRoot.File("models"), "*.yaml");
        files.Length.ShouldBeGreaterThan(2);
        foreach (string file in files)
        {
            var faults = new List<string>();
            string text = File.ReadAllText(file);
            bool faces = ModelFile.FaceDecodings.Keys.Any(d => text.Contains($"decoding: {d}", StringComparison.Ordinal));
            ModelFile.TryParse(text, file, faults, faces ? ModelUse.Faces : ModelUse.Scene).ShouldNotBeNull(string.Join('\n', faults)).Licence.ShouldNotBeEmpty();
        }
    }

    [Fact]
    public void Everything_in_a_file_arrives()
    {
        var model = Models.Parse("""
            name: Own model
            licence: MIT
            source: a place
            model: weights/own.onnx
            input: {width: 640, height: 384, layout: nhwc, colour: bgr, mean: [1, 2, 3], std: 255, pad: 114, fit: stretch}
            output: {decoding: picodet, strides: [8, 16, 32]}
            thresholds: {score: 0.4, overlap: 0.6}
            names: [pedestrian, van, scooter]
            classes: {pedestrian: person, scooter: two-wheeler}
            """);

        (model.Name, model.Licence, model.Model).ShouldBe(("Own model", "MIT", "/models/weights/own.onnx"));
        (model.Width, model.Height, model.Layout, model.Colour, model.Fit).ShouldBe((640, 384, TensorLayout.Nhwc, ColourOrder.Bgr, PictureFit.Stretch));
        model.Mean.ShouldBe([1, 2, 3]);
        model.Deviation.ShouldBe([255, 255, 255]);
        (model.Pad, model.Score, model.Overlap, model.Decoding).ShouldBe((114, 0.4f, 0.6f, OutputDecoding.PicoDet));
        model.Strides.ShouldBe([8, 16, 32]);
        model.Names.ShouldBe(["pedestrian", "van", "scooter"]);
        model.Classes.ShouldBe([ObjectClass.Person, null, ObjectClass.TwoWheeler]);
    }

    [Fact]
    public void Classes_of_coco_need_no_map()
    {
        var model = Models.File("yolox", "coco80");
        model.Names.Count.ShouldBe(80);
        string.Join(",", model.Names.Zip(model.Classes).Where(c => c.Second is ObjectClass.Vehicle).Select(c => c.First)).ShouldBe("car,bus,train,truck");
        Models.File("ssd", "coco91").Names[1].ShouldBe("person");
        Models.File("ssd", "coco91").Names[90].ShouldBe("toothbrush");
    }

    [Fact]
    public void All_faults_come_at_once_each_with_line_and_entry()
    {
        var faults = new List<string>();
        ModelFile.TryParse("""
            name: Test
            modell: test.onnx
            input:
              width: 401
              height: 99999
              layout: hwc
              colour: rgb
              mean: [1, 2]
            output: {decoding: yolo99}
            thresholds: {score: 7}
            names: [person]
            classes: {persn: person, person: human}
            """, "m.yaml", faults).ShouldBeNull();

        string all = string.Join('\n', faults);
        all.ShouldContain("m.yaml:2: modell: there is no such entry");
        all.ShouldContain("m.yaml:1: licence: must be a text");
        all.ShouldContain("m.yaml:1: model: must be a text");
        all.ShouldContain("m.yaml:4: input.width: must be even");
        all.ShouldContain("m.yaml:5: input.height: must be a number from 32 to 2048, not '99999'");
        all.ShouldContain("m.yaml:6: input.layout: must be one of nchw, nhwc, not 'hwc'");
        all.ShouldContain("m.yaml:8: input.mean: must be one number, or three in brackets");
        all.ShouldContain("m.yaml:9: output.decoding: must be one of yolox, nanodet");
        all.ShouldContain("m.yaml:10: thresholds.score: must be a number from 0.01 to 0.99, not '7'");
        all.ShouldContain("m.yaml:12: classes.persn: 'names' has no such class");
        all.ShouldContain("m.yaml:12: classes.person: must be one of person, vehicle");
    }

    [Theory]
    [InlineData("face")]
    [InlineData("human_face")]
    [InlineData("FaceWithMask")]
    [InlineData("identity-7")]
    [InlineData("known identities")]
    [InlineData("rostro")]
    [InlineData("visage humain")]
    public void A_model_that_knows_faces_or_identities_is_refused(string name)
    {
        var faults = new List<string>();
        ModelFile.TryParse(Models.Text("yolox", $"[person, '{name}']"), "m.yaml", faults).ShouldBeNull();
        faults.ShouldHaveSingleItem().ShouldContain("never who somebody is");
    }

    [Fact]
    public void It_is_refused_also_when_that_class_is_mapped_to_a_harmless_one()
    {
        var faults = new List<string>();
        ModelFile.TryParse(Models.Text("yolox", "[person, face]", more: "classes: {face: other, person: person}"), "m.yaml", faults).ShouldBeNull();
    }

    [Theory]
    [InlineData("surface")]
    [InlineData("teddy bear")]
    [InlineData("interface cabinet")]
    public void Words_that_only_contain_such_a_word_are_not_meant(string name) =>
        Models.File("yolox", $"[person, {name}]").Names[1].ShouldBe(name);

    [Theory]
    [InlineData("")]
    [InlineData("- a\n- b")]
    [InlineData("a: &x 1\nb: *x")]
    [InlineData("a: !!binary aGk=")]
    [InlineData("{[[[[[[[[[[[[[[[[[[[[[[")]
    [InlineData("name: a\nname: b")]
    [InlineData("a: 1\n---\nb: 2")]
    [InlineData("\u0000")]
    public void What_is_no_plain_mapping_is_refused_in_words(string text)
    {
        var faults = new List<string>();
        ModelFile.TryParse(text, "m.yaml", faults).ShouldBeNull();
        faults.ShouldHaveSingleItem().ShouldStartWith("m.yaml: ");
    }

    [Fact]
    public void A_missing_file_is_told_with_its_path()
    {
        using var folder = new TempFolder();
        Should.Throw<DetectorException>(() => ModelFile.Read(folder.File("none.yaml"))).Message.ShouldContain("none.yaml");
        File.WriteAllText(folder.File("model.yaml"), Models.Text("yolox"));
        Should.Throw<DetectorException>(() => ModelFile.Read(folder.File("model.yaml"))).Message.ShouldContain(folder.File("test.onnx"));
    }
}
