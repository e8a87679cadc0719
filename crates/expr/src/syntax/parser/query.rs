//! Query expressions.

use super::{Parser, T};
use crate::syntax::ast::{Expr, ExprKind, Ident, Query, QueryClause, QueryEnd, Type};

impl Parser<'_> {
    pub(super) fn query(&mut self) -> Expr {
        let start = self.start();
        let was_in_query = std::mem::replace(&mut self.in_query, true);
        let first = self.first_clause();
        let query = self.query_body(vec![first]);
        self.in_query = was_in_query;
        Expr { kind: ExprKind::Query(Box::new(query)), span: self.span_from(start) }
    }

    fn first_clause(&mut self) -> QueryClause {
        let start = self.start();
        self.bump();
        let (ty, name) = self.range_variable();
        self.expect(T::In);
        let sequence = self.parse_expression();
        QueryClause::From { ty, name, sequence, span: self.span_from(start) }
    }

    /// `T x` or `x`.
    fn range_variable(&mut self) -> (Option<Type>, Ident) {
        let ty = (!self.peek_is(1, T::In)).then(|| self.parse_type());
        (ty, self.ident())
    }

    fn query_body(&mut self, mut clauses: Vec<QueryClause>) -> Query {
        loop {
            let start = self.start();
            if self.is_word("from") {
                clauses.push(self.first_clause());
            } else if self.eat_word("let") {
                let name = self.ident();
                self.expect(T::Eq);
                let value = self.parse_expression();
                clauses.push(QueryClause::Let { name, value, span: self.span_from(start) });
            } else if self.eat_word("where") {
                clauses.push(QueryClause::Where(self.parse_expression()));
            } else if self.eat_word("join") {
                let join = self.join_clause(start);
                clauses.push(join);
            } else if self.eat_word("orderby") {
                clauses.push(QueryClause::OrderBy(self.orderings()));
            } else {
                break;
            }
            self.grown();
        }
        let end = self.query_end();
        let continuation = self.eat_word("into").then(|| {
            let name = self.ident();
            let query = self.nested(|p| p.query_body(Vec::new()));
            (name, Box::new(query))
        });
        Query { clauses, end, continuation }
    }

    fn join_clause(&mut self, start: u32) -> QueryClause {
        let (ty, name) = self.range_variable();
        self.expect(T::In);
        let sequence = self.parse_expression();
        self.expect_word("on", "CS0743");
        let left = self.parse_expression();
        self.expect_word("equals", "CS0744");
        let right = self.parse_expression();
        let into = self.eat_word("into").then(|| self.ident());
        QueryClause::Join { ty, name, sequence, left, right, into, span: self.span_from(start) }
    }

    fn orderings(&mut self) -> Vec<(Expr, bool)> {
        let mut orderings = Vec::new();
        loop {
            let key = self.parse_expression();
            let is_descending = self.eat_word("descending");
            if !is_descending {
                self.eat_word("ascending");
            }
            orderings.push((key, is_descending));
            if !self.eat(T::Comma) {
                return orderings;
            }
        }
    }

    fn query_end(&mut self) -> QueryEnd {
        if self.eat_word("select") {
            QueryEnd::Select(self.parse_expression())
        } else if self.eat_word("group") {
            let value = self.parse_expression();
            self.expect_word("by", "CS0745");
            QueryEnd::Group { value, key: self.parse_expression() }
        } else {
            self.error_missing("CS0742", "A query body must end with a select clause or a group clause");
            QueryEnd::Select(self.missing())
        }
    }

    fn expect_word(&mut self, word: &str, code: &'static str) {
        if !self.eat_word(word) {
            self.error_missing(code, format!("Expected contextual keyword '{word}'"));
        }
    }
}
