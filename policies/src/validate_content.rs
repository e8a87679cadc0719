//! `validate-content`: checks size, content type and content of the body against the definition of the operation or a named schema.
//!
//! Source: validate-content policy reference; texts of the validation error reference.

use std::borrow::Cow;
use std::sync::Arc;

use apimite_document::Element;
use apimite_model::{ApiKind, Operation, Representation};
use apimite_policy::arg::{BoolArg, IntArg};
use apimite_policy::compile::Compile;
use apimite_policy::def::{Attr, Child, Content, Kind, PolicyDef, Refused, Section, Sections};
use apimite_policy::env::Env;
use apimite_policy::exchange::Exchange;
use apimite_policy::fault::Fault;
use apimite_policy::step::{Flow, Now, StepKind};
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};

use crate::validation::json::{Miss, Overrides};
use crate::validation::schemas::{self, Compiled, Format, Missing, Schemas};
use crate::validation::{ACTIONS, Action, ActionArg, Problem, VARIABLE, inflate, report, variable};

/// Largest `max-size`, in bytes.
///
/// Source: validate-content policy reference, `max-size`: 4 MB.
const MAX_SIZE: i64 = 4 << 20;

/// The definition.
pub static DEF: PolicyDef = PolicyDef {
    sections: Sections::INBOUND.and(Sections::OUTBOUND).and(Sections::ON_ERROR),
    attributes: &[
        Attr::new("unspecified-content-type-action", ACTIONS).required(),
        Attr::new("max-size", Kind::Int(0, MAX_SIZE)).required(),
        Attr::new("size-exceeded-action", ACTIONS).required(),
        Attr::new("errors-variable-name", Kind::Text).literal(),
    ],
    content: Content::Elements {
        children: &[
            Child::optional(
                "content-type-map",
                &[
                    Attr::new("any-content-type-value", Kind::Text).literal(),
                    Attr::new("missing-content-type-value", Kind::Text).literal(),
                ],
                Content::Elements {
                    children: &[Child::many(
                        "type",
                        &[
                            Attr::new("from", Kind::Text).literal(),
                            Attr::new("when", Kind::Bool),
                            Attr::new("to", Kind::Text).literal().required(),
                        ],
                        Content::Empty,
                    )],
                    ordered: true,
                },
            ),
            Child::many(
                "content",
                &[
                    Attr::new("type", Kind::Text).literal(),
                    Attr::new("validate-as", Kind::OneOf(&["json", "xml", "soap"])).literal().required(),
                    Attr::new("schema-id", Kind::Text).literal(),
                    Attr::new("schema-ref", Kind::Text).literal(),
                    Attr::new("action", ACTIONS).required(),
                    Attr::new("allow-additional-properties", Kind::Bool).literal(),
                    Attr::new("case-insensitive-property-names", Kind::Bool)
                        .default("false")
                        .literal()
                        .differs("messages show the names in lower case"),
                ],
                Content::Empty,
            ),
        ],
        ordered: true,
    },
    raises: &["Bad request", "Response not allowed"],
    differences: &[
        VARIABLE,
        "messages of JSON schemas follow Json.NET's words, those of XML schemas are our own",
        "elements of XML schemas are told apart by local name inside a document; substitution groups and `xs:redefine` are not enforced",
        "a message without a body is not validated",
        "multipart bodies are checked for size and content type only",
        "definitions without a name are shown by a name made from path and method",
    ],
    ..PolicyDef::new("validate-content", "Checks size, type and content of the body against schemas.", compile)
};

struct ValidateContent {
    unspecified: ActionArg,
    max_size: IntArg,
    size_exceeded: ActionArg,
    variable: Option<Arc<str>>,
    any: Option<String>,
    missing: Option<String>,
    map: Vec<(When, String)>,
    rules: Vec<Rule>,
}

/// When a content type is mapped to another.
enum When {
    From(String),
    Holds(BoolArg),
}

