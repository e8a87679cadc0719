//! Chains of certificates, without revocation: `X509Certificate2.Verify` and `VerifyNoRevocation`.

use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;
use x509_parser::revocation_list::CertificateRevocationList;

use super::Certificate;

/// How long a chain may be.
const MAX_LENGTH: usize = 10;

/// Does `certificate` lead, through `others`, to one of `roots`, all of them valid at `now`?
///
/// `now` in seconds since 1970 UTC. Revocation is not looked up.
pub fn verify_no_revocation(
    certificate: &Certificate,
    others: &[Certificate],
    roots: &[Certificate],
    now: i64,
) -> bool {
    leads_to_root(certificate, others, roots, now, MAX_LENGTH)
}

fn leads_to_root(
    certificate: &Certificate,
    others: &[Certificate],
    roots: &[Certificate],
    now: i64,
    left: usize,
) -> bool {
    if left == 0 || now < certificate.not_before() || now > certificate.not_after() {
        return false;
    }
    if roots.iter().any(|root| root.raw_data() == certificate.raw_data()) {
        return true;
    }
    let issued_by =
        |issuer: &&Certificate| issuer.raw_data() != certificate.raw_data() && has_issued(issuer, certificate);
    roots.iter().chain(others).filter(issued_by).any(|issuer| leads_to_root(issuer, others, roots, now, left - 1))
}

/// Does `certificate` lead to one of `roots`, whatever its own time of validity? Its issuers are valid at `now`.
pub fn leads_to_trusted(certificate: &Certificate, others: &[Certificate], roots: &[Certificate], now: i64) -> bool {
    roots.iter().any(|root| root.raw_data() == certificate.raw_data())
        || roots
            .iter()
            .chain(others)
            .filter(|issuer| has_issued(issuer, certificate))
            .any(|issuer| leads_to_root(issuer, others, roots, now, MAX_LENGTH - 1))
}

/// Is the certificate on a revocation list that its issuer has signed?
pub fn is_revoked(certificate: &Certificate, issuers: &[Certificate], lists: &[&[u8]]) -> bool {
    let wanted = certificate.serial_number();
    lists.iter().any(|list| {
        let Ok((_, list)) = CertificateRevocationList::from_der(list) else { return false };
        list.issuer().as_raw() == certificate.issuer_der()
            && list.iter_revoked_certificates().any(|one| hex(one.raw_serial()) == wanted)
            && issuers.iter().filter(|issuer| issuer.subject_der() == certificate.issuer_der()).any(|issuer| {
                X509Certificate::from_der(issuer.raw_data())
                    .is_ok_and(|(_, issuer)| list.verify_signature(issuer.public_key()).is_ok())
            })
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

/// Has `issuer` signed `certificate`, and may it?
pub fn has_issued(issuer: &Certificate, certificate: &Certificate) -> bool {
    if issuer.subject_der() != certificate.issuer_der() {
        return false;
    }
    let (Ok((_, issuer)), Ok((_, certificate))) =
        (X509Certificate::from_der(issuer.raw_data()), X509Certificate::from_der(certificate.raw_data()))
    else {
        return false;
    };
    let is_authority = issuer.version().0 < 2
        || issuer.basic_constraints().ok().flatten().is_some_and(|constraints| constraints.value.ca);
    is_authority && certificate.verify_signature(Some(issuer.public_key())).is_ok()
}

#[cfg(test)]
mod tests {
    use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

    use super::super::{NameType, SignaturePadding};
    use super::*;
    use crate::crypto::HashKind;

    struct Made {
        root: Certificate,
        leaf: Certificate,
    }

    fn made() -> Made {
        let root_key = KeyPair::generate().unwrap();
        let mut root = CertificateParams::new(Vec::new()).unwrap();
        root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        root.distinguished_name.push(DnType::CommonName, "Test Root");
        let root_certificate = root.self_signed(&root_key).unwrap();
        let issuer = Issuer::from_params(&root, &root_key);
        let key = KeyPair::generate().unwrap();
        let mut leaf = CertificateParams::new(vec!["api.contoso.com".to_owned()]).unwrap();
        leaf.distinguished_name = rcgen::DistinguishedName::new();
        leaf.distinguished_name.push(DnType::CountryName, "CH");
        leaf.distinguished_name.push(DnType::OrganizationName, "Contoso, Ltd");
        leaf.distinguished_name.push(DnType::CommonName, "client");
        let leaf_certificate = leaf.signed_by(&key, &issuer).unwrap();
        Made {
            root: Certificate::from_bytes(root_certificate.der(), None).unwrap(),
            leaf: Certificate::from_bytes(leaf_certificate.pem().as_bytes(), None)
                .unwrap()
                .with_private_key(key.serialize_der())
                .unwrap(),
        }
    }

    #[test]
    fn a_chain_needs_its_root_and_its_time() {
        let Made { root, leaf } = made();
        let now = 1_700_000_000;
        assert!(verify_no_revocation(&leaf, &[], std::slice::from_ref(&root), now));
        assert!(!verify_no_revocation(&leaf, &[], &[made().root], now));
        assert!(!verify_no_revocation(&leaf, &[], &[], now));
        assert!(!verify_no_revocation(&leaf, &[], &[root], leaf.not_after() + 1));
    }

    #[test]
    fn a_certificate_shows_what_net_shows() {
        let Made { root, leaf } = made();
        assert_eq!(leaf.subject(), "CN=client, O=\"Contoso, Ltd\", C=CH");
        assert!(leaf.issuer().starts_with("CN=Test Root"));
        assert_eq!(leaf.name_info(NameType::Simple, false), "client");
        assert_eq!(leaf.name_info(NameType::Simple, true), "Test Root");
        assert_eq!(leaf.name_info(NameType::Dns, false), "api.contoso.com");
        assert_eq!(leaf.thumbprint().len(), 40);
        assert_eq!(leaf.version(), 3);
        assert!(leaf.has_private_key() && !root.has_private_key());
        assert!(leaf.extensions().iter().any(|extension| extension.oid == "2.5.29.17"));
        assert!(leaf != root && leaf == leaf.clone());
        assert!(Certificate::from_bytes(b"nonsense", None).is_err());
        assert!(Certificate::from_bytes(&[0x30, 3, 2, 1, 3], Some("x")).is_err());
    }

    #[test]
    fn a_pkcs12_file_brings_its_rsa_key() {
        let pfx = include_bytes!("testdata/client.pfx");
        let certificate = Certificate::from_bytes(pfx, Some("secret")).unwrap();
        assert_eq!(certificate.subject(), "CN=apimite test, O=Apimite, C=CH");
        let key = certificate.rsa_private_key().unwrap();
        let signed = key.sign_data(b"data", HashKind::Sha256, SignaturePadding::Pkcs1).unwrap();
        let public = certificate.rsa_public_key().unwrap();
        assert!(public.verify_data(b"data", &signed, HashKind::Sha256, SignaturePadding::Pkcs1));
        let thrown = Certificate::from_bytes(pfx, Some("wrong")).unwrap_err();
        assert_eq!(thrown.message, "The specified network password is not correct.");
    }
}
