//! Properties of the engine: no program panics or hangs, and computing a constant at load changes nothing.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::LazyLock;

use apimite_expr::{Budget, Engine, Form, LanguageVersion, NoHost, Settings, Want};
use proptest::prelude::*;

static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
    let budget = Budget { steps: 20_000, depth: 40, memory_bytes: 4 << 20 };
    Engine::new(Settings { lenient: true, csharp: LanguageVersion::CSharp12, budget, ..Settings::default() }, &[])
});

/// Type and text of the result, the exception, or the codes of the compiler.
fn run(code: &str, form: Form) -> Result<String, Vec<&'static str>> {
    let program =
        ENGINE.compile(code, form, Want::Any).map_err(|errors| errors.iter().map(|e| e.code).collect::<Vec<_>>())?;
    Ok(match program.eval(&NoHost) {
        Err(fault) => format!("throws {}", fault.thrown),
        Ok(value) => {
            let ty = value.type_of().map_or_else(|| "null".to_owned(), |ty| ty.clr());
            match program.to_text(&NoHost, &value) {
                Ok(text) => format!("{ty} {}", text.as_str()),
                Err(thrown) => format!("{ty} throws {thrown}"),
            }
        }
    })
}

// ---- any text

/// Words of the language and of the library, as they come.
fn soup() -> impl Strategy<Value = String> {
    let words = vec![
        "a",
        "b",
        "x",
        "=>",
        "(",
        ")",
        "{",
        "}",
        "[",
        "]",
        "<",
        ">",
        ",",
        ";",
        ".",
        "?.",
        "?",
        ":",
        "??",
        "=",
        "==",
        "+",
        "-",
        "*",
        "/",
        "%",
        "!",
        "&&",
        "||",
        "+=",
        "++",
        "--",
        "is",
        "as",
        "new",
        "var",
        "int",
        "string",
        "object",
        "return",
        "if",
        "else",
        "while",
        "for",
        "foreach",
        "in",
        "switch",
        "case",
        "default",
        "break",
        "continue",
        "try",
        "catch",
        "finally",
        "throw",
        "using",
        "out",
        "ref",
        "from",
        "where",
        "select",
        "orderby",
        "group",
        "by",
        "let",
        "typeof",
        "nameof",
        "checked",
        "unchecked",
        "null",
        "true",
        "false",
        "1",
        "0",
        "2.5",
        "3m",
        "'c'",
        "\"s\"",
        "$\"{1}\"",
        "@\"v\"",
        "List<int>",
        "Dictionary<string, object>",
        "Func<int, int>",
        "JObject",
        "Math",
        "String",
        "DateTime",
        "Regex",
        "Parse",
        "Select",
        "ToString",
        "Length",
        "Where",
        "x => x",
        "int a = 1;",
        "return a;",
        "new[] { 1, 2 }",
        "new { A = 1 }",
        "(1, 2)",
        "int F(int n) => n;",
        "goto a;",
        "a:",
    ];
    prop::collection::vec(prop::sample::select(words), 1..30).prop_map(|words| words.join(" "))
}

// ---- well-formed programs

/// Names end in `#`; those inside a scope get one letter more, for C# refuses to declare a name again in an inner scope.
fn nested(code: &str) -> String {
    code.replace('#', "q#")
}

/// An `int` expression over `a`, `b`, `list` and `text`.
fn number() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("a".to_owned()),
        Just("b".to_owned()),
        Just("list.Count".to_owned()),
        Just("text.Length".to_owned()),
        any::<i16>().prop_map(|n| format!("({n})")),
        Just("int.MaxValue".to_owned()),
        Just("list.Sum()".to_owned()),
        Just("list[a]".to_owned()),
        Just("(int)text[b]".to_owned()),
    ];
    leaf.prop_recursive(3, 16, 3, |inner| {
        let op = prop::sample::select(vec!["+", "-", "*", "/", "%", "<<", ">>", "&", "|", "^"]);
        prop_oneof![
            (inner.clone(), op, inner.clone()).prop_map(|(a, op, b)| format!("({a} {op} {b})")),
            (inner.clone(), inner.clone(), inner.clone()).prop_map(|(c, a, b)| format!("({c} > 0 ? {a} : {b})")),
            inner.clone().prop_map(|a| format!("checked({a} * 3)")),
            inner.clone().prop_map(|a| {
                let a = nested(&a);
                format!("list.Where(x# => x# > {a}).Select(x# => x# + {a}).FirstOrDefault()")
            }),
            inner.clone().prop_map(|a| format!("F({a})")),
            inner.clone().prop_map(|a| format!("int.Parse(({a}).ToString())")),
            inner.clone().prop_map(|a| format!("text.Substring({a}).Length")),
            inner.prop_map(|a| format!("Enumerable.Range(0, {a}).Count()")),
        ]
    })
}

