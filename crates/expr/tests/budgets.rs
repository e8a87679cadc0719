//! What an expression may use up: whatever it does, it ends soon, with a fault and with its memory bounded.
//!
//! Time decides nothing here: every case is bounded by counted steps, and a case that is not would never end.

#![allow(clippy::unwrap_used, reason = "tests")]

use apimite_expr::{Budget, Engine, ExceptionKind, Form, LanguageVersion, NoHost, Settings, Want};

/// The fault of a piece of code.
fn fault(code: &str, budget: Budget) -> (ExceptionKind, String) {
    let settings = Settings { lenient: true, csharp: LanguageVersion::CSharp12, budget, ..Settings::default() };
    let engine = Engine::new(settings, &[]);
    let form = if code.contains("return") { Form::Block } else { Form::Expression };
    let program = engine.compile(code, form, Want::Any).map_err(|errors| format!("{code}: {errors:?}")).unwrap();
    let fault = program.eval(&NoHost).map(|_| code).unwrap_err();
    (fault.thrown.kind, fault.thrown.message.to_string())
}

fn out_of(what: &str, codes: &[&str], budget: Budget) {
    for code in codes {
        let (kind, message) = fault(code, budget);
        assert_eq!(kind, ExceptionKind::Budget, "{code}: {message}");
        assert_eq!(message, format!("The expression ran out of {what}."), "{code}");
    }
}

#[test]
fn steps_run_out_in_loops_iterators_and_sequences() {
    let budget = Budget { steps: 100_000, ..Budget::default() };
    out_of(
        "steps",
        &[
            "while (true) { } return 1;",
            "for (;;) { } return 1;",
            "here: goto here; return 1;",
            "int n = 0; do n++; while (n >= 0 || n < 0); return n;",
            "switch (1) { case 1: goto case 1; } return 1;",
            "IEnumerable<int> F() { while (true) yield return 1; } return F().Count();",
            "IEnumerable<int> F() { while (true) { } yield return 1; } return F().First();",
            "IEnumerable<int> F() { while (true) yield return 1; } foreach (var x in F()) { } return 1;",
            "IEnumerable<int> F() { again: yield return 1; goto again; } return F().Sum(x => 0);",
            "IEnumerable<int> F() { yield return 1; while (true) { } } return F().Last();",
            "IEnumerator<int> F() { while (true) yield return 1; } var e = F(); while (e.MoveNext()) { } return 1;",
            "IEnumerable<int> F() { while (true) yield return 1; } return F().Where(x => x > 1).FirstOrDefault();",
            "IEnumerable<int> F() { try { while (true) yield return 1; } finally { } } return F().All(x => x == 1);",
            "return Enumerable.Range(0, int.MaxValue).Count(x => x < 0);",
            "return Enumerable.Repeat(1, int.MaxValue).Where(x => x < 0).Any();",
            "return Enumerable.Range(0, int.MaxValue).Select(x => x).Max();",
            "return Enumerable.Range(0, 100000).SelectMany(x => Enumerable.Range(0, 100000)).Any(x => x < 0);",
            "return Enumerable.Range(0, 60000).Join(Enumerable.Range(0, 60000), a => 1, b => 1, (a, b) => a).Any(x => x < 0);",
            "return (from a in Enumerable.Range(0, 9999) from b in Enumerable.Range(0, 9999) select a).Last();",
            "Func<int, int> f = null; f = n => n; while (true) f(1); return 1;",
            "var i = 0; try { while (true) i++; } catch (Exception) { return 1; } finally { i = 0; } return i;",
        ],
        budget,
    );
}

#[test]
fn nested_calls_run_out() {
    out_of(
        "call depth",
        &[
            "int F(int n) => F(n + 1); return F(0);",
            "Func<int, int> f = null; f = n => f(n + 1); return f(0);",
            "bool A() => B(); bool B() => A(); return A();",
            "IEnumerable<int> F(int n) { foreach (var x in F(n + 1)) yield return x; } return F(0).First();",
            "IEnumerable<int> F(int n) => F(n + 1).Select(x => x); return F(0).First();",
            "int F(int n) { try { return F(n + 1); } finally { n = 0; } } return F(0);",
        ],
        Budget::default(),
    );
}

#[test]
fn a_long_chain_of_sequences_ends_with_the_stack() {
    for code in [
        "IEnumerable<int> s = new[] { 1 }; for (int i = 0; i < 100000; i++) s = s.Select(x => x); return s.First();",
        "IEnumerable<int> S(IEnumerable<int> t) { foreach (var x in t) yield return x; } IEnumerable<int> s = new[] { 1 }; for (int i = 0; i < 100000; i++) s = S(s); return s.First();",
    ] {
        assert_eq!(fault(code, Budget::default()).0, ExceptionKind::Budget, "{code}");
    }
}

