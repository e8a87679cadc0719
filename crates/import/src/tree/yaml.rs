//! YAML with places: the first document of the text, aliases expanded within bounds.

use std::borrow::Cow;
use std::collections::HashMap;

use apimite_diag::Span;
use saphyr_parser::{Event, Parser, ScalarStyle, ScanError};

use super::{MAX_DEPTH, Malformed, Member, Node, Value, is_json_number, repeated_keys};

/// How many nodes aliases may add to one document.
const MAX_EXPANDED: usize = 1_000_000;

/// Reads the first YAML document of a text. Repeated keys are reported and the first one counts.
pub(crate) fn read<'a>(text: &'a str, found: &mut Vec<Malformed>) -> Option<Node<'a>> {
    super::block_yaml::read(text, found).or_else(|| read_general(text, found))
}

/// The same with the general parser.
pub(super) fn read_general<'a>(text: &'a str, found: &mut Vec<Malformed>) -> Option<Node<'a>> {
    let (body, skipped) = match text.strip_prefix('\u{feff}') {
        Some(body) => (body, 3),
        None => (text, 0),
    };
    let offsets = Offsets::new(body, skipped);
    let mut builder =
        Builder { offsets: &offsets, open: Vec::new(), root: None, anchors: HashMap::new(), expanded: 0, found };
    let result = builder.run(Parser::new_from_str(body));
    let root = builder.root.take();
    match result {
        Ok(()) => root.or_else(|| Some(Node { span: Span::default(), value: Value::Null })),
        Err(malformed) => {
            found.push(malformed);
            None
        }
    }
}

/// Byte offsets of characters: the scanner counts characters.
struct Offsets {
    skipped: usize,
    bytes: Option<Vec<u32>>,
    length: usize,
}

impl Offsets {
    fn new(text: &str, skipped: usize) -> Self {
        let bytes =
            (!text.is_ascii()).then(|| text.char_indices().map(|(at, _)| Span::from_usize(at, at).start).collect());
        Self { skipped, bytes, length: text.len() }
    }

    fn byte(&self, character: usize) -> usize {
        let byte = match &self.bytes {
            Some(bytes) => bytes.get(character).map_or(self.length, |&byte| byte as usize),
            None => character.min(self.length),
        };
        byte + self.skipped
    }

    fn span(&self, span: saphyr_parser::Span) -> Span {
        Span::from_usize(self.byte(span.start.index()), self.byte(span.end.index()))
    }
}

/// A list or object that is not closed yet.
struct Open<'a> {
    start: Span,
    anchor: usize,
    items: Vec<Node<'a>>,
    members: Vec<Member<'a>>,
    key: Option<(Cow<'a, str>, Span)>,
    is_map: bool,
}

struct Builder<'a, 'o, 'f> {
    offsets: &'o Offsets,
    open: Vec<Open<'a>>,
    root: Option<Node<'a>>,
    anchors: HashMap<usize, Node<'a>>,
    expanded: usize,
    found: &'f mut Vec<Malformed>,
}

impl<'a> Builder<'a, '_, '_> {
    fn run<T: saphyr_parser::Input>(&mut self, parser: Parser<'a, T>) -> Result<(), Malformed>
    where
        Parser<'a, T>: Iterator<Item = Result<(Event<'a>, saphyr_parser::Span), ScanError>>,
    {
        for event in parser {
            let (event, span) = event.map_err(|error| self.scan_error(&error))?;
            let span = self.offsets.span(span);
            match event {
                Event::Scalar(text, style, anchor, tag) => {
                    let quoted = style != ScalarStyle::Plain || tag.is_some_and(|tag| tag.suffix == "str");
                    let value = if quoted { Value::Text(text) } else { plain(text) };
                    self.add(Node { span, value }, anchor)?;
                }
                Event::SequenceStart(anchor, _) => self.start(span, anchor, false)?,
                Event::MappingStart(anchor, _) => self.start(span, anchor, true)?,
                Event::SequenceEnd | Event::MappingEnd => self.end(span)?,
                Event::Alias(anchor) => {
                    let Some(node) = self.anchors.get(&anchor).cloned() else {
                        return Err(malformed("an alias points at itself", span, "write the value out"));
                    };
                    self.expanded += size(&node);
                    if self.expanded > MAX_EXPANDED {
                        return Err(malformed(
                            "aliases expand to more than a million values",
                            span,
                            "write fewer aliases",
                        ));
                    }
                    self.add(Node { span, value: node.value }, 0)?;
                }
                Event::DocumentEnd => break,
                Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) => {}
            }
        }
        Ok(())
    }

    fn scan_error(&self, error: &ScanError) -> Malformed {
        let at = self.offsets.byte(error.marker().index());
        Malformed::new(format!("no YAML: {}", error.info()), at, at + 1)
            .help("check the indentation and the quotes on this line and the line before")
    }

    fn start(&mut self, span: Span, anchor: usize, is_map: bool) -> Result<(), Malformed> {
        if self.open.len() >= MAX_DEPTH {
            return Err(malformed(
                &format!("lists and objects nest deeper than {MAX_DEPTH}"),
                span,
                "flatten the document",
            ));
        }
        self.open.push(Open { start: span, anchor, items: Vec::new(), members: Vec::new(), key: None, is_map });
        Ok(())
    }

    fn end(&mut self, span: Span) -> Result<(), Malformed> {
        let Some(open) = self.open.pop() else { return Ok(()) };
        let value = if open.is_map {
            repeated_keys(&open.members, self.found);
            Value::Map(open.members)
        } else {
            Value::List(open.items)
        };
        self.add(Node { span: open.start.to(span), value }, open.anchor)
    }

    fn add(&mut self, node: Node<'a>, anchor: usize) -> Result<(), Malformed> {
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        let Some(open) = self.open.last_mut() else {
            self.root.get_or_insert(node);
            return Ok(());
        };
        if !open.is_map {
            open.items.push(node);
        } else if let Some((key, key_span)) = open.key.take() {
            if key == "<<" {
                merge(&mut open.members, node);
            } else {
                open.members.push(Member { key, key_span, node });
            }
        } else {
            let span = node.span;
            let key = match node.value {
                Value::Text(text) | Value::Number(text) => text,
                Value::Bool(flag) => Cow::Borrowed(if flag { "true" } else { "false" }),
                Value::Null => Cow::Borrowed("null"),
                Value::List(_) | Value::Map(_) => {
                    return Err(malformed("a list or object cannot be a key", span, "put quotes around the key"));
                }
            };
            open.key = Some((key, span));
        }
        Ok(())
    }
}

