//! Certificates of the gateway: configured ones by name, else one of a local authority.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use apimite_clock::Clock;
use apimite_diag::Diagnostics;
use apimite_gateway::Options;
use apimite_gateway::tls::{Certificates, ClientCertificates, HostCertificate, LocalCa};
use apimite_import::Settings;
use apimite_import::settings;

use super::refusal;

/// Puts certificates into the options; gives back the file of the local authority.
pub(super) fn certificates(
    settings: &Settings,
    names: &[String],
    clock: &Clock,
    options: &mut Options,
) -> Result<PathBuf, Diagnostics> {
    let help = "name PEM files that exist and belong together";
    let mut list = Vec::new();
    for one in &settings.tls.certificates {
        let read = |path: &str| {
            std::fs::read_to_string(path)
                .map_err(|error| refusal("tls::file", format!("`{path}` cannot be read: {error}"), help))
        };
        let (certificate, key) = (read(&one.certificate)?, read(&one.key)?);
        let host = HostCertificate::from_pem(one.hosts.clone(), &certificate, &key)
            .map_err(|error| refusal("tls::certificate", format!("`{}`: {error}", one.certificate), help))?;
        list.push(host);
    }
    let folder = settings.tls.state_folder.as_deref().map_or_else(|| PathBuf::from(".apimite"), PathBuf::from);
    let ca = LocalCa::open(Path::new(&folder), names, clock.now()).map_err(|error| {
        refusal("tls::ca", error.to_string(), "make the state folder writable, or name another with `tls.state_folder`")
    })?;
    list.push(ca.certificate);
    options.certificates = Some(Arc::new(Certificates::new(list)));
    if settings.tls.client_certificates == settings::ClientCertificates::Asked {
        options.client_certificates = ClientCertificates::Asked;
    }
    Ok(ca.ca_file)
}
