//! A certificate authority of this machine's own, made once in the state folder, for gateways without certificates.

use std::io;
use std::path::{Path, PathBuf};

use apimite_clock::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use time::{Duration, OffsetDateTime};

use super::store::HostCertificate;

const CA_DAYS: i64 = 3650;
/// Browsers refuse certificates that are valid for longer.
const LEAF_DAYS: i64 = 397;
const RENEW_DAYS: i64 = 30;

/// Why the local certificate authority cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LocalCaError {
    /// A file cannot be read or written.
    #[error("`{}`: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// A file does not hold what it should.
    #[error("`{}` cannot be used: {reason}; delete it to have a new one made", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A certificate cannot be made.
    #[error("no certificate can be made: {0}")]
    Make(String),
}

/// The local authority and the certificate it issued for the gateway.
#[derive(Clone, Debug)]
pub struct LocalCa {
    /// File of the authority's certificate: what `curl --cacert` takes.
    pub ca_file: PathBuf,
    /// The authority's certificate, PEM.
    pub ca_pem: String,
    /// The gateway's certificate.
    pub certificate: HostCertificate,
}

impl LocalCa {
    /// Opens the authority in `folder`, or makes it; issues a certificate for these names (host names or addresses)
    /// unless the one there still fits. Keys are readable by the owner alone.
    ///
    /// # Errors
    /// [`LocalCaError`]
    pub fn open(folder: &Path, names: &[String], now: Timestamp) -> Result<Self, LocalCaError> {
        std::fs::create_dir_all(folder).map_err(|error| LocalCaError::File { path: folder.to_owned(), error })?;
        let now = OffsetDateTime::from_unix_timestamp(now.unix_seconds())
            .map_err(|error| LocalCaError::Make(error.to_string()))?;
        let (ca_file, key_file) = (folder.join("ca.pem"), folder.join("ca-key.pem"));
        let (ca_pem, ca_key) = match (read(&ca_file)?, read(&key_file)?) {
            (Some(pem), Some(key)) => (pem, key),
            _ => {
                let (pem, key) = authority(now).map_err(|error| LocalCaError::Make(error.to_string()))?;
                write_private(&key_file, &key)?;
                write(&ca_file, &pem)?;
                (pem, key)
            }
        };
        let mut names: Vec<String> = names.to_vec();
        for always in ["localhost", "127.0.0.1", "::1"] {
            if !names.iter().any(|name| name == always) {
                names.push(always.to_owned());
            }
        }
        let (leaf_file, leaf_key_file) = (folder.join("gateway.pem"), folder.join("gateway-key.pem"));
        let known = match (read(&leaf_file)?, read(&leaf_key_file)?) {
            (Some(pem), Some(key)) if fits(&pem, &names, now) && issued_by(&pem, &ca_pem) => Some((pem, key)),
            _ => None,
        };
        let (pem, key) = match known {
            Some(known) => known,
            None => {
                let content =
                    |reason: rcgen::Error| LocalCaError::Content { path: ca_file.clone(), reason: reason.to_string() };
                let key = KeyPair::from_pem(&ca_key).map_err(content)?;
                let issuer = Issuer::from_ca_cert_pem(&ca_pem, key).map_err(content)?;
                let (pem, key) = leaf(names, &issuer, now).map_err(|error| LocalCaError::Make(error.to_string()))?;
                write_private(&leaf_key_file, &key)?;
                write(&leaf_file, &pem)?;
                (pem, key)
            }
        };
        let certificate = HostCertificate::from_pem(Vec::new(), &pem, &key)
            .map_err(|error| LocalCaError::Content { path: leaf_file, reason: error.to_string() })?;
        Ok(Self { ca_file, ca_pem, certificate })
    }
}

fn named(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::OrganizationName, "Apimite");
    name.push(DnType::CommonName, common_name);
    name
}

fn authority(now: OffsetDateTime) -> Result<(String, String), rcgen::Error> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(Vec::<String>::new())?;
    params.distinguished_name = named("Apimite local CA");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = now - Duration::days(1);
    params.not_after = now + Duration::days(CA_DAYS);
    let certificate = params.self_signed(&key)?;
    Ok((certificate.pem(), key.serialize_pem()))
}

fn leaf(
    names: Vec<String>,
    issuer: &Issuer<'_, KeyPair>,
    now: OffsetDateTime,
) -> Result<(String, String), rcgen::Error> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name = named("Apimite gateway");
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    params.not_before = now - Duration::days(1);
    params.not_after = now + Duration::days(LEAF_DAYS);
    let certificate = params.signed_by(&key, issuer)?;
    Ok((certificate.pem(), key.serialize_pem()))
}

