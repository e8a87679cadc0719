//! What the body of a lambda returns.

use apimite_diag::Span;

use super::super::Binder;
use super::super::bound::{B, S, SK};
use crate::types::Type;

impl<'a> Binder<'a> {
    /// Converts the values of all `return` statements of a body.
    pub(crate) fn convert_returns(&mut self, s: &mut S<'a>, ret: Type) {
        match &mut s.kind {
            SK::Return(Some(value)) => {
                let span = value.span;
                let taken = std::mem::replace(value, B::error(span));
                *value = if taken.ty.is_void() && !taken.is_typeless() && !taken.is_error() {
                    self.fail("CS0029", span, format!("Cannot implicitly convert type 'void' to '{ret}'"))
                } else {
                    self.convert(taken, ret)
                };
            }
            SK::Block { body, .. } => {
                for inner in body {
                    self.convert_returns(inner, ret);
                }
            }
            SK::If { then, otherwise, .. } => {
                self.convert_returns(then, ret);
                if let Some(otherwise) = otherwise {
                    self.convert_returns(otherwise, ret);
                }
            }
            SK::While { body, .. }
            | SK::DoWhile { body, .. }
            | SK::For { body, .. }
            | SK::ForEach { body, .. }
            | SK::Using { body, .. } => self.convert_returns(body, ret),
            SK::Switch { sections, .. } => {
                for section in sections {
                    for inner in &mut section.body {
                        self.convert_returns(inner, ret);
                    }
                }
            }
            SK::Try { block, catches, finally } => {
                self.convert_returns(block, ret);
                for catch in catches {
                    self.convert_returns(&mut catch.block, ret);
                }
                if let Some(finally) = finally {
                    self.convert_returns(finally, ret);
                }
            }
            _ => {}
        }
    }

    /// CS0161, CS0126, CS0127 for a local function or the program.
    pub(crate) fn check_returns(
        &mut self,
        s: &S<'a>,
        returns: &[(Option<B<'a>>, Span)],
        name: &str,
        ret: Type,
        span: Span,
    ) {
        if ret.is_void() {
            for (value, at) in returns {
                if value.is_some() {
                    self.report(
                        "CS0127",
                        *at,
                        format!(
                            "Since '{name}' returns void, a return keyword must not be followed by an object expression"
                        ),
                    );
                }
            }
            return;
        }
        for (value, at) in returns {
            if value.is_none() {
                self.report("CS0126", *at, format!("An object of a type convertible to '{ret}' is required"));
            }
        }
        if super::super::flow::end_reachable(s) {
            self.report("CS0161", span, format!("'{name}': not all code paths return a value"));
        }
    }
}
