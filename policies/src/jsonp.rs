//! `jsonp`: wraps the body in a call of the function that the query names.
//!
//! The documentation's sketch of the output is unclear about quotes; the body is the argument as it is, so that a script can
//! use it. Content type and status of a bad name have no source either.
//!
//! Source: jsonp policy reference; the text of the failure is the predefined one.

use apimite_document::Element;
use apimite_policy::arg::TextArg;
use apimite_policy::body::Body;
use apimite_policy::compile::Compile;
use apimite_policy::def::{Attr, Kind, Occurs, PolicyDef, Refused, Sections};
use apimite_policy::env::Env;
use apimite_policy::exchange::Exchange;
use apimite_policy::fault::Fault;
use apimite_policy::step::{Flow, Now, StepKind};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};

use crate::jwt::policy::query_value;
use crate::message::{body_replaced, body_text};

/// The definition.
pub static DEF: PolicyDef = PolicyDef {
    sections: Sections::OUTBOUND,
    occurs: Occurs::OncePerSection,
    attributes: &[Attr::new("callback-parameter-name", Kind::Text).required()],
    raises: &["CallbackParameterInvalid"],
    differences: &["content type `application/javascript` and status 400 for a bad name are assumed"],
    ..PolicyDef::new("jsonp", "Wraps the body in a call of the function that the query names.", compile)
};

struct Jsonp {
    parameter: TextArg,
}

fn compile(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    cx.needs_body();
    Ok(StepKind::now(Jsonp { parameter: cx.text(element, "callback-parameter-name")? }))
}

/// Letters, digits, `_` and `$`, no digit first.
fn is_identifier(text: &str) -> bool {
    let letter = |c: char| c.is_alphabetic() || c == '_' || c == '$';
    text.starts_with(letter) && text.chars().all(|c| letter(c) || c.is_numeric())
}

impl Now for Jsonp {
    fn run(&self, exchange: &mut Exchange, _env: &Env) -> Result<Flow, Fault> {
        let name = self.parameter.get(exchange)?.trim().to_owned();
        let query = exchange.request.original_url.query().unwrap_or("");
        let Some(callback) = query_value(query, &name) else { return Ok(Flow::Next) };
        if !is_identifier(&callback) {
            let text = format!("Value of callback parameter {name} is not a valid JavaScript identifier.");
            return Err(Fault::refused(StatusCode::BAD_REQUEST, "CallbackParameterInvalid", text));
        }
        let body = body_text(exchange).unwrap_or_default();
        let response = exchange.response_mut();
        response.body.set(Body::text(format!("{callback}({body});")));
        body_replaced(&mut response.headers);
        response.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/javascript"));
        Ok(Flow::Next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_carry_code() {
        for good in ["cb", "_1", "$", "jQuery123_4", "été"] {
            assert!(is_identifier(good), "{good}");
        }
        for bad in ["", "1a", "a.b", "alert(1)//", "a b", "a;b", "a\n"] {
            assert!(!is_identifier(bad), "{bad}");
        }
    }
}
