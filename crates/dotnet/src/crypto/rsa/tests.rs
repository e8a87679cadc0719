//! Tests of `rsa`.

use super::*;

#[test]
fn what_is_signed_can_be_verified() {
    let key = Rsa::generate(2048).unwrap();
    assert_eq!(key.key_size(), 2048);
    for hash in [HashKind::Md5, HashKind::Sha1, HashKind::Sha256, HashKind::Sha384, HashKind::Sha512] {
        let signed = key.sign_data(b"text", hash, SignaturePadding::Pkcs1).unwrap();
        assert!(key.public().verify_data(b"text", &signed, hash, SignaturePadding::Pkcs1));
        assert!(!key.verify_data(b"tent", &signed, hash, SignaturePadding::Pkcs1));
    }
    let signed = key.sign_data(b"text", HashKind::Sha256, SignaturePadding::Pss).unwrap();
    assert!(key.verify_data(b"text", &signed, HashKind::Sha256, SignaturePadding::Pss));
    assert!(key.public().sign_data(b"text", HashKind::Sha256, SignaturePadding::Pkcs1).is_err());
}

#[test]
fn what_is_encrypted_can_be_decrypted() {
    let key = Rsa::generate(2048).unwrap();
    for padding in
        [EncryptionPadding::Pkcs1, EncryptionPadding::Oaep(HashKind::Sha1), EncryptionPadding::Oaep(HashKind::Sha256)]
    {
        let secret = key.public().encrypt(b"secret", padding).unwrap();
        assert_eq!(key.decrypt(&secret, padding).unwrap(), b"secret");
        assert!(key.public().decrypt(&secret, padding).is_err());
        assert!(key.encrypt(&[0; 300], padding).is_err());
    }
}

#[test]
fn a_key_survives_its_xml() {
    let key = Rsa::generate(2048).unwrap();
    let xml = key.to_xml_string(true).unwrap();
    let back = Rsa::from_xml_string(&xml).unwrap();
    assert_eq!(back.to_xml_string(true).unwrap(), xml);
    let public = Rsa::from_xml_string(&key.to_xml_string(false).unwrap()).unwrap();
    assert!(!public.has_private_key() && public.to_xml_string(true).is_err());
    assert!(Rsa::from_xml_string("<x/>").is_err());
}
