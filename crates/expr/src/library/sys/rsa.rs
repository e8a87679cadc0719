//! `AsymmetricAlgorithm` and `RSA`.

use std::any::Any;

use apimite_dotnet::crypto::{EncryptionPadding, HashKind, Rsa, SignaturePadding};
use apimite_dotnet::{Thrown, messages};
use parking_lot::Mutex;

use super::hash::hash_kind;
use super::{byte_range, bytes};
use crate::library::core::collections::bytes_value;
use crate::library::rows::{Args, Row, m, op, p, set};
use crate::library::typedef::{TypeDef, class};
use crate::run::Cx;
use crate::types::Type;
use crate::value::{Object, Str, Value};

/// An `RSA`. A key that was asked for but not yet used is made on first use.
struct RsaObject(Mutex<State>);

enum State {
    Wanted(i32),
    Made(Rsa),
}

impl Object for RsaObject {
    fn type_of(&self) -> Type {
        Type::of(&RSA)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// An `RSA` value.
pub(super) fn rsa_value(key: Rsa) -> Value {
    Value::object(RsaObject(Mutex::new(State::Made(key))))
}

/// The key of an `RSA` argument.
pub(super) fn key(a: &Args<'_>, index: usize) -> Result<Rsa, Thrown> {
    let mut state = a.obj::<RsaObject>(index)?.0.lock();
    let made = match &*state {
        State::Made(key) => return Ok(key.clone()),
        State::Wanted(bits) => Rsa::generate(*bits)?,
    };
    *state = State::Made(made.clone());
    Ok(made)
}

fn wanted(bits: i32) -> Result<Value, Thrown> {
    if !matches!(bits, 2048 | 3072 | 4096) {
        // The refusal of any other size comes from the same place as for a key that is made.
        Rsa::generate(bits)?;
    }
    Ok(Value::object(RsaObject(Mutex::new(State::Wanted(bits)))))
}

fn import(a: &Args<'_>, key: Rsa) -> Result<Value, Thrown> {
    *a.obj::<RsaObject>(0)?.0.lock() = State::Made(key);
    Ok(Value::Null)
}

static ASYMMETRIC_ROWS: &[Row] = &[
    m("static AsymmetricAlgorithm Create()", |_, _| wanted(2048)).impure(),
    m("static AsymmetricAlgorithm Create(string algName)", |_, a| {
        let name = a.need_str(0, "algName")?.to_ascii_uppercase();
        if name == "RSA" || name == "SYSTEM.SECURITY.CRYPTOGRAPHY.RSA" { wanted(2048) } else { Ok(Value::Null) }
    })
    .impure(),
    p("int KeySize", |_, a| {
        if let State::Wanted(bits) = &*a.obj::<RsaObject>(0)?.0.lock() {
            return Ok(Value::Int(*bits));
        }
        Ok(Value::Int(key(&a, 0)?.key_size()))
    }),
    set("int KeySize", |_, a| {
        let bits = a.int(1);
        wanted(bits)?;
        *a.obj::<RsaObject>(0)?.0.lock() = State::Wanted(bits);
        Ok(Value::Null)
    }),
    p("string SignatureAlgorithm", |_, _| Ok(Value::from("RSA"))),
    p("string KeyExchangeAlgorithm", |_, _| Ok(Value::from("RSA"))),
    m("string ToXmlString(bool includePrivateParameters)", |_, a| {
        Ok(Value::from(key(&a, 0)?.to_xml_string(a.bool(1))?))
    }),
    m("void FromXmlString(string xmlString)", |_, a| {
        let made = Rsa::from_xml_string(a.need_str(1, "xmlString")?)?;
        import(&a, made)
    })
    .impure(),
    m("void Clear()", |_, _| Ok(Value::Null)),
    m("void Dispose()", |_, _| Ok(Value::Null)),
];

static ASYMMETRIC_ALGORITHM: TypeDef = class("System.Security.Cryptography.AsymmetricAlgorithm")
    .abstract_()
    .implements("System.IDisposable")
    .rows(&[ASYMMETRIC_ROWS])
    .def();

fn part(a: &Args<'_>) -> Result<Vec<u8>, Thrown> {
    let all = bytes(a, 1, "data")?;
    Ok(byte_range(&all, a.int(2), a.int(3), "offset", "count")?.to_vec())
}

static RSA_ROWS: &[Row] = &[
    m("static RSA Create()", |_, _| wanted(2048)).impure(),
    m("static RSA Create(int keySizeInBits)", |_, a| wanted(a.int(0))).impure().core_only(),
    m("static RSA Create(string algName)", |_, a| {
        let name = a.need_str(0, "algName")?.to_ascii_uppercase();
        if name == "RSA" || name == "SYSTEM.SECURITY.CRYPTOGRAPHY.RSA" { wanted(2048) } else { Ok(Value::Null) }
    })
    .impure(),
    m("byte[] SignData(byte[] data, HashAlgorithmName hashAlgorithm, RSASignaturePadding padding)", |_, a| {
        let data = bytes(&a, 1, "data")?;
        Ok(bytes_value(&key(&a, 0)?.sign_data(&data, hash_kind(&a, 2)?, signature_padding(&a, 3)?)?))
    }),
    m(
        "byte[] SignData(byte[] data, int offset, int count, HashAlgorithmName hashAlgorithm, RSASignaturePadding padding)",
        |_, a| Ok(bytes_value(&key(&a, 0)?.sign_data(&part(&a)?, hash_kind(&a, 4)?, signature_padding(&a, 5)?)?)),
    ),
    m("byte[] SignHash(byte[] hash, HashAlgorithmName hashAlgorithm, RSASignaturePadding padding)", |_, a| {
        let hash = bytes(&a, 1, "hash")?;
        Ok(bytes_value(&key(&a, 0)?.sign_hash(&hash, hash_kind(&a, 2)?, signature_padding(&a, 3)?)?))
    }),
    m(
        "bool VerifyData(byte[] data, byte[] signature, HashAlgorithmName hashAlgorithm, RSASignaturePadding padding)",
        |_, a| {
            let (data, signature) = (bytes(&a, 1, "data")?, bytes(&a, 2, "signature")?);
            let (hash, padding) = (hash_kind(&a, 3)?, signature_padding(&a, 4)?);
            Ok(Value::Bool(key(&a, 0)?.verify_data(&data, &signature, hash, padding)))
        },
    ),
    m(
        "bool VerifyData(byte[] data, int offset, int count, byte[] signature, HashAlgorithmName hashAlgorithm, RSASignaturePadding padding)",
        |_, a| {
            let (data, signature) = (part(&a)?, bytes(&a, 4, "signature")?);
            let (hash, padding) = (hash_kind(&a, 5)?, signature_padding(&a, 6)?);
            Ok(Value::Bool(key(&a, 0)?.verify_data(&data, &signature, hash, padding)))
        },
    ),
    m(
        "bool VerifyHash(byte[] hash, byte[] signature, HashAlgorithmName hashAlgorithm, RSASignaturePadding padding)",
        |_, a| {
            let (hash, signature) = (bytes(&a, 1, "hash")?, bytes(&a, 2, "signature")?);
            let (kind, padding) = (hash_kind(&a, 3)?, signature_padding(&a, 4)?);
            Ok(Value::Bool(key(&a, 0)?.verify_hash(&hash, &signature, kind, padding)))
        },
    ),
    m("byte[] Encrypt(byte[] data, RSAEncryptionPadding padding)", |_, a| {
        let data = bytes(&a, 1, "data")?;
        Ok(bytes_value(&key(&a, 0)?.encrypt(&data, encryption_padding(&a, 2)?)?))
    })
    .impure(),
    m("byte[] Decrypt(byte[] data, RSAEncryptionPadding padding)", |_, a| {
        let data = bytes(&a, 1, "data")?;
        Ok(bytes_value(&key(&a, 0)?.decrypt(&data, encryption_padding(&a, 2)?)?))
    }),
    m("byte[] ExportRSAPublicKey()", |_, a| Ok(bytes_value(&key(&a, 0)?.public_der()))).core_only(),
    m("byte[] ExportSubjectPublicKeyInfo()", |_, a| Ok(bytes_value(&key(&a, 0)?.subject_public_key_info())))
        .core_only(),
    m("byte[] ExportPkcs8PrivateKey()", |_, a| Ok(bytes_value(&key(&a, 0)?.export_pkcs8()?))).core_only(),
    m("void ImportRSAPrivateKey(byte[] source, out int bytesRead)", |_, mut a| {
        let source = bytes(&a, 1, "source")?;
        let made = Rsa::from_private_der(&source)?;
        a.put(2, source.len() as i32);
        import(&a, made)
    })
    .impure()
    .core_only(),
    m("void ImportRSAPublicKey(byte[] source, out int bytesRead)", |_, mut a| {
        let source = bytes(&a, 1, "source")?;
        let made = Rsa::from_public_der(&source)?;
        a.put(2, source.len() as i32);
        import(&a, made)
    })
    .impure()
    .core_only(),
    m("void ImportPkcs8PrivateKey(byte[] source, out int bytesRead)", |_, mut a| {
        let source = bytes(&a, 1, "source")?;
        let made = Rsa::from_pkcs8(&source)?;
        a.put(2, source.len() as i32);
        import(&a, made)
    })
    .impure()
    .core_only(),
    m("void ImportFromPem(string input)", |_, a| {
        let made = Rsa::from_pem(a.need_str(1, "input")?)?;
        import(&a, made)
    })
    .impure()
    .core_only(),
];

static RSA: TypeDef = class("System.Security.Cryptography.RSA")
    .extends("System.Security.Cryptography.AsymmetricAlgorithm")
    .abstract_()
    .rows(&[RSA_ROWS])
    .def();

/// A padding, for signatures or for encryption.
struct PaddingObject {
    def: &'static TypeDef,
    name: &'static str,
    encryption: EncryptionPadding,
    signature: SignaturePadding,
}

impl Object for PaddingObject {
    fn type_of(&self) -> Type {
        Type::of(self.def)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn to_text(&self, _cx: &mut Cx<'_>) -> Option<Result<Str, Thrown>> {
        Some(Ok(Str::fixed(self.name)))
    }

    fn equals(&self, other: &Value, _cx: &mut Cx<'_>) -> Option<Result<bool, Thrown>> {
        Some(Ok(other.downcast::<Self>().is_some_and(|other| other.name == self.name)))
    }

    fn hash(&self, _cx: &mut Cx<'_>) -> Option<Result<u64, Thrown>> {
        Some(Ok(super::hash_of(&self.name)))
    }
}

fn signature_padding(a: &Args<'_>, index: usize) -> Result<SignaturePadding, Thrown> {
    a.need(index, "padding")?;
    Ok(a.obj::<PaddingObject>(index)?.signature)
}

fn encryption_padding(a: &Args<'_>, index: usize) -> Result<EncryptionPadding, Thrown> {
    a.need(index, "padding")?;
    Ok(a.obj::<PaddingObject>(index)?.encryption)
}

fn for_signature(name: &'static str, signature: SignaturePadding) -> Result<Value, Thrown> {
    let def = &SIGNATURE_PADDING;
    Ok(Value::object(PaddingObject { def, name, encryption: EncryptionPadding::Pkcs1, signature }))
}

fn for_encryption(name: &'static str, encryption: EncryptionPadding) -> Result<Value, Thrown> {
    let def = &ENCRYPTION_PADDING;
    Ok(Value::object(PaddingObject { def, name, encryption, signature: SignaturePadding::Pkcs1 }))
}

fn oaep(kind: HashKind) -> Result<Value, Thrown> {
    let name = match kind {
        HashKind::Md5 => return Err(messages::argument("The padding mode is not supported.", "hashAlgorithm")),
        HashKind::Sha1 => "OaepSHA1",
        HashKind::Sha256 => "OaepSHA256",
        HashKind::Sha384 => "OaepSHA384",
        HashKind::Sha512 => "OaepSHA512",
    };
    for_encryption(name, EncryptionPadding::Oaep(kind))
}

fn same_padding(a: &Args<'_>) -> bool {
    let name = |index: usize| a.get(index).downcast::<PaddingObject>().map(|padding| padding.name);
    name(0) == name(1)
}

static SIGNATURE_PADDING: TypeDef = class("System.Security.Cryptography.RSASignaturePadding")
    .abstract_()
    .rows(&[&[
        p("static RSASignaturePadding Pkcs1", |_, _| for_signature("Pkcs1", SignaturePadding::Pkcs1)),
        p("static RSASignaturePadding Pss", |_, _| for_signature("Pss", SignaturePadding::Pss)),
        op("bool operator ==(RSASignaturePadding left, RSASignaturePadding right)", |_, a| {
            Ok(Value::Bool(same_padding(&a)))
        }),
        op("bool operator !=(RSASignaturePadding left, RSASignaturePadding right)", |_, a| {
            Ok(Value::Bool(!same_padding(&a)))
        }),
    ]])
    .def();

static ENCRYPTION_PADDING: TypeDef = class("System.Security.Cryptography.RSAEncryptionPadding")
    .abstract_()
    .rows(&[&[
        p("static RSAEncryptionPadding Pkcs1", |_, _| for_encryption("Pkcs1", EncryptionPadding::Pkcs1)),
        p("static RSAEncryptionPadding OaepSHA1", |_, _| oaep(HashKind::Sha1)),
        p("static RSAEncryptionPadding OaepSHA256", |_, _| oaep(HashKind::Sha256)),
        p("static RSAEncryptionPadding OaepSHA384", |_, _| oaep(HashKind::Sha384)),
        p("static RSAEncryptionPadding OaepSHA512", |_, _| oaep(HashKind::Sha512)),
        m("static RSAEncryptionPadding CreateOaep(HashAlgorithmName hashAlgorithm)", |_, a| oaep(hash_kind(&a, 0)?)),
        op("bool operator ==(RSAEncryptionPadding left, RSAEncryptionPadding right)", |_, a| {
            Ok(Value::Bool(same_padding(&a)))
        }),
        op("bool operator !=(RSAEncryptionPadding left, RSAEncryptionPadding right)", |_, a| {
            Ok(Value::Bool(!same_padding(&a)))
        }),
    ]])
    .def();

pub(crate) static TYPES: &[&TypeDef] = &[&ASYMMETRIC_ALGORITHM, &RSA, &SIGNATURE_PADDING, &ENCRYPTION_PADDING];
