//! `foreach`, `goto` and `catch`.

use super::super::Binder;
use super::super::bound::{B, Catch, K, S, SK};
use super::stmt;
use crate::syntax::ast::{self, TypeKind};
use crate::types::Type;
use apimite_diag::Span;

impl<'a> Binder<'a> {
    /// `foreach` prefers a `GetEnumerator` that the class itself declares over the interfaces it implements: a `JObject` gives
    /// pairs, although it is a sequence of tokens.
    pub(super) fn own_enumerator(&mut self, sequence: B<'a>) -> B<'a> {
        let own = sequence.ty.def().filter(|def| def.shape() == crate::library::Shape::Class).and_then(|def| {
            let mut found = self.registry.declared(def, "GetEnumerator").into_iter();
            found.find(|m| m.params.is_empty() && !m.is_static && matches!(m.row.imp, crate::library::Imp::Call(_)))
        });
        let Some(member) = own else { return sequence };
        let (span, ty) = (sequence.span, member.ret.substitute(sequence.ty.args()));
        let types = sequence.ty.args().into();
        let args = vec![crate::bind::bound::Arg { value: sequence, mode: crate::library::ParamMode::Value }];
        B::new(K::Call { member, types, args, lifted: false }, ty, span)
    }

    /// The element type of what `foreach` reads.
    pub(crate) fn element_of(&self, ty: Type) -> Option<Type> {
        if let Some(element) = ty.element() {
            return Some(element);
        }
        if let crate::types::Kind::Array { element, .. } = ty.kind() {
            return Some(*element);
        }
        if ty == Type::string() {
            return Some(Type::char());
        }
        for def in [&crate::library::core::names::IENUMERABLE_OF, &crate::library::core::names::IENUMERATOR_OF] {
            if let Some(sequence) = self.registry.as_instance(ty, def) {
                return sequence.args().first().copied();
            }
        }
        // A collection that is not generic may still say what its elements are, by the type of its indexer or enumerator.
        if self.registry.as_instance(ty, &crate::library::core::names::IENUMERABLE).is_some() {
            return Some(Type::object());
        }
        None
    }

    pub(super) fn for_each(
        &mut self,
        target: &'a ast::ForEachTarget,
        sequence: &'a ast::Expr,
        body: &'a ast::Stmt,
        span: Span,
    ) -> S<'a> {
        let sequence = self.typed(sequence);
        let sequence = self.own_enumerator(sequence);
        let element = if sequence.is_error() {
            Type::error()
        } else {
            match self.element_of(sequence.ty) {
                Some(element) => element,
                None => {
                    let ty = sequence.ty;
                    self.report(
                        "CS1579",
                        sequence.span,
                        format!("foreach statement cannot operate on variables of type '{ty}' because '{ty}' does not contain a public instance definition for 'GetEnumerator'"),
                    );
                    Type::error()
                }
            }
        };
        self.push_scope();
        let item = self.temp(element, span);
        let source = self.local_value(item, span);
        let mut effects = Vec::new();
        let (convert, place) = match target {
            ast::ForEachTarget::Variable { ty, name } => {
                let declared = if matches!(ty.kind, TypeKind::Var) { element } else { self.ty(ty) };
                let id = self.declare(name, declared);
                self.locals[id.0].assigned = true;
                self.locals[id.0].readonly = Some("foreach iteration variable");
                // The element is cast, not only converted.
                let value = if declared.same(element) { source } else { self.cast(source, declared, span) };
                (value, Some(self.local_value(id, name.span)))
            }
            ast::ForEachTarget::Var(designation) => {
                self.designate(designation, None, source.clone(), &mut effects, span);
                (source, None)
            }
            ast::ForEachTarget::Tuple(e) => {
                self.deconstruct_for_each(e, source.clone(), &mut effects, span);
                (source, None)
            }
        };
        self.breakable.push(true);
        let mut body = self.embedded(body);
        self.breakable.pop();
        if !effects.is_empty() {
            let mut all: Vec<S<'a>> = effects
                .into_iter()
                .map(|e| {
                    let span = e.span;
                    stmt(SK::Expr(e), span)
                })
                .collect();
            all.push(body);
            body = stmt(SK::Block { locals: Vec::new(), body: all }, span);
        }
        let locals = self.pop_scope();
        stmt(SK::ForEach { locals, item, convert, target: place, sequence, body: Box::new(body) }, span)
    }

    pub(super) fn goto(&mut self, target: &'a ast::GotoTarget, span: Span) -> S<'a> {
        match target {
            ast::GotoTarget::Label(label) => {
                let current = self.current;
                let found = self
                    .scopes
                    .iter()
                    .rev()
                    .take_while(|s| s.function == current)
                    .find_map(|s| s.labels.get(&label.name).copied());
                match found {
                    Some(id) => stmt(SK::Goto(id), span),
                    None => {
                        self.report(
                            "CS0159",
                            label.span,
                            format!("No such label '{}' within the scope of the goto statement", label.name),
                        );
                        stmt(SK::Empty, span)
                    }
                }
            }
            ast::GotoTarget::Case(e) => self.goto_case(Some(e), span),
            ast::GotoTarget::Default => self.goto_case(None, span),
        }
    }

    pub(super) fn catches(&mut self, catches: &'a [ast::Catch]) -> Vec<Catch<'a>> {
        let mut out: Vec<Catch<'a>> = Vec::new();
        for catch in catches {
            self.push_scope();
            let ty = match &catch.ty {
                Some(ty) => {
                    let bound = self.ty(ty);
                    if !bound.is_error() && self.standard(bound, Type::exception()).is_none() {
                        self.report(
                            "CS0155",
                            ty.span,
                            "The type caught or thrown must be derived from System.Exception",
                        );
                    }
                    for earlier in &out {
                        if earlier.guard.is_none() && !bound.is_error() && self.standard(bound, earlier.ty).is_some() {
                            let general = earlier.ty;
                            self.report(
                                "CS0160",
                                ty.span,
                                format!("A previous catch clause already catches all exceptions of this or of a super type ('{general}')"),
                            );
                            break;
                        }
                    }
                    bound
                }
                None => Type::exception(),
            };
            let local = catch.name.as_ref().map(|name| {
                let id = self.declare(name, ty);
                self.locals[id.0].assigned = true;
                id
            });
            let guard = catch.guard.as_ref().map(|g| self.condition(g));
            self.catch_depth += 1;
            let block = self.block(&catch.block);
            self.catch_depth -= 1;
            let locals = self.pop_scope();
            out.push(Catch { ty, local, guard, block, locals });
        }
        out
    }
}
