//! One tree for JSON, YAML and TOML, every node with its place.
//!
//! The three readers ([`json`], [`yaml`], [`toml`]) yield the same [`Node`], so that what a file means is written once
//! and every refusal can point at the text. Text is borrowed from the source wherever the format allows it.

mod block_yaml;
pub(crate) mod json;
pub(crate) mod table;
pub(crate) mod toml;
pub(crate) mod yaml;

use std::borrow::Cow;
use std::fmt::Write;

use apimite_diag::Span;

/// How deep lists and objects may nest before a file is refused.
pub(crate) const MAX_DEPTH: usize = 200;

/// A value and where it is written.
#[derive(Clone, Debug)]
pub(crate) struct Node<'a> {
    /// Where it is written.
    pub(crate) span: Span,
    /// What it is.
    pub(crate) value: Value<'a>,
}

/// What a node holds. Numbers keep their text, so that nothing is rounded on the way.
#[derive(Clone, Debug)]
pub(crate) enum Value<'a> {
    Null,
    Bool(bool),
    Number(Cow<'a, str>),
    Text(Cow<'a, str>),
    List(Vec<Node<'a>>),
    Map(Vec<Member<'a>>),
}

/// One member of an object.
#[derive(Clone, Debug)]
pub(crate) struct Member<'a> {
    /// Its name.
    pub(crate) key: Cow<'a, str>,
    /// Where the name is written.
    pub(crate) key_span: Span,
    /// Its value.
    pub(crate) node: Node<'a>,
}

impl<'a> Node<'a> {
    /// The member of that name, when this is an object that has it.
    pub(crate) fn get(&self, key: &str) -> Option<&Node<'a>> {
        self.members().iter().find(|member| member.key == key).map(|member| &member.node)
    }

    /// The node at the end of a chain of members.
    pub(crate) fn at(&self, keys: &[&str]) -> Option<&Node<'a>> {
        keys.iter().try_fold(self, |node, key| node.get(key))
    }

    /// The text, when this is text.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The text of a scalar however it is written: `1.0` without quotes is also a version.
    pub(crate) fn scalar(&self) -> Option<Cow<'_, str>> {
        match &self.value {
            Value::Text(text) | Value::Number(text) => Some(Cow::Borrowed(text)),
            Value::Bool(flag) => Some(Cow::Borrowed(if *flag { "true" } else { "false" })),
            Value::Null | Value::List(_) | Value::Map(_) => None,
        }
    }

    /// True or false, when this is either.
    pub(crate) fn flag(&self) -> Option<bool> {
        match self.value {
            Value::Bool(flag) => Some(flag),
            _ => None,
        }
    }

    /// The members, when this is an object; else none.
    pub(crate) fn members(&self) -> &[Member<'a>] {
        match &self.value {
            Value::Map(members) => members,
            _ => &[],
        }
    }

    /// The elements, when this is a list; else none.
    pub(crate) fn items(&self) -> &[Node<'a>] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// Is it an object?
    pub(crate) fn is_map(&self) -> bool {
        matches!(self.value, Value::Map(_))
    }

    /// What it is, in words for a refusal.
    pub(crate) fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "nothing",
            Value::Bool(_) => "true or false",
            Value::Number(_) => "a number",
            Value::Text(_) => "text",
            Value::List(_) => "a list",
            Value::Map(_) => "an object",
        }
    }

    /// The node as JSON text.
    pub(crate) fn json(&self) -> String {
        let mut out = String::new();
        self.write_json(&mut out);
        out
    }

    fn write_json(&self, out: &mut String) {
        match &self.value {
            Value::Null => out.push_str("null"),
            Value::Bool(true) => out.push_str("true"),
            Value::Bool(false) => out.push_str("false"),
            Value::Number(text) => out.push_str(&json_number(text)),
            Value::Text(text) => write_json_text(text, out),
            Value::List(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    item.write_json(out);
                }
                out.push(']');
            }
            Value::Map(members) => {
                out.push('{');
                for (index, member) in members.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    write_json_text(&member.key, out);
                    out.push(':');
                    member.node.write_json(out);
                }
                out.push('}');
            }
        }
    }
}

/// A number of YAML or TOML in a form that JSON has.
fn json_number(text: &str) -> Cow<'_, str> {
    if is_json_number(text) {
        return Cow::Borrowed(text);
    }
    let plain: String = text.chars().filter(|c| *c != '_').collect();
    let plain = plain.strip_prefix('+').unwrap_or(&plain);
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        if let Some(digits) = plain.strip_prefix(prefix)
            && let Ok(number) = u64::from_str_radix(digits, radix)
        {
            return Cow::Owned(number.to_string());
        }
    }
    match plain.parse::<f64>() {
        Ok(number) if number.is_finite() => Cow::Owned(number.to_string()),
        _ => Cow::Borrowed("null"),
    }
}

/// Is this text a number as JSON writes them?
pub(crate) fn is_json_number(text: &str) -> bool {
    let rest = text.strip_prefix('-').unwrap_or(text);
    let digits = |s: &str| s.bytes().take_while(u8::is_ascii_digit).count();
    let whole = digits(rest);
    if whole == 0 || (whole > 1 && rest.starts_with('0')) {
        return false;
    }
    let mut rest = &rest[whole..];
    if let Some(fraction) = rest.strip_prefix('.') {
        let count = digits(fraction);
        if count == 0 {
            return false;
        }
        rest = &fraction[count..];
    }
    if let Some(exponent) = rest.strip_prefix(['e', 'E']) {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        let count = digits(exponent);
        if count == 0 {
            return false;
        }
        rest = &exponent[count..];
    }
    rest.is_empty()
}

/// Writes text as a JSON string.
pub(crate) fn write_json_text(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if (c as u32) < 0x20 => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// A mistake in the form of a file: what and where.
#[derive(Clone, Debug)]
pub(crate) struct Malformed {
    /// What is wrong, in one sentence.
    pub(crate) message: String,
    /// Where.
    pub(crate) span: Span,
    /// The way out, if there is one to name.
    pub(crate) help: Option<String>,
}

impl Malformed {
    fn new(message: impl Into<String>, start: usize, end: usize) -> Self {
        Self { message: message.into(), span: Span::from_usize(start, end), help: None }
    }

    fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// The keys of an object that are written twice.
fn repeated_keys(members: &[Member<'_>], found: &mut Vec<Malformed>) {
    let twice = |member: &Member<'_>| {
        Malformed {
            message: format!("the key `{}` is written twice in one object", member.key),
            span: member.key_span,
            help: None,
        }
        .help("keep one of the two")
    };
    if members.len() <= 12 {
        for (index, member) in members.iter().enumerate() {
            if members[..index].iter().any(|other| other.key == member.key) {
                found.push(twice(member));
            }
        }
        return;
    }
    let mut seen = std::collections::HashSet::with_capacity(members.len());
    found.extend(members.iter().filter(|member| !seen.insert(&*member.key)).map(twice));
}
