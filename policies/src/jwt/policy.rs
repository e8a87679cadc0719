//! What `validate-jwt` and `validate-azure-ad-token` have in common: where the token is, and the answer to a bad one.

use std::sync::Arc;

use apimite_document::Element;
use apimite_dotnet::web::Jwt;
use apimite_expr::library::sys::jwt_value;
use apimite_policy::arg::{IntArg, TextArg};
use apimite_policy::compile::Compile;
use apimite_policy::def::{Attr, Kind, Refused};
use apimite_policy::exchange::Exchange;
use apimite_policy::fault::Fault;
use http::StatusCode;
use percent_encoding::percent_decode_str;

use super::Failure;

/// `LastError.Reason` values of both policies.
pub(crate) const RAISES: &[&str] = &[
    "TokenNotPresent",
    "TokenSignatureInvalid",
    "TokenSignatureKeyNotFound",
    "TokenAudienceNotAllowed",
    "TokenIssuerNotAllowed",
    "TokenExpired",
    "TokenClaimNotFound",
    "TokenClaimValueNotAllowed",
    "JwtInvalid",
];

/// Attributes that both take.
pub(crate) const HEADER: Attr = Attr::new("header-name", Kind::Text);
/// The query parameter that holds the token.
pub(crate) const QUERY: Attr = Attr::new("query-parameter-name", Kind::Text);
/// The token itself.
pub(crate) const TOKEN: Attr = Attr::new("token-value", Kind::Text);
/// Status of the refusal.
pub(crate) const STATUS: Attr = Attr::new("failed-validation-httpcode", Kind::Int(100, 999)).default("401");
/// Text of the refusal.
pub(crate) const MESSAGE: Attr = Attr::new("failed-validation-error-message", Kind::Text);
/// The scheme of `Authorization`.
pub(crate) const SCHEME: Attr = Attr::new("require-scheme", Kind::Text);
/// The variable that gets the token.
pub(crate) const OUTPUT: Attr = Attr::new("output-token-variable-name", Kind::Text).literal();

enum Place {
    Header(TextArg),
    Query(TextArg),
    Value(TextArg),
}

/// Where the token is, and the answer to a bad one.
pub(crate) struct Around {
    place: Place,
    scheme: Option<TextArg>,
    status: IntArg,
    message: Option<TextArg>,
    output: Option<Arc<str>>,
}

impl Around {
    /// Compiles the attributes; `default_header` is used when none of the three places is named.
    pub(crate) fn read(
        element: &Element,
        cx: &mut Compile<'_>,
        default_header: Option<&'static str>,
    ) -> Result<Self, Refused> {
        let header = cx.optional_text(element, "header-name")?.map(Place::Header);
        let query = cx.optional_text(element, "query-parameter-name")?.map(Place::Query);
        let value = cx.optional_text(element, "token-value")?.map(Place::Value);
        let mut places = [header, query, value].into_iter().flatten();
        let place = match (places.next(), places.next(), default_header) {
            (Some(place), None, _) => place,
            (None, _, Some(name)) => Place::Header(TextArg::literal(name)),
            _ => {
                return Err(cx.refuse(
                    element.name_span,
                    "jwt::place",
                    "one of `header-name`, `query-parameter-name` and `token-value` must stand",
                    "keep the one that says where the token is",
                ));
            }
        };
        Ok(Self {
            place,
            scheme: cx.optional_text(element, "require-scheme")?,
            status: cx.int(element, "failed-validation-httpcode")?,
            message: cx.optional_text(element, "failed-validation-error-message")?,
            output: cx.literal(element, "output-token-variable-name").filter(|name| !name.is_empty()).map(Into::into),
        })
    }

    /// The token, when there is one.
    pub(crate) fn token(&self, exchange: &Exchange) -> Result<Result<String, Failure>, Fault> {
        let absent = || Failure { reason: "TokenNotPresent", message: "JWT not present.".to_owned() };
        let token = match &self.place {
            Place::Value(arg) => bare(&arg.get(exchange)?).to_owned(),
            Place::Query(arg) => {
                let name = arg.get(exchange)?;
                query_value(exchange.request.original_url.query().unwrap_or(""), name.trim()).unwrap_or_default()
            }
            Place::Header(arg) => {
                let name = arg.get(exchange)?;
                let name = name.trim();
                let value =
                    exchange.request.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("").trim();
                let authorization = name.eq_ignore_ascii_case("authorization");
                match &self.scheme {
                    Some(scheme) if authorization => {
                        let scheme = scheme.get(exchange)?;
                        match value.split_once(' ') {
                            Some((found, token)) if found.eq_ignore_ascii_case(scheme.trim()) => {
                                token.trim().to_owned()
                            }
                            _ => String::new(),
                        }
                    }
                    _ if authorization => bare(value).to_owned(),
                    _ => value.to_owned(),
                }
            }
        };
        Ok(if token.is_empty() { Err(absent()) } else { Ok(token) })
    }

    /// The fault of a bad token.
    ///
    /// Source: captured answers: `JWT not present.` without a token, else `Invalid JWT.`; the reason is in `LastError` only.
    pub(crate) fn fault(&self, exchange: &Exchange, failure: Failure) -> Result<Fault, Fault> {
        let status = self.status.get(exchange)?;
        let status = u16::try_from(status).ok().and_then(|code| StatusCode::from_u16(code).ok());
        let public = match &self.message {
            Some(message) => message.get(exchange)?.into_owned(),
            None if failure.reason == "TokenNotPresent" => failure.message.clone(),
            None => "Invalid JWT.".to_owned(),
        };
        let status = status.unwrap_or(StatusCode::UNAUTHORIZED);
        Ok(Fault::refused(status, failure.reason, failure.message).public(public))
    }

    /// Keeps a good token in the variable.
    pub(crate) fn keep(&self, exchange: &mut Exchange, jwt: Jwt) {
        if let Some(name) = &self.output {
            exchange.variables.set(name, jwt_value(jwt));
        }
    }
}

/// Without `Bearer `.
fn bare(value: &str) -> &str {
    let value = value.trim();
    match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        _ if value.eq_ignore_ascii_case("bearer") => "",
        _ => value,
    }
}

/// The first value of a query parameter, decoded.
pub(crate) fn query_value(query: &str, wanted: &str) -> Option<String> {
    query.split('&').find_map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = percent_decode_str(name).decode_utf8_lossy();
        name.eq_ignore_ascii_case(wanted).then(|| percent_decode_str(value).decode_utf8_lossy().into_owned())
    })
}
