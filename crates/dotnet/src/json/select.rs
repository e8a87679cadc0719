//! `SelectToken` and `SelectTokens`.

use std::cmp::Ordering;

use super::compare::{compare, order, values_equal};
use super::convert::base64;
use super::dates::{date_text, offset_text};
use super::doc::{Data, State};
use super::errors::json;
use super::query::{Condition, Filter, Reader, Side, Test};
use super::scalar::{JTokenType, Scalar};
use super::token::JToken;
use crate::Thrown;
use crate::regex::{Regex, RegexOptions};

/// A path that has been read.
#[derive(Clone, Debug)]
pub struct JPath {
    filters: Vec<Filter>,
}

impl JPath {
    /// Reads a path such as `a.b[0]` or `$..book[?(@.price < 10)]`.
    ///
    /// # Errors
    /// `JsonException`.
    pub fn new(path: &str) -> Result<Self, Thrown> {
        Ok(Self { filters: Reader::new(path).main()? })
    }
}

impl JToken {
    /// `SelectTokens(path, errorWhenNoMatch)`.
    ///
    /// # Errors
    /// `JsonException` for the path, or where nothing matches and that is asked for; exceptions of comparisons.
    pub fn select_tokens(&self, path: &JPath, must_match: bool) -> Result<Vec<Self>, Thrown> {
        super::doc::enter(&self.doc, self.id, |doc, state, id| {
            let found = run(state, id, id, &path.filters, must_match)?;
            Ok(found.into_iter().map(|id| Self::at(doc.clone(), id)).collect())
        })
    }

    /// `SelectToken(path, errorWhenNoMatch)`.
    ///
    /// # Errors
    /// As [`JToken::select_tokens`]; `JsonException` for more than one match.
    pub fn select_token(&self, path: &JPath, must_match: bool) -> Result<Option<Self>, Thrown> {
        let mut found = self.select_tokens(path, must_match)?.into_iter();
        let first = found.next();
        if found.next().is_some() {
            return Err(json("Path returned multiple tokens."));
        }
        Ok(first)
    }
}

fn run(state: &mut State, root: u32, start: u32, filters: &[Filter], must: bool) -> Result<Vec<u32>, Thrown> {
    let mut current = vec![start];
    for filter in filters {
        let mut next = Vec::new();
        if matches!(filter, Filter::Root) {
            next.push(root);
        } else {
            for id in current {
                apply(state, root, id, filter, must, &mut next)?;
            }
        }
        current = next;
    }
    Ok(current)
}

/// Everything below a node, in document order.
fn below(state: &State, id: u32, with_self: bool) -> Vec<u32> {
    let mut found = Vec::new();
    let mut work = vec![id];
    while let Some(id) = work.pop() {
        found.push(id);
        work.extend(state.kids(id).iter().rev());
    }
    if !with_self {
        found.remove(0);
    }
    found
}

