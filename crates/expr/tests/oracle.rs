//! The reader against an independent grammar of C#, tree-sitter's: what one takes, the other must take.
//!
//! That grammar gives no messages and is not C# either; where it is known to misread, the case is left out below.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr, reason = "tests")]

use apimite_expr::syntax::{parse_block, parse_expression};
use proptest::prelude::*;

/// Does the oracle take it as the body of a method?
fn oracle(code: &str, is_block: bool) -> bool {
    let mut parser = tree_sitter::Parser::new();
    parser.set_language(&tree_sitter_c_sharp::LANGUAGE.into()).unwrap();
    let text = if is_block {
        format!("class C {{ object M(dynamic context) {{\n{code}\n}} }}")
    } else {
        format!("class C {{ object M(dynamic context) {{ return (\n{code}\n); }} }}")
    };
    parser.parse(&text, None).is_some_and(|tree| !tree.root_node().has_error())
}

fn ours(code: &str, is_block: bool) -> bool {
    if is_block { parse_block(code).1.is_empty() } else { parse_expression(code).1.is_empty() }
}

/// Sound C# that the oracle refuses: `(text, why)`.
const ORACLE_REFUSES: &[(&str, &str)] =
    &[("(JObject)context.Request.Body.As<JObject>(true)", "read as a comparison, though without an error")];

/// Texts that the oracle takes and C# does not.
const ORACLE_TAKES: &[(&str, &str)] = &[
    ("f('ab')", "a character of two"),
    ("\"\\q\"", "an unknown escape"),
    ("99999999999999999999", "a number too large"),
    ("a.b; ", "a statement that does nothing"),
];

#[test]
fn known_misreadings_are_still_known() {
    for (code, why) in ORACLE_REFUSES {
        assert!(ours(code, false), "{code}: {why}");
    }
    for (code, why) in ORACLE_TAKES {
        assert!(!ours(code, false), "{code}: {why}");
    }
}

fn leaf() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "a",
        "context",
        "1",
        "0x1F",
        "1.5m",
        "'x'",
        "\"s\"",
        "@\"v\"\"q\"",
        "null",
        "true",
        "this",
        "x.Y",
        "int.MaxValue",
        "1e3",
        "\"\\u0041\"",
        "string.Empty",
        "default(int)",
        "typeof(string)",
        "5L",
        "nameof(a)",
    ])
    .prop_map(str::to_owned)
}

fn ty() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "int",
        "string",
        "JObject",
        "List<string>",
        "Dictionary<string, int[]>",
        "int?",
        "string[]",
        "System.Guid",
    ])
    .prop_map(str::to_owned)
}

