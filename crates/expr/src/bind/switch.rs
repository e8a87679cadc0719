//! `switch` statements and `goto case`.

use apimite_diag::Span;

use super::Binder;
use super::bound::{B, S, SK, Section, Test};
use crate::syntax::ast;
use crate::types::Type;
use crate::value::Value;

/// The switch being bound: its constants by section, for `goto case`.
pub(crate) struct Frame {
    ty: Type,
    constants: Vec<(Value, usize)>,
    default: Option<usize>,
}

impl<'a> Binder<'a> {
    pub(crate) fn switch(&mut self, value: &'a ast::Expr, sections: &'a [ast::SwitchSection], span: Span) -> S<'a> {
        let e = self.typed(value);
        let ty = if e.is_null() { Type::object() } else { e.ty };
        self.push_scope();
        let temp = self.temp(ty, e.span);
        let mut default = None;
        let mut bound_tests: Vec<Vec<(Test<'a>, Option<B<'a>>)>> = Vec::new();
        let mut constants: Vec<(Value, usize)> = Vec::new();
        // Labels first: `goto case` may name a later section. Each section has its own scope for pattern variables.
        let mut section_scopes = Vec::new();
        for (index, section) in sections.iter().enumerate() {
            self.push_scope();
            let mut tests = Vec::new();
            for label in &section.labels {
                match label {
                    ast::SwitchLabel::Default(at) => {
                        if default.is_some() {
                            self.report(
                                "CS0152",
                                *at,
                                "The switch statement contains multiple cases with the label value 'default'",
                            );
                        }
                        default = Some(index);
                    }
                    ast::SwitchLabel::Case { pattern, guard, span: at } => {
                        let test = self.pattern(pattern, ty, temp, false);
                        let guard = guard.as_ref().map(|g| self.condition(g));
                        let Some(test) = test else { continue };
                        let constant = match &test {
                            Test::Constant(e) => e.constant.clone(),
                            Test::Null => Some(Value::Null),
                            _ => None,
                        };
                        if let (Some(constant), None) = (constant, &guard) {
                            if constants.iter().any(|(other, _)| same_constant(other, &constant)) {
                                let shown = super::convert::show(&constant);
                                self.report(
                                    "CS0152",
                                    *at,
                                    format!(
                                        "The switch statement contains multiple cases with the label value '{shown}'"
                                    ),
                                );
                            }
                            constants.push((constant, index));
                        } else if guard.is_none() && tests_cover(self, &bound_tests, &tests, &test) {
                            self.report("CS8120", *at, "The switch case has already been handled by a previous case.");
                        }
                        tests.push((test, guard));
                    }
                }
            }
            bound_tests.push(tests);
            section_scopes.push(self.scopes.pop());
        }
        self.switches.push(Frame { ty, constants, default });
        // `case var x` takes whatever comes.
        let default = default.or_else(|| {
            bound_tests.iter().position(|tests| {
                tests.iter().any(|(test, guard)| guard.is_none() && matches!(test, Test::Any | Test::Bind(_)))
            })
        });
        self.breakable.push(false);
        // Declarations of all sections share one scope, inside the scope of each section's pattern variables.
        self.push_scope();
        for section in sections {
            for statement in &section.statements {
                self.foretell_in(statement);
            }
        }
        let mut shared = self.scopes.pop();
        let mut bound = Vec::new();
        for ((section, tests), scope) in sections.iter().zip(bound_tests).zip(section_scopes) {
            self.scopes.extend(scope);
            self.scopes.extend(shared.take());
            let mut body = Vec::new();
            for statement in &section.statements {
                self.switch_statement(statement, &mut body);
            }
            shared = self.scopes.pop();
            let locals = self.pop_scope();
            if super::flow::sequence_end_reachable(&body) {
                let label = match section.labels.last() {
                    Some(ast::SwitchLabel::Default(_)) => "default:".to_owned(),
                    Some(ast::SwitchLabel::Case { .. }) => "case".to_owned(),
                    None => String::new(),
                };
                self.report(
                    "CS0163",
                    section.span,
                    format!("Control cannot fall through from one case label ('{label}') to another"),
                );
            }
            bound.push(Section { tests, body, locals });
        }
        self.breakable.pop();
        self.switches.pop();
        let mut locals = self.pop_scope();
        locals.extend(shared.map(|s| s.locals).unwrap_or_default());
        let kind = SK::Switch { locals, value: e, temp, sections: bound, default };
        S { kind, span }
    }

    pub(crate) fn goto_case(&mut self, value: Option<&'a ast::Expr>, span: Span) -> S<'a> {
        let empty = S { kind: SK::Empty, span };
        let Some(ty) = self.switches.last().map(|f| f.ty) else {
            self.report("CS0153", span, "A goto case is only valid inside a switch statement");
            return empty;
        };
        let section = match value {
            None => self.switches.last().and_then(|f| f.default),
            Some(value) => {
                let e = self.value(value);
                let e = self.convert(e, ty.underlying());
                if e.is_error() {
                    return empty;
                }
                let Some(constant) = e.constant.clone() else {
                    self.report("CS0150", value.span, "A constant value is expected");
                    return empty;
                };
                self.switches
                    .last()
                    .and_then(|f| f.constants.iter().find(|(c, _)| same_constant(c, &constant)).map(|(_, s)| *s))
            }
        };
        match section {
            Some(section) => S { kind: SK::GotoCase(section), span },
            None => {
                let what = if value.is_none() { "default:" } else { "case" };
                self.report("CS0159", span, format!("No such label '{what}' within the scope of the goto statement"));
                empty
            }
        }
    }
}

fn same_constant(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Null, Value::Null) => true,
        (Value::Str(x), Value::Str(y)) => x == y,
        (Value::Bool(x), Value::Bool(y)) => x == y,
        (Value::Enum(t, x), Value::Enum(u, y)) => t == u && x == y,
        (Value::Double(x), Value::Double(y)) => x.to_bits() == y.to_bits(),
        (Value::Decimal(x), Value::Decimal(y)) => x == y,
        _ => a.type_of() == b.type_of() && a.integer().is_some() && a.integer() == b.integer(),
    }
}

/// Is a case already handled by an earlier type test without a guard?
fn tests_cover<'a>(
    binder: &Binder<'a>,
    before: &[Vec<(Test<'a>, Option<B<'a>>)>],
    own: &[(Test<'a>, Option<B<'a>>)],
    test: &Test<'a>,
) -> bool {
    let Test::Type { ty, .. } = test else { return false };
    before.iter().flatten().chain(own).any(|(earlier, guard)| {
        guard.is_none()
            && match earlier {
                Test::Type { ty: wider, .. } => binder.standard(*ty, *wider).is_some() && !wider.is_null(),
                Test::Any | Test::Bind(_) => true,
                _ => false,
            }
    })
}
