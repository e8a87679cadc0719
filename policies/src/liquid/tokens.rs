//! Takes a template apart: text, outputs and tags; and markup at separators outside of quotes.

use std::ops::Range;
use std::sync::Arc;

use super::parse::{Mistake, mistake};

/// A piece of a template.
pub(super) enum Token {
    Text(Arc<str>),
    /// Markup and place.
    Output(String, Range<usize>),
    /// Name, markup and place.
    Tag(String, String, Range<usize>),
}

/// Where the tag or output that begins at `from` closes, quotes passed over; a quote that is not closed counts for nothing.
fn close(text: &str, from: usize, mark: &str) -> Option<usize> {
    let mut at = from;
    while let Some(c) = text.get(at..)?.chars().next() {
        if text.get(at..)?.starts_with(mark) {
            return Some(at);
        }
        at += c.len_utf8();
        if matches!(c, '\'' | '"')
            && let Some(end) = text.get(at..)?.find(c)
        {
            at += end + 1;
        }
    }
    None
}

/// The pieces of a template.
///
/// # Errors
/// A tag or output that is not closed.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, Mistake> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let rest = text.get(at..).unwrap_or("");
        let next = [rest.find("{{"), rest.find("{%")].into_iter().flatten().min();
        let Some(offset) = next else {
            tokens.push(Token::Text(rest.into()));
            break;
        };
        let start = at + offset;
        let is_tag = text.get(start..).is_some_and(|rest| rest.starts_with("{%"));
        let mut plain = rest.get(..offset).unwrap_or("");
        let mut inner = start + 2;
        if text.get(inner..).is_some_and(|rest| rest.starts_with('-')) {
            inner += 1;
            plain = plain.trim_end_matches([' ', '\t']);
        }
        if !plain.is_empty() {
            tokens.push(Token::Text(plain.into()));
        }
        let mark = if is_tag { "%}" } else { "}}" };
        let Some(end) = close(text, inner, mark) else {
            let kind = if is_tag { "a tag" } else { "an output" };
            return Err(mistake(start..text.len(), format!("{kind} is not closed"), format!("add `{mark}`")));
        };
        let place = start..end + 2;
        let mut markup = text.get(inner..end).unwrap_or("");
        at = end + 2;
        if let Some(without) = markup.strip_suffix('-') {
            markup = without;
            at += trimmed_behind(text.get(at..).unwrap_or(""));
        }
        let markup = markup.trim();
        if !is_tag {
            tokens.push(Token::Output(markup.to_owned(), place));
            continue;
        }
        let name_end = markup.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(markup.len());
        let (name, arguments) = markup.split_at(name_end);
        if matches!(name, "raw" | "literal" | "comment") {
            at = skip_raw(text, at, name, &place, &mut tokens)?;
            continue;
        }
        tokens.push(Token::Tag(name.to_owned(), arguments.trim().to_owned(), place));
    }
    Ok(tokens)
}

/// Source: DotLiquid before 2.2: one line end, or blanks and tabs, never both.
fn trimmed_behind(rest: &str) -> usize {
    if rest.starts_with("\r\n") {
        2
    } else if rest.starts_with('\n') {
        1
    } else {
        rest.len() - rest.trim_start_matches([' ', '\t']).len()
    }
}

/// Passes `raw`, `literal` and `comment`: what stands inside is no template.
fn skip_raw(
    text: &str,
    from: usize,
    name: &str,
    place: &Range<usize>,
    tokens: &mut Vec<Token>,
) -> Result<usize, Mistake> {
    let mut at = from;
    while let Some(found) = text.get(at..).and_then(|rest| rest.find("{%")) {
        let start = at + found;
        let end = text.get(start..).and_then(|rest| rest.find("%}")).map_or(text.len(), |end| start + end + 2);
        let inner = text.get(start + 2..end).unwrap_or("").trim_end_matches("%}").trim_matches('-').trim();
        if inner.strip_prefix("end") == Some(name) {
            if name != "comment" && start > from {
                tokens.push(Token::Text(text.get(from..start).unwrap_or("").into()));
            }
            return Ok(end);
        }
        at = start + 2;
    }
    Err(mistake(place.clone(), format!("`{name}` is not closed"), format!("add `{{% end{name} %}}`")))
}

/// Splits at a character that stands outside of quotes and brackets.
pub(super) fn split(text: &str, separator: impl Fn(char) -> bool) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut from, mut quote, mut depth) = (0, None, 0_i32);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(mark), c) if mark == c => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') if text.get(at + 1..).is_some_and(|rest| rest.contains(c)) => quote = Some(c),
            (None, '[' | '(') => depth += 1,
            (None, ']' | ')') => depth -= 1,
            (None, c) if depth <= 0 && separator(c) => {
                parts.push(text.get(from..at).unwrap_or(""));
                from = at + c.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(text.get(from..).unwrap_or(""));
    parts
}

/// Words outside of quotes.
pub(super) fn words(text: &str) -> Vec<&str> {
    split(text, char::is_whitespace).into_iter().filter(|word| !word.is_empty()).collect()
}
