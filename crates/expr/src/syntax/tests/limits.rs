//! Versions of the language, nesting, and time.

use crate::syntax::*;

fn features(code: &str) -> Vec<Feature> {
    read_expression(code).features.iter().map(|f| f.feature).collect()
}

#[test]
fn newer_syntax_is_reported_with_its_version() {
    assert_eq!(features("a ??= b"), [Feature::CoalescingAssignment]);
    assert_eq!(features("x switch { _ => 1 }"), [Feature::SwitchExpression, Feature::RecursivePatterns]);
    assert_eq!(features("a[^1..]"), [Feature::IndexFromEnd, Feature::Range]);
    assert_eq!(features("x is not null"), [Feature::PatternCombinators]);
    assert_eq!(features("new()"), [Feature::TargetTypedNew]);
    assert_eq!(features("\"\"\"a\"\"\""), [Feature::RawString]);
    assert_eq!(features("$\"{a\n}\""), [Feature::NewlineInInterpolation]);
    assert_eq!(features("x is string s && f(out var y) ? (1, 2) : throw e"), []);
    assert_eq!(Feature::IndexFromEnd.since(), LanguageVersion::CSharp8);
    assert_eq!(
        Feature::IndexFromEnd.refusal(LanguageVersion::CSharp7_3).1,
        "Feature 'index operator' is not available in C# 7.3. Please use language version 8.0 or greater."
    );
}

#[test]
fn hostile_nesting_is_refused_and_does_not_overflow() {
    for (open, middle, close) in [
        ("(", "1", ")"),
        ("f(", "1", ")"),
        ("-", "1", ""),
        ("a[", "1", "]"),
        ("new A { B = ", "1", "}"),
        ("x => ", "1", ""),
        ("a ? ", "1", " : 2"),
        ("a ?? ", "1", ""),
        ("a?.b", "", ""),
        ("$\"{", "1", "}\""),
        ("(A<", "B", ">)x"),
        ("x is (", "1", ")"),
        ("a + (b * (", "1", "))"),
        ("delegate { return ", "1", "; }"),
        ("(int)", "x", ""),
        ("typeof(A<", "int", ">)"),
        ("a || b && c | d ^ e & f == g < h << i + j * (", "1", ")"),
        ("from x in ", "y", " select x"),
    ] {
        let code = format!("{}{middle}{}", open.repeat(10_000), close.repeat(10_000));
        assert!(!parse_expression(&code).1.is_empty(), "{open}");
    }
    for (open, close) in [("{", "}"), ("if (a) ", "b();"), ("if (a) { } else ", "b();"), ("a: ", "b();")] {
        let code = format!("{}{}", open.repeat(10_000), close.repeat(10_000));
        assert!(!parse_block(&code).1.is_empty(), "{open}");
    }
    for chain in [" + a", ".a", "()", "[1]", "?.a", " ?? a", "!", " switch { _ => 1 }", " is A", " as A"] {
        let code = format!("a{}", chain.repeat(100_000));
        assert!(parse_expression(&code).1.iter().any(|e| e.code == "CS8078"), "{chain}");
    }
    assert_eq!(parse_expression(&format!("a{}", " + b.c(\"d\")".repeat(300))).1, []);
}

#[test]
fn reading_takes_time_in_proportion_to_the_text() {
    // Inputs that make a careless reader look ahead over the rest again and again.
    for piece in
        ["(a, ", "a < b, ", "{ ", "$\"{", "x => ", "(int ", "[", "f(a<", "]", ")", "(]", "[)", "{)", "from x in "]
    {
        let code = piece.repeat(40_000);
        parse_expression(&code);
        parse_block(&code);
    }
}

#[test]
fn a_raw_string_of_one_line_holds_no_line_break() {
    for code in ["\"\"\"a\rb\"\"\"", "$\"\"\"a\r\"\"\"", "\"\"\"a\nb\"\"\""] {
        assert!(parse_expression(code).1.iter().any(|e| e.code == "CS8997"), "{code:?}");
    }
    assert_eq!(parse_expression("\"\"\"\n  a\r\n  b\n  \"\"\"").1, []);
}