/// Does the certificate hold all names, and for a while yet?
fn fits(pem: &str, names: &[String], now: OffsetDateTime) -> bool {
    let Ok((_, pem)) = x509_parser::pem::parse_x509_pem(pem.as_bytes()) else { return false };
    let Ok(certificate) = pem.parse_x509() else { return false };
    let until = now + Duration::days(RENEW_DAYS);
    if certificate.validity().not_after.timestamp() < until.unix_timestamp() {
        return false;
    }
    let Ok(Some(alternative)) = certificate.subject_alternative_name() else { return false };
    let held = &alternative.value.general_names;
    names.iter().all(|name| {
        held.iter().any(|entry| match entry {
            x509_parser::extensions::GeneralName::DNSName(held) => held.eq_ignore_ascii_case(name),
            x509_parser::extensions::GeneralName::IPAddress(bytes) => match name.parse::<std::net::IpAddr>() {
                Ok(std::net::IpAddr::V4(ip)) => ip.octets() == **bytes,
                Ok(std::net::IpAddr::V6(ip)) => ip.octets() == **bytes,
                Err(_) => false,
            },
            _ => false,
        })
    })
}

/// Was the certificate signed by this authority (and not by an earlier one)?
fn issued_by(pem: &str, ca_pem: &str) -> bool {
    let key_id = |pem: &str, of_issuer: bool| {
        let (_, pem) = x509_parser::pem::parse_x509_pem(pem.as_bytes()).ok()?;
        let certificate = pem.parse_x509().ok()?;
        certificate.iter_extensions().find_map(|extension| match extension.parsed_extension() {
            x509_parser::extensions::ParsedExtension::AuthorityKeyIdentifier(id) if of_issuer => {
                id.key_identifier.as_ref().map(|id| id.0.to_vec())
            }
            x509_parser::extensions::ParsedExtension::SubjectKeyIdentifier(id) if !of_issuer => Some(id.0.to_vec()),
            _ => None,
        })
    };
    let issuer = key_id(pem, true);
    issuer.is_some() && issuer == key_id(ca_pem, false)
}

fn read(path: &Path) -> Result<Option<String>, LocalCaError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(LocalCaError::File { path: path.to_owned(), error }),
    }
}

fn write(path: &Path, text: &str) -> Result<(), LocalCaError> {
    std::fs::write(path, text).map_err(|error| LocalCaError::File { path: path.to_owned(), error })
}

/// Writes a file that only its owner can read, from its first byte on.
fn write_private(path: &Path, text: &str) -> Result<(), LocalCaError> {
    let fail = |error| LocalCaError::File { path: path.to_owned(), error };
    if path.exists() {
        std::fs::remove_file(path).map_err(fail)?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(fail)?;
    io::Write::write_all(&mut file, text.as_bytes()).map_err(fail)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_790_000_000);

    fn names(list: &[&str]) -> Vec<String> {
        list.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn the_authority_is_made_once_and_the_certificate_again_when_a_name_is_missing() {
        let folder = tempfile::tempdir().unwrap();
        let first = LocalCa::open(folder.path(), &names(&["contoso.azure-api.net"]), NOW).unwrap();
        let leaf = std::fs::read(folder.path().join("gateway.pem")).unwrap();
        let again = LocalCa::open(folder.path(), &names(&["contoso.azure-api.net"]), NOW).unwrap();
        assert_eq!(first.ca_pem, again.ca_pem);
        assert_eq!(leaf, std::fs::read(folder.path().join("gateway.pem")).unwrap());
        let more = LocalCa::open(folder.path(), &names(&["other.test"]), NOW).unwrap();
        assert_eq!(first.ca_pem, more.ca_pem);
        assert!(more.certificate.names().iter().any(|name| &**name == "other.test"));
    }

    #[test]
    fn a_certificate_that_ends_soon_is_made_again() {
        let folder = tempfile::tempdir().unwrap();
        LocalCa::open(folder.path(), &[], NOW).unwrap();
        let leaf = std::fs::read(folder.path().join("gateway.pem")).unwrap();
        let later = NOW + std::time::Duration::from_secs(86_400 * 380);
        LocalCa::open(folder.path(), &[], later).unwrap();
        assert_ne!(leaf, std::fs::read(folder.path().join("gateway.pem")).unwrap());
    }

    #[cfg(unix)]
    #[test]
    fn keys_are_readable_by_their_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        LocalCa::open(folder.path(), &[], NOW).unwrap();
        for file in ["ca-key.pem", "gateway-key.pem"] {
            let mode = std::fs::metadata(folder.path().join(file)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{file}");
        }
    }
}
