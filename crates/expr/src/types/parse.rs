//! Reads a type as it is written in a library row: `IEnumerable<KeyValuePair<string, T>>`, `int?`, `string[]`, `(int a, T b)`.

use super::names::keyword_type;
use super::{Kind, Type};
use crate::library::Registry;

/// A cursor over the text of a row.
pub(crate) struct TypeText<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> TypeText<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    pub(crate) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    pub(crate) fn space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    pub(crate) fn eat(&mut self, token: &str) -> bool {
        self.space();
        if self.rest().starts_with(token) {
            self.at += token.len();
            return true;
        }
        false
    }

    /// Eats a whole word.
    pub(crate) fn eat_word(&mut self, word: &str) -> bool {
        self.space();
        let rest = self.rest();
        if rest.strip_prefix(word).is_some_and(|r| !r.starts_with(|c: char| c.is_alphanumeric() || c == '_')) {
            self.at += word.len();
            return true;
        }
        false
    }

    pub(crate) fn word(&mut self) -> &'a str {
        self.space();
        let rest = self.rest();
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    /// Everything up to (not including) one of `stops` outside brackets and quotes.
    pub(crate) fn until(&mut self, stops: &[char]) -> &'a str {
        let rest = self.rest();
        let mut depth = 0_i32;
        let mut quote = None;
        let mut escaped = false;
        for (offset, c) in rest.char_indices() {
            if let Some(q) = quote {
                if escaped {
                    escaped = false;
                } else if c == '\\' {
                    escaped = true;
                } else if c == q {
                    quote = None;
                }
                continue;
            }
            if depth == 0 && stops.contains(&c) {
                self.at += offset;
                return rest[..offset].trim();
            }
            match c {
                '"' | '\'' => quote = Some(c),
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' => depth -= 1,
                _ => {}
            }
        }
        self.at = self.text.len();
        rest.trim()
    }

    /// One type; unknown names give the error type, and `report` hears of them.
    pub(crate) fn read(&mut self, registry: &Registry, params: &[&str], report: &mut dyn FnMut(&str)) -> Type {
        self.space();
        let mut ty = if self.eat("(") {
            let (mut types, mut names) = (Vec::new(), Vec::new());
            loop {
                types.push(self.read(registry, params, report));
                let name = self.word();
                names.push((!name.is_empty()).then(|| Box::from(name)));
                if !self.eat(",") {
                    break;
                }
            }
            self.eat(")");
            registry.tuple(&types, Some(names))
        } else {
            let mut name = self.word().to_owned();
            while self.rest().starts_with(['.', '+']) {
                let dot = if self.rest().starts_with('.') { '.' } else { '+' };
                self.at += 1;
                name.push(dot);
                name.push_str(self.word());
            }
            let mut args = Vec::new();
            if self.rest().starts_with('<') {
                self.at += 1;
                loop {
                    args.push(self.read(registry, params, report));
                    if !self.eat(",") {
                        break;
                    }
                }
                self.eat(">");
            }
            if name == "void" {
                Type::void()
            } else if let Some(index) = params.iter().position(|p| *p == name) {
                Type::param(u16::try_from(index).unwrap_or(u16::MAX), &name)
            } else {
                let simple = name.rsplit('+').next().unwrap_or(&name).to_owned();
                let full = keyword_type(&name).unwrap_or(&simple);
                match registry.find_library(full, args.len()) {
                    Some(def) => Type::generic(def, &args),
                    None => {
                        report(&name);
                        Type::error()
                    }
                }
            }
        };
        loop {
            if self.rest().starts_with('?') {
                self.at += 1;
                ty = if ty.is_open() && matches!(ty.kind(), Kind::Param { .. }) {
                    Type::generic(&crate::library::core::names::NULLABLE, &[ty])
                } else {
                    ty.nullable()
                };
            } else if self.rest().starts_with('[') && self.rest()[1..].trim_start_matches(',').starts_with(']') {
                self.at += 1;
                let mut rank = 1;
                while self.rest().starts_with(',') {
                    self.at += 1;
                    rank += 1;
                }
                self.at += 1;
                ty = Type::array_of_rank(ty, rank);
            } else {
                return ty;
            }
        }
    }
}
