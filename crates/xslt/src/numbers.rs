//! `format-number` and the formats of `xsl:number`.

use smol_str::SmolStr;

use crate::{Result, fail};

/// `xsl:decimal-format`
#[derive(Clone, Debug)]
pub(crate) struct DecimalFormat {
    point: char,
    group: char,
    minus: char,
    percent: char,
    per_mille: char,
    zero: char,
    digit: char,
    separator: char,
    infinity: SmolStr,
    nan: SmolStr,
}

impl Default for DecimalFormat {
    fn default() -> Self {
        Self::read(|_| None)
    }
}

impl DecimalFormat {
    /// From the attributes of the element.
    pub(crate) fn read(attribute: impl Fn(&str) -> Option<SmolStr>) -> Self {
        let one = |name: &str, usual: char| attribute(name).and_then(|text| text.chars().next()).unwrap_or(usual);
        Self {
            point: one("decimal-separator", '.'),
            group: one("grouping-separator", ','),
            minus: one("minus-sign", '-'),
            percent: one("percent", '%'),
            per_mille: one("per-mille", '\u{2030}'),
            zero: one("zero-digit", '0'),
            digit: one("digit", '#'),
            separator: one("pattern-separator", ';'),
            infinity: attribute("infinity").unwrap_or_else(|| "Infinity".into()),
            nan: attribute("NaN").unwrap_or_else(|| "NaN".into()),
        }
    }

    /// Writes a number by a pattern such as `#,##0.00`.
    pub(crate) fn write(&self, number: f64, pattern: &str) -> Result<SmolStr> {
        if number.is_nan() {
            return Ok(self.nan.clone());
        }
        let negative = number < 0.0;
        let mut parts = pattern.splitn(2, self.separator);
        let first = parts.next().unwrap_or("");
        let second = parts.next();
        let (chosen, sign) = match second {
            Some(second) if negative => (second, false),
            _ => (first, negative),
        };
        let is_part = |c: char| c == self.digit || c == self.zero || c == self.point || c == self.group;
        let start = chosen.find(is_part).unwrap_or(chosen.len());
        let (prefix, rest) = chosen.split_at(start);
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        // How many digits is said by the first part alone.
        let (_, counted) = first.split_at(first.find(is_part).unwrap_or(first.len()));
        let counted = counted.get(..counted.find(|c| !is_part(c)).unwrap_or(counted.len())).unwrap_or("");
        let suffix = rest.get(end..).unwrap_or("");
        let mut value = number.abs();
        if chosen.contains(self.percent) {
            value *= 100.0;
        } else if chosen.contains(self.per_mille) {
            value *= 1000.0;
        }
        let mut out = String::new();
        if sign {
            out.push(self.minus);
        }
        out.push_str(prefix);
        if value.is_infinite() {
            out.push_str(&self.infinity);
        } else {
            out.push_str(&self.digits(value, counted)?);
        }
        out.push_str(suffix);
        Ok(out.into())
    }

    fn digits(&self, value: f64, pattern: &str) -> Result<String> {
        let (whole, fraction) = pattern.split_once(self.point).unwrap_or((pattern, ""));
        let count = |text: &str, c: char| text.chars().filter(|known| *known == c).count();
        let least_whole = count(whole, self.zero);
        let least_fraction = count(fraction, self.zero);
        let most_fraction = least_fraction + count(fraction, self.digit);
        if most_fraction > 300 || least_whole > 300 {
            return fail("a pattern of `format-number` has too many digits");
        }
        let group = whole.rsplit_once(self.group).map(|(_, last)| last.chars().count()).filter(|size| *size > 0);
        let text = format!("{value:.most_fraction$}");
        let (digits, decimals) = text.split_once('.').unwrap_or((&text, ""));
        let digits = if digits == "0" && least_whole == 0 { "" } else { digits };
        let digits = format!("{digits:0>least_whole$}");
        let kept = decimals.trim_end_matches('0').len().max(least_fraction);
        let decimals = decimals.get(..kept).unwrap_or(decimals);
        let shown = |c: char| {
            let by = c.to_digit(10).unwrap_or(0);
            char::from_u32(u32::from(self.zero) + by).unwrap_or(c)
        };
        let mut out = String::new();
        let length = digits.len();
        for (index, c) in digits.chars().enumerate() {
            if index > 0 && group.is_some_and(|size| (length - index) % size == 0) {
                out.push(self.group);
            }
            out.push(shown(c));
        }
        if !decimals.is_empty() {
            out.push(self.point);
            out.extend(decimals.chars().map(shown));
        }
        if out.is_empty() {
            out.push(self.zero);
        }
        Ok(out)
    }
}

