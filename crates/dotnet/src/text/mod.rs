//! `System.String`, `System.Char`, `StringBuilder`, composite formats.
//!
//! Texts are Rust's UTF-8; indexes and lengths count UTF-16 units as in .NET. Half of a surrogate pair cannot stand alone
//! in a `str`; where a .NET program cuts a pair in two, U+FFFD takes the half's place.

pub mod builder;
pub mod chars;
pub mod compare;
pub mod composite;
pub mod edit;
pub mod hash;
pub mod index;
pub mod search;
pub mod split;

pub use builder::StringBuilder;
pub use compare::Comparison;
