use std::sync::Arc;

use super::*;

fn regex(pattern: &str) -> Regex {
    with(pattern, RegexOptions::NONE)
}

fn with(pattern: &str, options: RegexOptions) -> Regex {
    Regex::new(pattern, options).unwrap_or_else(|thrown| panic!("{pattern}: {thrown}"))
}

fn is_match(pattern: &str, text: &str) -> bool {
    regex(pattern).is_match(text).unwrap()
}

fn find(pattern: &str, text: &str) -> Match {
    regex(pattern).match_first(&Arc::from(text)).unwrap()
}

fn all(pattern: &str, text: &str) -> Vec<String> {
    regex(pattern).matches(&Arc::from(text)).unwrap().iter().map(|found| found.value().into_owned()).collect()
}

/// Nobody counts.
fn free(_: usize) -> Result<(), Thrown> {
    Ok(())
}

fn replace(text: &str, pattern: &str, replacement: &str) -> String {
    regex(pattern).replace(text, replacement, -1, None).unwrap().into_owned()
}

fn refusal(pattern: &str) -> String {
    Regex::new(pattern, RegexOptions::NONE).unwrap_err().message
}

#[test]
fn a_dollar_matches_before_a_last_newline() {
    assert!(is_match("^ab$", "ab\n") && is_match(r"ab\Z", "ab\n") && !is_match(r"ab\z", "ab\n"));
    assert!(!is_match("^ab$", "ab\n\n"));
    assert!(with("^b$", RegexOptions::MULTILINE).is_match("a\nb\nc").unwrap());
}

#[test]
fn class_subtraction_is_computed() {
    assert_eq!(all("[a-z-[aeiou]]+", "banana split"), ["b", "n", "n", "spl", "t"]);
    assert_eq!(all(r"[\w-[\d]]+", "a1b_2"), ["a", "b_"]);
    assert_eq!(all("[a-z-[d-w-[m-o]]]+", "abcdefmnoxyz"), ["abc", "mnoxyz"]);
}

#[test]
fn balancing_groups_match_nested_parentheses() {
    let pattern = r"^[^()]*(?:(?:(?<open>\()[^()]*)+(?:(?<-open>\))[^()]*)+)*(?(open)(?!))$";
    assert!(is_match(pattern, "(a(b)c)"));
    assert!(!is_match(pattern, "(a") && !is_match(pattern, "a)") && !is_match(pattern, "(a))"));
    let found = find(r"^(?:(?<o>\()|(?<c-o>\))|[^()])*$", "(ab(c)d)");
    let values: Vec<_> = found.group_named("c").captures().iter().map(|c| c.value().into_owned()).collect();
    assert_eq!(values, ["c", "ab(c)d"]);
}

#[test]
fn every_capture_of_a_repeated_group_is_kept() {
    let found = find("(?:([a-z])(\\d)?X)+", "aXb2Xc3X");
    let group = found.group(1);
    assert_eq!(group.value(), "c");
    let captures: Vec<_> = group.captures().iter().map(|c| (c.value().into_owned(), c.index())).collect();
    assert_eq!(captures, [("a".to_owned(), 0), ("b".to_owned(), 2), ("c".to_owned(), 5)]);
    assert_eq!(found.group(2).captures().len(), 2);
}

#[test]
fn an_empty_turn_ends_a_loop_and_is_captured() {
    let found = find("(a*)+", "aab");
    let captures: Vec<_> = found.group(1).captures().iter().map(|c| c.value().into_owned()).collect();
    assert_eq!(captures, ["aa", ""]);
    assert!(is_match("^(a?)*?$", "aaa"));
    assert!(is_match("^(?:a|b??)*$", "abab"));
}

#[test]
fn named_groups_are_numbered_after_the_others() {
    let found = find("(?<first>a)(b)", "ab");
    assert_eq!((found.group(1).value().as_ref(), found.group(2).value().as_ref()), ("b", "a"));
    assert_eq!(regex("(?<x>a)(b)(?<5>c)(?'y'd)").group_numbers(), [0, 1, 2, 3, 5]);
    let names: Vec<_> = regex("(?<x>a)(b)(?<5>c)").group_names().iter().map(|n| n.to_string()).collect();
    assert_eq!(names, ["0", "1", "x", "5"]);
    assert_eq!(regex("(?n)(a)(?<x>b)").group_numbers(), [0, 1]);
    assert_eq!(find("(a)", "b").group_count(), 1);
}

