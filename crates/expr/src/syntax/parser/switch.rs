//! The `switch` statement.

use super::{Parser, T};
use crate::syntax::ast::{StmtKind, SwitchLabel, SwitchSection};

impl Parser<'_> {
    pub(super) fn switch_statement(&mut self) -> StmtKind {
        self.bump();
        // `switch (a, b)` needs no second pair of parentheses.
        let is_tuple = self.is(T::LParen) && self.has_comma_inside();
        let value = if is_tuple { self.parse_expression() } else { self.condition() };
        let open = self.at;
        self.expect(T::LBrace);
        let mut sections = Vec::new();
        while matches!(self.kind(), T::Case | T::Default) {
            sections.push(self.nested(Self::switch_section));
        }
        if self.is(T::RBrace) || self.kind_at(open) != T::LBrace {
            self.expect(T::RBrace);
        } else {
            self.close(open, T::RBrace);
        }
        StmtKind::Switch { value, sections }
    }

    /// At `(`: a comma on the first level.
    fn has_comma_inside(&self) -> bool {
        let Some(close) = self.partner(self.at) else { return false };
        let mut at = self.at + 1;
        while at < close {
            match self.kind_at(at) {
                T::Comma => return true,
                T::LParen | T::LBracket | T::LBrace | T::HoleOpen => {
                    at = self.partner(at).filter(|&end| end > at).unwrap_or(close);
                }
                T::Lt => {
                    if let Some(end) = self.starts_type_args(at).then(|| self.scan_type(at - 1, false)).flatten() {
                        at = end.end;
                        continue;
                    }
                }
                _ => {}
            }
            at += 1;
        }
        false
    }

    fn switch_section(&mut self) -> SwitchSection {
        let start = self.start();
        let mut labels = Vec::new();
        while matches!(self.kind(), T::Case | T::Default) {
            let label_start = self.start();
            if self.bump().kind == T::Default {
                self.expect(T::Colon);
                labels.push(SwitchLabel::Default(self.span_from(label_start)));
                continue;
            }
            let pattern = self.case_pattern();
            let guard = self.eat_word("when").then(|| self.parse_expression());
            self.expect(T::Colon);
            labels.push(SwitchLabel::Case { pattern, guard, span: self.span_from(label_start) });
        }
        let mut statements = Vec::new();
        loop {
            let is_label = match self.kind() {
                T::Case | T::RBrace | T::Eof => true,
                T::Default => self.peek_is(1, T::Colon),
                _ => false,
            };
            if is_label {
                break;
            }
            let before = self.at;
            statements.push(self.statement());
            if self.at == before {
                self.error_here("CS1513", "} expected");
                self.bump();
            }
        }
        SwitchSection { labels, statements, span: self.span_from(start) }
    }
}
