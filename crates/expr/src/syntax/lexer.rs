//! Text to tokens. Interpolated strings become runs of tokens, with the code of their holes in between.

mod number;
mod strings;

use apimite_diag::Span;

use super::token::{T, Token, Tokens, Value};
use super::{Feature, FeatureUse, SyntaxError};

/// Reads all tokens; every character belongs to a token, to white space or to a comment.
pub(crate) struct Lexer<'a> {
    pub(crate) code: &'a str,
    pub(crate) at: usize,
    list: Vec<Token>,
    values: Vec<Value>,
    pub(crate) errors: Vec<SyntaxError>,
    pub(crate) features: Vec<FeatureUse>,
    holes: Vec<Hole>,
    on_new_line: bool,
}

/// An interpolated string that is open while the code of a hole is read.
struct Hole {
    /// Braces open in the hole.
    braces: usize,
    /// Parentheses and brackets open in the hole.
    others: usize,
    string: strings::Interpolation,
}

/// Interpolations that may stand in each other.
const NESTED_STRINGS: usize = 32;

/// What lexing gives.
pub(crate) struct Lexed {
    pub(crate) tokens: Tokens,
    pub(crate) errors: Vec<SyntaxError>,
    pub(crate) features: Vec<FeatureUse>,
}

/// Reads the tokens of a code.
pub(crate) fn lex(code: &str) -> Lexed {
    let mut lexer = Lexer {
        code,
        at: 0,
        list: Vec::with_capacity(code.len() / 4 + 2),
        values: Vec::new(),
        errors: Vec::new(),
        features: Vec::new(),
        holes: Vec::new(),
        on_new_line: true,
    };
    while lexer.token() {}
    let mut tokens = Tokens { list: lexer.list, values: lexer.values };
    tokens.link_brackets();
    Lexed { tokens, errors: lexer.errors, features: lexer.features }
}

