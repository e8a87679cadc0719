//! Certificates of the service from PEM files.

use std::sync::Arc;

use apimite_diag::{Diagnostic, Source};
use apimite_model::Certificate;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::draft::{Draft, Place};
use crate::files::Files;
use crate::settings::Settings;

/// Reads `[certificates.ID]` into the draft; `files` are those beside `apimite.toml`.
pub(crate) fn read(settings: &Settings, files: &dyn Files, draft: &mut Draft, found: &mut Vec<Diagnostic>) {
    authorities(settings, files, draft, found);
    let Some(source) = &settings.source else { return };
    for (id, given) in &settings.certificates {
        match certificate(id, &given.certificate, given.key.as_deref(), files) {
            Ok(certificate) => {
                draft.certificates.insert(id.clone(), certificate);
            }
            Err((message, help)) => {
                found.push(Place::new(source, given.span).error("settings::certificate", message, help))
            }
        }
    }
}

/// Reads `authorities` and `revocation_lists` of `[tls]`.
fn authorities(settings: &Settings, files: &dyn Files, draft: &mut Draft, found: &mut Vec<Diagnostic>) {
    let Some(source) = &settings.source else { return };
    let kinds = [
        ("CERTIFICATE", &settings.tls.authorities, &mut draft.authorities),
        ("X509 CRL", &settings.tls.revocation_lists, &mut draft.revocation_lists),
    ];
    for (wanted, paths, all) in kinds {
        for (path, span) in paths {
            let refusal = match pem_file(path, files) {
                Ok(blocks) => {
                    let before = all.len();
                    all.extend(blocks.into_iter().filter(|(label, _)| label == wanted).map(|(_, der)| der));
                    if all.len() > before {
                        continue;
                    }
                    (format!("`{path}` has no block `{wanted}`"), "it needs one, between `-----BEGIN` and `-----END`")
                }
                Err(refusal) => refusal,
            };
            found.push(Place::new(source, *span).error("settings::certificate", refusal.0, refusal.1));
        }
    }
}

type Refusal = (String, &'static str);

fn certificate(id: &str, path: &str, key: Option<&str>, files: &dyn Files) -> Result<Certificate, Refusal> {
    let blocks = pem_file(path, files)?;
    let mut chain = blocks.iter().filter(|(label, _)| label == "CERTIFICATE").map(|(_, der)| Arc::clone(der));
    let Some(der) = chain.next() else {
        return Err((format!("`{path}` holds no certificate"), "it needs a block `-----BEGIN CERTIFICATE-----`"));
    };
    let chain = chain.collect();
    let key = match key {
        Some(key) => Some(private_key(key, &pem_file(key, files)?)?),
        None if blocks.iter().any(|(label, _)| label.ends_with("PRIVATE KEY")) => Some(private_key(path, &blocks)?),
        None => None,
    };
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY, &der);
    let thumbprint: String = digest.as_ref().iter().map(|byte| format!("{byte:02X}")).collect();
    Ok(Certificate { id: id.into(), thumbprint: thumbprint.into(), der, chain, key })
}

fn private_key(path: &str, blocks: &[(String, Arc<[u8]>)]) -> Result<Arc<[u8]>, Refusal> {
    if let Some((_, der)) = blocks.iter().find(|(label, _)| label == "PRIVATE KEY") {
        return Ok(Arc::clone(der));
    }
    let help = "convert it with `openssl pkcs8 -topk8 -nodes -in KEY -out KEY.pkcs8`";
    match blocks.iter().find(|(label, _)| label.ends_with("PRIVATE KEY")) {
        Some((label, _)) => Err((format!("`{path}` holds a key of the form `{label}`, not PKCS#8"), help)),
        None => Err((format!("`{path}` holds no private key"), "it needs a block `-----BEGIN PRIVATE KEY-----`")),
    }
}

fn pem_file(path: &str, files: &dyn Files) -> Result<Vec<(String, Arc<[u8]>)>, Refusal> {
    let bytes = files.read(path).map_err(|error| {
        (format!("`{path}` cannot be read: {}", crate::reader::reason(&error)), "paths are relative to `apimite.toml`")
    })?;
    let text = std::str::from_utf8(&bytes).map_err(|_| {
        (format!("`{path}` is no PEM file"), "convert a PFX file with `openssl pkcs12 -in FILE -nodes -out FILE.pem`")
    })?;
    let source = Source::new(path, text);
    blocks(source.text()).ok_or_else(|| {
        (format!("`{path}` is a damaged PEM file"), "write it again: a block is not closed or not Base64")
    })
}

