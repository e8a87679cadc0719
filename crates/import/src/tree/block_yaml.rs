//! The YAML that exporters write, read without a scanner: block mappings and sequences, scalars on one line, literals.
//!
//! Whole configurations hold megabytes of it, and a general YAML parser costs more than everything else of an import. This
//! reader gives up ([`None`]) at anything else (anchors, tags, flow collections, folded or continued scalars, comments
//! behind values, tabs) and at every mistake; the general reader then reads the text from its start.

use std::borrow::Cow;

use apimite_diag::Span;

use super::yaml::plain;
use super::{MAX_DEPTH, Malformed, Member, Node, Value, repeated_keys};

/// Reads a text of that kind; `None` when it is of another.
pub(super) fn read<'a>(text: &'a str, found: &mut Vec<Malformed>) -> Option<Node<'a>> {
    let mut lines = Vec::with_capacity(text.len() / 24 + 1);
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let length = text[at..].find('\n').unwrap_or(bytes.len() - at);
        let mut end = at + length;
        let next = end + 1;
        let mut start = at;
        while start < end && bytes[start] == b' ' {
            start += 1;
        }
        while end > start && matches!(bytes[end - 1], b' ' | b'\r') {
            end -= 1;
        }
        let content = &text[start..end];
        let first = content.as_bytes().first();
        if first == Some(&b'\t')
            || (start == at && (content.starts_with("---") || content.starts_with("...") || first == Some(&b'%')))
        {
            return None;
        }
        // A comment line inside a literal is text: the literal reads its lines from the text again.
        lines.push(Line { indent: start - at, at: start, content, blank: matches!(first, None | Some(b'#')) });
        at = next;
    }
    let mut reader = Reader { text, lines, next: 0, repeated: Vec::new() };
    reader.skip();
    let node = reader.block(0, 0)?;
    reader.skip();
    if reader.next < reader.lines.len() {
        return None;
    }
    found.append(&mut reader.repeated);
    Some(node)
}

#[derive(Clone, Copy)]
struct Line<'a> {
    indent: usize,
    /// Where the content begins.
    at: usize,
    content: &'a str,
    blank: bool,
}

struct Reader<'a> {
    text: &'a str,
    lines: Vec<Line<'a>>,
    next: usize,
    repeated: Vec<Malformed>,
}

impl<'a> Reader<'a> {
    fn skip(&mut self) {
        while self.lines.get(self.next).is_some_and(|line| line.blank) {
            self.next += 1;
        }
    }

