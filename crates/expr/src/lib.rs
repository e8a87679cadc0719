//! C# policy expressions: read, checked, compiled to closures, evaluated.
//!
//! The crate knows C# and the .NET library, and no HTTP: the embedder brings `context` as library rows of its own.
//!
//! An [`Engine`] is built once from [`Settings`] and the embedder's types, compiles text to a [`Program`], and the program is
//! evaluated as often as wanted over a [`Host`], the embedder's data of one evaluation. A mistake is a [`CompileError`] with the C#
//! compiler's code and place; an exception is a [`Fault`] with the part of the expression that threw it.
//!
//! ```
//! use std::any::{Any, TypeId};
//!
//! use apimite_expr::library::{TypeDef, interface, p, pt};
//! use apimite_expr::{Engine, Form, Host, Settings, Type, Value, Want};
//!
//! /// The embedder's data.
//! struct Parcel {
//!     city: String,
//!     grams: i32,
//! }
//!
//! impl Host for Parcel {
//!     fn part(&self, id: TypeId) -> Option<&dyn Any> {
//!         (id == TypeId::of::<Self>()).then_some(self as &dyn Any)
//!     }
//! }
//!
//! /// What expressions see of it: a row is a signature in C# words and a function.
//! static CONTEXT: TypeDef = interface("IParcel")
//!     .host()
//!     .rows(&[&[
//!         pt("string City", |cx, _| Ok(cx.host::<Parcel>()?.city.as_str().into())),
//!         p("int Grams", |cx, _| Ok(Value::Int(cx.host::<Parcel>()?.grams))),
//!     ]])
//!     .def();
//!
//! let settings = Settings { context: Some(&CONTEXT), ..Settings::default() };
//! let engine = Engine::new(settings, &[&[&CONTEXT]]);
//!
//! let code = r#"context.Grams > 1000 ? $"{context.City}: {context.Grams / 1000m:0.0} kg" : context.City"#;
//! let program = engine.compile(code, Form::Expression, Want::Any).map_err(|errors| errors[0].message.clone())?;
//! assert_eq!(program.result_type(), Type::string());
//! let text = program.eval_text(&Parcel { city: "Bern".to_owned(), grams: 2500 }).map_err(|fault| fault.to_string())?;
//! assert_eq!(text.as_deref(), Some("Bern: 2.5 kg"));
//!
//! let refused = engine.compile("context.Weight", Form::Expression, Want::Any).err().unwrap_or_default();
//! assert_eq!(refused[0].code, "CS1061");
//! # Ok::<(), String>(())
//! ```
//!
//! How to add a member or a type to the library: `src/library/README.md`.

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
pub use syntax::LanguageVersion;
pub use types::Type;
pub use value::{Obj, Object, Str, Value};
