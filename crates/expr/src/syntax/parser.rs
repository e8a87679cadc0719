//! Tokens to tree: recursive descent, with precedence climbing for operators. It never fails; what is missing is reported and
//! stands in the tree as missing.

mod creation;
mod expression;
mod function;
mod pattern;
mod primary;
mod query;
mod scan;
mod statement;
mod switch;
mod types;

use std::sync::Arc;

use apimite_diag::Span;

use super::ast::{Block, Expr, ExprKind, Ident, Name, StringForm};
use super::lexer;
use super::token::{T, Token, Tokens, Value};
use super::{Feature, FeatureUse, Parsed, SyntaxError};

/// Constructs that may stand in each other. Chosen so that a thread with a stack of 2 MiB reads it in a debug build.
const DEPTH: usize = 96;
/// Height of the tree; chains such as `a + b + c` and `a.b.c` grow it without nesting.
const HEIGHT: usize = 500;
/// Mistakes reported for one code.
const MOST_ERRORS: usize = 100;

pub(crate) struct Parser<'a> {
    code: &'a str,
    tokens: Tokens,
    at: usize,
    errors: Vec<SyntaxError>,
    features: Vec<FeatureUse>,
    depth: usize,
    /// Height of the highest tree made in this scope.
    height: usize,
    gave_up: bool,
    /// Inside a query expression, whose words are no names at the end of an operand.
    in_query: bool,
}

/// Reads one expression.
pub(crate) fn expression(code: &str) -> Parsed<Expr> {
    let mut parser = Parser::new(code);
    let tree = parser.parse_expression();
    if !parser.is(T::Eof) {
        parser.error_here("CS1026", ") expected");
    }
    parser.finish(tree)
}

/// Reads statements.
pub(crate) fn block(code: &str) -> Parsed<Block> {
    let mut parser = Parser::new(code);
    let mut statements = parser.statements_until(|kind| kind == T::Eof);
    while !parser.is(T::Eof) {
        parser.error_here("CS1022", "Type or namespace definition, or end-of-file expected");
        parser.bump();
        statements.extend(parser.statements_until(|kind| kind == T::Eof));
    }
    let span = Span::from_usize(0, code.len());
    parser.finish(Block { statements, span })
}

impl<'a> Parser<'a> {
    fn new(code: &'a str) -> Self {
        let lexed = lexer::lex(code);
        Self {
            code,
            tokens: lexed.tokens,
            at: 0,
            errors: lexed.errors,
            features: lexed.features,
            depth: 0,
            height: 0,
            gave_up: false,
            in_query: false,
        }
    }

    fn finish<N>(mut self, tree: N) -> Parsed<N> {
        self.errors.sort_by_key(|error| error.span.start);
        self.errors.truncate(MOST_ERRORS);
        self.features.sort_by_key(|feature| feature.span.start);
        Parsed { tree, errors: self.errors, features: self.features }
    }

    // Looking at tokens.

    fn token(&self, ahead: usize) -> Token {
        let last = self.tokens.list.len().saturating_sub(1);
        let index = (self.at + ahead).min(last);
        self.tokens.list.get(index).copied().unwrap_or(Token {
            kind: T::Eof,
            span: Span::new(0, 0),
            value: u32::MAX,
            partner: u32::MAX,
            on_new_line: false,
        })
    }

    fn kind(&self) -> T {
        self.token(0).kind
    }

    fn kind_at(&self, index: usize) -> T {
        self.tokens.list.get(index).map_or(T::Eof, |token| token.kind)
    }

    fn is(&self, kind: T) -> bool {
        self.kind() == kind
    }

    fn peek_is(&self, ahead: usize, kind: T) -> bool {
        self.token(ahead).kind == kind
    }

    /// Index of the bracket that closes the one at `index`.
    fn partner(&self, index: usize) -> Option<usize> {
        let partner = self.tokens.list.get(index)?.partner;
        (partner != u32::MAX).then_some(partner as usize)
    }

