//! C# policy expressions: read, checked, compiled to closures, evaluated.
//!
//! The crate knows C# and the .NET library, and no HTTP: the embedder brings `context` as library rows of its own.

mod bind;
mod compile;
mod emit;
pub mod library;
pub mod run;
pub mod syntax;
pub mod types;
pub mod value;

pub use apimite_dotnet::{Exception, ExceptionKind, Thrown};
pub use compile::{CompileError, Engine, Fault, Form, Program, Settings, Want};
pub use run::{Budget, Cx, Host, NoHost, Text};
pub use types::Type;
pub use value::{Obj, Object, Str, Value};
