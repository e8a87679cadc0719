//! Members: rows with their signature read.

use super::rows::{Default, Imp, Row};
use super::typedef::TypeDef;
use crate::types::Type;

/// How an argument is passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParamMode {
    /// By value.
    Value,
    /// `ref`
    Ref,
    /// `out`
    Out,
    /// `params T[]`
    Params,
}

/// One declared parameter.
#[derive(Clone, Debug)]
pub struct Param {
    /// Its name.
    pub name: &'static str,
    /// Its type; open in a generic type or member.
    pub ty: Type,
    /// How it is passed.
    pub mode: ParamMode,
    /// The default of an optional parameter.
    pub default: Option<Default>,
}

/// What a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberKind {
    /// A method.
    Method,
    /// A property or field being read.
    Get,
    /// A property or field being written.
    Set,
    /// An indexer being read.
    IndexGet,
    /// An indexer being written.
    IndexSet,
    /// A constructor.
    Constructor,
    /// An operator; the name is its symbol.
    Operator,
    /// An implicit conversion.
    Implicit,
    /// An explicit conversion.
    Explicit,
}

/// A member of a type.
#[derive(Clone)]
pub struct Member {
    /// The row it was read from.
    pub row: &'static Row,
    /// The declaring type.
    pub def: &'static TypeDef,
    /// Its name; `this` for an indexer, the symbol for an operator.
    pub name: &'static str,
    /// What it is.
    pub kind: MemberKind,
    /// `static`?
    pub is_static: bool,
    /// An extension method?
    pub is_extension: bool,
    /// Names of its own type parameters.
    pub type_params: Vec<&'static str>,
    /// Which of them must be value types.
    pub struct_only: Vec<bool>,
    /// Parameters (with the `this` parameter of an extension method).
    pub params: Vec<Param>,
    /// Result type.
    pub ret: Type,
}

impl Member {
    /// In the documented allow-list?
    pub fn is_listed(&self) -> bool {
        self.row.listed.unwrap_or(self.def.is_listed())
    }

    /// Found only by run-time dispatch?
    pub fn is_virtual(&self) -> bool {
        matches!(self.row.imp, Imp::Virtual)
    }
}

impl std::fmt::Debug for Member {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.def.full_name(), self.row.sig)
    }
}
