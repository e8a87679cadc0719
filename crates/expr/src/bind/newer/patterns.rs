//! Property, positional and list patterns.

use apimite_diag::Span;

use super::super::Binder;
use super::super::bound::{B, K, LocalId, Test};
use super::super::overload::Given;
use crate::run::arith::Op;
use crate::syntax::ast::{self, DesignationKind, PatternKind as P, PropertyPattern};
use crate::types::Type;
use crate::value::Value;

fn both<'a>(first: Test<'a>, second: Test<'a>) -> Test<'a> {
    match (first, second) {
        (Test::Any, test) | (test, Test::Any) => test,
        (first, second) => Test::And(Box::new((first, second))),
    }
}

fn within<'a>(value: B<'a>, temp: LocalId, test: Test<'a>) -> Test<'a> {
    Test::Within { value: Box::new(value), temp, test: Box::new(test) }
}

impl<'a> Binder<'a> {
    /// A test that there is a value, and where it is held with its own type.
    fn something(&mut self, input: Type, temp: LocalId, span: Span) -> (Test<'a>, B<'a>) {
        if !input.takes_null() {
            return (Test::Any, self.local_value(temp, span));
        }
        let ty = input.underlying();
        let narrow = self.temp(ty, span);
        (Test::Type { ty, local: Some(narrow) }, self.local_value(narrow, span))
    }

    /// `T (p, q) { A: r } name`.
    pub(crate) fn recursive_pattern(
        &mut self,
        pattern: &'a ast::Pattern,
        input: Type,
        temp: LocalId,
    ) -> Option<Test<'a>> {
        let span = pattern.span;
        let P::Recursive { ty, positional, properties, designation } = &pattern.kind else { return None };
        let (mut test, value) = match ty {
            Some(written) => {
                let ty = self.ty(written);
                let narrow = self.temp(ty, span);
                (self.type_test(ty, input, Some(narrow), span)?, self.local_value(narrow, span))
            }
            None => self.something(input, temp, span),
        };
        if value.ty.is_error() {
            return None;
        }
        let mut good = true;
        if let Some(parts) = positional {
            let values = self.parts_of(&value, parts.len(), span)?;
            for (part, value) in parts.iter().zip(values) {
                match self.inner_pattern(&part.pattern, value) {
                    Some(inner) => test = both(test, inner),
                    None => good = false,
                }
            }
        }
        for property in properties.iter().flatten() {
            match self.property_pattern(property, &property.path, value.clone()) {
                Some(inner) => test = both(test, inner),
                None => good = false,
            }
        }
        if let Some(designation) = designation {
            let inner = self.designated(designation, value, span)?;
            test = both(test, inner);
        }
        good.then_some(test)
    }

    /// A pattern on a value that is computed for it.
    fn inner_pattern(&mut self, pattern: &'a ast::Pattern, value: B<'a>) -> Option<Test<'a>> {
        let temp = self.temp(value.ty, pattern.span);
        let test = self.pattern(pattern, value.ty, temp, false)?;
        if matches!(test, Test::Any) {
            return Some(Test::Any);
        }
        Some(within(value, temp, test))
    }

    /// `A.B: p`.
    fn property_pattern(
        &mut self,
        property: &'a PropertyPattern,
        path: &'a [ast::Ident],
        value: B<'a>,
    ) -> Option<Test<'a>> {
        let Some((name, rest)) = path.split_first() else {
            let message = "A property subpattern requires a reference to the property or field to be matched, e.g. '{ Name: pattern }'";
            self.report("CS8503", property.pattern.span, message);
            return None;
        };
        let member = self.member_by_name(value, &name.name, name.span);
        if member.is_error() {
            // Its names are declared, so that they are not told too.
            let _ = self.inner_pattern(&property.pattern, B::error(name.span));
            return None;
        }
        if rest.is_empty() {
            return self.inner_pattern(&property.pattern, member);
        }
        let temp = self.temp(member.ty, name.span);
        let (there, inner) = self.something(member.ty, temp, name.span);
        let test = self.property_pattern(property, rest, inner)?;
        Some(within(member, temp, both(there, test)))
    }

    /// The name behind a pattern, `var (a, b)` among them.
    pub(crate) fn designated(
        &mut self,
        designation: &'a ast::Designation,
        value: B<'a>,
        span: Span,
    ) -> Option<Test<'a>> {
        match &designation.kind {
            DesignationKind::Single(ident) => {
                let local = self.declare(ident, value.ty);
                Some(within(value, local, Test::Any))
            }
            DesignationKind::Discard => Some(Test::Any),
            DesignationKind::Tuple(parts) => {
                let (there, value) = match value.kind {
                    K::Local(id) => self.something(value.ty, id, span),
                    _ => (Test::Any, value),
                };
                let values = self.parts_of(&value, parts.len(), span)?;
                let mut test = there;
                for (part, value) in parts.iter().zip(values) {
                    test = both(test, self.designated(part, value, span)?);
                }
                Some(test)
            }
        }
    }

    /// `[p, .., q] name`.
    pub(crate) fn list_pattern(
        &mut self,
        patterns: &'a [ast::Pattern],
        designation: Option<&'a ast::Designation>,
        input: Type,
        temp: LocalId,
        span: Span,
    ) -> Option<Test<'a>> {
        if input.is_error() {
            return None;
        }
        let (mut test, value) = self.something(input, temp, span);
        let Some(count) = self.count_of(&value, span) else {
            let message = format!(
                "List patterns may not be used for a value of type '{input}'. No suitable 'Length' or 'Count' property was found."
            );
            self.report("CS8985", span, message);
            return None;
        };
        let length = self.temp(Type::int(), span);
        let slices: Vec<usize> = (0..patterns.len()).filter(|i| matches!(patterns[*i].kind, P::Slice(_))).collect();
        if let [_, second, ..] = slices.as_slice() {
            let at = patterns[*second].span;
            self.report("CS8980", at, "Slice patterns may only be used once and directly inside a list pattern.");
            return None;
        }
        let slice = slices.first().copied();
        let int = |n: usize| B::constant(Value::Int(i32::try_from(n).unwrap_or(i32::MAX)), Type::int(), span);
        let wanted = match slice {
            Some(_) => Test::Relation(Op::GreaterEqual, int(patterns.len() - 1)),
            None => Test::Constant(int(patterns.len())),
        };
        test = both(test, within(count, length, wanted));
        let mut good = true;
        for (index, pattern) in patterns.iter().enumerate() {
            let behind = patterns.len() - index;
            let inner = if let P::Slice(inner) = &pattern.kind {
                let Some(inner) = inner else { continue };
                let end = self.local_value(length, span);
                let end = self.minus(end, int(behind - 1), span);
                let part = self.slice(value.clone(), int(index), end, pattern.span);
                self.inner_pattern(inner, part)
            } else {
                let at = if slice.is_some_and(|slice| slice < index) {
                    let end = self.local_value(length, span);
                    self.minus(end, int(behind), span)
                } else {
                    int(index)
                };
                let element = self.index_bound(value.clone(), vec![Given::plain(at)], pattern.span);
                self.inner_pattern(pattern, element)
            };
            match inner {
                Some(inner) => test = both(test, inner),
                None => good = false,
            }
        }
        if let Some(designation) = designation {
            let inner = self.designated(designation, value, span)?;
            test = both(test, inner);
        }
        good.then_some(test)
    }
}
