//! What the reader makes of C#.

mod limits;

use super::ast::*;
use super::*;

/// Debug text without spans, which is what two trees are compared by.
fn shape(tree: &impl std::fmt::Debug) -> String {
    let text = format!("{tree:?}");
    let mut out = String::new();
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once("Span { start: ") {
        out.push_str(before);
        rest = after.split_once('}').map_or("", |(_, rest)| rest);
    }
    out + rest
}

fn expr(code: &str) -> Expr {
    let (tree, errors) = parse_expression(code);
    assert_eq!(errors, [], "{code}");
    let printed = print_expression(&tree);
    let (again, errors) = parse_expression(&printed);
    assert_eq!(errors, [], "{code}\n{printed}");
    assert_eq!(shape(&again), shape(&tree), "{code}\n{printed}");
    tree
}

fn block(code: &str) -> Block {
    let (tree, errors) = parse_block(code);
    assert_eq!(errors, [], "{code}");
    let printed = print_block(&tree);
    let (again, errors) = parse_block(&printed);
    assert_eq!(errors, [], "{code}\n{printed}");
    assert_eq!(shape(&again), shape(&tree), "{code}\n{printed}");
    tree
}

fn codes(code: &str) -> Vec<&'static str> {
    parse_expression(code).1.iter().map(|error| error.code).collect()
}

fn block_codes(code: &str) -> Vec<&'static str> {
    parse_block(code).1.iter().map(|error| error.code).collect()
}

/// The kind of the outermost node.
fn kind(code: &str) -> String {
    let text = format!("{:?}", expr(code).kind);
    text.split([' ', '(', '{']).next().unwrap_or("").to_owned()
}

#[test]
fn operators_bind_as_in_csharp() {
    for (code, outer) in [
        ("a + b * c", "Add"),
        ("a || b && c", "OrElse"),
        ("a == b < c", "Equal"),
        ("a ?? b ?? c", "Coalesce"),
        ("a & b == c", "And"),
        ("a << b + c", "ShiftLeft"),
        ("a >> 2", "ShiftRight"),
        ("a > b", "Greater"),
        ("a >= b", "GreaterOrEqual"),
        ("a | b ^ c & d", "Or"),
        ("x is int && y", "AndAlso"),
        ("i < n >> 1", "Less"),
    ] {
        let ExprKind::Binary { op, .. } = expr(code).kind else { panic!("{code}") };
        assert_eq!(format!("{op:?}"), outer, "{code}");
    }
    assert_eq!(kind("a = b ?? c"), "Assign");
    assert_eq!(kind("a ? b : c ? d : e"), "Conditional");
    assert_eq!(kind("a >>= 1"), "Assign");
    assert_eq!(kind("a ??= 1"), "Assign");
    let ExprKind::Binary { left, .. } = expr("a - b - c").kind else { panic!() };
    assert!(matches!(left.kind, ExprKind::Binary { .. }), "minus nests to the left");
    let ExprKind::Binary { right, .. } = expr("a ?? b ?? c").kind else { panic!() };
    assert!(matches!(right.kind, ExprKind::Binary { .. }), "?? nests to the right");
}

#[test]
fn a_cast_before_a_generic_call_is_a_cast() {
    let ExprKind::Cast { value, .. } = expr("(JObject)context.Request.Body.As<JObject>(true)").kind else { panic!() };
    assert!(matches!(value.kind, ExprKind::Call { .. }));
    assert_eq!(kind("(string)x"), "Cast");
    assert_eq!(kind("(int)-1"), "Cast");
    assert_eq!(kind("(a)-1"), "Binary");
    assert_eq!(kind("(a)+b"), "Binary");
    assert_eq!(kind("(a.B)x"), "Cast");
    assert_eq!(kind("(a)(b)"), "Cast");
    assert_eq!(kind("(List<int>)x"), "Cast");
    assert_eq!(kind("(int?)x"), "Cast");
    assert_eq!(kind("(string[])x"), "Cast");
    assert_eq!(kind("(Func<int, int>)(y => y)"), "Cast");
    assert_eq!(kind("(a) ? b : c"), "Conditional");
    assert_eq!(kind("(a) is b"), "Is");
    assert_eq!(kind("(a) as b"), "As");
    assert_eq!(kind("(a) && !b"), "Binary");
    assert_eq!(kind("(x) == y"), "Binary");
    assert_eq!(kind("((IResponse)context.Variables[\"r\"]).Body"), "Member");
    assert_eq!(kind("(string)a + b"), "Binary");
    assert_eq!(kind("(bool)!x"), "Cast");
    assert_eq!(kind("((int, string))x"), "Cast");
}