fn apply(state: &mut State, root: u32, id: u32, filter: &Filter, must: bool, out: &mut Vec<u32>) -> Result<(), Thrown> {
    let class = state.class(id);
    let fail = |message: String| if must { Err(json(message)) } else { Ok(()) };
    let is_object = matches!(state.data(id), Data::Object(_));
    match filter {
        Filter::Field(name) => match name {
            _ if !is_object => {
                return fail(format!("Property '{}' not valid on {class}.", name.as_deref().unwrap_or("*")));
            }
            None => out.extend(state.kids(id).iter().filter_map(|kid| state.value_of(*kid))),
            Some(name) => match state.find(id, name).and_then(|property| state.value_of(property)) {
                Some(value) => out.push(value),
                None => return fail(format!("Property '{name}' does not exist on JObject.")),
            },
        },
        Filter::Fields(names) => {
            if !is_object {
                let names: Vec<String> = names.iter().map(|name| format!("'{name}'")).collect();
                return fail(format!("Properties {} not valid on {class}.", names.join(", ")));
            }
            for name in names {
                out.extend(state.find(id, name).and_then(|property| state.value_of(property)));
                fail(format!("Property '{name}' does not exist on JObject."))?;
            }
        }
        Filter::Scan(None) => {
            let all = below(state, id, true);
            out.extend(all.into_iter().filter(|id| !matches!(state.data(*id), Data::Property(..))));
        }
        Filter::Scan(Some(name)) => scan(state, id, std::slice::from_ref(name), out),
        Filter::ScanFields(names) => scan(state, id, names, out),
        Filter::Index(None) => match state.data(id) {
            Data::Array(_) | Data::Constructor(_) => out.extend(state.kids(id)),
            _ => return fail(format!("Index * not valid on {class}.")),
        },
        Filter::Index(Some(at)) => element(state, id, *at, must, out)?,
        Filter::Indexes(list) => {
            for at in list {
                element(state, id, *at, must, out)?;
            }
        }
        Filter::Slice(start, end, step) => slice(state, id, (*start, *end, *step), must, out)?,
        Filter::Query(condition) => {
            for kid in state.kids(id).to_vec() {
                if holds(state, root, kid, condition)? {
                    out.push(kid);
                }
            }
        }
        Filter::ScanQuery(condition) => {
            for node in below(state, id, true) {
                if holds(state, root, node, condition)? {
                    out.push(node);
                }
            }
        }
        Filter::Root => out.push(root),
    }
    Ok(())
}

fn scan(state: &State, id: u32, names: &[String], out: &mut Vec<u32>) {
    for node in below(state, id, false) {
        if let Data::Property(name, _) = state.data(node) {
            for _ in names.iter().filter(|wanted| *wanted == name.as_str()) {
                out.extend(state.value_of(node));
            }
        }
    }
}

fn element(state: &State, id: u32, at: i32, must: bool, out: &mut Vec<u32>) -> Result<(), Thrown> {
    let class = state.class(id);
    match state.data(id) {
        Data::Array(_) | Data::Constructor(_) => match usize::try_from(at) {
            Err(_) => return Err(super::errors::index()),
            Ok(position) => match state.kids(id).get(position) {
                Some(kid) => out.push(*kid),
                None if must => return Err(json(format!("Index {at} outside the bounds of {class}."))),
                None => {}
            },
        },
        _ if must => return Err(json(format!("Index {at} not valid on {class}."))),
        _ => {}
    }
    Ok(())
}

fn slice(
    state: &State,
    id: u32,
    (start, end, step): (Option<i32>, Option<i32>, Option<i32>),
    must: bool,
    out: &mut Vec<u32>,
) -> Result<(), Thrown> {
    if step == Some(0) {
        return Err(json("Step cannot be zero."));
    }
    let Data::Array(list) = state.data(id) else {
        if must {
            return Err(json(format!("Array slice is not valid on {}.", state.class(id))));
        }
        return Ok(());
    };
    let count = list.len() as i64;
    let step = i64::from(step.unwrap_or(1));
    let forward = step > 0;
    let from = |at: i32| if at < 0 { count + i64::from(at) } else { i64::from(at) };
    let mut first = start.map_or(if forward { 0 } else { count - 1 }, from);
    let mut stop = end.map_or(if forward { count } else { -1 }, from);
    first = first.max(if forward { 0 } else { i64::MIN }).min(if forward { count } else { count - 1 });
    stop = stop.clamp(-1, count);
    let inside = |at: i64| if forward { at < stop } else { at > stop };
    if !inside(first) && must {
        let show = |at: Option<i32>| at.map_or_else(|| "*".to_owned(), |at| at.to_string());
        return Err(json(format!("Array slice of {} to {} returned no results.", show(start), show(end))));
    }
    let mut at = first;
    while inside(at) {
        let Some(kid) = usize::try_from(at).ok().and_then(|at| list.get(at)) else {
            return Err(super::errors::index());
        };
        out.push(*kid);
        at += step;
    }
    Ok(())
}