fn statement() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        number().prop_map(|e| format!("a = {e};")),
        number().prop_map(|e| format!("b += {e};")),
        number().prop_map(|e| format!("list.Add({e});")),
        number().prop_map(|e| format!("text += {e};")),
        Just("text += text;".to_owned()),
        number().prop_map(|e| format!("throw new InvalidOperationException(({e}).ToString());")),
        number().prop_map(|e| format!("return {e};")),
        Just("list.AddRange(list);".to_owned()),
    ];
    leaf.prop_recursive(3, 20, 4, |inner| {
        let block = prop::collection::vec(inner, 1..4).prop_map(|list| nested(&list.join(" ")));
        prop_oneof![
            (number(), block.clone()).prop_map(|(e, body)| format!("while ({e} != b) {{ {body} }}")),
            block.clone().prop_map(|body| format!("for (int i# = 0; ; i#++) {{ if (i# > 9) break; {body} }}")),
            block.clone().prop_map(|body| format!("foreach (var item# in list.ToList()) {{ {body} }}")),
            (number(), block.clone(), block.clone())
                .prop_map(|(e, yes, no)| format!("if ({e} > b) {{ {yes} }} else {{ {no} }}")),
            (block.clone(), block.clone()).prop_map(|(body, rescue)| {
                format!(
                    "try {{ {body} }} catch (Exception e#) when (e#.Message != null) {{ {rescue} }} finally {{ b++; }}"
                )
            }),
            block.prop_map(|body| format!("{{ Action act# = () => {{ a++; }}; act#(); {body} }}")),
        ]
    })
}

fn program() -> impl Strategy<Value = String> {
    let function = prop::sample::select(vec!["n", "n + 1", "n <= 0 ? 0 : F(n - 1)", "F(n)", "F(n + 1) + a"]);
    (function, prop::collection::vec(statement(), 1..6)).prop_map(|(function, body)| {
        format!(
            "int a = 1, b = 2; var text = \"ab\"; var list = new List<int> {{ 3, 1, 2 }}; int F(int n) => {function}; \
             {} return a + b + text + list.Count;",
            body.join(" ")
        )
        .replace('#', "")
    })
}

// ---- expressions of literals

