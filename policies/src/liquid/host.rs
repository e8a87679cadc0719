//! `context` as a template sees it.

use std::rc::Rc;

use apimite_dotnet::time::DateTime;
use apimite_expr::Value;
use apimite_expr::library::data::json::Token;
use apimite_expr::library::data::xml;
use http::HeaderMap;

use super::render::Run;
use super::value::{Host, Val, XmlRules};

impl Run<'_> {
    /// Parts of the context that can be walked through, as maps.
    pub(super) fn settled(&self, value: Val) -> Val {
        let request = &self.exchange.request;
        match value {
            Val::Host(Host::RequestHeaders) => headers(&request.headers),
            Val::Host(Host::ResponseHeaders) => {
                self.exchange.response.as_ref().map_or(Val::Nil, |r| headers(&r.headers))
            }
            Val::Host(Host::Matched) => {
                let pairs = request.matched.iter().map(|(name, value)| (Rc::from(&**name), Val::from(&**value)));
                Val::Map(pairs.collect())
            }
            Val::Host(Host::Variables) => {
                let all = self.exchange.variables.iter();
                Val::Map(all.map(|(name, value)| (Rc::from(&**name), variable(value, self.rules))).collect())
            }
            other => other,
        }
    }

    /// A member of a value or of a part of the context.
    pub(super) fn member(&self, value: &Val, name: &str) -> Option<Val> {
        let Val::Host(host) = value else { return value.member(name) };
        let exchange = self.exchange;
        let request = &exchange.request;
        Some(match (host, name) {
            (Host::Context, "Request") => Val::Host(Host::Request),
            (Host::Context, "Response") if exchange.response.is_some() => Val::Host(Host::Response),
            (Host::Context, "Variables") => Val::Host(Host::Variables),
            (Host::Request, "Url") => Val::Host(Host::Url),
            (Host::Request, "OriginalUrl") => Val::Host(Host::OriginalUrl),
            (Host::Request, "Method" | "OriginalMethod") => Val::from(request.method.as_str()),
            (Host::Request, "IpAddress") => Val::from(request.ip.to_string().as_str()),
            (Host::Request, "HasBody") => Val::Bool(!request.body.is_none()),
            (Host::Request, "MatchedParameters") => Val::Host(Host::Matched),
            (Host::Request, "Headers") => Val::Host(Host::RequestHeaders),
            (Host::Response, "StatusCode") => Val::Int(exchange.response.as_ref()?.status.as_u16().into()),
            (Host::Response, "StatusReason") => Val::from(exchange.response.as_ref()?.reason_phrase()),
            (Host::Response, "Method") => Val::from(request.method.as_str()),
            (Host::Response, "Headers") => Val::Host(Host::ResponseHeaders),
            (Host::RequestHeaders, name) => header(&request.headers, name)?,
            (Host::ResponseHeaders, name) => header(&exchange.response.as_ref()?.headers, name)?,
            (Host::Url | Host::OriginalUrl, name) => {
                let url = if *host == Host::Url { request.url() } else { &request.original_url };
                match name {
                    "Scheme" => Val::from(url.scheme.as_str()),
                    "Host" => Val::from(url.host()),
                    "Port" => Val::Int(url.port().into()),
                    "Path" => Val::from(url.path()),
                    "QueryString" => Val::from(url.query().map_or(String::new(), |query| format!("?{query}")).as_str()),
                    "Query" => query(url.query().unwrap_or("")),
                    "ToString" | "ToUri" => Val::from(url.to_string().as_str()),
                    _ => return None,
                }
            }
            (Host::Matched, name) => {
                let found = request.matched.iter().find(|(key, _)| &**key == name);
                found.map(|(_, value)| Val::from(&**value))?
            }
            (Host::Variables, name) => variable(exchange.variables.get(name)?, self.rules),
            _ => return None,
        })
    }
}

/// The values of one header.
fn header(map: &HeaderMap, name: &str) -> Option<Val> {
    let mut values = map.get_all(name).iter().peekable();
    values.peek()?;
    Some(Val::List(values.map(|value| Val::from(&*String::from_utf8_lossy(value.as_bytes()))).collect()))
}

/// A dictionary of the names with their values.
fn headers(map: &HeaderMap) -> Val {
    let names = map.keys().map(|name| {
        let values = map.get_all(name).iter().map(|value| Val::from(&*String::from_utf8_lossy(value.as_bytes())));
        (Rc::from(apimite_policy::context::display_name(name.as_str()).as_str()), Val::List(values.collect()))
    });
    Val::Map(names.collect())
}

fn query(text: &str) -> Val {
    let pairs = apimite_dotnet::web::form_parse(text).into_iter();
    Val::Map(
        pairs
            .map(|(name, values)| (Rc::from(name), Val::List(values.iter().map(|v| Val::from(&**v)).collect())))
            .collect(),
    )
}

fn variable(value: &Value, rules: XmlRules) -> Val {
    match value {
        Value::Null => Val::Nil,
        Value::Bool(flag) => Val::Bool(*flag),
        Value::Int(number) => Val::Int((*number).into()),
        Value::Long(number) => Val::Int(*number),
        Value::Float(number) => Val::Double((*number).into()),
        Value::Double(number) => Val::Double(*number),
        Value::Decimal(number) => Val::Decimal(*number),
        Value::Str(text) => Val::from(text.as_str()),
        Value::DateTime(raw) => DateTime::from_binary(*raw as i64).map_or(Val::Nil, Val::Date),
        Value::Object(_) => {
            if let Some(token) = value.downcast::<Token>() {
                return Val::json(&token.0);
            }
            if let Some(node) = value.downcast::<xml::Node>() {
                return Val::xml(&node.0, rules);
            }
            let json = apimite_policy::context::to_json(value).ok();
            let token = json.and_then(|json| apimite_dotnet::json::parse_without_dates(&json).ok());
            token.as_ref().map_or(Val::Nil, Val::json)
        }
        other => apimite_policy::context::to_text(other).map_or(Val::Nil, |text| Val::from(text.as_str())),
    }
}
