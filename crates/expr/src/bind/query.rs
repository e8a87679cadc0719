//! Query expressions, rewritten to method calls as the language defines them.

use std::cell::OnceCell;

use apimite_diag::Span;

use super::Binder;
use super::bound::B;
use crate::syntax::ast::{
    self, AnonymousMember, ArgModifier, Argument, Expr, ExprKind as E, Ident, Lambda, LambdaBody, Parameter, Query,
    QueryClause, QueryEnd, SimpleName,
};

/// Keeps rewritten syntax for as long as the binder needs it.
#[derive(Default)]
pub(crate) struct Arena {
    head: OnceCell<Box<Node>>,
}

struct Node {
    expr: Expr,
    next: OnceCell<Box<Node>>,
}

impl Arena {
    pub(crate) fn keep(&self, expr: Expr) -> &Expr {
        let node = Box::new(Node { expr, next: OnceCell::new() });
        let mut cell = &self.head;
        let mut node = Some(node);
        loop {
            match cell.get() {
                Some(existing) => cell = &existing.next,
                None => {
                    let kept = cell.get_or_init(|| {
                        node.take().unwrap_or_else(|| {
                            Box::new(Node {
                                expr: Expr { kind: E::Missing, span: Span::default() },
                                next: OnceCell::new(),
                            })
                        })
                    });
                    return &kept.expr;
                }
            }
        }
    }
}

/// The element of the sequence so far: a plain range variable, or several in one.
struct Element {
    param: Ident,
}

impl Element {
    fn is_transparent(&self) -> bool {
        self.param.name.starts_with("<>")
    }

    /// The element that also holds `added`.
    fn with(&self, added: &Ident) -> Self {
        let mut text = String::from("<>");
        if let Some(entries) = self.param.name.strip_prefix("<>") {
            for entry in entries.split(',').filter(|e| !e.is_empty()) {
                if let Some((name, path)) = entry.split_once(':') {
                    text.push_str(&format!("{name}:h.{path},"));
                }
            }
        } else {
            text.push_str(&format!("{0}:{0},", self.param.name));
        }
        text.push_str(&format!("{0}:{0}", added.name));
        Self { param: Ident { name: text.into(), span: self.param.span } }
    }

    /// `new { element, added }`.
    fn pair(&self, added: &Ident, value: Option<Expr>) -> Expr {
        let span = added.span;
        let first = AnonymousMember {
            name: Some(if self.is_transparent() { ident("h", span) } else { self.param.clone() }),
            value: name_expr(&self.param),
        };
        let second = AnonymousMember { name: Some(added.clone()), value: value.unwrap_or_else(|| name_expr(added)) };
        Expr { kind: E::AnonymousObject(vec![first, second]), span }
    }
}

fn ident(name: &str, span: Span) -> Ident {
    Ident { name: name.into(), span }
}

fn simple(name: &Ident) -> SimpleName {
    SimpleName { ident: name.clone(), type_args: None, span: name.span }
}

fn name_expr(name: &Ident) -> Expr {
    Expr { kind: E::Name(simple(name)), span: name.span }
}

fn lambda(params: &[&Ident], body: Expr) -> Expr {
    let span = body.span;
    let params = params
        .iter()
        .map(|p| Parameter { modifier: ArgModifier::None, ty: None, name: (*p).clone(), default: None })
        .collect();
    Expr {
        kind: E::Lambda(Box::new(Lambda {
            is_async: false,
            is_static: false,
            returns: None,
            params,
            body: LambdaBody::Expr(body),
        })),
        span,
    }
}

fn call(target: Expr, method: &str, args: Vec<Expr>, span: Span) -> Expr {
    let name = SimpleName { ident: ident(method, span), type_args: None, span };
    let target = Expr { kind: E::Member { target: Box::new(target), name }, span };
    let args = args.into_iter().map(|value| Argument { name: None, modifier: ArgModifier::None, value }).collect();
    Expr { kind: E::Call { target: Box::new(target), args }, span }
}

fn cast(sequence: Expr, ty: &Option<ast::Type>) -> Expr {
    let Some(ty) = ty else { return sequence };
    let span = sequence.span;
    let name = SimpleName { ident: ident("Cast", span), type_args: Some(vec![ty.clone()]), span };
    let target = Expr { kind: E::Member { target: Box::new(sequence), name }, span };
    Expr { kind: E::Call { target: Box::new(target), args: Vec::new() }, span }
}

fn is_name(e: &Expr, name: &Ident) -> bool {
    matches!(&e.kind, E::Name(n) if n.ident.name == name.name && n.type_args.is_none())
}