#[test]
fn inline_options_are_scoped() {
    assert!(is_match("a(?i)b", "aB") && !is_match("a(?i)b", "AB"));
    assert!(is_match("(?i:a)b", "Ab") && !is_match("(?i:a)b", "AB"));
    assert!(is_match("(a(?i)b)c", "aBc") && !is_match("(a(?i)b)c", "aBC"));
    assert!(is_match("(?x) a b # tail\n c", "abc"));
    assert!(is_match("(?s-i:a.b)", "a\nb"));
}

#[test]
fn ignoring_case_is_invariant() {
    let ignoring = |pattern: &str, text: &str| with(pattern, RegexOptions::IGNORE_CASE).is_match(text).unwrap();
    assert!(ignoring("^[a-c]+$", "ABC") && ignoring("É", "é") && ignoring("ß", "ß") && !ignoring("ß", "SS"));
    assert!(!ignoring("i", "\u{130}") && ignoring("k", "\u{212A}"));
    assert!(ignoring(r"(a)\1", "aA"));
    assert!(!ignoring("[^a]", "A"));
}

#[test]
fn look_behind_reads_backwards() {
    assert_eq!(all(r"(?<=\$\d{1,3})\.\d\d", "$1.50 2.50 $100.25"), [".50", ".25"]);
    let found = find(r"(?<=(\d+)(\d+))x", "1234x");
    assert_eq!((found.group(1).value().as_ref(), found.group(2).value().as_ref()), ("1", "234"));
    assert_eq!(all(r"(?<!a)b", "ab bb"), ["b", "b"]);
    assert_eq!(replace("1234567", r"(?<=\d)(?=(\d{3})+$)", ","), "1,234,567");
}

#[test]
fn right_to_left_searches_from_the_end() {
    let backward = with(r"\d+", RegexOptions::RIGHT_TO_LEFT);
    let found: Vec<_> =
        backward.matches(&Arc::from("1 22 333")).unwrap().iter().map(|m| m.value().into_owned()).collect();
    assert_eq!(found, ["333", "22", "1"]);
    assert_eq!(backward.replace("1 22 333", "x", 2, None).unwrap(), "1 x x");
    assert_eq!(with("[,;]", RegexOptions::RIGHT_TO_LEFT).split("a,b;c", 2, None).unwrap(), ["a,b", "c"]);
}

#[test]
fn conditionals_choose_a_branch() {
    let pattern = r"^(?<q>')?a(?(q)'|x)$";
    assert!(is_match(pattern, "'a'") && is_match(pattern, "ax") && !is_match(pattern, "a'"));
    assert!(is_match(r"^(?(?=\d)\d{3}|[a-z]+)$", "123") && is_match(r"^(?(?=\d)\d{3}|[a-z]+)$", "abcd"));
    assert!(is_match(r"^(?(a)ab|cd)$", "ab") && is_match(r"^(a)?(?(1)b|c)$", "c"));
}

#[test]
fn empty_matches_advance() {
    assert_eq!(all("a*", "baac"), ["", "aa", "", ""]);
    assert_eq!(replace("abc", "", "-"), "-a-b-c-");
    assert_eq!(replace("abc", "x*", "-"), "-a-b-c-");
    assert_eq!(regex("").split("abc", 0, None).unwrap(), ["", "a", "b", "c", ""]);
    assert_eq!(all(r"\G\d", "12a3"), ["1", "2"]);
}

#[test]
fn replacement_patterns_are_those_of_net() {
    assert_eq!(replace("abc", "b", "[$&$`$']"), "a[bac]c");
    assert_eq!(replace("john smith", r"(?<f>\w+) (?<l>\w+)", "${l} ${f} $2-$1 $+ $_ $$ $x ${zz} $9 ${1"), {
        "smith john smith-john smith john smith $ $x ${zz} $9 ${1"
    });
    assert_eq!(replace("ab", "(?<n>a)", "${1}1|$11|$0"), "a1|$11|ab");
    assert_eq!(regex("a").replace("aaa", "b", 2, None).unwrap(), "bba");
    assert_eq!(regex("a").replace("aaa", "b", -1, Some(1)).unwrap(), "abb");
    assert_eq!(find(r"(?<k>\w+):\s*(?<v>.+)", "key: value").result("${v}=${k}", free).unwrap(), "value=key");
    assert!(Match::empty().result("x", free).is_err());
}

