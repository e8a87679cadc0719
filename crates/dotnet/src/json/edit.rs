//! What changes a tree: adding, removing, replacing.

use super::compare::values_equal;
use super::doc::{Data, Doc, State, join};
use super::errors::{argument, fixed_property, json, no_parent, range};
use super::scalar::{JTokenType, Scalar};
use super::token::{JToken, Key, bad_key};
use crate::Thrown;

/// A copy where the container may not take the token itself.
fn owned(state: &mut State, container: u32, item: u32) -> u32 {
    let own_root = state.root(container) == item && !state.kids(item).is_empty();
    if state.parent(item).is_some() || item == container || own_root { state.copy(item) } else { item }
}

/// May this node stand in that container, in the place of `existing`?
fn check(state: &mut State, container: u32, item: u32, existing: Option<u32>) -> Result<(), Thrown> {
    let is_property = state.kind(item) == JTokenType::Property;
    let is_object = matches!(state.data(container), Data::Object(_));
    let ns = "Newtonsoft.Json.Linq";
    if is_property != is_object {
        let (item, container) = (state.class(item), state.class(container));
        return Err(argument(format!("Can not add {ns}.{item} to {ns}.{container}.")));
    }
    if !is_object {
        return Ok(());
    }
    let name = state.name(item).clone();
    if existing.is_some_and(|existing| *state.name(existing) == name) {
        return Ok(());
    }
    if state.find(container, &name).is_some() {
        return Err(argument(format!(
            "Can not add property {name} to {ns}.JObject. Property with the same name already exists on object."
        )));
    }
    Ok(())
}

/// `InsertItem`; `false` where the container quietly does not take it.
fn insert(state: &mut State, container: u32, at: usize, item: u32) -> Result<bool, Thrown> {
    let comment = state.kind(item) == JTokenType::Comment;
    match state.data(container) {
        Data::Object(_) if comment => return Ok(false),
        Data::Property(..) => {
            if comment {
                return Ok(false);
            }
            if state.value_of(container).is_some() {
                return Err(json("Newtonsoft.Json.Linq.JProperty cannot have multiple values."));
            }
        }
        _ => {}
    }
    if at > state.kids(container).len() {
        return Err(range("Index must be within the bounds of the List."));
    }
    let item = owned(state, container, item);
    check(state, container, item, None)?;
    state.link(container, at, item);
    Ok(true)
}

/// `IsTokenUnchanged`.
fn unchanged(state: &State, current: u32, new: u32) -> bool {
    match (state.data(current), state.data(new)) {
        (Data::Value(a), Data::Value(b)) => current == new || values_equal(a, b),
        _ => false,
    }
}

/// `SetItem`.
fn set(state: &mut State, container: u32, at: usize, item: u32) -> Result<(), Thrown> {
    let existing = state.kids(container)[at];
    if unchanged(state, existing, item) {
        return Ok(());
    }
    let item = owned(state, container, item);
    check(state, container, item, Some(existing))?;
    state.relink(container, at, item);
    Ok(())
}

fn position(at: i32, count: usize) -> Result<usize, Thrown> {
    match usize::try_from(at) {
        Err(_) => Err(range("Index is less than 0.")),
        Ok(at) if at >= count => Err(range("Index is equal to or greater than Count.")),
        Ok(at) => Ok(at),
    }
}

impl JToken {
    fn with<R>(&self, item: &Self, work: impl FnOnce(&mut State, u32, u32) -> R) -> R {
        join((&self.doc, self.id), (&item.doc, item.id), |_, state, id, item| work(state, id, item))
    }

    /// `Add(token)`; `false` where the container does not take comments.
    ///
    /// # Errors
    /// `ArgumentException` for a token that may not stand here, `JsonException` for a second value of a property.
    pub fn add(&self, item: &Self) -> Result<bool, Thrown> {
        self.with(item, |state, id, item| insert(state, id, state.kids(id).len(), item))
    }

    /// `Insert(index, token)`; `AddFirst` is at 0.
    ///
    /// # Errors
    /// As [`JToken::add`], and `ArgumentOutOfRangeException`.
    pub fn insert(&self, at: i32, item: &Self) -> Result<bool, Thrown> {
        let at = usize::try_from(at).map_err(|_| super::errors::index())?;
        self.with(item, |state, id, item| insert(state, id, at, item))
    }

    /// `JObject.Add(name, value)`.
    ///
    /// # Errors
    /// `ArgumentException` where the name is taken.
    pub fn add_property(&self, name: &str, value: Option<&Self>) -> Result<(), Thrown> {
        self.add(&Self::property(name, value)).map(drop)
    }

    /// `token[key] = value`.
    ///
    /// # Errors
    /// What the class of the token throws for the key.
    pub fn set_index(&self, key: &Key<'_>, value: Option<&Self>) -> Result<(), Thrown> {
        let null;
        let value = match value {
            Some(value) => value,
            None => {
                null = Self::null();
                &null
            }
        };
        match (self.kind(), key) {
            (JTokenType::Object, Key::Name(name)) => {
                if let Some(property) = self.find_property(name, super::NameMatch::Exact) {
                    property.set_value(Some(value))
                } else {
                    self.add_property(name, Some(value))
                }
            }
            (JTokenType::Array | JTokenType::Constructor, Key::Index(at)) => self.with(value, |state, id, item| {
                let at = position(*at, state.kids(id).len())?;
                set(state, id, at, item)
            }),
            _ => Err(self.enter(|state, id| bad_key(state, id, key, true))),
        }
    }