    fn peek(&mut self) -> Option<Line<'a>> {
        self.skip();
        self.lines.get(self.next).copied()
    }

    /// The collection that begins at the next line, which stands at `least` or deeper.
    fn block(&mut self, least: usize, depth: usize) -> Option<Node<'a>> {
        let line = self.peek()?;
        if line.indent < least || depth > MAX_DEPTH {
            return None;
        }
        if is_item(line.content) { self.sequence(line.indent, depth) } else { self.mapping(line.indent, depth) }
    }

    fn mapping(&mut self, indent: usize, depth: usize) -> Option<Node<'a>> {
        let start = self.peek()?.at;
        let mut end = start;
        let mut members = Vec::new();
        while let Some(line) = self.peek() {
            if line.indent < indent {
                break;
            }
            if line.indent > indent || is_item(line.content) {
                return None;
            }
            let (key, key_span, rest) = key(line)?;
            self.next += 1;
            let node = self.value(rest, line.at + line.content.len() - rest.len(), indent, true, depth)?;
            end = node.span.end as usize;
            members.push(Member { key, key_span, node });
        }
        repeated_keys(&members, &mut self.repeated);
        Some(Node { span: Span::from_usize(start, end.max(start)), value: Value::Map(members) })
    }

    fn sequence(&mut self, indent: usize, depth: usize) -> Option<Node<'a>> {
        let start = self.peek()?.at;
        let mut end = start;
        let mut items = Vec::new();
        while let Some(line) = self.peek() {
            if line.indent != indent || !is_item(line.content) {
                if line.indent > indent {
                    return None;
                }
                break;
            }
            let rest = line.content[1..].trim_start_matches(' ');
            let skipped = line.content.len() - rest.len();
            let item = if rest.is_empty() {
                self.next += 1;
                self.value("", line.at + 1, indent, false, depth)?
            } else if is_item(rest) {
                return None;
            } else if key(Line { content: rest, ..line }).is_some() {
                // The members of the item stand at the column of the first one.
                self.lines[self.next] =
                    Line { indent: indent + skipped, at: line.at + skipped, content: rest, blank: false };
                if depth > MAX_DEPTH {
                    return None;
                }
                self.mapping(indent + skipped, depth + 1)?
            } else {
                self.next += 1;
                self.value(rest, line.at + skipped, indent, false, depth)?
            };
            end = item.span.end as usize;
            items.push(item);
        }
        Some(Node { span: Span::from_usize(start, end.max(start)), value: Value::List(items) })
    }

    /// A value: what stands on the line, or the lines below it.
    fn value(&mut self, rest: &'a str, at: usize, indent: usize, of_key: bool, depth: usize) -> Option<Node<'a>> {
        if rest.is_empty() {
            return match self.peek() {
                Some(line) if line.indent > indent => self.block(indent + 1, depth + 1),
                Some(line) if of_key && line.indent == indent && is_item(line.content) => {
                    self.sequence(indent, depth + 1)
                }
                _ => Some(Node { span: Span::from_usize(at, at), value: Value::Null }),
            };
        }
        if matches!(rest, "|" | "|-") {
            return self.literal(rest == "|", at, indent);
        }
        let value = scalar(rest)?;
        // A deeper line would continue the scalar.
        if self.peek().is_some_and(|line| line.indent > indent) {
            return None;
        }
        Some(Node { span: Span::from_usize(at, at + rest.len()), value })
    }

    /// A literal block with one line break at its end, or none.
    fn literal(&mut self, keep_break: bool, at: usize, indent: usize) -> Option<Node<'a>> {
        let first = self.lines.get(self.next)?;
        if first.content.is_empty() || first.indent <= indent {
            return None;
        }
        let margin = first.indent;
        let mut out = String::new();
        let mut end = at;
        while let Some(line) = self.lines.get(self.next) {
            if line.content.is_empty() {
                // Blank lines with more blanks than the margin are text.
                let raw = self.text.get(line.at - line.indent..).and_then(|rest| rest.split('\n').next()).unwrap_or("");
                if raw.trim_end_matches('\r').len() > margin {
                    return None;
                }
                out.push('\n');
                self.next += 1;
                continue;
            }
            if line.indent < margin {
                if line.indent > indent {
                    return None;
                }
                break;
            }
            let from = line.at - line.indent + margin;
            let raw = self.text.get(from..)?.split('\n').next().unwrap_or("");
            let raw = raw.strip_suffix('\r').unwrap_or(raw);
            out.push_str(raw);
            out.push('\n');
            end = from + raw.len();
            self.next += 1;
        }
        let kept = out.trim_end_matches('\n').len();
        out.truncate(if keep_break { kept + 1 } else { kept });
        Some(Node { span: Span::from_usize(at, end), value: Value::Text(Cow::Owned(out)) })
    }
}

fn is_item(content: &str) -> bool {
    content == "-" || content.starts_with("- ")
}

/// The key of a line, and what stands behind its colon.
fn key(line: Line<'_>) -> Option<(Cow<'_, str>, Span, &str)> {
    let content = line.content;
    let (key, length) = match content.as_bytes().first()? {
        quote @ (b'"' | b'\'') => {
            let close = content[1..].find(char::from(*quote))? + 1;
            let key = &content[1..close];
            if key.contains('\\') || content[close + 1..].starts_with('\'') {
                return None;
            }
            (key, close + 1)
        }
        _ => {
            let bytes = content.as_bytes();
            let colon =
                (0..bytes.len()).find(|&at| bytes[at] == b':' && matches!(bytes.get(at + 1), None | Some(b' ')))?;
            let key = &content[..colon];
            if !is_plain(key) || key.is_empty() || key == "<<" {
                return None;
            }
            (key, colon)
        }
    };
    let rest = content[length..].strip_prefix(':')?;
    if !rest.is_empty() && !rest.starts_with(' ') {
        return None;
    }
    Some((Cow::Borrowed(key), Span::from_usize(line.at, line.at + length), rest.trim_start_matches(' ')))
}

/// Can this text stand without quotes on one line?
fn is_plain(text: &str) -> bool {
    let bytes = text.as_bytes();
    let starts_well = match bytes.first() {
        None => false,
        Some(b'-' | b'?' | b':') => bytes.get(1).is_some_and(|&next| next != b' '),
        Some(first) => !b"[]{},#&*!|>'\"%@`\t".contains(first),
    };
    let mut before = b'x';
    for &byte in bytes {
        // A comment, a nested key, a tab: none of them can stand inside.
        if (byte == b'#' && before == b' ') || (byte == b' ' && before == b':') || byte == b'\t' {
            return false;
        }
        before = byte;
    }
    starts_well && !matches!(before, b' ' | b':')
}

