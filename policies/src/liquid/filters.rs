//! Filters, by their C# names.

use std::rc::Rc;

use apimite_dotnet::numeric::decimal::{self, Midpoint};
use apimite_dotnet::numeric::format::format_decimal;
use apimite_dotnet::regex::{Regex, RegexOptions};
use apimite_dotnet::text::chars::{lower_text, upper_char, upper_text};
use apimite_dotnet::text::compare::ordinal_ignore_case;
use apimite_dotnet::time::{DateTime, DateTimeStyles, format, parse};
use apimite_dotnet::web::{html_decode, html_encode, url_decode, url_encode};
use rust_decimal::prelude::ToPrimitive;

use super::conditions::equal;
use super::maths::{Operation, decimal_of, reckon};
use super::value::Val;

/// What a filter is given.
pub(super) struct Input<'a> {
    pub(super) of: Val,
    pub(super) arguments: &'a [Val],
    /// The present instant, for `Date`.
    pub(super) now: DateTime,
}

/// Runs a filter; an error is its text.
pub(super) type Run = fn(&Input<'_>) -> Result<Val, String>;

impl Input<'_> {
    fn argument(&self, at: usize) -> Val {
        self.arguments.get(at).cloned().unwrap_or(Val::Nil)
    }

    fn text_argument(&self, at: usize, default: &str) -> String {
        self.arguments.get(at).map_or_else(|| default.to_owned(), Val::text)
    }

    fn whole(&self, at: usize, default: i64) -> Result<i64, String> {
        match self.arguments.get(at) {
            None => Ok(default),
            Some(Val::Nil) => Ok(0),
            Some(Val::Text(text)) => {
                text.trim().parse().map_err(|_| "Input string was not in a correct format.".to_owned())
            }
            Some(other) => Ok(decimal_of(other).and_then(|number| number.round().to_i64()).unwrap_or(default)),
        }
    }

    /// The text; `None` for nil, which text filters hand through.
    fn text(&self) -> Option<String> {
        (!matches!(self.of, Val::Nil)).then(|| self.of.text())
    }

    fn on_text(&self, change: impl FnOnce(String) -> String) -> Result<Val, String> {
        Ok(self.text().map_or(Val::Nil, |text| made(change(text))))
    }

    fn list(&self) -> Vec<Val> {
        match self.of.items() {
            Some(items) => flat(items),
            None => vec![self.of.clone()],
        }
    }
}

fn made(text: impl AsRef<str>) -> Val {
    Val::from(text.as_ref())
}

fn list(items: Vec<Val>) -> Result<Val, String> {
    Ok(Val::List(items.into()))
}

/// Lists inside a list, one level.
fn flat(items: Vec<Val>) -> Vec<Val> {
    items
        .into_iter()
        .flat_map(|item| match item {
            Val::List(inner) => inner.to_vec(),
            other => vec![other],
        })
        .collect()
}

macro_rules! filters {
    ($($name:literal => $run:expr,)*) => {
        /// The filter of this name.
        pub(super) fn find(name: &str) -> Option<Run> {
            match name {
                $($name => Some($run),)*
                _ => None,
            }
        }

        /// Every filter.
        pub(super) fn names() -> impl Iterator<Item = &'static str> {
            [$($name),*].into_iter()
        }
    };
}