fn results(state: &mut State, root: u32, id: u32, side: &Side) -> Result<Vec<Found>, Thrown> {
    match side {
        Side::Value(scalar) => Ok(vec![Found::Value(scalar.clone())]),
        Side::Path(filters) => {
            let ids = run(state, root, id, filters, false)?;
            Ok(ids
                .into_iter()
                .map(|id| match state.data(id) {
                    Data::Value(scalar) => Found::Value(scalar.clone()),
                    _ => Found::Container,
                })
                .collect())
        }
    }
}

enum Found {
    Value(Scalar),
    Container,
}

fn holds(state: &mut State, root: u32, id: u32, condition: &Condition) -> Result<bool, Thrown> {
    match condition {
        Condition::All(list) => {
            for part in list {
                if !holds(state, root, id, part)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        Condition::Any(list) => {
            for part in list {
                if holds(state, root, id, part)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        Condition::Test(test, left, right) => {
            let left = results(state, root, id, left)?;
            let Some(right) = right else { return Ok(!left.is_empty()) };
            if left.is_empty() {
                return Ok(false);
            }
            let right = results(state, root, id, right)?;
            for a in &left {
                for b in &right {
                    if passes(*test, a, b)? {
                        return Ok(true);
                    }
                }
            }
            Ok(false)
        }
    }
}

fn passes(test: Test, a: &Found, b: &Found) -> Result<bool, Thrown> {
    let (Found::Value(a), Found::Value(b)) = (a, b) else {
        return Ok(matches!(test, Test::NotEquals | Test::Exists));
    };
    Ok(match test {
        Test::Exists => true,
        Test::Equals => loosely_equal(a, b)?,
        Test::NotEquals => !loosely_equal(a, b)?,
        Test::StrictEquals => strictly_equal(a, b)?,
        Test::StrictNotEquals => !strictly_equal(a, b)?,
        Test::Matches => matches(a, b)?,
        Test::Less => order(a, b)? == Ordering::Less,
        Test::LessOrEqual => order(a, b)? != Ordering::Greater,
        Test::Greater => order(a, b)? == Ordering::Greater,
        Test::GreaterOrEqual => order(a, b)? != Ordering::Less,
    })
}

/// An integer against a float, in either order.
fn mixed_numbers(a: &Scalar, b: &Scalar) -> bool {
    matches!((a.kind(), b.kind()), (JTokenType::Integer, JTokenType::Float) | (JTokenType::Float, JTokenType::Integer))
}

fn strictly_equal(a: &Scalar, b: &Scalar) -> Result<bool, Thrown> {
    if mixed_numbers(a, b) {
        return Ok(compare(a.kind(), a, b)? == Ordering::Equal);
    }
    Ok(values_equal(a, b))
}

fn loosely_equal(a: &Scalar, b: &Scalar) -> Result<bool, Thrown> {
    if strictly_equal(a, b)? {
        return Ok(true);
    }
    if b.kind() != JTokenType::String {
        return Ok(false);
    }
    let text = match a {
        Scalar::Date(raw) => date_text(*raw),
        Scalar::DateOffset(ticks, offset) => offset_text(*ticks, *offset),
        Scalar::Bytes(bytes) => base64(bytes),
        Scalar::Uri(uri) => uri.0.to_string(),
        Scalar::Guid(_) | Scalar::TimeSpan(_) => a.to_text().to_string(),
        _ => return Ok(false),
    };
    Ok(b.to_text() == text)
}

/// `=~ /pattern/flags`
fn matches(a: &Scalar, b: &Scalar) -> Result<bool, Thrown> {
    if a.kind() != JTokenType::String || b.kind() != JTokenType::String {
        return Ok(false);
    }
    let text = b.to_text();
    let Some(end) = text.rfind('/').filter(|end| *end > 0) else { return Ok(false) };
    let mut options = RegexOptions::NONE;
    for flag in text[end + 1..].chars() {
        options = options.with(match flag {
            'i' => RegexOptions::IGNORE_CASE,
            'm' => RegexOptions::MULTILINE,
            's' => RegexOptions::SINGLELINE,
            'x' => RegexOptions::EXPLICIT_CAPTURE,
            _ => RegexOptions::NONE,
        });
    }
    Regex::cached(&text[1..end], options)?.is_match(&a.to_text())
}
