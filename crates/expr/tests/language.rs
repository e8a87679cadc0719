//! The language without a context: values, statements, refusals.

#![allow(clippy::unwrap_used, reason = "a test may")]

use apimite_expr::{Engine, Form, NoHost, Settings, Value, Want};

fn engine() -> Engine {
    Engine::new(Settings { lenient: true, ..Settings::default() }, &[])
}

fn eval(code: &str) -> String {
    let engine = engine();
    let form = if code.contains("return") || code.contains("throw ") { Form::Block } else { Form::Expression };
    match engine.compile(code, form, Want::Any) {
        Err(errors) => errors.iter().map(|e| format!("{}: {}", e.code, e.message)).collect::<Vec<_>>().join("; "),
        Ok(program) => match program.eval(&NoHost) {
            Err(fault) => format!("{}", fault.thrown),
            Ok(value) => {
                let text = program.to_text(&NoHost, &value).unwrap();
                let name = value.type_of().map_or("null".to_owned(), |t| t.clr());
                if matches!(value, Value::Null) { "null".to_owned() } else { format!("{text} {name}") }
            }
        },
    }
}

#[test]
fn expressions_give_the_values_of_csharp() {
    for (code, want) in [
        ("1 + 2 * 3", "7 System.Int32"),
        ("\"a\" + 1 + 'c'", "a1c System.String"),
        ("7 / 2", "3 System.Int32"),
        ("(long)5 + 1", "6 System.Int64"),
        ("true ? 1 : 2", "1 System.Int32"),
        ("((string)null)?.Length ?? -1", "-1 System.Int32"),
        ("new[] { 1, 2, 3 }[1]", "2 System.Int32"),
        ("(1, \"x\").Item2", "x System.String"),
        ("new { A = 1, B = \"x\" }", "{ A = 1, B = x } <anonymous>"),
        ("$\"v={1 + 1}!\"", "v=2! System.String"),
        ("((Func<int, int>)(n => n * 2))(21)", "42 System.Int32"),
        ("(byte)255 + 1", "256 System.Int32"),
        ("5 is int", "True System.Boolean"),
        ("nameof(String.Length)", "Length System.String"),
    ] {
        assert_eq!(eval(code), want, "{code}");
    }
}

#[test]
fn statements_run() {
    for (code, want) in [
        ("int s = 0; for (int i = 0; i < 5; i++) { if (i == 3) continue; s += i; } return s;", "7 System.Int32"),
        ("int Fact(int n) => n <= 1 ? 1 : n * Fact(n - 1); return Fact(5);", "120 System.Int32"),
        ("int c = 0; Action inc = () => c++; inc(); inc(); return c;", "2 System.Int32"),
        (
            "try { throw new InvalidOperationException(\"x\"); } catch (Exception e) when (e.Message == \"x\") { return \"caught\"; }",
            "caught System.String",
        ),
        ("var t = (a: 1, b: 2); (int x, int y) = t; return x + y + t.a;", "4 System.Int32"),
        ("int n = 0;\nstart:\nn++;\nif (n < 3) goto start;\nreturn n;", "3 System.Int32"),
        (
            "var l = new List<int> { 1, 2 }; foreach (var x in l) { if (x == 2) return \"two\"; } return \"none\";",
            "two System.String",
        ),
        ("T Id<T>(T x) => x; return Id(5) + Id(\"a\");", "5a System.String"),
        ("int x = 0; int F() { try { return x; } finally { x = 5; } } return F() * 10 + x;", "5 System.Int32"),
        ("int i = 0; int[] a = { 10, 20 }; a[i++] = i; return a[0] * 10 + a[1];", "30 System.Int32"),
        (
            "var q = from a in new[] { 1, 2 } from b in new[] { 3, 4 } where a + b > 4 orderby a descending, b select a * b; return q.First();",
            "6 System.Int32",
        ),
        ("Func<int, Func<int, int>> add = a => b => a + b; return add(1)(2);", "3 System.Int32"),
        ("switch (2) { case 1: return \"a\"; case 2: goto case 1; default: return \"d\"; }", "a System.String"),
    ] {
        assert_eq!(eval(code), want, "{code}");
    }
}

#[test]
fn nothing_runs_for_ever_or_grows_without_bound() {
    for code in [
        "while (true) { } return 1;",
        "var l = new List<int>(); while (true) l.Add(1); return l;",
        "string s = \"a\"; while (true) s += s; return s;",
        "int Rec(int n) => Rec(n + 1); return Rec(0);",
        "return Enumerable.Range(0, int.MaxValue).ToList();",
    ] {
        let got = eval(code);
        assert!(got.starts_with("Apimite.BudgetExceededException"), "{code}: {got}");
    }
}