/// A `content` element.
struct Rule {
    /// Empty for every type of the definition.
    media: String,
    format: Format,
    action: ActionArg,
    overrides: Overrides,
    /// Name and compiled form of `schema-id`.
    named: Option<(String, Compiled)>,
}

fn compile(element: &Element, cx: &mut Compile<'_>) -> Result<StepKind, Refused> {
    cx.needs_body();
    let (mut any, mut missing, mut map) = (None, None, Vec::new());
    if let Some(types) = Compile::child(element, "content-type-map") {
        let value = |name: &str| types.attr(name).map(|text| media_type(text.value())).filter(|text| !text.is_empty());
        (any, missing) = (value("any-content-type-value"), value("missing-content-type-value"));
        for child in Compile::children(types, "type") {
            let when = match (child.attr("from"), child.attr("when")) {
                (Some(from), None) => When::From(media_type(from.value())),
                (None, Some(when)) => When::Holds(cx.bool_arg(when, "when")?),
                _ => {
                    let text = "'type' needs either `from` or `when`";
                    return Err(cx.refuse(child.name_span, "validate_content::type", text, "write one of the two"));
                }
            };
            map.push((when, child.attr("to").map(|text| media_type(text.value())).unwrap_or_default()));
        }
    }
    let mut rules = Vec::new();
    for child in Compile::children(element, "content") {
        rules.push(rule(child, cx)?);
    }
    Ok(StepKind::now(ValidateContent {
        unspecified: ActionArg::required(cx, element, "unspecified-content-type-action")?,
        max_size: cx.int(element, "max-size")?,
        size_exceeded: ActionArg::required(cx, element, "size-exceeded-action")?,
        variable: variable(cx, element, "errors-variable-name"),
        any,
        missing,
        map,
        rules,
    }))
}

fn rule(child: &Element, cx: &mut Compile<'_>) -> Result<Rule, Refused> {
    let text = |name: &str| child.attr(name).map(|text| text.value().trim().to_owned()).filter(|text| !text.is_empty());
    let is_true = |text: String| text.eq_ignore_ascii_case("true") || text == "1";
    let format = match text("validate-as").unwrap_or_default().to_ascii_lowercase().as_str() {
        "xml" => Format::Xml,
        "soap" => Format::Soap,
        _ => Format::Json,
    };
    let (id, reference) = (text("schema-id"), text("schema-ref"));
    if let Some(at) = child.attr("schema-ref").map(apimite_document::Text::span)
        && (id.is_none() || format != Format::Json)
    {
        let message = "`schema-ref` leads into the JSON schema that `schema-id` names";
        return Err(cx.refuse(at, "validate_content::schema_ref", message, "name a JSON schema, or remove it"));
    }
    let overrides = Overrides {
        additional: text("allow-additional-properties").map(is_true),
        fold_names: text("case-insensitive-property-names").is_some_and(is_true),
    };
    let named = id.map(|id| {
        let compiled = schemas::named(cx.service(), &id, reference.as_deref(), format, overrides);
        if let (Compiled::Missing(Missing::Schema(why) | Missing::Definition(why)), false) = (&compiled, cx.is_open()) {
            let at = child.attr("schema-id").map_or(child.name_span, apimite_document::Text::span);
            cx.warn(at, "validate_content::schema", format!("the schema `{id}` cannot be used: {why}"));
        }
        (reference.unwrap_or(id), compiled)
    });
    let media = text("type").map(|text| media_type(&text)).unwrap_or_default();
    Ok(Rule { media, format, action: ActionArg::required(cx, child, "action")?, overrides, named })
}

