//! `set-method`: changes the method of the request.
//!
//! Source: set-method policy reference.

use apimite_document::Element;
use apimite_policy::arg::TextArg;
use apimite_policy::compile::Compile;
use apimite_policy::def::{Content, Expressions, Kind, PolicyDef, Refused, Sections};
use apimite_policy::env::Env;
use apimite_policy::exchange::Exchange;
use apimite_policy::fault::{EXPRESSION_FAILED, Fault};
use apimite_policy::step::{Flow, Now, StepKind};
use http::Method;

/// The definition.
pub static DEF: PolicyDef = PolicyDef {
    sections: Sections::INBOUND.and(Sections::BACKEND).and(Sections::ON_ERROR),
    content: Content::Text(Kind::Text, Expressions::Allowed),
    ..PolicyDef::new("set-method", "Changes the method of the request.", compile)
};

/// A compiled `set-method`, also a child of `send-request`.
pub(crate) enum SetMethod {
    Known(Method),
    Text(TextArg),
}

/// Compiles the element.
pub(crate) fn read(element: &Element, cx: &mut Compile<'_>) -> Result<SetMethod, Refused> {
    Ok(match cx.content(element)? {
        TextArg::Literal(text) => match Method::from_bytes(text.trim().to_ascii_uppercase().as_bytes()) {
            Ok(method) => SetMethod::Known(method),
            Err(_) => {
                return Err(cx.refuse(
                    element.span,
                    "set_method::name",
                    format!("`{text}` is no method"),
                    "use GET, POST, …",
                ));
            }
        },
        code => SetMethod::Text(code),
    })
}

fn compile(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    Ok(StepKind::now(read(element, cx)?))
}

impl SetMethod {
    /// The method for this exchange.
    pub(crate) fn get(&self, exchange: &Exchange) -> Result<Method, Fault> {
        match self {
            Self::Known(method) => Ok(method.clone()),
            Self::Text(arg) => {
                let text = arg.get(exchange)?;
                Method::from_bytes(text.trim().to_ascii_uppercase().as_bytes()).map_err(|_| {
                    Fault::internal(EXPRESSION_FAILED, format!("Expression evaluation failed. `{text}` is no method."))
                })
            }
        }
    }
}

impl Now for SetMethod {
    fn run(&self, exchange: &mut Exchange, _env: &Env) -> Result<Flow, Fault> {
        let method = self.get(exchange)?;
        exchange.request.method = method;
        Ok(Flow::Next)
    }
}
