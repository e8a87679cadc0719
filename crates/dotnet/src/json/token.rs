//! [`JToken`]: the handle, and what can be read of a token.

use std::sync::Arc;

use smol_str::SmolStr;

use super::doc::{Data, Doc, Members, NONE, State, enter, locate, single};
use super::errors::{argument, index, invalid};
use super::path::path_of;
use super::scalar::{JTokenType, Scalar};
use super::write::{Formatting, JsonWriter, write_tree};
use crate::Thrown;

/// A token of a JSON tree. Cloning the handle gives the same token; [`JToken::deep_clone`] copies it.
#[derive(Clone)]
pub struct JToken {
    pub(super) doc: Arc<Doc>,
    pub(super) id: u32,
}

/// A key in `token[key]`.
#[derive(Clone, Debug)]
pub enum Key<'a> {
    /// A string.
    Name(&'a str),
    /// An `int`.
    Index(i32),
    /// Anything else, as its text; `None` is null.
    Other(Option<&'a str>),
}

impl Key<'_> {
    fn shown(&self) -> String {
        match self {
            Self::Name(name) => format!("\"{name}\""),
            Self::Index(at) => at.to_string(),
            Self::Other(text) => text.unwrap_or("{null}").to_owned(),
        }
    }
}

/// How names are compared (`StringComparison`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NameMatch {
    /// Unit by unit.
    #[default]
    Exact,
    /// Without regard to case.
    IgnoreCase,
}

impl NameMatch {
    pub(super) fn same(self, a: &str, b: &str) -> bool {
        match self {
            Self::Exact => a == b,
            Self::IgnoreCase => a.eq_ignore_ascii_case(b) || a.to_uppercase() == b.to_uppercase(),
        }
    }
}

impl std::fmt::Debug for JToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.to_json(Formatting::None))
    }
}

impl JToken {
    pub(super) fn at(doc: Arc<Doc>, id: u32) -> Self {
        Self { doc, id }
    }

    pub(super) fn enter<R>(&self, work: impl FnOnce(&mut State, u32) -> R) -> R {
        enter(&self.doc, self.id, |_, state, id| work(state, id))
    }

    /// Runs `work` and makes handles of the nodes it gives.
    pub(super) fn one(&self, work: impl FnOnce(&mut State, u32) -> Option<u32>) -> Option<Self> {
        enter(&self.doc, self.id, |doc, state, id| work(state, id).map(|id| Self::at(doc.clone(), id)))
    }

    pub(super) fn many(&self, work: impl FnOnce(&mut State, u32) -> Vec<u32>) -> Vec<Self> {
        enter(&self.doc, self.id, |doc, state, id| {
            work(state, id).into_iter().map(|id| Self::at(doc.clone(), id)).collect()
        })
    }

    /// `new JValue(value)`.
    pub fn value(scalar: Scalar) -> Self {
        Self::at(single(Data::Value(scalar)), 0)
    }

    /// `JValue.CreateNull()`.
    pub fn null() -> Self {
        Self::value(Scalar::Null)
    }

    /// A string.
    pub fn text(text: impl Into<SmolStr>) -> Self {
        Self::value(Scalar::text(text))
    }

    /// `new JObject()`.
    pub fn object() -> Self {
        Self::at(single(Data::Object(Members::default())), 0)
    }

    /// `new JArray()`.
    pub fn array() -> Self {
        Self::at(single(Data::Array(Vec::new())), 0)
    }

    /// `new JConstructor(name)`.
    pub fn constructor(name: &str) -> Self {
        Self::at(single(Data::Constructor(Box::new((SmolStr::new(name), Vec::new())))), 0)
    }

    /// `new JProperty(name, value)`; a missing value is null.
    pub fn property(name: &str, value: Option<&Self>) -> Self {
        let property = Self::at(single(Data::Property(SmolStr::new(name), NONE)), 0);
        // A property without a value takes any value.
        let _ = property.set_value(value);
        property
    }

    /// Are the two handles one token (`ReferenceEquals`)?
    pub fn same(&self, other: &Self) -> bool {
        if Arc::ptr_eq(&self.doc, &other.doc) {
            return self.id == other.id;
        }
        let (a, b) = (locate(&self.doc, self.id), locate(&other.doc, other.id));
        Arc::ptr_eq(&a.0, &b.0) && a.1 == b.1
    }

    /// A number that is the same for handles of one token, until trees are joined.
    pub fn identity(&self) -> (usize, u32) {
        let (doc, id) = locate(&self.doc, self.id);
        (Arc::as_ptr(&doc) as usize, id)
    }

    /// `Type`.
    pub fn kind(&self) -> JTokenType {
        self.enter(|state, id| state.kind(id))
    }