#[test]
fn less_than_starts_type_arguments_where_csharp_says_so() {
    assert_eq!(kind("f(a < b, c > d)"), "Call");
    let args = |code: &str| match expr(code).kind {
        ExprKind::Call { args, .. } => args.len(),
        _ => 0,
    };
    assert_eq!(args("f(a < b, c > d)"), 2);
    assert_eq!(args("f(a < b, c > (d))"), 1, "a generic call");
    assert_eq!(args("f(a < b, c > -d)"), 2);
    assert_eq!(args("f(a<b>.c, d)"), 2);
    assert_eq!(kind("a < b || c > d"), "Binary");
    assert_eq!(kind("x.As<JObject>()[\"a\"]"), "Index");
    assert_eq!(kind("x.As<List<Dictionary<string, int[]>>>()"), "Call");
    assert_eq!(kind("context.Variables.GetValueOrDefault<string>(\"a\", \"b\")"), "Call");
    assert_eq!(kind("a < b"), "Binary");
    assert_eq!(kind("i < list.Count && j > 0"), "Binary");
    assert_eq!(kind("Enumerable.Empty<int>().Count() < 5"), "Binary");
}

#[test]
fn conditional_access_takes_the_whole_chain() {
    let ExprKind::ConditionalAccess { target, access } = expr("a.b?.c.d(e)?[f].g").kind else { panic!() };
    assert!(matches!(target.kind, ExprKind::Member { .. }));
    let ExprKind::ConditionalAccess { target, access: inner } = access.kind else { panic!("nests to the right") };
    assert!(matches!(target.kind, ExprKind::Call { .. }));
    assert!(matches!(inner.kind, ExprKind::Member { .. }));
    assert_eq!(kind("a?.b ?? c"), "Binary");
    assert_eq!(kind("a ? .5 : 1"), "Conditional");
    assert_eq!(kind("a?.5:1"), "Conditional");
    assert_eq!(kind("a?.b?.c ? d : e"), "Conditional");
}