filters! {
    "Abs" => |input| Ok(Val::Double(number(&input.of).map_or(0.0, f64::abs))),
    "Append" => |input| Ok(made(input.of.text() + input.text_argument(0, "").as_str())),
    "AtLeast" => |input| Ok(bound(input, f64::max)),
    "AtMost" => |input| Ok(bound(input, f64::min)),
    "Capitalize" => |input| input.on_text(|text| titles(&text)),
    "Ceil" => |input| Ok(whole(&input.of, decimal::ceiling)),
    "Compact" => |input| list(input.list().into_iter().filter(|item| !matches!(item, Val::Nil)).collect()),
    "Concat" => concat,
    "Currency" => currency,
    "Date" => date,
    "Default" => |input| Ok(if input.of.text().trim().is_empty() { input.argument(0) } else { input.of.clone() }),
    "DividedBy" => |input| reckon(&input.of, Operation::Divide, &input.argument(0)),
    "Downcase" => |input| input.on_text(|text| lower_text(&text)),
    "Escape" => |input| input.on_text(|text| html_encode(&text)),
    "EscapeOnce" => |input| input.on_text(|text| html_encode(&html_decode(&text))),
    "First" => |input| Ok(input.of.items().and_then(|items| items.first().cloned()).unwrap_or(Val::Nil)),
    "Floor" => |input| Ok(whole(&input.of, decimal::floor)),
    "H" => |input| input.on_text(|text| html_encode(&text)),
    "Join" => join,
    "Last" => |input| Ok(input.of.items().and_then(|items| items.last().cloned()).unwrap_or(Val::Nil)),
    "Lstrip" => |input| input.on_text(|text| text.trim_start().to_owned()),
    "Map" => map,
    "Minus" => |input| reckon(&input.of, Operation::Subtract, &input.argument(0)),
    "Modulo" => |input| reckon(&input.of, Operation::Remainder, &input.argument(0)),
    "NewlineToBr" => |input| input.on_text(|text| text.replace('\n', "<br />\n").replace("\r<br />\n", "<br />\r\n")),
    "Plus" => plus,
    "Prepend" => |input| Ok(made(input.text_argument(0, "") + input.of.text().as_str())),
    "Remove" => |input| {
        let part = input.text_argument(0, "");
        input.on_text(|text| if part.is_empty() { text } else { text.replace(&part, "") })
    },
    "RemoveFirst" => |input| replace_first(input, ""),
    "Replace" => replace,
    "ReplaceFirst" => |input| replace_first(input, &input.text_argument(1, "")),
    "Reverse" => reverse,
    "Round" => round,
    "Rstrip" => |input| input.on_text(|text| text.trim_end().to_owned()),
    "Size" => |input| Ok(Val::Int(input.of.size())),
    "Slice" => slice,
    "Sort" => sort,
    "Split" => split,
    "Strip" => |input| input.on_text(|text| text.trim().to_owned()),
    "StripHtml" => strip_html,
    "StripNewlines" => |input| input.on_text(|text| text.replace("\r\n", "").replace('\n', "")),
    "Times" => times,
    "Truncate" => truncate,
    "TruncateWords" => truncate_words,
    "Uniq" => uniq,
    "Upcase" => |input| input.on_text(|text| upper_text(&text)),
    "UrlDecode" => |input| input.on_text(|text| url_decode(&text)),
    "UrlEncode" => |input| input.on_text(|text| url_encode(&text)),
}

fn number(value: &Val) -> Option<f64> {
    value.text().trim().replace(',', "").parse().ok()
}

fn bound(input: &Input<'_>, choose: fn(f64, f64) -> f64) -> Val {
    match (number(&input.of), number(&input.argument(0))) {
        (Some(a), Some(b)) => Val::Double(choose(a, b)),
        _ => input.of.clone(),
    }
}

fn whole(value: &Val, change: fn(apimite_dotnet::Decimal) -> apimite_dotnet::Decimal) -> Val {
    value.text().trim().parse().map_or(Val::Nil, |number| Val::Decimal(change(number)))
}

/// `TextInfo.ToTitleCase`: every word with a capital; words in capitals stay.
///
/// Source: DotLiquid before 2.1.
fn titles(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut word = String::new();
    let end_word = |word: &mut String, out: &mut String| {
        let mut chars = word.chars();
        if let Some(first) = chars.next() {
            out.push(upper_char(first));
            let rest = chars.as_str();
            let shouted = !rest.is_empty() && !word.chars().any(char::is_lowercase);
            out.push_str(&if shouted { rest.to_owned() } else { lower_text(rest) });
        }
        word.clear();
    };
    for c in text.chars() {
        if c.is_alphanumeric() || c == '\'' {
            word.push(c);
        } else {
            end_word(&mut word, &mut out);
            out.push(c);
        }
    }
    end_word(&mut word, &mut out);
    out
}

fn concat(input: &Input<'_>) -> Result<Val, String> {
    let mut items = input.of.items().unwrap_or_default();
    items.extend(input.argument(0).items().unwrap_or_default());
    list(items)
}

/// The invariant culture has no currency of its own; English ones are known.
fn currency(input: &Input<'_>) -> Result<Val, String> {
    let Some(text) = input.text() else { return Ok(Val::Nil) };
    let Some(amount) = decimal_of(&input.of).or_else(|| text.trim().replace(',', "").parse().ok()) else {
        return Ok(made(text));
    };
    let shown = format_decimal(amount, "C").map_err(|thrown| thrown.message)?;
    let symbol = match input.text_argument(0, "").trim().to_ascii_lowercase().as_str() {
        "en-us" | "en-ca" | "en-au" => "$",
        "en-gb" => "\u{a3}",
        "en-ie" => "\u{20ac}",
        _ => "\u{a4}",
    };
    Ok(made(shown.replace('\u{a4}', symbol)))
}