    /// Simple name of the class: `JObject`, `JValue`, …
    pub fn class(&self) -> &'static str {
        self.enter(|state, id| state.class(id))
    }

    pub(super) fn full_class(&self) -> String {
        format!("Newtonsoft.Json.Linq.{}", self.class())
    }

    /// Is it a `JContainer`?
    pub fn is_container(&self) -> bool {
        self.enter(|state, id| !matches!(state.data(id), Data::Value(_)))
    }

    /// `JValue.Value`; `None` for anything but a `JValue`.
    pub fn scalar(&self) -> Option<Scalar> {
        self.enter(|state, id| if let Data::Value(scalar) = state.data(id) { Some(scalar.clone()) } else { None })
    }

    /// Sets `JValue.Value`. A string put into a comment or raw value stays one.
    pub fn set_scalar(&self, scalar: Scalar) {
        self.enter(|state, id| {
            if let Data::Value(old) = &mut state.node_mut(id).data {
                *old = match (&*old, scalar) {
                    (Scalar::Raw(_), Scalar::Text(text)) => Scalar::Raw(text),
                    (Scalar::Comment(_), Scalar::Text(text)) => Scalar::Comment(text),
                    (_, scalar) => scalar,
                };
            }
        });
    }

    /// `JProperty.Name` or `JConstructor.Name`; empty for others.
    pub fn name(&self) -> SmolStr {
        self.enter(|state, id| match state.data(id) {
            Data::Property(name, _) => name.clone(),
            Data::Constructor(parts) => parts.0.clone(),
            _ => SmolStr::default(),
        })
    }

    /// `JProperty.Value`.
    pub fn property_value(&self) -> Option<Self> {
        self.one(|state, id| state.value_of(id))
    }

    /// `Parent`.
    pub fn parent(&self) -> Option<Self> {
        self.one(|state, id| state.parent(id))
    }

    /// `Root`.
    pub fn root(&self) -> Self {
        self.one(|state, id| Some(state.root(id))).unwrap_or_else(|| self.clone())
    }

    /// `Path`.
    pub fn path(&self) -> String {
        self.enter(|state, id| path_of(state, id))
    }

    /// `JContainer.Count`.
    pub fn count(&self) -> usize {
        self.enter(|state, id| state.kids(id).len())
    }

    /// `HasValues`.
    pub fn has_values(&self) -> bool {
        self.count() > 0
    }

    /// `Children()`; none for a `JValue`.
    pub fn children(&self) -> Vec<Self> {
        self.many(|state, id| state.kids(id).to_vec())
    }

    /// The child at a position.
    pub fn child(&self, at: usize) -> Option<Self> {
        self.one(|state, id| state.kids(id).get(at).copied())
    }

    /// `First`.
    ///
    /// # Errors
    /// `InvalidOperationException` for a `JValue`.
    pub fn first(&self) -> Result<Option<Self>, Thrown> {
        self.need_container()?;
        Ok(self.child(0))
    }

    /// `Last`.
    ///
    /// # Errors
    /// `InvalidOperationException` for a `JValue`.
    pub fn last(&self) -> Result<Option<Self>, Thrown> {
        self.need_container()?;
        Ok(self.one(|state, id| state.kids(id).last().copied()))
    }

    /// Fails as the members do that a `JValue` does not have.
    ///
    /// # Errors
    /// `InvalidOperationException` for a `JValue`.
    pub fn need_container(&self) -> Result<(), Thrown> {
        if self.is_container() {
            return Ok(());
        }
        Err(invalid(format!("Cannot access child value on {}.", self.full_class())))
    }

    fn sibling(&self, pick: impl FnOnce(&[u32], usize) -> Option<u32>) -> Option<Self> {
        self.one(|state, id| {
            let parent = state.parent(id)?;
            let at = state.position(parent, id)?;
            pick(state.kids(parent), at)
        })
    }

    /// `Next`.
    pub fn next(&self) -> Option<Self> {
        self.sibling(|kids, at| kids.get(at + 1).copied())
    }

    /// `Previous`.
    pub fn previous(&self) -> Option<Self> {
        self.sibling(|kids, at| at.checked_sub(1).map(|at| kids[at]))
    }

    fn siblings(&self, pick: impl FnOnce(&[u32], usize) -> Vec<u32>) -> Vec<Self> {
        self.many(|state, id| {
            let place = state.parent(id).and_then(|parent| Some((parent, state.position(parent, id)?)));
            place.map_or_else(Vec::new, |(parent, at)| pick(state.kids(parent), at))
        })
    }

    /// `BeforeSelf()`.
    pub fn before_self(&self) -> Vec<Self> {
        self.siblings(|kids, at| kids[..at].to_vec())
    }

    /// `AfterSelf()`.
    pub fn after_self(&self) -> Vec<Self> {
        self.siblings(|kids, at| kids[at + 1..].to_vec())
    }

    /// `Ancestors()`, or with the token itself `AncestorsAndSelf()`; the nearest comes first.
    pub fn ancestors(&self, with_self: bool) -> Vec<Self> {
        self.many(|state, id| {
            let mut found = Vec::new();
            let mut current = if with_self { Some(id) } else { state.parent(id) };
            while let Some(id) = current {
                found.push(id);
                current = state.parent(id);
            }
            found
        })
    }

    /// `Descendants()`, or with the token itself `DescendantsAndSelf()`, in document order.
    pub fn descendants(&self, with_self: bool) -> Vec<Self> {
        self.many(|state, id| {
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
        })
    }

    /// `JObject.Property(name)`.
    pub fn find_property(&self, name: &str, how: NameMatch) -> Option<Self> {
        self.one(|state, id| find_property(state, id, name, how))
    }

    /// `JObject.Properties()`.
    pub fn properties(&self) -> Vec<Self> {
        self.children()
    }

    /// `JObject.GetValue(name)`.
    pub fn get(&self, name: &str, how: NameMatch) -> Option<Self> {
        self.one(|state, id| find_property(state, id, name, how).and_then(|property| state.value_of(property)))
    }

    /// The names and values of an object, in order.
    pub fn entries(&self) -> Vec<(SmolStr, Self)> {
        enter(&self.doc, self.id, |doc, state, id| {
            let kids = state.kids(id).iter();
            kids.filter_map(|kid| Some((state.name(*kid).clone(), Self::at(doc.clone(), state.value_of(*kid)?))))
                .collect()
        })
    }

    /// `token[key]`.
    ///
    /// # Errors
    /// What the class of the token throws for the key.
    pub fn index(&self, key: &Key<'_>) -> Result<Option<Self>, Thrown> {
        enter(&self.doc, self.id, |doc, state, id| {
            let found = match (state.data(id), key) {
                (Data::Object(_), Key::Name(name)) => {
                    state.find(id, name).and_then(|property| state.value_of(property))
                }
                (Data::Array(list), Key::Index(at)) => Some(element(list, *at)?),
                (Data::Constructor(parts), Key::Index(at)) => Some(element(&parts.1, *at)?),
                _ => return Err(bad_key(state, id, key, false)),
            };
            Ok(found.map(|id| Self::at(doc.clone(), id)))
        })
    }

    /// `ToString(formatting)`: JSON text.
    pub fn to_json(&self, formatting: Formatting) -> String {
        let mut writer = JsonWriter::new(formatting);
        self.write(&mut writer);
        writer.finish()
    }

    /// `WriteTo(writer)`.
    pub fn write(&self, writer: &mut JsonWriter) {
        self.enter(|state, id| write_tree(state, id, writer));
    }

    /// `ToString()`: the plain text of a `JValue`, indented JSON of anything else.
    pub fn to_text(&self) -> SmolStr {
        let plain = self.enter(|state, id| match state.data(id) {
            Data::Value(scalar) => Some(scalar.to_text()),
            _ => None,
        });
        plain.unwrap_or_else(|| SmolStr::from(self.to_json(Formatting::Indented)))
    }
}

