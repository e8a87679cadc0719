//! The library: every CLR type that expressions may name, as a table of rows.
//!
//! One member is one row: a signature in C# words and a Rust function. See `README.md` beside this file.

pub mod core;
pub mod data;
mod member;
mod registry;
mod rows;
pub(crate) use rows::Passed;
mod signature;
mod standard;
pub mod sys;
pub(crate) mod text;
mod typedef;

pub use member::{Member, MemberKind, Param, ParamMode};
pub use registry::Registry;
pub(crate) use rows::null_argument;
pub use rows::{
    Args, Default, EachFn, Imp, ItemFn, Native, Needs, Row, Sort, TextFn, constant, conv, ctor, each, ext, hidden, m,
    mt, op, p, pt, set, virt,
};
pub use standard::standard;
pub use typedef::{Shape, Sketch, TypeDef, class, delegate, enumeration, interface, static_class, structure};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_standard_library_can_be_read() {
        let registry = Registry::new(&standard());
        assert_eq!(registry.mistakes(), Vec::<String>::new());
    }
}
