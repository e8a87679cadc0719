//! Commands to a running gateway, over its management listener.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::ExitCode;
use std::time::Duration;

use serde_json::{Value, json};

use crate::args::{ClockAction, ClockArgs, Management, PublicAccess, Switch};

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
fn call(at: SocketAddr, method: &str, path: &str, body: &Value) -> Result<Value, String> {
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
    stream.write_all(request.as_bytes()).map_err(away)?;
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
