//! `xsl-transform`: transforms the body of the present message by an XSLT 1.0 style sheet.
//!
//! The style sheet is compiled with the policy. A transformation reads nothing but the body, and has budgets.
//!
//! Source: xsl-transform policy reference.

use apimite_document::{Element, inner_markup};
use apimite_policy::arg::TextArg;
use apimite_policy::body::Body;
use apimite_policy::compile::Compile;
use apimite_policy::def::{Content, Occurs, PolicyDef, Refused, Sections};
use apimite_policy::env::Env;
use apimite_policy::exchange::Exchange;
use apimite_policy::fault::Fault;
use apimite_policy::step::{Flow, Now, StepKind};
use apimite_xslt::{Budget, Stylesheet};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};

use crate::message::body_text;

/// The definition.
pub static DEF: PolicyDef = PolicyDef {
    sections: Sections::INBOUND.and(Sections::OUTBOUND).and(Sections::ON_ERROR),
    occurs: Occurs::OncePerSection,
    content: Content::Raw,
    raises: &["XslTransformFailure"],
    differences: &[
        "`document()`, `xsl:import`, `xsl:include`, `xsl:apply-imports` and scripts are refused; no document type is read, so `id()` gives nothing",
        "a transformation has budgets (steps, depth of templates, bytes of output); reaching one is a fault",
        "the reason of a failure is not documented by Azure",
    ],
    ..PolicyDef::new("xsl-transform", "Transforms the body by an XSLT 1.0 style sheet.", compile)
};

struct XslTransform {
    sheet: Stylesheet,
    parameters: Vec<(String, TextArg)>,
}

/// How far into XML an element reaches, its tags included.
fn markup(element: &Element, cx: &Compile<'_>) -> String {
    let source = cx.source().text();
    let (outer, inner) = (element.span.range(), element.inner_span().range());
    let open = source.get(outer.start..inner.start).unwrap_or("");
    let close = source.get(inner.end..outer.end).unwrap_or("");
    format!("{open}{}{close}", inner_markup(cx.source(), element))
}

fn compile(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    let mut parameters = Vec::new();
    let mut sheet = None;
    for child in element.elements() {
        if &*child.name != "parameter" {
            if sheet.is_some() {
                return Err(cx.refuse(
                    child.name_span,
                    "xsl_transform::sheet",
                    "there are two style sheets",
                    "keep one `<xsl:stylesheet>`",
                ));
            }
            sheet = Some(child);
            continue;
        }
        // The statement of the documentation says `parameter-name`, its example `name`.
        let Some(name) = child.attr("name").or_else(|| child.attr("parameter-name")) else {
            return Err(cx.refuse(
                child.name_span,
                "policy::missing_attribute",
                "Required attribute 'name' is not found",
                "add the attribute",
            ));
        };
        let name = name.value().trim().to_owned();
        parameters.push((name, cx.content(child)?));
    }
    let Some(child) = sheet else {
        return Err(cx.refuse(
            element.name_span,
            "xsl_transform::sheet",
            "there is no style sheet",
            "add `<xsl:stylesheet version=\"1.0\" xmlns:xsl=\"http://www.w3.org/1999/XSL/Transform\">`",
        ));
    };
    let sheet = match Stylesheet::compile(&markup(child, cx)) {
        Ok(sheet) => sheet,
        Err(error) => {
            let message = format!("the style sheet does not compile: {error}");
            return Err(cx.refuse(child.name_span, "xsl_transform::sheet", message, "XSLT 1.0 is understood"));
        }
    };
    cx.needs_body();
    Ok(StepKind::now(XslTransform { sheet, parameters }))
}

impl Now for XslTransform {
    fn run(&self, exchange: &mut Exchange, _env: &Env) -> Result<Flow, Fault> {
        let mut parameters = Vec::with_capacity(self.parameters.len());
        for (name, value) in &self.parameters {
            parameters.push((name.clone(), value.get(exchange)?.into_owned()));
        }
        let Some(text) = body_text(exchange).filter(|text| !text.trim().is_empty()) else { return Ok(Flow::Next) };
        let output = self
            .sheet
            .transform(&text, &parameters, Budget::default())
            .map_err(|error| Fault::internal("XslTransformFailure", error.0))?;
        exchange.body().set(Body::text(output.text));
        // `Content-Type` stays as it is.
        let headers = exchange.headers_mut();
        headers.remove(CONTENT_LENGTH);
        headers.remove(CONTENT_ENCODING);
        Ok(Flow::Next)
    }
}
