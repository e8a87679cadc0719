//! Patterns.

use super::Printer;
use crate::syntax::ast::{Pattern, PatternKind, PropertyPattern, RelationalOp};

impl Printer {
    pub(super) fn pattern(&mut self, pattern: &Pattern) {
        match &pattern.kind {
            PatternKind::Type(ty) => self.ty(ty),
            PatternKind::Constant(value) => self.expr(value),
            PatternKind::Declaration { ty, designation } => {
                self.ty(ty);
                self.put(" ");
                self.designation(designation);
            }
            PatternKind::Var(designation) => {
                self.put("var ");
                self.designation(designation);
            }
            PatternKind::Discard => self.put("_"),
            PatternKind::Relational { op, value } => {
                self.put(match op {
                    RelationalOp::Less => "< ",
                    RelationalOp::LessOrEqual => "<= ",
                    RelationalOp::Greater => "> ",
                    RelationalOp::GreaterOrEqual => ">= ",
                });
                self.expr(value);
            }
            PatternKind::Not(inner) => {
                self.put("not ");
                self.pattern(inner);
            }
            PatternKind::And(left, right) => self.two(left, " and ", right),
            PatternKind::Or(left, right) => self.two(left, " or ", right),
            PatternKind::Paren(inner) => {
                self.put("(");
                self.pattern(inner);
                self.put(")");
            }
            PatternKind::Recursive { ty, positional, properties, designation } => {
                if let Some(ty) = ty {
                    self.ty(ty);
                    self.put(" ");
                }
                if let Some(positional) = positional {
                    self.put("(");
                    self.sub_patterns(positional);
                    self.put(")");
                }
                if let Some(properties) = properties {
                    self.put("{ ");
                    self.sub_patterns(properties);
                    self.put(" }");
                }
                if let Some(designation) = designation {
                    self.put(" ");
                    self.designation(designation);
                }
            }
            PatternKind::List { patterns, designation } => {
                self.put("[");
                self.list(patterns, ", ", Self::pattern);
                self.put("]");
                if let Some(designation) = designation {
                    self.put(" ");
                    self.designation(designation);
                }
            }
            PatternKind::Slice(inner) => {
                self.put("..");
                if let Some(inner) = inner {
                    self.pattern(inner);
                }
            }
        }
    }

    fn two(&mut self, left: &Pattern, word: &str, right: &Pattern) {
        self.pattern(left);
        self.put(word);
        self.pattern(right);
    }

    fn sub_patterns(&mut self, subs: &[PropertyPattern]) {
        self.list(subs, ", ", |p, sub| {
            p.list(&sub.path, ".", Self::ident);
            p.put(if sub.path.is_empty() { "" } else { ": " });
            p.pattern(&sub.pattern);
        });
    }
}
