//! `rewrite-uri`: changes path and query behind the backend's base URL.
//!
//! Source: rewrite-uri policy reference.

use apimite_document::Element;
use apimite_policy::arg::{BoolArg, TextArg};
use apimite_policy::compile::Compile;
use apimite_policy::def::{Attr, Kind, PolicyDef, Refused, Sections};
use apimite_policy::env::Env;
use apimite_policy::exchange::Exchange;
use apimite_policy::fault::{EXPRESSION_FAILED, Fault};
use apimite_policy::step::{Flow, Now, StepKind};
use apimite_policy::url;

/// The definition.
pub static DEF: PolicyDef = PolicyDef {
    sections: Sections::INBOUND,
    attributes: &[
        Attr::new("template", Kind::Text).required(),
        Attr::new("copy-unmatched-params", Kind::Bool).default("true"),
    ],
    ..PolicyDef::new("rewrite-uri", "Changes path and query behind the backend's base URL.", compile)
};

struct RewriteUri {
    template: TextArg,
    copy: BoolArg,
}

fn compile(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    let template = cx.text(element, "template");
    let copy = cx.boolean(element, "copy-unmatched-params");
    Ok(StepKind::now(RewriteUri { template: template?, copy: copy? }))
}

impl Now for RewriteUri {
    fn run(&self, exchange: &mut Exchange, _env: &Env) -> Result<Flow, Fault> {
        let template = self.template.get(exchange)?;
        let mut text = fill(&template, &exchange.request.matched);
        if !text.starts_with('/') {
            text.insert(0, '/');
        }
        if self.copy.get(exchange)? {
            copy_unmatched(&mut text, exchange);
        }
        let path = url::path(&text)
            .ok_or_else(|| Fault::internal(EXPRESSION_FAILED, format!("`{text}` is no path and query")))?;
        exchange.request.set_relative(path);
        Ok(Flow::Next)
    }
}

/// Puts matched parameters into `{name}`; an unknown name stays as it is written.
fn fill(template: &str, matched: &[(Box<str>, Box<str>)]) -> String {
    let mut out = String::with_capacity(template.len() + 16);
    let mut rest = template;
    while let Some((before, tail)) = rest.split_once('{') {
        out.push_str(before);
        let Some((name, after)) = tail.split_once('}') else {
            out.push('{');
            rest = tail;
            continue;
        };
        let wanted = name.trim_start_matches('*');
        match matched.iter().find(|(key, _)| key.trim_start_matches('*').eq_ignore_ascii_case(wanted)) {
            Some((_, value)) => out.push_str(&encode_path(value)),
            None => {
                out.push('{');
                out.push_str(name);
                out.push('}');
            }
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// A parameter value as it stands in a path: slashes stay, because a wildcard may hold several segments.
fn encode_path(value: &str) -> String {
    url::path(&format!("/{value}"))
        .map_or_else(|| value.to_owned(), |path| path.as_str().get(1..).unwrap_or("").to_owned())
}

/// Adds query parameters that the operation's template does not name and the new query does not have.
fn copy_unmatched(text: &mut String, exchange: &Exchange) {
    let Some(query) = exchange.request.relative().query() else { return };
    let templated = exchange.operation.as_ref().and_then(|op| op.url_template.split_once('?')).map_or("", |(_, q)| q);
    let new = text.split_once('?').map_or("", |(_, q)| q).to_owned();
    let has = |list: &str, key: &str| {
        list.split('&').any(|part| part.split('=').next().unwrap_or("").eq_ignore_ascii_case(key))
    };
    for part in query.split('&').filter(|part| !part.is_empty()) {
        let key = part.split('=').next().unwrap_or("");
        if has(templated, key) || has(&new, key) {
            continue;
        }
        text.push(if text.contains('?') { '&' } else { '?' });
        text.push_str(part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn template_parameters_are_filled_in_and_unknown_ones_stay() {
        let matched = vec![("id".into(), "4 2".into()), ("*".into(), "a/b".into())];
        assert_eq!(fill("/v2/{id}/{*}?x={id}&y={z}", &matched), "/v2/4%202/{*}?x=4%202&y={z}".replace("{*}", "a/b"));
    }
}