fn element(list: &[u32], at: i32) -> Result<u32, Thrown> {
    usize::try_from(at).ok().and_then(|at| list.get(at).copied()).ok_or_else(index)
}

pub(super) fn find_property(state: &mut State, id: u32, name: &str, how: NameMatch) -> Option<u32> {
    state.find(id, name).or_else(|| {
        if how == NameMatch::Exact {
            return None;
        }
        state.kids(id).iter().copied().find(|kid| how.same(state.name(*kid), name))
    })
}

/// The exception of an indexer that does not take the key.
pub(super) fn bad_key(state: &State, id: u32, key: &Key<'_>, setting: bool) -> Thrown {
    let class = state.class(id);
    let expected = match state.data(id) {
        Data::Object(_) => "Object property name expected.",
        Data::Array(_) => "Int32 array index expected.",
        Data::Constructor(_) => "Argument position index expected.",
        Data::Property(..) | Data::Value(_) => {
            let verb = if setting { "set" } else { "access" };
            return invalid(format!("Cannot {verb} child value on Newtonsoft.Json.Linq.{class}."));
        }
    };
    if matches!(key, Key::Other(None)) {
        return crate::Exception::new(crate::ExceptionKind::ArgumentNull, "Value cannot be null. (Parameter 'key')");
    }
    let verb = if setting { "Set" } else { "Accessed" };
    argument(format!("{verb} {class} values with invalid key value: {}. {expected}", key.shown()))
}