#[test]
fn mistakes_have_the_compilers_code() {
    for (code, want) in [
        ("undefinedName", "CS0103"),
        ("\"a\" - \"b\"", "CS0019"),
        ("int x; return x;", "CS0165"),
        ("int x = \"a\"; return x;", "CS0029"),
        ("int i = 5L; return i;", "CS0266"),
        ("\"a\".Foo()", "CS1061"),
        ("(byte)300", "CS0221"),
        ("1 / 0", "CS0020"),
        ("int.MaxValue + 1", "CS0220"),
        ("var x = 1; { var x = 2; } return x;", "CS0136"),
        ("x => x", "CS1660"),
        ("if (int.Parse(\"1\") == 1) return 1;", "CS0161"),
        ("int i = 3000000000; return i;", "CS0266"),
        ("uint u = -1; return u;", "CS0031"),
        ("int F(int a) { return a; } return F(\"x\");", "CS1503"),
        ("foreach (var x in new[] { 1 }) { x = 5; } return 1;", "CS1656"),
        ("switch (1) { case 1: break; case 1: break; } return 1;", "CS0152"),
    ] {
        let got = eval(code);
        assert!(got.starts_with(want), "{code}: {got}");
    }
}

#[test]
fn deep_nesting_and_deep_recursion_do_not_overflow_the_stack() {
    for (open, close) in [
        ("(1 + ", ")"),
        ("Math.Max(1, ", ")"),
        ("(true ? 1 : ", ")"),
        ("((Func<int>)(() => ", "))()"),
        ("new[] { ", " }"),
        ("$\"{", "}\""),
        ("new { A = ", " }"),
        ("-", ""),
        ("(int)(object)", ""),
    ] {
        for depth in [50, 120, 250, 1000] {
            let code = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            let _ = eval(&code);
        }
    }
    for code in [
        "int R(int n) { if (n > 0) { return 1 + R(n + 1); } return 0; } return R(1);",
        "int R(int n) => Enumerable.Range(0, 1).Select(x => 1 + R(n + 1)).Where(x => x > 0).Sum(); return R(1);",
        "int R(int n) { try { foreach (var x in new[] { 1 }) { switch (n) { default: if (n > 0) return 1 + (n > 0 ? R(n + 1) : 0); break; } } } finally { } return 0; } return R(1);",
    ] {
        assert!(eval(code).starts_with("Apimite.BudgetExceededException"), "{code}");
    }
    for code in [
        "object o = null; for (int i = 0; i < 200000; i++) o = new { Next = o }; return o == null;",
        "object o = null; for (int i = 0; i < 200000; i++) o = new object[] { o }; return o == null;",
        "object o = null; for (int i = 0; i < 200000; i++) o = new List<object> { o }; return o == null;",
        "object o = null; for (int i = 0; i < 200000; i++) o = Tuple.Create(o, 1); return o == null;",
        "Func<int> f = () => 0; for (int i = 0; i < 200000; i++) { var g = f; f = () => g() + 1; } return f == null;",
        "IEnumerable<int> s = new[] { 1 }; for (int i = 0; i < 200000; i++) s = s.Where(x => x > 0); return s == null;",
        "IEnumerable<int> s = new[] { 1 }; for (int i = 0; i < 200000; i++) s = s.OrderBy(x => x); return s == null;",
    ] {
        assert_eq!(eval(code), "False System.Boolean", "{code}");
    }
    for code in [
        "object o = null; for (int i = 0; i < 200000; i++) o = new { Next = o }; return o.ToString();",
        "object o = null; for (int i = 0; i < 200000; i++) o = Tuple.Create(o, 1); return o.GetHashCode();",
        "Func<int> f = () => 0; for (int i = 0; i < 200000; i++) { var g = f; f = () => g() + 1; } return f();",
        "IEnumerable<int> s = new[] { 1 }; for (int i = 0; i < 200000; i++) s = s.Where(x => x > 0); return s.Count();",
        "IEnumerable<int> s = new[] { 1 }; for (int i = 0; i < 200000; i++) s = s.OrderBy(x => x); return s.Count();",
    ] {
        assert!(eval(code).starts_with("Apimite.BudgetExceededException"), "{code}");
    }
    let nested = format!("{}return 1;{}", "if (1 > 0) { ".repeat(300), " }".repeat(300));
    let _ = eval(&nested);
}
