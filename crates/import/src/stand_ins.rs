//! Scripts that answer in place of backends and of other servers.

use apimite_diag::{Diagnostic, Span};
use apimite_model::StandIn;
use apimite_script::Budget;

use crate::files::Files;
use crate::reader::Reader;
use crate::settings::Settings;

/// Below this domain are the hosts of scripted backends.
const DOMAIN: &str = "stand-in.apimite";

/// The host of a scripted backend.
fn host(id: &str) -> String {
    let mut host = String::with_capacity(id.len() + DOMAIN.len() + 1);
    for c in id.chars() {
        match c {
            'a'..='z' | '0'..='9' => host.push(c),
            'A'..='Z' => host.push(c.to_ascii_lowercase()),
            '-' => host.push('-'),
            // Two ids that differ have hosts that differ.
            other => host.push_str(&format!("-{:x}-", u32::from(other))),
        }
    }
    format!("{host}.{DOMAIN}")
}

/// The URL of a scripted backend; the path is that of the URL it had.
pub(crate) fn url(id: &str, path: &str) -> Box<str> {
    format!("http://{}{path}", host(id)).into()
}

/// The path of a URL, with its slash; empty when there is none.
pub(crate) fn path_of(url: &str) -> &str {
    let behind = url.split_once("://").map_or(url, |(_, rest)| rest);
    behind.find('/').and_then(|at| behind.get(at..)).unwrap_or("")
}

/// Reads and compiles the scripts that the settings name; `files` are those beside `apimite.toml`.
pub(crate) fn read(settings: &Settings, files: &dyn Files, reader: &mut Reader<'_>) -> Vec<StandIn> {
    let Some(source) = &settings.source else { return Vec::new() };
    let scripted = settings.backends.iter().filter_map(|(id, backend)| Some((host(id), backend.script.as_ref()?)));
    let hosts = settings.stand_ins.iter().map(|(host, script)| (host.to_string(), script));
    let mut own = Reader::new(files);
    let mut all = Vec::new();
    for (host, (path, span)) in scripted.chain(hosts) {
        if files.read(path).is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound) {
            let message = format!("there is no file `{path}`");
            let help = "paths are relative to `apimite.toml`";
            own.found.push(Diagnostic::new("stand-in::file", message).at(source, *span).help(help));
            continue;
        }
        let Some(script) = own.source(path) else { continue };
        match apimite_script::StandIn::new(script.text(), Budget::default()) {
            Ok(_) => all.push(StandIn { host: host.into(), path: path.clone(), code: script.text().into() }),
            Err(error) => {
                let span = if error.line == 0 { Span::default() } else { error.span };
                let message = format!("the stand-in `{path}` does not compile: {}", error.message);
                let refusal = Diagnostic::new("stand-in::script", message).at(&script, span);
                own.found.push(refusal.help("a stand-in is a Rhai file with `fn handle(request)`"));
            }
        }
    }
    reader.found.append(&mut own.found);
    reader.read.append(&mut own.read);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scripted_backend_has_a_host_of_its_own_and_keeps_its_path() {
        assert_eq!(
            &*url("Open AI", path_of("https://x.openai.azure.com/openai")),
            "http://open-20-ai.stand-in.apimite/openai"
        );
        assert_eq!(path_of("http://x"), "");
        assert_ne!(host("a_b"), host("a b"));
    }
}
