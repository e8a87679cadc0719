//! What the policies of GraphQL resolvers share: connection strings, parameters, how a request goes out
//! and how its answer comes back.

use std::collections::HashMap;
use std::sync::Arc;

use apimite_document::Element;
use apimite_policy::arg::{BoolArg, TextArg, ValueArg};
use apimite_policy::body::Body;
use apimite_policy::compile::Compile;
use apimite_policy::context::to_text;
use apimite_policy::def::{Attr, Content, Expressions, Kind, Refused, Section};
use apimite_policy::env::{Call, Env};
use apimite_policy::exchange::Exchange;
use apimite_policy::fault::{BACKEND_CONNECTION_FAILURE, Fault};
use apimite_policy::run::{buffer, run_block};
use apimite_policy::step::{Block, Needs};
use apimite_policy::target::Target;
use apimite_policy::url::Url;
use http::header::{CONTENT_LENGTH, HOST};
use http::{HeaderMap, Method};
use serde_json::Value;

use crate::set_body::{self, SetBody};

/// Text that may be an expression.
pub(crate) const TEXT: Content = Content::Text(Kind::Text, Expressions::Allowed);
/// What a connection string may say of a managed identity.
pub(crate) const USE_IDENTITY: Attr = Attr::new("use-managed-identity", Kind::Bool).default("false");
/// The identity that is used, by its client id.
pub(crate) const CLIENT: Attr = Attr::new("client-id", Kind::Text).literal();
/// Makes a text a template.
pub(crate) const TEMPLATE: Attr = Attr::new("template", Kind::OneOf(&["liquid"])).literal();

/// A `connection-info`: the string of the connection, and the policies beside it.
pub(crate) struct Connection {
    string: TextArg,
    identity: BoolArg,
    scope: Option<String>,
    client: Option<String>,
    policies: Block,
}

impl Connection {
    /// Reads the `connection-info` of a resolver; `policies` are those that may stand in it.
    pub(crate) fn compile(element: &Element, policies: &[&str], cx: &mut Compile<'_>) -> Result<Self, Refused> {
        let info = Compile::child(element, "connection-info").ok_or(Refused)?;
        let string = Compile::child(info, "connection-string").ok_or(Refused)?;
        let literal = |name: &str| string.attr(name).map(|text| text.value().trim().to_owned());
        Ok(Self {
            identity: boolean(string, "use-managed-identity", cx)?,
            scope: literal("scope"),
            client: literal("client-id"),
            string: cx.content(string)?,
            policies: cx.branch_of(info, "connection-info", Section::Inbound, policies),
        })
    }

    /// Runs the policies of the connection and gives the parts of its string.
    pub(crate) async fn open(&self, exchange: &mut Exchange, env: &Env) -> Result<HashMap<String, String>, Fault> {
        exchange.section = Section::Inbound;
        run_block(&self.policies, exchange, env).await?;
        Ok(parts(&self.string.get(exchange)?))
    }

    /// A token of the managed identity for a resource, when the connection uses one.
    pub(crate) fn token(&self, exchange: &Exchange, env: &Env, resource: &str) -> Result<Option<String>, Fault> {
        if !self.identity.get(exchange)? {
            return Ok(None);
        }
        let resource = self.scope.as_deref().unwrap_or(resource);
        let client = self.client.as_deref().unwrap_or(crate::token_issuer::SYSTEM_IDENTITY);
        crate::authentication_managed_identity::issue(env, resource, client).map(Some)
    }
}

/// A boolean attribute of a child that is false without it.
pub(crate) fn boolean(of: &Element, name: &str, cx: &mut Compile<'_>) -> Result<BoolArg, Refused> {
    match of.attr(name) {
        Some(text) => cx.bool_arg(text, name),
        None => Ok(BoolArg::Literal(false)),
    }
}

/// The parts of a connection string, names in lower case without spaces.
pub(crate) fn parts(text: &str) -> HashMap<String, String> {
    let pairs = text.split(';').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.replace(char::is_whitespace, "").to_lowercase(), value.trim().to_owned())).collect()
}

/// A named value that goes with a statement or a document.
pub(crate) struct Parameter {
    pub(crate) name: String,
    /// What the attribute says of its type.
    pub(crate) kind: Option<String>,
    value: ValueArg,
}

impl Parameter {
    /// The children of `list` in a request; `kind` is the attribute with the type.
    pub(crate) fn all(request: &Element, list: &str, kind: &str, cx: &mut Compile<'_>) -> Result<Vec<Self>, Refused> {
        let children = Compile::child(request, list).into_iter().flat_map(Element::elements);
        children
            .map(|child| {
                let text = |name: &str| child.attr(name).map(|text| text.value().trim().to_owned());
                Ok(Self { name: text("name").unwrap_or_default(), kind: text(kind), value: cx.content_value(child)? })
            })
            .collect()
    }

