//! Lambdas and query expressions.

use super::Printer;
use crate::syntax::ast::{Ident, Lambda, LambdaBody, Parameter, Query, QueryClause, QueryEnd, Type};

impl Printer {
    pub(super) fn lambda(&mut self, lambda: &Lambda) {
        self.put(if lambda.is_static { "static " } else { "" });
        self.put(if lambda.is_async { "async " } else { "" });
        if let Some(ty) = &lambda.returns {
            self.ty(ty);
            self.put(" ");
        }
        self.params(&lambda.params);
        self.put(" => ");
        match &lambda.body {
            LambdaBody::Expr(body) => self.expr(body),
            LambdaBody::Block(body) => self.block(body),
        }
    }

    pub(super) fn params(&mut self, params: &[Parameter]) {
        self.put("(");
        self.list(params, ", ", |p, param| {
            p.modifier(param.modifier);
            if let Some(ty) = &param.ty {
                p.ty(ty);
                p.put(" ");
            }
            p.ident(&param.name);
            if let Some(default) = &param.default {
                p.put(" = ");
                p.expr(default);
            }
        });
        self.put(")");
    }

    pub(super) fn query(&mut self, query: &Query) {
        for (index, clause) in query.clauses.iter().enumerate() {
            if index > 0 {
                self.put(" ");
            }
            self.clause(clause);
        }
        self.put(if query.clauses.is_empty() { "" } else { " " });
        match &query.end {
            QueryEnd::Select(value) => self.prefixed("select ", value),
            QueryEnd::Group { value, key } => {
                self.prefixed("group ", value);
                self.prefixed(" by ", key);
            }
        }
        if let Some((name, rest)) = &query.continuation {
            self.put(" into ");
            self.ident(name);
            self.put(" ");
            self.query(rest);
        }
    }

    fn clause(&mut self, clause: &QueryClause) {
        match clause {
            QueryClause::From { ty, name, sequence, .. } => {
                self.put("from ");
                self.range_variable(ty.as_ref(), name);
                self.prefixed(" in ", sequence);
            }
            QueryClause::Let { name, value, .. } => {
                self.put("let ");
                self.ident(name);
                self.prefixed(" = ", value);
            }
            QueryClause::Where(condition) => self.prefixed("where ", condition),
            QueryClause::Join { ty, name, sequence, left, right, into, .. } => {
                self.put("join ");
                self.range_variable(ty.as_ref(), name);
                self.prefixed(" in ", sequence);
                self.prefixed(" on ", left);
                self.prefixed(" equals ", right);
                if let Some(into) = into {
                    self.put(" into ");
                    self.ident(into);
                }
            }
            QueryClause::OrderBy(keys) => {
                self.put("orderby ");
                self.list(keys, ", ", |p, (key, is_descending)| {
                    p.expr(key);
                    p.put(if *is_descending { " descending" } else { "" });
                });
            }
        }
    }

    fn range_variable(&mut self, ty: Option<&Type>, name: &Ident) {
        if let Some(ty) = ty {
            self.ty(ty);
            self.put(" ");
        }
        self.ident(name);
    }
}