/// A content type without its parameters, lower case.
fn media_type(text: &str) -> String {
    text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// The shapes that the definition gives the body.
fn shapes<'e>(exchange: &'e Exchange, operation: &'e Operation) -> &'e [Representation] {
    if exchange.edits_request() {
        return &operation.request_bodies;
    }
    let status = exchange.response.as_ref().map(|response| response.status.as_u16());
    status.and_then(|status| operation.response(status)).map_or(&[], |shape| &shape.representations)
}

/// A name for a definition that has none, as an import makes one from the path.
fn made_name(exchange: &Exchange, operation: &Operation) -> String {
    let path = operation.url_template.split('?').next().unwrap_or_default().trim_matches('/');
    let path: String = path.replace('/', "-").chars().filter(|c| !"{}*".contains(*c)).collect();
    let capital = |word: &str| {
        let mut chars = word.chars();
        chars.next().map_or(String::new(), |first| first.to_uppercase().chain(chars).collect::<String>())
    };
    let method = capital(&operation.method.to_lowercase());
    if exchange.edits_request() {
        return format!("{}{method}Request", capital(&path));
    }
    let status = exchange.response.as_ref().map_or(200, |response| response.status.as_u16());
    format!("{}{method}{status}Response", capital(&path))
}

impl ValidateContent {
    /// The content type that counts.
    fn media(&self, exchange: &Exchange, headers: &HeaderMap) -> Result<String, Fault> {
        let given = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(media_type).unwrap_or_default();
        for (when, to) in &self.map {
            let holds = match when {
                When::From(from) => *from == given,
                When::Holds(condition) => condition.get(exchange)?,
            };
            if holds {
                return Ok(to.clone());
            }
        }
        if given.is_empty()
            && let Some(missing) = &self.missing
        {
            return Ok(missing.clone());
        }
        Ok(self.any.clone().unwrap_or(given))
    }

    fn problems(&self, exchange: &Exchange, schemas: &Schemas, body: &[u8]) -> Result<Vec<Problem>, Fault> {
        let of_request = exchange.edits_request();
        let headers = match &exchange.response {
            Some(response) if !of_request => &response.headers,
            _ => &exchange.request.headers,
        };
        let (kind, whose) = if of_request { ("RequestBody", "request") } else { ("ResponseBody", "response") };
        let problem = |name: &str, rule, details: String, public: Option<String>, action| Problem {
            name: name.to_owned(),
            kind,
            rule,
            details,
            public: public.filter(|_| of_request),
            action,
        };
        let max_size = u64::try_from(self.max_size.get(exchange)?).unwrap_or(0);
        let encoding = headers.get(CONTENT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let media = self.media(exchange, headers)?;
        let mut found = Vec::new();
        let size_action = self.size_exceeded.get(exchange)?;
        // Without a limit of its own, a body may be as large as the largest limit.
        let most = if size_action == Action::Prevent { max_size } else { max_size.max(MAX_SIZE.unsigned_abs()) };
        let plain = match inflate::plain(body, encoding, most) {
            Ok(plain) => plain,
            Err(error) => {
                let details =
                    format!("Body of the {whose} cannot be validated for the content type {media}.\n\n{error}");
                found.push(problem("", "ValidationException", details, None, size_action));
                return Ok(found);
            }
        };
        if plain.size > max_size && size_action != Action::Ignore {
            let whose = if of_request { "Request" } else { "Response" };
            let text = |limit: &str| {
                format!("{whose}'s body is {} bytes long and it exceeds the {limit} of {max_size} bytes.", plain.size)
            };
            found.push(problem("", "SizeLimit", text("configured limit"), Some(text("limit")), size_action));
            if size_action == Action::Prevent {
                return Ok(found);
            }
        }
        let operation = exchange.operation.as_deref();
        let declared = operation.map_or(&[][..], |operation| shapes(exchange, operation));
        let shape = declared.iter().find(|shape| media_type(&shape.content_type) == media);
        let named = self.rules.iter().any(|rule| !rule.media.is_empty() && rule.media == media);
        if !named && shape.is_none() {
            let text = format!("Unspecified content type {media} is not allowed.");
            let action = self.unspecified.get(exchange)?;
            found.push(problem(&media, "Unspecified", text.clone(), Some(text), action));
            return Ok(found);
        }
        for rule in self.rules.iter().filter(|rule| rule.media.is_empty() || rule.media == media) {
            let action = rule.action.get(exchange)?;
            if action == Action::Ignore {
                continue;
            }
            let compiled = match (&rule.named, shape) {
                (Some((_, compiled)), _) => compiled.clone(),
                (None, Some(shape)) => schemas.of_body(exchange, shape, rule.format, rule.overrides),
                (None, None) => Compiled::Missing(Missing::Schema(String::new())),
            };
            let definition: Cow<'_, str> = match (&rule.named, shape.and_then(|shape| shape.type_name.as_deref())) {
                (Some((name, _)), _) => Cow::Borrowed(name),
                (None, Some(name)) => Cow::Borrowed(name),
                (None, None) => operation.map_or_else(String::new, |op| made_name(exchange, op)).into(),
            };
            let misses = match self.misses(&compiled, rule, plain.bytes.as_deref()) {
                Ok(misses) => misses,
                Err(Trouble::Schema(details)) => {
                    let problem = Problem { kind: "ApiSchema", ..problem("", "", details, None, action) };
                    found.push(problem);
                    continue;
                }
                Err(Trouble::Definition(name)) => {
                    let details = format!(
                        "API's schema does not contain definition {name}, which is associated with the content type {media}."
                    );
                    found.push(problem(&media, "MissingDefinition", details, None, action));
                    continue;
                }
                Err(Trouble::Body(error)) => {
                    let details =
                        format!("Body of the {whose} cannot be validated for the content type {media}.\n\n{error}");
                    found.push(problem("", "ValidationException", details, None, action));
                    continue;
                }
            };
            for Miss { message, line, position } in misses {
                let text = format!(
                    "Body of the {whose} does not conform to the definition {definition}, which is associated with the \
                     content type {media}.\n\n{message} Line: {line}, Position: {position}"
                );
                found.push(problem(&media, "IncorrectMessage", text.clone(), Some(text), action));
            }
        }
        Ok(found)
    }

    fn misses(&self, compiled: &Compiled, rule: &Rule, body: Option<&[u8]>) -> Result<Vec<Miss>, Trouble> {
        let text = || match body {
            Some(body) => {
                let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
                std::str::from_utf8(body).map_err(|error| Trouble::Body(error.to_string()))
            }
            None => Err(Trouble::Body("It is too large.".to_owned())),
        };
        match compiled {
            Compiled::Nothing => Ok(Vec::new()),
            Compiled::Json(schema) => schema.check(text()?).map_err(Trouble::Body),
            Compiled::Xml(schemas) => schemas.check(text()?, rule.format == Format::Soap).map_err(Trouble::Body),
            Compiled::Missing(Missing::Definition(name)) => Err(Trouble::Definition(name.clone())),
            Compiled::Missing(Missing::Schema(why)) => Err(Trouble::Schema(if why.is_empty() {
                "API's schema does not specify definitions.".to_owned()
            } else {
                format!("API's schema does not exist or it could not be resolved. ({why})")
            })),
        }
    }
}

/// Why a body could not be compared.
enum Trouble {
    Schema(String),
    Definition(String),
    Body(String),
}

impl Now for ValidateContent {
    fn run(&self, exchange: &mut Exchange, env: &Env) -> Result<Flow, Fault> {
        if exchange.section != Section::Inbound && exchange.response.is_none()
            || exchange.api.as_ref().is_some_and(|api| api.kind == ApiKind::WebSocket)
        {
            return Ok(Flow::Next);
        }
        let Some(body) = exchange.body().bytes().filter(|body| !body.is_empty()) else { return Ok(Flow::Next) };
        let schemas = env.shared.get_or_make(Schemas::default);
        let problems = self.problems(exchange, &schemas, &body)?;
        report(problems, self.variable.as_ref(), exchange)
    }
}
