//! `llm-content-safety`: asks a content safety service about the prompt, and about the answer when told to.
//!
//! Everything that does not end in a clean verdict refuses the request: a prompt of more than 10,000 characters, a service that
//! answers an error or nothing. Of an answer that streams, events are held back until the text so far has passed; one that
//! does not pass just ends.
//!
//! What no source settles: the text of a refused answer is that of a refused prompt; prompt shields are not asked about answers.
//!
//! Source: llm-content-safety policy reference; the calls of the content safety API, version 2024-09-01; the reason
//! `ContentSafetyPolicyViolated`, the limit, and that the request's `Authorization` goes along, as measured by users.

use apimite_document::Element;
use apimite_policy::arg::{BoolArg, IntArg, TextArg};
use apimite_policy::body::Body;
use apimite_policy::compile::Compile;
use apimite_policy::def::{Attr, Child, Content, Expressions, Kind, PolicyDef, Refused, Scopes, Section, Sections};
use apimite_policy::env::Env;
use apimite_policy::exchange::Exchange;
use apimite_policy::fault::{EXPRESSION_FAILED, Fault};
use apimite_policy::step::{Flow, Io, Needs, StepKind};
use futures_util::future::LocalBoxFuture;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, StatusCode};

use crate::backend::Service;
use crate::llm::prompt::answer_text;
use crate::llm::safety::{Category, Checks, LONGEST, Window, guarded};
use crate::llm::watch::{self, whole};

const CATEGORY: Child = Child::at_least_one(
    "category",
    &[
        Attr::new("name", Kind::OneOf(&["Hate", "SelfHarm", "Sexual", "Violence"])).required(),
        Attr::new("threshold", Kind::Int(0, 7)).required(),
    ],
    Content::Empty,
);

/// The definition.
pub static DEF: PolicyDef = PolicyDef {
    sections: Sections::INBOUND.and(Sections::OUTBOUND),
    scopes: Scopes::GLOBAL.and(Scopes::WORKSPACE).and(Scopes::PRODUCT).and(Scopes::API),
    attributes: &[
        Attr::new("backend-id", Kind::Text).required(),
        Attr::new("shield-prompt", Kind::Bool).default("false"),
        Attr::new("enforce-on-completions", Kind::Bool).default("false"),
        Attr::new("window-size", Kind::Int(1, 10_000)).default("1000"),
        Attr::new("window-overlap-size", Kind::Int(0, 10_000)).default("0"),
    ],
    content: Content::Elements {
        children: &[
            Child::optional(
                "categories",
                &[Attr::new("output-type", Kind::OneOf(&["FourSeverityLevels", "EightSeverityLevels"]))
                    .default("FourSeverityLevels")],
                Content::Elements { children: &[CATEGORY], ordered: true },
            ),
            Child::optional(
                "blocklists",
                &[],
                Content::Elements {
                    children: &[Child::at_least_one("id", &[], Content::Text(Kind::Text, Expressions::Allowed))],
                    ordered: true,
                },
            ),
        ],
        ordered: false,
    },
    raises: &["ContentSafetyPolicyViolated"],
    differences: &[
        "a system prompt that is a list of blocks is looked at like any other; Azure is said to pass it unseen",
        "the text of a refused answer is assumed to be that of a refused prompt",
    ],
    ..PolicyDef::new("llm-content-safety", "Asks a content safety service about prompts and answers.", compile)
};

struct ContentSafety {
    backend: TextArg,
    shield: BoolArg,
    completions: BoolArg,
    window: IntArg,
    overlap: IntArg,
    output_type: TextArg,
    categories: Vec<(TextArg, IntArg)>,
    blocklists: Vec<TextArg>,
    /// Does it stand behind the backend?
    answers: bool,
}

fn compile(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    let answers = cx.section() == Section::Outbound;
    if !answers {
        cx.needs(Needs { request_body: true, ..Needs::default() });
    }
    let backend = cx.text(element, "backend-id")?;
    if let (Some(id), false) = (backend.as_literal(), cx.is_open())
        && !cx.service().backends.contains_key(id.trim())
    {
        let near = apimite_diag::nearest(id, cx.service().backends.keys().map(|key| &**key));
        let help = near.map_or("add the backend to the service".to_owned(), |near| format!("did you mean `{near}`?"));
        let at = element.attr("backend-id").map_or(element.name_span, apimite_document::Text::span);
        return Err(cx.refuse(
            at,
            "content_safety::backend",
            format!("Backend with id '{id}' could not be found"),
            &help,
        ));
    }
    let (mut categories, mut blocklists) = (Vec::new(), Vec::new());
    let mut output_type = TextArg::literal("FourSeverityLevels");
    if let Some(list) = Compile::child(element, "categories") {
        if let Some(given) = cx.optional_text(list, "output-type")? {
            output_type = given;
        }
        for child in Compile::children(list, "category") {
            categories.push((cx.text(child, "name")?, cx.int(child, "threshold")?));
        }
    }
    if let Some(list) = Compile::child(element, "blocklists") {
        for child in Compile::children(list, "id") {
            blocklists.push(cx.content(child)?);
        }
    }
    Ok(StepKind::io(ContentSafety {
        backend,
        shield: cx.boolean(element, "shield-prompt")?,
        completions: cx.boolean(element, "enforce-on-completions")?,
        window: cx.int(element, "window-size")?,
        overlap: cx.int(element, "window-overlap-size")?,
        output_type,
        categories,
        blocklists,
        answers,
    }))
}