#[test]
fn memory_runs_out_before_it_is_used() {
    let budget = Budget { memory_bytes: 8 << 20, ..Budget::default() };
    out_of(
        "memory",
        &[
            "new string('x', 2000000000)",
            "\"\".PadLeft(2000000000)",
            "\"\".PadRight(2000000000)",
            "Enumerable.Range(0, int.MaxValue).ToList()",
            "Enumerable.Range(0, int.MaxValue).ToArray()",
            "Enumerable.Repeat(\"a\", int.MaxValue).ToList()",
            "string.Concat(Enumerable.Repeat(\"abcdefgh\", 100000000))",
            "string.Join(\",\", Enumerable.Range(0, int.MaxValue))",
            "Enumerable.Range(0, int.MaxValue).ToDictionary(x => x)",
            "Enumerable.Range(0, int.MaxValue).ToLookup(x => x)",
            "Enumerable.Range(0, int.MaxValue).GroupBy(x => x).Count()",
            "Enumerable.Range(0, int.MaxValue).OrderBy(x => x).First()",
            "Enumerable.Range(0, int.MaxValue).Reverse().First()",
            "Enumerable.Range(0, int.MaxValue).Distinct().Last()",
            "new HashSet<int>(Enumerable.Range(0, int.MaxValue)).Count",
            "new int[2000000000]",
            "new int[50000, 50000]",
            "new byte[2000000000].Length",
            "var s = \"ab\"; while (true) s = s + s; return s;",
            "var s = \"ab\"; while (true) s = string.Concat(s, s); return s;",
            "var s = \"ab\"; while (true) s = $\"{s}{s}\"; return s;",
            "var s = \"ab\"; while (true) s += s; return s;",
            "var s = \"ab\"; while (true) s = s.Replace(\"a\", \"aaaa\"); return s;",
            "var s = \"ab\"; while (true) s = string.Join(s, s, s, s); return s;",
            "var s = \"ab\"; while (true) s = s.Insert(1, s); return s;",
            "var s = \"ab\"; while (true) s = string.Format(\"{0}{0}\", s); return s;",
            "var s = \"ab\"; while (true) s = Uri.EscapeDataString(s + \"%\" + s); return s;",
            "var s = \"ab\"; while (true) s = Convert.ToBase64String(Encoding.UTF8.GetBytes(s + s)); return s;",
            "$\"{1,2000000000}\"",
            "var b = new StringBuilder(); while (true) b.Append(\"abcdefghijklmnop\"); return b;",
            "var b = new StringBuilder(); b.Append('x', 2000000000); return b;",
            "var b = new StringBuilder(\"ab\"); while (true) b.Insert(0, b.ToString()); return b;",
            "var b = new StringBuilder(); while (true) b.AppendFormat(\"{0,1000}\", 1); return b;",
            "var l = new List<int>(); while (true) l.Add(1); return l;",
            "var l = new List<int> { 1 }; while (true) l.AddRange(l); return l;",
            "var q = new Queue<int>(); while (true) q.Enqueue(1); return q;",
            "var q = new Stack<int>(); while (true) q.Push(1); return q;",
            "var a = new JArray(); while (true) a.Add(1); return a;",
            "var a = new JArray(1); while (true) a = new JArray(a, a); return a;",
            "var t = JToken.FromObject(new[] { \"abcdefgh\" }); while (true) t = new JArray(t.DeepClone(), t.DeepClone()); return t;",
            "var s = \"[1]\"; while (true) s = JArray.Parse(\"[\" + s + \",\" + s + \"]\").ToString(); return s;",
            "var x = new XElement(\"a\"); while (true) x = new XElement(\"b\", x, x); return x;",
            "var x = new XElement(\"a\"); while (true) x.Add(new XElement(\"b\", \"text\")); return x;",
            "IEnumerable<string> F() { var s = \"ab\"; while (true) { s += s; yield return s; } } return F().Last();",
            "int[] a = [1]; while (true) a = [..a, ..a]; return a;",
            "var s = \"ab\"; while (true) s = (s + s)[..]; return s;",
            "var l = new List<byte[]>(); while (true) l.Add(new byte[1000]); return l;",
            "var s = new string('a', 100000); var l = new List<string[]>(); while (true) l.Add(s.Split('a')); return l;",
            "var s = new string('a', 100000); var l = new List<char[]>(); while (true) l.Add(s.ToCharArray()); return l;",
            "var s = new string('a', 100000); var l = new List<object>(); while (true) l.Add(Regex.Matches(s, \"a\")); return l;",
        ],
        budget,
    );
}

