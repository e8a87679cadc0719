//! Statements.

use super::{Feature, Parser, T};
use crate::syntax::ast::{
    Block, Catch, Declarator, Expr, ExprKind, ForEachTarget, ForInit, GotoTarget, LocalDeclaration, Stmt, StmtKind,
    TypeKind, UsingResource,
};

impl Parser<'_> {
    /// Statements up to a closing brace, the end, or what `stop` says.
    pub(super) fn statements_until(&mut self, stop: impl Fn(T) -> bool) -> Vec<Stmt> {
        let mut statements = Vec::new();
        while !matches!(self.kind(), T::RBrace | T::Eof) && !stop(self.kind()) {
            let before = self.at;
            statements.push(self.statement());
            if self.at == before {
                // Nothing could be made of it; a closing bracket or the like.
                self.error_here("CS1513", "} expected");
                self.bump();
            }
        }
        statements
    }

    /// `{ … }`; the brace stands here.
    pub(super) fn block(&mut self) -> Block {
        self.nested(|p| {
            let start = p.start();
            p.bump();
            let statements = p.statements_until(|_| false);
            p.expect(T::RBrace);
            Block { statements, span: p.span_from(start) }
        })
    }

    pub(super) fn required_block(&mut self) -> Block {
        if self.is(T::LBrace) {
            return self.block();
        }
        self.expect(T::LBrace);
        let start = self.start();
        Block { statements: Vec::new(), span: apimite_diag::Span::new(start, start) }
    }

    pub(super) fn statement(&mut self) -> Stmt {
        self.nested(|p| {
            let start = p.start();
            let kind = p.statement_kind();
            Stmt { kind, span: p.span_from(start) }
        })
    }

    /// The statement of an `if` or a loop: a declaration may not stand there.
    fn embedded(&mut self) -> Box<Stmt> {
        let statement = self.statement();
        if matches!(statement.kind, StmtKind::Local(_) | StmtKind::LocalFunction(_) | StmtKind::Labeled { .. }) {
            let span = statement.span;
            self.error("CS1023", "Embedded statement cannot be a declaration or labeled statement", span);
        }
        Box::new(statement)
    }

    fn statement_kind(&mut self) -> StmtKind {
        match self.kind() {
            T::LBrace => StmtKind::Block(self.block()),
            T::Semicolon => {
                self.bump();
                StmtKind::Empty
            }
            T::If => self.if_statement(),
            T::While => {
                self.bump();
                let condition = self.condition();
                StmtKind::While { condition, body: self.embedded() }
            }
            T::Do => self.do_statement(),
            T::For => self.for_statement(),
            T::Foreach => self.foreach_statement(false),
            T::Switch => self.switch_statement(),
            T::Break => self.simple(StmtKind::Break),
            T::Continue => self.simple(StmtKind::Continue),
            T::Return => {
                self.bump();
                let value = (!self.is(T::Semicolon)).then(|| self.parse_expression());
                self.expect(T::Semicolon);
                StmtKind::Return(value)
            }
            T::Throw => {
                self.bump();
                let value = (!self.is(T::Semicolon)).then(|| self.parse_expression());
                self.expect(T::Semicolon);
                StmtKind::Throw(value)
            }
            T::Goto => self.goto_statement(),
            T::Try => self.try_statement(),
            T::Catch | T::Finally => {
                self.error_here("CS1003", "Syntax error, 'try' expected");
                self.handlers(Block { statements: Vec::new(), span: self.token(0).span })
            }
            T::Else => {
                self.error_here("CS8641", "'else' cannot start a statement.");
                self.bump();
                StmtKind::Empty
            }
            T::Case | T::Default if self.is_stray_label() => {
                self.error_here("CS1513", "} expected");
                self.bump();
                StmtKind::Empty
            }
            T::Using => self.using_statement(false),
            T::Lock => {
                self.bump();
                let target = self.condition();
                StmtKind::Lock { target, body: self.embedded() }
            }
            T::Checked | T::Unchecked if self.peek_is(1, T::LBrace) => {
                let is_checked = self.bump().kind == T::Checked;
                StmtKind::Checked { is_checked, block: self.block() }
            }
            T::Unsafe => {
                self.bump();
                StmtKind::Unsafe(self.required_block())
            }
            T::Fixed => {
                self.error_here("CS0214", "Pointers and fixed size buffers may only be used in an unsafe context");
                self.bump();
                self.condition();
                self.embedded();
                StmtKind::Empty
            }
            T::Const => {
                self.bump();
                let declaration = self.local_declaration(true, false, false);
                self.expect(T::Semicolon);
                StmtKind::Local(declaration)
            }
            _ => self.word_statement(),
        }
    }

    fn is_stray_label(&self) -> bool {
        self.is(T::Case) || self.peek_is(1, T::Colon)
    }

    fn simple(&mut self, kind: StmtKind) -> StmtKind {
        self.bump();
        self.expect(T::Semicolon);
        kind
    }

    /// Statements that start with a name or a contextual keyword.
    fn word_statement(&mut self) -> StmtKind {
        if self.is_name(self.kind()) && self.peek_is(1, T::Colon) {
            let label = self.ident();
            self.bump();
            let statement = Box::new(self.statement());
            return StmtKind::Labeled { label, statement };
        }
        if self.is_word("await") {
            let span = self.token(0).span;
            match self.token(1).kind {
                T::Foreach => {
                    self.bump();
                    self.feature(Feature::AsyncStreams, span);
                    return self.foreach_statement(true);
                }
                T::Using => {
                    self.bump();
                    self.feature(Feature::AsyncStreams, span);
                    return self.using_statement(true);
                }
                T::Ident | T::VerbatimIdent => return self.expression_statement(),
                _ => {}
            }
        }
        if self.is_word("yield") && matches!(self.token(1).kind, T::Return | T::Break) {
            self.bump();
            let value = (self.bump().kind == T::Return).then(|| {
                if self.token(0).kind == T::Semicolon {
                    self.error_here("CS1627", "Expression expected after yield return");
                    let span = self.token(0).span;
                    return Expr { kind: ExprKind::Missing, span };
                }
                self.parse_expression()
            });
            self.expect(T::Semicolon);
            return StmtKind::Yield(value);
        }
        self.declaration_or_expression()
    }

    fn declaration_or_expression(&mut self) -> StmtKind {
        let mut at = self.at;
        let (mut is_async, mut is_static) = (false, false);
        loop {
            if self.kind_at(at) == T::Static {
                is_static = true;
            } else if self.word_at(at, "async") && self.is_name_or_type(at + 1) {
                is_async = true;
            } else {
                break;
            }
            at += 1;
        }
        let mut type_at = at;
        if self.kind_at(at) == T::Ref {
            type_at += if self.kind_at(at + 1) == T::Readonly { 2 } else { 1 };
        }
        let name = self.scan_declaration(type_at);
        if name.is_some_and(|name| self.is_local_function(name)) {
            if is_static {
                let span = self.token(0).span;
                self.feature(Feature::StaticLocalFunction, span);
            }
            self.at = at;
            return self.local_function(is_async, is_static);
        }
        if name.is_some() && at == self.at {
            let declaration = self.local_declaration(false, false, false);
            self.expect(T::Semicolon);
            return StmtKind::Local(declaration);
        }
        self.expression_statement()
    }

    fn is_name_or_type(&self, index: usize) -> bool {
        let kind = self.kind_at(index);
        self.is_name(kind) || kind == T::Static || super::types::predefined(kind).is_some()
    }

    fn expression_statement(&mut self) -> StmtKind {
        let is_var_tuple = self.is_word("var")
            && self.peek_is(1, T::LParen)
            && self.partner(self.at + 1).is_some_and(|close| self.kind_at(close + 1) == T::Eq);
        let expr = if is_var_tuple { self.deconstruction() } else { self.parse_expression() };
        self.note_mixed_deconstruction(&expr);
        if !Self::may_stand_alone(&expr) {
            let span = expr.span;
            self.error(
                "CS0201",
                "Only assignment, call, increment, decrement, await, and new object expressions can be used as a statement",
                span,
            );
        }
        self.expect(T::Semicolon);
        StmtKind::Expr(expr)
    }

    /// `var (a, b) = …`.
    fn deconstruction(&mut self) -> Expr {
        let start = self.start();
        let target = Box::new(self.var_tuple());
        self.expect(T::Eq);
        let value = Box::new(self.parse_expression());
        let op = crate::syntax::ast::AssignOp::Assign;
        Expr { kind: ExprKind::Assign { op, target, value }, span: self.span_from(start) }
    }

    fn note_mixed_deconstruction(&mut self, expr: &Expr) {
        let ExprKind::Assign { target, .. } = &expr.kind else { return };
        let (declares, assigns) = deconstructs(target);
        if declares && assigns {
            self.feature(Feature::MixedDeconstruction, target.span);
        }
    }

    fn local_declaration(&mut self, is_const: bool, is_using: bool, is_await: bool) -> LocalDeclaration {
        let ty = self.parse_type();
        let mut declarators = Vec::new();
        if Self::is_missing_type(&ty) && !self.is_name(self.kind()) {
            return LocalDeclaration { is_const, is_using, is_await, ty, declarators };
        }
        loop {
            let start = self.start();
            let name = self.ident();
            if self.is(T::LBracket) {
                self.error_here(
                    "CS0650",
                    "Bad array declarator: To declare a managed array the rank specifier precedes the variable's identifier. \
                     To declare a fixed size buffer field, use the fixed keyword before the field type.",
                );
                self.arguments(T::RBracket);
            }
            let value = self
                .eat(T::Eq)
                .then(|| if self.is(T::LBrace) { self.array_initializer() } else { self.parse_expression() });
            if value.is_none() && is_const {
                self.error("CS0145", "A const field requires a value to be provided", name.span);
            }
            declarators.push(Declarator { name, value, span: self.span_from(start) });
            if !self.eat(T::Comma) {
                break;
            }
        }
        LocalDeclaration { is_const, is_using, is_await, ty, declarators }
    }

    /// `(x)` of a statement.
    pub(super) fn condition(&mut self) -> Expr {
        let open = self.at;
        self.expect(T::LParen);
        let condition = self.parse_expression();
        if self.kind_at(open) == T::LParen {
            self.close(open, T::RParen);
        } else {
            self.expect(T::RParen);
        }
        condition
    }

    fn if_statement(&mut self) -> StmtKind {
        self.bump();
        let condition = self.condition();
        let then = self.embedded();
        let otherwise = self.eat(T::Else).then(|| self.embedded());
        StmtKind::If { condition, then, otherwise }
    }

    fn do_statement(&mut self) -> StmtKind {
        self.bump();
        let body = self.embedded();
        self.expect(T::While);
        let condition = self.condition();
        self.expect(T::Semicolon);
        StmtKind::DoWhile { body, condition }
    }

    fn for_statement(&mut self) -> StmtKind {
        self.bump();
        let open = self.at;
        self.expect(T::LParen);
        let type_at = if self.is(T::Ref) { self.at + 1 } else { self.at };
        let init = if self.scan_declaration(type_at).is_some() {
            ForInit::Declaration(self.local_declaration(false, false, false))
        } else {
            ForInit::Expressions(self.expression_list(T::Semicolon))
        };
        self.expect(T::Semicolon);
        let condition = (!self.is(T::Semicolon)).then(|| self.parse_expression());
        self.expect(T::Semicolon);
        let steps = self.expression_list(T::RParen);
        self.close(open, T::RParen);
        StmtKind::For { init, condition, steps, body: self.embedded() }
    }

    fn expression_list(&mut self, end: T) -> Vec<Expr> {
        let mut list = Vec::new();
        if self.is(end) {
            return list;
        }
        loop {
            list.push(self.parse_expression());
            if !self.eat(T::Comma) {
                return list;
            }
        }
    }

    fn foreach_statement(&mut self, is_await: bool) -> StmtKind {
        self.bump();
        let open = self.at;
        self.expect(T::LParen);
        let target = if self.is_word("var") && self.peek_is(1, T::LParen) {
            self.bump();
            ForEachTarget::Var(self.designation())
        } else if self.is(T::LParen) && self.partner(self.at).is_some_and(|close| self.kind_at(close + 1) == T::In) {
            ForEachTarget::Tuple(self.parse_expression())
        } else {
            let ty = self.parse_type();
            if self.is(T::In) && matches!(ty.kind, TypeKind::Named { .. } | TypeKind::Predefined(_)) {
                self.error_here("CS0230", "Type and identifier are both required in a foreach statement");
                let at = self.start();
                let name = crate::syntax::ast::Ident {
                    name: crate::syntax::ast::Name::default(),
                    span: apimite_diag::Span::new(at, at),
                };
                ForEachTarget::Variable { ty, name }
            } else {
                ForEachTarget::Variable { ty, name: self.ident() }
            }
        };
        self.expect(T::In);
        let sequence = self.parse_expression();
        self.close(open, T::RParen);
        StmtKind::ForEach { is_await, target, sequence, body: self.embedded() }
    }

    fn goto_statement(&mut self) -> StmtKind {
        self.bump();
        let target = if self.eat(T::Case) {
            GotoTarget::Case(self.parse_expression())
        } else if self.eat(T::Default) {
            GotoTarget::Default
        } else {
            GotoTarget::Label(self.ident())
        };
        self.expect(T::Semicolon);
        StmtKind::Goto(target)
    }

    fn try_statement(&mut self) -> StmtKind {
        self.bump();
        let block = self.required_block();
        if !matches!(self.kind(), T::Catch | T::Finally) {
            self.error_missing("CS1524", "Expected catch or finally");
        }
        self.handlers(block)
    }

    fn handlers(&mut self, block: Block) -> StmtKind {
        let mut catches = Vec::new();
        while self.is(T::Catch) {
            let start = self.start();
            self.bump();
            let (mut ty, mut name) = (None, None);
            if self.is(T::LParen) {
                let open = self.at;
                self.bump();
                ty = Some(self.parse_type());
                name = self.is_name(self.kind()).then(|| self.ident());
                self.close(open, T::RParen);
            }
            let guard = self.eat_word("when").then(|| self.condition());
            let block = self.required_block();
            catches.push(Catch { ty, name, guard, block, span: self.span_from(start) });
        }
        let finally = self.eat(T::Finally).then(|| self.required_block());
        StmtKind::Try { block, catches, finally }
    }

    fn using_statement(&mut self, is_await: bool) -> StmtKind {
        let using_span = self.bump().span;
        if !self.is(T::LParen) {
            self.feature(Feature::UsingDeclaration, using_span);
            let declaration = self.local_declaration(false, true, is_await);
            self.expect(T::Semicolon);
            return StmtKind::Local(declaration);
        }
        let open = self.at;
        self.bump();
        let resource = if self.scan_declaration(self.at).is_some() {
            UsingResource::Declaration(self.local_declaration(false, false, false))
        } else {
            UsingResource::Expr(self.parse_expression())
        };
        self.close(open, T::RParen);
        StmtKind::Using { is_await, resource, body: self.embedded() }
    }
}

/// Does a target of a deconstruction declare, and does it assign to what is there? Discards do neither.
fn deconstructs(target: &Expr) -> (bool, bool) {
    match &target.kind {
        ExprKind::Tuple(elements) => elements.iter().fold((false, false), |(declares, assigns), element| {
            let (d, a) = deconstructs(&element.value);
            (declares || d, assigns || a)
        }),
        ExprKind::Declaration { .. } => (true, false),
        ExprKind::Name(name) if name.ident.name == "_" => (false, false),
        _ => (false, true),
    }
}
