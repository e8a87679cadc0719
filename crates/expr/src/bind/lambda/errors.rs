//! What is wrong with a lambda.

use super::super::Binder;
use super::super::bound::{B, Body, K};
use super::parts;
use crate::syntax::ast::ExprKind as E;
use crate::types::Type;

impl<'a> Binder<'a> {
    /// Why a lambda does not become this type.
    pub(crate) fn lambda_error(&mut self, e: &B<'a>, to: Type) -> B<'a> {
        let span = e.span;
        let K::UnboundLambda(syntax) = e.kind else { return B::error(span) };
        let what = if matches!(syntax.kind, E::Lambda(_)) { "lambda expression" } else { "anonymous method" };
        let Some((params, ret)) = self.registry.delegate(to) else {
            return self.fail(
                "CS1660",
                span,
                format!("Cannot convert {what} to type '{to}' because it is not a delegate type"),
            );
        };
        let Some(shape) = parts(syntax) else { return B::error(span) };
        if let Some(written) = shape.params
            && written.len() != params.len()
        {
            return self.fail("CS1593", span, format!("Delegate '{to}' does not take {} arguments", written.len()));
        }
        let Some((inputs, _)) = self.inputs_for(syntax, to) else {
            return self.fail(
                "CS1661",
                span,
                format!("Cannot convert {what} to type '{to}' because the parameter types do not match the delegate parameter types"),
            );
        };
        let Some(bound) = self.bind_lambda_to(syntax, &inputs, ret) else { return B::error(span) };
        if !bound.errors.is_empty() {
            self.errors.extend(bound.errors);
            return B::error(span);
        }
        match bound.body {
            Body::Expr(body) => {
                if ret.is_void() {
                    return self.fail(
                        "CS0201",
                        body.span,
                        "Only assignment, call, increment, decrement, await, and new object expressions can be used as a statement",
                    );
                }
                if body.ty.is_void() && !body.is_typeless() {
                    return self.fail("CS0029", body.span, format!("Cannot implicitly convert type 'void' to '{ret}'"));
                }
                self.no_conversion(&body, ret);
            }
            Body::Block(_) => {
                if bound.end_reachable && !ret.is_void() {
                    return self.fail(
                        "CS1643",
                        span,
                        format!("Not all code paths return a value in {what} of type '{to}'"),
                    );
                }
                for value in bound.returns {
                    match value {
                        Some(value) if ret.is_void() => {
                            self.report(
                                "CS8030",
                                value.span,
                                "Anonymous function converted to a void returning delegate cannot return a value",
                            );
                        }
                        Some(value) if self.implicit(&value, ret).is_none() => {
                            self.no_conversion(&value, ret);
                        }
                        None if !ret.is_void() => {
                            self.report(
                                "CS0126",
                                span,
                                format!("An object of a type convertible to '{ret}' is required"),
                            );
                        }
                        _ => {}
                    }
                }
            }
        }
        B::error(span)
    }

    /// Tells the mistakes in a lambda's body found while trying it; `false` when there are none.
    pub(crate) fn tell_lambda_errors(&mut self, e: &B<'a>) -> bool {
        let K::UnboundLambda(syntax) = e.kind else { return false };
        let address = std::ptr::from_ref(syntax) as usize;
        let found = self
            .lambda_cache
            .iter()
            .find(|((key, _), bound)| *key == address && !bound.errors.is_empty())
            .map(|(_, bound)| bound.errors.clone());
        match found {
            Some(errors) => {
                self.errors.extend(errors);
                true
            }
            None => false,
        }
    }
}
