//! What a search finds: matches, groups, captures, and their collections.

use std::any::Any;
use std::sync::Arc;

use apimite_dotnet::Thrown;
use apimite_dotnet::regex::{Capture, Group, Match};

use super::super::{index_out_of_range, walk};
use crate::library::rows::{Args, each, m, p};
use crate::library::typedef::{TypeDef, class};
use crate::run::Cx;
use crate::types::Type;
use crate::value::{Each, Object, Str, Value};

macro_rules! piece {
    ($name:ident($inner:ty), $def:ident $(, identity |$this:ident| $identity:block)?) => {
        struct $name($inner);

        impl Object for $name {
            fn type_of(&self) -> Type {
                Type::of(&$def)
            }

            fn as_any(&self) -> &dyn Any {
                self
            }

            $(fn identity(&self) -> Option<(usize, u32)> {
                let $this = self;
                $identity
            })?

            fn to_text(&self, _cx: &mut Cx<'_>) -> Option<Result<Str, Thrown>> {
                Some(Ok(Str::new(&self.0.value())))
            }
        }
    };
}

piece!(
    MatchObject(Match),
    MATCH,
    identity | this | {
        // Every match that failed is `Match.Empty`.
        static EMPTY: u8 = 0;
        (!this.0.success()).then_some((std::ptr::from_ref(&EMPTY) as usize, 0))
    }
);
piece!(GroupObject(Group), GROUP);
piece!(CaptureObject(Capture), CAPTURE);

/// A `MatchCollection`, `GroupCollection` or `CaptureCollection`.
pub(super) struct Pieces {
    pub(super) def: &'static TypeDef,
    pub(super) items: Vec<Value>,
    /// The match, if these are its groups.
    pub(super) of: Option<Match>,
}

