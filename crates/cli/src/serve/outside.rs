//! The outside of the gateway: sinks, stand-ins, identities.

use std::collections::HashMap;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc;

use apimite_diag::Diagnostics;
use apimite_gateway::StandIns;
use apimite_import::Settings;
use apimite_policies::token_issuer::{SharedIssuer, TokenIssuer, TokenSource};
use apimite_policy::env::Shared;
use apimite_policy::sinks::{Endpoint, Kind, Sinks, Writer};
use apimite_script::{StandInRequest, StandInResponse};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::refusal;

/// The name under which `[stand_ins]` answers for managed identities.
const IDENTITY: &str = "managed-identity";

/// What the gateway and the management listener share about the outside.
pub(super) struct Outside {
    pub(super) shared: Shared,
    pub(super) stand_ins: Arc<StandIns>,
}

/// Wires sinks and stand-ins as the settings say; `folder` is where paths of the settings begin.
pub(super) fn wire(settings: &Settings, folder: &Path) -> Result<Outside, Diagnostics> {
    let stand_ins = Arc::new(StandIns::new(|text| eprintln!("{text}")));
    let writer = settings.sinks.file.as_deref().map(|file| writer(&folder.join(file))).transpose()?;
    let endpoints: HashMap<Box<str>, Endpoint> = settings
        .sinks
        .post
        .iter()
        .filter_map(|(to, text)| Some((to.clone(), Endpoint::parse(text.reveal())?)))
        .collect();
    let asked = Arc::clone(&stand_ins);
    let tokens = TokenSource::new(Box::new(move |resource, client| token(&asked, resource, client)));
    let shared = Shared::default().with(Arc::new(Sinks::new(writer, endpoints))).with(Arc::new(tokens));
    Ok(Outside { shared, stand_ins })
}

/// Lines go to a thread that writes them: nobody who serves requests waits for a disk.
fn writer(path: &Path) -> Result<Writer, Diagnostics> {
    let failed = |error: std::io::Error| {
        let text = format!("`{}` cannot be written: {error}", path.display());
        refusal("sinks::file", text, "correct `file` in the section `[sinks]` of apimite.toml")
    };
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path).map_err(failed)?;
    let (sender, lines) = mpsc::sync_channel::<String>(4096);
    let thread = std::thread::Builder::new().name("sinks".into()).spawn(move || {
        while let Ok(line) = lines.recv() {
            // A full disk loses lines, not requests.
            let _ = writeln!(file, "{line}");
        }
    });
    thread.map_err(failed)?;
    Ok(Box::new(move |line| drop(sender.try_send(line))))
}

/// A token from the stand-in for managed identities; `None` when there is none.
fn token(stand_ins: &StandIns, resource: &str, client: &str) -> Option<Result<String, String>> {
    let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let request = StandInRequest {
        method: "GET".to_owned(),
        url: format!("http://{IDENTITY}/?resource={}&client_id={}", encode(resource), encode(client)),
        path: "/".to_owned(),
        query: vec![("resource".to_owned(), resource.to_owned()), ("client_id".to_owned(), client.to_owned())],
        ..StandInRequest::default()
    };
    Some(stand_ins.ask(IDENTITY, &request)?.and_then(|answer| read_token(&answer)))
}

/// `access_token` of a JSON object, or the whole text.
fn read_token(answer: &StandInResponse) -> Result<String, String> {
    if answer.fault.is_some() || !(200..300).contains(&answer.status) {
        return Err(format!("The stand-in for managed identities answered {}.", answer.status));
    }
    let json: Option<Value> = serde_json::from_slice(&answer.body).ok();
    let token = json.as_ref().and_then(|json| json.get("access_token")).and_then(Value::as_str).map(str::to_owned);
    Ok(token.unwrap_or_else(|| String::from_utf8_lossy(&answer.body).trim().to_owned()))
}

fn kinds(name: Option<&str>) -> Result<Vec<Kind>, String> {
    match name {
        None => Ok(Kind::ALL.to_vec()),
        Some(name) => Kind::from_name(name).map(|kind| vec![kind]).ok_or_else(|| {
            let names: Vec<String> = Kind::ALL.iter().map(|kind| format!("`{}`", kind.name())).collect();
            format!("`{name}` is no kind of sink; these are: {}", names.join(", "))
        }),
    }
}

impl apimite_management::outside::Outside for Outside {
    fn delivered(&self, kind: Option<&str>) -> Result<Vec<Value>, String> {
        let sinks = self.shared.get_or_make(Sinks::default);
        Ok(kinds(kind)?.into_iter().flat_map(|kind| sinks.items(kind)).map(|item| item.json()).collect())
    }

    fn forget_delivered(&self, kind: Option<&str>) -> Result<usize, String> {
        let sinks = self.shared.get_or_make(Sinks::default);
        Ok(kinds(kind)?.into_iter().map(|kind| sinks.clear(kind)).sum())
    }

    fn keys(&self) -> Value {
        SharedIssuer::of(&self.shared).get().map_or_else(|_| json!({ "keys": [] }), TokenIssuer::key_set)
    }

    fn configuration(&self, keys_url: &str) -> Value {
        TokenIssuer::configuration(keys_url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_from_json_or_text_and_a_failure_is_told() {
        let answer = |status, body: &str| StandInResponse { status, body: body.into(), ..StandInResponse::default() };
        assert_eq!(read_token(&answer(200, r#"{"access_token":"abc"}"#)), Ok("abc".to_owned()));
        assert_eq!(read_token(&answer(200, " abc\n")), Ok("abc".to_owned()));
        assert!(read_token(&answer(503, "")).is_err_and(|text| text.contains("503")));
    }
}
