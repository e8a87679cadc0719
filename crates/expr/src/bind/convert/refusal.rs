//! What is said when there is no conversion.

use super::super::Binder;
use super::super::bound::{B, K};
use super::rules::show;
use crate::run::arith;
use crate::types::{Type, is_integer};

impl<'a> Binder<'a> {
    /// Why there is no implicit conversion.
    pub(crate) fn no_conversion(&mut self, e: &B<'a>, to: Type) -> B<'a> {
        let span = e.span;
        match &e.kind {
            K::UnboundLambda(_) => return self.lambda_error(e, to),
            K::Methods(methods) => {
                let name = methods.name.clone();
                return if to.is_delegate() {
                    self.group_error(e, to)
                } else {
                    self.fail(
                        "CS0428",
                        span,
                        format!("Cannot convert method group '{name}' to non-delegate type '{to}'. Did you intend to invoke the method?"),
                    )
                };
            }
            K::TypeName(ty) => {
                let ty = *ty;
                return self.fail("CS0119", span, format!("'{ty}' is a type, which is not valid in the given context"));
            }
            K::Namespace(name) => {
                let name = name.clone();
                return self.fail(
                    "CS0119",
                    span,
                    format!("'{name}' is a namespace, which is not valid in the given context"),
                );
            }
            K::UnboundNew(_) => {
                let message = format!("The type '{to}' may not be used as the target type of new()");
                return self.fail("CS8752", span, message);
            }
            K::UnboundCollection(elements) => {
                let elements = elements.clone();
                let Some(element) = self.collection_element(to) else {
                    let message = format!(
                        "Cannot initialize type '{to}' with a collection expression because the type is not constructible."
                    );
                    return self.fail("CS9174", span, message);
                };
                for (spread, value) in elements {
                    if spread {
                        let sequence = Type::enumerable(element);
                        let _ = self.convert(value, sequence);
                    } else {
                        let _ = self.convert(value, element);
                    }
                }
                return B::error(span);
            }
            K::UnboundChoice { then, otherwise, .. } => {
                let (then, otherwise) = (then.clone(), otherwise.clone());
                let _ = (self.convert(*then, to), self.convert(*otherwise, to));
                return B::error(span);
            }
            K::UnboundTuple(_) => {
                return self.fail(
                    "CS8135",
                    span,
                    format!("Tuple with the given elements cannot be converted to type '{to}'."),
                );
            }
            _ => {}
        }
        if e.is_null() {
            return self.fail(
                "CS0037",
                span,
                format!("Cannot convert null to '{to}' because it is a non-nullable value type"),
            );
        }
        if let Some(value) = &e.constant {
            let target = to.underlying();
            if is_integer(e.ty) && is_integer(target) || (is_integer(e.ty) && target == Type::char() && e.ty == target)
            {
                let fits = arith::convert(value, target, true).is_ok();
                if e.ty == Type::int() || (!fits && e.ty == Type::long() && target == Type::ulong()) {
                    let shown = show(value);
                    return self.fail(
                        "CS0031",
                        span,
                        format!("Constant value '{shown}' cannot be converted to a '{target}'"),
                    );
                }
            }
            if e.ty == Type::double() && (target == Type::float() || target == Type::decimal()) {
                let (name, suffix) = if target == Type::float() { ("float", "F") } else { ("decimal", "M") };
                self.report_help(
                    "CS0664",
                    span,
                    format!(
                        "Literal of type double cannot be implicitly converted to type '{name}'; use an '{suffix}' suffix to create a literal of this type"
                    ),
                    Some(format!("write the number with the suffix `{}`", suffix.to_lowercase())),
                );
                return B::error(span);
            }
        }
        let explicit = self.standard_explicit(e.ty, to).is_some() || self.user(e.ty, to, true).is_some();
        if explicit {
            self.report_help(
                "CS0266",
                span,
                format!(
                    "Cannot implicitly convert type '{}' to '{to}'. An explicit conversion exists (are you missing a cast?)",
                    e.ty
                ),
                Some(format!("write `({to})` before it")),
            );
            return B::error(span);
        }
        let help =
            if to == Type::string() && !e.ty.is_void() { Some("call `.ToString()` on it".to_owned()) } else { None };
        self.report_help("CS0029", span, format!("Cannot implicitly convert type '{}' to '{to}'", e.ty), help);
        B::error(span)
    }
}