impl Object for Pieces {
    fn type_of(&self) -> Type {
        Type::of(self.def)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn each(self: Arc<Self>, _cx: &mut Cx<'_>) -> Option<Result<Each, Thrown>> {
        Some(Ok(walk(self.items.clone())))
    }
}

pub(super) fn match_value(found: Match) -> Value {
    Value::object(MatchObject(found))
}

/// A group is a `Match` when it is the whole match.
fn group_value(group: Group, slot: usize) -> Value {
    if slot == 0 { match_value(group.of_match().clone()) } else { Value::object(GroupObject(group)) }
}

/// What `Index`, `Length` and `Value` of a piece say.
fn piece(value: &Value) -> (i32, i32, String) {
    if let Some(MatchObject(found)) = value.downcast() {
        return (found.index(), found.length(), found.value().into_owned());
    }
    if let Some(GroupObject(group)) = value.downcast() {
        return (group.index(), group.length(), group.value().into_owned());
    }
    if let Some(CaptureObject(capture)) = value.downcast() {
        return (capture.index(), capture.length(), capture.value().into_owned());
    }
    (0, 0, String::new())
}

/// The group that a `Group` or a `Match` is.
fn group(value: &Value) -> Option<Group> {
    if let Some(MatchObject(found)) = value.downcast() {
        return Some(found.whole());
    }
    value.downcast().map(|GroupObject(group)| group.clone())
}

fn found<'a>(a: &'a Args<'_>) -> Result<&'a Match, Thrown> {
    Ok(&a.obj::<MatchObject>(0)?.0)
}

pub(super) static CAPTURE: TypeDef = class("System.Text.RegularExpressions.Capture")
    .abstract_()
    .rows(&[&[
        p("int Index", |_, a| Ok(Value::Int(piece(a.get(0)).0))),
        p("int Length", |_, a| Ok(Value::Int(piece(a.get(0)).1))),
        p("string Value", |_, a| Ok(Value::from(piece(a.get(0)).2))),
    ]])
    .def();

pub(super) static GROUP: TypeDef = class("System.Text.RegularExpressions.Group")
    .extends("System.Text.RegularExpressions.Capture")
    .abstract_()
    .rows(&[&[
        p("CaptureCollection Captures", |cx, a| {
            let captures = group(a.get(0)).map(|group| group.captures()).unwrap_or_default();
            cx.charge(captures.len() * 64)?;
            let items = captures.into_iter().map(|capture| Value::object(CaptureObject(capture))).collect();
            Ok(Value::object(Pieces { def: &CAPTURE_COLLECTION, items, of: None }))
        }),
        p("bool Success", |_, a| Ok(Value::Bool(group(a.get(0)).is_some_and(|group| group.success())))),
        p("string Name", |_, a| Ok(Value::text(group(a.get(0)).map_or_else(|| Arc::from("0"), |group| group.name()))))
            .unlisted(),
    ]])
    .def();

pub(super) static MATCH: TypeDef = class("System.Text.RegularExpressions.Match")
    .extends("System.Text.RegularExpressions.Group")
    .abstract_()
    .rows(&[&[
        p("static Match Empty", |_, _| Ok(match_value(Match::empty()))),
        p("GroupCollection Groups", |_, a| {
            let found = found(&a)?;
            let items = (0..found.group_count()).map(|slot| group_value(found.group_at(slot), slot)).collect();
            Ok(Value::object(Pieces { def: &GROUP_COLLECTION, items, of: Some(found.clone()) }))
        }),
        m("string Result(string replacement)", |cx, a| {
            let replacement = a.need_str(1, "replacement")?;
            found(&a)?.result(replacement, |bytes| cx.charge(bytes)).map(Value::from)
        }),
        m("Match NextMatch()", |_, a| Ok(match_value(found(&a)?.next_match()?))).unlisted(),
    ]])
    .def();

fn count(_: &mut Cx<'_>, a: Args<'_>) -> Result<Value, Thrown> {
    Ok(Value::Int(i32::try_from(a.obj::<Pieces>(0)?.items.len()).unwrap_or(i32::MAX)))
}

fn item(_: &mut Cx<'_>, a: Args<'_>) -> Result<Value, Thrown> {
    let pieces = a.obj::<Pieces>(0)?;
    usize::try_from(a.int(1)).ok().and_then(|at| pieces.items.get(at).cloned()).ok_or_else(|| index_out_of_range("i"))
}

pub(super) static MATCH_COLLECTION: TypeDef = class("System.Text.RegularExpressions.MatchCollection")
    .abstract_()
    .implements("IReadOnlyList<Match>, System.Collections.ICollection")
    .rows(&[&[
        p("int Count", count),
        p("Match this[int i]", item),
        each("System.Collections.IEnumerator GetEnumerator()", |cx, a| cx.iterate(a.get(0))),
    ]])
    .def();

pub(super) static CAPTURE_COLLECTION: TypeDef = class("System.Text.RegularExpressions.CaptureCollection")
    .abstract_()
    .implements("IReadOnlyList<Capture>, System.Collections.ICollection")
    .rows(&[&[
        p("int Count", count),
        p("Capture this[int i]", item),
        each("System.Collections.IEnumerator GetEnumerator()", |cx, a| cx.iterate(a.get(0))),
    ]])
    .def();

pub(super) static GROUP_COLLECTION: TypeDef = class("System.Text.RegularExpressions.GroupCollection")
    .abstract_()
    .implements("IReadOnlyList<Group>, System.Collections.ICollection")
    .rows(&[&[
        p("int Count", count),
        p("Group this[int groupnum]", |_, a| {
            let of = a.obj::<Pieces>(0)?.of.clone().unwrap_or_else(Match::empty);
            let number = a.int(1);
            Ok(group_value(of.group(number), usize::from(number != 0)))
        }),
        p("Group this[string groupname]", |_, a| {
            let name = a.need_str(1, "groupName")?;
            let of = a.obj::<Pieces>(0)?.of.clone().unwrap_or_else(Match::empty);
            Ok(group_value(of.group_named(name), usize::from(name.as_str() != "0" || !of.success())))
        }),
        m("bool ContainsKey(string key)", |_, a| {
            let of = a.obj::<Pieces>(0)?.of.clone().unwrap_or_else(Match::empty);
            Ok(Value::Bool(of.has_group(a.need_str(1, "key")?)))
        })
        .unlisted()
        .core_only(),
        each("System.Collections.IEnumerator GetEnumerator()", |cx, a| cx.iterate(a.get(0))),
    ]])
    .def();
