//! `authentication-basic`: sends Basic credentials to the backend.
//!
//! Source: authentication-basic policy reference.

use apimite_document::Element;
use apimite_policy::arg::TextArg;
use apimite_policy::compile::Compile;
use apimite_policy::def::{Attr, Kind, Occurs, PolicyDef, Refused, Sections};
use apimite_policy::env::Env;
use apimite_policy::exchange::Exchange;
use apimite_policy::fault::{EXPRESSION_FAILED, Fault};
use apimite_policy::step::{Flow, Now, StepKind};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use http::header::AUTHORIZATION;

/// The definition.
pub static DEF: PolicyDef = PolicyDef {
    sections: Sections::INBOUND,
    occurs: Occurs::OncePerSection,
    attributes: &[Attr::new("username", Kind::Text).required(), Attr::new("password", Kind::Text).required()],
    ..PolicyDef::new("authentication-basic", "Sends Basic credentials to the backend.", compile)
};

struct AuthenticationBasic {
    username: TextArg,
    password: TextArg,
}

fn compile(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    let username = cx.text(element, "username");
    let password = cx.text(element, "password");
    Ok(StepKind::now(AuthenticationBasic { username: username?, password: password? }))
}

impl Now for AuthenticationBasic {
    fn run(&self, exchange: &mut Exchange, _env: &Env) -> Result<Flow, Fault> {
        let pair = format!("{}:{}", self.username.get(exchange)?, self.password.get(exchange)?);
        let mut value = HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(pair)))
            .map_err(|_| Fault::internal(EXPRESSION_FAILED, "the credentials cannot be carried by a header"))?;
        value.set_sensitive(true);
        exchange.request.headers.insert(AUTHORIZATION, value);
        Ok(Flow::Next)
    }
}
