//! `X509Certificate2`: what it shows of a certificate.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::FromDer;

use super::{HashKind, Rsa, cryptographic, hex_upper, name};
use crate::Thrown;

/// `X509NameType`, with the numbers of .NET.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NameType {
    /// The common name, or what stands for it.
    Simple = 0,
    /// The e-mail address.
    Email = 1,
    /// The user principal name.
    Upn = 2,
    /// The DNS name, else the common name.
    Dns = 3,
    /// The DNS name of the alternative names.
    DnsFromAlternative = 4,
    /// The URL of the alternative names.
    Url = 5,
}

/// One extension of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateExtension {
    /// Object identifier, dotted.
    pub oid: String,
    /// `Critical`.
    pub critical: bool,
    /// `RawData`.
    pub raw: Vec<u8>,
}

/// `X509Certificate2`; cheap to clone.
#[derive(Clone)]
pub struct Certificate(Arc<Inner>);

struct Inner {
    der: Vec<u8>,
    subject: Vec<u8>,
    issuer: Vec<u8>,
    serial: Vec<u8>,
    not_before: i64,
    not_after: i64,
    version: i32,
    key_algorithm: String,
    key_parameters: Vec<u8>,
    public_key: Vec<u8>,
    signature_algorithm: String,
    extensions: Vec<CertificateExtension>,
    alternative: Vec<Alternative>,
    issuer_alternative: Vec<Alternative>,
    private_key: Option<Vec<u8>>,
    friendly_name: String,
}

/// A name of the alternative names.
struct Alternative {
    kind: NameType,
    value: String,
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Certificate").field(&self.subject()).finish()
    }
}

impl PartialEq for Certificate {
    /// `Equals`: same issuer and serial number.
    fn eq(&self, other: &Self) -> bool {
        self.0.issuer == other.0.issuer && self.0.serial == other.0.serial
    }
}

impl Certificate {
    /// `new X509Certificate2(bytes, password)`: DER, PEM, Base64 or PKCS #12.
    ///
    /// # Errors
    /// `CryptographicException` for other bytes or a wrong password.
    pub fn from_bytes(bytes: &[u8], password: Option<&str>) -> Result<Self, Thrown> {
        if bytes.is_empty() {
            return Err(crate::Exception::new(
                crate::ExceptionKind::Argument,
                "Array cannot be empty or null. (Parameter 'rawData')",
            ));
        }
        if let Ok(text) = std::str::from_utf8(bytes)
            && let Some(der) = unarmoured(text)
        {
            return Self::from_der(&der, None, String::new());
        }
        if let Ok(certificate) = Self::from_der(bytes, None, String::new()) {
            return Ok(certificate);
        }
        Self::from_pkcs12(bytes, password.unwrap_or_default())
    }

    /// A certificate from DER bytes, with its PKCS #8 private key if it has one.
    ///
    /// # Errors
    /// `CryptographicException` for other bytes.
    pub fn from_der(bytes: &[u8], private_key: Option<Vec<u8>>, friendly_name: String) -> Result<Self, Thrown> {
        let (rest, parsed) = X509Certificate::from_der(bytes).map_err(|_| cryptographic("ASN1 corrupted data."))?;
        let der = bytes[..bytes.len() - rest.len()].to_vec();
        let mut alternative = Vec::new();
        let mut issuer_alternative = Vec::new();
        for extension in parsed.extensions() {
            match extension.parsed_extension() {
                ParsedExtension::SubjectAlternativeName(names) => {
                    alternative.extend(names.general_names.iter().filter_map(alternative_name));
                }
                ParsedExtension::IssuerAlternativeName(names) => {
                    issuer_alternative.extend(names.general_names.iter().filter_map(alternative_name));
                }
                _ => {}
            }
        }
        let key = parsed.public_key();
        Ok(Self(Arc::new(Inner {
            subject: parsed.subject().as_raw().to_vec(),
            issuer: parsed.issuer().as_raw().to_vec(),
            serial: parsed.raw_serial().to_vec(),
            not_before: parsed.validity().not_before.timestamp(),
            not_after: parsed.validity().not_after.timestamp(),
            version: parsed.version().0 as i32 + 1,
            key_algorithm: parsed.public_key().algorithm.algorithm.to_id_string(),
            key_parameters: key.algorithm.parameters.as_ref().map(|any| any.data.to_vec()).unwrap_or_default(),
            public_key: key.subject_public_key.data.to_vec(),
            signature_algorithm: parsed.signature_algorithm.algorithm.to_id_string(),
            extensions: parsed
                .extensions()
                .iter()
                .map(|extension| CertificateExtension {
                    oid: extension.oid.to_id_string(),
                    critical: extension.critical,
                    raw: extension.value.to_vec(),
                })
                .collect(),
            alternative,
            issuer_alternative,
            private_key,
            friendly_name,
            der,
        })))
    }