/// Writes the numbers of an `xsl:number` by its format, such as `1.a`.
pub(crate) fn write_numbers(numbers: &[u64], format: &str, separator: &str, size: usize) -> String {
    let mut tokens: Vec<&str> = Vec::new();
    let mut between: Vec<&str> = vec![""];
    let mut rest = format;
    while !rest.is_empty() {
        let is_token = rest.starts_with(char::is_alphanumeric);
        let end = rest.find(|c: char| c.is_alphanumeric() != is_token).unwrap_or(rest.len());
        let (part, after) = rest.split_at(end);
        rest = after;
        if is_token {
            if tokens.len() >= between.len() {
                between.push("");
            }
            tokens.push(part);
        } else if tokens.is_empty() {
            between = vec![part];
        } else {
            between.push(part);
        }
    }
    let suffix = if between.len() > tokens.len() && !tokens.is_empty() { between.pop().unwrap_or("") } else { "" };
    let mut out = between.first().copied().unwrap_or("").to_owned();
    for (index, number) in numbers.iter().enumerate() {
        if index > 0 {
            let mark = between.get(index).or_else(|| between.get(1..).and_then(<[_]>::last));
            out.push_str(mark.copied().unwrap_or("."));
        }
        let token = tokens.get(index).or(tokens.last()).copied().unwrap_or("1");
        out.push_str(&write_number(*number, token, separator, size));
    }
    out.push_str(suffix);
    out
}

fn write_number(number: u64, token: &str, separator: &str, size: usize) -> String {
    match token {
        "a" | "A" if number > 0 => {
            let mut left = number;
            let mut letters = Vec::new();
            while left > 0 {
                left -= 1;
                letters.push(char::from(b'a' + u8::try_from(left % 26).unwrap_or(0)));
                left /= 26;
            }
            let text: String = letters.into_iter().rev().collect();
            if token == "A" { text.to_uppercase() } else { text }
        }
        "i" | "I" if (1..5000).contains(&number) => {
            const ROMAN: [(u64, &str); 13] = [
                (1000, "m"),
                (900, "cm"),
                (500, "d"),
                (400, "cd"),
                (100, "c"),
                (90, "xc"),
                (50, "l"),
                (40, "xl"),
                (10, "x"),
                (9, "ix"),
                (5, "v"),
                (4, "iv"),
                (1, "i"),
            ];
            let mut left = number;
            let mut text = String::new();
            for (value, letters) in ROMAN {
                while left >= value {
                    text.push_str(letters);
                    left -= value;
                }
            }
            if token == "I" { text.to_uppercase() } else { text }
        }
        _ => {
            let width = if token.ends_with('1') && token.trim_end_matches('1').bytes().all(|b| b == b'0') {
                token.len().min(64)
            } else {
                1
            };
            let digits = format!("{number:0>width$}");
            if separator.is_empty() || size == 0 {
                return digits;
            }
            let mut out = String::new();
            for (index, c) in digits.chars().enumerate() {
                if index > 0 && (digits.len() - index) % size == 0 {
                    out.push_str(separator);
                }
                out.push(c);
            }
            out
        }
    }
}
