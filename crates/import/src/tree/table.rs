//! An object read member by member, with a refusal for each wrong type and each unknown key.

use std::borrow::Cow;

use apimite_diag::{Span, nearest};

use super::{Node, Value};
use crate::problems::Sheet;

/// An object whose members are asked for by name.
pub(crate) struct Table<'n, 'a> {
    node: &'n Node<'a>,
    /// How the object is called in refusals: `[network]`, `circuitBreaker`.
    name: String,
    asked: Vec<&'static str>,
}

impl<'n, 'a> Table<'n, 'a> {
    /// The object; a refusal when the node is something else.
    pub(crate) fn open(sheet: &mut Sheet<'_>, node: &'n Node<'a>, name: impl Into<String>) -> Option<Self> {
        let name = name.into();
        if node.is_map() {
            return Some(Self { node, name, asked: Vec::new() });
        }
        sheet.error(
            "import::type",
            node.span,
            format!("`{name}` has to be an object, found {}", node.kind()),
            "write its members as keys with values",
        );
        None
    }

    /// Where the object is written.
    pub(crate) fn span(&self) -> Span {
        self.node.span
    }

    /// The member of that name, unless it is null.
    pub(crate) fn get(&mut self, key: &'static str) -> Option<&'n Node<'a>> {
        self.asked.push(key);
        self.node.get(key).filter(|node| !matches!(node.value, Value::Null))
    }

    fn wrong(&self, sheet: &mut Sheet<'_>, key: &str, node: &Node<'_>, wanted: &str, help: &str) {
        let message = format!("`{key}` of `{}` has to be {wanted}, found {}", self.name, node.kind());
        sheet.error("import::type", node.span, message, help);
    }

    /// A text member; numbers and flags count as their text.
    pub(crate) fn text(&mut self, sheet: &mut Sheet<'_>, key: &'static str) -> Option<Cow<'n, str>> {
        let node = self.get(key)?;
        let text = node.scalar();
        if text.is_none() {
            self.wrong(sheet, key, node, "text", "write it in quotes");
        }
        text
    }

    /// A text member with its place.
    pub(crate) fn text_at(&mut self, sheet: &mut Sheet<'_>, key: &'static str) -> Option<(Cow<'n, str>, Span)> {
        let text = self.text(sheet, key)?;
        Some((text, self.node.get(key)?.span))
    }

    /// A true-or-false member; the texts `true` and `false` also count.
    pub(crate) fn flag(&mut self, sheet: &mut Sheet<'_>, key: &'static str) -> Option<bool> {
        let node = self.get(key)?;
        let flag = node.flag().or_else(|| match node.text() {
            Some(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Some(text) if text.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        });
        if flag.is_none() {
            self.wrong(sheet, key, node, "true or false", "write `true` or `false`");
        }
        flag
    }

    /// A whole number inside a range.
    pub(crate) fn whole(&mut self, sheet: &mut Sheet<'_>, key: &'static str, least: u64, most: u64) -> Option<u64> {
        let node = self.get(key)?;
        let number = match &node.value {
            Value::Number(text) | Value::Text(text) => text.replace('_', "").parse::<u64>().ok(),
            _ => None,
        };
        match number {
            Some(number) if (least..=most).contains(&number) => Some(number),
            Some(number) => {
                let message = format!("`{key}` of `{}` cannot be `{number}`", self.name);
                sheet.error("import::range", node.span, message, format!("use a whole number from {least} to {most}"));
                None
            }
            None => {
                self.wrong(sheet, key, node, "a whole number", &format!("use a whole number from {least} to {most}"));
                None
            }
        }
    }

    /// A member that is a list of texts, or one text.
    pub(crate) fn texts(&mut self, sheet: &mut Sheet<'_>, key: &'static str) -> Option<Vec<(Cow<'n, str>, Span)>> {
        let node = self.get(key)?;
        if let Some(text) = node.scalar() {
            return Some(vec![(text, node.span)]);
        }
        if !matches!(node.value, Value::List(_)) {
            self.wrong(sheet, key, node, "a list of texts", "write `[\"one\", \"two\"]`");
            return None;
        }
        let mut texts = Vec::with_capacity(node.items().len());
        for item in node.items() {
            match item.scalar() {
                Some(text) => texts.push((text, item.span)),
                None => self.wrong(sheet, key, item, "a list of texts", "write `[\"one\", \"two\"]`"),
            }
        }
        Some(texts)
    }

    /// A member that is an object.
    pub(crate) fn table(&mut self, sheet: &mut Sheet<'_>, key: &'static str) -> Option<Table<'n, 'a>> {
        let node = self.get(key)?;
        Table::open(sheet, node, key)
    }

    /// One of a few words, without regard to case.
    pub(crate) fn word<T: Copy>(&mut self, sheet: &mut Sheet<'_>, key: &'static str, words: &[(&str, T)]) -> Option<T> {
        let (text, span) = self.text_at(sheet, key)?;
        if let Some((_, value)) = words.iter().find(|(word, _)| word.eq_ignore_ascii_case(&text)) {
            return Some(*value);
        }
        let list = words.iter().map(|(word, _)| format!("`{word}`")).collect::<Vec<_>>().join(", ");
        let help = match nearest(&text, words.iter().map(|(word, _)| *word)) {
            Some(near) => format!("did you mean `{near}`? possible are {list}"),
            None => format!("possible are {list}"),
        };
        sheet.error("import::word", span, format!("`{key}` of `{}` cannot be `{text}`", self.name), help);
        None
    }

    /// Refuses every member that was never asked for, with the key it probably means.
    pub(crate) fn close(self, sheet: &mut Sheet<'_>, code: &'static str) {
        for member in self.node.members() {
            if self.asked.contains(&&*member.key) {
                continue;
            }
            let help = match nearest(&member.key, self.asked.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known here: {}", self.asked.join(", ")),
            };
            sheet.error(code, member.key_span, format!("unknown key `{}` in `{}`", member.key, self.name), help);
        }
    }
}
