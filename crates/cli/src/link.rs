//! `apimite link`: one hop from a private endpoint to a gateway, as a process.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use apimite_link::{Access, Link, Probe, ProbeKind, Request, Settings};
use apimite_network::{Approval, ConnectionStatus, Visibility};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, put};
use axum::{Json, Router};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::args;

/// Runs until a signal ends it.
pub(crate) fn run(args: &args::Link) -> ExitCode {
    let access = match Access::ask(&request(args)) {
        Ok(access) => access,
        Err(refusal) => return fail(&format!("{}\n  help: {}", refusal.message, refusal.help)),
    };
    let settings = match settings(args) {
        Ok(settings) => settings,
        Err(text) => return fail(&text),
    };
    let approved = access.status() == ConnectionStatus::Approved;
    let hop = Arc::new(Hop { link: Link::new(settings, approved), access: Mutex::new(access) });
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let served = runtime.and_then(|runtime| runtime.block_on(serve(args, hop)));
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            fail(&format!("cannot listen: {error}\n  help: choose another address, or port 0 for a free one"))
        }
    }
}

struct Hop {
    link: Arc<Link>,
    access: Mutex<Access>,
}

async fn serve(args: &args::Link, hop: Arc<Hop>) -> std::io::Result<()> {
    let listener = TcpListener::bind(args.listen).await?;
    let address = listener.local_addr()?;
    let mut control = None;
    if let Some(wanted) = args.control {
        let listener = TcpListener::bind(wanted).await?;
        control = Some(listener.local_addr()?);
        let routes = Router::new()
            .route("/link", get(show))
            .route("/link/connection", put(decide).delete(delete))
            .with_state(hop.clone());
        tokio::spawn(async move {
            // Ends with the process.
            let _ = axum::serve(listener, routes).await;
        });
    }
    announce(args, address, control, hop.access.lock().status());
    crate::serve::until_told(hop.link.clone().serve(listener)).await;
    Ok(())
}

fn announce(args: &args::Link, address: SocketAddr, control: Option<SocketAddr>, status: ConnectionStatus) {
    if args.json {
        println!("{}", json!({ "listen": address.to_string(), "control": control.map(|at| at.to_string()) }));
        return;
    }
    let to: Vec<String> = args.to.iter().map(ToString::to_string).collect();
    println!("{address} -> {} ({})", to.join(", "), status.name());
    if let Some(control) = control {
        println!("  control  http://{control}/link");
    }
}

fn settings(args: &args::Link) -> Result<Settings, String> {
    let seconds = |value: f64, name: &str| {
        let fits = value.is_finite() && (0.01..=1e6).contains(&value);
        fits.then(|| Duration::from_secs_f64(value))
            .ok_or_else(|| format!("--{name} cannot be {value}\n  help: give 0.01 to 1000000 seconds"))
    };
    let probe = match args.probe.as_deref() {
        None => None,
        Some(kind) => Some(Probe {
            kind: match kind {
                "tcp" => ProbeKind::Tcp,
                path if path.starts_with('/') && !path.contains(char::is_whitespace) => {
                    ProbeKind::Http(path.to_owned())
                }
                other => {
                    return Err(format!(
                        "`{other}` is no probe\n  help: write tcp, or a path such as /status-0123456789abcdef"
                    ));
                }
            },
            port: args.probe_port,
            interval: seconds(args.probe_interval, "probe-interval")?,
            threshold: args.probe_threshold,
        }),
    };
    Ok(Settings {
        source: args.source,
        header: args.proxy_protocol.then_some(args.link_id),
        idle: seconds(args.idle, "idle")?,
        reset: !args.no_reset,
        probe,
        connections: args.connections.clamp(1, 65_536),
        ..Settings::new(args.to.clone())
    })
}

fn request(args: &args::Link) -> Request {
    Request {
        owner: args.owner.clone(),
        visibility: match args.visibility.as_str() {
            "role" => Visibility::RoleBased,
            "alias" => Visibility::Anyone,
            list => Visibility::Subscriptions(list.split(',').map(|one| one.trim().to_owned()).collect()),
        },
        auto_approved: args.auto_approve.clone(),
        service: "pls".to_owned(),
        endpoint: "pe".to_owned(),
        consumer: args.consumer.clone(),
        alias: args.by_alias.then(|| "pls".to_owned()),
        approval: if args.manual { Approval::Manual } else { Approval::Automatic },
        message: String::new(),
    }
}

async fn show(State(hop): State<Arc<Hop>>) -> Json<Value> {
    let counts = hop.link.counts();
    let backends: Vec<Value> = hop
        .link
        .backends()
        .iter()
        .map(|one| json!({ "address": one.address.to_string(), "up": one.is_up, "connections": one.connections }))
        .collect();
    Json(json!({
        "connection": hop.access.lock().status().name(),
        "backends": backends,
        "passed": counts.passed,
        "notApproved": counts.not_approved,
        "unavailable": counts.unavailable,
        "idle": counts.idle,
    }))
}

fn refuse(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({ "error": { "code": "Refused", "message": message } }))).into_response()
}

async fn decide(State(hop): State<Arc<Hop>>, Json(body): Json<Value>) -> Response {
    let status = body.get("status").and_then(Value::as_str).and_then(ConnectionStatus::from_name);
    let Some(status) = status else {
        return refuse(
            StatusCode::BAD_REQUEST,
            "the body is `{\"status\": \"Approved\"}` or `{\"status\": \"Rejected\"}`",
        );
    };
    let mut access = hop.access.lock();
    match access.decide(status, body.get("description").and_then(Value::as_str)) {
        Ok(()) => {
            hop.link.set_approved(access.status() == ConnectionStatus::Approved);
            Json(json!({ "message": format!("the connection is {}", access.status().name()) })).into_response()
        }
        Err(refusal) => refuse(StatusCode::CONFLICT, &format!("{} {}", refusal.message, refusal.help)),
    }
}

async fn delete(State(hop): State<Arc<Hop>>) -> Json<Value> {
    hop.access.lock().delete();
    hop.link.set_approved(false);
    Json(json!({ "message": "the connection is deleted" }))
}

fn fail(text: &str) -> ExitCode {
    eprintln!("error: {text}");
    ExitCode::FAILURE
}
