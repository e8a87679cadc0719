//! Tokens.

use smol_str::SmolStr;

use crate::{Result, fail};

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Number(f64),
    Literal(SmolStr),
    /// A name, with its prefix before the colon; `*` as local name for `p:*`.
    Name(SmolStr, SmolStr),
    Variable(SmolStr, SmolStr),
    /// An operator or punctuation: `and`, `or`, `div`, `mod`, `*` (times), `star` for the name test…
    Sign(&'static str),
}

const SIGNS: [&str; 20] =
    ["..", "::", "//", "!=", "<=", ">=", "(", ")", "[", "]", ".", "@", ",", "/", "|", "+", "-", "=", "<", ">"];

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '\u{b7}')
}

fn name(text: &str) -> &str {
    if !text.starts_with(|c: char| c.is_alphabetic() || c == '_') {
        return "";
    }
    text.get(..text.find(|c| !is_name(c)).unwrap_or(text.len())).unwrap_or("")
}

/// A name with an optional prefix, and how many bytes it takes.
fn qualified(text: &str) -> Option<(SmolStr, SmolStr, usize)> {
    let first = name(text);
    if first.is_empty() {
        return None;
    }
    let rest = text.get(first.len()..).unwrap_or("");
    if let Some(after) = rest.strip_prefix(':').filter(|after| !after.starts_with(':')) {
        let second = if after.starts_with('*') { "*" } else { name(after) };
        if !second.is_empty() {
            return Some((first.into(), second.into(), first.len() + 1 + second.len()));
        }
    }
    Some((SmolStr::default(), first.into(), first.len()))
}

/// Every token of an expression.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>> {
    let mut all: Vec<Token> = Vec::new();
    let mut at = 0;
    loop {
        let rest = text.get(at..).unwrap_or("");
        let trimmed = rest.trim_start();
        at += rest.len() - trimmed.len();
        let Some(c) = trimmed.chars().next() else { return Ok(all) };
        // Behind an operand `*` multiplies and names are operators.
        let operator = match all.last() {
            None => false,
            Some(Token::Sign(sign)) => matches!(*sign, ")" | "]" | "." | ".." | "star"),
            Some(_) => true,
        };
        if c == '*' {
            all.push(Token::Sign(if operator { "*" } else { "star" }));
            at += 1;
        } else if matches!(c, '"' | '\'') {
            let Some(end) = trimmed.get(1..).and_then(|inner| inner.find(c)) else {
                return fail(format!("a text in `{text}` is not closed"));
            };
            all.push(Token::Literal(trimmed.get(1..=end).unwrap_or("").into()));
            at += end + 2;
        } else if c.is_ascii_digit()
            || (c == '.' && trimmed.get(1..).is_some_and(|next| next.starts_with(|c: char| c.is_ascii_digit())))
        {
            let end = trimmed.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(trimmed.len());
            let digits = trimmed.get(..end).unwrap_or("");
            let Ok(number) = digits.parse() else { return fail(format!("`{digits}` is no number")) };
            all.push(Token::Number(number));
            at += end;
        } else if let Some(variable) = trimmed.strip_prefix('$') {
            let Some((prefix, local, length)) = qualified(variable) else {
                return fail(format!("`$` in `{text}` needs a name"));
            };
            all.push(Token::Variable(prefix, local));
            at += 1 + length;
        } else if let Some((prefix, local, length)) = qualified(trimmed) {
            let word = ["and", "or", "div", "mod"].into_iter().find(|word| prefix.is_empty() && local == *word);
            match word {
                Some(word) if operator => all.push(Token::Sign(word)),
                _ => all.push(Token::Name(prefix, local)),
            }
            at += length;
        } else if let Some(sign) = SIGNS.into_iter().find(|sign| trimmed.starts_with(sign)) {
            all.push(Token::Sign(sign));
            at += sign.len();
        } else {
            return fail(format!("`{c}` has no meaning in `{text}`"));
        }
    }
}
