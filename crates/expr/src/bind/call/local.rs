//! Calls of local functions.

use apimite_diag::Span;

use super::super::Binder;
use super::super::bound::{Arg, B, FnId, K};
use super::super::overload::Given;
use crate::library::ParamMode;
use crate::types::Type;

impl<'a> Binder<'a> {
    pub(super) fn call_local(
        &mut self,
        function: FnId,
        type_args: &[Type],
        given: Vec<Given<'a>>,
        span: Span,
    ) -> B<'a> {
        let count = self.functions[function.0].type_params.len();
        if count > 0 {
            if given.iter().any(|g| g.value.is_error()) {
                return B::error(span);
            }
            let signature = self.functions[function.0].signature.clone();
            let types = if type_args.is_empty() {
                let pairs: Vec<(Type, ParamMode, &Given<'a>)> =
                    signature.iter().zip(&given).map(|(s, g)| (s.ty, s.mode, g)).collect();
                self.infer_parameters(0, count, &[], &pairs)
            } else {
                (type_args.len() == count).then(|| type_args.to_vec())
            };
            let name = self.functions[function.0].name.clone();
            let Some(instance) = types.and_then(|types| self.instance(function, &types)) else {
                return self.fail(
                    "CS0411",
                    span,
                    format!("The type arguments for method '{name}' cannot be inferred from the usage. Try specifying the type arguments explicitly."),
                );
            };
            return self.call_instance(instance, given, span);
        }
        self.call_instance(function, given, span)
    }

    fn call_instance(&mut self, function: FnId, given: Vec<Given<'a>>, span: Span) -> B<'a> {
        let current = self.current;
        let mut at = Some(current);
        // Everything between here and the function's own home hands its captures on.
        let home = self.functions[function.0].parent;
        while let Some(id) = at {
            if !self.functions[id.0].calls.contains(&function) {
                self.functions[id.0].calls.push(function);
            }
            if Some(id) == home {
                break;
            }
            at = self.functions[id.0].parent;
        }
        let signature = self.functions[function.0].signature.clone();
        let name = self.functions[function.0].name.clone();
        let ret = self.functions[function.0].ret;
        let by_ref = self.functions[function.0].by_ref;
        let mut order: Vec<usize> = (0..signature.len()).map(|place| given.len() + place).collect();
        let mut slots: Vec<Option<Given<'a>>> = vec![None; signature.len()];
        let misplaced = given.iter().enumerate().find(|(index, g)| {
            g.name.as_ref().is_some_and(|ident| {
                signature.iter().position(|s| s.name.as_str() == ident.name.as_str()) != Some(*index)
            })
        });
        if let Some((index, argument)) = misplaced
            && let Some(ident) = &argument.name
            && given[index..].iter().any(|g| g.name.is_none())
        {
            let message = format!(
                "Named argument '{}' is used out-of-position but is followed by an unnamed argument",
                ident.name
            );
            return self.fail("CS8323", ident.span, message);
        }
        let mut rest = Vec::new();
        let params_at = signature.iter().position(|s| s.mode == ParamMode::Params);
        for (index, argument) in given.into_iter().enumerate() {
            let place = match &argument.name {
                Some(ident) => match signature.iter().position(|s| s.name.as_str() == ident.name.as_str()) {
                    Some(place) => place,
                    None => {
                        return self.fail(
                            "CS1739",
                            ident.span,
                            format!("The best overload for '{name}' does not have a parameter named '{}'", ident.name),
                        );
                    }
                },
                None => index,
            };
            if params_at.is_some_and(|at| place >= at) {
                rest.push(argument);
            } else if let Some(slot) = slots.get_mut(place) {
                if slot.is_some() {
                    let message = format!(
                        "Named argument '{}' specifies a positional argument more than once",
                        signature[place].name
                    );
                    return self.fail("CS1740", argument.value.span, message);
                }
                order[place] = index;
                *slot = Some(argument);
            } else {
                return self.fail(
                    "CS1501",
                    span,
                    format!("No overload for method '{name}' takes {} arguments", index + 1),
                );
            }
        }
        let mut args = Vec::new();
        for (index, (slot, parameter)) in slots.into_iter().zip(&signature).enumerate() {
            if let Some(argument) = &slot
                && let Some(refused) = self.wrong_modifier(argument, parameter.mode, index + 1)
            {
                return refused;
            }
            let value = match slot {
                Some(argument) => match parameter.mode {
                    ParamMode::Ref | ParamMode::Out => {
                        if !argument.value.is_error()
                            && !matches!(argument.value.kind, K::OutVar { .. } | K::Discard)
                            && !argument.value.ty.same(parameter.ty)
                        {
                            let from = argument.value.ty;
                            self.fail(
                                "CS1503",
                                argument.value.span,
                                format!("Argument {}: cannot convert from '{from}' to '{}'", index + 1, parameter.ty),
                            )
                        } else {
                            self.by_reference(argument.value, parameter.ty, parameter.mode)
                        }
                    }
                    _ => self.argument(argument.value, parameter.ty, index + 1),
                },
                None if parameter.mode == ParamMode::Params => {
                    let element = parameter.ty.element().unwrap_or_else(Type::object);
                    if let [one] = rest.as_slice()
                        && self.implicit(&one.value, parameter.ty).is_some()
                    {
                        let one = rest.remove(0);
                        self.convert(one.value, parameter.ty)
                    } else {
                        let items: Vec<B<'a>> =
                            std::mem::take(&mut rest).into_iter().map(|g| self.convert(g.value, element)).collect();
                        B::new(K::ArrayOf { element, lengths: vec![items.len()], items }, parameter.ty, span)
                    }
                }
                None => match &parameter.default {
                    Some(value) => B { kind: K::Const, ty: parameter.ty, span, constant: Some(value.clone()) },
                    None => {
                        return self.fail(
                            "CS7036",
                            span,
                            format!(
                                "There is no argument given that corresponds to the required formal parameter '{}' of '{name}'",
                                parameter.name
                            ),
                        );
                    }
                },
            };
            if by_ref && parameter.mode == ParamMode::Ref && !value.is_error() {
                args.push(Arg { value: self.reference(value), mode: ParamMode::Value });
                continue;
            }
            args.push(Arg { value, mode: parameter.mode });
        }
        let effects = self.in_order(&mut args, &order);
        let mut call = B::new(K::CallLocal { function, args }, if by_ref { Type::object() } else { ret }, span);
        if by_ref {
            call = B::new(K::Deref { reference: Box::new(call), readonly: false }, ret, span);
        }
        if effects.is_empty() {
            return call;
        }
        B::new(K::Sequence { effects, value: Box::new(call) }, ret, span)
    }
}
