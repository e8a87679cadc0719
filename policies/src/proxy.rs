//! `proxy`: sends calls to the backend, or those of the `send-request` it stands in, through an HTTP proxy.
//!
//! Source: proxy policy reference.

use std::sync::Arc;

use apimite_document::Element;
use apimite_model::Secret;
use apimite_policy::arg::TextArg;
use apimite_policy::compile::Compile;
use apimite_policy::def::{Attr, Kind, PolicyDef, Refused, Sections};
use apimite_policy::env::{CallProxy, Env};
use apimite_policy::exchange::Exchange;
use apimite_policy::fault::Fault;
use apimite_policy::step::{Flow, Now, StepKind};

/// The definition.
pub static DEF: PolicyDef = PolicyDef {
    sections: Sections::INBOUND,
    attributes: &[
        Attr::new("url", Kind::Text).required(),
        Attr::new("username", Kind::Text),
        Attr::new("password", Kind::Text),
    ],
    ..PolicyDef::new("proxy", "Sends calls to the backend through an HTTP proxy.", compile)
};

/// A compiled `proxy`, also a child of `send-request`.
pub(crate) struct Proxy {
    url: TextArg,
    username: Option<TextArg>,
    password: Option<TextArg>,
}

/// Compiles the element.
pub(crate) fn read(element: &Element, cx: &mut Compile<'_>) -> Result<Proxy, Refused> {
    Ok(Proxy {
        url: cx.text(element, "url")?,
        username: cx.optional_text(element, "username")?,
        password: cx.optional_text(element, "password")?,
    })
}

fn compile(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    Ok(StepKind::now(read(element, cx)?))
}

impl Proxy {
    /// The proxy for this exchange.
    pub(crate) fn get(&self, exchange: &Exchange) -> Result<Arc<CallProxy>, Fault> {
        let text = |arg: &Option<TextArg>| -> Result<Option<String>, Fault> {
            arg.as_ref().map(|arg| Ok(arg.get(exchange)?.into_owned())).transpose()
        };
        let password = Secret::new(text(&self.password)?.unwrap_or_default());
        let credentials = text(&self.username)?.map(|user| (user, password));
        Ok(Arc::new(CallProxy { url: self.url.get(exchange)?.trim().to_owned(), credentials }))
    }
}

impl Now for Proxy {
    fn run(&self, exchange: &mut Exchange, _env: &Env) -> Result<Flow, Fault> {
        let proxy = self.get(exchange)?;
        exchange.proxy = Some(proxy);
        Ok(Flow::Next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_of_a_proxy_is_not_shown() {
        let proxy = CallProxy { url: "http://p:8080".into(), credentials: Some(("u".into(), Secret::new("hush"))) };
        assert!(!format!("{proxy:?}").contains("hush"));
    }
}
