//! Type definitions: name, base, interfaces and rows.

use std::borrow::Cow;
use std::sync::OnceLock;

use super::rows::Row;
use crate::types::Type;

/// What sort of type a definition declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A class.
    Class,
    /// A class with static members only.
    Static,
    /// A value type.
    Struct,
    /// An interface.
    Interface,
    /// An enum.
    Enum,
    /// A delegate.
    Delegate,
}

/// A definition being written; [`Sketch::def`] finishes it.
#[derive(Clone, Copy)]
pub struct Sketch {
    pub(crate) name: &'static str,
    pub(crate) shape: Shape,
    pub(crate) base: &'static str,
    pub(crate) interfaces: &'static str,
    pub(crate) rows: &'static [&'static [Row]],
    pub(crate) values: &'static [(&'static str, i64)],
    pub(crate) flags: bool,
    pub(crate) listed: bool,
    pub(crate) host: bool,
    pub(crate) invoke: &'static str,
    pub(crate) is_abstract: bool,
}

/// A library type. `static`, and compared by address.
pub struct TypeDef {
    sketch: Sketch,
    pub(crate) plain: OnceLock<Type>,
}

const fn sketch(shape: Shape, name: &'static str) -> Sketch {
    Sketch {
        name,
        shape,
        base: "",
        interfaces: "",
        rows: &[],
        values: &[],
        flags: false,
        listed: true,
        host: false,
        invoke: "",
        is_abstract: false,
    }
}

/// A class, by its full name: `System.Text.StringBuilder`, `System.Collections.Generic.List<T>`.
/// A nested type has a `+`: `System.TimeZoneInfo+AdjustmentRule`.
pub const fn class(name: &'static str) -> Sketch {
    sketch(Shape::Class, name)
}

/// A static class.
pub const fn static_class(name: &'static str) -> Sketch {
    sketch(Shape::Static, name)
}

/// A struct.
pub const fn structure(name: &'static str) -> Sketch {
    sketch(Shape::Struct, name)
}

/// An interface; mark variance in the name: `IEnumerable<out T>`.
pub const fn interface(name: &'static str) -> Sketch {
    sketch(Shape::Interface, name)
}

/// An enum with its values in order of declaration.
pub const fn enumeration(name: &'static str, values: &'static [(&'static str, i64)]) -> Sketch {
    let mut s = sketch(Shape::Enum, name);
    s.values = values;
    s
}

/// A delegate: its name (with variance) and what it is called with, `delegate("System.Func<in T,out TResult>", "TResult Invoke(T arg)")`.
pub const fn delegate(name: &'static str, invoke: &'static str) -> Sketch {
    let mut s = sketch(Shape::Delegate, name);
    s.invoke = invoke;
    s
}

impl Sketch {
    /// The base class, as C# text.
    #[must_use]
    pub const fn extends(mut self, base: &'static str) -> Self {
        self.base = base;
        self
    }

    /// The interfaces, comma separated, as C# text.
    #[must_use]
    pub const fn implements(mut self, interfaces: &'static str) -> Self {
        self.interfaces = interfaces;
        self
    }

    /// The members, in groups (so that several files may contribute).
    #[must_use]
    pub const fn rows(mut self, rows: &'static [&'static [Row]]) -> Self {
        self.rows = rows;
        self
    }

    /// `[Flags]`.
    #[must_use]
    pub const fn flags(mut self) -> Self {
        self.flags = true;
        self
    }

    /// Not in the documented allow-list: lenient mode only, unless a row says otherwise.
    #[must_use]
    pub const fn unlisted(mut self) -> Self {
        self.listed = false;
        self
    }

    /// A type of the embedder: shown by its simple name.
    #[must_use]
    pub const fn host(mut self) -> Self {
        self.host = true;
        self
    }

    /// Cannot be created with `new`.
    #[must_use]
    pub const fn abstract_(mut self) -> Self {
        self.is_abstract = true;
        self
    }

    /// The finished definition, for a `static`.
    pub const fn def(self) -> TypeDef {
        TypeDef { sketch: self, plain: OnceLock::new() }
    }
}

impl TypeDef {
    /// What sort of type it is.
    pub fn shape(&self) -> Shape {
        self.sketch.shape
    }

    /// Full name without type parameters: `System.Collections.Generic.List`.
    pub fn full_name(&self) -> &'static str {
        self.sketch.name.split('<').next().unwrap_or("")
    }

    /// Full CLR name; host types have none and give their simple name.
    pub fn clr_name(&self) -> Cow<'static, str> {
        Cow::Borrowed(if self.sketch.host { self.simple_name() } else { self.full_name() })
    }

    /// Name without namespace; a nested type keeps its outer type: `TimeZoneInfo.AdjustmentRule` is `AdjustmentRule`.
    pub fn simple_name(&self) -> &'static str {
        let full = self.full_name();
        full.rsplit(['.', '+']).next().unwrap_or(full)
    }

    /// Namespace, empty for host types.
    pub fn namespace(&self) -> &'static str {
        let full = self.full_name();
        let outer = full.split('+').next().unwrap_or(full);
        outer.rfind('.').map_or("", |dot| &outer[..dot])
    }

    /// Names of the type parameters, without variance.
    pub fn parameters(&self) -> Vec<&'static str> {
        self.variance().into_iter().map(|(name, _)| name).collect()
    }

    /// Type parameters with their variance: `1` is `out`, `-1` is `in`.
    pub fn variance(&self) -> Vec<(&'static str, i8)> {
        let Some((_, list)) = self.sketch.name.split_once('<') else { return Vec::new() };
        list.trim_end_matches('>')
            .split(',')
            .map(|p| {
                let p = p.trim();
                p.strip_prefix("out ").map_or_else(|| p.strip_prefix("in ").map_or((p, 0), |n| (n, -1)), |n| (n, 1))
            })
            .collect()
    }

    /// Number of type parameters.
    pub fn arity(&self) -> usize {
        self.sketch.name.split_once('<').map_or(0, |(_, list)| list.split(',').count())
    }

    /// Every row, in order.
    pub fn all_rows(&self) -> impl Iterator<Item = &'static Row> + use<> {
        self.sketch.rows.iter().flat_map(|group| group.iter())
    }

    /// Enum values in order of declaration.
    pub fn values(&self) -> &'static [(&'static str, i64)] {
        self.sketch.values
    }

    /// `[Flags]`?
    pub fn is_flags(&self) -> bool {
        self.sketch.flags
    }

    /// In the documented allow-list?
    pub fn is_listed(&self) -> bool {
        self.sketch.listed
    }

    /// A type of the embedder?
    pub fn is_host(&self) -> bool {
        self.sketch.host
    }

    /// No `new`?
    pub fn is_abstract(&self) -> bool {
        self.sketch.is_abstract || matches!(self.sketch.shape, Shape::Static | Shape::Interface)
    }

    pub(crate) fn base_text(&self) -> &'static str {
        self.sketch.base
    }

    pub(crate) fn interfaces_text(&self) -> &'static str {
        self.sketch.interfaces
    }

    /// The signature of a delegate.
    pub(crate) fn invoke_text(&self) -> &'static str {
        self.sketch.invoke
    }
}

impl std::fmt::Debug for TypeDef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.sketch.name)
    }
}
