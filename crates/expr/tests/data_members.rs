//! Members of JSON and XML types, one expression each: what Newtonsoft.Json and LINQ to XML answer.

#![allow(clippy::unwrap_used, reason = "a test may")]

use apimite_expr::{Engine, Form, NoHost, Settings, Want};

/// The text of the value, or the simple name of the exception.
fn answer(engine: &Engine, code: &str) -> String {
    let form = if code.contains("return ") { Form::Block } else { Form::Expression };
    let program = match engine.compile(code, form, Want::Any) {
        Ok(program) => program,
        Err(errors) => return format!("does not compile: {}", errors[0].message),
    };
    match program.eval(&NoHost) {
        Ok(value) => program.to_text(&NoHost, &value).map_or_else(|thrown| thrown.to_string(), |text| text.to_string()),
        Err(fault) => fault.thrown.kind.full_name().rsplit('.').next().unwrap().to_owned(),
    }
}

fn check(cases: &[(&str, &str)]) {
    let engine = Engine::new(Settings { lenient: true, ..Settings::default() }, &[]);
    let wrong: Vec<String> = cases
        .iter()
        .map(|(code, expected)| (code, expected, answer(&engine, code)))
        .filter(|(_, expected, found)| *expected != found)
        .map(|(code, expected, found)| format!("{code}\n   expected {expected}\n   found    {found}"))
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn tokens_convert_and_compare() {
    check(&[
        (r#"(long)JToken.Parse("5")"#, "5"),
        (r#"(decimal)JToken.Parse("\"1.50\"")"#, "1.50"),
        (r#"(double)JToken.Parse("1")"#, "1"),
        (r#"(float)JToken.Parse("1.5")"#, "1.5"),
        (r#"(char)JToken.Parse("\"x\"")"#, "x"),
        (r#"(bool?)JToken.Parse("null") == null"#, "True"),
        (r#"(string)JToken.Parse("null") == null"#, "True"),
        (r#"(string)JToken.Parse("1.0")"#, "1"),
        (r#"(DateTimeOffset)JToken.Parse("\"2024-02-29T10:00:00Z\"")"#, "02/29/2024 10:00:00 +00:00"),
        (r#"(TimeSpan)JToken.Parse("\"00:01:30\"")"#, "00:01:30"),
        (r#"(byte[])JToken.Parse("{}")"#, "ArgumentException"),
        (r#"(int)JToken.Parse("{}")"#, "ArgumentException"),
        (r#"(int)(JToken)null"#, "ArgumentNullException"),
        (r#"(int?)(JToken)null == null"#, "True"),
        (r#"JToken.Parse("5").Value<string>()"#, "5"),
        (r#"JToken.Parse("\"0f8fad5b-d9cb-469f-a165-70867728950e\"").Value<Guid>()"#, "InvalidCastException"),
        (
            r#"JToken.Parse("\"0f8fad5b-d9cb-469f-a165-70867728950e\"").ToObject<Guid>()"#,
            "0f8fad5b-d9cb-469f-a165-70867728950e",
        ),
        (r#"JToken.Parse("{\"a\":1}").Value<int>()"#, "InvalidCastException"),
        (r#"JObject.Parse("{\"a\":null}").Value<int>("a")"#, "InvalidCastException"),
        (r#"JObject.Parse("{\"a\":null}").Value<int?>("a") == null"#, "True"),
        (r#"new JValue(1).Equals(new JValue(1L))"#, "True"),
        (r#"new JValue(1) == new JValue(1)"#, "False"),
        (r#"new JValue(2).CompareTo(new JValue(10)) < 0"#, "True"),
        (r#"JToken.DeepEquals(new JValue(1), new JValue(1.0))"#, "False"),
        (r#"var o = JObject.Parse("{\"a\":{}}"); return o["a"] == o["a"];"#, "True"),
        (r#"var o = JObject.Parse("{\"a\":{}}"); return object.ReferenceEquals(o["a"].Root, o);"#, "True"),
        (r#"new JValue((object)5).Value.GetType().Name + new JValue(5).Value.GetType().Name"#, "Int32Int64"),
        (r#"new JValue(new int[0])"#, "ArgumentException"),
        (r#"new JProperty("a", 'c')"#, "ArgumentException"),
        (
            r#"new JValue(DayOfWeek.Friday).ToString() + new JArray(DayOfWeek.Friday).ToString(Formatting.None)"#,
            "Friday[5]",
        ),
    ]);
}

#[test]
fn containers_are_read_and_changed() {
    check(&[
        (
            r#"var s = ""; foreach (var kv in JObject.Parse("{\"a\":1,\"b\":2}")) s += kv.Key + kv.Value; return s;"#,
            "a1b2",
        ),
        (
            r#"var s = ""; foreach (JProperty p in (JToken)JObject.Parse("{\"a\":1,\"b\":2}")) s += p.Name; return s;"#,
            "ab",
        ),
        (r#"var a = JArray.Parse("[1,2]"); foreach (var x in a) a.Add(x); return 1;"#, "InvalidOperationException"),
        (
            r#"IDictionary<string, JToken> d = JObject.Parse("{\"a\":1}"); return d["a"] + "," + d.Count + d.ContainsKey("b");"#,
            "1,1False",
        ),
        (
            r#"IDictionary<string, JToken> d = JObject.Parse("{\"a\":1,\"b\":2}"); return string.Join(",", d.Keys);"#,
            "a,b",
        ),
        (r#"new JObject { ["a"] = 1, ["b"] = "x" }.ToString(Formatting.None)"#, r#"{"a":1,"b":"x"}"#),
        (r#"new JObject { { "a", 1 }, { "b", null } }.ToString(Formatting.None)"#, r#"{"a":1,"b":null}"#),
        (r#"new JArray { 1, "x", null }.ToString(Formatting.None)"#, r#"[1,"x",null]"#),
        (r#"new JArray(new[] { "a", "b" }).ToString(Formatting.None)"#, r#"["a","b"]"#),
        (r#"new JProperty("a", new[] { 1, 2 }).ToString(Formatting.None)"#, r#""a":[1,2]"#),
        (r#"new JProperty("a", 1, 2).ToString()"#, "\"a\": [\n  1,\n  2\n]"),
        (
            r#"var a = JArray.Parse("[1,2,3]"); a[0] = "x"; a.RemoveAt(2); return a.ToString(Formatting.None) + a.Count;"#,
            r#"["x",2]2"#,
        ),
        (
            r#"var a = JArray.Parse("[1,2]"); return a.IndexOf(a[1]) + "," + a.Contains(a[0]) + a.Remove(a[0]) + a.Count;"#,
            "1,TrueTrue1",
        ),
        (r#"var a = JArray.Parse("[1]"); a[5] = 1; return a;"#, "ArgumentOutOfRangeException"),
        (r#"JArray.Parse("[1]")["a"]"#, "ArgumentException"),
        (r#"JObject.Parse("{}")[0]"#, "ArgumentException"),
        (r#"new JObject().Remove("x")"#, "False"),
        (r#"new JObject(1)"#, "ArgumentException"),
        (r#"new JArray(new JProperty("a", 1))"#, "ArgumentException"),
        (r#"JObject.Parse("{\"a\":{\"b\":[1,{\"c\":2}]}}").SelectToken("a.b[1].c").Path"#, "a.b[1].c"),
        (r#"JObject.Parse("{\"x y\":1}")["x y"].Path"#, "['x y']"),
        (
            r#"var o = JObject.Parse("{\"a\":1,\"b\":2}"); o.Remove("a"); o.Add("c", 3); return o.First + "|" + o.Last.Path;"#,
            "\"b\": 2|c",
        ),
        (
            r#"var o = JObject.Parse("{\"a\":[1]}"); ((JArray)o["a"]).Add(2); return o.ToString(Formatting.None);"#,
            r#"{"a":[1,2]}"#,
        ),
        (r#"JToken t = JObject.Parse("{\"a\":null}")["a"]; return t.Type == JTokenType.Null ? "null" : "no";"#, "null"),
        (r#"JObject.Parse("{\"a\":1}").Property("a").Value = 5"#, "5"),
        (
            r#"var o = JObject.Parse("{\"a\":1}"); return o.TryGetValue("A", StringComparison.OrdinalIgnoreCase, out var v) ? v.ToString() : "-";"#,
            "1",
        ),
        (r#"JToken.Parse("[1,2,3]").Last.Previous"#, "2"),
        (r#"JToken.Parse("1").First"#, "InvalidOperationException"),
        (r#"JToken.Parse("1").HasValues"#, "False"),
        (r#"JObject.Parse("{\"a\":1}").ToString()"#, "{\n  \"a\": 1\n}"),
    ]);
}

#[test]
fn sequences_of_tokens_have_members() {
    check(&[
        (r#"string.Join(",", JArray.Parse("[[1,2],[3]]").Values().Select(t => t.ToString()))"#, "1,2,3"),
        (r#"string.Join(",", JArray.Parse("[{\"a\":1},{\"a\":2}]").Values<int>("a"))"#, "1,2"),
        (r#"JArray.Parse("[{\"a\":1},{\"a\":2}]").Children()["a"].Sum(t => (int)t)"#, "3"),
        (r#"string.Join(",", JObject.Parse("{\"a\":1,\"b\":2}").PropertyValues())"#, "1,2"),
        (r#"JObject.Parse("{\"a\":1,\"b\":2}").Properties().ToDictionary(p => p.Name, p => (int)p.Value)["b"]"#, "2"),
        (r#"JArray.Parse("[3,1,2]").Max(t => (int)t)"#, "3"),
        (r#"new JArray(JArray.Parse("[3,1,2]").OrderBy(t => t)).ToString(Formatting.None)"#, "[1,2,3]"),
        (r#"JArray.Parse("[\"a\",\"b\"]").ToObject<List<string>>().Count"#, "2"),
        (r#"JArray.Parse("[1,2]").ToObject<int[]>()[1]"#, "2"),
        (r#"JArray.Parse("[1,\"x\"]").ToObject<int[]>()"#, "JsonReaderException"),
        (r#"JArray.Parse("[{\"k\":1},{\"k\":2},{\"k\":1}]").GroupBy(t => (int)t["k"]).Count()"#, "2"),
        (r#"string.Join(",", from t in JArray.Parse("[1,2,3]") where (int)t > 1 select (string)t)"#, "2,3"),
        (r#"JObject.Parse("{\"a\":1}").Descendants().OfType<JValue>().Single().Path"#, "a"),
        (r#"JArray.Parse("[1,2]").Cast<JValue>().Sum(v => (long)v.Value)"#, "3"),
    ]);
}

#[test]
fn values_are_serialised_and_read() {
    check(&[
        (
            r#"JsonConvert.SerializeObject(new { a = 1, b = new[] { "x" }, c = (string)null, d = 1.0, e = 2m })"#,
            r#"{"a":1,"b":["x"],"c":null,"d":1.0,"e":2.0}"#,
        ),
        (r#"JsonConvert.SerializeObject("a\"\\\n\u0001é</")"#, r#""a\"\\\n\u0001é</""#),
        (r#"JsonConvert.SerializeObject(DayOfWeek.Friday)"#, "5"),
        (r#"JsonConvert.SerializeObject(new byte[] { 1, 2, 3 })"#, "\"AQID\""),
        (
            r#"JsonConvert.SerializeObject(new Dictionary<string, object> { { "a", 1 }, { "b", new List<int> { 1 } } }, Formatting.Indented)"#,
            "{\n  \"a\": 1,\n  \"b\": [\n    1\n  ]\n}",
        ),
        (r#"JsonConvert.SerializeObject(new Dictionary<int, bool> { { 1, true } })"#, r#"{"1":true}"#),
        (r#"JsonConvert.SerializeObject(double.NaN)"#, "\"NaN\""),
        (r#"JsonConvert.SerializeObject((1, "a"))"#, r#"{"Item1":1,"Item2":"a"}"#),
        (r#"JsonConvert.SerializeObject(new DateTime(2024, 2, 29, 1, 2, 3, 450))"#, "\"2024-02-29T01:02:03.45\""),
        (r#"JsonConvert.DeserializeObject<List<int>>("[1,2]").Sum()"#, "3"),
        (r#"JsonConvert.DeserializeObject<int[]>("[1,2]").Length"#, "2"),
        (r#"JsonConvert.DeserializeObject<string>("\"2024-02-29T10:00:00Z\"")"#, "2024-02-29T10:00:00Z"),
        (r#"JsonConvert.DeserializeObject<DateTime>("\"2024-02-29T10:00:00Z\"")"#, "02/29/2024 10:00:00"),
        (r#"JsonConvert.DeserializeObject<decimal>("1.10")"#, "1.10"),
        (r#"JsonConvert.DeserializeObject<int>("1.5")"#, "JsonReaderException"),
        (r#"JsonConvert.DeserializeObject<int>("")"#, "JsonSerializationException"),
        (r#"JsonConvert.DeserializeObject<long>("\"x\"")"#, "JsonSerializationException"),
        (r#"JsonConvert.DeserializeObject<DayOfWeek>("\"friday\"")"#, "Friday"),
        (r#"JsonConvert.DeserializeObject<JObject>("{\"a\":1}")["a"]"#, "1"),
        (r#"JsonConvert.DeserializeObject<Dictionary<string, string>>("[]")"#, "JsonSerializationException"),
        (r#"JsonConvert.DeserializeObject<List<int>>("{}")"#, "JsonSerializationException"),
        (r#"JsonConvert.DeserializeObject("{")"#, "JsonSerializationException"),
        (r#"JsonConvert.DeserializeObject("[1")"#, "JsonWriterException"),
        (r#"JsonConvert.DeserializeObject<JObject>("[]")"#, "JsonSerializationException"),
        (r#"JsonConvert.DeserializeObject<Dictionary<string, int?>>("{\"a\":null}")["a"] == null"#, "True"),
        (r#"JsonConvert.DeserializeObject<KeyValuePair<string, int>>("{\"Key\":\"a\",\"Value\":2}").Value"#, "2"),
        (r#"JObject.FromObject(new { a = new { b = 1 } })["a"]["b"].Type"#, "Integer"),
        (r#"JObject.FromObject(new[] { 1 })"#, "ArgumentException"),
        (r#"JToken.FromObject(null)"#, "ArgumentNullException"),
        (r#"JToken.FromObject(5).Type"#, "Integer"),
    ]);
}

#[test]
fn elements_are_read() {
    check(&[
        (r#"(double)XElement.Parse("<a>1.5</a>")"#, "1.5"),
        (r#"(int)XElement.Parse("<a>x</a>")"#, "FormatException"),
        (r#"(int)(XElement)null"#, "ArgumentNullException"),
        (r#"(DateTime)XElement.Parse("<a>2024-02-29T10:00:00Z</a>")"#, "02/29/2024 10:00:00"),
        (r#"(bool)XElement.Parse("<a>1</a>")"#, "True"),
        (r#"(string)XElement.Parse("<a k='v'/>").Attribute("k")"#, "v"),
        (r#"(int?)XElement.Parse("<a/>").Attribute("k") == null"#, "True"),
        (r#"XElement.Parse("<a><b/></a>").Element("b").Parent.Name"#, "a"),
        (r#"XElement.Parse("<a><b/><c/></a>").Element("b").NextNode"#, "<c />"),
        (r#"XElement.Parse("<a>t<b/></a>").FirstNode.NodeType"#, "Text"),
        (r#"string.Join(",", XElement.Parse("<a><b><c/></b></a>").DescendantsAndSelf().Select(e => e.Name))"#, "a,b,c"),
        (r#"XElement.Parse("<a><b><c/></b></a>").Descendants("c").Single().Ancestors().Count()"#, "2"),
        (r#"XElement.Parse("<a xmlns:p='urn:p'/>").GetNamespaceOfPrefix("p")"#, "urn:p"),
        (r#"XElement.Parse("<a xmlns='urn:d'/>").GetDefaultNamespace()"#, "urn:d"),
        (r#"XElement.Parse("<a xmlns='urn:d'><b/></a>").Elements().First().Name.Namespace == "urn:d""#, "True"),
        (r#"XElement.Parse("<a/>").Name == "a""#, "True"),
        (r#"XName.Get("b", "urn:x").ToString()"#, "{urn:x}b"),
        (r#"((XNamespace)"urn:x" + "b").LocalName"#, "b"),
        (r#"XDocument.Parse("<!DOCTYPE a><a/>").DocumentType.Name"#, "a"),
        (r#"XDocument.Parse("<a/><b/>")"#, "XmlException"),
        (r#"XElement.Parse("<a>&nbsp;</a>")"#, "XmlException"),
        (r#"XElement.Parse("<p:a/>")"#, "XmlException"),
        (r#"XNode.DeepEquals(XElement.Parse("<a>1</a>"), XElement.Parse("<a>1</a>"))"#, "True"),
        (r#"XElement.Parse("<a k='1'/>").Attribute("k").ToString()"#, "k=\"1\""),
    ]);
}

#[test]
fn elements_are_made_and_changed() {
    check(&[
        (
            r#"new XElement("a", new XAttribute("k", true), "t", new XElement("b", 1.5m)).ToString()"#,
            "<a k=\"true\">t<b>1.5</b></a>",
        ),
        (
            r#"new XElement("r", new[] { 1, 2 }.Select(i => new XElement("i", i))).ToString()"#,
            "<r>\n  <i>1</i>\n  <i>2</i>\n</r>",
        ),
        (r#"new XElement("a", new DateTime(2024, 2, 29, 1, 2, 3, DateTimeKind.Utc)).Value"#, "2024-02-29T01:02:03Z"),
        (r#"new XElement("a", TimeSpan.FromSeconds(90)).Value"#, "PT1M30S"),
        (r#"new XElement("a", new XAttribute("k", 1), new XAttribute("k", 2))"#, "InvalidOperationException"),
        (
            r#"var e = XElement.Parse("<a><b>1</b></a>"); e.SetElementValue("b", null); e.SetElementValue("c", 2); return e.ToString();"#,
            "<a>\n  <c>2</c>\n</a>",
        ),
        (
            r#"var e = XElement.Parse("<a/>"); e.Add(new XComment("x"), "t"); return e.ToString();"#,
            "<a>\n  <!--x-->t</a>",
        ),
        (
            r#"var e = XElement.Parse("<a><b/></a>"); e.Element("b").ReplaceWith(new XElement("c")); return e.ToString();"#,
            "<a>\n  <c />\n</a>",
        ),
        (
            r#"var e = XElement.Parse("<a><b/></a>"); e.Element("b").AddAfterSelf(new XElement("c"), new XElement("d")); return string.Join("", e.Elements().Select(x => x.Name));"#,
            "bcd",
        ),
        (
            r#"var e = XElement.Parse("<a k='1' l='2'/>"); e.Attributes("k").Remove(); return e.ToString();"#,
            "<a l=\"2\" />",
        ),
        (r#"var e = XElement.Parse("<a>1</a>"); e.Value = "2 < 3"; return e.ToString();"#, "<a>2 &lt; 3</a>"),
        (r#"new XElement("a").Element("b").Remove(); return 1;"#, "NullReferenceException"),
        (r#"var e = new XElement("a"); e.Remove(); return 1;"#, "InvalidOperationException"),
        (r#"new XElement((XName)null)"#, "ArgumentNullException"),
        (r#"new XDocument(new XElement("a"), new XElement("b"))"#, "InvalidOperationException"),
        (r#"new XDocument("text")"#, "ArgumentException"),
        (r#"new XElement("a", new XElement("b")).Elements().First().Parent.ToString()"#, "<a>\n  <b />\n</a>"),
        (r#"JsonConvert.SerializeObject(XElement.Parse("<a k='1'><b>x</b></a>"))"#, r#"{"a":{"@k":"1","b":"x"}}"#),
    ]);
}