/// Whatever member makes it: memory runs out before the steps do.
#[test]
fn memory_runs_out_with_whatever_is_kept() {
    let kept = |made: &str| {
        format!(
            "var s = new string('a', 1000) + \"<&é %>\"; var l = new List<object>(); while (true) l.Add({made}); return l;"
        )
    };
    let kept: Vec<String> = [
        "Guid.NewGuid().ToString()",
        "s.ToUpper()",
        "s.ToUpperInvariant()",
        "s.Substring(1)",
        "s.Substring(1, 900)",
        "s.Trim('>', 'b')",
        "s.TrimStart('x').PadLeft(2000)",
        "s.TrimEnd('>')",
        "s.Insert(1, \"b\")",
        "s.Remove(900)",
        "s.Remove(1, 1)",
        "s.Replace('a', 'b')",
        "s.Replace(\"a\", \"b\")",
        "s.Normalize(NormalizationForm.FormD)",
        "string.Join(\",\", s, s)",
        "string.Concat(s, 1)",
        "string.Format(\"{0}\", s + \"b\")",
        "$\"{s:x}\"",
        "s + 1",
        "s.Split('<')[0]",
        "new string(s.ToCharArray())",
        "new StringBuilder(s).ToString()",
        "Regex.Replace(s, \"é\", \"b\")",
        "Regex.Replace(s, \"a$|<\", m => \"b\")",
        "Regex.Match(s, \"a+\").Value",
        "Regex.Split(s, \"<\")[0]",
        "Regex.Escape(s)",
        "Encoding.UTF8.GetString(new byte[1000])",
        "Encoding.UTF8.GetBytes(s)",
        "Convert.ToBase64String(new byte[1000])",
        "Convert.FromBase64String(\"\".PadLeft(1000, 'a'))",
        "System.Net.WebUtility.HtmlEncode(s)",
        "System.Net.WebUtility.HtmlDecode(s + \"&lt;\")",
        "System.Net.WebUtility.UrlEncode(s)",
        "System.Net.WebUtility.UrlDecode(s + \"+\")",
        "Uri.EscapeDataString(s)",
        "Uri.UnescapeDataString(s + \"%20\")",
        "new JValue(s).ToString()",
        "new JArray(s).ToString()",
        "new JObject(new JProperty(\"a\", s)).ToString()",
        "JsonConvert.SerializeObject(s)",
        "JsonConvert.DeserializeObject<string>(JsonConvert.SerializeObject(s))",
        "(string)new JValue(s)",
        "new XElement(\"a\", s).ToString()",
        "new XElement(\"a\", s).Value",
        "(string)new XElement(\"a\", s)",
        "new JValue(s)",
        "new JObject()",
        "new JArray()",
        "new XElement(\"a\")",
        "new XElement(\"a\", s)",
        "new List<int>()",
        "new Dictionary<string, int>()",
        "new StringBuilder()",
        "new { a = 1 }",
        "(1, 2)",
        "new object()",
        "new[] { 1, 2, 3 }",
        "s.ToArray()",
        "new Uri(\"http://example.net/\" + l.Count)",
        "new Exception(s)",
        "1.ToString(\"D90\")",
        "1.5.ToString(\"F90\")",
        "DateTime.UtcNow.ToString(\"yyyy-MM-ddTHH:mm:ss.fffffffZ\")",
    ]
    .map(kept)
    .into();
    let kept: Vec<&str> = kept.iter().map(String::as_str).collect();
    let budget = Budget { memory_bytes: 512 << 10, steps: 100_000, ..Budget::default() };
    out_of("memory", &kept, budget);
    out_of(
        "memory",
        &[
            "var s = \"ab\"; while (true) s = Regex.Replace(s, \"a\", \"aaaa\"); return s;",
            "var s = \"ab\"; while (true) s = Regex.Replace(s, \"(a)(.*)\", \"$1$2$2$1\"); return s;",
            "var s = \"ab\"; while (true) s = Regex.Replace(s, \"a\", m => m.Value + s); return s;",
            "var s = \"ab\"; while (true) s = Regex.Replace(s, \".+\", s + \"$0\"); return s;",
            "var s = \"ab\"; while (true) s = Regex.Match(s, \".+\").Result(\"$0$0$_\"); return s;",
            "var s = new string('a', 10000); return Regex.Replace(s, \"a\", \"$_\");",
            "var s = new string('a', 10000); return Regex.Replace(s, \".+\", string.Concat(Enumerable.Repeat(\"$0\", 9999)));",
            "var s = new string('a', 10000); return Regex.Replace(s, \"a\", s, RegexOptions.RightToLeft);",
            "var s = new string('a', 10000); return Regex.Match(s, \".+\").Result(string.Concat(Enumerable.Repeat(\"$0\", 9999)));",
            "var s = new string('a', 10000); return s.Replace(\"a\", s);",
            "var s = new string('a', 10000); return s.Replace(\"A\", s, StringComparison.OrdinalIgnoreCase);",
            "var s = new string('a', 10000); return new StringBuilder(s).Replace(\"a\", s);",
            "var d = new Dictionary<string, int>(); while (true) d[\"k\" + d.Count] = 1; return d;",
            "var d = new Dictionary<string, int>(); while (true) d.Add(\"k\" + d.Count, 1); return d;",
            "var d = new HashSet<string>(); while (true) d.Add(\"k\" + d.Count); return d;",
            "var o = new JObject(); while (true) o[\"k\" + o.Count] = 1; return o;",
            "var o = new JObject(); while (true) o.Add(\"k\" + o.Count, \"v\"); return o;",
            "var o = new JObject(); while (true) o.Add(new JProperty(\"k\" + o.Count, 1)); return o;",
            "var d = new Dictionary<int, string>(); while (true) d.Add(d.Count, \"v\"); return d;",
            "var d = HttpUtility.ParseQueryString(\"a=b\"); while (true) d.Add(\"a\", \"b\"); return d;",
            "var a = new JArray(); while (true) a.Insert(0, 1); return a;",
            "var a = new JArray(1); while (true) a[0].AddAfterSelf(1); return a;",
            "var n = 0; var x = new XElement(\"a\"); while (true) x.SetAttributeValue(\"k\" + n++, 1); return x;",
            "var n = 0; var x = new XElement(\"a\"); while (true) x.SetElementValue(\"k\" + n++, 1); return x;",
            "var l = new List<int>(); while (true) l.Insert(0, 1); return l;",
            "var l = new List<Func<int>>(); while (true) { var n = l.Count; l.Add(() => n); } return l;",
        ],
        budget,
    );
}