#[test]
fn strings_give_their_values() {
    let value = |code: &str| match expr(code).kind {
        ExprKind::Literal(Literal::String { value, .. }) => value.to_string(),
        other => panic!("{code}: {other:?}"),
    };
    assert_eq!(value(r#""a\n\t\"\\\0\x41\u0042\U00000043""#), "a\n\t\"\\\0ABC");
    assert_eq!(value(r#""\uD83D\uDE00""#), "\u{1f600}");
    assert_eq!(value(r#""\uD83D""#), "\u{fffd}");
    assert_eq!(value("@\"a\"\"b\\c\r\nd\""), "a\"b\\c\r\nd");
    assert_eq!(value("\"\"\"a\"b\"\"\""), "a\"b");
    assert_eq!(value("\"\"\"\n    a\n      b\n    \"\"\""), "a\n  b");
    assert_eq!(value("\"\""), "");
    assert_eq!(value("\"\\x1G\""), "\u{1}G");
    let unit = |code: &str| match expr(code).kind {
        ExprKind::Literal(Literal::Char(unit)) => unit,
        other => panic!("{code}: {other:?}"),
    };
    assert_eq!(unit("'a'"), 97);
    assert_eq!(unit("'\\''"), 39);
    assert_eq!(unit("'\"'"), 34);
    assert_eq!(unit("'\\uD83D'"), 0xd83d);
    assert_eq!(unit("'é'"), 0xe9);
}

#[test]
fn interpolated_strings_have_texts_and_holes() {
    let parts = |code: &str| match expr(code).kind {
        ExprKind::Interpolated(string) => string.parts,
        other => panic!("{code}: {other:?}"),
    };
    let text = |part: &InterpolatedPart| match part {
        InterpolatedPart::Text(text) => text.to_string(),
        InterpolatedPart::Hole { alignment, format, .. } => {
            format!("<{}{}>", if alignment.is_some() { "a" } else { "" }, format.as_deref().unwrap_or(""))
        }
    };
    let show = |code: &str| parts(code).iter().map(text).collect::<String>();
    assert_eq!(show(r#"$"a{b}c{{d}}\n{e,5:N2}""#), "a<>c{d}\n<aN2>");
    assert_eq!(show(r#"$@"a""{b["k"]}\{c:yyyy-MM-dd'T'HH:mm}""#), "a\"<>\\<yyyy-MM-dd'T'HH:mm>");
    assert_eq!(show(r#"@$"{a}""#), "<>");
    assert_eq!(show(r#"$"{$"{a}{$"{b}"}"}""#), "<>");
    assert_eq!(show(r#"$"{(a ? "x" : "y")}{x?.y ?? "}"}""#), "<><>");
    assert_eq!(show(r#"$"{new { A = 1 }.A}{list.Select(x => { return x; })}""#), "<><>");
    assert_eq!(show(r#"$"{global::System.Math.PI}""#), "<>");
    assert_eq!(show("$$\"\"\"{a} {{b}} \"c\" \"\"\""), "{a} <> \"c\" ");
    assert_eq!(show(r#"$"""#), "");
    assert_eq!(show(r#"$"{x,-10}|""#), "<a>|");
    assert_eq!(codes(r#"$"{a ? b : c}""#), ["CS8361"]);
    assert_eq!(codes(r#"$"{}""#), ["CS1733"]);
    assert_eq!(codes(r#"$"}""#), ["CS8086"]);
    assert_eq!(codes("$\"a"), ["CS1010"]);
}

#[test]
fn numbers_keep_value_and_suffix() {
    for (code, value, suffix) in [
        ("0x_FFul", 255, IntSuffix::UL),
        ("0b1010_1010", 170, IntSuffix::None),
        ("1_000L", 1000, IntSuffix::L),
        ("18446744073709551615", u64::MAX, IntSuffix::None),
        ("7U", 7, IntSuffix::U),
        ("1LU", 1, IntSuffix::UL),
    ] {
        let ExprKind::Literal(Literal::Int { value: found, suffix: s, .. }) = expr(code).kind else { panic!("{code}") };
        assert_eq!((found, s), (value, suffix), "{code}");
    }
    for (code, digits, suffix) in [
        ("1.5", "1.5", RealSuffix::Double),
        (".5f", "0.5", RealSuffix::Float),
        ("1e-3", "1e-3", RealSuffix::Double),
        ("1_0.2_5m", "10.25", RealSuffix::Decimal),
        ("3d", "3", RealSuffix::Double),
        ("1E5M", "1e5", RealSuffix::Decimal),
    ] {
        let ExprKind::Literal(Literal::Real { digits: found, suffix: s, .. }) = expr(code).kind else {
            panic!("{code}")
        };
        assert_eq!((found.as_str(), s), (digits, suffix), "{code}");
    }
    assert_eq!(kind("1.ToString()"), "Call");
    assert_eq!(kind("1..2"), "Range");
    assert_eq!(codes("99999999999999999999"), ["CS1021"]);
    assert_eq!(codes("0x"), ["CS1013"]);
    assert_eq!(codes("1e999"), ["CS0594"]);
}

#[test]
fn every_form_of_expression_reads_and_prints() {
    for code in [
        "x => x",
        "(x, y) => x + y",
        "() => { return 1; }",
        "(int x, ref string y) => x",
        "async x => await x",
        "async () => 1",
        "static (x) => x",
        "delegate { }",
        "delegate (int x) { return x; }",
        "async delegate { }",
        "f(x => x.A, (y) => y.B)",
        "new Func<int, int>(x => x)",
        "a.Select((x, i) => new { x, i })",
        "new JObject(new JProperty(\"a\", 1))",
        "new List<int> { 1, 2 }",
        "new Dictionary<string, int> { { \"a\", 1 }, { \"b\", 2 } }",
        "new Dictionary<string, int> { [\"a\"] = 1, [\"b\"] = 2, }",
        "new A { B = 1, C = { 1, 2 }, D = { E = 2 } }",
        "new A { }",
        "new A() { B = new C { } }",
        "new int[3]",
        "new int[2, 3]",
        "new int[2][]",
        "new int[] { 1, 2 }",
        "new int[,] { { 1 }, { 2 } }",
        "new[] { 1, 2 }",
        "new[,] { { 1 } }",
        "new string[0]",
        "new int?[3]",
        "new { A = 1, b, c.D }",
        "new()",
        "new(1) { A = 2 }",
        "new (int, int)[3]",
        "(1, 2)",
        "(a: 1, b: 2)",
        "(a, b) = (b, a)",
        "f(out var x)",
        "f(out int x, ref y, in z)",
        "f(out _)",
        "f(a: 1, b: 2)",
        "typeof(int)",
        "typeof(List<>)",
        "typeof(Dictionary<,>)",
        "typeof(void)",
        "default(int)",
        "default",
        "sizeof(int)",
        "nameof(a.b)",
        "checked(a + b)",
        "unchecked((int)a)",
        "int.Parse(\"1\")",
        "string.Join(\",\", a)",
        "string.IsNullOrEmpty(x) ? null : x",
        "global::System.Math.Abs(-1)",
        "this",
        "base.X",
        "a[1, 2]",
        "a[^1]",
        "a[1..2]",
        "a[..]",
        "a[1..^1]",
        "a[..2]",
        "a++",
        "--a",
        "-a",
        "- -a",
        "+ +a",
        "~a",
        "!a",
        "a!",
        "a!.b",
        "x is null",
        "x is not null",
        "x is 5",
        "x is string s",
        "x is string s && s.Length > 1",
        "x is var y",
        "x is int?",
        "x is int ? 1 : 2",
        "x as int? ?? 1",
        "x as string[]",
        "x is A.B.C",
        "x is List<int>",
        "x is List<int> l",
        "x is > 1 and < 5 or 7",
        "x is { A: 1, B.C: var d } e",
        "x is A { B: _ }",
        "x is (1, var y)",
        "x is A(1, 2) b",
        "x is (int)5",
        "x is -1",
        "x is [1, .., 2]",
        "x is (> 1)",
        "x is A.B + 1",
        "x is \"a\" or \"b\"",
        "x switch { 1 => \"a\", > 2 => \"b\", A.B => c, string s when s.Length > 1 => s, _ => null }",
        "x switch { { A: 1 } => 2, (1, 2) => 3, var y => y, }",
        "x switch { int => 1, int.MaxValue => 2, _ when (b) => 3 }",
        "x with { A = 1 }",
        "from x in y select x",
        "from x in y where x > 1 orderby x.A, x.B descending select x.C",
        "from int x in y from z in x.Zs let w = z + x join v in vs on w equals v.K into g group w by z.K into q where q.Any() select q",
        "from x in xs where (x) > 1 select (x)",
        "from.x",
        "throw new Exception(\"a\")".trim_start(),
        "a ?? throw new Exception()",
        "a ? b : throw new E()",
        "ref a",
        "[1, 2, ..a]",
        "await x",
        "a?.b",
        "a?[1]",
        "a?.b[1].c?.d()",
        "a.b<c>.d",
        "\"a\"u8",
        "@class.@if",
        "var.x",
        "value => value",
        "x => y => z",
        "(a, b) => (b, a)",
        "int (string s) => 1",
        "(x = 1) => x",
        "a == b ? c : d",
        "a ? (b) : (c)",
        "a ? b?.c : d",
        "(a ? x : y) ? 1 : 2",
        "a is b ? c : d",
        "a is b ? (c) : d",
        "x as A ?? y",
        "((Func<string>)(() => { return \"a\"; }))()",
        "f<int>(1)",
        "A<int>.B",
        "A<B<C>>.D",
        "new A<B<C>>()",
        "a < b == c > d",
        "(a < b) || (c > d)",
        "!(a)",
        "(a)[1]",
        "(a).b",
        "(A)(b).c",
        "-(a)",
        "(int)(a)",
        "(a, b).c",
        "a & b",
        "&a",
        "*a",
        "x is int or string",
        "x is not (int or string)",
        "x is Foo and not Bar",
        "context.Request.Headers.GetValueOrDefault(\"A\",\"\").Split(' ').Last()",
        "stackalloc int[3]",
        "stackalloc[] { 1 }",
        "$\"{a:x}\" + @\"b\"",
        "a\u{a0}+\u{a0}b",
        "a /* c */ + // d\n b",
        "a\r\n+\r\nb",
        "x => x is { A: 1 } ? 1 : 2",
        "x is string { Length: > 3 } s",
        "(x is T) ? a : b",
        "a ? x => 1 : y => 2",
        "cond ? [1] : [2]",
        "_ = x",
        "a.b = c = d",
        "a += b -= c",
        "a <<= 1",
        "a >>>= 1",
        "a >>> 1",
        "x is T[] t",
        "x is (int, string) t",
        "\\u0061bc",
    ] {
        expr(code);
    }
}

#[test]
fn every_form_of_statement_reads_and_prints() {
    for code in [
        "return 1;",
        "return;",
        ";",
        "{ }",
        "int a = 1, b;",
        "var a = new[] { 1 };",
        "const int x = 1;",
        "int[] a = { 1, 2 };",
        "int[,] a = { { 1 }, { 2 } };",
        "string? s = null;",
        "int? n = null;",
        "List<int> a = new List<int>();",
        "A.B<C>[] a;",
        "(int, string) t = (1, \"a\");",
        "(int a, string b) = f();",
        "var (a, b) = f();",
        "(a, b) = f();",
        "(var a, int b) = f();",
        "(a, var b) = f();",
        "var (a, (b, _)) = f();",
        "f();",
        "a.b();",
        "a = 1;",
        "a++;",
        "--a;",
        "new A();",
        "a?.b();",
        "await f();",
        "a ??= b;",
        "x!.y();",
        "if (a) b(); else c();",
        "if (a) { } else if (b) { } else { }",
        "while (a) { break; }",
        "do { continue; } while (a);",
        "for (int i = 0, j = 1; i < 10; i++, j--) f(i);",
        "for (;;) { }",
        "for (i = 0; ; ) { }",
        "foreach (var x in y) f(x);",
        "foreach (string x in y) { }",
        "foreach (var (a, b) in y) { }",
        "foreach ((int a, var b) in y) { }",
        "foreach (KeyValuePair<string, int> p in d) { }",
        "switch (a) { case 1: case 2: return 1; case string s when s.Length > 1: break; default: goto case 1; }",
        "switch (a) { }",
        "switch (a) { case A.B: break; case null: break; case int n: break; case var x: goto default; default: break; }",
        "switch (a) { case > 1: break; case { A: 1 }: break; case (1, 2): break; case (int)5: break; case _: break; }",
        "switch (a, b) { case (1, 2): break; }",
        "switch (f(a, b)) { case 'x': { break; } }",
        "switch (x) { case A<B>.C: break; case -1: break; case 1 + 2: break; }",
        "try { } catch { }",
        "try { } catch (Exception) { } catch (A.B e) when (e.C) { throw; } finally { }",
        "throw new Exception(\"a\");",
        "using (var x = f()) { }",
        "using (x) f();",
        "using var x = f();",
        "using (A x = b, y = c) { }",
        "lock (a) { }",
        "checked { a++; }",
        "unchecked { }",
        "goto end; end: return 1;",
        "yield return 1;",
        "yield break;",
        "int f(int x) { return x; }",
        "int f(int x) => x + 1;",
        "static int f() => 1;",
        "T f<T>(T x) where T : class => x;",
        "void f(ref int a, out string b, params object[] c, int d = 1) { b = null; }",
        "async Task<int> f() { return 1; }",
        "(int, int) f() => (1, 2);",
        "ref int x = ref y;",
        "ref readonly int x = ref y;",
        "unsafe { }",
        "a: b: c();",
        "await foreach (var x in y) { }",
        "await using (x) { }",
        "await using var x = y;",
        "dynamic d = 1;",
        "Func<int, int> f = null; f = x => { if (x > 0) return f(x - 1); return 0; };",
        "#region a\nint x;\n#endregion\nreturn x;",
        "var x = a < b; return x;",
        "a < b > c;".trim_start_matches("a < b > c;"),
        "x.y<int>();",
        "var q = from x in y select x;",
        "from = 1;",
        "await = 1;",
        "var = 1;",
        "int var = 1;",
        "async();",
        "nameof = 1;",
        "yield = 1;",
        "string from = \"a\", select = from;",
        "where.x = 1;",
        "var when = 1; switch (a) { case int n when (when > 1): break; }",
        "if (a is int b && b > 1) { }",
        "if (!(a is string s)) return s;",
        "int Add(int a, int b) { int inner() => a + b; return inner(); } return Add(1, 2);",
        "global::System.String s = null;",
        "(A, B) x;",
        "A<B, C> x;",
        "A<B>[] x = null;",
        "a[0] = 1;",
        "a[0].b = c;",
        "int.TryParse(\"1\", out int i);",
        "_ = f();",
        "var _ = f();",
    ] {
        block(code);
    }
}

#[test]
fn mistakes_have_the_compilers_codes_and_the_tree_goes_on() {
    assert_eq!(codes(""), ["CS1733"]);
    assert_eq!(codes("a b"), ["CS1026"]);
    assert_eq!(codes("f(a"), ["CS1026"]);
    assert_eq!(codes("a["), ["CS1733"]);
    assert_eq!(codes("a;"), ["CS1026"]);
    assert_eq!(codes("a +"), ["CS1733"]);
    assert_eq!(codes("a + )"), ["CS1525"]);
    assert_eq!(codes("\"abc"), ["CS1010"]);
    assert_eq!(codes("@\"abc"), ["CS1039"]);
    assert_eq!(codes("\"\\q\""), ["CS1009"]);
    assert_eq!(codes("''"), ["CS1011"]);
    assert_eq!(codes("'ab'"), ["CS1012"]);
    assert_eq!(codes("f(a, , b)"), ["CS0839"]);
    assert_eq!(codes("a /* b"), ["CS1035"]);
    assert_eq!(codes("“a”").first(), Some(&"CS1056"));
    assert_eq!(codes("new A"), ["CS1526"]);
    assert_eq!(codes("a ? b"), ["CS1003"]);
    assert_eq!(codes("x."), ["CS1001"]);
    assert_eq!(codes("x.if"), ["CS1041"]);
    assert_eq!(codes("from x in y"), ["CS0742"]);
    assert_eq!(codes("new int[]"), ["CS1586"]);
    assert_eq!(block_codes("return 1"), ["CS1002"]);
    assert_eq!(block_codes("a.b;"), ["CS0201"]);
    assert_eq!(block_codes("if (a { }"), ["CS1026"]);
    assert_eq!(block_codes("if (a) {"), ["CS1513"]);
    assert_eq!(block_codes("return 1; }"), ["CS1022"]);
    assert_eq!(block_codes("try { }"), ["CS1524"]);
    assert_eq!(block_codes("if (a) int x = 1;"), ["CS1023"]);
    assert_eq!(block_codes("var x = ; return x;"), ["CS1525"]);
    assert_eq!(block_codes("foo(; return 1;"), ["CS1525"]);
    assert_eq!(block_codes("int x = 1 return x;"), ["CS1002"]);
    assert_eq!(block_codes("foreach (var x of y) { }").first(), Some(&"CS1515"));
    let (_, errors) = parse_block("var a = 1\nreturn a;");
    assert_eq!(errors.iter().map(|e| (e.message.as_str(), e.span.start)).collect::<Vec<_>>(), [("; expected", 9)]);
}