/// Expressions that hold parentheses where their parts need them.
fn expression() -> impl Strategy<Value = String> {
    leaf().prop_recursive(5, 48, 4, |inner| {
        let e = inner.clone();
        let operator = prop::sample::select(vec![
            "+", "-", "*", "/", "%", "==", "!=", "<", ">", "<=", ">=", "&&", "||", "&", "|", "^", "??", "<<", ">>",
        ]);
        prop_oneof![
            (e.clone(), operator, e.clone()).prop_map(|(a, o, b)| format!("({a}) {o} ({b})")),
            (prop::sample::select(vec!["!", "-", "~", "+"]), e.clone()).prop_map(|(o, a)| format!("{o}({a})")),
            (e.clone(), e.clone(), e.clone()).prop_map(|(a, b, c)| format!("(({a}) ? ({b}) : ({c}))")),
            (e.clone(), prop::collection::vec(e.clone(), 0..3)).prop_map(|(a, v)| format!("({a}).F({})", v.join(", "))),
            (ty(), e.clone()).prop_map(|(t, a)| format!("x.As<{t}>({a})")),
            (e.clone(), e.clone()).prop_map(|(a, b)| format!("({a})[{b}]")),
            (e.clone(), e.clone()).prop_map(|(a, b)| format!("({a})?.B?[{b}].C")),
            (ty(), e.clone()).prop_map(|(t, a)| format!("(({t})({a}))")),
            (e.clone(), ty()).prop_map(|(a, t)| format!("(({a}) as {t})")),
            (e.clone(), prop::sample::select(vec!["int n", "string", "null", "var v", "5"]))
                .prop_map(|(a, t)| format!("(({a}) is {t})")),
            e.clone().prop_map(|a| format!("(x => {a})")),
            (e.clone(), e.clone()).prop_map(|(a, b)| format!("f((x, y) => {{ var z = {a}; return {b}; }})")),
            prop::collection::vec(e.clone(), 1..4).prop_map(|v| format!("new[] {{ {} }}", v.join(", "))),
            (e.clone(), e.clone()).prop_map(|(a, b)| format!("new {{ A = {a}, B = {b} }}")),
            (ty(), e.clone()).prop_map(|(_, a)| format!("new JObject(new JProperty(\"k\", {a}))")),
            (e.clone(), e.clone())
                .prop_map(|(a, b)| format!("new Dictionary<string, object> {{ {{ \"a\", {a} }}, {{ \"b\", {b} }} }}")),
            (e.clone(), e.clone())
                .prop_map(|(a, b)| format!("new Dictionary<string, object> {{ [\"a\"] = {a}, [\"b\"] = {b} }}")),
            e.clone().prop_map(|a| format!("$\"t{{({a})}}{{{{}}}}\"")),
            e.clone().prop_map(|a| format!("$@\"t\"\"{{({a}):N2}}\"")),
            (e.clone(), e.clone()).prop_map(|(a, b)| format!("(from q in ({a}) where ({b}) select q.A)")),
            (e.clone(), e.clone()).prop_map(|(a, b)| format!("(({a}), ({b}))")),
            (e.clone(), e.clone()).prop_map(|(a, b)| format!("({a}).Y[^({b})]")),
            (e.clone(), e.clone(), e.clone()).prop_map(|(a, b, c)| format!("({a}).Y[({b})..^({c})]")),
            prop::collection::vec(e.clone(), 1..3).prop_map(|v| format!("f([{}, ..({})])", v.join(", "), v[0])),
            e.clone().prop_map(|a| format!("f(new() {{ A = {a} }})")),
            (e.clone(), e.clone()).prop_map(|(a, b)| format!("(({a}) with {{ A = {b}, C = 1 }})")),
            (e.clone(), pattern()).prop_map(|(a, p)| format!("(({a}) is {p})")),
            (e.clone(), pattern(), e.clone())
                .prop_map(|(a, p, b)| format!("(({a}) switch {{ {p} => ({b}), _ => 0 }})")),
            (ty(), e.clone()).prop_map(|(t, a)| format!("f(static ({t} x) => {a})")),
            e.clone().prop_map(|a| format!("f(ref x, out _, in y, named: {a})")),
            e.clone().prop_map(|a| format!(
                "(from q in ({a}) join r in s on q.A equals r.B into g let h = g group h by q.C)"
            )),
            e.clone().prop_map(|a| format!(
                "(from q in ({a}) orderby q.A, q.B descending select q into z where z select z)"
            )),
            e.clone().prop_map(|a| format!("unchecked(checked({a}))")),
            (e.clone(), e).prop_map(|(a, b)| format!(
                "(({a}) switch {{ 1 => ({b}), string s when s.Length > 1 => s, _ => null }})"
            )),
        ]
    })
}

/// Patterns of all versions.
fn pattern() -> impl Strategy<Value = String> {
    let leaves = vec![
        "1",
        "null",
        "\"s\"",
        "var v",
        "int n",
        "string",
        "_",
        "> 5",
        "<= 'x'",
        "{ }",
        "[]",
        "not null",
        "List<int>",
    ];
    prop::sample::select(leaves).prop_map(str::to_owned).prop_recursive(3, 12, 3, |p| {
        prop_oneof![
            (p.clone(), p.clone()).prop_map(|(a, b)| format!("({a} or {b})")),
            (p.clone(), p.clone()).prop_map(|(a, b)| format!("({a} and not {b})")),
            (p.clone(), p.clone()).prop_map(|(a, b)| format!("({a}, {b})")),
            (p.clone(), p.clone()).prop_map(|(a, b)| format!("{{ A: {a}, B.C: {b} }}")),
            (p.clone(), p.clone()).prop_map(|(a, b)| format!("string {{ Length: {a}, X: {b} }} t")),
            (p.clone(), p).prop_map(|(a, b)| format!("[{a}, .., {b}]")),
        ]
    })
}