#[derive(Clone, Debug)]
enum Node {
    Literal(&'static str, String),
    Unary(&'static str, Box<Node>),
    Binary(&'static str, Box<Node>, Box<Node>),
    Choice(Box<Node>, Box<Node>, Box<Node>),
}

impl Node {
    /// As source; with `variables`, literals become variables that are declared there.
    fn write(&self, variables: &mut Option<Vec<String>>) -> String {
        match self {
            Self::Literal(ty, text) => match variables {
                None => text.clone(),
                Some(list) => {
                    let name = format!("v{}", list.len());
                    list.push(format!("{ty} {name} = {text};"));
                    name
                }
            },
            Self::Unary(op, a) => format!("({op}({}))", a.write(variables)),
            Self::Binary(op, a, b) => format!("({} {op} {})", a.write(variables), b.write(variables)),
            Self::Choice(c, a, b) => {
                format!("({} ? {} : {})", c.write(variables), a.write(variables), b.write(variables))
            }
        }
    }
}

type Tree = BoxedStrategy<Node>;

fn literals(ty: &'static str, texts: &'static [&'static str]) -> Tree {
    prop::sample::select(texts.to_vec()).prop_map(move |text| Node::Literal(ty, text.to_owned())).boxed()
}

fn binary(ops: &'static [&'static str], a: &Tree, b: &Tree) -> Tree {
    (prop::sample::select(ops.to_vec()), a.clone(), b.clone())
        .prop_map(|(op, a, b)| Node::Binary(op, Box::new(a), Box::new(b)))
        .boxed()
}

fn unary(op: &'static str, a: &Tree) -> Tree {
    a.clone().prop_map(move |a| Node::Unary(op, Box::new(a))).boxed()
}

/// Trees of one depth by type: each level is made of the level below.
struct Level {
    int: Tree,
    long: Tree,
    double: Tree,
    decimal: Tree,
    text: Tree,
    bool: Tree,
}

fn leaves() -> Level {
    Level {
        int: literals("int", &["0", "1", "2", "7", "-1", "31", "33", "1000000", "2147483647", "int.MinValue"]),
        long: literals("long", &["0L", "1L", "-3L", "63L", "4294967296L", "9223372036854775807L", "long.MinValue"]),
        double: literals("double", &["0.0", "1.5", "-2.25", "1e300", "0.1", "1e-310", "double.NaN", "3e9"]),
        decimal: literals("decimal", &["0m", "1.10m", "-2.5m", "0.0001m", "79228162514264337593543950335m"]),
        text: literals("string", &["\"\"", "\"a\"", "\"Zz\"", "\"é\"", "\"1\""]),
        bool: literals("bool", &["true", "false"]),
    }
}

const ARITHMETIC: &[&str] = &["+", "-", "*", "/", "%"];
const WHOLE: &[&str] = &["+", "-", "*", "/", "%", "&", "|", "^"];
const COMPARE: &[&str] = &["<", "<=", ">", ">=", "==", "!="];

fn above(below: &Level) -> Level {
    let choice = |of: &Tree| {
        (below.bool.clone(), of.clone(), of.clone())
            .prop_map(|(c, a, b)| Node::Choice(Box::new(c), Box::new(a), Box::new(b)))
            .boxed()
    };
    Level {
        int: prop_oneof![
            below.int.clone(),
            binary(WHOLE, &below.int, &below.int),
            binary(&["<<", ">>"], &below.int, &below.int),
            unary("-", &below.int),
            unary("~", &below.int),
            unary("(int)", &below.long),
            unary("(byte)", &below.int).prop_map(|a| Node::Unary("+", Box::new(a))),
            choice(&below.int),
        ]
        .boxed(),
        long: prop_oneof![
            below.long.clone(),
            binary(WHOLE, &below.long, &below.long),
            binary(WHOLE, &below.long, &below.int),
            binary(&["<<", ">>"], &below.long, &below.int),
            unary("(long)", &below.int),
            choice(&below.long),
        ]
        .boxed(),
        double: prop_oneof![
            below.double.clone(),
            binary(ARITHMETIC, &below.double, &below.double),
            binary(ARITHMETIC, &below.double, &below.long),
            unary("(double)", &below.decimal),
            unary("(double)(float)", &below.double),
            choice(&below.double),
        ]
        .boxed(),
        decimal: prop_oneof![
            below.decimal.clone(),
            binary(ARITHMETIC, &below.decimal, &below.decimal),
            binary(ARITHMETIC, &below.decimal, &below.int),
            unary("-", &below.decimal),
            choice(&below.decimal),
        ]
        .boxed(),
        text: prop_oneof![
            below.text.clone(),
            binary(&["+"], &below.text, &below.text),
            binary(&["+"], &below.text, &below.int),
            binary(&["+"], &below.double, &below.text),
            binary(&["+"], &below.text, &below.decimal),
            binary(&["+"], &below.bool, &below.text),
            choice(&below.text),
        ]
        .boxed(),
        bool: prop_oneof![
            below.bool.clone(),
            binary(COMPARE, &below.int, &below.long),
            binary(COMPARE, &below.double, &below.double),
            binary(COMPARE, &below.decimal, &below.decimal),
            binary(&["==", "!="], &below.text, &below.text),
            binary(&["&&", "||", "^", "&", "|", "==", "!="], &below.bool, &below.bool),
            unary("!", &below.bool),
        ]
        .boxed(),
    }
}

fn of_literals() -> Tree {
    let level = above(&above(&above(&leaves())));
    prop_oneof![level.int, level.long, level.double, level.decimal, level.text, level.bool].boxed()
}

/// What the compiler refuses in constants and leaves to the run otherwise: division by zero, overflow, values that do not fit.
const ONLY_CONSTANTS: [&str; 5] = ["CS0020", "CS0220", "CS0221", "CS0031", "CS0463"];

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn any_words_are_refused_or_run_to_an_end(code in soup()) {
        let _ = run(&code, Form::Block);
        let _ = run(&code, Form::Expression);
    }

    #[test]
    fn a_sound_program_compiles_and_ends_within_its_budget(code in program()) {
        if let Err(codes) = run(&code, Form::Block) {
            prop_assert!(codes.iter().all(|code| ONLY_CONSTANTS.contains(code)), "{codes:?}");
        }
    }

    #[test]
    fn a_constant_has_the_value_that_the_same_code_computes(tree in of_literals()) {
        let folded = run(&format!("unchecked({})", tree.write(&mut None)), Form::Expression);
        let mut variables = Some(Vec::new());
        let body = tree.write(&mut variables);
        let computed = run(&format!("{} return unchecked({body});", variables.unwrap().concat()), Form::Block);
        match folded {
            Ok(folded) => prop_assert_eq!(Ok(folded), computed),
            Err(codes) => prop_assert!(codes.iter().all(|code| ONLY_CONSTANTS.contains(code)), "{:?}", codes),
        }
    }
}
