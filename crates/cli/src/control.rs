//! Commands to a running gateway, over its management listener.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::ExitCode;
use std::time::Duration;

use apimite_network::proxy::Header;
use serde_json::{Value, json};

use crate::args::{
    ClockAction, ClockArgs, Connection, ConnectionAction, CountersAction, CountersArgs, Health, Management,
    PublicAccess, Switch,
};

/// `apimite public-access on|off`
pub(crate) fn public_access(args: &PublicAccess) -> ExitCode {
    let body = json!({ "enabled": args.switch == Switch::On });
    finish(call(args.at.management, "PUT", "/apimite/public-access", &body))
}

/// `apimite clock …`
pub(crate) fn clock(args: &ClockArgs) -> ExitCode {
    let body = match &args.action {
        ClockAction::Advance { by } => json!({ "advance": by }),
        ClockAction::Freeze => json!({ "freeze": true }),
        ClockAction::Resume => json!({ "resume": true }),
        ClockAction::Show => json!({}),
    };
    finish(call(args.at.management, "POST", "/apimite/clock", &body))
}

/// `apimite reload`
pub(crate) fn reload(args: &Management) -> ExitCode {
    finish(call(args.management, "POST", "/apimite/reload", &json!({})))
}

/// `apimite health`: the probe that the platform asks as well.
pub(crate) fn health(args: &Health) -> ExitCode {
    let before = if args.proxy_protocol { Header::probe(None).write() } else { Vec::new() };
    match call_behind(&before, args.http, "GET", "/status-0123456789abcdef", &json!({})) {
        Ok(_) => {
            println!("the gateway at {} serves", args.http);
            ExitCode::SUCCESS
        }
        Err(text) => finish(Err(text.replace("--management", "--http"))),
    }
}

/// `apimite counters …`
pub(crate) fn counters(args: &CountersArgs) -> ExitCode {
    let mut body = json!({});
    let filters = [
        ("policy", &args.policy),
        ("key", &args.key),
        ("contains", &args.contains),
        ("scope", &args.scope),
        ("node", &args.node),
    ];
    for (name, value) in filters {
        if let Some(value) = value {
            body[name] = value.as_str().into();
        }
    }
    match &args.action {
        CountersAction::List => match call(args.at.management, "POST", "/apimite/counters", &body) {
            Ok(answer) => {
                println!("{:<20} {:>10} {:>12}  {:<24} key", "policy", "used", "bytes", "scope");
                for one in answer.get("counters").and_then(Value::as_array).into_iter().flatten() {
                    let text = |key: &str| one.get(key).and_then(Value::as_str).unwrap_or("");
                    let number = |key: &str| one.get(key).and_then(Value::as_u64).unwrap_or(0);
                    let (used, bytes) = (number("used"), number("bytes"));
                    println!("{:<20} {used:>10} {bytes:>12}  {:<24} {}", text("policy"), text("scope"), text("key"));
                }
                ExitCode::SUCCESS
            }
            failed => finish(failed),
        },
        CountersAction::Show => match call(args.at.management, "POST", "/apimite/counters", &body) {
            Ok(answer) => {
                for one in answer.get("counters").and_then(Value::as_array).into_iter().flatten() {
                    show(one);
                }
                ExitCode::SUCCESS
            }
            failed => finish(failed),
        },
        CountersAction::Set { calls: None, bytes: None } => {
            finish(Err("nothing to set\n  help: give --calls or --bytes, or use `apimite counters reset`".to_owned()))
        }
        CountersAction::Set { calls, bytes } => {
            body["calls"] = json!(calls);
            body["bytes"] = json!(bytes);
            finish(call(args.at.management, "PUT", "/apimite/counters", &body))
        }
        CountersAction::Reset => finish(call(args.at.management, "PUT", "/apimite/counters", &body)),
    }
}

/// One counter, a line for each thing that is known of it.
fn show(counter: &Value) {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    for (name, label) in [
        ("policy", "policy"),
        ("scope", "scope"),
        ("key", "key"),
        ("used", "used"),
        ("bytes", "bytes"),
        ("windowMilliseconds", "window, ms"),
        ("periodStart", "period starts, s since 1970"),
        ("periodEnd", "period ends, s since 1970"),
    ] {
        if let Some(value) = counter.get(name).filter(|value| !value.is_null()) {
            println!("{label:<28} {}", text(value));
        }
    }
    for node in counter.get("nodes").and_then(Value::as_array).into_iter().flatten() {
        let field = |name: &str| node.get(name).map(text).unwrap_or_default();
        println!("{:<28} {} calls, {} bytes", format!("by gateway {}", field("node")), field("calls"), field("bytes"));
    }
    println!();
}

/// `apimite connection …`
pub(crate) fn connection(args: &Connection) -> ExitCode {
    let decide = |name: &str, status: &str, description: &Option<String>| {
        let mut body = json!({ "status": status });
        if let Some(description) = description {
            body["description"] = description.as_str().into();
        }
        finish(call(args.at.management, "PUT", &format!("/apimite/connections/{name}"), &body))
    };
    match &args.action {
        ConnectionAction::List => match call(args.at.management, "GET", "/apimite/network", &json!({})) {
            Ok(answer) => {
                println!("{answer:#}");
                ExitCode::SUCCESS
            }
            failed => finish(failed),
        },
        ConnectionAction::Approve { name, description } => decide(name, "Approved", description),
        ConnectionAction::Reject { name, description } => decide(name, "Rejected", description),
        ConnectionAction::Delete { name } => {
            finish(call(args.at.management, "DELETE", &format!("/apimite/connections/{name}"), &json!({})))
        }
    }
}

fn finish(outcome: Result<Value, String>) -> ExitCode {
    match outcome {
        Ok(answer) => {
            println!("{}", answer.get("message").and_then(Value::as_str).unwrap_or("done"));
            ExitCode::SUCCESS
        }
        Err(text) => {
            eprintln!("error: {text}");
            ExitCode::FAILURE
        }
    }
}

/// One small request; the management listener answers with JSON.
pub(crate) fn call(at: SocketAddr, method: &str, path: &str, body: &Value) -> Result<Value, String> {
    call_behind(&[], at, method, path, body)
}

/// The same behind the bytes of a PROXY v2 header.
fn call_behind(before: &[u8], at: SocketAddr, method: &str, path: &str, body: &Value) -> Result<Value, String> {
    let away = |error: std::io::Error| {
        format!(
            "no gateway answers at {at}: {error}\n  help: start one with `apimite serve`, or name its address with --management"
        )
    };
    let mut stream = TcpStream::connect_timeout(&at, Duration::from_secs(3)).map_err(away)?;
    let limit = Some(Duration::from_secs(30));
    stream.set_read_timeout(limit).and_then(|()| stream.set_write_timeout(limit)).map_err(away)?;
    let body = body.to_string();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {at}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(&[before, request.as_bytes()].concat()).map_err(away)?;
    let mut answer = String::new();
    stream.take(1 << 20).read_to_string(&mut answer).map_err(away)?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("the management listener gave no answer")?;
    let ok = head.split(' ').nth(1).is_some_and(|status| status.starts_with('2'));
    let json: Value = serde_json::from_str(body).unwrap_or(Value::Null);
    if ok {
        return Ok(json);
    }
    let text = json.pointer("/error/message").or(json.get("message")).and_then(Value::as_str);
    Err(text.map_or_else(|| format!("refused: {}", head.lines().next().unwrap_or("")), str::to_owned))
}