/// A query as method calls.
fn rewrite(query: &Query, start: Option<(Expr, Ident)>, span: Span) -> Expr {
    let mut clauses = query.clauses.iter().peekable();
    let mut current = start.map(|(sequence, param)| (sequence, Element { param }));
    let mut touched = current.is_some();
    let mut finished = false;
    while let Some(clause) = clauses.next() {
        let last = clauses.peek().is_none();
        let Some((sequence, element)) = current.take() else {
            if let QueryClause::From { ty, name, sequence, .. } = clause {
                touched = ty.is_some();
                current = Some((cast(sequence.clone(), ty), Element { param: name.clone() }));
            }
            continue;
        };
        current = Some(match clause {
            QueryClause::From { ty, name, sequence: inner, span } => {
                let collection = lambda(&[&element.param], cast(inner.clone(), ty));
                let select = match (&query.end, last) {
                    (QueryEnd::Select(value), true) => Some(value.clone()),
                    _ => None,
                };
                if let Some(value) = select {
                    finished = true;
                    let result = lambda(&[&element.param, name], value);
                    (call(sequence, "SelectMany", vec![collection, result], *span), element)
                } else {
                    let result = lambda(&[&element.param, name], element.pair(name, None));
                    (call(sequence, "SelectMany", vec![collection, result], *span), element.with(name))
                }
            }
            QueryClause::Let { name, value, span } => {
                let result = lambda(&[&element.param], element.pair(name, Some(value.clone())));
                (call(sequence, "Select", vec![result], *span), element.with(name))
            }
            QueryClause::Where(condition) => {
                let test = lambda(&[&element.param], condition.clone());
                let span = condition.span;
                (call(sequence, "Where", vec![test], span), element)
            }
            QueryClause::Join { ty, name, sequence: inner, left, right, into, span } => {
                let inner = cast(inner.clone(), ty);
                let outer_key = lambda(&[&element.param], left.clone());
                let inner_key = lambda(&[name], right.clone());
                let (method, added) = match into {
                    Some(group) => ("GroupJoin", group),
                    None => ("Join", name),
                };
                let select = match (&query.end, last) {
                    (QueryEnd::Select(value), true) => Some(value.clone()),
                    _ => None,
                };
                if let Some(value) = select {
                    finished = true;
                    let result = lambda(&[&element.param, added], value);
                    (call(sequence, method, vec![inner, outer_key, inner_key, result], *span), element)
                } else {
                    let result = lambda(&[&element.param, added], element.pair(added, None));
                    (call(sequence, method, vec![inner, outer_key, inner_key, result], *span), element.with(added))
                }
            }
            QueryClause::OrderBy(keys) => {
                let mut ordered = sequence;
                for (index, (key, descending)) in keys.iter().enumerate() {
                    let method = match (index, descending) {
                        (0, false) => "OrderBy",
                        (0, true) => "OrderByDescending",
                        (_, false) => "ThenBy",
                        (_, true) => "ThenByDescending",
                    };
                    let selector = lambda(&[&element.param], key.clone());
                    ordered = call(ordered, method, vec![selector], key.span);
                }
                (ordered, element)
            }
        });
        touched = true;
    }
    let Some((sequence, element)) = current else { return Expr { kind: E::Missing, span } };
    let result = if finished {
        sequence
    } else {
        match &query.end {
            QueryEnd::Select(value) => {
                if touched && !element.is_transparent() && is_name(value, &element.param) && query.clauses.len() > 1 {
                    sequence
                } else {
                    let selector = lambda(&[&element.param], value.clone());
                    call(sequence, "Select", vec![selector], value.span)
                }
            }
            QueryEnd::Group { value, key } => {
                let selector = lambda(&[&element.param], key.clone());
                if !element.is_transparent() && is_name(value, &element.param) {
                    call(sequence, "GroupBy", vec![selector], key.span)
                } else {
                    let element_selector = lambda(&[&element.param], value.clone());
                    call(sequence, "GroupBy", vec![selector, element_selector], key.span)
                }
            }
        }
    };
    match &query.continuation {
        Some((name, next)) => rewrite(next, Some((result, name.clone())), span),
        None => result,
    }
}

impl<'a> Binder<'a> {
    pub(crate) fn query(&mut self, query: &'a Query, span: Span) -> B<'a> {
        let kept = self.arena.keep(rewrite(query, None, span));
        let mut bound = self.expr(kept);
        bound.span = span;
        bound
    }
}
