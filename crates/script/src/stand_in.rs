//! Stand-in backends: a Rhai file with `fn handle(request)`.
//!
//! `request` is a map: `method`, `url`, `path`, `query` and `headers` (maps of text, header names in lower case), `body` (text).
//! The answer is a map with `status`, `headers`, `body` and `delay_ms`, all optional, or a text, or a number (the status); a
//! body that is a map or an array is written as JSON. Instead of a `body` there may be `chunks`: an array of texts that are
//! sent one after the other, `chunk_delay_ms` apart. With `fault` there is no answer: `"connection"` breaks the call off,
//! `"timeout"` lets it wait in vain. `this` is a map that lives as long as the stand-in: its state.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rhai::{AST, CallFnOptions, Dynamic, Engine, EvalAltResult, Map, Scope};

use crate::Budget;
use crate::convert::{from_json, to_bytes};
use crate::engine::bare;
use crate::error::{ScriptError, ScriptFault, fault, refusal};

/// A request as a stand-in sees it.
#[derive(Clone, Debug, Default)]
pub struct StandInRequest {
    /// The method.
    pub method: String,
    /// The whole URL.
    pub url: String,
    /// Its path.
    pub path: String,
    /// Parameters of the query, decoded; of several with one name the last counts.
    pub query: Vec<(String, String)>,
    /// Headers; several of one name are joined with commas.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// What a stand-in answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StandInResponse {
    /// The status code, 100 to 599.
    pub status: u16,
    /// Headers in order of their names.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// How long to wait before answering.
    pub delay: Duration,
    /// Parts of the body that are sent one after the other, instead of `body`.
    pub chunks: Vec<Vec<u8>>,
    /// How long to wait before each part.
    pub chunk_delay: Duration,
    /// What happens instead of an answer.
    pub fault: Option<StandInFault>,
}

impl Default for StandInResponse {
    fn default() -> Self {
        Self {
            status: 200,
            headers: Vec::new(),
            body: Vec::new(),
            delay: Duration::ZERO,
            chunks: Vec::new(),
            chunk_delay: Duration::ZERO,
            fault: None,
        }
    }
}

/// What a stand-in does instead of answering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StandInFault {
    /// It breaks the connection off.
    Connection,
    /// It never answers.
    Timeout,
}

/// A scripted stand-in backend with its state.
pub struct StandIn {
    engine: Engine,
    ast: AST,
    code: Arc<str>,
    state: Mutex<Dynamic>,
}

impl StandIn {
    /// Compiles a file; its top level runs once, here.
    ///
    /// # Errors
    /// What Rhai says about it, and when there is no `fn handle(request)`.
    pub fn new(code: &str, budget: Budget) -> Result<Self, ScriptError> {
        let mut engine = bare(budget);
        engine.register_fn("from_json", |text: &str| -> Result<Dynamic, Box<EvalAltResult>> {
            serde_json::from_str(text).map(from_json).map_err(|error| error.to_string().into())
        });
        let ast = engine.compile(code).map_err(|error| refusal(code, &error))?;
        if !ast.iter_functions().any(|f| f.name == "handle" && f.params.len() == 1) {
            let message = "a stand-in needs `fn handle(request)`".to_owned();
            return Err(ScriptError { message, line: 0, column: 0, span: apimite_diag::Span::new(0, 0) });
        }
        Ok(Self { engine, ast, code: code.into(), state: Mutex::new(Dynamic::from_map(Map::new())) })
    }

    /// Answers a request. Requests are answered one after the other, so that the state is the same for the same order.
    ///
    /// # Errors
    /// What the script threw, the end of its budget, and an answer of no known form.
    pub fn handle(&self, request: &StandInRequest) -> Result<StandInResponse, ScriptFault> {
        let options = |state| CallFnOptions::new().eval_ast(false).rewind_scope(true).bind_this_ptr(state);
        let mut state = self.state.lock();
        let argument = request_map(request);
        let result = self.engine.call_fn_with_options::<Dynamic>(
            options(&mut state),
            &mut Scope::new(),
            &self.ast,
            "handle",
            (argument,),
        );
        result.and_then(|value| self.response(value)).map_err(|error| fault(&self.code, *error))
    }

