//! `required-claims`: claims that a token must have.

use apimite_document::Element;
use apimite_dotnet::web::Jwt;
use apimite_policy::arg::TextArg;
use apimite_policy::compile::Compile;
use apimite_policy::def::{Attr, Child, Content, Expressions, Kind, Refused};
use apimite_policy::exchange::Exchange;
use apimite_policy::fault::Fault;

use super::Failure;

const VALUE: &[Child] = &[Child::many("value", &[], Content::Text(Kind::Text, Expressions::Allowed))];

/// `required-claims` as a child.
pub(crate) const CHILD: Child = Child::optional(
    "required-claims",
    &[],
    Content::Elements {
        children: &[Child::many(
            "claim",
            &[
                Attr::new("name", Kind::Text).required(),
                Attr::new("match", Kind::OneOf(&["all", "any"])).default("all"),
                Attr::new("separator", Kind::Text),
            ],
            Content::Elements { children: VALUE, ordered: false },
        )],
        ordered: false,
    },
);

/// A compiled `claim`.
pub(crate) struct RequiredClaim {
    name: TextArg,
    any: Option<TextArg>,
    separator: Option<TextArg>,
    values: Vec<TextArg>,
}

/// Compiles `required-claims`.
pub(crate) fn read(element: &Element, cx: &mut Compile<'_>) -> Result<Vec<RequiredClaim>, Refused> {
    let mut claims = Vec::new();
    let Some(outer) = Compile::child(element, "required-claims") else { return Ok(claims) };
    for claim in Compile::children(outer, "claim") {
        let values: Result<Vec<_>, _> = Compile::children(claim, "value").map(|value| cx.content(value)).collect();
        claims.push(RequiredClaim {
            name: cx.text(claim, "name")?,
            any: cx.optional_text(claim, "match")?,
            separator: cx.optional_text(claim, "separator")?,
            values: values?,
        });
    }
    Ok(claims)
}

/// Checks the claims of a token; the outer error is an expression that threw.
pub(crate) fn check(claims: &[RequiredClaim], jwt: &Jwt, exchange: &Exchange) -> Result<Result<(), Failure>, Fault> {
    let mut missing: Vec<String> = Vec::new();
    let mut wrong = None;
    for claim in claims {
        let name = claim.name.get(exchange)?;
        let Some(found) = jwt.claim(name.trim()) else {
            missing.push(name.trim().to_owned());
            continue;
        };
        let separator = claim.separator.as_ref().map(|arg| arg.get(exchange)).transpose()?.filter(|s| !s.is_empty());
        let found: Vec<&str> = match &separator {
            Some(separator) => found.iter().flat_map(|text| text.split(&**separator)).collect(),
            None => found.iter().map(String::as_str).collect(),
        };
        let any = match &claim.any {
            Some(arg) => arg.get(exchange)?.trim().eq_ignore_ascii_case("any"),
            None => false,
        };
        let mut wanted = Vec::with_capacity(claim.values.len());
        for value in &claim.values {
            wanted.push(value.get(exchange)?.trim().to_owned());
        }
        let has = |value: &String| found.contains(&value.as_str());
        let good = wanted.is_empty() || if any { wanted.iter().any(has) } else { wanted.iter().all(has) };
        if !good && wrong.is_none() {
            wrong = Some(not_allowed(name.trim(), &found.join(",")));
        }
    }
    if !missing.is_empty() {
        return Ok(Err(not_found(&missing.join(", "))));
    }
    Ok(wrong.map_or(Ok(()), Err))
}

/// Claims that are not there.
pub(crate) fn not_found(names: &str) -> Failure {
    let message = format!("JWT token is missing the following claims: {names}. Access denied.");
    Failure { reason: "TokenClaimNotFound", message }
}

/// A claim whose value is not allowed.
pub(crate) fn not_allowed(name: &str, value: &str) -> Failure {
    let message = format!("Claim {name} value of {value} is not allowed. Access denied.");
    Failure { reason: "TokenClaimValueNotAllowed", message }
}