/// What makes nothing new costs nothing, however large it is; and a bound that is far from what happens is no fault.
#[test]
fn memory_is_not_used_by_looking() {
    let budget = Budget { memory_bytes: 1 << 20, ..Budget::default() };
    let settings = Settings { lenient: true, csharp: LanguageVersion::CSharp12, budget, ..Settings::default() };
    let engine = Engine::new(settings, &[]);
    for code in [
        "var l = new List<string> { new string('a', 100000) }; var n = 0; for (int i = 0; i < 1000; i++) n += l[0].Length; return n;",
        "var s = new string('a', 100000); var n = 0; for (int i = 0; i < 1000; i++) n += s.Trim().Substring(0).ToLower().Length; return n;",
        "var s = new string('a', 100000); return s.Replace(\"b\", s) == s;",
        "var s = new string('a', 100000); return s.Replace(\"B\", s, StringComparison.OrdinalIgnoreCase) == s;",
        "var s = new string('a', 100000); return Regex.Replace(s, \"b\", s) == s;",
        "var s = new string('a', 100000); return new StringBuilder(s).Replace(\"b\", s).Length;",
    ] {
        let program = engine.compile(code, Form::Block, Want::Any).unwrap();
        assert!(program.eval(&NoHost).is_ok(), "{code}: {:?}", program.eval(&NoHost).err());
    }
}

#[test]
fn catastrophic_patterns_time_out_as_in_dotnet() {
    let text = format!("\"{}!\"", "a".repeat(60));
    // What the automata cannot run: a back-reference or a look-around is in each.
    let nested = r"^(a+)+\1$";
    let calls = [
        format!("Regex.IsMatch({text}, @\"^(a|aa)+(?=b)$\")"),
        format!("Regex.IsMatch({text}, @\"{nested}\")"),
        format!("Regex.Match({text}, @\"{nested}\").Success"),
        format!("Regex.Matches({text}, @\"{nested}\").Count"),
        format!("Regex.Replace({text}, @\"{nested}\", \"x\")"),
        format!("Regex.Replace({text}, @\"{nested}\", m => m.Value)"),
        format!("Regex.Split({text}, @\"{nested}\").Length"),
        format!("new Regex(@\"{nested}\").IsMatch({text})"),
    ];
    for call in calls {
        let (kind, message) = fault(&call, Budget::default());
        assert_eq!(kind.full_name(), "System.Text.RegularExpressions.RegexMatchTimeoutException", "{call}: {message}");
        assert!(message.starts_with("The RegEx engine has timed out"), "{call}: {message}");
    }
}

#[test]
fn a_pattern_that_times_out_again_and_again_ends_the_evaluation() {
    let code = format!(
        "var n = 0; while (true) {{ try {{ Regex.IsMatch(\"{}!\", @\"^(a+)+\\1$\"); }} catch (Exception) {{ n++; }} }} return n;",
        "a".repeat(40)
    );
    let budget = Budget { steps: 10_000, ..Budget::default() };
    assert_eq!(fault(&code, budget).0, ExceptionKind::Budget);
}