fn statement() -> impl Strategy<Value = String> {
    let simple = prop_oneof![
        expression().prop_map(|a| format!("var v = {a};")),
        expression().prop_map(|a| format!("x.y = {a};")),
        expression().prop_map(|a| format!("f({a});")),
        expression().prop_map(|a| format!("return {a};")),
        (ty(), expression()).prop_map(|(t, a)| format!("{t} v = {a}, w;")),
        Just("x++;".to_owned()),
        Just("int.TryParse(s, out var n);".to_owned()),
        Just("var (p, q) = t;".to_owned()),
        Just("const int c = 1;".to_owned()),
    ];
    simple.prop_recursive(3, 24, 3, |inner| {
        let s = inner.clone();
        prop_oneof![
            prop::collection::vec(s.clone(), 0..3).prop_map(|v| format!("{{ {} }}", v.join(" "))),
            (expression(), s.clone(), s.clone()).prop_map(|(c, a, b)| format!("if ({c}) {{ {a} }} else {{ {b} }}")),
            (expression(), s.clone()).prop_map(|(c, a)| format!("while ({c}) {{ {a} break; }}")),
            (expression(), s.clone()).prop_map(|(c, a)| format!("foreach (var i in {c}) {{ {a} }}")),
            s.clone().prop_map(|a| format!("for (int i = 0; i < 3; i++) {{ {a} continue; }}")),
            s.clone()
                .prop_map(|a| format!("try {{ {a} }} catch (Exception e) when (e != null) {{ throw; }} finally {{ }}")),
            (expression(), s.clone()).prop_map(|(c, a)| format!(
                "switch ({c}) {{ case 1: {{ {a} break; }} case string t when t != null: break; default: break; }}"
            )),
            (expression(), s.clone()).prop_map(|(c, a)| format!("using (var u = {c}) {{ {a} }}")),
            s.clone().prop_map(|a| format!("int Local(int p) {{ {a} return p; }}")),
            s.clone().prop_map(|a| format!("IEnumerable<int> It(in int p) {{ {a} yield return p; yield break; }}")),
            s.clone().prop_map(|a| format!("here: {{ {a} goto here; }} lock (x) {{ checked {{ a ??= b; }} }}")),
            s.clone().prop_map(|a| format!("(int p, (var q, _)) = t; (x, y.Z) = (y.Z, x); foreach (var (k, (l, m)) in t) {{ {a} }}")),
            s.clone().prop_map(|a| format!("switch (t) {{ case (1, {{ A: 2 }}): case [1, ..]: goto default; default: {a} goto case 3; case 3: break; }}")),
            s.prop_map(|a| format!("do {{ {a} }} while (true);")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn generated_expressions_are_taken_by_both(code in expression()) {
        prop_assert!(ours(&code, false), "{:?}", parse_expression(&code).1);
        prop_assert!(oracle(&code, false));
    }

    #[test]
    fn generated_statements_are_taken_by_both(code in prop::collection::vec(statement(), 1..4)) {
        let code = code.join("\n");
        prop_assert!(ours(&code, true), "{:?}", parse_block(&code).1);
        prop_assert!(oracle(&code, true));
    }

    #[test]
    fn printing_generated_statements_gives_the_same_tree(code in prop::collection::vec(statement(), 1..4)) {
        let tree = parse_block(&code.join("\n")).0;
        let again = parse_block(&apimite_expr::syntax::print_block(&tree)).0;
        prop_assert_eq!(shape(&tree), shape(&again));
    }

    #[test]
    fn any_text_is_read_without_a_panic(code in "\\PC{0,200}") {
        parse_expression(&code);
        parse_block(&code);
    }

    #[test]
    fn any_run_of_tokens_is_read_without_a_panic(tokens in prop::collection::vec(token(), 0..80)) {
        let code = tokens.join(" ");
        let (tree, _) = parse_expression(&code);
        apimite_expr::syntax::print_expression(&tree);
        let (tree, errors) = parse_block(&code);
        let printed = apimite_expr::syntax::print_block(&tree);
        if errors.is_empty() {
            prop_assert_eq!(shape(&parse_block(&printed).0), shape(&tree), "{}", printed);
        }
    }

    #[test]
    fn a_damaged_program_is_read_without_a_panic(
        code in prop::collection::vec(statement(), 1..3),
        cut in 0_usize..400,
        length in 0_usize..6,
        patch in token(),
    ) {
        let text: Vec<char> = code.join("\n").chars().collect();
        let start = cut.min(text.len());
        let end = (start + length).min(text.len());
        let damaged: String = text[..start].iter().copied().chain(patch.chars()).chain(text[end..].iter().copied()).collect();
        let (_, errors) = parse_block(&damaged);
        for error in errors {
            prop_assert!(error.span.end as usize <= damaged.len() && error.span.start <= error.span.end);
        }
    }
}

fn token() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "a",
        "b",
        "1",
        "\"s\"",
        "$\"{",
        "}\"",
        "$\"a{b}c\"",
        "'c'",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "<",
        ">",
        ",",
        ";",
        ":",
        "?",
        "??",
        ".",
        "..",
        "=>",
        "=",
        "==",
        "+",
        "-",
        "!",
        "^",
        "&",
        "*",
        "int",
        "string",
        "var",
        "new",
        "is",
        "as",
        "not",
        "and",
        "or",
        "switch",
        "case",
        "default",
        "when",
        "if",
        "else",
        "for",
        "foreach",
        "in",
        "while",
        "do",
        "return",
        "throw",
        "try",
        "catch",
        "finally",
        "using",
        "lock",
        "from",
        "select",
        "where",
        "group",
        "by",
        "into",
        "join",
        "on",
        "equals",
        "let",
        "orderby",
        "delegate",
        "async",
        "await",
        "static",
        "ref",
        "out",
        "this",
        "null",
        "typeof",
        "_",
        "goto",
        "yield",
        "with",
        "checked",
        "stackalloc",
        "const",
        "@\"",
        "\"\"\"",
        "/*",
        "//",
        "\\",
        "#",
        "'",
        "$",
        "@",
        "0x",
        "1e",
    ])
    .prop_map(str::to_owned)
}

/// Debug text without spans.
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
