//! Rhai as a language of policy expressions: `@rhai(…)` and `@rhai{…}`, for local-only logic.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use apimite_document::{Form, Island};
use apimite_expr::{Engine, Exception, ExceptionKind, Value};
use apimite_script::{Budget, Script, ScriptFault, Scripts};

use crate::code::{CodeError, Program, Want};
use crate::context;
use crate::exchange::Exchange;
use crate::fault::Fault;
use crate::step::Needs;

/// Compiles Rhai expressions over the same context as C#. Its engine is built when the first script is met.
pub struct Rhai {
    expressions: Engine,
    scripts: OnceLock<Scripts>,
}

impl Rhai {
    /// Rhai beside C#: the library, the context and the settings are those of its engine.
    pub fn new(expressions: &Engine) -> Self {
        Self { expressions: expressions.clone(), scripts: OnceLock::new() }
    }

    /// Compiles one expression.
    ///
    /// # Errors
    /// What Rhai refuses.
    pub fn compile(&self, island: &Island<'_>, _want: Want) -> Result<Arc<dyn Program>, Vec<CodeError>> {
        let scripts = self.scripts.get_or_init(|| Scripts::new(&self.expressions, Budget::default()));
        let form = match island.form {
            Form::Expression => apimite_script::Form::Expression,
            Form::Block => apimite_script::Form::Block,
        };
        let script = scripts.compile(form, island.code).map_err(|error| {
            vec![CodeError {
                code: Cow::Borrowed("rhai::syntax"),
                message: error.message,
                help: Some(
                    "Rhai stands between the brackets, not C#: texts in \"…\" or `…`, members in snake case".to_owned(),
                ),
                span: error.span,
            }]
        })?;
        Ok(Arc::new(Compiled(script)))
    }
}

struct Compiled(Script);

fn fault(fault: &ScriptFault) -> Fault {
    Fault::expression(&fault.thrown)
}

impl Program for Compiled {
    fn value(&self, exchange: &Exchange) -> Result<Value, Fault> {
        self.0.eval(exchange).map_err(|f| fault(&f))
    }

    fn text<'e>(&'e self, exchange: &'e Exchange) -> Result<Cow<'e, str>, Fault> {
        context::to_text(&self.value(exchange)?).map(Cow::Owned)
    }

    fn boolean(&self, exchange: &Exchange) -> Result<bool, Fault> {
        match self.value(exchange)? {
            Value::Bool(value) => Ok(value),
            other => {
                let found = other.type_of().map_or_else(|| "null".to_owned(), apimite_expr::Type::csharp);
                let message = format!("The script gives `{found}` where `bool` is wanted.");
                Err(Fault::expression(&Exception::new(ExceptionKind::InvalidCast, message)))
            }
        }
    }

    fn needs(&self) -> Needs {
        let reads_body = self.0.mentions("body");
        Needs { request_body: reads_body, response_body: reads_body, code: true }
    }
}

#[cfg(test)]
mod tests {
    use apimite_clock::{Clock, Timestamp};
    use apimite_document::{Language, Text};
    use apimite_model::Decisions;
    use http::{HeaderValue, Method};

    use super::*;
    use crate::csharp::CSharp;
    use crate::exchange::Request;
    use crate::target::Target;
    use crate::url::Url;

    fn exchange() -> Exchange {
        let url = Url::parse("https://contoso.azure-api.net/orders/7?debug=1").unwrap();
        let target = Arc::new(Target::origin(&url));
        let ip = "10.1.2.3".parse().unwrap();
        let mut request = Request::new(Method::POST, url.clone(), target, url.path_and_query.clone(), ip);
        request.headers.insert("x-tier", HeaderValue::from_static("gold"));
        request.body = crate::body::BodyCell::new(crate::body::Body::text("{\"n\": 2}".to_owned()));
        let service = Arc::new(apimite_model::Service::new("contoso"));
        let mut exchange = Exchange::new(service, request, uuid::Uuid::nil(), Clock::manual(Timestamp(0)));
        exchange.variables.set(&"tier".into(), Value::from("gold"));
        exchange
    }

    fn compile(text: &str, want: Want) -> Arc<dyn Program> {
        let rhai = Rhai::new(CSharp::new(&Decisions::default(), apimite_expr::Budget::default()).engine());
        let text = Text::plain(text, apimite_diag::Span::default());
        let island = text.expression().unwrap();
        assert_eq!(island.language, Language::Rhai);
        rhai.compile(&island, want).unwrap_or_else(|errors| panic!("{errors:?}"))
    }

    fn text(code: &str) -> String {
        compile(code, Want::Text).text(&exchange()).unwrap_or_else(|fault| panic!("{code}: {fault:?}")).into_owned()
    }

    #[test]
    fn a_script_sees_the_same_context_as_csharp() {
        assert_eq!(text("@rhai(context.request.ip_address)"), "10.1.2.3");
        assert_eq!(text("@rhai(context.request.method)"), "POST");
        assert_eq!(text("@rhai(context.request.headers.get_value_or_default(\"X-Tier\", \"free\"))"), "gold");
        assert_eq!(text("@rhai(context.request.headers.get_value_or_default(\"X-None\", \"free\"))"), "free");
        assert_eq!(text("@rhai(context.request.headers[\"X-Tier\"][0])"), "gold");
        assert_eq!(text("@rhai(context.request.url.path)"), "/orders/7");
        assert_eq!(text("@rhai(context.variables[\"tier\"])"), "gold");
        assert_eq!(text("@rhai(context.variables.get_value_or_default(\"none\", 5) + 1)"), "6");
        assert_eq!(text("@rhai(context.request.body.as_json(true).n * 2)"), "4");
        assert_eq!(text("@rhai(context.request_id)"), uuid::Uuid::nil().to_string());
        assert_eq!(text("@rhai(context.subscription?.id)"), "");
        assert_eq!(text("@rhai{ let n = 0; for pair in context.request.headers { n += pair.value.len() } n }"), "1");
        assert_eq!(text("@rhai(`${context.timestamp}`)"), "01/01/1970 00:00:00");
    }

    #[test]
    fn maps_and_arrays_become_json_objects_of_the_library() {
        let value = |code: &str| compile(code, Want::Any).value(&exchange()).unwrap();
        let clr = |code: &str| value(code).type_of().unwrap().clr().to_string();
        assert_eq!(clr("@rhai(#{a: [1, ()]})"), "Newtonsoft.Json.Linq.JObject");
        assert_eq!(clr("@rhai([1, \"b\"])"), "Newtonsoft.Json.Linq.JArray");
        assert_eq!(clr("@rhai(context.request.url)"), "IUrl");
    }

    #[test]
    fn a_condition_must_give_true_or_false() {
        assert!(compile("@rhai(context.request.method == \"POST\")", Want::Bool).boolean(&exchange()).unwrap());
        assert!(compile("@rhai(1)", Want::Bool).boolean(&exchange()).is_err());
    }

    #[test]
    fn bodies_are_needed_when_the_script_names_one() {
        assert!(compile("@rhai(context.request.body.as_string())", Want::Text).needs().request_body);
        assert!(!compile("@rhai(context.request.method)", Want::Text).needs().request_body);
    }
}
