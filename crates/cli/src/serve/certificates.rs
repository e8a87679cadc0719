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

/// The gateway's certificates, to be issued again when its names change.
pub(super) struct Issuer {
    /// File of the local authority.
    pub(super) ca_file: PathBuf,
    /// The certificates in force.
    pub(super) certificates: Arc<Certificates>,
    /// Folder of the local authority, and of other state.
    pub(super) folder: PathBuf,
    configured: Vec<HostCertificate>,
    names: Vec<String>,
    clock: Clock,
}

impl Issuer {
    /// Issues a certificate for these names besides those that are configured, from the next handshake on.
    pub(super) fn also_for(&self, more: &[String]) {
        let names: Vec<String> = self.names.iter().chain(more).cloned().collect();
        // An authority that cannot be read any more leaves the certificate as it is.
        if let Ok(ca) = LocalCa::open(&self.folder, &names, self.clock.now()) {
            let mut list = self.configured.clone();
            list.push(ca.certificate);
            self.certificates.replace(list);
        }
    }
}

/// Puts certificates into the options.
pub(super) fn certificates(
    settings: &Settings,
    names: &[String],
    clock: &Clock,
    options: &mut Options,
) -> Result<Issuer, Diagnostics> {
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
    let configured = list.clone();
    list.push(ca.certificate);
    let certificates = Arc::new(Certificates::new(list));
    options.certificates = Some(certificates.clone());
    if settings.tls.client_certificates == settings::ClientCertificates::Asked {
        options.client_certificates = ClientCertificates::Asked;
    }
    Ok(Issuer { ca_file: ca.ca_file, certificates, folder, configured, names: names.to_vec(), clock: clock.clone() })
}