#[test]
fn splitting_includes_groups_that_took_part() {
    assert_eq!(regex("([,;])").split("a,b;c", 0, None).unwrap(), ["a", ",", "b", ";", "c"]);
    assert_eq!(regex("(-)|(,)").split("a-b,c", 0, None).unwrap(), ["a", "-", "b", ",", "c"]);
    assert_eq!(regex(",").split("a,b,c", 2, None).unwrap(), ["a", "b,c"]);
    assert_eq!(regex(",").split("abc", 0, None).unwrap(), ["abc"]);
    assert_eq!(regex(",").split("a,b,c", -1, None).unwrap_err().kind, ExceptionKind::ArgumentOutOfRange);
}

#[test]
fn positions_are_utf16_units() {
    let found = find("b", "é😀b");
    assert_eq!((found.index(), found.length()), (3, 1));
    assert!(!is_match("^.$", "😀") && is_match("^..$", "😀"));
    assert_eq!(find(r"\w+", "€ déjà").index(), 2);
    assert_eq!(regex("b").match_at(&Arc::from("abcb"), 2).unwrap().index(), 3);
    assert!(regex("b").match_at(&Arc::from("abcb"), 5).is_err());
    assert_eq!(regex("^b").match_in(&Arc::from("abcb"), 1, 2).unwrap().index(), 1);
}

#[test]
fn classes_are_unicode_unless_ecmascript() {
    assert!(is_match(r"^\d$", "\u{663}") && !is_match("^[0-9]$", "\u{663}") && is_match(r"^\w$", "é"));
    let ecma = |pattern: &str, text: &str| with(pattern, RegexOptions::ECMA_SCRIPT).is_match(text).unwrap();
    assert!(!ecma(r"^\d$", "\u{663}") && !ecma(r"^\w$", "é") && ecma(r"^(a)\1$", "aa") && ecma(r"^\1(a)$", "\u{1}a"));
    assert!(is_match(r"^\p{L}\p{Lu}\P{Nd}\p{IsGreek}$", "éAxα"));
    assert!(is_match(r"^\p{IsBasicLatin}+$", "abc") && !is_match(r"^\p{IsBasicLatin}+$", "é"));
    assert!(is_match(r"\bé\b", "a é b") && !is_match(r"é\b", "éa"));
}

#[test]
fn escapes_mean_what_net_says() {
    assert!(is_match(r"^\x41\u0042\101\cA\e\a\t\v\f\r\n[\b]\-\#$", "ABA\u{1}\u{1b}\u{7}\t\u{b}\u{c}\r\n\u{8}-#"));
    assert!(is_match(r"^(a)(b)(c)(d)(e)(f)(g)(h)(i)(j)\10$", "abcdefghijj") && is_match(r"^\10$", "\u{8}"));
    assert!(is_match(r"(?<c>a)\k<c>\k'c'\<c>\1", "aaaaa"));
    assert!(is_match("a{,2}", "a{,2}") && is_match("a{x", "a{x") && is_match("]}", "]}") && is_match("[]a]", "]"));
    assert_eq!(escape("a.b*c [d]{e}#\n\t-"), r"a\.b\*c\ \[d]\{e}\#\n\t-");
    assert_eq!(unescape(r"a\.b\n\x41").unwrap(), "a.b\nA");
    assert!(unescape(r"\q").is_err());
}