    fn response(&self, value: Dynamic) -> Result<StandInResponse, Box<EvalAltResult>> {
        let mut response = StandInResponse::default();
        if let Ok(status) = value.as_int() {
            response.status = status_code(status)?;
            return Ok(response);
        }
        if !value.is_map() {
            if !value.is_unit() {
                response.body = to_bytes(value);
            }
            return Ok(response);
        }
        let mut map = value.try_cast::<Map>().unwrap_or_default();
        if let Some(status) = map.remove("status") {
            response.status = status_code(status.as_int().map_err(|found| wrong("status", "a number", found))?)?;
        }
        response.delay = millis(&mut map, "delay_ms")?;
        response.chunk_delay = millis(&mut map, "chunk_delay_ms")?;
        if let Some(chunks) = map.remove("chunks") {
            let name = chunks.type_name();
            let chunks = chunks.into_array().map_err(|_| wrong("chunks", "an array", name))?;
            response.chunks = chunks.into_iter().map(to_bytes).collect();
        }
        response.fault = match map.remove("fault").map(|fault| fault.to_string()).as_deref() {
            None => None,
            Some("connection") => Some(StandInFault::Connection),
            Some("timeout") => Some(StandInFault::Timeout),
            Some(other) => return Err(format!("`fault` cannot be `{other}`: use \"connection\" or \"timeout\"").into()),
        };
        if let Some(headers) = map.remove("headers") {
            let name = headers.type_name();
            let headers = headers.try_cast::<Map>().ok_or_else(|| wrong("headers", "a map", name))?;
            response.headers = headers.into_iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        }
        if let Some(body) = map.remove("body") {
            self.body(body, &mut response)?;
        }
        match map.keys().next() {
            Some(name) => {
                Err(format!("the answer of `handle` has no member `{name}`; there are status, headers, body, delay_ms, chunks, chunk_delay_ms, fault")
                    .into())
            }
            None => Ok(response),
        }
    }

    fn body(&self, body: Dynamic, response: &mut StandInResponse) -> Result<(), Box<EvalAltResult>> {
        if body.is_map() || body.is_array() {
            let json = json_of(body, 0)?;
            response.body = json.to_string().into_bytes();
            if !response.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
                response.headers.push(("content-type".into(), "application/json".into()));
            }
        } else if !body.is_unit() {
            response.body = to_bytes(body);
        }
        Ok(())
    }
}

/// JSON of plain Rhai data.
fn json_of(value: Dynamic, depth: usize) -> Result<serde_json::Value, Box<EvalAltResult>> {
    use serde_json::Value as Json;
    if depth > 64 {
        return Err("the body is nested too deep".into());
    }
    if value.is_unit() {
        return Ok(Json::Null);
    }
    if let Ok(b) = value.as_bool() {
        return Ok(b.into());
    }
    if let Ok(n) = value.as_int() {
        return Ok(n.into());
    }
    if let Ok(n) = value.as_float() {
        return Ok(n.into());
    }
    if value.is_array() {
        let items = value.into_array().unwrap_or_default();
        return items.into_iter().map(|item| json_of(item, depth + 1)).collect::<Result<Vec<_>, _>>().map(Json::Array);
    }
    if value.is_map() {
        let map = value.try_cast::<Map>().unwrap_or_default();
        let entries = map.into_iter().map(|(name, item)| Ok((name.to_string(), json_of(item, depth + 1)?)));
        return entries.collect::<Result<serde_json::Map<_, _>, Box<EvalAltResult>>>().map(Json::Object);
    }
    Ok(Json::String(value.to_string()))
}

fn status_code(status: rhai::INT) -> Result<u16, Box<EvalAltResult>> {
    u16::try_from(status)
        .ok()
        .filter(|status| (100..=599).contains(status))
        .ok_or_else(|| format!("`{status}` is no status code: use 100 to 599").into())
}

/// At most ten minutes.
fn millis(map: &mut Map, member: &str) -> Result<Duration, Box<EvalAltResult>> {
    let Some(value) = map.remove(member) else { return Ok(Duration::ZERO) };
    let millis = value.as_int().map_err(|found| wrong(member, "a number", found))?;
    Ok(Duration::from_millis(u64::try_from(millis).unwrap_or(0).min(600_000)))
}

fn wrong(member: &str, wanted: &str, found: &str) -> Box<EvalAltResult> {
    format!("`{member}` of the answer must be {wanted}, not `{found}`").into()
}

