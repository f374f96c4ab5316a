using System.Text;
using Atalaya.Cameras.Onvif;
using Atalaya.Fuzz;

namespace Atalaya.Cameras.Tests.Onvif;

/// <summary>What a stranger sends is read within bounds, and never throws.</summary>
public sealed class OnvifXmlTests
{
    [Theory]
    [InlineData("<!DOCTYPE x [<!ENTITY a \"aaaa\">]><x>&a;</x>", "document type")]
    [InlineData("<!DOCTYPE x SYSTEM \"http://127.0.0.1:1/x.dtd\"><x/>", "document type")]
    [InlineData("<x>&unknown;</x>", "well-formed")]
    [InlineData("<x><y></x>", "line 1")]
    [InlineData("", "empty")]
    [InlineData("   ", "empty")]
    [InlineData("<?xml version=\"1.0\" encoding=\"nonsense\"?><x/>", "")]
    public void Bad_xml_is_refused_in_words(string text, string words)
    {
        Xml.TryLoad(Encoding.UTF8.GetBytes(text), out string fault).ShouldBeNull();
        fault.ShouldNotBeEmpty();
        fault.ShouldContain(words);
    }

    [Fact]
    public void Depth_and_number_have_a_limit()
    {
        string Nested(int depth) => string.Concat(Enumerable.Repeat("<a>", depth)) + string.Concat(Enumerable.Repeat("</a>", depth));
        Xml.TryLoad(Encoding.UTF8.GetBytes(Nested(Xml.MaxDepth)), out _).ShouldNotBeNull();
        Xml.TryLoad(Encoding.UTF8.GetBytes(Nested(Xml.MaxDepth + 1)), out string deep).ShouldBeNull();
        deep.ShouldContain("deeper");
        Xml.TryLoad(Encoding.UTF8.GetBytes($"<r>{string.Concat(Enumerable.Repeat("<a/>", Xml.MaxNodes))}</r>"), out string many).ShouldBeNull();
        many.ShouldContain("more than");
    }

    [Theory]
    [InlineData("<Year>2026</Year><Month>2</Month><Day>29</Day>")]
    [InlineData("<Year>0</Year><Month>1</Month><Day>1</Day>")]
    [InlineData("<Year>99999</Year><Month>1</Month><Day>1</Day>")]
    [InlineData("<Year>2026</Year><Month>13</Month><Day>1</Day>")]
    [InlineData("<Year>2026</Year><Month>1</Month>")]
    public void A_date_that_does_not_exist_is_no_date(string date)
    {
        var reply = Xml.TryLoad(
            Encoding.UTF8.GetBytes($"<r><SystemDateAndTime><UTCDateTime><Time><Hour>1</Hour><Minute>1</Minute><Second>1</Second></Time><Date>{date}</Date></UTCDateTime></SystemDateAndTime></r>"), out _);
        Replies.Time(reply!).ShouldBeNull();
    }

    [Theory]
    [InlineData("RuleEngine/FaceDetector/Found", true)]
    [InlineData("RuleEngine/Recognition/Face", true)]
    [InlineData("VideoAnalytics/facedetection", true)]
    [InlineData("RuleEngine/MyRuleDetector/FACE_MATCH", true)]
    [InlineData("Biometrics/Iris", true)]
    [InlineData("PersonIdentification", true)]
    [InlineData("PersonIdentifier", true)]
    [InlineData("PersonAge", true)]
    [InlineData("age", true)]
    [InlineData("Age_Range", true)]
    [InlineData("WatchList/Hit", true)]
    [InlineData("Device/NetworkInterface/LinkDown", false)]
    [InlineData("RuleIdentifier", false)]
    [InlineData("StorageFull", false)]
    [InlineData("AverageSpeed", false)]
    [InlineData("RuleEngine/CellMotionDetector/Motion", false)]
    [InlineData("RuleEngine/LineDetector/Crossed", false)]
    [InlineData("VideoSource/ImageTooDark/ImagingService", false)]
    [InlineData("RuleEngine/CountAggregation/Counter", false)]
    [InlineData("HumanCount", false)]
    [InlineData("Device/Trigger/DigitalInput", false)]
    [InlineData("VideoSource/MotionAlarm", false)]
    [InlineData("SourceMotion", false)]
    [InlineData("EmotionRecognition", true)]
    [InlineData("personemotion", true)]
    [InlineData("PersonEmotion", true)]
    public void What_is_about_who_somebody_is_is_known_by_its_name(string name, bool identity) => IdentityFilter.IsIdentity(name).ShouldBe(identity);

    [Fact]
    public void Mutated_answers_never_throw_and_nothing_of_a_person_comes_through() =>
        Mutator.Run(FuzzTargets.All.Single(t => t.Name == "OnvifXml"), 5_000, seed: 1).ShouldBeNull();
}
