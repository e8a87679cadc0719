//! The kernel: what a policy element may look like, how documents become pipelines, and how a pipeline runs.
//!
//! - [`def`]: a [`PolicyDef`](def::PolicyDef) is the single source for checker, docs, errors and completeness table.
//! - [`compile`]: documents of all scopes → one [`Pipeline`](step::Pipeline) for each operation and product context.
//! - [`run`]: the executor; faults become [`LastError`](fault::LastError) and run `on-error`.
//! - [`exchange`]: one request with its response, exactly what `context` shows. [`env`](mod@env): time, counters, caches, calls.
//! - [`context`]: the members of C#'s `context`, as rows for the expression engine.
//!
//! There is no socket here: calls go through [`env::Client`].

pub mod answer;
pub mod arg;
pub mod body;
pub mod code;
pub mod compile;
pub mod context;
pub mod csharp;
pub mod def;
pub mod env;
pub mod exchange;
pub mod fault;
mod fork;
pub mod languages;
pub mod random;
pub mod resolvers;
pub mod rhai;
pub mod run;
pub mod sinks;
pub mod socket;
pub mod step;
pub mod target;
pub mod traced;
pub mod url;
