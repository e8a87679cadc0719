//! Tree to text. What is printed reads back as the same tree, spans aside.
//!
//! The printer adds no parentheses: a tree that was not read must hold [`ExprKind::Paren`] where the operators need it.

mod creation;
mod functions;
mod literals;
mod patterns;
mod statements;

use super::ast::{
    ArgModifier, Argument, AssignOp, Block, Designation, DesignationKind, Expr, ExprKind, Ident, SimpleName, Type,
    TypeKind, UnaryOp,
};
use super::token::T;

/// The C# text of an expression.
pub fn print_expression(expr: &Expr) -> String {
    let mut printer = Printer::default();
    printer.expr(expr);
    printer.out
}

/// The C# text of statements, one to a line.
pub fn print_block(block: &Block) -> String {
    let mut printer = Printer::default();
    for statement in &block.statements {
        printer.stmt(statement);
        printer.line();
    }
    printer.out.truncate(printer.out.trim_end().len());
    printer.out
}

/// Words that are names only where nothing else is meant; printed with `@` to stay names.
const CONTEXTUAL: [&str; 24] = [
    "var",
    "await",
    "async",
    "nameof",
    "from",
    "where",
    "select",
    "group",
    "into",
    "orderby",
    "join",
    "let",
    "on",
    "equals",
    "by",
    "ascending",
    "descending",
    "and",
    "or",
    "not",
    "when",
    "with",
    "yield",
    "_",
];

#[derive(Default)]
struct Printer {
    out: String,
    indent: usize,
}

impl Printer {
    fn put(&mut self, text: &str) {
        self.out.push_str(text);
    }

    fn line(&mut self) {
        self.out.push('\n');
        for _ in 0..self.indent {
            self.out.push_str("    ");
        }
    }