    /// Sets `JProperty.Value`; a missing one is null.
    ///
    /// # Errors
    /// `ArgumentException` for a `JProperty`.
    pub fn set_value(&self, value: Option<&Self>) -> Result<(), Thrown> {
        let null;
        let value = match value {
            Some(value) => value,
            None => {
                null = Self::null();
                &null
            }
        };
        self.with(value, |state, id, item| {
            if state.value_of(id).is_some() { set(state, id, 0, item) } else { insert(state, id, 0, item).map(drop) }
        })
    }

    /// `IList.IndexOf`: by reference; -1 if it is not a child.
    pub fn index_of(&self, item: &Self) -> i32 {
        let parent = item.parent();
        if !parent.is_some_and(|parent| parent.same(self)) {
            return -1;
        }
        let (_, wanted) = item.identity();
        self.enter(|state, id| state.position(id, wanted)).and_then(|at| i32::try_from(at).ok()).unwrap_or(-1)
    }

    /// `JArray.RemoveAt(index)`.
    ///
    /// # Errors
    /// `ArgumentOutOfRangeException`; `JsonException` for a property.
    pub fn remove_at(&self, at: i32) -> Result<(), Thrown> {
        self.enter(|state, id| {
            if matches!(state.data(id), Data::Property(..)) {
                return Err(fixed_property());
            }
            let at = position(at, state.kids(id).len())?;
            state.unlink(id, at);
            Ok(())
        })
    }

    /// `JArray.Remove(item)`: `true` if it was a child.
    ///
    /// # Errors
    /// `JsonException` for a property.
    pub fn remove_item(&self, item: &Self) -> Result<bool, Thrown> {
        if self.kind() == JTokenType::Property {
            return Err(fixed_property());
        }
        let at = self.index_of(item);
        if at < 0 {
            return Ok(false);
        }
        self.remove_at(at).map(|()| true)
    }

    /// `JObject.Remove(name)`.
    pub fn remove_property(&self, name: &str) -> bool {
        self.enter(|state, id| {
            let place = state.find(id, name).and_then(|property| state.position(id, property));
            place.map(|at| state.unlink(id, at)).is_some()
        })
    }

    /// `RemoveAll()` and `Clear()`.
    ///
    /// # Errors
    /// `JsonException` for a property.
    pub fn clear(&self) -> Result<(), Thrown> {
        self.enter(|state, id| {
            if matches!(state.data(id), Data::Property(..)) {
                return Err(fixed_property());
            }
            state.unlink_all(id);
            Ok(())
        })
    }

    /// `Remove()`.
    ///
    /// # Errors
    /// `InvalidOperationException` without a parent, `JsonException` for the value of a property.
    pub fn remove(&self) -> Result<(), Thrown> {
        self.enter(|state, id| {
            let parent = state.parent(id).ok_or_else(no_parent)?;
            if matches!(state.data(parent), Data::Property(..)) {
                return Err(fixed_property());
            }
            if let Some(at) = state.position(parent, id) {
                state.unlink(parent, at);
            }
            Ok(())
        })
    }

    /// `Replace(value)`; a missing one is null.
    ///
    /// # Errors
    /// `InvalidOperationException` without a parent; as [`JToken::add`].
    pub fn replace(&self, value: Option<&Self>) -> Result<(), Thrown> {
        let null = Self::null();
        self.with(value.unwrap_or(&null), |state, id, item| {
            let parent = state.parent(id).ok_or_else(no_parent)?;
            match state.position(parent, id) {
                Some(at) => set(state, parent, at, item),
                None => Ok(()),
            }
        })
    }

    /// `AddAfterSelf` (`behind` is 1) and `AddBeforeSelf` (0).
    fn add_beside(&self, item: &Self, behind: usize) -> Result<(), Thrown> {
        self.with(item, |state, id, item| {
            let parent = state.parent(id).ok_or_else(no_parent)?;
            let at = state.position(parent, id).unwrap_or(0) + behind;
            insert(state, parent, at, item).map(drop)
        })
    }

    /// `AddAfterSelf(token)`.
    ///
    /// # Errors
    /// `InvalidOperationException` without a parent; as [`JToken::add`].
    pub fn add_after_self(&self, item: &Self) -> Result<(), Thrown> {
        self.add_beside(item, 1)
    }

    /// `AddBeforeSelf(token)`.
    ///
    /// # Errors
    /// `InvalidOperationException` without a parent; as [`JToken::add`].
    pub fn add_before_self(&self, item: &Self) -> Result<(), Thrown> {
        self.add_beside(item, 0)
    }

    /// `DeepClone()`.
    #[must_use]
    pub fn deep_clone(&self) -> Self {
        self.enter(|state, id| {
            let mut nodes = smallvec::SmallVec::new();
            let root = state.copy_into(id, &mut nodes);
            Self::at(Doc::new(nodes), root)
        })
    }

    /// Turns strings that Newtonsoft takes for dates into dates, in the whole subtree.
    pub(super) fn detect_dates(&self) {
        self.enter(|state, id| {
            let mut work = vec![id];
            while let Some(id) = work.pop() {
                work.extend(state.kids(id));
                if let Data::Value(Scalar::Text(text)) = state.data(id)
                    && let Some(raw) = super::dates::parse_date(text)
                {
                    state.node_mut(id).data = Data::Value(Scalar::Date(raw));
                }
            }
        });
    }
}
