//! Looking ahead without a tree: does a type stand here, is this a lambda, a cast, a declaration.

use super::{Parser, T};

/// Types in types that a scan follows.
const SCAN_DEPTH: usize = 24;

/// What a scan over a type found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scanned {
    /// Index behind it.
    pub(super) end: usize,
    /// It can be nothing but a type: a keyword, an array, a tuple.
    pub(super) is_certain: bool,
}

impl Parser<'_> {
    /// Scans a type that starts at the token `at`. `with_nullable`: a `?` behind it belongs to it.
    pub(super) fn scan_type(&self, at: usize, with_nullable: bool) -> Option<Scanned> {
        self.scan_type_in(at, with_nullable, 0)
    }

    fn scan_type_in(&self, mut at: usize, with_nullable: bool, depth: usize) -> Option<Scanned> {
        if depth > SCAN_DEPTH {
            return None;
        }
        let mut is_certain = false;
        if super::types::predefined(self.kind_at(at)).is_some() {
            at += 1;
            is_certain = true;
            while self.kind_at(at) == T::Star {
                at += 1;
            }
        } else if self.kind_at(at) == T::LParen {
            at = self.scan_tuple_type(at, depth)?;
            is_certain = true;
        } else {
            if self.is_name(self.kind_at(at)) && self.kind_at(at + 1) == T::ColonColon {
                at += 2;
            }
            loop {
                if !self.is_name(self.kind_at(at)) {
                    return None;
                }
                at += 1;
                if self.kind_at(at) == T::Lt {
                    at = self.scan_type_args_in(at, depth)?;
                }
                if self.kind_at(at) != T::Dot {
                    break;
                }
                at += 1;
            }
        }
        loop {
            match self.kind_at(at) {
                T::LBracket => {
                    let mut close = at + 1;
                    while self.kind_at(close) == T::Comma {
                        close += 1;
                    }
                    if self.kind_at(close) != T::RBracket {
                        break;
                    }
                    at = close + 1;
                    is_certain = true;
                }
                T::Question if with_nullable => at += 1,
                _ => break,
            }
        }
        Some(Scanned { end: at, is_certain })
    }

    fn scan_tuple_type(&self, open: usize, depth: usize) -> Option<usize> {
        let mut at = open + 1;
        let mut elements = 0;
        loop {
            at = self.scan_type_in(at, true, depth + 1)?.end;
            if self.is_name(self.kind_at(at)) {
                at += 1;
            }
            elements += 1;
            match self.kind_at(at) {
                T::Comma => at += 1,
                T::RParen if elements > 1 => return Some(at + 1),
                _ => return None,
            }
        }
    }

    /// Scans `<…>`; gives the index behind it.
    fn scan_type_args_in(&self, open: usize, depth: usize) -> Option<usize> {
        let mut at = open + 1;
        if matches!(self.kind_at(at), T::Gt | T::Comma) {
            while self.kind_at(at) == T::Comma {
                at += 1;
            }
            return (self.kind_at(at) == T::Gt).then_some(at + 1);
        }
        loop {
            at = self.scan_type_in(at, true, depth + 1)?.end;
            match self.kind_at(at) {
                T::Comma => at += 1,
                T::Gt => return Some(at + 1),
                _ => return None,
            }
        }
    }

    /// In an expression: does the `<` at `open` start type arguments? Decided by what follows the `>`.
    pub(super) fn starts_type_args(&self, open: usize) -> bool {
        let Some(end) = self.scan_type_args_in(open, 0) else { return false };
        match self.kind_at(end) {
            T::LParen | T::RParen | T::RBracket | T::RBrace | T::Colon | T::Semicolon | T::Comma | T::Dot => true,
            T::Question | T::EqEq | T::BangEq | T::Or | T::Caret | T::AndAnd | T::OrOr | T::And => true,
            T::LBracket | T::Lt | T::LtEq | T::GtEq | T::Is | T::As | T::Coalesce | T::HoleClose | T::Eof => true,
            T::Ident if self.in_query => self.is_query_word(end),
            _ => false,
        }
    }

    pub(super) fn is_query_word(&self, index: usize) -> bool {
        const WORDS: [&str; 12] =
            ["from", "where", "select", "group", "into", "orderby", "join", "let", "on", "equals", "by", "ascending"];
        self.kind_at(index) == T::Ident
            && (WORDS.iter().any(|word| self.word_at(index, word)) || self.word_at(index, "descending"))
    }

    /// At `(`: is `(T)` followed by an operand?
    pub(super) fn is_cast(&self) -> bool {
        let Some(scanned) = self.scan_type(self.at + 1, true) else { return false };
        if self.kind_at(scanned.end) != T::RParen {
            return false;
        }
        let next = scanned.end + 1;
        if self.in_query && self.is_query_word(next) {
            return false;
        }
        match self.kind_at(next) {
            T::Tilde | T::LParen | T::Int | T::Real | T::Char | T::Str | T::Utf8Str | T::InterpolatedStart => true,
            T::Bang => true,
            T::Ident if self.word_at(next, "with") => self.kind_at(next + 1) != T::LBrace,
            T::Ident => !["and", "or", "when"].iter().any(|word| self.word_at(next, word)),
            T::VerbatimIdent => true,
            T::New | T::This | T::Base | T::Typeof | T::Default | T::Checked | T::Unchecked | T::Sizeof => true,
            T::Delegate | T::True | T::False | T::Null | T::Stackalloc | T::Throw => true,
            kind if super::types::predefined(kind).is_some() => true,
            // `(int)-1` is a cast, `(a)-1` is not.
            T::Minus | T::Plus | T::And | T::Star | T::PlusPlus | T::MinusMinus | T::Caret => scanned.is_certain,
            _ => false,
        }
    }

    /// At `(`: do the parameters of a lambda stand here?
    pub(super) fn is_parenthesized_lambda(&self, open: usize) -> bool {
        let Some(close) = self.partner(open) else { return false };
        if self.kind_at(close + 1) != T::Arrow {
            return false;
        }
        let mut at = open + 1;
        while at < close {
            while matches!(self.kind_at(at), T::Ref | T::Out | T::In | T::Params) {
                at += 1;
            }
            if self.is_name(self.kind_at(at)) && matches!(self.kind_at(at + 1), T::Comma | T::RParen | T::Eq) {
                at += 1;
            } else {
                let Some(scanned) = self.scan_type(at, true) else { return false };
                if !self.is_name(self.kind_at(scanned.end)) {
                    return false;
                }
                at = scanned.end + 1;
            }
            match self.kind_at(at) {
                T::Comma => at += 1,
                // a default value: only a lambda has one
                T::Eq => return true,
                _ => return at == close,
            }
        }
        true
    }

    /// At the start of a statement: a type and a name, that is a declaration. Gives the index of the name.
    pub(super) fn scan_declaration(&self, at: usize) -> Option<usize> {
        let name = self.scan_type(at, true)?.end;
        let is_nullable = self.kind_at(name.checked_sub(1)?) == T::Question;
        if !self.is_name(self.kind_at(name)) {
            return None;
        }
        match self.kind_at(name + 1) {
            T::Eq | T::Semicolon | T::Comma | T::RParen | T::In | T::RBrace | T::Eof => Some(name),
            T::LParen | T::Lt | T::LBracket => (!is_nullable).then_some(name),
            // `a b c`: two names in a row are no expression
            _ => (!is_nullable && !self.is_operator_word(name)).then_some(name),
        }
    }

    fn is_operator_word(&self, index: usize) -> bool {
        self.word_at(index, "with") || (self.in_query && self.is_query_word(index))
    }

    /// `from x in` or `from T x in`.
    pub(super) fn is_query(&self) -> bool {
        if !self.is_word("from") {
            return false;
        }
        let at = self.at + 1;
        if self.is_name(self.kind_at(at)) && self.kind_at(at + 1) == T::In {
            return true;
        }
        self.scan_type(at, true)
            .is_some_and(|scanned| self.is_name(self.kind_at(scanned.end)) && self.kind_at(scanned.end + 1) == T::In)
    }

    /// Can an expression start with the token at `index`?
    pub(super) fn starts_expression(&self, index: usize) -> bool {
        let kind = self.kind_at(index);
        match kind {
            T::Ident | T::VerbatimIdent | T::Int | T::Real | T::Char | T::Str | T::Utf8Str | T::InterpolatedStart => {
                true
            }
            T::LParen | T::New | T::This | T::Base | T::Typeof | T::Default | T::Checked | T::Unchecked => true,
            T::Sizeof | T::Delegate | T::True | T::False | T::Null | T::Stackalloc | T::Throw | T::Static => true,
            T::Plus | T::Minus | T::Bang | T::Tilde | T::PlusPlus | T::MinusMinus | T::Caret | T::DotDot => true,
            T::And | T::Star | T::LBracket | T::Ref => true,
            _ => super::types::predefined(kind).is_some(),
        }
    }
}
