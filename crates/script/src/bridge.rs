//! The way from a running script to the host of the evaluation.
//!
//! Functions that Rhai calls must live as long as the engine, and the host lives only as long as one run: it is lent to the
//! functions through a scoped thread-local.

use apimite_expr::library::Registry;
use apimite_expr::{Cx, Exception, ExceptionKind, Host, Thrown, Value};
use rhai::{Dynamic, EvalAltResult, Position};

/// A .NET value that has no counterpart in Rhai: `context`, its parts, objects of the library.
#[derive(Clone)]
pub(crate) struct Net(pub(crate) Value);

/// A .NET exception on its way through a script; `catch` binds it.
#[derive(Clone)]
pub(crate) struct NetError(pub(crate) Thrown);

/// What a run lends.
#[derive(Clone, Copy)]
pub(crate) struct Here<'a> {
    pub(crate) host: &'a dyn Host,
    pub(crate) registry: &'a Registry,
    /// Follow .NET Framework where the generations differ.
    pub(crate) framework: bool,
}

scoped_tls_hkt::scoped_thread_local!(static HERE: for<'a> Here<'a>);

/// Runs something that may call back.
pub(crate) fn lend<R>(here: Here<'_>, run: impl FnOnce() -> R) -> R {
    HERE.set(here, run)
}

/// Asks the host of the run that is going on.
pub(crate) fn ask<R>(question: impl FnOnce(&mut Cx<'_>) -> Result<R, Thrown>) -> Result<R, Box<EvalAltResult>> {
    if !HERE.is_set() {
        return Err(raise(Exception::new(
            ExceptionKind::InvalidOperation,
            "This script has no context: only expressions in a policy have one.",
        )));
    }
    HERE.with(|here| {
        let mut cx = Cx::new(here.host, here.registry, apimite_expr::Budget::default(), here.framework);
        question(&mut cx).map_err(raise)
    })
}

/// An exception as an error of the script.
pub(crate) fn raise(thrown: Thrown) -> Box<EvalAltResult> {
    Box::new(EvalAltResult::ErrorRuntime(Dynamic::from(NetError(thrown)), Position::NONE))
}
