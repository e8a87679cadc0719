//! Iterators: local functions with `yield`.

use apimite_diag::Span;

use super::super::Binder;
use super::super::bound::{B, FnId, Iterates, S, SK};
use super::stmt;
use crate::library::ParamMode;
use crate::library::core::enumerators::{IENUMERATOR, IENUMERATOR_OF};
use crate::library::core::names::{IENUMERABLE, IENUMERABLE_OF};
use crate::syntax::ast::{self, LambdaBody, StmtKind as K0};
use crate::types::Type;

/// Has a list of statements a `yield` of its own, not one of a function in it?
fn yields(list: &[ast::Stmt]) -> bool {
    list.iter().any(statement_yields)
}

fn statement_yields(s: &ast::Stmt) -> bool {
    match &s.kind {
        K0::Yield(_) => true,
        K0::Block(block) | K0::Checked { block, .. } | K0::Unsafe(block) => yields(&block.statements),
        K0::If { then, otherwise, .. } => statement_yields(then) || otherwise.as_deref().is_some_and(statement_yields),
        K0::While { body, .. }
        | K0::DoWhile { body, .. }
        | K0::For { body, .. }
        | K0::ForEach { body, .. }
        | K0::Using { body, .. }
        | K0::Lock { body, .. } => statement_yields(body),
        K0::Labeled { statement, .. } => statement_yields(statement),
        K0::Switch { sections, .. } => sections.iter().any(|section| yields(&section.statements)),
        K0::Try { block, catches, finally } => {
            yields(&block.statements)
                || catches.iter().any(|catch| yields(&catch.block.statements))
                || finally.as_ref().is_some_and(|block| yields(&block.statements))
        }
        _ => false,
    }
}

impl<'a> Binder<'a> {
    /// What a function yields by its result type.
    fn iterates(ret: Type) -> Option<Iterates> {
        let element = || ret.args().first().copied().unwrap_or_else(Type::object);
        if ret.is(&IENUMERABLE_OF) || ret.is(&IENUMERABLE) {
            return Some(Iterates { element: element(), once: false });
        }
        (ret.is(&IENUMERATOR_OF) || ret.is(&IENUMERATOR)).then(|| Iterates { element: element(), once: true })
    }

    /// Notes that a function with a `yield` is an iterator, if its signature allows it.
    pub(super) fn declare_iterator(&mut self, id: FnId, function: &'a ast::LocalFunction) {
        let LambdaBody::Block(block) = &function.body else { return };
        if !yields(&block.statements) {
            return;
        }
        for (param, declared) in function.params.iter().zip(&self.functions[id.0].signature) {
            if matches!(declared.mode, ParamMode::Ref | ParamMode::Out) || param.modifier == ast::ArgModifier::In {
                let span = param.name.span;
                self.report("CS1623", span, "Iterators cannot have ref, in or out parameters");
                break;
            }
        }
        self.functions[id.0].iterator = Self::iterates(self.functions[id.0].ret);
        if self.functions[id.0].iterator.is_none() && !self.functions[id.0].ret.is_error() {
            self.no_iterator(id, function.name.span);
            // Its statements are read all the same, and told nothing about results.
            self.functions[id.0].iterator = Some(Iterates { element: Type::error(), once: false });
        }
    }

    fn no_iterator(&mut self, id: FnId, span: Span) {
        let function = &self.functions[id.0];
        let types: Vec<String> = function.signature.iter().map(|s| s.ty.to_string()).collect();
        let message = format!(
            "The body of '{}({})' cannot be an iterator block because '{}' is not an iterator interface type",
            function.name,
            types.join(", "),
            function.ret
        );
        self.report("CS1624", span, message);
    }

    /// CS1622: an iterator has no `return`.
    pub(super) fn no_returns(&mut self, returns: &[(Option<B<'a>>, Span)]) {
        for (_, span) in returns {
            self.report(
                "CS1622",
                *span,
                "Cannot return a value from an iterator. Use the yield return statement to return a value, or yield break to end the iteration.",
            );
        }
    }

    /// `yield return value;`, or `yield break;` without one.
    pub(super) fn yield_statement(&mut self, value: Option<&'a ast::Expr>, span: Span) -> S<'a> {
        let function = &self.functions[self.current.0];
        let iterator = function.iterator;
        if iterator.is_none() {
            if function.name.as_str() == "lambda" {
                self.report(
                    "CS1621",
                    span,
                    "The yield statement cannot be used inside an anonymous method or lambda expression",
                );
            } else if self.current == FnId(0) && !self.errors.iter().any(|e| e.code == "CS1624") {
                let message = "The body of the expression cannot be an iterator block because 'object' is not an iterator interface type";
                let help = Some("put the `yield` into a local function that returns `IEnumerable<T>`".to_owned());
                self.report_help("CS1624", span, message, help);
            }
        } else if self.finally_depth > 0 {
            self.report("CS1625", span, "Cannot yield in the body of a finally clause");
        }
        let Some(value) = value else { return stmt(SK::YieldBreak, span) };
        if iterator.is_some() && self.finally_depth == 0 {
            if self.guarded_depth > 0 {
                self.report("CS1626", span, "Cannot yield a value in the body of a try block with a catch clause");
            } else if self.catch_depth > 0 {
                self.report("CS1631", span, "Cannot yield a value in the body of a catch clause");
            }
        }
        if matches!(value.kind, ast::ExprKind::Missing) {
            return stmt(SK::Yield(B::error(span)), span);
        }
        let bound = self.value(value);
        let element = iterator.map_or_else(Type::error, |i| i.element);
        let bound = if element.is_error() { B::error(value.span) } else { self.convert(bound, element) };
        stmt(SK::Yield(bound), span)
    }
}
