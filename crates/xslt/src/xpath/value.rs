//! Values of expressions.

use smol_str::SmolStr;

use super::eval::Place;

#[derive(Clone, Debug)]
pub(crate) enum Value {
    /// Nodes in document order.
    Nodes(Vec<Place>),
    Text(SmolStr),
    Number(f64),
    Bool(bool),
}

/// A number as XPath writes it: no exponent, no zeros at the end.
pub(crate) fn number_text(number: f64) -> SmolStr {
    if number.is_nan() {
        return "NaN".into();
    }
    if number.is_infinite() {
        return if number > 0.0 { "Infinity".into() } else { "-Infinity".into() };
    }
    if number == 0.0 {
        return "0".into();
    }
    format!("{number}").into()
}

/// The number that a text is: digits with a sign and a point, nothing else.
pub(crate) fn number_of(text: &str) -> f64 {
    let text = text.trim_matches([' ', '\t', '\r', '\n']);
    let digits = text.strip_prefix('-').unwrap_or(text);
    let fits = !digits.is_empty()
        && digits != "."
        && digits.chars().all(|c| c.is_ascii_digit() || c == '.')
        && digits.matches('.').count() <= 1;
    if fits { text.parse().unwrap_or(f64::NAN) } else { f64::NAN }
}