    fn text(&self, token: Token) -> &'a str {
        self.code.get(token.span.range()).unwrap_or("")
    }

    /// Is the token at `index` this contextual keyword?
    fn word_at(&self, index: usize, word: &str) -> bool {
        self.tokens.list.get(index).is_some_and(|token| token.kind == T::Ident && self.text(*token) == word)
    }

    fn is_word(&self, word: &str) -> bool {
        self.word_at(self.at, word)
    }

    /// Do the tokens `ahead` and `ahead + 1` stand side by side?
    fn adjacent(&self, ahead: usize) -> bool {
        self.token(ahead).span.end == self.token(ahead + 1).span.start
    }

    fn is_name(&self, kind: T) -> bool {
        matches!(kind, T::Ident | T::VerbatimIdent)
    }

    // Taking tokens.

    fn bump(&mut self) -> Token {
        let token = self.token(0);
        if token.kind != T::Eof {
            self.at += 1;
        }
        token
    }

    fn eat(&mut self, kind: T) -> bool {
        let found = self.is(kind);
        if found {
            self.bump();
        }
        found
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        if found {
            self.bump();
        }
        found
    }

    /// Takes a token of fixed text, or reports that it is missing.
    fn expect(&mut self, kind: T) -> bool {
        if self.eat(kind) {
            return true;
        }
        let (code, message) = match kind {
            T::Semicolon => ("CS1002", "; expected".to_owned()),
            T::RParen => ("CS1026", ") expected".to_owned()),
            T::RBrace => ("CS1513", "} expected".to_owned()),
            T::LBrace => ("CS1514", "{ expected".to_owned()),
            T::In => ("CS1515", "'in' expected".to_owned()),
            _ => ("CS1003", format!("Syntax error, '{}' expected", kind.text())),
        };
        self.error_missing(code, message);
        false
    }

    fn ident(&mut self) -> Ident {
        let token = self.token(0);
        if self.is_name(token.kind) {
            self.bump();
            return Ident { name: self.name_of(token), span: token.span };
        }
        if token.kind.is_keyword() {
            self.error_here("CS1041", format!("Identifier expected; '{}' is a keyword", token.kind.text()));
        } else {
            self.error_missing("CS1001", "Identifier expected");
        }
        Ident { name: Name::default(), span: Span::new(token.span.start, token.span.start) }
    }

    fn name_of(&self, token: Token) -> Name {
        match self.value(token) {
            Some(Value::Ident(name)) => name.clone(),
            _ => Name::new(self.text(token).trim_start_matches('@')),
        }
    }

    fn value(&self, token: Token) -> Option<&Value> {
        self.tokens.values.get(token.value as usize)
    }

    fn text_value(&self, token: Token) -> (Arc<str>, StringForm) {
        match self.value(token) {
            Some(Value::Text(text, form)) => (text.clone(), *form),
            _ => ("".into(), StringForm::Regular),
        }
    }

    // Places and mistakes.

    fn start(&self) -> u32 {
        self.token(0).span.start
    }

    /// From `start` to the end of the last token taken.
    fn span_from(&self, start: u32) -> Span {
        let end = self.at.checked_sub(1).and_then(|last| self.tokens.list.get(last)).map_or(start, |t| t.span.end);
        Span::new(start, end.max(start))
    }

    fn error(&mut self, code: &'static str, message: impl Into<String>, span: Span) {
        // One mistake for one place; after giving up nothing that follows is news.
        if self.gave_up
            || self.errors.len() >= MOST_ERRORS
            || self.errors.iter().rev().any(|e| e.span.start == span.start)
        {
            return;
        }
        self.errors.push(SyntaxError { code, message: message.into(), span });
    }

    fn error_here(&mut self, code: &'static str, message: impl Into<String>) {
        let span = self.token(0).span;
        self.error(code, message, span);
    }

    /// Something is missing before the next token: the place is the end of the last one when a line ends there.
    fn error_missing(&mut self, code: &'static str, message: impl Into<String>) {
        let next = self.token(0);
        let last = self.at.checked_sub(1).and_then(|last| self.tokens.list.get(last)).copied();
        let span = match last {
            Some(last) if next.on_new_line || next.kind == T::Eof => Span::new(last.span.end, last.span.end),
            _ => next.span,
        };
        self.error(code, message, span);
    }

    fn feature(&mut self, feature: Feature, span: Span) {
        self.features.push(FeatureUse { feature, span });
    }

    fn missing(&self) -> Expr {
        let start = self.start();
        Expr { kind: ExprKind::Missing, span: Span::new(start, start) }
    }

    // Bounds.

    /// Runs a reader one level deeper; too deep, it reports that and gives up.
    fn nested<N>(&mut self, read: impl FnOnce(&mut Self) -> N) -> N {
        let before = std::mem::take(&mut self.height);
        self.depth += 1;
        if self.depth > DEPTH {
            self.give_up();
        }
        let node = read(self);
        self.depth -= 1;
        self.height = before.max(self.height + 1);
        if self.height > HEIGHT {
            self.give_up();
        }
        node
    }

    /// The tree of this scope has grown by one link of a chain.
    fn grown(&mut self) {
        self.height += 1;
        if self.height > HEIGHT {
            self.give_up();
        }
    }

    /// From here on there is nothing but the end.
    fn give_up(&mut self) {
        if !self.gave_up {
            let span = self.token(0).span;
            self.errors.push(SyntaxError {
                code: "CS8078",
                message: "An expression is too long or complex to compile".to_owned(),
                span,
            });
            self.gave_up = true;
        }
        self.at = self.tokens.list.len().saturating_sub(1);
    }

    /// After a mistake inside brackets: goes to the closing one, when it is known and nothing of weight is left out.
    fn recover_to(&mut self, open: usize) {
        let Some(close) = self.partner(open).filter(|&close| close >= self.at) else { return };
        let has_statement = (self.at..close).any(|index| matches!(self.kind_at(index), T::Semicolon | T::LBrace));
        if !has_statement {
            self.at = close;
        }
    }

    /// Takes the bracket that closes the one at `open`.
    fn close(&mut self, open: usize, kind: T) {
        if self.is(kind) {
            self.bump();
            return;
        }
        self.expect(kind);
        self.recover_to(open);
        if self.is(kind) {
            self.bump();
        }
    }
}
