//! Addresses relative to others.

use super::escape::escape_component;
use super::parse::without_dots;
use super::{Uri, UriKind};
use crate::{Exception, ExceptionKind, Thrown};

impl Uri {
    /// `new Uri(baseUri, relativeUri)`.
    ///
    /// # Errors
    /// `ArgumentOutOfRangeException` for a relative base, `UriFormatException` for what cannot be read.
    pub fn combine(base: &Self, relative: &str) -> Result<Self, Thrown> {
        if !base.is_absolute() {
            return Err(Exception::new(
                ExceptionKind::ArgumentOutOfRange,
                "Specified argument was out of the range of valid values. (Parameter 'baseUri')",
            ));
        }
        let relative = Self::new(relative, UriKind::RelativeOrAbsolute)?;
        base.resolve(&relative)
    }

    /// As [`Uri::combine`], with an address already read.
    ///
    /// # Errors
    /// As [`Uri::combine`].
    pub fn resolve(&self, relative: &Self) -> Result<Self, Thrown> {
        if relative.is_absolute() {
            return Ok(relative.clone());
        }
        let parts = self.parts()?;
        let text = relative.original_string().trim_matches([' ', '\n', '\r', '\t']);
        let hierarchical = parts.rules.is_hierarchical;
        let text = if hierarchical { text.replacen('\\', "/", usize::MAX) } else { text.to_owned() };
        let head = Self::head(parts, &|text| text.to_owned());
        let combined = if text.is_empty() {
            format!("{head}{}{}", parts.path, parts.query)
        } else if text.starts_with("//") {
            format!("{}:{text}", parts.scheme)
        } else if text.starts_with('/') {
            format!("{head}{text}")
        } else if text.starts_with('?') {
            format!("{head}{}{text}", parts.path)
        } else if text.starts_with('#') {
            format!("{head}{}{}{text}", parts.path, parts.query)
        } else {
            let (path, tail) = text.find(['?', '#']).map_or((text.as_str(), ""), |at| text.split_at(at));
            let folder = parts.path.rfind('/').map_or("", |at| &parts.path[..=at]);
            let folder = if folder.is_empty() && parts.has_authority { "/" } else { folder };
            let joined = format!("{folder}{path}");
            let joined = if joined.starts_with('/') { without_dots(&joined) } else { joined };
            format!("{head}{joined}{tail}")
        };
        Self::new(&combined, UriKind::Absolute)
    }

    /// `MakeRelativeUri(uri)`.
    ///
    /// # Errors
    /// `InvalidOperationException` for a relative address.
    pub fn make_relative(&self, to: &Self) -> Result<Self, Thrown> {
        let (from, target) = (self.parts()?, to.parts()?);
        let same = from.scheme == target.scheme && from.host == target.host && from.port == target.port;
        if !same {
            return Ok(to.clone());
        }
        let (from_path, to_path) = (escape_component(&from.path), escape_component(&target.path));
        let common = from_path
            .char_indices()
            .zip(to_path.chars())
            .take_while(|((_, one), other)| one == other)
            .filter(|((_, one), _)| *one == '/')
            .last()
            .map_or(0, |((at, _), _)| at + 1);
        let mut relative = String::new();
        let whole = from_path == to_path;
        if whole {
            // The same path: only what follows differs.
            if to_path.ends_with('/') && target.query.is_empty() && target.fragment.is_empty() {
                relative.push_str("./");
            }
        } else {
            relative.push_str(&"../".repeat(from_path[common..].matches('/').count()));
            relative.push_str(&to_path[common..]);
            if relative.is_empty() {
                relative.push_str("./");
            } else if relative.split('/').next().is_some_and(|first| first.contains(':')) {
                relative.insert_str(0, "./");
            }
        }
        relative.push_str(&escape_component(&target.query));
        relative.push_str(&escape_component(&target.fragment));
        Self::new(&relative, UriKind::Relative).or_else(|_| Ok(to.clone()))
    }

    /// `IsBaseOf(uri)`.
    ///
    /// # Errors
    /// `InvalidOperationException` for a relative base.
    pub fn is_base_of(&self, other: &Self) -> Result<bool, Thrown> {
        let base = self.parts()?;
        let resolved = self.resolve(other)?;
        let target = resolved.parts()?;
        let folder = base.path.rfind('/').map_or("", |at| &base.path[..=at]);
        Ok(base.scheme == target.scheme
            && base.host == target.host
            && base.port == target.port
            && escape_component(&target.path).starts_with(&escape_component(folder)))
    }
}

/// One label of a name, in Punycode if it is beyond ASCII.
pub(super) fn punycode_label(label: &str) -> String {
    if label.is_ascii() {
        return label.to_owned();
    }
    const BASE: u32 = 36;
    let adapt = |delta: u32, points: u32, first: bool| {
        let mut delta = if first { delta / 700 } else { delta / 2 };
        delta += delta / points;
        let mut k = 0;
        while delta > 455 {
            delta /= BASE - 1;
            k += BASE;
        }
        k + 36 * delta / (delta + 38)
    };
    let digit = |value: u32| char::from(if value < 26 { b'a' + value as u8 } else { b'0' + (value - 26) as u8 });
    let mut out: String = label.chars().filter(char::is_ascii).collect();
    let basic = out.len() as u32;
    if basic > 0 {
        out.push('-');
    }
    let (mut next, mut delta, mut bias, mut done) = (128u32, 0u32, 72u32, basic);
    let total = label.chars().count() as u32;
    while done < total {
        let Some(lowest) = label.chars().map(u32::from).filter(|code| *code >= next).min() else { break };
        delta = delta.saturating_add((lowest - next).saturating_mul(done + 1));
        next = lowest;
        for code in label.chars().map(u32::from) {
            if code < next {
                delta = delta.saturating_add(1);
            }
            if code == next {
                let mut rest = delta;
                let mut k = BASE;
                loop {
                    let threshold = k.saturating_sub(bias).clamp(1, 26);
                    if rest < threshold {
                        break;
                    }
                    out.push(digit(threshold + (rest - threshold) % (BASE - threshold)));
                    rest = (rest - threshold) / (BASE - threshold);
                    k += BASE;
                }
                out.push(digit(rest));
                bias = adapt(delta, done + 1, done == basic);
                delta = 0;
                done += 1;
            }
        }
        delta = delta.saturating_add(1);
        next += 1;
    }
    format!("xn--{out}")
}