fn request_map(request: &StandInRequest) -> Map {
    let texts = |pairs: &[(String, String)], lower: bool| {
        let mut map = Map::new();
        for (name, value) in pairs {
            let name = if lower { name.to_ascii_lowercase() } else { name.clone() };
            match map.get_mut(name.as_str()) {
                Some(before) if lower => *before = format!("{before},{value}").into(),
                _ => {
                    map.insert(name.into(), value.clone().into());
                }
            }
        }
        map
    };
    let mut map = Map::new();
    map.insert("method".into(), request.method.clone().into());
    map.insert("url".into(), request.url.clone().into());
    map.insert("path".into(), request.path.clone().into());
    map.insert("query".into(), Dynamic::from_map(texts(&request.query, false)));
    map.insert("headers".into(), Dynamic::from_map(texts(&request.headers, true)));
    map.insert("body".into(), String::from_utf8_lossy(&request.body).into_owned().into());
    map
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(code: &str, request: &StandInRequest) -> StandInResponse {
        StandIn::new(code, Budget::default()).unwrap().handle(request).unwrap()
    }

    #[test]
    fn a_stand_in_answers_with_status_headers_and_a_body_of_json() {
        let request = StandInRequest {
            method: "POST".into(),
            path: "/orders/7".into(),
            query: vec![("a".into(), "1".into())],
            headers: vec![("X-Tier".into(), "gold".into()), ("x-tier".into(), "blue".into())],
            body: b"{\"n\": 2}".to_vec(),
            ..StandInRequest::default()
        };
        let response = answer(
            r#"
            fn handle(request) {
                let data = from_json(request.body);
                #{
                    status: 201,
                    headers: #{ "x-tier": request.headers["x-tier"] },
                    body: #{ path: request.path, n: data.n * 2, a: request.query.a, list: [1, ()] },
                    delay_ms: 20,
                }
            }"#,
            &request,
        );
        assert_eq!(response.status, 201);
        assert_eq!(response.delay, Duration::from_millis(20));
        assert_eq!(
            response.headers,
            [("x-tier".into(), "gold,blue".into()), ("content-type".into(), "application/json".into())]
        );
        let body: serde_json::Value = serde_json::from_slice(&response.body).unwrap();
        assert_eq!(body, serde_json::json!({"path": "/orders/7", "n": 4, "a": "1", "list": [1, null]}));
    }

    #[test]
    fn a_text_or_a_number_is_an_answer_too() {
        let request = StandInRequest::default();
        assert_eq!(answer("fn handle(request) { \"hello\" }", &request).body, b"hello");
        assert_eq!(answer("fn handle(r) { 503 }", &request).status, 503);
        assert_eq!(answer("fn handle(r) { }", &request).status, 200);
    }

    #[test]
    fn a_stand_in_streams_and_fails_when_told_to() {
        let request = StandInRequest::default();
        let streamed = answer("fn handle(r) { #{ chunks: [\"a\", `b`], chunk_delay_ms: 5 } }", &request);
        assert_eq!(streamed.chunks, [b"a".to_vec(), b"b".to_vec()]);
        assert_eq!(streamed.chunk_delay, Duration::from_millis(5));
        assert_eq!(answer("fn handle(r) { #{ fault: \"timeout\" } }", &request).fault, Some(StandInFault::Timeout));
    }

    #[test]
    fn this_is_the_state_between_requests() {
        let code = "fn handle(r) { if \"n\" in this { this.n += 1 } else { this.n = 1 } `call ${this.n}` }";
        let stand_in = StandIn::new(code, Budget::default()).unwrap();
        stand_in.handle(&StandInRequest::default()).unwrap();
        assert_eq!(stand_in.handle(&StandInRequest::default()).unwrap().body, b"call 2");
    }

    #[test]
    fn what_is_wrong_has_its_place() {
        let refused = |code: &str| StandIn::new(code, Budget::default()).err().unwrap();
        let error = refused("fn handle(r) {\n  let x = ;\n}");
        assert_eq!((error.line, error.column), (2, 11));
        assert!(refused("fn other() { 1 }").message.contains("fn handle(request)"));
        let fails =
            |code: &str| StandIn::new(code, Budget::default()).unwrap().handle(&StandInRequest::default()).unwrap_err();
        assert!(fails("fn handle(r) {\n  r.body.nothing()\n}").thrown.message.contains("(line 2, column 10)"));
        assert!(fails("fn handle(r) { #{ status: 9 } }").thrown.message.contains("no status code"));
        assert!(fails("fn handle(r) { #{ stauts: 200 } }").thrown.message.contains("stauts"));
        assert!(fails("fn handle(r) { #{ fault: \"war\" } }").thrown.message.contains("`war`"));
        assert!(fails("fn handle(r) { #{ chunks: 1 } }").thrown.message.contains("an array"));
        assert!(fails("fn handle(r) { loop { } }").thrown.message.contains("budget"));
        assert!(fails("fn handle(r) { handle(r) }").thrown.message.contains("budget"));
        assert!(fails("fn handle(r) { sleep(10000) }").thrown.message.contains("cannot sleep"));
    }
}
