//! Named values in backend entities.

use std::sync::Arc;

use apimite_diag::{Diagnostic, Diagnostics};
use apimite_model::{Backend, BackendKind, Secret, Service};

/// The service with each `{{name}}` in URLs and credentials of backends replaced.
///
/// Source: backend contract: header, query and authorization values may refer to named values.
pub(super) fn with_named_values(mut service: Arc<Service>, diagnostics: &mut Diagnostics) -> Arc<Service> {
    let changed: Vec<(Box<str>, Arc<Backend>)> = service
        .backends
        .iter()
        .filter(|(_, backend)| refers(backend))
        .map(|(id, backend)| {
            let mut backend = Backend::clone(backend);
            replace_all(&mut backend, &service, diagnostics);
            (id.clone(), Arc::new(backend))
        })
        .collect();
    if !changed.is_empty() {
        let whole = Arc::make_mut(&mut service);
        for (id, backend) in changed {
            whole.backends.insert(id, backend);
        }
    }
    service
}

fn has(text: &str) -> bool {
    text.contains("{{")
}

fn refers(backend: &Backend) -> bool {
    let credentials = &backend.credentials;
    let values = credentials.headers.iter().chain(&credentials.query).flat_map(|(_, values)| values);
    let proxy = backend.proxy.iter().any(|proxy| {
        has(&proxy.url)
            || proxy.username.as_deref().is_some_and(has)
            || proxy.password.as_ref().is_some_and(|password| has(password.reveal()))
    });
    matches!(&backend.kind, BackendKind::Single { url } if has(url))
        || proxy
        || values
            .chain(credentials.authorization.iter().map(|(_, parameter)| parameter))
            .any(|value| has(value.reveal()))
}

fn replace_all(backend: &mut Backend, service: &Service, diagnostics: &mut Diagnostics) {
    let id = backend.id.clone();
    let mut replaced = |text: &str| replace(text, &id, service, diagnostics);
    if let BackendKind::Single { url } = &mut backend.kind {
        *url = replaced(url).into();
    }
    if let Some(proxy) = &mut backend.proxy {
        proxy.url = replaced(&proxy.url).into();
        proxy.username = proxy.username.as_deref().map(|name| replaced(name).into());
        proxy.password = proxy.password.as_ref().map(|password| Secret::new(replaced(password.reveal())));
    }
    let credentials = &mut backend.credentials;
    for (_, values) in credentials.headers.iter_mut().chain(&mut credentials.query) {
        for value in values {
            *value = Secret::new(replaced(value.reveal()));
        }
    }
    if let Some((_, parameter)) = &mut credentials.authorization {
        *parameter = Secret::new(replaced(parameter.reveal()));
    }
}

/// The text with its references replaced; what is put in is not looked at again.
fn replace(text: &str, backend: &str, service: &Service, diagnostics: &mut Diagnostics) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((name, behind)) = after.split_once("}}") else { break };
        out.push_str(before);
        match service.named_values.get(name.trim()).map(|found| found.value.as_ref()) {
            Some(Some(value)) => out.push_str(value.reveal()),
            // As in documents: the importer has warned, the name stands in.
            Some(None) => out.push_str(name.trim()),
            None => {
                let message =
                    format!("the backend `{backend}` refers to the named value `{name}`, which does not exist");
                let help = "add it, or correct the reference";
                diagnostics.push(Diagnostic::new("backend::named-value", message).help(help));
            }
        }
        rest = behind;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use apimite_model::NamedValue;

    use super::*;

    fn service(header: &str, value: Option<&str>) -> Arc<Service> {
        let mut service = Service::new("s");
        let mut backend = Backend::single("b", "https://{{host}}/x");
        backend.credentials.headers.push(("X-Key".into(), vec![Secret::new(header)]));
        service.backends.insert("b".into(), Arc::new(backend));
        for (name, value) in [("host", Some("h.example")), ("key", value)] {
            let value = value.map(Secret::new);
            let named = NamedValue { id: name.into(), name: name.into(), value, secret: true, source: None };
            service.named_values.insert(name.into(), named);
        }
        Arc::new(service)
    }

    #[test]
    fn references_in_url_and_credentials_are_replaced_once() {
        let mut diagnostics = Diagnostics::new();
        let service = with_named_values(service("a {{ key }} {{", Some("{{host}}")), &mut diagnostics);
        assert!(diagnostics.0.is_empty(), "{diagnostics:?}");
        let backend = &service.backends["b"];
        assert!(matches!(&backend.kind, BackendKind::Single { url } if &**url == "https://h.example/x"));
        assert_eq!(backend.credentials.headers[0].1[0].reveal(), "a {{host}} {{");
    }

    #[test]
    fn unknown_names_are_refused_and_the_name_stands_in_for_a_missing_value() {
        let mut diagnostics = Diagnostics::new();
        with_named_values(service("{{gone}}", None), &mut diagnostics);
        let message = "the backend `b` refers to the named value `gone`, which does not exist";
        assert_eq!(diagnostics.0[0].message, message);
        let mut diagnostics = Diagnostics::new();
        let service = with_named_values(service("{{key}}", None), &mut diagnostics);
        assert!(diagnostics.0.is_empty());
        assert_eq!(service.backends["b"].credentials.headers[0].1[0].reveal(), "key");
    }
}
