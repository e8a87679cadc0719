//! The gateway's certificates by host name.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

/// A certificate chain with its key, and the names it is used for.
#[derive(Clone, Debug)]
pub struct HostCertificate {
    names: Vec<Box<str>>,
    key: Arc<CertifiedKey>,
}

/// Why a certificate cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the certificate cannot be used: {0}")]
pub struct NotACertificate(String);

impl HostCertificate {
    /// From DER: the chain, leaf first, and a PKCS#8, SEC1 or PKCS#1 key. Used for these names (`*.contoso.com` for one
    /// label); without names, for those in the certificate.
    ///
    /// # Errors
    /// [`NotACertificate`] when chain and key do not belong together or cannot be read.
    pub fn new(
        names: Vec<Box<str>>,
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<Self, NotACertificate> {
        let refuse = |error: &dyn std::fmt::Display| NotACertificate(error.to_string());
        let leaf = chain.first().ok_or_else(|| refuse(&"it has no certificate"))?;
        let names = if names.is_empty() { names_in(leaf)? } else { names };
        let key = CertifiedKey::from_der(chain, key, &super::provider()).map_err(|error| refuse(&error))?;
        Ok(Self { names: names.iter().map(|name| name.to_ascii_lowercase().into()).collect(), key: Arc::new(key) })
    }

    /// From PEM: certificates in one text, the key in the other (or the same).
    ///
    /// # Errors
    /// [`NotACertificate`]
    pub fn from_pem(names: Vec<Box<str>>, certificates: &str, key: &str) -> Result<Self, NotACertificate> {
        let refuse = |error: &dyn std::fmt::Display| NotACertificate(error.to_string());
        let chain = CertificateDer::pem_slice_iter(certificates.as_bytes())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| refuse(&error))?;
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(|error| refuse(&error))?;
        Self::new(names, chain, key)
    }

    /// The names it is used for.
    pub fn names(&self) -> &[Box<str>] {
        &self.names
    }
}

/// DNS names in a certificate.
fn names_in(leaf: &CertificateDer<'_>) -> Result<Vec<Box<str>>, NotACertificate> {
    let (_, parsed) = x509_parser::parse_x509_certificate(leaf).map_err(|error| NotACertificate(error.to_string()))?;
    let mut names = Vec::new();
    if let Ok(Some(alternative)) = parsed.subject_alternative_name() {
        for name in &alternative.value.general_names {
            if let x509_parser::extensions::GeneralName::DNSName(name) = name {
                names.push((*name).into());
            }
        }
    }
    Ok(names)
}

#[derive(Debug, Default)]
struct Table {
    by_name: HashMap<Box<str>, Arc<CertifiedKey>>,
    /// Suffixes of wildcards, without `*`: `.contoso.com`.
    by_suffix: HashMap<Box<str>, Arc<CertifiedKey>>,
    default: Option<Arc<CertifiedKey>>,
}

/// The certificates in force; exchanged while connections are served.
#[derive(Debug)]
pub struct Certificates(ArcSwap<Table>);

impl Certificates {
    /// These certificates; the first is used where no name fits.
    pub fn new(certificates: Vec<HostCertificate>) -> Self {
        Self(ArcSwap::from_pointee(table(certificates)))
    }

    /// Uses these from the next handshake on.
    pub fn replace(&self, certificates: Vec<HostCertificate>) {
        self.0.store(Arc::new(table(certificates)));
    }

    fn find(&self, name: Option<&str>) -> Option<Arc<CertifiedKey>> {
        let table = self.0.load();
        if let Some(name) = name {
            let lower = name.to_ascii_lowercase();
            if let Some(key) = table.by_name.get(lower.as_str()) {
                return Some(key.clone());
            }
            if let Some(key) = lower.find('.').and_then(|dot| table.by_suffix.get(lower.get(dot..)?)) {
                return Some(key.clone());
            }
        }
        table.default.clone()
    }
}

fn table(certificates: Vec<HostCertificate>) -> Table {
    let mut table = Table { default: certificates.first().map(|first| first.key.clone()), ..Table::default() };
    for certificate in certificates {
        for name in certificate.names {
            match name.strip_prefix('*') {
                Some(suffix) => table.by_suffix.entry(suffix.into()).or_insert_with(|| certificate.key.clone()),
                None => table.by_name.entry(name).or_insert_with(|| certificate.key.clone()),
            };
        }
    }
    table
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.find(hello.server_name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate(names: &[&str]) -> HostCertificate {
        let made = rcgen::generate_simple_self_signed(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())
            .unwrap();
        HostCertificate::from_pem(Vec::new(), &made.cert.pem(), &made.signing_key.serialize_pem()).unwrap()
    }

    #[test]
    fn the_name_decides_then_the_wildcard_then_the_first() {
        let (first, exact, wild) = (certificate(&["first"]), certificate(&["a.test"]), certificate(&["*.test"]));
        let keys = [first.key.clone(), exact.key.clone(), wild.key.clone()];
        let store = Certificates::new(vec![first, exact, wild]);
        let index = |name: Option<&str>| {
            let found = store.find(name).unwrap();
            keys.iter().position(|key| Arc::ptr_eq(key, &found)).unwrap()
        };
        assert_eq!([index(Some("A.test")), index(Some("b.test")), index(Some("c.b.test")), index(None)], [1, 2, 0, 0]);
    }

    #[test]
    fn a_key_of_another_certificate_is_refused() {
        let one = rcgen::generate_simple_self_signed(vec!["a".to_owned()]).unwrap();
        let two = rcgen::generate_simple_self_signed(vec!["b".to_owned()]).unwrap();
        assert!(HostCertificate::from_pem(Vec::new(), &one.cert.pem(), &two.signing_key.serialize_pem()).is_err());
    }
}