    /// The certificate of a PKCS #12 file that has the private key, else its last certificate.
    ///
    /// # Errors
    /// `CryptographicException` for other bytes or a wrong password.
    pub fn from_pkcs12(bytes: &[u8], password: &str) -> Result<Self, Thrown> {
        // Anything that does not begin as PKCS #12 does cannot be meant as one.
        if !matches!(super::der::read(bytes), Some((0x30, [2, 1, 3, ..], _))) {
            return Err(cryptographic("Cannot find the requested object."));
        }
        let archive = p12_keystore::Pkcs12Archive::from_pkcs12(bytes, password)
            .map_err(|_| cryptographic("The specified network password is not correct."))?;
        let key = archive.keys.first();
        let own = key.and_then(|key| {
            let id = key.local_key_id.as_ref().map(AsRef::as_ref);
            archive.certs.iter().find(|bag| id.is_some() && bag.local_key_id.as_deref() == id)
        });
        let Some(bag) = own.or_else(|| archive.certs.first()) else {
            return Err(cryptographic("Cannot find the requested object."));
        };
        let friendly = bag.friendly_name.clone().unwrap_or_default();
        Self::from_der(bag.cert.as_der(), key.map(|key| key.key.as_der().to_vec()), friendly)
    }

    /// This certificate with a PKCS #8 private key.
    ///
    /// # Errors
    /// Cannot fail for a certificate that was read once.
    pub fn with_private_key(&self, pkcs8: Vec<u8>) -> Result<Self, Thrown> {
        Self::from_der(&self.0.der, Some(pkcs8), self.0.friendly_name.clone())
    }

    /// `RawData`.
    pub fn raw_data(&self) -> &[u8] {
        &self.0.der
    }

    /// `Subject`.
    pub fn subject(&self) -> String {
        name::distinguished_name(&self.0.subject)
    }

    /// `Issuer`.
    pub fn issuer(&self) -> String {
        name::distinguished_name(&self.0.issuer)
    }

    /// The subject as DER.
    pub fn subject_der(&self) -> &[u8] {
        &self.0.subject
    }

    /// The issuer as DER.
    pub fn issuer_der(&self) -> &[u8] {
        &self.0.issuer
    }

    /// `Thumbprint`: SHA-1, hexadecimal.
    pub fn thumbprint(&self) -> String {
        hex_upper(&HashKind::Sha1.compute(&self.0.der))
    }

    /// `GetCertHash(hash)`.
    pub fn hash(&self, kind: HashKind) -> Vec<u8> {
        kind.compute(&self.0.der)
    }

    /// `SerialNumber`: hexadecimal, most significant byte first.
    pub fn serial_number(&self) -> String {
        hex_upper(&self.0.serial)
    }

    /// `GetSerialNumber()`: least significant byte first.
    pub fn serial_bytes(&self) -> Vec<u8> {
        self.0.serial.iter().rev().copied().collect()
    }

    /// `NotBefore`, in seconds since 1970 UTC.
    pub fn not_before(&self) -> i64 {
        self.0.not_before
    }

    /// `NotAfter`, in seconds since 1970 UTC.
    pub fn not_after(&self) -> i64 {
        self.0.not_after
    }

    /// `Version`.
    pub fn version(&self) -> i32 {
        self.0.version
    }

    /// `FriendlyName`.
    pub fn friendly_name(&self) -> &str {
        &self.0.friendly_name
    }

    /// `GetKeyAlgorithm()`: an object identifier.
    pub fn key_algorithm(&self) -> &str {
        &self.0.key_algorithm
    }

    /// `GetKeyAlgorithmParameters()`.
    pub fn key_parameters(&self) -> &[u8] {
        &self.0.key_parameters
    }

    /// `GetPublicKey()`.
    pub fn public_key(&self) -> &[u8] {
        &self.0.public_key
    }

    /// `SignatureAlgorithm.Value`.
    pub fn signature_algorithm(&self) -> &str {
        &self.0.signature_algorithm
    }

    /// `Extensions`.
    pub fn extensions(&self) -> &[CertificateExtension] {
        &self.0.extensions
    }

    /// `HasPrivateKey`.
    pub fn has_private_key(&self) -> bool {
        self.0.private_key.is_some()
    }

    /// The private key as PKCS #8 DER.
    pub fn private_key(&self) -> Option<&[u8]> {
        self.0.private_key.as_deref()
    }

    /// `GetRSAPublicKey()`: nothing for a key of another algorithm.
    pub fn rsa_public_key(&self) -> Option<Rsa> {
        if self.0.key_algorithm != "1.2.840.113549.1.1.1" {
            return None;
        }
        Rsa::from_public_der(&self.0.public_key).ok()
    }

    /// `GetRSAPrivateKey()`: nothing without a private key, or for a key of another algorithm.
    pub fn rsa_private_key(&self) -> Option<Rsa> {
        self.rsa_public_key()?;
        Rsa::from_pkcs8(self.0.private_key.as_deref()?).ok()
    }

