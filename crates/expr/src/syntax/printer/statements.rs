//! Statements.

use super::Printer;
use crate::syntax::ast::{
    Block, ForEachTarget, ForInit, GotoTarget, LambdaBody, LocalDeclaration, LocalFunction, Stmt, StmtKind,
    SwitchLabel, SwitchSection, UsingResource,
};

impl Printer {
    pub(super) fn block(&mut self, block: &Block) {
        self.put("{");
        self.indent += 1;
        for statement in &block.statements {
            self.line();
            self.stmt(statement);
        }
        self.indent -= 1;
        self.line();
        self.put("}");
    }

    pub(super) fn stmt(&mut self, statement: &Stmt) {
        match &statement.kind {
            StmtKind::Block(block) => self.block(block),
            StmtKind::Empty => self.put(";"),
            StmtKind::Local(declaration) => {
                self.declaration(declaration);
                self.put(";");
            }
            StmtKind::LocalFunction(function) => self.local_function(function),
            StmtKind::Expr(expr) => {
                self.expr(expr);
                self.put(";");
            }
            StmtKind::If { condition, then, otherwise } => {
                self.put("if (");
                self.expr(condition);
                self.put(") ");
                self.stmt(then);
                if let Some(otherwise) = otherwise {
                    self.put(" else ");
                    self.stmt(otherwise);
                }
            }
            StmtKind::While { condition, body } => {
                self.put("while (");
                self.expr(condition);
                self.put(") ");
                self.stmt(body);
            }
            StmtKind::DoWhile { body, condition } => {
                self.put("do ");
                self.stmt(body);
                self.put(" while (");
                self.expr(condition);
                self.put(");");
            }
            StmtKind::For { init, condition, steps, body } => {
                self.put("for (");
                match init {
                    ForInit::Declaration(declaration) => self.declaration(declaration),
                    ForInit::Expressions(list) => self.list(list, ", ", Self::expr),
                }
                self.put("; ");
                condition.iter().for_each(|condition| self.expr(condition));
                self.put("; ");
                self.list(steps, ", ", Self::expr);
                self.put(") ");
                self.stmt(body);
            }
            StmtKind::ForEach { is_await, target, sequence, body } => {
                self.put(if *is_await { "await " } else { "" });
                self.put("foreach (");
                match target {
                    ForEachTarget::Variable { ty, name } => {
                        self.ty(ty);
                        self.put(" ");
                        self.ident(name);
                    }
                    ForEachTarget::Var(designation) => {
                        self.put("var ");
                        self.designation(designation);
                    }
                    ForEachTarget::Tuple(tuple) => self.expr(tuple),
                }
                self.put(" in ");
                self.expr(sequence);
                self.put(") ");
                self.stmt(body);
            }
            StmtKind::Switch { value, sections } => {
                self.put("switch (");
                self.expr(value);
                self.put(") {");
                self.indent += 1;
                sections.iter().for_each(|section| self.section(section));
                self.indent -= 1;
                self.line();
                self.put("}");
            }
            StmtKind::Break => self.put("break;"),
            StmtKind::Continue => self.put("continue;"),
            StmtKind::Return(value) => self.jump("return", value.as_ref()),
            StmtKind::Throw(value) => self.jump("throw", value.as_ref()),
            StmtKind::Yield(Some(value)) => self.jump("yield return", Some(value)),
            StmtKind::Yield(None) => self.put("yield break;"),
            StmtKind::Goto(target) => match target {
                GotoTarget::Label(label) => {
                    self.put("goto ");
                    self.ident(label);
                    self.put(";");
                }
                GotoTarget::Case(value) => self.jump("goto case", Some(value)),
                GotoTarget::Default => self.put("goto default;"),
            },
            StmtKind::Labeled { label, statement } => {
                self.ident(label);
                self.put(": ");
                self.stmt(statement);
            }
            StmtKind::Try { block, catches, finally } => {
                self.put("try ");
                self.block(block);
                for catch in catches {
                    self.put(" catch ");
                    if let Some(ty) = &catch.ty {
                        self.put("(");
                        self.ty(ty);
                        if let Some(name) = &catch.name {
                            self.put(" ");
                            self.ident(name);
                        }
                        self.put(") ");
                    }
                    if let Some(guard) = &catch.guard {
                        self.put("when (");
                        self.expr(guard);
                        self.put(") ");
                    }
                    self.block(&catch.block);
                }
                if let Some(finally) = finally {
                    self.put(" finally ");
                    self.block(finally);
                }
            }
            StmtKind::Using { is_await, resource, body } => {
                self.put(if *is_await { "await " } else { "" });
                self.put("using (");
                match resource {
                    UsingResource::Declaration(declaration) => self.declaration(declaration),
                    UsingResource::Expr(value) => self.expr(value),
                }
                self.put(") ");
                self.stmt(body);
            }
            StmtKind::Lock { target, body } => {
                self.put("lock (");
                self.expr(target);
                self.put(") ");
                self.stmt(body);
            }
            StmtKind::Checked { is_checked, block } => {
                self.put(if *is_checked { "checked " } else { "unchecked " });
                self.block(block);
            }
            StmtKind::Unsafe(block) => {
                self.put("unsafe ");
                self.block(block);
            }
        }
    }

    fn jump(&mut self, word: &str, value: Option<&crate::syntax::ast::Expr>) {
        self.put(word);
        if let Some(value) = value {
            self.put(" ");
            self.expr(value);
        }
        self.put(";");
    }

    fn declaration(&mut self, declaration: &LocalDeclaration) {
        self.put(if declaration.is_await { "await " } else { "" });
        self.put(if declaration.is_using { "using " } else { "" });
        self.put(if declaration.is_const { "const " } else { "" });
        self.ty(&declaration.ty);
        self.put(" ");
        self.list(&declaration.declarators, ", ", |p, declarator| {
            p.ident(&declarator.name);
            if let Some(value) = &declarator.value {
                p.put(" = ");
                p.expr(value);
            }
        });
    }

    fn section(&mut self, section: &SwitchSection) {
        for label in &section.labels {
            self.line();
            match label {
                SwitchLabel::Case { pattern, guard, .. } => {
                    self.put("case ");
                    self.pattern(pattern);
                    if let Some(guard) = guard {
                        self.put(" when ");
                        self.expr(guard);
                    }
                    self.put(":");
                }
                SwitchLabel::Default(_) => self.put("default:"),
            }
        }
        self.indent += 1;
        for statement in &section.statements {
            self.line();
            self.stmt(statement);
        }
        self.indent -= 1;
    }

    fn local_function(&mut self, function: &LocalFunction) {
        self.put(if function.is_static { "static " } else { "" });
        self.put(if function.is_async { "async " } else { "" });
        self.ty(&function.returns);
        self.put(" ");
        self.ident(&function.name);
        if !function.type_params.is_empty() {
            self.put("<");
            self.list(&function.type_params, ", ", Self::ident);
            self.put(">");
        }
        self.params(&function.params);
        for (name, types) in &function.constraints {
            self.put(" where ");
            self.ident(name);
            self.put(" : ");
            // Constraints that are no types have not been kept; `class` stands for them.
            if types.is_empty() {
                self.put("class");
            }
            self.list(types, ", ", Self::ty);
        }
        match &function.body {
            LambdaBody::Expr(value) => {
                self.put(" => ");
                self.expr(value);
                self.put(";");
            }
            LambdaBody::Block(block) => {
                self.put(" ");
                self.block(block);
            }
        }
    }
}