fn date(input: &Input<'_>) -> Result<Val, String> {
    let Some(text) = input.text() else { return Ok(Val::Nil) };
    let pattern = input.text_argument(0, "");
    let at = match &input.of {
        Val::Date(at) => *at,
        _ if text.eq_ignore_ascii_case("now") || text.eq_ignore_ascii_case("today") => input.now,
        _ => match parse::parse(&text, DateTimeStyles::default(), input.now) {
            Ok(at) => at,
            Err(_) => return Ok(made(text)),
        },
    };
    if pattern.trim().is_empty() {
        let is_date = matches!(input.of, Val::Date(_));
        return Ok(made(if is_date { format::text(at) } else { text }));
    }
    format::format(at, &pattern).map(made).map_err(|thrown| thrown.message)
}

fn join(input: &Input<'_>) -> Result<Val, String> {
    let Some(items) = input.of.items() else { return Ok(input.of.clone()) };
    let texts: Vec<String> = items.iter().map(Val::text).collect();
    Ok(made(texts.join(&input.text_argument(0, " "))))
}

fn map(input: &Input<'_>) -> Result<Val, String> {
    let Some(items) = input.of.items() else { return Ok(Val::Nil) };
    let name = input.text_argument(0, "");
    list(items.iter().map(|item| item.member(&name).unwrap_or(Val::Nil)).collect())
}

/// A text is lengthened, a number increased.
fn plus(input: &Input<'_>) -> Result<Val, String> {
    match &input.of {
        Val::Text(text) => Ok(made(format!("{text}{}", input.argument(0).text()))),
        of => reckon(of, Operation::Add, &input.argument(0)),
    }
}

/// Most bytes of a text that is repeated.
const MAX_REPEATED: usize = 1 << 20;

fn times(input: &Input<'_>) -> Result<Val, String> {
    match (&input.of, input.argument(0)) {
        (Val::Text(text), Val::Int(count)) => {
            let count = usize::try_from(count).map_err(|_| "Non-negative number required.".to_owned())?;
            if text.len().saturating_mul(count) > MAX_REPEATED {
                return Err(format!("A text is repeated to more than {MAX_REPEATED} bytes."));
            }
            Ok(made(text.repeat(count)))
        }
        (of, operand) => reckon(of, Operation::Multiply, &operand),
    }
}

fn regex(pattern: &str) -> Result<Regex, String> {
    Regex::cached(pattern, RegexOptions::NONE).map_err(|thrown| thrown.message)
}

/// Source: DotLiquid before 2.1 takes a .NET regular expression; the bodies that the SOAP import writes depend on it.
fn replace(input: &Input<'_>) -> Result<Val, String> {
    let (Some(text), pattern) = (input.text(), input.text_argument(0, "")) else { return Ok(Val::Nil) };
    if text.is_empty() || pattern.is_empty() {
        return Ok(made(text));
    }
    let replacement = input.text_argument(1, "");
    let new = regex(&pattern)?.replace(&text, &replacement, -1, None).map_err(|thrown| thrown.message)?;
    Ok(made(new))
}

fn replace_first(input: &Input<'_>, replacement: &str) -> Result<Val, String> {
    let (Some(text), pattern) = (input.text(), input.text_argument(0, "")) else { return Ok(Val::Nil) };
    if text.is_empty() || pattern.is_empty() {
        return Ok(made(text));
    }
    // The replacement is no pattern here: `$` stands for itself.
    let new = regex(&pattern)?.replace(&text, &replacement.replace('$', "$$"), 1, None);
    Ok(made(new.map_err(|thrown| thrown.message)?))
}

fn reverse(input: &Input<'_>) -> Result<Val, String> {
    match input.of.items() {
        Some(mut items) => {
            items.reverse();
            list(items)
        }
        None => Ok(input.of.clone()),
    }
}

fn round(input: &Input<'_>) -> Result<Val, String> {
    let places = i32::try_from(input.whole(0, 0)?).unwrap_or(0);
    let number = decimal_of(&input.of).or_else(|| input.of.text().trim().parse().ok());
    let rounded = number.and_then(|number| decimal::round(number, places, Midpoint::ToEven).ok());
    Ok(rounded.map_or(Val::Nil, Val::Decimal))
}

