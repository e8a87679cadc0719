//! The built-in echo backend: answers every request with what it received, as JSON.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::json;
use tokio::net::TcpListener;

/// Most bytes of a body that are echoed.
const MAX_BODY: usize = 16 * 1024 * 1024;

/// Serves until the listener's task is dropped.
pub(crate) async fn serve(listener: TcpListener) {
    loop {
        let Ok((stream, peer)) = listener.accept().await else { continue };
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(request, peer));
            let builder = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
            // A connection that breaks off is the client's business.
            let _ = builder.serve_connection_with_upgrades(TokioIo::new(stream), service).await;
        });
    }
}

fn list(headers: &HeaderMap) -> serde_json::Value {
    let mut map = serde_json::Map::new();
    for name in headers.keys() {
        let all: Vec<String> =
            headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).collect();
        map.insert(name.to_string(), all.join(", ").into());
    }
    map.into()
}

async fn answer(request: Request<Incoming>, peer: SocketAddr) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let (head, body) = request.into_parts();
    let mut response = Response::new(Full::default());
    let Ok(body) = Limited::new(body, MAX_BODY).collect().await else {
        *response.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
        return Ok(response);
    };
    let body = body.to_bytes();
    let wanted = head.headers.get("x-echo-status").and_then(|v| v.to_str().ok()).and_then(|v| v.parse::<u16>().ok());
    if let Some(status) = wanted.and_then(|code| StatusCode::from_u16(code).ok()).filter(|s| !s.is_informational()) {
        *response.status_mut() = status;
    }
    let text = String::from_utf8_lossy(&body);
    let echo = json!({
        "method": head.method.as_str(),
        "path": head.uri.path(),
        "query": head.uri.query().unwrap_or(""),
        "headers": list(&head.headers),
        "body": serde_json::from_str::<serde_json::Value>(&text).unwrap_or_else(|_| text.into_owned().into()),
        "peer": peer.ip().to_string(),
    });
    *response.body_mut() = Full::new(Bytes::from(format!("{echo:#}\n")));
    let headers = response.headers_mut();
    headers.insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    headers.insert("x-powered-by", http::HeaderValue::from_static("apimite-echo"));
    Ok(response)
}