    /// Its value as JSON.
    pub(crate) fn json(&self, exchange: &Exchange) -> Result<Value, Fault> {
        json_of(&self.value.get(exchange)?)
    }
}

/// A text that may be a Liquid template over arguments and parent.
pub(crate) enum Words {
    /// A literal or an expression.
    Plain(ValueArg),
    /// A template.
    Template(SetBody),
}

impl Words {
    /// Reads the text of an element.
    pub(crate) fn compile(element: &Element, cx: &mut Compile<'_>) -> Result<Self, Refused> {
        let is_template = element.attr("template").is_some_and(|text| text.value().trim() == "liquid");
        if is_template {
            set_body::read(element, cx).map(Self::Template)
        } else {
            cx.content_value(element).map(Self::Plain)
        }
    }

    /// Its value as JSON; what a template writes is a text.
    pub(crate) fn json(&self, exchange: &Exchange) -> Result<Value, Fault> {
        match self {
            Self::Plain(value) => json_of(&value.get(exchange)?),
            Self::Template(template) => {
                let bytes = template.get(exchange)?.unwrap_or_default();
                Ok(Value::String(String::from_utf8_lossy(&bytes).trim().to_owned()))
            }
        }
    }

    /// Its value as a text.
    pub(crate) fn text(&self, exchange: &Exchange) -> Result<String, Fault> {
        Ok(match self.json(exchange)? {
            Value::String(text) => text,
            Value::Null => String::new(),
            other => other.to_string(),
        })
    }
}

/// The fault of a data source that cannot be asked.
pub(crate) fn failed(text: impl Into<String>) -> Fault {
    Fault::internal(BACKEND_CONNECTION_FAILURE, text)
}

/// An expression's value as JSON: tokens as they are, everything else as what it reads as.
pub(crate) fn json_of(value: &apimite_expr::Value) -> Result<Value, Fault> {
    use apimite_expr::Value as V;
    Ok(match value {
        V::Null => Value::Null,
        V::Bool(flag) => Value::Bool(*flag),
        V::Str(text) => Value::String(text.trim().to_owned()),
        other => {
            let text = to_text(other)?;
            // A JValue that holds a text prints it bare.
            serde_json::from_str(&text).unwrap_or(Value::String(text))
        }
    })
}

/// Sends a request to a stand-in or a service and puts its answer, in memory, into the exchange.
pub(crate) async fn send(
    exchange: &mut Exchange,
    env: &Env,
    method: Method,
    url: Url,
    mut headers: HeaderMap,
    body: Option<String>,
) -> Result<(), Fault> {
    headers.insert(HOST, url.host_header());
    let body = body.map_or(Body::None, Body::text);
    if let Some(length) = body.len().filter(|length| *length > 0) {
        headers.insert(CONTENT_LENGTH, length.into());
    }
    let options = exchange.call_options_to(&Target::origin(&url));
    let call = Call { method, url, headers, body, options };
    let response = env.client.send(call).await.map_err(crate::forward_request::fault_of)?;
    response.body.buffer(env.buffer_limit).await.map_err(|error| failed(error.to_string()))?;
    exchange.section = Section::Outbound;
    exchange.response = Some(response);
    Ok(())
}

/// The policies of a response.
pub(crate) struct Answer(Option<Block>);

impl Answer {
    /// Reads the child of this name.
    pub(crate) fn compile(element: &Element, name: &str, cx: &mut Compile<'_>) -> Self {
        Self(Compile::child(element, name).map(|child| cx.branch_in(child, name, Section::Outbound)))
    }

    /// Runs them over the answer that the exchange holds.
    pub(crate) async fn run(&self, exchange: &mut Exchange, env: &Env) -> Result<(), Fault> {
        let Some(block) = &self.0 else { return Ok(()) };
        buffer(Needs { response_body: true, ..Needs::default() }, exchange, env).await?;
        run_block(block, exchange, env).await?;
        Ok(())
    }
}

/// Sends the request to a URL that a policy chose, or to the backend service when it is none.
pub(crate) fn retarget(exchange: &mut Exchange, text: &str) -> Result<(), Fault> {
    let text = text.trim();
    if text.contains("://") {
        let url = Url::parse(text).map_err(|error| failed(error.to_string()))?;
        exchange.request.retarget(Arc::new(Target::origin(&url)));
        exchange.request.set_relative(url.path_and_query.clone());
    } else if let Some(path) = apimite_policy::url::path(&format!("/{}", text.trim_start_matches('/'))) {
        exchange.request.set_relative(path);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_a_connection_string_have_no_case_and_no_spaces() {
        let parts = parts("Data Source=http://x/y?a=b;Initial Catalog = shop ;junk");
        assert_eq!(parts.get("datasource").map(String::as_str), Some("http://x/y?a=b"));
        assert_eq!(parts.get("initialcatalog").map(String::as_str), Some("shop"));
        assert_eq!(parts.len(), 2);
    }
}