fn slice(input: &Input<'_>) -> Result<Val, String> {
    let (offset, length) = (input.whole(0, 0)?, input.whole(1, 1)?);
    let Some(text) = input.text() else { return Ok(Val::Nil) };
    let range = |size: i64| -> Option<(usize, usize)> {
        if offset > size {
            return None;
        }
        let (mut start, mut length) = (offset, length);
        if start < 0 {
            start += size;
            if start < 0 {
                length = (length + start).max(0);
                start = 0;
            }
        }
        let length = length.clamp(0, size - start);
        Some((usize::try_from(start).ok()?, usize::try_from(length).ok()?))
    };
    if let Some(items) = input.of.items() {
        let size = i64::try_from(items.len()).unwrap_or(i64::MAX);
        let (start, length) = range(size).unwrap_or_default();
        return list(items.into_iter().skip(start).take(length).collect());
    }
    let units: Vec<u16> = text.encode_utf16().collect();
    let size = i64::try_from(units.len()).unwrap_or(i64::MAX);
    Ok(range(size).map_or(Val::Nil, |(start, length)| {
        made(String::from_utf16_lossy(units.get(start..start + length).unwrap_or_default()))
    }))
}

fn sort(input: &Input<'_>) -> Result<Val, String> {
    if matches!(input.of, Val::Nil) {
        return Ok(Val::Nil);
    }
    let property = input.text_argument(0, "");
    let key = |item: &Val| match property.as_str() {
        "" => item.clone(),
        name => item.member(name).unwrap_or(Val::Nil),
    };
    let mut items: Vec<(Val, Val)> = input.list().into_iter().map(|item| (key(&item), item)).collect();
    items.sort_by(|(a, _), (b, _)| match (decimal_of(a), decimal_of(b)) {
        (Some(a), Some(b)) => a.cmp(&b),
        _ => ordinal_ignore_case(&a.text(), &b.text()),
    });
    list(items.into_iter().map(|(_, item)| item).collect())
}

fn split(input: &Input<'_>) -> Result<Val, String> {
    let text = input.of.text();
    if text.trim().is_empty() {
        return list(vec![input.of.clone()]);
    }
    let pattern = input.text_argument(0, "");
    if pattern.is_empty() {
        return list(text.chars().map(|c| made(c.encode_utf8(&mut [0; 4]))).collect());
    }
    list(text.split(&*pattern).filter(|part| !part.is_empty()).map(made).collect())
}

fn strip_html(input: &Input<'_>) -> Result<Val, String> {
    let Some(text) = input.text() else { return Ok(Val::Nil) };
    let blocks = Regex::cached(
        "<script.*?</script>|<!--.*?-->|<style.*?</style>",
        RegexOptions::SINGLELINE.with(RegexOptions::IGNORE_CASE),
    );
    let tags = Regex::cached("<.*?>", RegexOptions::SINGLELINE);
    let strip = |regex: Result<Regex, apimite_dotnet::Thrown>, text: &str| {
        regex.and_then(|regex| regex.replace(text, "", -1, None).map(|text| text.into_owned()))
    };
    let plain = strip(blocks, &text).and_then(|text| strip(tags, &text));
    plain.map(made).map_err(|thrown| thrown.message)
}

fn truncate(input: &Input<'_>) -> Result<Val, String> {
    let length = input.whole(0, 50)?;
    let end = input.text_argument(1, "...");
    input.on_text(|text| {
        let units: Vec<u16> = text.encode_utf16().collect();
        match usize::try_from(length) {
            Err(_) => end,
            Ok(length) if units.len() > length => {
                let kept = length.saturating_sub(end.encode_utf16().count());
                String::from_utf16_lossy(units.get(..kept).unwrap_or_default()) + end.as_str()
            }
            Ok(_) => text,
        }
    })
}

fn truncate_words(input: &Input<'_>) -> Result<Val, String> {
    let words = input.whole(0, 15)?;
    let end = input.text_argument(1, "...");
    input.on_text(|text| {
        let Ok(most) = usize::try_from(words) else { return end };
        let all: Vec<&str> = text.split(' ').collect();
        match all.get(..most) {
            Some(kept) if all.len() > most => kept.join(" ") + end.as_str(),
            _ => text,
        }
    })
}

fn uniq(input: &Input<'_>) -> Result<Val, String> {
    let mut seen: Vec<Val> = Vec::new();
    let mut texts = std::collections::HashSet::new();
    for item in input.list() {
        let new = match &item {
            Val::Text(text) => texts.insert(Rc::clone(text)),
            other => !seen.iter().filter(|seen| !matches!(seen, Val::Text(_))).any(|seen| equal(seen, other)),
        };
        if new {
            seen.push(item);
        }
    }
    list(seen)
}