/// A scalar that ends on its line.
fn scalar(text: &str) -> Option<Value<'_>> {
    match text.as_bytes().first()? {
        b'"' => {
            let inner = text[1..].strip_suffix('"')?;
            (!inner.contains(['"', '\\'])).then_some(Value::Text(Cow::Borrowed(inner)))
        }
        b'\'' => {
            let inner = text.get(1..)?.strip_suffix('\'')?;
            if !inner.contains('\'') {
                return Some(Value::Text(Cow::Borrowed(inner)));
            }
            let unescaped = inner.replace("''", "\u{0}");
            (!unescaped.contains('\'')).then(|| Value::Text(Cow::Owned(unescaped.replace('\u{0}', "'"))))
        }
        b'[' => text[1..].trim_start_matches(' ').eq("]").then_some(Value::List(Vec::new())),
        b'{' => text[1..].trim_start_matches(' ').eq("}").then_some(Value::Map(Vec::new())),
        _ => is_plain(text).then(|| plain(Cow::Borrowed(text))),
    }
}

#[cfg(test)]
mod tests {
    use super::super::yaml::read_general;
    use super::*;

    fn both(text: &str) -> Option<String> {
        let mut found = Vec::new();
        let general = read_general(text, &mut found).map(|node| node.json());
        let quick = read(text, &mut Vec::new()).map(|node| node.json());
        if let Some(quick) = &quick {
            assert_eq!(Some(quick), general.as_ref(), "{text}");
        }
        quick
    }

    #[test]
    fn it_reads_what_exporters_write_as_the_general_reader_does() {
        for text in [
            "a: 1\nb:\n  c: x y\n  'd e': \"f\"\n  /*: 'it''s'\nlist:\n  - a\n  - b: 1\n    c: 2\n  -\n    d: e\nsame:\n- 1\n- x:\n    y: z\nempty: [ ]\nmap: {}\nnothing:\nlast: http://x/y#z\n",
            "text: |\n  one\n\n    two # no comment\n  # text\n\nnext: |-\n  a\n",
            "# comment\na: true\n\n# more\nb: ~\n",
            "a:\r\n  b: 1\r\nc: 2\r\n",
            "- 1\n- two\n",
            "'200':\n  description: ''\n",
        ] {
            assert!(both(text).is_some(), "{text}");
        }
    }

    #[test]
    fn it_gives_up_at_everything_else() {
        for text in [
            "a: [1, 2]\n",
            "a: {b: 1}\n",
            "a: &x 1\nb: *x\n",
            "a: !!str 1\n",
            "a: >\n  folded\n",
            "a: one\n  two\n",
            "a: 1 # c\n",
            "a: \"x\\n\"\n",
            "a: 'x\n  y'\n",
            "? a\n: b\n",
            "- - 1\n",
            "a: b: c\n",
            "\ta: 1\n",
            "--- \na: 1\n",
            "a\n",
            "a: 1\n   b: 2\n",
            "a: |+\n  x\n\n",
            "a: |2\n   x\n",
            "a: @x\n",
            "",
        ] {
            let _ = both(text);
            assert!(read(text, &mut Vec::new()).is_none(), "{text:?}");
        }
    }

    #[test]
    fn places_are_those_of_the_text() {
        let text = "a:\n  - b: cd\n";
        let node = read(text, &mut Vec::new()).unwrap();
        let inner = &node.get("a").unwrap().items()[0];
        assert_eq!(&text[inner.get("b").unwrap().span.range()], "cd");
        assert_eq!(&text[inner.members()[0].key_span.range()], "b");
    }

    #[test]
    fn random_lines_never_disagree_with_the_general_reader() {
        let pieces = [
            "a: 1",
            "b:",
            "- x",
            "- c: d",
            "  e: f",
            "  - g",
            "    h: 'i'",
            "",
            "# k",
            "  l: |",
            "    m",
            "n: \"o\"",
            "-",
            "  p",
        ];
        let mut state = 7_u64;
        for _ in 0..3_000 {
            let mut text = String::new();
            for _ in 0..6 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                text.push_str(pieces[(state >> 33) as usize % pieces.len()]);
                text.push('\n');
            }
            let _ = both(&text);
        }
    }
}