    /// `GetNameInfo(nameType, forIssuer)`.
    pub fn name_info(&self, kind: NameType, for_issuer: bool) -> String {
        let (name, alternative) = if for_issuer {
            (&self.0.issuer, &self.0.issuer_alternative)
        } else {
            (&self.0.subject, &self.0.alternative)
        };
        let attributes: Vec<name::Attribute> = name::attributes(name).into_iter().flatten().collect();
        let attribute =
            |oid: &str| attributes.iter().rev().find(|(known, _)| known == oid).map(|(_, value)| value.clone());
        let from_alternative =
            |wanted: NameType| alternative.iter().find(|name| name.kind == wanted).map(|name| name.value.clone());
        let (common, email) = ("2.5.4.3", "1.2.840.113549.1.9.1");
        match kind {
            NameType::Simple => attribute(common)
                .or_else(|| attribute("2.5.4.11"))
                .or_else(|| attribute("2.5.4.10"))
                .or_else(|| attribute(email))
                .or_else(|| attributes.first().map(|(_, value)| value.clone()))
                .or_else(|| from_alternative(NameType::Email))
                .or_else(|| from_alternative(NameType::Dns)),
            NameType::Email => from_alternative(NameType::Email).or_else(|| attribute(email)),
            NameType::Dns => from_alternative(NameType::Dns).or_else(|| attribute(common)),
            NameType::DnsFromAlternative => from_alternative(NameType::Dns),
            NameType::Upn | NameType::Url => from_alternative(kind),
        }
        .unwrap_or_default()
    }
}

fn alternative_name(name: &GeneralName<'_>) -> Option<Alternative> {
    match name {
        GeneralName::DNSName(text) => Some(Alternative { kind: NameType::Dns, value: (*text).to_owned() }),
        GeneralName::RFC822Name(text) => Some(Alternative { kind: NameType::Email, value: (*text).to_owned() }),
        GeneralName::URI(text) => Some(Alternative { kind: NameType::Url, value: (*text).to_owned() }),
        GeneralName::OtherName(oid, value) if oid.to_id_string() == "1.3.6.1.4.1.311.20.2.3" => {
            // [0] EXPLICIT UTF8String
            let (_, inner, _) = super::der::read(value)?;
            let (tag, text, _) = super::der::read(inner).unwrap_or((0x0C, inner, &[]));
            Some(Alternative { kind: NameType::Upn, value: name::text(tag, text) })
        }
        _ => None,
    }
}

/// The bytes of PEM or bare Base64 text.
fn unarmoured(text: &str) -> Option<Vec<u8>> {
    let body = match text.split_once("-----BEGIN CERTIFICATE-----") {
        Some((_, rest)) => rest.split_once("-----END CERTIFICATE-----")?.0,
        None => text,
    };
    let compact: String = body.split_whitespace().collect();
    STANDARD.decode(compact).ok().filter(|der| der.first() == Some(&0x30))
}

/// `Oid.FriendlyName` of the algorithms and extensions that certificates name.
pub fn friendly_name(oid: &str) -> Option<&'static str> {
    Some(match oid {
        "1.2.840.113549.1.1.1" => "RSA",
        "1.2.840.113549.1.1.4" => "md5RSA",
        "1.2.840.113549.1.1.5" => "sha1RSA",
        "1.2.840.113549.1.1.10" => "RSASSA-PSS",
        "1.2.840.113549.1.1.11" => "sha256RSA",
        "1.2.840.113549.1.1.12" => "sha384RSA",
        "1.2.840.113549.1.1.13" => "sha512RSA",
        "1.2.840.10045.2.1" => "ECC",
        "1.2.840.10045.4.3.2" => "sha256ECDSA",
        "1.2.840.10045.4.3.3" => "sha384ECDSA",
        "1.2.840.10045.4.3.4" => "sha512ECDSA",
        "1.2.840.113549.2.5" => "md5",
        "1.3.14.3.2.26" => "sha1",
        "2.16.840.1.101.3.4.2.1" => "sha256",
        "2.16.840.1.101.3.4.2.2" => "sha384",
        "2.16.840.1.101.3.4.2.3" => "sha512",
        "2.5.29.14" => "Subject Key Identifier",
        "2.5.29.15" => "Key Usage",
        "2.5.29.17" => "Subject Alternative Name",
        "2.5.29.18" => "Issuer Alternative Name",
        "2.5.29.19" => "Basic Constraints",
        "2.5.29.31" => "CRL Distribution Points",
        "2.5.29.32" => "Certificate Policies",
        "2.5.29.35" => "Authority Key Identifier",
        "2.5.29.37" => "Enhanced Key Usage",
        "1.3.6.1.5.5.7.1.1" => "Authority Information Access",
        "1.3.6.1.5.5.7.3.1" => "Server Authentication",
        "1.3.6.1.5.5.7.3.2" => "Client Authentication",
        "2.5.4.3" => "CN",
        _ => return None,
    })
}