/// The blocks of a PEM text; `None` when one is damaged.
fn blocks(text: &str) -> Option<Vec<(String, Arc<[u8]>)>> {
    let mut all = Vec::new();
    let mut rest = text;
    while let Some((_, begun)) = rest.split_once("-----BEGIN ") {
        let (label, body) = begun.split_once("-----")?;
        let (body, after) = body.split_once(&format!("-----END {label}-----"))?;
        let plain: String = body.chars().filter(|c| !c.is_whitespace()).collect();
        all.push((label.to_owned(), STANDARD.decode(plain).ok()?.into()));
        rest = after;
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use crate::{Imported, Memory, import};

    const SETTINGS: &str = "[certificates.c]\ncertificate = \"c.pem\"\nkey = \"c.key\"\n";

    fn read(certificate: &'static str, key: &'static str) -> Imported {
        let files = Memory::new()
            .with("apis/a/apiInformation.json", r#"{"properties": {"path": "a", "type": "websocket"}}"#)
            .with("apimite.toml", SETTINGS)
            .with("c.pem", certificate)
            .with("c.key", key);
        import(&files, &|_| None)
    }

    #[test]
    fn a_certificate_has_the_thumbprint_that_azure_shows() {
        // SHA-1 of the bytes `abc`, the first example of FIPS 180.
        let imported = read(
            "-----BEGIN CERTIFICATE-----\nYWJj\n-----END CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\nYQ==\n-----END CERTIFICATE-----\n",
            "-----BEGIN PRIVATE KEY-----\nYg==\n-----END PRIVATE KEY-----\n",
        );
        assert!(imported.diagnostics.0.is_empty(), "{:?}", imported.diagnostics);
        let certificate = &imported.service.certificates["c"];
        assert_eq!(&*certificate.thumbprint, "A9993E364706816ABA3E25717850C26C9CD0D89D");
        assert_eq!((certificate.chain.len(), certificate.key.as_deref()), (1, Some(&b"b"[..])));
    }

    #[test]
    fn authorities_and_revocation_lists_are_read_and_missing_ones_refused() {
        let files = Memory::new()
            .with("apis/a/apiInformation.json", r#"{"properties": {"path": "a", "type": "websocket"}}"#)
            .with("apimite.toml", "[tls]\nauthorities = [\"ca.pem\", \"none.pem\"]\nrevocation_lists = \"ca.crl\"\n")
            .with("ca.pem", "-----BEGIN CERTIFICATE-----\nYWJj\n-----END CERTIFICATE-----\n")
            .with("ca.crl", "-----BEGIN CERTIFICATE-----\nYWJj\n-----END CERTIFICATE-----\n");
        let imported = import(&files, &|_| None);
        assert_eq!(imported.service.authorities.len(), 1);
        let messages: Vec<&str> = imported.diagnostics.0.iter().map(|one| &*one.message).collect();
        assert_eq!(messages.len(), 2, "{messages:?}");
        assert!(messages.iter().any(|one| one.contains("`ca.crl` has no block `X509 CRL`")), "{messages:?}");
    }

    #[test]
    fn what_is_no_certificate_is_refused_in_words() {
        let message =
            |certificate, key| read(certificate, key).diagnostics.0.first().map(|found| found.message.clone());
        let good = "-----BEGIN CERTIFICATE-----\nYWJj\n-----END CERTIFICATE-----\n";
        assert_eq!(message("", "").as_deref(), Some("`c.pem` holds no certificate"));
        assert_eq!(message("-----BEGIN CERTIFICATE-----\n???", "").as_deref(), Some("`c.pem` is a damaged PEM file"));
        assert_eq!(message(good, "").as_deref(), Some("`c.key` holds no private key"));
        let rsa = "-----BEGIN RSA PRIVATE KEY-----\nYg==\n-----END RSA PRIVATE KEY-----\n";
        assert_eq!(
            message(good, rsa).as_deref(),
            Some("`c.key` holds a key of the form `RSA PRIVATE KEY`, not PKCS#8")
        );
    }
}