#[test]
fn bad_patterns_throw_with_the_text_of_net() {
    assert_eq!(refusal("["), "Invalid pattern '[' at offset 1. Unterminated [] set.");
    assert_eq!(refusal("(a"), "Invalid pattern '(a' at offset 2. Not enough )'s.");
    assert_eq!(refusal("a)"), "Invalid pattern 'a)' at offset 2. Too many )'s.");
    assert_eq!(refusal("*a"), "Invalid pattern '*a' at offset 1. Quantifier {x,y} following nothing.");
    assert_eq!(refusal("a**"), "Invalid pattern 'a**' at offset 3. Nested quantifier '*'.");
    assert_eq!(refusal("a{2,1}"), "Invalid pattern 'a{2,1}' at offset 6. Illegal {x,y} with x > y.");
    assert_eq!(refusal("[z-a]"), "Invalid pattern '[z-a]' at offset 4. [x-y] range in reverse order.");
    assert_eq!(refusal(r"\"), r"Invalid pattern '\' at offset 1. Illegal \ at end of pattern.");
    assert_eq!(refusal(r"\1"), r"Invalid pattern '\1' at offset 2. Reference to undefined group number 1.");
    assert_eq!(refusal(r"\k<x>"), r"Invalid pattern '\k<x>' at offset 5. Reference to undefined group name 'x'.");
    assert_eq!(refusal(r"\q"), r"Invalid pattern '\q' at offset 2. Unrecognized escape sequence \q.");
    assert_eq!(refusal(r"\p{Foo}"), r"Invalid pattern '\p{Foo}' at offset 7. Unknown property 'Foo'.");
    assert_eq!(refusal("(?z)"), "Invalid pattern '(?z)' at offset 3. Unrecognized grouping construct.");
    assert!(refusal("(?<1a>x)").contains("Group names must begin"));
    assert!(refusal("(?#").contains("Unterminated (?#...)"));
    assert!(refusal(r"[a-\d]").contains(r"Cannot include class \d in character range."));
    assert!(is_match(r"^[\d-z]$", "-"));
}

#[test]
fn options_that_do_not_go_together_are_refused() {
    let both = RegexOptions::ECMA_SCRIPT.with(RegexOptions::SINGLELINE);
    assert_eq!(Regex::new("a", both).unwrap_err().kind, ExceptionKind::ArgumentOutOfRange);
    assert_eq!(Regex::new("a", RegexOptions::from_bits(1 << 20)).unwrap_err().kind, ExceptionKind::ArgumentOutOfRange);
}

#[test]
fn a_regex_bomb_times_out_instead_of_hanging() {
    let text = "a".repeat(40);
    assert!(!is_match(r"^(a+)+$", &(text.clone() + "b")));
    let thrown = regex(r"^(?=x|.)(a|a)*\1$|^(a|aa)+(?!a)$").is_match(&(text.repeat(50) + "b")).unwrap_err();
    assert_eq!(thrown.kind, ExceptionKind::RegexMatchTimeout);
    assert_eq!(Regex::new(&"(".repeat(10_000), RegexOptions::NONE).unwrap_err().kind, ExceptionKind::Budget);
    assert!(is_match("^(?:a{1000}){1000}$|b", "b"));
}

#[test]
fn automaton_and_machine_agree() {
    let patterns = [
        r"(\w+)@(\w+)\.com",
        r"^(a|ab)(c|bcd)(d*)$",
        r"(a+|b+)*c",
        r"a??b+?",
        r"(?:(a)|b)*",
        r"\d{2,4}?",
        r"x*",
        r"(foo|foobar)baz|foo",
        r"[^,]*,?",
        r"(a(b)?)+",
        r"^\s*(\S+)\s*$",
        r"(?m)^(.*)$",
    ];
    let texts =
        ["joe@site.com", "abcd", "aabbac", "abb", "foobarbaz", "1,22,333", "ababa", " x ", "l1\nl2", "", "éa€b"];
    for pattern in patterns {
        let regex = regex(pattern);
        assert!(regex.is_linear(), "{pattern}");
        for text in texts {
            let found = regex.match_first(&Arc::from(text)).unwrap();
            let subject = Subject::new(Arc::from(text));
            let exact = regex
                .backtrack(&subject, StartFrom { anchor: 0, pos: 0, only_here: false })
                .unwrap()
                .map(|found| found.captures.iter().map(|captures| captures.last().copied()).collect::<Vec<_>>());
            let fast =
                found.data().map(|data| (0..found.group_count()).map(|slot| data.span(slot)).collect::<Vec<_>>());
            assert_eq!(fast, exact, "{pattern} on {text}");
        }
    }
}

#[test]
fn a_replacement_that_explodes_is_stopped() {
    let text = "x".repeat(200_000);
    let thrown = regex("x").replace(&text, "$_", -1, None).unwrap_err();
    assert_eq!(thrown.kind, ExceptionKind::OutOfMemory);
    // Within one match.
    let thrown = regex("x+").replace(&text, &"$0".repeat(10_000), -1, None).unwrap_err();
    assert_eq!(thrown.kind, ExceptionKind::OutOfMemory);
}

#[test]
fn deep_and_long_patterns_are_bounded() {
    let deep = format!("{}a{}", "(".repeat(390), ")*".repeat(390));
    assert!(is_match(&deep, "aaa"));
    let deep = format!("{}a{}", "(?=(?>".repeat(190), "))".repeat(190));
    assert!(is_match(&deep, "a"));
    assert!(is_match(&format!("^(?:{}b)$", "a|".repeat(20_000)), "b"));
    assert!(is_match(&"ab".repeat(50_000), &"ab".repeat(50_000)));
    let thrown = regex("(?:(?:^){1000000}){1000000}x").is_match("x").unwrap_err();
    assert_eq!(thrown.kind, ExceptionKind::RegexMatchTimeout);
    assert!(!is_match("^(?:(?:(?:a{1000}){1000}){1000}){1000}$", "a"));
    assert!(is_match("[a-z-[b-y-[m-[m]]]]", "z"));
}

mod properties {
    use proptest::prelude::*;

    use super::*;

    /// Patterns out of pieces that mean something.
    fn pattern() -> impl Strategy<Value = String> {
        let piece = prop::sample::select(vec![
            "a",
            "b",
            ".",
            "(",
            ")",
            "(?:",
            "|",
            "*",
            "+",
            "?",
            "{1,2}",
            "^",
            "$",
            "\\d",
            "\\w",
            "[ab]",
            "[^a]",
            "\\b",
            "é",
            "(?=",
            "(?<!",
            "\\1",
            "(?<n>",
            "(?>",
            "[a-z-[b]]",
            "(?i)",
            "\\z",
            "*?",
            "-",
            "\n",
            "(?(1)",
            "\\k<n>",
            "\\",
            "[",
            "]",
            "{",
            "}",
            "\\p{Lu}",
            "(?<-n>",
            "#",
            "(?x)",
            "😀",
        ]);
        prop::collection::vec(piece, 0..10).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

        #[test]
        fn no_pattern_panics_and_both_engines_agree(pattern in pattern(), text in "[ab1é😀\n -]{0,12}") {
            let Ok(regex) = Regex::new(&pattern, RegexOptions::NONE) else { return Ok(()) };
            let input: Arc<str> = Arc::from(text.as_str());
            let Ok(found) = regex.match_first(&input) else { return Ok(()) };
            prop_assert_eq!(regex.is_match(&text).unwrap(), found.success());
            let subject = Subject::new(input.clone());
            let start = StartFrom { anchor: 0, pos: 0, only_here: false };
            let exact = regex.backtrack(&subject, start).unwrap().map(|found| {
                found.captures.iter().map(|captures| captures.last().copied()).collect::<Vec<_>>()
            });
            let fast = found.data().map(|data| (0..found.group_count()).map(|slot| data.span(slot)).collect::<Vec<_>>());
            prop_assert_eq!(fast, exact);
            let all = regex.matches(&input).unwrap();
            prop_assert!(all.len() <= subject.len() + 1);
            let kept = regex.replace(&text, "$&", -1, None).unwrap();
            if !text.contains('😀') {
                prop_assert_eq!(kept.as_ref(), text.as_str());
            }
            for found in &all {
                for slot in 0..found.group_count() {
                    let group = found.group_at(slot);
                    prop_assert_eq!(group.captures().last().map(Capture::index).unwrap_or(0), group.index());
                }
            }
            let _ = regex.split(&text, 0, None);
            let backward = Regex::new(&pattern, RegexOptions::RIGHT_TO_LEFT).unwrap();
            let _ = backward.matches(&input);
        }

        #[test]
        fn escaped_text_matches_itself(text in "\\PC{0,20}") {
            let regex = Regex::new(&format!("^{}$", escape(&text)), RegexOptions::NONE).unwrap();
            prop_assert!(regex.is_match(&text).unwrap());
            prop_assert_eq!(unescape(&escape(&text)).unwrap(), text);
        }

        #[test]
        fn any_text_is_a_pattern_or_refused(pattern in "\\PC{0,30}", replacement in "[$a{}0-9&_`'+]{0,10}") {
            if let Ok(regex) = Regex::new(&pattern, RegexOptions::NONE) {
                let _ = regex.replace("some text 12", &replacement, -1, None);
            }
        }
    }
}
