//! `apimite trace`: sends a request with a debug token and shows what each policy did to it.

use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::process::ExitCode;
use std::time::Duration;

use http::Uri;
use serde_json::{Value, json};

use crate::args::{Format, Trace};
use crate::control::call;

/// Runs the command.
pub(crate) fn run(args: &Trace) -> ExitCode {
    match shown(args) {
        Ok(text) => {
            println!("{}", text.trim_end());
            ExitCode::SUCCESS
        }
        Err(text) => {
            eprintln!("error: {text}");
            ExitCode::FAILURE
        }
    }
}

fn shown(args: &Trace) -> Result<String, String> {
    let get = |path: &str| call(args.at.management, "GET", path, &json!({}));
    if args.list {
        let list = get("/apimite/traces")?;
        return Ok(if args.format == Format::Json { list.to_string() } else { lines(&list) });
    }
    let id = match (&args.id, &args.method, &args.url) {
        (Some(id), ..) => id.clone(),
        (_, Some(method), Some(url)) => send(args, method, url)?,
        _ => {
            let list = get("/apimite/traces")?;
            let last = list.pointer("/0/traceId").and_then(Value::as_str);
            last.ok_or("nothing was traced yet\n  help: `apimite trace GET URL`, or start the gateway with --trace")?
                .to_owned()
        }
    };
    let trace = get(&format!("/apimite/traces/{id}"))?;
    Ok(if args.format == Format::Json { format!("{trace:#}") } else { readable(&trace) })
}

/// Sends the request; the answer names its trace.
fn send(args: &Trace, method: &str, url: &str) -> Result<String, String> {
    let token = call(args.at.management, "POST", "/apimite/traces/token", &json!({ "expiresAfter": "60s" }))?;
    let token = token.get("token").and_then(Value::as_str).ok_or("the gateway gave no debug token")?;
    let uri: Uri = url.parse().map_err(|error| format!("`{url}` is no URL: {error}"))?;
    let (Some("http"), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return Err(format!(
            "`{url}` does not begin with http:// and a host\n  help: for other requests send the header `Apim-Debug-Authorization: {token}` with any client, and then `apimite trace --last`"
        ));
    };
    let target = uri.path_and_query().map_or("/", |path| path.as_str());
    let at = (authority.host(), authority.port_u16().unwrap_or(80));
    let away = |error: std::io::Error| format!("no gateway answers at {authority}: {error}");
    let address = at.to_socket_addrs().map_err(away)?.next().ok_or_else(|| format!("{authority} has no address"))?;
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(3)).map_err(away)?;
    stream.set_read_timeout(Some(Duration::from_secs(300))).map_err(away)?;
    let mut head = format!("{method} {target} HTTP/1.1\r\nConnection: close\r\nApim-Debug-Authorization: {token}\r\n");
    if !args.header.iter().any(|line| line.to_ascii_lowercase().starts_with("host:")) {
        head += &format!("Host: {authority}\r\n");
    }
    for line in &args.header {
        if line.contains(['\r', '\n']) || !line.contains(':') {
            return Err(format!("`{line}` is no header\n  help: write it as 'Name: value'"));
        }
        head += &format!("{line}\r\n");
    }
    let body = args.data.as_deref().unwrap_or("");
    if args.data.is_some() {
        head += &format!("Content-Length: {}\r\n", body.len());
    }
    stream.write_all(format!("{head}\r\n{body}").as_bytes()).map_err(away)?;
    let mut answer = Vec::new();
    stream.take(64 << 20).read_to_end(&mut answer).map_err(away)?;
    let answer = String::from_utf8_lossy(&answer);
    let head = answer.split("\r\n\r\n").next().unwrap_or("");
    let id = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("apim-trace-id").then(|| value.trim().to_owned())
    });
    let status = head.lines().next().unwrap_or("no answer");
    id.ok_or_else(|| format!("the request was not traced; its answer was `{status}`\n  help: requests that the gateway itself refuses, before any policy, have no trace"))
}

fn lines(list: &Value) -> String {
    let mut text = String::new();
    for one in list.as_array().into_iter().flatten() {
        let field = |name: &str| one.get(name).and_then(Value::as_str).unwrap_or("-").to_owned();
        let status =
            one.get("status").and_then(Value::as_u64).map_or_else(|| "-".to_owned(), |status| status.to_string());
        text +=
            &format!("{}  {}  {} {} {}\n", field("traceId"), field("timestamp"), status, field("method"), field("url"));
    }
    if text.is_empty() { "nothing was traced yet".to_owned() } else { text }
}

fn readable(trace: &Value) -> String {
    let mut text = String::new();
    for (section, events) in trace.get("traceEntries").and_then(Value::as_object).into_iter().flatten() {
        text += &format!("{section}\n");
        for event in events.as_array().into_iter().flatten() {
            let field = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or("");
            let elapsed: f64 = field("elapsed").get(6..).and_then(|seconds| seconds.parse().ok()).unwrap_or(0.0);
            let elapsed = format!("{:8.2} ms", elapsed * 1000.0);
            let data = event.get("data").unwrap_or(&Value::Null);
            let place = match (data.get("scope").and_then(Value::as_str), data.get("path").and_then(Value::as_str)) {
                (Some(scope), Some(path)) => format!("  ({scope}: {path})"),
                _ => String::new(),
            };
            text += &format!("  {elapsed}  {}{place}\n", field("source"));
            for line in told(data) {
                text += &format!("               {line}\n");
            }
        }
    }
    text
}

/// What an event says, one line each.
fn told(data: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    let Some(fields) = data.as_object() else { return vec![plain(data)] };
    for (name, value) in fields {
        match (name.as_str(), value) {
            ("scope" | "path", _) => {}
            ("message", Value::Array(all)) => lines.extend(all.iter().map(plain)),
            ("message", one) => lines.push(plain(one)),
            ("request", request) => {
                let field = |name: &str| request.get(name).map_or_else(String::new, plain);
                lines.push(format!("{} {}", field("method"), field("url")));
                lines.extend(headers(request));
            }
            ("response", response) => {
                let field = |pointer: &str| response.pointer(pointer).map_or_else(String::new, plain);
                lines.push(format!("{} {}", field("/status/code"), field("/status/reason")));
                lines.extend(headers(response));
            }
            ("configuration", Value::Object(parts)) => {
                lines.extend(parts.iter().map(|(name, value)| format!("{name}: {}", plain(value))));
            }
            (name, value) => lines.push(format!("{name}: {}", plain(value))),
        }
    }
    lines
}

fn headers(message: &Value) -> Vec<String> {
    let list = message.get("headers").and_then(Value::as_array).into_iter().flatten();
    let field = |header: &Value, name: &str| header.get(name).map_or_else(String::new, plain);
    list.map(|header| format!("{}: {}", field(header, "name"), field(header, "value"))).collect()
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
