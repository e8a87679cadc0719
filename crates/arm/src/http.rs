//! The wire: HTTPS connections, one router for every path.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State as Extract;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use http_body_util::{BodyExt, Limited};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

use crate::arm::Arm;
use crate::error::ArmError;
use crate::path::Path;
use crate::request::{Answer, MOST_BODY_BYTES, Request};

/// Connections at a time.
const MOST_CONNECTIONS: usize = 128;
/// For a TLS handshake, and for the head of a request.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// For a whole body.
const BODY: Duration = Duration::from_secs(60);

/// The router: every path goes to [`Arm::handle`].
pub fn router(arm: Arc<Arm>) -> Router {
    Router::new().fallback(answer).with_state(arm)
}

/// Serves HTTPS until the task is dropped; also ends long operations when their time has come.
pub async fn serve(listener: TcpListener, tls: Arc<ServerConfig>, arm: Arc<Arm>) {
    let acceptor = TlsAcceptor::from(tls);
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let routes = router(arm.clone());
    let settling = settle(arm);
    tokio::pin!(settling);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut settling => return,
        };
        let Ok((stream, _)) = accepted else {
            // Out of descriptors: others must end first.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let Ok(place) = places.clone().try_acquire_owned() else { continue };
        let (acceptor, routes) = (acceptor.clone(), routes.clone());
        tokio::spawn(async move {
            let _place = place;
            let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await else { return };
            let mut builder = auto::Builder::new(TokioExecutor::new());
            builder.http1().timer(TokioTimer::new()).header_read_timeout(HANDSHAKE).max_buf_size(64 * 1024);
            builder.http2().timer(TokioTimer::new()).max_concurrent_streams(32);
            // A connection that breaks is its client's business.
            let _ = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(routes)).await;
        });
    }
}

/// Ends long operations when their time has come.
async fn settle(arm: Arc<Arm>) {
    const LOOK: Duration = Duration::from_secs(1);
    loop {
        // The clock may be moved at any time, so it is looked at every second; nothing is due when nothing was begun.
        tokio::time::sleep(LOOK).await;
        if arm.next_end().is_some_and(|end| end <= arm.clock().now()) {
            let arm = arm.clone();
            let _ = tokio::task::spawn_blocking(move || arm.settle()).await;
        }
    }
}

async fn answer(Extract(arm): Extract<Arc<Arm>>, request: axum::extract::Request) -> Response {
    let (parts, body) = request.into_parts();
    let text = |name: &str| header_text(&parts.headers, name);
    let client = text("x-ms-client-request-id");
    let host = text("host").or_else(|| parts.uri.authority().map(ToString::to_string));
    let host = host
        .filter(|host| host.len() < 300 && host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:[]".contains(&b)));
    let parsed = Path::parse(parts.uri.path());
    let outcome = match parsed {
        Err(error) => Answer::from(error),
        Ok(path) => match tokio::time::timeout(BODY, Limited::new(body, MOST_BODY_BYTES).collect()).await {
            Ok(Ok(body)) => {
                let request = Request {
                    method: parts.method.as_str().to_owned(),
                    path,
                    query: query(parts.uri.query().unwrap_or_default()),
                    base: format!("https://{}", host.as_deref().unwrap_or("localhost")),
                    authorization: text("authorization"),
                    if_match: text("if-match"),
                    if_none_match: text("if-none-match"),
                    body: body.to_bytes().to_vec(),
                };
                let arm = arm.clone();
                let handled = tokio::task::spawn_blocking(move || arm.handle(&request)).await;
                handled.unwrap_or_else(|_| {
                    Answer::from(ArmError::new(500, "InternalServerError", "The request could not be handled."))
                })
            }
            _ => {
                let text =
                    format!("The request content is longer than {MOST_BODY_BYTES} bytes, or took too long to arrive.");
                Answer::from(ArmError::new(413, "RequestContentTooLarge", text))
            }
        },
    };
    response(&arm, outcome, client)
}

fn header_text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

fn query(text: &str) -> Vec<(String, String)> {
    let decoded = |text: &str| {
        let text = text.replace('+', " ");
        percent_encoding::percent_decode_str(&text).decode_utf8_lossy().into_owned()
    };
    let pairs = text.split('&').filter(|pair| !pair.is_empty()).take(64);
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(key, value)| (decoded(key), decoded(value)))
        .collect()
}

fn response(arm: &Arm, answer: Answer, client: Option<String>) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut builder = Response::builder().status(status).header(header::CACHE_CONTROL, "no-cache");
    // Ids that support would ask for: the client's own, so that its log and ours tell of the same request.
    let id = client.filter(|id| id.len() <= 64 && id.bytes().all(|b| b.is_ascii_graphic()));
    let id = id.unwrap_or_else(|| arm.authority.uuid(&format!("request {}", arm.state().serial)));
    builder = builder.header("x-ms-request-id", &id).header("x-ms-correlation-request-id", &id);
    for (name, value) in &answer.headers {
        builder = builder.header(*name, value);
    }
    let body = match &answer.body {
        Some(body) => {
            builder = builder.header(header::CONTENT_TYPE, "application/json; charset=utf-8");
            Body::from(body.to_string())
        }
        None => Body::empty(),
    };
    builder.body(body).unwrap_or_else(|_| Response::new(Body::empty()))
}
