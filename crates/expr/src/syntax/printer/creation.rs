//! Object and array creation.

use super::Printer;
use crate::syntax::ast::{Expr, ExprKind, InitTarget, InitValue, Initializer};

impl Printer {
    pub(super) fn creation(&mut self, kind: &ExprKind) {
        match kind {
            ExprKind::New { ty, args, initializer } => {
                self.put("new");
                if let Some(ty) = ty {
                    self.put(" ");
                    self.ty(ty);
                }
                if let Some(args) = args {
                    self.put("(");
                    self.args(args);
                    self.put(")");
                }
                if let Some(initializer) = initializer {
                    self.put(" ");
                    self.initializer(initializer);
                }
            }
            ExprKind::AnonymousObject(members) => {
                self.put("new { ");
                self.list(members, ", ", |p, member| {
                    if let Some(name) = &member.name {
                        p.ident(name);
                        p.put(" = ");
                    }
                    p.expr(&member.value);
                });
                self.put(" }");
            }
            ExprKind::NewArray { ty, sizes, initializer } => {
                self.put("new ");
                self.array_type(ty, sizes);
                self.array_initializer(initializer.as_deref());
            }
            ExprKind::ImplicitArray { rank, initializer } => {
                self.put("new[");
                (1..*rank).for_each(|_| self.put(","));
                self.put("]");
                self.array_initializer(Some(initializer));
            }
            ExprKind::ArrayInitializer(elements) => {
                self.put("{ ");
                self.list(elements, ", ", Self::expr);
                self.put(" }");
            }
            ExprKind::StackAlloc { ty, size, initializer } => {
                self.put("stackalloc");
                match ty {
                    Some(ty) => {
                        self.put(" ");
                        self.array_type(ty, size.as_deref().map(std::slice::from_ref).unwrap_or_default());
                    }
                    None => self.put("[]"),
                }
                self.array_initializer(initializer.as_deref());
            }
            _ => {}
        }
    }

    fn array_initializer(&mut self, initializer: Option<&Expr>) {
        if let Some(initializer) = initializer {
            self.put(" ");
            self.expr(initializer);
        }
    }

    pub(super) fn initializer(&mut self, initializer: &Initializer) {
        match initializer {
            Initializer::Object(members) => {
                self.put("{ ");
                self.list(members, ", ", |p, (target, value)| {
                    match target {
                        InitTarget::Member(name) => p.ident(name),
                        InitTarget::Index(args, _) => {
                            p.put("[");
                            p.args(args);
                            p.put("]");
                        }
                    }
                    p.put(" = ");
                    match value {
                        InitValue::Expr(value) => p.expr(value),
                        InitValue::Nested(nested) => p.initializer(nested),
                    }
                });
                self.put(" }");
            }
            Initializer::Collection(elements) => {
                self.put("{ ");
                self.list(elements, ", ", |p, args| match args.as_slice() {
                    [only] => p.expr(only),
                    _ => {
                        p.put("{ ");
                        p.list(args, ", ", Self::expr);
                        p.put(" }");
                    }
                });
                self.put(" }");
            }
        }
    }
}