    /// A list with a separator.
    fn list<N>(&mut self, items: &[N], separator: &str, mut print: impl FnMut(&mut Self, &N)) {
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                self.put(separator);
            }
            print(self, item);
        }
    }

    fn ident(&mut self, ident: &Ident) {
        // A discard and a verbatim `_` read the same in every place that prints through here but designations.
        if T::keyword(&ident.name).is_some() || (ident.name != "_" && CONTEXTUAL.contains(&ident.name.as_str())) {
            self.out.push('@');
        }
        self.put(&ident.name);
    }

    fn simple_name(&mut self, name: &SimpleName) {
        self.ident(&name.ident);
        if let Some(args) = &name.type_args {
            self.put("<");
            let gap = if args.iter().all(|arg| arg.kind == TypeKind::Omitted) { "," } else { ", " };
            self.list(args, gap, Self::ty);
            self.put(">");
        }
    }

    fn ty(&mut self, ty: &Type) {
        match &ty.kind {
            TypeKind::Predefined(found) => self.put(found.keyword()),
            TypeKind::Var => self.put("var"),
            TypeKind::Named { alias, parts } => {
                if let Some(alias) = alias {
                    self.ident(alias);
                    self.put("::");
                }
                self.list(parts, ".", Self::simple_name);
            }
            TypeKind::Nullable(inner) => {
                self.ty(inner);
                self.put("?");
            }
            TypeKind::Array { .. } => self.array_type(ty, &[]),
            TypeKind::Pointer(inner) => {
                self.ty(inner);
                self.put("*");
            }
            TypeKind::Tuple(elements) => {
                self.put("(");
                self.list(elements, ", ", |p, element| {
                    p.ty(&element.ty);
                    if let Some(name) = &element.name {
                        p.put(" ");
                        p.ident(name);
                    }
                });
                self.put(")");
            }
            TypeKind::Ref { readonly, target } => {
                self.put(if *readonly { "ref readonly " } else { "ref " });
                self.ty(target);
            }
            TypeKind::Omitted | TypeKind::Missing => {}
        }
    }

    /// An array type, with sizes in its outermost rank.
    fn array_type(&mut self, ty: &Type, sizes: &[Expr]) {
        let (mut element, mut ranks) = (ty, Vec::new());
        while let TypeKind::Array { element: inner, rank } = &element.kind {
            ranks.push(*rank);
            element = inner;
        }
        self.ty(element);
        for (index, rank) in ranks.into_iter().enumerate() {
            self.put("[");
            if index == 0 && !sizes.is_empty() {
                self.list(sizes, ", ", Self::expr);
            } else {
                (1..rank).for_each(|_| self.put(","));
            }
            self.put("]");
        }
    }

    fn args(&mut self, args: &[Argument]) {
        self.list(args, ", ", |p, argument| {
            if let Some(name) = &argument.name {
                p.ident(name);
                p.put(": ");
            }
            p.modifier(argument.modifier);
            p.expr(&argument.value);
        });
    }

    fn modifier(&mut self, modifier: ArgModifier) {
        self.put(match modifier {
            ArgModifier::None => "",
            ArgModifier::Ref => "ref ",
            ArgModifier::Out => "out ",
            ArgModifier::In => "in ",
            ArgModifier::Params => "params ",
            ArgModifier::This => "this ",
        });
    }

    fn designation(&mut self, designation: &Designation) {
        match &designation.kind {
            DesignationKind::Single(ident) if ident.name == "_" => self.put("@_"),
            DesignationKind::Single(ident) => self.ident(ident),
            DesignationKind::Discard => self.put("_"),
            DesignationKind::Tuple(parts) => {
                self.put("(");
                self.list(parts, ", ", Self::designation);
                self.put(")");
            }
        }
    }

    fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Missing => {}
            ExprKind::Literal(literal) => self.literal(literal),
            ExprKind::Interpolated(string) => self.interpolated(string),
            ExprKind::Name(name) => self.simple_name(name),
            ExprKind::AliasQualified { alias, name } => {
                self.ident(alias);
                self.put("::");
                self.simple_name(name);
            }
            ExprKind::Predefined(found) => self.put(found.keyword()),
            ExprKind::This => self.put("this"),
            ExprKind::Base => self.put("base"),
            ExprKind::Paren(inner) => {
                self.put("(");
                self.expr(inner);
                self.put(")");
            }
            ExprKind::Tuple(elements) => {
                self.put("(");
                self.list(elements, ", ", |p, element| {
                    if let Some(name) = &element.name {
                        p.ident(name);
                        p.put(": ");
                    }
                    p.expr(&element.value);
                });
                self.put(")");
            }
            ExprKind::Member { target, name } => {
                self.expr(target);
                self.put(".");
                self.simple_name(name);
            }
            ExprKind::Call { target, args } => {
                self.expr(target);
                self.put("(");
                self.args(args);
                self.put(")");
            }
            ExprKind::Index { target, args } => {
                self.expr(target);
                self.put("[");
                self.args(args);
                self.put("]");
            }
            ExprKind::ConditionalAccess { target, access } => {
                self.expr(target);
                self.put("?");
                self.expr(access);
            }
            ExprKind::MemberBinding(name) => {
                self.put(".");
                self.simple_name(name);
            }
            ExprKind::IndexBinding(args) => {
                self.put("[");
                self.args(args);
                self.put("]");
            }
            ExprKind::Unary { op, operand } => self.unary(*op, operand),
            ExprKind::Binary { op, left, right, .. } => {
                self.expr(left);
                self.put(" ");
                self.put(op.text());
                self.put(" ");
                self.expr(right);
            }
            ExprKind::Assign { op, target, value } => {
                self.expr(target);
                self.put(" ");
                if let AssignOp::Compound(op) = op {
                    self.put(op.text());
                }
                self.put("= ");
                self.expr(value);
            }
            ExprKind::Conditional { condition, then, otherwise } => {
                self.expr(condition);
                self.put(" ? ");
                self.expr(then);
                self.put(" : ");
                self.expr(otherwise);
            }
            ExprKind::Cast { ty, value } => {
                self.put("(");
                self.ty(ty);
                self.put(")");
                self.expr(value);
            }
            ExprKind::Is { value, pattern } => {
                self.expr(value);
                self.put(" is ");
                self.pattern(pattern);
            }
            ExprKind::As { value, ty } => {
                self.expr(value);
                self.put(" as ");
                self.ty(ty);
            }
            ExprKind::Lambda(lambda) => self.lambda(lambda),
            ExprKind::AnonymousMethod { is_async, is_static, params, body } => {
                self.put(if *is_static { "static " } else { "" });
                self.put(if *is_async { "async " } else { "" });
                self.put("delegate ");
                if let Some(params) = params {
                    self.params(params);
                    self.put(" ");
                }
                self.block(body);
            }
            ExprKind::Query(query) => self.query(query),
            ExprKind::Throw(value) => self.prefixed("throw ", value),
            ExprKind::Await(value) => self.prefixed("await ", value),
            ExprKind::Ref(value) => self.prefixed("ref ", value),
            ExprKind::Default(None) => self.put("default"),
            ExprKind::Default(Some(ty)) => self.type_operand("default", ty),
            ExprKind::TypeOf(ty) => self.type_operand("typeof", ty),
            ExprKind::SizeOf(ty) => self.type_operand("sizeof", ty),
            ExprKind::NameOf(value) => self.operand("nameof", value),
            ExprKind::Checked { is_checked, value } => {
                self.operand(if *is_checked { "checked" } else { "unchecked" }, value);
            }
            ExprKind::Declaration { ty, designation } => {
                self.ty(ty);
                self.put(" ");
                self.designation(designation);
            }
            ExprKind::Range { start, end } => {
                start.iter().for_each(|start| self.expr(start));
                self.put("..");
                end.iter().for_each(|end| self.expr(end));
            }
            ExprKind::Switch { value, arms } => {
                self.expr(value);
                self.put(" switch { ");
                self.list(arms, ", ", |p, arm| {
                    p.pattern(&arm.pattern);
                    if let Some(guard) = &arm.guard {
                        p.put(" when ");
                        p.expr(guard);
                    }
                    p.put(" => ");
                    p.expr(&arm.value);
                });
                self.put(" }");
            }
            ExprKind::With { value, initializer } => {
                self.expr(value);
                self.put(" with ");
                self.initializer(initializer);
            }
            ExprKind::Collection(elements) => {
                self.put("[");
                self.list(elements, ", ", |p, element| {
                    p.put(if element.is_spread { ".." } else { "" });
                    p.expr(&element.value);
                });
                self.put("]");
            }
            ExprKind::New { .. }
            | ExprKind::AnonymousObject(_)
            | ExprKind::NewArray { .. }
            | ExprKind::ImplicitArray { .. }
            | ExprKind::ArrayInitializer(_)
            | ExprKind::StackAlloc { .. } => self.creation(&expr.kind),
        }
    }

    fn prefixed(&mut self, word: &str, value: &Expr) {
        self.put(word);
        self.expr(value);
    }

    fn operand(&mut self, word: &str, value: &Expr) {
        self.put(word);
        self.put("(");
        self.expr(value);
        self.put(")");
    }

    fn type_operand(&mut self, word: &str, ty: &Type) {
        self.put(word);
        self.put("(");
        self.ty(ty);
        self.put(")");
    }

    fn unary(&mut self, op: UnaryOp, operand: &Expr) {
        if op.is_postfix() {
            self.expr(operand);
            return self.put(op.text());
        }
        self.put(op.text());
        // `- -x` must not become `--x`.
        let before = self.out.len();
        self.expr(operand);
        let first = self.out.as_bytes().get(before).copied();
        if matches!(first, Some(b'+' | b'-' | b'&')) && op.text().as_bytes().first().copied() == first {
            self.out.insert(before, ' ');
        }
    }
}