fn malformed(message: &str, span: Span, help: &str) -> Malformed {
    Malformed { message: message.to_owned(), span, help: Some(help.to_owned()) }
}

/// The merge key `<<`: members that are not there yet.
fn merge<'a>(members: &mut Vec<Member<'a>>, node: Node<'a>) {
    match node.value {
        Value::Map(more) => {
            for member in more {
                if !members.iter().any(|other| other.key == member.key) {
                    members.push(member);
                }
            }
        }
        Value::List(items) => items.into_iter().for_each(|item| merge(members, item)),
        _ => {}
    }
}

fn size(node: &Node<'_>) -> usize {
    1 + node.items().iter().map(size).sum::<usize>() + node.members().iter().map(|m| size(&m.node)).sum::<usize>()
}

/// What an unquoted scalar is, by the core schema of YAML 1.2.
pub(super) fn plain(text: Cow<'_, str>) -> Value<'_> {
    match &*text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        other if other.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '#') => Value::Text(text),
        other => {
            let number = is_json_number(other)
                || other
                    .strip_prefix("0x")
                    .is_some_and(|hex| !hex.is_empty() && hex.bytes().all(|b| b.is_ascii_hexdigit()))
                || other
                    .strip_prefix("0o")
                    .is_some_and(|octal| !octal.is_empty() && octal.bytes().all(|b| (b'0'..=b'7').contains(&b)))
                || (other.starts_with(['.', '+', '-'])
                    && other.bytes().any(|b| b.is_ascii_digit())
                    && other.bytes().all(|b| matches!(b, b'0'..=b'9' | b'.' | b'+' | b'-' | b'e' | b'E'))
                    && other.parse::<f64>().is_ok());
            if number { Value::Number(text) } else { Value::Text(text) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ok(text: &str) -> String {
        let mut found = Vec::new();
        let node = read(text, &mut found);
        assert!(found.is_empty(), "{found:?}");
        node.unwrap().json()
    }

    fn wrong(text: &str) -> Malformed {
        let mut found = Vec::new();
        read(text, &mut found);
        found.remove(0)
    }

    #[test]
    fn yaml_becomes_the_same_tree_as_json() {
        let text =
            "a: 1\nb: [x, 'y', \"z\"]\nc:\n  - d: true\n    e: ~\n'200':\n  f: |\n    one\n    two\n200x: 0x10\n";
        assert_eq!(
            ok(text),
            r#"{"a":1,"b":["x","y","z"],"c":[{"d":true,"e":null}],"200":{"f":"one\ntwo\n"},"200x":16}"#
        );
    }

    #[test]
    fn aliases_and_merge_keys_are_expanded() {
        assert_eq!(ok("a: &x {b: 1}\nc: *x\nd:\n  <<: *x\n  e: 2\n"), r#"{"a":{"b":1},"c":{"b":1},"d":{"b":1,"e":2}}"#);
    }

    #[test]
    fn an_alias_bomb_is_refused() {
        let mut text = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
        for level in 1..12 {
            let before = level - 1;
            text.push_str(&format!("a{level}: &a{level} [{}]\n", vec![format!("*a{before}"); 10].join(",")));
        }
        assert!(wrong(&text).message.contains("million"));
    }

    #[test]
    fn a_mistake_has_its_place_in_bytes() {
        let text = "ä: 1\nb: [1,\nc: 2\n";
        let found = wrong(text);
        assert!(found.message.starts_with("no YAML:"), "{found:?}");
        assert!(found.span.start >= 6, "{found:?}");
        assert_eq!(wrong("a: 1\na: 2\n").message, "the key `a` is written twice in one object");
        assert_eq!(wrong("é: 1\né: 2\n").span, Span::new(6, 8));
    }
}
