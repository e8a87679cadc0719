//! What is said when no candidate fits.

use std::sync::Arc;

use apimite_diag::Span;

use super::super::Binder;
use super::super::bound::{B, K};
use super::{Given, Misfit, describe};
use crate::library::{Member, ParamMode};
use crate::syntax::ast::ArgModifier;
use crate::types::Type;

impl<'a> Binder<'a> {
    /// What is wrong when no candidate fits.
    pub(crate) fn misfit(
        &mut self,
        name: &str,
        span: Span,
        name_span: Span,
        candidates: &[(Arc<Member>, Misfit)],
        given: &[Given<'a>],
        owner: Type,
        is_ctor: bool,
    ) -> B<'a> {
        if given.iter().any(|g| g.value.is_error()) {
            return B::error(span);
        }
        // The candidate that comes nearest: one whose arguments can be placed.
        let nearest = candidates
            .iter()
            .find(|(_, m)| matches!(m, Misfit::Argument { .. }))
            .or_else(|| candidates.iter().find(|(_, m)| matches!(m, Misfit::Inference)));
        if let Some((member, misfit)) = nearest {
            match misfit {
                Misfit::Argument { index, want, mode } => {
                    let argument = &given[*index];
                    let shift = usize::from(member.is_extension);
                    let number = index + 1 - shift.min(*index);
                    let value = argument.value.clone();
                    let wanted = match mode {
                        ParamMode::Ref => "ref ",
                        ParamMode::Out => "out ",
                        _ => "",
                    };
                    let has = match argument.modifier {
                        ArgModifier::Ref => "ref ",
                        ArgModifier::Out => "out ",
                        _ => "",
                    };
                    if wanted != has {
                        if has.is_empty() {
                            return self.fail(
                                "CS1620",
                                value.span,
                                format!("Argument {number} must be passed with the '{}' keyword", wanted.trim()),
                            );
                        }
                        return self.fail(
                            "CS1615",
                            value.span,
                            format!("Argument {number} may not be passed with the '{}' keyword", has.trim()),
                        );
                    }
                    if matches!(value.kind, K::UnboundLambda(_)) && want.is_delegate() {
                        return self.lambda_error(&value, *want);
                    }
                    let from = match &value.kind {
                        K::UnboundLambda(_) => "lambda expression".to_owned(),
                        K::Methods(_) => "method group".to_owned(),
                        _ => value.ty.csharp(),
                    };
                    return self.fail(
                        "CS1503",
                        value.span,
                        format!("Argument {number}: cannot convert from '{has}{from}' to '{wanted}{want}'"),
                    );
                }
                _ => {
                    // An error inside a lambda explains a failed inference best.
                    for argument in given {
                        if matches!(argument.value.kind, K::UnboundLambda(_))
                            && self.tell_lambda_errors(&argument.value)
                        {
                            return B::error(span);
                        }
                    }
                    let signature = describe(member);
                    return self.fail(
                        "CS0411",
                        name_span,
                        format!(
                            "The type arguments for method '{signature}' cannot be inferred from the usage. Try specifying the type arguments explicitly."
                        ),
                    );
                }
            }
        }
        for (_, misfit) in candidates {
            if let Misfit::Name(ident) = misfit {
                let what = if is_ctor { owner.csharp() } else { name.to_owned() };
                return self.fail(
                    "CS1739",
                    ident.span,
                    format!("The best overload for '{what}' does not have a parameter named '{}'", ident.name),
                );
            }
        }
        if let [(member, Misfit::Missing(param))] = candidates {
            let signature = describe(member);
            return self.fail(
                "CS7036",
                name_span,
                format!("There is no argument given that corresponds to the required formal parameter '{param}' of '{signature}'"),
            );
        }
        let extension = candidates.iter().all(|(m, _)| m.is_extension) && !candidates.is_empty();
        let count = given.len() - usize::from(extension && !given.is_empty());
        if is_ctor {
            return self.fail(
                "CS1729",
                span,
                format!("'{owner}' does not contain a constructor that takes {count} arguments"),
            );
        }
        self.fail("CS1501", name_span, format!("No overload for method '{name}' takes {count} arguments"))
    }
}