/// 403 of text that did not pass, and of a check that could not be made.
fn violated(why: &str) -> Fault {
    const TEXT: &str = "Request failed content safety check.";
    let fault = Fault::refused(StatusCode::FORBIDDEN, "ContentSafetyPolicyViolated", TEXT).source("llm-content-safety");
    Fault { message: if why.is_empty() { TEXT.to_owned() } else { format!("{TEXT} {why}") }, ..fault }
}

impl ContentSafety {
    /// What is asked, with the values of this exchange.
    fn checks(&self, exchange: &Exchange) -> Result<Checks, Fault> {
        let mut headers = HeaderMap::new();
        if let Some(value) = exchange.request.headers.get(AUTHORIZATION) {
            headers.insert(AUTHORIZATION, value.clone());
        }
        let service = Service::of(exchange, self.backend.get(exchange)?.trim(), headers)?;
        let mut categories = Vec::new();
        for (name, threshold) in &self.categories {
            let name = name.get(exchange)?.trim().to_owned();
            categories.push(Category { name, threshold: threshold.get(exchange)? });
        }
        let blocklists: Result<Vec<String>, Fault> =
            self.blocklists.iter().map(|id| Ok(id.get(exchange)?.trim().to_owned())).collect();
        let shield = self.shield.get(exchange)?;
        let output_type = self.output_type.get(exchange)?.trim().to_owned();
        Ok(Checks { service, categories, blocklists: blocklists?, shield, output_type })
    }

    fn window(&self, exchange: &Exchange) -> Result<Window, Fault> {
        let size = usize::try_from(self.window.get(exchange)?).unwrap_or(0);
        let overlap = usize::try_from(self.overlap.get(exchange)?).unwrap_or(usize::MAX);
        Window::new(size, overlap).ok_or_else(|| {
            let text = "Expression evaluation failed. window-overlap-size must be less than window-size.";
            Fault::internal(EXPRESSION_FAILED, text)
        })
    }
}

/// Looks at the answer that the exchange has.
async fn answer(checks: Checks, window: Window, exchange: &mut Exchange, env: &Env) -> Result<(), Fault> {
    let Some(response) = &exchange.response else { return Ok(()) };
    if !response.status.is_success() || checks.is_empty() {
        return Ok(());
    }
    let kind = response.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    if kind.contains("event-stream") {
        match response.body.take() {
            Body::Stream(inner) => response.body.set(guarded(inner, checks, window, env)),
            Body::Bytes(bytes) => {
                let inner = http_body_util::combinators::UnsyncBoxBody::new(whole_body(bytes));
                response.body.set(guarded(inner, checks, window, env));
            }
            other => response.body.set(other),
        }
        // How long it will be is not known any more.
        if let Some(response) = &mut exchange.response {
            response.headers.remove(http::header::CONTENT_LENGTH);
        }
        return Ok(());
    }
    if !kind.contains("json") {
        return Ok(());
    }
    let Some(bytes) = whole(&response.body, env.buffer_limit).await else { return Ok(()) };
    let Ok(json) = serde_json::from_slice(&bytes) else { return Ok(()) };
    let text = answer_text(&json);
    for part in window.parts(&text) {
        checks.text(&part, env).await.map_err(|why| violated(&why))?;
    }
    Ok(())
}

fn whole_body(
    bytes: bytes::Bytes,
) -> impl http_body::Body<Data = bytes::Bytes, Error = apimite_policy::body::BodyError> + Send {
    use http_body_util::BodyExt;
    http_body_util::Full::new(bytes).map_err(|never| match never {})
}

impl Io for ContentSafety {
    fn run<'a>(&'a self, exchange: &'a mut Exchange, env: &'a Env) -> LocalBoxFuture<'a, Result<Flow, Fault>> {
        Box::pin(async move {
            let checks = self.checks(exchange).map_err(|fault| match &*fault.reason {
                EXPRESSION_FAILED => fault,
                _ => violated(&fault.message),
            })?;
            if self.answers {
                let window = self.window(exchange)?;
                answer(checks, window, exchange, env).await?;
                return Ok(Flow::Next);
            }
            let text = match watch::prompt(exchange) {
                Some(prompt) => {
                    let parts: Vec<String> = prompt.messages().into_iter().map(|message| message.text).collect();
                    parts.join("\n")
                }
                // What is no JSON is text.
                None => exchange
                    .request
                    .body
                    .bytes()
                    .map_or(String::new(), |bytes| String::from_utf8_lossy(&bytes).into_owned()),
            };
            if !text.trim().is_empty() && (checks.shield || !checks.is_empty()) {
                if text.chars().count() > LONGEST {
                    return Err(violated("The prompt is longer than 10000 characters."));
                }
                if checks.shield {
                    checks.prompt(&text, env).await.map_err(|why| violated(&why))?;
                }
                checks.text(&text, env).await.map_err(|why| violated(&why))?;
            }
            if self.completions.get(exchange)? {
                let window = self.window(exchange)?;
                exchange.after_backend(move |exchange, env| Box::pin(answer(checks, window, exchange, env)));
            }
            Ok(Flow::Next)
        })
    }
}