impl<'a> Lexer<'a> {
    pub(crate) fn rest(&self) -> &'a str {
        self.code.get(self.at..).unwrap_or("")
    }

    pub(crate) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(crate) fn byte(&self, ahead: usize) -> u8 {
        self.code.as_bytes().get(self.at + ahead).copied().unwrap_or(0)
    }

    pub(crate) fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    /// How many bytes of this kind stand here.
    pub(crate) fn run(&self, wanted: u8) -> usize {
        self.code.as_bytes().get(self.at..).unwrap_or_default().iter().take_while(|&&byte| byte == wanted).count()
    }

    pub(crate) fn error(&mut self, code: &'static str, message: impl Into<String>, span: Span) {
        self.errors.push(SyntaxError { code, message: message.into(), span });
    }

    pub(crate) fn feature(&mut self, feature: Feature, span: Span) {
        self.features.push(FeatureUse { feature, span });
    }

    pub(crate) fn span_from(&self, start: usize) -> Span {
        Span::from_usize(start, self.at)
    }

    pub(crate) fn push(&mut self, kind: T, start: usize) {
        self.push_token(kind, start, u32::MAX);
    }

    pub(crate) fn push_value(&mut self, kind: T, start: usize, value: Value) {
        let index = u32::try_from(self.values.len()).unwrap_or(u32::MAX);
        self.values.push(value);
        self.push_token(kind, start, index);
    }

    fn push_token(&mut self, kind: T, start: usize, value: u32) {
        let token =
            Token { kind, span: self.span_from(start), value, partner: u32::MAX, on_new_line: self.on_new_line };
        self.list.push(token);
        self.on_new_line = false;
    }

    /// One token; false at the end.
    fn token(&mut self) -> bool {
        self.trivia();
        let start = self.at;
        let Some(c) = self.peek() else {
            while let Some(hole) = self.holes.pop() {
                let at = hole.string.start;
                self.error(
                    "CS8076",
                    "Missing close delimiter '}' for interpolated expression started with '{'.",
                    Span::from_usize(at, at + 1),
                );
                self.push(T::HoleClose, start);
                self.push(T::InterpolatedEnd, start);
            }
            self.push(T::Eof, start);
            return false;
        };
        match c {
            'a'..='z' | 'A'..='Z' | '_' => self.word(start),
            '0'..='9' => self.number(start),
            '.' if self.byte(1).is_ascii_digit() => self.number(start),
            '"' => self.string(start),
            '\'' => self.character(start),
            '@' => self.at_sign(start),
            '$' => self.dollar(start),
            '\\' if matches!(self.byte(1), b'u' | b'U') => self.word(start),
            '#' => self.directive(start),
            _ if c.is_ascii() => self.punctuation(start, c),
            _ if c.is_alphabetic() => self.word(start),
            _ => self.unexpected(start),
        }
        true
    }

    fn unexpected(&mut self, start: usize) {
        if let Some(c) = self.bump() {
            let span = self.span_from(start);
            self.error("CS1056", format!("Unexpected character '{c}'"), span);
            self.push(T::Bad, start);
        }
    }

    /// White space and comments.
    fn trivia(&mut self) {
        while let Some(c) = self.peek() {
            match c {
                '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => {
                    self.on_new_line = true;
                    self.note_newline();
                    self.bump();
                }
                '/' if self.byte(1) == b'/' => {
                    while self.peek().is_some_and(|c| !is_newline(c)) {
                        self.bump();
                    }
                }
                '/' if self.byte(1) == b'*' => {
                    let start = self.at;
                    match self.rest().get(2..).and_then(|rest| rest.find("*/")) {
                        Some(end) => self.at += end + 4,
                        None => {
                            self.at = self.code.len();
                            let span = Span::from_usize(start, start + 2);
                            self.error("CS1035", "End-of-file found, '*/' expected", span);
                        }
                    }
                }
                _ if c.is_whitespace() || c == '\u{feff}' || c == '\u{1a}' => {
                    self.bump();
                }
                _ => break,
            }
        }
    }

    fn note_newline(&mut self) {
        if self.holes.last().is_some_and(|hole| hole.string.is_single_line()) {
            let span = Span::from_usize(self.at, self.at + 1);
            if self.features.last().is_none_or(|last| last.feature != Feature::NewlineInInterpolation) {
                self.feature(Feature::NewlineInInterpolation, span);
            }
        }
    }

    /// `#region` and its like are skipped; other directives are refused.
    fn directive(&mut self, start: usize) {
        let is_first = self.on_new_line;
        let line_length = self.rest().find(['\n', '\r']).unwrap_or(self.rest().len());
        let word = self.rest().get(1..line_length).unwrap_or("").trim_start();
        if is_first && ["region", "endregion", "pragma", "nullable"].iter().any(|known| word.starts_with(known)) {
            self.at += line_length;
            return;
        }
        self.bump();
        let span = self.span_from(start);
        if is_first {
            self.error("CS1024", "Preprocessor directive expected", span);
        } else {
            self.error(
                "CS1040",
                "Preprocessor directives must appear as the first non-whitespace character on a line",
                span,
            );
        }
        self.push(T::Bad, start);
    }

    fn word(&mut self, start: usize) {
        let bytes = self.code.as_bytes();
        while bytes.get(self.at).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_') {
            self.at += 1;
        }
        if bytes.get(self.at).is_some_and(|b| !b.is_ascii() || *b == b'\\') {
            return self.unicode_word(start, start);
        }
        match T::keyword(self.code.get(start..self.at).unwrap_or("")) {
            Some(keyword) => self.push(keyword, start),
            None => self.push(T::Ident, start),
        }
    }

    /// A word with characters outside ASCII, or with escapes.
    fn unicode_word(&mut self, start: usize, text_start: usize) {
        let mut name = String::from(self.code.get(text_start..self.at).unwrap_or(""));
        let mut has_escape = false;
        while let Some(c) = self.peek() {
            if c == '_' || c.is_alphanumeric() || is_mark(c) {
                name.push(c);
                self.bump();
            } else if c == '\\' && matches!(self.byte(1), b'u' | b'U') {
                let digits = if self.byte(1) == b'u' { 4 } else { 8 };
                let hex = self.rest().get(2..2 + digits).unwrap_or("");
                let value = u32::from_str_radix(hex, 16).ok().and_then(char::from_u32);
                match value {
                    Some(c) if c == '_' || c.is_alphanumeric() => {
                        name.push(c);
                        has_escape = true;
                        self.at += 2 + digits;
                    }
                    _ => break,
                }
            } else {
                break;
            }
        }
        if name.is_empty() {
            return self.unexpected(start);
        }
        if has_escape {
            self.push_value(T::VerbatimIdent, start, Value::Ident(name.into()));
        } else {
            self.push(if text_start == start { T::Ident } else { T::VerbatimIdent }, start);
        }
    }

    fn at_sign(&mut self, start: usize) {
        match (self.byte(1), self.byte(2)) {
            (b'"', _) => self.verbatim(start),
            (b'$', b'"') => {
                self.at += 3;
                let span = self.span_from(start);
                self.feature(Feature::AltInterpolatedVerbatim, span);
                self.interpolation(start, strings::Kind::Verbatim);
            }
            _ => {
                self.at += 1;
                let text_start = self.at;
                if self.peek().is_some_and(|c| c == '_' || c.is_alphabetic()) {
                    self.unicode_word(start, text_start);
                } else {
                    self.at = start;
                    self.unexpected(start);
                }
            }
        }
    }

    fn dollar(&mut self, start: usize) {
        let dollars = self.run(b'$');
        let after = self.at + dollars;
        let quotes = self.code.as_bytes().get(after..).unwrap_or_default().iter().take_while(|&&b| b == b'"').count();
        if quotes >= 3 {
            self.at = after + quotes;
            let span = self.span_from(start);
            self.feature(Feature::RawString, span);
            self.interpolation(start, strings::Kind::Raw { quotes, dollars });
        } else if dollars == 1 && quotes > 0 {
            self.at = after + 1;
            self.interpolation(start, strings::Kind::Regular);
        } else if dollars == 1 && self.byte(1) == b'@' && self.byte(2) == b'"' {
            self.at += 3;
            self.interpolation(start, strings::Kind::Verbatim);
        } else {
            self.unexpected(start);
        }
    }

    fn interpolation(&mut self, start: usize, kind: strings::Kind) {
        if self.holes.len() >= NESTED_STRINGS {
            let span = self.span_from(start);
            self.error("CS8078", "An expression is too long or complex to compile", span);
            self.at = self.code.len();
            self.push(T::Bad, start);
            return;
        }
        self.push_value(T::InterpolatedStart, start, Value::Text("".into(), kind.form()));
        let first = self.list.len();
        self.interpolated_text(strings::Interpolation { start, kind, first });
    }

    fn punctuation(&mut self, start: usize, c: char) {
        if let Some(hole) = self.holes.last_mut() {
            let in_hole_only = hole.braces == 0 && hole.others == 0;
            match c {
                '(' | '[' => hole.others += 1,
                ')' | ']' => hole.others = hole.others.saturating_sub(1),
                '{' => hole.braces += 1,
                '}' if hole.braces > 0 => hole.braces -= 1,
                '}' => return self.close_hole(),
                ':' if in_hole_only && self.byte(1) != b':' => return self.format_clause(),
                _ => {}
            }
        }
        let (a, b, d) = (self.byte(0), self.byte(1), self.byte(2));
        let (kind, length) = match (a, b, d) {
            (b'(', ..) => (T::LParen, 1),
            (b')', ..) => (T::RParen, 1),
            (b'[', ..) => (T::LBracket, 1),
            (b']', ..) => (T::RBracket, 1),
            (b'{', ..) => (T::LBrace, 1),
            (b'}', ..) => (T::RBrace, 1),
            (b'.', b'.', _) => (T::DotDot, 2),
            (b'.', ..) => (T::Dot, 1),
            (b',', ..) => (T::Comma, 1),
            (b';', ..) => (T::Semicolon, 1),
            (b':', b':', _) => (T::ColonColon, 2),
            (b':', ..) => (T::Colon, 1),
            (b'?', b'?', b'=') => (T::CoalesceEq, 3),
            (b'?', b'?', _) => (T::Coalesce, 2),
            (b'?', ..) => (T::Question, 1),
            (b'=', b'>', _) => (T::Arrow, 2),
            (b'=', b'=', _) => (T::EqEq, 2),
            (b'=', ..) => (T::Eq, 1),
            (b'!', b'=', _) => (T::BangEq, 2),
            (b'!', ..) => (T::Bang, 1),
            (b'<', b'<', b'=') => (T::ShlEq, 3),
            (b'<', b'<', _) => (T::Shl, 2),
            (b'<', b'=', _) => (T::LtEq, 2),
            (b'<', ..) => (T::Lt, 1),
            (b'>', b'=', _) => (T::GtEq, 2),
            (b'>', ..) => (T::Gt, 1),
            (b'+', b'+', _) => (T::PlusPlus, 2),
            (b'+', b'=', _) => (T::PlusEq, 2),
            (b'+', ..) => (T::Plus, 1),
            (b'-', b'-', _) => (T::MinusMinus, 2),
            (b'-', b'=', _) => (T::MinusEq, 2),
            (b'-', b'>', _) => (T::ThinArrow, 2),
            (b'-', ..) => (T::Minus, 1),
            (b'*', b'=', _) => (T::StarEq, 2),
            (b'*', ..) => (T::Star, 1),
            (b'/', b'=', _) => (T::SlashEq, 2),
            (b'/', ..) => (T::Slash, 1),
            (b'%', b'=', _) => (T::PercentEq, 2),
            (b'%', ..) => (T::Percent, 1),
            (b'&', b'&', _) => (T::AndAnd, 2),
            (b'&', b'=', _) => (T::AndEq, 2),
            (b'&', ..) => (T::And, 1),
            (b'|', b'|', _) => (T::OrOr, 2),
            (b'|', b'=', _) => (T::OrEq, 2),
            (b'|', ..) => (T::Or, 1),
            (b'^', b'=', _) => (T::CaretEq, 2),
            (b'^', ..) => (T::Caret, 1),
            (b'~', ..) => (T::Tilde, 1),
            _ => return self.unexpected(start),
        };
        self.at += length;
        self.push(kind, start);
    }
}

pub(crate) fn is_newline(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Combining marks and joiners that may go on a name.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{200c}' | '\u{200d}' | '\u{203f}' | '\u{2040}' | '\u{fe20}'..='\u{fe2f}')
}
